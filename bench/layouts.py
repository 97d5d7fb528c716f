"""Pages, cards and walls that show a photograph among other things, with the box in which they show it.

They are not among the families of bench.families: what finds pictures in pictures is checked on what it was not
looked at with. Everything is deterministic: draw with a generator of one's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from bench.family_base import Box, Pixels, fitted
from bench.family_content import write

Rng = np.random.Generator
Layout = Callable[[Pixels, Rng, Pixels], tuple[Pixels, Box]]
"""From the original, a random generator and another photograph to the page and the box (x, y, w, h) of the first."""

_WORDS = ("Our week in the hills", "Item 4711, used", "Annual report", "How it was made", "Sale ends Friday")


def _ground(rng: Rng) -> tuple[int, int, int]:
    """Return a colour of paper or of a dark screen, now and then any."""
    kind = rng.random()
    low, high = (245, 256) if kind < 0.6 else (10, 40) if kind < 0.8 else (40, 220)
    red, green, blue = (int(value) for value in rng.integers(low, high, 3))
    return red, green, blue


def _ink(ground: tuple[int, int, int]) -> tuple[int, int, int]:
    return (30, 30, 30) if sum(ground) > 380 else (230, 230, 230)


def _lines(page: Pixels, box: Box, ink: tuple[int, int, int], rng: Rng) -> None:
    """Fill a box with lines of words, as small as those of a page."""
    x, y, w, h = box
    tall = max(8, page.shape[0] // 40)
    for top in range(y, y + h - tall, tall * 3 // 2):
        write(
            page,
            (x, top, max(8, round(w * float(rng.uniform(0.6, 1)))), tall),
            str(rng.choice(_WORDS)) * 2,
            ink,
        )


def _sized(rgb: Pixels, width: int, tallest: int) -> Pixels:
    """Return the picture with this width, or smaller where it would be taller than `tallest`."""
    scale = min(width / rgb.shape[1], tallest / rgb.shape[0])
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(rgb, size, interpolation=how), np.uint8)


def _page(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """A page with a title, a photograph and lines of text."""
    width = int(rng.integers(600, 1100))
    height = round(width * float(rng.uniform(0.7, 1.4)))
    ground = _ground(rng)
    page = np.full((height, width, 3), ground, np.uint8)
    small = _sized(rgb, round(width * float(rng.uniform(0.3, 0.7))), round(height * 0.6))
    x = int(rng.integers(width // 20, width - small.shape[1] - width // 20 + 1))
    y = int(rng.integers(height // 8, height - small.shape[0] - height // 20 + 1))
    ink = _ink(ground)
    write(page, (width // 20, height // 40, width // 2, height // 16), str(rng.choice(_WORDS)), ink)
    below = y + small.shape[0] + height // 40
    _lines(page, (width // 20, height // 8, width - width // 10, max(0, y - height // 7)), ink, rng)
    _lines(page, (width // 20, below, width - width // 10, height - below - height // 20), ink, rng)
    page[y : y + small.shape[0], x : x + small.shape[1]] = small
    return page, (x, y, small.shape[1], small.shape[0])


def _card(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """A photograph with round corners and a soft shadow on one colour, or on a slope between two."""
    width, height = int(rng.integers(500, 900)), int(rng.integers(500, 900))
    ends = np.array([_ground(rng), _ground(rng) if rng.random() < 0.5 else (250, 250, 250)], np.float32)
    slope = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
    page = np.broadcast_to(ends[0] * (1 - slope) + ends[1] * slope, (height, width, 3)).copy()
    small = _sized(rgb, round(width * float(rng.uniform(0.4, 0.8))), round(height * 0.75))
    h, w = small.shape[:2]
    x, y = int(rng.integers(8, width - w - 8)), int(rng.integers(8, height - h - 8))
    mask = _rounded(h, w, round(min(h, w) * float(rng.uniform(0.03, 0.12))))
    shadow = np.zeros((height, width), np.float32)
    shadow[y : y + h, x : x + w] = mask
    shadow = np.asarray(cv2.GaussianBlur(shadow, (0, 0), width / 80), np.float32)
    page *= 1 - float(rng.uniform(0.2, 0.5)) * np.roll(shadow, width // 100, axis=0)[..., None]
    part = page[y : y + h, x : x + w]
    part[:] = part * (1 - mask[..., None]) + small * mask[..., None]
    return np.rint(page).astype(np.uint8), (x, y, w, h)


def _rounded(height: int, width: int, radius: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a mask, 0 to 1, of a rectangle with round corners."""
    mask = np.zeros((height, width), np.uint8)
    cv2.rectangle(mask, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(mask, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(mask, (x, y), radius, 255, -1, cv2.LINE_AA)
    return mask.astype(np.float32) / np.float32(255)


def _post(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """A phone's screen with a post: a portrait and a name, the photograph over the whole width, buttons, words."""
    width = int(rng.integers(400, 700))
    height = width * 2
    ground = _ground(rng)
    ink = _ink(ground)
    page = np.full((height, width, 3), ground, np.uint8)
    small = _sized(rgb, width, round(height * 0.7))
    h, w = small.shape[:2]
    x, y = (width - w) // 2, int(rng.integers(width // 4, max(width // 4 + 1, height - h - width // 3)))
    radius = width // 16
    cv2.circle(page, (width // 10, y - width // 10), radius, ink, -1, cv2.LINE_AA)
    write(page, (width // 5, y - width // 8, width // 3, width // 16), "somebody", ink)
    page[y : y + h, x : x + w] = small
    for index in range(3):
        cv2.circle(
            page, (width // 12 + index * width // 8, y + h + width // 14), width // 40, ink, 2, cv2.LINE_AA
        )
    _lines(page, (width // 20, y + h + width // 7, width * 9 // 10, height - y - h - width // 7), ink, rng)
    return page, (x, y, w, h)


def _wall(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """Photographs in rows and columns, the tiles of one size and the original cut to it."""
    rows, columns = ((2, 3), (3, 2), (1, 3), (2, 2))[int(rng.integers(0, 4))]
    aspect = rgb.shape[1] / rgb.shape[0] * float(rng.uniform(0.8, 1.25))
    tile_w = 900 // columns
    tile_h, gap = round(tile_w / aspect), int(rng.integers(0, 3)) * 6
    out = np.full((rows * (tile_h + gap) + gap, columns * (tile_w + gap) + gap, 3), _ground(rng), np.uint8)
    chosen = int(rng.integers(0, rows * columns))
    box = (0, 0, 0, 0)
    for index in range(rows * columns):
        y, x = gap + index // columns * (tile_h + gap), gap + index % columns * (tile_w + gap)
        shown = rgb if index == chosen else _piece(other, rng)
        out[y : y + tile_h, x : x + tile_w] = fitted(shown, tile_w, tile_h)
        box = (x, y, tile_w, tile_h) if index == chosen else box
    return out, box


def _piece(rgb: Pixels, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    h, w = max(8, height // 2), max(8, width // 2)
    y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
    piece = rgb[y : y + h, x : x + w]
    return np.ascontiguousarray(piece[:, ::-1]) if rng.random() < 0.5 else piece


def _framed(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """The photograph, now and then in a thin frame, on another one."""
    ground = _sized(other, 800, 800)
    height, width = ground.shape[:2]
    small = _sized(rgb, round(width * float(rng.uniform(0.25, 0.55))), max(8, round(height * 0.8) - 12))
    line = int(rng.integers(0, 4)) * 2
    colour = (255, 255, 255) if rng.random() < 0.7 else (0, 0, 0)
    h, w = small.shape[0] + 2 * line, small.shape[1] + 2 * line
    framed = np.full((h, w, 3), colour, np.uint8)
    framed[line : h - line, line : w - line] = small
    x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
    out = ground.copy()
    out[y : y + h, x : x + w] = framed
    return out, (x + line, y + line, small.shape[1], small.shape[0])


def _split(rgb: Pixels, rng: Rng, other: Pixels) -> tuple[Pixels, Box]:
    """Two whole photographs of one height, side by side, or of one width, one on the other, without a gap."""
    beside, first = rng.random() < 0.5, rng.random() < 0.5
    axis = 1 if beside else 0
    sizes = [
        round(side * 480 / pixels.shape[1 - axis]) for pixels in (rgb, other) for side in [pixels.shape[axis]]
    ]
    both = [
        np.asarray(
            cv2.resize(pixels, (size, 480) if beside else (480, size), interpolation=cv2.INTER_AREA), np.uint8
        )
        for pixels, size in zip((rgb, other), sizes, strict=True)
    ]
    start = 0 if first else sizes[1]
    whole = np.concatenate(both if first else both[::-1], axis=axis)
    return whole, (start, 0, sizes[0], 480) if beside else (0, start, 480, sizes[0])


LAYOUTS: Mapping[str, Layout] = {
    "page": _page,
    "card": _card,
    "post": _post,
    "wall": _wall,
    "framed": _framed,
    "split": _split,
}
