"""Alterations of all pixels alike: tone, colour, filters, blur, noise, size and coding; none moves the frame."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import ADJUSTED, GENTLE, Family, Made, Maker, Pixels, to_bytes

Rng = np.random.Generator
Floats = NDArray[np.float32]

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)


def _on_floats(change: Callable[[Floats], NDArray[np.floating]]) -> Maker:
    """A maker from a function of samples 0 to 255."""
    return lambda rgb, rng, other: Made(to_bytes(change(rgb.astype(np.float32))))


def _gamma(power: float) -> Maker:
    return _on_floats(lambda rgb: 255 * (rgb / 255) ** power)


def _brightness(by: int) -> Maker:
    return _on_floats(lambda rgb: rgb + by)


def _contrast(gain: float) -> Maker:
    return _on_floats(lambda rgb: (rgb - 127.5) * gain + 127.5)


def _grey_of(rgb: Floats) -> Floats:
    return np.asarray((rgb @ _LUMA)[..., None], np.float32)


def _saturation(gain: float) -> Maker:
    return _on_floats(lambda rgb: _grey_of(rgb) + (rgb - _grey_of(rgb)) * gain)


def _levels(rgb: Floats) -> NDArray[np.floating]:
    low, high = np.percentile(rgb, (1, 99), axis=(0, 1))
    return np.asarray((rgb - low) / np.maximum(high - low, 16) * 255)


def _equalised(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)
    lab[..., 0] = cv2.equalizeHist(lab[..., 0])
    return Made(np.asarray(cv2.cvtColor(lab, cv2.COLOR_YCrCb2RGB), np.uint8))


def _local_contrast(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    """CLAHE, what "HDR" and "clarity" filters do."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0])
    return Made(np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8))


def _hue(rgb: Pixels, rng: Rng, other: Pixels, *, degrees: float) -> Made:
    hsv = cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV)
    shift = round(degrees / 2 * float(rng.choice([-1, 1])))
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + shift) % 180
    return Made(np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8))


def _gains(red: float, green: float, blue: float) -> Maker:
    return _on_floats(lambda rgb: rgb * np.array([red, green, blue], np.float32))


def _sepia(share: float) -> Maker:
    return _on_floats(lambda rgb: rgb * (1 - share) + rgb @ _SEPIA.T * share)


def _grey(weights: tuple[float, float, float]) -> Maker:
    return _on_floats(lambda rgb: np.repeat((rgb @ np.array(weights, np.float32))[..., None], 3, axis=2))


def _curves(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    """A monotonous curve per channel through three random knots, as photo filters use."""
    out = np.empty_like(rgb)
    for band in range(3):
        knots = np.array([64, 128, 192]) + rng.uniform(-28, 28, 3)
        ends = (float(rng.uniform(0, 30)), float(rng.uniform(225, 255)))
        curve = np.interp(np.arange(256), [0, 64, 128, 192, 255], [ends[0], *knots, ends[1]])
        out[..., band] = to_bytes(curve)[rgb[..., band]]
    return Made(out)


def _vignette(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    height, width = rgb.shape[:2]
    ys, xs = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    fall = 1 - 0.3 * np.clip(xs**2 + ys**2, 0, 2)
    return Made(to_bytes(rgb * fall[..., None]))


def _cross_process(rgb: Floats) -> NDArray[np.floating]:
    x = rgb / 255
    bent = x + np.array([0.25, 0.1, -0.2], np.float32) * x * (1 - x)
    return (0.85 * bent + np.array([0.0, 0.02, 0.12], np.float32)) * 255


def _blur(sigma: float) -> Maker:
    return lambda rgb, rng, other: Made(np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8))


def _motion(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    angle, length = float(rng.uniform(0, np.pi)), 4.0
    kernel = np.zeros((11, 11), np.float32)
    for step in np.linspace(-length, length, 33):
        x, y = 5 + step * np.cos(angle), 5 + step * np.sin(angle)
        kernel[round(float(y)), round(float(x))] += 1
    return Made(np.asarray(cv2.filter2D(rgb, -1, kernel / kernel.sum()), np.uint8))


def _sharpen(rgb: Pixels, rng: Rng, other: Pixels, *, amount: float) -> Made:
    soft = cv2.GaussianBlur(rgb, (0, 0), 1.5).astype(np.float32)
    return Made(to_bytes(rgb + amount * (rgb - soft)))


def _noise(rgb: Pixels, rng: Rng, other: Pixels, *, sigma: float, grey: bool) -> Made:
    shape = (*rgb.shape[:2], 1 if grey else 3)
    return Made(to_bytes(rgb + rng.normal(0, sigma, shape)))


def _specks(rgb: Pixels, rng: Rng, other: Pixels, *, share: float) -> Made:
    """Salt and pepper."""
    drawn, out = rng.random(rgb.shape[:2]), rgb.copy()
    out[drawn < share / 2] = 0
    out[drawn > 1 - share / 2] = 255
    return Made(out)


def _pixelated(rgb: Pixels, rng: Rng, other: Pixels, *, cells: int) -> Made:
    """At most `cells` squares along the longer side, at the same size."""
    height, width = rgb.shape[:2]
    scale = min(1.0, cells / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return Made(np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8))


def _posterised(levels: int) -> Maker:
    step = 255 / (levels - 1)
    return _on_floats(lambda rgb: np.rint(rgb / step) * step)


def _scaled(rgb: Pixels, rng: Rng, other: Pixels, *, side: int = 0, by: float = 0, how: int) -> Made:
    height, width = rgb.shape[:2]
    scale = by or min(1.0, side / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    return Made(np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8), note=f"{size[0]}x{size[1]}")


def _coded(kind: str, low: int, high: int) -> Maker:
    def make(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
        return Made(rgb.copy(), saved_as=f"{kind} {int(rng.integers(low, high + 1))}")

    return make


CODING: dict[str, Family] = {
    "re-save": Family(
        {
            "jpeg 75 to 95": _coded("JPEG", 75, 95),
            "jpeg 45 to 74": _coded("JPEG", 45, 74),
            "jpeg 20 to 44": _coded("JPEG", 20, 44),
            "jpeg 10 to 19": _coded("JPEG", 10, 19),
            "webp 30 to 90": _coded("WEBP", 30, 90),
        },
        frozenset({"resaved"}),
        {"jpeg 10 to 19": GENTLE, "jpeg 20 to 44": GENTLE},
    ),
    "smaller": Family(
        {
            "half": partial(_scaled, by=0.5, how=cv2.INTER_AREA),
            "third, bilinear": partial(_scaled, by=1 / 3, how=cv2.INTER_LINEAR),
            "128 px": partial(_scaled, side=128, how=cv2.INTER_AREA),
            "96 px": partial(_scaled, side=96, how=cv2.INTER_AREA),
        },
        GENTLE,
    ),
    "larger": Family(
        {
            "1.5": partial(_scaled, by=1.5, how=cv2.INTER_LINEAR),
            "2": partial(_scaled, by=2.0, how=cv2.INTER_CUBIC),
        },
        GENTLE,
    ),
}

TONE: dict[str, Family] = {
    "gamma": Family({f"{p}": _gamma(p) for p in (0.6, 0.8, 1.3, 1.8)}, ADJUSTED, {"0.8": GENTLE}),
    "brightness": Family({f"{b:+d}": _brightness(b) for b in (-60, -30, 30, 60)}, ADJUSTED),
    "contrast": Family({f"{c}": _contrast(c) for c in (0.6, 0.8, 1.3, 1.6)}, ADJUSTED, {"0.8": GENTLE}),
    "auto-level": Family(
        {"levels": _on_floats(_levels), "equalised": _equalised, "local contrast": _local_contrast},
        ADJUSTED,
        {"levels": GENTLE},
    ),
    "saturation": Family(
        {f"{s}": _saturation(s) for s in (0.3, 0.7, 1.4, 2.0)}, ADJUSTED, {"0.7": GENTLE, "1.4": GENTLE}
    ),
    "hue": Family(
        {f"{d} degrees": partial(_hue, degrees=d) for d in (10, 20, 40)}, ADJUSTED, {"10 degrees": GENTLE}
    ),
    "temperature": Family(
        {"cool": _gains(0.85, 1.0, 1.15), "warm": _gains(1.15, 1.0, 0.82), "green": _gains(0.93, 1.1, 0.93)},
        ADJUSTED,
    ),
    "sepia": Family({"half": _sepia(0.5), "full": _sepia(1.0)}, ADJUSTED),
    "grey": Family({"luma": _grey((0.299, 0.587, 0.114)), "red": _grey((0.8, 0.15, 0.05))}, ADJUSTED),
    "photo filter": Family(
        {
            "curves": _curves,
            "vignette": _vignette,
            "fade": _on_floats(lambda rgb: rgb * 0.6 + 70),
            "cross": _on_floats(_cross_process),
        },
        ADJUSTED,
    ),
    "blur": Family(
        {"1 px": _blur(1.0), "2 px": _blur(2.0), "3 px": _blur(3.0), "motion": _motion},
        ADJUSTED,
        {"1 px": GENTLE},
    ),
    "sharpen": Family(
        {"0.7": partial(_sharpen, amount=0.7), "2": partial(_sharpen, amount=2.0)}, ADJUSTED, {"0.7": GENTLE}
    ),
    "noise": Family(
        {
            "8": partial(_noise, sigma=8, grey=False),
            "grain 12": partial(_noise, sigma=12, grey=True),
            "22": partial(_noise, sigma=22, grey=False),
            "specks 2 %": partial(_specks, share=0.02),
        },
        ADJUSTED,
        {"8": GENTLE},
    ),
    "pixelate": Family(
        {f"{c} cells": partial(_pixelated, cells=c) for c in (160, 100, 64)}, ADJUSTED, {"160 cells": GENTLE}
    ),
    "posterise": Family({f"{c}": _posterised(c) for c in (16, 8, 4)}, ADJUSTED, {"16": GENTLE}),
}
