"""Which baselines the tests of a run used, so that those which no test uses can be listed and removed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samepic.writing import plural, reason_of

if TYPE_CHECKING:
    import pytest

_VARIANT = re.compile(
    r"(?<=-)(?:linux|macos|windows|chromium|firefox|webkit|\d+x\d+(?:@[\d.]+x)?|@\w+)(?=[-~]|$)"
)
"""A part of the name of a baseline that only some runs have: that of another system, browser, window or device."""


class Usage:
    """What one process of pytest collected, ran and compared; a plugin of it."""

    def __init__(self) -> None:
        self.used: set[str] = set()
        self._folders: set[str] = set()
        self._collected, self._passed = Counter[str](), Counter[str]()
        self._deselected, self._broken = 0, 0

    def pytest_collect_directory(self, path: Path) -> None:
        self._folders.add(str(path))

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        self._deselected += len(items)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._broken += report.failed

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._collected = Counter(str(item.path) for item in session.items)
        self._folders.update(str(item.path.parent) for item in session.items)

    def count_passed(self, test: pytest.Item) -> None:
        self._passed[str(test.path)] += 1

    def dump(self) -> dict[str, Any]:
        """Return all of it in a form in which xdist sends it to the main process."""
        return {name: sorted(value) if isinstance(value, set) else value for name, value in vars(self).items()} | {
            "_collected": dict(self._collected), "_passed": dict(self._passed)
        }  # fmt: skip

    def add(self, worker: dict[str, Any]) -> None:
        """Add what a worker dumped. Every worker collects all tests, and runs some of them."""
        self.used.update(worker["used"])
        self._folders.update(worker["_folders"])
        self._collected |= Counter(worker["_collected"])
        self._passed += Counter(worker["_passed"])
        self._deselected = max(self._deselected, worker["_deselected"])
        self._broken = max(self._broken, worker["_broken"])

    def partial(self, session: pytest.Session, exit_status: int) -> str:
        """Return why only a part of the tests ran, "" where all did."""
        config = session.config
        if config.args_source is config.ArgsSource.ARGS:
            return f"of what was collected, only {' '.join(config.args)} was asked for"
        if self._broken:
            return f"{plural(self._broken, 'file')} could not be collected"
        if self._deselected:
            return (
                f"{plural(self._deselected, 'test')} {'was' if self._deselected == 1 else 'were'} deselected"
            )
        if config.getoption("lf", False):
            return "--last-failed leaves out files"
        if session.shouldstop or session.shouldfail or exit_status not in (0, 1, 5):
            return str(session.shouldstop or session.shouldfail or "the run was stopped")
        return ""

    def unused(self, name: str) -> tuple[list[Path], list[str]]:
        """Return the baselines in folders of that name which no test used, and the test files not judged.

        Not judged are files of which a test did not pass, since it may have more baselines, and baselines of systems,
        browsers, windows and devices that no test of this run had.
        """
        ran = {part for path in self.used for part in _VARIANT.findall(Path(path).stem)}
        unused, unjudged = list[Path](), list[str]()
        for folder in sorted(self._folders):
            for baselines in _folders_in(Path(folder) / name):
                tests = [path for path in Path(folder).glob("*.py") if path.stem == baselines.name]
                if any(self._passed[str(path)] < (self._collected[str(path)] or 1) for path in tests):
                    unjudged.extend(map(str, tests))
                    continue
                paths = (path for path in baselines.glob("*.png") if path.is_file() and not path.is_symlink())
                left = (path for path in paths if str(path) not in self.used)
                unused.extend(path for path in sorted(left) if ran.issuperset(_VARIANT.findall(path.stem)))
        return unused, unjudged


def _folders_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield from (path for path in sorted(folder.iterdir()) if path.is_dir() and not path.is_symlink())


def prune(paths: list[Path]) -> dict[Path, str]:
    """Remove baselines, and the folders that become empty; return which could not be removed, and why."""
    left = {}
    for path in paths:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            left[path] = reason_of(error)
            continue
        with suppress(OSError):  # it holds others
            path.parent.rmdir()
            path.parent.parent.rmdir()
    return left
