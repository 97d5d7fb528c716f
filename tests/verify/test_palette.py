"""The colors of a picture are all found where they are few, and none where they are many, wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from samepic.verify.photometry import palette_of


@pytest.mark.parametrize(("count", "known"), [(100, True), (256, True), (257, False), (300, False)])
@pytest.mark.parametrize("shape", [(400, 700), (3, 90_000), (90_000, 3)])
def test_a_palette_is_what_all_pixels_show(count: int, known: bool, shape: tuple[int, int]) -> None:
    codes = np.arange(count) * 50_021
    colors = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1).astype(np.uint8)
    rgb = np.broadcast_to(colors[0], (*shape, 3)).copy()
    # All but the first stand in the last pixels, which samples and first rows miss.
    rgb.reshape(-1, 3)[-(count - 1) :] = colors[:0:-1]
    found = palette_of(rgb)
    assert (found is not None) is known
    if found is not None:
        assert_array_equal(found, colors)
