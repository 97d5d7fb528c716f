"""Ranks without NumPy's overhead: the same as its own functions give."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from samepic.verify.photometry import percentile

FIGURES = st.floats(-1000, 1000, width=32)


@given(arrays.arrays(np.float32, st.integers(1, 60), elements=FIGURES), st.floats(0, 100))
def test_a_percentile_is_that_of_numpy(values: np.typing.NDArray[np.float32], share: float) -> None:
    wanted = float(np.percentile(values.astype(np.float64), share))
    assert percentile(values, share) == pytest.approx(wanted, abs=1e-3)
