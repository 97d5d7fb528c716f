"""Real flags, emoji and icons as pictures, where someone has fetched them: build/art/PACK/NAME.png.

    python -m bench art [flag-icons openmoji ...]

fetches each package with `npm pack`, draws its SVG files at 400 pixels with `rsvg-convert` and writes PNGs below
build/art, which git ignores. `art_twins` pairs the most alike of one pack and half.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tarfile
import tempfile
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.common import ROOT, option
from bench.family_base import Pixels, Right, Rng
from bench.pairs import Twins
from bench.pictures import half_of

FOLDER = ROOT / "build" / "art"
PACKS = {
    "flag-icons": "package/flags/4x3/",
    "openmoji": "package/color/svg/",
    "@tabler/icons": "package/icons/outline/",
    "bootstrap-icons": "package/icons/",
}
"""Packages and the folder of their drawings."""
_MOST = 1200
_SIDE = 400
_WIDTHS = (24, 32, 48, 64, 96, 160, 240, 400)
_CLEAR = 0.012
_SKIN = re.compile("1F3F[BCDE]")
"""Emoji in all but the darkest skin: else most pairs would be one drawing in two skins."""


def fetch(package: str, most: int = _MOST) -> int:
    """Fetch a package and draw up to `most` of its pictures, those spread evenly by name; return how many."""
    target = FOLDER / package.replace("/", "-").lstrip("@")
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", package, "--silent", "--pack-destination", folder], check=True)
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as packed:
            packed.extractall(folder, filter="data")
        drawings = sorted((Path(folder) / PACKS[package]).glob("*.svg"))
        # Neighbors by name are often variants of one drawing, so whole runs of eight are kept.
        keep = max(1, -(-len(drawings) // most))
        for drawing in (one for index, one in enumerate(drawings) if index // 8 % keep == 0):
            picture = target / f"{drawing.stem}.png"
            options = ["-w", str(_SIDE), "-h", str(_SIDE), "--keep-aspect-ratio", "-b", "white"]
            subprocess.run(["rsvg-convert", *options, str(drawing), "-o", str(picture)], check=True)
    return len(list(target.glob("*.png")))


@lru_cache(maxsize=16)
def art_names(half: str) -> tuple[str, ...]:
    """Return "PACK/NAME.png" of every fetched picture of one half; none where nothing was fetched."""
    names = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.png"))
    return tuple(name for name in names if half_of(name) == half and not _SKIN.search(name))


@lru_cache(maxsize=64)
def art(name: str) -> Pixels:
    """Return the (h, w, 3) uint8 RGB pixels of a fetched picture."""
    with Image.open(FOLDER / name) as file:
        return np.asarray(file.convert("RGB"), np.uint8)


def _reduced(name: str) -> NDArray[np.float32]:
    gray = cv2.cvtColor(art(name), cv2.COLOR_RGB2GRAY)
    edges = cv2.morphologyEx(
        cv2.resize(gray, (96, 96), interpolation=cv2.INTER_AREA), cv2.MORPH_GRADIENT, np.ones((3, 3))
    )
    small = cv2.resize(edges, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    small -= small.mean()
    return np.asarray(small / max(1e-6, float(np.linalg.norm(small))), np.float32)


@lru_cache(maxsize=2)
def art_pairs(half: str) -> tuple[tuple[tuple[str, str], ...], ...]:
    """Return for each pack the pairs of the twelve nearest of each picture by their edges, the most alike first."""
    packs: dict[str, list[str]] = {}
    for name in art_names(half):
        packs.setdefault(name.partition("/")[0], []).append(name)
    return tuple(_nearest(names) for names in packs.values())


def _nearest(names: list[str]) -> tuple[tuple[str, str], ...]:
    vectors = np.stack([_reduced(name) for name in names])
    likeness = vectors @ vectors.T
    np.fill_diagonal(likeness, -1)
    found: dict[tuple[str, str], float] = {}
    for row, near in enumerate(np.argsort(-likeness, axis=1)[:, :12]):
        for other in near:
            a, b = sorted((names[row], names[int(other)]))
            found[a, b] = round(float(likeness[row, other]), 4)
    return tuple(sorted(found, key=lambda pair: (-found[pair], pair)))


def art_twins(half: str, number: int, rng: Rng) -> Twins:
    """Return two look-alikes of one pack at one width, from the most alike on, in which a person sees a change.

    Raises FileNotFoundError where no art was fetched.
    """
    packs = art_pairs(half)
    if not packs:
        raise FileNotFoundError("no art: run `python -m bench art` first")
    # Packs take turns; numbers go down the list in steps, so that one drawing's many variants are not all there is.
    pairs = packs[number % len(packs)]
    for step in range(200):
        a, b = pairs[(number // len(packs) * 5 + step * 11) % len(pairs)]
        one, two = art(a), art(b)
        if abs(one.shape[0] - two.shape[0]) > 2:
            continue
        width = int(rng.choice(_WIDTHS))
        height = max(8, round(width * one.shape[0] / one.shape[1]))
        size, how = (width, height), Image.Resampling.LANCZOS
        small = [np.asarray(Image.fromarray(whole).resize(size, how), np.uint8) for whole in (one, two)]
        if (cv2.absdiff(small[0], small[1]).max(axis=2) >= 70).mean() >= _CLEAR:
            return Twins(
                f"{a.partition('/')[0]} {width} px", small[0], small[1], Right.APART, style="icon", least=0.7
            )
    raise LookupError(f"no two pictures of {half} that can be told from each other")


OPTIONS = (option("packages", [*PACKS], nargs="*"),)


def main(args: argparse.Namespace) -> None:
    """Fetch what is named, or everything."""
    for package in args.packages:
        print(package, fetch(package))
