"""How a search on Spark spends memory and time."""

from __future__ import annotations

from dataclasses import dataclass, field

from samepic.profiles.limits import LIMITS
from samepic.profiles.workers import WorkerLimits

__all__ = ["SPARK", "SparkProfile"]


@dataclass(frozen=True, slots=True)
class SparkProfile:
    """The bounds of a search on Spark.

    Attributes:
        batch_bytes: what a batch of rows that goes from the JVM to Python takes at most, one larger picture apart.
        workers: bounds of the process beside each Python worker that decodes; its pictures are those of `find`.
        piece: codes that each Python worker holds at once; more are gone through piece by piece.
        queries: pictures whose candidates are sought together.
        gathered: edges between candidates up to which the driver joins them to clusters itself.
        crowd: pictures of one cluster beyond which they are told of, and compared with the best of them in pieces of
            so many by all executors.
        held_bytes: encoded pictures of one cluster that are held in memory; more lie on the executor's disk.
        files: pictures in a task when `samepic find --engine spark` cuts the list of files.
    """

    batch_bytes: int = 32 * 2**20
    workers: WorkerLimits = field(
        default=WorkerLimits(
            upload=LIMITS, memory_bytes=3 * 2**30, cpu_seconds=60.0, wall_seconds=90.0, queue_seconds=600.0
        )
    )
    piece: int = 4_000_000
    queries: int = 256
    gathered: int = 4_000_000
    crowd: int = 256
    held_bytes: int = 64 * 2**20
    files: int = 200


SPARK = SparkProfile()
"""2026-11-23: chosen. `piece` takes 160 MB in each Python worker."""
