"""find: the groups of pictures that are the same, in folders of any size.

Pairs that the copy code alone proposes are compared before clusters are made. The nearest by copy code are proposed
however many others are as near, and most of them are other pictures: as they stand they would join nearly all of a
collection to one cluster, which one thread would have to go through.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from samepic.duplicates.cache import Cache, CachedVerdict, cache_file
from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.groups import Group, GroupBuilder, GroupDraft, clusters, counted, made_group
from samepic.duplicates.quality import Merit
from samepic.duplicates.scan import DistinctPicture, MemoryBudget, Reader, in_order
from samepic.duplicates.verify import Verifier
from samepic.duplicates.walk import Unreadable, Walk
from samepic.limits import COLLECTION
from samepic.profile import Policy, Profile
from samepic.verdict import Relation

__all__ = ["Clusters", "Finder", "Progress", "find", "joined", "processors"]

Heard = dict[tuple[int, int], CachedVerdict]


@dataclass(slots=True, eq=False)
class Clusters:
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
    near: CandidateGraph,
    verifier: Callable[[], Verifier],
    policy: Policy,
    pool: ThreadPoolExecutor,
    *,
    window: int,
    tell: Callable[[int], None],
) -> Clusters:
    """Return what PDQ and digests join, and what pairs by copy code join of that: those that are the same.

    The better of two is the reference. What is in one cluster already is not compared here, so which pairs are depends
    on the threads, and the clusters do not. `tell` is called with how many pairs are done with.
    """
    parts = clusters(_ByCode(near))
    found, forest, done = Clusters(parts), _Forest(len(near), parts), 0

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

    def __init__(self, near: CandidateGraph) -> None:
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


_log = logging.getLogger("samepic.duplicates")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a stage is: `done` of `total` of its `unit`."""

    stage: str
    done: int
    total: int
    unit: str


@dataclass(slots=True, eq=False)
class Finder:
    """One search for the same pictures below `paths`.

    `same_if` is the farthest relation that makes a member; `hidden` takes in names that begin with a dot; `follow`
    goes through symbolic links; files under `least` bytes are passed over; `jobs` is how many threads work (None:
    one for each processor); `cache` is the file that remembers, None for none; `progress` is told how far it is;
    `profile` rescales probabilities and says how probable a member must be; with `copies`, candidates are searched for
    by copy code too.
    After `groups()`, `unreadable` lists by path what could not be read, and the counts tell what was met.
    """

    paths: Iterable[str]
    same_if: Relation = Relation.REFRAMED
    hidden: bool = False
    follow: bool = False
    least: int = 1
    jobs: int | None = None
    cache: Path | None = field(default_factory=cache_file)
    progress: Callable[[Progress], None] | None = None
    profile: Profile | None = None
    copies: bool = False
    unreadable: list[Unreadable] = field(default_factory=list)
    pictures: int = 0
    others: int = 0
    read: int = 0
    compared: int = 0

    def groups(self) -> list[Group]:
        """Search, and return the groups by the path of their reference."""
        self.same_if.is_same(self.same_if)
        self.paths = list(self.paths)
        jobs = self.jobs or processors()
        pool = ThreadPoolExecutor(jobs, "samepic-find")
        with Cache(self.cache) as cache:
            try:
                items = self._read(cache, pool, jobs)
                return self._grouped(items, cache, pool, jobs)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _read(self, cache: Cache, pool: ThreadPoolExecutor, jobs: int) -> list[DistinctPicture]:
        walk = self._walk()
        total = sum(1 for _ in self._walk().entries()) if self.progress else 0
        reader = Reader(
            cache, pool, jobs * COLLECTION.ahead, MemoryBudget(COLLECTION.working_bytes), self.copies
        )
        for _ in reader.take(walk.entries()):
            self._tell("reading", reader.files, total, "files")
        self.unreadable = [*walk.unreadable, *reader.unreadable]
        self.others, self.read = reader.others, reader.read
        self.pictures = sum(len(item.files) for item in reader.items.values())
        _log.info("walked: %d folders, %d files, %d passed over", walk.folders, reader.files, walk.skipped)
        _log.info("by content: %d pictures, %d others, %d unreadable", self.pictures, self.others,
                  len(self.unreadable))  # fmt: skip
        _log.info("not in the cache, read: %d", self.read)
        _log.info("bytes: %d distinct pictures", len(reader.items))
        return sorted(reader.items.values(), key=_first_path)

    def _walk(self) -> Walk:
        return Walk(self.paths, self.hidden, self.follow, self.least)

    def _grouped(
        self, items: list[DistinctPicture], cache: Cache, pool: ThreadPoolExecutor, jobs: int
    ) -> list[Group]:
        searched = items if self.same_if is not Relation.SAME_FILE else []
        near = CandidateGraph(
            [item.fingerprint for item in searched],
            lambda done: self._tell("searching", done, len(items), "pictures"),
            self.copies,
        )
        room, policy = MemoryBudget(COLLECTION.working_bytes), Policy(self.same_if, self.profile)
        window = jobs * COLLECTION.ahead
        alike = joined(
            near,
            lambda: Verifier(items, cache, room, COLLECTION.held_bytes // jobs),
            policy,
            pool,
            window=window,
            tell=lambda done: self._tell("comparing", done, near.pairs, "pairs"),
        )
        found: list[tuple[GroupDraft, dict[int, Merit]]] = []
        damaged, asked, self.compared = alike.errors, alike.asked, self.compared + alike.compared
        done, passed = near.alike_pairs, 0

        def work(part: list[int]) -> tuple[list[GroupDraft], Verifier, int]:
            verifier = Verifier(items, cache, room, COLLECTION.held_bytes // jobs, alike.heard)
            for index in part:
                verifier.know(index)
            gathering = GroupBuilder(near, verifier.merits, verifier.say, policy)
            made = list(gathering.stars(part))
            verifier.forget()
            return made, verifier, gathering.passed

        gathered = in_order(pool, work, alike.parts, window)
        for part, (made, verifier, left_out) in zip(alike.parts, gathered, strict=True):
            found += [(star, verifier.merits) for star in made]
            damaged |= verifier.errors
            done += sum(map(near.count, part)) // 2
            passed += left_out
            asked, self.compared = asked + verifier.asked, self.compared + verifier.compared
            self._tell("comparing", done, near.pairs, "pairs")
        _log.info("verified: %d pairs, %d of them not in the cache", asked, self.compared)
        for index, error in damaged.items():
            self.unreadable += [Unreadable(entry.path, error) for entry in items[index].files]
        if passed:
            _log.info("passed over in crowds of look-alikes: %d pairs", passed)
        return self._numbered(items, found, damaged.keys())

    def _numbered(
        self,
        items: list[DistinctPicture],
        found: list[tuple[GroupDraft, dict[int, Merit]]],
        damaged: Collection[int],
    ) -> list[Group]:
        taken = {index for star, _ in found for index in (star.reference, *star.said)}
        alone = [index for index in range(len(items)) if index not in taken and index not in damaged]
        stars_made = found + [(GroupDraft(index), {}) for index in alone if len(items[index].files) > 1]
        made = [made_group(0, star, items, merits) for star, merits in stars_made]
        # Where all are one file on disk, there is nothing to win and nothing to decide.
        made = [group for group in made if not all(member.hard_link_to for member in group.members)]
        made.sort(key=lambda group: os.fsencode(group.reference.path))
        self.unreadable.sort(key=lambda one: (os.fsencode(one.path), one.error))
        _log.info("groups: %d, with %d copies", len(made), sum(len(group.members) for group in made))
        return [
            Group(number, group.reference, group.reason, group.members)
            for number, group in enumerate(made, 1)
        ]

    def _tell(self, stage: str, done: int, total: int, unit: str) -> None:
        if self.progress is not None:
            self.progress(Progress(stage, done, max(done, total), unit))


def find(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    copies: bool = False,
    hidden: bool = False,
    follow: bool = False,
    min_size: int = 1,
    jobs: int | None = None,
    cache: bool | str | os.PathLike[str] = True,
    unreadable: Callable[[Unreadable], None] | None = None,
) -> Iterator[Group]:
    """Find the groups of files below `paths` that are the same picture, by the path of their reference.

    Every member was verified against its group's reference, which is the best of them. `same_if` is the farthest
    relation that counts, from "same-file" to "edited" (default: that of the profile, else "reframed"); `profile` is
    one that `samepic calibrate` made, or its file; with `copies`, crops, captioned, framed and turned copies are
    searched for too, which takes longer; `hidden` takes in names that begin with a dot; `follow` goes
    through symbolic links; files under `min_size` bytes are passed over; `jobs` threads work (default: one for each
    processor); `cache` is False, or the file that remembers what was read (default: in the user's cache folder).
    `unreadable` is called with each file or folder that could not be read, before the first group comes.

    Raises ProfileError for a relation or a profile that does not exist; MissingPartError where `copies` is asked for
    and copy codes cannot be made.
    """
    policy = Policy.of(same_if, profile)
    named = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    finder = Finder(
        [os.fspath(path) for path in named],
        policy.same_if,
        hidden,
        follow,
        min_size,
        jobs,
        (cache_file() if cache else None) if isinstance(cache, bool) else Path(cache),
        profile=policy.profile,
        copies=copies,
    )
    return _yielded(finder, unreadable)


def _yielded(finder: Finder, unreadable: Callable[[Unreadable], None] | None) -> Iterator[Group]:
    groups = finder.groups()
    if unreadable is not None:
        for one in finder.unreadable:
            unreadable(one)
    yield from groups


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _first_path(item: DistinctPicture) -> bytes:
    return min(os.fsencode(entry.path) for entry in item.files)
