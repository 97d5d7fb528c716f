"""The worker process, `python -m samepic.sandbox.child`: started by a pool, it loads all it needs, then is confined."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from typing import Any

import cv2
import numpy as np
import pi_heif
from PIL import AvifImagePlugin, Image

from samepic.api import compare
from samepic.errors import (
    LimitError,
    MissingPartError,
    SamepicError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
)
from samepic.limits import LIMITS, Limits
from samepic.picture import Encoded, load
from samepic.picture.pillow import PLUGINS
from samepic.profile import Policy, Profile
from samepic.sandbox.decode import catalogue, prepare, screen, views
from samepic.sandbox.guard import allow_cpu, ignore_signals, protect
from samepic.sandbox.protocol import (
    MISSING,
    CompareAnswer,
    ErrorAnswer,
    PrepareAnswer,
    Protection,
    ScreenAnswer,
    ViewsAnswer,
    frame,
    plain,
    printable,
    read_frame,
)
from samepic.verdict import Verdict
from samepic.verify.evidence import NETWORKS, load_network

__all__ = [
    "answer_catalogue",
    "answer_compare",
    "answer_prepare",
    "answer_screen",
    "answer_views",
    "error_answer",
    "main",
    "preload",
    "self_test",
]

_OPENCV_NO_MEMORY = -4


def answer_prepare(data: bytes, task: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the answer and the proxy of one encoded picture. Raises as `samepic.fingerprint` and `load`."""
    found = prepare(data, task["names"][0], copycode=task["copycode"], limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info, found.unresolved)), found.proxy


def answer_catalogue(data: bytes, task: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return as `answer_prepare` the answer and the proxy, which is empty unless it is asked for."""
    copycode, proxied = task["copycode"], task["proxied"]
    found = catalogue(data, task["names"][0], copycode=copycode, proxied=proxied, limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info)), found.proxy


def answer_compare(a: bytes, b: bytes, task: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the verdict on two encoded pictures. Raises as `samepic.compare`."""
    verdict = compare(
        Encoded(task["names"][0], a),
        Encoded(task["names"][1], b),
        same_if=task["same_if"],
        profile=Profile.parse(task["profile"]) if task["profile"] else None,
        prove=task["prove"],
        visibility=task["visibility"],
        limits=limits,
    )
    return _plain(_compare_answer(verdict))


def answer_views(a: bytes, b: bytes, task: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the verdict on two encoded pictures, and pictures to look at. Raises as `samepic.compare`."""
    policy = Policy.of(task["same_if"], Profile.parse(task["profile"]) if task["profile"] else None)
    names = task["names"]
    result = views(
        Encoded(names[0], a),
        Encoded(names[1], b),
        policy,
        prove=task["prove"],
        visibility=task["visibility"],
        limits=limits,
    )
    pictures = result.a, result.b, result.aligned, result.difference
    sizes = len(result.a), len(result.b), len(result.aligned), len(result.difference)
    return _plain(ViewsAnswer(_compare_answer(result.verdict), sizes)), b"".join(pictures)


def answer_screen(bodies: Sequence[bytes], limits: Limits) -> dict[str, Any]:
    """Return how many features each proxy but the first shares with the first. Raises as `load`."""
    return _plain(ScreenAnswer(tuple(screen(bodies[0], bodies[1:], limits=limits))))


def error_answer(error: Exception, name: str, memory_bytes: int) -> ErrorAnswer:
    """Return the answer for an error; out of memory is a LimitError whoever raised it."""
    for kind in (LimitError, TruncatedError, UnsupportedError, UnreadableError):
        if isinstance(error, kind):
            return ErrorAnswer(
                kind.__name__, printable(error.name), printable(error.wanted), printable(error.got)
            )
    if isinstance(error, MissingPartError):
        return ErrorAnswer(MISSING, name, "", printable(str(error)))
    if isinstance(error, MemoryError) or getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        expected = f"a picture that needs no more than {memory_bytes >> 20} MiB"
        return ErrorAnswer("LimitError", name, expected, "one that needs more")
    return ErrorAnswer("", name, "a picture that can be decoded", _unexpected(error))


def _unexpected(error: Exception) -> str:
    at, trace = "", error.__traceback__
    while trace is not None:
        at, trace = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}", trace.tb_next
    return printable(f"one that breaks the decoder: {type(error).__name__}: {error} ({at})", 400)


def _compare_answer(verdict: Verdict) -> CompareAnswer:
    values = {field.name: getattr(verdict, field.name) for field in fields(CompareAnswer)}
    values["measures"] = {name: float(value) for name, value in verdict.measures.items()}
    return CompareAnswer(**values)


def _plain(answer: object) -> dict[str, Any]:
    fields_by_name = plain(answer)
    assert isinstance(fields_by_name, dict)
    return fields_by_name


_UNBOUNDED = 1 << 40  # what the parent sends it has bounded already


def main() -> int:
    """Load everything, drop privileges, then answer one task after the other until the input ends."""
    ignore_signals()
    out = os.dup(1)
    os.dup2(2, 1)  # prints must not mix with answers
    try:
        setup, _ = read_frame(_from_parent, _UNBOUNDED, 0)
    except EOFError:
        return 0
    limits = Limits(**setup["upload"])
    # Nothing can be opened, so nothing can be imported, after `protect`.
    preload()
    _silence()
    protection = protect(
        memory_bytes=setup["memory_bytes"],
        open_files=setup["open_files"],
        parent=setup["parent"],
        filtered=setup["filtered"],
    )
    try:
        self_test()
    except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
        _send(
            out,
            frame(
                {
                    "failure": printable(
                        f"cannot work with its protection: {type(error).__name__}: {error}", 400
                    )
                }
            ),
        )
        return 1
    return _serve(out, setup, protection, limits)


def _serve(out: int, setup: Mapping[str, Any], protection: Protection, limits: Limits) -> int:

    _send(out, frame({"protection": plain(protection)}))
    while True:
        try:
            task, bodies = read_frame(_from_parent, _UNBOUNDED, _UNBOUNDED)
        except EOFError:
            return 0
        allow_cpu(setup["cpu_seconds"])
        proxy = b""
        reply: dict[str, object]
        try:
            if task["task"] == "prepare":
                answer, proxy = answer_prepare(bodies[0], task, limits)
            elif task["task"] == "catalogue":
                answer, proxy = answer_catalogue(bodies[0], task, limits)
            elif task["task"] == "views":
                answer, proxy = answer_views(bodies[0], bodies[1], task, limits)
            elif task["task"] == "screen":
                answer = answer_screen(bodies, limits)
            else:
                answer = answer_compare(bodies[0], bodies[1], task, limits)
            reply = {"answer": answer}
        except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
            name = task["names"][0]
            reply = {"error": plain(error_answer(error, name, setup["memory_bytes"]))}
            del error
        del bodies
        _send(out, frame({**reply, "number": task["number"]}, proxy))


def _from_parent(size: int) -> bytes:
    return os.read(0, min(size, 1 << 20))


def _send(out: int, pieces: list[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(out, left) :]


def _silence() -> None:
    """Discard what decoders print, to keep it out of the parent's log."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


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
    "numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "PIL.ImageCms", "samepic.measures.table",
)  # fmt: skip

_HEIF = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def preload() -> None:
    """Load every decoder and network, and run each of the common decoders once."""
    plugins = (f"PIL.{plugin}" for plugin in PLUGINS.values())
    for name in (*(f"encodings.{name}" for name in _ENCODINGS), *plugins, *_LAZY, *_samepic_modules()):
        importlib.import_module(name)
    Image.init()  # frames of animations are opened by Pillow's own search
    # One picture is decoded on one thread; more workers use more processors.
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pi_heif.options.DECODE_THREADS = 1
    for name in NETWORKS:
        load_network(name)
    for format_, data in _pictures():
        try:
            load(Encoded(format_, data))
        except SamepicError:
            continue  # what is not built in stays so
    with suppress(MissingPartError):
        self_test(copycode=True)
    self_test()


def _samepic_modules() -> Iterator[str]:
    """Yield every module that handles pictures: a function of one may import another."""
    for name in ("picture", "fingerprints", "verify"):
        package = importlib.import_module(f"samepic.{name}")
        yield from (found.name for found in pkgutil.iter_modules(package.__path__, f"samepic.{name}."))


def self_test(*, copycode: bool = False) -> None:
    """Prepare and compare small pictures; raises as these do where that fails."""
    formats = dict(_pictures(("JPEG", "PNG", "GIF")))
    for name, data in formats.items():
        answer_prepare(data, {"names": [name], "copycode": copycode}, LIMITS)
    task = {"names": ["a", "b"], "same_if": "reframed", "profile": None, "prove": True, "visibility": True}
    answer_compare(formats["JPEG"], formats["PNG"], task, LIMITS)


def _pictures(formats: tuple[str, ...] = tuple(_SAVE_OPTIONS)) -> Iterator[tuple[str, bytes]]:
    """Yield one small picture in each format that Pillow can write, and a HEIF that holds none."""
    y, x = np.mgrid[0:96, 0:128]
    wave = 127 + 60 * np.sin(x / 9.0) + 60 * np.cos(y / 7.0)
    image = Image.fromarray(np.dstack([wave, 255 - wave, y * 2]).clip(0, 255).astype(np.uint8))
    for format_ in formats:
        out = io.BytesIO()
        try:
            image.save(out, format_, **_SAVE_OPTIONS[format_])
        except (OSError, KeyError):
            continue
        yield format_, out.getvalue()
    if "AVIF" in formats:
        yield "HEIF", _HEIF


if __name__ == "__main__":
    sys.exit(main())
