"""Camera raw files by the preview inside them, as viewers show them: LibRaw, through rawpy, finds it."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from samepic.errors import TruncatedError, UnreadableError, UnsupportedError, install_command
from samepic.limits import Limits
from samepic.picture.formats import decoding, directory
from samepic.picture.jpeg import open_jpeg
from samepic.picture.picture import Encoded, OpenedPicture
from samepic.picture.pillow import open_array

_TAIL = 1024
_COMPRESSION, _PHOTOMETRIC, _INSIDE, _DNG = 259, 262, 330, 50706
_SENSOR: Final = {
    _PHOTOMETRIC: (32803, 34892),  # a color filter array, and linear raw (DNG 1.7, chapter 3)
    _COMPRESSION: (32767, 32769, 32770, 34713),  # of Sony, Samsung and Nikon
}


def is_raw(tiff: bytes) -> bool:
    """Return whether a TIFF holds the samples of a sensor: what it shows besides is a preview."""
    order, view, pointers = "<" if tiff[:2] == b"II" else ">", memoryview(tiff), [4]
    with suppress(struct.error):
        for tag, _, number, at in directory(view, order, 4):
            if tag == _DNG:
                return True
            if tag == _INSIDE:
                first = at if number == 1 else struct.unpack_from(order + "I", view, at)[0]
                pointers += range(first, first + 4 * min(number, 8), 4)
        for pointer in pointers:
            for tag, kind, _, at in directory(view, order, pointer):
                value = struct.unpack_from(order + ("H" if kind == 3 else "I"), view, at)[0]
                if value in _SENSOR.get(tag, ()):
                    return True
    return False


def open_raw(encoded: Encoded, limits: Limits) -> OpenedPicture:
    """Open the preview of a raw file. Raises UnsupportedError without rawpy, which the extra `raw` installs."""
    try:
        import rawpy
    except ImportError:
        found = f"a camera's raw file (compare and find read its preview: {install_command('raw')})"
        raise UnsupportedError(encoded.name, "a developed picture", found) from None
    with decoding(encoded.name, "raw file"):
        try:
            with rawpy.imread(io.BytesIO(encoded.data)) as raw:
                preview: Any = raw.extract_thumb()
        except rawpy.LibRawError as error:
            reason = str(error.args[0], "utf-8") if isinstance(error.args[0], bytes) else str(error)
            raise UnreadableError(encoded.name, "a raw file with a preview", reason) from error
    if preview.format is rawpy.ThumbFormat.JPEG:  # LibRaw writes into it how it is turned
        if preview.data[-_TAIL:] not in encoded.data:  # what a cut file lacks LibRaw leaves to chance
            raise TruncatedError(encoded.name, "a raw file with its preview", "one that ends before it does")
        opened = open_jpeg(Encoded(encoded.name, preview.data), limits)
    else:
        opened = open_array(preview.data, limits)
    info = replace(opened.info, name=encoded.name, format="RAW", size=len(encoded.data), jpeg=None)
    return opened._replace(info=info)
