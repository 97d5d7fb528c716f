"""What nobody sees is no difference, and what somebody would see is one, however small."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

import samepic
from samepic import ProfileError, Screen
from tests.screens.pages import Page, drawn

PAGE = drawn(Page())


def changed(x: int, y: int, w: int, h: int, levels: int) -> np.ndarray:
    """Return the page with a box of it brighter or darker."""
    two = PAGE.astype(np.int16)
    two[y : y + h, x : x + w] += levels
    return two.clip(0, 255).astype(np.uint8)


def seen(two: np.ndarray, **profile: object) -> samepic.Verdict:
    return samepic.compare_screenshots(PAGE, two, screen=Screen(**profile))  # type: ignore[arg-type]


def test_equal_files_and_equal_pixels_are_told_as_such(tmp_path: Path) -> None:
    one, two, three = (tmp_path / name for name in ("a.png", "b.png", "c.bmp"))
    for path in (one, two, three):
        Image.fromarray(PAGE).save(path)
    assert samepic.compare_screenshots(one, two).relation == "same-file"
    verdict = samepic.compare_screenshots(one, three)
    assert (verdict.relation, verdict.same) == ("same-pixels", True)
    assert verdict.measures["different_pixels"] == 0


def test_one_pixel_of_another_colour_is_seen() -> None:
    two = PAGE.copy()
    two[280, 200] = (255, 0, 0)
    verdict = seen(two)
    assert (verdict.relation, verdict.same) == ("edited", False)
    assert verdict.explanation == "the color of 1 pixel at (200, 280) changed from #fafafa to #ff0000"
    assert verdict.regions == (samepic.Region(200, 280, 1, 1),)


def test_four_pixels_a_little_darker_are_a_speck_and_five_are_not() -> None:
    assert (
        seen(changed(200, 280, 2, 2, -25)).explanation
        == "the same screen: 4 pixels in specks too faint to see"
    )
    assert seen(changed(200, 280, 5, 1, -25)).same is False
    assert seen(changed(200, 280, 2, 2, -25), speck_pixels=0).same is False
    assert seen(changed(200, 280, 2, 2, -60)).same is False


def test_a_faint_change_is_seen_where_it_fills_a_place_only() -> None:
    area, line = changed(200, 250, 30, 20, -6), changed(200, 280, 60, 2, -6)
    assert seen(area).same is False
    assert seen(area, faint=1.0).same is True
    verdict = seen(line)
    assert (verdict.relation, verdict.same) == ("resaved", True)
    assert verdict.explanation == "the same screen: 120 pixels too little to see"


def circle(width: int) -> np.ndarray:
    """Return a disc drawn `width` times as large and brought down: smoothed the more."""
    image = Image.new("RGB", (120 * width, 120 * width), "white")
    ImageDraw.Draw(image).ellipse([20 * width, 20 * width, 100 * width, 100 * width], "#404040")
    return np.asarray(image.resize((120, 120), Image.Resampling.BOX))


def test_edges_that_are_smoothed_otherwise_are_left_out_unless_asked_for() -> None:
    verdict = samepic.compare_screenshots(circle(4), circle(8))
    assert (verdict.relation, verdict.same) == ("resaved", True)
    assert verdict.measures["smoothed_pixels"] > 20
    assert "differ at smoothed edges" in verdict.explanation
    assert samepic.compare_screenshots(circle(4), circle(8), screen=Screen(antialiasing=False)).same is False


@pytest.mark.parametrize(
    ("one", "two"), [("first", "flrst"), ("line of it.", "line of it,"), ("it; no", "it: no")]
)
def test_a_small_letter_that_is_all_smoothed_edges_is_seen(one: str, two: str) -> None:
    pages = [Page(lines=(text, "", ""), badge=None, button=None) for text in (one, two)]
    assert samepic.compare_screenshots(drawn(pages[0]), drawn(pages[1])).same is False


def test_so_many_pixels_may_differ_as_one_says() -> None:
    two = changed(200, 250, 10, 10, -200)
    assert seen(two).measures["different_pixels"] == 100
    assert seen(two, most_pixels=99).same is False
    assert seen(two, most_pixels=100).explanation == "the same screen: 100 pixels differ, of which 100 may"
    assert seen(two, most_share=0.001).same is True  # 120 pixels
    assert seen(two, most_share=0.0005).same is False


def test_what_is_ignored_is_not_looked_at_and_all_else_is() -> None:
    two = changed(200, 250, 10, 10, -200)
    verdict = seen(two, ignore=[(195, 245, 20, 20)])
    assert (verdict.same, verdict.explanation) == (True, "the same screen except for what is ignored")
    assert seen(two, ignore=[(195, 245, 14, 20)]).regions == (samepic.Region(209, 250, 1, 10),)
    assert seen(two, ignore=[(-50, -50, 1000, 1000)]).same is True


def test_a_mask_hides_what_is_white_in_it(tmp_path: Path) -> None:
    two = changed(200, 250, 10, 10, -200)
    mask = np.zeros(PAGE.shape[:2], np.bool_)
    mask[240:270, 190:220] = True
    file = tmp_path / "mask.png"
    Image.fromarray(mask).save(file)
    for form in (mask, file, Image.open(file)):
        assert seen(two, mask=form).same is True
    assert seen(two, mask=~mask).same is False
    with pytest.raises(ProfileError, match=r"^mask: expected 400x300 pixels, as a has, found 20x10$"):
        seen(two, mask=np.zeros((10, 20), np.bool_))


def test_rows_that_were_added_in_what_is_ignored_are_told_all_the_same() -> None:
    taller = drawn(Page(gap=10))
    assert samepic.compare_screenshots(PAGE, taller, screen=Screen(ignore=[(0, 40, 400, 30)])).same is False


def test_what_can_be_seen_through_differs_from_what_only_looks_so_on_white() -> None:
    clear = np.dstack([PAGE, np.full(PAGE.shape[:2], 255, np.uint8)])
    clear[PAGE.min(axis=2) > 240, 3] = 0
    opaque = np.where(clear[..., 3:] == 0, np.uint8(255), clear[..., :3])
    verdict = samepic.compare_screenshots(clear, opaque)
    assert verdict.same is False
    assert verdict.explanation.startswith("the transparency of 400x300 pixels")


def test_only_same_if_moves_where_the_same_ends() -> None:
    two = changed(200, 250, 10, 10, -200)
    assert samepic.compare_screenshots(PAGE, two, same_if="edited").same is True
    assert samepic.compare_screenshots(PAGE, PAGE.copy(), same_if="same-file").same is False


def test_an_animation_is_no_screenshot(tmp_path: Path) -> None:
    file = tmp_path / "moving.gif"
    frames = [Image.fromarray(PAGE[:, shift : shift + 100]) for shift in (0, 20)]
    frames[0].save(file, save_all=True, append_images=frames[1:])
    with pytest.raises(samepic.UnsupportedError, match=r"moving\.gif: expected a screenshot, found 2 frames"):
        samepic.compare_screenshots(file, file)


@pytest.mark.parametrize(
    ("profile", "message"),
    [({"threshold": 2}, "threshold: expected a number from 0 to 1, found 2"),
     ({"threshold": "x"}, "threshold: expected a number from 0 to 1, found 'x'"),
     ({"most_pixels": -1}, "most_pixels: expected a whole number from 0, found -1"),
     ({"most_pixels": True}, "most_pixels: expected a whole number from 0, found True"),
     ({"antialiasing": 1}, "antialiasing: expected True or False, found 1"),
     ({"ignore": [(1, 2, 3)]}, r"ignore: expected boxes of four whole numbers .*, found \(1, 2, 3\)"),
     ({"ignore": [(1, 2, 0, 4)]}, r"ignore: expected boxes .*, found \(1, 2, 0, 4\)"),
     ({"ignore": ["1,2,3,4"]}, "ignore: expected boxes .*, found '1,2,3,4'")],
)  # fmt: skip
def test_a_profile_that_makes_no_sense_says_so(profile: dict[str, object], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        Screen(**profile)  # type: ignore[arg-type]


def test_sources_of_every_form_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "page.png"
    Image.fromarray(PAGE).save(file)
    data = file.read_bytes()
    for form in (str(file), data, io.BytesIO(data), Image.open(file), PAGE):
        assert samepic.compare_screenshots(file, form).same is True
    with pytest.raises(samepic.SourceError):
        samepic.compare_screenshots(file, 7)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(0, 380), st.integers(0, 280), st.integers(1, 60), st.integers(1, 60)),
    st.integers(60, 200),
)
def test_whatever_changed_much_is_boxed_whole_and_nothing_else(
    box: tuple[int, int, int, int], levels: int
) -> None:
    x, y, w, h = box
    two = changed(x, y, w, h, -levels)
    differ = np.argwhere((two != PAGE).any(axis=2))
    verdict = seen(two, antialiasing=False, speck_pixels=0)
    found = np.zeros(PAGE.shape[:2], np.bool_)
    for region in verdict.regions:
        found[region.y : region.y + region.h, region.x : region.x + region.w] = True
    far = np.abs(PAGE.astype(int) - two).max(axis=2) > 40
    assert found[far].all()
    if len(differ):
        (top, left), (low, right) = differ.min(axis=0), differ.max(axis=0)
        outside = found.copy()
        outside[top : low + 1, left : right + 1] = False
        assert not outside.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))
def test_pictures_of_any_size_are_compared(w1: int, h1: int, w2: int, h2: int) -> None:
    rng = np.random.default_rng(w1 * 1000 + h1 * 100 + w2 * 10 + h2)
    one = rng.integers(0, 255, (h1, w1, 3), np.uint8)
    two = rng.integers(0, 255, (h2, w2, 3), np.uint8)
    verdict = samepic.compare_screenshots(one, two)
    assert verdict.same is False
    verdict.difference_image()
    assert samepic.compare_screenshots(one, one.copy()).same is True
