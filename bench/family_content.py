"""Content added, removed or changed in places, with a box round each place: local edits, and families."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench.family_base import Box, Color, Family, Made, Maker, Pixels, Right, Rng, any_color, changed_box

Painter = Callable[[Pixels, Box, Rng], None]
"""Changes the pixels of a box in place."""

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


def is_visible(before: Pixels, after: Pixels, box: Box) -> bool:
    """An edit that nobody can see is no edit: a fifth of the box must change by 15 levels in some channel."""
    x, y, w, h = box
    change = cv2.absdiff(before, after)[y : y + h, x : x + w].max(axis=2)
    return bool((change >= 15).mean() >= 0.2)


def _paint(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    ring = rgb[max(0, y - 2) : y + h + 2, max(0, x - 2) : x + w + 2].reshape(-1, 3)
    rgb[y : y + h, x : x + w] = np.median(ring, axis=0)


def _inpaint(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    mask = np.zeros(rgb.shape[:2], np.uint8)
    mask[y : y + h, x : x + w] = 255
    rgb[:] = cv2.inpaint(np.ascontiguousarray(rgb), mask, 3, cv2.INPAINT_TELEA)


def _word(rgb: Pixels, box: Box, rng: Rng, word: str | None = None) -> None:
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


def _clone(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    sx, sy = int(rng.integers(0, rgb.shape[1] - w)), int(rng.integers(0, rgb.shape[0] - h))
    rgb[y : y + h, x : x + w] = rgb[sy : sy + h, sx : sx + w].copy()


def _pixelate(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    small = cv2.resize(part, (max(1, w // 8), max(1, h // 8)), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


def _recolour(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    part[:] = np.roll(part, 1, axis=2)


def _sticker(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    cv2.ellipse(part, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, any_color(rng), -1, cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


EDITS: dict[str, Painter] = {
    "painted out": _paint,
    "inpainted": _inpaint,
    "text": _word,
    "word changed": _word,
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
            _word(before, box, rng, str(one))
            _word(after, box, rng, str(two))
        else:
            EDITS[kind](after, box, rng)
        if is_visible(before, after, box):
            return Edit(kind, before, after, box)
    return None


def clear_edit(rgb: Pixels, share: float, rng: Rng) -> Edit | None:
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


_WORDS = (
    "when the meeting could have been a mail", "nobody: absolutely nobody:", "SUMMER SALE", "Monday again",
    "one does not simply walk home", "good morning everyone", "caption this", "the face you make", "Lisbon 1987",
    "wait for it", "best day ever", "@someone.else", "hello", "SOLD OUT", "why not?", "page 17",
)  # fmt: skip
_TRIES = 40


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


def _place(rgb: Pixels, rng: Rng, share: float, aspect: float) -> Box:
    """Return a random box of `share` of the area and w / h = `aspect`, inside the frame."""
    height, width = rgb.shape[:2]
    w = min(width - 2, max(8, round((share * height * width * aspect) ** 0.5)))
    h = min(height - 2, max(8, round(share * height * width / w)))
    return int(rng.integers(0, width - w)), int(rng.integers(0, height - h)), w, h


def _painted(
    painter: Painter, low: float, high: float, aspects: tuple[float, float], count: int = 1
) -> Maker:
    """A maker that paints `count` boxes of `low` to `high` of the area each, tried until they can be seen."""

    def make(rgb: Pixels, rng: Rng, other: Pixels) -> Made:
        out, boxes = rgb.copy(), []
        for _ in range(count):
            for attempt in range(_TRIES):
                share, aspect = float(rng.uniform(low, high)), float(rng.uniform(*aspects))
                wanted, trial = _place(rgb, rng, share, aspect), out.copy()
                # What cannot be seen anywhere (a clone of clear sky) becomes a disc that can.
                (_disc if attempt == _TRIES - 1 else painter)(trial, wanted, rng)
                box = changed_box(out, trial)
                if box is not None and is_visible(out, trial, box):
                    out = trial
                    boxes.append(box)
                    break
        return Made(out, tuple(boxes))

    return make


def _words(box: Box, rng: Rng) -> str:
    """Return words that fill a box of this shape: a letter is about half as wide as its line is tall."""
    room = 2.2 * box[2] / box[3]
    return str(rng.choice([words for words in _WORDS if len(words) <= room] or sorted(_WORDS, key=len)[:3]))


def _text(rgb: Pixels, box: Box, rng: Rng) -> None:
    light = rgb[box[1] : box[1] + box[3], box[0] : box[0] + box[2]].mean() > 127
    inks: list[Color] = [(16, 16, 16), (150, 0, 0)] if light else [(255, 255, 255), (255, 230, 60)]
    write(rgb, box, _words(box, rng), inks[int(rng.integers(0, 2))])


def _outlined(rgb: Pixels, box: Box, rng: Rng) -> None:
    write(rgb, box, _words(box, rng).upper(), (255, 255, 255), (0, 0, 0))


def _banner(rgb: Pixels, box: Box, rng: Rng) -> None:
    """Text on a filled bar."""
    x, y, w, h = box
    ink, ground = (((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0)))[int(rng.integers(0, 2))]
    rgb[y : y + h, x : x + w] = ground
    write(rgb, (x + w // 20, y + h // 10, w - w // 10, h - h // 5), _words(box, rng), ink)


def _number(rgb: Pixels, box: Box, rng: Rng) -> None:
    text = str(int(rng.integers(0, 1000)))
    write(rgb, box, text, (220, 20, 20) if rng.random() < 0.5 else (250, 250, 250), (0, 0, 0))


def _disc(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    colour = any_color(rng) if part.mean() > 200 else (255, 255, 255)
    cv2.ellipse(part, (w // 2, h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, colour, -1, cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


def _smiley(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    middle, radius = (w // 2, h // 2), max(2, min(w, h) // 2 - 1)
    cv2.circle(part, middle, radius, (255, 205, 50), -1, cv2.LINE_AA)
    cv2.circle(part, middle, radius, (140, 90, 0), max(1, radius // 12), cv2.LINE_AA)
    for side in (-1, 1):
        eye = (middle[0] + side * radius * 2 // 5, middle[1] - radius // 4)
        cv2.circle(part, eye, max(1, radius // 7), (60, 35, 0), -1, cv2.LINE_AA)
    mouth = (radius * 3 // 5, radius * 3 // 5)
    cv2.ellipse(part, middle, mouth, 0, 20, 160, (90, 40, 0), max(1, radius // 8), cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


def _star(rgb: Pixels, box: Box, rng: Rng) -> None:
    """A polygon of 5 to 9 points, in two colours."""
    x, y, w, h = box
    part = np.ascontiguousarray(rgb[y : y + h, x : x + w])
    points = int(rng.integers(5, 10)) * 2
    angles = np.arange(points) * 2 * np.pi / points + float(rng.uniform(0, 6))
    reach = np.where(np.arange(points) % 2, 0.5, 0.98)
    unit = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=1)
    for scale, colour in ((1.0, any_color(rng)), (0.7, any_color(rng))):
        shape = np.rint(unit * scale * [w / 2 - 1, h / 2 - 1] + [w / 2, h / 2]).astype(np.int32)
        cv2.fillPoly(part, [shape], colour, cv2.LINE_AA)
    rgb[y : y + h, x : x + w] = part


def _logo(rgb: Pixels, box: Box, rng: Rng) -> None:
    """A disc and a word beside it, as channels put into a corner."""
    x, y, w, h = box
    disc = (x, y, min(h, w // 3), h)
    _star(rgb, disc, rng) if rng.random() < 0.5 else _smiley(rgb, disc, rng)
    word = ("NEWS", "Studio 7", "tv+", "ACME", "photo.example")[int(rng.integers(0, 5))]
    write(rgb, (x + disc[2], y, w - disc[2], h), word, any_color(rng), (255, 255, 255))


def _filled_in(rgb: Pixels, box: Box, rng: Rng) -> None:
    """An object taken out: the place filled from its surroundings."""
    x, y, w, h = box
    mask = np.zeros(rgb.shape[:2], np.uint8)
    cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2 - 1, h // 2 - 1), 0, 0, 360, 255, -1)
    rgb[:] = cv2.inpaint(np.ascontiguousarray(rgb), mask, 3, cv2.INPAINT_TELEA)


def _cloned(rgb: Pixels, box: Box, rng: Rng) -> None:
    """An elliptic piece of the same picture copied over another place, its edge softened."""
    x, y, w, h = box
    sx, sy = int(rng.integers(0, rgb.shape[1] - w)), int(rng.integers(0, rgb.shape[0] - h))
    mask = np.zeros((h, w), np.float32)
    cv2.ellipse(mask, (w // 2, h // 2), (int(w * 0.45), int(h * 0.45)), 0, 0, 360, 1.0, -1)
    soft = cv2.GaussianBlur(mask, (0, 0), max(0.5, min(w, h) / 40))[..., None]
    mixed = rgb[sy : sy + h, sx : sx + w] * soft + rgb[y : y + h, x : x + w] * (1 - soft)
    rgb[y : y + h, x : x + w] = np.rint(mixed)


def _blurred(rgb: Pixels, box: Box, rng: Rng) -> None:
    """An ellipse blurred beyond recognition, as faces are."""
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    mask = np.zeros((h, w), np.uint8)
    cv2.ellipse(mask, (w // 2, h // 2), (w // 2, h // 2), 0, 0, 360, 1, -1)
    soft = cv2.GaussianBlur(part, (0, 0), max(2.0, min(w, h) / 6))
    part[:] = np.where(mask[..., None] > 0, soft, part)


def _pixelated(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    part = rgb[y : y + h, x : x + w]
    cell = max(4, min(w, h) // 6)
    small = cv2.resize(part, (max(1, w // cell), max(1, h // cell)), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(small, (w, h), interpolation=cv2.INTER_NEAREST)


def _bar(rgb: Pixels, box: Box, rng: Rng) -> None:
    x, y, w, h = box
    rgb[y : y + h, x : x + w] = 0 if rgb[y : y + h, x : x + w].mean() > 40 else 255


def _captioned(rgb: Pixels, rng: Rng, other: Pixels, *, how: str) -> Made:
    """Meme text over the content: a filled bar or outlined letters, at the top, at the bottom or both."""
    height, width = rgb.shape[:2]
    tall = max(10, round(height * float(rng.uniform(0.09, 0.17))))
    where = {"bar": [int(rng.integers(0, 2))], "letters": [int(rng.integers(0, 2))], "top and bottom": [0, 1]}
    out, boxes = rgb.copy(), []
    for bottom in where[how]:
        before = out.copy()
        strip = (0, height - tall, width, tall) if bottom else (0, 0, width, tall)
        (_banner if how == "bar" else _outlined)(out, strip, rng)
        box = changed_box(before, out)
        boxes += [] if box is None else [box]
    return Made(out, tuple(boxes))


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
        **_sized(_smiley, _ROUND, small=(0.006, 0.015), smiley=(0.03, 0.08)),
        **_sized(_star, _ANY, star=(0.02, 0.08)),
        "three": _painted(_star, 0.01, 0.03, _ANY, count=3),
    },
    "retouch": _sized(_filled_in, _ANY, small=(0.006, 0.015), large=(0.02, 0.06)),
    "clone": {**_sized(_cloned, _ANY, soft=(0.02, 0.06)), **_sized(EDITS["cloned"], _ANY, hard=(0.01, 0.05))},
    "number": _sized(_number, (1.2, 2.0), small=(0.005, 0.012), large=(0.02, 0.06)),
    "hidden face": {
        **_sized(_blurred, _FACE, blurred=(0.015, 0.06)),
        **_sized(_pixelated, _FACE, pixelated=(0.015, 0.06)),
        **_sized(_bar, (2.5, 5.0), bar=(0.006, 0.03)),
    },
}
CONTENT = {name: Family(makers, Right.EDITED) for name, makers in _MAKERS.items()}
