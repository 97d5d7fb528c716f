"""Local features of a picture, and the map that most of those of two pictures agree on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.native import native
from samepic.profiles import ALIGN
from samepic.verify.photometric import shrunk

__all__ = [
    "Features",
    "Shape",
    "decompose",
    "find_features",
    "fit_map",
    "inverse",
    "is_sane",
    "local_scale",
    "reduced",
    "scaling",
    "two_nearest",
    "two_nearest_plain",
]

Plane: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Whole: TypeAlias = NDArray[np.int32]
Matrix: TypeAlias = NDArray[np.float64]

_CONFIDENCE = 0.999
_ROUNDS = 2000


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """Positions (n, 2) float32 in pixels of a plane of `size` (width, height), and descriptors (n, 32) uint8."""

    at: Floats
    descriptors: NDArray[np.uint8]
    size: tuple[int, int]


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
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(luma, size, interpolation=how), np.uint8)


def scaling(size: tuple[int, ...], target: tuple[int, ...]) -> Matrix:
    """Return the map from pixels of a plane of shape `size` to those of the same plane resized to `target`.

    Both are (height, width); pixel centres have whole coordinates.
    """
    across, down = target[1] / size[1], target[0] / size[0]
    return np.array([[across, 0, (across - 1) / 2], [0, down, (down - 1) / 2], [0, 0, 1]])


def inverse(matrix: Matrix) -> Matrix:
    """Return the inverse of a map, (3, 3)."""
    return np.asarray(cv2.invert(matrix)[1], np.float64)


def find_features(luma: Plane, points: int = ALIGN.points) -> Features:
    """Return the features of a reduced plane: oriented FAST corners with rotated BRIEF (ORB, Rublee et al. 2011)."""
    detector = cv2.ORB.create(points, 1.2, 8, edgeThreshold=15, patchSize=31, fastThreshold=5)
    found, descriptors = detector.detectAndCompute(luma, None)
    at = np.array(cv2.KeyPoint.convert(found), np.float32).reshape(-1, 2)
    codes = np.zeros((0, 32), np.uint8) if descriptors is None else np.asarray(descriptors, np.uint8)
    return Features(at, codes, (luma.shape[1], luma.shape[0]))


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
        here, there, cv2.USAC_MAGSAC, ALIGN.reach, maxIters=_ROUNDS, confidence=_CONFIDENCE
    )
    best = _counted(full, hit, b.size)
    if best is None or best[1] < ALIGN.sure:
        part, hit = cv2.estimateAffinePartial2D(
            here,
            there,
            method=cv2.RANSAC,
            ransacReprojThreshold=ALIGN.reach,
            maxIters=_ROUNDS,
            confidence=_CONFIDENCE,
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
    there, first = np.unique(nearest[passed], return_index=True)
    return a.at[there], b.at[passed[first]]


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
    (a, b, c), (d, e, f), (g, h, i) = (
        matrix.tolist()
    )  # plain numbers: a NumPy call costs more than all of this
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
    """Tell whether a map keeps a plane of `size` (width, height) recognisable: not folded, crushed or torn."""
    if not np.all(np.isfinite(matrix)):
        return False
    right, low = size
    places = ((0, 0), (right, 0), (right, low), (0, low), (right / 2, low / 2))
    found = [local_scale(matrix, x, y) for x, y in places]
    scales = [scale for scale, _, _ in found]
    if not all(kept and axes <= ALIGN.shear for _, axes, kept in found):
        return False
    return 1 / ALIGN.scale <= scales[-1] <= ALIGN.scale and max(scales) <= ALIGN.depth * min(scales)


@dataclass(frozen=True, slots=True)
class Shape:
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
