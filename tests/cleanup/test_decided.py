"""What people decide of groups: proposed, marked, taken back, remembered, and handed to clean."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from samepic.cleanup.decisions import Decisions, GroupState, Mark
from samepic.cleanup.plan import Keep, KeepRule
from samepic.duplicates.groups import ScanReport
from samepic.errors import ReportError
from samepic.verdict import Relation
from tests.cleanup.clean_scene import make_scene, scan_of

KEEP, DROP, OTHER = Mark.KEEP, Mark.DROP, Mark.NOT_DUPLICATE


@pytest.fixture
def groups(tmp_path: Path, photos: dict[str, Path]) -> list[dict[Path, str]]:
    """Return two groups of real files; in the second, one is a crop."""
    made = make_scene(tmp_path / "pictures", photos)
    made[1][list(made[1])[-1]] = "reframed"
    return made


@pytest.fixture
def decided(groups: list[dict[Path, str]], tmp_path: Path) -> Decisions:
    """Return a review of them that remembers."""
    return Decisions(scan_of(groups), tmp_path / "state" / "decided.jsonl")


def the_crop(decided: Decisions) -> int:
    """Return the group that has the crop."""
    return next(
        index for index, group in enumerate(decided.groups) if group.members[-1].relation == "reframed"
    )


def test_what_is_proposed_is_what_clean_would_do(decided: Decisions) -> None:
    crop = the_crop(decided)
    assert decided.state(1 - crop) == GroupState((KEEP, DROP, DROP, DROP, DROP))
    assert decided.state(crop).marks == (KEEP, DROP, DROP, DROP, KEEP)
    assert decided.chosen()[0].groups == ()


def test_only_what_was_decided_goes_and_every_group_keeps_a_copy(decided: Decisions) -> None:
    crop = the_crop(decided)
    decided.mark(crop, 4, DROP)
    scan, farthest = decided.chosen()
    group = decided.groups[crop]
    assert [(one.reference, len(one.members)) for one in scan.groups] == [(group.reference, 4)]
    assert farthest is Relation.REFRAMED
    with pytest.raises(ReportError, match="one copy has to stay"):
        decided.mark(crop, 0, DROP)


def test_another_copy_than_the_best_can_be_kept(decided: Decisions) -> None:
    decided.mark(0, 2, KEEP)
    decided.mark(0, 0, DROP)
    (made,) = decided.chosen()[0].groups
    files = [decided.groups[0].reference, *(member.file for member in decided.groups[0].members)]
    assert made.reference == files[2]
    assert [member.file for member in made.members] == [files[0], files[1], files[3], files[4]]


def test_what_is_no_duplicate_is_left_out_and_cannot_stay_alone(decided: Decisions) -> None:
    decided.mark(0, 1, OTHER)
    (made,) = decided.chosen()[0].groups
    assert decided.groups[0].members[0].file not in [member.file for member in made.members]
    with pytest.raises(ReportError, match="the reference"):
        decided.mark(0, 0, OTHER)
    with pytest.raises(ReportError, match="to stay"):
        decided.mark(0, 0, DROP)


def test_undo_goes_back_one_by_one(decided: Decisions) -> None:
    before = decided.state(0)
    decided.accept(0)
    decided.mark(1, 1, KEEP)
    assert decided.accept_rest() == 0
    assert (decided.undo(), decided.undo(), decided.undo()) == ((1,), (0,), ())
    assert decided.state(0) == before
    assert decided.accept_rest() == 2
    assert decided.first_open() is None
    assert decided.undo() == (1,)
    assert decided.first_open() == 1


def test_a_rule_decides_the_groups_of_which_it_removes_a_file_and_is_undone_at_once(
    decided: Decisions, tmp_path: Path
) -> None:
    before = [decided.state(index) for index in range(2)]
    copies, crop = str(tmp_path / "pictures" / "copies"), the_crop(decided)
    states = decided.by_rule(Keep.of("largest"))
    assert decided.counts(states)[:2] == (2, 7)
    assert [decided.state(index) for index in range(2)] == before, "a preview changes nothing"
    states = decided.by_rule(Keep.of(prefer=[copies]))
    assert {state.marks[0] for state in states.values()} == {DROP}
    assert states[crop].marks[4] is KEEP, "the crop"
    over = decided.by_rule(Keep.of(prefer=[str(tmp_path / "pictures")]), copies)
    assert over == {}, "the rule distinguishes nothing"
    over = decided.by_rule(Keep.of(match="[.]png$"), copies)
    assert decided.counts(over)[1] == 5
    decided.apply(states)
    decided.apply(decided.by_rule(Keep.of("smallest")))
    assert decided.counts()[:2] == decided.counts(states)[:2] == (2, 7)
    (one, two) = decided.chosen()[0].groups
    assert all(Path(group.reference.path).parent.parent.name == "copies" for group in (one, two))
    assert sorted(decided.undo()) == [0, 1]
    assert [decided.state(index) for index in range(2)] == before


def test_what_is_only_compared_against_stays(groups: list[dict[Path, str]]) -> None:
    (group, _) = scan_of(groups).groups
    member, *rest = group.members
    fixed = replace(group.reference, protected=True)
    better = replace(member, better="larger")
    decided = Decisions(ScanReport((replace(group, reference=fixed, members=(better, *rest)),)))
    assert decided.state(0).marks == (KEEP, KEEP, DROP, DROP, DROP)
    for mark in (DROP, OTHER):
        with pytest.raises(ReportError, match="it stays"):
            decided.mark(0, 0, mark)
    for rule in KeepRule:
        (state,) = decided.by_rule(Keep.of(rule)).values()
        assert state.marks == (KEEP, KEEP, DROP, DROP, DROP)


def test_decisions_are_remembered_by_the_files_of_a_group(
    decided: Decisions, groups: list[dict[Path, str]], tmp_path: Path
) -> None:
    decided.mark(0, 1, KEEP)
    decided.accept(1)
    decided.undo()
    with (tmp_path / "state" / "decided.jsonl").open("a") as file:
        file.write('{"group": "cut o')
    again = Decisions(scan_of(groups[::-1]), tmp_path / "state" / "decided.jsonl")
    assert [again.state(index) for index in range(2)] == [decided.state(index) for index in range(2)]
    assert again.counts()[0] == 1


def test_what_was_no_duplicate_is_none_in_another_group_either(
    decided: Decisions, groups: list[dict[Path, str]], tmp_path: Path
) -> None:
    plain = 1 - the_crop(decided)
    decided.mark(plain, 4, OTHER)
    named = decided.groups[plain].reference.path
    fewer = next(
        dict(list(group.items())[:1] + list(group.items())[4:])
        for group in groups
        if named in map(str, group)
    )
    again = Decisions(scan_of([fewer]), tmp_path / "state" / "decided.jsonl")
    assert again.state(0) == GroupState((KEEP, OTHER), decided=True)


def test_what_is_gone_is_not_counted_or_planned_again(decided: Decisions) -> None:
    decided.accept(0)
    total = decided.counts()[1]
    decided.gone.add(decided.groups[0].members[0].file.path)
    assert decided.counts()[1] == total - 1
    assert len(decided.chosen()[0].groups[0].members) == total - 1


def test_decisions_are_for_their_user_alone(decided: Decisions, tmp_path: Path) -> None:
    decided.accept(0)
    paths = tmp_path / "state", tmp_path / "state" / "decided.jsonl"
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o700, 0o600]
