"""Compare two screenshots: their pixels, the changes, a verdict and a picture of the difference."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from PIL import Image

from samepic.arrays import Mask, Pixels, Source
from samepic.errors import ProfileError, UnsupportedError
from samepic.facts import Facts
from samepic.limits import LIMITS, Limits
from samepic.picture import Picture, as_picture, equal_pixels
from samepic.profile import Policy
from samepic.screens import changes, pixels
from samepic.screens.alignment import ScreenAlignment, align_lines, align_top_left, differing_rows
from samepic.screens.changes import Place, Scene, ScreenChange
from samepic.screens.pixels import PixelKind
from samepic.tuning.screens import LAYOUT, SCREEN, Box, Screen
from samepic.values import FrozenDict
from samepic.verdict import Drawing, Region, Relation, Verdict
from samepic.verify.explain import display_name, explain
from samepic.verify.judge import Judgment
from samepic.verify.overlay import beside, fitted

_BOX_COLOR = (214, 39, 40)
_KIND_COLORS = ((PixelKind.SMOOTHED, (240, 180, 0)), (PixelKind.DIFFERENT, _BOX_COLOR))
_LINE_COLOR = (31, 119, 180)
_FADE = np.float32(0.2)


def _draw_screens(
    a: Pixels, b: Pixels, kinds: Pixels, alignment: ScreenAlignment, regions: tuple[Region, ...]
) -> Image.Image:
    """Return a, b, and a faded with differing pixels red, smoothed edges yellow, red boxes, and blue ones of lines."""
    panels = [fitted(picture, LAYOUT.panel).copy() for picture in (a, b)]
    panels.append((255 - (255 - panels[0]) * _FADE).astype(np.uint8))
    height, width = panels[2].shape[:2]
    for kind, color in _KIND_COLORS:
        rows, columns = np.nonzero(kinds == kind)
        y = alignment.rows_a[rows] * height // a.shape[0]
        x = alignment.columns_a[columns] * width // a.shape[1]
        panels[2][y, x] = color
    scales = [small.shape[1] / large.shape[1] for small, large in zip(panels, (a, b, a), strict=True)]
    for panel, scale in ((panels[0], scales[0]), (panels[2], scales[2])):
        for run in alignment.runs:
            _draw_box(panel, _line_region(run.a0, run.a1, a.shape, alignment), scale, _LINE_COLOR)
        for region in regions[: len(regions) - len(alignment.runs)]:
            _draw_box(panel, region, scale, _BOX_COLOR)
    for run in alignment.runs:
        if run.growth > 0:
            _draw_box(panels[1], _line_region(run.b0, run.b1, b.shape, alignment), scales[1], _LINE_COLOR)
    return Image.fromarray(beside(panels))


def _line_region(start: int, stop: int, shape: tuple[int, ...], alignment: ScreenAlignment) -> Region:
    box = (0, start, shape[1], stop - start) if alignment.by_rows else (start, 0, stop - start, shape[0])
    return Region(*box)


def _draw_box(panel: Pixels, region: Region, scale: float, color: tuple[int, int, int]) -> None:
    margin = 3 if min(region.w, region.h) > 1 else 0
    left, top = round(region.x * scale) - margin, round(region.y * scale) - margin
    right = round((region.x + region.w) * scale) + max(0, margin - 1)
    bottom = round((region.y + region.h) * scale) + max(0, margin - 1)
    cv2.rectangle(panel, (left, top), (right, bottom), color, 2)


def _compare_pixels(
    a: Picture, b: Picture, screen: Screen, mask: Mask | None
) -> tuple[Judgment, str, dict[str, float], Scene]:
    """Return relation and regions, sentence, measures and scene; `mask`, of a's size, is what to ignore."""
    ignored = _ignored_masks(a, b, screen, mask)
    found = _align(a, b, screen, ignored)
    boxes, specks = _find_visible_boxes(found)
    part = found.kinds[pixels.slices_around(pixels.box_of(found.kinds > PixelKind.EQUAL), found.kinds.shape)]
    kinds = PixelKind.DIFFERENT, PixelKind.SMOOTHED, PixelKind.EQUAL
    different, smoothed, rest = (int(np.count_nonzero(part == kind)) for kind in kinds)
    faint = part.size - different - smoothed - rest
    counts = {"different": different - specks, "smoothed": smoothed, "speck": specks, "faint": faint}
    measures = {f"{name}_pixels": float(count) for name, count in counts.items()}
    measures.update(pixels=float(found.kinds.size), largest=found.largest)
    wider, taller = b.info.width - a.info.width, b.info.height - a.info.height
    named = (wider, "wider", "narrower"), (taller, "taller", "shorter")
    sizes = " and ".join(f"{abs(px)} px {greater if px > 0 else less}" for px, greater, less in named if px)
    most = max(screen.most_pixels, screen.most_share * found.kinds.size)
    if not sizes and not found.alignment.runs and counts["different"] <= most:
        finding = Judgment(Relation.RESAVED, LAYOUT.same)
        sentence = changes.describe_same(counts, screen, ignored is not None)
    elif (
        not found.alignment.runs
        and found.different >= LAYOUT.apart * found.kinds.size
        and changes.outline_similarity(found.a, found.b) < LAYOUT.strange
    ):
        finding, sentence = Judgment(Relation.DIFFERENT, LAYOUT.strangers), changes.UNRELATED
    else:
        places = changes.find_changes(found, boxes)
        places = [place._replace(box=_to_a(place.box, found.alignment)) for place in places]
        sentence = changes.describe_changes(sizes, found.alignment, places, display_name(b.info, "b"))
        finding = Judgment(Relation.EDITED, LAYOUT.changed, _regions(a, found.alignment, places))
    return finding, sentence, measures, found


def _find_visible_boxes(found: Scene) -> tuple[list[Box], int]:
    everywhere = pixels.find_spots(found.kinds == PixelKind.DIFFERENT)
    a, b, kinds, screen = found.a, found.b, found.kinds, found.screen
    visible = [spot for spot in everywhere if not pixels.is_speck(a, b, kinds, spot, screen)]
    specks = sum(spot.pixels for spot in everywhere) - sum(spot.pixels for spot in visible)
    smooth = found.kinds == PixelKind.SMOOTHED
    for spot in visible:
        smooth[pixels.slices_around(spot.box, found.kinds.shape, LAYOUT.gap)] = False
    letters = [spot for spot in pixels.find_spots(smooth) if pixels.is_letter(a, b, smooth, spot, screen)]
    for spot in letters:
        cut = pixels.slices_around(spot.box, found.kinds.shape)
        found.kinds[cut][smooth[cut]] = PixelKind.DIFFERENT
    return sorted((spot.box for spot in visible + letters), key=lambda box: (box[1], box[0])), specks


def _ignored_masks(a: Picture, b: Picture, screen: Screen, mask: Mask | None) -> tuple[Mask, Mask] | None:
    if mask is None and not screen.ignore:
        return None
    shapes = a.rgb.shape[:2], b.rgb.shape[:2]
    mask_a, mask_b = (pixels.mask_of((shape[0], shape[1]), screen.ignore) for shape in shapes)
    if mask is not None:
        if mask.shape != shapes[0]:
            raise ProfileError(
                f"mask: expected {a.info.width}x{a.info.height} pixels, as {display_name(a.info, 'a')} has, "
                f"found {mask.shape[1]}x{mask.shape[0]}"
            )
        height, width = (min(ends) for ends in zip(*shapes, strict=True))
        mask_a |= mask
        mask_b[:height, :width] |= mask[:height, :width]
    return mask_a, mask_b


def _align(a: Picture, b: Picture, screen: Screen, ignored: tuple[Mask, Mask] | None) -> Scene:
    """Align the pictures as they are, or with lines added or removed where that leaves far less difference."""
    direct = _compare(a, b, align_top_left(a.rgb.shape, b.rgb.shape), screen, ignored)
    same_size = a.rgb.shape == b.rgb.shape
    rows = differing_rows(direct.kinds) if same_size else None
    if same_size and rows is None:
        return direct
    by_rows = a.rgb.shape[1] == b.rgb.shape[1]
    if not by_rows and a.rgb.shape[0] != b.rgb.shape[0]:
        return direct
    rgb_a, rgb_b = a.on(255), b.on(255)
    if ignored is not None:
        rgb_a, rgb_b = rgb_a.copy(), rgb_b.copy()
        rgb_a[ignored[0]], rgb_b[ignored[1]] = 0, 0
    alignment = align_lines(rgb_a, rgb_b, by_rows=by_rows, within=rows)
    if not alignment.runs or len(alignment.runs) > LAYOUT.runs or alignment.matched < LAYOUT.anchored:
        return direct
    line_based = _compare(a, b, alignment, screen, ignored)
    if not same_size:
        return line_based
    if line_based.different > LAYOUT.gained * direct.different:
        return direct
    # Moves can look like rows that were added and removed.
    places = changes.find_changes(direct, _find_visible_boxes(direct)[0])
    return direct if all(place.change is ScreenChange.MOVED for place in places) else line_based


def _compare(
    a: Picture, b: Picture, alignment: ScreenAlignment, screen: Screen, ignored: tuple[Mask, Mask] | None
) -> Scene:
    """Classify the pixels on white, and on black too where a picture is transparent."""
    aligned_a, aligned_b = alignment.of_a(a.on(255)), alignment.of_b(b.on(255))
    found, largest = pixels.classify_pixels(aligned_a, aligned_b, screen)
    if a.alpha is not None or b.alpha is not None:
        on_black, farthest = pixels.classify_pixels(alignment.of_a(a.on(0)), alignment.of_b(b.on(0)), screen)
        found, largest = np.maximum(found, on_black), max(largest, farthest)
    if ignored is not None:
        hidden = alignment.of_a(ignored[0]) | alignment.of_b(ignored[1])
        found = np.where(hidden, np.uint8(PixelKind.EQUAL), found)
    return Scene(aligned_a, aligned_b, pixels.promote_faint(found, screen), screen, alignment, largest)


def _regions(a: Picture, alignment: ScreenAlignment, places: Sequence[Place]) -> tuple[Region, ...]:
    regions = [Region(*place.box) for place in places]
    last = a.rgb.shape[0 if alignment.by_rows else 1] - 1
    for run in alignment.runs:
        start = min(run.a0, last)
        regions.append(_line_region(start, start + max(1, run.a1 - run.a0), a.rgb.shape, alignment))
    return tuple(regions)


def _to_a(box: Box, alignment: ScreenAlignment) -> Box:
    x, y, w, h = box
    left, right = int(alignment.columns_a[x]), int(alignment.columns_a[x + w - 1])
    top, bottom = int(alignment.rows_a[y]), int(alignment.rows_a[y + h - 1])
    return left, top, right - left + 1, bottom - top + 1


def compare_screenshots(
    a: Source | Picture,
    b: Source | Picture,
    *,
    same_if: Relation | str = Relation.RESAVED,
    screen: Screen = SCREEN,
    limits: Limits = LIMITS,
) -> Verdict:
    """Compare two screenshots pixel by pixel, except for invisible differences (docs/screenshots.md).

    `a` and `b` take any form that `compare` takes; `same_if` is the loosest relation that counts as the same; `screen`
    says which pixels differ and which are ignored. The relations are same-file, same-pixels, resaved (no visible
    change), edited and different; their probabilities are fixed and were not measured. Raises the errors of `compare`,
    UnsupportedError for an animation, and ProfileError for a mask of another size than a.
    """
    loosest = Policy.of(same_if).same_if
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(as_picture, b, limits)
        picture_a, picture_b = as_picture(a, limits), future.result()
    for picture in (picture_a, picture_b):
        if picture.info.frames > 1:
            raise UnsupportedError(picture.info.name, "a screenshot", f"{picture.info.frames} frames")
    mask = None if screen.mask is None else as_picture(screen.mask, limits).on(0).min(axis=2) >= LAYOUT.white
    finding, sentence, measures, found = _compare_pixels(picture_a, picture_b, screen, mask)
    same_file = picture_a.data is not None and picture_a.data == picture_b.data
    if same_file or equal_pixels(picture_a, picture_b):
        finding = Judgment(Relation.SAME_FILE if same_file else Relation.SAME_PIXELS, 1.0)
        sentence = explain(Facts(), finding.relation, picture_a.info, picture_b.info)
    shown = picture_a.on(255), picture_b.on(255)
    return Verdict(
        relation=finding.relation,
        same=finding.relation.is_same(loosest),
        probability=finding.probability,
        explanation=sentence,
        a=picture_a.info,
        b=picture_b.info,
        regions=finding.regions,
        measures=FrozenDict({name: round(value, 4) for name, value in measures.items()}),
        draw=Drawing(_draw_screens, *shown, found.kinds, found.alignment, finding.regions),
    )
