"""What insets find: photographs on pages, cards, screens and walls, on other photographs and beside them.

    python -m bench retrieval_insets SCENE [--half test] [--originals N]

SCENE is what `python -m bench retrieval --keep SCENE` wrote; its pictures are what is searched among. The layouts of
bench.layouts are told apart from the families of bench.families that show a photograph in something.
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

import samepic
from bench.common import SEED, head, option, row, wanted_data
from bench.families import FAMILIES, save
from bench.family_base import WHOLE, Altered
from bench.layouts import LAYOUTS
from bench.retrieval import Scene
from bench.sources import chosen, copy_name, named_bytes, pixels_of
from samepic.fingerprints import Fingerprint
from samepic.fingerprints.insets import Inset, insets
from samepic.hamming import Codes, copies_near
from samepic.picture import load

_FAMILIES = ("picture in picture", "collage", "phone screen", "border", "letterbox")
_FITS = 0.8
"""Overlap from which an inset is the right one."""


@dataclass(frozen=True)
class _Page:
    kind: str
    original: str
    data: bytes
    box: Inset | None = None


def _pages(names: list[str], screens: list[str], originals: int) -> Iterator[_Page]:
    """Yield every photograph in every layout, on a picture of a screen, and in every level of the families."""
    for path in names[:originals]:
        for kind, maker in (*LAYOUTS.items(), ("on dialogs, windows", LAYOUTS["framed"])):
            rng = np.random.default_rng([SEED, zlib.crc32(f"layout {kind} {path}".encode())])
            others = names if kind in LAYOUTS else screens
            other = pixels_of(others[int(rng.integers(0, len(others)))])
            rgb, box = maker(pixels_of(path), rng, other)
            yield _Page(kind, path, save(Altered(kind, "", rgb, (), WHOLE, 1.0), rng), Inset(*box))
        for family in _FAMILIES:
            for level in FAMILIES[family]:
                yield _Page(f"{family}, {level}", path, named_bytes(copy_name(family, level, 7, path)))


@dataclass(frozen=True)
class _Found:
    """How many insets a page has, whether one is the right one (None where that is not known), and whether the original
    is the nearest by the copy code, by a quarter and by an inset, by an inset among the first three, and a candidate.
    """

    insets: int
    fits: bool | None
    whole: bool
    quarter: bool
    inset: bool
    third: bool
    candidate: bool


def _looked(page: _Page, made: Fingerprint, codes: Codes, own: int) -> _Found:
    def found(code: bytes, k: int = 1) -> bool:
        return own in codes.nearest(code, k).ids

    fits = None
    if page.box is not None:
        fits = any(one.overlap(page.box) >= _FITS for one in insets(load(page.data).on(255)))
    return _Found(
        len(made.inset_codes),
        fits,
        found(made.copycode),
        any(map(found, made.quarter_codes)),
        any(map(found, made.inset_codes)),
        any(found(code, 3) for code in made.inset_codes),
        own in copies_near(codes, made),
    )


def _row(kind: str, rows: list[_Found]) -> None:
    def share(name: str) -> str:
        return f"{100 * np.mean([getattr(one, name) for one in rows]):.0f}"

    fits = "" if rows[0].fits is None else share("fits")
    each = np.mean([one.insets for one in rows])
    row(
        kind, len(rows), f"{each:.1f}", fits, *map(share, ("whole", "quarter", "inset", "third", "candidate"))
    )


OPTIONS = (
    option("scene", type=Path),
    option("--half", "test", choices=("train", "test")),
    option("--originals", 40),
)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    scene, names, codes = Scene.load(args.scene), chosen(wanted_data(), args.half), Codes()
    codes.add(np.arange(len(scene.names)), b"".join(one.copycode for one in scene.prints))
    numbers = {name: number for number, name in enumerate(scene.names)}
    screens = sorted(name for name in scene.names if name.startswith("uipages/"))
    found: dict[str, list[_Found]] = {}
    for page in _pages(names, screens, args.originals):
        made = samepic.fingerprint(page.data, copycode=True)
        found.setdefault(page.kind, []).append(_looked(page, made, codes, numbers[page.original]))
    print(f"{args.originals} photographs of the {args.half} half, {len(codes)} pictures\n")
    ways = ("nearest by copy code, %", "by a quarter", "by an inset", "in 3", "candidate")
    head("", "pages", "insets", "one fits, %", *ways)
    for kind, rows in found.items():
        _row(kind, rows)
