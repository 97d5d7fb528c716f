"""A page that bends is laid flat again; a letter that is another one stays another one."""

from __future__ import annotations

import cv2
import numpy as np

from samepic.verify.align import refined
from tests.verify.conftest import Pixels

Floats = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def luma(rgb: Pixels) -> Floats:
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.float32)


def bent(plane: Floats, by: float) -> Floats:
    """Return a plane whose rows follow an arc that is `by` pixels high."""
    height, width = plane.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    down = by * (1 - (x / (width - 1) * 2 - 1) ** 2)
    return np.asarray(cv2.remap(plane, x, y + down.astype(np.float32), cv2.INTER_CUBIC), np.float32)


def written(rgb: Pixels, text: str) -> Pixels:
    shown = np.ascontiguousarray(rgb)
    return np.asarray(
        cv2.putText(shown.copy(), text, (150, 200), cv2.FONT_HERSHEY_SIMPLEX, 3, (255, 255, 255), 8), np.uint8
    )


def test_a_bend_is_taken_out(pixels: dict[str, Pixels]) -> None:
    target = luma(pixels["astronaut"])
    source = bent(target, 4.0)
    inside = np.ones(target.shape, np.bool_)
    (moved,), displacement = refined((source,), (target,), inside, whole=False)
    inner = (slice(20, -20), slice(20, -20))
    before, after = (float(np.abs(p - target)[inner].mean()) for p in (source, moved))
    assert after < 0.35 * before
    assert displacement > 1


def test_what_lies_well_is_left_alone(pixels: dict[str, Pixels]) -> None:
    target = luma(pixels["coffee"])
    (moved,), displacement = refined((target,), (target,), np.ones(target.shape, np.bool_), whole=True)
    assert moved is target
    assert displacement < 0.05


def test_a_place_that_differs_is_not_drawn_into_the_other(pixels: dict[str, Pixels]) -> None:
    source, target = (luma(written(pixels["coffee"], digit)) for digit in "83")
    (moved,), _ = refined((source,), (target,), np.ones(target.shape, np.bool_), whole=False)
    part = (slice(130, 210), slice(140, 220))
    assert float(np.abs(moved - target)[part].mean()) > 0.7 * float(np.abs(source - target)[part].mean())
