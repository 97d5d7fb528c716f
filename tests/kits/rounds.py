"""Which combinations the suite tries, and which are more rounds of the same that only `make stress` tries."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Hashable, Iterable

import pytest
from _pytest.mark.structures import ParameterSet

__all__ = ["rounds"]


def rounds(cases: Iterable[tuple[Hashable, ...]], often: int = 1) -> list[ParameterSet]:
    """Return all cases in their order; those that are not needed for each value to come `often` times are stress."""
    given = list(cases)
    order = list(range(len(given)))
    random.Random(1).shuffle(order)  # else the first values of an axis would come with all of the other axes
    come, kept = Counter[tuple[int, Hashable]](), set[int]()
    for at in order:
        values = list(enumerate(given[at]))
        if any(come[value] < often for value in values):
            kept.add(at)
            come.update(values)
    return [
        pytest.param(*case, marks=() if at in kept else pytest.mark.stress) for at, case in enumerate(given)
    ]
