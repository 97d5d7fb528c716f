"""Align two pictures: find the map that lays b over a, refine it to a part of a pixel, and cut it to what agrees.

A picture shown beside others, as in a collage, is cut to its tile: the map that lays it on the collage takes the rest
of it over its neighbors, where points are tracked to nowhere and correlations mean nothing. Copies of one picture move
as one; another shot of the same place does not, since near and far things shift differently: how far tracked points
stray from the best map is evidence. What one map leaves over is one smooth displacement: lenses, bent pages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Mask, Matrix, Pixels, Plane
from samepic.native import native
from samepic.tuning.evidence import REGISTRATION
from samepic.tuning.verify import ALIGN, JUDGE
from samepic.verify.features import (
    correlation_map,
    find_features,
    fit_map,
    inverse,
    is_sane,
    reduced,
    scaling,
)
from samepic.verify.overlay import Overlay, overlaid, trimmed
from samepic.verify.photometry import percentile

_CELL = 8


def agreeing_rectangle(found: Floats, telling: Mask) -> Mask | None:
    """Return the rectangle (height, width) that holds what agrees; None where it does not stand apart.

    `found` is the local correlation, `telling` where it is informative.
    """
    size = (max(1, found.shape[1] // _CELL), max(1, found.shape[0] // _CELL))
    for_it, against = (
        cv2.resize((telling & where).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        for where in (found >= ALIGN.fair, found < ALIGN.low)
    )
    top, low, left, right = _best_rectangle(np.asarray(for_it - against, np.float32))
    if float((low - top) * (right - left)) < ALIGN.least_tile * for_it.size:
        return None
    good, bad = for_it[top:low, left:right], against[top:low, left:right]
    outer_good, outer_bad = float(for_it.sum() - good.sum()), float(against.sum() - bad.sum())
    stands_apart = outer_bad >= ALIGN.strange_outside * (outer_bad + outer_good)
    if not stands_apart or outer_bad < ALIGN.some_outside * float(for_it.sum() + against.sum()):
        return None
    if float(good.sum()) < ALIGN.alike_inside * float(good.sum() + bad.sum()):
        return None
    mask = np.zeros(found.shape, np.bool_)
    down, across = found.shape[0] / size[1], found.shape[1] / size[0]
    mask[round(top * down) : round(low * down), round(left * across) : round(right * across)] = True
    return mask


def _best_rectangle(gain: Floats) -> tuple[int, int, int, int]:
    """Return (top, end, left, end) of the rectangle of the largest sum (Kadane's method on all bands of rows)."""
    rows = np.vstack([np.zeros((1, gain.shape[1]), np.float32), gain.cumsum(axis=0)])
    tops, ends = np.triu_indices(len(rows), 1)
    bands = rows[ends] - rows[tops]
    run, start = np.zeros(len(bands), np.float32), np.zeros(len(bands), np.int64)
    best = np.full(len(bands), -np.inf, np.float32)
    spans = np.zeros((2, len(bands)), np.int64)
    for x in range(gain.shape[1]):
        fresh = run <= 0
        start[fresh] = x
        run = np.where(fresh, 0, run) + bands[:, x]
        more = run > best
        best[more] = run[more]
        spans[0, more], spans[1, more] = start[more], x + 1
    k = int(best.argmax())
    return int(tops[k]), int(ends[k]), int(spans[0, k]), int(spans[1, k])


_LEAST = 8
_SAMPLES = 20_000
_CLASS = 30  # samples from which a class of levels has a median
_WINDOW = 15
_STOP = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 15, 0.02)


def levelled(luma: Plane, sigma: float = ALIGN.smooth) -> Plane:
    """Return a plane smoothed against grain, with the same local mean and contrast everywhere: tone moves nothing."""
    wide = np.asarray(cv2.GaussianBlur(luma, (0, 0), sigma), np.uint8)
    if native is None:
        return one_contrast_plain(wide)
    return np.frombuffer(native.level(wide, wide.shape[1]), np.uint8).reshape(wide.shape)


def one_contrast_plain(plane: Plane) -> Plane:
    """Return a plane with one mean and contrast everywhere, without the native part: twice as slow."""
    wide, size = plane.astype(np.float32), (31, 31)
    mean = cv2.blur(wide, size)
    spread = np.sqrt(np.maximum(cv2.blur(wide * wide, size) - mean * mean, 0.0))
    found = (wide - mean) * (48.0 / (spread + 6.0)) + 128.0
    return np.asarray(cv2.convertScaleAbs(found), np.uint8)


def banded(luma: Plane) -> Plane:
    """Return the fine detail of a plane alone, of the same contrast everywhere: no shade and no stripes move it."""
    wide = luma.astype(np.float32)
    fine, rough = (cv2.GaussianBlur(wide, (0, 0), sigma) for sigma in ALIGN.band)
    detail = np.asarray(fine - rough, np.float32)
    spread = np.sqrt(np.maximum(cv2.blur(detail * detail, (31, 31)), 0.0))
    return np.asarray(cv2.convertScaleAbs(detail * (40.0 / (spread + 2.0)) + 128.0), np.uint8)


class TrackedPoints(NamedTuple):
    """The map from the moved picture to the ground, the points (n, 2) tracked on the ground, how far each strays
    from the map (n,), and how far the map moves the corners at most, all in pixels."""

    step: Matrix
    points: Floats
    strays: Floats
    moved: float


def same_tone(one: Plane, two: Plane, inside: Mask) -> tuple[Plane, Plane]:
    """Return both planes, the one of more contrast brought to the tone of the other where they differ in it.

    A change of tone moves edges by parts of a pixel, which would pass for two views. The curve goes through the
    medians of one over classes of 16 levels of the other; where it does not bring what lies nearest nearer, as over
    pictures of which only a part agrees, there is none.
    """
    where = np.flatnonzero(inside)
    where = where[:: max(1, len(where) // _SAMPLES)]
    x, y = one.ravel()[where], two.ravel()[where]
    if x.size < _SAMPLES // 40:
        return one, two
    onward = x.std() >= y.std()
    shown, other = (x, y) if onward else (y, x)
    curve = _curve(shown, other)
    if curve is None or percentile(cv2.absdiff(curve[shown], other), 25) >= percentile(cv2.absdiff(x, y), 25):
        return one, two
    mapped = np.asarray(cv2.LUT(one if onward else two, curve), np.uint8)
    return (mapped, two) if onward else (one, mapped)


def _curve(x: Plane, y: Plane) -> Plane | None:
    """Return the curve (256,) from levels x to levels y, (n,) each; None where it would change next to nothing."""
    # One histogram of the pairs gives every mean and median: as exact as sorting each class, and ten times as fast.
    counts = np.bincount((x >> 4).astype(np.intp) * 256 + y, minlength=16 * 256).reshape(16, 256)
    sizes = counts.sum(axis=1)
    full = np.flatnonzero(sizes >= _CLASS)
    if len(full) < 2:
        return None
    levels = np.bincount(x, minlength=256).reshape(16, 16) * np.arange(256).reshape(16, 16)
    at = levels.sum(axis=1)[full] / sizes[full]
    below = counts[full].cumsum(axis=1)
    middles = [(below > ((sizes[full] - 1 + k) // 2)[:, None]).argmax(axis=1) for k in (0, 1)]
    to = np.maximum.accumulate((middles[0] + middles[1]) / 2)
    if float(np.abs(to - at).max()) < ALIGN.same_tone:
        return None
    return np.asarray(np.clip(np.rint(np.interp(np.arange(256), at, to)), 0, 255), np.uint8)


def _eroded(inside: Mask, side: int) -> Plane:
    """Return 1 where all of a window lies inside, 0 elsewhere."""
    window = np.ones((side, side), np.uint8)
    found = cv2.erode(inside.astype(np.uint8), window, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(found, np.uint8)


def _flow(
    ground: Plane, picture: Plane, inside: Mask, *, most: int, apart: int, window: int, levels: int
) -> tuple[Floats, Floats]:
    """Return the positions (n, 2) of up to `most` corners on the ground and on the picture, `apart` pixels and more.

    Corners (Shi and Tomasi 1994) are tracked by the pyramidal method of Lucas and Kanade (Bouguet 2000).
    """
    mask = _eroded(inside, 7)
    corners = cv2.goodFeaturesToTrack(ground, most, 0.01, apart, mask=mask, blockSize=5)
    if corners is None:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    found, kept, _ = cv2.calcOpticalFlowPyrLK(
        ground, picture, corners, np.empty_like(corners), None, None, (window, window), levels, _STOP
    )
    sound = np.asarray(kept).ravel() == 1
    return np.asarray(corners[sound, 0], np.float32), np.asarray(found[sound, 0], np.float32)


def track(ground: Plane, picture: Plane, inside: Mask, levels: int = 2) -> TrackedPoints | None:
    """Return how `picture` must move to lie on `ground`, both levelled; None where too few corners tell."""
    there, here = _flow(ground, picture, inside, most=ALIGN.tracked, apart=6, window=_WINDOW, levels=levels)
    if len(there) < _LEAST:
        return None
    cv2.setRNGSeed(0)
    step, _ = cv2.findHomography(
        here, there, cv2.USAC_MAGSAC, ALIGN.track_reach, maxIters=500, confidence=0.999
    )
    if step is None or not np.all(np.isfinite(step)):
        return None
    gone = cv2.perspectiveTransform(here[:, None], step)[:, 0] - there
    strays = np.asarray(np.linalg.norm(gone, axis=1), np.float32)
    height, width = ground.shape
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], float)
    moved = float(np.linalg.norm(cv2.perspectiveTransform(corners, step) - corners, axis=2).max())
    return TrackedPoints(np.asarray(step, np.float64), np.asarray(there, np.float32), strays, moved)


_FAR = 9.0
_BUSY = 9


class Alignment(NamedTuple):
    """How b lies on a and how well they agree there, measured at a long side of about 400 pixels.

    `matrix` maps pixels of b to pixels of a; `matched` counts matched features, 0 where none were needed. `shift` is
    the distance in pixels that half of the tracked points stay within, of the `tracked` ones whose surroundings agree,
    `band` the same of fine detail alone.
    `agreement` is the upper quartile of the local correlation where there is texture (so that what was pasted over
    does not count), `fine` the same of the finest detail, `floor` the lower quartile of that where both hold most of
    it, `coarse` the upper one of what a strong blur leaves; `low` and `fair` are the shares of it under 0.4 and 0.7.
    `part_a`, `part_b` are the shares of a and b that overlap, `held_a`, `held_b` the shares of what there is to see
    in them that lies in the overlap (a plain border holds nothing); `textured` is the share of the overlap that
    is informative. `tiled` says that their agreement was measured in a rectangle that stands apart from the rest.
    """

    matrix: Matrix
    matched: int
    shift: float
    band: float
    tracked: int
    agreement: float
    low: float
    fair: float
    fine: float
    floor: float
    coarse: float
    part_a: float
    part_b: float
    held_a: float
    held_b: float
    textured: float
    tiled: bool = False

    @property
    def mirrored(self) -> bool:
        """Whether b shows a as in a mirror."""
        return bool(np.linalg.det(self.matrix[:2, :2]) < 0)

    @property
    def merit(self) -> float:
        """The share of the smaller picture in which they agree: what the best of several maps has most of."""
        return self._closeness * self.textured * max(self.part_a, self.part_b)

    @property
    def is_chance(self) -> bool:
        """Whether a guessed map lays the two on each other no better than any two pictures lie."""
        return not self.matched and self._closeness < ALIGN.chance

    @property
    def _closeness(self) -> float:
        return (1 - self.fair) / (0.2 + min(_FAR, self.shift))


def align(pair: Planes) -> Alignment | None:
    """Return the best map from the second picture to the first, found by local features; None where none is.

    Where the first look finds nothing credible, one of the two is looked at more closely, and then the other, since
    the other may be a small part of it.
    """
    best = None
    for sides, points in (
        ((ALIGN.side, ALIGN.side), (ALIGN.points, ALIGN.points)),
        ((ALIGN.far_side, ALIGN.close_side), (ALIGN.far_points, ALIGN.close_points)),
        ((ALIGN.close_side, ALIGN.far_side), (ALIGN.close_points, ALIGN.far_points)),
    ):
        best = best_of((best, _search(pair, sides, points)))
        if best is not None and best.matched >= ALIGN.credible:
            break
    return best


def best_of(found: Iterable[Alignment | None]) -> Alignment | None:
    """Return the map of the largest merit, the first of equal ones; None where there is none."""
    return max((one for one in found if one is not None), key=lambda one: one.merit, default=None)


class Planes:
    """Two pictures, (height, width, 3) uint8, as planes of any size, each of which is made once.

    Features are found in luma; how well a map fits is measured in the mean of the three colors, in which the stripes
    that a photographed screen shows in each cancel out.
    """

    def __init__(self, a: Pixels, b: Pixels) -> None:
        self._pictures = a, b
        self._whole: dict[tuple[int, bool], Plane] = {}
        self._made: dict[tuple[int, bool, int, int], Plane] = {}

    def shape(self, which: int) -> tuple[int, int]:
        """Return (height, width) of a picture, 0 or 1."""
        height, width = self._pictures[which].shape[:2]
        return height, width

    def luma(self, which: int, side: int, least: int = 0) -> Plane:
        """Return the luma of a picture, 0 or 1, with a long side of at most `side` pixels, as `reduced` does."""
        return self._reduced(which, side, least, mean=False)

    def mean(self, which: int, side: int, least: int = 0) -> Plane:
        """Return the mean of the colors of a picture in the same way."""
        return self._reduced(which, side, least, mean=True)

    def _reduced(self, which: int, side: int, least: int, *, mean: bool) -> Plane:
        whole, key = (which, mean), (which, mean, side, least)
        if whole not in self._whole:
            rgb = self._pictures[which]
            thirds = np.full((1, 3), 1 / 3, np.float32)
            plane = cv2.transform(rgb, thirds) if mean else cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
            self._whole[whole] = np.asarray(plane, np.uint8)
        if key not in self._made:
            self._made[key] = reduced(self._whole[whole], side, least)
        return self._made[key]


def _search(pair: Planes, sides: tuple[int, int], points: tuple[int, int]) -> Alignment | None:
    """Return the best map from the second picture to the first, by features of both reduced to these long sides."""
    small = [pair.luma(k, side, min(side, ALIGN.small_side)) for k, side in enumerate(sides)]
    seen = [pair.mean(k, max(ALIGN.side, side), ALIGN.small_side) for k, side in enumerate(sides)]
    there, here = scaling(small[0].shape, seen[0].shape), scaling(seen[1].shape, small[1].shape)
    maps = _maps(small[0], small[1], points)
    best = best_of(_checked(seen[0], seen[1], there @ matrix @ here, matched) for matrix, matched in maps)
    if best is None:
        return None
    return _at_full_size(best, scaling(seen[0].shape, pair.shape(0)), scaling(pair.shape(1), seen[1].shape))


def align_by(pair: Planes, matrix: Matrix) -> Alignment | None:
    """Return the map near `matrix`, from the second picture to the first, that fits best; None where none does."""
    one, two = (pair.mean(k, ALIGN.side, ALIGN.small_side) for k in (0, 1))
    there, here = scaling(one.shape, pair.shape(0)), scaling(pair.shape(1), two.shape)
    found = _checked(one, two, inverse(there) @ matrix @ inverse(here), 0)
    return None if found is None else _at_full_size(found, there, here)


def _at_full_size(found: Alignment, there: Matrix, here: Matrix) -> Alignment:
    matrix = there @ found.matrix @ here
    return found._replace(matrix=np.asarray(matrix / matrix[2, 2], np.float64))


def _maps(one: Plane, two: Plane, points: tuple[int, int]) -> Iterator[tuple[Matrix, int]]:
    """Yield maps from plane two to plane one with the number of features that agree: upright, then mirrored."""
    features, others = find_features(one, points[0]), find_features(two, points[1])
    plain = fit_map(features, others)
    if plain is not None:
        yield plain
        if plain[1] >= ALIGN.sure:
            return
    mirrored = fit_map(features, others.mirrored())
    if mirrored is not None:
        yield mirrored[0] @ np.array([[-1, 0, two.shape[1] - 1], [0, 1, 0], [0, 0, 1.0]]), mirrored[1]


def _checked(one: Plane, two: Plane, matrix: Matrix, matched: int) -> Alignment | None:
    """Return the refined map with what the pixels say of it."""
    tracked: TrackedPoints | None = None
    untracked: Overlay | None = None
    for levels in (2, 1):
        overlay = overlaid(one, two, matrix, one.size)
        if overlay is None:
            return None
        # Tones are brought together only once the pictures lie well: before, they would be mixed up.
        plain = (overlay.one, overlay.two)
        laid = _ground_first(overlay, plain if levels == 2 else _toned(overlay))
        step = track(*laid, overlay.inside, levels)
        if step is None:
            untracked = overlay
            break
        refined = overlay.corrected(step.step)
        if not _is_sane(refined, two.shape):
            return None
        matrix, tracked = refined, step
        if levels == 2 and step.moved <= ALIGN.settled:
            toned = _toned(overlay)
            if toned[0] is plain[0] and toned[1] is plain[1]:
                break
    overlay = untracked or overlaid(one, two, matrix, one.size)
    if overlay is not None:
        overlay = trimmed(overlay, one, two)
    if overlay is None or overlay.inside.sum() < ALIGN.overlap_pixels:
        return None
    held = (_held(one, two, matrix), _held(two, one, inverse(matrix)))
    found = _measured(overlay, matched, tracked, held)
    if found is None or found.low < ALIGN.divided:
        return found
    return _in_its_tile(one, two, overlay, found) or found


def _in_its_tile(one: Plane, two: Plane, overlay: Overlay, found: Alignment) -> Alignment | None:
    """Return the map refined within the rectangle in which they agree; None where none stands apart."""
    alike, _, spread = correlation_map(*_blurred(overlay, ALIGN.smooth))
    tile = agreeing_rectangle(alike, (spread >= JUDGE.telling**2) & overlay.inside)
    if tile is None:
        return None
    overlay, last = overlay._replace(inside=tile & overlay.inside), None
    for levels in (2, 1):
        tracked = track(*_ground_first(overlay, _toned(overlay)), overlay.inside, levels)
        if tracked is None:
            break
        matrix = overlay.corrected(tracked.step)
        again = overlaid(one, two, matrix, one.size) if _is_sane(matrix, two.shape) else None
        if again is None:
            return None
        there, size = inverse(again.to_a) @ overlay.to_a, again.inside.shape[::-1]
        shown = cv2.warpPerspective(overlay.inside.astype(np.uint8), there, size, flags=cv2.INTER_NEAREST)
        overlay, last = again._replace(inside=again.inside & (shown > 0)), tracked
    if last is None or overlay.inside.sum() < ALIGN.overlap_pixels:
        return None
    better = _measured(overlay, found.matched, last, (found.held_a, found.held_b))
    return None if better is None else better._replace(tiled=True)


def _blurred(overlay: Overlay, sigma: float) -> tuple[Floats, Floats]:
    sharp = (plane.astype(np.float32) for plane in (overlay.one, overlay.two))
    one, two = (np.asarray(cv2.GaussianBlur(plane, (0, 0), sigma), np.float32) for plane in sharp)
    return one, two


def _held(plane: Plane, other: Plane, matrix: Matrix) -> float:
    """Return the share of a plane's busy places that `other`, laid on it by `matrix`, covers."""
    wide = cv2.GaussianBlur(plane, (0, 0), ALIGN.smooth).astype(np.float32)
    size = (_BUSY, _BUSY)
    mean = cv2.blur(wide, size)
    busy = cv2.blur(wide * wide, size) - mean * mean >= JUDGE.telling**2
    whole, shape = np.ones(other.shape, np.uint8), (plane.shape[1], plane.shape[0])
    covered = cv2.warpPerspective(whole, matrix, shape, flags=cv2.INTER_NEAREST)
    reach = cv2.dilate(covered, np.ones((_BUSY, _BUSY), np.uint8))
    return float((busy & (reach > 0)).sum() / max(1, int(busy.sum())))


def _is_sane(matrix: Matrix, shape: tuple[int, ...]) -> bool:
    """Return whether a map is sane, be it mirrored or not."""
    size = (shape[1], shape[0])
    flip = np.diag([-1.0, 1, 1])
    flip[0, 2] = shape[1]
    return is_sane(matrix, size) or is_sane(matrix @ flip, size)


def _toned(overlay: Overlay) -> tuple[Plane, Plane]:
    return same_tone(overlay.one, overlay.two, overlay.inside)


def _ground_first(
    overlay: Overlay, toned: tuple[Plane, Plane], how: Callable[[Plane], Plane] = levelled
) -> tuple[Plane, Plane]:
    one, two = (how(plane) for plane in toned)
    return (one, two) if overlay.on_a else (two, one)


def _floor(detail: Floats, held: Floats, telling: Mask) -> float:
    """Return the lower quartile of the correlation of the finest detail where both hold most of that."""
    rich = telling & (held >= max(1.0, percentile(held[telling], ALIGN.rich)))
    return percentile(detail[rich], ALIGN.lower) if rich.any() else 0.0


def _measured(
    overlay: Overlay, matched: int, tracked: TrackedPoints | None, held: tuple[float, float]
) -> Alignment | None:
    one, two = _blurred(overlay, ALIGN.smooth)
    found, _, spread = correlation_map(one, two)
    detail, held_detail, _ = correlation_map(overlay.one - one, overlay.two - two)
    rough, _, _ = correlation_map(*_blurred(overlay, ALIGN.strong))
    whole = _eroded(overlay.inside, 9)
    telling = (spread >= JUDGE.telling**2) & (whole > 0)
    values = found[telling]
    if values.size < ALIGN.overlap_pixels / 4:
        return None
    strays, band = _moved_apart(overlay, tracked, found)
    return Alignment(
        overlay.matrix,
        matched,
        _middle(strays),
        band,
        len(strays),
        percentile(values, ALIGN.upper),
        float((values < ALIGN.low).mean()),
        float((values < ALIGN.fair).mean()),
        percentile(detail[telling], ALIGN.upper),
        _floor(detail, held_detail, telling),
        percentile(rough[telling], ALIGN.upper),
        overlay.part_a,
        overlay.part_b,
        held[0],
        held[1],
        float(values.size / max(1, int((whole > 0).sum()))),
    )


def _moved_apart(overlay: Overlay, tracked: TrackedPoints | None, found: Floats) -> tuple[Floats, float]:
    """Return how far the tracked points stray, and the median of that for fine detail alone."""
    sound = overlay.inside & (found >= ALIGN.fair)
    strays = _strays(tracked, found)
    if len(strays) < ALIGN.enough and sound.sum() >= ALIGN.overlap_pixels:
        # The strongest corners lie on what was pasted over: look for others.
        others = track(*_ground_first(overlay, _toned(overlay)), sound, 1)
        strays = max(strays, _strays(others, found), key=len)
    shift = _middle(strays)
    if shift <= ALIGN.fine_shift:
        return strays, shift
    again = track(*_ground_first(overlay, _toned(overlay), banded), sound, 1)
    return strays, _middle(_strays(again, found))


def _middle(strays: Floats) -> float:
    return percentile(strays, 50) if len(strays) >= ALIGN.telling_points else _FAR


def _strays(tracked: TrackedPoints | None, found: Floats) -> Floats:
    """Return how far the tracked points stray whose surroundings agree: what was pasted over moves as it likes."""
    if tracked is None:
        return np.zeros(0, np.float32)
    x, y = np.rint(tracked.points).astype(int).T
    inner = (x >= 0) & (y >= 0) & (x < found.shape[1]) & (y < found.shape[0])
    agree = np.zeros(len(x), np.bool_)
    agree[inner] = found[y[inner], x[inner]] >= ALIGN.fair
    return tracked.strays[agree]


Channels: TypeAlias = tuple[Floats, ...]


def refined(source: Channels, target: Channels, inside: Mask, *, whole: bool) -> tuple[Channels, float]:
    """Return all planes (height, width) of `source`, luma first, moved onto `target`, and the median displacement.

    The displacement is in pixels.
    Corners are tracked (Bouguet 2000) and one polynomial of the third degree each way is fitted to how they move, by
    reweighted least squares: a page bends, its letters do not. Whole frames get one of the first degree where that
    leaves nothing over.
    """
    ground, picture = (levelled(np.clip(p[0], 0, 255).astype(np.uint8)) for p in (target, source))
    flow = _flow(
        ground, picture, inside, most=REGISTRATION.points, apart=8, window=REGISTRATION.window, levels=1
    )
    there, here = (points.astype(np.float64) for points in flow)
    if len(there) < REGISTRATION.least:
        return source, 0.0
    step = here - there
    near = np.linalg.norm(step - np.median(step, axis=0), axis=1) <= REGISTRATION.reach
    there, step = there[near], step[near]
    if len(there) < REGISTRATION.least:
        return source, 0.0
    height, width = inside.shape
    for degree in (1, 3) if whole else (3,):
        weights, left = _polynomial(there, step, (width, height), degree)
        if left <= REGISTRATION.bent:
            break
    moved = percentile(np.linalg.norm(step, axis=1), 50)
    if moved < REGISTRATION.still:
        return source, moved
    x, y = np.meshgrid(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33))
    field = np.stack(_terms(x.ravel(), y.ravel(), degree), axis=1) @ weights
    coarse = (field[:, k].reshape(33, 33).astype(np.float32) for k in (0, 1))
    across, down = (cv2.resize(p, (width, height), interpolation=cv2.INTER_CUBIC) for p in coarse)
    grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    there_x, there_y = grid_x + across, grid_y + down
    # Where no tone is changed, the planes with it are those without.
    made = {
        key: np.asarray(
            cv2.remap(p, there_x, there_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32
        )
        for key, p in {id(p): p for p in source}.items()
    }
    moved_planes = tuple(made[id(p)] for p in source)
    before, after = (
        float(np.minimum(np.abs(p - target[0])[inside], REGISTRATION.most_left).mean())
        for p in (source[0], moved_planes[0])
    )
    return (moved_planes, moved) if after < before else (source, moved)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64], degree: int) -> list[NDArray[np.float64]]:
    return [x**i * y**j for i in range(degree + 1) for j in range(degree + 1 - i)]


def _polynomial(
    there: NDArray[np.float64], step: NDArray[np.float64], size: tuple[int, int], degree: int
) -> tuple[NDArray[np.float64], float]:
    """Return the weights of the terms, (terms, 2), and the median distance in pixels that they leave."""
    x, y = (there[:, k] / (size[k] - 1) * 2 - 1 for k in (0, 1))
    design = np.stack(_terms(x, y, degree), axis=1)
    weights: NDArray[Any] = np.ones(len(there))
    found, left = np.zeros((design.shape[1], 2)), np.zeros(len(there))
    for _ in range(5):
        held = design * weights[:, None]
        gram = held.T @ design + np.eye(design.shape[1]) * 1e-3 * len(there)
        found = np.linalg.solve(gram, held.T @ step)
        left = np.linalg.norm(step - design @ found, axis=1)
        doubt = np.square(left / max(0.3, 1.5 * percentile(left, 50)))
        weights = np.asarray(1 / (1 + doubt), np.float64)
    return np.asarray(found, np.float64), percentile(left, 50)
