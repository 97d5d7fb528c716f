"""Marks that are easily missed, and one character or word replaced by another, as small or blurred as one can read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.common import encoded
from bench.family_base import LUMA, Pixels, Right, Rng
from bench.pairs import Labelled, Twins, as_mask, changed_mask, coded, edited_pair, mask_boxes, png, resized
from bench.pictures import DRAWN, file_of, photo, pixels_of
from bench.steps import blurred, picked, seed_of, spot
from bench.values import COLORS, Values, font, pixels

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
    y, x = spot(rng, height - shown.shape[0] + 1, width - shown.shape[1] + 1)
    page[y : y + shown.shape[0], x : x + shown.shape[1]] = shown
    paper, size = "white" if plain == (255, 255, 255) else "colored", "small" if share < 0.03 else "large"
    twins = Twins(f"{paper}, {size} thing", page, page, Right.SAME, style="drawing", toned=True)
    if not changed:
        return twins
    sides = (page, _marked(page, rng))
    one, two = sides if rng.integers(0, 2) == 0 else sides[::-1]
    return replace(twins, one=one, two=two, truth=Right.EDITED, whole=True, least=0.6)


def _marked(page: Pixels, rng: Rng) -> Pixels:
    """Return the page with a word, a line, a ring or a spot that stands out where it is put."""
    height, width = page.shape[:2]
    while True:
        tall = int(np.exp(rng.uniform(np.log(12), np.log(0.12 * width + 12))))
        x, y = int(rng.integers(2, width * 3 // 4)), int(rng.integers(2, max(3, height - 2 * tall)))
        color = picked(rng, COLORS)
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
        seen = cv2.absdiff(marked, page).max(axis=2) >= _APART
        if seen.sum() >= 0.12 * tall * tall:
            return marked


def hue_twins(rng: Rng, rgb: Pixels, style: str) -> Twins:
    """Return a picture and the same with a word or a shape of another hue, as light as what lies under it."""
    by = min(1.0, 1000 / max(rgb.shape[:2]))
    one = resized(rgb, by) if by < 1 else rgb
    height, width = one.shape[:2]
    while True:
        tall = max(10, int(height * float(np.exp(rng.uniform(np.log(0.03), np.log(0.3))))))
        x, y = spot(rng, width * 3 // 4, height - tall)
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
        hue -= hue @ LUMA
        tinted = (one @ LUMA)[..., None] + hue * np.float32(rng.uniform(45, 120) / np.abs(hue).max())
        two = np.clip(one * (1 - share) + tinted * share, 0, 255).astype(np.uint8)
        seen = cv2.absdiff(two, one).max(axis=2) >= 40
        if seen.sum() >= 60 and seen.mean() <= 0.5:
            return Twins(style, one, two, Right.EDITED, style=style, whole=True, least=0.6, toned=True)


_TALL = 8
"""Pixels of a digit's height in the smaller file: an x-height of 6."""
_FACES = ("Sans", "Serif", "SansMono", "Sans-Bold", "SansCondensed")
_WORDS = (
    ("EUR", "USD"), ("AM", "PM"), ("Mon", "Sun"), ("May", "Mar"), ("paid", "sent"), ("open", "shut"), ("yes", "not"),
    ("left", "west"), ("gate", "door"), ("Rome", "Lima"), ("red", "tan"), ("new", "old"),
)  # fmt: skip
_CLASSES = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def _drawing(number: int, rng: Rng, *, throughout: bool = False) -> tuple[str, Pixels, Pixels]:
    """Return a layout and two drawings of it with one other digit, or with other values `throughout`."""
    kind = ("forms", "screens", "cards")[int(rng.integers(0, 3))]
    title = list(DRAWN[kind])[number % len(DRAWN[kind])]
    draw, seed = DRAWN[kind][title], seed_of(rng)
    values = Values(seed)
    one = pixels(draw(np.random.default_rng(seed), values))
    fields = sorted(name for name, can in values.asked.items() if can or throughout)
    if not fields:
        return title, one, one
    changed = frozenset(fields if throughout else {picked(rng, fields)})
    other = Values(seed, changed, small=not throughout)
    return title, one, pixels(draw(np.random.default_rng(seed), other))


def replaced(text: str, rng: Rng, widths: Sequence[float]) -> str | None:
    """Return the text with one letter or digit replaced by one of its kind and width, None where there is none.

    `widths` are those of _CLASSES' characters in turn, in the face it is written in.
    """
    every = "".join(_CLASSES)
    for at in rng.permutation(len(text)):
        kind = next((group for group in _CLASSES if text[at] in group), "")
        own = widths[every.index(text[at])] if kind else 0
        fits = [c for c in kind if c != text[at] and abs(widths[every.index(c)] - own) <= 0.06 * own]
        if fits:
            return text[:at] + picked(rng, fits) + text[at + 1 :]
    return None


def _texts(rng: Rng, face: str) -> tuple[str, str] | None:
    """Return two short texts that differ in a character or, last, in a word of as many letters."""
    kind = str(rng.choice(["money", "date", "time", "code", "name", "number", "place", "thing", "street"]))
    text = Values((int(rng.integers(0, 1 << 30)),)).text("text", kind)
    if rng.random() < 0.3:
        one, two = picked(rng, _WORDS)
        return f"{text} {one}", f"{text} {two}"
    drawn = font(48, face)
    other = replaced(text, rng, [float(drawn.getlength(letter)) for group in _CLASSES for letter in group])
    return None if other is None else (text, other)


def written(
    rgb: Pixels, texts: tuple[str, str], tall: float, face: str, rng: Rng
) -> tuple[Pixels, Pixels] | None:
    """Return the picture with one text and with the other, digits `tall` pixels high; None where they cannot be read.

    They are on a plate, or on a quiet part of the picture.
    """
    height, width = rgb.shape[:2]
    drawn = font(max(6, round(tall / 0.73)), face)
    _, _, right, bottom = (max(edges) for edges in zip(*(drawn.getbbox(text) for text in texts), strict=True))
    w, h = int(right) + 6, int(bottom) + 6
    if w >= width or h >= height:
        return None
    x, y = spot(rng, width - w, height - h)
    part = cv2.cvtColor(rgb[y : y + h, x : x + w], cv2.COLOR_RGB2GRAY).astype(np.float32)
    plate = picked(rng, COLORS) if rng.random() < 0.6 else None
    ground = float(part.mean()) if plate is None else float(np.dot(plate, (0.299, 0.587, 0.114)))
    if plate is None and (part.std() > 18 or 90 < ground < 165):
        return None
    level = int(rng.integers(0, 50)) if ground > 127 else int(rng.integers(210, 256))
    sides = []
    for text in texts:
        image = Image.fromarray(rgb)
        draw = ImageDraw.Draw(image)
        if plate is not None:
            draw.rectangle((x, y, x + w - 1, y + h - 1), fill=plate)
        draw.text((x + 3, y + 3), text, fill=(level, level, level), font=drawn)
        sides.append(np.asarray(image, np.uint8))
    return sides[0], sides[1]


def _photograph(half: str, number: int, tall: float, rng: Rng) -> tuple[str, Pixels, Pixels]:
    """Return a photograph or a receipt with a small text, and with another character or word in it."""
    what = "photo" if rng.random() < 0.6 else "receipt"
    rgb = photo(half, number) if what == "photo" else pixels_of(file_of("receipts", half, number))
    face = picked(rng, _FACES)
    texts = _texts(rng, face)
    pair = None if texts is None else written(rgb, texts, tall, face, rng)
    return (what, rgb, rgb) if pair is None else (what, *pair)


def _reads(one: Pixels, two: Pixels, scale: float) -> bool:
    """Tell whether the change is one of a character's size, high enough and strong enough at the smaller scale."""
    mask = changed_mask(one, two)
    if mask is None or not mask.any():
        return False
    x, y, w, h = mask_boxes(mask, whole=True)[0]
    if h * scale < _TALL * 0.8 or h > 60 or w > 5 * h:
        return False
    near = np.s_[max(0, y - 4) : y + h + 4, max(0, x - 4) : x + w + 4]
    small = [resized(side[near], scale, cv2.INTER_AREA) for side in (one, two)]
    return int((cv2.absdiff(*small).max(axis=2) >= 50).sum()) >= 6


def _saved(rgb: Pixels, rng: Rng) -> bytes:
    if rng.random() >= 0.12:
        return coded(rgb, rng, (0.65, 0.2, 0.15))
    return encoded(rgb, "AVIF", quality=int(rng.integers(55, 90)), speed=9, max_threads=1)


def _pair(half: str, number: int, rng: Rng) -> tuple[str, Pixels, Pixels, float]:
    """Return a title, two pictures of one size, and the scale of the second's file."""
    while True:
        scale = float(rng.uniform(0.6, 1)) if rng.random() < 0.4 else 1.0
        tall = float(np.exp(rng.uniform(np.log(_TALL), np.log(20))))
        if rng.random() < 0.5:
            title, one, two = _photograph(half, number, tall / scale, rng)
        else:
            title, one, two = _drawing(number, rng)
            mask = changed_mask(one, two)
            if mask is not None and mask.any():
                h = mask_boxes(mask, whole=True)[0][3]
                by = min(1.0, tall / scale / h)
                one, two = (resized(side, by) for side in (one, two)) if by < 0.95 else (one, two)
        if _reads(one, two, scale):
            return title, one, two, scale


def _lines(rng: Rng) -> tuple[str, Pixels, Pixels, float]:
    """Return a title, two pages of lines in one layout with other words, and the height of a digit in pixels."""
    tall = float(np.exp(rng.uniform(np.log(_TALL), np.log(22))))
    size, face = round(tall / 0.73), picked(rng, _FACES)
    step, count = size * float(rng.uniform(1.3, 2.2)), int(rng.integers(3, 16))
    width = size * int(rng.integers(15, 40))
    ink, ground = (0, 240) if rng.random() < 0.8 else (230, 20)
    sides = []
    for seed in seed_of(rng):
        words = Values((seed,))
        image = Image.new("RGB", (width, round(step * (count + 1))), (ground, ground, ground))
        draw = ImageDraw.Draw(image)
        for k in range(count):
            at = (size, round(step * (k + 0.4)))
            draw.text(at, words.text(str(k), "line"), fill=(ink, ink, ink), font=font(size, face))
        sides.append(np.asarray(image, np.uint8))
    return "lines", sides[0], sides[1], tall


def _sheets(number: int, rng: Rng) -> tuple[str, Pixels, Pixels, float]:
    """Return a title, two forms, screens or cards in one layout with other values, and about a digit's height."""
    title, one, two = _drawing(number, rng, throughout=True)
    return title, one, two, max(_TALL, one.shape[1] / 60)


def other_writing(half: str, number: int, rng: Rng) -> Labelled:
    """Return two pages of one layout with other words throughout, one of them blurred or smaller, still readable."""
    title, one, two, tall = _lines(rng) if rng.random() < 0.6 else _sheets(number, rng)
    mask = changed_mask(one, two)
    blur = tall * float(rng.uniform(0.02, 0.18)) if rng.random() < 0.7 else 0.0
    other = blurred(two, blur) if blur else two
    scale = max(_TALL / tall, float(rng.uniform(0.5, 1))) if rng.random() < 0.4 else 1.0
    files, first = (_saved(one, rng), _saved(resized(other, min(1.0, scale)), rng)), int(rng.integers(0, 2))
    changed = png(mask) if mask is not None and first == 0 else None
    return Labelled(title, Right.APART, files[first], files[1 - first], changed=changed)


def small_words(half: str, number: int, rng: Rng) -> Labelled:
    """Return two pictures that differ in one small character or word, in two codings, and one smaller now and then."""
    title, one, two, scale = _pair(half, number, rng)
    mask = changed_mask(one, two)
    assert mask is not None
    other = resized(two, scale) if scale < 1 else two
    shrunk = as_mask(resized(mask, scale) > 20) if scale < 1 else mask
    sides = [(_saved(one, rng), mask), (_saved(other, rng), shrunk)]
    first = int(rng.integers(0, 2))
    (a, where), (b, _) = sides[first], sides[1 - first]
    return edited_pair(title, a, b, where)
