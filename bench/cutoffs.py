"""The cutoff question: where does each measure part re-saves from distinct photographs, and what fools it?

    python -m bench cutoffs [measures|pictures ...] [--write] [--pairs N] [--photographs N]

measures: prints the cutoffs; with --write rewrites measures/cutoffs.json and the tables in docs/cutoffs.md. pictures:
prints what `measure` says of pictures that fool one measure or another, and rewrites that table of docs/cutoffs.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial.distance import cdist

from bench.common import ROOT, SEED, encoded, header, option, photos, saved_in_turn, spread
from samepic.arrays import Pixels
from samepic.calibration.statistics import wilson
from samepic.measures import classical
from samepic.measures.classical import ssim, to_common_form
from samepic.measures.table import NAMES, Cutoff, Measures, measure_arrays
from samepic.picture import Picture, load

ALLOWED = 1e-4
"""The share of distinct pairs that may pass."""

EQUALITIES = frozenset({"same_bytes", "same_pixels"})
"""The measures that are true or false: their cutoff is 1, whatever the data say."""

_DRAWS = 400
_TAIL = 40

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Distinct:
    """Values of distinct pairs: pair k is of the photographs `first[k]` and `second[k]`, of `photographs`."""

    values: Array
    first: Indices
    second: Indices
    photographs: int


def calibrate(measure: str, lower: bool, distinct: Distinct, resaves: Array, seed: int) -> Cutoff:
    """Return the cutoff that at most `ALLOWED` of the distinct pairs pass, and what it finds.

    `resaves` are values of pairs of a photograph and its re-save, (photographs, pipelines). The intervals are 95 %.
    Pairs that share a photograph are not independent, nor are re-saves of one, so photographs are drawn anew with
    replacement, and cutoff and share taken again. The share's interval is never narrower than Wilson's.
    """
    sign = 1.0 if lower else -1.0
    cost, found_cost = sign * distinct.values, sign * resaves
    allowed = int(len(cost) * ALLOWED)
    cutoff = -1.0 if measure in EQUALITIES else _rounded(strict_cutoff(cost, allowed))
    found = int(np.sum(found_cost <= cutoff))
    draws = np.array([(cutoff, 0.0)])
    if measure not in EQUALITIES:
        draws = np.array(list(_redrawn(cost, found_cost, distinct, seed)))
    ends = np.percentile(draws[:, 0], [2.5, 97.5], method="nearest")
    spread = sorted(sign * end for end in (min(ends[0], cutoff), max(ends[1], cutoff)))
    bounds = [*np.percentile(draws[:, 1], [2.5, 97.5]), *wilson(found, found_cost.size)]
    return Cutoff(
        measure,
        sign * cutoff,
        lower,
        round(found / found_cost.size, 6),
        (round(float(min(bounds)), 6), round(float(max(bounds)), 6)),
        (float(f"{spread[0]:.4g}"), float(f"{spread[1]:.4g}")),
        len(cost),
        found_cost.size,
        int(np.sum(cost <= cutoff)),
    )


def strict_cutoff(cost: Array, allowed: int) -> float:
    """Return the highest of `cost` that no more than `allowed` of them reach or fall below.

    Where even the lowest is shared by more, the next number below it: then none passes.
    """
    lowest = np.sort(cost)[: allowed + 1]
    above = lowest[allowed]
    within = lowest[lowest < above]
    return float(within[-1]) if len(within) else float(np.nextafter(above, -math.inf))


def _redrawn(cost: Array, found_cost: Array, distinct: Distinct, seed: int) -> Iterator[tuple[float, float]]:
    """Yield (cutoff, share found) of photographs drawn anew with replacement.

    A pair counts as often as its photographs were drawn, one times the other.
    """
    random, n = np.random.default_rng(seed), distinct.photographs
    tail = np.argsort(cost, kind="stable")[: int(len(cost) * ALLOWED * _TAIL) + 1]
    lowest, first, second = cost[tail], distinct.first[tail], distinct.second[tail]
    share_of_all = len(cost) / (n * (n - 1))
    for _ in range(_DRAWS):
        counts = np.bincount(random.integers(0, n, n), minlength=n)
        pairs = share_of_all * (n * n - float(np.sum(counts * counts)))
        within = np.cumsum(counts[first] * counts[second]) <= ALLOWED * pairs
        cutoff = float(lowest[within][-1]) if within.any() else float(np.nextafter(lowest[0], -math.inf))
        passes = np.mean(found_cost <= cutoff, axis=1)
        yield cutoff, float(np.sum(passes * counts) / n)


def _rounded(cost: float) -> float:
    """Return `cost` with four digits, rounded down: never more permissive."""
    if cost == 0 or not math.isfinite(cost):
        return cost
    step = 10.0 ** (math.floor(math.log10(abs(cost))) - 3)
    return float(f"{math.floor(cost / step) * step:.10g}")


Rows = Iterable[list[str]]

FAMILIES = {
    "JPEG 95 to 75": ("Pillow", "JPEG 95", "JPEG 90", "JPEG 85", "JPEG 75", "progressive"),
    "JPEG 60 to 30": ("JPEG 60", "JPEG 50", "JPEG 40", "JPEG 30"),
    "WebP 80": ("WebP",),
    "half size": ("half",),
    "saved twice": ("saved twice",),
}


def write_tables(cutoffs: Sequence[Cutoff], resaves: Array, tables: Sequence[str]) -> None:
    """Rewrite measures/cutoffs.json, and what stands between the marks in docs/cutoffs.md."""
    made, ran = f"{len(resaves)} photographs x {resaves.shape[1]} re-saves", " ".join(header().splitlines())
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    origin = json.dumps(f"{today}: bench/cutoffs.py, {made}, seed {SEED}")
    rows = ",\n".join(f"  {json.dumps(cutoff)}" for cutoff in cutoffs)
    stored = f'{{"origin": {origin}, "cutoffs": [\n{rows}\n]}}\n'
    (ROOT / "src" / "samepic" / "measures" / "cutoffs.json").write_text(stored)
    _rewrite("", "\n".join([f"{made.replace(' x ', ', ')} of each. {ran}.\n", *tables]))


def _main_rows(cutoffs: Iterable[Cutoff]) -> Rows:
    yield ["measure", "passes at", "finds", "95 %"]
    for cutoff in cutoffs:
        passes, ends = (
            f"{'≤' if cutoff.lower else '≥'} {cutoff.value:.4g}",
            map(_percent, cutoff.found_interval),
        )
        yield [cutoff.measure, passes, _percent(cutoff.found), " to ".join(ends)]


def _family_rows(cutoffs: Sequence[Cutoff], resaves: Array) -> Rows:
    """Yield the share found of each family of re-saves; `resaves` is (photographs, pipelines, measures)."""
    yield ["finds of", *FAMILIES]
    for k, cutoff in enumerate(cutoffs):
        sign = 1 if cutoff.lower else -1
        passes = sign * resaves[..., k] <= sign * cutoff.value
        members = ([name.startswith(starts) for name in PIPELINES] for starts in FAMILIES.values())
        yield [cutoff.measure, *(_percent(float(np.mean(passes[:, mask]))) for mask in members)]


def _percent(share: float) -> str:
    """Return a share in percent, never rounded up to all nor down to nothing."""
    percent = 100 * share
    if 99.95 <= percent < 100:
        return f"{int(percent * 1000) / 1000} %"
    return f"{percent:.1f} %" if percent == 0 or percent >= 0.05 else f"{percent:.2g} %"


def markdown(rows: Rows) -> str:
    """Return a table in Markdown, its head first."""
    first, *body = ("| " + " | ".join(row) + " |" for row in rows)
    return "\n".join([first, "|---" * (first.count(" | ") + 1) + "|", *body, ""])


def _rewrite(part: str, text: str) -> None:
    """Put `text` between the marks of a part of docs/cutoffs.md."""
    page, begin, end = (
        ROOT / "docs/cutoffs.md",
        f"<!-- begin: bench/cutoffs.py{part} -->\n",
        f"<!-- end{part} -->\n",
    )
    before, mark, rest = page.read_text().partition(begin)
    _, other, after = rest.partition(end)
    if not mark or not other:
        raise SystemExit(f"{page}: the marks {begin.strip()!r} and {end.strip()!r} are missing")
    page.write_text(before + begin + text + end + after)


HIGHER = frozenset({"same_bytes", "same_pixels", "psnr", "whitened_correlation", "ssim"})
SAMPLED = (
    "difference_box", "absolute_difference_mean", "absolute_difference_sum", "rms_distance", "psnr", "ssim",
)  # fmt: skip

_PICTURES: list[Picture] = []


def _half(image: Image.Image) -> bytes:
    return encoded(image.resize((max(1, image.width // 2), max(1, image.height // 2))), quality=90)


PIPELINES: Mapping[str, Callable[[Image.Image], bytes]] = {
    "Pillow default": encoded,
    **{
        f"JPEG {quality} {name}": partial(encoded, quality=quality, subsampling=sampling)
        for quality in (95, 90, 85, 75, 60, 50, 40, 30)
        for name, sampling in (("4:4:4", 0), ("4:2:0", 2))
    },
    "progressive 75": partial(encoded, quality=75, progressive=True),
    "WebP 80": partial(encoded, kind="WEBP", quality=80),
    "half size": _half,
    "saved twice, 90 then 70": lambda image: saved_in_turn(image, 90, 70),
}


def _resave_values(index: int) -> Array:
    """Return (pipelines, measures): what `samepic measure` prints of one photograph and each re-save."""
    picture = _PICTURES[index]
    image = Image.fromarray(picture.rgb)
    rows = []
    for save in PIPELINES.values():
        measures = measure_arrays(picture, load(save(image)))
        rows.append([float(measures[name].value) for name in NAMES])
    return np.array(rows)


def _pair_values(pair: tuple[int, int]) -> tuple[float, ...]:
    """Return the `SAMPLED` measures of one pair, at the sizes that `measure` takes."""
    a, b = _PICTURES[pair[0]].rgb, _PICTURES[pair[1]].rgb
    left, right = to_common_form(a, b)
    box = classical.difference_box(left, right)
    share = (box[2] - box[0]) * (box[3] - box[1]) / (left.shape[0] * left.shape[1]) if box else 0.0
    total = sum(classical.absolute_difference_sum(left, right))
    distance, noise = classical.rms_distance(left, right), classical.psnr(left, right)
    return share, total / left.size, total, distance, noise, ssim(left, right)


def _sampled(pool: ProcessPoolExecutor, pairs: int, n: int, seed: int) -> dict[str, Distinct]:
    """Return the measures that need both pictures' pixels, of pairs drawn without replacement."""
    first, second = np.triu_indices(n, 1)
    chosen = np.random.default_rng(seed).choice(len(first), min(pairs, len(first)), replace=False)
    chosen.sort()
    first, second = first[chosen], second[chosen]
    todo = zip(first.tolist(), second.tolist(), strict=True)
    values = np.array(list(pool.map(_pair_values, todo, chunksize=500)))
    return {name: Distinct(values[:, k], first, second, n) for k, name in enumerate(SAMPLED)}


def _all_pairs(n: int) -> dict[str, Distinct]:
    """Return the measures that compare one small array for each picture, of all pairs."""
    first, second = np.triu_indices(n, 1)
    counts = [classical.histogram(picture.rgb) for picture in _PICTURES]
    matrices = {**_histogram_matrices(np.array(counts, np.float64)), **_whitened_matrices()}
    matrices["same_bytes"] = _equal([picture.data for picture in _PICTURES])
    matrices["same_pixels"] = _equal([(p.rgb.shape, p.rgb.tobytes()) for p in _PICTURES])
    _check_against_measure(matrices)
    found = {name: Distinct(matrix[first, second], first, second, n) for name, matrix in matrices.items()}
    # the one measure that has a direction: every pair both ways
    kl = matrices["kullback_leibler"]
    both = np.concatenate([kl[first, second], kl[second, first]])
    ordered = np.concatenate([first, second]), np.concatenate([second, first])
    return {**found, "kullback_leibler": Distinct(both, *ordered, n)}


def _histogram_matrices(counts: Array) -> dict[str, Array]:
    bins = counts.shape[1]
    shares = counts / counts.sum(axis=1, keepdims=True)
    logs = np.log2(np.where(shares > 0, shares, 1))
    entropies = -np.sum(shares * logs, axis=1)
    lacks = (shares > 0).astype(np.float64) @ (shares == 0).T > 0
    return {
        "histogram_rms": cdist(counts, counts) / np.sqrt(bins),
        "histogram_rms_normalised": cdist(shares, shares) * (bins // 256) / np.sqrt(bins),
        "kullback_leibler": np.where(lacks, np.inf, -entropies[:, None] - shares @ logs.T),
        "jensen_shannon": np.square(cdist(shares, shares, "jensenshannon")) / np.log(2),
    }


def _whitened_matrices() -> dict[str, Array]:
    spectra = np.array([classical.whitened(picture.rgb)[0].ravel() for picture in _PICTURES])
    products = (spectra @ spectra.T / spectra.shape[1]).astype(np.float64)
    powers = np.diag(products)
    squares = powers[:, None] + powers[None, :] - 2 * products
    scale = np.sqrt(powers[:, None] * powers[None, :])
    return {"whitened_correlation": products / scale, "whitened_rms": np.sqrt(np.maximum(squares, 0))}


def _equal(keys: list[Any]) -> Array:
    numbers = {key: number for number, key in enumerate(keys)}
    identity = np.array([numbers[key] for key in keys])
    equal: Array = (identity[:, None] == identity[None, :]).astype(np.float64)
    return equal


def _check_against_measure(matrices: Mapping[str, Array]) -> None:
    """Stop if the fast values of all pairs are not what `samepic measure` prints."""
    for i, j in np.random.default_rng(SEED).integers(0, len(_PICTURES), (40, 2)).tolist():
        measures = measure_arrays(_PICTURES[i], _PICTURES[j])
        for name, matrix in matrices.items():
            value = float(measures[name].value)
            if i != j and not math.isclose(value, matrix[i, j], rel_tol=1e-3, abs_tol=1e-4):
                got = f"{name} of pair {i}, {j}: {matrix[i, j]}"
                raise SystemExit(f"cutoffs: {got}, but measure says {value}")


def measure_cutoffs(args: argparse.Namespace) -> None:
    """Measure, print, and write."""
    start = time.perf_counter()
    cv2.setNumThreads(1)
    paths = spread(photos(), args.photographs)
    _PICTURES.extend(load(path) for path in paths)
    with ProcessPoolExecutor(args.workers, mp_context=multiprocessing.get_context("fork")) as pool:
        resaves = np.array(list(pool.map(_resave_values, range(len(paths)), chunksize=8)))
        sampled = _sampled(pool, args.pairs, len(paths), SEED)
    distinct = {**sampled, **_all_pairs(len(paths))}
    found = ((name, distinct[name], resaves[..., k]) for k, name in enumerate(NAMES))
    cutoffs = [calibrate(name, name not in HIGHER, pairs, saved, SEED) for name, pairs, saved in found]
    print(f"{len(paths)} photographs, {len(PIPELINES)} re-saves of each, {time.perf_counter() - start:.0f} s")
    tables = [markdown(_main_rows(cutoffs)), markdown(_family_rows(cutoffs, resaves))]
    print("", *tables, sep="\n")
    if args.write:
        write_tables(cutoffs, resaves, tables)


_SHOWN = ("rms_distance", "psnr", "histogram_rms", "jensen_shannon", "whitened_correlation", "ssim")


def source(name: str) -> Pixels:
    """Return an example photograph, 448x296."""
    with Image.open(ROOT / "examples" / "photos" / f"{name}.png") as image:
        return np.asarray(image.convert("RGB").resize((448, 296), Image.Resampling.LANCZOS), np.uint8)


def shuffled(pixels: Pixels, side: int = 8) -> Pixels:
    """Return the same pixels with blocks of `side` x `side` dealt out anew."""
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    blocks = pixels.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
    dealt = np.random.default_rng(1).permutation(blocks).reshape(rows, columns, side, side, 3)
    return np.ascontiguousarray(dealt.swapaxes(1, 2).reshape(pixels.shape))


def recoloured(pixels: Pixels, colours: Pixels) -> Pixels:
    """Return `pixels` with the histogram of `colours`: band by band, k-th darkest for k-th."""
    result = np.empty(pixels.shape, np.uint8)
    for band in range(3):
        order = np.argsort(pixels[..., band], axis=None, kind="stable")
        result[..., band].flat[order] = np.sort(colours[..., band], axis=None)
    return result


def edited(pixels: Pixels) -> Pixels:
    """Return `pixels` with one eye painted over: 1.1 % of the frame."""
    changed = pixels.copy()
    changed[98:134, 148:188] = pixels[40:76, 148:188]
    return changed


def fooling() -> Mapping[str, tuple[Pixels, Pixels]]:
    """Return pairs by what they show: three of different pictures, one of a local edit, three of copies."""
    cat, cup = source("chelsea"), source("coffee")
    # As in thick fog: a tenth of the contrast, on grey.
    fog = [np.asarray(170 + (one - one.mean(axis=(0, 1))) * 0.1, np.uint8) for one in (cat, cup)]
    return {
        "a cat and its blocks, shuffled": (cat, shuffled(cat)),
        "a cat and a cup in the cat's colours": (cat, recoloured(cup, cat)),
        "a cat and a cup, both in fog": (fog[0], fog[1]),
        "a cat, one eye painted over": (cat, edited(cat)),
        "a cat and itself, saved at JPEG quality 30": (cat, load(encoded(cat, quality=30)).rgb),
        "a cat and itself, much brighter": (cat, np.asarray(255 * np.sqrt(cat / 255), np.uint8)),
        "a cat and itself without its outer 3 %": (cat, np.ascontiguousarray(cat[8:-8, 13:-13])),
    }


def measured(pair: tuple[Pixels, Pixels]) -> Measures:
    """Return every measure of a pair of arrays."""
    return measure_arrays(load(pair[0]), load(pair[1]))


def picture_cutoffs(args: argparse.Namespace) -> None:
    """Print the values; with --write rewrite the page."""
    rows = [["pair", *_SHOWN]]
    for name, pair in fooling().items():
        found = measured(pair)
        rows.append([name, *(f"{found[k].value:.4g}{' passes' if found[k].passes else ''}" for k in _SHOWN)])
    print(markdown(rows))
    if args.write:
        _rewrite(" pictures", markdown(rows))


PARTS = {"measures": measure_cutoffs, "pictures": picture_cutoffs}
OPTIONS = (
    option("--write", False, help="rewrite the cutoffs and the tables of the docs"),
    option("--pairs", 120_000, help="pairs drawn for the costly measures"),
    option("--photographs", 0, help="take only so many, for a quick look"),
    option("--workers", 2),
)
