"""The factors of a pair: what the strongest place and the surest cells measure, as means over those cells."""

from __future__ import annotations

import math

import numpy as np
import pytest

from samepic.arrays import Floats
from samepic.tuning.verify import JUDGE
from samepic.verify.evidence import CONTEXT, MEASURES, changes_of_odds
from samepic.verify.judge import FACTORS, factors_of

ROWS, COLUMNS = 6, 7
INSIDE = np.ones((ROWS, COLUMNS), np.bool_)


def factors(odds: Floats, cells: Floats, inside: np.ndarray = INSIDE) -> dict[str, float]:
    found = factors_of(cells, np.zeros(len(CONTEXT), np.float32), inside, changes_of_odds(odds, inside), None)
    assert np.isfinite(found).all()
    return dict(zip(FACTORS, found.tolist(), strict=True))


def measured() -> Floats:
    return np.random.default_rng(4).normal(0, 1, (ROWS, COLUMNS, len(MEASURES))).astype(np.float32)


def test_the_strongest_place_is_the_connected_cells_of_the_largest_mass() -> None:
    odds = np.full((ROWS, COLUMNS), -4, np.float32)
    odds[0, 0] = 3  # surer, and smaller
    odds[3:5, 3:5] = 2
    cells = measured()
    found = factors(odds, cells)
    assert found["cells of the strongest place"] == pytest.approx(math.log1p(4))
    assert found["odds of the strongest place"] == pytest.approx(2)
    for at, name in enumerate(MEASURES):
        assert found[f"{name} of the strongest place"] == pytest.approx(cells[3:5, 3:5, at].mean(), abs=1e-5)
    assert (found["surest cell"], found["odds of cell 2"], found["odds of cell 8"]) == (3, 2, -4)


def test_where_nothing_changed_the_surest_cells_stand_for_the_strongest_place() -> None:
    odds = np.full((ROWS, COLUMNS), -4, np.float32)
    odds[2, 2:6] = -1
    cells = measured()
    found = factors(odds, cells)
    assert (found["cells of the strongest place"], found["odds of the strongest place"]) == (0, 0)
    for at, name in enumerate(MEASURES):
        mean = pytest.approx(cells[2, 2:6, at].mean(), abs=1e-5)
        assert found[f"{name} of the strongest place"] == found[f"{name} of the surest cells"] == mean


@pytest.mark.parametrize("odds", [-4.0, 2.0])
def test_cells_outside_do_not_count(odds: float) -> None:
    inside = np.zeros((ROWS, COLUMNS), np.bool_)
    found = factors(np.full((ROWS, COLUMNS), odds, np.float32), measured(), inside)
    assert found["cells of the strongest place"] == 0
    assert found["odds at 99.5 %"] == -JUDGE.surest
