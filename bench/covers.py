"""Pictures with a part covered or cut out, memes with another caption, and comics with other words."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench.family_base import Box, Pixels, any_color
from bench.family_content import write
from bench.family_frame import side_window
from bench.pairs import EDITED_ONLY, Twins
from bench.products import cut_out_shapes, object_mask, product, product_shape
from bench.values import COLORS, Values, pixels, put

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


def _lower_part(rgb: Pixels, rng: Rng) -> Box:
    height, width = rgb.shape[:2]
    tall, gray = round(height * float(rng.uniform(0.55, 0.62))), int(rng.choice([0, 0, 20, 255, 128]))
    return _fill(rgb, (0, height - tall, width, tall), (gray, gray, gray))


def _covered_half(rgb: Pixels, rng: Rng, *, low: float, black: bool) -> Box:
    gray = 0 if black else int(rng.integers(100, 190))
    return _fill(rgb, side_window(rgb, rng, float(rng.uniform(low, 0.55))), (gray, gray, gray))


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
    color = any_color(rng)
    return _fill(rgb, _any_box(rgb, rng, 0.05, 0.6), color)


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
    "black half": partial(_covered_half, low=0.45, black=True),
    "lower 60 %": _lower_part,
    "gray half": partial(_covered_half, low=0.4, black=False),
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
    paint = any_color(rng, 30, 230)
    shown = product(kind, side, paint, int(rng.integers(0, 1 << 30)), scene)
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
