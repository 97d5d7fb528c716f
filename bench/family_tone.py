"""Alterations of all pixels alike: tone, colour, filters, blur, noise, size and coding; none moves the frame."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import ADJUSTED, GENTLE, Family, Made, Maker, Pixels, to_bytes, varied

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


def _coded(rgb: Pixels, rng: Rng, other: Pixels, *, kind: str, low: int, high: int) -> Made:
    return Made(rgb.copy(), saved_as=f"{kind} {int(rng.integers(low, high + 1))}")


_RANGES = {
    f"jpeg {low} to {high}": ("JPEG", low, high) for low, high in ((75, 95), (45, 74), (20, 44), (10, 19))
}
CODING: dict[str, Family] = {
    "re-save": Family(
        varied(_coded, "kind low high", {**_RANGES, "webp 30 to 90": ("WEBP", 30, 90)}),
        frozenset({"resaved"}),
        {"jpeg 10 to 19": GENTLE, "jpeg 20 to 44": GENTLE},
    ),
    "smaller": Family(
        {
            **varied(
                _scaled,
                "by how",
                {"half": (0.5, cv2.INTER_AREA), "third, bilinear": (1 / 3, cv2.INTER_LINEAR)},
            ),
            **varied(_scaled, "side how", {"128 px": (128, cv2.INTER_AREA), "96 px": (96, cv2.INTER_AREA)}),
        },
        GENTLE,
    ),
    "larger": Family(
        varied(_scaled, "by how", {"1.5": (1.5, cv2.INTER_LINEAR), "2": (2.0, cv2.INTER_CUBIC)}), GENTLE
    ),
}
_MAKERS: dict[str, dict[str, Maker]] = {
    "gamma": {f"{p}": _gamma(p) for p in (0.6, 0.8, 1.3, 1.8)},
    "brightness": {f"{b:+d}": _brightness(b) for b in (-60, -30, 30, 60)},
    "contrast": {f"{c}": _contrast(c) for c in (0.6, 0.8, 1.3, 1.6)},
    "auto-level": {"levels": _on_floats(_levels), "equalised": _equalised, "local contrast": _local_contrast},
    "saturation": {f"{s}": _saturation(s) for s in (0.3, 0.7, 1.4, 2.0)},
    "hue": varied(_hue, "degrees", {f"{d} degrees": (d,) for d in (10, 20, 40)}),
    "temperature": {
        "cool": _gains(0.85, 1.0, 1.15),
        "warm": _gains(1.15, 1.0, 0.82),
        "green": _gains(0.93, 1.1, 0.93),
    },
    "sepia": {"half": _sepia(0.5), "full": _sepia(1.0)},
    "grey": {"luma": _grey((0.299, 0.587, 0.114)), "red": _grey((0.8, 0.15, 0.05))},
    "photo filter": {
        "curves": _curves,
        "vignette": _vignette,
        "fade": _on_floats(lambda rgb: rgb * 0.6 + 70),
        "cross": _on_floats(_cross_process),
    },
    "blur": {"1 px": _blur(1.0), "2 px": _blur(2.0), "3 px": _blur(3.0), "motion": _motion},
    "sharpen": varied(_sharpen, "amount", {"0.7": (0.7,), "2": (2.0,)}),
    "noise": {
        **varied(_noise, "sigma grey", {"8": (8, False), "grain 12": (12, True), "22": (22, False)}),
        **varied(_specks, "share", {"specks 2 %": (0.02,)}),
    },
    "pixelate": varied(_pixelated, "cells", {f"{c} cells": (c,) for c in (160, 100, 64)}),
    "posterise": {f"{c}": _posterised(c) for c in (16, 8, 4)},
}
_GENTLE: dict[str, tuple[str, ...]] = {
    "gamma": ("0.8",),
    "contrast": ("0.8",),
    "auto-level": ("levels",),
    "saturation": ("0.7", "1.4"),
    "hue": ("10 degrees",),
    "blur": ("1 px",),
    "sharpen": ("0.7",),
    "noise": ("8",),
    "pixelate": ("160 cells",),
    "posterise": ("16",),
}
TONE = {
    name: Family(makers, ADJUSTED, dict.fromkeys(_GENTLE.get(name, ()), GENTLE))
    for name, makers in _MAKERS.items()
}
