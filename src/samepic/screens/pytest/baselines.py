"""Baselines: PNG files beside the test, named after it, its case and platform, written whole or not at all."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from PIL import Image, PngImagePlugin

from samepic.errors import BaselineError, UnreadableError
from samepic.limits import PYTEST
from samepic.picture import Picture, load
from samepic.tuning.screens import Box

__all__ = ["Baseline", "Names", "in_place", "kept", "place_of", "plain", "platform_name", "png"]

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


_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')

_ODD = re.compile(r"[^\w.=+-]+")

_PLATFORMS = {"win32": "windows", "darwin": "macos"}

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Names:
    """The names of the baselines of one test, `test`, in one case of its parameters ("" where it has none)."""

    def __init__(self, test: str, case: str) -> None:
        self._test, self._case = plain(test), plain(case)
        self._unnamed: Counter[str] = Counter()

    def next(self, name: str | None, platform: str) -> str:
        """Return the name for a picture: that which was given, else that of the test, numbered from the second on.

        Raises BaselineError for a name that is no plain file name.
        """
        stem = self._test if name is None else _checked(name)
        told = "-".join(part for part in (stem, self._case) if part)
        if name is None:
            self._unnamed[platform] += 1
            number = self._unnamed[platform]
            # No test and no case has this letter in its name, so it can't be taken for one.
            told += f"~{number}" if number > 1 else ""
        return _short(f"{told}-{_checked(platform)}" if platform else told)


def platform_name(wanted: str | bool | None, setting: str) -> str:
    """Return what names the platform, "" for nothing: `wanted` is what a test asks for, `setting` that of the project.

    Raises BaselineError for a setting that does not exist.
    """
    if isinstance(wanted, str):
        return wanted
    if setting not in ("none", "system"):
        raise BaselineError(f"samepic_platform: wanted none or system, got {setting!r}")
    if wanted if wanted is not None else setting == "system":
        return _PLATFORMS.get(sys.platform, sys.platform)
    return ""


def plain(text: str) -> str:
    """Return a text as a part of a file name; texts that differ stay different."""
    told = _ODD.sub("-", text).strip("-.")
    return told if told == text else f"{told}-{_digest(text)}".lstrip("-")


def _checked(name: str) -> str:
    wanted = "wanted a plain file name such as 'menu-open'"
    if not isinstance(name, str):
        raise BaselineError(f"name: {wanted}, got {type(name).__name__}")
    told = name.removesuffix(".png")
    if not told.strip() or told.startswith(".") or told.endswith((".", " ")) or _RESERVED.fullmatch(told):
        raise BaselineError(f"name: {wanted}, got {name!r}")
    if found := _UNSAFE.search(told):
        raise BaselineError(f"name: {wanted}, got {name!r}, with {found[0]!r}")
    return told


def _short(name: str) -> str:
    # Bytes, for file systems count them: a letter may take four.
    most = PYTEST.name_letters
    if len(name.encode()) <= most:
        return name
    return f"{name.encode()[:most].decode(errors='ignore')}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
