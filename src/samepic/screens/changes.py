"""Changes between two screenshots: what moved, was recolored, changed its text, appeared or disappeared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Mask, Pixels
from samepic.screens.alignment import LineRun, ScreenAlignment, align_lines
from samepic.screens.pixels import PixelKind, box_of, classify_pixels, slices_around
from samepic.tuning.screens import LAYOUT, Box, Screen
from samepic.writing import plural

Packed: TypeAlias = NDArray[np.int32]
Color: TypeAlias = tuple[int, ...]
Offset: TypeAlias = tuple[int, int]


class _PatchStats(NamedTuple):
    """The most frequent color of a patch, packed; whether it fills the patch; the colors of its border."""

    background: int
    is_plain: bool
    border: frozenset[int]


def _pack_colors(pixels: Pixels) -> Packed:
    wide = pixels.astype(np.int32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2], np.int32)


def _patch_stats(patch: Packed) -> _PatchStats:
    colors, counts = np.unique(patch, return_counts=True)
    most = int(counts.argmax())
    border = np.concatenate([patch[0], patch[-1], patch[:, 0], patch[:, -1]])
    return _PatchStats(
        int(colors[most]),
        float(counts[most]) >= LAYOUT.plain * patch.size,
        frozenset(int(color) for color in np.unique(border)),
    )


def _colors_changed(before: Packed, after: Packed, different: Mask) -> bool:
    """Return whether only colors changed: each color maps to nearly one other color, in both directions."""
    pairs, counts = np.unique(before.astype(np.int64) << 24 | after, return_counts=True)
    old, new = pairs >> 24, pairs & 0xFFFFFF
    strays = max(_count_strays(old, new, counts), _count_strays(new, old, counts))
    return strays <= (1 - LAYOUT.mapped) * int(np.count_nonzero(different))


def _common_color_change(before: Pixels, after: Pixels, different: Mask) -> tuple[Color, Color] | None:
    """Return the most common old and new color of the pixels that differ; None where too few share it."""
    pairs = _pack_colors(before[different]).astype(np.int64) << 24 | _pack_colors(after[different])
    pairs, counts = np.unique(pairs, return_counts=True)
    most = int(counts.argmax())
    if int(counts[most]) < LAYOUT.usual * int(counts.sum()):
        return None
    return _color(int(pairs[most]) >> 24), _color(int(pairs[most]) & 0xFFFFFF)


def _count_strays(keys: NDArray[np.int64], values: NDArray[np.int64], counts: NDArray[np.int64]) -> int:
    """Return how many pixels do not change to nearly the same color as most pixels of their old color."""
    order = np.lexsort((-counts, keys))
    keys, values, counts = keys[order], values[order], counts[order]
    first = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    usual = np.repeat(values[first], np.diff(np.r_[first, len(keys)]))
    apart = np.abs(_levels(values) - _levels(usual)).max(axis=1)
    return int(counts[apart > LAYOUT.near].sum())


def _levels(colors: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([colors >> 16 & 255, colors >> 8 & 255, colors & 255], axis=1)


def outline_similarity(a: Pixels, b: Pixels) -> float:
    """Return the share of the edges of either picture that are in both, 1 for none; it ignores colors."""
    edges = [_edges(picture) for picture in (a, b)]
    count = [int(np.count_nonzero(picture)) for picture in edges]
    both = int(np.count_nonzero(edges[0] & edges[1]))
    either = sum(count) - both
    by_chance = count[0] * count[1] / edges[0].size
    return (both - by_chance) / (either - by_chance) if either > by_chance else float(not either)


def _edges(picture: Pixels) -> Mask:
    levels = picture.astype(np.int16)
    found = np.zeros(picture.shape[:2], np.bool_)
    found[1:] = np.abs(levels[1:] - levels[:-1]).max(axis=2) > LAYOUT.step
    found[:, 1:] |= np.abs(levels[:, 1:] - levels[:, :-1]).max(axis=2) > LAYOUT.step
    return found


def _color(value: int) -> Color:
    return value >> 16 & 255, value >> 8 & 255, value & 255


def _is_text(picture: Pixels, box: Box) -> bool:
    """Return whether at least three small shapes in a row on a plain background are in the box or beside it."""
    x, y, w, h = box
    height, width = picture.shape[:2]
    reach = LAYOUT.beside * min(h, LAYOUT.glyph[1])
    part = picture[max(0, y - 2) : min(height, y + h + 2), max(0, x - reach) : min(width, x + w + reach)]
    colors, counts = np.unique(_pack_colors(part), return_counts=True)
    most = int(counts.argmax())
    if float(counts[most]) < LAYOUT.ground * part.shape[0] * part.shape[1]:
        return False
    background = np.array(_color(int(colors[most])), np.int16)
    ink = (np.abs(part.astype(np.int16) - background).max(axis=2) > LAYOUT.ink).astype(np.uint8)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink, connectivity=8)
    wide, high = stats[1:, cv2.CC_STAT_WIDTH], stats[1:, cv2.CC_STAT_HEIGHT]
    smallest, largest = LAYOUT.glyph
    letters = (high >= smallest) & (high <= largest) & (wide <= LAYOUT.wide_letter * high)
    areas = stats[1:, cv2.CC_STAT_AREA]
    mostly = float(areas[letters].sum()) >= LAYOUT.ground * float(areas.sum())
    return int(letters.sum()) >= LAYOUT.letters and mostly


def _moved_by(scene: Scene, box: Box, *, only: Offset | None = None) -> Offset | None:
    """Return how far right and down what `a` shows in the box has moved in `b`, by `only` if given; None if not."""
    grown = _grow(box, scene.a.shape, LAYOUT.margin)
    x, y, w, h = grown
    patch, differ = scene.a[_within(grown)], _differing_in(scene.kinds[_within(grown)])
    if max(box[2:]) < LAYOUT.smallest or _patch_stats(_pack_colors(patch)).is_plain:
        return None
    limit = min(LAYOUT.left * w * h, LAYOUT.gained * differ)
    moves = [only] if only is not None else []
    if only is None and w * h <= LAYOUT.patch:
        moves = _best_moves(patch, scene.b, grown)
    for by in moves:
        target = x + by[0], y + by[1], w, h
        # The same letter may occur twice on a page: the target must have shown something else before.
        fresh = _differing_in(scene.kinds[_within(target)]) >= LAYOUT.fresh * differ
        if fresh and _differing(patch, target, scene) <= limit:
            return by
    return None


def _within(box: Box) -> tuple[slice, slice]:
    x, y, w, h = box
    return slice(y, y + h), slice(x, x + w)


def _differing_in(kinds: Pixels) -> int:
    return int(np.count_nonzero(kinds == PixelKind.DIFFERENT))


def _slid_by(scene: Scene, box: Box) -> Offset | None:
    """Return how far the content on a plain background has moved within the box, old place to new; None if not."""
    rows, columns = slices_around(box, scene.a.shape, LAYOUT.margin)
    box_a, box_b = (_foreground_box(picture[rows, columns]) for picture in (scene.a, scene.b))
    if box_a is None or box_b is None or box_a[2:] != box_b[2:] or box_a == box_b:
        return None
    left, top = int(columns.start), int(rows.start)
    old = box_a[0] + left, box_a[1] + top, box_a[2], box_a[3]
    new = box_b[0] + left, box_b[1] + top, box_b[2], box_b[3]
    return (new[0] - old[0], new[1] - old[1]) if _appears_at(scene, old, new) else None


def _foreground_box(part: Pixels) -> Box | None:
    border = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    if np.abs(border.astype(np.int16) - border[0]).max() > LAYOUT.level:
        return None
    box = box_of(np.abs(part.astype(np.int16) - border[0]).max(axis=2) > LAYOUT.level)
    return box if box[2] else None


def _appears_at(scene: Scene, old: Box, new: Box) -> bool:
    """Return whether b shows at `new` what a shows at `old`."""
    most = LAYOUT.left * old[2] * old[3]
    return old[2:] == new[2:] and _differing(scene.a[_within(old)], new, scene) <= most


def _differing(patch: Pixels, box: Box, scene: Scene) -> float:
    """Return how many pixels of `patch` differ from the box of b; all, where the box exceeds the picture."""
    x, y, w, h = box
    if x < 0 or y < 0 or y + h > scene.b.shape[0] or x + w > scene.b.shape[1]:
        return float(w * h)
    found, _ = classify_pixels(patch, scene.b[_within(box)], scene.screen)
    return float(_differing_in(found))


def _best_moves(patch: Pixels, b: Pixels, box: Box) -> list[Offset]:
    """Return the best moves of the patch at `box` within reach, the shortest first."""
    left, top, width, height = _grow(box, b.shape, LAYOUT.reach)
    there = b[top : top + height, left : left + width]
    fit = cv2.matchTemplate(there, patch, cv2.TM_SQDIFF)
    y, x = np.indices(fit.shape)
    dx, dy = x + left - box[0], y + top - box[1]
    fit[(dx == 0) & (dy == 0)] = np.inf
    if not np.isfinite(fit).any():
        return []
    best = np.flatnonzero(fit <= float(fit.min()) + 1e-3 * patch.size)
    order = best[np.argsort((np.abs(dx) + np.abs(dy)).ravel()[best], kind="stable")][: LAYOUT.tried]
    return [(int(dx.flat[at]), int(dy.flat[at])) for at in order]


def _grow(box: Box, shape: tuple[int, ...], by: int) -> Box:
    x, y, w, h = box
    left, top = max(0, x - by), max(0, y - by)
    return left, top, min(shape[1], x + w + by) - left, min(shape[0], y + h + by) - top


class ScreenChange(StrEnum):
    MOVED = "moved"
    TEXT = "text"
    COLOR = "color"
    ADDED = "added"
    REMOVED = "removed"
    TRANSPARENCY = "seen through"
    LINES = "lines"
    CHANGED = "changed"


class Place(NamedTuple):
    """A box that changed: moved `by`, from one of `colors` to the other, by `lines` (from its top) more or less."""

    box: Box
    change: ScreenChange = ScreenChange.CHANGED
    by: tuple[int, int] = (0, 0)
    text: bool = False
    colors: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    lines: tuple[LineRun, ...] = ()


class Scene(NamedTuple):
    """The common parts, on white, of two screenshots; the kinds of their pixels, the largest distance, the options."""

    a: Pixels
    b: Pixels
    kinds: Pixels
    screen: Screen
    alignment: ScreenAlignment
    largest: float

    @property
    def different(self) -> int:
        """The number of pixels that differ."""
        return _differing_in(self.kinds)


def find_changes(scene: Scene, boxes: Sequence[Box]) -> list[Place]:
    """Return what happened at each box; what moved together is one place."""
    found = []
    for box in boxes[: LAYOUT.places]:
        cut = _within(box)
        patch = scene._replace(a=scene.a[cut], b=scene.b[cut], kinds=scene.kinds[cut])
        found.append(next(filter(None, (find(scene, box, patch) for find in _FINDERS)), Place(box)))
    found = _merge_text_lines(_pair_moves(scene, _merge_moves(scene, _merge_slides(scene, found))))
    return found + [Place(box) for box in boxes[LAYOUT.places :]]


def _transparency(_scene: Scene, box: Box, patch: Scene) -> Place | None:
    return Place(box, ScreenChange.TRANSPARENCY) if np.array_equal(patch.a, patch.b) else None


def _moved(scene: Scene, box: Box, _patch: Scene) -> Place | None:
    by = _moved_by(scene, box) or _slid_by(scene, box)
    return Place(box, ScreenChange.MOVED, by) if by is not None else None


def _added_or_removed(scene: Scene, box: Box, patch: Scene) -> Place | None:
    before, after = _patch_stats(_pack_colors(patch.a)), _patch_stats(_pack_colors(patch.b))
    if before.is_plain == after.is_plain:
        return None
    change, ground, full, picture = ScreenChange.ADDED, before, after, scene.b
    if after.is_plain:
        change, ground, full, picture = ScreenChange.REMOVED, after, before, scene.a
    return Place(box, change, text=ground.background in full.border and _is_text(picture, box))


def _recolored(_scene: Scene, box: Box, patch: Scene) -> Place | None:
    step = -(-max(box[2:]) // LAYOUT.sample)
    before, after, kinds = (one[::step, ::step] for one in (patch.a, patch.b, patch.kinds))
    different = kinds == PixelKind.DIFFERENT
    if different.any() and _colors_changed(_pack_colors(before), _pack_colors(after), different):
        return Place(box, ScreenChange.COLOR, colors=_common_color_change(before, after, different))
    mostly = 2 * _differing_in(patch.kinds) >= patch.kinds.size
    alike = mostly and outline_similarity(patch.a, patch.b) >= LAYOUT.outlined
    return Place(box, ScreenChange.COLOR) if alike else None


def _lines_changed(scene: Scene, box: Box, patch: Scene) -> Place | None:
    if len(patch.a) < LAYOUT.tall:
        return None
    alignment = align_lines(patch.a, patch.b)
    if not 0 < len(alignment.runs) <= LAYOUT.runs or alignment.matched < LAYOUT.found:
        return None
    left, _ = classify_pixels(alignment.of_a(patch.a), alignment.of_b(patch.b), scene.screen)
    most = LAYOUT.gained * _differing_in(patch.kinds)
    explained = _differing_in(left) <= most
    return Place(box, ScreenChange.LINES, lines=alignment.runs) if explained else None


def _text_changed(scene: Scene, box: Box, _patch: Scene) -> Place | None:
    text = _is_text(scene.a, box) and _is_text(scene.b, box)
    return Place(box, ScreenChange.TEXT, text=True) if text else None


_FINDERS = (_transparency, _moved, _added_or_removed, _recolored, _lines_changed, _text_changed)


def _merged(places: Iterable[Place], join: Callable[[Place, Place], Place | None]) -> list[Place]:
    """Return the places, each joined with the first earlier one for which `join` returns a place."""
    merged: list[Place] = []
    for place in places:
        for index, other in enumerate(merged):
            if (joined := join(other, place)) is not None:
                merged[index] = joined
                break
        else:
            merged.append(place)
    return merged


def _merge_slides(scene: Scene, places: list[Place]) -> list[Place]:
    def join(other: Place, place: Place) -> Place | None:
        a, b = place.box, other.box
        gaps = [max(b[axis] - a[axis] - a[axis + 2], a[axis] - b[axis] - b[axis + 2]) for axis in (0, 1)]
        beside = a[1] == b[1] and a[3] == b[3] and gaps[0] <= LAYOUT.wide
        adjacent = beside or (a[0] == b[0] and a[2] == b[2] and gaps[1] <= LAYOUT.wide)
        box = _union(a, b)
        by = _slid_by(scene, box) if adjacent else None
        return Place(box, ScreenChange.MOVED, by) if by is not None else None

    return _merged(places, join)


def _merge_moves(scene: Scene, places: list[Place]) -> list[Place]:
    def join(other: Place, place: Place) -> Place | None:
        if not (place.change is ScreenChange.MOVED is other.change and place.by == other.by):
            return None
        box = _union(place.box, other.box)
        moved = _moved_by(scene, box, only=place.by)
        return other._replace(box=box) if moved else None

    merged = _merged(places, join)
    return [place for place in merged if not any(_contains(other, place) for other in merged)]


def _contains(outer: Place, inner: Place) -> bool:
    """Return whether `inner` is a part of what moved at `outer`, at its old or new place."""
    if outer is inner or outer.change is not ScreenChange.MOVED or outer.box == inner.box:
        return False
    x, y, w, h = outer.box
    moved_box = x + outer.by[0], y + outer.by[1], w, h
    return _union(outer.box, inner.box) == outer.box or (
        inner.change is ScreenChange.ADDED and _union(moved_box, inner.box) == moved_box
    )


def _pair_moves(scene: Scene, places: list[Place]) -> list[Place]:
    added = [place for place in places if place.change is ScreenChange.ADDED]
    pairs: dict[Place, Place] = {}
    for old in places:
        if old.change is ScreenChange.REMOVED:
            for new in added:
                if _appears_at(scene, old.box, new.box):
                    pairs[old] = new
                    added.remove(new)
                    break
    others = [place for place in places if place not in pairs and place not in pairs.values()]
    moved = [
        Place(old.box, ScreenChange.MOVED, (new.box[0] - old.box[0], new.box[1] - old.box[1]), text=old.text)
        for old, new in pairs.items()
    ]
    return sorted(others + moved, key=_reading_order)


def _merge_text_lines(places: list[Place]) -> list[Place]:
    def join(other: Place, place: Place) -> Place | None:
        left, right = other.box, place.box
        shared = min(left[1] + left[3], right[1] + right[3]) - max(left[1], right[1])
        low, high = sorted((left[3], right[3]))
        on_same_line = 2 * shared > high and right[0] - left[0] - left[2] <= low
        both = place.change is ScreenChange.TEXT is other.change
        return other._replace(box=_union(left, right)) if both and on_same_line else None

    return sorted(_merged(sorted(places, key=lambda place: place.box[0]), join), key=_reading_order)


def _reading_order(place: Place) -> tuple[int, int]:
    return place.box[1], place.box[0]


def _union(a: Box, b: Box) -> Box:
    left, top = min(a[0], b[0]), min(a[1], b[1])
    right, bottom = max(a[0] + a[2], b[0] + b[2]), max(a[1] + a[3], b[1] + b[3])
    return left, top, right - left, bottom - top


def describe_same(counts: dict[str, int], screen: Screen, ignored: bool) -> str:
    """Return the sentence for the same screen, with the number of pixels that differ."""
    by_share = screen.most_share and not screen.most_pixels
    allowed = f"{screen.most_share:.4g} of all" if by_share else screen.most_pixels
    kinds = {
        "different": f"differ, of which {allowed} may",
        "smoothed": "differ at smoothed edges",
        "speck": "in specks too faint to see",
        "faint": "too little to see",
    }
    parts = [f"{plural(counts[name], 'pixel')} {words}" for name, words in kinds.items() if counts[name]]
    details = f": {', '.join(parts)}" if parts else ""
    return f"the same screen{' except for what is ignored' if ignored else ''}{details}"


UNRELATED = "two different screens"


def describe_changes(sizes: str, alignment: ScreenAlignment, places: Sequence[Place], other: str) -> str:
    """Return the sentence for a change: the size, added or removed lines, the largest places; `other` is b's name."""
    parts = [sizes] if sizes else []
    if alignment.runs:
        parts.append(_describe_lines(alignment))
    named = sorted(places, key=lambda place: -place.box[2] * place.box[3])[: LAYOUT.named]
    sentences = [_describe_place(place) for place in places if place in named]
    if len(places) > len(named):
        sentences.append(f"{plural(len(places) - len(named), 'more place')} changed")
    parts.append(_join(sentences) if sentences else "the rest is equal")
    if sizes:
        return f"{other} is {parts[0]}: {', '.join(parts[1:])}"
    return ", ".join(parts)


def _describe_lines(alignment: ScreenAlignment) -> str:
    """Return the added or removed lines; single ones beside larger runs, which come of rounding, as a number."""
    kind, axis = ("row", "y") if alignment.by_rows else ("column", "x")
    singles = [run for run in alignment.runs if abs(run.growth) == 1]
    runs = [run for run in alignment.runs if abs(run.growth) > 1]
    if not runs or len(singles) < 2:
        runs, singles = list(alignment.runs), []
    sentences = [_describe_line(run, kind, f"{axis} = {run.a0}") for run in runs[: LAYOUT.named]]
    left = len(runs) - len(sentences)
    if left or singles:
        sentences.append(f"{left + len(singles)} more {'times' if left else f'single {kind}s'} elsewhere")
    return _join(sentences)


def _describe_line(run: LineRun, kind: str, position: str) -> str:
    count = abs(run.growth)
    verb = f"{'was' if count == 1 else 'were'} {'added' if run.growth > 0 else 'removed'}"
    return f"{plural(count, kind)} {verb} at {position}"


def _describe_place(place: Place) -> str:
    x, y, w, h = place.box
    size, position = "1 pixel" if w == h == 1 else f"{w}x{h} pixels", f"at ({x}, {y})"
    what = f"{'text' if place.text else 'something'} of"
    sentences = {
        ScreenChange.TEXT: f"text changed {position}, {size}",
        ScreenChange.ADDED: f"{what} {size} appeared {position}",
        ScreenChange.REMOVED: f"{what} {size} is gone {position}",
        ScreenChange.COLOR: f"the colors of {size} {position} changed",
        ScreenChange.TRANSPARENCY: f"the transparency of {size} {position} changed",
    }
    if place.change is ScreenChange.MOVED:
        return f"{what} {_describe_move(place)}"
    if place.change is ScreenChange.LINES:
        lines = [_describe_line(run, "row", f"y = {y + run.a0}") for run in place.lines[: LAYOUT.named]]
        return f"within {size} {position} {_join(lines)}"
    if place.change is ScreenChange.COLOR and place.colors is not None:
        old, new = ("#" + "".join(f"{level:02x}" for level in color) for color in place.colors)
        return f"the color of {size} {position} changed from {old} to {new}"
    return sentences.get(place.change, f"{size} changed {position}")


def _describe_move(place: Place) -> str:
    """Return the size of what moved. The box holds its old and new place, unless the move is longer than the box."""
    (x, y, w, h), (right, down) = place.box, place.by
    if abs(right) < w and abs(down) < h:
        x, w = x + max(0, -right), w - abs(right)
        y, h = y + max(0, -down), h - abs(down)
    directions = [
        f"{abs(by)} px {after if by > 0 else before}"
        for by, after, before in ((right, "right", "left"), (down, "down", "up"))
        if by
    ]
    return f"{w}x{h} pixels at ({x}, {y}) moved {' and '.join(directions)}"


def _join(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
