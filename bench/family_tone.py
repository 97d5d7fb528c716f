"""Alterations of all pixels alike: tone, colour, filters, blur, noise, size and coding; none moves the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.family_base import Family, Floats, Made, Maker, Pixels, Right, Rng, varied
from bench.pairs import resized
from bench.steps import SEPIA, blurred, hue_turned, on_light, saturated, scaled, to_bytes


def _toned(change: Callable[..., NDArray[np.floating]], levels: Mapping[str, object]) -> dict[str, Maker]:
    """Return a maker for each level's value, from a function of samples 0 to 255 and of that value."""

    def make(rgb: Pixels, rng: Rng, other: Pixels, *, value: object) -> Made:
        return Made(to_bytes(change(rgb.astype(np.float32), value)))

    return {level: partial(make, value=value) for level, value in levels.items()}


def _levels(rgb: Floats, least: int) -> NDArray[np.floating]:
    low, high = np.percentile(rgb, (1, 99), axis=(0, 1))
    return np.asarray((rgb - low) / np.maximum(high - low, least) * 255)


def _cross_process(rgb: Floats, _: object) -> NDArray[np.floating]:
    x = rgb / 255
    bent = x + np.array([0.25, 0.1, -0.2], np.float32) * x * (1 - x)
    return (0.85 * bent + np.array([0.0, 0.02, 0.12], np.float32)) * 255


def _equalised(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    return Made(on_light(rgb, cv2.equalizeHist))


def _local_contrast(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    """CLAHE, what "HDR" and "clarity" filters do."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB)
    lab[..., 0] = cv2.createCLAHE(2.0, (8, 8)).apply(lab[..., 0])
    return Made(np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), np.uint8))


def _hue(rgb: Pixels, rng: Rng, other: Pixels, *, degrees: float) -> Made:
    return Made(hue_turned(rgb, round(degrees / 2 * float(rng.choice([-1, 1])))))


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


def _blur(rgb: Pixels, rng: Rng, other: Pixels, *, sigma: float) -> Made:
    return Made(blurred(rgb, sigma))


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
    return Made(to_bytes(rgb + rng.normal(0, sigma, (*rgb.shape[:2], 1 if grey else 3))))


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
    small = scaled(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))
    return Made(scaled(small, (width, height), cv2.INTER_NEAREST))


def _scaled(rgb: Pixels, rng: Rng, other: Pixels, *, side: int = 0, by: float = 0, how: int) -> Made:
    return Made(resized(rgb, by or min(1.0, side / max(rgb.shape[:2])), how))


def _coded(rgb: Pixels, rng: Rng, other: Pixels, *, kind: str, low: int, high: int) -> Made:
    return Made(rgb.copy(), saved_as=f"{kind} {int(rng.integers(low, high + 1))}")


_RANGES = {
    f"jpeg {low} to {high}": ("JPEG", low, high) for low, high in ((75, 95), (45, 74), (20, 44), (10, 19))
}
_AREA, _LINEAR, _CUBIC = cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC
CODING: dict[str, Family] = {
    "re-save": Family(
        varied(_coded, "kind low high", {**_RANGES, "webp 30 to 90": ("WEBP", 30, 90)}),
        frozenset({"resaved"}),
        {"jpeg 10 to 19": Right.GENTLE, "jpeg 20 to 44": Right.GENTLE},
    ),
    "smaller": Family(
        varied(_scaled, "by how", {"half": (0.5, _AREA), "third, bilinear": (1 / 3, _LINEAR)})
        | varied(_scaled, "side how", {"128 px": (128, _AREA), "96 px": (96, _AREA)}),
        Right.GENTLE,
    ),
    "larger": Family(varied(_scaled, "by how", {"1.5": (1.5, _LINEAR), "2": (2.0, _CUBIC)}), Right.GENTLE),
}
_GAINS = {"cool": (0.85, 1.0, 1.15), "warm": (1.15, 1.0, 0.82), "green": (0.93, 1.1, 0.93)}
_GREYS = {"luma": (0.299, 0.587, 0.114), "red": (0.8, 0.15, 0.05)}
_MAKERS: dict[str, dict[str, Maker]] = {
    "gamma": _toned(lambda rgb, p: 255 * (rgb / 255) ** p, {f"{p}": p for p in (0.6, 0.8, 1.3, 1.8)}),
    "brightness": _toned(lambda rgb, by: rgb + by, {f"{b:+d}": b for b in (-60, -30, 30, 60)}),
    "contrast": _toned(
        lambda rgb, gain: (rgb - 127.5) * gain + 127.5, {f"{c}": c for c in (0.6, 0.8, 1.3, 1.6)}
    ),
    "auto-level": {
        **_toned(_levels, {"levels": 16}),
        "equalised": _equalised,
        "local contrast": _local_contrast,
    },
    "saturation": _toned(saturated, {f"{s}": s for s in (0.3, 0.7, 1.4, 2.0)}),
    "hue": varied(_hue, "degrees", {f"{d} degrees": d for d in (10, 20, 40)}),
    "temperature": _toned(lambda rgb, gains: rgb * np.array(gains, np.float32), _GAINS),
    "sepia": _toned(lambda rgb, s: rgb * (1 - s) + rgb @ SEPIA.T * s, {"half": 0.5, "full": 1.0}),
    "grey": _toned(lambda rgb, w: np.repeat((rgb @ np.array(w, np.float32))[..., None], 3, axis=2), _GREYS),
    "photo filter": {
        "curves": _curves,
        "vignette": _vignette,
        **_toned(lambda rgb, by: rgb * 0.6 + by, {"fade": 70}),
        **_toned(_cross_process, {"cross": None}),
    },
    "blur": {**varied(_blur, "sigma", {"1 px": 1.0, "2 px": 2.0, "3 px": 3.0}), "motion": _motion},
    "sharpen": varied(_sharpen, "amount", {"0.7": 0.7, "2": 2.0}),
    "noise": {
        **varied(_noise, "sigma grey", {"8": (8, False), "grain 12": (12, True), "22": (22, False)}),
        **varied(_specks, "share", {"specks 2 %": 0.02}),
    },
    "pixelate": varied(_pixelated, "cells", {f"{c} cells": c for c in (160, 100, 64)}),
    "posterise": _toned(
        lambda rgb, step: np.rint(rgb / step) * step, {f"{c}": 255 / (c - 1) for c in (16, 8, 4)}
    ),
}
_GENTLE: dict[str, tuple[str, ...]] = {
    "gamma": ("0.8",), "contrast": ("0.8",), "auto-level": ("levels",), "saturation": ("0.7", "1.4"),
    "hue": ("10 degrees",), "blur": ("1 px",), "sharpen": ("0.7",), "noise": ("8",),
    "pixelate": ("160 cells",), "posterise": ("16",),
}  # fmt: skip
TONE = {
    name: Family(makers, Right.ADJUSTED, dict.fromkeys(_GENTLE.get(name, ()), Right.GENTLE))
    for name, makers in _MAKERS.items()
}
