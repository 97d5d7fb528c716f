"""Pictures by name: files of the data folder, copies made of them, and pages that nobody photographed.

A name is "file:PATH", "copy:FAMILY|LEVEL|NUMBER|PATH" or "made:KIND|NUMBER|..."; the same name gives the same bytes.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bench.common import SEED, data_folder, photos
from bench.families import alter, save
from bench.family_base import Altered, Pixels
from bench.made import made_bytes

__all__ = ["copy_name", "copy_of", "file_name", "half_of", "named_bytes", "pixels_of"]


def _data() -> Path:
    data = data_folder()
    if data is None:
        raise FileNotFoundError("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
    return data


@lru_cache(maxsize=1)
def _photo_names() -> tuple[str, ...]:
    data = _data()
    return tuple(path.relative_to(data).as_posix() for path in photos(data))


def half_of(key: str) -> str:
    """Return "test" or "train": which half of the data an original, named by its path, belongs to."""
    return ("train", "test")[zlib.crc32(key.encode()) >> 7 & 1]


def file_name(path: str) -> str:
    """Return the name of a file, given by its path below the data folder."""
    return f"file:{path}"


def copy_name(family: str, level: str, number: int, path: str) -> str:
    """Return the name of one altered copy of a file."""
    return f"copy:{family}|{level}|{number}|{path}"


@lru_cache(maxsize=4)
def pixels_of(path: str) -> Pixels:
    """Return the upright (h, w, 3) uint8 RGB pixels of a file, alpha laid on white."""
    with Image.open(_data() / path) as file:
        image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        image = Image.new("RGBA", whole.size, "white")
        image.alpha_composite(whole)
    rgb = np.asarray(image.convert("RGB"))
    rgb.flags.writeable = False
    return rgb


def copy_of(name: str) -> tuple[bytes, Altered]:
    """Return the file of an altered copy and the truth about it."""
    family, level, _, path = name.removeprefix("copy:").split("|", 3)
    rng = np.random.default_rng([SEED, zlib.crc32(name.encode())])
    names = [other for other in _photo_names() if half_of(other) == half_of(path) and other != path]
    other = pixels_of(names[int(rng.integers(0, len(names)))])
    altered = alter(family, level, pixels_of(path), rng, other)
    return save(altered, rng), altered


def named_bytes(name: str) -> bytes:
    """Return the bytes of the file that a name stands for."""
    kind, _, rest = name.partition(":")
    if kind == "copy":
        return copy_of(name)[0]
    if kind == "made":
        return made_bytes(rest, pixels_of)
    return (_data() / rest).read_bytes()
