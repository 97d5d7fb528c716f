"""Load all that decoding may ever need, since a worker cannot open a file later on, and prove that it works."""

from __future__ import annotations

import importlib
import io
import pkgutil
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import cv2
import numpy as np
import pi_heif
from PIL import AvifImagePlugin, Image

from samepic.errors import MissingPartError, SamepicError
from samepic.gate.worker_tasks import compared, prepared
from samepic.picture import Encoded, load
from samepic.picture.pillow_reader import PLUGINS
from samepic.profiles import LIMITS
from samepic.verify.network import NETWORKS, load_network

__all__ = ["prove", "warm"]

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
    for name in ("picture", "fingerprint", "verify"):
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
