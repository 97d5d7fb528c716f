"""Marks that are easily missed: beside a small thing on plain ground, or of another hue but no other lightness."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from bench.family_base import Pixels
from bench.pairs import EDITED_ONLY, SAME_WORDS, Twins, resized
from bench.values import COLORS, Values, font

Rng = np.random.Generator
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_APART = 70
"""Levels in some channel by which a mark stands out from its ground."""


def sparse_twins(rng: Rng, thing: Pixels, *, changed: bool) -> Twins:
    """Return a thing on plain ground, 0.3 to 40 % of the frame, twice; `changed`: with a mark in one of the two."""
    width = int(rng.integers(260, 1100))
    height = round(width * float(rng.uniform(0.6, 1.3)))
    plain = (255, 255, 255) if rng.random() < 0.35 else tuple(int(n) for n in rng.integers(0, 256, 3))
    share = float(np.exp(rng.uniform(np.log(0.003), np.log(0.4))))
    scale = min(
        (share * width * height / (thing.shape[0] * thing.shape[1])) ** 0.5,
        0.95 * width / thing.shape[1],
        0.95 * height / thing.shape[0],
    )
    shown = resized(thing, scale)
    page = np.empty((height, width, 3), np.uint8)
    page[:] = plain
    y, x = (int(rng.integers(0, page.shape[k] - shown.shape[k] + 1)) for k in (0, 1))
    page[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
    level = (
        f"{'white' if plain == (255, 255, 255) else 'colored'}, {'small' if share < 0.03 else 'large'} thing"
    )
    if not changed:
        return Twins(level, page, page, SAME_WORDS, style="drawing", toned=True)
    sides = (page, _marked(page, rng))
    first = int(rng.integers(0, 2))
    return Twins(
        level, sides[first], sides[1 - first], EDITED_ONLY, style="drawing", whole=True, least=0.6, toned=True
    )


def _marked(page: Pixels, rng: Rng) -> Pixels:
    """Return the page with a word, a line, a ring or a spot that stands out where it is put."""
    height, width = page.shape[:2]
    while True:
        tall = int(np.exp(rng.uniform(np.log(12), np.log(0.12 * width + 12))))
        x, y = int(rng.integers(2, width * 3 // 4)), int(rng.integers(2, max(3, height - 2 * tall)))
        color = COLORS[int(rng.integers(0, len(COLORS)))]
        image = Image.fromarray(page)
        draw = ImageDraw.Draw(image)
        match int(rng.integers(0, 6)):
            case 0:
                draw.ellipse((x, y, x + 2 * tall, y + tall), outline=color, width=max(2, tall // 8))
            case 1:
                draw.line((x, y, x + 3 * tall, y + tall // 2), fill=color, width=max(2, tall // 8))
            case 2:
                draw.ellipse((x, y, x + tall, y + tall), fill=color)
            case _:
                kind = str(rng.choice(["money", "date", "code", "name", "thing"]))
                text = Values((int(rng.integers(0, 1 << 30)),)).text("mark", kind)
                draw.text((x, y), text, fill=color, font=font(tall, "Sans-Bold"))
        marked = np.asarray(image, np.uint8)
        seen = np.abs(marked.astype(np.int16) - page).max(axis=2) >= _APART
        if seen.sum() >= 0.12 * tall * tall:
            return marked


def hue_twins(rng: Rng, rgb: Pixels, style: str) -> Twins:
    """Return a picture and the same with a word or a shape of another hue, as light as what lies under it."""
    by = min(1.0, 1000 / max(rgb.shape[:2]))
    one = resized(rgb, by) if by < 1 else rgb
    height, width = one.shape[:2]
    while True:
        tall = max(10, int(height * float(np.exp(rng.uniform(np.log(0.03), np.log(0.3))))))
        x, y = int(rng.integers(0, max(1, width * 3 // 4))), int(rng.integers(0, max(1, height - tall)))
        image = Image.new("L", (width, height))
        draw = ImageDraw.Draw(image)
        match int(rng.integers(0, 4)):
            case 0:
                draw.ellipse((x, y, x + int(tall * rng.uniform(0.5, 2)), y + tall), fill=255)
            case 1:
                draw.rectangle((x, y, x + int(tall * rng.uniform(0.2, 3)), y + tall), fill=255)
            case _:
                text = Values((int(rng.integers(0, 1 << 30)),)).text("mark", "code")
                draw.text((x, y), text, fill=255, font=font(tall, "Sans-Bold"))
        share = (np.asarray(image, np.float32) / 255 * float(rng.uniform(0.6, 1)))[..., None]
        hue = rng.normal(0, 1, 3).astype(np.float32)
        hue -= hue @ _LUMA
        tinted = (one @ _LUMA)[..., None] + hue * np.float32(rng.uniform(45, 120) / np.abs(hue).max())
        two = np.clip(one * (1 - share) + tinted * share, 0, 255).astype(np.uint8)
        seen = np.abs(two.astype(np.int16) - one).max(axis=2) >= 40
        if seen.sum() >= 60 and seen.mean() <= 0.5:
            return Twins(style, one, two, EDITED_ONLY, style=style, whole=True, least=0.6, toned=True)
