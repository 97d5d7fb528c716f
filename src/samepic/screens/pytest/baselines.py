"""Baselines: PNG files beside the test, named after it, its case and platform."""

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
from typing import Final

from PIL import Image, PngImagePlugin

from samepic.errors import BaselineError, UnreadableError
from samepic.picture import Picture, load
from samepic.tuning.screens import Box
from samepic.writing import reason_of

_IGNORED_KEY = "samepic-ignored"
_TEMPORARY = ".samepic-"
_STALE_SECONDS: Final = 600.0  # the age from which on temporary files of killed runs are removed
_NAME_BYTES: Final = 120  # the longest name of a baseline; longer ones are cut, and get a digest
_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_UNUSUAL = re.compile(r"[^\w.=+-]+")
_PLATFORMS = {"win32": "windows", "darwin": "macos"}
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


@dataclass(frozen=True, slots=True)
class Shot:
    """A captured picture, or a baseline; `boxes` and the boxes of `ignored` elements are not compared."""

    picture: Picture
    ignored: tuple[Box, ...] = ()
    boxes: tuple[Box, ...] = ()


def baseline_path(test: Path, folder: str, name: str) -> Path:
    """Return the path of the baseline `name` of the test file `test`, in `folder` beside it.

    Raises BaselineError for a folder that is not below that of the test, also through a symbolic link.
    """
    parts = PurePath(folder)
    if not parts.parts or parts.is_absolute() or ".." in parts.parts:
        raise BaselineError(
            f"samepic_baselines: expected the name of a folder beside the tests, found {folder!r}"
        )
    path = test.parent / parts / test.stem / f"{name}.png"
    here = test.parent.resolve()
    if not path.resolve().is_relative_to(here):
        raise BaselineError(f"{path}: expected a baseline below {here}, found a link to {path.resolve()}")
    return path


def read_baseline(path: Path) -> Shot | None:
    """Return the baseline at `path`, None where there is none. Raises BaselineError for a broken one."""
    if not path.exists():
        return None
    try:
        picture = load(path)
        if picture.info.format != "PNG" or picture.info.frames > 1:
            raise UnreadableError(str(path), "a PNG of one frame", picture.info.format)
    except UnreadableError as error:
        raise BaselineError(f"the baseline {path} cannot be read: {reason_of(error)}") from error
    with Image.open(path) as image:
        text = image.info.get(_IGNORED_KEY, "[]")
    try:
        ignored = tuple((int(x), int(y), int(w), int(h)) for x, y, w, h in json.loads(text))
    except (TypeError, ValueError) as error:
        raise BaselineError(
            f"the baseline {path} cannot be read: {_IGNORED_KEY} is not a list of boxes"
        ) from error
    return Shot(picture, ignored)


def write_baseline(path: Path, picture: Picture, ignored: Sequence[Box] = ()) -> None:
    """Write a baseline. Raises BaselineError where it cannot be written."""
    write_png(path, png(picture, ignored))


def write_png(path: Path, data: bytes) -> None:
    """Write a baseline of which the bytes exist, atomically. Raises BaselineError where it cannot be written."""
    temporary = path.parent / f"{_TEMPORARY}{secrets.token_hex(8)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in path.parent.glob(f"{_TEMPORARY}*"):
            with suppress(OSError):
                if stale.stat().st_mtime < time.time() - _STALE_SECONDS:
                    stale.unlink()
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise BaselineError(f"the baseline {path} cannot be written: {error.strerror or error}") from error


def png(picture: Picture, ignored: Sequence[Box] = ()) -> bytes:
    """Return a picture as it is compared, upright and in sRGB, as PNG."""
    image = Image.fromarray(picture.rgb)
    if picture.alpha is not None:
        image.putalpha(Image.fromarray(picture.alpha))
    info = PngImagePlugin.PngInfo()
    if ignored:
        info.add_text(_IGNORED_KEY, json.dumps([list(box) for box in ignored]))
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=info, compress_level=9)
    return stream.getvalue()


class Names:
    """The names of the baselines of one test, `test`, in one case of its parameters ("" where it has none)."""

    def __init__(self, test: str, case: str) -> None:
        self._test, self._case = file_name_part(test), file_name_part(case)
        self._unnamed: Counter[str] = Counter()

    def next_name(self, name: str | None, platform: str) -> str:
        """Return the given name, else that of the test, numbered from the second on. Raises BaselineError."""
        stem = self._test if name is None else _check_name(name)
        result = "-".join(part for part in (stem, self._case) if part)
        if name is None:
            self._unnamed[platform] += 1
            number = self._unnamed[platform]
            # Names of tests and cases cannot contain this character.
            result += f"~{number}" if number > 1 else ""
        if platform:
            result += f"-{_check_name(platform)}"
        # File systems limit bytes, and a letter may take four.
        cut = result.encode()[:_NAME_BYTES].decode(errors="ignore")
        return result if cut == result else f"{cut}-{_digest(result)}"


def platform_name(requested: str | bool | None, setting: str) -> str:
    """Return the platform in the names of baselines, or "". Raises BaselineError for an unknown setting."""
    if isinstance(requested, str):
        return requested
    if setting not in ("none", "system"):
        raise BaselineError(f"samepic_platform: expected none or system, found {setting!r}")
    if requested if requested is not None else setting == "system":
        return _PLATFORMS.get(sys.platform, sys.platform)
    return ""


def device_name(device: str) -> str:
    """Return a device in the names of baselines: "@iPhone_13", "" for none."""
    return f"@{re.sub('[^0-9A-Za-z]+', '_', device).strip('_')}" if device else ""


def file_name_part(text: str) -> str:
    """Return a text as a part of a file name; different texts stay different."""
    result = _UNUSUAL.sub("-", text).strip("-.")
    return result if result == text else f"{result}-{_digest(text)}".lstrip("-")


def _check_name(name: str) -> str:
    expected = "expected a plain file name such as 'menu-open'"
    if not isinstance(name, str):
        raise BaselineError(f"name: {expected}, found {type(name).__name__}")
    result = name.removesuffix(".png")
    outer = result.startswith(".") or result.endswith((".", " "))
    if not result.strip() or outer or _RESERVED.fullmatch(result):
        raise BaselineError(f"name: {expected}, found {name!r}")
    if ignored := _UNSAFE.search(result):
        raise BaselineError(f"name: {expected}, found {name!r}, with {ignored[0]!r}")
    return result


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
