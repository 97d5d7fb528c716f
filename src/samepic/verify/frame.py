"""Two whole frames laid on each other: one size, one tone, and what is left."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import ALIGN, JUDGE
from samepic.verdict import Region
from samepic.verify.features import reduced
from samepic.verify.filters import detail, fit_filter
from samepic.verify.forms import coded_forms, few_colours, palette_forms
from samepic.verify.photometric import Tone, agreement, coarse, fit_tone, halved, misfit
from samepic.verify.residual import Residual, measure_residual, regions_of
from samepic.verify.scaling import SCALINGS, Scaling
from samepic.verify.structure import structure

__all__ = ["Laid", "lay_frames", "same_frame", "texture"]

Pixels: TypeAlias = NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]
Kinds: TypeAlias = tuple[str, ...]

_TILE = 256
_SCREEN = 4
_TILES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """What is left when b lies on a, whole frame on whole frame.

    `agreement` is the share of coarse luma variance explained (at most 1); `tone` the fitted change; `residual`
    None where the pictures are too far apart to measure one; `detail` the fine detail of b over that of a;
    `blank_a`, `blank_b` tell that a picture holds nothing but a smooth surface; `regions` are in pixels of a;
    `structure` is the median local correlation, NaN where nothing is textured or nothing was measured; `corners` the
    share of the frame, the richer of the two, that holds corners, where tone has changed.
    """

    agreement: float
    tone: Tone
    residual: Residual | None
    detail: float
    blank_a: bool
    blank_b: bool
    regions: tuple[Region, ...] = ()
    structure: float = float("nan")
    corners: float = 1.0

    @property
    def share(self) -> float:
        """The share of the frame, 0 to 1, in which content has changed."""
        return 0.0 if self.residual is None else 1.0 - self.residual.explained


def same_frame(a: Size, b: Size) -> bool:
    """Tell whether sizes (width, height) a and b are one frame scaled, give or take the rounding of a pixel."""
    (aw, ah), (bw, bh) = a, b
    small, large = ((aw, ah), (bw, bh)) if aw * ah <= bw * bh else ((bw, bh), (aw, ah))
    scales = [
        ((small[0] + slack) / large[0], (small[1] - slack) / large[1])
        for slack in (JUDGE.aspect_slack, -JUDGE.aspect_slack)
    ]
    return scales[1][0] <= scales[1][1] and scales[0][0] >= scales[0][1]


def texture(rgb: Pixels) -> float:
    """Return the RMS, in levels, of what a quadratic surface leaves of the luma: how much there is to see.

    Measured on at most 256 x 256 area means, so that a scanner's or sensor's noise on a blank page is no texture.
    """
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    small = halved(luma, max(0, math.ceil(math.log2(max(luma.shape) / 256)))).astype(np.float64)
    across, down = _polynomials(small.shape[1]), _polynomials(small.shape[0])
    weights = np.einsum("ir,rj->ij", down, np.einsum("rc,jc->rj", small, across))
    smooth = sum(float(weights[i, j]) ** 2 for i in range(3) for j in range(3 - i))
    # Parseval: what the orthonormal surface does not hold is left.
    return float(max(0.0, (float(np.sum(small * small)) - smooth) / small.size) ** 0.5)


@cache
def _polynomials(count: int) -> NDArray[np.float64]:
    """Return the constant, line and parabola (3, count) that are orthonormal on `count` points."""
    x = np.linspace(-1, 1, count)
    rows = [np.ones(count), x, x * x - np.mean(x * x)]
    return np.stack([row / max(1e-12, float(np.sqrt(np.sum(row * row)))) for row in rows])


def lay_frames(a: Pixels, b: Pixels, kinds: Kinds = ()) -> Laid:
    """Lay b on a, both (height, width, 3) uint8 of one frame, and measure what is left.

    The one with more detail is taken as the source: coding and blur can explain what is lost, never what is
    gained. `kinds` are the formats of the two files. Above the profile's work size both are reduced, and full size is
    screened for small changes.
    """
    one, two = _working(a, b)
    first, second = coarse(one), coarse(two)
    tone = fit_tone(first, second)
    shown = first if tone.matrix is None else coarse(tone.apply(one))
    agreed = agreement(shown, second)
    fine_a, fine_b = detail(one), detail(two)
    blank_a, blank_b = (texture(p) < JUDGE.blank_detail for p in (one, two))
    laid = Laid(agreed, tone, None, (fine_b + 0.5) / (fine_a + 0.5), blank_a, blank_b)
    if agreed < JUDGE.apart:
        return laid
    back = fit_tone(second, first)
    there, here = (
        misfit(shown, second),
        misfit(second if back.matrix is None else coarse(back.apply(two)), first),
    )
    if max(there, here) > JUDGE.clearer_fit * min(there, here) + 0.01:
        forward = there < here  # colours that one of them has lost cannot be brought back
    else:
        forward = (few_colours(two), fine_a) >= (few_colours(one), fine_b)

    def dressed(pair: tuple[Pixels, Pixels]) -> tuple[Pixels, Pixels]:
        return (tone.apply(pair[0]), pair[1]) if forward else (back.apply(pair[1]), pair[0])

    source, target = dressed((one, two))
    alike = structure(source, target)
    residual = _explain(source, target, kinds)
    for how in SCALINGS.values() if residual.peak > JUDGE.unexplained and a.shape != b.shape else ():
        again = measure_residual(*dressed(_working(a, b, how)))
        residual = min(residual, again, key=_left_over)
    size = (a.shape[0], a.shape[1])
    regions = _scaled(regions_of(residual, (one.shape[0], one.shape[1])), (one.shape[0], one.shape[1]), size)
    if not regions and tone.matrix is None:
        regions = _scaled(*_screen(a, b, one.shape[:2], kinds), size)
    corners = 1.0 if tone.matrix is None else max(_corners(one), _corners(two))
    return replace(laid, residual=residual, regions=regions, structure=alike, corners=corners)


def _corners(rgb: Pixels) -> float:
    """Return the share of a picture that holds corners (Shi and Tomasi 1994): stripes and gradients hold none."""
    luma = reduced(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), ALIGN.side, ALIGN.small_side)
    return float((cv2.cornerMinEigenVal(luma, 5, ksize=3) > JUDGE.corner).mean())


def _working(a: Pixels, b: Pixels, how: Scaling | None = None) -> tuple[Pixels, Pixels]:
    """Return both at one size: the smaller's, halved until it has no more pixels than the work size."""
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    times = max(0, math.ceil(math.log(height * width / JUDGE.work_pixels, 4)))
    if a.shape == b.shape and how is None:
        return halved(a, times), halved(b, times)
    size = (max(1, width >> times), max(1, height >> times))
    return _reduced(a, size, how), _reduced(b, size, how)


def _reduced(rgb: Pixels, size: Size, how: Scaling | None = None) -> Pixels:
    """Return `rgb` at `size` (width, height), by area means or in another way."""
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    if how is not None:
        return how(rgb, size)
    rgb = halved(rgb, int(math.log2(max(1.0, min(rgb.shape[1] / size[0], rgb.shape[0] / size[1])))))
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _explain(source: Pixels, target: Pixels, kinds: Kinds) -> Residual:
    """Return the residual of target on source; what JPEG noise does not explain, other forms of it may.

    The dear ones come last, and only while something is left unexplained: few colours, a filter,
    the codecs of the two files.
    """
    best = measure_residual(source, target)
    if best.peak <= JUDGE.unexplained:
        return best
    forms = list(palette_forms(source, target))
    if forms:
        best = min(best, measure_residual(source, target, forms), key=_left_over)
    if best.peak > JUDGE.unexplained:
        again = measure_residual(fit_filter(source, target), target, [source])
        # What the filter took away counts as lost, though it is explained.
        softness = (detail(target) + 0.5) / (detail(source) + 0.5)
        best = min(best, replace(again, softness=softness), key=_left_over)
    for kind in sorted(set(kinds)):
        if best.peak > JUDGE.unexplained and (forms := list(coded_forms(source, target, kind))):
            best = min(best, measure_residual(source, target, forms), key=_left_over)
    return best


def _left_over(residual: Residual) -> tuple[float, float]:
    return -residual.explained, residual.peak


def _scaled(regions: tuple[Region, ...], work: Size, full: Size) -> tuple[Region, ...]:
    """Return regions of a picture of size `work` (height, width) in pixels of one of size `full`."""
    down, across = full[0] / work[0], full[1] / work[1]
    if down == across == 1:
        return regions
    boxes = []
    for r in regions:
        x, y = int(r.x * across), int(r.y * down)
        boxes.append(
            Region(x, y, min(full[1] - x, round(r.w * across) or 1), min(full[0] - y, round(r.h * down) or 1))
        )
    return tuple(boxes)


def _screen(a: Pixels, b: Pixels, work: tuple[int, ...], kinds: Kinds) -> tuple[tuple[Region, ...], Size]:
    """Return small changes that only full size shows, and the size (height, width) they are measured at.

    Tiles whose difference stands out are laid on their own. A block of 16 x 16 stands out when it differs by
    several times what blocks of like activity differ by.
    """
    size = (min(a.shape[1], b.shape[1]), min(a.shape[0], b.shape[0]))
    if (size[1], size[0]) == tuple(work):
        return (), (size[1], size[0])
    a, b = _reduced(a, size), _reduced(b, size)
    regions: list[Region] = []
    for x, y in _standing_out(a, b):
        top, left = (max(0, min(v - _TILE // 2, limit - _TILE)) for v, limit in ((y, size[1]), (x, size[0])))
        part = (slice(top, top + _TILE), slice(left, left + _TILE))
        residual = _explain(np.ascontiguousarray(a[part]), np.ascontiguousarray(b[part]), kinds)
        for r in regions_of(residual, a[part].shape[:2]):
            box = Region(r.x + left, r.y + top, r.w, r.h)
            if not any(_overlap(box, other) for other in regions):
                regions.append(box)
    return tuple(regions), (size[1], size[0])


def _standing_out(a: Pixels, b: Pixels) -> list[tuple[int, int]]:
    """Return the centres (x, y) of at most 12 blocks of luma that differ most from what is usual."""
    one, two = (np.asarray(cv2.cvtColor(p, cv2.COLOR_RGB2GRAY), np.uint8) for p in (a, b))
    change = halved(np.asarray(cv2.absdiff(one, two), np.uint8), _SCREEN).astype(np.float32)
    activity = halved(np.asarray(cv2.absdiff(one, np.roll(one, 1, axis=1)), np.uint8), _SCREEN)
    usual = np.zeros(256, np.float32)
    for level in np.unique(activity):
        usual[level] = np.median(change[activity == level])
    ratio = change / (usual[activity] * JUDGE.unexplained + JUDGE.visible)
    spots = np.argwhere(ratio > 1)[np.argsort(-ratio[ratio > 1])][:_TILES]
    return [(int((x + 0.5) * 2**_SCREEN), int((y + 0.5) * 2**_SCREEN)) for y, x in spots]


def _overlap(a: Region, b: Region) -> bool:
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h
