"""Content added, removed or changed in places, with a box round each place: local edits, and families."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.family_base import Box, Color, Family, Made, Maker, Pixels, Right, Rng
from bench.steps import any_color, blurred, changed_boxes, picked, spot

Painter = Callable[[Pixels, Box, Rng], None]
"""Changes the pixels of a box in place."""

_CLEAR = 20.0
"""Mean change in levels inside the box from which an edit survives a mild change of tone and coding."""
_LEAST_PIXELS = 110
"""Below so many pixels an edit is a speck that nobody looks at."""
_TRIES = 40
WORDS = ("SALE", "2026", "Hello", "page", "1789", "NOON", "exit", "No 7", "Anna", "west")
_PHRASES = (
    "when the meeting could have been a mail", "nobody: absolutely nobody:", "SUMMER SALE", "Monday again",
    "one does not simply walk home", "good morning everyone", "caption this", "the face you make", "Lisbon 1987",
    "wait for it", "best day ever", "@someone.else", "hello", "SOLD OUT", "why not?", "page 17",
)  # fmt: skip


class Edit(NamedTuple):
    """A pair that differs in one box (x, y, w, h): `before` and `after` are (height, width, 3) uint8 RGB."""

    kind: str
    before: Pixels
    after: Pixels
    box: Box


def _change(before: Pixels, after: Pixels, box: Box) -> Pixels:
    """Return by how many levels each pixel of a box changed, in the channel that changed most."""
    x, y, w, h = box
    return np.asarray(cv2.absdiff(before, after)[y : y + h, x : x + w].max(axis=2), np.uint8)


def _is_visible(before: Pixels, after: Pixels, box: Box) -> bool:
    """An edit that nobody can see is no edit: a fifth of the box must change by 15 levels in some channel."""
    return bool((_change(before, after, box) >= 15).mean() >= 0.2)


def _on_part(paint: Callable[[Pixels, Rng], None]) -> Painter:
    """Return what paints a box of a picture, from what paints the pixels inside it."""

    def painter(rgb: Pixels, box: Box, rng: Rng) -> None:
        x, y, w, h = box
        part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
        paint(part, rng)
        rgb[y : y + h, x : x + w] = part

    return painter


def _paint(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    ring = rgb[max(0, y - 2) : y + h + 2, max(0, x - 2) : x + w + 2].reshape(-1, 3)
    rgb[y : y + h, x : x + w] = np.median(ring, axis=0)


def _filled_in(rgb: Pixels, box: Box, rng: Rng, *, corners: bool = False) -> None:
    """An object taken out: the place, with its corners or without, filled from its surroundings."""
    x, y, w, h = box
    mask = np.zeros(rgb.shape[:2], np.uint8)
    if corners:
        mask[y : y + h, x : x + w] = 255
    else:
        cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, 255, -1)
    rgb[:] = cv2.inpaint(np.ascontiguousarray(rgb), mask, 3, cv2.INPAINT_TELEA)


def _word(part: Pixels, rng: Rng, *, word: str = "") -> None:
    word = word or str(rng.choice(WORDS))
    (wide, tall), base = cv2.getTextSize(word, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
    scale = min(part.shape[1] / wide, part.shape[0] / (tall + base))
    ink = (16, 16, 16) if part.mean() > 127 else (240, 240, 240)
    at, thick = (0, round(part.shape[0] - base * scale)), max(1, round(2 * scale))
    cv2.putText(part, word, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, thick, cv2.LINE_AA)


def _cloned(rgb: Pixels, box: Box, rng: Rng, *, soft: bool = True) -> None:
    """A piece of the same picture copied over another place, `soft` as an ellipse with a softened edge."""
    x, y, w, h = box
    sx, sy = spot(rng, rgb.shape[1] - w, rgb.shape[0] - h)
    piece = rgb[sy : sy + h, sx : sx + w].copy()
    if soft:
        mask = np.zeros((h, w), np.float32)
        cv2.ellipse(mask, (w // 2, h // 2), (int(w * 0.45), int(h * 0.45)), 0, 0, 360, 1.0, -1)
        share = cv2.GaussianBlur(mask, (0, 0), max(0.5, min(w, h) / 40))[..., None]
        piece = np.rint(piece * share + rgb[y : y + h, x : x + w] * (1 - share)).astype(np.uint8)
    rgb[y : y + h, x : x + w] = piece


def _pixelated(part: Pixels, rng: Rng, *, cell: int = 0) -> None:
    h, w = part.shape[:2]
    cell = cell or max(4, min(w, h) // 6)
    small = cv2.resize(part, (max(1, w // cell), max(1, h // cell)), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


def _recolored(part: Pixels, rng: Rng) -> None:
    part[:] = np.roll(part, 1, axis=2)


def _ellipse(part: Pixels, color: Color, edge: int) -> None:
    h, w = part.shape[:2]
    cv2.ellipse(part, (w // 2, h // 2), (w // 2 - edge, h // 2 - edge), 0, 0, 360, color, -1, cv2.LINE_AA)


EDITS: dict[str, Painter] = {
    "painted out": _paint,
    "inpainted": partial(_filled_in, corners=True),
    "text": _on_part(_word),
    "word changed": _on_part(_word),
    "cloned": partial(_cloned, soft=False),
    "pixelated": _on_part(partial(_pixelated, cell=8)),
    "recoloured": _on_part(_recolored),
    "sticker": _on_part(lambda part, rng: _ellipse(part, any_color(rng), 0)),
}


def local_edit(rgb: Pixels, kind: str, share: float, seed: int) -> Edit | None:
    """Return `rgb` with one edit of `kind` over `share` of the frame, or None where 40 places show none."""
    rng = np.random.default_rng(seed)
    for _ in range(_TRIES):
        aspect = float(rng.uniform(2.0, 3.0) if kind in ("text", "word changed") else rng.uniform(0.6, 1.6))
        box = _place(rgb, rng, share, aspect, least=6)
        before, after = rgb.copy(), rgb.copy()
        if kind == "word changed":
            one, two = rng.choice(WORDS, 2, replace=False)
            _on_part(partial(_word, word=str(one)))(before, box, rng)
            _on_part(partial(_word, word=str(two)))(after, box, rng)
        else:
            EDITS[kind](after, box, rng)
        if _is_visible(before, after, box):
            return Edit(kind, before, after, box)
    return None


def clear_edit(rgb: Pixels, share: float, rng: Rng) -> Edit | None:
    """Return `rgb` with an edit of any kind that shows once both were coded again; None where none of eight does."""
    if share * rgb.shape[0] * rgb.shape[1] < _LEAST_PIXELS:
        return None
    for kind in rng.permutation(sorted(EDITS)):
        edit = local_edit(rgb, str(kind), share, int(rng.integers(0, 1 << 30)))
        if edit is not None and _change(edit.before, edit.after, edit.box).mean() >= _CLEAR:
            return edit
    return None


def write(rgb: Pixels, box: Box, text: str, ink: Color, outline: Color | None = None) -> None:
    """Write one line of text into a box, as large as fits, in the middle; nothing leaves the box."""
    x, y, w, h = box
    part = Image.fromarray(rgb[y : y + h, x : x + w])
    draw = ImageDraw.Draw(part)
    size = max(6.0, h * 0.8)
    while True:
        font = ImageFont.load_default(size)
        stroke = max(1, round(size / 14)) if outline else 0
        left, top, right, bottom = draw.textbbox((0, 0), text, font=font, stroke_width=stroke)
        if (right - left <= w and bottom - top <= h) or size <= 6:
            break
        size = max(6.0, size * min(0.95, w / max(1.0, right - left)))
    at = ((w - right - left) / 2, (h - bottom - top) / 2)
    draw.text(at, text, fill=ink, font=font, stroke_width=stroke, stroke_fill=outline)
    rgb[y : y + h, x : x + w] = np.asarray(part)


def _place(rgb: Pixels, rng: Rng, share: float, aspect: float, least: int = 8) -> Box:
    """Return a random box of `share` of the area and w / h = `aspect`, inside the frame."""
    height, width = rgb.shape[:2]
    w = min(width - 2, max(least, round((share * height * width * aspect) ** 0.5)))
    h = min(height - 2, max(least, round(share * height * width / w)))
    return *spot(rng, width - w, height - h), w, h


def _painted(
    painter: Painter, low: float, high: float, aspects: tuple[float, float], count: int = 1
) -> Maker:
    """A maker that paints `count` boxes of `low` to `high` of the area each, tried until they can be seen."""

    def make(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
        out, boxes = rgb.copy(), tuple[Box, ...]()
        for _ in range(count):
            for attempt in range(_TRIES):
                share, aspect = float(rng.uniform(low, high)), float(rng.uniform(*aspects))
                wanted, trial = _place(rgb, rng, share, aspect), out.copy()
                # What cannot be seen anywhere (a clone of clear sky) becomes a disc that can.
                (_on_part(_disc) if attempt == _TRIES - 1 else painter)(trial, wanted, rng)
                found = changed_boxes(out, trial)
                if found and _is_visible(out, trial, found[0]):
                    out, boxes = trial, boxes + found
                    break
        return Made(out, boxes)

    return make


def _words(box: Box, rng: Rng) -> str:
    """Return words that fill a box of this shape: a letter is about half as wide as its line is tall."""
    room = 2.2 * box[2] / box[3]
    fitting = [words for words in _PHRASES if len(words) <= room]
    return str(rng.choice(fitting or sorted(_PHRASES, key=len)[:3]))


def _text(rgb: Pixels, box: Box, rng: Rng) -> None:
    light = rgb[box[1] : box[1] + box[3], box[0] : box[0] + box[2]].mean() > 127
    inks: list[Color] = [(16, 16, 16), (150, 0, 0)] if light else [(255, 255, 255), (255, 230, 60)]
    write(rgb, box, _words(box, rng), picked(rng, inks))


def _outlined(rgb: Pixels, box: Box, rng: Rng) -> None:
    write(rgb, box, _words(box, rng).upper(), (255, 255, 255), (0, 0, 0))


def _banner(rgb: Pixels, box: Box, rng: Rng) -> None:
    """Text on a filled bar."""
    x, y, w, h = box
    ink, ground = picked(rng, (((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0))))
    rgb[y : y + h, x : x + w] = ground
    write(rgb, (x + w // 20, y + h // 10, w - w // 10, h - h // 5), _words(box, rng), ink)


def _number(rgb: Pixels, box: Box, rng: Rng) -> None:
    text = str(int(rng.integers(0, 1000)))
    write(rgb, box, text, (220, 20, 20) if rng.random() < 0.5 else (250, 250, 250), (0, 0, 0))


def _disc(part: Pixels, rng: Rng) -> None:
    _ellipse(part, any_color(rng) if part.mean() > 200 else (255, 255, 255), 1)


def _smiley(part: Pixels, rng: Rng) -> None:
    h, w = part.shape[:2]
    middle, radius = (w // 2, h // 2), max(2, min(w, h) // 2 - 1)
    cv2.circle(part, middle, radius, (255, 205, 50), -1, cv2.LINE_AA)
    cv2.circle(part, middle, radius, (140, 90, 0), max(1, radius // 12), cv2.LINE_AA)
    for side in (-1, 1):
        eye = (middle[0] + side * radius * 2 // 5, middle[1] - radius // 4)
        cv2.circle(part, eye, max(1, radius // 7), (60, 35, 0), -1, cv2.LINE_AA)
    mouth = (radius * 3 // 5, radius * 3 // 5)
    cv2.ellipse(part, middle, mouth, 0, 20, 160, (90, 40, 0), max(1, radius // 8), cv2.LINE_AA)


def _star(part: Pixels, rng: Rng) -> None:
    """A polygon of 5 to 9 points, in two colours."""
    h, w = part.shape[:2]
    points = int(rng.integers(5, 10)) * 2
    angles = np.arange(points) * 2 * np.pi / points + float(rng.uniform(0, 6))
    reach = np.where(np.arange(points) % 2, 0.5, 0.98)
    unit = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1)
    for scale, color in ((1.0, any_color(rng)), (0.7, any_color(rng))):
        shape = np.rint(unit * scale * [w / 2 - 1, h / 2 - 1] + [w / 2, h / 2]).astype(np.int32)
        cv2.fillPoly(part, [shape], color, cv2.LINE_AA)


def _logo(rgb: Pixels, box: Box, rng: Rng) -> None:
    """A disc and a word beside it, as channels put into a corner."""
    x, y, w, h = box
    disc = (x, y, min(h, w // 3), h)
    _on_part(_star if rng.random() < 0.5 else _smiley)(rgb, disc, rng)
    word = picked(rng, ("NEWS", "Studio 7", "tv+", "ACME", "photo.example"))
    write(rgb, (x + disc[2], y, w - disc[2], h), word, any_color(rng), (255, 255, 255))


def _blurred(part: Pixels, rng: Rng) -> None:
    """An ellipse blurred beyond recognition, as faces are."""
    (h, w), mask = part.shape[:2], np.zeros(part.shape[:2], np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    part[:] = np.where(mask[..., None] > 0, blurred(part, max(2.0, min(w, h) / 6)), part)


def _bar(part: Pixels, rng: Rng) -> None:
    part[:] = 0 if part.mean() > 40 else 255


def _captioned(rgb: Pixels, rng: Rng, other: Pixels, *, how: str) -> Made:
    """Meme text over the content: a filled bar or outlined letters, at the top, at the bottom or both."""
    height, width = rgb.shape[:2]
    tall = max(10, round(height * float(rng.uniform(0.09, 0.17))))
    where = {"bar": [int(rng.integers(0, 2))], "letters": [int(rng.integers(0, 2))], "top and bottom": [0, 1]}
    out, boxes = rgb.copy(), tuple[Box, ...]()
    for bottom in where[how]:
        before = out.copy()
        (_banner if how == "bar" else _outlined)(out, (0, bottom * (height - tall), width, tall), rng)
        boxes += changed_boxes(before, out)
    return Made(out, boxes)


def _sized(painter: Painter, aspects: tuple[float, float], **levels: tuple[float, float]) -> dict[str, Maker]:
    """Return a maker for each level's low and high share of the area."""
    return {level: _painted(painter, *shares, aspects) for level, shares in levels.items()}


_LONG, _ROUND, _ANY, _FACE = (4.0, 7.0), (0.9, 1.1), (0.6, 1.6), (0.7, 1.0)
_MAKERS: dict[str, dict[str, Maker]] = {
    "caption inside": {how: partial(_captioned, how=how) for how in ("bar", "letters", "top and bottom")},
    "text over": {
        **_sized(_text, _LONG, small=(0.006, 0.015), large=(0.03, 0.08)),
        **_sized(_outlined, _LONG, outlined=(0.02, 0.06)),
        **_sized(_banner, _LONG, banner=(0.02, 0.06)),
    },
    "logo": _sized(_logo, (2.5, 3.5), small=(0.005, 0.012), large=(0.02, 0.05)),
    "sticker": {
        **_sized(_on_part(_smiley), _ROUND, small=(0.006, 0.015), smiley=(0.03, 0.08)),
        **_sized(_on_part(_star), _ANY, star=(0.02, 0.08)),
        "three": _painted(_on_part(_star), 0.01, 0.03, _ANY, count=3),
    },
    "retouch": _sized(_filled_in, _ANY, small=(0.006, 0.015), large=(0.02, 0.06)),
    "clone": {**_sized(_cloned, _ANY, soft=(0.02, 0.06)), **_sized(EDITS["cloned"], _ANY, hard=(0.01, 0.05))},
    "number": _sized(_number, (1.2, 2.0), small=(0.005, 0.012), large=(0.02, 0.06)),
    "hidden face": {
        **_sized(_on_part(_blurred), _FACE, blurred=(0.015, 0.06)),
        **_sized(_on_part(_pixelated), _FACE, pixelated=(0.015, 0.06)),
        **_sized(_on_part(_bar), (2.5, 5.0), bar=(0.006, 0.03)),
    },
}
CONTENT = {name: Family(makers, Right.EDITED) for name, makers in _MAKERS.items()}
