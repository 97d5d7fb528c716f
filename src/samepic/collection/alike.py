"""Alike: pairs that copy codes alone propose, compared before clusters are made of what they join.

The nearest by copy code are proposed however many others are as near, and most of them are other pictures. As they
stand they would join nearly all of a collection to one cluster, which one thread would have to go through.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from samepic.collection.cache import Said
from samepic.collection.group import clusters, counted
from samepic.collection.near import Near
from samepic.collection.stages import in_order
from samepic.collection.verify import Verifier
from samepic.policy import Policy

__all__ = ["Joined", "joined"]

Heard = dict[tuple[int, int], Said]


@dataclass(slots=True, eq=False)
class Joined:
    """The clusters: `parts` of two pictures or more, each in order.

    `heard` are the compared pairs that are the same, the better first, and `errors` the pictures that cannot be
    decoded; `asked` and `compared` are as those of Verifier.
    """

    parts: list[list[int]]
    heard: Heard = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    asked: int = 0
    compared: int = 0


def joined(
    near: Near,
    verifier: Callable[[], Verifier],
    policy: Policy,
    pool: ThreadPoolExecutor,
    *,
    window: int,
    tell: Callable[[int], None],
) -> Joined:
    """Return what PDQ and digests join, and what pairs by copy code join of that: those that are the same.

    The better of two is the reference. What is in one cluster already is not compared here, so which pairs are depends
    on the threads, and the clusters do not. `tell` is called with how many pairs are done with.
    """
    parts = clusters(_ByCode(near))
    found, forest, done = Joined(parts), _Forest(len(near), parts), 0

    def work(index: int) -> tuple[Heard, Verifier]:
        mine, heard, roots = verifier(), {}, {forest.root(index)}
        for other in near.alike(index):
            root = forest.root(other)
            if root in roots:
                continue
            for one in (index, other):
                mine.know(one)
            if not {index, other} <= mine.merits.keys():
                continue
            a, b = sorted((index, other), key=lambda one: mine.merits[one].order(one))
            said = mine.say(a, b)
            if said is not None and counted(said, policy) is not None:
                heard[a, b] = said
                roots.add(root)
        mine.forget()
        return heard, mine

    proposed = [index for index in range(len(near)) if near.alike(index)]
    for index, (heard, mine) in zip(proposed, in_order(pool, work, proposed, window), strict=True):
        for pair in heard:
            forest.join(*pair)
        found.heard |= heard
        found.errors |= mine.errors
        found.asked += mine.asked
        found.compared += mine.compared
        done += len(near.alike(index))
        tell(done)
    if found.heard:
        found.parts = forest.parts()
    return found


class _ByCode:
    """The candidates without those that only copy codes propose."""

    def __init__(self, near: Near) -> None:
        self._near = near

    def __len__(self) -> int:
        return len(self._near)

    def __getitem__(self, index: int, /) -> dict[int, int]:
        return self._near.by_code(index)


class _Forest:
    """Which pictures are joined; one thread joins while others ask."""

    def __init__(self, size: int, parts: Iterable[list[int]]) -> None:
        self._above = list(range(size))
        for part in parts:
            for index in part:
                self._above[index] = part[0]

    def root(self, index: int) -> int:
        """Return the least that a picture is joined with."""
        while self._above[index] != index:
            index = self._above[index]
        return index

    def join(self, a: int, b: int) -> None:
        """Join what two are joined with."""
        a, b = sorted((self.root(a), self.root(b)))
        self._above[b] = a

    def parts(self) -> list[list[int]]:
        """Return what is joined, of two or more, each in order, by its first."""
        found: dict[int, list[int]] = {}
        for index in range(len(self._above)):
            root = self._above[index] = self.root(index)
            found.setdefault(root, []).append(index)
        return [part for part in found.values() if len(part) > 1]
