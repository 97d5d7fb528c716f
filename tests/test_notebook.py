"""The notebook of examples/ runs from top to bottom, and shows what its text says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent.parent / "examples"


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_its_text_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import nbclient
    import nbformat

    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    read: Any = nbformat.read
    notebook = read(FOLDER / "notebook.ipynb", as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs for cell in cells), "clear the outputs before a commit"
    nbclient.NotebookClient(notebook, timeout=500, resources={"metadata": {"path": str(FOLDER)}}).execute()
    shown = "\n".join(_text(output) for cell in cells for output in cell.outputs)
    assert "<img alt=" in shown and "changed in one place" in shown
    assert "samepic.compare               1.00     1.00       1.00      1.00" in shown
    assert "coffee.png the same picture" in shown
    assert "dropped: ['astronaut.jpg', 'coffee (1).jpg', 'rocket.jpg']" in shown


def _text(output: dict[str, Any]) -> str:
    """Return the texts of one output of a cell."""
    data = output.get("data", {})
    return "\n".join((output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")))
