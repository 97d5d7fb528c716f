"""Local edits with known boxes, as people make them: painted out, written over, cloned, blurred, recoloured."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from bench.family_base import Box, Pixels, any_color, is_visible

_CLEAR = 20.0
"""Mean change in levels inside the box from which an edit survives a mild change of tone and coding."""
_LEAST_PIXELS = 110
"""Below so many pixels an edit is a speck that nobody looks at."""
WORDS = ("SALE", "2026", "Hello", "page", "1789", "NOON", "exit", "No 7", "Anna", "west")


class Edit(NamedTuple):
    """A pair that differs in one box (x, y, w, h): `before` and `after` are (height, width, 3) uint8 RGB."""

    kind: str
    before: Pixels
    after: Pixels
    box: Box


def _paint(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    ring = rgb[max(0, y - 2) : y + h + 2, max(0, x - 2) : x + w + 2].reshape(-1, 3)
    rgb[y : y + h, x : x + w] = np.median(ring, axis=0)


def _inpaint(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    mask = np.zeros(rgb.shape[:2], np.uint8)
    mask[y : y + h, x : x + w] = 255
    rgb[:] = cv2.inpaint(np.ascontiguousarray(rgb), mask, 3, cv2.INPAINT_TELEA)


def _text(rgb: Pixels, box: Box, rng: np.random.Generator, word: str | None = None) -> None:
    x, y, w, h = box
    word = word or str(rng.choice(WORDS))
    (tw, th), base = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = min(w / tw, h / (th + base))
    dark = rgb[y : y + h, x : x + w].mean() > 127
    ink = (16, 16, 16) if dark else (240, 240, 240)
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    at = (0, round(h - base * scale))
    cv2.putText(part, word, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, max(1, round(2 * scale)), cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


def _clone(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    sx, sy = int(rng.integers(0, rgb.shape[1] - w)), int(rng.integers(0, rgb.shape[0] - h))
    rgb[y : y + h, x : x + w] = rgb[sy : sy + h, sx : sx + w].copy()


def _pixelate(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    small = cv2.resize(part, (max(1, w // 8), max(1, h // 8)), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


def _recolour(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    part[:] = np.roll(part, 1, axis=2)


def _sticker(rgb: Pixels, box: Box, rng: np.random.Generator) -> None:
    x, y, w, h = box
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    cv2.ellipse(part, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, any_color(rng), -1, cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


EDITS: dict[str, Callable[[Pixels, Box, np.random.Generator], None]] = {
    "painted out": _paint,
    "inpainted": _inpaint,
    "text": _text,
    "word changed": _text,
    "cloned": _clone,
    "pixelated": _pixelate,
    "recoloured": _recolour,
    "sticker": _sticker,
}


def local_edit(rgb: Pixels, kind: str, share: float, seed: int) -> Edit | None:
    """Return `rgb` with one edit of `kind` over `share` of the frame, or None where 40 places show none."""
    rng = np.random.default_rng(seed)
    height, width = rgb.shape[:2]
    for _ in range(40):
        aspect = float(rng.uniform(2.0, 3.0) if kind in ("text", "word changed") else rng.uniform(0.6, 1.6))
        w = min(width - 2, max(6, round((share * height * width * aspect) ** 0.5)))
        h = min(height - 2, max(6, round(share * height * width / w)))
        box = (int(rng.integers(0, width - w)), int(rng.integers(0, height - h)), w, h)
        before, after = rgb.copy(), rgb.copy()
        if kind == "word changed":
            one, two = rng.choice(WORDS, 2, replace=False)
            _text(before, box, rng, str(one))
            _text(after, box, rng, str(two))
        else:
            EDITS[kind](after, box, rng)
        if is_visible(before, after, box):
            return Edit(kind, before, after, box)
    return None


def clear_edit(rgb: Pixels, share: float, rng: np.random.Generator) -> Edit | None:
    """Return `rgb` with an edit of any kind that shows once both were coded again; None where none of eight does."""
    if share * rgb.shape[0] * rgb.shape[1] < _LEAST_PIXELS:
        return None
    for kind in rng.permutation(sorted(EDITS)):
        edit = local_edit(rgb, str(kind), share, int(rng.integers(0, 1 << 30)))
        if edit is None:
            continue
        x, y, w, h = edit.box
        change = cv2.absdiff(edit.before, edit.after)[y : y + h, x : x + w].max(axis=2)
        if change.mean() >= _CLEAR:
            return edit
    return None
