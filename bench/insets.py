"""Pictures shown within something larger, on pages, screens, in frames and between margins; and edits reframed.

Half of the insets are made as small as an upload gate keeps pictures. The outer file is a quarter inset at least.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import cv2
import numpy as np
from PIL import Image, ImageDraw

from bench import steps
from bench.family_base import Box, Color, Pixels, Rng
from bench.family_content import EDITS, clear_edit, local_edit
from bench.pairs import Copy, Labelled, as_mask, changed_mask, coded, edited_pair, mask_boxes
from bench.pictures import any_original, clear_original, photo
from bench.values import COLORS, Values, font
from samepic.fingerprints.proxy import proxy_of
from samepic.tuning.search import GATE

Margins = tuple[float, float, float, float]
"""Left, top, right and bottom, as shares of the inset's width and height."""

_LARGEST = 3.9
"""Times the inset's area that the outer picture may have."""
_HOW = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)
_CLEAR, _PIXELS = 20, 100
"""Mean levels and pixels of an edit at the size shown, from which a person sees it."""


class _Canvas:
    """What is drawn around an inset: its box (x, y, w, h) is filled last."""

    def __init__(self, size: tuple[int, int], margins: Margins, rng: Rng, ground: Color) -> None:
        w, h = size
        while (1 + margins[0] + margins[2]) * (1 + margins[1] + margins[3]) > _LARGEST:
            margins = (margins[0] * 0.9, margins[1] * 0.9, margins[2] * 0.9, margins[3] * 0.9)
        left, top, right, bottom = (round(margin * size[k % 2]) for k, margin in enumerate(margins))
        self.box, self.size = (left, top, w, h), (left + w + right, top + h + bottom)
        self.rng, self.ground = rng, ground
        self.image = Image.new("RGB", self.size, ground)
        self.draw = ImageDraw.Draw(self.image)
        self.ink: Color = (30, 30, 34) if sum(ground) > 380 else (228, 228, 230)

    def bars(self) -> tuple[tuple[int, int, int, int], ...]:
        """Return the parts (x0, y0, x1, y1) above, below, left and right of the inset."""
        (x, y, w, h), (width, height) = self.box, self.size
        return (0, 0, width, y), (0, y + h, width, height), (0, y, x, y + h), (x + w, y, width, y + h)

    def write(self, part: tuple[int, int, int, int], size: int) -> None:
        """Fill a part with lines of words of a size in pixels, where two letters and more have room."""
        left, top, right, bottom = part
        edge, face = max(2, size // 2), font(max(6, size))
        if right - left < 5 * size:
            return
        values = Values(steps.seed_of(self.rng))
        for row, y in enumerate(range(top + edge, bottom - size - edge // 2, max(8, size * 3 // 2))):
            text = values.text(f"{part} {row}", "line")
            room = int((right - left - 2 * edge) * self.rng.uniform(0.5, 1) / (0.62 * size))
            self.draw.text((left + edge, y), text[: max(1, room)], fill=self.ink, font=face)


def _ground(rng: Rng) -> Color:
    """Paper or a light screen, a dark one, or any color."""
    kind = rng.random()
    if kind < 0.5:
        shade = int(rng.integers(238, 256))
        return shade, shade, shade
    if kind < 0.75:
        shade = int(rng.integers(0, 46))
        return shade, shade, min(255, shade + int(rng.integers(0, 10)))
    return steps.any_color(rng)


def _letter(canvas: _Canvas) -> int:
    """Return a size of letters that suits the outer picture."""
    return int(np.clip(max(canvas.size) * canvas.rng.uniform(0.022, 0.045), 7, 30))


def _page(size: tuple[int, int], rng: Rng) -> _Canvas:
    sides = rng.uniform(0.02, 0.2, 2)
    above, right = rng.uniform(0.05, 0.8), sides[1] + (0.6 if rng.random() < 0.25 else 0)
    canvas = _Canvas(size, (sides[0], above, right, rng.uniform(0.05, 0.9)), rng, _ground(rng))
    letter = _letter(canvas)
    for part in canvas.bars():
        canvas.write(part, letter)
    return canvas


def _chat(size: tuple[int, int], rng: Rng) -> _Canvas:
    """A phone's screen: a bar with a name, messages in bubbles, the picture in one of them."""
    left, right = rng.permutation([0.04, rng.uniform(0.1, 0.5)])
    canvas = _Canvas(size, (left, rng.uniform(0.2, 0.9), right, rng.uniform(0.2, 0.8)), rng, _ground(rng))
    (x, y, w, h), (width, height), draw, letter = canvas.box, canvas.size, canvas.draw, _letter(canvas)
    bubble = steps.any_color(rng) if rng.random() < 0.5 else (220, 220, 224)
    for low, high in ((2 * letter, y), (y + h + letter // 2, height)):
        for top in range(low, high - 2 * letter, 2 * letter + 4):
            wide = int(width * rng.uniform(0.3, 0.7))
            at = 3 if rng.random() < 0.5 else width - wide - 3
            draw.rounded_rectangle((at, top, at + wide, top + 2 * letter), radius=letter // 2, fill=bubble)
            canvas.ink = (20, 20, 20) if sum(bubble) > 380 else (240, 240, 240)
            canvas.write((at, top, at + wide, top + 2 * letter + letter // 2), letter)
    edge = max(2, letter // 3)
    draw.rounded_rectangle((x - edge, y - edge, x + w + edge, y + h + edge), radius=letter // 2, fill=bubble)
    draw.rectangle((0, 0, width, min(y - 1, 2 * letter)), fill=steps.any_color(rng))
    return canvas


def _browser(size: tuple[int, int], rng: Rng) -> _Canvas:
    """A window: a row of buttons and an address above, a column of words beside the picture or below it."""
    beside = rng.random() < 0.5
    left, above = rng.uniform(0.02, 0.15), rng.uniform(0.15, 0.5)
    right = 0.8 if beside else rng.uniform(0.02, 0.3)
    canvas = _Canvas(size, (left, above, right, rng.uniform(0.05, 0.6)), rng, _ground(rng))
    (_, y, _, _), (width, _), draw, letter = canvas.box, canvas.size, canvas.draw, _letter(canvas)
    for part in canvas.bars():
        canvas.write(part, letter)
    bar = min(y - 1, 2 * letter)
    draw.rectangle((0, 0, width, bar), fill=(222, 225, 230))
    for at, color in enumerate(((237, 106, 94), (245, 191, 79), (98, 197, 84))):
        draw.ellipse((4 + at * bar, bar // 4, 4 + at * bar + bar // 2, bar * 3 // 4), fill=color)
    draw.rounded_rectangle((4 + 3 * bar, bar // 6, width - 4, bar * 5 // 6), radius=3, fill=(255, 255, 255))
    return canvas


def _letterbox(size: tuple[int, int], rng: Rng) -> _Canvas:
    wide, (one, two) = float(rng.uniform(0.1, 1.2)), rng.uniform(0.35, 0.65, 2)
    one, two = (0.5, 0.5) if rng.random() < 0.7 else (one, 1 - one)
    margins = (0, wide * one, 0, wide * two) if rng.random() < 0.5 else (wide * one, 0, wide * two, 0)
    ground = ((0, 0, 0), (255, 255, 255), steps.any_color(rng))[int(rng.choice(3, p=[0.5, 0.2, 0.3]))]
    return _Canvas(size, margins, rng, ground)


def _border(size: tuple[int, int], rng: Rng) -> _Canvas:
    edge = float(rng.uniform(0.02, 0.35)) * min(size)
    across, down = edge / size[0], edge / size[1]
    canvas = _Canvas(size, (across, down, across, down), rng, _ground(rng))
    if rng.random() < 0.4:
        line, inside = max(1, int(edge * rng.uniform(0.05, 0.4))), (canvas.size[0] - 1, canvas.size[1] - 1)
        canvas.draw.rectangle((0, 0, *inside), outline=steps.any_color(rng), width=line)
    return canvas


def _margins(size: tuple[int, int], rng: Rng) -> _Canvas:
    """Margins of other sizes and colors on every side."""
    canvas = _Canvas(size, tuple(rng.uniform(0, 0.45, 4)), rng, _ground(rng))
    for part in canvas.bars():
        if rng.random() < 0.5 and part[2] > part[0] and part[3] > part[1]:
            canvas.draw.rectangle((part[0], part[1], part[2] - 1, part[3] - 1), fill=steps.any_color(rng))
    return canvas


def _bar(size: tuple[int, int], rng: Rng) -> _Canvas:
    """One bar above or below, with words on it or empty."""
    tall = float(rng.uniform(0.06, 0.4))
    canvas = _Canvas(size, (0, tall, 0, 0) if rng.random() < 0.5 else (0, 0, 0, tall), rng, _ground(rng))
    if rng.random() < 0.7:
        for part in canvas.bars()[:2]:
            canvas.write(part, _letter(canvas))
    return canvas


def _polaroid(size: tuple[int, int], rng: Rng) -> _Canvas:
    edge = float(rng.uniform(0.04, 0.09)) * min(size)
    across, down = edge / size[0], edge / size[1]
    paper = steps.any_color(rng, 238, 252)
    canvas = _Canvas(size, (across, down, across, down * rng.uniform(3, 5)), rng, paper)
    if rng.random() < 0.4:
        canvas.ink = COLORS[int(rng.integers(0, 5))]
        canvas.write(canvas.bars()[1], _letter(canvas))
    return canvas


SCENES: Mapping[str, Callable[[tuple[int, int], Rng], _Canvas]] = {
    "page": _page,
    "chat": _chat,
    "browser": _browser,
    "letterbox": _letterbox,
    "border": _border,
    "rounded": _border,
    "bar": _bar,
    "polaroid": _polaroid,
    "margins": _margins,
}
"""What a picture is shown in, drawn from its size (w, h) and a generator."""


def _laid(canvas: _Canvas, inset: Pixels, rng: Rng, *, rounded: bool) -> Pixels:
    """Return the canvas with the inset in its box, now and then off the grid of pixels, its corners round."""
    (x, y, w, h), out = canvas.box, np.asarray(canvas.image, np.uint8).copy()
    radius = int(min(w, h) * rng.uniform(0.03, 0.14)) if rounded else 0
    off = rng.uniform(0, 1, 2) if rng.random() < 0.25 else None
    if not rounded and off is None:
        out[y : y + h, x : x + w] = inset
        return out
    sheet = Image.new("L", (w, h), 0)
    ImageDraw.Draw(sheet).rounded_rectangle((0, 0, w - 1, h - 1), radius=radius, fill=255)
    cover, laid = np.zeros(out.shape[:2], np.uint8), out.copy()
    cover[y : y + h, x : x + w], laid[y : y + h, x : x + w] = np.asarray(sheet), inset
    share = cover.astype(np.float32)[..., None] / np.float32(255)
    mixed = np.asarray(out * (1 - share) + laid * share, np.float32)
    if off is None:
        return steps.to_bytes(mixed)
    move = np.array([[1, 0, off[0]], [0, 1, off[1]]])
    moved = cv2.warpAffine(mixed, move, canvas.size, borderMode=cv2.BORDER_REPLICATE)
    return steps.to_bytes(np.asarray(moved, np.float32))


def shown(rgb: Pixels, rng: Rng, *, least: int = 90) -> tuple[str, Pixels, float]:
    """Return what the picture is shown in, the whole (h, w, 3) uint8, and the scale at which it is shown.

    It is `least` to 700 pixels wide, at most half as large again as it was.
    """
    height, width = rgb.shape[:2]
    most = max(least + 1.0, min(700.0, 1.5 * width, 900 * width / height))
    wide = float(np.exp(rng.uniform(np.log(least), np.log(most))))
    size = round(wide), max(24, round(wide * height / width))
    how = steps.picked(rng, _HOW) if wide > 0.5 * width else cv2.INTER_AREA
    scene = str(rng.choice(list(SCENES)))
    canvas = SCENES[scene](size, rng)
    rounded = scene == "rounded" or (scene == "chat" and wide > 150)
    return scene, _laid(canvas, steps.scaled(rgb, size, how), rng, rounded=rounded), wide / width


def _reduced(data: bytes) -> bytes:
    """Return a file as an upload gate keeps it."""
    with Image.open(io.BytesIO(data)) as image:
        return proxy_of(np.asarray(image.convert("RGB"), np.uint8))


def _least(what: str, rgb: Pixels) -> int:
    """Return the least width shown: writing is larger than photographs."""
    return 90 if what == "photo" else min(320, max(200, rgb.shape[1] // 3))


def insets(half: str, number: int, rng: Rng) -> Copy:
    """Return any picture, and something larger that shows it; half of the pairs as an upload gate keeps them."""
    what, rgb = clear_original(half, number, rng)
    scene, whole, _ = shown(rgb, rng, least=_least(what, rgb))
    files = coded(rgb, rng), coded(whole, rng, (0.65, 0.2, 0.15))
    if small := rng.random() < 0.5:
        files = _reduced(files[0]), _reduced(files[1])
    return Copy(f"{scene}{', small' if small else ''}", files)


def _edited(rgb: Pixels, other: Pixels, rng: Rng) -> tuple[Pixels, Pixels] | None:
    """Return the picture before and after a clear edit, None where none was found."""
    match int(rng.integers(0, 4)):
        case 0:
            return rgb, patched(rgb, other, rng)
        case 1:
            return rgb, captioned(rgb, rng)
        case _:
            edit = clear_edit(rgb, float(rng.uniform(0.01, 0.05)), rng)
            return None if edit is None else (edit.before, edit.after)


def shows(before: Pixels, after: Pixels, scale: float) -> bool:
    """Tell whether a person sees a change at a scale: 20 levels on average over 100 pixels, of what is not texture."""
    mask = changed_mask(before, after)
    if mask is None or not mask.any():
        return False
    size = max(1, round(mask.shape[1] * scale)), max(1, round(mask.shape[0] * scale))
    small, one, two = (cv2.resize(part, size, interpolation=cv2.INTER_AREA) for part in (mask, before, after))
    # Leaves in the place of other leaves are a change that nobody looks at.
    soft = [cv2.GaussianBlur(side, (0, 0), 1.2) for side in (one, two)]
    change = cv2.absdiff(*soft).max(axis=2)[small >= 128]
    return change.size >= _PIXELS and float(change.mean()) >= _CLEAR


def _limit(rgb: Pixels) -> float:
    return min(1.0, GATE.proxy_side / float(max(rgb.shape[:2])))


def inset_edits(half: str, number: int, rng: Rng) -> Labelled:
    """Return a picture, and something larger that shows it with a clear local edit; boxes and mask are of a."""
    while True:
        what, rgb = clear_original(half, number, rng)
        pair = _edited(rgb, photo(half, number + 1), rng)
        if pair is None:
            continue
        before, after = pair
        scene, whole, scale = shown(after, rng, least=_least(what, rgb))
        small = rng.random() < 0.5
        least = min(_limit(before), scale * _limit(whole)) if small else min(1.0, scale)
        mask = changed_mask(before, after)
        if mask is None or not shows(before, after, least):
            continue
        files = coded(before, rng), coded(whole, rng, (0.65, 0.2, 0.15))
        if small:
            files = _reduced(files[0]), _reduced(files[1])
            across, down = (max(1, round(side * _limit(before))) for side in mask.shape[1::-1])
            mask = as_mask(steps.scaled(mask, (across, down)) > 20)
        return edited_pair(f"{scene}{', small' if small else ''}", *files, mask)


_FRAMES = ("crop", "border", "tilt", "aslant", "mirror")


def reframed_edits(half: str, number: int, rng: Rng) -> Labelled:
    """Return a picture and a copy of it, reframed, with a patch, a caption or another edit in what is left of it."""
    while True:
        what, rgb = any_original(half, number, rng)
        after = _small_edit(rgb, photo(half, number + 1), rng)
        mask = None if after is None else changed_mask(rgb, after)
        if after is None or mask is None or not mask.any():
            continue
        frame = str(rng.choice(_FRAMES))
        files = coded(rgb, rng), coded(_framed(after, mask_boxes(mask, whole=True)[0], frame, rng), rng)
        return edited_pair(f"{frame}, {what}", *files, mask)


def _small_edit(rgb: Pixels, other: Pixels, rng: Rng) -> Pixels | None:
    match int(rng.integers(0, 3)):
        case 0:
            return patched(rgb, other, rng)
        case 1:
            return captioned(rgb, rng)
        case _:
            share = float(rng.choice((0.003, 0.01, 0.03, 0.05)))
            edit = local_edit(rgb, str(rng.choice(sorted(EDITS))), share, int(rng.integers(0, 1 << 30)))
            return edit.after if edit is not None and np.array_equal(edit.before, rgb) else None


def patched(rgb: Pixels, other: Pixels, rng: Rng) -> Pixels:
    """Return the picture with a piece of another one on it."""
    height, width = rgb.shape[:2]
    w, h = (max(8, int(side * rng.uniform(0.06, 0.3))) for side in (width, height))
    x, y = steps.spot(rng, width - w, height - h)
    out = rgb.copy()
    out[y : y + h, x : x + w] = steps.scaled(other, (w, h))
    return out


def captioned(rgb: Pixels, rng: Rng) -> Pixels:
    """Return the picture with a line of writing on a bar, or without one."""
    height, width = rgb.shape[:2]
    out = rgb.copy()
    w, h = int(width * rng.uniform(0.3, 0.8)), max(12, int(height * rng.uniform(0.05, 0.16)))
    x, y = steps.spot(rng, width - w, height - h)
    dark = rng.random() < 0.5
    if rng.random() < 0.7:
        out[y : y + h, x : x + w] = 0 if dark else 255
    words = " ".join(rng.choice(("MONDAY", "SALE", "Hello", "No 7", "2026", "west", "new", "OFF"), 2))
    scale = h / 40
    cv2.putText(out, words, (x + 4, y + round(0.75 * h)), cv2.FONT_HERSHEY_SIMPLEX, scale,
                (255, 255, 255) if dark else (0, 0, 0), max(1, round(2 * scale)), cv2.LINE_AA)  # fmt: skip
    return out


def _framed(rgb: Pixels, box: Box, frame: str, rng: Rng) -> Pixels:
    height, width = rgb.shape[:2]
    x, y, w, h = box
    match frame:
        case "crop":
            left, top = int(rng.uniform(0, 0.25) * x), int(rng.uniform(0, 1) * y)
            right = int(x + w + rng.uniform(0.3, 1) * (width - x - w))
            low = int(y + h + rng.uniform(0.3, 1) * (height - y - h))
            return np.ascontiguousarray(rgb[top:low, left:right])
        case "border":
            edge = max(4, int(rng.uniform(0.03, 0.12) * max(width, height)))
            sides = (edge,) * 4
            grown = cv2.copyMakeBorder(rgb, *sides, cv2.BORDER_CONSTANT, value=steps.any_color(rng))
            return np.asarray(grown, np.uint8)
        case "tilt":
            turn = steps.turn_of(width, height, float(rng.uniform(-7, 7)))
            return steps.warped(rgb, turn, (width, height), (0, 0, 0))
        case "aslant":
            corners = steps.corners_of(width, height)
            moved = corners + rng.uniform(-0.05, 0.05, (4, 2)).astype(np.float32) * (width, height)
            return steps.warped(rgb, steps.between(corners, moved), (width, height), (128, 128, 128))
        case _:
            return np.ascontiguousarray(rgb[:, ::-1])
