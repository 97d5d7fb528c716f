"""Peak memory of `samepic find` in a folder of 12 MP photographs, and whether every copy is found.

    python -m bench collection_memory [--photos N] [--jobs N [N ...]] [--keep FOLDER]

Makes N photographs of 4000x3000 from the largest real ones, each with four copies: JPEG 75, progressive JPEG 85, half
the size at 80, and WebP 80; the first two have a PNG too. Runs `samepic find --no-cache` in a process of its own for
each number of threads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from PIL import Image

from bench.common import groups_of, measured, option, photos, wanted_data

SIZE = (4000, 3000)
_WITH_PNG = 2


def make(data: Path, folder: Path, count: int) -> None:
    """Write the photographs and their copies into `folder`, one name a photograph."""
    folder.mkdir(parents=True)
    for number, source in enumerate(sorted(photos(data), key=lambda path: -path.stat().st_size)[:count]):
        with Image.open(source) as opened:
            turned = opened.transpose(Image.Transpose.ROTATE_90) if opened.height > opened.width else opened
            large = turned.convert("RGB").resize(SIZE, Image.Resampling.LANCZOS)
        half = large.resize((SIZE[0] // 2, SIZE[1] // 2), Image.Resampling.LANCZOS)
        name = str(folder / f"p{number:03}")
        large.save(f"{name}-0.jpg", quality=92)
        large.save(f"{name}-1.jpg", quality=75)
        large.save(f"{name}-2.jpg", quality=85, progressive=True)
        half.save(f"{name}-3.jpg", quality=80)
        large.save(f"{name}-4.webp", quality=80, method=2)
        if number < _WITH_PNG:
            large.save(f"{name}-5.png", compress_level=1)


def score(report: Path) -> tuple[int, int]:
    """Return how many copies are in the group of their photograph, and how many in another's."""
    right = wrong = 0
    for group in groups_of(report):
        own, *names = (Path(path).name.partition("-")[0] for path in group)
        right += names.count(own)
        wrong += len(names) - names.count(own)
    return right, wrong


OPTIONS = (
    option("--photos", 10),
    option("--jobs", [1, 2, 4, 8], type=int, nargs="+"),
    option("--keep", type=Path, help="make the folder here, or use the one that is here"),
)


def main(args: argparse.Namespace) -> None:
    """Make, find and print."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as temporary:
        folder = args.keep or Path(temporary) / "large"
        if not folder.is_dir():
            make(wanted_data(), folder, args.photos)
        files = sorted(folder.iterdir())
        copies = len(files) - len({path.name.partition("-")[0] for path in files})
        print(f"{len(files)} files, {copies} of them copies")
        for jobs in args.jobs:
            out = Path(temporary) / f"{jobs}.jsonl"
            command = [sys.executable, "-m", "samepic", "find", "--no-cache", "--json", "--jobs", str(jobs)]
            used = measured([*command, str(folder)], out)
            right, wrong = score(out)
            print(f"{jobs} threads  {used}, {right} of {copies} copies found, {wrong} wrong")
