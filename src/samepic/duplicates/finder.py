"""Finder: the groups of pictures that are the same, in folders of any size.

Pairs that only the copy code proposes are compared before the clusters are built. It proposes the nearest pictures
even where these are different pictures. Unchecked, such pairs would join nearly the whole collection into one cluster
for one thread.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from samepic.duplicates.cache import Cache, CachedVerdict, cache_file
from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.groups import (
    Group,
    GroupBuilder,
    GroupDraft,
    ShotSeries,
    UnionFind,
    accepted,
    build_group,
    numbered,
)
from samepic.duplicates.quality import Merit
from samepic.duplicates.scan import AHEAD, WORKING_BYTES, DistinctPicture, MemoryBudget, Reader, in_order
from samepic.duplicates.series import SeriesFinder
from samepic.duplicates.verify import CandidateScreen, Verifier
from samepic.duplicates.walk import FileFilter, Unreadable, Walk, path_key
from samepic.profile import Policy, Profile
from samepic.verdict import Relation

_HELD_BYTES = 100 * 2**20  # decoded pictures that all threads keep for the next comparison
Verdicts = dict[tuple[int, int], CachedVerdict]


@dataclass(slots=True, eq=False)
class Clusters:
    """The clusters of pictures, verdicts on compared pairs that are the same, and the rest as in Verifier."""

    clusters: list[list[int]]
    verdicts: Verdicts = field(default_factory=dict)
    near: dict[tuple[int, int], Relation] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    requested: int = 0
    compared: int = 0


def join_copies(
    graph: CandidateGraph,
    new_verifier: Callable[[], Verifier],
    passes: Callable[[int, int], bool],
    policy: Policy,
    pool: ThreadPoolExecutor,
    *,
    window: int,
    progress: Callable[[int], None],
) -> Clusters:
    """Return the clusters by PDQ and digests, joined by the pairs of the copy code that are the same."""
    sets, done = UnionFind(len(graph)), 0
    for index in range(len(graph)):
        sets.join(index, *graph.pdq_candidates(index))
    found = Clusters(sets.clusters())

    def work(index: int) -> tuple[Verdicts, Verifier]:
        verifier, verdicts, roots = new_verifier(), {}, {sets.root(index)}
        for other in graph.copycode_candidates(index):
            root = sets.root(other)
            if root in roots:
                continue
            for picture in (index, other):
                verifier.inspect_picture(picture)
            merits = verifier.merits
            if not {index, other} <= merits.keys():
                continue
            if not passes(index, other):
                continue
            a, b = sorted((index, other), key=lambda picture: merits[picture].order(picture))
            verdict = verifier.verdict_of(a, b)
            if verdict is not None and accepted(verdict, policy) is not None:
                verdicts[a, b] = verdict
                roots.add(root)
        verifier.release()
        return verdicts, verifier

    proposed = [index for index in range(len(graph)) if graph.copycode_candidates(index)]
    for index, (verdicts, verifier) in zip(proposed, in_order(pool, work, proposed, window), strict=True):
        for pair in verdicts:
            sets.join(*pair)
        found.verdicts |= verdicts
        found.near |= verifier.near
        found.errors |= verifier.errors
        found.requested += verifier.requested
        found.compared += verifier.compared
        done += len(graph.copycode_candidates(index))
        progress(done)
    if found.verdicts:
        found.clusters = sets.clusters()
    return found


_log = logging.getLogger("samepic.duplicates")


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a stage: `done` of `total` of its `unit`; `work` is what all stages have done, of what in all.

    The sum of the work is an estimate until all pairs are known.
    """

    stage: str
    done: int
    total: int
    unit: str
    work: tuple[float, float] = (0.0, 0.0)


# 2026-11: what a pair takes beside a file that is read, and pairs for each picture before they are known, without and
# with copies: measured on albums of 24 to 324 pictures, of which none to all have copies.
_PAIR_WORK, _PAIRS_AHEAD = (40.0, 1.0), (0.1, 1.5)


@dataclass(slots=True, eq=False)
class Search:
    """One search below `paths`, with the options of `find`, for what is also below the paths of `against`.

    After `groups()`, `unreadable` lists by path what could not be read, `series` what `with_series` asked for, and the
    counts are those of this search: `pictures` below `paths`, `protected` ones below `against`, and the pairs that are
    `unlisted`, by relation.
    """

    paths: Iterable[str]
    policy: Policy = Policy()  # noqa: RUF009  (frozen)
    hidden: bool = False
    follow: bool = False
    only: FileFilter = FileFilter()  # noqa: RUF009  (frozen)
    copies: bool = False
    against: Sequence[str] = field(default=(), kw_only=True)
    unreadable: list[Unreadable] = field(default_factory=list, kw_only=True)
    series: list[ShotSeries] = field(default_factory=list, kw_only=True)
    pictures: int = field(default=0, kw_only=True)
    protected: int = field(default=0, kw_only=True)
    unlisted: Counter[Relation] = field(default_factory=Counter, kw_only=True)
    others: int = field(default=0, kw_only=True)

    def walk(self) -> Walk:
        """Return a walk through what is searched."""
        return Walk(self.paths, self.hidden, self.follow, self.only, self.against)


@dataclass(slots=True, eq=False)
class Finder(Search):
    """A search in this process, on `jobs` threads (None: all)."""

    jobs: int | None = None
    cache: Path | None = field(default_factory=cache_file)
    progress: Callable[[Progress], None] | None = None
    with_series: bool = False
    read: int = 0
    compared: int = 0
    _files: int = field(default=0, init=False)
    _pairs: int = field(default=0, init=False)

    def groups(self) -> list[Group]:
        """Search, and return the groups by the path of their reference."""
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
        walk = self.walk()
        total = sum(1 for _ in self.walk().files()) if self.progress else 0
        reader = Reader(cache, pool, jobs * AHEAD, MemoryBudget(WORKING_BYTES), self.copies)
        for _ in reader.read_all(walk.files()):
            self._report("reading", reader.files, total, "files")
        self.unreadable = [*walk.unreadable, *reader.unreadable]
        self.others, self.read = reader.others, reader.read
        files = [file for item in reader.items.values() for file in item.files]
        self.protected = sum(file.protected for file in files)
        self.pictures = len(files) - self.protected
        _log.info("walked: %d folders, %d files, %d skipped", walk.folders, reader.files, walk.skipped)
        _log.info("by content: %d pictures, %d others, %d unreadable", len(files), self.others,
                  len(self.unreadable))  # fmt: skip
        _log.info("not in the cache, read: %d", self.read)
        _log.info("bytes: %d distinct pictures", len(reader.items))
        return sorted(reader.items.values(), key=lambda item: min(map(path_key, item.files)))

    def _grouped(
        self, items: list[DistinctPicture], cache: Cache, pool: ThreadPoolExecutor, jobs: int
    ) -> list[Group]:
        searched = items if self.policy.same_if is not Relation.SAME_FILE else []
        graph = CandidateGraph(
            [item.fingerprint for item in searched],
            lambda done: self._report("searching", done, len(items), "pictures"),
            self.copies,
        )
        memory, policy, window = MemoryBudget(WORKING_BYTES), self.policy, jobs * AHEAD
        protected = frozenset(index for index, item in enumerate(items) if item.protected)
        screen = CandidateScreen(items, cache, memory)
        new_verifier = partial(Verifier, items, cache, memory, _HELD_BYTES // jobs)
        joined = join_copies(
            graph,
            new_verifier,
            lambda a, b: not {a, b} <= protected and screen.passes(a, b),
            policy,
            pool,
            window=window,
            progress=lambda done: self._report("comparing", done, graph.pairs, "pairs"),
        )
        found: list[tuple[GroupDraft, dict[int, Merit]]] = []
        near = joined.near
        damaged, requested, self.compared = joined.errors, joined.requested, self.compared + joined.compared
        done, skipped = graph.copycode_pairs, 0

        def work(cluster: list[int]) -> tuple[list[GroupDraft], Verifier, int]:
            verifier = new_verifier(joined.verdicts)
            for index in () if protected.issuperset(cluster) else cluster:
                verifier.inspect_picture(index)
            builder = GroupBuilder(graph, verifier.merits, verifier.verdict_of, policy, protected)
            drafts = list(builder.drafts(cluster))
            verifier.release()
            return drafts, verifier, builder.skipped

        results = in_order(pool, work, joined.clusters, window)
        for cluster, (drafts, verifier, left_out) in zip(joined.clusters, results, strict=True):
            found += [(draft, verifier.merits) for draft in drafts]
            damaged |= verifier.errors
            near |= verifier.near
            done += sum(map(graph.count, cluster)) // 2
            skipped += left_out
            requested, self.compared = requested + verifier.requested, self.compared + verifier.compared
            self._report("comparing", done, graph.pairs, "pairs")
        if self.copies:
            _log.info("without common features: %d pairs", screen.dismissed)
        _log.info("verified: %d pairs, %d of them not in the cache", requested, self.compared)
        if skipped:
            _log.info("skipped in crowds of look-alikes: %d pairs", skipped)
        groups = self._finished(items, found, damaged, near, verifier=new_verifier())
        if self.with_series:
            others = {index for draft, _ in found for index in draft.verdicts} | damaged.keys() | protected
            shots = SeriesFinder(items, screen, new_verifier, pool, window)
            show = partial(self._report, "comparing shots", unit="pairs")
            self.series = shots.find(set(range(len(items))) - others, graph, show)
        return groups

    def _finished(
        self,
        items: list[DistinctPicture],
        found: list[tuple[GroupDraft, dict[int, Merit]]],
        damaged: Mapping[int, str],
        near: Mapping[tuple[int, int], Relation],
        *,
        verifier: Verifier,
    ) -> list[Group]:
        """Return the groups of drafts and of equal files; set what is unreadable, and what is only `near`."""
        for index, error in damaged.items():
            self.unreadable += [Unreadable(file.path, error) for file in items[index].files]
        self.unreadable.sort(key=lambda file: (path_key(file), file.error))
        heads = {index: draft.reference for draft, _ in found for index in (draft.reference, *draft.verdicts)}
        apart = (relation for (a, b), relation in near.items() if heads.get(a, a) != heads.get(b, b))
        self.unlisted = Counter(relation for relation in apart if not relation.is_same(self.policy.same_if))
        alone = (index for index in range(len(items)) if index not in heads and index not in damaged)
        for index in (index for index in alone if len(items[index].files) > 1):
            verifier.inspect_picture(index)
            found.append((GroupDraft(index), verifier.merits))
        groups = numbered(build_group(draft, items, merits) for draft, merits in found)
        _log.info("groups: %d, with %d copies", len(groups), sum(len(group.members) for group in groups))
        return groups

    def _report(self, stage: str, done: int, total: int, unit: str) -> None:
        if self.progress is None:
            return
        total = max(done, total)
        if stage == "reading":
            self._files = total
        if stage == "comparing":
            self._pairs = total
        read = done if stage == "reading" else self._files
        compared = done if stage == "comparing" else 0
        ahead = self._pairs if unit == "pairs" else _PAIRS_AHEAD[self.copies] * self._files
        if stage == "comparing shots":
            compared, ahead = self._pairs + done, self._pairs + total
        pair = _PAIR_WORK[self.copies]
        work = read + pair * compared, self._files + pair * ahead
        self.progress(Progress(stage, done, total, unit, work))


def find(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    copies: bool = False,
    hidden: bool = False,
    follow: bool = False,
    min_size: int = 0,
    max_size: int | None = None,
    extensions: Iterable[str] = (),
    exclude: Iterable[str] = (),
    against: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] = (),
    jobs: int | None = None,
    cache: bool | str | os.PathLike[str] = True,
    unreadable: Callable[[Unreadable], None] | None = None,
    series: Callable[[ShotSeries], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[Group]:
    """Find the groups of files below `paths` that are the same picture, by the path of their reference.

    Every member was verified against its group's reference, which is the best file of the group. `same_if` is the
    loosest relation that counts, from "same-file" to "edited" (default: that of the profile, else "reframed");
    `profile` is a profile of `samepic calibrate`, or its file; `copies` also searches for crops and for captioned,
    framed and turned copies, which takes longer; `hidden` includes names that begin with a dot; `follow` follows
    symbolic links; files of other sizes than `min_size` to `max_size` bytes are skipped, and so are names with other
    `extensions` and what a pattern of `exclude` matches, as `samepic find` does; `jobs` is the number of threads
    (default: one for each processor); `cache` is False, or the cache file (default: in the user's cache folder).
    `unreadable` is called with each file or folder that could not be read, before the first group, and `series` with
    each series of shots that are not the same but belong together, such as a burst. `progress` is called as each stage
    goes on, with its `stage` ("reading", "searching", "comparing"), and how many are `done` of a `total` of which
    `unit`.

    With `against`, one or more folders, pictures below `paths` are also searched for there. Such a folder's file is the
    reference of its group, `protected`, and no member; two files of these folders alone make no group.

    Raises ProfileError for a relation or a profile that does not exist; MissingPartError where `copies` needs a part
    that is not installed.
    """
    policy = Policy.of(same_if, profile)
    file = (cache_file() if cache else None) if isinstance(cache, bool) else Path(cache)
    only = FileFilter.of(min_size, max_size, extensions, exclude)
    how = policy, hidden, follow, only, copies, jobs, file, progress
    finder = Finder(_listed(paths), *how, with_series=series is not None, against=_listed(against))
    return _yielded(finder, unreadable, series)


def _listed(paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]]) -> list[str]:
    return [os.fspath(path) for path in ([paths] if isinstance(paths, (str, os.PathLike)) else paths)]


def _yielded(
    finder: Finder,
    unreadable: Callable[[Unreadable], None] | None,
    series: Callable[[ShotSeries], None] | None,
) -> Iterator[Group]:
    groups = finder.groups()
    if series is not None:
        for one in finder.series:
            series(one)
    if unreadable is not None:
        for file in finder.unreadable:
            unreadable(file)
    yield from groups


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
