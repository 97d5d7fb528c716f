"""The map: which of two pictures is the larger, how much of it is kept, and how they lie on each other."""

from __future__ import annotations

import io
from itertools import product

import cv2
import numpy as np
import pytest
from PIL import Image

from samepic.tuning.evidence import MAPPING
from samepic.verdict import Region, Transform
from samepic.verify.features import Turn
from samepic.verify.mapping import MappedPair, agreeing_share, map_onto
from tests.kits.rounds import rounds
from tests.verify.alterations import (
    Altered,
    bordered,
    corner_error,
    cropped,
    placed,
    seen_from_the_side,
    turned,
)
from tests.verify.conftest import Pixels, saved, turned_box

COPIES = ("crop", "border", "picture in picture", "perspective", "turn")
STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def altered(pixels: dict[str, Pixels], stem: str, name: str) -> Altered:
    """Return an altered copy of a photograph."""
    a = pixels[stem]
    height, width = a.shape[:2]
    if name == "picture in picture":
        other = pixels["hubble" if stem == "astronaut" else "astronaut"]
        ground = np.asarray(cv2.resize(other, (800, 700), interpolation=cv2.INTER_AREA), np.uint8)
        return placed(a, ground, 330, 200, 320)
    return {
        "crop": lambda: cropped(a, width // 5, height // 6, width // 2, round(height * 0.7)),
        "border": lambda: bordered(a, width // 10, 240),
        "perspective": lambda: seen_from_the_side(a),
        "turn": lambda: turned(a, 5),
    }[name]()


def laid(a: Pixels, b: Pixels) -> MappedPair:
    """Return the map of two pictures that have one."""
    found = map_onto(a, b)
    assert found is not None
    return found


def transform(a: Pixels, b: Pixels) -> Transform:
    """Return how b lies on a, of two that are not whole frames as they are held."""
    found = laid(a, b).transform()
    assert found is not None
    return found


@pytest.mark.parametrize(("stem", "name"), rounds(product(STEMS, COPIES)))
def test_either_way_round_the_larger_one_and_the_kept_share_are_the_same(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a, b = pixels[stem], altered(pixels, stem, name).pixels
    forth, back = laid(a, b), laid(b, a)
    one, two = transform(a, b), transform(b, a)
    assert (one.larger, two.larger) in (("a", "b"), ("b", "a"), ("", ""))
    assert one.larger == {"crop": "a", "turn": ""}.get(name, "b")
    assert one.kept == pytest.approx(two.kept, abs=0.02)
    assert forth.contained == pytest.approx(back.contained, abs=0.02)
    assert forth.pasted == back.pasted or not one.larger
    together = np.array(one.matrix).reshape(3, 3) @ np.array(two.matrix).reshape(3, 3)
    assert corner_error(together, np.eye(3), a.shape) < 0.01 * max(a.shape)


@pytest.mark.parametrize(("stem", "name"), rounds(product(STEMS, COPIES)))
def test_within_the_overlap_both_show_the_same(pixels: dict[str, Pixels], stem: str, name: str) -> None:
    found = laid(pixels[stem], altered(pixels, stem, name).pixels)
    assert found.one.shape == found.two.shape == (*found.inside.shape, 3)
    apart = np.abs(found.one.astype(int) - found.two)[found.inside]
    assert float(np.median(apart)) <= 4


@pytest.mark.parametrize("stem", STEMS)
def test_the_kept_share_is_the_share_of_the_larger_picture(pixels: dict[str, Pixels], stem: str) -> None:
    a = pixels[stem]
    crop, border = altered(pixels, stem, "crop").pixels, altered(pixels, stem, "border").pixels
    assert transform(a, crop).kept == pytest.approx(crop.size / a.size, abs=0.01)
    assert transform(a, border).kept == pytest.approx(a.size / border.size, abs=0.01)


def test_what_was_put_into_another_picture_is_pasted_and_a_crop_is_not(pixels: dict[str, Pixels]) -> None:
    for stem in ("astronaut", "chelsea", "coffee"):
        a = pixels[stem]
        assert laid(altered(pixels, stem, "picture in picture").pixels, a).pasted
        assert laid(a, altered(pixels, stem, "picture in picture").pixels).pasted
        assert laid(altered(pixels, stem, "border").pixels, a).pasted
        assert not laid(a, altered(pixels, stem, "crop").pixels).pasted
        assert not laid(altered(pixels, stem, "crop").pixels, a).pasted


def test_a_crop_and_a_bordered_copy_are_contained_and_neighbors_in_a_panorama_are_not(
    pixels: dict[str, Pixels],
) -> None:
    a = pixels["coffee"]
    assert laid(a, altered(pixels, "coffee", "crop").pixels).contained > 0.99
    assert laid(a, altered(pixels, "coffee", "border").pixels).contained > 0.99
    left, right = np.ascontiguousarray(a[:, :420]), np.ascontiguousarray(a[:, 180:])
    assert laid(left, right).contained < 0.9
    assert transform(left, right).larger == ""


@pytest.mark.parametrize("size", [(300, 200), (150, 100), (902, 600)])
def test_a_whole_frame_of_another_size_lies_edge_on_edge(cat: Image.Image, size: tuple[int, int]) -> None:
    a, b = np.asarray(cat), np.asarray(cat.resize(size, Image.Resampling.LANCZOS))
    found = laid(a, b)
    assert found.whole
    assert found.is_snug
    assert found.is_upright
    assert found.parts == found.held == (1.0, 1.0)
    assert found.transform() is None


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turned_or_mirrored_copy_is_told_by_how_a_must_be_held(
    cat: Image.Image, degrees: int, mirrored: bool
) -> None:
    turn, a = Turn(degrees, mirrored), np.asarray(cat)
    found = laid(a, turn.apply(a))
    assert found.whole
    assert found.turn == (turn if degrees or mirrored else None)
    assert found.is_turned == bool(degrees or mirrored)
    assert np.array_equal(found.one, found.two)


@pytest.mark.parametrize("share", [0.2, 0.4, 0.5])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_frame_that_is_partly_covered_stays_edge_on_edge(
    pixels: dict[str, Pixels], share: float, shade: int
) -> None:
    a = pixels["coffee"]
    b = a.copy()
    b[: round(share * len(b))] = shade
    assert laid(a, b).is_upright
    assert laid(b, a).is_upright


def test_two_flat_pictures_have_nothing_in_common_to_lay_over_each_other() -> None:
    one, two = np.full((200, 300, 3), 90, np.uint8), np.full((300, 200, 3), 90, np.uint8)
    assert map_onto(one, two) is None


def test_places_agree_closely_in_a_copy_and_not_in_another_picture(
    cat: Image.Image, cup: Image.Image
) -> None:
    a = np.asarray(cat)
    with Image.open(io.BytesIO(saved(cat, quality=40))) as image:
        assert agreeing_share(a, np.asarray(image.convert("RGB"))) > MAPPING.in_place
    assert agreeing_share(a, np.asarray(cup.resize(cat.size))) < 0.05
    assert agreeing_share(np.full_like(a, 90), np.full_like(a, 90)) == 0


def test_a_box_of_the_overlay_lies_in_pixels_of_a(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    half = np.asarray(cv2.resize(a, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
    found = laid(a, half)
    assert found.box_in_a(Region(20, 30, 50, 40), a.shape) == Region(40, 60, 100, 80)
    assert found.box_in_a(Region(-50, -50, 40, 40), a.shape) is None
    turn = Turn(90)
    box = turned_box(turn, Region(40, 60, 100, 80), a.shape[1], a.shape[0])
    there = laid(a, turn.apply(a)).box_in_a(box, a.shape)
    assert there == Region(40, 60, 100, 80)
