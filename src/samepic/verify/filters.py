"""The linear filter that blurring, sharpening, another resampling or half a pixel's shift put between a and b."""

from __future__ import annotations

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.verify.ranks import percentile

__all__ = ["detail", "fit_filter"]

Pixels: TypeAlias = NDArray[np.uint8]
Floats: TypeAlias = NDArray[np.float32]

_SIGMAS = (0.6, 1.2, 2.4)
_SAMPLES = 20_000
_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)


def detail(rgb: Pixels) -> float:
    """Return the RMS of the Laplacian of luma, in levels: how much fine detail a picture holds."""
    luma = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    return float(cv2.norm(cv2.Laplacian(luma, cv2.CV_16S), cv2.NORM_L2) / luma.size**0.5)


def fit_filter(a: Pixels, b: Pixels) -> Pixels:
    """Return a filtered so that it comes nearest to b (both (height, width, 3), laid on each other).

    The kernel is a least-squares mix of the picture, three Gaussian blurs of it and its two derivatives, fitted
    on luma where the difference is not among its largest tenth, so that an edit does not bend it.
    """
    wide = a.astype(np.float32)
    basis = _basis(wide)
    step = max(1, wide.size // 3 // _SAMPLES)
    some = [np.ascontiguousarray(p.reshape(-1, 3)[::step]) for p in (wide, b.astype(np.float32), *basis)]
    one, two, *parts = (cv2.transform(p[None], _LUMA).ravel() for p in some)
    target, design = two - one, np.stack(parts)
    quiet = np.abs(target) <= percentile(np.abs(target), 90)
    left = design[:, quiet].astype(np.float64)
    gram = np.asarray(
        cv2.mulTransposed(left, False), np.float64
    )  # not by BLAS, whose threads spin longer than this takes
    gram += np.eye(len(gram)) * (1e-3 * float(np.trace(gram)) / len(gram) + 1e-6)
    weights = np.linalg.solve(gram, np.einsum("ik,k->i", left, target[quiet].astype(np.float64)))
    for weight, part in zip(weights, basis, strict=True):
        wide += np.float32(weight) * part
    return np.clip(np.rint(wide), 0, 255).astype(np.uint8)


def _basis(picture: Floats) -> list[Floats]:
    source = picture.copy()
    parts = [np.asarray(cv2.GaussianBlur(source, (0, 0), sigma)) - source for sigma in _SIGMAS]
    slope = np.array([[-0.5, 0.0, 0.5]], np.float32)
    parts += [np.asarray(cv2.filter2D(source, -1, kernel)) for kernel in (slope, slope.T)]
    return [np.asarray(part, np.float32) for part in parts]
