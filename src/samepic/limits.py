"""Limits of operation: the memory and time of sources, gates, workers, pages, reviews and searches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "CALIBRATION",
    "COLLECTION",
    "CONTRIB",
    "FOUND",
    "GATE",
    "GRADES",
    "INFLATED_AT_ONCE",
    "LIMITS",
    "LOSSLESS",
    "PAGES",
    "PYTEST",
    "REVIEW",
    "UPLOAD",
    "CalibrationLimits",
    "CollectionLimits",
    "ContribLimits",
    "GateLimits",
    "Limits",
    "PageLimits",
    "PytestLimits",
    "ReviewLimits",
    "ReviewPageLimits",
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


@dataclass(frozen=True, slots=True)
class GateLimits:
    """The limits of proxies and of the gate.

    Attributes:
        proxy_side: longer side of a proxy in pixels.
        proxy_bytes: the largest proxy.
        proxy_qualities: qualities tried in turn until it fits.
        proxy_frames: frames of an animation in its proxy.
        proxy_spread: the first frames, from which these are taken.
        candidates: pictures that one upload is compared with at most, nearest first.
        alike: further candidates by the copy code; alike_inset: by that of each inset.
        alike_looked: how many of these are compared, among those that share features with the upload.
        screen_points: features of a proxy for that; screen_side: the least shorter side, in pixels, for features.
        probability: the least probability to refuse an upload; below it, the upload waits for review.
        faint_change, faint_share: a change on proxies below both, the log odds of its strongest region and the share
            of the frame, counts as compression noise; its probability is then `faint_probability`.
        faint_excess: the same for the excess over what both quantizations allow.
        lease_seconds: seconds before a pending upload of a dead process is ignored.
        poll_seconds: first and longest pause between two checks of a pending upload.
        wait_seconds: how long an upload waits for others in total.
        attempts: how often an upload restarts after losing its lease.
        flooding: the number of different uploads that match one kept picture within `flooding_seconds`, from which on
            that picture decides nothing.
        flooding_seconds: the period for that count.
        key_letters: the longest key, and the longest name of a tenant.
        busy_seconds: how long SQLite waits for another writer.
        load_rows: rows that the index reads at a time; load_readers: connections to read many rows.
        partition: numbers in a partition of the codes in PostgreSQL.
        connect_seconds: timeout of a connection to PostgreSQL; silent_seconds: timeout of a silent server.
        replica_seconds: how long a replica that did not answer is skipped.
    """

    proxy_side: int = 320
    proxy_bytes: int = 16_384
    proxy_qualities: tuple[int, ...] = (80, 70, 60, 50, 40, 30, 20, 10)
    proxy_frames: int = 4
    proxy_spread: int = 32
    candidates: int = 40
    alike: int = 6
    alike_inset: int = 2
    alike_looked: int = 2
    screen_points: int = 200
    screen_side: int = 40
    probability: float = 0.8
    faint_change: float = 12.0
    faint_excess: float = 3.0
    faint_share: float = 0.03
    faint_probability: float = 0.95
    lease_seconds: float = 15.0
    poll_seconds: tuple[float, float] = (0.005, 0.1)
    wait_seconds: float = 60.0
    attempts: int = 5
    flooding: int = 100
    flooding_seconds: float = 86_400.0
    key_letters: int = 1024
    busy_seconds: float = 60.0
    load_rows: int = 20_000
    load_readers: int = 4
    partition: int = 5_000_000
    connect_seconds: int = 10
    silent_seconds: int = 20
    replica_seconds: float = 10.0


GATE = GateLimits()
"""2026-11-23: chosen; measurements are in bench/RESULTS.md, section "E: gate".
`faint_change`, 2026-11-28: a dozen natural units of log odds, about the sum of two or three cells of noise.
`alike` and the screen: 5 ms a picture at 320 pixels; all crops to 50 % and more, borders, meme bars, mirrored and
turned copies passed, 89 % of crops to 30 %, 5 % of unrelated pictures.
"""


UPLOAD = Limits(file_bytes=128 * 2**20, pixels=100_000_000, metadata_bytes=16 * 2**20)
"""2026-11-23: the limits of an upload, chosen to fit the memory and time of a worker."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """The limits of the pages.

    Attributes:
        session_seconds: how long a browser stays signed in.
        view_side: the longest side of a picture that a page shows, in pixels.
        view_quality: the JPEG quality at which it is encoded.
        view_bytes: the largest total size of the pictures of one pair.
        days: how far back the status goes.
        refusals: how many of the latest refusals it counts.
        flooding: how many of the pictures with most refusals it names.
        sample: how many of the `newest` kept pictures the histogram of distances includes.
        nearest: how many similar kept pictures are shown for a checked one.
    """

    session_seconds: int = 12 * 3600
    view_side: int = 1200
    view_quality: int = 85
    view_bytes: int = 8 * 2**20
    nearest: int = 12
    days: int = 30
    refusals: int = 10_000
    flooding: int = 8
    sample: int = 400
    newest: int = 20_000


PAGES = PageLimits()
"""2026-11-23: chosen: a working day, and pictures that fill a window without filling a process."""


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
class ReviewLimits:
    """The limits of review queues.

    Attributes:
        lease_seconds: how long a pair stays reserved after the last sign of its reviewer.
        undo_seconds: how long a decision can be undone.
        page: the number of held pictures to read at a time for the next pair.
    """

    lease_seconds: float = 90.0
    undo_seconds: float = 86_400.0
    page: int = 100


REVIEW = ReviewLimits()
"""2026-11-23: chosen. The page renews its lease every 30 s, so that two calls may be lost."""


@dataclass(frozen=True, slots=True)
class ReviewPageLimits:
    """The limits of a review of duplicates.

    Attributes:
        groups: groups on one page.
        files: the number of files of one group to show; others are counted, and keep their marks.
        steps: files on one page of the plan.
        side: longer side of a thumbnail in pixels.
        thumbnail_bytes: the size of the thumbnail cache.
        threads: the number of thumbnails to make at once.
        field_bytes: the largest body of a request.
        finish_seconds: how long the last page is served.
    """

    groups: int = 20
    files: int = 60
    steps: int = 200
    side: int = 320
    thumbnail_bytes: int = 32 * 2**20
    threads: int = 2
    field_bytes: int = 16 * 1024
    finish_seconds: float = 1.5


FOUND = ReviewPageLimits()
"""2026-11-23: chosen; 32 MB are about 1500 thumbnails."""


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
class ContribLimits:
    """The limits of uploads through a web framework.

    Attributes:
        upload_bytes: the largest upload.
        orphan_seconds: the age from which on an unused kept picture is removed instead of refusing an upload; a younger
            one may belong to an open transaction.
        orphans: the number of such pictures that one upload removes at most.
        withdraw_seconds: how long the next request waits for a withdrawal after a rollback.
        tenants: the number of tenants whose gates a process keeps open.
        workers: the number of processes that decode uploads.
        copycode: whether to search for crops, borders and captions, which takes 20 ms more per upload.
    """

    upload_bytes: int = 20 * 2**20
    orphan_seconds: float = 3600.0
    orphans: int = 10
    withdraw_seconds: float = 10.0
    tenants: int = 64
    workers: int = 2
    copycode: bool = True


CONTRIB = ContribLimits()
"""2026-11-23: chosen, not calibrated; no transaction of a web request lasts an hour."""


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
