"""Table of every classical measure of one pair, with its calibrated cutoff and its reliability.

`python -m bench cutoffs measures --write` finds the cutoffs; docs/cutoffs.md explains them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from samepic.arrays import Pixels
from samepic.display import fragment
from samepic.measures import classical
from samepic.measures.classical import ssim, to_common_form
from samepic.picture.picture import Picture
from samepic.values import FrozenDict, one_line, short_repr, values_of
from samepic.verdict import Region


class Reliability(StrEnum):
    """How reliable a measure that passes its cutoff is, for whole-frame re-saves of photographs.

    `proof`: equality, which cannot be wrong. `strong`: at 1 wrong pair in 10 000 it still finds at least 99 %
    of re-saves. `weak`: at least half. `none`: fewer, or never calibrated. No measure notices a small edit.
    """

    PROOF = "proof"
    STRONG = "strong"
    WEAK = "weak"
    NONE = "none"


FOUND_STRONG = 0.99  # 2026-11: share of re-saves that the cutoff of a "strong" measure still finds. Chosen.
FOUND_WEAK = 0.5  # 2026-11: below this share a measure is no evidence at its cutoff. Chosen.


class Cutoff(NamedTuple):
    """Where a measure separates re-saves from distinct photographs at 1 wrong in 10 000, with 95 % intervals.

    A pair passes at or below `value` where `lower` is better; `found` is the share of re-saves that pass, `wrong` the
    number of distinct photographs.
    """

    measure: str
    value: float
    lower: bool
    found: float
    found_interval: tuple[float, float]
    interval: tuple[float, float]
    pairs: int
    resaves: int
    wrong: int

    def passes(self, value: float) -> bool:
        """Return whether `value` is within the cutoff."""
        return value <= self.value if self.lower else value >= self.value


_FOUND = msgspec.json.decode(Path(__file__).with_name("cutoffs.json").read_bytes())
CUTOFFS: Mapping[str, Cutoff] = FrozenDict(
    {cutoff.measure: cutoff for cutoff in msgspec.convert(_FOUND["cutoffs"], list[Cutoff])}
)
"""The cutoffs by the name of the measure, and where they come from, as `python -m bench cutoffs --write` wrote them."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One measure of one pair.

    `value` is NaN where it cannot be measured; `bands` are its values by band (R, G, B, alpha) where it has
    them, and `value` is their mean or sum; `box` is the bounding box of the difference in pixels of a.
    `passes` is whether `value` is within `cutoff`, None where there is no cutoff or no value. `found` is
    the share of re-saves found at the cutoff, with its 95 % `interval`.
    """

    name: str
    value: float
    unit: str
    better: str
    note: str
    cutoff: float | None = None
    passes: bool | None = None
    found: float | None = None
    interval: tuple[float, float] | None = None
    reliability: Reliability = Reliability.NONE
    bands: tuple[float, ...] = ()
    box: Region | None = None

    __repr__ = short_repr

    def __eq__(self, other: object) -> bool:
        # NaN differs from itself; a measure that cannot be made does not.
        return isinstance(other, Measured) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.name, self.passes, self.box))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape; values are numbers, true or false, null (not measurable) or "Infinity"."""
        values = values_of(self)
        del values["note"]
        return values | {
            "value": _plain(self.value),
            "interval": self.interval and list(self.interval),
            "bands": [_plain(band) for band in self.bands],
            "box": self.box and self.box.to_dict(),
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Measures(Mapping[str, Measured]):
    """Every measure of one pair by its name, in the order of `NAMES`: `measures["ssim"].value`."""

    rows: tuple[Measured, ...]

    def __getitem__(self, name: str) -> Measured:
        return {row.name: row for row in self.rows}[name]

    def __iter__(self) -> Iterator[str]:
        return (row.name for row in self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the JSON shape of `samepic measure --json`: one object by the name of each measure."""
        return {row.name: row.to_dict() for row in self.rows}

    def __repr__(self) -> str:
        return one_line("Measures", (f"{row.name}={row.value:.4g}" for row in self.rows))

    def _repr_html_(self) -> str:
        """Return what Jupyter shows: a row for each measure."""
        texts = {True: "passes", False: "fails", None: "not measurable"}
        rows = (
            (row.name, f"{f'{row.value:.4g} {row.unit}'.strip()}: {texts[row.passes]} at {row.cutoff:.4g}")
            for row in self.rows
        )
        return fragment("Measures with their cutoffs", rows)


_OF_LEVELS = "misses a small edit; takes dull pictures for equal; is swayed by brightness"
_KINDS: Mapping[str, tuple[str, str, str]] = {
    "same_bytes": ("", "higher", "is proof where it holds; saving again ends it"),
    "same_pixels": ("", "higher", "is proof where it holds; lossy saving ends it"),
    "difference_box": ("share of the frame", "lower", "is 1 as soon as two opposite corners differ"),
    "absolute_difference_mean": ("levels", "lower", _OF_LEVELS),
    "absolute_difference_sum": ("levels", "lower", "grows with the size of the pictures"),
    "rms_distance": ("levels", "lower", _OF_LEVELS),
    "psnr": ("dB", "higher", "is the RMS distance on another scale"),
    "histogram_rms": ("pixels a bin", "lower", "is blind to where colors are; grows with the picture's size"),
    "histogram_rms_normalised": ("share a bin", "lower", "is blind to where colors are"),
    "kullback_leibler": (
        "bits",
        "lower",
        "is blind to where colors are; is infinite if b lacks a level of a",
    ),
    "jensen_shannon": ("bits", "lower", "is blind to where colors are"),
    "whitened_correlation": ("", "higher", "misses a small edit; needs equal framing"),
    "whitened_rms": ("levels", "lower", "takes smooth pictures for equal"),
    "ssim": ("", "higher", "misses a small edit; needs equal framing; takes smooth pictures for equal"),
}
"""The unit, the better side and the weakness of each measure."""

NAMES = tuple(_KINDS)
"""The names of all measures, in the order of the table."""

_PROOFS = frozenset({"same_bytes", "same_pixels"})
_OF_HISTOGRAMS = ("histogram_rms", "histogram_rms_normalised", "kullback_leibler", "jensen_shannon")


def measure_arrays(a: Picture, b: Picture) -> Measures:
    """Return every classical measure of two pictures, in at most 12 bytes a pixel of the larger, 32 with alpha."""
    left, right = (one.rgb if one.alpha is None else np.dstack([one.rgb, one.alpha]) for one in (a, b))
    counts, (correlation, rms) = classical.histograms(left, right), classical.whitened_measures(left, right)
    rows = [
        _row("same_bytes", math.nan if a.data is None or b.data is None else a.data == b.data),
        _row("same_pixels", classical.same_pixels(left, right)),
        *_differences(left, right),
        *(_row(name, getattr(classical, name)(*counts)) for name in _OF_HISTOGRAMS),
        _row("whitened_correlation", correlation),
        _row("whitened_rms", rms),
        _row("ssim", ssim(left, right)),
    ]
    return Measures(tuple(rows))


def _differences(a: Pixels, b: Pixels) -> Iterator[Measured]:
    height, width = a.shape[:2]
    a, b = to_common_form(a, b)
    yield _boxed(classical.difference_box(a, b), a.shape[:2], (height, width))
    means = classical.absolute_difference_mean(a, b)
    sums = classical.absolute_difference_sum(a, b)
    yield _row("absolute_difference_mean", sum(means) / len(means), bands=means)
    yield _row("absolute_difference_sum", sum(sums), bands=sums)
    yield _row("rms_distance", classical.rms_distance(a, b))
    yield _row("psnr", classical.psnr(a, b))


def _boxed(box: tuple[int, int, int, int] | None, shape: tuple[int, ...], of_a: tuple[int, int]) -> Measured:
    if box is None:
        return _row("difference_box", 0.0)
    (height, width), (left, top, right, bottom) = shape, box
    share = (right - left) * (bottom - top) / (height * width)
    x, y = left * of_a[1] // width, top * of_a[0] // height
    x2, y2 = -(-right * of_a[1] // width), -(-bottom * of_a[0] // height)
    return _row("difference_box", share, box=Region(x, y, x2 - x, y2 - y))


def _row(name: str, value: float, *, bands: tuple[float, ...] = (), box: Region | None = None) -> Measured:
    cutoff = CUTOFFS[name]
    passes = None if math.isnan(value) else cutoff.passes(value)
    found = cutoff.found, cutoff.found_interval, _reliability(cutoff)
    return Measured(name, value, *_KINDS[name], cutoff.value, passes, *found, bands, box)


def _reliability(cutoff: Cutoff) -> Reliability:
    if cutoff.measure in _PROOFS:
        return Reliability.PROOF
    if cutoff.found >= FOUND_STRONG:
        return Reliability.STRONG
    return Reliability.WEAK if cutoff.found >= FOUND_WEAK else Reliability.NONE


def _plain(value: float) -> float | str | None:
    """Return a value for JSON: NaN becomes null, an infinity its name."""
    if math.isnan(value):
        return None
    return value if math.isfinite(value) else "Infinity"
