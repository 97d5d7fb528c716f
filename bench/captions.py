"""Memes with another caption on the same photograph, and comics with other words in their bubbles."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.family_base import Pixels
from bench.family_content import write
from bench.pairs import EDITED_ONLY, Twins
from bench.values import COLORS, Values, pixels, put

Rng = np.random.Generator
Area = tuple[float, float, float, float]
_TOP = (
    "WHEN YOU FINALLY", "ME BEFORE COFFEE", "NOBODY EXPECTED", "I HAVE FISH", "I HATE FISH", "ONE DOES NOT SIMPLY",
    "MONDAY MORNING", "MY CAT AT 3 AM", "THEY SAID IT WAS EASY", "WHAT IF I TOLD YOU", "SO IT BEGINS",
    "BRACE YOURSELVES",
)  # fmt: skip
_BOTTOM = (
    "FOR YOU", "FROM YOU", "AND NOW I AM LATE", "IT WAS NOT", "WINTER IS HERE", "CLOSE THE TICKET", "SEND HELP",
    "AGAIN", "NEVER MIND", "BUT AT WHAT COST", "EVERY SINGLE TIME", "WALK INTO A MEETING", "OH NO",
)  # fmt: skip


def _captioned(photo: Pixels, style: str, tall: int, words: tuple[str, str]) -> Pixels:
    """The words at the top and at the bottom: outlined on the photograph, on bars over it, or on one bar above."""
    height, width = photo.shape[:2]
    out = photo.copy()
    if style == "bar above":
        out = np.vstack([np.full((tall * 2, width, 3), 255, np.uint8), out])
        for row, text in enumerate(words):
            write(out, (width // 30, row * tall, width - width // 15, tall), text.capitalize(), (10, 10, 10))
        return out
    for y, text in ((0, words[0]), (height - tall, words[1])):
        if style == "bars":
            out[y : y + tall] = 255
        write(
            out, (width // 40, y, width - width // 20, tall), text,
            (0, 0, 0) if style == "bars" else (255, 255, 255), None if style == "bars" else (0, 0, 0),
        )  # fmt: skip
    return out


def caption_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a photograph with two captions: one line of it or both are other words."""
    style = str(rng.choice(["letters", "letters", "bars", "bar above"]))
    tall = max(14, round(photo.shape[0] * float(rng.uniform(0.09, 0.18))))
    top, bottom = (rng.permutation(len(words)) for words in (_TOP, _BOTTOM))
    how = int(rng.integers(0, 3))
    first = (_TOP[int(top[0])], _BOTTOM[int(bottom[0])])
    second = (_TOP[int(top[int(how != 1)])], _BOTTOM[int(bottom[int(how != 0)])])
    one, two = (_captioned(photo, style, tall, words) for words in (first, second))
    return Twins(style, one, two, EDITED_ONLY, toned=True)


def _figure(draw: ImageDraw.ImageDraw, x: float, y: float, s: float, rng: Rng) -> None:
    coat = COLORS[int(rng.integers(0, 5))]
    draw.ellipse((x - 9 * s, y, x + 9 * s, y + 18 * s), fill=(250, 220, 190), outline=(20, 20, 20), width=2)
    body = [(x + across * s, y + down * s) for across, down in ((-14, 50), (-7, 18), (7, 18), (14, 50))]
    draw.polygon(body, fill=coat, outline=(20, 20, 20))
    for side in (-3, 3):
        draw.ellipse((x + (side - 1) * s, y + 7 * s, x + (side + 1) * s, y + 10 * s), fill=(20, 20, 20))
    draw.arc((x - 4 * s, y + 9 * s, x + 4 * s, y + 15 * s), 20, 160, fill=(20, 20, 20), width=2)


def _bubble(draw: ImageDraw.ImageDraw, box: Area, lines: list[str], size: int) -> None:
    x, y, w, h = box
    white, line = (255, 255, 255), (20, 20, 20)
    tail = [(x + w * across, y + h * down) for across, down in ((0.4, 0.9), (0.55, 0.9), (0.45, 1.3))]
    draw.polygon(tail, fill=white, outline=line)
    draw.rounded_rectangle((x, y, x + w, y + h), radius=h / 4, fill=white, outline=line, width=2)
    for row, text in enumerate(lines):
        at = (x + w / 2, y + h * (0.28 + 0.44 * row))
        put(draw, at, text, size, (10, 10, 10), face="Sans-Bold", anchor="mm")


def _comic(rng: Rng, v: Values, scene: Pixels | None) -> Image.Image:
    """Two to four panels with figures who talk."""
    panels = int(rng.integers(2, 5))
    wide, tall = int(rng.integers(200, 340)), int(rng.integers(220, 380))
    image = Image.new("RGB", (panels * wide + 12, tall + 12), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    for panel in range(panels):
        x, s = 6 + panel * wide, wide / 100
        ground = tuple(int(c) for c in rng.integers(150, 250, 3))
        draw.rectangle((x, 6, x + wide - 8, tall), fill=ground, outline=(20, 20, 20), width=3)
        if scene is not None:
            small = cv2.resize(scene, (wide - 14, tall - 12), interpolation=cv2.INTER_AREA)
            image.paste(Image.fromarray(small), (x + 3, 9))
        for side in (28, 68):
            _figure(draw, x + side * s, tall - 56 * s + float(rng.uniform(-4, 4)) * s, s, rng)
        lines = [v.text(f"say {panel} {row}", "line")[:17] for row in range(2)]
        _bubble(draw, (x + 8 * s, 6 + 6 * s, 76 * s, 26 * s), lines, max(10, round(7 * s)))
    return image


def comic_twins(rng: Rng, photo: Pixels) -> Twins:
    """Return a comic with other words in one bubble or in all."""
    seed = tuple(int(n) for n in rng.integers(0, 1 << 30, 2))
    scene = photo if rng.random() < 0.3 else None
    values = Values(seed)
    one = pixels(_comic(np.random.default_rng(seed), values, scene))
    names = sorted(values.asked)
    changed = frozenset(names if rng.random() < 0.5 else names[:2])
    two = pixels(_comic(np.random.default_rng(seed), Values(seed, changed), scene))
    return Twins("comic", one, two, EDITED_ONLY, style="drawing", toned=True)
