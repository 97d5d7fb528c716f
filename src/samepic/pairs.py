"""Pairs: many comparisons at once in processes, in the order given, with errors as values."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from samepic.api import compare, file_drawing
from samepic.duplicates.finder import Progress, processors
from samepic.duplicates.scan import in_order
from samepic.errors import SamepicError, SourceError
from samepic.limits import LIMITS, Limits
from samepic.picture import read
from samepic.profile import Policy, Profile
from samepic.sandbox.pool import Workers
from samepic.sandbox.protocol import WorkerLimits
from samepic.verdict import Relation, Verdict

if TYPE_CHECKING:
    from samepic.arrays import Source

_FEW = 16  # pairs that are compared sooner than processes have started: `python -m bench speed many`
_ENDLESS = 10**9
_AHEAD = 4  # pairs for each process that are read before they are needed


def compare_many(
    pairs: Iterable[tuple[Source, Source]],
    *,
    jobs: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    same_if: Relation | str | None = None,
    profile: Profile | str | os.PathLike[str] | None = None,
    prove: bool = True,
    visibility: bool = True,
    limits: Limits = LIMITS,
) -> Iterator[Verdict | SamepicError]:
    """Compare many pairs as `compare` does, and yield the verdicts in the order of the pairs.

    Where a pair cannot be compared, the error that `compare` would raise takes the place of its verdict. Paths, bytes
    and file objects are compared in `jobs` processes (default: one for each processor), which need no
    `if __name__ == "__main__"`; arrays, PIL images and the first few pairs of a short list in this one. `pairs` is read
    only a little ahead, so it may be a generator. `progress` is called after each pair with how many are `done`, of a
    `total` where `pairs` has a length. The verdicts hold no pictures: `difference_image` reads the files again.

    Raises ProfileError, before the first pair, for a relation or a profile that does not exist.
    """
    policy = Policy.of(same_if, profile)
    total = len(pairs) if isinstance(pairs, Sized) else 0
    compared = partial(_compared, policy=policy, prove=prove, visibility=visibility, limits=limits)
    return _reported(_in_processes(iter(pairs), compared, jobs or processors(), limits), progress, total)


_Pair = tuple["Source", "Source"]
_Result = Verdict | SamepicError


def _in_processes(
    pairs: Iterator[_Pair], compared: Callable[..., _Result], jobs: int, limits: Limits
) -> Iterator[_Result]:
    first = list(islice(pairs, _FEW))
    if jobs == 1 or len(first) < _FEW:
        yield from map(compared, chain(first, pairs))
        return
    # These are one's own files: what a picture may be is in `limits`, and the rest only ends what has gone wild.
    bounds = WorkerLimits(
        limits, memory_bytes=1 << 36, cpu_seconds=3600, wall_seconds=7200, tasks=_ENDLESS, grown_bytes=1 << 31
    )
    with ThreadPoolExecutor(jobs, "samepic-pairs") as pool, Workers(jobs, bounds) as workers:
        yield from in_order(pool, partial(compared, workers=workers), chain(first, pairs), jobs * _AHEAD)


def _compared(
    pair: _Pair,
    *,
    policy: Policy,
    prove: bool,
    visibility: bool,
    limits: Limits,
    workers: Workers | None = None,
) -> _Result:
    a, b = pair
    options: dict[str, Any] = {**policy._asdict(), "prove": prove, "visibility": visibility}
    try:
        if workers is not None:
            with suppress(SourceError):  # arrays and PIL images are compared here
                files = read(a, limits=limits), read(b, limits=limits)
                names = files[0].name, files[1].name
                verdict = workers.compare(files[0].data, files[1].data, **options, names=names, called=names)
                return replace(verdict, draw=file_drawing(*files, verdict)).without_pictures()
        return compare(a, b, **options, limits=limits).without_pictures()
    except SamepicError as error:
        error.__cause__ = error.__context__ = None  # these hold frames, and with them whole pictures
        return error.with_traceback(None)


def _reported(
    results: Iterator[_Result], progress: Callable[[Progress], None] | None, total: int
) -> Iterator[_Result]:
    for done, result in enumerate(results, 1):
        if progress is not None:
            progress(Progress("comparing", done, max(done, total), "pairs"))
        yield result
