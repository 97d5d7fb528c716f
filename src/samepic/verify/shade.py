"""Light that falls unevenly: one slow factor over the whole frame, as a vignette, a lamp or a scanner's lid leaves it.

Where a part alone is in other light its edge remains, since nothing slow follows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.evidence import SHADE
from samepic.verify.ranks import percentile
from samepic.verify.tone import ToneMap, fit_tone_map

__all__ = ["Shade", "explains", "fit_shade", "lit"]

Floats: TypeAlias = NDArray[np.float32]
Wide: TypeAlias = NDArray[np.float64]
Planes: TypeAlias = tuple[Floats, Floats, Floats]

_COARSE = 48
_ORDER = 3
_ROUNDS = 6
_TURNS = 2


@dataclass(frozen=True, slots=True, eq=False)
class Shade:
    """A factor of light: exp of a polynomial of the place, of `terms` (10,); `strength` is how far it is from even.

    Places go from -1 to 1 over the frame; `strength` is the 90th percentile of the logarithm's size over it.
    """

    terms: Wide
    strength: float

    def field(self, shape: tuple[int, int]) -> Floats:
        """Return the factor at every pixel, (height, width), in steps too small to be seen."""
        small = np.exp(_basis(min(shape[0], 64), min(shape[1], 64)) @ self.terms)
        size = (min(shape[1], 64), min(shape[0], 64))
        factor = small.reshape(size[1], size[0]).astype(np.float32)
        return np.asarray(
            cv2.resize(factor, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR), np.float32
        )


def fit_shade(source: Floats, target: Floats, weights: Floats) -> Shade | None:
    """Return the shade that takes the luma of `source` to that of `target`, both (rows, columns); None where none.

    `weights` are those of the samples. Fitted to the logarithm of the ratio by iterated weighted least squares with
    Cauchy weights (Holland and Welsch 1977), so that a part that was painted over does not bend it.
    """
    one, two = (np.maximum(p.ravel().astype(np.float64), 0) + SHADE.black for p in (source, target))
    ratio = np.log(two / one)
    basis = _basis(*source.shape)
    # Dark places say little of the light.
    base = weights.ravel() * np.minimum(one, two) / 255
    if float((base > 0).mean()) < SHADE.seen:
        return None
    w: NDArray[Any] = base.copy()
    terms = np.zeros(basis.shape[1])
    pull = np.diag([0.0, *(SHADE.pull,) * (basis.shape[1] - 1)])
    for _ in range(_ROUNDS):
        gram = (basis.T * w) @ basis + pull * w.sum()
        terms = np.linalg.solve(gram, (basis.T * w) @ ratio)
        left = np.abs(ratio - basis @ terms)
        scale = max(SHADE.least, 2.0 * percentile(left[base > 0], 40))
        w = base / (1.0 + np.square(left / scale)) ** 2
    size = np.abs(basis @ terms)
    strength = percentile(size, 90)
    return None if strength < SHADE.least or float(size.max()) > SHADE.most else Shade(terms, strength)


def explains(without: Floats, shown: Floats, target: Floats, weights: Floats) -> float:
    """Return what is left with a shade as a share of what was left without: of the median and the mean, the larger.

    All are lumas (rows, columns): the source without the shade, with it, and the target.
    """
    known = weights > 0
    before, after = (np.minimum(np.abs(target - p)[known], SHADE.most_left) for p in (without, shown))
    pairs = (percentile(after, 50), percentile(before, 50)), (float(after.mean()), float(before.mean()))
    return max((left + SHADE.rounding) / (had + SHADE.rounding) for left, had in pairs)


def lit(
    source: Planes, target: Planes, inside: NDArray[np.bool_], tone: ToneMap
) -> tuple[Planes, ToneMap, float]:
    """Return the source in the tone and the light of the target, the tone, and how unevenly the light falls.

    Tone and light are told apart by turns, begun from the tone that was found and from none: a vignette darkens as a
    curve does. A shade is believed where it makes what is left clearly smaller.
    """
    toned = tone.apply(*source)
    held = _small(inside.astype(np.float32))
    held = np.where(held > SHADE.held, held, np.float32(0))
    a, b = (tuple(_small(p) for p in planes) for planes in (source, target))
    without = _small(toned[0])
    if not held.any() or percentile(np.abs(b[0] - without)[held > 0], 50) < SHADE.left:
        return toned, tone, 0.0
    found = [
        made
        for begun in (without, a[0])
        if (made := _by_turns(begun, a, b, held, (without, tone))) is not None
    ]
    if not found:
        return toned, tone, 0.0
    _, tone, shade = min(found, key=lambda one: one[0])
    light, toned = shade.field((inside.shape[0], inside.shape[1])), tone.apply(*source)
    return (toned[0] * light, toned[1] * light, toned[2] * light), tone, shade.strength


def _small(plane: Floats) -> Floats:
    size = (min(_COARSE, plane.shape[1]), min(_COARSE, plane.shape[0]))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)


def _by_turns(
    begun: Floats, a: tuple[Floats, ...], b: tuple[Floats, ...], held: Floats, without: tuple[Floats, ToneMap]
) -> tuple[float, ToneMap, Shade] | None:
    """Return what is left, the tone and the shade; None where no shade is found, or what is left is not clearly less.

    `a` and `b` are the planes of the source and the target, `begun` the luma of the source that the first shade is
    found from, `without` that in its tone and the tone.
    """
    luma, tone = begun, without[1]
    shade, shape = fit_shade(luma, b[0], held), (begun.shape[0], begun.shape[1])
    for _ in range(_TURNS):
        if shade is None:
            return None
        even = shade.field(shape)
        one, two = (np.stack([p.ravel() for p in planes], axis=1) for planes in (a, [p / even for p in b]))
        tone = fit_tone_map(one, two, held.ravel())
        luma = tone.apply(a[0], a[1], a[2])[0]
        shade = fit_shade(luma, b[0], held)
    if shade is None:
        return None
    left = explains(without[0], luma * shade.field(shape), b[0], held)
    return (left, tone, shade) if left <= SHADE.gain else None


def _basis(rows: int, columns: int) -> Wide:
    """Return Legendre polynomials of the place up to the third order, (rows x columns, 10)."""
    y, x = ((np.arange(n) + 0.5) / n * 2 - 1 for n in (rows, columns))
    powers = [np.polynomial.legendre.legvander(axis, _ORDER) for axis in (y, x)]
    parts = [
        np.outer(powers[0][:, i], powers[1][:, j]).ravel()
        for i in range(_ORDER + 1)
        for j in range(_ORDER + 1 - i)
    ]
    return np.stack(parts, axis=1)
