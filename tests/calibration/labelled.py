"""Pairs as if they had been compared, for tests of the figures."""

from __future__ import annotations

from samepic.calibration.statistics import Judged, Pair
from samepic.verdict import Relation


def judged(*rows: tuple[str, float, bool]) -> list[Judged]:
    """Return one judged pair for each (relation, probability, label)."""
    return [
        Judged(Pair(line, f"{line}-a.png", f"{line}-b.png", label), Relation(relation), probability, relation)
        for line, (relation, probability, label) in enumerate(rows, 2)
    ]
