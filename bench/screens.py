"""Screenshots: kept pairs, what is said of changes to pages, single letters, and time; beside pixelmatch and odiff.

    python -m bench screens pairs|changes|letters|speed [--node FOLDER] [--rounds N]

`pairs` wants the folder of pictures (SAMEPIC_BENCH_DATA); `changes`, `letters` and `speed` want a Chromium. The peers
are asked where FOLDER is one in which `npm install odiff-bin@4.5.0 pixelmatch@7.2.0 pngjs@7.0.0` has run.
"""

from __future__ import annotations

import argparse
import itertools
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser

import samepic
from bench.common import cpu_of, head, option, row, wanted_data
from bench.screen_pages import CHANGES, LETTERS, large_page, letters_page, page
from bench.screen_peers import INSTALL, Odiff, OdiffServer, Pixelmatch
from tests.kits.browser import browser

_AS_RELEASED = samepic.Screen(speck_pixels=0, faint=1.0, ink=0)
"""As pixelmatch 7 counts at a threshold of 0.05: nothing is left out but smoothed edges."""

_AS_KEPT = replace(_AS_RELEASED, threshold=0.0395)
"""As whatever counted what the data README says: pixels that are painted in the pictures kept beside the pairs."""

_COUNTED = {"1": 154, "2": 12821, "3": 220, "4": 36563, "5": 0, "6": 51, "7": None, "8": 32896}
_SPEED = (0, 9, 12)  # of CHANGES: a button moves, a heading changes, a button in another colour


def pairs(node: Path | None) -> int:
    """Print the kept pairs of Playwright and pixelmatch; return how many are told wrongly."""
    data = wanted_data()
    wrong = 0
    print("\n## Pairs that Playwright keeps\n")
    for one in sorted((data / "screens" / "playwright").rglob("*-expected.png")):
        two = one.with_name(one.name.replace("-expected", "-actual"))
        verdict = samepic.compare_screenshots(one, two)
        good = verdict.same is ("should-match" in one.parts)
        wrong += not good
        print(
            f"{'right' if good else 'WRONG'}  {one.parent.parent.name}/{one.stem[:-9]}: {verdict.explanation}"
        )
    print("\n## Pairs of pixelmatch, pixels that differ\n")
    with ExitStack() as stack:
        peer = stack.enter_context(Pixelmatch(node)) if node else None
        _counts(data / "screens" / "pixelmatch", peer)
    return wrong


def _counts(folder: Path, peer: Pixelmatch | None) -> None:
    ours = ("samepic at 0.045", "pixelmatch 7.2.0 at 0.05, this run", "against it")
    head("pair", *ours, "samepic at 0.0395", "kept count", "against it")
    for name, kept in _COUNTED.items():
        one, two = folder / f"{name}a.png", folder / f"{'5' if name == '8' else name}b.png"
        found, lower = (
            int(samepic.compare_screenshots(one, two, screen=profile).measures["different_pixels"])
            for profile in (_AS_RELEASED, _AS_KEPT)
        )
        count = peer.count(one, two, 0.05) if peer else None
        row(name, found, count, _against(found, count), lower, kept, _against(lower, kept))


def _against(found: int, count: int | None) -> str:
    if count is None:
        return "-"
    return f"{(found / count - 1) * 100:+.1f} %" if count else ("equal" if found == 0 else f"{found} more")


def changes(chromium: Browser) -> int:
    """Print what is said of each change to a page; return how often it is not what was done."""
    wrong = 0
    window = chromium.new_page(viewport={"width": 1280, "height": 800})
    for whole, change in itertools.product((True, False), CHANGES):
        shots = []
        for script in ("0", change.script):
            window.set_content(page())
            window.evaluate(f"() => {{ {script} }}")
            shots.append(window.screenshot(full_page=whole))
        said = samepic.compare_screenshots(*shots).explanation
        good = re.search(change.said, said) is not None
        wrong += not good
        print(
            f"{'right' if good else 'WRONG'}  {'page' if whole else 'window'}, {change.name}: {said}",
            flush=True,
        )
    window.close()
    total = 2 * len(CHANGES)
    print(f"\n{total - wrong} of {total} changes are told as what was done")
    return wrong


def letters(chromium: Browser, node: Path | None) -> None:
    """Print how many single letters that changed are missed."""
    missed: dict[str, int] = dict.fromkeys(
        ["samepic", "pixelmatch at 0.1", "pixelmatch at 0.05", "odiff --aa"], 0
    )
    total = 0
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        peer = stack.enter_context(Pixelmatch(node)) if node else None
        odiff = stack.enter_context(OdiffServer(node)) if node else None
        for one, two in _lettered(chromium, Path(scratch)):
            total += 1
            missed["samepic"] += samepic.compare_screenshots(one, two).same is True
            if peer and odiff:
                missed["pixelmatch at 0.1"] += peer.count(one, two) == 0
                missed["pixelmatch at 0.05"] += peer.count(one, two, 0.05) == 0
                missed["odiff --aa"] += not odiff.differ(one, two, Path(scratch) / "out.png")
    print(f"\n{total} pairs of small pages on which one letter differs; told as the same:")
    for name, count in missed.items():
        print(f"{name}: {count if name == 'samepic' or node else 'not asked'}")


def _lettered(chromium: Browser, folder: Path) -> Iterator[tuple[Path, Path]]:
    families, colours = ("sans-serif", "serif", "monospace"), ("#000", "#777")
    for density in (1, 2):
        window = chromium.new_page(viewport={"width": 300, "height": 60}, device_scale_factor=density)
        for size, family, colour, pair in itertools.product((10, 12, 13, 14, 16), families, colours, LETTERS):
            files = folder / "one.png", folder / "two.png"
            for file, letter in zip(files, pair, strict=True):
                window.set_content(letters_page(letter, size, family, colour))
                window.screenshot(path=file)
            if files[0].read_bytes() != files[1].read_bytes():
                yield files
        window.close()


def speed(chromium: Browser, node: Path | None, rounds: int) -> None:
    """Print what a pair of screenshots of 3840 x 2160 costs, in turns."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        files = _large(chromium, Path(scratch))
        runs: dict[str, Callable[[Path, Path], object]] = {
            "samepic, in a process that runs": samepic.compare_screenshots,
            "samepic, with its difference picture": lambda a, b: samepic.compare_screenshots(
                a, b
            ).difference_image(),
            "samepic compare, a process each": _command,
        }
        servers: dict[str, int] = {}
        if node:
            server, peer = stack.enter_context(OdiffServer(node)), stack.enter_context(Pixelmatch(node))
            out, single = Path(scratch) / "out.png", Odiff(node)
            runs["odiff --aa, a process each, no picture"] = single.differ
            runs["odiff --aa, a process each, with its picture"] = lambda a, b: single.differ(a, b, out)
            runs["odiff --aa, as a server, with its picture"] = lambda a, b: server.differ(a, b, out)
            runs["pixelmatch, in a process that runs"] = peer.count
            servers = {
                "odiff --aa, as a server, with its picture": server.process.pid,
                "pixelmatch, in a process that runs": peer.process.pid,
            }
        _print_times(_timed(runs, files, servers, rounds), "odiff --aa, a process each, no picture")


def _large(chromium: Browser, folder: Path) -> list[tuple[Path, Path]]:
    window = chromium.new_page(viewport={"width": 1920, "height": 1080}, device_scale_factor=2)
    files = []
    for number, script in enumerate(["0", *(CHANGES[at].script for at in _SPEED)]):
        window.set_content(large_page())
        window.evaluate(f"() => {{ {script} }}")
        files.append(folder / f"page-{number}.png")
        window.screenshot(path=files[-1])
    window.close()
    found = [(files[0], other) for other in files[1:]]
    for one, two in found:
        print(f"{two.stat().st_size} bytes: {samepic.compare_screenshots(one, two).explanation}")
    return found


def _command(one: Path, two: Path) -> None:
    command = [sys.executable, "-m", "samepic", "compare", "-q", "--screen", str(one), str(two)]
    subprocess.run(command, check=False)


def _timed(
    runs: dict[str, Callable[[Path, Path], object]],
    files: list[tuple[Path, Path]],
    servers: dict[str, int],
    rounds: int,
) -> dict[str, list[tuple[float, float]]]:
    """Return (wall, CPU) seconds of every run, in turns."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for (one, two), (name, run) in itertools.product(files, runs.items()):
            before, begun = _cpu(servers.get(name)), time.perf_counter()
            run(one, two)
            took = time.perf_counter() - begun, _cpu(servers.get(name)) - before
            if number:  # the first round is for the caches
                times[name].append(took)
    return times


def _cpu(server: int | None) -> float:
    """Return the CPU time of a server, or of this process and those that it waited for."""
    if server is not None:
        return cpu_of(server)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _print_times(times: dict[str, list[tuple[float, float]]], base: str) -> None:
    what = "3840 x 2160, median of all pairs and rounds"
    print()
    head(what, "wall ms", "CPU ms", "wall, times odiff", "CPU, times odiff")
    for name, found in times.items():
        middles = [f"{1000 * statistics.median(one[at] for one in found):.0f}" for at in (0, 1)]
        row(name, *middles, *(_ratio(found, times.get(base), at) for at in (0, 1)))


def _ratio(mine: list[tuple[float, float]], theirs: list[tuple[float, float]] | None, at: int) -> str:
    if theirs is None:
        return "-"
    return f"{statistics.median(one[at] / other[at] for one, other in zip(mine, theirs, strict=True)):.2f}"


OPTIONS = (
    option("what", choices=("pairs", "changes", "letters", "speed")),
    option("--node", type=Path, metavar="FOLDER", help=f"a folder in which `{INSTALL}` has run"),
    option("--rounds", 7, metavar="N"),
)


def main(args: argparse.Namespace) -> int:
    """Run the part asked for; return 1 where a pair or a change is told wrongly."""
    if args.what == "pairs":
        return 1 if pairs(args.node) else 0
    with browser() as chromium:
        if args.what == "changes":
            return 1 if changes(chromium) else 0
        if args.what == "letters":
            letters(chromium, args.node)
        else:
            speed(chromium, args.node, args.rounds)
    return 0
