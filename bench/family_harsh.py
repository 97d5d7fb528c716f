"""Harsh alterations in two strengths: strong blur and median, print and scan, off a screen, big text, few levels."""

from __future__ import annotations

import cv2
import numpy as np

from bench.family_base import (
    ADJUSTED,
    EDITED,
    WHOLE,
    Family,
    Floats,
    Made,
    Pixels,
    Rng,
    changed_box,
    to_bytes,
    varied,
)
from bench.family_content import write
from bench.pairs import resized

_WORDS = (
    "BIG NEWS", "NO SIGNAL", "HALF PRICE", "COMING SOON", "MISSING", "WE ARE OPEN", "THANK YOU", "HAPPY BIRTHDAY",
    "READ THIS FIRST", "VOTE", "LAST CHANCE", "DO NOT ENTER",
)  # fmt: skip


def _blur(rgb: Pixels, rng: Rng, other: Pixels, *, low: float, high: float) -> Made:
    """A Gaussian blur of `low` to `high` of the longer side."""
    sigma = max(rgb.shape[:2]) * float(rng.uniform(low, high))
    return Made(np.asarray(cv2.GaussianBlur(rgb, (0, 0), sigma), np.uint8))


def _median(rgb: Pixels, rng: Rng, other: Pixels, *, share: float) -> Made:
    size = max(5, round(max(rgb.shape[:2]) * share) // 2 * 2 + 1)
    out = rgb
    # Large windows as several smaller ones, which paints the same flat patches in less time.
    for _ in range(2):
        out = np.asarray(cv2.medianBlur(np.ascontiguousarray(out), min(size, 15)), np.uint8)
    return Made(out)


def _halftone(gray: Floats, pitch: float, degrees: float) -> Floats:
    """One ink as dots on a turned grid, softly cut."""
    ys, xs = np.mgrid[0 : gray.shape[0], 0 : gray.shape[1]].astype(np.float32)
    turn = np.radians(degrees)
    u = (xs * np.cos(turn) + ys * np.sin(turn)) * 2 * np.pi / pitch
    v = (-xs * np.sin(turn) + ys * np.cos(turn)) * 2 * np.pi / pitch
    screen = (np.cos(u) + np.cos(v) + 2) / 4
    return np.asarray(np.clip((gray - screen) * 4 + 0.5, 0, 1), np.float32)


def _printed(rgb: Pixels, rng: Rng, other: Pixels, *, pitch: float, fade: float, noise: float) -> Made:
    """Four inks as dots on paper, scanned a little turned, with paper grain, a paler black and a yellow white.

    `pitch` is that of the dots in pixels of the scan, whose longer side is at most 900 pixels.
    """
    rgb = resized(rgb, min(1.0, 900 / max(rgb.shape[:2])))
    (height, width), zoom = rgb.shape[:2], 3
    big = cv2.resize(rgb, (width * zoom, height * zoom), interpolation=cv2.INTER_LINEAR)
    ink = 1 - big.astype(np.float32) / 255
    black = ink.min(axis=2) * 0.8
    cmy = (ink - black[..., None]) / np.maximum(1e-3, 1 - black[..., None])
    pitch *= zoom * float(rng.uniform(0.9, 1.1))
    dots = [_halftone(np.ascontiguousarray(cmy[..., i]), pitch, (15, 75, 0)[i]) for i in range(3)]
    paper = np.stack(dots, axis=-1)
    dark = _halftone(np.ascontiguousarray(black), pitch, 45)[..., None]
    seen = (1 - paper * 0.92) * (1 - dark * (1 - fade))
    seen = cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-1.2, 1.2)), 1.0)
    seen, turn = seen * np.array([0.98, 0.965, 0.93], np.float32), np.vstack([turn, [0, 0, 1]])
    out = cv2.warpPerspective(seen, turn, (width, height), borderValue=(0.97, 0.96, 0.94))
    out = cv2.GaussianBlur(out, (0, 0), 0.7) * (1 - fade) + fade
    grain = cv2.GaussianBlur(rng.normal(0, noise * 2, (height, width)).astype(np.float32), (0, 0), 1.0)
    return Made(to_bytes((out * 255) + grain[..., None]))


def _off_screen(
    rgb: Pixels, rng: Rng, other: Pixels, *, tilt: float, grid: float, glare: float, noise: float
) -> Made:
    """A photograph of a screen: upright stripes of three colors, seen at an angle, with glare, blue light and noise."""
    height, width = rgb.shape[:2]
    zoom = 3
    screen = cv2.resize(rgb, (width * zoom, height * zoom), interpolation=cv2.INTER_NEAREST).astype(
        np.float32
    )
    stripes = np.full((zoom, 3), 1 - grid, np.float32)
    stripes[np.arange(3), np.arange(3)] = 1 + grid
    screen *= np.tile(stripes, (width, 1))[None]
    screen[::zoom] *= 1 - grid / 2
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = (corners + rng.uniform(-tilt, tilt, (4, 2)) * [width, height]).astype(np.float32)
    flat = np.asarray(cv2.getPerspectiveTransform(corners * zoom, moved), np.float64)
    soft = cv2.GaussianBlur(np.clip(screen, 0, 255), (0, 0), 0.7)
    seen = cv2.warpPerspective(soft, flat, (width, height), flags=cv2.INTER_LINEAR, borderValue=(18, 18, 20))
    seen = cv2.GaussianBlur(seen, (0, 0), 0.6)
    ys, xs = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    spot = np.exp(-(((xs - rng.uniform(0, 1)) / 0.35) ** 2 + ((ys - rng.uniform(0, 1)) / 0.35) ** 2))
    light = np.array([0.94, 1.0, 1.08], np.float32) * float(rng.uniform(0.85, 1.1))
    bent = 255 * (np.clip(seen * light, 0, 255) / 255) ** float(rng.uniform(0.85, 1.2))
    bent = bent + glare * 255 * spot[..., None] * (1 - bent / 255) + rng.normal(0, noise, bent.shape)
    return Made(to_bytes(bent))


def _big_text(rgb: Pixels, rng: Rng, other: Pixels, *, lines: int, tall: float) -> Made:
    """Lines of large letters over much of the frame."""
    height, width = rgb.shape[:2]
    out, step = rgb.copy(), round(height * tall)
    top = int(rng.uniform(0, max(1, height - step * lines)))
    chosen = rng.permutation(len(_WORDS))[:lines]
    inks = ((255, 255, 255), (0, 0, 0)), ((255, 220, 0), (0, 0, 0)), ((0, 0, 0), (255, 255, 255))
    ink, line = inks[int(rng.integers(0, 3))]
    for row, word in enumerate(chosen):
        box = (0, top + row * step, width, min(step, height - top - row * step))
        write(out, box, _WORDS[int(word)], ink, line)
    changed = changed_box(rgb, out)
    return Made(out, () if changed is None else (changed,))


def _levels(rgb: Pixels, rng: Rng, other: Pixels, *, count: int) -> Made:
    """Each channel cut to a few levels, each shown as the mean of what it stands for."""
    cut = np.minimum(rgb.astype(np.int16) * count // 256, count - 1)
    return Made(to_bytes(cut * (255.0 / (count - 1))))


_PRINTS = {"fine": (1.4, 0.05, 2), "coarse": (2.3, 0.14, 5)}
_SCREENS = {"near": (0.03, 0.3, 0.1, 4), "far": (0.09, 0.55, 0.35, 9)}
HARSH: dict[str, Family] = {
    "strong blur": Family(
        varied(_blur, "low high", {"1 %": (0.007, 0.011), "1.5 %": (0.013, 0.017)}), ADJUSTED
    ),
    "strong median": Family(varied(_median, "share", {"1 %": 0.012, "3 %": 0.03}), ADJUSTED),
    "print and scan": Family(varied(_printed, "pitch fade noise", _PRINTS), WHOLE),
    "off screen": Family(varied(_off_screen, "tilt grid glare noise", _SCREENS), WHOLE),
    "big text": Family(
        varied(_big_text, "lines tall", {"two lines": (2, 0.24), "four lines": (4, 0.24)}), EDITED
    ),
    "strong posterize": Family(varied(_levels, "count", {"4": 4, "3": 3}), ADJUSTED),
}
"""As `bench.families`, of other making than those there."""
