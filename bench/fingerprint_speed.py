"""CPU time of a fingerprint against decoders and other hashes, in turns, and what a second thread brings.

    python -m bench.fingerprint_speed [--rounds N] [--small-files N] [--seconds S]

Four sets of files: 12 MP baseline and progressive JPEGs (4000x3000, quality 90), made of the largest real photographs;
photographs of the imagenet part saved as 500x375 at quality 90, 4:2:0; and 0.2 MP JPEGs as they are.
Each call opens its file by path. Peers are those of the running Python; absent ones are told. The decoder's row is the
floor: the picture at 1/8, the file read and hashed with SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from bench.common import data_folder, header, photos
from samepic.fingerprints import fingerprint
from samepic.native import native

Call = Callable[[Path], object]
SIZE = (4000, 3000)
PDQ = ("pdqhash", "threatexchange", "perception")


def decoded_eighth(path: Path) -> object:
    """Decode at 1/8, gray, with the file read and hashed: what no fingerprint can do without."""
    data = path.read_bytes()
    hashlib.sha256(data).digest()
    return simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=1)


def _turbojpeg() -> Call:
    decoder = import_module("turbojpeg").TurboJPEG()
    gray = import_module("turbojpeg").TJPF_GRAY
    return lambda path: decoder.decode(path.read_bytes(), pixel_format=gray, scaling_factor=(1, 8))


def _imagehash() -> Call:
    phash = import_module("imagehash").phash
    return lambda path: phash(Image.open(path))


def _imagededup() -> Call:
    hasher = import_module("imagededup.methods").PHash(verbose=False)
    return lambda path: hasher.encode_image(image_file=path)


def _imgdd() -> Call:
    module = import_module("imgdd")
    return lambda path: module.hash(path=str(path.parent), algo="phash")


def _libphash(scale: str) -> Call:
    module = import_module("libphash")
    config = module.Config(decode_scale=8) if scale else module.Config()
    context = module.ImageContext(config)

    def call(path: Path) -> object:
        context.load_file(str(path))
        return context.phash()

    return call


def _pdqhash() -> Call:
    compute = import_module("pdqhash").compute
    return lambda path: compute(np.asarray(Image.open(path).convert("RGB")))


def _threatexchange() -> Call:
    hasher = import_module("threatexchange.signal_type.pdq.pdq_hasher")
    call: Call = hasher.pdq_from_file
    return call


def _perception() -> Call:
    hasher = import_module("perception.hashers").PDQHash()
    return lambda path: hasher.compute(str(path))


PEERS: dict[str, Callable[[], Call]] = {
    "turbojpeg": _turbojpeg,
    "imagehash": _imagehash,
    "imagededup": _imagededup,
    "imgdd": _imgdd,
    "libphash": lambda: _libphash(""),
    "libphash scale 8": lambda: _libphash("8"),
    "pdqhash": _pdqhash,
    "threatexchange": _threatexchange,
    "perception": _perception,
}


def calls() -> dict[str, Call]:
    """Return samepic, the floor, and every peer that is installed; tell which are not."""
    found: dict[str, Call] = {"samepic": fingerprint, "1/8 + read + sha256": decoded_eighth}
    for name, make in PEERS.items():
        try:
            found[name] = make()
        except (ImportError, AttributeError, RuntimeError) as error:
            print(f"  {name}: absent ({error})")
    return found


def make_files(folder: Path, data: Path, small_files: int) -> dict[str, list[Path]]:
    """Write the three sets below `folder`, one file a folder, and return their paths."""
    every = sorted(
        (p for p in data.rglob("*.jp*g") if "hostile" not in p.parts), key=lambda p: -p.stat().st_size
    )
    sets: dict[str, list[Path]] = {"12 MP baseline": [], "12 MP progressive": [], "0.2 MP": []}
    for number, source in enumerate(every[:4]):
        with Image.open(source) as image:
            large = image.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        for name, progressive in (("12 MP baseline", False), ("12 MP progressive", True)):
            path = folder / name / str(number) / "photo.jpg"
            path.parent.mkdir(parents=True)
            large.save(path, quality=90, progressive=progressive)
            sets[name].append(path)
    sets["500x375"] = _resaved(folder / "500x375", photos(data), small_files)
    for number, source in enumerate(p for p in photos(data) if p.suffix.lower() != ".png"):
        with Image.open(source) as image:
            fits = 0.17e6 < image.width * image.height < 0.23e6
        if fits and len(sets["0.2 MP"]) < small_files:
            path = folder / "0.2 MP" / str(number) / "photo.jpg"
            path.parent.mkdir(parents=True)
            path.write_bytes(source.read_bytes())
            sets["0.2 MP"].append(path)
    return sets


def _resaved(folder: Path, sources: Sequence[Path], most: int) -> list[Path]:
    made = []
    for number, source in enumerate([p for p in sources if "imagenet" in str(p.parent)][:most]):
        with Image.open(source) as image:
            small = image.convert("RGB").resize((500, 375), Image.Resampling.LANCZOS)
        path = folder / str(number) / "photo.jpg"
        path.parent.mkdir(parents=True)
        small.save(path, quality=90, subsampling="4:2:0")
        made.append(path)
    return made


def in_turns(files: Sequence[Path], found: dict[str, Call], rounds: int) -> dict[str, float]:
    """Return each call's CPU milliseconds a file: the mean over the files of the median over the rounds."""
    sums = dict.fromkeys(found, 0.0)
    for path in files:
        times: dict[str, list[float]] = {name: [] for name in found}
        for _ in range(rounds):
            for name, call in found.items():
                start = time.process_time()
                call(path)
                times[name].append((time.process_time() - start) * 1000)
        for name, taken in times.items():
            sums[name] += statistics.median(taken) / len(files)
    return sums


def threads_gain(files: Sequence[Path], call: Call, seconds: float, workers: int) -> float:
    """Return how many times as many files a second `workers` threads do as one; the best of three tries each."""
    best: dict[int, float] = {}
    for count in (1, workers) * 3:
        with ThreadPoolExecutor(count) as pool:
            start, done = time.perf_counter(), 0
            while time.perf_counter() - start < seconds:
                batch = list(files) * max(1, 64 // len(files)) if len(files) > 8 else list(files)
                done += sum(1 for _ in pool.map(call, batch))
            best[count] = max(best.get(count, 0.0), done / (time.perf_counter() - start))
    return best[workers] / best[1]


def show(name: str, times: dict[str, float]) -> None:
    """Print one table: CPU time a picture, and how many times samepic's that is."""
    print(f"\n{name}\n{'':24}{'CPU ms':>9}{'of samepic':>12}")
    for call, taken in times.items():
        print(f"{call:24}{taken:9.2f}{taken / times['samepic']:11.2f}x")


def main(argv: list[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--small-files", type=int, default=40)
    parser.add_argument("--seconds", type=float, default=3.0, help="for each try of the threads")
    options = parser.parse_args(argv)
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to their folder")
        return 1
    cv2.setNumThreads(1)
    print(header())
    print(f"native part: {'built' if native else 'absent'}")
    found: dict[str, Any] = calls()
    with tempfile.TemporaryDirectory() as folder:
        sets = make_files(Path(folder), data, options.small_files)
        for name, files in sets.items():
            in_turns(files[:1], found, 1)
            show(f"{name}, {len(files)} files", in_turns(files, found, options.rounds))
        print("\ntwo threads against one, files a second")
        for name, files in sets.items():
            gains = (threads_gain(files, call, options.seconds, 2) for call in (fingerprint, decoded_eighth))
            print(f"{name:24}samepic {next(gains):.2f}x, decoder {next(gains):.2f}x")
    return 0


if __name__ == "__main__":
    sys.exit(main())
