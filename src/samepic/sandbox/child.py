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
    framed,
    plain,
    read_frame,
    shown,
)
from samepic.verdict import Verdict
from samepic.verify.evidence import NETWORKS, load_network

__all__ = ["catalogued", "compared", "failed", "main", "prepared", "prove", "screened", "viewed", "warm"]

_OPENCV_NO_MEMORY = -4


def prepared(data: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the answer and the proxy of one encoded picture. Raises as `samepic.fingerprint` and `load`."""
    found = prepare(data, ask["names"][0], copycode=ask["copycode"], limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info, found.unresolved)), found.proxy


def catalogued(data: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return as `prepared` the answer and the proxy, which is empty unless it is asked for."""
    copycode, proxied = ask["copycode"], ask["proxied"]
    found = catalogue(data, ask["names"][0], copycode=copycode, proxied=proxied, limits=limits)
    return _plain(PrepareAnswer(str(found.fingerprint), found.info)), found.proxy


def compared(a: bytes, b: bytes, ask: dict[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the verdict on two encoded pictures. Raises as `samepic.compare`."""
    verdict = compare(
        Encoded(ask["names"][0], a),
        Encoded(ask["names"][1], b),
        same_if=ask["same_if"],
        profile=Profile.parse(ask["profile"]) if ask["profile"] else None,
        prove=ask["prove"],
        visibility=ask["visibility"],
        limits=limits,
    )
    return _plain(_answer(verdict))


def viewed(a: bytes, b: bytes, ask: dict[str, Any], limits: Limits) -> tuple[dict[str, Any], bytes]:
    """Return the verdict on two encoded pictures, and pictures to look at. Raises as `samepic.compare`."""
    policy = Policy.of(ask["same_if"], Profile.parse(ask["profile"]) if ask["profile"] else None)
    names = ask["names"]
    made = views(
        Encoded(names[0], a),
        Encoded(names[1], b),
        policy,
        prove=ask["prove"],
        visibility=ask["visibility"],
        limits=limits,
    )
    shown = made.a, made.b, made.aligned, made.difference
    sizes = len(made.a), len(made.b), len(made.aligned), len(made.difference)
    return _plain(ViewsAnswer(_answer(made.verdict), sizes)), b"".join(shown)


def screened(bodies: Sequence[bytes], limits: Limits) -> dict[str, Any]:
    """Return how many features each proxy but the first shares with the first. Raises as `load`."""
    return _plain(ScreenAnswer(tuple(screen(bodies[0], bodies[1:], limits=limits))))


def failed(error: Exception, name: str, memory_bytes: int) -> ErrorAnswer:
    """Return what is told of an error; that memory ran out is a LimitError whoever says it."""
    for kind in (LimitError, TruncatedError, UnsupportedError, UnreadableError):
        if isinstance(error, kind):
            return ErrorAnswer(kind.__name__, shown(error.name), shown(error.wanted), shown(error.got))
    if isinstance(error, MissingPartError):
        return ErrorAnswer(MISSING, name, "", shown(str(error)))
    if isinstance(error, MemoryError) or getattr(error, "code", None) == _OPENCV_NO_MEMORY:
        wanted = f"a picture that needs no more than {memory_bytes >> 20} MiB"
        return ErrorAnswer("LimitError", name, wanted, "one that needs more")
    return ErrorAnswer("", name, "a picture that can be decoded", _unforeseen(error))


def _unforeseen(error: Exception) -> str:
    at, trace = "", error.__traceback__
    while trace is not None:
        at, trace = f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}", trace.tb_next
    return shown(f"one that breaks the decoder: {type(error).__name__}: {error} ({at})", 400)


def _answer(verdict: Verdict) -> CompareAnswer:
    told = {field.name: getattr(verdict, field.name) for field in fields(CompareAnswer)}
    told["measures"] = {name: float(value) for name, value in verdict.measures.items()}
    return CompareAnswer(**told)


def _plain(answer: object) -> dict[str, Any]:
    told = plain(answer)
    assert isinstance(told, dict)
    return told


_MOST = 1 << 40  # what the parent sends it has bounded already


def main() -> int:
    """Make ready, give up what is not needed, then answer one task after the other until the input ends."""
    ignore_signals()
    out = os.dup(1)
    os.dup2(2, 1)  # what is printed must not mix with answers
    try:
        setup, _ = read_frame(_from_parent, _MOST, 0)
    except EOFError:
        return 0
    limits = Limits(**setup["upload"])
    # What is loaded after this would have to be opened, and nothing can be.

    warm()
    _silence()
    protection = protect(
        memory_bytes=setup["memory_bytes"],
        open_files=setup["open_files"],
        parent=setup["parent"],
        filtered=setup["filtered"],
    )
    try:
        prove()
    except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
        _send(
            out,
            framed(
                {"failure": shown(f"cannot work with its protection: {type(error).__name__}: {error}", 400)}
            ),
        )
        return 1
    return _serve(out, setup, protection, limits)


def _serve(out: int, setup: Mapping[str, Any], protection: Protection, limits: Limits) -> int:

    _send(out, framed({"protection": plain(protection)}))
    while True:
        try:
            ask, bodies = read_frame(_from_parent, _MOST, _MOST)
        except EOFError:
            return 0
        allow_cpu(setup["cpu_seconds"])
        proxy = b""
        told: dict[str, object]
        try:
            if ask["task"] == "prepare":
                answer, proxy = prepared(bodies[0], ask, limits)
            elif ask["task"] == "catalogue":
                answer, proxy = catalogued(bodies[0], ask, limits)
            elif ask["task"] == "views":
                answer, proxy = viewed(bodies[0], bodies[1], ask, limits)
            elif ask["task"] == "screen":
                answer = screened(bodies, limits)
            else:
                answer = compared(bodies[0], bodies[1], ask, limits)
            told = {"answer": answer}
        except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
            name = ask["names"][0]
            told = {"error": plain(failed(error, name, setup["memory_bytes"]))}
            del error
        del bodies
        _send(out, framed({**told, "number": ask["number"]}, proxy))


def _from_parent(size: int) -> bytes:
    return os.read(0, min(size, 1 << 20))


def _send(out: int, pieces: list[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(out, left) :]


def _silence() -> None:
    """Let what decoders print go nowhere: the parent's log, where it went while nobody was heard, is not theirs."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


_SAVED: dict[str, dict[str, Any]] = {
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

_LAZY = ("numpy.fft", "numpy.ma", "numpy.polynomial", "numpy.random", "samepic.measures.table")

_HEIF = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def warm() -> None:
    """Load every decoder and network, and run each of the common decoders once."""
    plugins = (f"PIL.{plugin.partition('.')[0]}" for plugin in PLUGINS.values())
    for name in (*(f"encodings.{name}" for name in _ENCODINGS), *plugins, *_LAZY, *_of_samepic()):
        importlib.import_module(name)
    Image.init()  # frames of animations are opened by Pillow's own search
    # One picture at a time is decoded on one thread; more workers are what makes use of more processors.
    cv2.setNumThreads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    pi_heif.options.DECODE_THREADS = 1
    for name in NETWORKS:
        load_network(name)
    for form, data in _pictures():
        try:
            load(Encoded(form, data))
        except SamepicError:
            continue  # what is not built in stays so
    with suppress(MissingPartError):
        prove(copycode=True)
    prove()


def _of_samepic() -> Iterator[str]:
    """Yield every module that looks at pictures: a function of one may import another."""
    for name in ("picture", "fingerprints", "verify"):
        package = importlib.import_module(f"samepic.{name}")
        yield from (found.name for found in pkgutil.iter_modules(package.__path__, f"samepic.{name}."))


def prove(*, copycode: bool = False) -> None:
    """Prepare and compare small pictures; raise as these do where it does not work."""
    forms = dict(_pictures(("JPEG", "PNG", "GIF")))
    for name, data in forms.items():
        prepared(data, {"names": [name], "copycode": copycode}, LIMITS)
    ask = {"names": ["a", "b"], "same_if": "reframed", "profile": None, "prove": True, "visibility": True}
    compared(forms["JPEG"], forms["PNG"], ask, LIMITS)


def _pictures(forms: tuple[str, ...] = tuple(_SAVED)) -> Iterator[tuple[str, bytes]]:
    """Yield one small picture in each format that Pillow can write, and a HEIF that holds none."""
    y, x = np.mgrid[0:96, 0:128]
    wave = 127 + 60 * np.sin(x / 9.0) + 60 * np.cos(y / 7.0)
    image = Image.fromarray(np.dstack([wave, 255 - wave, y * 2]).clip(0, 255).astype(np.uint8))
    for form in forms:
        out = io.BytesIO()
        try:
            image.save(out, form, **_SAVED[form])
        except (OSError, KeyError):
            continue
        yield form, out.getvalue()
    if "AVIF" in forms:
        yield "HEIF", _HEIF


if __name__ == "__main__":
    sys.exit(main())
