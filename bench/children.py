"""Two children of one picture that was a JPEG before: saved again in two ways, one of them edited or toned first."""

from __future__ import annotations

import importlib
import importlib.util
from copy import deepcopy
from functools import lru_cache
from itertools import combinations

import numpy as np

from bench.common import SEED, encoded
from bench.edits import clear_edit
from bench.family_base import Pixels, to_bytes
from bench.originals import file_of, names_of
from bench.pairs import IN_PLACE, Labelled, changed_mask, edited_pair, named_rng, resized
from bench.sources import pixels_of

Rng = np.random.Generator

CODINGS: tuple[tuple[str, int, int], ...] = (
    *(("JPEG", quality, sampling) for quality in (100, 95, 93, 90, 85, 75, 60) for sampling in (0, 2)),
    ("WEBP", 80, 2),
    ("AVIF", 75, 2),
)
"""(format, quality, 0 for full color or 2 for halved) of the children; AVIF is there for HEIC, which is coded alike."""
HEIC = importlib.util.find_spec("pillow_heif") is not None
"""Whether HEIC can be written: with pillow-heif, which nothing but this bench asks for."""
_QUALITIES = (50, 75, 90)
_WAYS = tuple(combinations(range(len(CODINGS)), 2))
_SHARE = 0.001


def child(rgb: Pixels, coding: tuple[str, int, int]) -> bytes:
    """Return the picture in one of CODINGS."""
    kind, quality, sampling = coding
    options: dict[str, int] = {"subsampling": sampling} if kind == "JPEG" else {}
    if kind == "AVIF":
        options = {"speed": 8, "max_threads": 1}
    if kind == "HEIF":
        importlib.import_module("pillow_heif").register_heif_opener()
    return encoded(rgb, kind, quality=quality, **options)


def _title(coding: tuple[str, int, int]) -> str:
    kind, quality, sampling = coding
    return f"{quality} {'4:4:4' if sampling == 0 else '4:2:0'}" if kind == "JPEG" else kind


@lru_cache(maxsize=1024)
def _order(path: str) -> tuple[int, ...]:
    """All pairs of codings, in an order of this photograph's own."""
    return tuple(int(i) for i in named_rng(f"children {path}").permutation(len(_WAYS)))


def _drawn(half: str, number: int) -> tuple[str, tuple[str, int, int], tuple[str, int, int]]:
    """The photograph of a number and two codings: once through all photographs, then with the next two codings."""
    path = file_of("jpegs", half, number)
    turn = number // len(names_of("jpegs", half))
    one, two = _WAYS[_order(path)[turn % len(_WAYS)]]
    if named_rng(f"{SEED} {path} {turn}").random() < 0.5:
        one, two = two, one
    return path, CODINGS[one], CODINGS[two]


def children(half: str, number: int, rng: Rng) -> Labelled:
    """Return pair `number`; after 120 times the number of photographs, all pairs of codings of all of them."""
    path, one, two = _drawn(half, number)
    rgb = pixels_of(path)
    level = " and ".join(sorted((_title(one), _title(two))))
    return Labelled(level, IN_PLACE | {"same-file"}, child(rgb, one), child(rgb, two))


def edited_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return pair `number` with a local edit of 0.1 % of the frame in a or in b, which a person can see."""
    path, one, two = _drawn(half, number)
    edit = clear_edit(pixels_of(path), _SHARE, deepcopy(rng))
    step = 0
    while edit is None:
        # Small or smooth pictures give none that is seen: the next ones of the half take their place.
        step += 1
        edit = clear_edit(pixels_of(file_of("jpegs", half, number + step)), _SHARE, rng)
    before, after = edit.before, edit.after
    a, b = (before, after) if rng.random() < 0.5 else (after, before)
    mask = changed_mask(before, after)
    assert mask is not None
    return edited_pair(edit.kind, child(a, one), child(b, two), mask)


def _mild(rgb: Pixels, rng: Rng) -> tuple[str, Pixels]:
    """A small change of exposure, white balance or saturation, or another size."""
    way = str(rng.choice(["exposure", "white balance", "saturation", "size"]))
    if way == "size":
        return way, resized(rgb, float(rng.uniform(0.6, 0.97)))
    values = rgb.astype(np.float32)
    if way == "saturation":
        gray = values.mean(axis=2, keepdims=True)
        gain = float(rng.uniform(0.75, 0.95) if rng.random() < 0.5 else rng.uniform(1.05, 1.3))
        values = np.asarray(gray + (values - gray) * gain, np.float32)
    else:
        spread = 0.06 if way == "white balance" else 0
        gains = np.exp(rng.uniform(-0.12, 0.12)) * (1 + rng.uniform(-spread, spread, 3))
        values = np.asarray(255 * (values / 255) ** rng.uniform(0.88, 1.14) * gains, np.float32)
    return way, to_bytes(values)


def toned_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return a JPEG photograph saved again in two ways, one of them with a mild change or resized first."""
    rgb = pixels_of(file_of("jpegs", half, number))
    one, two = (CODINGS[int(at)] for at in rng.choice(len(CODINGS), 2, replace=False))
    way, out = _mild(rgb, rng)
    a, b = child(rgb, one), child(out, two)
    if rng.random() < 0.5:
        a, b = b, a
    return Labelled(f"{way}, {one[0]} and {two[0]}", IN_PLACE, a, b)


def heic_children(half: str, number: int, rng: Rng) -> Labelled:
    """Return a JPEG photograph saved as HEIC, and in any of CODINGS or as another HEIC."""
    rgb = pixels_of(file_of("jpegs", half, number))
    mine, other = (("HEIF", int(quality), 2) for quality in rng.choice(_QUALITIES, 2, replace=False))
    at = int(rng.integers(0, len(CODINGS) + 1))
    coding = CODINGS[at] if at < len(CODINGS) else other
    files = [child(rgb, mine), child(rgb, coding)]
    one, two = files if rng.random() < 0.5 else files[::-1]
    return Labelled(f"HEIC {mine[1]} and {_title(coding)}", IN_PLACE, one, two)
