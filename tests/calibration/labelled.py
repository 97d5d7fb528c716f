"""Pairs as if they had been compared, for tests of the figures."""

from __future__ import annotations

from samepic.calibration.statistics import JudgedPair, LabeledPair
from samepic.verdict import Relation


def judged(*rows: tuple[str, float, bool]) -> list[JudgedPair]:
    """Return one judged pair for each (relation, probability, label)."""
    return [
        JudgedPair(
            LabeledPair(line, f"{line}-a.png", f"{line}-b.png", label),
            Relation(relation),
            probability,
            relation,
        )
        for line, (relation, probability, label) in enumerate(rows, 2)
    ]
