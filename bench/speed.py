"""Time and memory of samepic against its peers, in turns, as CPU time of whole processes or of one call.

    python -m bench.speed compare [--rounds N] [--odiff PATH] [--magick PATH]
    python -m bench.speed fingerprint ...    (see bench/fingerprint_speed.py)

compare: two 12 MP JPEGs (one saved again from the other). In one process: `compare` with and without re-enactment and
visibility against Pillow decoding both. As whole processes: `samepic compare` against ImageMagick's `compare -metric
RMSE` and odiff. Peers that are not there are told to be absent.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2
from PIL import Image

from bench.common import data_folder, header, photos

WIDTH, HEIGHT = 4000, 3000


def mosaic(folder: Path) -> Path:
    """Return a 4000x3000 JPEG of quality 90 made of real photographs laid side by side at twice their size."""
    data = data_folder()
    files = (
        photos(data)[:200]
        if data
        else sorted((Path(__file__).parent.parent / "examples/photos").glob("*.*g"))
    )
    canvas = Image.new("RGB", (WIDTH, HEIGHT))
    x = y = row = number = 0
    while y < HEIGHT:
        with Image.open(files[number % len(files)]) as image:
            tile = image.convert("RGB")
        tile = tile.resize((2 * tile.width, 2 * tile.height), Image.Resampling.BICUBIC)
        canvas.paste(tile, (x, y))
        x, row, number = x + tile.width, max(row, tile.height), number + 1
        if x >= WIDTH:
            x, y, row = 0, y + row, 0
    path = folder / "a.jpg"
    canvas.save(path, quality=90)
    return path


def in_turns(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Return the median CPU milliseconds of each call, all of them once a round."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name].append((time.process_time() - start) * 1000)
    return {name: statistics.median(values) for name, values in times.items()}


def whole_process(command: Sequence[str]) -> tuple[float, float]:
    """Run a command; return its CPU milliseconds, user and system, and its peak memory in MB.

    A small process stands between: a child's peak counts from that of the process that started it.
    """
    code = (
        "import os, sys\n"
        "null = os.open(os.devnull, os.O_RDWR)\n"
        "streams = [(os.POSIX_SPAWN_DUP2, null, k) for k in range(3)]\n"
        "_, _, used = os.wait4(os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=streams), 0)\n"
        "sys.stderr.write(f'{used.ru_utime + used.ru_stime} {used.ru_maxrss}')"
    )
    out = subprocess.run(
        [sys.executable, "-S", "-c", code, *command], capture_output=True, text=True, check=True
    )
    seconds, kilobytes = out.stderr.split()
    return float(seconds) * 1000, int(kilobytes) / 1024


def peak_of_compare(a: Path, b: Path) -> float:
    """Return the bytes a pixel of both pictures that `compare` adds to the peak memory of a fresh process."""
    code = (
        "import io, re, sys, samepic\n"
        "from pathlib import Path\n"
        "from PIL import Image\n"
        "peak = lambda: int(re.search(r'VmHWM:\\s*(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "small, other = io.BytesIO(), io.BytesIO()\n"
        "noise = Image.effect_noise((300, 200), 50).convert('RGB')\n"
        "noise.save(small, 'JPEG'); noise.save(other, 'JPEG', quality=60)\n"
        "samepic.compare(small.getvalue(), other.getvalue())\n"
        "before = peak()\n"
        "samepic.compare(sys.argv[1], sys.argv[2])\n"
        "print(peak() - before)"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(a), str(b)], capture_output=True, text=True, check=True
    )
    return int(out.stdout) * 1024 / (2 * WIDTH * HEIGHT)


def compare_speed(args: argparse.Namespace) -> None:
    """Print the table of `compare` at 12 MP."""
    from samepic.api import compare
    from samepic.picture import load

    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        a = mosaic(folder)
        b = folder / "b.jpg"
        with Image.open(a) as image:
            image.save(b)

        def decode() -> None:
            for path in (a, b):
                with Image.open(path) as image:
                    image.load()

        rows = in_turns(
            {
                "Pillow decodes both": decode,
                "samepic loads both": lambda: (load(a), load(b)),
                "compare, re-enactment and visibility apart": lambda: compare(
                    a, b, prove=False, visibility=False
                ),
                "compare with re-enactment": lambda: compare(a, b, visibility=False),
                "compare with visibility": lambda: compare(a, b, prove=False),
                "compare with both, as it is by default": lambda: compare(a, b),
            },
            args.rounds,
        )
        print("\nin one process, 12 MP JPEG quality 90 against its re-save, median CPU ms\n")
        print("| | ms | times Pillow's two decodes |\n|---|---|---|")
        for what, value in rows.items():
            print(f"| {what} | {value:.0f} | {value / rows['Pillow decodes both']:.2f} |")
        processes(args, a, b)
        print(f"\npeak memory of `compare`, both included: {peak_of_compare(a, b):.1f} bytes a pixel of both")


def processes(args: argparse.Namespace, a: Path, b: Path) -> None:
    """Print whole-process CPU time and memory of samepic and its peers on the same pair."""
    script = Path(sys.executable).with_name("samepic")
    out = a.with_name("diff.png")
    fast = (
        "import sys, samepic, cv2; cv2.setNumThreads(1); "
        "samepic.compare(sys.argv[1], sys.argv[2], prove=False, visibility=False)"
    )
    commands: dict[str, list[str]] = {
        "samepic compare (command line, re-enactment and visibility included)": [
            str(script),
            "compare",
            str(a),
            str(b),
        ],
        "samepic.compare, both apart (a Python process)": [
            sys.executable,
            "-c",
            fast,
            str(a),
            str(b),
        ],
        "ImageMagick compare -metric RMSE": [args.magick, "-metric", "RMSE", str(a), str(b), "null:"],
        "odiff": [args.odiff, str(a), str(b), str(out)],
    }
    here = {name: command for name, command in commands.items() if shutil.which(command[0])}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in here}
    for _ in range(args.rounds):
        for name, command in here.items():
            found[name].append(whole_process(command))
    print("\nwhole processes on the same pair, median\n\n| | CPU ms | peak MB |\n|---|---|---|")
    for name in commands:
        if name in found:
            cpu, memory = (statistics.median(values) for values in zip(*found[name], strict=True))
            print(f"| {name} | {cpu:.0f} | {memory:.0f} |")
        else:
            print(f"| {name} | absent | |")


def main() -> int:
    """Run the part asked for."""
    if sys.argv[1:2] == ["fingerprint"]:
        from bench import fingerprint_speed

        sys.argv = [sys.argv[0], *sys.argv[2:]]
        return int(fingerprint_speed.main() or 0)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["compare"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--odiff", default="odiff")
    parser.add_argument("--magick", default="compare")
    args = parser.parse_args()
    print(header())
    compare_speed(args)
    return 0


if __name__ == "__main__":
    sys.exit(main())
