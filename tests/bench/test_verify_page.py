"""docs/verify.md tells what every factor of the model is, and what decides every relation."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path

from samepic.profiles import MODEL
from samepic.verdict import Relation

PAGE = (Path(__file__).parent.parent.parent / "docs" / "verify.md").read_text()


def first_cells() -> set[str]:
    """Return what stands in backquotes in the first cell of any row of the page's tables."""
    cells = re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE)
    return {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def test_every_factor_of_the_model_is_told() -> None:
    factors = {name for part in asdict(MODEL).values() if isinstance(part, dict) for name in part}
    assert "band shift" in factors
    assert factors <= first_cells()


def test_every_relation_is_told() -> None:
    assert set(Relation) <= first_cells()
