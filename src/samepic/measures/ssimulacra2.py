"""SSIMULACRA 2.1: how visible the difference between a copy and its original is, as published by Cloudinary."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.measures.classical import LINEAR, Float, shown, to_common_form
from samepic.native import native

Wide = NDArray[np.float64]
Flags = NDArray[np.bool_]
# coded pixels, (height, width, 3) uint8, or three planes of linear light, (3, height, width) float32
Samples = Pixels | Float
Box = tuple[slice, slice]

# Published by Jon Sneyers of Cloudinary (SSIMULACRA 2.1, April 2023); XYB and the blur are those of libjxl.
_SCALES, _LEAST_SIDE = 6, 8
_C2 = 0.0009
_OPSIN = (
    (0.3, 0.622, 0.078), (0.23, 0.692, 0.078), (0.24342268924547819, 0.20476744424496821, 0.5518098665095536),
)  # fmt: skip
_BIAS = 0.0037930732552754493
# What the answers of the three kinds of cones weigh in X, Y and B - Y, and what brings these to about 0 to 1.
_MIXES, _SHIFTS = ((7, -7, 0), (0.5, 0.5, 0), (-0.5, -0.5, 1)), (0.42, 0.01 - _BIAS ** (1 / 3), 0.55)
_SIGMA, _RADIUS = 1.5, 5
_SCALING, _POWER = 0.9562382616834844, 0.6276336467831387
_LINEAR_TERM, _SQUARE_TERM, _CUBE_TERM = 2.326765642916932, -0.020884521182843837, 6.248496625763138e-05
# By component (X, Y, B - Y), scale, norm (mean, fourth power) and map (structure, ringing, blur).
_WEIGHTS = np.array(json.loads(Path(__file__).with_suffix(".json").read_bytes()))
# Weights below this count for nothing: they sum to 0.02, the others to 888. Full size is then a matter of Y alone.
_COUNTS = 0.01
# columns and pixels at a time, at most: what a tile needs stays near the processor
_TILE_COLUMNS, _TILE_PIXELS = 4096, 1 << 17


def _taps() -> Float:
    """Return the weights of the blur: a sum of three cosines that is 0 from `_RADIUS` on, whose sum is 1.

    It is what the recursive filter of the published code answers to a single 1. Charalampidis (2016), equations 33 to
    57: the cosines are chosen so that the sum, the variance and the third coefficient are those of a Gaussian.
    """
    omega = np.array([1, 3, 5]) * np.pi / (2 * _RADIUS)
    signs = np.array([1, -1, 1])
    p = signs / np.tan(omega / 2)
    r = signs * p * p / np.sin(omega)
    rho = np.exp(-0.5 * (_SIGMA * omega) ** 2) / _RADIUS
    zeta = np.cross(p, r)
    system = np.array([p, r, [zeta[0] / zeta[2], zeta[1] / zeta[2], 1]])
    moments = [1, _RADIUS**2 - _SIGMA**2, system[2] @ rho]
    beta = np.linalg.solve(system, moments)
    offsets = np.arange(1 - _RADIUS, _RADIUS)
    return np.asarray(beta @ np.cos(np.outer(omega, offsets)), np.float32)


_LIGHT, _TAPS = LINEAR.astype(np.float32), _taps()
_MARGIN = _RADIUS - 1
# What the native part has to know, in its order: `Numbers` of _ssimulacra.c.
_NUMBERS = np.concatenate((_TAPS[_MARGIN:], *_OPSIN, [_BIAS], *_MIXES, _SHIFTS, [2 * _C2]), dtype=np.float32)


def ssimulacra2(a: Pixels, b: Pixels) -> float:
    """Return how near the copy b looks to its original a: 100 for equal pictures, below 0 for very bad copies.

    The published anchors are in `samepic.tuning.verify`. It is not symmetric: blur and ringing weigh differently.
    Both are brought to one size. With alpha the lower value of on white and on black (published: on two grays).
    NaN where a side is shorter than 8 pixels. With fewer than six scales (`scales_of`) the weights fall on other
    scales, as in the published code, and the anchors do not hold. It takes 800 bytes a column, without the native part
    8 bytes a pixel of one picture. Raises SourceError for other arrays. Sneyers, SSIMULACRA 2.1, Cloudinary, 2023;
    blur: Charalampidis, Recursive Implementation of the Gaussian Filter Using Truncated Cosine Functions, 2016.
    """
    a, b = to_common_form(a, b)
    if min(a.shape[:2]) < _LEAST_SIDE:
        return math.nan
    return min(_score(left, right) for left, right in zip(shown(a), shown(b), strict=True))


def scales_of(height: int, width: int) -> int:
    """Return on how many scales, each half the one before, pictures of this size are judged: 0 to 6.

    A picture is halved, rounding up, as long as both its sides have 8 pixels; from a shorter side of 113 pixels on
    there are all six. Below 8 there is none.
    """
    side = min(height, width)
    return int(side >= _LEAST_SIDE) + sum(-(-side >> scale) >= _LEAST_SIDE for scale in range(_SCALES - 1))


def _score(a: Pixels, b: Pixels) -> float:
    scales = scales_of(*a.shape[:2])
    # the published code numbers its weights by the scales that there are
    weights = _WEIGHTS[: 18 * scales].reshape(3, scales, 2, 3).swapaxes(0, 1)
    counts = weights.max(axis=2) >= _COUNTS
    needed = 1 + int(np.flatnonzero(counts.any(axis=(1, 2)))[-1])
    norms = (sums_plain if native is None else sums_of)(a, b, counts[:needed])
    for scale in range(needed):
        norms[scale] /= math.prod(-(-side >> scale) for side in a.shape[:2])
    norms[:, :, 1] **= 0.25
    error = _SCALING * float(np.sum(weights[:needed] * norms))
    error = _LINEAR_TERM * error + _SQUARE_TERM * error**2 + _CUBE_TERM * error**3
    return 100.0 - 10.0 * error**_POWER if error > 0 else 100.0


def sums_of(a: Pixels, b: Pixels, counts: Flags) -> Wide:
    """Return the sums of the maps, (scale, component, norm, map), of those that count (scale, component, map)."""
    maps = np.packbits(counts, axis=2, bitorder="little")
    pair = np.ascontiguousarray(a), np.ascontiguousarray(b)
    return np.frombuffer(native.ssimulacra(*pair, a.shape[1], _NUMBERS, maps)).reshape(-1, 3, 2, 3)


def sums_plain(a: Pixels, b: Pixels, counts: Flags) -> Wide:
    """Return what `sums_of` does, without the native part: five times as slow."""
    pair: tuple[Samples, Samples] = a, b
    sums = np.zeros((len(counts), 3, 2, 3))
    for scale, counted in enumerate(counts):
        pair = _add_scale(*pair, counted, sums[scale], halve=scale < len(counts) - 1)
    return sums


def _add_scale(one: Samples, two: Samples, counts: Flags, sums: Wide, *, halve: bool) -> tuple[Float, Float]:
    """Add the maps that count, (component, map), to `sums`; return both pictures at half the size."""
    height, width = one.shape[:2] if one.dtype == np.uint8 else one.shape[1:]
    half = (3, (height + 1) // 2, (width + 1) // 2) if halve else (3, 0, 0)
    halves = np.empty(half, np.float32), np.empty(half, np.float32)
    counted = np.asarray(counts.any(axis=1))
    for outer, inner, own in _tiles(height, width) if halve or counted.any() else ():
        lights = _light(one, outer), _light(two, outer)
        if halve:
            for light, small in zip(lights, halves, strict=True):
                _halve([band[inner] for band in light], small[:, *own])
        planes = (_components(light, counted) for light in lights)
        for component, (a, b) in enumerate(zip(*planes, strict=True)):
            if counted[component]:
                sums[component] += _sums(a, b, inner, counts[component])
    return halves


def _tiles(height: int, width: int) -> Iterator[tuple[Box, Box, Box]]:
    """Yield where a tile with its margins is, where in there it is itself, and where its half is: rows, columns."""
    columns = min(width + width % 2, _TILE_COLUMNS)
    rows = max(2, _TILE_PIXELS // columns // 2 * 2)
    for down, across in product(_spans(height, rows), _spans(width, columns)):
        yield (down[0], across[0]), (down[1], across[1]), (down[2], across[2])


def _spans(length: int, step: int) -> Iterator[tuple[slice, slice, slice]]:
    for start in range(0, length, step):
        end, first = min(start + step, length), max(0, start - _MARGIN)
        outer, inner = slice(first, min(length, end + _MARGIN)), slice(start - first, end - first)
        yield outer, inner, slice(start // 2, (end + 1) // 2)


def _light(samples: Samples, box: Box) -> list[Float]:
    if samples.dtype == np.uint8:
        return [np.asarray(cv2.LUT(band, _LIGHT), np.float32) for band in cv2.split(samples[box])]
    return list(samples[:, *box])


def _halve(light: list[Float], half: Float) -> None:
    """Write the mean of each 2 x 2 into `half`; the last row and column of an odd side count twice."""
    height, width = light[0].shape
    for band, out in zip(light, half, strict=True):
        even = cv2.copyMakeBorder(band, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        out[:] = cv2.resize(even, out.shape[::-1], interpolation=cv2.INTER_AREA)


def _components(light: list[Float], counts: Flags) -> list[Float]:
    """Return X, Y and B - Y of XYB, each brought to about 0 to 1; empty planes where they do not count."""
    planes = [np.empty((0, 0), np.float32)] * 3
    cones = [_cone(light, row) for row in _OPSIN[: 2 + counts[2]]] if counts.any() else []
    for k in np.flatnonzero(counts):
        planes[k] = _weighted_sum(cones[0], _MIXES[k][0], cones[1], _MIXES[k][1], _SHIFTS[k])
        if _MIXES[k][2]:
            planes[k] += cones[2]
    return planes


def _cone(light: list[Float], weights: tuple[float, float, float]) -> Float:
    """Return the response of one kind of cone: the cube root of a weighted sum of linear light."""
    red, green, blue = light
    response = _weighted_sum(red, weights[0], green, weights[1], _BIAS)
    cv2.scaleAdd(blue, weights[2], response, dst=response)
    # by logarithms: twice as fast as cv2.pow, and as exact
    cv2.log(response, dst=response)
    response *= np.float32(1 / 3)
    cv2.exp(response, dst=response)
    return response


def _weighted_sum(a: Float, weight_a: float, b: Float, weight_b: float, shift: float) -> Float:
    return np.asarray(cv2.addWeighted(a, weight_a, b, weight_b, shift), np.float32)


def _sums(a: Float, b: Float, inner: Box, counts: Flags) -> Wide:
    """Return the sums of the maps (structure, ringing, blur) and of their fourth powers, (norm, map).

    a + b and a - b suffice: that takes four blurs, not five, and loses no digits where the two are close.
    """
    both, apart = a + b, a - b
    mean_both, mean_apart = _blurred(both)[inner], _blurred(apart)[inner]
    sums = np.zeros((2, 3))
    if counts[1] or counts[2]:
        more = _more_detail(both[inner] - mean_both, apart[inner] - mean_apart)
        if counts[1]:
            sums[:, 1] = _powers(np.maximum(more, 0))
        if counts[2]:
            sums[:, 2] = _powers(np.minimum(more, 0))
    if counts[0]:
        both *= both
        apart *= apart
        mean_both *= mean_both
        mean_apart *= mean_apart
        sums[:, 0] = _powers(_unlike(_blurred(both)[inner] - mean_both, _blurred(apart)[inner], mean_apart))
    return sums


def _unlike(spread: Float, power: Float, shift: Float) -> Float:
    """Return 1 less the structural similarity, whose term of means has no denominator here.

    Of the variance of a + b, the mean square of a - b, and the square of its mean, m: q + m - q m, where q is the
    variance of a - b over the sum of the variances of a and of b.
    """
    power -= shift
    spread += power
    spread += np.float32(2 * _C2)
    ratio = 2 * power / spread
    return np.asarray(np.maximum(ratio + shift * (1 - ratio), 0), np.float32)


def _more_detail(both: Float, apart: Float) -> Float:
    """Return how much more b departs from its surroundings than a (over 0 ringing, else blur), of a + b, a - b."""
    detail_a, detail_b = np.abs(both + apart), np.abs(both - apart)
    detail_b -= detail_a
    detail_a += 2
    return np.asarray(detail_b / detail_a, np.float32)


def _powers(errors: Float) -> tuple[float, float]:
    total = abs(cv2.sumElems(errors)[0])
    errors *= errors
    return total, cv2.norm(errors, cv2.NORM_L2SQR)


def _blurred(plane: Float) -> Float:
    """Return a plane blurred by about a Gaussian; what is beyond the picture is 0."""
    return np.asarray(cv2.sepFilter2D(plane, -1, _TAPS, _TAPS, borderType=cv2.BORDER_CONSTANT), np.float32)
