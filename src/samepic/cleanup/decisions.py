"""Decisions: what a person decides about the groups of a report, stored file by file, for `clean`."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from samepic.cleanup.plan import CLEANED, Keep, files_of, found_at, is_below
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
        self._undo: list[dict[int, GroupState]] = []
        self.gone: set[str] = set()
        known, not_duplicates = _read(file)
        self._states = [_initial_state(group, known, not_duplicates) for group in self.groups]

    def __len__(self) -> int:
        return len(self.groups)

    def state(self, index: int) -> GroupState:
        return self._states[index]

    def mark(self, index: int, file: int, mark: Mark) -> None:
        """Mark one file of a group. Raises ReportError where no file would be left, and for one that is protected."""
        if mark is not Mark.KEEP and files_of(self.groups[index])[file].protected:
            raise ReportError("this file is only compared against: it stays")
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
        self._put(left, at_once=False)
        return len(left)

    def by_rule(self, keep: Keep, over: str = "") -> dict[int, GroupState]:
        """Return how `keep` decides the undecided groups of which it removes a file; with `over` only files below it.

        What was only adjusted or reframed is kept besides, as `clean` does.
        """
        open_groups = [index for index, state in enumerate(self._states) if not state.decided]
        states = {index: self._by_rule(index, keep, over) for index in open_groups}
        return {index: state for index, state in states.items() if Mark.DROP in state.marks}

    def _by_rule(self, index: int, keep: Keep, over: str) -> GroupState:
        group, before = self.groups[index], self._states[index]
        files, better = files_of(group), ["", *(member.better for member in group.members)]
        close = {
            file.path: file
            for file, relation, mark in zip(files, _relations(group), before.marks, strict=True)
            if relation.is_same(CLEANED) and mark is not Mark.NOT_DUPLICATE and file.path not in self.gone
        }
        if not close or not keep.decides(list(close.values())):
            return GroupState((Mark.KEEP,))
        best, marks = keep.best(group, list(close.values())), []
        for file, why, mark in zip(files, better, before.marks, strict=True):
            worse = file.path in close and not keep.spares(file, best, why)
            drop = worse and file is not best and (not over or is_below(found_at(file), over))
            marks.append(Mark.DROP if drop else mark if mark is Mark.NOT_DUPLICATE else Mark.KEEP)
        return GroupState(tuple(marks), decided=True)

    def apply(self, states: dict[int, GroupState]) -> None:
        """Decide groups as `by_rule` returned them, which `undo` undoes in one step."""
        if states:
            self._put(states)

    def undo(self) -> tuple[int, ...]:
        """Undo the last decision; return its groups, none where there is nothing to undo."""
        with self._lock:
            before = self._undo.pop() if self._undo else {}
            self._remember(before)
            for index, state in before.items():
                self._states[index] = state
            return tuple(before)

    def folders(self, most: int = 200) -> list[str]:
        """Return the folders of all files, and those above them, `most` at most, by path."""
        files = [Path(file.path).parent for group in self.groups for file in files_of(group)]
        return sorted(
            {str(above) for folder in set(files) for above in (folder, *folder.parents)} - {".", "/"}
        )[:most]

    def first_open(self) -> int | None:
        """Return the first undecided group."""
        return next((index for index, state in enumerate(self._states) if not state.decided), None)

    def counts(self, states: Mapping[int, GroupState] | None = None) -> tuple[int, int, int]:
        """Return the number of decided groups, or of `states`, of their files to remove, and the bytes of these."""
        decided = drops = size = 0
        for index, state in enumerate(self._states) if states is None else states.items():
            if not state.decided:
                continue
            decided += 1
            for file, mark in zip(files_of(self.groups[index]), state.marks, strict=True):
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

    def _put(self, states: dict[int, GroupState], *, at_once: bool = True) -> None:
        """Set and store states, which are undone at once or one by one."""
        with self._lock:
            self._remember(states)
            before = {index: self._states[index] for index in states}
            self._undo += [before] if at_once else [{index: state} for index, state in before.items()]
            for index, state in states.items():
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
    relations = _relations(group)
    keeps = [place for place, mark in enumerate(state.marks) if mark is Mark.KEEP]
    kept = min(keeps, key=lambda place: _LADDER.index(relations[place]))
    members = []
    for place, mark in enumerate(state.marks):
        if mark is not Mark.DROP or files[place].path in gone:
            continue
        # Each was compared with the reference only, so another kept file may be as far off as either of the two.
        relation = max(relations[place], relations[kept], key=_LADDER.index)
        members.append(Member(files[place], relation, 1.0, "as decided in the review"))
    return Group(group.number, files[kept], group.reason, tuple(members)) if members else None


def _relations(group: Group) -> list[Relation]:
    """Return what each file of a group is to the reference."""
    return [Relation.SAME_FILE, *(member.relation for member in group.members)]


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
        # As `clean` itself: drop re-saved files, keep altered and better ones, and the other one of a pair.
        stays = member.better or member.pair_of == group.reference.path
        mark = Mark.DROP if member.relation.is_same(CLEANED) and not stays else Mark.KEEP
        known_as_other = (group.reference.sha256, member.file.sha256) in not_duplicates
        marks.append(Mark.NOT_DUPLICATE if known_as_other else mark)
    # A group with no other marks needs no decision.
    return GroupState(tuple(marks), decided=all(mark is Mark.NOT_DUPLICATE for mark in marks[1:]))
