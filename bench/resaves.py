"""Photographs of Kodak and BSDS500 saved again in forty ways, and with one local edit: pairs that only measure."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache, partial
from itertools import product
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench.common import SEED, encoded, rgb_of, wanted_data
from bench.edits import EDITS, local_edit
from bench.pairs import IN_PLACE, Labelled, changed_mask, edited_pair
from bench.profiles_made import space_profile, to_space

Rng = np.random.Generator
_KEPT_SEGMENTS = frozenset((0xE0, 0xE2, 0xEE))  # JFIF, ICC and Adobe: they decide what is shown
Pipeline = Callable[[Image.Image], bytes]


def _chain(image: Image.Image, *qualities: int) -> bytes:
    data = b""
    for quality in qualities:
        data = encoded(image, "JPEG", quality=quality)
        image = Image.open(io.BytesIO(data))
    return data


def _scaled(
    image: Image.Image, scale: float, how: Image.Resampling, kind: str = "JPEG", **options: object
) -> bytes:
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return encoded(image.resize(size, how), kind, **options)


def _tagged(image: Image.Image, tag: int, undo: Image.Transpose, **options: object) -> bytes:
    """Store the picture turned, with the EXIF tag that turns it back."""
    exif = Image.Exif()
    exif[274] = tag
    return encoded(image.transpose(undo), "JPEG", exif=exif.tobytes(), **options)


def _with_exif(image: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "Maker", "Model"
    return encoded(image, "JPEG", quality=92, exif=exif.tobytes(), comment=b"a comment")


def _sixteen(image: Image.Image) -> bytes:
    """A 16-bit RGB PNG, whose samples are the 8-bit ones times 257."""
    bgr = np.asarray(image.convert("RGB"))[..., ::-1].astype(np.uint16) * 257
    return bytes(cv2.imencode(".png", bgr)[1].tobytes())


def _display_p3(image: Image.Image) -> bytes:
    """The same colours in Display P3 numbers, with the profile embedded, as phones save them."""
    wide = to_space(np.asarray(image.convert("RGB")), "P3")
    return encoded(wide, "JPEG", quality=92, icc_profile=space_profile("P3"))


def stripped(data: bytes) -> bytes:
    """Return a JPEG without metadata: no comment, no application segment but those that decide its colours."""
    kept, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE) or data[at + 1] in _KEPT_SEGMENTS:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


_R, _T = Image.Resampling, Image.Transpose
PIPELINES: dict[str, Pipeline] = {
    "pillow default": encoded,
    **{f"jpeg q{q}": partial(encoded, quality=q) for q in (95, 90, 85, 60, 50, 40, 30)},
    **{f"jpeg q{q} 4:4:4": partial(encoded, quality=q, subsampling=0) for q in (95, 75, 50, 30)},
    "jpeg q80 4:2:2": partial(encoded, quality=80, subsampling=1),
    "progressive q85": partial(encoded, quality=85, progressive=True),
    "progressive q50": partial(encoded, quality=50, progressive=True),
    "optimised q70": partial(encoded, quality=70, optimize=True),
    **{f"webp {q}": partial(encoded, kind="WEBP", quality=q) for q in (90, 75, 50, 30)},
    "webp lossless": partial(encoded, kind="WEBP", lossless=True),
    "avif 60": partial(encoded, kind="AVIF", quality=60),
    "jpeg 2000": partial(encoded, kind="JPEG2000", quality_mode="rates", quality_layers=[20]),
    "half lanczos q85": lambda i: _scaled(i, 0.5, _R.LANCZOS, quality=85),
    "half bicubic q75": lambda i: _scaled(i, 0.5, _R.BICUBIC, quality=75),
    "half bilinear png": lambda i: _scaled(i, 0.5, _R.BILINEAR, "PNG"),
    "third box q80": lambda i: _scaled(i, 1 / 3, _R.BOX, quality=80),
    "twice as large q85": lambda i: _scaled(i, 2, _R.BICUBIC, quality=85),
    "double 75, 85": lambda i: _chain(i, 75, 85),
    "double 50, 90": lambda i: _chain(i, 50, 90),
    "triple 80, 60, 40": lambda i: _chain(i, 80, 60, 40),
    "exif added": _with_exif,
    "tag 6 q85": lambda i: _tagged(i, 6, _T.ROTATE_90, quality=85),
    "tag 3 q60": lambda i: _tagged(i, 3, _T.ROTATE_180, quality=60),
    "exif stripped": _with_exif,
    "palette png": lambda i: encoded(i.convert("RGB").quantize(256), "PNG"),
    "web palette png": lambda i: encoded(i.convert("RGB").convert("P"), "PNG"),
    "cmyk jpeg": lambda i: encoded(i.convert("RGB").convert("CMYK"), "JPEG", quality=85),
    "16-bit png": _sixteen,
    "display p3": _display_p3,
}
_EDITS = tuple(product(enumerate(EDITS), (0.001, 0.005), ("original", "q60 of it")))
"""Number and kind of an edit, its share of the frame, and what the edited picture is compared with."""


@lru_cache(maxsize=1)
def _photographs() -> tuple[Path, ...]:
    """Return all of kodak and every tenth of bsds500, 74 pictures."""
    data = wanted_data() / "photos"
    return (*sorted((data / "kodak").glob("*.png")), *sorted((data / "bsds500").glob("*.jpg"))[::10])


def _drawn(number: int, ways: int) -> tuple[Path, int]:
    """Return the photograph and the way of a number: the first 74 are of all photographs, in ways that take turns."""
    turn, at = divmod(number, len(_photographs()))
    return _photographs()[at], (turn + at) % ways


def resaves(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph of either half and the same saved again; 74 times 40 pairs are all there are."""
    path, way = _drawn(number, len(PIPELINES))
    name, pipeline = list(PIPELINES.items())[way]
    original, copy = path.read_bytes(), pipeline(rgb_of(path))
    a, b = (copy, stripped(copy)) if name == "exif stripped" else (original, copy)
    return Labelled(name, IN_PLACE | {"same-file"}, a, b)


def local_edits(half: str, number: int, rng: Rng) -> Labelled:
    """Return a photograph of either half, or a JPEG 60 of it, and the same edited in one place, saved as JPEG 85.

    74 times 32 pairs are all there are; what shows no such edit gives its place to the next photograph.
    """
    path, way = _drawn(number, len(_EDITS))
    (seed, kind), share, against = _EDITS[way]
    edit = local_edit(np.asarray(rgb_of(path)), kind, share, SEED + seed)
    if edit is None:
        return local_edits(half, number + 1, rng)
    mask = changed_mask(edit.before, edit.after)
    assert mask is not None
    source = encoded(edit.before, "PNG") if against == "original" else encoded(edit.before, quality=60)
    return edited_pair(f"{kind} {share:.1%} against {against}", source, encoded(edit.after, quality=85), mask)
