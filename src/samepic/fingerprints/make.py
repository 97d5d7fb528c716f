"""Fingerprints made from any source, and the coded digest that finds copies with other metadata undecoded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from samepic.arrays import Source
from samepic.fingerprints.copycode import COPYCODE_BYTES, copycode_values
from samepic.fingerprints.decode import (
    DecodedPicture,
    decode_for_copies,
    hash_and_decode_jpeg,
    hash_jpeg,
    hash_picture,
)
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.limits import LIMITS, Limits
from samepic.picture import Encoded, Picture, inspect, load, read
from samepic.picture.formats import sniff
from samepic.picture.jpeg import JpegHeader, jpeg_parts
from samepic.picture.picture import check_size
from samepic.picture.png import coded_chunks, color_chunks, png_header
from samepic.verdict import PictureInfo


def coded_digest(
    kind: str, orientation: int, color: Iterable[bytes | memoryview], coded: Iterable[bytes | memoryview]
) -> str:
    """Return the SHA-256, in hex, of what decides the pixels: format, orientation, pieces of color and of samples."""
    shown = hashlib.sha256()
    for piece in color:
        shown.update(piece)
    digest = hashlib.sha256(f"samepic {kind} {orientation} {shown.hexdigest()}\n".encode())
    for piece in coded:
        digest.update(piece)
    return digest.hexdigest()


def fingerprint(
    source: Source, *, reference: bool = False, copycode: bool = False, limits: Limits = LIMITS
) -> Fingerprint:
    """Fingerprint a picture from any source that `load` takes.

    By default a JPEG is decoded only as far as its code needs, so damage elsewhere goes unnoticed. With `reference` the
    whole picture is decoded, and hashed bit for bit as the package `pdqhash` does. With `copycode` the copy code is
    made too, which for a small picture takes longer than the rest. Arrays and PIL images have no digests. Raises as
    `samepic.picture.load`, and MissingPartError where copy codes cannot be made.
    """
    mode = "reference" if reference else "fast"
    if isinstance(source, (np.ndarray, Image.Image)):
        return _value("", "", hash_picture(load(source, limits=limits), reference, copycode), mode)
    return fingerprint_within(None, read(source, limits=limits), mode=mode, copycode=copycode, limits=limits)


def embed(source: Source, *, limits: Limits = LIMITS) -> NDArray[np.float32]:
    """Return the embedding of a picture: (256,) float32 of length 1, whose signs are the bits of its copy code.

    The dot product of two, -1 to 1, is 1 for one picture and near 0 for two with nothing in common; docs/copies.md has
    the network and its sources. Raises as `fingerprint`.
    """
    opened = source if isinstance(source, (np.ndarray, Image.Image)) else read(source, limits=limits)
    shown = _small(opened, limits) if isinstance(opened, Encoded) else None
    values = copycode_values(load(opened, limits=limits).on(255) if shown is None else shown)[0]
    return np.asarray(values / np.linalg.norm(values), np.float32)


def _small(encoded: Encoded, limits: Limits) -> NDArray[np.uint8] | None:
    """Return a JPEG as small as its copy code allows; None for all others."""
    if sniff(encoded.data) != "JPEG":
        return None
    header, segments = _jpeg(encoded, limits)
    return decode_for_copies(encoded.data, header, segments[1:])


def fingerprint_within(
    room: Callable[[int], AbstractContextManager[None]] | None,
    encoded: Encoded,
    *,
    mode: str = "fast",
    copycode: bool = False,
    limits: Limits = LIMITS,
) -> Fingerprint:
    """Fingerprint as `fingerprint` does; a whole picture of n pixels is decoded in the context `room(n)`."""
    coded, jpeg = _coded(encoded, limits)
    fast = mode == "fast"
    decoded = hash_jpeg(encoded.data, *jpeg, copycode) if jpeg and fast else None
    if decoded is None:
        context: AbstractContextManager[None] = nullcontext()
        if room is not None:
            info = inspect(encoded, limits=limits)
            context = room(info.width * info.height)
        with context:
            decoded = hash_picture(load(encoded, limits=limits), not fast, copycode)
    return _value(_sha256(encoded), coded, decoded, mode)


def fingerprint_shown(
    encoded: Encoded, longer: int, *, copycode: bool = False, limits: Limits = LIMITS
) -> tuple[Fingerprint, Picture]:
    """Fingerprint, but for a few bits, and return the picture too, both from a decode to at least `longer` pixels."""
    coded, jpeg = _coded(encoded, limits)
    shown = hash_and_decode_jpeg(encoded.data, *jpeg, longer, copycode) if jpeg else None
    if shown is not None:
        decoded, rgb = shown
        picture = Picture(rgb, None, PictureInfo(encoded.name, "JPEG", rgb.shape[1], rgb.shape[0]))
    else:
        picture = load(encoded, limits=limits)
        decoded = hash_picture(picture, copies=copycode)
    return _value(_sha256(encoded), coded, decoded, "fast"), picture


def _sha256(encoded: Encoded) -> str:
    return hashlib.sha256(encoded.data).hexdigest()


def _coded(encoded: Encoded, limits: Limits) -> tuple[str, tuple[JpegHeader, list[memoryview]] | None]:
    """Return the coded digest, and of a JPEG its header and the segments that decide its pixels."""
    name, data = encoded
    match sniff(data):
        case "JPEG":
            header, segments = _jpeg(encoded, limits)
            digest = coded_digest("JPEG", header.orientation, (header.icc,), segments)
            return digest, (header, segments[1:])
        case "PNG":
            png = png_header(data, name, limits=limits)
            if png.frames > 1:
                return "", None
            color, samples = color_chunks(data, name), coded_chunks(data, name)
            return coded_digest("PNG", png.orientation, color, samples), None
        case _:
            return "", None


def _jpeg(encoded: Encoded, limits: Limits) -> tuple[JpegHeader, list[memoryview]]:
    header, segments = jpeg_parts(encoded.data, encoded.name, limits=limits)
    check_size(encoded.name, header.width, header.height, 1, limits)
    return header, segments


def _value(sha256: str, coded: str, decoded: DecodedPicture, mode: str) -> Fingerprint:
    codes, quality, detail = decoded.pdq
    shape = decoded.width, decoded.height, decoded.format
    copies = decoded.copycodes[:COPYCODE_BYTES], decoded.copycodes[COPYCODE_BYTES:]
    return Fingerprint(sha256, coded, codes.tobytes(), quality, detail, *shape, mode, *copies)
