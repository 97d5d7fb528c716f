"""Any source of encoded bytes -> Encoded: paths, buffers and streams, read up to a limit."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from samepic.errors import LimitError, SourceError, UnreadableError
from samepic.profiles import LIMITS, Limits

__all__ = ["Encoded", "read"]

_WANTED = "a path, bytes, a binary file object, a PIL image or an ndarray"


@dataclass(frozen=True, slots=True)
class Encoded:
    """The bytes of one encoded picture and the `name` that messages call it by."""

    name: str
    data: bytes


def read(source: object, *, limits: Limits = LIMITS) -> Encoded:
    """Read an encoded picture from a path, a buffer or a binary stream (seekable or not).

    A stream is read from where it stands to its end, and left open. Raises SourceError for anything else,
    LimitError beyond `limits.file_bytes`, UnreadableError when the file cannot be read or holds nothing.
    """
    if isinstance(source, Encoded):
        encoded = source
    elif isinstance(source, (bytes, bytearray, memoryview)):
        size = source.nbytes if isinstance(source, memoryview) else len(source)
        _check_size("<bytes>", size, limits)
        encoded = Encoded("<bytes>", bytes(source))
    elif isinstance(source, (str, os.PathLike)):
        encoded = _read_path(source, limits)
    elif callable(getattr(source, "read", None)):
        encoded = _read_stream(cast("IO[bytes]", source), limits)
    else:
        raise SourceError(f"wanted {_WANTED}, got {type(source).__name__}")
    if not encoded.data:
        raise UnreadableError(encoded.name, "a picture", "nothing: it is empty")
    return encoded


def _read_path(source: str | os.PathLike[Any], limits: Limits) -> Encoded:
    path = str(Path(os.fsdecode(source)))
    name = path if path.isascii() else path.encode(errors="replace").decode()
    try:
        # What is no ordinary file has no size to check, and a named pipe without a writer would never open.
        status = os.stat(path)  # noqa: PTH116  (Path costs as much as the call)
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableError(name, "a picture file", _not_a_file(Path(path)))
        _check_size(name, status.st_size, limits)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            data = _whole(file, status.st_size, limits)
    except OSError as error:
        raise UnreadableError(name, "a picture file", error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableError(repr(name), "a picture file", f"no path: {error}") from error
    _check_size(name, len(data), limits)
    return Encoded(name, data)


def _whole(file: io.FileIO, size: int, limits: Limits) -> bytes:
    """Read a file that said to hold `size` bytes; Python reserves what it is asked to read, so ask for no more."""
    data = file.read(size + 1)
    if len(data) == size:
        return data
    blocks = [data]
    left = limits.file_bytes + 1 - len(data)
    while left > 0 and (block := file.read(min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


def _not_a_file(path: Path) -> str:
    path.stat()  # raises the reason of the operating system when there is nothing
    return "a folder" if path.is_dir() else "a device, pipe or socket"


def _read_stream(stream: IO[bytes], limits: Limits) -> Encoded:
    given = getattr(stream, "name", None)
    name = given if isinstance(given, str) and given else "<stream>"
    blocks = io.BytesIO()
    while blocks.tell() <= limits.file_bytes:
        block = _read_block(stream, name)
        if not block:
            return Encoded(name, blocks.getvalue())
        blocks.write(block)
    raise LimitError(name, f"at most {limits.file_bytes} bytes", "more")


def _read_block(stream: IO[bytes], name: str) -> bytes:
    try:
        block = stream.read(1 << 20)
    except OSError as error:
        raise UnreadableError(name, "a readable stream", error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableError(name, "a readable stream", str(error)) from error
    if isinstance(block, str):
        raise SourceError(f"wanted a stream opened in binary mode, got text from {name}")
    if block is None:
        raise UnreadableError(name, "a stream that waits for its bytes", "one that does not block")
    return block


def _check_size(name: str, size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise LimitError(name, f"at most {limits.file_bytes} bytes", f"{size} bytes")
