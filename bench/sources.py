"""Pictures by name: files of the data folder, copies made of them, and pages that nobody photographed.

A name is "file:PATH", "copy:FAMILY|LEVEL|NUMBER|PATH" or "made:KIND|NUMBER|..."; the same name gives the same bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from bench.common import SEED, photo_names, wanted_data
from bench.families import alter, level_of, save
from bench.family_base import Altered, Pixels
from bench.made import made_bytes


@lru_cache(maxsize=1)
def _photo_names() -> tuple[str, ...]:
    return tuple(photo_names(wanted_data()))


def chosen(data: Path, half: str, most: int | None = None) -> list[str]:
    """Return the first photographs of one half, in an order by chance."""
    names = [name for name in photo_names(data) if half_of(name) == half]
    return sorted(names, key=lambda name: zlib.crc32(f"{SEED} {name}".encode()))[:most]


def half_of(key: str) -> str:
    """Return "test" or "train": which half of the data an original, named by its path, belongs to."""
    return ("train", "test")[zlib.crc32(key.encode()) >> 7 & 1]


def file_name(path: str) -> str:
    """Return the name of a file, given by its path below the data folder."""
    return f"file:{path}"


def copy_name(family: str, level: str, number: int, path: str) -> str:
    """Return the name of one altered copy of a file."""
    return f"copy:{family}|{level}|{number}|{path}"


def copy_by_chance(family: str, path: str, number: int = 0, salt: str = "") -> str:
    """Return the name of a copy of a file at a level drawn by chance; another salt draws another one."""
    rng = np.random.default_rng([SEED, zlib.crc32(f"{salt}{family} {path}".encode())])
    return copy_name(family, level_of(family, rng), number, path)


@lru_cache(maxsize=4)
def pixels_of(path: str) -> Pixels:
    """Return the upright (h, w, 3) uint8 RGB pixels of a file, alpha laid on white."""
    with Image.open(wanted_data() / path) as file:
        image = ImageOps.exif_transpose(file)
    if image.has_transparency_data:
        whole = image.convert("RGBA")
        image = Image.new("RGBA", whole.size, "white")
        image.alpha_composite(whole)
    rgb = np.asarray(image.convert("RGB"))
    rgb.flags.writeable = False
    return rgb


def quarters(rgb: Pixels) -> Iterator[Pixels]:
    """Yield the four quarters of a picture, row by row."""
    height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
    for y, x in product((0, height), (0, width)):
        yield np.ascontiguousarray(rgb[y : y + height, x : x + width])


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
    return (wanted_data() / rest).read_bytes()
