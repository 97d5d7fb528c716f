"""What a drawing says: names, dates, sums, series, colors; and two drawings that differ in some of it only."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bench.family_base import Color, Pixels, Right, Rng
from bench.pairs import Twins, changed_mask
from bench.steps import picked, seed_of

T = TypeVar("T")

COLORS: tuple[Color, ...] = (
    (200, 30, 45), (0, 90, 170), (0, 135, 70), (250, 205, 20), (20, 20, 20), (255, 255, 255),
    (240, 130, 20), (120, 40, 140), (115, 200, 235), (130, 20, 40), (235, 120, 170), (110, 80, 50), (140, 145, 150),
)  # fmt: skip
_FIRST = (
    "Anna", "Marek", "Lucia", "Tom", "Ines", "Jonas", "Mia", "Paul", "Sara", "Deniz", "Olga", "Hugo", "Vera",
)  # fmt: skip
_LAST = (
    "Novak", "Smith", "Garcia", "Lindqvist", "Moreau", "Tanaka", "Weber", "Rossi", "Okafor", "Klein", "Hill",
)  # fmt: skip
_TOWNS = ("Lisbon", "Graz", "Leeds", "Nantes", "Turku", "Porto", "Aarhus", "Bilbao", "Ghent", "Lodz", "Kyoto")
_THINGS = (
    "Oat milk 1 l", "Desk lamp", "Rye bread", "Cable 2 m", "Paper A4", "Green tea", "Bike light", "Wool socks",
    "Notebook", "Door hinge", "Olive oil", "Batteries AA", "Tomatoes", "Hand soap", "Screws M4", "Coffee 500 g",
)  # fmt: skip
_SENTENCES = (
    "the quick meeting was moved to next week because nobody had read the plan and we agreed that a short",
    "note would do for now please bring your own cup and a pen since there will be little time between",
    "talks on river boats old bridges small towns new roads and the price of bread in winter when trains",
    "run late yet people still travel",
)
_WORDS = " ".join(_SENTENCES).split()


def _line(rng: Rng) -> str:
    start = int(rng.integers(0, len(_WORDS) - 8))
    words = [picked(rng, _WORDS[start : start + 8]) for _ in range(int(rng.integers(3, 8)))]
    return " ".join(words).capitalize()


_TEXTS: dict[str, Callable[[Rng], str]] = {
    "name": lambda rng: f"{picked(rng, _FIRST)} {picked(rng, _LAST)}",
    "town": lambda rng: f"{int(rng.integers(1000, 99999))} {picked(rng, _TOWNS)}",
    "place": lambda rng: picked(rng, _TOWNS),
    "street": lambda rng: f"{picked(rng, _LAST)} Street {int(rng.integers(1, 200))}",
    "thing": lambda rng: picked(rng, _THINGS),
    "count": lambda rng: str(int(rng.integers(1, 100))),
    "digit": lambda rng: str(int(rng.integers(0, 10))),
    "time": lambda rng: f"{int(rng.integers(0, 24)):02d}:{int(rng.integers(0, 60)):02d}",
    "seat": lambda rng: f"{int(rng.integers(1, 40))}{'ABCDEF'[int(rng.integers(0, 6))]}",
    "code": lambda rng: "".join(picked(rng, "ABCDEFGHJKLMNPRSTUVXYZ23456789") for _ in range(6)),
    "number": lambda rng: str(int(rng.integers(10000, 9999999))),
    "money": lambda rng: f"{float(rng.uniform(1, 10 ** rng.uniform(1, 4))):.2f}",
    "date": lambda rng: ".".join(
        f"{int(rng.integers(*ends)):02d}" for ends in ((1, 29), (1, 13), (2009, 2027))
    ),
    "line": _line,
}


@lru_cache(maxsize=64)
def font(size: int, face: str = "Sans") -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return DejaVu's `face` ("Sans", "Serif-Bold", "SansMono" ...), or Pillow's own where it is not installed."""
    path = Path(f"/usr/share/fonts/truetype/dejavu/DejaVu{face}.ttf")
    if path.is_file():
        return ImageFont.truetype(str(path), size)
    return ImageFont.load_default(size)


def put(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    ink: Color,
    *,
    face: str = "Sans",
    anchor: str | None = None,
) -> None:
    """Write at a place of a drawing, in DejaVu's `face`."""
    draw.text(at, text, fill=ink, font=font(size, face), anchor=anchor)


@dataclass
class Values:
    """The values of one drawing by field: those in `changed` are other ones, by a digit or one entry if `small`."""

    seed: tuple[int, ...]
    changed: frozenset[str] = frozenset()
    small: bool = False
    asked: dict[str, bool] = field(default_factory=dict)

    def rng(self, name: str, *, version: int | None = None) -> Rng:
        """Return a generator of this field, for what only the drawing itself knows how to make."""
        self.asked.setdefault(name, False)
        number = int(name in self.changed) if version is None else version
        return np.random.default_rng([*self.seed, zlib.crc32(name.encode()), number])

    def _other(self, name: str, draw: Callable[[Rng], T], base: T) -> T:
        tries = (draw(self.rng(name, version=version)) for version in range(1, 40))
        return next((other for other in tries if other != base), base)

    def text(self, name: str, kind: str) -> str:
        """Return text of a kind: "name", "date", "money", "number", "line" ..."""
        base = _TEXTS[kind](self.rng(name, version=0))
        digits = [at for at, letter in enumerate(base) if letter.isdigit()]
        self.asked[name] = bool(digits)
        if name not in self.changed:
            return base
        if not (self.small and digits):
            return self._other(name, _TEXTS[kind], base)
        rng = self.rng(name, version=99)
        at = picked(rng, digits)
        return base[:at] + str((int(base[at]) + int(rng.integers(1, 10))) % 10) + base[at + 1 :]

    def series(self, name: str, count: int, *, walk: bool = False) -> NDArray[np.float64]:
        """Return `count` values 0 to 1, at random or each near the one before."""
        base = _series(self.rng(name, version=0), count, walk)
        self.asked[name] = True
        if name not in self.changed:
            return base
        if not self.small:
            return _series(self.rng(name, version=1), count, walk)
        rng, out = self.rng(name, version=99), base.copy()
        at = int(rng.integers(0, count))
        out[at] = (base[at] + float(rng.uniform(0.25, 0.6))) % 1.0
        return out

    def pick(self, name: str, options: Sequence[T], *, besides: Sequence[T] = ()) -> T:
        """Return one of `options` that is none of `besides`."""
        left = [option for option in options if option not in besides]

        base = picked(self.rng(name, version=0), left)
        return self._other(name, partial(picked, options=left), base) if name in self.changed else base


def _series(rng: Rng, count: int, walk: bool) -> NDArray[np.float64]:
    if not walk:
        return rng.uniform(0.05, 1.0, count)
    steps = np.cumsum(rng.normal(0, 1, count))
    low, high = float(steps.min()), float(steps.max())
    return 0.05 + 0.9 * (steps - low) / max(1e-9, high - low)


Draw = Callable[[Rng, Values], Image.Image]
"""From a generator of the layout, which both versions share, and the values to a picture."""


def pixels(image: Image.Image) -> Pixels:
    """Return the (h, w, 3) uint8 RGB pixels of a drawing."""
    return np.asarray(image.convert("RGB"), np.uint8)


def _changes(asked: dict[str, bool], rng: Rng) -> tuple[str, frozenset[str], bool]:
    """Return (what changes, the fields, by little): one entry, one field, a few, or all."""
    names, small = sorted(asked), sorted(name for name, can in asked.items() if can)
    how = str(rng.choice(["a little", "one", "few", "all"], p=[0.3, 0.25, 0.25, 0.2]))
    if how == "a little" and small:
        return "a little", frozenset({picked(rng, small)}), True
    if how == "all":
        return "all", frozenset(names), False
    count = 1 if how != "few" else min(len(names), int(rng.integers(2, 5)))
    return "few" if how == "few" else "one", frozenset(rng.choice(names, count, replace=False)), False


def _can_be_seen(one: Pixels, two: Pixels) -> bool:
    """A change of a few pixels by a few levels is one that nobody sees."""
    change = changed_mask(one, two, 70)
    return change is None or bool((change > 0).sum() >= max(4, 0.00002 * change.size))


def twins_of(draw: Draw, title: str, rng: Rng, *, style: str, readable: int = 0) -> Twins:
    """Return two versions of one drawing that differ in some of what it says, visibly.

    `readable` is the width in pixels below which its smallest words can no longer be read.
    """
    seed = seed_of(rng)
    values = Values(seed)
    one = pixels(draw(np.random.default_rng(seed), values))
    for attempt in range(20):
        how, changed, small = _changes(values.asked, rng)
        if attempt > 12:
            how, changed, small = "all", frozenset(values.asked), False
        two = pixels(draw(np.random.default_rng(seed), Values(seed, changed, small)))
        if _can_be_seen(one, two):
            break
    else:
        return twins_of(draw, title, rng, style=style, readable=readable)
    mask = changed_mask(one, two)
    local = mask is not None and how != "all" and float((mask > 0).mean()) < 0.1
    truth = Right.EDITED if local else Right.APART
    least = max(0.75 if how == "a little" else 0.5, readable / one.shape[1])
    return Twins(f"{title}, {how}", one, two, truth, mask, style, least=least)
