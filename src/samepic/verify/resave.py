"""Re-enactment: one picture re-encoded the way the other was saved; an equal result proves which is the original."""

from __future__ import annotations

import io
import math
from enum import StrEnum
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from samepic.arrays import Pixels
from samepic.facts import OriginalReason
from samepic.native import native
from samepic.picture import Picture, load
from samepic.tuning.verify import JUDGE
from samepic.verdict import JpegInfo, PictureInfo
from samepic.verify.photometry import SCALINGS, scaled_rows
from samepic.verify.quantization import LOSSLESS, is_derivable, most_of

_UNDO = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_90",
    7: "TRANSVERSE",
    8: "ROTATE_270",
}

_SUBSAMPLINGS = {"4:4:4": 0, "4:2:2": 1, "4:2:0": 2, "gray": -1}
_BLOCK = 8
_BAND = 32  # rows: whole blocks of every subsampling


class ProofScope(StrEnum):
    """What re-enactment is asked for: nothing, all it can tell, or only whether a, or b, is the copy of a re-save.

    The latter two are for a caller who holds that picture for the original, and need not know how the other was made.
    `RELATION` is for one who needs the relation alone: a sure re-save is not proven.
    """

    NONE = ""
    ALL = "all"
    RELATION = "relation"
    COPY_A = "a"
    COPY_B = "b"


class Reenactment(NamedTuple):
    """The result of saving the source like the target.

    `exact` is the share, 0 to 1, of the target's textured 8 x 8 blocks that are equal bit for bit (of those in a band
    of rows, where that already rules out the rest). `proof` is True when every pixel is equal, except for
    rounding between decoders. `resampling` names the filter of a change of size, or "".
    """

    exact: float
    proof: bool
    jpeg: JpegInfo | None
    resampling: str = ""


def reenact(source: Picture, target: Picture) -> Reenactment | None:
    """Save `source` with the quantization tables, subsampling, size and orientation of the JPEG `target`.

    For a target that is not a JPEG the source is used unchanged. Returns the best attempt, or None where re-enactment
    is impossible: CMYK, RGB-coded, rare subsampling, a color profile other than sRGB, alpha, or another lossy format.
    Re-quantizing with known tables comes from JPEG forensics (Farid, "Digital image ballistics from JPEG quantization",
    2006).
    """
    if source.alpha is not None:
        return None
    jpeg = target.info.jpeg
    if jpeg is None:
        return _unchanged(source, target)
    own_colors = target.info.profile and "srgb" not in target.info.profile.lower()
    if jpeg.colour not in ("gray", "ycbcr") or jpeg.subsampling not in _SUBSAMPLINGS or own_colors:
        return None
    band = _band(target)
    scalings = ("",) if source.rgb.shape == target.rgb.shape else tuple(SCALINGS)
    attempts = [_attempt(source, target, jpeg, name, band) for name in scalings]
    best = max(attempts, key=lambda attempt: attempt.result.exact).result
    # Strong compression hides which scaling was used, so several are tried, the closest first.
    proven = (attempt for attempt in attempts if attempt.result.proof)
    likely = sorted(proven, key=lambda attempt: attempt.distance)
    if not likely:
        return best
    textured = _textured(target.rgb)
    for attempt in likely[: JUDGE.scalings_tried]:
        sized = _scaled(source.rgb, target.rgb.shape, attempt.scaling)
        result = _compared(_save_like(sized, target, jpeg), target.rgb, textured, jpeg, attempt.scaling)
        if attempt is likely[0] or (result.proof, result.exact) > (best.proof, best.exact):
            best = result
        if result.proof:
            break
    return best


class _Attempt(NamedTuple):
    """A scaling, its result on a band of rows, and the distance of the scaled rows to the target."""

    scaling: str
    result: Reenactment
    distance: float


def _scaled(rgb: Pixels, shape: tuple[int, ...], name: str) -> Pixels:
    return SCALINGS[name](rgb, (shape[1], shape[0])) if name else rgb


def _band(target: Picture) -> slice | None:
    """Return rows that are coded independently and have texture, near the middle if there: blank ones rule nothing out.

    None where a band would save no time.
    """
    height = target.rgb.shape[0]
    if target.info.orientation != 1 or height < 3 * _BAND:
        return None
    best, most = slice(0), -1.0
    for place in JUDGE.bands:
        top = int(height * place) // _BAND * _BAND - _BAND // 2
        textured = float(_textured(target.rgb[top : top + _BAND]).mean())
        if textured > most:
            best, most = slice(top, top + _BAND), textured
        if textured >= JUDGE.band_texture:
            break
    return best


def _attempt(source: Picture, target: Picture, jpeg: JpegInfo, name: str, band: slice | None) -> _Attempt:
    """Re-enact a band of rows with the scaling `name`; where it differs from the target, so does the whole."""
    shape = target.rgb.shape
    if band is None:
        distance = cv2.norm(_scaled(source.rgb, shape, name), target.rgb, cv2.NORM_L2) if name else 0.0
        return _Attempt(name, Reenactment(0.0, True, jpeg, name), float(distance))
    rows = scaled_rows(source.rgb, (shape[1], shape[0]), name, band) if name else source.rgb[band]
    expected = target.rgb[band]
    if shape[1] >= _BLOCK and not is_derivable(rows, expected, jpeg):
        return _Attempt(name, Reenactment(0.0, False, jpeg, name), math.inf)
    saved = _save_like(rows, target, jpeg)
    # The outermost rows are smoothed with colors beyond them.
    inner = slice(_BLOCK, _BAND - _BLOCK)
    saved, expected = saved[inner], expected[inner]
    exact = _compared(saved, expected, _textured(expected), jpeg, name).exact
    # A few samples of a scaled band differ by one level from those of the scaled whole.
    possible = float((block_differences(saved, expected) <= JUDGE.exact_slack).mean()) >= JUDGE.exact_share
    distance = float(cv2.norm(rows, target.rgb[band], cv2.NORM_L2))
    return _Attempt(name, Reenactment(exact, possible, jpeg, name), distance)


def _unchanged(source: Picture, target: Picture) -> Reenactment | None:
    """Compare the source itself with the target, as after a lossless save."""
    if target.alpha is not None or target.rgb.shape != source.rgb.shape:
        return None
    result = _compared(source.rgb, target.rgb, _textured(target.rgb), None, "")
    return result if result.exact >= JUDGE.exact_share else None


def _save_like(rgb: Pixels, target: Picture, jpeg: JpegInfo) -> Pixels:
    """Return the upright pixels after saving as a JPEG coded like the target."""
    from PIL import Image

    image = Image.fromarray(rgb)
    turn = _UNDO.get(target.info.orientation)
    stored = image if turn is None else image.transpose(Image.Transpose[turn])
    stored = stored.convert("L") if jpeg.colour == "gray" else stored
    tables = [list(table) for table in dict.fromkeys(jpeg.tables)]
    if jpeg.colour == "ycbcr" and len(tables) == 1:
        tables = tables * 2
    out = io.BytesIO()
    stored.save(out, "JPEG", qtables=tables, subsampling=_SUBSAMPLINGS[jpeg.subsampling])
    rgb = load(out.getvalue()).rgb
    if turn is None:
        return rgb
    back = {6: "ROTATE_270", 8: "ROTATE_90"}.get(target.info.orientation, turn)
    return np.asarray(Image.fromarray(rgb).transpose(Image.Transpose[back]))


def _compared(
    saved: Pixels, target: Pixels, textured: NDArray[np.bool_], jpeg: JpegInfo | None, name: str
) -> Reenactment:
    """Compare the saved pixels with the target, block by block: by the textured blocks if there are any."""
    worst = block_differences(saved, target)
    # Without texture single blocks prove nothing; then all of them count.
    informative = textured if textured.any() else np.ones_like(textured)
    exact = float((worst[informative] == 0).mean())
    proof = exact >= JUDGE.exact_share and int(worst.max()) <= JUDGE.exact_slack
    return Reenactment(exact, proof, jpeg, name)


def _textured(rgb: Pixels) -> NDArray[np.bool_]:
    """Return the 8 x 8 blocks (rows, columns), those at the edge included, in which luma varies."""
    luma = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)
    return (_block_max(luma) - _block_max(~luma, flip=True)) > JUDGE.textured


def block_differences(a: Pixels, b: Pixels) -> NDArray[np.uint8]:
    """Return the largest difference of two pictures (height, width, 3) in each 8 x 8 block, edges included."""
    if native is None:
        return block_differences_plain(a, b)
    height, width = a.shape[:2]
    found = native.differ(np.ascontiguousarray(a), np.ascontiguousarray(b), 3 * width, 3)
    return np.frombuffer(found, np.uint8).reshape(-(-height // _BLOCK), -(-width // _BLOCK))


def block_differences_plain(a: Pixels, b: Pixels) -> NDArray[np.uint8]:
    """Compute `block_differences` without the native module: ten times as slow."""
    return _block_max(most_of(cv2.absdiff(a, b))).astype(np.uint8)


def _block_max(plane: Pixels, *, flip: bool = False) -> NDArray[np.int16]:
    """Return the largest value in each 8 x 8 block (255 minus it when `flip`), edges included."""
    height, width = plane.shape
    grown = cv2.copyMakeBorder(plane, 0, -height % _BLOCK, 0, -width % _BLOCK, cv2.BORDER_REPLICATE)
    largest = cv2.dilate(grown, np.ones((_BLOCK, _BLOCK), np.uint8), anchor=(0, 0))[::_BLOCK, ::_BLOCK]
    wide = largest.astype(np.int16)
    return np.asarray(255 - wide if flip else wide, np.int16)


def original_of(
    a: PictureInfo, b: PictureInfo, forward: Reenactment | None, backward: Reenactment | None
) -> tuple[str, OriginalReason]:
    """Return ("a" | "b" | "", reason): proof by re-enactment first, then size, coding history and metadata.

    `forward` is the re-enactment of b from a, `backward` that of a from b. A criterion decides only where it is
    clear; where none is, the result is "".
    """
    proven = (forward is not None and forward.proof, backward is not None and backward.proof)
    if proven[0] != proven[1]:
        return "a" if proven[0] else "b", OriginalReason.PROOF
    quality_a, quality_b = (a.jpeg.quality, b.jpeg.quality) if a.jpeg and b.jpeg else (0, 0)
    lossless_a, lossless_b = (info.format in LOSSLESS and info.mode != "P" for info in (a, b))
    criteria = (
        (a.width * a.height, b.width * b.height, 1, OriginalReason.LARGER),
        (quality_a, quality_b, JUDGE.quality_gap, OriginalReason.JPEG_QUALITY),
        (lossless_a, lossless_b, 1, OriginalReason.LOSSLESS),
        (a.metadata, b.metadata, JUDGE.metadata_gap + 1, OriginalReason.METADATA),
    )
    clear = (
        ("a" if of_a > of_b else "b", why) for of_a, of_b, gap, why in criteria if abs(of_a - of_b) >= gap
    )
    return next(clear, ("", OriginalReason.NONE))
