"""Thumbnail: a small JPEG of a file, on white."""

from __future__ import annotations

import hashlib
from pathlib import Path

from samepic.collection.plan import located
from samepic.collection.scanned import ScannedFile
from samepic.errors import UnreadableError
from samepic.picture import Encoded, Picture, load

__all__ = ["checked", "small_jpeg", "thumbnail"]


def thumbnail(file: ScannedFile, side: int, made_ns: int | None = None) -> bytes:
    """Return a JPEG of at most `side` pixels of a file that is as the scan saw it. Raises UnreadableError."""
    return small_jpeg(load(checked(file, made_ns)), side)


def checked(file: ScannedFile, made_ns: int | None = None) -> Encoded:
    """Return the bytes of a file that is as the scan saw it, at its place. Raises UnreadableError for any other."""
    wanted, target = "the file that was found", located(file, made_ns)
    if isinstance(target, str):
        raise UnreadableError(file.path, wanted, target)
    try:
        data = Path(target.place).read_bytes()
    except OSError as error:
        raise UnreadableError(file.path, wanted, error.strerror or str(error)) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise UnreadableError(file.path, wanted, "other bytes: it was changed since")
    return Encoded(file.path, data)


def small_jpeg(picture: Picture, side: int, quality: int = 80) -> bytes:
    """Return a JPEG of at most `side` pixels of a picture."""
    import cv2

    rgb = picture.on(255)
    scale = min(1.0, side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    done, coded = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert done
    return coded.tobytes()
