"""The cutoff question: where does each measure part re-saves from distinct photographs?

python -m bench.cutoffs            # prints the table
python -m bench.cutoffs --write    # and rewrites measures/cutoffs.py and the tables in docs/cutoffs.md
"""

from __future__ import annotations

import argparse
import io
import math
import multiprocessing
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.calibration import Distinct, Resaves, calibrate
from bench.common import SEED, data_folder, header, photos
from bench.cutoff_report import print_tables, write_tables
from samepic.measures import classical, measure_arrays
from samepic.measures.classical import ssim, to_common_form
from samepic.measures.table import NAMES
from samepic.picture import Picture, load

Array = NDArray[np.float64]

HIGHER = frozenset({"same_bytes", "same_pixels", "psnr", "whitened_correlation", "ssim"})
SAMPLED = (
    "difference_box",
    "absolute_difference_mean",
    "absolute_difference_sum",
    "rms_distance",
    "psnr",
    "ssim",
)

_PICTURES: list[Picture] = []


def _encode(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _half(image: Image.Image) -> bytes:
    return _encode(image.resize((max(1, image.width // 2), max(1, image.height // 2))), quality=90)


def _twice(image: Image.Image) -> bytes:
    return _encode(Image.open(io.BytesIO(_encode(image, quality=90))), quality=70)


PIPELINES: Mapping[str, Callable[[Image.Image], bytes]] = {
    "Pillow default": _encode,
    **{
        f"JPEG {quality} {name}": partial(_encode, quality=quality, subsampling=sampling)
        for quality in (95, 90, 85, 75, 60, 50, 40, 30)
        for name, sampling in (("4:4:4", 0), ("4:2:0", 2))
    },
    "progressive 75": partial(_encode, quality=75, progressive=True),
    "WebP 80": partial(_encode, kind="WEBP", quality=80),
    "half size": _half,
    "saved twice, 90 then 70": _twice,
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
    sums = classical.absolute_difference_sum(left, right)
    mean = sum(sums) / left.size
    distance, noise = classical.rms_distance(left, right), classical.psnr(left, right)
    return share, mean, sum(sums), distance, noise, ssim(left, right)


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
    n, bins = counts.shape
    shares = counts / counts.sum(axis=1, keepdims=True)
    names = ("histogram_rms", "histogram_rms_normalised", "kullback_leibler", "jensen_shannon")
    matrices = {name: np.zeros((n, n)) for name in names}
    logs = np.log2(np.where(shares > 0, shares, 1))
    entropies = -np.sum(shares * logs, axis=1)
    for i in range(n):
        matrices["histogram_rms"][i] = np.sqrt(np.mean(np.square(counts - counts[i]), axis=1))
        apart = np.square((shares - shares[i]) * (bins // 256))
        matrices["histogram_rms_normalised"][i] = np.sqrt(np.mean(apart, axis=1))
        lacks = np.any((shares[i] > 0) & (shares == 0), axis=1)
        matrices["kullback_leibler"][i] = np.where(lacks, np.inf, -entropies[i] - logs @ shares[i])
        mixed = (shares + shares[i]) / 2
        mixed_entropy = -np.sum(mixed * np.log2(np.where(mixed > 0, mixed, 1)), axis=1)
        matrices["jensen_shannon"][i] = mixed_entropy - (entropies + entropies[i]) / 2
    return matrices


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
                raise SystemExit(
                    f"cutoffs: {name} of pair {i}, {j}: {matrix[i, j]}, but measure says {value}"
                )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.cutoffs", description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="rewrite the profile and the tables of the docs")
    parser.add_argument("--pairs", type=int, default=120_000, help="pairs drawn for the costly measures")
    parser.add_argument("--photographs", type=int, default=0, help="take only so many, for a quick look")
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def _collect(options: argparse.Namespace) -> tuple[dict[str, Distinct], Array]:
    n = len(_PICTURES)
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(options.workers, mp_context=context) as pool:
        resaves = np.array(list(pool.map(_resave_values, range(n), chunksize=8)))
        distinct = _sampled(pool, options.pairs, n, SEED)
    return {**distinct, **_all_pairs(n)}, resaves


def main() -> int:
    """Run it; return the exit status."""
    options = _arguments()
    data = data_folder()
    if data is None:
        print(
            "cutoffs: no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/", file=sys.stderr
        )
        return 2
    start = time.perf_counter()
    cv2.setNumThreads(1)
    paths = photos(data)
    if options.photographs:
        paths = paths[:: max(1, len(paths) // options.photographs)]
    _PICTURES.extend(load(path) for path in paths)
    distinct, resaves = _collect(options)
    cutoffs = [
        calibrate(name, name not in HIGHER, distinct[name], Resaves(resaves[..., k]), SEED)
        for k, name in enumerate(NAMES)
    ]
    print(header())
    print(f"{len(paths)} photographs, {len(PIPELINES)} re-saves of each, {time.perf_counter() - start:.0f} s")
    print_tables(cutoffs, resaves, list(PIPELINES))
    if options.write:
        write_tables(Path(__file__).resolve().parent.parent, cutoffs, resaves, list(PIPELINES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
