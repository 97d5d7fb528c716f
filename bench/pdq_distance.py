"""How far fast PDQ is from reference PDQ, and whether reference PDQ is that of the package pdqhash.

    python -m bench pdq_distance [--every N] [--large-every N]

Distances in bits, over the photographs: as they are, saved again as a baseline and as a progressive JPEG, and (every
tenth) enlarged to 12 MP in both. With the package pdqhash installed, codes and quality are compared bit for bit on
the same pixels.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.common import encoded, head, option, photos, rgb_of, row, wanted_data
from samepic.fingerprints import fingerprint
from samepic.fingerprints.pdq import pdq_reference
from samepic.picture import load

Rgb = NDArray[np.uint8]


OPTIONS = (
    option("--every", 1, help="take every Nth photograph"),
    option("--large-every", 10, help="and of those every Nth for 12 MP"),
)


def jpeg(rgb: Rgb, *, progressive: bool) -> bytes:
    """Return a JPEG of quality 85."""
    return encoded(rgb, quality=85, progressive=progressive)


def enlarged(rgb: Rgb) -> Rgb:
    """Return the picture at 12 megapixels."""
    factor = (12e6 / (rgb.shape[0] * rgb.shape[1])) ** 0.5
    size = (round(rgb.shape[1] * factor), round(rgb.shape[0] * factor))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC))


SERIES: dict[str, Callable[[Path, Rgb], object]] = {
    "as it is": lambda path, _: path,
    "baseline q85": lambda _, rgb: jpeg(rgb, progressive=False),
    "progressive q85": lambda _, rgb: jpeg(rgb, progressive=True),
    "12 MP baseline": lambda _, rgb: jpeg(enlarged(rgb), progressive=False),
    "12 MP progressive": lambda _, rgb: jpeg(enlarged(rgb), progressive=True),
}


def distances(files: list[Path], make: Callable[[Path, Rgb], object]) -> Iterator[tuple[int, int]]:
    """Yield the bits between fast and reference code, and the difference of their quality figures."""
    for path in files:
        source = make(path, load(path).on(255))
        fast, reference = fingerprint(source), fingerprint(source, reference=True)
        yield fast.distance(reference), abs(fast.quality - reference.quality)


def show(name: str, found: list[tuple[int, int]]) -> None:
    """Print one row of the table."""
    bits, quality = np.array(found).T
    ends = [f"{value:.0f}" for value in np.percentile(bits, [50, 95, 99, 100])]
    row(name, len(bits), f"{bits.mean():.2f}", *ends, f"{100 * np.mean(bits <= 16):.2f} %", quality.max())


def check_reference(data: Path, pdqhash: ModuleType) -> int:
    """Print how many pictures have pdqhash's own code and quality; return how many have not."""
    inside = sorted(p for p in (data / "pdq").rglob("*.*") if p.suffix in (".jpg", ".png", ".webp"))
    wrong = 0
    for name, files in (("pdq/", inside), ("photographs", photos(data)[::2])):
        equal = 0
        for path in files:
            rgb = np.asarray(rgb_of(path))
            bits, quality = pdqhash.compute(rgb)
            seen = pdq_reference(rgb)
            equal += bool((np.packbits(bits) == seen.codes[0]).all()) and quality == seen.quality
        print(f"reference codes and quality equal to pdqhash on {name}: {equal} of {len(files)}")
        wrong += len(files) - equal
    return wrong


def main(args: argparse.Namespace) -> int:
    """Compare and print; return 1 where the reference is not pdqhash's."""
    data = wanted_data()
    try:
        wrong = check_reference(data, import_module("pdqhash"))
    except ImportError:
        wrong = 0
        print("pdqhash: absent, nothing compared with it")
    print()
    head("bits from reference", "files", "mean", "50 %", "95 %", "99 %", "max", "within 16", "quality")
    for name, make in SERIES.items():
        step = args.every * (args.large_every if name.startswith("12 MP") else 1)
        show(name, list(distances(photos(data)[::step], make)))
    return 1 if wrong else 0
