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

from samepic.screens.pytest.usage import Usage, prune
from samepic.writing import plural

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from xdist.workermanage import WorkerController

    from samepic.screens.pytest.fixture import SamePicture
    from samepic.screens.pytest.report import Event
    from samepic.tuning.screens import Screen

__all__ = [
    "pytest_addoption", "pytest_configure", "pytest_configure_node", "pytest_runtest_call",
    "pytest_runtest_makereport", "pytest_sessionfinish", "same_picture", "samepic_screen",
]  # fmt: skip

_UPDATE, _PRUNE, _OUTPUT = "--samepic-update", "--samepic-prune", "--samepic-output"
_WORKER = "samepic_output"
_EVENTS: pytest.StashKey[list[Event]] = pytest.StashKey()
_FIXTURE: pytest.StashKey[SamePicture] = pytest.StashKey()
_USAGE: pytest.StashKey[Usage] = pytest.StashKey()
_RUN = "samepic-run"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("samepic", "samepic: do pages look as they did?")
    text = "write baselines that are missing or no longer the same"
    group.addoption(_UPDATE, action="store_true", help=text)
    text = "remove baselines that no test uses, after all tests ran"
    group.addoption(_PRUNE, action="store_true", help=text)
    text = "folder for pictures of failed tests, and the report (default: samepic_output)"
    group.addoption(_OUTPUT, metavar="DIR", help=text)
    text = "name of the folder of baselines beside the tests"
    parser.addini("samepic_baselines", text, default="__screens__")
    parser.addini("samepic_platform", "none, or system: a baseline for each operating system", default="none")
    text = "folder for pictures of failed tests, from the root of the project"
    parser.addini("samepic_output", text, default="samepic-report")
    text = "what is added to the names of baselines: viewport, device (pytest-playwright's --device)"
    parser.addini("samepic_variants", text, type="args", default=[])


def pytest_configure(config: pytest.Config) -> None:
    """Register the report in the main process, which collects the events of all workers, and counting in each."""
    config.stash[_USAGE] = Usage()
    config.pluginmanager.register(config.stash[_USAGE])
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Run(config), _RUN)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    node.workerinput[_WORKER] = str(_output(node.config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_WORKER] = session.config.stash[_USAGE].dump()


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
        variants=config.getini("samepic_variants"),
        device=config.getoption("--device", None) or "",
    )
    kinds = [request.cls.__qualname__] if request.cls is not None else []
    test = "-".join([*kinds, getattr(item, "originalname", None) or item.name])
    case = item.callspec.id if hasattr(item, "callspec") else ""
    names, events = Names(test, case), item.stash.setdefault(_EVENTS, [])
    item.stash[_FIXTURE] = SamePicture(settings, names, samepic_screen, events)
    return item.stash[_FIXTURE]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Fail the test at its end where soft checks failed."""
    __tracebackhide__ = True
    try:
        yield
    except Exception as error:
        if _FIXTURE in item.stash and (failure := item.stash[_FIXTURE].failure()):
            error.add_note(f"\nBefore that: {failure}")
        raise
    if _FIXTURE in item.stash and (failure := item.stash[_FIXTURE].failure()):
        raise failure


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Attach the events of the test to its report, which xdist sends to the main process.

    The summary of pytest has one line for the message of a test, and needs no name of a class in it.
    """
    report = yield
    usage, events = item.config.stash[_USAGE], item.stash.get(_EVENTS, [])
    if call.when == "call" and report.passed:
        usage.count_passed(item)
    if _FIXTURE in item.stash:
        usage.used.update(map(str, item.stash[_FIXTURE].used))
        if call.when == "teardown":
            del item.stash[_FIXTURE]
    message = ""
    if call.excinfo is not None and type(call.excinfo.value).__module__.partition(".")[0] == "samepic":
        message = str(call.excinfo.value).partition("\n")[0]
        if crash := getattr(report.longrepr, "reprcrash", None):
            crash.message = message
    if events or message:
        report.__dict__["samepic"] = [asdict(event) for event in events], message
        events.clear()
    return report


class _Run:
    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._results: dict[tuple[str, str | None], tuple[list[dict[str, Any]], str]] = {}
        self._lines: list[str] = []

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
        self._results.pop((report.nodeid, report.when), None)
        if result := getattr(report, "samepic", None):
            self._results[report.nodeid, report.when] = result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: WorkerController) -> None:
        if _WORKER in (output := getattr(node, "workeroutput", {})):  # none of one that crashed
            self._config.stash[_USAGE].add(output[_WORKER])

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if not self._config.getoption("collectonly"):
            self._lines = [*self._report(), *self._list_unused(session, exitstatus)]

    def _report(self) -> Iterator[str]:
        """Write the report; yield what it says in short, and whole sentences, which pytest cuts at the window."""
        if not self._results:
            return
        from datetime import datetime

        from samepic.screens.pytest.report import (
            Event,
            relative_path,
            summary,
            write_report,
            write_step_summary,
        )

        events = [Event(**event) for values, _ in self._results.values() for event in values]
        messages = [message for _, message in self._results.values() if message]
        line = f"samepic: {summary(events) or plural(len(messages), 'test') + ' failed without a picture'}"
        if any(event.failed for event in events):
            path = write_report(_output(self._config), events, datetime.now())
            line += f"; report: {relative_path(path, self._config.invocation_params.dir)}"
        if events and (step := os.environ.get("GITHUB_STEP_SUMMARY")):
            write_step_summary(Path(step), events)
        yield line
        yield from (f"  {message}" for message in messages)

    def _list_unused(self, session: pytest.Session, status: int) -> Iterator[str]:
        """Yield a list of the baselines that no test used, and remove them where that was asked for."""
        usage, pruned = self._config.stash[_USAGE], self._config.getoption(_PRUNE)
        if reason := usage.partial(session, status):
            if pruned:
                yield f"samepic: nothing was pruned, since not all tests ran: {reason}"
            return
        unused, unjudged = usage.unused(self._config.getini("samepic_baselines"))
        here = self._config.invocation_params.dir
        failed = prune(unused) if pruned else {}
        found = [path for path in unused if path not in failed]
        count = plural(len(found), "baseline")
        if pruned:
            yield f"samepic: {count} that no test used {'was' if len(found) == 1 else 'were'} removed"
        elif found:
            yield f"samepic: {count} that no test used; to remove: pytest {_PRUNE}"
        yield from (f"  {os.path.relpath(path, here)}" for path in found)
        yield from (
            f"  could not be removed: {os.path.relpath(path, here)}: {why}" for path, why in failed.items()
        )
        if pruned:
            yield from (
                f"  left alone, not all its tests passed: {os.path.relpath(one, here)}" for one in unjudged
            )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._lines:
            terminalreporter.write_line(line)


def _output(config: pytest.Config) -> Path:
    if hasattr(config, "workerinput"):
        return Path(config.workerinput[_WORKER])
    if given := config.getoption(_OUTPUT):
        return config.invocation_params.dir / given
    return config.rootpath / config.getini("samepic_output")
