"""One tone for a whole frame, a monotone curve of luma with one gain, turn and tint of color; and uneven light.

Exposure, contrast, saturation, white balance and the loss of color move all colors of a picture alike and keep hues in
order. What turns or permutes hues, or colors one thing alone, is no tone: it is left over, and found where it is.
Uneven light is one slow factor over the whole frame, as a vignette, a lamp or a scanner's lid leaves it. Where a part
alone is in other light its edge remains, since nothing slow follows it.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats
from samepic.native import native
from samepic.tuning.evidence import SHADE, TONE
from samepic.verify.photometry import area_means, percentile

Wide: TypeAlias = NDArray[np.float64]
Complex: TypeAlias = NDArray[np.complex128]

_LIMITS = np.array(
    [
        TONE.best,
        TONE.gray,
        TONE.most_mix,
        TONE.mix_pull,
        np.radians(TONE.most_turn),
        TONE.most_gain,
        TONE.no_color,
        TONE.most_tint,
        TONE.gain_pull,
        TONE.tint_pull,
        TONE.slope_pull,
        TONE.most_left,
        TONE.settled,
    ]
)
"""What the native part takes of the limits, in its order."""

_BINS = 24
_ROUNDS = 6


class ToneMap(NamedTuple):
    """The change of tone from one picture to another, in Y, Cr, Cb of 8-bit levels.

    `curve` (256,) is that of luma, monotone; `mix` what Cr and Cb add to luma before it; `gain` turns and scales color
    as a complex number (1 leaves it), `tint` and `slope` add a color to all, and as luma rises; `misfit` is the level
    that four tenths of the samples stay within, `rest` the mean of what is left, each no more than counts, `change` the
    level that nine tenths change by at most, `power` the root mean square of the change.
    """

    curve: Wide
    mix: tuple[float, float]
    gain: complex
    tint: complex
    slope: complex
    misfit: float
    rest: float
    change: float
    power: float

    @property
    def identity(self) -> bool:
        """Whether so little changes that nothing is gained by applying it."""
        return self.change < TONE.none and abs(self.gain - 1) < TONE.no_gain

    def apply(self, y: Floats, cr: Floats, cb: Floats) -> tuple[Floats, Floats, Floats]:
        """Return three planes of equal shape, color as the distance from gray, with this change of tone."""
        if self.identity:
            return y, cr, cb
        mixed = y + np.float32(self.mix[0]) * cr + np.float32(self.mix[1]) * cb
        steps = np.linspace(0, 255, 1021)
        table = np.interp(steps, np.arange(256), self.curve).astype(np.float32)
        luma = table[np.clip(mixed * 4, 0, 1020).astype(np.int16)]
        rise = (y - np.float32(128)) * np.float32(1 / 128)
        colors = ((np.float32(z.real), np.float32(z.imag)) for z in (self.gain, self.tint, self.slope))
        (g, turn), (t_red, t_blue), (s_red, s_blue) = colors
        return luma, g * cr - turn * cb + t_red + s_red * rise, turn * cr + g * cb + t_blue + s_blue * rise


def fit_tone_map(source: Floats, target: Floats, weights: Floats) -> ToneMap:
    """Return the change of tone from `source` to `target`, (n, 3) Y, Cr, Cb, color as the distance from gray.

    `weights` (n,) are those of the samples to begin with. Of three fits, begun from all samples, from those that are
    equal already and from those equal but for a shift of luma, the one holds that comes nearest to the best four
    tenths of the samples: what covers most of a frame does not bend it. A target without color was given none.
    """
    y, c = source[:, 0].astype(float), source[:, 1] + 1j * source[:, 2]
    to_y, to_c = target[:, 0].astype(float), target[:, 1] + 1j * target[:, 2]
    apart = np.hypot(to_y - y, np.abs(to_c - c))
    if _quantile(apart, weights, 0.9) < TONE.none:
        return _untouched(apart, weights)
    lifted = np.hypot(to_y - y - percentile(to_y - y, 50), np.abs(to_c - c))
    pair = ToneSamples(y, c, to_y, to_c, weights)
    fits = fits_plain if native is None else fits_of
    (first,) = fits(pair, np.zeros((1, len(y))))  # near by nothing, so all are
    # A strong curve may leave little only because it takes what covers a part of a page to the white around it.
    holds = _price(first) <= TONE.close and first.power <= TONE.moderate
    slight = first.power <= TONE.slight and first.rest <= TONE.little
    return first if holds or slight else min((first, *fits(pair, np.stack([apart, lifted]))), key=_price)


def _untouched(apart: Wide, weights: Floats) -> ToneMap:
    rest = float(np.average(np.minimum(apart, TONE.most_left), weights=weights))
    misfit = _quantile(apart, weights, TONE.best)
    return ToneMap(np.arange(256.0), (0.0, 0.0), 1 + 0j, 0j, 0j, misfit, rest, 0.0, 0.0)


def _price(fit: ToneMap) -> float:
    return fit.misfit + TONE.rest * fit.rest + TONE.price * fit.power


class ToneSamples(NamedTuple):
    """Luma and color (n,) of the source and of the target, and the weights to begin with."""

    y: Wide
    c: Complex
    to_y: Wide
    to_c: Complex
    weights: Floats


def fits_of(pair: ToneSamples, starts: Wide) -> list[ToneMap]:
    """Return the fits begun from the samples that are near by each of `starts`, (k, n)."""
    samples = np.stack([pair.y, pair.c.real, pair.c.imag, pair.to_y, pair.to_c.real, pair.to_c.imag])
    weights = np.ascontiguousarray(pair.weights, np.float32)
    found = native.tone(samples.astype(np.float64), weights, starts.astype(np.float64), _LIMITS)
    return [_map_of(numbers) for numbers in np.frombuffer(found, np.float64).reshape(len(starts), -1)]


def _map_of(numbers: Wide) -> ToneMap:
    mix, gain, tint, slope, (misfit, rest), (change, power) = numbers[256:].reshape(6, 2).tolist()
    colors = complex(*gain), complex(*tint), complex(*slope)
    return ToneMap(numbers[:256], (mix[0], mix[1]), *colors, misfit, rest, change, power)


def fits_plain(pair: ToneSamples, starts: Wide) -> list[ToneMap]:
    """Return what `fits_of` does, without the native part: ten times as slow."""
    return [_fitted(pair, start) for start in starts]


def _fitted(pair: ToneSamples, apart: Wide) -> ToneMap:
    y, c, to_y, to_c, weights = pair.y, pair.c, pair.to_y, pair.to_c, pair.weights
    w = weights.astype(float) + 1e-6
    w = w * _doubt(apart, w)
    curve, mix, colorless = np.arange(256.0), np.zeros(2), is_gray(to_c)
    gain = tint = slope = 0j
    shown_y, shown_c = y, c
    for _ in range(_ROUNDS):
        before = shown_y, shown_c
        mix = _mix(c, to_y - np.interp(y, np.arange(256), curve), w)
        mixed = np.clip(y + mix[0] * c.real + mix[1] * c.imag, 0, 255)
        curve = _curve(mixed, to_y, w)
        gain, tint, slope = (0j, 0j, 0j) if colorless else _color(c, y, to_c, w)
        shown_y = np.interp(mixed, np.arange(256), curve)
        shown_c = gain * c + tint + slope * (y - 128) / 128
        if float(np.abs(shown_y - before[0]).max() + np.abs(shown_c - before[1]).max()) < TONE.settled:
            break
        w = (weights + 1e-6) * _doubt(np.hypot(to_y - shown_y, np.abs(to_c - shown_c)), weights)
    left = np.hypot(to_y - shown_y, np.abs(to_c - shown_c))
    rest = float(np.average(np.minimum(left, TONE.most_left), weights=weights))
    moved = np.hypot(shown_y - y, np.abs(shown_c - c))
    power = float(np.sqrt(np.average(np.square(moved), weights=weights)))
    misfit, change = _quantile(left, weights, TONE.best), _quantile(moved, weights, 0.9)
    return ToneMap(curve, (float(mix[0]), float(mix[1])), gain, tint, slope, misfit, rest, change, power)


def is_gray(color: Complex) -> bool:
    """Return whether a picture holds no color, (n,) samples of Cr + i Cb as the distance from gray."""
    return bool(np.abs(color).max(initial=0.0) <= TONE.gray)


def _doubt(left: Wide, weights: NDArray[np.floating]) -> Wide:
    """Return Cauchy weights (n,) of what is left, against the level that four tenths stay within."""
    scale = max(2.0, 2.0 * _quantile(left, weights, TONE.best))
    return np.asarray(1.0 / (1.0 + np.square(left / scale)) ** 2, np.float64)


def _quantile(values: Wide, weights: NDArray[np.floating], share: float) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order], dtype=np.float64)
    return float(values[order[min(len(order) - 1, int(np.searchsorted(total, share * total[-1])))]])


def _mix(c: Complex, left: Wide, w: Wide) -> Wide:
    design = np.stack([c.real, c.imag])
    gram = (design * w) @ design.T + np.eye(2) * (TONE.mix_pull * w.sum())
    return np.clip(np.linalg.solve(gram, (design * w) @ left), -TONE.most_mix, TONE.most_mix)


def _curve(x: Wide, y: Wide, w: Wide) -> Wide:
    """Return the monotone curve (256,) through the weighted means of y over 24 classes of x, smoothed once."""
    classes = np.minimum((x * (_BINS / 256)).astype(np.intp), _BINS - 1)
    mass = np.bincount(classes, w, _BINS)
    full = np.flatnonzero(mass > 0.002 * mass.sum())
    if not len(full):
        return np.arange(256.0)
    at = np.bincount(classes, w * x, _BINS)[full] / mass[full]
    to = np.bincount(classes, w * y, _BINS)[full] / mass[full]
    to = _monotone(to, np.asarray(mass[full], np.float64))
    steps = np.arange(256.0)
    curve = np.interp(steps, at, to)
    curve = np.where(steps < at[0], to[0] + (steps - at[0]), curve)
    curve = np.where(steps > at[-1], to[-1] + (steps - at[-1]), curve)
    return np.asarray(np.clip(curve, 0, 255), np.float64)


def _monotone(levels: Wide, weights: Wide) -> Wide:
    """Return the nearest levels that never fall (pool adjacent violators, Ayer et al. 1955)."""
    blocks: list[tuple[float, float, int]] = []
    for level, weight in zip(levels.tolist(), weights.tolist(), strict=True):
        blocks.append((level, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            (one, w1, n1), (two, w2, n2) = blocks[-2:]
            blocks[-2:] = [((one * w1 + two * w2) / (w1 + w2), w1 + w2, n1 + n2)]
    return np.concatenate([np.full(count, level) for level, _, count in blocks])


def _color(c: Complex, y: Wide, to_c: Complex, w: Wide) -> tuple[complex, complex, complex]:
    """Return gain, tint and slope of color by least squares, pulled towards none, the gain kept to small turns."""
    design = np.stack([c, np.ones(len(c)), (y - 128) / 128])
    pull = np.diag([TONE.gain_pull, TONE.tint_pull, TONE.slope_pull]) * w.sum()
    gram = (design.conj() * w) @ design.T + pull
    right = (design.conj() * w) @ (to_c - c)
    gain, tint, slope = np.linalg.solve(gram, right)
    gain = gain + 1
    turn = float(np.angle(gain)) if abs(gain) > TONE.no_color else 0.0
    bound = np.radians(TONE.most_turn)
    if abs(turn) > bound or abs(gain) > TONE.most_gain:
        size = min(abs(gain) * max(0.0, float(np.cos(abs(turn) - min(abs(turn), bound)))), TONE.most_gain)
        gain = size * np.exp(1j * np.clip(turn, -bound, bound))
        rest = design[1:]
        gram = (rest.conj() * w) @ rest.T + pull[1:, 1:]
        tint, slope = np.linalg.solve(gram, (rest.conj() * w) @ (to_c - gain * c))
    return complex(gain), _bounded(tint), _bounded(slope)


def _bounded(color: complex) -> complex:
    return complex(color) * min(1.0, TONE.most_tint / max(1e-9, abs(color)))


def planes_of(rgb: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Return Y, Cr, Cb (height, width) of a picture (height, width, 3), color as the distance from gray, in levels."""
    if native is not None:
        planes = np.frombuffer(native.planes(np.ascontiguousarray(rgb)), np.float32).reshape(
            3, *rgb.shape[:2]
        )
        return planes[0], planes[1], planes[2]
    return planes_plain(rgb)


def planes_plain(rgb: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Return what `planes_of` does, without the native part: half as fast."""
    y, cr, cb = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb))
    half = np.float32(128)
    return (
        y.astype(np.float32),
        np.subtract(cr, half, dtype=np.float32),
        np.subtract(cb, half, dtype=np.float32),
    )


Planes: TypeAlias = tuple[Floats, Floats, Floats]
_COARSE = 48
_ORDER = 3
_TURNS = 2


class Shade(NamedTuple):
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
        grown = cv2.resize(factor, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(grown, np.float32)


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

    Tone and light are separated in turns, begun from the tone that was found and from none: a vignette darkens as a
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
    return area_means(plane, size)


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
