"""Pictures with a part covered: halves, bands, boxes, caption bars, blurred parts, stamps; and cut-outs."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from bench.family_base import Box, Pixels
from bench.family_content import write
from bench.pairs import EDITED_ONLY, Twins
from bench.products import cut_out_shapes, object_mask, product, product_shape

Rng = np.random.Generator
Cover = Callable[[Pixels, Rng], Box]
"""Covers a part in place and returns its box."""
_SEEN, _SHARE = 12, 0.2
_CAPTIONS = ("found in the attic", "Lot 17, reserved", "breaking news", "what a day", "see profile")
_INKS = ((220, 20, 30), (20, 40, 160), (255, 255, 255), (0, 0, 0))


def _fill(rgb: Pixels, box: Box, color: tuple[int, int, int]) -> Box:
    x, y, w, h = box
    rgb[y : y + h, x : x + w] = color
    return box


def _half(rgb: Pixels, rng: Rng, share: float) -> Box:
    """The box of one side of the frame, of `share` of it."""
    height, width = rgb.shape[:2]
    side = int(rng.integers(0, 4))
    w, h = (round(width * share), height) if side < 2 else (width, round(height * share))
    return ((width - w) * (side % 2), (height - h) * (side % 2), w, h)


def _black_half(rgb: Pixels, rng: Rng) -> Box:
    return _fill(rgb, _half(rgb, rng, float(rng.uniform(0.45, 0.55))), (0, 0, 0))


def _lower_part(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    tall, gray = round(height * float(rng.uniform(0.55, 0.62))), int(rng.choice([0, 0, 20, 255, 128]))
    return _fill(rgb, (0, height - tall, width, tall), (gray, gray, gray))


def _gray_half(rgb: Pixels, rng: Rng) -> Box:
    gray = int(rng.integers(100, 190))
    return _fill(rgb, _half(rgb, rng, float(rng.uniform(0.4, 0.55))), (gray, gray, gray))


def _white_quarter(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    x, y = int(rng.integers(0, 2)) * (width // 2), int(rng.integers(0, 2)) * (height // 2)
    return _fill(rgb, (x, y, width - width // 2, height - height // 2), (255, 255, 255))


def _any_box(rgb: Pixels, rng: Rng, low: float, high: float) -> Box:
    height, width = rgb.shape[:2]
    share, aspect = float(rng.uniform(low, high)), float(np.exp(rng.uniform(-0.7, 0.7)))
    w = min(width, max(8, round((share * aspect) ** 0.5 * width)))
    h = min(height, max(8, round(share * width * height / w)))
    return int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1)), w, h


def _black_box(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    w, h = (round(side * float(rng.uniform(0.3, 0.65))) for side in (width, height))
    return _fill(rgb, ((width - w) // 2, (height - h) // 2, w, h), (0, 0, 0))


def _caption_bar(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    tall = max(12, round(height * float(rng.uniform(0.08, 0.22))))
    y, dark = int(rng.integers(0, 2)) * (height - tall), bool(rng.integers(0, 2))
    box = _fill(rgb, (0, y, width, tall), (0, 0, 0) if dark else (255, 255, 255))
    inside = (width // 20, y + tall // 8, width - width // 10, tall - tall // 4)
    write(rgb, inside, str(rng.choice(_CAPTIONS)), (255, 255, 255) if dark else (0, 0, 0))
    return box


def _color_part(rgb: Pixels, rng: Rng) -> Box:
    red, green, blue = (int(c) for c in rng.integers(0, 256, 3))
    return _fill(rgb, _any_box(rgb, rng, 0.05, 0.6), (red, green, blue))


def _blurred_part(rgb: Pixels, rng: Rng) -> Box:
    x, y, w, h = box = _any_box(rgb, rng, 0.05, 0.5)
    part = rgb[y : y + h, x : x + w]
    part[:] = cv2.GaussianBlur(part, (0, 0), max(4.0, min(rgb.shape[:2]) / float(rng.uniform(12, 28))))
    return box


def _stamp(rgb: Pixels, rng: Rng) -> Box:
    """Words across the picture, slanted, sometimes half transparent."""
    height, width = rgb.shape[:2]
    sheet = np.zeros((height, width, 3), np.uint8)
    tall = round(min(height, width) * float(rng.uniform(0.16, 0.34)))
    text = str(rng.choice(["SOLD OUT", "SOLD", "SAMPLE", "VOID", "COPY", "REJECTED", "DRAFT"]))
    write(sheet, (0, (height - tall) // 2, width, tall), text, (255, 255, 255))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), float(rng.uniform(-35, 35)), 1.0)
    alpha = cv2.warpAffine(sheet, turn, (width, height))[..., :1].astype(np.float32) / 255
    ink = np.array(_INKS[int(rng.choice(4, p=[0.6, 0.15, 0.15, 0.1]))], np.float32)
    alpha = alpha * float(rng.choice([1.0, 1.0, 0.7]))
    rgb[:] = np.rint(rgb * (1 - alpha) + ink * alpha)
    x, y, w, h = cv2.boundingRect((alpha[..., 0] > 0.05).astype(np.uint8))
    return int(x), int(y), int(w), int(h)


COVERS: dict[str, Cover] = {
    "black half": _black_half,
    "lower 60 %": _lower_part,
    "gray half": _gray_half,
    "white quarter": _white_quarter,
    "black box in the middle": _black_box,
    "caption bar": _caption_bar,
    "colored part": _color_part,
    "blurred part": _blurred_part,
    "stamp": _stamp,
}


def cover_twins(rng: Rng, rgb: Pixels, what: str) -> Twins:
    """Return `rgb` and the same with a part covered, in a way that shows; `what` says what kind of picture it is."""
    names = list(COVERS)
    start = int(rng.integers(0, len(names)))
    for attempt in range(24):
        how = names[(start + attempt // 3) % len(names)]
        two = rgb.copy()
        x, y, w, h = COVERS[how](two, rng)
        changed = cv2.absdiff(rgb, two).max(axis=2) >= _SEEN
        # Ink that vanishes from a page shows though most of what is covered was white before.
        least = 0.02 if how == "stamp" or what == "page" else 0.08 if how == "blurred part" else _SHARE
        if changed[y : y + h, x : x + w].mean() >= least and changed.mean() >= 0.004:
            break
    else:
        how, two = "black box in the middle", 255 - rgb
    mask = np.where(changed, 255, 0).astype(np.uint8)
    return Twins(f"{how}, {what}", rgb, two, EDITED_ONLY, mask, what, whole=True, toned=True)


def _blob(rgb: Pixels, rng: Rng) -> Pixels:
    """A crooked disc in the middle, as a hand cuts out a thing."""
    height, width = rgb.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reach = 0.3 + 0.1 * np.convolve(np.tile(rng.normal(0, 1, 60), 3), np.ones(9) / 9, "same")[60:120]
    xs, ys = (0.5 + np.cos(angles) * reach) * width, (0.5 + np.sin(angles) * reach) * height
    cv2.fillPoly(mask, [np.rint(np.stack([xs, ys], axis=1)).astype(np.int32)], 255)
    return mask


def _product_in_scene(rng: Rng, scene: Pixels) -> tuple[Pixels, Pixels]:
    """A drawn thing before a photograph, and where it is."""
    kind, side = str(rng.choice(cut_out_shapes())), int(rng.integers(240, 800))
    red, green, blue = (int(c) for c in rng.integers(30, 230, 3))
    shown = product(kind, side, (red, green, blue), int(rng.integers(0, 1 << 30)), scene)
    return shown, np.where(product_shape(kind, side) > 0.5, 255, 0).astype(np.uint8)


def cut_out_twins(rng: Rng, rgb: Pixels) -> Twins:
    """Return a photograph or a drawn thing in a scene, and one thing of it on white, black, gray, or transparent."""
    way = int(rng.integers(0, 3))
    if way == 2:
        rgb, mask = _product_in_scene(rng, rgb)
    else:
        mask = object_mask(rgb, rng) if way else _blob(rgb, rng)
    share = (cv2.GaussianBlur(mask, (0, 0), 1.0).astype(np.float32) / 255)[..., None]
    name = ("white", "white", "black", "gray", "clear")[int(rng.integers(0, 5))]
    ground = {"black": 0, "gray": 240}.get(name, 255)
    two = np.rint(rgb * share + ground * (1 - share)).astype(np.uint8)
    alpha = np.rint(share[..., 0] * 255).astype(np.uint8) if name == "clear" else None
    truth = EDITED_ONLY | {"similar", "different"}
    return Twins(f"on {name}", rgb, two, truth, whole=True, toned=True, alpha=alpha)
