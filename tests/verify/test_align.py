"""Alignment: the map of a crop, a border, a turn, a mirror, a perspective or a picture in a picture is found."""

from __future__ import annotations

from itertools import product

import cv2
import numpy as np
import pytest
from PIL import Image

from samepic.tuning.verify import ALIGN, JUDGE
from samepic.verify.align import Alignment, Planes, align, align_by
from samepic.verify.features import inverse, scaling
from tests.kits.rounds import rounds
from tests.verify.alterations import (
    Altered,
    bordered,
    corner_error,
    cropped,
    mirrored,
    placed,
    seen_from_the_side,
    turned,
)
from tests.verify.conftest import Pixels

NAMES = ("crop", "border", "turn", "mirror", "perspective", "picture in picture")


def altered(a: Pixels, ground: Pixels, name: str) -> Altered:
    """Return an altered copy of a; `ground` is the larger picture that holds it in a picture in picture."""
    height, width = a.shape[:2]
    if name == "crop":
        return cropped(a, width // 6, height // 8, round(width * 0.6), round(height * 0.7))
    if name == "picture in picture":
        large = np.asarray(cv2.resize(ground, (800, 600), interpolation=cv2.INTER_AREA), np.uint8)
        return placed(a, large, 420, 90, 300)
    return {
        "border": lambda: bordered(a, width // 12),
        "turn": lambda: turned(a, 7),
        "mirror": lambda: mirrored(a),
        "perspective": lambda: seen_from_the_side(a),
    }[name]()


def of(photos: dict[str, Pixels], stem: str, name: str) -> tuple[Pixels, Altered]:
    """Return a photograph and an altered copy of it."""
    stems = sorted(photos)
    ground = photos[stems[(stems.index(stem) + 1) % len(stems)]]
    return photos[stem], altered(photos[stem], ground, name)


def error(found: Alignment, a: Pixels, copy: Altered) -> float:
    """Return how far a's corners go astray in the copy, over the copy's long side."""
    off = corner_error(inverse(found.matrix), inverse(copy.to_source), a.shape)
    return off / float(max(copy.pixels.shape))


@pytest.mark.parametrize(
    ("stem", "name"),
    rounds(product(("astronaut", "chelsea", "coffee", "hubble", "retina", "rocket"), NAMES)),
)
def test_the_true_map_is_found_within_a_hundredth_at_the_corners(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a, copy = of(pixels, stem, name)
    found = align(Planes(a, copy.pixels))
    assert found is not None and error(found, a, copy) < 0.01
    assert found.agreement > 0.85 and found.shift < 0.5
    assert found.mirrored == (name == "mirror")
    back = align(Planes(copy.pixels, a))
    assert back is not None
    assert corner_error(back.matrix, inverse(copy.to_source), a.shape) < 0.01 * max(copy.pixels.shape)


@pytest.mark.parametrize("name", NAMES)
def test_the_parts_that_overlap_are_measured(pixels: dict[str, Pixels], name: str) -> None:
    a, copy = of(pixels, "astronaut", name)
    found = align(Planes(a, copy.pixels))
    assert found is not None
    share = abs(float(np.linalg.det(copy.to_source[:2, :2])))  # of a's pixels, for one of the copy's
    if name in ("border", "picture in picture"):
        assert found.part_a > 0.99
        assert found.part_b == pytest.approx(a.size / share / copy.pixels.size, rel=0.02)
    elif name == "crop":
        assert found.part_b > 0.99 and found.part_a == pytest.approx(copy.pixels.size / a.size, rel=0.02)
    elif name == "mirror":
        assert min(found.part_a, found.part_b) > 0.99
    else:
        assert 0.85 < min(found.part_a, found.part_b) < 0.97


def test_a_plain_border_holds_nothing_to_see(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    found = align(Planes(a, bordered(a, 60, 230).pixels))
    assert found is not None and found.part_b < 0.6 and found.held_b > 0.93


def test_a_turned_and_mirrored_crop_in_other_tones_is_found(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    first = cropped(a, 90, 40, 400, 300)
    second = mirrored(first.pixels)
    third = turned(second.pixels, 90)
    tone = np.rint(255 * (third.pixels / 255) ** 0.7).astype(np.uint8)
    true = first.to_source @ second.to_source @ third.to_source
    found = align(Planes(a, tone))
    assert found is not None and found.mirrored
    assert corner_error(found.matrix, true, tone.shape) < 0.01 * max(a.shape)


def test_unrelated_photographs_have_no_map_or_do_not_agree(pixels: dict[str, Pixels]) -> None:
    stems = sorted(pixels)
    for k, stem in enumerate(stems):
        found = align(Planes(pixels[stem], pixels[stems[(k + 2) % len(stems)]]))
        assert found is None or (found.agreement < JUDGE.alike and found.matched < ALIGN.credible)


@pytest.mark.parametrize("name", ["turn", "perspective", "picture in picture"])
def test_the_map_does_not_depend_on_the_number_of_threads_nor_on_what_was_looked_at_before(
    pixels: dict[str, Pixels], name: str
) -> None:
    a, copy = of(pixels, "coffee", name)
    before, found = cv2.getNumThreads(), []
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            cv2.setRNGSeed(threads)
            found.append(align(Planes(a, copy.pixels)))
    finally:
        cv2.setNumThreads(before)
    for one in found:
        assert one is not None and found[0] is not None
        assert np.array_equal(one.matrix, found[0].matrix)
        assert (one.shift, one.band, one.agreement) == (found[0].shift, found[0].band, found[0].agreement)


def test_a_guess_that_is_a_few_pixels_off_is_drawn_to_where_it_fits(cat: Image.Image) -> None:
    a = np.asarray(cat)
    b = np.asarray(cat.resize((300, 200), Image.Resampling.BOX))
    true = scaling(b.shape, a.shape)
    found = align_by(Planes(a, b), np.array([[1, 0, 3.0], [0, 1, -2.0], [0, 0, 1]]) @ true)
    assert found is not None and found.matched == 0 and found.shift < 0.3
    assert corner_error(found.matrix, true, b.shape) < 0.5


def test_a_guess_for_another_picture_does_not_agree(cat: Image.Image, cup: Image.Image) -> None:
    a, b = np.asarray(cat), np.asarray(cup.resize(cat.size))
    found = align_by(Planes(a, b), np.eye(3))
    assert found is None or found.agreement < JUDGE.alike


@pytest.mark.parametrize("shape", [(30, 30), (400, 12), (12, 12), (500, 500)])
def test_a_flat_picture_has_no_map(shape: tuple[int, int]) -> None:
    flat = np.full((*shape, 3), 120, np.uint8)
    assert align(Planes(flat, flat)) is None and align_by(Planes(flat, flat), np.eye(3)) is None


@pytest.mark.parametrize("size", [(64, 43), (30, 20), (24, 200)])
def test_small_and_narrow_pictures_are_looked_at_without_trouble(
    cat: Image.Image, size: tuple[int, int]
) -> None:
    small = np.asarray(cat.resize(size))
    for pair in ((np.asarray(cat), small), (small, np.asarray(cat)), (small, small)):
        found = align(Planes(*pair))
        assert found is None or np.isfinite(found.matrix).all()
