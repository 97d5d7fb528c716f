"""What people decide of the groups that find found, remembered file by file, and what `clean` is then told."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from samepic.cleanup.plan import CLEANED
from samepic.duplicates.groups import ScannedFile, ScannedGroup, ScannedMember, ScanReport
from samepic.errors import ReportError
from samepic.verdict import Relation

__all__ = ["Decisions", "GroupState", "Mark", "files_of", "proposed"]

_LADDER = tuple(Relation)


class Mark(StrEnum):
    """What is to become of one file of a group."""

    KEEP = "keep"
    DROP = "drop"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GroupState:
    """Where one group stands: a mark for each of its files, the reference first, and whether somebody looked at it."""

    marks: tuple[Mark, ...]
    decided: bool = False

    @property
    def drops(self) -> int:
        """How many files are to go."""
        return self.marks.count(Mark.DROP)


def files_of(group: ScannedGroup) -> list[ScannedFile]:
    """Return the files of a group, the reference first."""
    return [group.reference, *(member.file for member in group.members)]


def proposed(group: ScannedGroup) -> GroupState:
    """Return what `clean` would do by itself: drop what was only saved again, keep what was altered."""
    marks = [Mark.DROP if one.relation.is_same(CLEANED) else Mark.KEEP for one in group.members]
    return GroupState((Mark.KEEP, *marks))


class Decisions:
    """The groups of a report, those that win most first, and what is decided of each; every method is thread-safe.

    `memory` is a file that decisions are added to as they are made, and that earlier ones are read from: a group of the
    same files is decided already, and what was said to be no duplicate stays so in any group. Without it, nothing is
    remembered. Raises OSError where it cannot be read or written.
    """

    def __init__(self, scan: ScanReport, memory: Path | None = None) -> None:
        self.scan, self._memory = scan, memory
        self.groups = sorted(scan.groups, key=lambda group: (-_won(group), group.number))
        self._lock = threading.Lock()
        self._undo: list[tuple[int, GroupState]] = []
        self.gone: set[str] = set()
        known, others = _read(memory)
        self._states = [_known(group, known, others) for group in self.groups]

    def __len__(self) -> int:
        return len(self.groups)

    def state(self, index: int) -> GroupState:
        """Return where a group stands."""
        return self._states[index]

    def mark(self, index: int, file: int, mark: Mark) -> GroupState:
        """Mark one file of a group. Raises ReportError where none would be left."""
        marks = list(self._states[index].marks)
        marks[file] = mark
        if marks[0] is Mark.OTHER:
            raise ReportError(
                "wanted keep or drop for the reference: the others are duplicates of it, or not"
            )
        if Mark.DROP in marks and Mark.KEEP not in marks:
            raise ReportError("wanted one copy of the picture to stay, got none: mark another one keep first")
        return self._put(index, GroupState(tuple(marks), decided=True))

    def accept(self, index: int) -> GroupState:
        """Take the marks of a group as they are."""
        return self._put(index, replace(self._states[index], decided=True))

    def accept_rest(self) -> int:
        """Take the marks of all groups that nobody looked at as they are; return how many."""
        left = [index for index, state in enumerate(self._states) if not state.decided]
        with self._lock:
            self._remember((index, replace(self._states[index], decided=True)) for index in left)
            self._undo += [(index, self._states[index]) for index in left]
            for index in left:
                self._states[index] = replace(self._states[index], decided=True)
        return len(left)

    def undo(self) -> int | None:
        """Take the last decision back; return its group, None where there is nothing to take back."""
        with self._lock:
            if not self._undo:
                return None
            index, before = self._undo.pop()
            self._remember([(index, before)])
            self._states[index] = before
            return index

    def next_open(self, after: int) -> int | None:
        """Return the first group behind `after` that nobody looked at, from the beginning again after the last."""
        order = [*range(after + 1, len(self)), *range(min(after + 1, len(self)))]
        return next((index for index in order if not self._states[index].decided), None)

    def counts(self) -> tuple[int, int, int]:
        """Return how many groups are decided, how many files are to go by that, and their bytes."""
        decided = drops = size = 0
        for group, state in zip(self.groups, self._states, strict=True):
            if not state.decided:
                continue
            decided += 1
            for file, mark in zip(files_of(group), state.marks, strict=True):
                if mark is Mark.DROP and file.path not in self.gone:
                    drops, size = drops + 1, size + file.size
        return decided, drops, size

    def chosen(self) -> tuple[ScanReport, Relation]:
        """Return the report that `clean` is to act on, and the farthest relation that was decided to be the same.

        It has the decided groups alone, of each the first file that stays and those that are to go.
        """
        groups, farthest = [], CLEANED
        for group, state in zip(self.groups, self._states, strict=True):
            made = _chosen(group, state, self.gone) if state.decided else None
            if made is not None:
                groups.append(made)
                farthest = max(farthest, *(one.relation for one in made.members), key=_LADDER.index)
        return ScanReport(tuple(groups), made_ns=self.scan.made_ns), farthest

    def _put(self, index: int, state: GroupState) -> GroupState:
        with self._lock:
            self._remember([(index, state)])
            self._undo.append((index, self._states[index]))
            self._states[index] = state
        return state

    def _remember(self, states: Iterable[tuple[int, GroupState]]) -> None:
        """Write decisions down before they count."""
        if self._memory is None:
            return
        lines = "".join(_line(self.groups[index], state) for index, state in states)
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        with self._memory.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


def _won(group: ScannedGroup) -> int:
    return sum(member.file.size for member in group.members)


def _chosen(group: ScannedGroup, state: GroupState, gone: set[str]) -> ScannedGroup | None:
    """Return the group with nothing but a file that stays and those that go; None where none goes."""
    files = files_of(group)
    relations = [Relation.SAME_FILE, *(member.relation for member in group.members)]
    stays = next(place for place, mark in enumerate(state.marks) if mark is Mark.KEEP)
    members = []
    for place, mark in enumerate(state.marks):
        if mark is not Mark.DROP or files[place].path in gone:
            continue
        # Each was laid on the reference alone: on another one it may be as far off as either of the two.
        relation = max(relations[place], relations[stays], key=_LADDER.index)
        members.append(ScannedMember(files[place], relation, 1.0, "as decided in the review"))
    return ScannedGroup(group.number, files[stays], group.reason, tuple(members)) if members else None


def _key(group: ScannedGroup) -> str:
    told = sorted((file.path, file.sha256) for file in files_of(group))
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _line(group: ScannedGroup, state: GroupState) -> str:
    told = {
        "group": _key(group),
        "reference": group.reference.sha256,
        "files": [file.sha256 for file in files_of(group)],
        "marks": [str(mark) for mark in state.marks],
        "decided": state.decided,
    }
    return json.dumps(told) + "\n"


def _read(memory: Path | None) -> tuple[dict[str, GroupState], set[tuple[str, str]]]:
    """Return what was decided by group, and the pairs of digests that were said to be no duplicates."""
    lines: Sequence[str] = memory.read_text("utf-8").splitlines() if memory and memory.exists() else ()
    last: dict[str, tuple[GroupState, set[tuple[str, str]]]] = {}
    for line in lines:
        try:
            told = json.loads(line)
            state = GroupState(tuple(map(Mark, told["marks"])), bool(told["decided"]))
            pairs = zip(told["files"], state.marks, strict=True)
            others = {(told["reference"], sha256) for sha256, mark in pairs if mark is Mark.OTHER}
        except (ValueError, KeyError, TypeError):
            continue  # a line that was cut off by a crash
        last[told["group"]] = state, others
    said = {pair for state, others in last.values() if state.decided for pair in others}
    return {key: state for key, (state, _) in last.items() if state.decided}, said


def _known(group: ScannedGroup, known: dict[str, GroupState], others: set[tuple[str, str]]) -> GroupState:
    before = known.get(_key(group))
    if before is not None and len(before.marks) == 1 + len(group.members):
        return before
    marks = list(proposed(group).marks)
    for place, member in enumerate(group.members, 1):
        if (group.reference.sha256, member.file.sha256) in others:
            marks[place] = Mark.OTHER
    # Where nothing is left but what was said to be another picture, nothing is left to be asked.
    return GroupState(tuple(marks), decided=all(mark is Mark.OTHER for mark in marks[1:]))
