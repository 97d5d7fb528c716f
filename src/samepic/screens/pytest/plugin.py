"""samepic for pytest: the fixture `same_picture`, baselines, and a report of what changed. See docs/screenshots.md.

Every run of pytest loads this module where samepic is installed, so it imports nothing that costs time.
"""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import pytest
except ModuleNotFoundError:
    from samepic.errors import missing_part

    raise missing_part("samepic.screens.pytest.plugin", "pytest", "pytest") from None

if TYPE_CHECKING:
    from collections.abc import Generator

    from xdist.workermanage import WorkerController

    from samepic.screens.pytest.fixture import SamePicture
    from samepic.screens.pytest.report import Event
    from samepic.tuning.screens import Screen

__all__ = [
    "pytest_addoption", "pytest_configure", "pytest_configure_node", "pytest_runtest_makereport", "same_picture",
    "samepic_screen",
]  # fmt: skip

_UPDATE, _OUTPUT = "--samepic-update", "--samepic-output"
_WORKER = "samepic_output"
_EVENTS: pytest.StashKey[list[Event]] = pytest.StashKey()
_RUN = "samepic-run"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("samepic", "samepic: do pages look as they did?")
    text = "write baselines that are missing or no longer the same"
    group.addoption(_UPDATE, action="store_true", help=text)
    text = "folder for pictures of failed tests, and the report (default: samepic_output)"
    group.addoption(_OUTPUT, metavar="DIR", help=text)
    text = "name of the folder of baselines beside the tests"
    parser.addini("samepic_baselines", text, default="__screens__")
    parser.addini("samepic_platform", "none, or system: a baseline for each operating system", default="none")
    text = "folder for pictures of failed tests, from the root of the project"
    parser.addini("samepic_output", text, default="samepic-report")


def pytest_configure(config: pytest.Config) -> None:
    """Register the report in the main process, which collects the events of all workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Run(config), _RUN)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput[_WORKER] = str(_output(node.config))


@pytest.fixture(scope="session")
def samepic_screen() -> Screen | None:
    """Return the options of all pictures, None for the defaults; a project may override this fixture."""
    return None


@pytest.fixture
def same_picture(request: pytest.FixtureRequest, samepic_screen: Screen | None) -> SamePicture:
    """Compare a page, an element or a picture with its baseline: `same_picture(page, "menu")`."""
    from samepic.screens.pytest.baselines import Names
    from samepic.screens.pytest.fixture import FixtureSettings, SamePicture

    config, item = request.config, request.node
    settings = FixtureSettings(
        test=item.nodeid,
        file=item.path,
        folder=config.getini("samepic_baselines"),
        platform=config.getini("samepic_platform"),
        output=_output(config),
        here=config.invocation_params.dir,
        update=config.getoption(_UPDATE),
        ci=os.environ.get("CI", "").lower() not in ("", "0", "false", "no", "off"),
    )
    kinds = [request.cls.__qualname__] if request.cls is not None else []
    test = "-".join([*kinds, getattr(item, "originalname", None) or item.name])
    case = item.callspec.id if hasattr(item, "callspec") else ""
    return SamePicture(settings, Names(test, case), samepic_screen, item.stash.setdefault(_EVENTS, []))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the events of the test to its report, which xdist sends to the main process."""
    report = yield
    if events := item.stash.get(_EVENTS, []):
        report.__dict__["samepic"] = [asdict(event) for event in events]
        events.clear()
    return report


class _Run:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._events_by_test: dict[tuple[str, str | None], list[dict[str, Any]]] = {}
        self._line = ""

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Remove the output of the last run. Raises UsageError where the report would overwrite another page."""
        output = _output(self._config)
        if output.is_dir() and not self._config.getoption("collectonly"):
            from samepic.screens.pytest.report import INDEX, clear

            clear(output)
            if (output / INDEX).exists():
                raise pytest.UsageError(
                    f"{output / INDEX} is not samepic's: choose another folder with {_OUTPUT}"
                )

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the events of a test; a rerun replaces them."""
        events = getattr(report, "samepic", [])
        self._events_by_test.pop((report.nodeid, report.when), None)
        if events:
            self._events_by_test[report.nodeid, report.when] = events

    def pytest_sessionfinish(self) -> None:
        if not self._events_by_test:
            return
        from datetime import datetime

        from samepic.screens.pytest.report import Event, relative_path, summary, write_report

        events = [Event(**event) for values in self._events_by_test.values() for event in values]
        self._line = f"samepic: {summary(events)}"
        if any(event.failed for event in events):
            path = write_report(_output(self._config), events, datetime.now())
            self._line += f"; report: {relative_path(path, self._config.invocation_params.dir)}"

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._line:
            terminalreporter.write_line(self._line)


def _output(config: pytest.Config) -> Path:
    if hasattr(config, "workerinput"):
        return Path(config.workerinput[_WORKER])
    if given := config.getoption(_OUTPUT):
        return config.invocation_params.dir / given
    return config.rootpath / config.getini("samepic_output")
