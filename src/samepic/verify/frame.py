"""Two whole frames laid on each other: one size, one tone, and what is left."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles import JUDGE
from samepic.verdict import Region
from samepic.verify.filters import detail, fit_filter
from samepic.verify.forms import coded_forms, few_colours, palette_forms
from samepic.verify.photometric import Tone, agreement, coarse, fit_tone
from samepic.verify.residual import Residual, measure_residual, regions_of

__all__ = ["Laid", "lay_frames", "same_frame", "texture"]

Pixels: TypeAlias = NDArray[np.uint8]
Size: TypeAlias = tuple[int, int]
Kinds: TypeAlias = tuple[str, ...]

_TILE = 256
_SCREEN = 16
_TILES = 12


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """What is left when b lies on a, whole frame on whole frame.

    `agreement` is the share of coarse luma variance explained (at most 1); `tone` the fitted change; `residual`
    None where the pictures are too far apart to measure one; `detail` the fine detail of b over that of a;
    `blank_a`, `blank_b` tell that a picture holds nothing but a smooth surface; `regions` are in pixels of a.
    """

    agreement: float
    tone: Tone
    residual: Residual | None
    detail: float
    blank_a: bool
    blank_b: bool
    regions: tuple[Region, ...] = ()

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
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    size = (min(256, luma.shape[1]), min(256, luma.shape[0]))
    small = cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    y, x = (
        axis.ravel().astype(np.float32) for axis in np.mgrid[-1 : 1 : size[1] * 1j, -1 : 1 : size[0] * 1j]
    )
    design = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    surface = design @ np.linalg.lstsq(design.T @ design, design.T @ small, rcond=None)[0]
    return float(np.sqrt(np.mean((small - surface) ** 2)))


def lay_frames(a: Pixels, b: Pixels, kinds: Kinds = ()) -> Laid:
    """Lay b on a, both (height, width, 3) uint8 of one frame, and measure what is left.

    The one with more detail is taken as the source: coding and blur can explain what is lost, never what is
    gained. `kinds` are the formats of the two files. Above the profile's work size both are reduced, and full size is screened for small changes.
    """
    one, two = _working(a, b)
    first, second = coarse(one), coarse(two)
    tone = fit_tone(first, second)
    agreed = agreement(coarse(tone.apply(one)), second)
    fine_a, fine_b = detail(one), detail(two)
    blank_a, blank_b = (texture(p) < JUDGE.blank_detail for p in (one, two))
    laid = Laid(agreed, tone, None, (fine_b + 0.5) / (fine_a + 0.5), blank_a, blank_b)
    if agreed < JUDGE.apart:
        return laid
    back = fit_tone(second, first)
    poor_a, poor_b = few_colours(one), few_colours(two)
    if (tone.grey, poor_b, fine_a) >= (back.grey, poor_a, fine_b):
        residual = _explain(tone.apply(one), two, kinds)
    else:
        residual = _explain(back.apply(two), one, kinds)
    height, width = a.shape[:2]
    regions = _scaled(regions_of(residual, one.shape[:2]), one, (height, width))
    if one.shape != a.shape and tone.matrix is None and a.shape == b.shape and not regions:
        regions = _screen(a, b, kinds)
    return replace(laid, residual=residual, regions=regions)


def _working(a: Pixels, b: Pixels) -> tuple[Pixels, Pixels]:
    """Return both at one size: the smaller's, and no more pixels than the work size."""
    height, width = min(a.shape[0], b.shape[0]), min(a.shape[1], b.shape[1])
    scale = min(1.0, (JUDGE.work_pixels / (height * width)) ** 0.5)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return _reduced(a, size), _reduced(b, size)


def _reduced(rgb: Pixels, size: Size) -> Pixels:
    if (rgb.shape[1], rgb.shape[0]) == size:
        return rgb
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.uint8)


def _explain(source: Pixels, target: Pixels, kinds: Kinds) -> Residual:
    """Return the residual of target on source; what JPEG noise does not explain, other forms of it may.

    The dear ones come last, and only while something is left unexplained: few colours, a filter or another
    resampling, the codecs of the two files.
    """
    best = measure_residual(source, target)
    if best.peak <= JUDGE.unexplained:
        return best
    forms = list(palette_forms(source, target))
    if forms:
        best = min(best, measure_residual(source, target, forms), key=_left_over)
    if best.peak > JUDGE.unexplained:
        filtered = fit_filter(source, target)
        best = min(best, measure_residual(filtered, target, [source]), key=_left_over)
    for kind in sorted(set(kinds)):
        if best.peak > JUDGE.unexplained and (forms := list(coded_forms(source, target, kind))):
            best = min(best, measure_residual(source, target, forms), key=_left_over)
    return best


def _left_over(residual: Residual) -> tuple[float, float]:
    return -residual.explained, residual.peak


def _scaled(regions: tuple[Region, ...], work: Pixels, full: Size) -> tuple[Region, ...]:
    """Return regions of the working picture in pixels of the full one of size (height, width)."""
    down, across = full[0] / work.shape[0], full[1] / work.shape[1]
    if down == across == 1:
        return regions
    boxes = []
    for r in regions:
        x, y = int(r.x * across), int(r.y * down)
        boxes.append(
            Region(x, y, min(full[1] - x, round(r.w * across) or 1), min(full[0] - y, round(r.h * down) or 1))
        )
    return tuple(boxes)


def _screen(a: Pixels, b: Pixels, kinds: Kinds) -> tuple[Region, ...]:
    """Return small changes that only full size shows: tiles whose difference stands out are laid on their own.

    A block of 16 x 16 stands out when it differs by several times what blocks of like activity differ by.
    """
    one, two = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in (a, b))
    size = (one.shape[1] // _SCREEN, one.shape[0] // _SCREEN)
    change = cv2.resize(cv2.absdiff(one, two), size, interpolation=cv2.INTER_AREA).astype(np.float32)
    slope = cv2.absdiff(one[1:, 1:], one[:-1, :-1])
    activity = cv2.resize(slope, size, interpolation=cv2.INTER_AREA)
    usual = np.array([np.median(change[activity == k]) if (activity == k).any() else 0 for k in range(256)])
    ratio = change / (usual[activity] * JUDGE.unexplained + JUDGE.visible)
    regions: list[Region] = []
    for y, x in np.argwhere(ratio > 1)[np.argsort(-ratio[ratio > 1])][:_TILES]:
        top = int(np.clip((y + 0.5) * one.shape[0] / size[1] - _TILE / 2, 0, max(0, one.shape[0] - _TILE)))
        left = int(np.clip((x + 0.5) * one.shape[1] / size[0] - _TILE / 2, 0, max(0, one.shape[1] - _TILE)))
        part = (slice(top, top + _TILE), slice(left, left + _TILE))
        residual = _explain(np.ascontiguousarray(a[part]), np.ascontiguousarray(b[part]), kinds)
        for r in regions_of(residual, a[part].shape[:2]):
            box = Region(r.x + left, r.y + top, r.w, r.h)
            if not any(_overlap(box, other) for other in regions):
                regions.append(box)
    return tuple(regions)


def _overlap(a: Region, b: Region) -> bool:
    return a.x < b.x + b.w and b.x < a.x + a.w and a.y < b.y + b.h and b.y < a.y + a.h
