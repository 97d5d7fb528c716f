"""Limits of operation: what sources, gates, workers, pages, reviews and searches may cost in memory and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
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
    "SPARK",
    "UPLOAD",
    "WORKERS",
    "Calibration",
    "Collection",
    "ContribProfile",
    "GateProfile",
    "Limits",
    "PageLimits",
    "PytestProfile",
    "ReviewPages",
    "ReviewProfile",
    "SparkProfile",
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
"""2026-11-23: bytes of the lines of a PNG that are inflated at once; beyond, that beside all pixels is much memory."""


@dataclass(frozen=True, slots=True)
class GateProfile:
    """The bounds of proxies and of the gate.

    Attributes:
        proxy_side: longer side of a proxy in pixels.
        proxy_bytes: what a proxy may take at most.
        proxy_qualities: qualities tried in turn until it fits.
        proxy_frames: frames of an animation that its proxy shows.
        proxy_spread: frames from the beginning over which these are spread.
        candidates: pictures at most that one upload is laid over, nearest first.
        alike: pictures that the copy code may propose beside them; alike_inset: that each inset's may.
        alike_looked: how many of these are looked at, of those that share features with the upload.
        screen_points: features of a proxy for that; screen_side: pixels of its shorter side under which it has none.
        probability: least probability of a verdict on which an upload is refused; under it, it waits for review.
        faint_change, faint_share: a change seen on proxies that is under both, the odds of its strongest region and
            the share of the frame, is taken for noise of earlier coding; `faint_probability` is stated then.
        faint_excess: the same where the codings of the proxies decided: the excess over what both quantizations allow.
        lease_seconds: how long a pending upload is waited for after its process was last heard of.
        poll_seconds: first and longest pause between two looks at a pending upload.
        wait_seconds: how long an upload waits for others in all before it gives up.
        attempts: how often an upload whose lease was lost begins anew.
        flooding: different uploads that match one kept picture within `flooding_seconds` from which it decides nothing.
        flooding_seconds: how far back they are counted.
        key_letters: the longest key, and the longest name of a tenant.
        busy_seconds: how long SQLite waits for another writer.
        load_rows: rows that the index reads at a time; load_readers: connections over which it reads many of them.
        partition: numbers in a partition of the codes in PostgreSQL.
        connect_seconds: how long connecting to PostgreSQL may take; silent_seconds: how long a server that is being
            asked may give no sign at all.
        replica_seconds: how long a replica that did not answer is passed over.
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


GATE = GateProfile()
"""2026-11-23: chosen; what of it was measured is in bench/RESULTS.md, section "E: gate".
`faint_change`, 2026-11-28: a dozen natural units of log odds, about what two or three cells of noise reach together.
`alike` and the screen: 5 ms a picture at 320
pixels; of crops to 50 % and more, borders, meme bars, mirrored and turned copies all passed, of crops to 30 % 89 %, of
unrelated ones 5 %.
"""


UPLOAD = Limits(file_bytes=128 * 2**20, pixels=100_000_000, metadata_bytes=16 * 2**20)
"""2026-11-23: what an upload may declare. Chosen so that what is within them fits the memory and time of `WORKERS`."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The bounds of one worker process and of each task it is given.

    Attributes:
        upload: what a picture may declare, and how many bytes it may have.
        memory_bytes: private memory of the process, libraries' code not counted.
        cpu_seconds: processor time of one task.
        wall_seconds: time of one task from when a worker has it; then its process is killed.
        starved: share of that time which a process spent waiting for a processor, from which the machine is to blame
            for the delay and not the picture.
        start_seconds: time until a new process must be ready.
        queue_seconds: how long a task waits for a process while others have all of them.
        open_files: file descriptors of the process.
        tasks: after so many a process is replaced by a new one.
        grown_bytes: resident memory between tasks from which it is replaced.
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
class PageLimits:
    """The bounds of the pages.

    Attributes:
        session_seconds: how long a signed-in browser may ask before the token is wanted again.
        view_side: the longest side of a picture that a page shows, in pixels.
        view_quality: the JPEG quality at which it is encoded.
        view_bytes: the pictures of one pair together, at most.
        days: how far back the status goes.
        refusals: the latest refusals that are counted for it.
        flooding: how many of the pictures that refuse the most are named.
        sample: kept pictures whose distance to the nearest other one is drawn, of the `newest` ones.
        nearest: how many kept pictures are shown that are like a checked one.
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
class Calibration:
    """The constants of `samepic calibrate`.

    Attributes:
        confidence: of every interval.
        bins: equal parts of 0 to 1 that probabilities are sorted into for the reliability diagram.
        cutoffs: probabilities as stated, rising, that are tried as the least that counts as the same.
        clamp: probabilities are held this far from 0 and 1 before their logarithms are taken.
        slope_spread, intercept_spread: standard deviations of the normal prior round "rescale nothing" (1 and 0).
        least_slope: rescaling never turns the order of probabilities round.
        told: disagreements and unreadable pairs that are listed unless all are asked for.
    """

    confidence: float = 0.95
    bins: int = 10
    cutoffs: tuple[float, ...] = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
    clamp: float = 1e-6
    slope_spread: float = 0.5
    intercept_spread: float = 2.0
    least_slope: float = 0.05
    told: int = 10


CALIBRATION = Calibration()
"""2026-11: the prior weighs as much as a handful of pairs: probabilities that were right stay, four perfectly
parted pairs move nothing far, and some hundred pairs outweigh it. Chosen, not calibrated."""


@dataclass(frozen=True, slots=True)
class ReviewProfile:
    """The bounds of review queues.

    Attributes:
        lease_seconds: how long nobody else gets a pair after its reviewer was last heard of.
        undo_seconds: how long what a word changed is remembered, so that it can be taken back.
        page: held pictures that are read at a time to find the next pair.
    """

    lease_seconds: float = 90.0
    undo_seconds: float = 86_400.0
    page: int = 100


REVIEW = ReviewProfile()
"""2026-11-23: chosen. The page renews its lease every 30 s, so that two calls may be lost."""


@dataclass(frozen=True, slots=True)
class ReviewPages:
    """The bounds of a review of what find found.

    Attributes:
        groups: groups on one page.
        files: files of one group that are shown; more are counted, and keep their marks.
        steps: files on one page of the plan.
        side: longer side of a thumbnail in pixels.
        thumbnail_bytes: thumbnails that are kept in memory.
        threads: thumbnails that are made at once.
        field_bytes: the body of a request.
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


FOUND = ReviewPages()
"""2026-11-23: chosen; 32 MB are about 1500 thumbnails."""


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


@dataclass(frozen=True, slots=True)
class Collection:
    """The bounds of a search through a collection.

    Attributes:
        held_bytes: decoded pictures that all threads together keep for the next comparison.
        working_bytes: what all comparisons that run at once may take, as estimated by `bytes_per_pixel`.
        bytes_per_pixel: memory that comparing takes for each pixel of the two pictures.
        peek: bytes of a file that are read to tell whether it is a picture.
        ahead: files that are given to the threads before the first of them is done, for each thread.
        batch: rows after which the cache is committed.
        batch_seconds: seconds after which it is committed anyway.
        settle_ns: a file changed less than this long before it was read is not remembered, since a later change
            within the file system's clock tick would not show.
        busy_seconds: how long to wait for another run that writes the cache.
        thumbnail: longer side, in pixels, of the pictures in an HTML report.
        crowd: candidates of one picture that are kept in memory; more are searched for again.
        misses: candidates in a row, nearest first, that turn out to be other pictures before a reference is done with.
        weight_step: factor between coded sizes that count as different when the better of two copies is chosen.
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
"""2026-11: how far a format is trusted to be nearer the camera or the artist, among pictures of one size;
LOSSLESS is without loss, those not named are 0. Chosen."""

COLLECTION = Collection()
"""2026-11: chosen for 400 MB in all, measured by bench/collection_memory.py; settle_ns is FAT's clock tick; `misses` so
that thousands of look-alikes take minutes, measured by bench/walk_speed.py."""


@dataclass(frozen=True, slots=True)
class ContribProfile:
    """The bounds of uploads through a web framework.

    Attributes:
        upload_bytes: what an upload may take at most.
        orphan_seconds: age from which a kept picture that nothing on the site shows any more is taken out when it would
            refuse an upload; younger, it may belong to a transaction that is still open.
        orphans: such pictures at most that one upload takes out.
        withdraw_seconds: how long the next question waits for what a rollback gave back.
        tenants: gates of tenants that a process keeps open.
        workers: processes that decode uploads.
        copycode: whether crops, borders and captions are looked for, which costs an upload 20 ms more.
    """

    upload_bytes: int = 20 * 2**20
    orphan_seconds: float = 3600.0
    orphans: int = 10
    withdraw_seconds: float = 10.0
    tenants: int = 64
    workers: int = 2
    copycode: bool = True


CONTRIB = ContribProfile()
"""2026-11-23: chosen, not calibrated; no transaction of a web request lasts an hour."""


@dataclass(frozen=True, slots=True)
class PytestProfile:
    """The bounds of the pytest plugin.

    Attributes:
        rest_seconds: how long a page may take until it matches its baseline or comes to rest.
        pauses: seconds between two shots of a page; the last one repeats.
        name_letters: letters of a baseline's name; a longer one is cut, and told from others by a digest.
        stale_seconds: age from which what a killed run left half written is removed.
        places: places of change that a message lists.
        inlined_bytes: what the pictures in one report may take; those after that are linked.
    """

    rest_seconds: float = 5.0
    pauses: tuple[float, ...] = (0.1, 0.25, 0.5, 1.0)
    name_letters: int = 120
    stale_seconds: float = 600.0
    places: int = 4
    inlined_bytes: int = 96 * 2**20


PYTEST = PytestProfile()
"""2026-11-23: chosen, not calibrated; 5 s is what Playwright waits for, and browsers open pages of 128 MB."""
