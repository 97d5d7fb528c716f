"""Evidence, cell by cell, that content was changed, and the regions that changed cells make.

One tone, one filter and one smooth displacement for the whole frame are taken out first. What is left is measured in
every cell against what cells that hold as much show elsewhere, both ways: what one shows and the other does not counts
as much as the reverse. Small perceptrons that ship with the package say how surely each cell was changed.
"""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Mask, Pixels
from samepic.native import native
from samepic.tuning.evidence import CHANGE, EVIDENCE, TONE
from samepic.verdict import Region
from samepic.verify.align import refined
from samepic.verify.features import correlation_map
from samepic.verify.photometry import area_means, coarse, filtered, percentile
from samepic.verify.tone import ToneMap, fit_tone_map, is_gray, lit, planes_of

Planes: TypeAlias = tuple[Floats, Floats, Floats]
_COARSE = 48
_KINDS = 12

MEASURES = (
    "difference",  # mean absolute difference of luma, in levels
    "beyond usual",  # the same over what is usual in cells that hold as much
    "level",  # absolute mean difference of luma
    "peak",  # largest difference of luma over 3 x 3 pixels
    "color",  # absolute mean difference of color
    "color beyond usual",
    "apart",  # structure that does not correlate, in levels, fine
    "apart coarse",
    "apart untoned",  # the same, fine, before the tone of the source is changed
    "correlation",
    "correlation coarse",
    "held source",  # standard deviation of luma in the source and in the target, in levels
    "held target",
    "lost",  # logarithm of structure kept over what is usual: below 0 was lost, above 0 was gained
    "saturation",  # distance from gray of the more colorful of the two, before the change of tone
    "level untoned",  # absolute mean difference of luma before the change of tone
    "color untoned",  # and of color
    "seam",  # nearness, 0 to 1, of where the one ends
)
"""The measures of a cell, in their order."""

CONTEXT = (
    "median correlation",
    "low correlation",
    "coarse correlation",
    "typical difference",
    "high difference",
    "tone change",
    "tone misfit",
    "gain of color",
    "turn of color",  # in parts of 20 degrees
    "tint",  # color added, in levels
    "hues",  # logarithm of how many hues the source holds
    "colored",  # share of the source that holds color
    "sharpness",
    "size",
    "cell",
    "whole frame",
    "flat share",
    "displacement",
    "shade",
)
"""The measures of the whole frame, which say what a cell's mean."""


class CellEvidence(NamedTuple):
    """The measures of every cell.

    `cells` is (rows, columns, len(MEASURES)) float32, `context` (len(CONTEXT),), `inside` (rows, columns) where a cell
    counts; `side` the pixels of a cell, `scale` the pixels of the overlay a pixel of what was measured is; `shown` is
    the absolute difference (height, width) that is left, in levels, at the size that was measured; `tone` the change
    of tone, `forward` whether it leads from the first picture to the second; `shaded` how unevenly light falls
    (`Shade.strength`), 0 where it does not; `colorless` says which of the two hold no color.
    """

    cells: Floats
    context: Floats
    inside: Mask
    side: int
    scale: float
    shown: Floats
    tone: ToneMap
    forward: bool
    shaded: float
    colorless: tuple[bool, bool]


class _PlanePair(NamedTuple):
    """Two pictures on each other: their planes, where they overlap, and what `CellEvidence` has of the same names."""

    planes: tuple[Planes, Planes]
    inside: Mask
    whole: bool
    scale: float
    colorless: tuple[bool, bool]


class ExplainedPair(NamedTuple):
    """A source as it should look in the target: `raw` in its place, `sharp` with its tone, `shown` filtered besides."""

    raw: tuple[Floats, ...]
    sharp: Floats
    shown: Planes
    target: Planes
    inside: Mask
    side: int
    tone: ToneMap
    whole: bool
    displacement: float = 0.0
    shaded: float = 0.0


def gather(one: Pixels, two: Pixels, inside: Mask, *, whole: bool) -> tuple[CellEvidence, ...]:
    """Return the evidence between two pictures (height, width, 3) uint8 that lie on each other within `inside`.

    `whole` says that they are whole frames of one shape, which were laid on each other by scaling alone. The first
    explains that picture from which the other is reached more easily. A second one explains them the other way round:
    a curve that takes a gray box to the white around it, or a blur that takes writing away, has no way back. There is
    none where both would show the same, or where the one lost its colors, which do not return.
    """
    one, two, inside, scale = _sized(one, two, inside)
    planes = planes_of(one), planes_of(two)
    tones, forward, colorless = _tones_between(*planes, inside)
    pair = _PlanePair(planes, inside, whole, scale, colorless)
    first, symmetric = _one_way(pair, tones[not forward], forward=forward)
    if symmetric or colorless[0] != colorless[1]:
        return (first,)
    return first, _one_way(pair, tones[forward], forward=not forward)[0]


def gather_unexplained(one: Pixels, two: Pixels, inside: Mask, *, whole: bool) -> CellEvidence | None:
    """Return the evidence as `gather` does, with nothing explained away.

    None where the two differ in tone, in whether they hold color, or all over, which wants an explanation.
    """
    held = area_means(inside.astype(np.float32), (_COARSE, _COARSE)).ravel() > 0.9
    a, b = (_coarse_planes(rgb)[held] for rgb in (one, two))
    if not held.any():
        return None
    if float(np.minimum(np.abs(a[:, 0] - b[:, 0]), TONE.most_left).mean()) > EVIDENCE.as_it_is:
        return None
    grays = is_gray(a[:, 1] + 1j * a[:, 2]), is_gray(b[:, 1] + 1j * b[:, 2])
    tone = fit_tone_map(a, b, np.ones(len(a), np.float32))
    if grays[0] != grays[1] or not tone.identity:
        return None
    one, two, inside, scale = _sized(one, two, inside)
    source, target = planes_of(one), planes_of(two)
    side = _cell_side(inside)
    explained = ExplainedPair(source, source[0], source, target, inside, side, tone, whole)
    cells, context, within = _measured(explained)
    left = np.abs(target[0] - source[0])
    return CellEvidence(cells, context, within, side, scale, left, tone, True, 0.0, grays)


def _coarse_planes(rgb: Pixels) -> Floats:
    """Return Y, Cr, Cb (n, 3) of a picture's block means, color as the distance from gray."""
    planes = cv2.cvtColor(coarse(rgb), cv2.COLOR_RGB2YCrCb).reshape(-1, 3)
    return np.asarray(planes - np.array([0, 0.5, 0.5], np.float32), np.float32)


def _cell_side(inside: Mask) -> int:
    return 4 if inside.size <= EVIDENCE.fine_pixels else 8


def _one_way(pair: _PlanePair, tone: ToneMap, *, forward: bool) -> tuple[CellEvidence, bool]:
    """Return the evidence one way, and whether nothing was explained away, so that the other shows the same."""
    first, second = pair.planes
    inside, whole = pair.inside, pair.whole
    source, target = (first, second) if forward else (second, first)
    toned, tone, shaded = lit(source, target, inside, tone)
    planes: tuple[Floats, ...] = (*toned, *source)
    side = _cell_side(inside)
    found, _, most = _correlation(planes[0], target[0], side)
    displacement = 0.0
    telling = (most >= EVIDENCE.telling**2) & _cells_inside(inside, side, _shape_of(found))
    if telling.any() and percentile(found[telling], 40) < EVIDENCE.placed:
        planes, displacement = refined(planes, target, inside, whole=whole)
    shown = (filtered(planes[0], target[0], inside), planes[1], planes[2])
    where = inside, side, tone, whole, displacement, shaded
    explained = ExplainedPair(planes[3:], planes[0], shown, target, *where)
    left = [np.abs(b - a) for a, b in zip(shown, target, strict=True)]
    cells, context, within = _measured(explained)
    every = np.maximum(np.maximum(*left[:2]), left[2])
    measured = cells, context, within, side, pair.scale, every
    unfiltered = float(np.abs(shown[0] - planes[0]).mean()) < EVIDENCE.unfiltered
    symmetric = tone.identity and not shaded and unfiltered
    return CellEvidence(*measured, tone, forward, shaded, pair.colorless), symmetric


def _sized(one: Pixels, two: Pixels, inside: Mask) -> tuple[Pixels, Pixels, Mask, float]:
    """Return all three, small ones enlarged so that there are enough cells, and the factor."""
    short = min(inside.shape)
    if short >= EVIDENCE.least_side:
        return one, two, inside, 1.0
    times = min(8, -(-EVIDENCE.least_side // short))
    size = (inside.shape[1] * times, inside.shape[0] * times)
    one, two = (np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_CUBIC), np.uint8) for p in (one, two))
    grown = cv2.resize(inside.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    return one, two, np.asarray(grown, np.bool_), float(times)


def _tones_between(
    first: Planes, second: Planes, inside: Mask
) -> tuple[tuple[ToneMap, ToneMap], bool, tuple[bool, bool]]:
    """Return the changes of tone from the first to the second and back, whether the former explains more, and which
    of the two hold no color."""
    size = (min(_COARSE, inside.shape[1]), min(_COARSE, inside.shape[0]))
    held = area_means(inside.astype(np.float32), size).ravel()
    a, b = (np.stack([area_means(p, size).ravel() for p in planes], axis=1) for planes in (first, second))
    found, _, most = _correlation(first[0], second[0], 8)
    sure = np.where(most >= EVIDENCE.telling**2, np.clip(found, 0.02, 1.0), np.float32(0.3))
    weights = held * cv2.resize(sure, size, interpolation=cv2.INTER_AREA).ravel() * (held > 0.9)
    if not weights.any():
        weights = held + np.float32(1e-3)
    grays = is_gray(a[:, 1] + 1j * a[:, 2]), is_gray(b[:, 1] + 1j * b[:, 2])
    if grays[0] != grays[1]:
        # How gray becomes gray must not be learned from what one of them alone holds in color.
        pale = np.hypot(*(b if grays[0] else a)[:, 1:].T) < TONE.pale
        if pale.mean() > 0.2:
            weights = weights * np.where(pale, 1.0, TONE.colored).astype(np.float32)
    forth, back = fit_tone_map(a, b, weights), fit_tone_map(b, a, weights)
    if grays[0] != grays[1]:
        return (forth, back), grays[1], grays
    spread = [float(p.std()) + 5.0 for p in (b, a)]
    forward = forth.misfit / spread[0] <= back.misfit / spread[1] * 1.02
    return (forth, back), forward, grays


def _correlation(a: Floats, b: Floats, step: int) -> tuple[Floats, Floats, Floats]:
    return correlation_map(a, b, step, EVIDENCE.window, EVIDENCE.floor)


def _shape_of(plane: Floats) -> tuple[int, int]:
    return plane.shape[0], plane.shape[1]


def _cell_means(plane: Floats, side: int, shape: tuple[int, int]) -> Floats:
    return area_means(_whole(plane, side, shape), (shape[1], shape[0]))


def _whole(plane: Floats, side: int, shape: tuple[int, int]) -> Floats:
    down, across = shape[0] * side - plane.shape[0], shape[1] * side - plane.shape[1]
    if down == across == 0:
        return plane
    return np.asarray(cv2.copyMakeBorder(plane, 0, down, 0, across, cv2.BORDER_REFLECT_101), np.float32)


def _cells_inside(inside: Mask, side: int, shape: tuple[int, int]) -> Mask:
    if inside.all():
        return np.ones(shape, np.bool_)
    return _cell_means(inside.astype(np.float32), side, shape) > 0.99


def _spread(mean: Floats, square: Floats) -> Floats:
    """Return the standard deviation over 3 x 3 cells, from the means of a plane and of its square in each."""
    mean, square = (np.asarray(cv2.blur(p, (3, 3)), np.float32) for p in (mean, square))
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0)), np.float32)


def _hues(cr: Floats, cb: Floats) -> tuple[float, float]:
    """Return the logarithm of how many hues a picture holds, by the entropy of 24 classes, and its colored share."""
    chroma = np.hypot(cr, cb).ravel()
    colored = chroma >= TONE.pale
    if not colored.any():
        return 0.0, 0.0
    classes = ((np.arctan2(cb, cr).ravel()[colored] / (2 * np.pi) + 0.5) * 24).astype(np.intp) % 24
    shares = np.bincount(classes, chroma[colored], 24)
    shares = shares[shares > 0] / shares.sum()
    return float(-(shares * np.log(shares)).sum()), float(colored.mean())


class _CellKinds:
    """Cells by how much structure they hold, so that what is usual for one is what others of its kind show.

    `kinds` is (rows, columns), 0 to 11; `inside` says which cells count.
    """

    def __init__(self, kinds: NDArray[np.uint8], inside: Mask) -> None:
        where = np.flatnonzero(inside)
        kept = kinds.ravel()[where]
        ends = np.bincount(kept, minlength=_KINDS).cumsum()
        self._kinds, self._order = kinds, where[np.argsort(kept, kind="stable")]
        self._parts = [
            (k, *part) for k, part in enumerate(pairwise((0, *ends.tolist()))) if part[1] - part[0] >= 8
        ]

    def usual(self, values: Floats) -> Floats:
        """Return what is usual, the median, of `values` (rows, columns) in cells of the same kind."""
        if not self._parts:
            return np.zeros_like(values)
        held = values.ravel()[self._order]
        known = [kind for kind, _, _ in self._parts]
        medians = [percentile(held[first:end], 50) for _, first, end in self._parts]
        return np.asarray(np.interp(np.arange(_KINDS), known, medians), np.float32)[self._kinds]


class _CellMeans(NamedTuple):
    """The means of every cell, (rows, columns) each, and its peak.

    `apart` is that of the absolute difference of luma that is left, `left` of that difference, `untoned` of the
    difference before the tone was changed; `colors` are Cr and Cb as shown, of the target, and raw; `held` the luma
    of the source and its square, and of the target; `peak` is the largest difference over 3 x 3 pixels.
    """

    apart: Floats
    left: Floats
    untoned: Floats
    colors: tuple[tuple[Floats, Floats], ...]
    held: tuple[tuple[Floats, Floats], ...]
    peak: Floats


def cell_means(pair: ExplainedPair, shape: tuple[int, int]) -> _CellMeans:
    """Return the means of all cells, of which there are `shape` (rows, columns)."""
    if native is None:
        return cell_means_plain(pair, shape)
    planes = [np.ascontiguousarray(p) for p in (*pair.raw, pair.sharp, *pair.shown, *pair.target)]
    found = native.cells(planes, pair.inside.shape[1], pair.side)
    apart, left, untoned, *others, peak = np.frombuffer(found, np.float32).reshape(-1, *shape)
    pairs = tuple(zip(others[::2], others[1::2], strict=True))
    # Cells that end beyond the middle of the last ones have no peak of their own: the networks learned it so.
    rows, columns = (-(-(size - pair.side // 2) // pair.side) for size in pair.inside.shape)
    return _CellMeans(apart, left, untoned, pairs[:3], pairs[3:], _spread_over(peak[:rows, :columns], shape))


def cell_means_plain(pair: ExplainedPair, shape: tuple[int, int]) -> _CellMeans:
    """Return what `cell_means` does, without the native part: five times as slow."""
    side, target, sharp = pair.side, pair.target[0], pair.sharp
    left = target - pair.shown[0]

    def means(plane: Floats) -> Floats:
        return _cell_means(plane, side, shape)

    colors = tuple((means(p[1]), means(p[2])) for p in (pair.shown, pair.target, pair.raw))
    held = tuple((means(p), means(p * p)) for p in (sharp, target))
    apart, untoned = means(np.abs(left)), means(target - pair.raw[0])
    return _CellMeans(apart, means(left), untoned, colors, held, _peaks(left, side, shape))


def _measured(pair: ExplainedPair) -> tuple[Floats, Floats, Mask]:
    """Return the measures of all cells, the context, and which cells count."""
    side, shown, target = pair.side, pair.shown, pair.target
    found, _, most = _correlation(shown[0], target[0], side)
    shape = _shape_of(found)
    found_c, most_c = _coarse_correlation(shown[0], target[0], side, shape)
    as_shown = pair.raw[0] is shown[0]
    raw, _, most_raw = (found, most, most) if as_shown else _correlation(pair.raw[0], target[0], side)
    within = _cells_inside(pair.inside, side, shape)
    means = cell_means(pair, shape)
    difference = np.asarray(cv2.blur(means.apart, (2, 2)), np.float32)
    level, untoned_level = (np.abs(cv2.blur(p, (2, 2))) for p in (means.left, means.untoned))
    own, other, plain = means.colors
    color, untoned = (
        np.maximum(*(np.abs(cv2.blur(b - a, (2, 2))) for a, b in zip(of, other, strict=True)))
        for of in (own, plain)
    )
    saturation = np.maximum(np.hypot(*plain), np.hypot(*other))
    held = [_spread(*of) for of in means.held]
    levels = np.minimum(np.log2(np.minimum(*held) + 1.0) * 2, _KINDS - 1).astype(np.uint8)
    kinds = _CellKinds(levels, within)
    kept = np.log((held[1] + 1.0) / (held[0] + 1.0))
    measures = (
        np.log1p(difference),
        np.log((difference + 0.7) / (kinds.usual(difference) + 0.7)),
        np.log1p(level),
        np.log1p(means.peak),
        np.log1p(color),
        np.log((color + 0.7) / (kinds.usual(color) + 0.7)),
        np.log1p(_apart(found, most)),
        np.log1p(_apart(found_c, most_c)),
        np.log1p(_apart(raw, most_raw)),
        found,
        found_c,
        np.log1p(held[0]),
        np.log1p(held[1]),
        kept - kinds.usual(kept),
        np.log1p(saturation),
        np.log1p(untoned_level),
        np.log1p(untoned),
        _seam(pair.inside, side, shape),
    )
    # One plane after the other, as they are computed and as the network takes them.
    cells = np.moveaxis(np.stack(measures).astype(np.float32, copy=False), 0, 2)
    telling = within & (most >= EVIDENCE.telling**2)
    return cells, _context(pair, cells, within, telling), within


def _coarse_correlation(a: Floats, b: Floats, side: int, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    """Return the local correlation at half the size, for every cell, and the larger variance."""
    one, two = (area_means(p, (max(1, p.shape[1] // 2), max(1, p.shape[0] // 2))) for p in (a, b))
    found, _, most = _correlation(one, two, side // 2)
    size = (shape[1], shape[0])
    return tuple(
        np.asarray(cv2.resize(p, size, interpolation=cv2.INTER_LINEAR), np.float32) for p in (found, most)
    )  # type: ignore[return-value]


def _apart(found: Floats, most: Floats) -> Floats:
    """Return how much structure does not correlate, in levels."""
    return np.asarray(np.sqrt(most * (1 - np.square(np.clip(found, 0, 1)))), np.float32)


def _peaks(left: Floats, side: int, shape: tuple[int, int]) -> Floats:
    """Return the largest difference over 3 x 3 pixels in each cell."""
    reach = np.ones((side, side), np.uint8)
    peak = cv2.dilate(np.abs(cv2.blur(left, (3, 3))), reach)[side // 2 :: side, side // 2 :: side]
    return _spread_over(np.asarray(peak, np.float32), shape)


def _spread_over(peak: Floats, shape: tuple[int, int]) -> Floats:
    return np.asarray(cv2.resize(peak, (shape[1], shape[0]), interpolation=cv2.INTER_NEAREST), np.float32)


def _seam(inside: Mask, side: int, shape: tuple[int, int]) -> Floats:
    if inside.all():
        return np.zeros(shape, np.float32)
    away = np.asarray(cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    return np.asarray(np.exp(-_cell_means(away, side, shape) / np.float32(8)), np.float32)


def _context(pair: ExplainedPair, cells: Floats, within: Mask, telling: Mask) -> Floats:
    """Return the measures of the whole frame."""
    found, coarse = (cells[..., MEASURES.index(name)] for name in ("correlation", "correlation coarse"))
    nothing = np.ones(1, np.float32)
    values, rough = (f[telling] if telling.any() else nothing for f in (found, coarse))
    difference = cells[..., 0][within] if within.any() else nothing
    source, target, tone = pair.shown[0], pair.target[0], pair.tone
    sharp = [sharpness_of(p) for p in (source, target)]
    return np.array(
        [
            percentile(values, 50),
            percentile(values, 20),
            percentile(rough, 50),
            percentile(difference, 50),
            percentile(difference, 85),
            np.log1p(tone.change),
            np.log1p(tone.misfit),
            np.log(min(3.0, abs(tone.gain)) + 0.1),
            abs(np.angle(tone.gain)) * (9 / np.pi) * min(1.0, abs(tone.gain)),
            np.log1p(abs(tone.tint)),
            *_hues(*(area_means(p, (_COARSE, _COARSE)) for p in pair.raw[1:])),
            np.log((sharp[1] + 0.5) / (sharp[0] + 0.5)),
            np.log2(source.size) / 4,
            pair.side / 8,
            float(pair.whole),
            1.0 - float(telling.sum()) / max(1, int(within.sum())),
            np.log1p(pair.displacement),
            10 * pair.shaded,
        ],
        np.float32,
    )


def sharpness_of(plane: Floats) -> float:
    """Return the RMS of the Laplacian of a plane, in levels."""
    if native is None:
        return float(cv2.norm(cv2.Laplacian(plane, cv2.CV_32F)) / plane.size**0.5)
    return float((native.sharpness(np.ascontiguousarray(plane), plane.shape[1]) / plane.size) ** 0.5)


NETWORKS = ("change", "same", "origin")
"""The networks that ship with the package, by name; `make calibrate` fits them."""


class Network(NamedTuple):
    """A perceptron: `layers` are (weights (in, out), bias (out,)), inputs are brought to `mean` 0 and `spread` 1."""

    mean: Floats
    spread: Floats
    layers: tuple[tuple[Floats, Floats], ...]

    def odds(self, inputs: Floats) -> Floats:
        """Return the logarithm of the odds, (n,), of inputs (n, in)."""
        if native is None:
            return self.odds_plain(inputs)
        parts = (part.ravel() for layer in self.layers for part in layer)
        numbers = np.concatenate([self.mean, self.spread, *parts])
        widths = np.array([len(self.mean), *(len(bias) for _, bias in self.layers)], np.int32)
        found = native.odds(np.ascontiguousarray(inputs, np.float32), numbers.astype(np.float32), widths)
        return np.frombuffer(found, np.float32)

    def odds_plain(self, inputs: Floats) -> Floats:
        """Return what `odds` does, without the native part: three times as slow."""
        held = np.asarray((inputs - self.mean) / self.spread, np.float32)
        for number, (weights, bias) in enumerate(self.layers):
            held = np.asarray(cv2.gemm(held, weights, 1.0, np.empty(0), 0.0), np.float32) + bias
            if number < len(self.layers) - 1:
                held = np.maximum(held, 0)
        return held[:, 0]


@cache
def load_network(name: str) -> Network:
    """Return one of `NETWORKS`, read once."""
    from pathlib import Path

    with np.load(Path(__file__).with_name(f"{name}.npz"), allow_pickle=False) as held:
        count = sum(entry.startswith("weights") for entry in held.files)
        layers = tuple((held[f"weights{k}"], held[f"bias{k}"]) for k in range(count))
        return Network(held["mean"], held["spread"], layers)


_WIDER = tuple(map(MEASURES.index, ("difference", "beyond usual", "color", "apart", "correlation", "lost")))
_AGAINST = tuple(map(MEASURES.index, ("difference", "peak", "color", "apart", "apart coarse")))
_HELD = tuple(map(MEASURES.index, ("held source", "held target")))
_STILL = tuple(map(MEASURES.index, ("difference", "peak", "color")))
_REACH = 3
_LARGEST = 5


class Changes(NamedTuple):
    """The cells that were changed.

    `odds` is (rows, columns) float32, the logarithm of the odds of a change in each cell; `masses` the sums of it over
    connected changed cells, the largest first, and in the same order `surest` the odds of the surest cell of each and
    `regions` their boxes in pixels of the overlay; `strongest` is (rows, columns) bool, the cells of the first of them;
    `share` is the share of the cells that were changed, `highest` the odds of the surest one.
    """

    odds: Floats
    masses: tuple[float, ...]
    surest: tuple[float, ...]
    regions: tuple[Region, ...]
    strongest: Mask
    share: float
    highest: float

    @property
    def marked(self) -> tuple[Region, ...]:
        """The strongest region, and all others that have a cell which is sure by itself."""
        others = zip(self.regions[1:], self.surest[1:], strict=False)
        return (*self.regions[:1], *(region for region, surest in others if surest >= CHANGE.sure))


def high_levels(cells: Floats, inside: Mask) -> list[tuple[int, float]]:
    """Return measures by their number, with the levels that cells are compared with: high percentiles of the frame.

    A letter that was changed is slight, and yet like nothing else on its page.
    """
    telling = inside & (cells[..., _HELD].max(axis=2) >= np.log1p(EVIDENCE.telling))
    chosen = inside if inside.any() else np.ones_like(inside)
    if int(telling.sum()) >= CHANGE.fewest:
        chosen = telling
    values = ((at, cells[..., at][chosen]) for at in _AGAINST)
    return [(at, percentile(some, share)) for at, some in values for share in CHANGE.high]


def around(cells: Floats) -> list[Floats]:
    """Return the mean and the largest of what is measured around each cell, (rows, columns) each."""
    found: list[Floats] = []
    for at in _WIDER:
        plane = np.ascontiguousarray(cells[..., at])
        found.append(np.asarray(cv2.blur(plane, (_REACH, _REACH)), np.float32))
        found.append(np.asarray(cv2.dilate(plane, np.ones((_LARGEST, _LARGEST), np.uint8)), np.float32))
    return found


def odds_of(cells: Floats, context: Floats, inside: Mask, network: Network) -> Floats:
    """Return the logarithm of the odds of a change, (rows, columns), from what `CellEvidence` has of the same names.

    They are the network's of the inputs in `bench.fit_evidence`, of which half are the same for all cells, or another
    one less what is: those are worked into the first layer, once. Where nothing is left, nothing was changed, whatever
    the network makes of what a picture holds there.
    """
    cells = np.asarray(cells, np.float32)
    some = _of_one_frame(network, high_levels(cells, inside), context)
    planes = np.moveaxis(cells, 2, 0)
    left = np.logical_or.reduce([planes[at] > np.log1p(CHANGE.still) for at in _STILL])
    odds = np.full(cells.shape[:2], -CHANGE.most_odds, np.float32)
    every = np.stack([*planes, *around(cells)]).reshape(-1, left.size)
    inputs = np.ascontiguousarray(every.T)[left.ravel()]
    odds[left] = some.odds(inputs) if len(inputs) else 0
    return odds


def _of_one_frame(network: Network, levels: list[tuple[int, float]], context: Floats) -> Network:
    """Return a network of a cell's measures and what is around it alone, by what `levels` and `context` say of all."""
    measures, against = len(MEASURES), slice(len(MEASURES), len(MEASURES) + len(levels))
    (weights, bias), *others = network.layers
    mean, spread = network.mean.astype(np.float64), network.spread.astype(np.float64)
    slopes = weights / spread[:, None]
    constant = bias - mean @ slopes + context @ slopes[-len(context) :]
    of_measures = slopes[:measures].copy()
    for (at, level), slope in zip(levels, slopes[against], strict=True):
        of_measures[at] += slope
        constant -= level * slope
    kept = np.concatenate([of_measures, slopes[against.stop : -len(context)]])
    first = kept.astype(np.float32), constant.astype(np.float32)
    return Network(np.zeros(len(kept), np.float32), np.ones(len(kept), np.float32), (first, *others))


def find_changes(evidence: CellEvidence) -> Changes:
    """Return what was changed by the evidence of two pictures that lie on each other."""
    odds = odds_of(evidence.cells, evidence.context, evidence.inside, load_network("change"))
    return changes_of_odds(odds, evidence.inside, evidence)


def changes_of_odds(odds: Floats, inside: Mask, evidence: CellEvidence | None = None) -> Changes:
    """Return the connected cells that were changed, by the odds of each (rows, columns); their boxes by `evidence`."""
    odds = np.where(inside, odds, np.float32(-CHANGE.most_odds))
    hot = (odds > 0).astype(np.uint8)
    count, found, stats, _ = cv2.connectedComponentsWithStats(hot, connectivity=8)
    labels = np.asarray(found, np.intp)
    masses = np.bincount(labels.ravel(), np.clip(odds, 0, CHANGE.most_odds).ravel(), minlength=count)[1:]
    surest = np.full(count, -CHANGE.most_odds, np.float32)
    np.maximum.at(surest, labels.ravel(), odds.ravel())
    order = np.argsort(-masses, kind="stable")
    strongest = labels == (order[0] + 1 if len(order) else -1)
    share = float(hot[inside].mean()) if inside.any() else 0.0
    highest = float(odds.max(initial=-CHANGE.most_odds))
    by_mass = tuple(masses[order].tolist()), tuple(surest[1:][order].tolist())
    boxed = order[: CHANGE.most_regions if evidence else 0].tolist()
    boxes = tuple(_box(labels == k + 1, stats[k + 1], evidence) for k in boxed if evidence)
    return Changes(odds, *by_mass, boxes, strongest, share, highest)


def _box(cells: Mask, stats: NDArray[np.int32], evidence: CellEvidence) -> Region:
    """Return the box of connected cells, drawn in to what differs there by a part of the most."""
    side, scale = evidence.side, evidence.scale
    x, y, w, h = (int(v) for v in stats[:4])
    left, top = max(0, (x - 1) * side), max(0, (y - 1) * side)
    right = min(evidence.shown.shape[1], (x + w) * side)
    low = min(evidence.shown.shape[0], (y + h) * side)
    part = cv2.blur(evidence.shown[top:low, left:right], (3, 3))
    around = cells[max(0, y - 1) : y + h, max(0, x - 1) : x + w].astype(np.uint8)
    near = cv2.dilate(around, np.ones((3, 3), np.uint8))
    mask = cv2.resize(near, (right - left, low - top), interpolation=cv2.INTER_NEAREST) > 0
    most = percentile(part[mask], 98) if mask.any() else 0.0
    core = (mask & (part >= CHANGE.core * most)).astype(np.uint8)
    bx, by, bw, bh = cv2.boundingRect(core)
    if not bw or not bh:
        bx, by, bw, bh = 0, 0, right - left, low - top
    x, y = int((left + bx) / scale), int((top + by) / scale)
    return Region(x, y, max(1, round(bw / scale)), max(1, round(bh / scale)))
