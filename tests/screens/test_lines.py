"""Rows that were added or removed are found, and no row is lost on the way."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from samepic.screens.alignment import LineRun, align, align_lines, row_hashes, with_equal_ends
from samepic.screens.pixels import DifferingBox, find_spots

codes = st.lists(st.integers(0, 6), max_size=30)


@settings(max_examples=100, deadline=None)
@given(codes, codes)
def test_the_runs_lead_through_all_rows_of_both_and_equal_ones_are_equal(
    one: list[int], two: list[int]
) -> None:
    at_a = at_b = 0
    for run in align(one, two):
        assert (run.a0, run.b0) == (at_a, at_b)
        assert run.a1 > run.a0 or run.b1 > run.b0
        if run.equal:
            assert one[run.a0 : run.a1] == two[run.b0 : run.b1] != []
        at_a, at_b = run.a1, run.b1
    assert (at_a, at_b) == (len(one), len(two))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60, unique=True), st.data())
def test_a_block_that_was_added_anywhere_is_the_only_run_that_is_not_equal(
    one: list[int], data: st.DataObject
) -> None:
    at, count = data.draw(st.integers(0, len(one))), data.draw(st.integers(1, 9))
    two = [*one[:at], *([-1] * count), *one[at:]]
    assert [run for run in align(one, two) if not run.equal] == [LineRun(at, at, at, at + count)]
    assert [run for run in align(two, one) if not run.equal] == [LineRun(at, at + count, at, at)]


def test_equal_rows_before_and_behind_make_one_run_with_equal_ones_beside_them() -> None:
    middle = align([1, 2, 3], [1, 9, 9, 3])
    assert with_equal_ends(middle, 10, 5) == (
        LineRun(0, 11, 0, 11, equal=True), LineRun(11, 12, 11, 13), LineRun(12, 18, 13, 19, equal=True),
    )  # fmt: skip
    assert with_equal_ends((), 4, 0) == (LineRun(0, 4, 0, 4, equal=True),)
    assert with_equal_ends((), 0, 0) == ()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 39), st.integers(1, 12), st.booleans())
def test_what_is_laid_line_by_line_is_equal_wherever_lines_were_put_in(
    at: int, count: int, upright: bool
) -> None:
    rng = np.random.default_rng(at)
    one = rng.integers(0, 255, (40, 17, 3), np.uint8)
    two = np.insert(one, [at] * count, 7, axis=0)
    if not upright:
        one, two = one.transpose(1, 0, 2), two.transpose(1, 0, 2)
    laid = align_lines(one, two, by_rows=upright)
    assert np.array_equal(laid.of_a(one), laid.of_b(two))
    assert laid.of_a(one).shape == one.shape
    assert [run.growth for run in laid.runs] == [count]
    assert laid.matched == 1


def test_rows_that_differ_by_one_level_of_one_pixel_have_other_codes() -> None:
    rng = np.random.default_rng(2)
    rows = rng.integers(0, 255, (500, 40, 3), np.uint8)
    other = rows.copy()
    other[np.arange(500), rng.integers(0, 40, 500), rng.integers(0, 3, 500)] ^= 1
    assert not set(row_hashes(rows)) & set(row_hashes(other))
    assert len(set(row_hashes(rows))) == 500


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 79), st.integers(0, 59)), min_size=1, max_size=25))
def test_spots_hold_all_that_differs_once_and_lie_apart(points: list[tuple[int, int]]) -> None:
    differ = np.zeros((60, 80), np.bool_)
    for x, y in points:
        differ[y, x] = True
    found = find_spots(differ)
    assert sum(spot.pixels for spot in found) == int(differ.sum())
    covered = np.zeros_like(differ)
    for spot in found:
        x, y, w, h = spot.box
        covered[y : y + h, x : x + w] = True
        inside = differ[y : y + h, x : x + w]
        assert inside[0].any() and inside[-1].any() and inside[:, 0].any() and inside[:, -1].any()
    assert (covered | ~differ).all()
    assert found == sorted(found, key=lambda spot: (spot.box[1], spot.box[0]))


def test_pixels_with_up_to_ten_between_them_are_one_spot() -> None:
    for gap, count in ((11, 1), (12, 2)):
        differ = np.zeros((5, 40), np.bool_)
        differ[2, 3] = differ[2, 3 + gap] = True
        assert len(find_spots(differ)) == count
    assert find_spots(np.zeros((5, 5), np.bool_)) == []
    assert find_spots(np.ones((1, 1), np.bool_)) == [DifferingBox((0, 0, 1, 1), 1)]
