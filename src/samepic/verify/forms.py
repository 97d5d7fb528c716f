"""Forms of one picture that a copy may rightly look like: in few colours, or through the copy's own codec."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.verify.residual import typical_difference

__all__ = ["coded_forms", "few_colours", "palette_forms"]

Pixels: TypeAlias = NDArray[np.uint8]

_PALETTE = 256
_LADDERS: dict[str, tuple[str, tuple[dict[str, Any], ...]]] = {
    "WEBP": ("WEBP", tuple({"quality": q, "method": 2} for q in (85, 65, 45, 30, 15, 5))),
    "AVIF": ("AVIF", tuple({"quality": q, "speed": 9} for q in (80, 65, 50, 35, 20))),
    "JPEG2000": (
        "JPEG2000",
        tuple(
            {"quality_mode": "rates", "quality_layers": [r], "irreversible": True}
            for r in (8, 14, 24, 40, 70)
        ),
    ),
}
_LADDERS["HEIF"] = _LADDERS["AVIF"]  # no HEVC encoder is at hand; AV1's intra frames err alike


def few_colours(rgb: Pixels) -> bool:
    """Tell whether a picture of some size holds at most 256 colours, judged on every seventh pixel each way."""
    sample = rgb[::7, ::7].reshape(-1, 3)
    if len(sample) <= 4 * _PALETTE:
        return False
    codes = np.sort(_codes(sample))
    return int(np.count_nonzero(codes[1:] != codes[:-1])) < _PALETTE


def palette_forms(source: Pixels, target: Pixels) -> Iterator[Pixels]:
    """Yield source in at most as many colours as target has, where that is 256 or fewer.

    First each pixel in the nearest of target's own colours; then by median cut (Heckbert 1982) and by octree
    (Gervautz and Purgathofer 1988), whose boxes give small bright patches other colours than the nearest.
    """
    if len(np.unique(_codes(target[::7, ::7].reshape(-1, 3)))) > _PALETTE:
        return  # which costs little to see, and holds of nearly all pictures
    colours = np.unique(_codes(target.reshape(-1, 3)))
    if len(colours) > _PALETTE:
        return
    palette = np.stack([colours >> 16, (colours >> 8) & 255, colours & 255], axis=1).astype(np.uint8)
    holder = Image.new("P", (1, 1))
    holder.putpalette(palette.tobytes() + palette[-1].tobytes() * (_PALETTE - len(palette)))
    image = Image.fromarray(source)
    yield _rgb(image.quantize(palette=holder, dither=Image.Dither.NONE))
    for method in (Image.Quantize.MEDIANCUT, Image.Quantize.FASTOCTREE):
        yield _rgb(image.quantize(len(colours), method=method))


def coded_forms(source: Pixels, target: Pixels, kind: str) -> Iterator[Pixels]:
    """Yield source through the codec of the format `kind`, at the strength that target shows; none for JPEG."""
    if kind not in _LADDERS:
        return
    codec, ladder = _LADDERS[kind]
    wanted = typical_difference(source, target)
    low, high = 0, len(ladder) - 1
    forms: dict[int, Pixels] = {}
    while low < high:
        middle = (low + high) // 2
        forms[middle] = _through(source, codec, ladder[middle])
        low, high = (
            (middle + 1, high) if typical_difference(source, forms[middle]) < wanted else (low, middle)
        )
    yield forms[low] if low in forms else _through(source, codec, ladder[low])


def _codes(colours: Pixels) -> NDArray[np.uint32]:
    return np.asarray(colours.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32), np.uint32)


def _through(source: Pixels, codec: str, options: dict[str, Any]) -> Pixels:
    out = io.BytesIO()
    Image.fromarray(source).save(out, codec, **options)
    return _rgb(Image.open(io.BytesIO(out.getvalue())))


def _rgb(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), np.uint8)
