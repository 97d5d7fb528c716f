"""Near: the candidates of each picture, the same whether they are kept or searched for again."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from samepic.duplicates import candidates as near_module
from samepic.duplicates import groups
from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.groups import GroupBuilder, UnionFind
from samepic.duplicates.quality import Merit
from samepic.fingerprints import FORMS, Fingerprint
from samepic.profile import Policy


def prints(count: int, flips: int) -> list[Fingerprint]:
    """Return fingerprints whose upright codes are each `flips` bits or fewer from one common code."""
    chance = np.random.default_rng(7)
    made = []
    for number in range(count):
        forms = chance.integers(0, 256, (len(FORMS), 32), np.uint8)
        bits = np.zeros(256, np.uint8)
        bits[chance.choice(256, flips, replace=False)] = 1
        forms[0] = np.packbits(bits)
        made.append(Fingerprint(f"{number:064x}", "", forms.tobytes(), 90, 90, 64, 64, "JPEG"))
    return made


def result(near: CandidateGraph) -> list[dict[int, int]]:
    return [dict(near[index]) for index in range(len(near))]


def test_candidates_are_the_same_whether_kept_or_searched_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    of = prints(40, 10)
    of[5] = dataclasses.replace(of[5], coded_digest="ab" * 32, quality=0)
    of[9] = dataclasses.replace(of[9], coded_digest="ab" * 32)
    kept = CandidateGraph(of, lambda _: None)
    monkeypatch.setattr(near_module, "_CROWD", 3)
    again = CandidateGraph(of, lambda _: None)
    assert result(kept) == result(again)
    assert kept[5] == {9: 0} and kept[9][5] == 0
    slow = {i: of[3].distance(one) for i, one in enumerate(of) if i not in (3, 5)}
    assert kept[3] == slow
    assert kept.pairs == again.pairs == sum(map(len, result(kept))) // 2
    assert [again.count(index) for index in range(40)] == [len(kept[index]) for index in range(40)]
    for graph in (kept, again):
        sets = UnionFind(40)
        for index in range(40):
            sets.join(index, *graph[index])
        assert sets.clusters() == [list(range(40))]


def test_a_crowd_of_look_alikes_is_not_laid_each_on_each_and_a_copy_in_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(groups, "_MISSES", 4)
    of = prints(60, 10)
    of[50] = dataclasses.replace(of[20], sha256="f" * 64)
    near = CandidateGraph(of, lambda _: None)
    asked: list[tuple[int, int]] = []

    def say(a: int, b: int) -> CachedVerdict:
        asked.append((a, b))
        same = {a, b} == {20, 50}
        return CachedVerdict("resaved" if same else "different", 0.99 if same else 0.01, "", "")

    merits = {index: Merit(4096, 1, 2, 75, 9, 0, "JPEG", 64, 64) for index in range(60)}
    gathering = GroupBuilder(near, merits, say, Policy.of(None, None))
    drafts = list(gathering.drafts(range(60)))
    assert [{draft.reference, *draft.verdicts} for draft in drafts] == [{20, 50}]
    assert len(asked) <= 60 * 5 and gathering.skipped > 1000


def test_a_crowd_of_copies_is_gone_through_once_and_not_once_for_each() -> None:
    read: list[int] = []

    class All(dict[int, dict[int, int]]):
        def __getitem__(self, index: int) -> dict[int, int]:
            read.append(index)
            return {other: 2 for other in range(500) if other != index}

    merits = {index: Merit(4096, 1, 2, 75, 9, 0, "JPEG", 64, 64) for index in range(500)}
    gathering = GroupBuilder(
        All(), merits, lambda a, b: CachedVerdict("resaved", 0.99, "", ""), Policy.of(None, None)
    )
    (draft,) = gathering.drafts(range(500))
    assert len(draft.verdicts) == 499
    assert read == [0]


@pytest.mark.parametrize("passing", [True, False])
def test_what_only_a_member_is_near_to_is_laid_against_the_reference_and_joins_only_if_that_holds(
    passing: bool,
) -> None:
    # 0 is the largest, as a bordered copy is; 2 is near to 1 alone, as a turned copy is to what has no border.
    near = [{1: 60}, {0: 60, 2: 10}, {1: 10}]
    asked: list[tuple[int, int]] = []

    def say(a: int, b: int) -> CachedVerdict:
        asked.append((a, b))
        same = b == 1 or passing
        return CachedVerdict("reframed" if same else "similar", 0.99 if same else 0.01, "", "")

    merits = {index: Merit(9000 - index, 1, 2, 75, 9, 0, "JPEG", 64, 64) for index in range(3)}
    drafts = list(GroupBuilder(near, merits, say, Policy.of(None, None)).drafts(range(3)))
    assert asked == [(0, 1), (0, 2)]
    assert [(draft.reference, set(draft.verdicts)) for draft in drafts] == [(0, {1, 2} if passing else {1})]
