"""docs/verify.md says what decides every relation, and where what was learned is kept."""

from __future__ import annotations

import re
from pathlib import Path

from samepic.verdict import Relation

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "verify.md").read_text()


def test_the_page_says_what_decides_every_relation() -> None:
    cells = re.findall(r"^\| ([^|]*) \|", PAGE, re.MULTILINE)
    assert set(Relation) <= {name for cell in cells for name in re.findall("`([^`]+)`", cell)}


def test_the_page_names_the_network_of_cells_and_the_command_that_makes_it() -> None:
    assert "verify/change.npz" in PAGE
    assert (ROOT / "src" / "samepic" / "verify" / "change.npz").is_file()
    assert "make calibrate" in PAGE
