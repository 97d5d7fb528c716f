"""The difference picture: its panels, its boxes and the outline of one picture in the other."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from samepic.verdict import Region
from samepic.verify.features import inverse
from samepic.verify.overlay import draw_difference
from tests.verify.alterations import Altered, bordered, cropped, mirrored, placed, turned
from tests.verify.conftest import Pixels

RED, BLUE, GAP = (214, 39, 40), (31, 119, 180), 8


def panels(
    a: Pixels, b: Pixels, regions: tuple[Region, ...] = (), copy: Altered | None = None
) -> list[NDArray[np.int64]]:
    """Return the three panels, cut out of the sheet by the sizes of pictures that need no reduction."""
    matrix = None if copy is None else [float(v) for v in copy.to_source.ravel()]
    sheet = np.asarray(draw_difference(a, b, regions, matrix)).astype(int)
    width, other = a.shape[1], b.shape[1]
    assert sheet.shape == (max(a.shape[0], b.shape[0]), 2 * width + other + 2 * GAP, 3)
    lefts = (0, width + GAP, width + other + 2 * GAP)
    found = []
    for left, picture in zip(lefts, (a, b, a), strict=True):
        found.append(sheet[: picture.shape[0], left : left + picture.shape[1]])
    return found


def painted(panel: NDArray[np.int64], color: tuple[int, int, int], slack: int = 0) -> NDArray[np.int64]:
    """Return where a panel has a color, as (x, y) pairs."""
    ys, xs = np.nonzero(np.abs(panel - color).max(axis=2) <= slack)
    return np.column_stack([xs, ys])


def gray(height: int, width: int, shade: int = 128) -> Pixels:
    """Return a flat picture."""
    return np.full((height, width, 3), shade, np.uint8)


@pytest.mark.parametrize(
    ("a", "b", "wanted"),
    [
        ((400, 600), (400, 600), (600 * 3 + 16, 400)),
        ((1200, 800), (300, 200), (427 * 2 + 200 + 16, 640)),
        ((100, 640), (90, 640), (640 * 3 + 16, 100)),
        ((3000, 3), (20, 20), (1 * 2 + 20 + 16, 640)),
    ],
)
def test_each_panel_has_a_long_side_of_at_most_640(
    a: tuple[int, int], b: tuple[int, int], wanted: tuple[int, int]
) -> None:
    sheet = draw_difference(gray(*a), gray(*b), ())
    assert sheet.mode == "RGB" and sheet.size == wanted


def test_equal_pictures_leave_the_paper_white_and_what_is_shown_is_what_they_are(
    pixels: dict[str, Pixels],
) -> None:
    a = pixels["chelsea"]
    one, two, ink = panels(a, a)
    assert np.array_equal(one, a) and np.array_equal(two, a) and (ink == 255).all()


def test_a_difference_is_drawn_amplified_where_it_is_and_only_there() -> None:
    a, b = gray(100, 150), gray(100, 150)
    b[20:40, 50:90, 1] = 148
    ink = panels(a, b)[2]
    assert (ink[20:40, 50:90] == 255 - 4 * 20).all()
    ink[20:40, 50:90] = 255
    assert (ink == 255).all()


def test_a_box_frames_its_region_from_outside_in_all_three_panels() -> None:
    a = gray(120, 160)
    for panel in panels(a, a, (Region(40, 30, 50, 20),)):
        x, y = painted(panel, RED).T
        assert 36 <= x.min() <= 39 and 90 <= x.max() <= 93 and 26 <= y.min() <= 29 and 50 <= y.max() <= 53
        inner = panel[31:49, 41:89]
        assert not len(painted(inner, RED))


def test_a_box_is_brought_to_where_b_shows_it(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    for copy in (cropped(a, 60, 50, 300, 200), mirrored(a), bordered(a, 30, 200)):
        region = Region(150, 100, 60, 40)
        one, two, _ = panels(a, copy.pixels, (region,), copy)
        there = inverse(copy.to_source) @ np.array([[150, 100, 1], [209, 139, 1]], float).T
        left, right = sorted(there[0])
        x, y = painted(two, RED).T
        assert abs(x.min() - left) <= 4 and abs(x.max() - right) <= 4
        assert abs(y.min() - there[1].min()) <= 4 and abs(y.max() - there[1].max()) <= 4
        x, y = painted(one, RED).T
        assert (abs(x.min() - 150), abs(y.min() - 100)) <= (4, 4)


def test_boxes_of_a_large_picture_are_drawn_at_the_size_it_is_shown() -> None:
    a = gray(1280, 960)
    sheet = np.asarray(draw_difference(a, a, (Region(400, 600, 200, 100),))).astype(int)
    x, y = painted(sheet[:, :480], RED).T
    assert abs(x.min() - 200) <= 4 and abs(x.max() - 300) <= 4
    assert abs(y.min() - 300) <= 4 and abs(y.max() - 350) <= 4


def test_the_outline_of_a_crop_is_drawn_in_the_whole_but_not_in_the_crop(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    copy = cropped(a, 100, 80, 300, 200)
    one, two, ink = panels(a, copy.pixels, (), copy)
    for panel in (one, ink):
        x, y = painted(panel, BLUE, 12).T
        assert abs(x.min() - 100) <= 3 and abs(x.max() - 400) <= 3
        assert abs(y.min() - 80) <= 3 and abs(y.max() - 280) <= 3
    assert not len(painted(two, BLUE, 12))


def test_the_outline_of_a_bordered_picture_is_drawn_in_the_border_alone(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    copy = bordered(a, 20, 250)
    one, two, ink = panels(a, copy.pixels, (), copy)
    assert not len(painted(one, BLUE, 12)) and not len(painted(ink, BLUE, 12))
    x, y = painted(two, BLUE, 12).T
    assert abs(x.min() - 20) <= 3 and abs(y.min() - 20) <= 3 and abs(x.max() - 620) <= 3


def test_a_whole_frame_and_its_mirror_have_no_outline(pixels: dict[str, Pixels]) -> None:
    a = pixels["rocket"]
    for b, copy in ((a, None), (mirrored(a).pixels, mirrored(a))):
        assert not any(len(painted(panel, BLUE, 8)) for panel in panels(a, b, (), copy))


def test_a_tilted_copy_has_an_outline_in_both(pixels: dict[str, Pixels]) -> None:
    a = pixels["rocket"]
    copy = turned(a, 9)
    one, two, _ = panels(a, copy.pixels, (), copy)
    assert len(painted(one, BLUE, 12)) > 100 and len(painted(two, BLUE, 12)) > 100


def test_what_b_does_not_show_is_grey_and_what_it_shows_is_compared(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    copy = cropped(a, 100, 60, 200, 150)
    ink = panels(a, copy.pixels, (), copy)[2]
    assert (ink[:50] == 225).all() and (ink[220:] == 225).all() and (ink[:, :90] == 225).all()
    assert (ink[70:200, 110:290] == 255).all()


def test_a_picture_in_a_picture_is_brought_back_to_the_size_of_a(pixels: dict[str, Pixels]) -> None:
    a = pixels["chelsea"]
    copy = placed(a, gray(500, 640), 200, 120, 300)
    one, two, ink = panels(a, copy.pixels, (), copy)
    assert np.median(ink[20:-20, 20:-20]) > 225
    x, y = painted(two, BLUE, 12).T
    assert abs(x.min() - 200) <= 3 and abs(x.max() - 500) <= 3 and abs(y.min() - 120) <= 3
    assert not len(painted(one, BLUE, 12))


def test_what_was_handed_in_is_not_drawn_on() -> None:
    a = gray(90, 120)
    a.setflags(write=False)
    draw_difference(a, a, (Region(10, 10, 20, 20),))
    assert (a == 128).all()
