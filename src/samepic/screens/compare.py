"""Compare two screenshots: from their pixels to changes, a verdict and a picture of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.errors import ProfileError, UnsupportedError
from samepic.facts import Facts
from samepic.limits import LIMITS, Limits
from samepic.picture import Picture, as_picture, equal_pixels
from samepic.profile import Policy
from samepic.screens.alignment import ScreenAlignment, lay_lines, lay_plainly, where_rows_differ
from samepic.screens.changes import Place, Scene, ScreenChange, changes, outlined_alike
from samepic.screens.explain import apart_words, changed_words, same_words
from samepic.screens.pixels import (
    DifferingBox,
    PixelKind,
    around,
    boxed,
    filled,
    is_letter,
    is_speck,
    kinds,
    spots,
    within,
)
from samepic.tuning.screens import LAYOUT, SCREEN, Box, Screen
from samepic.verdict import Region, Relation, Verdict
from samepic.verify.explain import display_name, explain
from samepic.verify.judge import Judgment
from samepic.verify.overlay import beside

__all__ = ["ScreenComparison", "compare_screenshots", "draw_screens", "see"]

Pixels: TypeAlias = NDArray[np.uint8]

_BOX = (214, 39, 40)

_INKS = ((PixelKind.SMOOTHED, (240, 180, 0)), (PixelKind.DIFFERENT, _BOX))

_LINE = (31, 119, 180)

_FADED = np.float32(0.2)


def draw_screens(
    a: Pixels, b: Pixels, kinds: Pixels, laid: ScreenAlignment, regions: tuple[Region, ...]
) -> Image.Image:
    """Return a, b and their difference side by side as an RGB image, each with a long side of at most 1600.

    `a` and `b` are (height, width, 3) uint8, `kinds` those of the pixels where `laid` lays them on each other. In the
    third panel a is faded, with what differs in red and smoothed edges in yellow. Red boxes are round the places of the
    `regions`, in pixels of a; blue is where lines were added or removed, and round those that were added in b.
    """
    panels = [_small(a), _small(b)]
    panels.append((255 - (255 - panels[0]) * _FADED).astype(np.uint8))
    _ink(panels[2], a.shape, kinds, laid)
    scales = [small.shape[1] / large.shape[1] for small, large in zip(panels, (a, b, a), strict=True)]
    for panel, scale in ((panels[0], scales[0]), (panels[2], scales[2])):
        for run in laid.runs:
            _framed(panel, _lines(run.a0, run.a1, a.shape, laid), scale, _LINE)
        for region in regions[: len(regions) - len(laid.runs)]:
            _framed(panel, region, scale, _BOX)
    for run in laid.runs:
        if run.more > 0:
            _framed(panels[1], _lines(run.b0, run.b1, b.shape, laid), scales[1], _LINE)
    return Image.fromarray(beside(panels))


def _ink(panel: Pixels, shape: tuple[int, ...], kinds: Pixels, laid: ScreenAlignment) -> None:
    """Draw on a panel of a what became of its pixels; one that differs is seen however small the panel is."""
    height, width = panel.shape[:2]
    for kind, ink in _INKS:
        rows, columns = np.nonzero(kinds == kind)
        panel[laid.rows_a[rows] * height // shape[0], laid.columns_a[columns] * width // shape[1]] = ink


def _lines(start: int, stop: int, shape: tuple[int, ...], laid: ScreenAlignment) -> Region:
    return (
        Region(0, start, shape[1], stop - start) if laid.upright else Region(start, 0, stop - start, shape[0])
    )


def _shrunk(height: int, width: int) -> tuple[int, int]:
    scale = min(1.0, LAYOUT.panel / max(height, width))
    return max(1, round(height * scale)), max(1, round(width * scale))


def _small(picture: Pixels) -> Pixels:
    height, width = _shrunk(*picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture.copy()
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _framed(panel: Pixels, region: Region, scale: float, ink: tuple[int, int, int]) -> None:
    """Draw a box round a region, two pixels wide; round a single line it is one line."""
    out = 3 if min(region.w, region.h) > 1 else 0
    left, top = round(region.x * scale) - out, round(region.y * scale) - out
    right = round((region.x + region.w) * scale) + max(0, out - 1)
    low = round((region.y + region.h) * scale) + max(0, out - 1)
    cv2.rectangle(panel, (left, top), (right, low), ink, 2)


Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScreenComparison:
    """What was found: a relation with regions in pixels of a, one sentence, figures, and what drawing them needs."""

    finding: Judgment
    sentence: str
    measures: dict[str, float]
    laid: ScreenAlignment
    kinds: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class _Compared:
    """Two pictures laid on each other: the parts on white that lie on each other, and the kinds of their pixels."""

    laid: ScreenAlignment
    a: Pixels
    b: Pixels
    kinds: Pixels
    largest: float

    @property
    def different(self) -> int:
        return int(np.count_nonzero(self.kinds == PixelKind.DIFFERENT))

    def scene(self, screen: Screen) -> Scene:
        return Scene(self.a, self.b, self.kinds, screen)


def see(a: Picture, b: Picture, screen: Screen, mask: Mask | None) -> ScreenComparison:
    """Compare two screenshots; `mask` is what the profile's mask hides of a, (height, width) of bool.

    Raises ProfileError for a mask of another size than a.
    """
    hidden = _hidden(a, b, screen, mask)
    found = _laid(a, b, screen, hidden)
    seen, specks = _spots(found, screen)
    counts = _counts(found.kinds, specks)
    measures = {f"{name}_pixels": float(count) for name, count in counts.items()}
    measures.update(pixels=float(found.kinds.size), largest=found.largest)
    sizes = _sizes(a, b)
    if not sizes and not found.laid.runs and counts["different"] <= _most(screen, found.kinds.size):
        finding, sentence = (
            Judgment(Relation.RESAVED, LAYOUT.same),
            same_words(counts, screen, hidden is not None),
        )
    elif _are_apart(found):
        finding, sentence = Judgment(Relation.DIFFERENT, LAYOUT.strangers), apart_words()
    else:
        told = changes(found.scene(screen), [spot.box for spot in seen])
        told = [replace(place, box=_of_a(place.box, found.laid)) for place in told]
        sentence = changed_words(sizes, found.laid, told, display_name(b.info, "b"))
        finding = Judgment(Relation.EDITED, LAYOUT.changed, _regions(a, found.laid, told))
    return ScreenComparison(finding, sentence, measures, found.laid, found.kinds)


def _spots(found: _Compared, screen: Screen) -> tuple[list[DifferingBox], int]:
    """Return where something differs that is seen, and the number of pixels in specks.

    What is a letter is written into the kinds as DIFFERENT.
    """
    everywhere = spots(found.kinds == PixelKind.DIFFERENT)
    seen = [spot for spot in everywhere if not is_speck(found.a, found.b, found.kinds, spot, screen)]
    specks = sum(spot.pixels for spot in everywhere) - sum(spot.pixels for spot in seen)
    smooth = found.kinds == PixelKind.SMOOTHED
    for spot in seen:
        smooth[around(spot.box, found.kinds.shape, LAYOUT.gap)] = False
    letters = [spot for spot in spots(smooth) if is_letter(found.a, found.b, smooth, spot, screen)]
    for spot in letters:
        cut = around(spot.box, found.kinds.shape)
        found.kinds[cut][smooth[cut]] = PixelKind.DIFFERENT
    return sorted(seen + letters, key=lambda spot: (spot.box[1], spot.box[0])), specks


def _counts(found: Pixels, specks: int) -> dict[str, int]:
    """Return how many pixels differ, and why others that do are not seen."""
    part = found[within(found > PixelKind.EQUAL)]
    different, smoothed, rest = (
        int(np.count_nonzero(part == kind))
        for kind in (PixelKind.DIFFERENT, PixelKind.SMOOTHED, PixelKind.EQUAL)
    )
    faint = part.size - different - smoothed - rest
    return {"different": different - specks, "smoothed": smoothed, "speck": specks, "faint": faint}


def _most(screen: Screen, pixels: int) -> float:
    return max(screen.most_pixels, screen.most_share * pixels)


def _sizes(a: Picture, b: Picture) -> str:
    parts = [
        f"{abs(more)} px {greater if more > 0 else less}"
        for more, greater, less in (
            (b.info.width - a.info.width, "wider", "narrower"),
            (b.info.height - a.info.height, "taller", "shorter"),
        )
        if more
    ]
    return " and ".join(parts)


def _hidden(a: Picture, b: Picture, screen: Screen, mask: Mask | None) -> tuple[Mask, Mask] | None:
    """Return what is not looked at of each picture, None where all is."""
    if mask is None and not screen.ignore:
        return None
    shapes = a.rgb.shape[:2], b.rgb.shape[:2]
    one, two = (boxed((shape[0], shape[1]), screen.ignore) for shape in shapes)
    if mask is not None:
        if mask.shape != shapes[0]:
            raise ProfileError(
                f"mask: wanted {a.info.width}x{a.info.height} pixels, as {display_name(a.info, 'a')} has, "
                f"got {mask.shape[1]}x{mask.shape[0]}"
            )
        height, width = (min(ends) for ends in zip(*shapes, strict=True))
        one |= mask
        two[:height, :width] |= mask[:height, :width]
    return one, two


def _laid(a: Picture, b: Picture, screen: Screen, hidden: tuple[Mask, Mask] | None) -> _Compared:
    """Lay the pictures on each other: as they are, or where that leaves far less, with lines added or removed."""
    plainly = _compared(a, b, lay_plainly(a.rgb.shape, b.rgb.shape), screen, hidden)
    same_size = a.rgb.shape == b.rgb.shape
    rows = where_rows_differ(plainly.kinds) if same_size else None
    if same_size and rows is None:
        return plainly
    upright = a.rgb.shape[1] == b.rgb.shape[1]
    if not upright and a.rgb.shape[0] != b.rgb.shape[0]:
        return plainly
    one, two = a.on(255), b.on(255)
    if hidden is not None:
        one, two = one.copy(), two.copy()
        one[hidden[0]], two[hidden[1]] = 0, 0
    laid = lay_lines(one, two, upright=upright, within=rows)
    if not laid.runs or len(laid.runs) > LAYOUT.runs or laid.found < LAYOUT.anchored:
        return plainly
    by_lines = _compared(a, b, laid, screen, hidden)
    if not same_size:
        return by_lines
    better = by_lines.different <= LAYOUT.gained * plainly.different
    return by_lines if better and not _only_moved(plainly, screen) else plainly


def _only_moved(found: _Compared, screen: Screen) -> bool:
    """Tell whether all that differs are things that moved: rows above and below one were not added and removed."""
    seen, _ = _spots(found, screen)
    told = changes(found.scene(screen), [spot.box for spot in seen])
    return all(place.change is ScreenChange.MOVED for place in told)


def _compared(
    a: Picture, b: Picture, laid: ScreenAlignment, screen: Screen, hidden: tuple[Mask, Mask] | None
) -> _Compared:
    """Tell the pixels apart on white, and on black too where something can be seen through."""
    one, two = laid.of_a(a.on(255)), laid.of_b(b.on(255))
    found, largest = kinds(one, two, screen)
    if a.alpha is not None or b.alpha is not None:
        dark, farthest = kinds(laid.of_a(a.on(0)), laid.of_b(b.on(0)), screen)
        found, largest = np.maximum(found, dark), max(largest, farthest)
    if hidden is not None:
        found = np.where(laid.of_a(hidden[0]) | laid.of_b(hidden[1]), np.uint8(PixelKind.EQUAL), found)
    return _Compared(laid, one, two, filled(found, screen), largest)


def _are_apart(found: _Compared) -> bool:
    """Tell whether nearly nothing lies on anything like it, not even a line, and not in other colours either."""
    if found.laid.runs or found.different < LAYOUT.apart * found.kinds.size:
        return False
    return outlined_alike(found.a, found.b) < LAYOUT.strange


def _regions(a: Picture, laid: ScreenAlignment, told: Sequence[Place]) -> tuple[Region, ...]:
    """Return the places, and the lines that were removed or before which some were added, in pixels of a."""
    regions = [Region(*place.box) for place in told]
    height, width = a.rgb.shape[:2]
    for run in laid.runs:
        start = min(run.a0, (height if laid.upright else width) - 1)
        long = max(1, run.a1 - run.a0)
        regions.append(Region(0, start, width, long) if laid.upright else Region(start, 0, long, height))
    return tuple(regions)


def _of_a(box: Box, laid: ScreenAlignment) -> Box:
    """Return in pixels of a what is a box where a and b lie on each other."""
    x, y, w, h = box
    left, right = int(laid.columns_a[x]), int(laid.columns_a[x + w - 1])
    top, low = int(laid.rows_a[y]), int(laid.rows_a[y + h - 1])
    return left, top, right - left + 1, low - top + 1


def compare_screenshots(
    a: object,
    b: object,
    *,
    same_if: Relation | str = Relation.RESAVED,
    screen: Screen = SCREEN,
    limits: Limits = LIMITS,
) -> Verdict:
    """Tell whether two screenshots show the same screen, pixel on pixel, but for what nobody sees (docs/screens.md).

    `a` and `b` are in any form that `compare` takes; `same_if` is the loosest relation that counts as the same;
    `screen` says which pixels differ and which are not looked at. Of the relations only same-file,
    same-pixels, resaved (nothing that a person would see), edited and different are used; the probability is that of
    a rule and was not measured. Raises as `compare`, UnsupportedError for an animation, and ProfileError for a mask of
    another size than a.
    """
    loosest = Policy.of(same_if).same_if
    one, two = _both(a, b, limits)
    for picture in (one, two):
        if picture.info.frames > 1:
            raise UnsupportedError(picture.info.name, "a screenshot", f"{picture.info.frames} frames")
    seen = see(one, two, screen, _mask(screen.mask, limits))
    finding, sentence = seen.finding, seen.sentence
    if one.data is not None and one.data == two.data:
        finding = Judgment(Relation.SAME_FILE, 1.0)
    elif equal_pixels(one, two):
        finding = Judgment(Relation.SAME_PIXELS, 1.0)
    if finding is not seen.finding:
        sentence = explain(Facts(), finding.relation, one.info, two.info)
    return Verdict(
        relation=finding.relation,
        same=finding.relation.is_same(loosest),
        probability=finding.probability,
        explanation=sentence,
        a=one.info,
        b=two.info,
        regions=finding.regions,
        measures=MappingProxyType({name: round(value, 4) for name, value in seen.measures.items()}),
        draw=partial(draw_screens, one.on(255), two.on(255), seen.kinds, seen.laid, finding.regions),
    )


def _both(a: object, b: object, limits: Limits) -> tuple[Picture, Picture]:
    """Decode both, at once: a decoder of PNG leaves the other processor free."""
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(as_picture, b, limits)
        return as_picture(a, limits), other.result()


def _mask(source: object, limits: Limits) -> Mask | None:
    """Return where a mask is white, None without one."""
    if source is None:
        return None
    return np.asarray(as_picture(source, limits).on(0).min(axis=2) >= LAYOUT.white)
