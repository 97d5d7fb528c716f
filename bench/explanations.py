"""Draw docs/explanations.png: twenty pairs with what samepic says of each, for a person to check that it is true.

    python -m bench explanations [--out FILE.png] [--print]

The pairs are made of examples/photos; the same pictures come out every time. Above each pair stands what was done.
"""

from __future__ import annotations

import argparse
import io
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

import samepic
from bench.common import ROOT, SEED, encoded, option
from bench.copies import stripped
from bench.families import alter
from bench.family_base import Pixels
from bench.pairs import resized
from examples.demo import ROCKET
from samepic.picture import load

_COLUMNS, _CELL, _MARGIN, _SLOT = 2, (776, 300), 24, (248, 178)
_COLOURS = {True: (18, 120, 60), False: (178, 34, 34), None: (110, 90, 20)}
_WORDS = {True: "same", False: "not the same", None: "cannot tell"}
_ALTERED = (
    ("brighter (gamma 0.8)", "rocket", "gamma", "0.8"),
    ("made grey", "astronaut", "grey", "luma"),
    ("mirrored", "chelsea", "mirror", "full size"),
    ("turned to the left by 90°", "rocket", "quarter turns", "90"),
    ("cropped to half of its area", "coffee", "crop", "50 %"),
    ("in a white frame", "chelsea", "border", "polaroid"),
    ("corners moved, as from the side", "coffee", "perspective", "strong"),
    ("words on a bar", "chelsea", "caption inside", "bar"),
    ("a sticker", "astronaut", "sticker", "smiley"),
    ("words above the picture", "coffee", "caption outside", "above"),
    ("put small on another photograph", "chelsea", "picture in picture", "35 to 50 %"),
)
"""What was done, to which photograph, and the family and level of it."""


def _photo(name: str) -> Path:
    return next((ROOT / "examples" / "photos").glob(f"{name}.*"))


def _rgb(name: str) -> Pixels:
    return load(_photo(name)).rgb


def _copies() -> Iterator[tuple[str, str, bytes]]:
    """Yield what was done, the photograph, and its copy."""
    hubble, coffee, rocket = map(_rgb, ("hubble", "coffee", "rocket"))
    yield "saved again at JPEG quality 75", "hubble", encoded(hubble, quality=75)
    yield "half as wide and high, JPEG 85", "coffee", encoded(resized(coffee, 0.5), quality=85)
    yield "EXIF and comments taken out", "hubble", stripped(_photo("hubble").read_bytes())
    for done, name, family, level in _ALTERED:
        made = alter(family, level, _rgb(name), np.random.default_rng([SEED, 0]), coffee)
        yield done, name, encoded(made.rgb, quality=85)
    painted, (left, top, right, low), (across, down) = rocket.copy(), ROCKET.box, ROCKET.shift
    painted[top:low, left:right] = rocket[top + down : low + down, left + across : right + across]
    yield "a mast painted out", "rocket", encoded(painted, quality=90)
    w, h = (round(side * 0.6**0.5) for side in rocket.shape[1::-1])
    part = rocket[-h - 20 : -20, ::-1][:, 90 : 90 + w] * np.array([1.12, 1.0, 0.85], np.float32)
    warmer = encoded(np.clip(part, 0, 255).astype(np.uint8), quality=75)
    yield "mirrored, cropped to 60 %, warmer, JPEG 75", "rocket", warmer


def _pairs() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield what was done to b, and both files by their names, of twenty pairs."""
    for done, name, copy in _copies():
        yield done, {_photo(name).name: _photo(name).read_bytes(), f"{name}-copy.jpg": copy}
    retina, hubble = _rgb("retina"), _rgb("hubble")
    cut = encoded(retina[:, : round(retina.shape[1] * 0.7)], quality=90)
    whole = {"retina-cropped.jpg": cut, "retina.jpg": _photo("retina").read_bytes()}
    yield "a is cropped on the right, b the whole", whole
    halves = {"left": hubble[:, :600], "right": hubble[:, 400:]}
    files = {f"hubble-{side}.jpg": encoded(part, quality=90) for side, part in halves.items()}
    yield "the left and the right 60 % of one photograph", files
    yield "two photographs", {path.name: path.read_bytes() for path in map(_photo, ("coffee", "chelsea"))}
    papers = {f"{name}.jpg": encoded(Image.new("RGB", (400, 300), name)) for name in ("white", "#eee")}
    yield "white paper and grey paper", papers


def _panels(files: Iterable[bytes], verdict: samepic.Verdict) -> list[Image.Image]:
    """Return both pictures, and the last panel of the difference image where it shows changed places or how b lies."""
    panels = [Image.open(io.BytesIO(data)).convert("RGB") for data in files]
    if verdict.regions or verdict.transform is not None:
        whole, a = verdict.difference_image(), verdict.a
        width, height = (round(side * min(1.0, 640 / max(a.width, a.height))) for side in (a.width, a.height))
        panels.append(whole.crop((whole.width - width, 0, whole.width, height)))
    return panels


def _cell(title: str, files: Iterable[bytes], verdict: samepic.Verdict) -> Image.Image:
    cell = Image.new("RGB", _CELL, "white")
    draw, large = ImageDraw.Draw(cell), ImageFont.load_default(18)
    draw.line((0, 0, _CELL[0], 0), fill="#ddd")
    draw.text((0, 8), title, fill="#606066", font=ImageFont.load_default(16))
    for place, panel in enumerate(_panels(files, verdict)):
        thumb = ImageOps.expand(ImageOps.contain(panel, _SLOT, Image.Resampling.LANCZOS), 1, "#ddd")
        cell.paste(thumb, (place * (_SLOT[0] + 12), 32))
    chance = min(99.9, max(0.1, verdict.probability * 100))
    said = f"{_WORDS[verdict.same]}: {verdict.relation}, {chance:.3g} %"
    draw.text((0, 40 + _SLOT[1]), said, fill=_COLOURS[verdict.same], font=large)
    words = "\n".join(textwrap.wrap(verdict.explanation, 88))
    draw.text((0, 64 + _SLOT[1]), words, fill="#1c1c1e", font=large)
    return cell


OPTIONS = (
    option("--out", ROOT / "docs" / "explanations.png", type=Path),
    option("--print", False, help="print the sentences and draw nothing"),
)


def main(args: argparse.Namespace) -> None:
    """Draw the sheet and print its sentences."""
    cells = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (done, files) in enumerate(_pairs(), 1):
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            verdict = samepic.compare(*(Path(folder) / name for name in files))
            print(f"{number:2}. {done}: {verdict.relation} {verdict.probability:.4f}")
            print(f"    {verdict.explanation}")
            cells.append(None if args.print else _cell(f"{number}.  {done}", files.values(), verdict))
    if not args.print:
        across, down = _CELL[0] + _MARGIN, _CELL[1]
        size = _MARGIN + _COLUMNS * across, _MARGIN + -(-len(cells) // _COLUMNS) * down
        sheet = Image.new("RGB", size, "white")
        for number, cell in enumerate(filter(None, cells)):
            sheet.paste(cell, (_MARGIN + number % _COLUMNS * across, _MARGIN + number // _COLUMNS * down))
        sheet.quantize(256).save(args.out, optimize=True)
