"""Contracts of verdicts: what compare says of photographs and copies of them, and of drawn signs, charts and pages."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

import samepic
from samepic.tuning import VERSION
from tests.golden.shapes import masked, read_pictures

__all__ = ["TOLERANCE", "VERDICTS", "changed", "verdicts"]

TOLERANCE = 0.03
VERDICTS = "verdicts/verdicts.json"
_SIDE = 400

Picture = Image.Image
Make = Callable[[Picture], bytes]


def verdicts(folder: Path) -> dict[str, str]:
    """Return the verdicts on all pairs with the version that they are of, and their sentences."""
    result, sentences = {}, []
    for name, (a, b) in sorted(_pairs()):
        verdict = samepic.compare(a, b)
        result[name] = {
            "probability": round(verdict.probability, 2),
            "relation": str(verdict.relation),
            "same": verdict.same,
        }
        sentences.append(f"{name}: {masked(verdict.explanation)}\n")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(one)}" for name, one in result.items())
    whole = f'{{\n "verdicts": {{\n{lines}\n }},\n "version": {VERSION}\n}}\n'
    return {VERDICTS: whole, "verdicts/sentences.txt": "".join(sentences)}


def changed(wanted: str, got: str) -> list[str]:
    """Return what was decided otherwise than before; a probability may be off by no more than TOLERANCE."""
    before, now = json.loads(wanted)["verdicts"], json.loads(got)["verdicts"]
    found = []
    for name in sorted({*before, *now}):
        one, other = before.get(name), now.get(name)
        if one is None or other is None:
            found.append(f"{name}: was {one}, is {other}")
            continue
        near = abs(one["probability"] - other["probability"]) <= TOLERANCE
        if (one["relation"], one["same"]) != (other["relation"], other["same"]) or not near:
            found.append(f"{name}: was {one}, is {other}")
    return found


def _saved(image: Picture, kind: str = "PNG", /, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def _pairs() -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    images = {}
    for name, path in read_pictures(("astronaut", "chelsea", "coffee", "rocket")).items():
        with Image.open(path) as opened:
            images[name] = opened.convert("RGB")
        images[name].thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    for name in ("astronaut", "chelsea", "coffee"):
        whole = _saved(images[name])
        for kind, make in _COPIES.items():
            if name == "astronaut" or kind in _OF_ALL:
                yield f"{name}, {kind}", (whole, make(images[name]))
    for a, b in (
        ("astronaut", "chelsea"),
        ("chelsea", "coffee"),
        ("coffee", "rocket"),
        ("rocket", "astronaut"),
    ):
        yield f"{a}, {b}", (_saved(images[a]), _saved(images[b], "JPEG", quality=80))
    yield from _drawn()


def _crop(image: Picture, share: float) -> Picture:
    across, down = round(image.width * share / 2), round(image.height * share / 2)
    return image.crop((across, down, image.width - across, image.height - down))


def _caption(image: Picture, text: str = "a caption of some words") -> Picture:
    made = image.copy()
    ImageDraw.Draw(made).text((20, image.height - 50), text, "white", font=ImageFont.load_default(24))
    return made


def _covered(image: Picture, part: float) -> Picture:
    made = image.copy()
    box = (30, 30, 30 + round(image.width * part), 30 + round(image.height * part))
    ImageDraw.Draw(made).rectangle(box, fill=(200, 30, 40))
    return made


def _gamma(image: Picture, power: float) -> Picture:
    return image.point([round(255 * (level / 255) ** power) for level in range(256)] * len(image.getbands()))


def _noisy(image: Picture) -> Picture:
    pixels = np.asarray(image).astype(float)
    noise = np.random.default_rng(3).normal(0, 12, pixels.shape)
    return Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8))


def _resized(image: Picture, share: float) -> Picture:
    return image.resize((round(image.width * share), round(image.height * share)), Image.Resampling.BICUBIC)


def _jpeg(image: Picture, quality: int = 85) -> bytes:
    return _saved(image, "JPEG", quality=quality)


_COPIES: dict[str, Make] = {
    "same file": _saved,
    "BMP": lambda image: _saved(image, "BMP"),
    **{f"JPEG {quality}": partial(_jpeg, quality=quality) for quality in (95, 75, 40, 15)},
    "JPEG 75 twice": lambda image: _jpeg(_again(image, 75), 75),
    "WebP 80": lambda image: _saved(image, "WEBP", quality=80),
    "WebP 30": lambda image: _saved(image, "WEBP", quality=30),
    "resized to 50 %": lambda image: _jpeg(_resized(image, 0.5)),
    "resized to 170 %": lambda image: _jpeg(_resized(image, 1.7)),
    "stretched": lambda image: _jpeg(image.resize((image.width, round(image.height * 0.85)))),
    "cropped by 5 %": lambda image: _jpeg(_crop(image, 0.05)),
    "cropped by 30 %": lambda image: _jpeg(_crop(image, 0.3)),
    "cropped by 60 %": lambda image: _jpeg(_crop(image, 0.6)),
    "in a border": lambda image: _jpeg(ImageOps.expand(image, 24, "white")),
    "turned by 90": lambda image: _jpeg(image.transpose(Image.Transpose.ROTATE_90)),
    "turned by 180": lambda image: _saved(image.transpose(Image.Transpose.ROTATE_180)),
    "turned by 7": lambda image: _jpeg(image.rotate(7, Image.Resampling.BICUBIC)),
    "mirrored": lambda image: _jpeg(ImageOps.mirror(image)),
    "gray": lambda image: _jpeg(image.convert("L")),
    "gamma 0.6": lambda image: _jpeg(_gamma(image, 0.6)),
    "gamma 1.5": lambda image: _jpeg(_gamma(image, 1.5)),
    "negative": lambda image: _jpeg(ImageOps.invert(image)),
    "more color": lambda image: _jpeg(ImageEnhance.Color(image).enhance(1.6)),
    "blurred": lambda image: _jpeg(image.filter(ImageFilter.GaussianBlur(2))),
    "sharpened": lambda image: _jpeg(image.filter(ImageFilter.UnsharpMask(2, 150, 0))),
    "noise": lambda image: _jpeg(_noisy(image), 90),
    "captioned": lambda image: _jpeg(_caption(image)),
    "covered by 1 %": lambda image: _jpeg(_covered(image, 0.1)),
    "covered by 20 %": lambda image: _jpeg(_covered(image, 0.45)),
    "palette": lambda image: _saved(image.quantize(64)),
    "cropped, captioned": lambda image: _jpeg(_caption(_crop(image, 0.2))),
    "half, gray": lambda image: _jpeg(_resized(image, 0.5).convert("L")),
}
_OF_ALL = frozenset(
    (
        *("JPEG 75", "WebP 30", "resized to 50 %", "cropped by 30 %", "mirrored", "gray", "gamma 0.6"),
        *("captioned", "covered by 1 %"),
    )
)


def _again(image: Picture, quality: int) -> Picture:
    with Image.open(io.BytesIO(_jpeg(image, quality))) as opened:
        return opened.convert("RGB")


def _drawn() -> Iterator[tuple[str, tuple[bytes, bytes]]]:
    limit, chart, page = _sign("50"), _chart((30, 80, 55, 120)), _page("The first line of a page")
    yield "sign, saved again", (_saved(limit), _jpeg(limit))
    yield "sign, another number", (_saved(limit), _jpeg(_sign("80")))
    yield "sign, another color", (_saved(limit), _jpeg(_sign("50", "blue")))
    yield "chart, saved again", (_saved(chart), _jpeg(chart))
    yield "chart, one bar changed", (_saved(chart), _saved(_chart((30, 80, 75, 120))))
    yield "chart, other figures", (_saved(chart), _jpeg(_chart((120, 40, 90, 20))))
    yield "page, saved again", (_saved(page), _jpeg(page))
    yield "page, one word changed", (_saved(page), _saved(_page("The first word of a page")))
    yield "page, another page", (_saved(page), _jpeg(_page("Something else altogether", 9)))
    yield (
        "flat, another flat",
        (_saved(Image.new("RGB", (90, 60), "gray")), _saved(Image.new("RGB", (90, 60)))),
    )


def _sign(text: str, color: str = "red") -> Picture:
    made = Image.new("RGB", (240, 240), "white")
    draw = ImageDraw.Draw(made)
    draw.ellipse((20, 20, 220, 220), fill=color)
    draw.ellipse((48, 48, 192, 192), fill="white")
    draw.text((78, 80), text, "black", font=ImageFont.load_default(72))
    return made


def _chart(bars: tuple[int, ...]) -> Picture:
    made = Image.new("RGB", (320, 220), "white")
    draw = ImageDraw.Draw(made)
    draw.line((40, 20, 40, 190, 300, 190), "black", 2)
    for number, height in enumerate(bars):
        left = 60 + 60 * number
        draw.rectangle((left, 190 - height, left + 36, 189), fill=(40 + 50 * number, 90, 180))
        draw.text((left, 196), f"Q{number + 1}", "black", font=ImageFont.load_default(14))
    return made


def _page(heading: str, lines: int = 6) -> Picture:
    made = Image.new("RGB", (360, 280), "#fafafa")
    draw = ImageDraw.Draw(made)
    draw.text((20, 16), heading, "#222222", font=ImageFont.load_default(20))
    for number in range(lines):
        text = f"{number + 1}. some words that say little, {number * 37 % 11} of them"
        draw.text((20, 60 + 22 * number), text, "#333333", font=ImageFont.load_default(13))
    return made
