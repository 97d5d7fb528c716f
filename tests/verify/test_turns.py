"""Turned and mirrored frames: the eight forms, their inverses and where a box goes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image

import samepic
from samepic.verdict import Region, Relation
from samepic.verify.explain import turn_words
from samepic.verify.features import Turn, likely_turn
from tests.verify.conftest import saved, turned_box

TURNS = [Turn(degrees, mirrored) for mirrored, degrees in product((False, True), (0, 90, 180, 270))]
OTHERS = TURNS[1:]


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_the_inverse_undoes_a_turn(turn: Turn) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    undone = turn if turn.mirrored else Turn(-turn.degrees % 360)
    assert np.array_equal(undone.apply(turn.apply(picture)), picture)


@pytest.mark.parametrize("turn", TURNS, ids=str)
def test_the_matrix_and_the_box_follow_the_pixels(turn: Turn) -> None:
    picture = np.zeros((40, 60), np.uint8)
    picture[5:9, 10:30] = 1
    ys, xs = np.nonzero(turn.apply(picture))
    box = turned_box(turn, Region(10, 5, 20, 4), 60, 40)
    corners = [int(v) for v in (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)]
    assert [box.x, box.y, box.w, box.h] == corners
    x, y, _ = np.array(turn.matrix(60, 40)).reshape(3, 3) @ (10, 5, 1)
    assert turn.apply(picture)[round(y), round(x)] == 1


@pytest.mark.parametrize("turn", OTHERS, ids=str)
def test_a_turned_or_mirrored_copy_is_reframed_and_proven(cat: Image.Image, turn: Turn) -> None:
    copy = saved(Image.fromarray(turn.apply(np.asarray(cat))), quality=75)
    verdict = samepic.compare(cat, copy)
    assert verdict.relation is Relation.REFRAMED and verdict.same is True and verdict.probability > 0.999
    assert turn_words(turn.degrees, turn.mirrored) in verdict.explanation
    assert verdict.transform is not None
    there = np.array(verdict.transform.matrix).reshape(3, 3) @ (*_place(turn, (100, 50), cat.size), 1)
    assert np.allclose(there[:2], (100, 50), atol=1)


def _place(turn: Turn, point: tuple[int, int], size: tuple[int, int]) -> tuple[float, float]:
    x, y, _ = np.array(turn.matrix(*size)).reshape(3, 3) @ (*point, 1)
    return float(x), float(y)


def test_a_mirrored_copy_with_a_patch_is_edited_and_boxed_in_pixels_of_a(cat: Image.Image) -> None:
    changed = cat.copy()
    changed.paste((250, 20, 20), (60, 200, 90, 220))
    verdict = samepic.compare(cat, saved(changed.transpose(Image.Transpose.FLIP_LEFT_RIGHT), quality=85))
    assert verdict.relation is Relation.EDITED and verdict.same is False
    (box,) = verdict.regions
    assert abs(box.x - 60) < 12 and abs(box.y - 200) < 12 and abs(box.w - 30) < 16 and abs(box.h - 20) < 16


def test_a_turned_copy_at_half_the_size_in_other_tones_is_reframed(cat: Image.Image) -> None:
    small = cat.rotate(90, expand=True).resize((150, 226)).point(lambda v: int(v * 0.8))
    assert samepic.compare(cat, saved(small, "WEBP", quality=70)).relation is Relation.REFRAMED


def test_another_picture_has_no_likely_turn(cat: Image.Image, cup: Image.Image) -> None:
    assert likely_turn(np.asarray(cat), np.asarray(cup)) is None


def test_an_upright_copy_is_not_called_turned(cat: Image.Image) -> None:
    symmetric = Image.fromarray(np.hstack([np.asarray(cat), np.asarray(cat)[:, ::-1]]))
    assert samepic.compare(symmetric, saved(symmetric)).relation is Relation.RESAVED
