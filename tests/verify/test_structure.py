"""Local correlation: what is measured is the correlation of each window."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samepic.tuning.verify import JUDGE
from samepic.verify.features import correlation_map
from tests.verify.conftest import Pixels


def slow_correlation(a: Pixels, b: Pixels, y: int, x: int) -> float:
    """The oracle: numpy's correlation of one window, with the same floor."""
    one, two = (p[y - 8 : y + 9, x - 8 : x + 9].astype(np.float64) for p in (a, b))
    floor = (JUDGE.telling / 2) ** 2
    together = ((one - one.mean()) * (two - two.mean())).mean()
    return float(together / math.sqrt((one.var() + floor) * (two.var() + floor)))


def test_the_map_equals_the_slow_oracle() -> None:
    a, b = np.random.default_rng(5).integers(0, 256, (2, 40, 60)).astype(np.float32)
    found, least, most = correlation_map(a, b)
    assert (least >= JUDGE.telling**2).all() and (most >= least).all()
    for y, x in ((8, 8), (20, 30), (31, 51)):
        assert found[y, x] == pytest.approx(slow_correlation(a, b, y, x), abs=1e-4)
