"""Limits of operation: the memory and time of sources, gates, workers, pages, reviews and searches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = [
    "CALIBRATION",
    "COLLECTION",
    "GRADES",
    "INFLATED_AT_ONCE",
    "LIMITS",
    "LOSSLESS",
    "PYTEST",
    "SPARK",
    "UPLOAD",
    "WORKERS",
    "CalibrationLimits",
    "CollectionLimits",
    "Limits",
    "PytestLimits",
    "SparkLimits",
    "WorkerLimits",
]


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

INFLATED_AT_ONCE = 1 << 27
"""2026-11-23: bytes of PNG lines to inflate at once, to bound the memory beside the pixels."""


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
class CalibrationLimits:
    """The constants of `samepic calibrate`.

    Attributes:
        confidence: of every interval.
        bins: the number of bins of the reliability diagram.
        cutoffs: the stated probabilities to try as minimum, in rising order.
        clamp: the least distance of probabilities from 0 and 1 for logarithms.
        slope_spread, intercept_spread: standard deviations of the normal prior around 1 and 0, which rescale nothing.
        least_slope: the least slope, so that rescaling keeps the order of probabilities.
        listed: the number of disagreements and unreadable pairs to list by default.
    """

    confidence: float = 0.95
    bins: int = 10
    cutoffs: tuple[float, ...] = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
    clamp: float = 1e-6
    slope_spread: float = 0.5
    intercept_spread: float = 2.0
    least_slope: float = 0.05
    listed: int = 10


CALIBRATION = CalibrationLimits()
"""2026-11: the prior weighs as much as a few pairs: correct probabilities stay, four perfectly separated pairs
change little, and some hundred pairs outweigh it. Chosen, not calibrated."""


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


@dataclass(frozen=True, slots=True)
class CollectionLimits:
    """The limits of a search through a collection.

    Attributes:
        held_bytes: decoded pictures that all threads keep for the next comparison.
        working_bytes: the memory of all comparisons at once, as estimated by `bytes_per_pixel`.
        bytes_per_pixel: the memory of a comparison for each pixel of both pictures.
        peek: the first bytes of a file to read for its format.
        ahead: the number of files to submit in advance for each thread.
        batch: rows between commits of the cache.
        batch_seconds: the longest time between commits.
        settle_ns: the least age of a file for the cache, since a later change within the same clock tick of the file
            system would not show.
        busy_seconds: how long to wait for another process that writes the cache.
        thumbnail: longer side, in pixels, of the pictures in an HTML report.
        crowd: candidates of one picture in memory; more are searched for again.
        misses: different pictures in a row, nearest first, after which a reference is finished.
        weight_step: the factor between coded sizes that counts as a difference in quality.
    """

    held_bytes: int = 100 * 2**20
    working_bytes: int = 220 * 2**20
    bytes_per_pixel: int = 16
    peek: int = 4096
    ahead: int = 8
    batch: int = 500
    batch_seconds: float = 2.0
    settle_ns: int = 2_000_000_000
    busy_seconds: float = 30.0
    thumbnail: int = 160
    crowd: int = 256
    misses: int = 24
    weight_step: float = 1.3


LOSSLESS = 4

GRADES: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("PNG", "TIFF", "BMP", "PPM", "TGA", "PSD", "QOI", "SGI", "SUN", "PCX"), LOSSLESS),
        "HEIF": 3,
        **dict.fromkeys(("JPEG", "JPEG2000"), 2),
        **dict.fromkeys(("WEBP", "AVIF"), 1),
    }
)
"""2026-11: the rank of a format as the likely original, among pictures of one size; LOSSLESS formats are first,
others are 0. Chosen."""

COLLECTION = CollectionLimits()
"""2026-11: chosen for 400 MB in all, measured by bench/collection_memory.py; settle_ns is FAT's clock tick; `misses` so
that thousands of look-alikes take minutes, measured by bench/walk_speed.py."""


@dataclass(frozen=True, slots=True)
class PytestLimits:
    """The limits of the pytest plugin.

    Attributes:
        rest_seconds: how long a page may take to match its baseline or come to rest.
        pauses: seconds between two shots of a page; the last one repeats.
        name_letters: the longest name of a baseline; longer ones are cut, and get a digest.
        stale_seconds: the age from which on temporary files of killed runs are removed.
        places: the number of changed places in a message.
        inlined_bytes: the total size of pictures within one report; others are linked.
    """

    rest_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
    name_letters: int = 120
    stale_seconds: float = 600.0
    places: int = 4
    inlined_bytes: int = 96 * 2**20


PYTEST = PytestLimits()
"""2026-11-23: chosen, not calibrated; 5 s is what Playwright waits for, and browsers open pages of 128 MB."""
