"""Kinds of pictures that collections of photographs hold few of, made of photographs; and pages of text."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageOps

from bench.common import SEED, encoded

STEPS = (
    (("JPEG", 50), ("JPEG", 70)),
    (("JPEG", 80), ("JPEG", 30)),
    (("JPEG", 90), ("JPEG", 70)),
    (("JPEG", 75), ("JPEG", 85)),
    (("PNG", 0), ("JPEG", 60)),
    (("JPEG", 85), ("WEBP", 60)),
)
"""Pairs of codings, each a format and a quality."""
_LEAST = 100


def _darker(image: Image.Image) -> Image.Image:
    return image.point(lambda level: round(level * 0.12))


def _lighter(image: Image.Image) -> Image.Image:
    return image.point(lambda level: round(255 - (255 - level) * 0.15))


def _lines(image: Image.Image) -> Image.Image:
    edges = cv2.Canny(np.asarray(image.convert("L")), 80, 180)
    return Image.fromarray(255 - cv2.dilate(edges, np.ones((2, 2), np.uint8))).convert("RGB")


def _page(image: Image.Image) -> Image.Image:
    """A page of random words; `image` tells which ones."""
    rng = np.random.default_rng([SEED, int(np.asarray(image).sum())])
    page = Image.new("RGB", (620, 877), "white")
    for y in range(60, 800, 22):
        words = [
            "".join(chr(97 + k) for k in rng.integers(0, 26, int(rng.integers(2, 9)))) for _ in range(11)
        ]
        ImageDraw.Draw(page).text((60, y), " ".join(words)[:72], fill="black", font_size=14)
    return page


def _blurred(image: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(cv2.GaussianBlur(np.asarray(image), (0, 0), 6), np.uint8))


def _noisy(image: Image.Image) -> Image.Image:
    noise = np.random.default_rng(SEED).normal(0, 25, (image.height, image.width, 3))
    return Image.fromarray(np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8))


def _strip(image: Image.Image) -> Image.Image:
    return image.resize((1600, 1600 * image.height // image.width)).crop((0, 300, 1600, 420))


def _screenshot(image: Image.Image) -> Image.Image:
    shot = Image.new("RGB", (1080, 720), "#f4f4f4")
    draw = ImageDraw.Draw(shot)
    draw.rectangle((0, 0, 1080, 80), fill="#24527a")
    shot.paste(image.resize((320, 240)), (40, 160))
    for line in range(12):
        draw.text((400, 170 + line * 30), f"Posted by someone, {line} minutes ago", fill="#222", font_size=18)
    return shot


def _tiles(image: Image.Image) -> Image.Image:
    board = Image.new("RGB", (800, 600))
    for place in range(4):
        board.paste(image.resize((400, 300)), (place % 2 * 400, place // 2 * 300))
    return board


KINDS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "grey": ImageOps.grayscale,
    "night: an eighth of the light": _darker,
    "high key: a seventh of the contrast": _lighter,
    "line art": _lines,
    "dithered bitmap": lambda image: image.convert("1").convert("RGB"),
    "text page": _page,
    "blurred": _blurred,
    "noisy": _noisy,
    "strip of 1600 x 120": _strip,
    "64 pixels wide": lambda image: image.resize((64, 64 * image.height // image.width)),
    "32 x 32 pixels": lambda image: image.resize((32, 32)),
    "black sides": lambda image: ImageOps.expand(image, (image.width // 2, 0, image.width // 2, 0), "black"),
    "screenshot": _screenshot,
    "four tiles": _tiles,
}


def saved(image: Image.Image, how: tuple[str, int]) -> bytes:
    """Return the picture in a coding."""
    kind, quality = how
    return encoded(image, kind) if kind == "PNG" else encoded(image, kind, quality=quality)


def written(image: Image.Image) -> Image.Image | None:
    """Return the picture with a word in it, None where it is too small to write in."""
    if min(image.size) <= _LEAST:
        return None
    made = image.copy()
    fill: str | int = "red" if made.mode == "RGB" else 255
    ImageDraw.Draw(made).text((made.width // 3, made.height // 3), "NEW 7", fill=fill, font_size=22)
    return made
