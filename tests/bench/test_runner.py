"""Every benchmark is listed, says what it measures, and can be asked for its options."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import bench
from bench.__main__ import GROUPS, main

FOLDER = Path(bench.__path__[0])
NAMES = sorted(name for group in GROUPS.values() for name in group)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def is_run(path: Path) -> bool:
    """Tell whether a module has `main` or PARTS."""
    body = tree_of(path).body
    names = {one.name for one in body if isinstance(one, ast.FunctionDef)}
    names |= {ast.unparse(target) for one in body if isinstance(one, ast.Assign) for target in one.targets}
    return bool(names & {"main", "PARTS"})


def test_what_can_be_run_is_listed_and_what_is_listed_can_be_run() -> None:
    found = sorted(path.stem for path in FOLDER.glob("*.py") if is_run(path) and path.stem != "__main__")
    assert found == NAMES


def test_a_part_that_is_none_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["hostile", "load", "lode"])
    assert ended.value.code == 2
    assert "wanted parts of load, workers, service, got lode" in capsys.readouterr().err


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_says_in_one_line_what_it_is_and_how_it_is_called(name: str) -> None:
    result = ast.get_docstring(tree_of(FOLDER / f"{name}.py")) or ""
    first, _, rest = result.partition("\n")
    assert first.endswith((".", "?")), first
    assert len(first) <= 120
    assert f"python -m bench {name}" in rest


def test_without_a_name_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed for name in NAMES)


def test_a_name_that_is_none_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["speeed"]) == 2
    assert "no benchmark 'speeed'" in capsys.readouterr().err


def test_options_have_the_type_of_their_default(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["speed", "search", "--queries", "many"])
    assert ended.value.code == 2
    assert "invalid int value: 'many'" in capsys.readouterr().err
