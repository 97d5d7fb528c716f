"""The smooth displacement that one map leaves over: lenses, bent pages, a part of a pixel."""

from __future__ import annotations

from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.profiles.evidence import REGISTRATION
from samepic.verify.track import levelled

__all__ = ["refined"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]
Mask: TypeAlias = NDArray[np.bool_]
Planes: TypeAlias = tuple[Floats, ...]

_STOP = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 15, 0.02)


def refined(source: Planes, target: Planes, inside: Mask, *, whole: bool) -> tuple[Planes, float]:
    """Return all planes (height, width) of `source`, luma first, moved onto `target`, and the median displacement.

    The displacement is in pixels.
    Corners are tracked (Bouguet 2000) and one polynomial of the third degree each way is fitted to how they move, by
    reweighted least squares: a page bends, its letters do not. Whole frames get one of the first degree where that
    leaves nothing over.
    """
    ground, picture = (levelled(np.clip(p[0], 0, 255).astype(np.uint8)) for p in (target, source))
    mask = cv2.erode(
        inside.astype(np.uint8), np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    corners = cv2.goodFeaturesToTrack(ground, REGISTRATION.points, 0.01, 8, mask=mask, blockSize=5)
    if corners is None or len(corners) < REGISTRATION.least:
        return source, 0.0
    window = (REGISTRATION.window, REGISTRATION.window)
    found, kept, _ = cv2.calcOpticalFlowPyrLK(
        ground, picture, corners, np.empty_like(corners), None, None, window, 1, _STOP
    )
    sound = np.asarray(kept).ravel() == 1
    there, here = corners[sound, 0].astype(np.float64), found[sound, 0].astype(np.float64)
    step = here - there
    near = np.linalg.norm(step - np.median(step, axis=0), axis=1) <= REGISTRATION.reach
    there, step = there[near], step[near]
    if len(there) < REGISTRATION.least:
        return source, 0.0
    height, width = inside.shape
    degree = 1 if whole else 3
    weights, left = _polynomial(there, step, (width, height), degree)
    if whole and left > REGISTRATION.bent:
        degree = 3
        weights, _ = _polynomial(there, step, (width, height), degree)
    moved = float(np.median(np.linalg.norm(step, axis=1)))
    if moved < REGISTRATION.still:
        return source, moved
    x, y = np.meshgrid(np.linspace(-1, 1, 33), np.linspace(-1, 1, 33))
    field = np.stack(_terms(x.ravel(), y.ravel(), degree), axis=1) @ weights
    across, down = (
        cv2.resize(
            field[:, k].reshape(33, 33).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        for k in (0, 1)
    )
    grid_x, grid_y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved_planes = tuple(
        np.asarray(
            cv2.remap(p, grid_x + across, grid_y + down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE),
            np.float32,
        )
        for p in source
    )
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
        doubt = np.square(left / max(0.3, 1.5 * float(np.median(left))))
        weights = np.asarray(1 / (1 + doubt), np.float64)
    return np.asarray(found, np.float64), float(np.median(left))
