"""Pictures that look alike by design, and copies of every kind: labelled pairs to fit and to measure the verdict.

    python -m bench lookalikes [--kinds a,b] [--half test|train] [--count N] [--first N] [--jobs N] [--swapped]
        [--out FILE.jsonl] [--read FILE.jsonl]

`pair_of(kind, half, number)` gives the same bytes each time, and no original is in both halves. The program compares
each pair and prints a table by kind and level. Two kinds only measure and must be asked for: "labelled" (all pairs of
bench.negatives, at most 300 of a kind and label) and "random" (pairs of distinct photographs).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np

from bench.art import art_names, art_twins
from bench.children import HEIC, children, edited_children, heic_children, toned_children
from bench.common import option, wanted_data
from bench.covers import caption_twins, comic_twins, cover_twins, cut_out_twins
from bench.edits import clear_edit
from bench.family_base import Pixels
from bench.insets import inset_edits, insets, reframed_edits
from bench.negatives import Pair, hard_negatives, random_pairs, receipt_twins
from bench.originals import DRAWN, any_original, drawn, photo
from bench.pairs import (
    EDITED_ONLY,
    SAME_WORDS,
    Labelled,
    Twins,
    changed_mask,
    coded,
    labelled_twins,
    mask_boxes,
    named_rng,
    png,
    resized,
)
from bench.products import colored_twins, recolored_twins, repainted_twins
from bench.resaved import altered, harsh, recolored_files, resaved_art, scans, unsmoothed
from bench.signs import SIGNS, sign_twins
from bench.small_words import other_writing, small_words
from bench.sources import named_bytes
from bench.sparse import hue_twins, sparse_twins
from bench.toned import bends, few_colors, toned, toned_copy
from bench.values import twins_of

Rng = np.random.Generator
Maker = Callable[[str, int, Rng], Twins]
"""From the half, the number and a generator to two pictures."""
_SHARES = (0.001, 0.003, 0.01, 0.03, 0.05)
_READABLE = {"forms": 500, "screens": 480, "cards": 330}


def _drawing(half: str, number: int, rng: Rng, *, kind: str) -> Twins:
    title = list(DRAWN[kind])[number % len(DRAWN[kind])]
    style = "page" if kind == "forms" else "drawing"
    return twins_of(DRAWN[kind][title], title, rng, style=style, readable=_READABLE.get(kind, 0))


def _edits(half: str, number: int, rng: Rng) -> Twins:
    """A local edit of 0.1 to 5 % of the frame of any picture, drawn again where nobody would see it."""
    while True:
        what, rgb = any_original(half, number, rng)
        share = float(rng.choice(_SHARES))
        edit = clear_edit(rgb, share, rng)
        if edit is not None:
            mask, least = changed_mask(edit.before, edit.after), 0.75 if share < 0.005 else 0.5
            twins = Twins(f"{share:.1%}, {what}", edit.before, edit.after, EDITED_ONLY, mask, what)
            return replace(twins, whole=True, toned=True, least=least)


def _of_any(half: str, number: int, rng: Rng, *, make: Callable[[Rng, Pixels, str], Twins]) -> Twins:
    what, rgb = any_original(half, number, rng)
    return make(rng, rgb, what)


def _repainted(half: str, number: int, rng: Rng, *, make: Callable[[Rng, Pixels, str], Twins]) -> Twins:
    if number % 3 == 0:
        return _of_any(half, number, rng, make=make)
    kinds = [*DRAWN, *SIGNS]
    return make(rng, drawn(kinds[number % len(kinds)], number, rng), "drawing")


def _sparse(half: str, number: int, rng: Rng, *, changed: bool) -> Twins:
    return sparse_twins(rng, any_original(half, number, rng)[1], changed=changed)


_TWINS: Mapping[str, Maker] = {
    "receipts": lambda half, number, rng: receipt_twins(half, number),
    **{kind: partial(_drawing, kind=kind) for kind in DRAWN},
    **{kind: partial(lambda half, number, rng, kind: sign_twins(kind, rng), kind=kind) for kind in SIGNS},
    "product colors": lambda half, number, rng: recolored_twins(rng, photo(half, number)),
    "captions": lambda half, number, rng: caption_twins(rng, photo(half, number)),
    "comics": lambda half, number, rng: comic_twins(rng, photo(half, number)),
    "covered": partial(_of_any, make=cover_twins),
    "cut-outs": lambda half, number, rng: cut_out_twins(rng, photo(half, number)),
    "edits": _edits,
    "repainted": partial(_repainted, make=repainted_twins),
    "colored": partial(_repainted, make=colored_twins),
    "hues": partial(_of_any, make=hue_twins),
    "sparse": partial(_sparse, changed=True),
    "sparse copies": partial(_sparse, changed=False),
    **({"art": art_twins} if art_names("test") else {}),
}
"""Art is there only where it was fetched."""


@lru_cache(maxsize=2)
def _shots(half: str) -> tuple[Pair, ...]:
    """Pairs of shots of one place: first in turns from each place and label, the near ones before the far ones."""
    pairs = [pair for pair in hard_negatives(wanted_data()) if pair.kind.startswith(("place", "across"))]
    apart = [pair for pair in pairs if pair.half == half and not pair.expected & SAME_WORDS]
    apart.sort(key=lambda pair: named_rng(f"{pair.a} {pair.b}").random())
    groups: dict[tuple[str, frozenset[str]], int] = {}
    turns = {}
    for pair in apart:
        key = (pair.kind, pair.expected)
        turns[pair] = groups[key] = groups.get(key, -1) + 1
    return tuple(sorted(apart, key=lambda pair: ("similar" not in pair.expected, turns[pair])))


def _places(half: str, number: int, name: str) -> Labelled:
    """Two shots of one place as they came, in an order by chance."""
    pairs = _shots(half)
    pair = pairs[number % len(pairs)]
    a, b = (pair.a, pair.b) if named_rng(name).random() < 0.5 else (pair.b, pair.a)
    level = pair.kind.removeprefix("place ")
    truth = pair.expected | {"similar", "different"}
    return Labelled("places", level, truth, False, named_bytes(a), named_bytes(b), name)


def _others(half: str, number: int, name: str) -> Labelled:
    """Two drawings of one kind that share no more than that."""
    kinds = [kind for kind in _TWINS if kind in DRAWN or kind in SIGNS or kind in ("receipts", "art")]
    kind = kinds[number % len(kinds)]
    one, two = (pair_of(kind, half, number + far) for far in (1000, 2000))
    return Labelled("others", kind, frozenset({"similar", "different", "edited"}), False, one.a, two.b, name)


_TONED = (*DRAWN, *SIGNS, "captions", "comics", "covered", "edits", "repainted", "colored", "hues", "sparse")


def _toned_edits(half: str, number: int, name: str) -> Labelled:
    """Twins of any kind, one of them in another tone, light, sharpness or noise too, and smaller now and then."""
    rng = named_rng(name)
    while True:
        twins = _TWINS[_TONED[number % len(_TONED)]](half, number + 5000, rng)
        seed, photograph = int(rng.integers(0, 1 << 30)), twins.style == "photo"
        blur = float(rng.uniform(0.5, 1.8)) if rng.random() < 0.3 else 0.0
        changed = []
        for rgb in (twins.one, twins.two):
            way, out = toned_copy(rgb, np.random.default_rng(seed), photograph=photograph)
            changed.append(np.asarray(cv2.GaussianBlur(out, (0, 0), blur), np.uint8) if blur else out)
        mask = changed_mask(twins.one, twins.two)
        seen = changed_mask(changed[0], changed[1], 30)
        if mask is not None and seen is not None and (seen > 0).sum() >= 25:
            break
    one, two = twins.one, changed[1]
    if max(one.shape[:2]) >= 260 and rng.random() < 0.3:
        two = resized(two, float(rng.uniform(min(1.0, max(0.6, twins.least)), 1)))
    files = coded(one, rng), coded(two, rng)
    if rng.random() < 0.5:
        mask, files = resized(mask, two.shape[1] / one.shape[1]), files[::-1]
    shown = np.where(mask > 20, 255, 0).astype(np.uint8)
    level = f"{_TONED[number % len(_TONED)]}, {way.split(' and ')[0]}"
    boxes = mask_boxes(shown, whole=twins.whole)
    return Labelled("toned edits", level, twins.truth, False, *files, name, boxes, png(shown))


_ALONE: Mapping[str, Callable[[str, int, str], Labelled]] = {
    "places": _places,
    "children": children,
    "children edited": edited_children,
    "resaved art": resaved_art,
    "scans": scans,
    "palettes and profiles": recolored_files,
    "altered": altered,
    "harsh": harsh,
    "edges": unsmoothed,
    "reframed edits": reframed_edits,
    "others": _others,
    "toned": toned,
    "toned edits": _toned_edits,
    "few colors": few_colors,
    "bends": bends,
    "children toned": toned_children,
    "insets": insets,
    "inset edits": inset_edits,
    "small words": small_words,
    "other writing": other_writing,
    **({"HEIC children": heic_children} if HEIC else {}),
}


@lru_cache(maxsize=4)
def _known(kind: str, half: str) -> tuple[Pair, ...]:
    data = wanted_data()
    if kind == "random":
        return tuple(random_pairs(data, half))
    return tuple(pair for pair in hard_negatives(data, _MOST) if pair.half == half)


def _measured(half: str, number: int, name: str, *, kind: str) -> Labelled:
    """A pair whose label was given by hand, by a folder or by chance."""
    pairs = _known(kind, half)
    pair = pairs[number % len(pairs)]
    files = named_bytes(pair.a), named_bytes(pair.b)
    same = bool(pair.expected & SAME_WORDS)
    return Labelled(kind, pair.kind, pair.expected, same, *files, name, () if same else pair.boxes)


KINDS = (*_TWINS, *_ALONE)
"""Every kind that is learned from."""
MEASURED: Mapping[str, Callable[[str, int, str], Labelled]] = {
    kind: partial(_measured, kind=kind) for kind in ("labelled", "random")
}
"""Kinds that only measure."""
_MOST = 300


def pair_of(kind: str, half: str, number: int) -> Labelled:
    """Return pair `number` of a kind and half, "train" or "test". Raises KeyError for a kind that does not exist."""
    name = f"{kind}|{half}|{number}"
    if kind in _ALONE or kind in MEASURED:
        return (_ALONE.get(kind) or MEASURED[kind])(half, number, name)
    rng = named_rng(name)
    return labelled_twins(kind, name, _TWINS[kind](half, number, rng), rng)


OPTIONS = (
    option("--kinds", "", help="names with commas between; default all that are learned from"),
    option("--half", "test", choices=("train", "test")),
    option("--count", 40, help="pairs of each kind"),
    option("--first", 0, help="number of the first pair: other draws"),
    option("--jobs", 2),
    option("--swapped", False, help="compare b against a too"),
    option("--out", type=Path, help="write one JSON line a pair"),
    option("--read", type=Path, help="report on such lines and compare nothing"),
)


def main(args: argparse.Namespace) -> int:
    """Run what was asked for and print the table; return 1 where a pair is wrongly called the same."""
    from bench.lookalikes_report import compared

    return compared(args)
