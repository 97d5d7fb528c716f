"""Local features, the map that most of them agree on, the eight turned forms, and structure that two pictures share."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from typing import NamedTuple, Self, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Floats, Matrix, Pixels, Plane
from samepic.native import native
from samepic.tuning.search import SCREEN
from samepic.tuning.verify import ALIGN, JUDGE
from samepic.verify.photometry import area_means, coarse, shrunk

Whole: TypeAlias = NDArray[np.int32]


class Features(NamedTuple):
    """Positions (n, 2) float32 in pixels of a plane of `size` (width, height), and descriptors (n, 32) uint8."""

    at: Floats
    descriptors: NDArray[np.uint8]
    size: tuple[int, int]

    def to_bytes(self) -> bytes:
        """Return 8 bytes and 40 for each feature; `from_bytes` takes them on a machine of the same byte order."""
        return np.array(self.size, np.int32).tobytes() + self.at.tobytes() + self.descriptors.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return the features that `to_bytes` wrote. Raises ValueError for other data."""
        count, rest = divmod(len(data) - 8, 40)
        if rest or count < 0:
            raise ValueError(f"expected 8 bytes and 40 for each feature, found {len(data)}")
        width, height = np.frombuffer(data, np.int32, 2).tolist()
        at = np.frombuffer(data, np.float32, 2 * count, 8).reshape(-1, 2)
        return cls(
            at, np.frombuffer(data, np.uint8, 32 * count, 8 + 8 * count).reshape(-1, 32), (width, height)
        )

    def mirrored(self) -> Features:
        """Return those of the plane mirrored left to right; half of the bits of a code are the others mirrored."""
        at = np.stack((self.size[0] - 1 - self.at[:, 0], self.at[:, 1]), axis=1)
        return Features(at, np.roll(self.descriptors, self.descriptors.shape[1] // 2, axis=1), self.size)


def reduced(luma: Plane, side: int, least: int = 0) -> Plane:
    """Return a plane with a long side of at most `side`, and of at least `least` where it is smaller."""
    long = max(luma.shape)
    target = min(side, max(least, long))
    if long > target:
        luma = shrunk(luma, int(math.log2(long / target)))
    scale = target / max(luma.shape)
    if abs(scale - 1) < 1e-9:
        return luma
    size = (max(1, round(luma.shape[1] * scale)), max(1, round(luma.shape[0] * scale)))
    if scale < 1:
        return area_means(luma, size)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def scaling(size: tuple[int, ...], target: tuple[int, ...]) -> Matrix:
    """Return the map from pixels of a plane of shape `size` to those of the same plane resized to `target`.

    Both are (height, width); pixel centers have whole coordinates.
    """
    across, down = target[1] / size[1], target[0] / size[0]
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a map, (3, 3)."""
    return np.asarray(cv2.invert(matrix)[1], np.float64)


def find_features(luma: Plane, points: int = ALIGN.points) -> Features:
    """Return the features of a reduced plane: corners of eight sizes (Harris and Stephens 1988) and their codes.

    As in ORB (Rublee et al. 2011) a corner is turned by the centroid of the disc round it, and each bit of its code
    says whether the first of two places is the darker one (BRIEF, Calonder et al. 2010). Half of the corners are the
    strongest of cells of 32 pixels, so that letters over a picture do not take all. Features of the planes that came
    last are kept: one picture is compared with several.
    """
    return _found(luma.tobytes(), luma.shape[1], points)


def screening_features(rgb: Pixels) -> Features:
    """Return the features of a picture at a long side of 320 pixels, none of one too narrow to have any there."""
    luma = reduced(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8), SCREEN.side)
    return find_features(luma, SCREEN.points if min(luma.shape) >= SCREEN.least else 0)


def shared_features(a: Features, b: Features) -> int:
    """Return how many features of a picture lie on those of another, as it is or mirrored, by one map; 0 for none."""
    found = (fit_map(a, form) for form in (b, b.mirrored()))
    return max((agree for _, agree in filter(None, found)), default=0)


def forget_features() -> None:
    """Forget the features that were kept, as whoever measures time must."""
    _found.cache_clear()


_KEPT = 32
_BORDER = 15  # pixels round a corner that its turn and its code are made of
_TESTS = 256

Corners: TypeAlias = NDArray[np.int32]
"""(n, 4): x, y, and the two moments of the disc round each."""


@lru_cache(_KEPT)
def _found(pixels: bytes, width: int, points: int) -> Features:
    plane = np.frombuffer(pixels, np.uint8).reshape(-1, width)
    size = (width, plane.shape[0])
    scales = [ALIGN.zoom**level for level in range(ALIGN.levels)]
    sizes = [(round(size[0] / scale), round(size[1] / scale)) for scale in scales]
    sizes = [smaller for smaller in sizes if min(smaller) > 2 * _BORDER]
    shares = np.cumsum([0.0, *(1 / scale for scale in scales[: len(sizes)])])
    ends = np.rint(points * shares / max(shares[-1], 1.0)).astype(int)
    places, codes = [np.zeros((0, 2), np.float32)], [np.zeros((0, _TESTS // 8), np.uint8)]
    for smaller, count in zip(sizes, np.diff(ends).tolist(), strict=True):
        if plane.shape[::-1] != smaller:
            plane = np.asarray(cv2.resize(plane, smaller, interpolation=cv2.INTER_LINEAR), np.uint8)
        x, y, across, down = corners_of(plane, count).T
        turns = np.rint(np.arctan2(down, across) * (ALIGN.directions / (2 * np.pi))).astype(np.int32)
        smooth = np.asarray(cv2.blur(plane, (ALIGN.coded_smooth,) * 2), np.uint8)
        codes.append(describe(smooth, np.stack((x, y, turns % ALIGN.directions), axis=1), _tests()))
        places.append(
            ((np.stack((x, y), axis=1) + 0.5) * (np.array(size) / smaller) - 0.5).astype(np.float32)
        )
    at, descriptors = np.concatenate(places), np.concatenate(codes)
    at.flags.writeable = descriptors.flags.writeable = False
    return Features(at, descriptors, size)


def corners_of(plane: Plane, count: int) -> Corners:
    """Return up to `count` corners of a plane of more than 30 pixels each way, half of them the strongest of cells."""
    if native is None:
        return corners_plain(plane, count)
    limits = ALIGN.cell, ALIGN.corner, ALIGN.edges
    found = native.corners(np.ascontiguousarray(plane), plane.shape[1], count, *limits)
    return np.frombuffer(found, np.int32).reshape(-1, 4)


def corners_plain(plane: Plane, count: int) -> Corners:
    """Return what `corners_of` does, without the native part: many times as slow."""
    across, down = (cv2.Sobel(plane, cv2.CV_32F, 1 - k, k, ksize=3) for k in (0, 1))
    pairs = (across * across, across * down, down * down)
    xx, xy, yy = (cv2.boxFilter(pair, -1, (3, 3), normalize=False) for pair in pairs)
    trace = xx + yy
    response = xx * yy - xy * xy - np.float32(ALIGN.edges) * (trace * trace)
    peaks = (response >= cv2.dilate(response, np.ones((3, 3), np.uint8))) & (response > ALIGN.corner)
    y, x = np.nonzero(peaks[_BORDER:-_BORDER, _BORDER:-_BORDER])
    strongest = np.argsort(-response[_BORDER:-_BORDER, _BORDER:-_BORDER][y, x], kind="stable")
    x, y = x[strongest], y[strongest]
    if len(x) > count:
        chosen = _spread(y // ALIGN.cell * plane.shape[1] + x // ALIGN.cell, count)
        x, y = x[chosen], y[chosen]
    x, y = x + _BORDER, y + _BORDER
    steps = np.arange(-_BORDER, _BORDER + 1)
    disc = np.hypot(*np.meshgrid(steps, steps)) <= _BORDER
    patches = plane[y[:, None, None] + steps[:, None], x[:, None, None] + steps] * disc.astype(np.int32)
    moments = patches.sum(axis=1) @ steps, patches.sum(axis=2) @ steps
    return np.stack((x, y, *moments), axis=1).astype(np.int32)


def _spread(cells: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return which of n places, the strongest first, are chosen, by the cell (n,) of each."""
    names, cells = np.unique(cells, return_inverse=True)
    each = max(1, count // (2 * len(names)))
    by_cell = np.argsort(cells, kind="stable")
    rank = np.empty(len(cells), np.intp)
    rank[by_cell] = np.arange(len(cells)) - np.searchsorted(cells[by_cell], cells[by_cell])
    return np.concatenate((np.flatnonzero(rank < each), np.flatnonzero(rank >= each)))[:count]


@cache
def _tests() -> NDArray[np.int8]:
    """Return the pairs of places (directions, tests, 4) that are compared: x and y of the first and of the second.

    They are spread evenly over a disc (Roberts, "The unreasonable effectiveness of quasirandom sequences", 2018), and
    the second half is the first one mirrored.
    """
    golden = float(np.roots([1, 0, 0, 0, -1, -1]).real.max())
    spread = (0.5 + np.outer(np.arange(1, 2 * _TESTS), golden ** -np.arange(1.0, 5.0))) % 1
    pairs = ((2 * spread - 1) * ALIGN.coded_reach).reshape(-1, 2, 2)
    inside = (np.hypot(*pairs.T) <= ALIGN.coded_reach).all(axis=0)
    apart = np.hypot(*(pairs[:, 0] - pairs[:, 1]).T) >= 2
    half = pairs[inside & apart][: _TESTS // 2]
    x, y = np.concatenate((half, half * (1, -1))).transpose(2, 0, 1)
    turns = np.arange(ALIGN.directions)[:, None, None] * (2 * np.pi / ALIGN.directions)
    turned = (x * np.cos(turns) - y * np.sin(turns), x * np.sin(turns) + y * np.cos(turns))
    return np.ascontiguousarray(np.rint(np.stack(turned, axis=-1)).astype(np.int8))


def describe(smooth: Plane, places: Corners, tests: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return a code (n, 32) of each place (n, 3): x and y, 15 pixels or more from the edge, and its direction."""
    if native is None:
        return describe_plain(smooth, places, tests)
    found = native.describe(smooth, smooth.shape[1], np.ascontiguousarray(places), tests)
    return np.frombuffer(found, np.uint8).reshape(-1, 32)


def describe_plain(smooth: Plane, places: Corners, tests: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return what `describe` does, without the native part: ten times as slow."""
    at = places[:, None, None, :2] + tests[places[:, 2]].reshape(len(places), -1, 2, 2)
    seen = smooth[at[..., 1], at[..., 0]]
    return np.packbits(seen[..., 0] < seen[..., 1], axis=1, bitorder="little")


def fit_map(a: Features, b: Features) -> tuple[Matrix, int] | None:
    """Return the homography from b to a that most matched features agree on, and how many do; None for none.

    Matches are one to one and pass the ratio test. The fit is MAGSAC++ (Barath et al. 2020); where that finds few,
    a similarity by RANSAC (Fischler and Bolles 1981) is tried. A map that no one who alters a picture would make
    is none.
    """
    there, here = _matched(a, b)
    if len(there) < ALIGN.inliers:
        return None
    cv2.setRNGSeed(0)  # the same pictures get the same map
    full, hit = cv2.findHomography(
        here, there, cv2.USAC_MAGSAC, ALIGN.reach, maxIters=ALIGN.rounds, confidence=ALIGN.confidence
    )
    best = _counted(full, hit, b.size)
    if best is None or best[1] < ALIGN.sure:
        part, hit = cv2.estimateAffinePartial2D(
            here,
            there,
            method=cv2.RANSAC,
            ransacReprojThreshold=ALIGN.reach,
            maxIters=ALIGN.rounds_of_two,
            confidence=ALIGN.confidence,
        )
        other = _counted(None if part is None else np.vstack([part, [0, 0, 1]]), hit, b.size)
        best = max((m for m in (best, other) if m is not None), key=lambda m: m[1], default=None)
    return best if best is not None and best[1] >= ALIGN.inliers else None


def _counted(found: object, hit: object, size: tuple[int, int]) -> tuple[Matrix, int] | None:
    if found is None or hit is None:
        return None
    matrix = np.asarray(found, np.float64)
    return (matrix, int(np.sum(np.asarray(hit)))) if is_sane(matrix, size) else None


def _matched(a: Features, b: Features) -> tuple[Floats, Floats]:
    """Return the positions (n, 2) in a and in b of matched features, each used once."""
    if min(len(a.at), len(b.at)) < ALIGN.inliers:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    nearest, best, second = two_nearest(b.descriptors, a.descriptors)
    passed = np.flatnonzero(best <= ALIGN.ratio * second)
    passed = passed[np.argsort(best[passed], kind="stable")]
    # What is written last stays: the best of those that have the same nearest.
    chosen = np.full(len(a.at), -1, np.intp)
    chosen[nearest[passed[::-1]]] = passed[::-1]
    there = np.flatnonzero(chosen >= 0)
    return a.at[there], b.at[chosen[there]]


def two_nearest(codes: NDArray[np.uint8], others: NDArray[np.uint8]) -> tuple[Whole, Whole, Whole]:
    """Return, for each of n codes (n, 32), the nearest of the others (m, 32), its distance and the second distance.

    Distances are in bits; of equally near ones the first is taken. m must be 2 or more.
    """
    if native is not None:
        found = native.match(np.ascontiguousarray(codes), np.ascontiguousarray(others))
        rows = np.frombuffer(found, np.int32).reshape(-1, 3)
        return rows[:, 0], rows[:, 1], rows[:, 2]
    return two_nearest_plain(codes, others)


def two_nearest_plain(codes: NDArray[np.uint8], others: NDArray[np.uint8]) -> tuple[Whole, Whole, Whole]:
    """Return what `two_nearest` does, without the native part: three times as slow."""
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(codes, others, k=2)
    rows = np.array([(one.trainIdx, one.distance, two.distance) for one, two in pairs], np.int32)
    return rows[:, 0], rows[:, 1], rows[:, 2]


def local_scale(matrix: Matrix, x: float, y: float) -> tuple[float, float, bool]:
    """Return the scale of the map at (x, y), the ratio of its axes, and whether it keeps the sense of turning.

    The scale is the square root of the area of a small unit square after the map; 0 beyond the horizon.
    """
    # Plain numbers: a NumPy call costs more than all of this.
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    w = g * x + h * y + i
    if w <= 1e-6:
        return 0.0, math.inf, False
    u, v = (a * x + b * y + c) / w, (d * x + e * y + f) / w
    left, right = ((a - u * g) / w, (b - u * h) / w), ((d - v * g) / w, (e - v * h) / w)
    area = left[0] * right[1] - left[1] * right[0]
    total = left[0] ** 2 + left[1] ** 2 + right[0] ** 2 + right[1] ** 2
    root = math.sqrt(max(0.0, total * total - 4 * area * area))
    axes = math.sqrt((total + root) / max(1e-12, total - root))
    return math.sqrt(abs(area)), axes, area > 0


def is_sane(matrix: Matrix, size: tuple[int, int]) -> bool:
    """Return whether a map keeps a plane of `size` (width, height) recognizable: not folded, crushed or torn."""
    if not np.all(np.isfinite(matrix)):
        return False
    right, low = size
    places = ((0, 0), (right, 0), (right, low), (0, low), (right / 2, low / 2))
    found = [local_scale(matrix, x, y) for x, y in places]
    scales = [scale for scale, _, _ in found]
    if not all(kept and axes <= ALIGN.shear for _, axes, kept in found):
        return False
    return 1 / ALIGN.scale <= scales[-1] <= ALIGN.scale and max(scales) <= ALIGN.depth * min(scales)


class Shape(NamedTuple):
    """What a map does to a frame: `angle` in degrees by which a is turned clockwise to be held as b is, `stretch` the
    ratio of the two axes (1 or more), `shear` in degrees, `depth` the ratio of the scales at two corners."""

    angle: float
    stretch: float
    shear: float
    depth: float


def decompose(matrix: Matrix, width: int, height: int) -> Shape:
    """Return the shape of a map from a frame of this size, mirrored maps as if they were not."""
    x, y = width / 2, height / 2
    u, v, w = matrix @ (x, y, 1.0)
    local = (matrix[:2, :2] - np.outer((u / w, v / w), matrix[2, :2])) / w
    if np.linalg.det(local) < 0:
        local = np.diag([-1.0, 1.0]) @ local  # a is mirrored first, then turned
    angle = math.degrees(math.atan2(local[1, 0], local[0, 0]))
    across, down = (float(np.hypot(*local[:, k])) for k in (0, 1))
    between = float(np.sum(local[:, 0] * local[:, 1])) / max(1e-12, across * down)
    scales = [local_scale(matrix, px, py)[0] for px in (0, width) for py in (0, height)]
    return Shape(
        -angle % 360,
        max(across, down) / max(1e-12, min(across, down)),
        abs(math.degrees(math.asin(max(-1.0, min(1.0, between))))),
        max(scales) / max(1e-12, min(scales)),
    )


_WINDOW = 17
_FLOOR = (JUDGE.telling / 2) ** 2


def correlation_map(
    a: Floats, b: Floats, step: int = 1, window: int = _WINDOW, floor: float = _FLOOR
) -> tuple[Floats, Floats, Floats]:
    """Return the normalized correlation of two luma planes in square windows, and how much there is to tell.

    Both are (height, width) float32; of the windows every `step`-th each way is measured; `floor`, in squared levels,
    is added to each variance. The others are the smaller and the larger variance of the two in the window, in squared
    levels; the correlation is -1 to 1 (Lewis, "Fast normalized cross-correlation", 1995).
    """
    if native is None:
        return correlation_map_plain(a, b, step, window, floor)
    one, two = np.ascontiguousarray(a), np.ascontiguousarray(b)
    found = native.correlation(one, two, a.shape[1], window, step, floor)
    planes = np.frombuffer(found, np.float32).reshape(3, -(-a.shape[0] // step), -1)
    return planes[0], planes[1], planes[2]


def correlation_map_plain(
    a: Floats, b: Floats, step: int = 1, window: int = _WINDOW, floor: float = _FLOOR
) -> tuple[Floats, Floats, Floats]:
    """Return what `correlation_map` does, without the native part: three times as slow."""

    def means(plane: Floats) -> Floats:
        return np.asarray(cv2.blur(plane, (window, window))[::step, ::step], np.float32)

    mean_a, mean_b = means(a), means(b)
    var_a = np.maximum(means(a * a) - mean_a * mean_a, 0.0)
    var_b = np.maximum(means(b * b) - mean_b * mean_b, 0.0)
    together, least = means(a * b) - mean_a * mean_b, np.float32(floor)
    found = together / np.sqrt((var_a + least) * (var_b + least))
    return np.asarray(found, np.float32), np.minimum(var_a, var_b), np.maximum(var_a, var_b)


class Turn(NamedTuple):
    """First mirrored left to right, if `mirrored`, then turned clockwise by `degrees`: 0, 90, 180 or 270."""

    degrees: int = 0
    mirrored: bool = False

    def apply(self, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return a picture (height, width[, bands]) held this way, as a contiguous array."""
        held = picture[:, ::-1] if self.mirrored else picture
        return np.ascontiguousarray(np.rot90(held, -self.degrees // 90))

    def matrix(self, width: int, height: int) -> tuple[float, ...]:
        """Return the 3x3 row-major map from pixels of a picture of this size to pixels of the turned one."""
        right, low = float(width - 1), float(height - 1)
        m = np.array([[-1, 0, right], [0, 1, 0], [0, 0, 1]], float) if self.mirrored else np.eye(3)
        turned = {
            0: np.eye(3),
            90: np.array([[0, -1, low], [1, 0, 0], [0, 0, 1]], float),
            180: np.array([[-1, 0, right], [0, -1, low], [0, 0, 1]], float),
            270: np.array([[0, 1, 0], [-1, 0, right], [0, 0, 1]], float),
        }[self.degrees]
        return tuple(float(value) for value in (turned @ m).ravel())

    def map_from(self, b: tuple[int, ...], a: tuple[int, ...]) -> NDArray[np.float64]:
        """Return the map to pixels of a from those of b that shows the whole of a held this way; shapes (h, w)."""
        turned = a[:2] if self.degrees % 180 == 0 else (a[1], a[0])
        there = np.array(self.matrix(a[1], a[0])).reshape(3, 3)
        return np.asarray(inverse(there) @ scaling(b, turned))


def likely_turn(a: Pixels, b: Pixels) -> Turn | None:
    """Return the turn other than none after which a looks most like b in the coarse, or None where none does.

    The yardstick is the correlation of luma and of every channel on 48 x 48 block means; the whole frame only.
    """
    small_a, small_b = _levelled(coarse(a)), _levelled(coarse(b))
    found = None
    best = JUDGE.turned
    for turn in (Turn(d, m) for m in (False, True) for d in (0, 90, 180, 270)):
        held = np.rot90(small_a[:, ::-1] if turn.mirrored else small_a, -turn.degrees // 90)
        alike = float(np.abs(np.einsum("yxc,yxc->c", held, small_b)).max())
        if (turn.degrees or turn.mirrored) and alike > best:
            found, best = turn, alike
    return found


def _levelled(small: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each channel with mean 0 and length 1 (0 where it is flat)."""
    level = small - small.mean(axis=(0, 1), keepdims=True)
    length = np.sqrt(np.sum(level * level, axis=(0, 1), keepdims=True))
    return np.asarray(level / np.maximum(length, 1.0), np.float32)
