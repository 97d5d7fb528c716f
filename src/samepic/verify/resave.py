"""Re-enactment: save one picture the way the other was saved; if the result is the other, that is proof."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.picture import Picture, load
from samepic.profiles import JUDGE
from samepic.verdict import JpegInfo
from samepic.verify.scaling import SCALINGS

__all__ = ["Reenactment", "reenact"]

Pixels: TypeAlias = NDArray[np.uint8]

_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2, "gray": -1}
_BLOCK = 8


@dataclass(frozen=True, slots=True)
class Reenactment:
    """What came of saving the source like the target.

    `exact` is the share, 0 to 1, of the target's textured 8 x 8 blocks that came out bit for bit; `proof` is
    True when every pixel did (but for rounding between decoders); `resampling` names the filter of a change of
    size, or "".
    """

    exact: float
    proof: bool
    jpeg: JpegInfo | None
    resampling: str = ""


def reenact(source: Picture, target: Picture) -> Reenactment | None:
    """Save `source` with the quantisation tables, subsampling, size and orientation of the JPEG `target`.

    A target that is no JPEG is re-enacted by leaving source as it is.
    Returns the best attempt, or None where there is nothing to learn: CMYK, RGB-coded, rare subsampling, a
    colour profile other than sRGB, alpha, or another lossy format. The idea of re-quantising with the
    tables at hand is that of JPEG forensics (Farid, "Digital image ballistics from JPEG quantization", 2006).
    """
    if source.alpha is not None:
        return None
    jpeg = target.info.jpeg
    if jpeg is None:
        return _unchanged(source, target)
    if jpeg.colour not in ("gray", "ycbcr") or jpeg.subsampling not in _SUBSAMPLINGS or not _plain(target):
        return None
    best: Reenactment | None = None
    for image, name in _sized(source, target):
        made = _judge(_save_like(image, target, jpeg), target, name)
        if best is None or (made.proof, made.exact) > (best.proof, best.exact):
            best = made
        if made.proof:
            break
    return best


def _unchanged(source: Picture, target: Picture) -> Reenactment | None:
    """Take source itself for what a lossless save makes of it."""
    if target.alpha is not None or target.rgb.shape != source.rgb.shape:
        return None
    made = _judge(source.rgb, target, "")
    return made if made.exact >= JUDGE.exact_share else None


def _plain(target: Picture) -> bool:
    profile = target.info.profile.lower()
    return not profile or "srgb" in profile


def _sized(source: Picture, target: Picture) -> Iterator[tuple[Image.Image, str]]:
    """Yield source at the size of target: as it is, or by each common way of scaling, the nearest four."""
    size = (target.info.width, target.info.height)
    if (source.info.width, source.info.height) == size:
        yield Image.fromarray(source.rgb), ""
        return

    def distance(name: str) -> float:
        return float(cv2.norm(SCALINGS[name](source.rgb, size), target.rgb, cv2.NORM_L2))

    # Heavy coding hides which way it was, so that several are tried; none is kept, for they may be large.
    for name in sorted(SCALINGS, key=distance)[: JUDGE.scalings_tried]:
        yield Image.fromarray(SCALINGS[name](source.rgb, size)), name


def _save_like(image: Image.Image, target: Picture, jpeg: JpegInfo) -> Pixels:
    """Return the upright pixels of `image` after one trip through a JPEG coded like target."""
    turn = _UNDO.get(target.info.orientation)
    stored = image if turn is None else image.transpose(turn)
    stored = stored.convert("L") if jpeg.colour == "gray" else stored
    tables = [list(table) for table in dict.fromkeys(jpeg.tables)]
    if jpeg.colour == "ycbcr" and len(tables) == 1:
        tables = tables * 2
    out = io.BytesIO()
    stored.save(out, "JPEG", qtables=tables, subsampling=_SUBSAMPLINGS[jpeg.subsampling])
    rgb = load(out.getvalue()).rgb
    if turn is None:
        return rgb
    back = {6: Image.Transpose.ROTATE_270, 8: Image.Transpose.ROTATE_90}.get(target.info.orientation, turn)
    return np.asarray(Image.fromarray(rgb).transpose(back))


def _judge(made: Pixels, target: Picture, name: str) -> Reenactment:
    """Compare what was made with the target, block by block."""
    diff = np.asarray(cv2.absdiff(made, target.rgb).max(axis=2), np.uint8)
    worst = _block_max(diff)
    luma = np.asarray(cv2.cvtColor(target.rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    textured = (_block_max(luma) - _block_max(~luma, flip=True)) > JUDGE.textured
    # A picture without texture proves nothing block by block; then only all of it counts.
    informative = textured if textured.any() else np.ones_like(textured)
    exact = float((worst[informative] == 0).mean())
    proof = exact >= JUDGE.exact_share and int(worst.max()) <= JUDGE.exact_slack
    return Reenactment(exact, proof, target.info.jpeg, name)


def _block_max(plane: Pixels, *, flip: bool = False) -> NDArray[np.int16]:
    """Return the largest value in each 8 x 8 block (255 minus it when `flip`), edges included."""
    height, width = plane.shape
    grown = cv2.copyMakeBorder(plane, 0, -height % _BLOCK, 0, -width % _BLOCK, cv2.BORDER_REPLICATE)
    largest = cv2.dilate(grown, np.ones((_BLOCK, _BLOCK), np.uint8), anchor=(0, 0))[::_BLOCK, ::_BLOCK]
    wide = largest.astype(np.int16)
    return np.asarray(255 - wide if flip else wide, np.int16)
