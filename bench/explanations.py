"""Draw docs/explanations.png: twenty pairs with what samepic says of each, for a person to check that it is true.

    python -m bench explanations [--out FILE.png] [--print]

The pairs are made of examples/photos; the same pictures come out every time. Above each pair stands what was done.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

import samepic
from bench.common import ROOT, SEED, encoded, option
from bench.families import alter
from bench.family_base import Pixels
from examples.demo import HUBBLE, ROCKET, stripped
from samepic.picture import load

_PHOTOS = ROOT / "examples" / "photos"

_COLUMNS, _WIDTH, _MARGIN, _GAP = 2, 1600, 24, 10
_SLOT = (248, 178)
_CELL = (_WIDTH - 3 * _MARGIN) // _COLUMNS, 300
_PAPER, _INK, _SOFT, _LINE = (255, 255, 255), (28, 28, 30), (96, 96, 102), (222, 222, 226)
_COLOURS = {True: (18, 120, 60), False: (178, 34, 34), None: (110, 90, 20)}
_WORDS = {True: "same", False: "not the same", None: "cannot tell"}


@dataclass(frozen=True)
class Shown:
    """One pair: what was done to b, and the names and bytes of both files."""

    done: str
    a: str
    b: str
    first: bytes
    second: bytes


def _photo(name: str) -> Path:
    return next(_PHOTOS.glob(f"{name}.*"))


def _rgb(name: str) -> Pixels:
    return load(_photo(name)).rgb


def _jpeg(rgb: Pixels, quality: int = 85) -> bytes:
    return encoded(rgb, quality=quality)


def _altered(name: str, family: str, level: str, other: str = "coffee", seed: int = 0) -> Pixels:
    rng = np.random.default_rng([SEED, seed])
    return alter(family, level, _rgb(name), rng, _rgb(other)).rgb


def _halved(rgb: Pixels) -> Pixels:
    return np.asarray(cv2.resize(rgb, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _without_metadata() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / HUBBLE.name
        stripped(HUBBLE, path)
        return path.read_bytes()


def _painted_out() -> Pixels:
    """Return the rocket's picture with one mast painted over by what is beside it."""
    rgb = _rgb("rocket").copy()
    left, top, right, low = ROCKET.box
    across, down = ROCKET.shift
    rgb[top:low, left:right] = rgb[top + down : low + down, left + across : right + across].copy()
    return rgb


def _chain() -> Pixels:
    """Return the rocket's picture mirrored, cut to 60 % and warmer."""
    rgb = _rgb("rocket")[:, ::-1]
    height, width = rgb.shape[:2]
    w, h = round(width * 0.6**0.5), round(height * 0.6**0.5)
    part = rgb[height - h - 20 : height - 20, 90 : 90 + w].astype(np.float32)
    return np.clip(part * np.array([1.12, 1.0, 0.85], np.float32), 0, 255).astype(np.uint8)


def _copies() -> Iterator[tuple[str, str, Callable[[], bytes]]]:
    """Yield what was done, the photograph, and how its copy is made."""
    yield "saved again at JPEG quality 75", "hubble", lambda: _jpeg(_rgb("hubble"), 75)
    yield "half as wide and high, JPEG 85", "coffee", lambda: _jpeg(_halved(_rgb("coffee")))
    yield "EXIF and comments taken out", "hubble", _without_metadata
    yield "brighter (gamma 0.8)", "rocket", lambda: _jpeg(_altered("rocket", "gamma", "0.8"))
    yield "made grey", "astronaut", lambda: _jpeg(_altered("astronaut", "grey", "luma"))
    yield "mirrored", "chelsea", lambda: _jpeg(_altered("chelsea", "mirror", "full size"))
    yield "turned to the left by 90°", "rocket", lambda: _jpeg(_altered("rocket", "quarter turns", "90"))
    yield "cropped to half of its area", "coffee", lambda: _jpeg(_altered("coffee", "crop", "50 %"))
    yield "in a white frame", "chelsea", lambda: _jpeg(_altered("chelsea", "border", "polaroid"))
    aslant = lambda: _jpeg(_altered("coffee", "perspective", "strong"))  # noqa: E731
    yield "corners moved, as from the side", "coffee", aslant
    yield "words on a bar", "chelsea", lambda: _jpeg(_altered("chelsea", "caption inside", "bar"))
    yield "a sticker", "astronaut", lambda: _jpeg(_altered("astronaut", "sticker", "smiley"))
    yield "a mast painted out", "rocket", lambda: _jpeg(_painted_out(), 90)
    yield "words above the picture", "coffee", lambda: _jpeg(_altered("coffee", "caption outside", "above"))
    small = lambda: _jpeg(_altered("chelsea", "picture in picture", "35 to 50 %"))  # noqa: E731
    yield "put small on another photograph", "chelsea", small
    yield "mirrored, cropped to 60 %, warmer, JPEG 75", "rocket", lambda: _jpeg(_chain(), 75)


def pairs() -> Iterator[Shown]:
    """Yield the twenty pairs."""
    for done, name, make in _copies():
        path = _photo(name)
        yield Shown(done, path.name, f"{name}-copy.jpg", path.read_bytes(), make())
    retina, hubble = _rgb("retina"), _rgb("hubble")
    cut, whole = _jpeg(retina[:, : round(retina.shape[1] * 0.7)], 90), _photo("retina").read_bytes()
    yield Shown("a is cropped on the right, b the whole", "retina-cropped.jpg", "retina.jpg", cut, whole)
    left, right = _jpeg(hubble[:, :600], 90), _jpeg(hubble[:, 400:], 90)
    done = "the left and the right 60 % of one photograph"
    yield Shown(done, "hubble-left.jpg", "hubble-right.jpg", left, right)
    both = [_photo(name).read_bytes() for name in ("coffee", "chelsea")]
    yield Shown("two photographs", "coffee.png", "chelsea.png", both[0], both[1])
    white, grey = (np.full((300, 400, 3), level, np.uint8) for level in (255, 238))
    yield Shown("white paper and grey paper", "white.jpg", "grey.jpg", _jpeg(white), _jpeg(grey))


def _fitted(image: Image.Image) -> Image.Image:
    scale = min(_SLOT[0] / image.width, _SLOT[1] / image.height)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def _difference(verdict: samepic.Verdict) -> Image.Image | None:
    """Return the last panel of the difference image, where it shows something: changed places or how b lies on a."""
    if not verdict.regions and verdict.transform is None:
        return None
    whole = verdict.difference_image()
    a = verdict.a
    scale = min(1.0, 640 / max(a.width, a.height))
    width, height = round(a.width * scale), round(a.height * scale)
    return whole.crop((whole.width - width, 0, whole.width, height))


def _draw(sheet: Image.Image, number: int, shown: Shown, verdict: samepic.Verdict) -> None:
    """Draw one pair into its cell of the sheet."""
    draw = ImageDraw.Draw(sheet)
    row, column = divmod(number - 1, _COLUMNS)
    left, top = _MARGIN + column * (_CELL[0] + _MARGIN), _MARGIN + row * _CELL[1]
    small, large = ImageFont.load_default(16), ImageFont.load_default(18)
    draw.line((left, top - 8, left + _CELL[0], top - 8), fill=_LINE)
    draw.text((left, top), f"{number}.  {shown.done}", fill=_SOFT, font=small)
    panels = [Image.open(io.BytesIO(data)) for data in (shown.first, shown.second)]
    change = _difference(verdict)
    at = left
    for panel in (*panels, *([change] if change else [])):
        thumb = _fitted(panel)
        place = (at, top + 24)
        sheet.paste(thumb, place)
        draw.rectangle(
            (place[0] - 1, place[1] - 1, place[0] + thumb.width, place[1] + thumb.height), outline=_LINE
        )
        at += _SLOT[0] + _GAP
    said = f"{_WORDS[verdict.same]}: {verdict.relation}, {_percent(verdict.probability)}"
    draw.text((left, top + 32 + _SLOT[1]), said, fill=_COLOURS[verdict.same], font=large)
    for down, line in enumerate(textwrap.wrap(verdict.explanation, 88)):
        draw.text((left, top + 56 + _SLOT[1] + 22 * down), line, fill=_INK, font=large)


def _percent(probability: float) -> str:
    shown = min(99.9, max(0.1, probability * 100))
    sign = "over " if probability > 0.999 else "under " if probability < 0.001 else ""
    return f"{sign}{shown:.3g} %"


def _judged(folder: Path) -> list[tuple[Shown, samepic.Verdict]]:
    found = []
    for number, shown in enumerate(pairs()):
        place = folder / str(number)
        place.mkdir()
        for name, data in ((shown.a, shown.first), (shown.b, shown.second)):
            (place / name).write_bytes(data)
        found.append((shown, samepic.compare(place / shown.a, place / shown.b)))
    return found


OPTIONS = (
    option("--out", ROOT / "docs" / "explanations.png", type=Path),
    option("--print", False, help="print the sentences and draw nothing"),
)


def main(args: argparse.Namespace) -> None:
    """Draw the sheet, or print its sentences."""
    with tempfile.TemporaryDirectory() as folder:
        found = _judged(Path(folder))
        if not args.print:
            rows = -(-len(found) // _COLUMNS)
            sheet = Image.new("RGB", (_WIDTH, rows * _CELL[1] + _MARGIN), _PAPER)
            for number, (shown, verdict) in enumerate(found, 1):
                _draw(sheet, number, shown, verdict)
            sheet.quantize(256).save(args.out, optimize=True)
    for number, (shown, verdict) in enumerate(found, 1):
        print(
            f"{number:2}. {shown.done}: {verdict.relation} {verdict.probability:.4f}\n    {verdict.explanation}"
        )
