"""prepare: what the gate needs of an upload, from its bytes alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import simplejpeg
from numpy.typing import NDArray

from samepic.fingerprint.make import fingerprint, fingerprint_shown
from samepic.fingerprint.proxy import proxy
from samepic.fingerprint.value import Fingerprint
from samepic.picture import Encoded, Picture, inspect
from samepic.profiles import LIMITS, Limits
from samepic.profiles.gate import GATE
from samepic.profiles.resolution import POSSIBLE, RESOLUTION
from samepic.verdict import PictureInfo
from samepic.verify.resolution import unresolved

__all__ = ["Prepared", "catalogue", "prepare"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it is kept: its fingerprint, its proxy (an encoded small picture) and what its header says.

    `unresolved` is how much writing the proxy does not show, 0 to 1 (`samepic.verify.resolution`).
    """

    fingerprint: Fingerprint
    proxy: bytes
    info: PictureInfo
    unresolved: float = 0.0


def prepare(
    data: bytes, name: str = "<bytes>", *, copycode: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint an encoded picture, make its proxy, and measure what that does not show.

    Raises as `samepic.picture.load`, and MissingPartError where copy codes cannot be made.
    """
    encoded = Encoded(name, data)
    info = inspect(encoded, limits=limits)
    made, picture = fingerprint_shown(encoded, GATE.proxy_side, copycode=copycode, limits=limits)
    return Prepared(made, proxy(picture), info, _unresolved(encoded, picture, info))


def catalogue(
    data: bytes, name: str, *, copycode: bool = False, proxied: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint an encoded picture bit for bit as `samepic.fingerprint` does.

    The proxy is b"" unless it is asked for. Raises as `prepare`.
    """
    encoded = Encoded(name, data)
    made = fingerprint(encoded, copycode=copycode, limits=limits)
    info = inspect(encoded, limits=limits)
    if not proxied:
        return Prepared(made, b"", info)
    return Prepared(made, proxy(fingerprint_shown(encoded, GATE.proxy_side, limits=limits)[1]), info)


def _unresolved(encoded: Encoded, picture: Picture, info: PictureInfo) -> float:
    """Return how much writing of a picture its proxy does not show; `picture` is a decode of it, perhaps reduced."""
    side = (
        GATE.proxy_side if info.frames == 1 else GATE.proxy_side // 2
    )  # two frames of an animation lie abreast
    if max(info.width, info.height) <= side:
        return 0.0
    if picture.alpha is not None:
        return max(unresolved(picture.on(ground), side) for ground in (0, 255))
    gray = _larger(encoded, picture, info)
    return unresolved(picture.rgb if gray is None else gray, side)


def _larger(encoded: Encoded, picture: Picture, info: PictureInfo) -> NDArray[np.uint8] | None:
    """Return the luma of a JPEG, lying as stored, where `picture` has fewer pixels than are measured; else None."""
    shown, whole = picture.rgb.shape[0] * picture.rgb.shape[1], info.width * info.height
    if shown >= min(whole, RESOLUTION.pixels):
        return None
    if unresolved(picture.rgb, GATE.proxy_side // 2, POSSIBLE) < POSSIBLE.unresolved:
        return None  # no trace of writing, which saves most photographs a second decode
    eighths = next((n for n in (2, 4) if whole * n * n >= 64 * RESOLUTION.pixels), 8)
    height, width = (info.height, info.width) if info.orientation < 5 else (info.width, info.height)
    least = -(-height * eighths // 8), -(-width * eighths // 8)
    try:
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            encoded.data, "GRAY", min_height=least[0], min_width=least[1], min_factor=1
        )
    except ValueError:
        return None  # what was decoded already must do
    return decoded[..., 0]
