"""Time and memory of `samepic find` where there is much of it: a million entries, tens of thousands of pictures.

    python -m bench walk_speed [--entries N] [--pictures N] [--look-alikes N] [--keep FOLDER]

entries: files of one byte, 250 a folder, which are no pictures. First the walk alone, then `find` with an empty cache
and with a full one. pictures: distinct JPEGs of 96x96, cut from real photographs; `find` twice. look-alikes: pages of
320x240 that differ in one word, each of which is a candidate of every other and the same as none.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from bench.common import SEED, measured, option, photos, rgb_of, wanted_data

_FOLDER = 250
_WALK = (
    "import sys; from samepic.duplicates.walk import Walk; print(sum(1 for _ in Walk(sys.argv[1:]).files()))"
)


def make_entries(folder: Path, count: int) -> None:
    """Write `count` files of one byte that take no block on the disk."""
    for start in range(0, count, _FOLDER):
        below = folder / f"{start // _FOLDER // 100:03}" / f"{start // _FOLDER:05}"
        below.mkdir(parents=True)
        for number in range(start, min(start + _FOLDER, count)):
            name = os.open(below / f"note-{number:07}.txt", os.O_CREAT | os.O_WRONLY)
            os.ftruncate(name, 1)
            os.close(name)


def make_pictures(data: Path, folder: Path, count: int) -> None:
    """Write `count` distinct JPEGs, cut from real photographs at random places, half of them with red for blue."""
    chance = random.Random(SEED)
    sources = photos(data)[::2]
    each = -(-count // len(sources))
    for number in range(count):
        if number % each == 0:
            rgb = np.asarray(rgb_of(sources[number // each]))
        side = chance.randrange(64, min(200, *rgb.shape[:2]))
        top, left = chance.randrange(rgb.shape[0] - side + 1), chance.randrange(rgb.shape[1] - side + 1)
        piece = rgb[top : top + side, left : left + side, :: chance.choice((1, -1))]
        small = cv2.resize(np.ascontiguousarray(piece), (96, 96), interpolation=cv2.INTER_AREA)
        _write(folder / f"{number // 1000:03}" / f"p{number:06}.jpg", np.asarray(small, np.uint8))


def make_look_alikes(folder: Path, count: int) -> None:
    """Write `count` pages that differ in one word."""
    chance = np.random.default_rng(SEED)
    ground = cv2.resize(
        chance.integers(0, 256, (8, 10, 3), np.uint8), (320, 240), interpolation=cv2.INTER_CUBIC
    )
    for number in range(count):
        page = ground.copy()
        cv2.putText(page, f"No. {number:05}", (90, 130), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2)
        _write(folder / f"{number // 1000:03}" / f"l{number:06}.jpg", np.asarray(page, np.uint8))


def _write(path: Path, rgb: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(rgb), quality=85))


def found(folder: Path, temporary: Path, name: str) -> None:
    """Run `samepic find` with an empty and with a full cache, and print."""
    env = {"SAMEPIC_CACHE": str(temporary / f"cache-{name}")}
    command = [sys.executable, "-m", "samepic", "find", "-v", "--json", str(folder)]
    for state in ("empty", "full"):
        used = measured(command, temporary / f"{name}.{state}", env)
        print(f"{name}, {state} cache   {used}", flush=True)
    groups = (temporary / f"{name}.full").read_text().count("\n")
    same = (temporary / f"{name}.full").read_bytes() == (temporary / f"{name}.empty").read_bytes()
    print(f"{name}: {groups} lines of report, the same twice: {same}", flush=True)


OPTIONS = (
    option("--entries", 1_000_000),
    option("--pictures", 50_000),
    option("--look-alikes", 3000),
    option("--keep", type=Path, help="make the folders here, or use those that are here"),
)


def main(args: argparse.Namespace) -> None:
    """Make, walk, find and print."""
    data = wanted_data()
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        temporary, base = Path(name), args.keep or Path(name)
        for kind, count, make in (
            ("entries", args.entries, make_entries),
            ("pictures", args.pictures, partial(make_pictures, data)),
            ("look-alikes", args.look_alikes, make_look_alikes),
        ):
            folder = base / kind
            if count and not folder.is_dir():
                make(folder, count)
            if count and kind == "entries":
                used = measured([sys.executable, "-c", _WALK, str(folder)], temporary / "walk.out")
                print(f"walk alone   {used}", flush=True)
            if count:
                found(folder, temporary, kind)
