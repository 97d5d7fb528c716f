"""Baselines on disk: PNG files in a folder beside the test, written whole or not at all."""

from __future__ import annotations

import io
import json
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from PIL import Image, PngImagePlugin

from samepic.errors import BaselineError, UnreadableError
from samepic.picture import Picture, load
from samepic.profiles.contrib import PYTEST
from samepic.profiles.screen import Box

__all__ = ["Baseline", "in_place", "kept", "place_of", "png"]

_IGNORED = "samepic-ignored"
_LEFT = ".samepic-"


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline that was read: its picture, and where the elements were that were ignored when it was taken."""

    picture: Picture
    found: tuple[Box, ...]


def place_of(test: Path, folder: str, name: str) -> Path:
    """Return where the baseline `name` of the test file `test` lies: `folder` is beside it.

    Raises BaselineError for a folder that is not below that of the test, also by way of a symbolic link.
    """
    parts = PurePath(folder)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts:
        raise BaselineError(
            f"samepic_baselines: wanted the name of a folder beside the tests, got {folder!r}"
        )
    place = test.parent / parts / test.stem / f"{name}.png"
    here = test.parent.resolve()
    if not place.resolve().is_relative_to(here):
        raise BaselineError(f"{place}: wanted a baseline below {here}, got a link to {place.resolve()}")
    return place


def kept(place: Path) -> Baseline | None:
    """Return the baseline that lies at a place, None where there is none. Raises BaselineError for a broken one."""
    if not place.exists():
        return None
    try:
        picture = load(place)
        if picture.info.format != "PNG" or picture.info.frames > 1:
            raise UnreadableError(str(place), "a PNG of one frame", picture.info.format)
    except UnreadableError as error:
        raise BaselineError(
            f"the baseline {place} cannot be read: wanted {error.wanted}, got {error.got}"
        ) from error
    return Baseline(picture, _found(place))


def in_place(place: Path, picture: Picture, found: Sequence[Box] = ()) -> None:
    """Write a baseline. Whoever reads meanwhile, or after a crash, finds the old file or the new one.

    Raises BaselineError where it cannot be written.
    """
    data = png(picture, found)
    left = place.parent / f"{_LEFT}{secrets.token_hex(8)}"
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        _tidy(place.parent)
        try:
            with left.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            left.replace(place)
        except BaseException:
            left.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise BaselineError(f"the baseline {place} cannot be written: {error.strerror or error}") from error


def png(picture: Picture, found: Sequence[Box] = ()) -> bytes:
    """Return a picture as it was compared, upright and in sRGB, as PNG."""
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    told = PngImagePlugin.PngInfo()
    if found:
        told.add_text(_IGNORED, json.dumps([list(box) for box in found]))
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=told, compress_level=9)
    return stream.getvalue()


def _found(place: Path) -> tuple[Box, ...]:
    with Image.open(place) as image:
        text = image.info.get(_IGNORED, "[]")
    try:
        return tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in json.loads(text))
    except (TypeError, ValueError) as error:
        raise BaselineError(f"the baseline {place} cannot be read: {_IGNORED} is no list of boxes") from error


def _tidy(folder: Path) -> None:
    """Remove what runs that were killed left half written."""
    for left in folder.glob(f"{_LEFT}*"):
        with suppress(OSError):
            if left.stat().st_mtime < time.time() - PYTEST.stale_seconds:
                left.unlink()
