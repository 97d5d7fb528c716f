"""The order of a and b where single colors, stored bits, pages and exact parts decide: it changes nothing there."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

import samepic
from samepic.facts import Depth, Doubt, OriginalReason, Series
from samepic.verdict import Relation
from tests.verify.test_depth import labels, master, png
from tests.verify.test_moving import PAGES, file_of
from tests.verify.test_moving import page as drawn
from tests.verify.test_order import both_ways
from tests.verify.test_part import page, sparse_screen


@pytest.mark.parametrize("ground", ["white", "gray"])
def test_single_colors(ground: str) -> None:
    one, two = Image.new("RGB", (200, 150), ground), Image.new("RGB", (300, 225), "red")
    there, back = both_ways(one, two)
    assert there.relation is Relation.DIFFERENT
    assert there.facts.one_color and back.facts.one_color


def test_stored_samples(chelsea: Path) -> None:
    deep = master(chelsea)
    shown = samepic.picture.load(png(deep)).rgb[..., 0]
    there, back = both_ways(png(deep), png(shown))
    assert (there.facts.depth, there.facts.original_reason) == (Depth.ALIKE, OriginalReason.DEPTH)
    assert (there.original, back.original) == ("a", "b")
    other = deep.copy()
    other[::7, ::5] ^= 1
    assert both_ways(png(deep), png(other))[0].facts.depth is Depth.ALIKE


def test_stretched_samples() -> None:
    one, two = labels((20, 20, 90, 80)), labels((200, 20, 300, 60), (30, 120, 80, 220))
    assert both_ways(png(one), png(two))[0].facts.depth is Depth.STRETCHED
    hidden = labels((20, 20, 90, 80)) * 0
    assert both_ways(png(one), png(hidden.astype(np.uint8)))[0].facts.doubt is Doubt.DEPTH


def test_samples_that_differ_below_what_stretching_shows_are_not_called_equal() -> None:
    raw = np.random.default_rng(8).integers(100, 4000, (80, 96), np.uint16)
    raw[0, :2] = 0, 4080
    other = raw.copy()
    other[40, 40] ^= 1
    there, _ = both_ways(png(raw), png(other))
    assert (there.relation, there.facts.depth) == (Relation.RESAVED, Depth.STRETCHED)


@pytest.mark.parametrize("box", [(0, 107, 640, 214), (13, 5, 301, 199)])
def test_exact_parts(box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    whole = page(1)
    there, _ = both_ways(whole, whole[top:bottom, left:right].copy())
    assert there.relation is Relation.REFRAMED


def test_a_part_of_a_sparse_screen_lies_at_one_place_from_either_side() -> None:
    screen = sparse_screen()
    there, back = both_ways(screen, screen[30:120].copy())
    assert there.facts.exact_at == back.facts.exact_at == (0, 30)
    assert (there.facts.larger, there.facts.copy, there.original) == ("a", "b", "a")


@pytest.mark.parametrize(
    "other",
    [PAGES, [PAGES[0], drawn(9), PAGES[2]], PAGES[:2], PAGES[1:2]],
    ids=["equal", "one differs", "fewer", "one page"],
)
@pytest.mark.parametrize("form", ["TIFF", "GIF"])
def test_pages_and_frames(other: Sequence[Image.Image], form: str) -> None:
    there, back = both_ways(file_of(PAGES, form), file_of(list(other), form) + b"\0")
    series = Series.PAGES if form == "TIFF" else Series.FRAMES
    assert there.facts.series is back.facts.series is series


def test_the_cameras_file_and_its_edited_export(cat: Image.Image) -> None:
    exif, streams = Image.Exif(), (io.BytesIO(), io.BytesIO())
    exif.update({0x010F: "NIKON", 0x0110: "Coolpix 950"})
    cat.save(streams[0], "JPEG", quality=85, exif=exif)
    ImageEnhance.Brightness(cat).enhance(1.2).save(streams[1], "JPEG", quality=95)
    there, _ = both_ways(*(stream.getvalue() for stream in streams))
    assert (there.original, there.facts.original_reason) == ("a", OriginalReason.CAMERA)


def test_an_enlargement(cat: Image.Image) -> None:
    large = cat.resize((cat.width * 2, cat.height * 2), Image.Resampling.BICUBIC)
    there, _ = both_ways(cat, large)
    assert (there.original, there.facts.original_reason) == ("a", OriginalReason.ENLARGED)
