"""Decisions: what a person decides about the groups of a report, stored file by file, for `clean`."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from samepic.cleanup.plan import CLEANED, files_of
from samepic.duplicates.groups import Group, Member, ScanReport
from samepic.errors import ReportError
from samepic.reading import convert, read_json, require
from samepic.verdict import Relation
from samepic.writing import create_private

_LADDER = tuple(Relation)


class Mark(StrEnum):
    KEEP = "keep"
    DROP = "drop"
    NOT_DUPLICATE = "other"


@dataclass(frozen=True, slots=True)
class GroupState:
    """The state of one group: a mark for each file, the reference first, and whether somebody decided it."""

    marks: tuple[Mark, ...]
    decided: bool = False


class Decisions:
    """The groups of a report, most reclaimable bytes first, and decisions, kept in and read from `file`."""

    def __init__(self, scan: ScanReport, file: Path | None = None) -> None:
        self.scan, self._file = scan, file
        self.groups = sorted(scan.groups, key=lambda group: (-group.wasted, group.number))
        self._lock = threading.Lock()
        self._undo: list[tuple[int, GroupState]] = []
        self.gone: set[str] = set()
        known, not_duplicates = _read(file)
        self._states = [_initial_state(group, known, not_duplicates) for group in self.groups]

    def __len__(self) -> int:
        return len(self.groups)

    def state(self, index: int) -> GroupState:
        return self._states[index]

    def mark(self, index: int, file: int, mark: Mark) -> None:
        """Mark one file of a group. Raises ReportError where no file would be left."""
        marks = list(self._states[index].marks)
        marks[file] = mark
        if marks[0] is Mark.NOT_DUPLICATE:
            raise ReportError(
                "the reference can only be kept or dropped: the others are duplicates of it, or not"
            )
        if Mark.DROP in marks and Mark.KEEP not in marks:
            raise ReportError("one copy has to stay: mark another one keep first")
        self._put({index: GroupState(tuple(marks), decided=True)})

    def accept(self, index: int) -> None:
        """Decide a group by its present marks."""
        self._put({index: replace(self._states[index], decided=True)})

    def accept_rest(self) -> int:
        """Decide all undecided groups by their present marks; return their number."""
        states = enumerate(self._states)
        left = {index: replace(state, decided=True) for index, state in states if not state.decided}
        self._put(left)
        return len(left)

    def undo(self) -> int | None:
        """Undo the last decision; return its group, None where there is nothing to undo."""
        with self._lock:
            if not self._undo:
                return None
            index, before = self._undo.pop()
            self._remember({index: before})
            self._states[index] = before
            return index

    def first_open(self) -> int | None:
        """Return the first undecided group."""
        return next((index for index, state in enumerate(self._states) if not state.decided), None)

    def counts(self) -> tuple[int, int, int]:
        """Return the number of decided groups, the number of their files to remove, and the bytes of these."""
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
        """Return the decided groups as a report for `clean`, and the loosest relation decided to be the same."""
        groups, loosest = [], CLEANED
        for group, state in zip(self.groups, self._states, strict=True):
            part = _chosen(group, state, self.gone) if state.decided else None
            if part is not None:
                groups.append(part)
                loosest = max(loosest, *(member.relation for member in part.members), key=_LADDER.index)
        return ScanReport(tuple(groups)), loosest

    def _put(self, states: dict[int, GroupState]) -> None:
        with self._lock:
            self._remember(states)
            for index, state in states.items():
                self._undo.append((index, self._states[index]))
                self._states[index] = state

    def _remember(self, states: dict[int, GroupState]) -> None:
        if self._file is None:
            return
        lines = "".join(_line(self.groups[index], state) for index, state in states.items())
        create_private(self._file)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())


def _chosen(group: Group, state: GroupState, gone: set[str]) -> Group | None:
    """Return a group of one file to keep and the files to remove; None where there are none to remove."""
    files = files_of(group)
    relations = [Relation.SAME_FILE, *(member.relation for member in group.members)]
    kept = next(place for place, mark in enumerate(state.marks) if mark is Mark.KEEP)
    members = []
    for place, mark in enumerate(state.marks):
        if mark is not Mark.DROP or files[place].path in gone:
            continue
        # Each was compared with the reference only, so another kept file may be as far off as either of the two.
        relation = max(relations[place], relations[kept], key=_LADDER.index)
        members.append(Member(files[place], relation, 1.0, "as decided in the review"))
    return Group(group.number, files[kept], group.reason, tuple(members)) if members else None


def _key(group: Group) -> str:
    record = sorted((file.path, file.sha256) for file in files_of(group))
    return hashlib.sha256(json.dumps(record).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class _Decision:
    """A line of the file: the marks of a group, whose files are named by their digests, the reference first."""

    group: str
    reference: str
    files: tuple[str, ...]
    marks: tuple[Mark, ...]
    decided: bool

    def __post_init__(self) -> None:
        require(len(self.files) == len(self.marks), "marks", "one for each of the files", len(self.marks))


def _line(group: Group, state: GroupState) -> str:
    digests = tuple(file.sha256 for file in files_of(group))
    decision = _Decision(_key(group), group.reference.sha256, digests, state.marks, state.decided)
    return json.dumps(asdict(decision)) + "\n"


def _read(file: Path | None) -> tuple[dict[str, GroupState], set[tuple[str, str]]]:
    last: dict[str, _Decision] = {}
    for line in file.read_bytes().splitlines() if file and file.exists() else ():
        with suppress(ReportError):  # a line that was cut off by a crash
            found = convert(
                read_json(line, str(file), "a decision", ReportError), _Decision, str(file), ReportError
            )
            last[found.group] = found
    decided = [decision for decision in last.values() if decision.decided]
    return {decision.group: GroupState(decision.marks, decided=True) for decision in decided}, {
        (decision.reference, sha256)
        for decision in decided
        for sha256, mark in zip(decision.files, decision.marks, strict=True)
        if mark is Mark.NOT_DUPLICATE
    }


def _initial_state(
    group: Group, known: dict[str, GroupState], not_duplicates: set[tuple[str, str]]
) -> GroupState:
    before = known.get(_key(group))
    if before is not None and len(before.marks) == 1 + len(group.members):
        return before
    marks = [Mark.KEEP]
    for member in group.members:
        # As `clean` itself: drop re-saved files, keep altered ones.
        mark = Mark.DROP if member.relation.is_same(CLEANED) else Mark.KEEP
        known_as_other = (group.reference.sha256, member.file.sha256) in not_duplicates
        marks.append(Mark.NOT_DUPLICATE if known_as_other else mark)
    # A group with no other marks needs no decision.
    return GroupState(tuple(marks), decided=all(mark is Mark.NOT_DUPLICATE for mark in marks[1:]))
