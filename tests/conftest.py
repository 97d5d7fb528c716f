"""What every test may use: a few real photographs, as paths.

Every process collects every file: what takes long to import (SciPy, Selenium) is imported by the functions that use it.
"""

from __future__ import annotations

import gc
import os
import statistics
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.kits.interrupts import interrupts

# How long an example takes says how busy the machine is, and nothing of the code. Half of the usual hundred examples
# find nearly all that a hundred find; --hypothesis-profile stress draws many.
_ANY_SPEED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("busy", _ANY_SPEED, max_examples=50)
settings.register_profile("stress", _ANY_SPEED, max_examples=500)
settings.load_profile("busy")

# NumPy's threads turn while they wait for work, in each of the processes that share the cores. The command line starts
# without them too.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

PHOTOS = Path(__file__).parent.parent / "examples" / "photos"

# The files that take longest, in this order: begun last, one of them would keep one process waiting for the others.
# pytest-xdist gives each process two files at the start; with four processes the fifth comes behind the first.
LONGEST = (
    "spark/test_spark.py",
    "screens/test_pytest_browser.py",
    "screens/test_pytest_sources.py",
    "screens/test_screenshots_page.py",
    "spark/test_parts.py",  # brief
    "test_readme.py",
    "browser/test_found.py",
    "spark/test_executor.py",
    "browser/test_review.py",
    "sandbox/test_workers_hostile.py",
    "browser/test_compare.py",
    "gate/test_originals.py",
    "test_contracts.py",
    "service/test_stop.py",
    "service/test_limits.py",
    "gate/test_gate.py",
    "cli/test_calibrate.py",
    "test_compare_parts.py",
    "sandbox/test_workers.py",
    "verify/test_judge.py",
    "verify/test_change.py",
    "duplicates/test_cache.py",
    "screens/test_pytest_runs.py",
    "contrib/test_docs.py",
    "cleanup/test_clean_crash.py",
    "verify/test_order.py",
    "service/test_command.py",
    "measures/test_ssimulacra2.py",
    "fingerprints/test_make.py",
    "browser/test_frame.py",
    "browser/test_check.py",
    "gate/test_race.py",
    "test_api.py",
    "service/test_race.py",
    "cli/test_gate_verbs.py",
    "browser/test_status.py",
    "gate/test_replicas.py",
    "gate/test_fine_print.py",
    "duplicates/test_keep.py",
    "service/test_service.py",
    "bench/test_lookalikes.py",
    "bench/test_more_kinds.py",
    "service/test_hosts.py",
    "gate/test_crash.py",
    "verify/test_quantization.py",
    "verify/test_mapping.py",
    "fingerprints/test_copycode.py",
    "contrib/test_django_transactions.py",
    "store/test_joining.py",
    "verify/test_siblings.py",
    "gate/test_flooding.py",
    "cli/test_find.py",
    "test_notebook.py",
    "test_values.py",
    "screens/test_pytest_parts.py",
    "cli/test_trouble.py",
    "contrib/test_django.py",
    "contrib/test_fastapi.py",
    "test_structure.py",
)


# Tests that `make quick` leaves out though they carry no mark: they compute for a third of a second or more, here or in
# processes that they start. Written by --note-slow, also on a busy machine: waiting is not counted, since others
# compute meanwhile.
SLOW = Path(__file__).parent / "slow.txt"
_LONG = 0.3


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that writes SLOW."""
    parser.addoption(
        "--note-slow", action="store_true", help=f"write {SLOW.name}: the tests that compute long"
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Note how long a test computes where that is asked for."""
    if not item.config.getoption("--note-slow"):
        return (yield)
    before = _computed()
    try:
        return (yield)
    finally:
        item.user_properties.append(("computed", _computed() - before))


def _computed() -> float:
    """Return the seconds of CPU of this process and all that it started, whether they have ended or not."""
    import psutil

    here = psutil.Process()
    times = [here.cpu_times()]
    for child in here.children(recursive=True):
        with suppress(psutil.Error):
            times.append(child.cpu_times())
    return sum(float(one.user + one.system + one.children_user + one.children_system) for one in times)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have Python look for garbage among what tests make alone: what is imported and collected stays to the end."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Have each process collect the folders from another one on.

    What pytest compiles of a file lies on disk for the others: in one order, each compiles them all at the same time.
    """
    report = yield
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker and collector.path == Path(__file__).parent:
        places = [item.path for item in report.result for _ in item.path.rglob("test_*.py")]
        first = places[len(places) * int(worker[2:]) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])]
        report.result.sort(key=lambda item: item.path < first)
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the files that take longest first, and mark the tests that are noted as slow; else the order stays."""
    folder = Path(__file__).parent
    place = {folder / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (place.get(item.path, len(place)), item.path))
    noted = set() if config.getoption("--note-slow") else set(SLOW.read_text("utf-8").split())
    for item in items:
        if _function(item.nodeid) in noted:
            item.add_marker(pytest.mark.slow)


def pytest_configure(config: pytest.Config) -> None:
    """Gather what was noted of tests in the process that hears of all of them."""
    if config.getoption("--note-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Notes())


class _Notes:
    """Writes SLOW at the end: the functions whose cases computed long on average, or four times that in all."""

    def __init__(self) -> None:
        self._took: dict[str, list[float]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" and report.outcome != "skipped" and "slow" not in report.keywords:
            took = [value for name, value in report.user_properties if name == "computed"]
            self._took[_function(report.nodeid)] += [value for value in took if isinstance(value, float)]

    def pytest_sessionfinish(self) -> None:
        slow = (
            name
            for name, took in self._took.items()
            if statistics.fmean(took) >= _LONG or sum(took) >= 4 * _LONG
        )
        SLOW.write_text("".join(f"{name}\n" for name in sorted(slow)), "utf-8")


def _function(nodeid: str) -> str:
    """Return the file below tests/ and the function of a test, whatever its case."""
    return nodeid.removeprefix("tests/").partition("[")[0]


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep what `samepic clean` remembers for a user out of the home of whoever runs the tests."""
    os.environ["XDG_STATE_HOME"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def photos() -> dict[str, Path]:
    """Return the photographs of examples/photos by their stem: rocket, retina, hubble, chelsea and so on."""
    return {path.stem: path for path in sorted(PHOTOS.iterdir()) if path.suffix in (".jpg", ".png")}


@pytest.fixture(scope="session")
def rocket(photos: dict[str, Path]) -> Path:
    """Return a 640x427 JPEG in Adobe RGB, as it came from a camera's editor."""
    return photos["rocket"]


@pytest.fixture(scope="session")
def astronaut(photos: dict[str, Path]) -> Path:
    """Return a 512x512 JPEG of quality 95, 4:4:4, in sRGB."""
    return photos["astronaut"]


@pytest.fixture(scope="session")
def chelsea(photos: dict[str, Path]) -> Path:
    """Return a 451x300 lossless PNG."""
    return photos["chelsea"]


@pytest.fixture(scope="session")
def coffee(photos: dict[str, Path]) -> Path:
    """Return a 600x400 lossless PNG of another scene."""
    return photos["coffee"]


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Have SIGINT end the processes that this test starts, also where it is ignored around the tests."""
    with interrupts("end"):
        yield
