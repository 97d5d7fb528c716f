"""Decoder: pictures are decoded beside a Python worker of Spark, in a process that may cost no more than it may."""

from __future__ import annotations

import os
from functools import cache
from urllib.parse import unquote, urlsplit

from samepic.collection.stages import TAIL, no_picture, peek
from samepic.errors import UnreadableError
from samepic.gate.workers import Workers
from samepic.picture import read
from samepic.profiles.collection import COLLECTION
from samepic.profiles.spark import SPARK

__all__ = ["decoder", "local_path", "original", "peeked", "refused"]


@cache
def decoder() -> Workers:
    """Return the process of this Python worker that decodes: one, since Spark gives a worker one task at a time."""
    return Workers(1, SPARK.workers)


def local_path(path: str) -> str:
    """Return the path that a "file:" URI names, and any other text as it is."""
    return unquote(urlsplit(path).path) if path.startswith("file:") else path


def original(path: str) -> bytes:
    """Return the bytes of a picture file. Raises UnreadableError."""
    return read(local_path(path), limits=SPARK.workers.upload).data


def peeked(data: bytes) -> bytes:
    """Return of a whole file what `samepic.collection.stages.peek` returns."""
    most = COLLECTION.peek
    return data[:most] + data[max(most, len(data) - TAIL) :]


def refused(name: str, data: bytes | None, path: str | None) -> tuple[str, str, int]:
    """Return the kind of a source, "" where it may be a picture, the error, and its size in bytes.

    Raises OSError and UnreadableError where it cannot be read.
    """
    if data is not None:
        known = no_picture(peeked(data), name, len(data))
        return (known.kind, known.content, len(data)) if known else ("", "", len(data))
    if path is None:
        raise UnreadableError(name, "a picture", "null")
    place = local_path(path)
    size = os.stat(place).st_size  # noqa: PTH116  (Path would normalise the name)
    known = no_picture(peek(place, size), name, size)
    return (known.kind, known.content, size) if known else ("", "", size)
