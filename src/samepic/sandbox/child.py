"""The worker process, `python -m samepic.sandbox.child`: started by a pool, it loads all it needs, then is confined."""

from __future__ import annotations

import ctypes
import gc
import importlib
import io
import os
import pkgutil
import sys
import traceback
from contextlib import suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
from PIL import AvifImagePlugin, Image

from samepic.api import compare
from samepic.errors import MissingPartError, SamepicError, UnreadableError
from samepic.native import native
from samepic.picture import Encoded, load
from samepic.picture.pillow import PLUGINS
from samepic.sandbox.decode import Prepared, Views, perform, prepare
from samepic.sandbox.guard import allow_cpu, ignore_signals, protect
from samepic.sandbox.protocol import (
    ERRORS,
    MISSING,
    Answer,
    Failure,
    Greeting,
    Request,
    Setup,
    WorkerLimits,
    frame,
    plain,
    printable,
    read_frame,
    split,
)
from samepic.verify.evidence import NETWORKS, load_network

_OPENCV_NO_MEMORY = -4


def failure(error: Exception, name: str, memory_bytes: int) -> Failure:
    """Return the answer for an error; out of memory is a LimitError whoever raised it."""
    if isinstance(error, UnreadableError):
        kind = next(name for name, kind in ERRORS.items() if isinstance(error, kind))
        return Failure(kind, error.name, error.wanted, error.got, error.limit, error.most)
    if isinstance(error, ImportError):  # what the installation lacks says nothing of the picture
        return Failure(MISSING, name, "", str(error))
    if isinstance(error, MemoryError) or getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        expected = f"a picture that needs no more than {memory_bytes >> 20} MiB"
        return Failure("LimitError", name, expected, "one that needs more")
    *_, (last, line) = traceback.walk_tb(error.__traceback__)
    at = f"{last.f_code.co_filename.rpartition('/')[2]}:{line}"
    found = printable(f"one that breaks the decoder: {type(error).__name__}: {error} ({at})", 400)
    return Failure("", name, "a picture that can be decoded", found)


_UNBOUNDED = 1 << 40  # what the parent sends it has bounded already
_NICE = 5  # decoding gives way to whoever hands it out, which answers many in the meantime


def main() -> int:
    """Load everything, drop privileges, then answer one task after the other until the input ends."""
    ignore_signals()
    out = os.dup(1)
    os.dup2(2, 1)  # prints must not mix with answers
    try:
        setup = msgspec.json.decode(read_frame(_from_parent, _UNBOUNDED, 0)[0], type=Setup)
    except EOFError:
        return 0
    # Nothing can be opened, so nothing can be imported, after `protect`.
    gc.disable()  # what is loaded stays
    threads = preload()
    gc.freeze()
    gc.enable()
    # What decoders print is kept out of the parent's log.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    if hasattr(os, "nice"):  # not on Windows
        os.nice(_NICE)
    limits = setup.limits
    protection = protect(
        limits.memory_bytes,
        limits.open_files,
        parent=setup.parent,
        filtered=setup.filtered,
        threads=threads,
    )
    try:
        self_test()
    except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
        reason = printable(f"cannot work with its protection: {type(error).__name__}: {error}", 400)
        _send(out, frame(Greeting(failure=reason)))
        return 1
    _send(out, frame(Greeting(protection)))
    while True:
        try:
            head, body = read_frame(_from_parent, _UNBOUNDED, _UNBOUNDED)
        except EOFError:
            return 0
        allow_cpu(limits.cpu_seconds)
        request = msgspec.json.decode(head, type=Request)
        _send(out, _answer(request, body, limits))
        del body


def _answer(request: Request, body: bytes, limits: WorkerLimits) -> list[bytes]:
    parts: tuple[bytes, ...] = ()
    try:
        found: object = perform(request.task, split(body, request.sizes), limits.upload)
        if isinstance(found, Views):
            parts, found = tuple(found.pictures().values()), found.verdict
        elif isinstance(found, Prepared):
            parts, found = (found.proxy,), replace(found, proxy=b"")
        answer = plain(Answer(request.number, found, sizes=tuple(map(len, parts))))
    except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
        parts, reason = (), failure(error, request.task.names[0], limits.memory_bytes)
        answer = plain(Answer(request.number, error=reason))
    return frame(answer, *parts)


def _from_parent(size: int) -> bytes:
    return os.read(0, min(size, 1 << 20))


def _send(out: int, pieces: list[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(out, left) :]


_SAVE_OPTIONS: dict[str, dict[str, Any]] = {
    "JPEG": {"progressive": True},
    "PNG": {},
    "WEBP": {"quality": 50},
    "AVIF": {"quality": 50, "speed": 10},
    "GIF": {},
    "TIFF": {"compression": "tiff_lzw"},
    "JPEG2000": {},
}

_ENCODINGS = (
    "ascii",
    "cp1252",
    "latin_1",
    "mac_roman",
    "utf_16",
    "utf_16_be",
    "utf_16_le",
    "utf_32",
    "utf_8_sig",
)

_LAZY = (
    "datetime", "numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "PIL.ImageCms", "samepic.measures.table",
    "samepic.measures.ssimulacra2",
)  # fmt: skip

_HEIC = Path(__file__).with_name("small.heic")
"""A picture of 48 x 64 pixels."""


def preload() -> bool:
    """Load every decoder and network, and run each of the common decoders once; return whether they need threads."""
    asked = _keep_heic_on_one_thread()
    import pi_heif

    plugins = (f"PIL.{plugin}" for plugin in PLUGINS.values())
    # Every module that handles pictures: a function of one may import another.
    packages = [importlib.import_module(f"samepic.{name}") for name in ("picture", "fingerprints", "verify")]
    own = (f"{one.__name__}.{found.name}" for one in packages for found in pkgutil.iter_modules(one.__path__))
    for name in (*(f"encodings.{name}" for name in _ENCODINGS), *plugins, *_LAZY, *own):
        importlib.import_module(name)
    Image.init()  # frames of animations are opened by Pillow's own search
    # One picture is decoded on one thread; more workers use more processors.
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pi_heif.options.DECODE_THREADS = 0
    sys.modules.setdefault("rawpy", None)  # type: ignore[arg-type]  # raw files are not decoded here
    for name in NETWORKS:
        load_network(name)
    for format_, data in _pictures().items():
        with suppress(SamepicError):  # what is not built in stays so
            load(Encoded(format_, data))
    try:
        self_test(copycode=True)
    except MissingPartError:
        self_test()
    return asked is None or not asked.value


def _keep_heic_on_one_thread() -> ctypes.c_int | None:
    """Let libheif find the native part's word for starting threads; return how many it asks for, None without it."""
    try:
        return ctypes.c_int.in_dll(ctypes.CDLL(native.__file__, ctypes.RTLD_GLOBAL), "samepic_threads_asked")
    except (AttributeError, OSError, ValueError):  # not built, or before this was in it, or not on Linux
        return None


def self_test(*, copycode: bool = False) -> None:
    """Prepare and compare small pictures; raises as these do where that fails.

    The network of copy codes sees one of them, in which it is given no insets: seven were a third of a start.
    """
    pictures = _pictures()
    for name in ("JPEG", "PNG", "GIF"):
        plain(prepare(pictures[name], name, copycode=copycode and name == "GIF"))
    plain(compare(pictures["JPEG"], pictures["PNG"]))


@cache
def _pictures() -> dict[str, bytes]:
    """Return one small picture in each format that Pillow can write, and one in HEIC."""
    y, x = np.mgrid[0:96, 0:128]
    wave = 127 + 60 * np.sin(x / 9.0) + 60 * np.cos(y / 7.0)
    image = Image.fromarray(np.dstack([wave, 255 - wave, y * 2]).clip(0, 255).astype(np.uint8))
    pictures = {"HEIF": _HEIC.read_bytes()}
    for format_, options in _SAVE_OPTIONS.items():
        out = io.BytesIO()
        with suppress(OSError, KeyError):
            image.save(out, format_, **options)
            pictures[format_] = out.getvalue()
    return pictures


if __name__ == "__main__":
    sys.exit(main())
