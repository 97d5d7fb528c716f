"""Companions: what belongs to a picture by its name, in its folder: sidecars, Live Photos, RAW beside JPEG."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

DEVELOPED: Final = frozenset((".heic", ".heif", ".hif", ".jpe", ".jpeg", ".jpg"))
"""How names end of what a camera writes beside a raw file, or beside the video of a Live Photo."""

RAW_SUFFIXES: Final = frozenset(
    f".{name}"
    for name in (
        *("3fr", "arw", "cr2", "cr3", "crw", "dcr", "dng", "erf", "iiq", "kdc", "mef", "mos", "mrw", "nef"),
        *("nrw", "orf", "pef", "raf", "raw", "rw2", "rwl", "sr2", "srf", "srw", "x3f"),
    )
)  # fmt: skip
_PICTURES = RAW_SUFFIXES | DEVELOPED | {".avif", ".bmp", ".gif", ".png", ".psd", ".tif", ".tiff", ".webp"}
_VIDEOS = frozenset((".mov", ".mp4"))
_LIVE_BYTES = 40_000_000  # 2026-11-30, chosen: those of Live Photos take 3 s and 2 to 10 MB
_SIDECARS = frozenset((".aae", ".dop", ".pp3", ".xmp"))
_TAKEOUT, _TAKEOUT_LETTERS = ".supplemental-metadata", 46  # Google Takeout cuts names there, before ".json"
_COPY = re.compile(r"\(\d+\)$")  # IMG(1).jpg has IMG.jpg(1).json
_APPLE = re.compile(r"^img_[eo](?=\d)")  # IMG_E1.jpg is IMG_1.jpg as edited, by IMG_1.aae or IMG_O1.aae
_EDITED = "-edited"  # of Google: with the .json of the original


@dataclass(frozen=True, slots=True)
class Companion:
    """A file by its name, and the names of all pictures in its folder that it belongs to."""

    name: str
    owners: frozenset[str]


@dataclass(slots=True, eq=False)
class NamesInFolder:
    """The names of regular files in one folder, by the stems of pictures that they may belong to."""

    names: Iterable[str]
    _by_stem: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in sorted(self.names, key=os.fsencode):
            parts = name.split(".")
            for stem in {_stem(".".join(parts[:count])) for count in range(1, len(parts))}:
                self._by_stem.setdefault(stem, []).append(name)

    def companions(self, picture: str) -> list[Companion]:
        """Return what belongs to a picture of this name, alone or with others."""
        around = self._around(picture)
        owners = {name: {one for one in around if _owns(one, name, around)} for name in around}
        return [Companion(name, frozenset(owners[name])) for name in around if picture in owners[name]]

    def pair(self, picture: str) -> frozenset[str]:
        """Return the names of a raw file and of what the camera developed of it, if this picture is one of them."""
        stem, suffix = _parts(picture)
        if suffix not in RAW_SUFFIXES | DEVELOPED:
            return frozenset()
        found = {}
        for name in self._around(picture):
            stem_there, kind = _parts(name)
            if stem_there == stem and kind in RAW_SUFFIXES | DEVELOPED:
                found[name] = kind in RAW_SUFFIXES
        return frozenset(found) if {True, False} == set(found.values()) else frozenset()

    def _around(self, picture: str) -> list[str]:
        return self._by_stem.get(_stem(_parts(picture)[0]), [])


def has_video(companions: Iterable[Companion]) -> bool:
    """Return whether a video is among them: that of a Live Photo."""
    return any(_parts(one.name)[1] in _VIDEOS for one in companions)


def companions_of(path: str) -> list[Companion]:
    """Return what belongs to the picture at a path."""
    folder, name = os.path.split(path)
    return names_in(folder or ".").companions(name)


def names_in(folder: str) -> NamesInFolder:
    """Return the names in a folder, without long videos; none where it cannot be read."""
    with suppress(OSError):
        return _names_in(folder, os.stat(folder).st_mtime_ns)  # noqa: PTH116
    return NamesInFolder(())


@lru_cache(256)
def _names_in(folder: str, _changed_ns: int) -> NamesInFolder:
    names = []
    with os.scandir(folder) as found:
        for entry in found:
            long = (
                _parts(entry.name)[1] in _VIDEOS and entry.stat(follow_symlinks=False).st_size > _LIVE_BYTES
            )
            if not long and entry.is_file(follow_symlinks=False):
                names.append(entry.name)
    return NamesInFolder(names)


def _parts(name: str) -> tuple[str, str]:
    """Return the stem and the suffix of a name, in small letters."""
    stem, dot, suffix = name.lower().rpartition(".")
    return (stem, dot + suffix) if stem else (name.lower(), "")


def _stem(stem: str) -> str:
    """Return what the stems of all that belongs together have in common."""
    return _COPY.sub("", _APPLE.sub("img_", stem.lower())).removesuffix(_EDITED)[: _TAKEOUT_LETTERS - 4]


def _owns(picture: str, name: str, around: Iterable[str]) -> bool:
    """Return whether `name` belongs to a picture, or to its video, among the names around."""
    suffix = _parts(picture)[1]
    if suffix not in _PICTURES or _parts(name)[1] in _PICTURES:
        return False
    videos = [one for one in around if suffix in DEVELOPED and _is_video_of(one, picture)]
    return name in videos or any(_describes(name, one.lower()) for one in (picture, *videos))


def _is_video_of(name: str, picture: str) -> bool:
    stem, suffix = _parts(name)
    return suffix in _VIDEOS and stem == _parts(picture)[0]


def _describes(sidecar: str, of: str) -> bool:
    """Return whether a sidecar is one of the file `of`, in small letters."""
    base, suffix = _parts(sidecar)
    stem = _parts(of)[0]
    if suffix in _SIDECARS:
        apple = suffix == ".aae" and _APPLE.sub("img_", base) == _APPLE.sub("img_", stem)
        return base in (of, stem) or apple
    return suffix == ".json" and any(_is_takeout(base, one) for one in {of, of.replace(_EDITED + ".", ".")})


def _is_takeout(base: str, of: str) -> bool:
    """Return whether a .json of Google Takeout, named `base` before its suffix, describes the file `of`."""
    number = _COPY.search(base)
    if number and base != of:
        stem, suffix = _parts(of)
        base, of = base[: number.start()], stem.removesuffix(number[0]) + suffix
        if not stem.endswith(number[0]):
            return False
    return (of + _TAKEOUT).startswith(base) and (len(base) >= len(of) or len(base) == _TAKEOUT_LETTERS)
