"""Groups that PDQ found, joined by pairs of copy codes that are the same; the oracle compares them all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.finder import Comparer
from samepic.duplicates.groups import UnionFind
from samepic.duplicates.quality import Merit
from samepic.duplicates.verify import Verdicts, Verifier
from samepic.profile import Policy
from samepic.verdict import Relation

COUNT = 14
PAIRS = st.sets(st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda p: p[0] < p[1]))


class Candidates:
    """Candidates as a `CandidateGraph` has them."""

    def __init__(self, coded: set[tuple[int, int]], alike: set[tuple[int, int]]) -> None:
        self._coded, self._alike = coded, alike - coded

    def __len__(self) -> int:
        return COUNT

    def pdq_candidates(self, index: int) -> dict[int, int]:
        return {a + b - index: 9 for a, b in self._coded if index in (a, b)}

    def copycode_candidates(self, index: int) -> list[int]:
        return sorted(b for a, b in self._alike if a == index)

    def groups(self) -> UnionFind:
        """Return the sets of the groups that PDQ found."""
        sets = UnionFind(COUNT)
        for a, b in self._coded:
            sets.join(a, b)
        return sets


class Judge:
    """A verifier to whom `same` pairs are the same, `damaged` pictures cannot be read, and later ones are better."""

    def __init__(self, same: set[tuple[int, int]], damaged: set[int], asked: list[tuple[int, int]]) -> None:
        self.merits: dict[int, Merit] = {}
        self.errors: dict[int, str] = {}
        self.near: dict[tuple[int, int], Relation] = {}
        self.verdicts: Verdicts = {}
        self.requested = self.compared = 0
        self._same, self._damaged, self._asked = same, damaged, asked

    def inspect_picture(self, index: int) -> None:
        if index in self._damaged:
            self.errors[index] = f"damaged {index}"
        else:
            self.merits[index] = Merit(100 + index, 1, 2, 75, 9, 0, "JPEG", 64, 64)

    def verdict_of(self, a: int, b: int) -> CachedVerdict:
        self.requested += 1
        self._asked.append((a, b))
        same = (b, a) in self._same
        return CachedVerdict("reframed" if same else "different", 0.99 if same else 0.01, "", "")

    def release(self) -> None:
        pass


def joined(
    near: Candidates,
    verifier: Callable[[], Judge],
    threads: int = 1,
    passes: Callable[[int, int], bool] = lambda a, b: True,
) -> tuple[list[list[int]], set[int], Comparer]:
    """Return the clusters, what was joined, and what compared it."""
    sets = near.groups()
    with ThreadPoolExecutor(threads) as pool:
        graph, new_verifier = cast("CandidateGraph", near), cast("Callable[[], Verifier]", verifier)
        comparer = Comparer(graph, lambda known: new_verifier(), Policy.of(None, None), pool, 2 * threads)
        found = comparer.join_copies(sets, passes, lambda done: None)
    return sets.clusters(), found, comparer


def connected(edges: set[tuple[int, int]]) -> list[list[int]]:
    """Return the connected parts of two or more, the slow way."""
    least = list(range(COUNT))
    for _ in range(COUNT):
        for a, b in edges:
            least[a] = least[b] = min(least[a], least[b])
    parts = [[index for index in range(COUNT) if least[index] == root] for root in range(COUNT)]
    return [part for part in parts if len(part) > 1]


@pytest.mark.parametrize("threads", [1, 4])
@given(coded=PAIRS, alike=PAIRS, same=PAIRS)
def test_clusters_are_those_of_comparing_every_pair(
    threads: int, coded: set[tuple[int, int]], alike: set[tuple[int, int]], same: set[tuple[int, int]]
) -> None:
    clusters, found, _ = joined(Candidates(coded, alike), lambda: Judge(same, set(), []), threads)
    assert clusters == connected(coded | (alike & same))
    assert found <= {a for a, _ in (alike - coded) & same}


def test_the_better_of_two_is_the_reference_and_what_is_joined_already_is_not_asked() -> None:
    asked: list[tuple[int, int]] = []
    near = Candidates({(0, 1)}, {(0, 2), (1, 2), (3, 4), (0, 5)})
    clusters, found, _ = joined(near, lambda: Judge({(0, 2), (1, 2)}, set(), asked))
    assert clusters == [[0, 1, 2]]
    assert found == {0}
    assert asked == [(2, 0), (5, 0), (4, 3)]


def test_pairs_that_share_no_features_are_not_compared() -> None:
    asked: list[tuple[int, int]] = []
    near = Candidates({(0, 1)}, {(0, 2), (3, 4)})
    clusters, _, _ = joined(
        near, lambda: Judge({(0, 2), (3, 4)}, set(), asked), passes=lambda a, b: {a, b} != {0, 2}
    )
    assert clusters == [[0, 1], [3, 4]]
    assert asked == [(4, 3)]


def test_what_cannot_be_decoded_joins_nothing_and_is_told() -> None:
    clusters, _, comparer = joined(
        Candidates(set(), {(0, 1), (1, 2), (2, 3)}), lambda: Judge({(0, 1), (1, 2), (2, 3)}, {1}, [])
    )
    assert (clusters, comparer.errors) == ([[2, 3]], {1: "damaged 1"})
