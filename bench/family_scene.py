"""The picture inside something else, printed or seen on a screen: captions, watermarks, phone, collage, scan, moire."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from bench.family_base import Color, Family, Floats, Made, Pixels, Right, Rng, varied
from bench.family_content import write
from bench.family_frame import fitted
from bench.pairs import resized
from bench.steps import between, blurred, changed_boxes, corners_of, picked, scaled, spot, to_bytes, turn_of

_LINES = ("me explaining this to my cat", "POV: you are here", "found in a drawer", "Tuesday", "so it begins")


def _caption_outside(rgb: Pixels, rng: Rng, other: Pixels, *, above: bool, below: bool, dark: bool) -> Made:
    """Strips with text added above or below the picture."""
    width = rgb.shape[1]
    ground, ink = ((0, 0, 0), (255, 255, 255)) if dark else ((255, 255, 255), (0, 0, 0))
    parts = [rgb]
    for added, at_top in ((above, True), (below, False)):
        if not added:
            continue
        tall = max(12, round(rgb.shape[0] * float(rng.uniform(0.1, 0.25))))
        strip = np.full((tall, width, 3), ground, np.uint8)
        inside = (width // 20, tall // 8, width - width // 10, tall - tall // 4)
        write(strip, inside, str(rng.choice(_LINES)), ink)
        parts = [strip, *parts] if at_top else [*parts, strip]
    return Made(np.vstack(parts))


def _watermark(rgb: Pixels, rng: Rng, other: Pixels, *, share: float, tile: float) -> Made:
    """Half-transparent text, slanted and tiled all over the frame."""
    height, width = rgb.shape[:2]
    side = int(np.hypot(height, width)) + 2
    sheet = np.zeros((side, side, 3), np.uint8)
    step = max(24, round(max(height, width) * tile))
    text = picked(rng, ("PREVIEW", "stock photo", "sample 42", "(c) someone"))
    for row in range(0, side - step // 2, max(12, step // 2)):
        for left in range(-((row // max(12, step // 2)) % 2) * step // 2, side - step, step):
            write(sheet, (max(0, left), row, int(step * 0.8), max(8, step // 5)), text, (255, 255, 255))
    turn = turn_of(side, side, float(rng.uniform(15, 40)), 1.3)[:2]
    sheet = np.asarray(cv2.warpAffine(sheet, turn, (side, side)), np.uint8)
    top, left = (side - height) // 2, (side - width) // 2
    cover = sheet[top : top + height, left : left + width].astype(np.float32) / 255 * share
    ink = 255.0 if rng.random() < 0.7 else 0.0
    return Made(np.rint(rgb * (1 - cover) + ink * cover).astype(np.uint8))


def _picture_in_picture(rgb: Pixels, rng: Rng, other: Pixels, *, low: float, high: float) -> Made:
    """The original, `low` to `high` of the width, on another photograph."""
    height, width = rgb.shape[:2]
    ground_w = max(width, 480)
    ground = fitted(other, ground_w, round(ground_w * other.shape[0] / other.shape[1]))
    scale = min(float(rng.uniform(low, high)) * ground_w / width, 0.9 * ground.shape[0] / height)
    small = scaled(rgb, (round(width * scale), round(height * scale)))
    y, x = spot(rng, *(ground.shape[k] - small.shape[k] + 1 for k in (0, 1)))
    ground[y : y + small.shape[0], x : x + small.shape[1]] = small
    return Made(ground)


def _icons(rgb: Pixels, top: int, tall: int, ink: Color, rng: Rng) -> None:
    """A row of five round and square buttons."""
    width, count = rgb.shape[1], 5
    size = max(2, tall // 4)
    for index in range(count):
        middle = (round(width * (index + 0.5) / count), top + tall // 2)
        if rng.random() < 0.5:
            cv2.circle(rgb, middle, size, ink, max(1, size // 4), cv2.LINE_AA)
        else:
            x, y = middle[0] - size, middle[1] - size
            cv2.rectangle(rgb, (x, y), (x + 2 * size, y + 2 * size), ink, max(1, size // 4))


def _phone(rgb: Pixels, rng: Rng, other: Pixels, *, dark: bool, tall: bool) -> Made:
    """A phone screen that shows the picture: status bar, title, buttons; `tall` is a whole portrait screen."""
    height, width = rgb.shape[:2]
    unit = max(10, round(width * 0.05))
    ground, ink = ((18, 18, 20), (235, 235, 235)) if dark else ((250, 250, 250), (30, 30, 30))
    head = round(unit * 2.2)
    foot = max(unit * 2, round(height * float(rng.uniform(0.05, 0.3))) - head)
    if tall:
        room = max(head + foot, round(width * 1.9) - height)
        head, foot = room // 2, room - room // 2
    screen = np.full((height + head + foot, width, 3), ground, np.uint8)
    clock = f"{int(rng.integers(0, 24))}:{int(rng.integers(0, 60)):02d}"
    write(screen, (unit // 2, 0, unit * 2, unit), clock, ink)
    for bar in range(4):
        x = width - unit * 3 + bar * unit // 3
        cv2.rectangle(screen, (x, unit - 3 - bar * unit // 8), (x + unit // 5, unit - 3), ink, -1)
    cv2.rectangle(screen, (width - unit, unit // 3), (width - unit // 3, unit - 3), ink, -1)
    write(screen, (unit * 2, unit, width - unit * 4, unit), str(rng.choice(_LINES)), ink)
    screen[head : head + height] = rgb
    _icons(screen, head + height, min(foot, unit * 2), ink, rng)
    return Made(screen)


def _window(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
    """A desktop window round the picture, on a desktop of one colour."""
    height, width = rgb.shape[:2]
    bar, edge = max(12, round(height * 0.06)), max(4, round(width * float(rng.uniform(0.03, 0.1))))
    screen = np.full((height + bar + 2 * edge, width + 2 * edge, 3), rng.integers(30, 200, 3), np.uint8)
    screen[edge : edge + bar, edge : edge + width] = (225, 225, 228)
    for index, colour in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        middle = (edge + bar // 2 + index * bar, edge + bar // 2)
        cv2.circle(screen, middle, bar // 4, colour, -1, cv2.LINE_AA)
    write(screen, (edge + bar * 4, edge, width - bar * 5, bar), "IMG_4711.jpg", (40, 40, 40))
    screen[edge + bar : edge + bar + height, edge : edge + width] = rgb
    return Made(screen)


def _collage(rgb: Pixels, rng: Rng, other: Pixels, *, tiles: int, gap: float) -> Made:
    """Tiles, one of which is the original's middle; the others are pieces of another photograph.

    Two or three tiles lie side by side or one below the other, whichever cuts less of the original away.
    """
    room, tall = max(*rgb.shape[:2], 480), float(rng.uniform(0.7, 1.0))
    grids = [(2, 2)] if tiles == 4 else [(1, tiles), (tiles, 1)]
    sizes = {grid: (round(room / grid[1]), round(room * tall / grid[0])) for grid in grids}
    aspects = {grid: (w / h) / (rgb.shape[1] / rgb.shape[0]) for grid, (w, h) in sizes.items()}
    rows, columns = max(grids, key=lambda grid: min(aspects[grid], 1 / aspects[grid]))
    tile_w, tile_h = sizes[rows, columns]
    line = round(room * gap)
    shape = (rows * tile_h + (rows + 1) * line, columns * tile_w + (columns + 1) * line, 3)
    out = np.full(shape, 255 if rng.random() < 0.6 else 20, np.uint8)
    chosen = int(rng.integers(0, tiles))
    for index in range(tiles):
        y = line + index // columns * (tile_h + line)
        x = line + index % columns * (tile_w + line)
        shown = rgb if index == chosen else _piece(other, rng)
        out[y : y + tile_h, x : x + tile_w] = fitted(shown, tile_w, tile_h)
    return Made(out)


def _piece(rgb: Pixels, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    h, w = max(8, round(height * 0.6)), max(8, round(width * 0.6))
    y, x = spot(rng, height - h + 1, width - w + 1)
    return rgb[y : y + h, x : x + w]


def _off_dots(
    rgb: Pixels, rng: Rng, masks: Iterable[Floats], *, soft: float, tilt: float, border: Color = (0, 0, 0)
) -> Floats:
    """A photograph of a screen that shows each pixel as 3 x 3 dots under masks, its corners moved by up to `tilt`."""
    height, width = rgb.shape[:2]
    screen = np.repeat(np.repeat(rgb, 3, axis=0), 3, axis=1).astype(np.float32)
    for mask in masks:
        screen *= np.tile(mask, (height, width, 1))
    # Lens and sensor blur the grid before it is sampled; what is left of it beats with the sensor's own grid.
    lit = np.asarray(cv2.GaussianBlur(np.clip(screen, 0, 255), (0, 0), soft), np.float32)
    corners = corners_of(width, height)
    flat = between(corners * 3, rng.uniform(-tilt, tilt, (4, 2)) * [width, height] + corners)
    return np.asarray(cv2.warpPerspective(lit, flat, (width, height), borderValue=border), np.float32)


def _moire(rgb: Pixels, rng: Rng, other: Pixels, *, grid: float, tilt: float, noise: float) -> Made:
    """A screen photographed: its grid of colored dots, seen at an angle, with glow, noise and another tone."""
    mask = np.full((3, 3, 3), 1 - grid, np.float32)
    for band in range(3):
        mask[:2, band, band] = 1 + grid
    seen = _off_dots(rgb, rng, [mask], soft=0.6, tilt=tilt)
    seen = cv2.GaussianBlur(seen, (0, 0), 0.7) * float(rng.uniform(0.85, 1.2)) + 8
    bent = 255 * (np.clip(seen, 0, 255) / 255) ** float(rng.uniform(0.8, 1.25))
    bent += rng.normal(0, noise, bent.shape)
    return Made(to_bytes(bent))


_PLACES = {"above": (True, False, False), "below": (False, True, True), "both": (True, True, False)}
_APPS = {"dark app": (True, False), "light app": (False, False), "whole screen": (True, True)}
SCENE: dict[str, Family] = {
    "caption outside": Family(varied(_caption_outside, "above below dark", _PLACES), Right.FRAMED),
    "watermark": Family(
        varied(_watermark, "share tile", {"faint": (0.25, 0.3), "strong": (0.5, 0.3), "dense": (0.45, 0.18)}),
        frozenset({"edited", "adjusted"}),
    ),
    "picture in picture": Family(
        varied(_picture_in_picture, "low high", {"35 to 50 %": (0.35, 0.5), "20 to 35 %": (0.2, 0.35)}),
        Right.FRAMED,
    ),
    "phone screen": Family({**varied(_phone, "dark tall", _APPS), "window": _window}, Right.FRAMED),
    "collage": Family(
        varied(_collage, "tiles gap", {"two": (2, 0.0), "three": (3, 0.01), "four": (4, 0.015)}), Right.FRAMED
    ),
    "moire": Family(
        varied(_moire, "grid tilt noise", {"mild": (0.25, 0.02, 4), "strong": (0.5, 0.05, 8)}), Right.WHOLE
    ),
}


_WORDS = (
    "BIG NEWS", "NO SIGNAL", "HALF PRICE", "COMING SOON", "MISSING", "WE ARE OPEN", "THANK YOU", "HAPPY BIRTHDAY",
    "READ THIS FIRST", "VOTE", "LAST CHANCE", "DO NOT ENTER",
)  # fmt: skip


def _blur(rgb: Pixels, rng: Rng, other: Pixels, *, low: float, high: float) -> Made:
    """A Gaussian blur of `low` to `high` of the longer side."""
    return Made(blurred(rgb, max(rgb.shape[:2]) * float(rng.uniform(low, high))))


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
    seen = np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    seen *= np.array([0.98, 0.965, 0.93], np.float32)
    turn = turn_of(width, height, float(rng.uniform(-1.2, 1.2)))
    out = cv2.warpPerspective(seen, turn, (width, height), borderValue=(0.97, 0.96, 0.94))
    out = cv2.GaussianBlur(out, (0, 0), 0.7) * (1 - fade) + fade
    grain = cv2.GaussianBlur(rng.normal(0, noise * 2, (height, width)).astype(np.float32), (0, 0), 1.0)
    return Made(to_bytes((out * 255) + grain[..., None]))


def _off_screen(
    rgb: Pixels, rng: Rng, other: Pixels, *, tilt: float, grid: float, glare: float, noise: float
) -> Made:
    """A photograph of a screen: upright stripes of three colors, seen at an angle, with glare, blue light and noise."""
    height, width = rgb.shape[:2]
    stripes, lines = np.full((3, 3, 3), 1 - grid, np.float32), np.ones((3, 3, 3), np.float32)
    stripes[:, np.arange(3), np.arange(3)], lines[0] = 1 + grid, 1 - grid / 2
    seen = _off_dots(rgb, rng, (stripes, lines), soft=0.7, tilt=tilt, border=(18, 18, 20))
    seen = np.asarray(cv2.GaussianBlur(seen, (0, 0), 0.6), np.float32)
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
    ink, line = picked(rng, inks)
    for row, word in enumerate(chosen):
        box = (0, top + row * step, width, min(step, height - top - row * step))
        write(out, box, _WORDS[int(word)], ink, line)
    return Made(out, changed_boxes(rgb, out))


def _levels(rgb: Pixels, rng: Rng, other: Pixels, *, count: int) -> Made:
    """Each channel cut to a few levels, each shown as the mean of what it stands for."""
    cut = np.minimum(rgb.astype(np.int16) * count // 256, count - 1)
    return Made(to_bytes(cut * (255.0 / (count - 1))))


_PRINTS = {"fine": (1.4, 0.05, 2), "coarse": (2.3, 0.14, 5)}
_SCREENS = {"near": (0.03, 0.3, 0.1, 4), "far": (0.09, 0.55, 0.35, 9)}
HARSH: dict[str, Family] = {
    "strong blur": Family(
        varied(_blur, "low high", {"1 %": (0.007, 0.011), "1.5 %": (0.013, 0.017)}), Right.ADJUSTED
    ),
    "strong median": Family(varied(_median, "share", {"1 %": 0.012, "3 %": 0.03}), Right.ADJUSTED),
    "print and scan": Family(varied(_printed, "pitch fade noise", _PRINTS), Right.WHOLE),
    "off screen": Family(varied(_off_screen, "tilt grid glare noise", _SCREENS), Right.WHOLE),
    "big text": Family(
        varied(_big_text, "lines tall", {"two lines": (2, 0.24), "four lines": (4, 0.24)}), Right.EDITED
    ),
    "strong posterize": Family(varied(_levels, "count", {"4": 4, "3": 3}), Right.ADJUSTED),
}
"""As `bench.families`, of other making than those there."""
