"""Make a fingerprint of any source; its coded digest knows copies with other metadata without decoding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from PIL import Image

from samepic.fingerprints.copycode import COPYCODE_BYTES
from samepic.fingerprints.decode import DecodedPicture, see, see_jpeg, see_picture, show_jpeg
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.limits import LIMITS, Limits
from samepic.picture import Encoded, Picture, inspect, load, read
from samepic.picture.formats import sniff
from samepic.picture.jpeg import jpeg_parts
from samepic.picture.picture import check_size
from samepic.picture.png import coded_chunks, colour_chunks, png_header
from samepic.verdict import PictureInfo

__all__ = ["coded_digest", "fingerprint", "fingerprint_shown", "fingerprint_within", "png_digest"]


def coded_digest(
    kind: str, orientation: int, colour: Iterable[bytes | memoryview], coded: Iterable[bytes | memoryview]
) -> str:
    """Return the SHA-256, in hex, of what decides the pixels of a picture of the format `kind`.

    `orientation` is the EXIF one, 1 to 8; `colour` are the pieces that decide how samples are shown, `coded` those
    that decide the samples.
    """
    shown = hashlib.sha256()
    for piece in colour:
        shown.update(piece)
    digest = hashlib.sha256(f"samepic {kind} {orientation} {shown.hexdigest()}\n".encode())
    for piece in coded:
        digest.update(piece)
    return digest.hexdigest()


def png_digest(data: bytes, name: str, limits: Limits) -> str:
    """Return the coded digest of a PNG, "" for an animated one. Raises as `png_header`."""
    header = png_header(data, name, limits=limits)
    if header.frames > 1:
        return ""
    return coded_digest("PNG", header.orientation, colour_chunks(data, name), coded_chunks(data, name))


def fingerprint(
    source: object, *, reference: bool = False, copycode: bool = False, limits: Limits = LIMITS
) -> Fingerprint:
    """Fingerprint a picture from any source that `load` takes.

    By default a JPEG is decoded only as far as its code needs, so damage in what was not decoded goes unseen. With
    `reference` the whole picture is decoded, as shown, and coded bit for bit as the package `pdqhash` does. With
    `copycode` the copy code is made too, which takes longer than all the rest of a small picture. Arrays and PIL images
    have no digests. Raises as `samepic.picture.load`, and MissingPartError where copy codes cannot be made.
    """
    mode = "reference" if reference else "fast"
    if isinstance(source, (np.ndarray, Image.Image)):
        return _value("", "", see(source, reference, copycode, limits), mode)
    return _of_encoded(read(source, limits=limits), mode, copycode, limits, _unbounded)


def fingerprint_within(
    room: Callable[[int], AbstractContextManager[None]],
    encoded: Encoded,
    *,
    copycode: bool = False,
    limits: Limits = LIMITS,
) -> Fingerprint:
    """Fingerprint as `fingerprint` does, asking for room before a whole picture is decoded.

    `room` is called with its pixels, and gives what is entered for the time of decoding. Raises as `fingerprint`.
    """
    return _of_encoded(encoded, "fast", copycode, limits, room)


def fingerprint_shown(
    encoded: Encoded, longer: int, *, copycode: bool = False, limits: Limits = LIMITS
) -> tuple[Fingerprint, Picture]:
    """Fingerprint a picture and return it too, both from one decode.

    Of a JPEG it may be a reduced one, of `longer` pixels at least on its longer side, and a few bits of the codes may
    differ from those of `fingerprint`. Raises as `fingerprint`.
    """
    digest, kind, coded = hashlib.sha256(encoded.data).hexdigest(), sniff(encoded.data), ""
    if kind == "JPEG":
        header, segments = jpeg_parts(encoded.data, encoded.name, limits=limits)
        check_size(encoded.name, header.width, header.height, 1, limits)
        coded = coded_digest("JPEG", header.orientation, (header.icc,), segments)
        shown = show_jpeg(encoded.data, header, segments[1:], longer, copycode)
        if shown is not None:
            seen, rgb = shown
            info = PictureInfo(encoded.name, "JPEG", rgb.shape[1], rgb.shape[0])
            return _value(digest, coded, seen, "fast"), Picture(rgb, None, info)
    elif kind == "PNG":
        coded = png_digest(encoded.data, encoded.name, limits)
    picture = load(encoded, limits=limits)
    return _value(digest, coded, see_picture(picture, copies=copycode), "fast"), picture


def _unbounded(_: int) -> AbstractContextManager[None]:
    return nullcontext()


def _of_encoded(
    encoded: Encoded,
    mode: str,
    copycode: bool,
    limits: Limits,
    room: Callable[[int], AbstractContextManager[None]],
) -> Fingerprint:
    sha256 = hashlib.sha256(encoded.data).hexdigest()
    reference = mode == "reference"
    seen: DecodedPicture | None = None
    match sniff(encoded.data):
        case "JPEG":
            coded, seen = _jpeg(encoded, not reference, copycode, limits)
        case "PNG":
            coded = png_digest(encoded.data, encoded.name, limits)
        case _:
            coded = ""
    if seen is None:
        info = inspect(encoded, limits=limits) if room is not _unbounded else None
        with room(info.width * info.height if info else 0):
            seen = see(encoded, reference, copycode, limits)
    return _value(sha256, coded, seen, mode)


def _jpeg(
    encoded: Encoded, decode: bool, copycode: bool, limits: Limits
) -> tuple[str, DecodedPicture | None]:
    header, segments = jpeg_parts(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, 1, limits)
    digest = coded_digest("JPEG", header.orientation, (header.icc,), segments)
    return digest, see_jpeg(encoded.data, header, segments[1:], copycode) if decode else None


def _value(sha256: str, coded: str, seen: DecodedPicture, mode: str) -> Fingerprint:
    codes, quality, detail = seen.pdq
    return Fingerprint(
        sha256,
        coded,
        codes.tobytes(),
        quality,
        detail,
        seen.width,
        seen.height,
        seen.format,
        mode,
        seen.copycodes[:COPYCODE_BYTES],
        seen.copycodes[COPYCODE_BYTES:],
    )
