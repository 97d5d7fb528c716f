"""The pictures that pairs are made from, by half: photographs, receipts, drawings, and those that we draw."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from functools import lru_cache

import cv2
import numpy as np

from bench.charts import CHARTS, MAPS
from bench.common import SEED, data_folder
from bench.family_base import Pixels
from bench.pages import PAGES
from bench.screens_drawn import CARDS, SCREENS
from bench.signs import SIGNS, drawn_sign
from bench.sources import half_of, pixels_of
from bench.values import Draw, Values, pixels

Rng = np.random.Generator

DRAWN: Mapping[str, Mapping[str, Draw]] = {
    "forms": PAGES,
    "screens": SCREENS,
    "cards": CARDS,
    "charts": CHARTS,
    "maps": MAPS,
}
"""Kinds of drawings whose values can be others, each with its layouts."""

_FOLDERS = {
    "photos": ("photos/bsds500", "photos/imagenet", "photos/kodak"),
    "jpegs": ("photos/imagenet",),
    "receipts": ("documents/receipts",),
    "clipart": ("clipart",),
}
_LEAST_SPREAD = 4
"""Standard deviation of the levels under which a picture shows nothing."""
_LONGEST = 1400
_SUFFIXES = {"photos": (".jpg", ".jpeg", ".png"), "clipart": (".png",)}


@lru_cache(maxsize=16)
def names_of(what: str, half: str) -> tuple[str, ...]:
    """Return the files of one half below the data folder, in an order by chance: "photos", "jpegs", "receipts" ...

    Raises FileNotFoundError where there is no data folder.
    """
    data = data_folder()
    if data is None:
        raise FileNotFoundError("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
    suffixes = _SUFFIXES.get(what, (".jpg", ".jpeg"))
    found = [
        path.relative_to(data).as_posix()
        for folder in _FOLDERS[what]
        for path in (data / folder).rglob("*")
        if path.suffix.lower() in suffixes
    ]
    mine = [name for name in found if half_of(name) == half]
    return tuple(sorted(mine, key=lambda name: zlib.crc32(f"{SEED} {name}".encode())))


def file_of(what: str, half: str, number: int) -> str:
    """Return file `number` of one half, from the start again where there are fewer."""
    names = names_of(what, half)
    return names[number % len(names)]


def photo(half: str, number: int) -> Pixels:
    """Return the pixels of photograph `number` of one half."""
    return pixels_of(file_of("photos", half, number))


def drawn(kind: str, number: int, rng: Rng) -> Pixels:
    """Return one drawing of a kind of DRAWN or of SIGNS; neighboring numbers take turns in its layouts."""
    if kind in SIGNS:
        return drawn_sign(kind, rng)
    layouts: Sequence[Draw] = tuple(DRAWN[kind].values())
    seed = tuple(int(n) for n in rng.integers(0, 1 << 30, 2))
    return pixels(layouts[number % len(layouts)](np.random.default_rng(seed), Values(seed)))


def any_original(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    """Return a picture of one half and how it is kept: "photo" in six of ten, else "page" or "drawing"."""
    chance = float(rng.random())
    if chance < 0.6:
        return "photo", photo(half, number)
    if chance < 0.75:
        return "page", pixels_of(file_of("receipts", half, number))
    if chance < 0.85:
        return "page", drawn("forms", number, rng)
    if chance < 0.92:
        return "drawing", pixels_of(file_of("clipart", half, number))
    kind = str(rng.choice(["screens", "cards", "charts", "maps"]))
    return "drawing", drawn(kind, number, rng)


def clear_original(half: str, number: int, rng: Rng) -> tuple[str, Pixels]:
    """Return `any_original` at most 1400 pixels long, another one instead of what shows nothing on white."""
    while True:
        what, rgb = any_original(half, number, rng)
        if float(rgb.std()) >= _LEAST_SPREAD:
            break
    by = _LONGEST / max(rgb.shape[:2])
    return what, rgb if by >= 1 else np.asarray(
        cv2.resize(rgb, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.uint8
    )
