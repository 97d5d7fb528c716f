"""Finder: the groups of pictures that are the same, in folders of any size.

Copy codes, which take longer than all else that is read, are made of one picture of each group that PDQ finds, and of
the pictures in none. Pairs that they propose are compared before groups are joined: they propose the nearest pictures
even where these are different pictures, and unchecked would join nearly the whole collection into one cluster for one
thread.
"""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

from samepic.duplicates.cache import Cache, cache_file
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
from samepic.duplicates.scan import (
    AHEAD,
    WORKING_BYTES,
    DistinctPicture,
    MemoryBudget,
    Reader,
    coded,
    in_order,
)
from samepic.duplicates.series import SeriesFinder
from samepic.duplicates.verify import CandidateScreen, Verdicts, Verifier
from samepic.duplicates.walk import File, FileFilter, Unreadable, Walk, path_key
from samepic.fingerprints import Fingerprint
from samepic.profile import Policy, Profile
from samepic.verdict import Relation

_HELD_BYTES = 100 * 2**20  # decoded pictures that all threads keep for the next comparison
_WHOLE = (Relation.SAME_PIXELS, Relation.RESAVED, Relation.ADJUSTED)
Drafts = list[tuple[GroupDraft, dict[int, Merit]]]


@dataclass(slots=True, eq=False)
class Comparer:
    """Compares the candidates of a graph on threads; has what its verifiers found, and how many pairs were skipped.

    `new_verifier` is called with the verdicts so far, which are kept only if `kept`. The rest is as in Verifier.
    """

    graph: CandidateGraph
    new_verifier: Callable[[Verdicts], Verifier]
    policy: Policy
    pool: ThreadPoolExecutor
    window: int
    protected: frozenset[int] = frozenset()
    kept: bool = field(default=False, kw_only=True)
    verdicts: Verdicts = field(default_factory=dict, init=False)
    near: dict[tuple[int, int], Relation] = field(default_factory=dict, init=False)
    errors: dict[int, str] = field(default_factory=dict, init=False)
    requested: int = field(default=0, init=False)
    compared: int = field(default=0, init=False)
    skipped: int = field(default=0, init=False)

    def drafts(self, clusters: list[list[int]]) -> Iterator[Drafts]:
        """Yield the groups of each cluster."""

        def work(cluster: list[int]) -> tuple[list[GroupDraft], Verifier, int]:
            verifier = self.new_verifier(self.verdicts)
            for index in () if self.protected.issuperset(cluster) else cluster:
                verifier.inspect_picture(index)
            builder = GroupBuilder(
                self.graph, verifier.merits, verifier.verdict_of, self.policy, self.protected
            )
            drafts = list(builder.drafts(cluster))
            verifier.release()
            return drafts, verifier, builder.skipped

        for drafts, verifier, skipped in in_order(self.pool, work, clusters, self.window):
            self._add(verifier)
            self.skipped += skipped
            yield [(draft, verifier.merits) for draft in drafts]

    def join_copies(
        self, sets: UnionFind, passes: Callable[[int, int], bool], progress: Callable[[int], None]
    ) -> set[int]:
        """Join the sets by the pairs that copy codes propose and that are the same; return a picture of each pair."""
        joined, done = set[int](), 0

        def work(index: int) -> tuple[list[tuple[int, int]], Verifier]:
            verifier, pairs, roots = self.new_verifier(self.verdicts), [], {sets.root(index)}
            for other in self.graph.copycode_candidates(index):
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
                if verdict is not None and accepted(verdict, self.policy) is not None:
                    pairs.append((a, b))
                    roots.add(root)
            verifier.release()
            return pairs, verifier

        proposed = [index for index in range(len(self.graph)) if self.graph.copycode_candidates(index)]
        results = in_order(self.pool, work, proposed, self.window)
        for index, (pairs, verifier) in zip(proposed, results, strict=True):
            for pair in pairs:
                sets.join(*pair)
                joined.add(index)
            self._add(verifier)
            done += len(self.graph.copycode_candidates(index))
            progress(done)
        return joined

    def _add(self, verifier: Verifier) -> None:
        if self.kept:
            self.verdicts |= verifier.verdicts
        self.near |= verifier.near
        self.errors |= verifier.errors
        self.requested += verifier.requested
        self.compared += verifier.compared


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


# 2026-11-30, milliseconds: what a file takes, each megabyte of it, and of formats that are slow to decode; a copy code;
# a pair, and each megabyte of both; a pair that copy codes propose, most of which are dismissed. Then how many pairs a
# file has before they are known, by PDQ and by copy codes: in between where none and all have copies. Measured on
# albums of 5 to 203 files of 20 KB to 2.7 MB.
_FILE, _FILE_MB, _SLOW_MB, _COPYCODE, _PAIR, _PAIR_MB, _PROPOSED = 1.0, 7.0, 380.0, 25.0, 6.0, 30.0, 8.0
_SLOW, _PAIRS_AHEAD, _PROPOSED_AHEAD = (".heic", ".heif", ".hif", ".avif"), 0.25, 1.0


def _read_work(file: File) -> float:
    megabyte = _SLOW_MB if file.path.lower().endswith(_SLOW) else _FILE_MB
    return _FILE + megabyte * file.size / 1e6


def _pair_work(file: File) -> float:
    """Return what a pair takes for one of its two files."""
    return _PAIR / 2 + _PAIR_MB * file.size / 1e6


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
    _done: float = field(default=0.0, init=False)
    _ahead: float = field(default=0.0, init=False)

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
        total, done = 0, 0.0
        for file in self.walk().files() if self.progress else ():
            total += 1
            self._ahead += _read_work(file) + 2 * _PAIRS_AHEAD * _pair_work(file)
        self._ahead += self._copies_work(total)
        reader = Reader(cache, pool, jobs * AHEAD, MemoryBudget(WORKING_BYTES))
        for file in reader.read_all(walk.files()):
            done += _read_work(file)
            self._report("reading", reader.files, total, "files", done)
        self._finish(done)
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
        )
        memory, window = MemoryBudget(WORKING_BYTES), jobs * AHEAD
        protected = frozenset(index for index, item in enumerate(items) if item.protected)
        new_verifier = partial(Verifier, items, cache, memory, _HELD_BYTES // jobs)
        how = self.policy, pool, window, protected
        comparer = Comparer(graph, new_verifier, *how, kept=self.copies)
        screen = CandidateScreen(items, cache, memory)
        near = UnionFind(len(graph))
        for index in range(len(graph)):
            near.join(index, *graph.pdq_candidates(index))
        found, done, worked, clusters = Drafts(), 0, 0.0, near.clusters()
        works = [_cluster_work([items[index].files[0] for index in cluster]) for cluster in clusters]
        self._ahead = sum(works) + self._copies_work(len(graph))
        for cluster, work, drafts in zip(clusters, works, comparer.drafts(clusters), strict=True):
            found += drafts
            done += sum(map(graph.count, cluster)) // 2
            worked += work
            self._report("comparing", done, graph.pairs, "pairs", worked)
        self._finish(worked)
        if self.copies:
            self._code(items, comparer, found, partial(coded, cache, memory))
            found = self._joined(comparer, found, screen)
        self.compared += comparer.compared
        _log.info("verified: %d pairs, %d of them not in the cache", comparer.requested, comparer.compared)
        if comparer.skipped:
            _log.info("skipped in crowds of look-alikes: %d pairs", comparer.skipped)
        groups = self._finished(items, found, comparer.errors, comparer.near, verifier=new_verifier())
        if self.with_series:
            copies = {index for draft, _ in found for index in draft.verdicts}
            shots = SeriesFinder(items, screen, new_verifier, pool, window)
            alone = set(range(len(items))) - copies - comparer.errors.keys() - protected
            self.series = shots.find(alone, graph, self._report_shots)
        return groups

    def _code(
        self,
        items: list[DistinctPicture],
        comparer: Comparer,
        found: Drafts,
        code: Callable[[DistinctPicture], Fingerprint | str],
    ) -> None:
        """Add the candidates by copy code; a reference stands for the members that show all that it does."""
        verdicts = [of for draft, _ in found for of in draft.verdicts.items()]
        left_out = {index for index, verdict in verdicts if Relation(verdict.relation) in _WHOLE}
        left_out |= comparer.errors.keys()
        strong = (index for index in range(len(comparer.graph)) if not items[index].fingerprint.is_weak)
        places, prints = [index for index in strong if index not in left_out], dict[int, Fingerprint]()
        self._ahead = (_COPYCODE + _PROPOSED_AHEAD * _PROPOSED) * len(places)
        made = in_order(comparer.pool, lambda index: code(items[index]), places, comparer.window)
        for done, (index, one) in enumerate(zip(places, made, strict=True), 1):
            if isinstance(one, Fingerprint):
                prints[index] = items[index].fingerprint = one
            else:
                comparer.errors[index] = one
            self._report("coding", done, len(places), "pictures", _COPYCODE * done)
        self._finish(_COPYCODE * len(places))
        show = partial(self._report, "searching", total=len(prints), unit="pictures")
        comparer.graph.add_copycodes(prints, show)

    def _joined(self, comparer: Comparer, found: Drafts, screen: CandidateScreen) -> Drafts:
        """Return the groups, those made anew that copies join."""
        graph, sets = comparer.graph, UnionFind(len(comparer.graph))
        for draft, _ in found:
            sets.join(draft.reference, *draft.verdicts)
        before, self._ahead = graph.pairs - graph.copycode_pairs, _PROPOSED * graph.copycode_pairs
        joined = comparer.join_copies(
            sets,
            lambda a, b: not {a, b} <= comparer.protected and screen.passes(a, b),
            lambda done: self._report("comparing", before + done, graph.pairs, "pairs", _PROPOSED * done),
        )
        self._finish(self._ahead)
        _log.info("without common features: %d pairs", screen.dismissed)
        roots = {sets.root(index) for index in joined}
        kept = [one for one in found if sets.root(one[0].reference) not in roots]
        again = [cluster for cluster in sets.clusters() if sets.root(cluster[0]) in roots]
        return [*kept, *chain.from_iterable(comparer.drafts(again))]

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

    def _copies_work(self, pictures: int) -> float:
        """Return what copy codes and the pairs they propose take, as if every other picture needed one."""
        return (_COPYCODE + _PROPOSED_AHEAD * _PROPOSED) * pictures / 2 * self.copies

    def _finish(self, work: float) -> None:
        """Count the work of a stage as done, beside that of the stages before it."""
        self._done, self._ahead = self._done + work, self._ahead - work

    def _report_shots(self, done: int, total: int) -> None:
        self._ahead = _PROPOSED * total
        self._report("comparing shots", done, total, "pairs", _PROPOSED * done)

    def _report(self, stage: str, done: int, total: int, unit: str, work: float = 0.0) -> None:
        """Report what is done in a stage, and its `work`, beside that of stages before it."""
        if self.progress is not None:
            whole = self._done + work, self._done + max(work, self._ahead)
            self.progress(Progress(stage, done, max(done, total), unit, whole))


def _cluster_work(files: list[File]) -> float:
    """Return the work of a cluster where all are the same: each is decoded, and all but one compared with that one."""
    pairs = 2 * (1 - 1 / len(files))
    return sum(_read_work(file) + pairs * _pair_work(file) for file in files)


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
    goes on, with its `stage` ("reading", "searching", "comparing", with `copies` "coding" too), and how many are `done`
    of a `total` of which `unit`.

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
