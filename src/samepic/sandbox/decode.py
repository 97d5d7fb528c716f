"""Decoding for the gate, from bytes: records of uploads, views of a pair, and the screening of candidates.

The nearest by copy code are candidates at any distance, and in a large store nearly all of them are other pictures.
Matching features of the two proxies dismisses those at a small part of the cost of a comparison.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from samepic.api import compare_pictures
from samepic.fingerprints.copycode import copycode
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.fingerprints.make import fingerprint_shown, fingerprint_within
from samepic.fingerprints.proxy import first_tile, proxy
from samepic.limits import LIMITS, Limits
from samepic.picture import Encoded, Picture, inspect, load
from samepic.picture.load import is_static
from samepic.profile import Policy
from samepic.tuning.search import GATE
from samepic.tuning.verify import POSSIBLE, RESOLUTION
from samepic.verdict import PictureInfo, Verdict
from samepic.verify.features import screening_features, shared_features
from samepic.verify.overlay import OverlayViews, lay
from samepic.verify.photometry import unresolved
from samepic.verify.pipeline import WHITE
from samepic.verify.resave import ProofScope

VIEW_SIDE: Final = 1200
"""The longest side, in pixels, of a picture that a page shows: it fills a window without filling a process."""

_VIEW_QUALITY: Final = 85  # of its JPEG


def screen(upload: bytes, kept: Sequence[bytes], *, limits: Limits = LIMITS) -> list[int]:
    """Return how many features of each kept proxy lie on the upload's, plain or mirrored. Raises as `load`."""
    seen, *others = (screening_features(load(data, limits=limits).on(WHITE)) for data in (upload, *kept))
    return [shared_features(features, seen) for features in others]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture as it is kept; `unresolved` is how much writing the proxy does not show, 0 to 1."""

    fingerprint: Fingerprint
    proxy: bytes
    info: PictureInfo
    unresolved: float = 0.0


def prepare(
    data: bytes, name: str = "<bytes>", *, copycode: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint an encoded picture and make its proxy. Raises as `load`; MissingPartError for copy codes."""
    encoded = Encoded(name, data)
    info = inspect(encoded, limits=limits)
    print_, picture = fingerprint_shown(encoded, GATE.proxy_side, copycode=copycode, limits=limits)
    if is_static(picture, GATE.proxy_spread):
        info, picture = replace(info, frames=1), replace(picture, info=replace(picture.info, frames=1))
    return Prepared(print_, proxy(picture), info, _unresolved(encoded, picture, info))


def catalogue(
    data: bytes, name: str, *, copycode: bool = False, proxied: bool = False, limits: Limits = LIMITS
) -> Prepared:
    """Fingerprint bit for bit as `samepic.fingerprint` does; the proxy is b"" unless asked for. Raises as `prepare`."""
    encoded = Encoded(name, data)
    print_ = fingerprint_within(None, encoded, copycode=copycode, limits=limits)
    info = inspect(encoded, limits=limits)
    if not proxied:
        return Prepared(print_, b"", info)
    return Prepared(print_, proxy(fingerprint_shown(encoded, GATE.proxy_side, limits=limits)[1]), info)


def recode(proxy: Encoded, frames: int, *, limits: Limits = LIMITS) -> bytes:
    """Return the copy code of the proxy of a picture of so many frames. Raises as `prepare`."""
    picture = load(proxy, limits=limits)
    return copycode(picture.on(WHITE) if frames == 1 else first_tile(picture, frames))


def _unresolved(encoded: Encoded, picture: Picture, info: PictureInfo) -> float:
    """Return how much writing of a picture its proxy does not show; `picture` is a decode of it, perhaps reduced."""
    # Two frames of an animation lie abreast.
    side = GATE.proxy_side if info.frames == 1 else GATE.proxy_side // 2
    if max(info.width, info.height) <= side:
        return 0.0
    if picture.alpha is not None:
        return max(unresolved(picture.on(ground), side) for ground in (0, 255))
    gray = _larger_luma(encoded, picture, info)
    return unresolved(picture.rgb if gray is None else gray, side)


def _larger_luma(encoded: Encoded, picture: Picture, info: PictureInfo) -> NDArray[np.uint8] | None:
    """Return the luma of a JPEG, lying as stored, where `picture` has fewer pixels than are measured; else None."""
    decoded_pixels, stored_pixels = picture.rgb.shape[0] * picture.rgb.shape[1], info.width * info.height
    if decoded_pixels >= min(stored_pixels, RESOLUTION.pixels):
        return None
    if unresolved(picture.rgb, GATE.proxy_side // 2, POSSIBLE) < POSSIBLE.unresolved:
        return None  # no trace of writing, which saves most photographs a second decode
    eighths = next((n for n in (2, 4) if stored_pixels * n * n >= 64 * RESOLUTION.pixels), 8)
    height, width = (info.height, info.width) if info.orientation < 5 else (info.width, info.height)
    least = -(-height * eighths // 8), -(-width * eighths // 8)
    try:
        decoded: NDArray[np.uint8] = simplejpeg.decode_jpeg(
            encoded.data, "GRAY", min_height=least[0], min_width=least[1], min_factor=1
        )
    except ValueError:
        return None  # fall back to the decode at hand
    return decoded[..., 0]


class Views(NamedTuple):
    """A verdict and views, JPEG or WebP, all but `b` in the frame of a; `aligned` is b, clear where it shows no a."""

    verdict: Verdict
    a: bytes
    b: bytes
    aligned: bytes
    difference: bytes

    def pictures(self) -> dict[str, bytes]:
        """Return the views by their names."""
        return dict(zip(self._fields[1:], self[1:], strict=True))


def views(
    a: Encoded,
    b: Encoded,
    policy: Policy,
    *,
    prove: bool | ProofScope = True,
    visibility: bool = True,
    limits: Limits = LIMITS,
) -> Views:
    """Compare two encoded pictures and make views of them for people. Raises as `samepic.compare`."""
    first, second = load(a, limits=limits), load(b, limits=limits)
    verdict = compare_pictures(
        first, second, same_if=policy.same_if, profile=policy.profile, prove=prove, visibility=visibility
    )
    matrix = verdict.transform.matrix if verdict.transform else None
    overlay = lay(first.on(WHITE), second.on(WHITE), matrix, VIEW_SIDE)
    return Views(
        verdict,
        _jpeg(overlay.one),
        _jpeg(overlay.two),
        _clear_outside(overlay),
        _jpeg(overlay.difference()[..., None]),
    )


def _jpeg(samples: NDArray[np.uint8]) -> bytes:
    space = "GRAY" if samples.shape[2] == 1 else "RGB"
    contiguous = np.ascontiguousarray(samples)
    encoded: bytes = simplejpeg.encode_jpeg(contiguous, quality=_VIEW_QUALITY, colorspace=space)
    return encoded


def _clear_outside(overlay: OverlayViews) -> bytes:
    if overlay.inside.all():
        return _jpeg(overlay.moved)
    alpha = np.where(overlay.inside, 255, 0).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(np.dstack([overlay.moved, alpha])).save(out, "WEBP", quality=_VIEW_QUALITY, method=0)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Task:
    """What a decoder is asked, and what it is to call the pictures.

    `frames` are how many the pictures have whose proxies are compared by the first frame alone.
    """

    kind: str
    names: tuple[str, ...]
    copycode: bool = False
    proxied: bool = False
    policy: Policy = Policy()  # noqa: RUF009  (frozen)
    prove: bool | ProofScope = True
    visibility: bool = True
    frames: tuple[int, int] | None = None


def perform(
    task: Task, bodies: Sequence[bytes], limits: Limits
) -> Prepared | PictureInfo | Verdict | Views | list[int]:
    """Return the result of a task. Raises as the functions of this module and `samepic.compare`."""
    name, copycode, policy = task.names[0], task.copycode, task.policy
    pictures = [Encoded(*pair) for pair in zip(task.names, bodies, strict=True)]
    match task.kind:
        case "prepare":
            return prepare(bodies[0], name, copycode=copycode, limits=limits)
        case "inspect":
            return inspect(pictures[0], limits=limits)
        case "catalogue":
            return catalogue(bodies[0], name, copycode=copycode, proxied=task.proxied, limits=limits)
        case "compare":
            loaded = [load(picture, limits=limits) for picture in pictures]
            if task.frames:
                tiles = map(first_tile, loaded, task.frames)
                loaded = [load(tile, limits=limits) for tile in tiles]
            return compare_pictures(
                *loaded,
                same_if=policy.same_if,
                profile=policy.profile,
                prove=task.prove,
                visibility=task.visibility,
            )
        case "views":
            a, b = pictures
            return views(a, b, policy, prove=task.prove, visibility=task.visibility, limits=limits)
        case "recode":
            found = list(recode(pictures[0], task.frames[0] if task.frames else 1, limits=limits))
        case _:
            found = screen(bodies[0], bodies[1:], limits=limits)
    return found
