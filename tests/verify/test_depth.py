"""Pictures of more than 8 bits a sample: never equal by what 8 bits show, and compared where their samples lie."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import samepic
from samepic.verdict import Relation


def png(samples: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(samples).save(stream, "PNG")
    return stream.getvalue()


def labels(*boxes: tuple[int, int, int, int]) -> NDArray[np.uint16]:
    """Return a mask of 240x320 with the labels 1, 2, 3, ... in boxes (left, top, right, bottom)."""
    mask = np.zeros((240, 320), np.uint16)
    for label, (left, top, right, bottom) in enumerate(boxes, 1):
        mask[top:bottom, left:right] = label
    return mask


def master(photo: Path) -> NDArray[np.uint16]:
    """Return a photograph in 16 bits, with noise below what 8 bits show."""
    gray = np.asarray(Image.open(photo).convert("L"), np.uint16) * np.uint16(257)
    noise = np.random.default_rng(3).integers(0, 120, gray.shape, np.uint16)
    deep: NDArray[np.uint16] = np.minimum(gray, 65400) + noise
    return deep


def test_a_preview_and_its_master_are_the_same_but_not_equal(chelsea: Path) -> None:
    deep = master(chelsea)
    shown = samepic.picture.load(png(deep)).rgb[..., 0]
    for a, b, better in ((shown, deep, "b"), (deep, shown, "a")):
        verdict = samepic.compare(png(a), png(b))
        assert (verdict.relation, verdict.same, verdict.original) == (Relation.RESAVED, True, better)
        assert f"{better} has 16" in verdict.explanation
        assert "equal" not in verdict.explanation


def test_two_masters_that_differ_in_what_nobody_sees_are_not_equal(chelsea: Path) -> None:
    deep = master(chelsea)
    other = deep.copy()
    other[::7, ::5] ^= 1
    verdict = samepic.compare(png(deep), png(other))
    assert verdict.relation is Relation.RESAVED
    assert "differ" in verdict.explanation
    assert samepic.compare(png(deep), Image.fromarray(deep)).relation is Relation.SAME_PIXELS


def test_masks_with_other_objects_are_not_the_same() -> None:
    one = labels((20, 20, 90, 80), (120, 40, 200, 200), (230, 100, 300, 220))
    two = labels((200, 20, 300, 60), (30, 120, 80, 220), (110, 90, 180, 140))
    verdict = samepic.compare(png(one), png(two))
    assert verdict.same is not True
    assert verdict.relation in (Relation.DIFFERENT, Relation.SIMILAR, Relation.EDITED)
    assert "stretching" in verdict.explanation


def test_a_mask_with_one_object_more_is_not_the_same() -> None:
    boxes = [(20, 20, 90, 80), (120, 40, 200, 200), (230, 100, 300, 220)]
    verdict = samepic.compare(png(labels(*boxes)), png(labels(*boxes, (30, 150, 80, 220))))
    assert verdict.same is not True


def test_a_mask_saved_another_way_is_equal() -> None:
    mask = labels((20, 20, 90, 80), (120, 40, 200, 200))
    stream = io.BytesIO()
    Image.fromarray(mask).save(stream, "TIFF")
    assert samepic.compare(png(mask), stream.getvalue()).relation is Relation.SAME_PIXELS


def test_a_mask_and_its_black_rendering_cannot_be_told() -> None:
    mask = labels((20, 20, 90, 80), (120, 40, 200, 200))
    verdict = samepic.compare(png(mask), png(np.zeros(mask.shape, np.uint8)))
    assert (verdict.relation, verdict.same) == (Relation.UNDECIDABLE, None)
