"""Drawn signs of few flat colors: flags, faces, icons, arrows and switches, sprites."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.family_base import Color, Pixels, Right, Rng
from bench.pairs import Twins, changed_mask
from bench.steps import picked, seed_of
from bench.values import COLORS, Values, pixels

Point = tuple[float, float]
_ROOM = 960
"""Signs are drawn at this width and reduced."""
_FLAG: tuple[Color, ...] = COLORS[:7] + COLORS[8:10]


_OUTLINES: dict[str, tuple[Point, ...]] = {
    "shield": ((-1, -1), (1, -1), (0.8, 0.5), (0, 1), (-0.8, 0.5)),
    "eagle": ((-1, -0.5), (0, -0.1), (1, -0.5), (0.5, 0.4), (0, 1), (-0.5, 0.4)),
}


def _star(draw: ImageDraw.ImageDraw, middle: Point, radius: float, points: int, fill: Color) -> None:
    angles = np.arange(points * 2) * np.pi / points - np.pi / 2
    reach = np.where(np.arange(points * 2) % 2, 0.4, 1.0) * radius
    away = [(float(r * np.cos(t)), float(r * np.sin(t))) for t, r in zip(angles, reach, strict=True)]
    draw.polygon([(middle[0] + x, middle[1] + y) for x, y in away], fill=fill)


def _emblem(draw: ImageDraw.ImageDraw, kind: str, at: Point, size: float, fill: Color) -> None:
    x, y = at
    if kind == "disc":
        draw.ellipse((x - size, y - size, x + size, y + size), fill=fill)
    elif kind == "star":
        _star(draw, at, size, 5, fill)
    elif kind == "ring":
        draw.ellipse((x - size, y - size, x + size, y + size), outline=fill, width=round(size / 3))
    elif kind == "stars":
        for index in range(5):
            turn = index * 2 * np.pi / 5
            middle = (x + float(np.cos(turn)) * size * 0.8, y + float(np.sin(turn)) * size * 0.8)
            _star(draw, middle, size / 3, 5, fill)
    elif kind in _OUTLINES:
        draw.polygon([(x + size * across, y + size * down) for across, down in _OUTLINES[kind]], fill=fill)
        if kind == "shield":
            box = (x - size * 0.2, y - size * 0.8, x + size * 0.2, y + size * 0.5)
            draw.rectangle(box, fill=(250, 205, 20))


def _flag(rng: Rng, v: Values) -> Image.Image:
    """Stripes, a cross or a field with a corner; other colors, another emblem or none."""
    w, h = _ROOM, round(_ROOM * float(rng.choice([0.5, 0.6, 2 / 3])))
    image = Image.new("RGB", (w, h))
    draw = ImageDraw.Draw(image)
    layout, count = int(rng.integers(0, 5)), int(rng.choice([2, 3, 3, 3, 5]))
    colors: list[Color] = []
    for index in range(count):
        # Each stripe differs from the one before in every version, so that its edge always shows.
        first = rng.permutation(len(_FLAG))[:6]
        options = [_FLAG[int(i)] for i in first[index % 2 :: 2]]
        colors.append(v.pick(f"stripe {index}", options, besides=colors[-1:]))
    for index, color in enumerate(colors):
        side = w if layout == 0 else h
        low, high = side * index / count, side * (index + 1) / count
        draw.rectangle((low, 0, high, h) if layout == 0 else (0, low, w, high), fill=color)
    if layout == 2:
        wide, other = h * 0.09, v.pick("cross", _FLAG, besides=colors)
        draw.rectangle((0, 0, w, h), fill=colors[0])
        draw.rectangle((w * 0.36 - wide, 0, w * 0.36 + wide, h), fill=other)
        draw.rectangle((0, h / 2 - wide, w, h / 2 + wide), fill=other)
    elif layout == 3:
        draw.polygon([(0, 0), (w * 0.42, h / 2), (0, h)], fill=v.pick("wedge", _FLAG, besides=colors))
    elif layout == 4:
        draw.rectangle((0, 0, w, h), fill=colors[0])
        draw.rectangle((0, 0, w * 0.4, h * 0.5), fill=colors[1])
    place = (w * 0.2, h * 0.25) if layout == 4 else (w * 0.72, h / 2) if layout == 3 else (w / 2, h / 2)
    kind = v.pick("emblem", ("none", "none", "disc", "star", "ring", "stars", "shield", "eagle"))
    size = h * float(rng.uniform(0.1, 0.2))
    _emblem(draw, kind, place, size, v.pick("emblem color", _FLAG, besides=colors))
    return image


def _eyes(draw: ImageDraw.ImageDraw, s: float, kind: str, line: Color) -> None:
    for x in (35, 65):
        if kind == "dots":
            draw.ellipse(((x - 5) * s, 36 * s, (x + 5) * s, 50 * s), fill=line)
        elif kind == "wide":
            box = ((x - 9) * s, 33 * s, (x + 9) * s, 53 * s)
            draw.ellipse(box, fill=(255, 255, 255), outline=line, width=round(2 * s))
            draw.ellipse(((x - 3) * s, 40 * s, (x + 3) * s, 47 * s), fill=line)
        elif kind == "stars":
            _star(draw, (x * s, 43 * s), 11 * s, 5, (215, 40, 50))
        else:
            ends = (0, 180) if kind == "closed" else (180, 360)
            draw.arc(((x - 9) * s, 36 * s, (x + 9) * s, 52 * s), *ends, fill=line, width=round(3.5 * s))


def _mouth(draw: ImageDraw.ImageDraw, s: float, kind: str, line: Color) -> None:
    wide = round(3.5 * s)
    if kind in ("smile", "tongue"):
        draw.arc((30 * s, 48 * s, 70 * s, 78 * s), 20, 160, fill=line, width=wide)
    if kind == "tongue":
        draw.ellipse(
            (46 * s, 74 * s, 62 * s, 90 * s), fill=(225, 80, 100), outline=line, width=round(1.5 * s)
        )
    elif kind == "grin":
        draw.chord((28 * s, 46 * s, 72 * s, 84 * s), 0, 180, fill=line)
    elif kind == "flat":
        draw.line((34 * s, 68 * s, 66 * s, 68 * s), fill=line, width=wide)
    elif kind == "sad":
        draw.arc((32 * s, 62 * s, 68 * s, 92 * s), 200, 340, fill=line, width=wide)
    elif kind == "kiss":
        draw.ellipse((45 * s, 62 * s, 55 * s, 76 * s), outline=line, width=round(3 * s))


def _extra(draw: ImageDraw.ImageDraw, s: float, kind: str, line: Color) -> None:
    if kind == "cheeks":
        for x in (22, 78):
            draw.ellipse(((x - 7) * s, 54 * s, (x + 7) * s, 66 * s), fill=(245, 140, 110))
    elif kind == "tear":
        draw.ellipse((28 * s, 54 * s, 38 * s, 68 * s), fill=(80, 160, 235))
    elif kind == "brows":
        for x in (35, 65):
            draw.line(((x - 9) * s, 28 * s, (x + 9) * s, 24 * s), fill=line, width=round(3 * s))
    elif kind == "heart":
        for x in (76, 85):
            draw.ellipse(((x - 6) * s, 62 * s, (x + 5) * s, 72 * s), fill=(220, 40, 60))
        draw.polygon([(70 * s, 69 * s), (91 * s, 69 * s), (80.5 * s, 82 * s)], fill=(220, 40, 60))


def _face(rng: Rng, v: Values) -> Image.Image:
    """A yellow face: eyes, mouth and extras of some kind."""
    image = Image.new("RGB", (_ROOM, _ROOM), (255, 255, 255))
    draw, s = ImageDraw.Draw(image), _ROOM / 100
    skin, line = ((252, 210, 60), (70, 45, 10)) if rng.random() < 0.8 else ((200, 205, 215), (60, 60, 70))
    draw.ellipse((6 * s, 6 * s, 94 * s, 94 * s), fill=skin, outline=line, width=round(2.5 * s))
    _eyes(draw, s, v.pick("eyes", ("dots", "closed", "smiling", "wide", "stars")), line)
    _mouth(draw, s, v.pick("mouth", ("smile", "grin", "flat", "sad", "kiss", "tongue")), line)
    _extra(draw, s, v.pick("extra", ("none", "cheeks", "tear", "brows", "heart")), line)
    return image


_FRAMES = ("circle", "square", "shield", "file", "bell", "house", "user", "none")
_MARKS = ("plus", "minus", "cross", "check", "pause", "stop", "play", "bar", "two bars", "dot", "slash")


def _frame(draw: ImageDraw.ImageDraw, kind: str, ink: Color, wide: int) -> None:
    s = _ROOM / 100
    shapes: dict[str, list[Point]] = {
        "shield": [(50, 8), (84, 20), (80, 60), (50, 92), (20, 60), (16, 20), (50, 8)],
        "file": [(22, 8), (62, 8), (80, 26), (80, 92), (22, 92), (22, 8)],
        "house": [(12, 50), (50, 12), (88, 50), (80, 50), (80, 90), (20, 90), (20, 50), (12, 50)],
        "bell": [(20, 76), (28, 66), (30, 36), (50, 14), (70, 36), (72, 66), (80, 76), (20, 76)],
    }
    if kind == "circle":
        draw.ellipse((8 * s, 8 * s, 92 * s, 92 * s), outline=ink, width=wide)
    elif kind == "square":
        draw.rounded_rectangle((10 * s, 10 * s, 90 * s, 90 * s), radius=10 * s, outline=ink, width=wide)
    elif kind == "user":
        draw.ellipse((26 * s, 8 * s, 58 * s, 40 * s), outline=ink, width=wide)
        draw.arc((10 * s, 50 * s, 74 * s, 130 * s), 180, 360, fill=ink, width=wide)
    elif kind in shapes:
        draw.line([(x * s, y * s) for x, y in shapes[kind]], fill=ink, width=wide, joint="curve")


def _mark(draw: ImageDraw.ImageDraw, kind: str, place: tuple[Point, float], pen: tuple[Color, int]) -> None:
    ((x, y), size), (ink, wide) = place, pen
    lines: dict[str, list[tuple[Point, Point]]] = {
        "plus": [((-1, 0), (1, 0)), ((0, -1), (0, 1))],
        "minus": [((-1, 0), (1, 0))],
        "cross": [((-0.8, -0.8), (0.8, 0.8)), ((-0.8, 0.8), (0.8, -0.8))],
        "check": [((-1, 0.1), (-0.3, 0.8)), ((-0.3, 0.8), (1, -0.7))],
        "pause": [((-0.5, -0.9), (-0.5, 0.9)), ((0.5, -0.9), (0.5, 0.9))],
        "bar": [((0, -1), (0, 1))],
        "two bars": [((-1, -0.4), (1, -0.4)), ((-1, 0.4), (1, 0.4))],
        "slash": [((-1, 1), (1, -1))],
        "play": [((-0.6, -0.9), (0.9, 0)), ((0.9, 0), (-0.6, 0.9)), ((-0.6, 0.9), (-0.6, -0.9))],
        "stop": list(pairwise(((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8)))),
    }
    if kind == "dot":
        draw.ellipse((x - wide, y - wide, x + wide, y + wide), fill=ink)
    for one, two in lines.get(kind, []):
        ends = (x + one[0] * size, y + one[1] * size, x + two[0] * size, y + two[1] * size)
        draw.line(ends, fill=ink, width=wide)


def _icon(rng: Rng, v: Values) -> Image.Image:
    """A line drawing with a mark in it: another mark, or one more stroke."""
    dark = rng.random() < 0.25
    ground, ink = ((30, 32, 38), (240, 240, 240)) if dark else ((255, 255, 255), (20, 22, 28))
    if rng.random() < 0.3:
        ink = COLORS[int(rng.integers(0, 3))]
    image = Image.new("RGB", (_ROOM, _ROOM), ground)
    draw, wide = ImageDraw.Draw(image), round(_ROOM * float(rng.uniform(0.05, 0.09)))
    frame = picked(rng, _FRAMES)
    _frame(draw, frame, ink, wide)
    middle = (0.8 * _ROOM, 0.5 * _ROOM) if frame == "user" else (0.5 * _ROOM, 0.52 * _ROOM)
    size = _ROOM * (0.15 if frame == "user" else 0.36 if frame == "none" else 0.2)
    _mark(draw, v.pick("mark", _MARKS), (middle, size), (ink, wide))
    if frame == "bell" and v.pick("clapper", (True, False)):
        draw.arc((0.4 * _ROOM, 0.74 * _ROOM, 0.6 * _ROOM, 0.94 * _ROOM), 0, 180, fill=ink, width=wide)
    return image


def _turned(rng: Rng, v: Values) -> Image.Image:
    """An arrow, a switch, a chevron, a trend: its mirror image or a turn of it means something else."""
    image = Image.new("RGB", (_ROOM, _ROOM), (255, 255, 255))
    draw, s, wide = ImageDraw.Draw(image), _ROOM / 100, round(_ROOM * float(rng.uniform(0.05, 0.1)))
    ink = COLORS[int(rng.choice([0, 1, 2, 4]))]
    kind = int(rng.integers(0, 6))
    lines: dict[int, list[Point]] = {
        0: [(10, 50), (88, 50), (60, 22), (88, 50), (60, 78)],
        1: [(36, 12), (70, 50), (36, 88)],
        2: [(6, 80), (36, 46), (54, 64), (92, 22), (66, 22), (92, 22), (92, 48)],
        3: [(80, 90), (80, 40), (14, 40), (40, 14), (14, 40), (40, 66)],
    }
    if kind in lines:
        draw.line([(x * s, y * s) for x, y in lines[kind]], fill=ink, width=wide, joint="curve")
    elif kind == 4:
        draw.rounded_rectangle((4 * s, 26 * s, 96 * s, 74 * s), radius=24 * s, fill=ink)
        draw.ellipse((52 * s, 30 * s, 92 * s, 70 * s), fill=(255, 255, 255))
    else:
        draw.line((30 * s, 8 * s, 30 * s, 90 * s), fill=ink, width=wide)
        draw.ellipse((26 * s, 48 * s, 76 * s, 92 * s), outline=ink, width=wide)
    # Those that are their own mirror image in the other axis have two forms only.
    turns = ("no", "mirror") if kind in (0, 1, 4) else ("no", "mirror", "90", "180", "270")
    turn = v.pick("turn", turns)
    if turn == "no":
        return image
    how = Image.Transpose.FLIP_LEFT_RIGHT if turn == "mirror" else Image.Transpose[f"ROTATE_{turn}"]
    return image.transpose(how)


def _sprite(rng: Rng, v: Values) -> Image.Image:
    """A mirrored figure of a few colors on a small grid, as games have: other colors, or another grid."""
    side = int(rng.choice([12, 16, 20]))
    body = cv2.resize(rng.random((5, 3)).astype(np.float32), (side // 2, side), interpolation=cv2.INTER_CUBIC)
    detail = v.rng("detail").random((side, side // 2))
    level = np.where(body > 0.35, 1 + (detail > 0.75) + (rng.random(body.shape) > 0.85), 0)
    table: list[Color] = [(255, 255, 255)]
    for index in range(3):
        table.append(v.pick(f"color {index}", COLORS[:5] + COLORS[6:], besides=table))
    half = np.array(table, np.uint8)[np.hstack([level, level[:, ::-1]])]
    return Image.fromarray(half).resize((side * 48, side * 48), Image.Resampling.NEAREST)


Sign = Callable[[Rng, Values], Image.Image]
SIGNS: dict[str, tuple[Sign, tuple[int, ...]]] = {
    "flags": (_flag, (96, 160, 240, 320, 480, 640)),
    "faces": (_face, (32, 48, 72, 128, 256, 400)),
    "icons": (_icon, (16, 24, 32, 48, 64, 96, 192, 400)),
    "turned signs": (_turned, (24, 32, 48, 64, 96, 200, 400)),
    "sprites": (_sprite, (32, 48, 64, 96, 160, 320)),
}
"""Each kind of sign, and the widths at which it is kept."""


def _clear(one: Pixels, two: Pixels) -> bool:
    """Whether two signs differ in so many pixels by so much that a person sees it at once."""
    change = changed_mask(one, two, 80)
    return change is None or bool((change > 0).mean() >= 0.012)


def _at_width(kind: str, seed: tuple[int, ...], v: Values, width: int) -> Pixels:
    image = SIGNS[kind][0](np.random.default_rng(seed), v)
    how = Image.Resampling.NEAREST if kind == "sprites" else Image.Resampling.LANCZOS
    return pixels(image.resize((width, max(8, round(width * image.height / image.width))), how))


def drawn_sign(kind: str, rng: Rng, least: int = 24) -> Pixels:
    """Return one sign at one of its widths from `least` pixels."""
    seed = seed_of(rng)
    widths = [width for width in SIGNS[kind][1] if width >= least]
    return _at_width(kind, seed, Values(seed), int(rng.choice(widths)))


def sign_twins(kind: str, rng: Rng) -> Twins:
    """Return two signs of one layout that differ in a color, a stroke, an emblem or a turn."""
    seed = seed_of(rng)
    width, values = int(rng.choice(SIGNS[kind][1])), Values(seed)
    one = _at_width(kind, seed, values, width)
    names = sorted(values.asked)
    for attempt in range(20):
        count = min(len(names), 1 + int(rng.integers(0, 2)) + attempt // 6)
        two = _at_width(kind, seed, Values(seed, frozenset(rng.choice(names, count, replace=False))), width)
        if _clear(one, two):
            return Twins(f"{width} px", one, two, Right.APART, style="icon", least=0.7)
    return sign_twins(kind, rng)
