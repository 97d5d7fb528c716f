"""Picture: the pixels that a viewer would show, their encoded source, and stored samples of more than 8 bits."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, NamedTuple, TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from samepic.errors import LimitError, SourceError, UnreadableError
from samepic.limits import LIMITS, Limits
from samepic.verdict import PictureInfo
from samepic.writing import NO_SUCH_FILE


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Picture:
    """One decoded picture, upright and in sRGB.

    `rgb` is (height, width, 3) uint8, C-contiguous, with straight (not premultiplied) colors, zero where fully
    transparent. `alpha` is (height, width) uint8, or None where every pixel is opaque. `data` is the encoded bytes, or
    None for arrays and PIL images. `deep` returns the stored samples where they have more than 8 bits, else it is None.
    """

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    info: PictureInfo
    data: bytes | None = None
    deep: Callable[[], Deep] | None = None

    def on(self, ground: int) -> NDArray[np.uint8]:
        """Return (height, width, 3) uint8: the picture on a uniform gray `ground`, 0 to 255."""
        if self.alpha is None:
            return self.rgb
        import cv2

        # NumPy multiplies by a broadcast plane at a tenth of the speed.
        alpha = cv2.merge((self.alpha, self.alpha, self.alpha))
        mixed = np.multiply(self.rgb, alpha, dtype=np.uint16)
        mixed += np.multiply(255 - alpha, np.uint16(ground), dtype=np.uint16)
        mixed += 127
        mixed //= 255
        return mixed.astype(np.uint8)


def equal_displayed(a: Picture, b: Picture) -> bool:
    """Return whether all pixels of two pictures, alpha included, are equal in the 8 bits that are displayed."""
    if a.rgb.shape != b.rgb.shape or (a.alpha is None) != (b.alpha is None):
        return False
    # A few rows rule out most unequal pairs without reading all of both.
    if not np.array_equal(a.rgb[::64], b.rgb[::64]) or not np.array_equal(a.rgb, b.rgb):
        return False
    return a.alpha is None or b.alpha is None or np.array_equal(a.alpha, b.alpha)


class Deep(NamedTuple):
    """Samples as stored, (h, w, channels), alpha last, if they can be read; `white` shows as 255, 0: stretched."""

    samples: NDArray[Any] | None
    white: float

    @property
    def colors(self) -> NDArray[Any]:
        """The samples without alpha: (height, width, 1 or 3)."""
        assert self.samples is not None
        return self.samples[..., : 1 if self.samples.shape[2] < 3 else 3]

    def fits_8_bits(self) -> bool:
        """Return whether 8 bits hold all the samples exactly."""
        if self.samples is None or not self.white:
            return False
        steps = self.samples.astype(np.float64) * (255 / self.white)
        return bool(np.isfinite(steps).all() and np.abs(steps - np.rint(steps)).max() < _ROUNDING)


_ROUNDING = 1e-4  # of one of 255 steps; 16 bits are 257 parts of one, and 32-bit floats are this exact

Stored: TypeAlias = Callable[[], Deep]

# By EXIF orientation (CIPA DC-008, 4.6.5): the axis to flip, -1 for both, once 5 to 8 are transposed.
_FLIPS = {1: None, 2: 1, 3: -1, 4: 0, 5: None, 6: 1, 7: -1, 8: 0}


def upright_deep(stored: Stored, orientation: int) -> Deep:
    """Return the stored samples with EXIF `orientation` 1 to 8 applied."""
    samples, white = stored()
    if samples is not None:
        # OpenCV, which turns 8 bits faster, drops a single channel.
        turned = samples.swapaxes(0, 1) if orientation >= 5 else samples
        axis = _FLIPS[orientation]
        samples = turned if axis is None else np.flip(turned, (0, 1) if axis < 0 else axis)
    return Deep(samples, white)


def deep_of(picture: Picture) -> Deep | None:
    """Return the stored samples of a picture, upright; None where 8 bits hold them exactly."""
    deep = None if picture.deep is None else picture.deep()
    return None if deep is None or deep.fits_8_bits() else deep


def _equal_samples(a: Picture, b: Picture) -> bool:
    """Return whether two pictures that look identical are stored with equal samples, except where fully transparent."""
    deep_a, deep_b = deep_of(a), deep_of(b)
    if deep_a is None or deep_b is None:
        return deep_a is deep_b
    if deep_a.samples is None or deep_b.samples is None or bool(deep_a.white) != bool(deep_b.white):
        return False
    visible = np.True_ if a.alpha is None else (a.alpha > 0)[..., None]
    one, two = _scaled(deep_a.colors, deep_b.white), _scaled(deep_b.colors, deep_a.white)
    colors = (one == two) | (np.isnan(one) & np.isnan(two))
    return bool((colors | ~visible).all()) and _equal_alpha(deep_a, deep_b)


def _scaled(samples: NDArray[Any], white: float) -> NDArray[np.float64]:
    """Return samples on a common scale; both products are exact in 53 bits."""
    return np.asarray(samples.astype(np.float64) * (white or 1), np.float64)


def _equal_alpha(a: Deep, b: Deep) -> bool:
    stored = (deep.samples for deep in (a, b) if deep.samples is not None)
    alphas = [samples[..., -1] for samples in stored if samples.shape[2] in (2, 4)]
    # Where only one has alpha, its 8 displayed bits were all opaque.
    return len(alphas) < 2 or np.array_equal(_scaled(alphas[0], b.white), _scaled(alphas[1], a.white))


def equal_pixels(a: Picture, b: Picture) -> bool:
    """Return whether all pixels are equal, alpha included, and of more than 8 bits the samples as they are stored."""
    return equal_displayed(a, b) and _equal_samples(a, b)


_SOURCES = "a path, bytes, a binary file object, a PIL image or an ndarray"


class Encoded(NamedTuple):
    """The bytes of one encoded picture, and its `name` in messages."""

    name: str
    data: bytes


def read(source: object, *, limits: Limits = LIMITS) -> Encoded:
    """Read an encoded picture, streams to the end. Raises SourceError, LimitError, UnreadableError."""
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
        raise SourceError(f"expected {_SOURCES}, found {type(source).__name__}")
    if not encoded.data:
        raise UnreadableError(encoded.name, "a picture", "nothing: it is empty")
    return encoded


def _read_path(source: str | os.PathLike[Any], limits: Limits) -> Encoded:
    path = os.fsdecode(source)
    if os.sep != "/" or "//" in path or "/." in path or path[-1:] in ("", "/") or path[0] == ".":
        from pathlib import Path  # 5 ms, for names that it writes another way

        path = str(Path(path))
    name = path if path.isascii() else path.encode(errors="replace").decode()
    try:
        # Anything but a regular file has no size to check, and opening a named pipe without a writer would block.
        status = os.stat(path)  # noqa: PTH116  (Path costs as much as the call)
        if not stat.S_ISREG(status.st_mode):
            found = "a folder" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket"
            raise UnreadableError(name, "a picture file", found)
        _check_size(name, status.st_size, limits)
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            data = _whole(file, status.st_size, limits)
    except FileNotFoundError as error:
        if isinstance(source, str) and source.startswith(("http://", "https://")):
            fetched = f"urllib.request.urlopen({source!r}).read()"
            raise UnreadableError(
                source, "a file", f"an address, which is not fetched: pass {fetched}"
            ) from error
        raise UnreadableError(name, "", NO_SUCH_FILE) from error
    except OSError as error:
        raise UnreadableError(name, "a picture file", error.strerror or str(error)) from error
    except ValueError as error:
        raise UnreadableError(repr(name), "a picture file", f"no path: {error}") from error
    _check_size(name, len(data), limits)
    return Encoded(name, data)


def _whole(file: io.FileIO, size: int, limits: Limits) -> bytes:
    """Read a file of declared `size`; Python reserves the memory of each read, so request no more."""
    data = file.read(size + 1)
    if len(data) == size:
        return data
    blocks = [data]
    left = limits.file_bytes + 1 - len(data)
    while left > 0 and (block := file.read(min(left, 1 << 20))):
        blocks.append(block)
        left -= len(block)
    return b"".join(blocks)


def _read_stream(stream: IO[bytes], limits: Limits) -> Encoded:
    given = getattr(stream, "name", None)
    name = given if isinstance(given, str) and given else "<stream>"
    blocks = io.BytesIO()
    while blocks.tell() <= limits.file_bytes:
        try:
            block = stream.read(1 << 20)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreadableError(name, "a readable stream", reason) from error
        if isinstance(block, str):
            raise SourceError(f"expected a stream opened in binary mode, found text from {name}")
        if block is None:
            raise UnreadableError(name, "a stream that waits for its bytes", "one that does not block")
        if not block:
            return Encoded(name, blocks.getvalue())
        blocks.write(block)
    raise _too_large(name, "more", limits)


def _check_size(name: str, size: int, limits: Limits) -> None:
    if size > limits.file_bytes:
        raise _too_large(name, f"{size} bytes", limits)


def _too_large(name: str, found: str, limits: Limits) -> LimitError:
    return LimitError(name, f"at most {limits.file_bytes} bytes", found, "bytes", limits.file_bytes)


class Pixels(NamedTuple):
    """Samples in sRGB as stored, not yet upright: `rgb` (h, w, 3) uint8, `alpha` (h, w) uint8 or None."""

    rgb: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None = None


class OpenedPicture(NamedTuple):
    """A picture within the limits; after `decode`, `orientation` is left to apply, and `deep` may be called."""

    info: PictureInfo
    decode: Callable[[], Pixels]
    orientation: int = 1
    deep: Stored | None = None


def check_size(name: str, width: int, height: int, frames: int, limits: Limits) -> None:
    """Raise LimitError when a header declares more pixels, a longer side or more frames than allowed."""
    if width * height > limits.pixels:
        found = f"{width}x{height} = {width * height}"
        raise LimitError(name, f"at most {limits.pixels} pixels", found, "pixels", limits.pixels)
    if max(width, height) > limits.side:
        raise LimitError(
            name, f"sides of at most {limits.side} pixels", f"{width}x{height}", "side", limits.side
        )
    if frames > limits.frames:
        raise LimitError(
            name, f"at most {limits.frames} frames", f"{frames} or more", "frames", limits.frames
        )


def upright_size(width: int, height: int, orientation: int) -> tuple[int, int]:
    """Return width and height with EXIF `orientation` 1 to 8 applied."""
    return (width, height) if orientation < 5 else (height, width)


def upright(samples: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Return (h, w[, 3]) uint8 samples with EXIF `orientation` 1 to 8 applied (CIPA DC-008, 4.6.5)."""
    if orientation == 1:
        return samples
    import cv2  # three to five times as fast as strided copies, and loaded by every comparison anyway

    turned: Any = cv2.transpose(samples) if orientation >= 5 else samples
    if (axis := _FLIPS[orientation]) is not None:
        turned = cv2.flip(turned, axis)
    return np.ascontiguousarray(turned)
