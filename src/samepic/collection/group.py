"""Group: copies of one picture round one reference, each verified against it and none chained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from samepic.collection.cache import Said
from samepic.collection.reference import Merit, why_best, why_original
from samepic.collection.stages import Item
from samepic.collection.walk import Entry
from samepic.policy import Policy
from samepic.profiles.collection import COLLECTION
from samepic.verdict import Relation

__all__ = [
    "BYTE_FOR_BYTE",
    "SAME_BYTES",
    "FileFacts",
    "Gathering",
    "Group",
    "Member",
    "Neighbours",
    "Star",
    "clusters",
    "counted",
    "facts",
    "made_group",
    "member",
]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when it was read: what tells whether it has changed since."""

    path: str
    size: int
    mtime_ns: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group and what it is to the reference.

    `probability`, 0 to 1, is the chance that a person would call the two the same picture; `hard_link_to` is the
    path in the group that is the same file on disk, or "".
    """

    file: FileFacts
    relation: Relation
    probability: float
    explanation: str
    hard_link_to: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        return {
            **self.file.to_dict(),
            "relation": str(self.relation),
            "probability": self.probability,
            "explanation": self.explanation,
            "hard_link_to": self.hard_link_to or None,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """One picture: the best file of it, the `reason` why it is the best, and every other file of it by path."""

    number: int
    reference: FileFacts
    reason: str
    members: tuple[Member, ...]

    @property
    def wasted(self) -> int:
        """The bytes that would be won if only the reference were kept; a hard link wins nothing."""
        return sum(member.file.size for member in self.members if not member.hard_link_to)

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape of a line of `samepic find --json`."""
        return {
            "group": self.number,
            "reference": self.reference.path,
            "reason": self.reason,
            "reference_file": self.reference.to_dict(),
            "wasted": self.wasted,
            "members": [member.to_dict() for member in self.members],
        }


class Neighbours(Protocol):
    """The candidates of each picture by index, with their distance."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Mapping[int, int]: ...


@dataclass(slots=True)
class Star:
    """A reference and its members by index, with what was said of each; `proven` is why it is the original, or ""."""

    reference: int
    said: dict[int, Said] = field(default_factory=dict)
    proven: str = ""


def clusters(near: Neighbours) -> list[list[int]]:
    """Return the connected parts of the graph of candidates that hold two or more, each in order."""
    met, found = [False] * len(near), []
    for start in range(len(near)):
        if met[start] or not near[start]:
            continue
        met[start], part, ahead = True, [], [start]
        while ahead:
            here = ahead.pop()
            part.append(here)
            for other in near[here]:
                if not met[other]:
                    met[other] = True
                    ahead.append(other)
        found.append(sorted(part))
    return found


@dataclass(slots=True, eq=False)
class Gathering:
    """How the pictures of one cluster are gathered round references.

    `near` are the candidates of each picture by index with their distance; `merits` what is known of each picture,
    without those that cannot be read; `say` tells what the second of two is to the first, None where one of them
    turns out to be unreadable, which then leaves `merits`. `policy` decides whether that is the same; what is said
    has not gone through its profile yet, so that one cache serves every profile. A reference is done with after
    COLLECTION.misses candidates in a row that are other pictures: pages of one layout are all near each other, and
    laying each on each would take the square of their number. `passed` counts the pairs so passed over.
    """

    near: Neighbours
    merits: Mapping[int, Merit]
    say: Callable[[int, int], Said | None]
    policy: Policy
    passed: int = 0

    def stars(self, cluster: Iterable[int]) -> Iterator[Star]:
        """Yield the groups of a cluster, best reference first.

        The best picture left is laid against each of its candidates that are left, nearest first. A member that
        proves to be the original takes the reference's place, and all are laid against it instead.
        """
        order = sorted(
            (index for index in cluster if index in self.merits),
            key=lambda index: self.merits[index].order(index),
        )
        left = set(order)
        for first in order:
            while first in left and first in self.merits:
                star, tried = Star(first), {first}
                while (original := self._gather(star, left, tried)) is not None:
                    tried.add(original[0])
                    star = Star(original[0], proven=original[1])
                if star.said:
                    yield star
                left -= {star.reference, *star.said}

    def _gather(self, star: Star, left: set[int], tried: set[int]) -> tuple[int, str] | None:
        """Fill the star; return the member that is the original instead and why, if one is.

        The candidates of members are laid against the reference too, after its own: a border or a caption takes the
        reference's code far from copies that its members are near to.
        """
        asked, missed = {star.reference}, 0
        ahead = self._nearest([star.reference], left, asked)
        while ahead:
            met: list[int] = []
            for place, other in enumerate(ahead):
                if other in asked or not {star.reference, other} <= self.merits.keys():
                    continue
                if missed >= COLLECTION.misses:
                    self.passed += len(ahead) - place
                    return None
                asked.add(other)
                said = self._heard(star.reference, other)
                if said is None:
                    missed += 1
                    continue
                missed = 0
                known = self.merits
                why = why_original(known[star.reference], known[other], said) if other not in tried else ""
                if why:
                    return other, why
                star.said[other] = said
                met.append(other)
            ahead = self._nearest(met, left, asked)
        return None

    def _nearest(self, indices: Iterable[int], among: set[int], asked: set[int]) -> list[int]:
        """Return those of `among`, the `asked` apart, that are candidates of any of `indices`, nearest first."""
        found: dict[int, int] = {}
        wanted = among - asked
        # Of a crowd that is all near each other nobody is left after the first time.
        for index in indices if wanted else ():
            for other, bits in self.near[index].items():
                if other in wanted:
                    found[other] = min(bits, found.get(other, bits))
        return sorted(found, key=lambda other: (found[other], other))

    def _heard(self, reference: int, other: int) -> Said | None:
        said = self.say(reference, other)
        return None if said is None else counted(said, self.policy)


def counted(said: Said, policy: Policy) -> Said | None:
    """Return what was said, its probability rescaled; None where that is not the same."""
    relation = Relation(said.relation)
    probability = policy.probability(relation, said.probability)
    return replace(said, probability=probability) if policy.same(relation, probability) else None


def made_group(number: int, star: Star, items: list[Item], merits: Mapping[int, Merit]) -> Group:
    """Return the group of a star, or of one item with several files, its members by path."""
    item = items[star.reference]
    files = sorted(item.files, key=_by_path)
    first = files[0]
    rest: list[tuple[Entry, str, Said]] = [
        (entry, item.sha256, Said(Relation.SAME_FILE, 1.0, BYTE_FOR_BYTE, "")) for entry in files[1:]
    ]
    for index, said in star.said.items():
        rest += [(entry, items[index].sha256, said) for entry in items[index].files]
    rest.sort(key=lambda one: _by_path(one[0]))
    links = {first.node: first.path}
    members = tuple(member(entry, sha256, said, links) for entry, sha256, said in rest)
    others = [merits[index] for index in star.said]
    reason = why_best(merits[star.reference], others, proven=star.proven) if others else SAME_BYTES
    return Group(number, facts(first, item.sha256), reason, members)


SAME_BYTES = "the same bytes in all: first by path"
"""The reason for a reference that was best in nothing."""

BYTE_FOR_BYTE = "the same file, byte for byte"
"""What is said of a member with the bytes of the reference."""


def member(entry: Entry, sha256: str, said: Said, links: dict[tuple[int, int], str]) -> Member:
    """Return a file as a member; `links` are the files of its group so far by what hard links have in common."""
    link = links.get(entry.node, "") if entry.links > 1 else ""
    links.setdefault(entry.node, entry.path)
    explanation = said.explanation if not link else "the same file on disk (a hard link)"
    return Member(facts(entry, sha256), Relation(said.relation), said.probability, explanation, link)


def facts(entry: Entry, sha256: str) -> FileFacts:
    """Return what tells whether a file has changed."""
    return FileFacts(entry.path, entry.size, entry.mtime_ns, sha256)


def _by_path(entry: Entry) -> bytes:
    return os.fsencode(entry.path)
