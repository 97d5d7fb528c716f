"""Time and memory of samepic against its peers, in turns, as CPU time of whole processes or of one call.

    python -m bench speed compare [--rounds N] [--odiff PATH] [--magick PATH]
    python -m bench speed fingerprint [--rounds N] [--pictures N]
    python -m bench speed copycode [--rounds N] [--pictures N]

compare: two 12 MP JPEGs (one saved again from the other). In one process: `compare` with and without re-enactment and
visibility against Pillow decoding both. As whole processes: `samepic compare` against ImageMagick's `compare -metric
RMSE` and odiff. fingerprint: files of 12 MP, baseline and progressive, made of the largest photographs; photographs
saved as 500x375, 4:2:0; 0.2 MP JPEGs as they are. Each call opens its file by path; the decoder's row is the floor: the
picture at 1/8, the file read and hashed with SHA-256. copycode: the code by its steps, of photographs as decoded, in
turns with ORB and a decode. Peers are those of the running Python or the path; absent ones are told. One thread.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import simplejpeg
from PIL import Image

from bench.common import (
    ROOT,
    data_folder,
    encoded,
    head,
    in_turns,
    measured,
    option,
    photo_names,
    photos,
    rgb_of,
    row,
    wanted_data,
)
from bench.family_base import Pixels
from bench.sources import half_of, pixels_of
from samepic.api import compare
from samepic.fingerprints import fingerprint
from samepic.fingerprints.copycode import copycode, copycodes, network_input
from samepic.fingerprints.insets import insets
from samepic.native import native
from samepic.picture import load

Call = Callable[[Path], object]
WIDTH, HEIGHT = 4000, 3000
_ORB = "ORB of 500 points"

OPTIONS = (
    option("part", choices=("compare", "fingerprint", "copycode")),
    option("--rounds", 7),
    option("--pictures", 40, help="small files, or photographs"),
    option("--odiff", "odiff"),
    option("--magick", "compare"),
)


def mosaic(folder: Path) -> Path:
    """Return a 4000x3000 JPEG of quality 90 made of real photographs laid side by side at twice their size."""
    data = data_folder()
    files = photos(data)[:200] if data else sorted((ROOT / "examples/photos").glob("*.*g"))
    canvas = Image.new("RGB", (WIDTH, HEIGHT))
    x = y = tallest = number = 0
    while y < HEIGHT:
        tile = rgb_of(files[number % len(files)])
        tile = tile.resize((2 * tile.width, 2 * tile.height), Image.Resampling.BICUBIC)
        canvas.paste(tile, (x, y))
        x, tallest, number = x + tile.width, max(tallest, tile.height), number + 1
        if x >= WIDTH:
            x, y, tallest = 0, y + tallest, 0
    path = folder / "a.jpg"
    canvas.save(path, quality=90)
    return path


def peak_of(begin: str, call: str, *given: object) -> int:
    """Return the bytes that the code `call` adds to the peak memory of a fresh process that ran `begin`."""
    code = (
        "import re, sys\nfrom pathlib import Path\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        f"{begin}\nbefore = peak()\n{call}\nprint(peak() - before)"
    )
    command = [sys.executable, "-c", code, *map(str, given)]
    return 1024 * int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


_SMALL = (
    "import samepic; from bench.common import encoded; from PIL import Image\n"
    "noise = Image.effect_noise((300, 200), 50).convert('RGB')\n"
    "samepic.compare(encoded(noise), encoded(noise, quality=60))"
)


def compare_speed(args: argparse.Namespace) -> None:
    """Print the tables of `compare` at 12 MP."""
    with tempfile.TemporaryDirectory() as name:
        a = mosaic(Path(name))
        b = a.with_name("b.jpg")
        rgb_of(a).save(b)
        calls: dict[str, Callable[[], object]] = {
            "Pillow decodes both": lambda: [Image.open(path).load() for path in (a, b)],
            "samepic loads both": lambda: (load(a), load(b)),
            "`compare`, neither": lambda: compare(a, b, prove=False, visibility=False),
            "`compare` with re-enactment": lambda: compare(a, b, visibility=False),
            "`compare` with visibility": lambda: compare(a, b, prove=False),
            "`compare` with both, as it is by default": lambda: compare(a, b),
        }
        found = {what: statistics.median(times) for what, times in in_turns(calls, args.rounds).items()}
        print("in one process, 12 MP JPEG quality 90 against its re-save, median CPU ms\n")
        head("", "ms", "times Pillow's two decodes")
        for what, ms in found.items():
            row(what, f"{ms:.0f}", f"{ms / found['Pillow decodes both']:.2f}")
        _processes(args, str(a), str(b))
        peak = peak_of(_SMALL, "samepic.compare(sys.argv[1], sys.argv[2])", a, b) / (2 * WIDTH * HEIGHT)
        print(f"\npeak memory of `compare`, both included: {peak:.1f} bytes a pixel of both")


def _processes(args: argparse.Namespace, a: str, b: str) -> None:
    """Print whole-process CPU time and memory of samepic and its peers on the same pair."""
    fast = (
        "import sys, samepic, cv2; cv2.setNumThreads(1); "
        "samepic.compare(sys.argv[1], sys.argv[2], prove=False, visibility=False)"
    )
    commands = {
        "`samepic compare`, both included": [sys.executable, "-m", "samepic", "compare", a, b],
        "a Python process that calls `samepic.compare`, neither": [sys.executable, "-c", fast, a, b],
        "ImageMagick `compare -metric RMSE`": [args.magick, "-metric", "RMSE", a, b, "null:"],
        "odiff": [args.odiff, a, b, str(Path(a).with_name("diff.png"))],
    }
    print("\nwhole processes on the same pair, median\n")
    here = {name: command for name, command in commands.items() if shutil.which(command[0])}
    # Peers end with a status of their own where the pictures differ.
    runs = [
        {name: measured(command, fine=range(64)) for name, command in here.items()}
        for _ in range(args.rounds)
    ]
    head("", "CPU ms", "peak MB")
    for name in commands:
        if mine := [used[name] for used in runs if name in used]:
            cpu, peak = (statistics.median(getattr(used, what) for used in mine) for what in ("cpu", "peak"))
            row(name, f"{1000 * cpu:.0f}", f"{peak:.0f}")
        else:
            row(name, "absent", "")


def decoded_eighth(path: Path) -> object:
    """Decode at 1/8, gray, with the file read and hashed: what no fingerprint can do without."""
    data = path.read_bytes()
    hashlib.sha256(data).digest()
    return simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=1)


def _turbojpeg(module: ModuleType) -> Call:
    decoder = module.TurboJPEG()
    options = {"pixel_format": module.TJPF_GRAY, "scaling_factor": (1, 8)}
    return lambda path: decoder.decode(path.read_bytes(), **options)


def _libphash(module: ModuleType, **options: int) -> Call:
    context = module.ImageContext(module.Config(**options))
    return lambda path: (context.load_file(str(path)), context.phash())


def _imagededup(module: ModuleType) -> Call:
    hasher = module.PHash(verbose=False)
    return lambda path: hasher.encode_image(image_file=path)


def _perception(module: ModuleType) -> Call:
    hasher = module.PDQHash()
    return lambda path: hasher.compute(str(path))


PEERS: dict[str, tuple[str, Callable[[ModuleType], Call]]] = {
    "turbojpeg": ("turbojpeg", _turbojpeg),
    "imagehash": ("imagehash", lambda module: lambda path: module.phash(Image.open(path))),
    "imagededup": ("imagededup.methods", _imagededup),
    "imgdd": ("imgdd", lambda module: lambda path: module.hash(path=str(path.parent), algo="phash")),
    "libphash": ("libphash", _libphash),
    "libphash scale 8": ("libphash", partial(_libphash, decode_scale=8)),
    "pdqhash": ("pdqhash", lambda module: lambda path: module.compute(np.asarray(rgb_of(path)))),
    "threatexchange": ("threatexchange.signal_type.pdq.pdq_hasher", lambda module: module.pdq_from_file),
    "perception": ("perception.hashers", _perception),
}
"""Each peer's module, and what makes its call of it."""


def _calls() -> dict[str, Call]:
    """Return samepic, the floor, and every peer that is installed; tell which are not."""
    found: dict[str, Call] = {"samepic": fingerprint, "1/8 + read + sha256": decoded_eighth}
    for name, (module, made_of) in PEERS.items():
        try:
            found[name] = made_of(import_module(module))
        except (ImportError, AttributeError, RuntimeError) as error:
            print(f"{name}: absent ({error})")
    return found


def _files(folder: Path, data: Path, most: int) -> dict[str, list[Path]]:
    """Write the four sets below `folder`, one file a folder, and return their paths."""
    sets: dict[str, list[Path]] = {}

    def keep(name: str, content: bytes) -> None:
        path = folder / name / str(len(sets.setdefault(name, []))) / "photo.jpg"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        sets[name].append(path)

    every = [path for path in data.rglob("*.jp*g") if "hostile" not in path.parts]
    for source in sorted(every, key=lambda path: (-path.stat().st_size, path))[:4]:
        large = rgb_of(source).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        for name, progressive in (("12 MP baseline", False), ("12 MP progressive", True)):
            keep(name, encoded(large, quality=90, progressive=progressive))
    for source in [path for path in photos(data) if "imagenet" in str(path.parent)][:most]:
        small = rgb_of(source).resize((500, 375), Image.Resampling.LANCZOS)
        keep("500x375", encoded(small, quality=90, subsampling="4:2:0"))
    for source in (path for path in photos(data) if path.suffix.lower() != ".png"):
        with Image.open(source) as image:
            fits = 0.17e6 < image.width * image.height < 0.23e6
        if fits and len(sets.get("0.2 MP", ())) < most:
            keep("0.2 MP", source.read_bytes())
    return sets


def fingerprint_speed(args: argparse.Namespace) -> None:
    """Print CPU milliseconds a file of each set, the mean of medians."""
    print(f"native part: {'built' if native else 'absent'}")
    calls = _calls()
    with tempfile.TemporaryDirectory() as folder:
        sets = _files(Path(folder), wanted_data(), args.pictures)
        for name, files in sets.items():
            in_turns(calls, 1, files[0])
            each = [in_turns(calls, args.rounds, path) for path in files]
            mean = {call: statistics.mean(statistics.median(one[call]) for one in each) for call in calls}
            print(f"\n{name}, {len(files)} files\n")
            head("", "CPU ms", "of samepic")
            for call, ms in mean.items():
                row(call, f"{ms:.2f}", f"{ms / mean['samepic']:.2f}")


def _orb(rgb: Pixels) -> object:
    gray = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return cv2.ORB.create(500).detectAndCompute(gray, None)


def _middling(count: int) -> list[Pixels]:
    """Return photographs of the test half with 300 to 500 pixels on the shorter side, evenly spread."""
    names = [name for name in photo_names(wanted_data()) if half_of(name) == "test"]
    found = [pixels_of(name) for name in names[:: max(1, len(names) // (2 * count))]]
    return [rgb for rgb in found if 300 <= min(rgb.shape[:2]) <= 500][:count]


def copycode_speed(args: argparse.Namespace) -> None:
    """Print least, median and mean of each step, and the median of each picture's ratio to ORB beside it."""
    rgbs = _middling(args.pictures)
    large = encoded(cv2.resize(rgbs[0], (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC), quality=90)
    steps: dict[str, Callable[..., object]] = {
        "made ready for the network": network_input,
        "code and those of the quarters": copycode,
        "insets sought": insets,
        "all codes, insets' too": copycodes,
        _ORB: _orb,
        "12 MP JPEG at 1/8, gray": lambda _: simplejpeg.decode_jpeg(
            large, "GRAY", min_height=375, min_width=500, min_factor=1
        ),
    }
    taken = [in_turns(steps, args.rounds, rgb) for rgb in rgbs]
    each = np.mean([len(insets(rgb)) for rgb in rgbs])
    print(f"{len(rgbs)} photographs, {args.rounds} rounds, {each:.2f} insets a picture\n")
    head("CPU ms", "least", "median", "mean", "ratio to ORB")
    for name in steps:
        found = [one[name] for one in taken]
        ratio = statistics.median(min(one[name]) / min(one[_ORB]) for one in taken)
        row(name, *(f"{kind(found):.1f}" for kind in (np.min, np.median, np.mean)), f"{ratio:.2f}")


def main(args: argparse.Namespace) -> None:
    """Run the part asked for."""
    cv2.setNumThreads(1)
    {"compare": compare_speed, "fingerprint": fingerprint_speed, "copycode": copycode_speed}[args.part](args)
