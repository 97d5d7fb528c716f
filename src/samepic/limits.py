"""Limits of operation: the memory and time of sources, gates, workers, pages, reviews and searches."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one picture, checked against its header before memory is taken.

    `file_bytes` of the encoded file; `pixels` of one frame (width x height as declared); `side` of the longer
    side; `frames` of an animation that are counted; `metadata_bytes` of all text chunks, profiles and EXIF
    after decompression; `chunks` of a PNG, beside one a kilobyte of the file.
    """

    file_bytes: int = 512 * 2**20
    pixels: int = 300_000_000
    side: int = 100_000
    frames: int = 10_000
    metadata_bytes: int = 32 * 2**20
    chunks: int = 10_000


LIMITS = Limits()
"""2026-11: a 300-megapixel panorama passes; a decompression bomb does not. Chosen, not calibrated."""


UPLOAD = Limits(file_bytes=128 * 2**20, pixels=100_000_000, metadata_bytes=16 * 2**20)
"""2026-11-23: the limits of an upload, chosen to fit the memory and time of `WORKERS`."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The limits of one worker process and of each of its tasks.

    Attributes:
        upload: the limits of a picture.
        memory_bytes: private memory of the process, libraries' code not counted.
        cpu_seconds: processor time of one task.
        wall_seconds: time of one task in a worker, after which its process is killed.
        starved: the share of that time waiting for a processor, from which on the machine is to blame and not the
            picture.
        start_seconds: time for a new process to become ready.
        queue_seconds: how long a task waits for a free process.
        open_files: file descriptors of the process.
        tasks: the number of tasks after which a process is replaced.
        grown_bytes: the resident memory between tasks from which on it is replaced.
        answer_bytes: the longest answer that is read from a worker, without its proxy.
        proxy_bytes: the longest proxy that is read from it.
        text_letters: the longest text in an answer.
        items: the longest list in an answer.
    """

    upload: Limits = field(default=UPLOAD)
    memory_bytes: int = 2**30
    cpu_seconds: float = 6.0
    wall_seconds: float = 8.0
    starved: float = 0.4
    start_seconds: float = 60.0
    queue_seconds: float = 20.0
    open_files: int = 16
    tasks: int = 500
    grown_bytes: int = 384 * 2**20
    answer_bytes: int = 256 * 1024
    proxy_bytes: int = 64 * 1024
    text_letters: int = 4000
    items: int = 4096


WORKERS = WorkerLimits()
"""2026-11-23: `memory_bytes`, the two times and `grown_bytes` from bench/hostile_service.py and bench/hostile_cost.py
(bench/RESULTS.md, "E: hostile uploads"); the others chosen."""


@dataclass(frozen=True, slots=True)
class SparkLimits:
    """The limits of a search on Spark.

    Attributes:
        batch_bytes: the largest batch of rows from the JVM to Python, except for a single larger picture.
        workers: the limits of the decoding process beside each Python worker.
        piece: the number of codes in each Python worker at once.
        queries: the number of pictures to search candidates for at once.
        gathered: the number of edges up to which the driver builds the clusters itself.
        crowd: the size of a cluster from which on it is logged, and compared with its best picture in parts of this
            size by all executors.
        held_bytes: encoded pictures of one cluster in memory; more are on the executor's disk.
        files: the number of pictures per task of `samepic find --engine spark`.
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


SPARK = SparkLimits()
"""2026-11-23: chosen. `piece` takes 160 MB in each Python worker."""
