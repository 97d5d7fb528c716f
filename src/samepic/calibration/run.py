"""Run: compare every labelled pair on some threads, within bounds of memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from samepic.calibration.figures import Judged
from samepic.calibration.pairs import Pair
from samepic.collection.find import Progress, processors
from samepic.collection.room import Room
from samepic.collection.stages import in_order
from samepic.compare import compare_pictures
from samepic.errors import UnreadableError
from samepic.picture import inspect, load, read
from samepic.profiles.collection import COLLECTION

__all__ = ["Unread", "judge_pairs"]


@dataclass(frozen=True, slots=True)
class Unread:
    """A pair that could not be compared, and why: which of the two, what was wanted, what came."""

    pair: Pair
    error: str

    def to_dict(self) -> dict[str, object]:
        """Return it in the shape of `samepic calibrate --json`."""
        return {"line": self.pair.line, "a": self.pair.a, "b": self.pair.b, "error": self.error}


def judge_pairs(
    pairs: Sequence[Pair], jobs: int | None = None, progress: Callable[[Progress], None] | None = None
) -> tuple[list[Judged], list[Unread]]:
    """Compare each pair; return what is said of them and what could not be read, both in the order of `pairs`.

    `jobs` threads work (default: one for each processor); `progress` is told how far it is.
    """
    threads = jobs or processors()
    pool = ThreadPoolExecutor(threads, "samepic-calibrate")
    room = Room(COLLECTION.working_bytes)
    judged: list[Judged] = []
    unread: list[Unread] = []

    def work(pair: Pair) -> Judged | Unread:
        return _judged(pair, room)

    try:
        for done, answer in enumerate(in_order(pool, work, pairs, threads * COLLECTION.ahead), 1):
            if isinstance(answer, Judged):
                judged.append(answer)
            else:
                unread.append(answer)
            if progress is not None:
                progress(Progress("comparing", done, len(pairs), "pairs"))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return judged, unread


def _judged(pair: Pair, room: Room) -> Judged | Unread:
    try:
        encoded = [read(path) for path in (pair.a, pair.b)]
        pixels = sum(info.width * info.height for info in map(inspect, encoded))
        with room.taken(pixels * COLLECTION.bytes_per_pixel):
            verdict = compare_pictures(*(load(one) for one in encoded))
    except UnreadableError as error:
        return Unread(pair, str(error))
    return Judged(pair, verdict.relation, verdict.probability, verdict.explanation)
