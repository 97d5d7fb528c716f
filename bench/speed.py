"""CPU time of one call of samepic against its peers, in turns, on one thread; and the memory of `compare`.

    python -m bench speed [compare|fingerprint|copycode|search|verify|many ...] [--rounds N] [--pictures N]

compare: two 12 MP JPEGs, one saved again from the other, against Pillow decoding both. fingerprint: files of 12 MP,
baseline and progressive, photographs at 500x375, and 0.2 MP JPEGs as they are; each call opens its file by path, and
the floor is the picture decoded at 1/8, the file read and hashed. copycode: the code by its steps, beside ORB and a
decode. search: random codes, beside faiss, whose answers must be the same, and NumPy in one piece. verify: `compare` on
pictures of 320 px by what it takes to settle them, beside ORB with RANSAC. many: so many pairs of photographs in one
process, in two, on two threads, and by `compare_many`. Peers are those of the running Python.
"""

from __future__ import annotations

import argparse
import hashlib
import math
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from bench.common import (
    SEED,
    against,
    counted,
    encoded,
    head,
    in_turns,
    largest,
    measured,
    option,
    photos,
    rgb_of,
    row,
)
from bench.families import alter
from bench.family_base import Pixels
from bench.pairs import resized
from bench.pictures import names_of, pixels_of
from bench.steps import turn_of, warped
from samepic import hamming
from samepic.api import compare, compare_pictures
from samepic.fingerprints import fingerprint
from samepic.fingerprints.copycode import copycode, copycodes, squared
from samepic.fingerprints.insets import insets
from samepic.native import native
from samepic.pairs import compare_many
from samepic.picture import load
from samepic.tuning.search import SEARCH
from samepic.verdict import Verdict
from samepic.verify.features import forget_features

Call = Callable[[Path], object]
WIDTH, HEIGHT = 4000, 3000
_LANCZOS = Image.Resampling.LANCZOS
_ORB = "ORB of 500 points"
_NEAREST = 10

OPTIONS = (
    option("--rounds", 7),
    option("--pictures", 40, help="small files, or photographs"),
    option("--codes", [1_000_000, 10_000_000], type=int, nargs="+"),
    option("--queries", 25),
    option("--pairs", 1000),
)


def _large(count: int) -> list[Image.Image]:
    """Return so many of the largest photographs at 12 megapixels."""
    return [rgb_of(path).resize((WIDTH, HEIGHT), _LANCZOS) for path in largest(count)]


_CALL = "import sys, samepic, cv2; cv2.setNumThreads(1); samepic.compare(*sys.argv[1:])"


def compare_speed(args: argparse.Namespace) -> None:
    """Print the tables of `compare` at 12 MP."""
    with tempfile.TemporaryDirectory() as name:
        a, b, small = (f"{name}/{one}.jpg" for one in ("a", "b", "small"))
        _large(1)[0].save(a, quality=90)
        rgb_of(Path(a)).save(b)
        rgb_of(Path(a)).resize((300, 200)).save(small)
        calls: dict[str, Callable[[], object]] = {
            "Pillow decodes both": lambda: [Image.open(path).load() for path in (a, b)],
            "samepic loads both": lambda: (load(a), load(b)),
            "`compare`, neither": lambda: compare(a, b, prove=False, visibility=False),
            "`compare` with re-enactment": lambda: compare(a, b, visibility=False),
            "`compare` with visibility": lambda: compare(a, b, prove=False),
            "`compare` with both, as it is by default": lambda: compare(a, b),
        }
        print("in one process, 12 MP JPEG quality 90 against its re-save\n")
        against(in_turns(calls, args.rounds), "Pillow decodes both")
        peaks = [measured([sys.executable, "-c", _CALL, *two]).peak for two in ((small, small), (a, b))]
        each = (peaks[1] - peaks[0]) * 2**20 / (2 * WIDTH * HEIGHT)
        print(f"\npeak memory that `compare` adds, both included: {each:.1f} bytes a pixel of both")


def decoded_eighth(path: Path) -> object:
    """Decode at 1/8, gray, with the file read and hashed: what no fingerprint can do without."""
    data = path.read_bytes()
    hashlib.sha256(data).digest()
    return simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=1)


def _perception(module: ModuleType) -> Call:
    hasher = module.PDQHash()
    return lambda path: hasher.compute(str(path))


PEERS: dict[str, tuple[str, Callable[[ModuleType], Call]]] = {
    "imagehash": ("imagehash", lambda module: lambda path: module.phash(Image.open(path))),
    "pdqhash": ("pdqhash", lambda module: lambda path: module.compute(np.asarray(rgb_of(path)))),
    "threatexchange": ("threatexchange.signal_type.pdq.pdq_hasher", lambda module: module.pdq_from_file),
    "perception": ("perception.hashers", _perception),
}
"""Each peer's module, and what makes its call of it."""


def _installed() -> dict[str, Call]:
    """Return every peer that is installed; tell which are not."""
    found: dict[str, Call] = {}
    for name, (module, made_of) in PEERS.items():
        try:
            found[name] = made_of(import_module(module))
        except (ImportError, AttributeError, RuntimeError) as error:
            print(f"{name}: absent ({error})")
    return found


def _files(folder: Path, most: int) -> dict[str, list[Path]]:
    """Write the four sets below `folder`, one file a folder, and return their paths."""
    sets: dict[str, list[Path]] = {}

    def keep(name: str, content: bytes) -> None:
        path = folder / name / str(len(sets.setdefault(name, []))) / "photo.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        sets[name].append(path)

    for large in _large(4):
        for name, progressive in (("12 MP baseline", False), ("12 MP progressive", True)):
            keep(name, encoded(large, quality=90, progressive=progressive))
    for source in [path for path in photos() if "imagenet" in str(path.parent)][:most]:
        small = rgb_of(source).resize((500, 375), _LANCZOS)
        keep("500x375", encoded(small, quality=90, subsampling="4:2:0"))
    for source in (path for path in photos() if path.suffix.lower() != ".png"):
        with Image.open(source) as image:
            fits = 0.17e6 < image.width * image.height < 0.23e6
        if fits and len(sets.get("0.2 MP", ())) < most:
            keep("0.2 MP", source.read_bytes())
    return sets


def fingerprint_speed(args: argparse.Namespace) -> None:
    """Print CPU milliseconds a file of each set, of the medians of its files."""
    print(f"native part: {'built' if native else 'absent'}")
    calls: dict[str, Call] = {
        "samepic": fingerprint,
        "1/8 + read + sha256": decoded_eighth,
        "samepic, all copy codes too": partial(fingerprint, copycode=True),
        **_installed(),
    }
    with tempfile.TemporaryDirectory() as folder:
        for name, files in _files(Path(folder), args.pictures).items():
            print(f"\n{name}, {len(files)} files\n")
            against(_medians(calls, args.rounds, files), "samepic")


def _medians(
    calls: Mapping[str, Callable[..., object]], rounds: int, given: Sequence[object]
) -> dict[str, list[float]]:
    """Return the median time of each call for each of what is given, once all of them ran on the first."""
    in_turns(calls, 1, given[0])
    each = [in_turns(calls, rounds, one) for one in given]
    return {name: [statistics.median(one[name]) for one in each] for name in calls}


def _points(rgb: Pixels) -> tuple[Sequence[cv2.KeyPoint], NDArray[np.uint8] | None]:
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return cv2.ORB.create(500).detectAndCompute(gray, None)  # type: ignore[return-value]


def copycode_speed(args: argparse.Namespace) -> None:
    """Print each step of the copy code on photographs of the test half, 300 to 500 pixels on the shorter side."""
    names = names_of("photos", "test")[: 4 * args.pictures]
    rgbs = [rgb for name in names if 300 <= min((rgb := pixels_of(name)).shape[:2]) <= 500][: args.pictures]
    large = encoded(cv2.resize(rgbs[0], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), quality=90)
    eighth = {"min_height": 375, "min_width": 500, "min_factor": 1}
    steps: dict[str, Callable[..., object]] = {
        "made a square for the network": squared,
        "code and those of the quarters": copycode,
        "insets sought": insets,
        "all codes, insets' too": copycodes,
        _ORB: _points,
        "12 MP JPEG at 1/8, gray": lambda _: simplejpeg.decode_jpeg(large, "GRAY", **eighth),
    }
    each = np.mean([len(insets(rgb)) for rgb in rgbs])
    print(f"{len(rgbs)} photographs, {args.rounds} rounds, {each:.2f} insets a picture\n")
    against(_medians(steps, args.rounds, rgbs), _ORB)


def search_speed(args: argparse.Namespace) -> None:
    """Print what a query over so many 256-bit codes takes."""
    print(f"native part: {'built' if native else 'absent'}")
    for n in args.codes:
        random = np.random.default_rng(SEED)
        raw = random.integers(0, 256, (n, 32), dtype=np.uint8)
        asked = random.integers(0, 256, (args.queries, 32), dtype=np.uint8)
        codes, start = hamming.Codes(), time.process_time()
        codes.add(np.arange(n), raw)
        print(f"\n{n:,} codes, added in {(time.process_time() - start) * 1000:.0f} ms\n")
        calls = _searches(codes, raw)
        times = [in_turns(calls, 1, query) for query in asked]
        against({name: [one[name][0] for one in times] for name in times[0]}, f"nearest {_NEAREST}")


def _searches(codes: hamming.Codes, raw: NDArray[np.uint8]) -> dict[str, Callable[..., object]]:
    """Return every way to search the codes for one."""

    def plain(query: NDArray[np.uint8]) -> object:
        mixed = np.bitwise_count(raw.view(np.uint64) ^ query.view(np.uint64)).sum(axis=1, dtype=np.uint16)
        return np.argpartition(mixed, _NEAREST)[:_NEAREST]

    def slowly(call: Callable[..., object], query: NDArray[np.uint8]) -> object:
        with patch.object(hamming, "native", None):
            return call(query)

    calls: dict[str, Callable[..., object]] = {
        f"nearest {_NEAREST}": lambda query: codes.nearest(query, _NEAREST),
        f"within {SEARCH.radius}": lambda query: codes.within(query, SEARCH.radius),
    }
    calls |= {f"{name}, without the native part": partial(slowly, call) for name, call in calls.items()}
    calls["NumPy in one piece"] = plain
    try:
        faiss = import_module("faiss")
    except ImportError:
        print("faiss: absent\n")
        return calls
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(256)
    index.add(raw)
    for query in raw[:3] ^ 7:
        wanted = index.search(query[None], _NEAREST)[0][0].tolist()
        assert codes.nearest(query, _NEAREST).distances.tolist() == wanted, "distances differ from faiss's"
    return calls | {f"faiss nearest {_NEAREST}": lambda query: index.search(query[None], _NEAREST)}


def _fitted(rgb: Pixels, side: int = 320, quality: int = 90) -> bytes:
    return encoded(resized(rgb, side / max(rgb.shape[:2])), quality=quality)


def _copies(rgb: Pixels, other: Pixels, number: int) -> dict[str, bytes]:
    """Return what a photograph is compared with; `other` is another one."""
    rng, (height, width) = np.random.default_rng([SEED, number]), rgb.shape[:2]

    def made(family: str, level: str) -> Pixels:
        return alter(family, level, rgb, rng, other).rgb

    return {
        "saved again": _fitted(rgb, quality=75),
        "240 px": _fitted(rgb, 240, 85),
        "crop": _fitted(made("crop", "50 %")),
        "border": _fitted(made("border", "colour")),
        "7 degrees": _fitted(warped(rgb, turn_of(width - 1, height - 1, 7), (width, height), (0, 0, 0))),
        "perspective": _fitted(made("perspective", "slight")),
        "mirrored and cropped": _fitted(np.ascontiguousarray(made("crop", "50 %")[:, ::-1])),
        "unrelated": _fitted(other),
        "picture in picture": _fitted(made("picture in picture", "35 to 50 %")),
    }


def _inliers(a: Pixels, b: Pixels) -> int:
    """Return how many matches of ORB agree on a homography by RANSAC, as the tutorials do it."""
    (one, first), (two, second) = _points(a), _points(b)
    if first is None or second is None or min(len(one), len(two)) < 4:
        return 0
    pairs = [pair for pair in cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(first, second, k=2) if len(pair) == 2]
    good = [best for best, next_ in pairs if best.distance < 0.75 * next_.distance]
    if len(good) < 4:
        return 0
    there = np.array([one[match.queryIdx].pt for match in good], np.float32)
    here = np.array([two[match.trainIdx].pt for match in good], np.float32)
    _, hit = cv2.findHomography(here, there, cv2.RANSAC, 5.0)
    return 0 if hit is None else int(hit.sum())


def _afresh(call: Callable[[], object]) -> object:
    """Call with no features kept of the call before, which was of the same pictures."""
    forget_features()
    return call()


def _compared(first: bytes, second: bytes, rounds: int) -> tuple[dict[str, float], str]:
    """Return the median CPU milliseconds of each way on one pair, all of them once a round, and the relation."""
    a, b = load(first), load(second)
    ways: dict[str, Callable[[], object]] = {
        "decoded": lambda: compare_pictures(a, b, prove=False),
        "decoded, with proof": lambda: compare_pictures(a, b),
        "files": lambda: compare(first, second, prove=False, visibility=False),
        "files, with proof": lambda: compare(first, second, visibility=False),
        "ORB and RANSAC alone": lambda: _inliers(a.rgb, b.rgb),
    }
    afresh = {way: partial(_afresh, call) for way, call in ways.items()}
    taken = {way: statistics.median(times) for way, times in in_turns(afresh, rounds).items()}
    return taken, str(compare_pictures(a, b, prove=False).relation)


def verify_speed(args: argparse.Namespace) -> None:
    """Print what `compare` takes on pictures of 320 px, by what was done to the copy."""
    files = photos()
    spread = np.linspace(0, len(files) - 1, args.pictures).round().astype(int)
    rgbs, found = [np.asarray(rgb_of(files[at])) for at in spread], defaultdict(list)
    for number, rgb in enumerate(rgbs):
        original, copies = _fitted(rgb), _copies(rgb, rgbs[(number + 1) % len(rgbs)], number)
        for name, copy in copies.items():
            if not number:
                _compared(original, copy, 1)  # what is loaded and built once
            found[name].append(_compared(original, copy, args.rounds))
    ways = list(found["crop"][0][0])
    print(f"{args.pictures} photographs, {args.rounds} rounds; CPU ms: median / 90 % / 99 % of pairs\n")
    head("", *ways, "relations")
    for name, some in found.items():
        ends = [np.percentile([times[way] for times, _ in some], (50, 90, 99)) for way in ways]
        cells = [" / ".join(f"{value:.1f}" for value in one) for one in ends]
        row(name, *cells, counted(said for _, said in some))


def _pairs_of_files(folder: Path, count: int) -> list[tuple[str, str]]:
    """Return so many pairs of files: every other one a photograph and its re-save, the rest two photographs."""
    files, pairs = photos(), []
    for number in range(count):
        a, b = files[2 * number % len(files)], files[(2 * number + 1) % len(files)]
        if number % 2:
            b = folder / f"{number}.jpg"
            rgb_of(a).save(b, quality=75)
        pairs.append((str(a), str(b)))
    return pairs


def _share(pairs: list[tuple[str, str]]) -> tuple[int, float]:
    """Compare some pairs; return the thread, and the seconds that it took but for those it waited for a processor."""
    name, start, before = threading.get_native_id(), time.perf_counter(), _queued()
    for pair in pairs:
        compare(*pair)
    return name, time.perf_counter() - start - (_queued() - before)


def _queued() -> float:
    return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9


def _longest(pool: Executor, shares: list[list[tuple[str, str]]]) -> tuple[float, float]:
    """Return the seconds of all, and those of the worker that was busy longest, but for what it waited."""
    list(pool.map(_share, [shares[0][:1]] * 2))  # each has loaded everything
    start, busy = time.perf_counter(), dict[int, float]()
    for worker, seconds in pool.map(_share, shares):
        busy[worker] = busy.get(worker, 0.0) + seconds
    return time.perf_counter() - start, max(busy.values())


def many_speed(args: argparse.Namespace) -> None:
    """Print how the time of many comparisons falls with a second process or thread."""
    with tempfile.TemporaryDirectory() as folder:
        pairs = _pairs_of_files(Path(folder), args.pairs)
        shares = [pairs[at : at + 4] for at in range(0, len(pairs), 4)]
        spawn, found = get_context("spawn"), dict[str, tuple[float, float, float]]()
        pools: dict[str, Callable[[], Executor]] = {
            "one process": lambda: ProcessPoolExecutor(1, spawn),
            "two processes": lambda: ProcessPoolExecutor(2, spawn),
            "two threads": lambda: ThreadPoolExecutor(2),
        }
        for name, pool_of in pools.items():
            before = _computed()
            with pool_of() as pool:
                times = _longest(pool, shares)
            found[f"`compare`, {name}"] = *times, _computed() - before
        start, before = time.perf_counter(), _computed()
        assert all(isinstance(one, Verdict) for one in compare_many(pairs, jobs=2))
        taken = time.perf_counter() - start
        found["`compare_many`, two processes"] = taken, math.nan, _computed() - before
    print(f"{len(pairs)} pairs of photographs; CPU with the start of the processes\n")
    head("", "seconds", "times faster", "without waiting for a processor", "times faster", "CPU seconds")
    base = found["`compare`, one process"]
    for name, (wall, busy, cpu) in found.items():
        times_faster = f"{base[0] / wall:.2f}", f"{base[1] / busy:.2f}"
        row(name, f"{wall:.1f}", times_faster[0], f"{busy:.1f}", times_faster[1], f"{cpu:.1f}")


def _computed() -> float:
    """Return the CPU seconds of this process and of those that have ended."""
    return sum(os.times()[:4])


PARTS = {
    "compare": compare_speed,
    "fingerprint": fingerprint_speed,
    "copycode": copycode_speed,
    "search": search_speed,
    "verify": verify_speed,
    "many": many_speed,
}
