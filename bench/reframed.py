"""Copies that were edited and reframed at once: cropped, bordered, tilted, seen aslant or mirrored, with one change."""

from __future__ import annotations

import cv2
import numpy as np

from bench.edits import EDITS, local_edit
from bench.family_base import Box, Pixels, warped
from bench.originals import any_original, photo
from bench.pairs import EDITED_ONLY, Labelled, changed_mask, coded, mask_boxes, named_rng, png

Rng = np.random.Generator
_FRAMES = ("crop", "border", "tilt", "aslant", "mirror")


def reframed_edits(half: str, number: int, name: str) -> Labelled:
    """Return a picture and a copy of it, reframed, with a patch, a caption or another edit in what is left of it."""
    rng = named_rng(name)
    while True:
        what, rgb = any_original(half, number, rng)
        after = _edited(rgb, photo(half, number + 1), rng)
        mask = None if after is None else changed_mask(rgb, after)
        if after is None or mask is None or not mask.any():
            continue
        frame = str(rng.choice(_FRAMES))
        files = coded(rgb, rng), coded(_framed(after, mask_boxes(mask, whole=True)[0], frame, rng), rng)
        return Labelled("reframed edits", f"{frame}, {what}", EDITED_ONLY, False, *files, name,
                        mask_boxes(mask, whole=True), png(mask))  # fmt: skip


def _edited(rgb: Pixels, other: Pixels, rng: Rng) -> Pixels | None:
    match int(rng.integers(0, 3)):
        case 0:
            return patched(rgb, other, rng)
        case 1:
            return captioned(rgb, rng)
        case _:
            share = float(rng.choice((0.003, 0.01, 0.03, 0.05)))
            edit = local_edit(rgb, str(rng.choice(sorted(EDITS))), share, int(rng.integers(0, 1 << 30)))
            return edit.after if edit is not None and np.array_equal(edit.before, rgb) else None


def patched(rgb: Pixels, other: Pixels, rng: Rng) -> Pixels:
    """Return the picture with a piece of another one on it."""
    height, width = rgb.shape[:2]
    w, h = (max(8, int(side * rng.uniform(0.06, 0.3))) for side in (width, height))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    piece = cv2.resize(other, (w, h), interpolation=cv2.INTER_AREA)
    out = rgb.copy()
    out[y : y + h, x : x + w] = piece
    return out


def captioned(rgb: Pixels, rng: Rng) -> Pixels:
    """Return the picture with a line of writing on a bar, or without one."""
    height, width = rgb.shape[:2]
    out = rgb.copy()
    w, h = int(width * rng.uniform(0.3, 0.8)), max(12, int(height * rng.uniform(0.05, 0.16)))
    x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
    dark = rng.random() < 0.5
    if rng.random() < 0.7:
        out[y : y + h, x : x + w] = 0 if dark else 255
    words = " ".join(rng.choice(("MONDAY", "SALE", "Hello", "No 7", "2026", "west", "new", "OFF"), 2))
    scale = h / 40
    cv2.putText(out, words, (x + 4, y + round(0.75 * h)), cv2.FONT_HERSHEY_SIMPLEX, scale,
                (255, 255, 255) if dark else (0, 0, 0), max(1, round(2 * scale)), cv2.LINE_AA)  # fmt: skip
    return out


def _framed(rgb: Pixels, box: Box, frame: str, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    x, y, w, h = box
    match frame:
        case "crop":
            left, top = int(rng.uniform(0, 0.25) * x), int(rng.uniform(0, 1) * y)
            right = int(x + w + rng.uniform(0.3, 1) * (width - x - w))
            low = int(y + h + rng.uniform(0.3, 1) * (height - y - h))
            return np.ascontiguousarray(rgb[top:low, left:right])
        case "border":
            edge = max(4, int(rng.uniform(0.03, 0.12) * max(width, height)))
            shade = tuple(int(v) for v in rng.integers(0, 256, 3))
            grown = cv2.copyMakeBorder(rgb, edge, edge, edge, edge, cv2.BORDER_CONSTANT, value=shade)
            return np.asarray(grown, np.uint8)
        case "tilt":
            turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-7, 7)), 1.0)
            return warped(rgb, np.vstack([turn, [0, 0, 1.0]]), (width, height), (0, 0, 0))
        case "aslant":
            corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
            moved = corners + rng.uniform(-0.05, 0.05, (4, 2)).astype(np.float32) * (width, height)
            matrix = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
            return warped(rgb, np.asarray(matrix, np.float64), (width, height), (128, 128, 128))
        case _:
            return np.ascontiguousarray(rgb[:, ::-1])
