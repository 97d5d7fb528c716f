"""SSIMULACRA 2.1: against an independent implementation, against quality, in words, in time and in memory.

    python -m bench visibility [--rounds N] [--skip-12mp]

The independent implementation is the package `ssimulacra2` of PyPI. Its blur mirrors the picture beyond two of the four
edges, where the published one (libjxl) has 0 beyond all of them, and takes a true Gaussian; so it is asked three times:
as it is, with the published border, and with the published blur, by recursion. One thread.
"""

from __future__ import annotations

import argparse
import io
import itertools
import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
import ssimulacra2.ssimulacra2 as independent
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from bench.common import SEED, counted, encoded, head, in_turns, option, rgb_of, row, wanted_data
from bench.speed import mosaic, peak_of
from samepic.measures.ssimulacra2 import ssimulacra2
from samepic.verify.quality import visibility_words

Pixels = NDArray[np.uint8]
Wide = NDArray[np.float64]

_WITHIN = 0.5
_KINDS = ("JPEG", "WEBP")
_QUALITIES = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95)
_TOLD = (30, 50, 75, 90, 95)


OPTIONS = (
    option("--rounds", 7),
    option("--skip-12mp", False, help="leave out the independent one at 12 MP"),
)


def _saved(pixels: Pixels, kind: str, quality: int) -> Pixels:
    with Image.open(io.BytesIO(encoded(pixels, kind, quality=quality))) as image:
        return np.asarray(image.convert("RGB"))


def _blurred(pixels: Pixels, sigma: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def _noisy(pixels: Pixels, sigma: float, seed: int) -> Pixels:
    noise = np.random.default_rng([SEED, seed]).normal(0, sigma, pixels.shape)
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)


def _shifted(pixels: Pixels, shift: tuple[int, int, int]) -> Pixels:
    return np.asarray(np.clip(pixels + np.array(shift), 0, 255), np.uint8)


def _altered(pixels: Pixels, seed: int) -> dict[str, Callable[[], Pixels]]:
    """Return twenty ways to alter a picture, by name."""
    saves = [(kind, quality) for kind in _KINDS for quality in (10, 30, 50, 75, 90, 95)]
    shifts = ((4, 0, -4), (-12, 0, 12))
    return {
        **{f"{kind} {quality}": partial(_saved, pixels, kind, quality) for kind, quality in saves},
        **{f"blur {sigma}": partial(_blurred, pixels, sigma) for sigma in (0.5, 1.0, 2.0)},
        **{f"noise {sigma:g}": partial(_noisy, pixels, sigma, seed) for sigma in (2.0, 5.0, 10.0)},
        **{
            f"red {red:+d}, blue {blue:+d}": partial(_shifted, pixels, (red, 0, blue))
            for red, _, blue in shifts
        },
    }


def _pairs(pictures: dict[str, Pixels]) -> Iterator[tuple[str, str, Pixels, Pixels]]:
    """Yield sixty pairs: each of the twenty alterations of three pictures, all of the pictures in turn."""
    names = sorted(pictures)
    for number in range(60):
        name = names[number % len(names)]
        ways = _altered(pictures[name], number)
        way = list(ways)[number // 3]
        yield name, way, pictures[name], ways[way]()


def _dark_border(image: Wide, sigma: float = 1.5) -> Wide:
    return np.asarray(ndimage.gaussian_filter(image, sigma, mode="constant", truncate=3.33, axes=(0, 1)))


def _recursive(image: Wide, sigma: float = 1.5) -> Wide:
    """Blur by the recursive filter of libjxl along both axes (Charalampidis 2016, equations 33 to 57)."""
    reach = round(3.2795 * sigma + 0.2546)
    omega = np.array([1, 3, 5]) * np.pi / (2 * reach)
    p = np.array([1, -1, 1]) / np.tan(omega / 2)
    r = np.array([1, -1, 1]) * p * p / np.sin(omega)
    rho = np.exp(-0.5 * (sigma * omega) ** 2) / reach
    apart = [p[i] * r[j] - r[i] * p[j] for i, j in ((0, 1), (1, 2), (2, 0))]
    zeta = np.array([apart[1] / apart[0], apart[2] / apart[0], 1])
    beta = np.linalg.solve(np.array([p, r, zeta]), [1.0, reach**2 - sigma**2, float(zeta @ rho)])
    gain, back = -beta * np.cos(omega * (reach + 1)), 2 * np.cos(omega)
    for _ in range(2):
        rows = np.pad(image, ((2 * reach, 2 * reach), (0, 0), (0, 0)))
        out = np.zeros_like(rows)
        before, last = np.zeros((2, 3, *rows.shape[1:]))
        for at in range(reach + 1, len(rows) - reach):
            pushed = rows[at - reach - 1] + rows[at + reach - 1]
            now = gain[:, None, None] * pushed + back[:, None, None] * last - before
            before, last = last, now
            out[at] = now.sum(axis=0)
        image = out[2 * reach : -2 * reach].swapaxes(0, 1)
    return image


def _independent(a: Pixels, b: Pixels, blur: Callable[..., Wide] | None = None) -> float:
    with mock.patch.object(independent, "blur_image", blur or independent.blur_image):
        return float(independent.compute_ssimulacra2(*(io.BytesIO(encoded(one, "PNG")) for one in (a, b))))


def _agreement(pictures: dict[str, Pixels]) -> None:
    blurs = {
        "as it is": None,
        "with the published border": _dark_border,
        "with the published blur": _recursive,
    }
    apart: dict[str, list[float]] = {name: [] for name in blurs}
    head("alteration", "pictures", "samepic", "the independent one less samepic: as it is", "border", "blur")
    rows: dict[str, list[tuple[str, float, list[float]]]] = {}
    for name, way, a, b in _pairs(pictures):
        score = ssimulacra2(a, b)
        differences = [_independent(a, b, blur) - score for blur in blurs.values()]
        for kind, difference in zip(blurs, differences, strict=True):
            apart[kind].append(difference)
        rows.setdefault(way, []).append((name, score, differences))
    for way, found in rows.items():
        scores = ", ".join(f"{score:.2f}" for _, score, _ in found)
        cells = [", ".join(f"{one[at]:+.3f}" for _, _, one in found) for at in range(3)]
        row(way, ", ".join(name for name, _, _ in found), scores, *cells)
    print()
    for kind, values in apart.items():
        sizes = [abs(value) for value in values]
        within = sum(size <= _WITHIN for size in sizes)
        print(
            f"{kind}: {within} of {len(sizes)} within {_WITHIN}, largest {max(sizes):.3f}, "
            f"mean {statistics.mean(sizes):.3f}"
        )


def _rising(pictures: dict[str, Pixels]) -> None:
    for kind in _KINDS:
        falls, by_quality = [], {quality: list[float]() for quality in _QUALITIES}
        for name, a in pictures.items():
            scores = {quality: ssimulacra2(a, _saved(a, kind, quality)) for quality in _QUALITIES}
            for quality, score in scores.items():
                by_quality[quality].append(score)
            falls += [
                f"{name}: {low} {scores[low]:.2f}, {high} {scores[high]:.2f}"
                for low, high in itertools.pairwise(_QUALITIES)
                if scores[high] <= scores[low]
            ]
        medians = ", ".join(f"{q} {statistics.median(found):.1f}" for q, found in by_quality.items())
        print(f"{kind}: medians at quality {medians}")
        print(
            f"{kind}: {len(falls)} steps of {9 * len(pictures)} do not rise: {'; '.join(falls) or 'none'}\n"
        )


def _words(pictures: dict[str, Pixels]) -> None:
    head("Pillow quality", "median", "lowest", "highest", "words")
    for quality in _TOLD:
        scores = [ssimulacra2(a, _saved(a, "JPEG", quality)) for a in pictures.values()]
        middle, low, high = (f"{end(scores):.1f}" for end in (statistics.median, min, max))
        row(quality, middle, low, high, counted(visibility_words(round(score, 2)) for score in scores))


def _decode(*paths: Path) -> None:
    for path in paths:
        with Image.open(path) as image:
            image.load()


def _speed(folder: Path, rounds: int, *, whole: bool) -> None:
    first = mosaic(folder)
    second = folder / "b.jpg"
    a = np.asarray(rgb_of(first))
    second.write_bytes(encoded(a))
    b = np.asarray(rgb_of(second))
    small = a[:1500, :2000].copy(), b[:1500, :2000].copy()
    found = in_turns(
        {
            "Pillow decodes both": lambda: _decode(first, second),
            "samepic's ssimulacra2, 12 MP": lambda: ssimulacra2(a, b),
            "samepic's ssimulacra2, 3 MP": lambda: ssimulacra2(*small),
        },
        rounds,
    )
    found |= in_turns({"the independent one, 3 MP": lambda: _independent(*small)}, 1)
    if whole:
        found |= in_turns({"the independent one, 12 MP": lambda: _independent(a, b)}, 1)
    rows = {name: statistics.median(times) for name, times in found.items()}
    head("", "CPU ms")
    for name, value in rows.items():
        row(name, f"{value:.0f}")
    ours, decodes = rows["samepic's ssimulacra2, 12 MP"], rows["Pillow decodes both"]
    print(f"\n{ours / decodes:.1f} times two decodes")
    for size in ("3 MP", "12 MP"):
        if (other := f"the independent one, {size}") in rows:
            ours = rows[f"samepic's ssimulacra2, {size}"]
            print(f"{size}: {rows[other] / ours:.0f} times as fast")


_BEGIN = (
    "import numpy as np\nfrom bench.visibility import _independent, ssimulacra2\n"
    "call = {'samepic': ssimulacra2, 'independent': _independent}[sys.argv[1]]\n"
    "a = np.random.default_rng(1).integers(0, 256, (int(sys.argv[2]), int(sys.argv[3]), 3), np.uint8)\n"
    "b = a ^ np.uint8(1)\ncall(a[:128, :128].copy(), b[:128, :128].copy())"
)


def _memory() -> None:
    """Print the bytes a pixel of one picture that a call adds to the peak memory of a fresh process."""
    sizes = ((1500, 2000), (3000, 4000), (300, 40_000), (6000, 8000))
    for which, height, width in (*(("samepic", *size) for size in sizes), ("independent", *sizes[0])):
        each = peak_of(_BEGIN, "call(a, b)", which, height, width) / (height * width)
        print(f"{which}, {width}x{height}: {each:.1f} bytes a pixel")


def main(args: argparse.Namespace) -> None:
    """Measure and print everything."""
    cv2.setNumThreads(1)
    files = sorted((wanted_data() / "photos" / "kodak").glob("*.png"))
    pictures = {path.stem: np.asarray(rgb_of(path)) for path in files}
    _agreement(pictures)
    print("\n## Scores against quality\n")
    _rising(pictures)
    print("## Words\n")
    _words(pictures)
    print("\n## Time\n")
    with tempfile.TemporaryDirectory() as folder:
        _speed(Path(folder), args.rounds, whole=not args.skip_12mp)
    print("\n## Peak memory beyond the pictures\n")
    _memory()
