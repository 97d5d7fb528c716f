"""Screenshots: kept pairs, pages on which single letters differ, and time; beside pixelmatch and odiff.

    python -m bench screens pairs|letters|speed [--node FOLDER] [--rounds N]

`pairs` wants the folder of pictures (SAMEPIC_BENCH_DATA); `letters` and `speed` want a Chromium. The peers are asked
where FOLDER is one in which `npm install odiff-bin@4.5.0 pixelmatch@7.2.0 pngjs@7.0.0` has run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from playwright.sync_api import Browser

import samepic
from bench.common import cpu_of, head, option, row, wanted_data
from tests.kits.browser import browser

_AS_RELEASED = samepic.Screen(speck_pixels=0, faint=1.0, ink=0)
"""As pixelmatch 7 counts at a threshold of 0.05: nothing is left out but smoothed edges."""

_AS_KEPT = replace(_AS_RELEASED, threshold=0.0395)
"""As whatever counted what the data README says: pixels that are painted in the pictures kept beside the pairs."""

_COUNTED = {"1": 154, "2": 12821, "3": 220, "4": 36563, "5": 0, "6": 51, "7": None, "8": 32896}

_LETTERS = (
    "ao", "ec", "il", "17", "38", "0O", "56", ".,", "mn", "uv", "hb", "Il", "08", "68", ";:", "EF", "QO", "tf", "qg",
    "+-", "'`", "-–", ". ",
)  # fmt: skip
_WORDS = (
    "the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "wizards", "make", "toxic",
    "brew", "for", "the", "evil", "queen", "and", "jack",
)  # fmt: skip
_STYLE = """body{font:16px sans-serif;margin:32px;background:#fafafa}
.g{display:grid;grid-template-columns:repeat(6,1fr);gap:24px}
.card{background:#fff;border-radius:12px;box-shadow:0 2px 8px #0003;padding:16px}
.im{height:80px;background:linear-gradient(135deg,hsl(var(--h) 80% 60%),hsl(calc(var(--h) + 80) 80% 40%))}
button{padding:8px 16px;border-radius:8px;border:0;background:#2563eb;color:#fff}
td{border:1px solid #ccc;padding:6px 20px}"""
_CHANGES = (
    "document.querySelectorAll('button')[2].style.transform='translate(0px,3px)'",
    "document.querySelectorAll('h3')[3].textContent='Another'",
    "document.querySelectorAll('button')[1].style.background='#16a34a'",
)
"""A button moves, a heading changes, a button in another color."""

_PIXELMATCH = """
import fs from 'fs';
import readline from 'readline';
import {PNG} from 'pngjs';
import pixelmatch from 'pixelmatch';
for await (const line of readline.createInterface({input: process.stdin})) {
  const [one, two, threshold] = JSON.parse(line);
  const [a, b] = [one, two].map((path) => PNG.sync.read(fs.readFileSync(path)));
  console.log(a.width === b.width && a.height === b.height
    ? pixelmatch(a.data, b.data, null, a.width, a.height, {threshold}) : -1);
}
"""


class _Server:
    """A process that answers a line of JSON with one, after so many lines of greeting."""

    def __init__(self, command: Sequence[str], folder: Path, greeting: int = 0) -> None:
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(greeting):
            self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def ask(self, question: object) -> Any:  # noqa: ANN401  whatever the peer says
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self._line())


class _Peers:
    """pixelmatch with pngjs in one node process; odiff as a server, which always writes a picture, and by itself."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        # What lies in odiff-bin starts the program through node, which costs more than a comparison.
        self.odiff = str(next((folder / "node_modules" / "@odiff").glob("*/odiff")))
        node = ["node", "--input-type=module", "-e", _PIXELMATCH]
        self.pixelmatch = stack.enter_context(_Server(node, folder))
        self.server = stack.enter_context(_Server([self.odiff, "--server"], folder, greeting=1))

    def count(self, one: Path, two: Path, threshold: float = 0.1) -> int:
        """Return how many pixels differ to pixelmatch, -1 for two sizes."""
        return int(self.pixelmatch.ask([str(one), str(two), threshold]))

    def served(self, one: Path, two: Path, out: Path) -> bool:
        """Tell whether anything differs beyond anti-aliasing."""
        files = {"base": str(one), "compare": str(two), "output": str(out)}
        question = {"requestId": time.time_ns(), **files, "options": {"antialiasing": True}}
        return not self.server.ask(question)["match"]

    def single(self, one: Path, two: Path, *out: Path) -> bool:
        """Tell the same by a process of its own, which writes the picture of it to `out` where that is given."""
        command = [self.odiff, str(one), str(two), *map(str, out), "--aa"]
        return subprocess.run(command, check=False, capture_output=True).returncode != 0


def pairs(peers: _Peers | None) -> int:
    """Print the kept pairs of Playwright and pixelmatch; return how many are told wrongly."""
    screens, wrong = wanted_data() / "screens", 0
    print("\n## Pairs that Playwright keeps\n")
    for one in sorted((screens / "playwright").rglob("*-expected.png")):
        verdict = samepic.compare_screenshots(one, one.with_name(one.name.replace("-expected", "-actual")))
        good = verdict.same is ("should-match" in one.parts)
        wrong += not good
        name = f"{one.parent.parent.name}/{one.stem.removesuffix('-expected')}"
        print(f"{'right' if good else 'WRONG'}  {name}: {verdict.explanation}")
    print("\n## Pairs of pixelmatch, pixels that differ\n")
    ours = ("samepic at 0.045", "pixelmatch 7.2.0 at 0.05, this run", "against it")
    head("pair", *ours, "samepic at 0.0395", "kept count", "against it")
    for name, kept in _COUNTED.items():
        one, two = (
            screens / f"pixelmatch/{name}a.png",
            screens / f"pixelmatch/{5 if name == '8' else name}b.png",
        )
        found, lower = (
            int(samepic.compare_screenshots(one, two, screen=profile).measures["different_pixels"])
            for profile in (_AS_RELEASED, _AS_KEPT)
        )
        count = peers.count(one, two, 0.05) if peers else None
        row(name, found, count, _against(found, count), lower, kept, _against(lower, kept))
    return wrong


def _against(found: int, count: int | None) -> str:
    if count is None:
        return "-"
    return f"{(found / count - 1) * 100:+.1f} %" if count else ("equal" if found == 0 else f"{found} more")


def letters(chromium: Browser, peers: _Peers | None, folder: Path) -> None:
    """Print how many single letters that changed are missed."""
    ways: dict[str, Callable[[Path, Path], bool]] = {
        "samepic": lambda one, two: samepic.compare_screenshots(one, two).same is True
    }
    if peers:
        ways["pixelmatch at 0.1"] = lambda one, two: peers.count(one, two) == 0
        ways["pixelmatch at 0.05"] = lambda one, two: peers.count(one, two, 0.05) == 0
        ways["odiff --aa"] = lambda one, two: not peers.served(one, two, folder / "out.png")
    missed, total = dict.fromkeys(ways, 0), 0
    for files in _lettered(chromium, folder):
        total += 1
        for name, missing in ways.items():
            missed[name] += missing(*files)
    print(f"\n{total} pairs of small pages on which one letter differs; called the same:")
    for name, count in missed.items():
        print(f"{name}: {count}")


def _lettered(chromium: Browser, folder: Path) -> Iterator[tuple[Path, Path]]:
    looks = itertools.product(
        (10, 12, 13, 14, 16), ("sans-serif", "serif", "monospace"), ("#000", "#777"), _LETTERS
    )
    for density, (size, family, color, pair) in itertools.product((1, 2), list(looks)):
        window = chromium.new_page(viewport={"width": 300, "height": 60}, device_scale_factor=density)
        files = folder / "one.png", folder / "two.png"
        style = f"margin:8px;font:{size}px {family};color:{color};white-space:pre"
        for file, letter in zip(files, pair, strict=True):
            end = '<span style="position:absolute;left:150px">end</span>'
            window.set_content(f'<!doctype html><body style="{style}">some {letter}{end}')
            window.screenshot(path=file)
        window.close()
        if files[0].read_bytes() != files[1].read_bytes():
            yield files


def _page() -> str:
    """A page for a window of 1920 x 1080 with two device pixels to one: text, a table and 24 cards."""
    rng = random.Random(1)

    def words(count: int) -> str:
        return " ".join(rng.choice(_WORDS) for _ in range(count))

    cards = "".join(
        f'<div class=card style="--h:{rng.randrange(360)}"><div class=im></div><h3>{words(3)}</h3>'
        f"<p>{words(12)}</p><button>{words(2)}</button></div>"
        for _ in range(24)
    )
    cells = "".join(
        f"<tr><td>{words(2)}</td><td>{rng.randrange(1000)}</td><td>{rng.randrange(1000)}</td></tr>"
        for _ in range(4)
    )
    return (
        f"<!doctype html><style>{_STYLE}</style><h1>Title of the page</h1><p>{words(200)}</p>"
        f"<table>{cells}</table><div class=g>{cards}</div><p>{words(200)}</p>"
    )


def speed(chromium: Browser, peers: _Peers | None, folder: Path, rounds: int) -> None:
    """Print what a pair of screenshots of 3840 x 2160 costs, in turns."""
    window = chromium.new_page(viewport={"width": 1920, "height": 1080}, device_scale_factor=2)
    files = [folder / f"page-{number}.png" for number in range(len(_CHANGES) + 1)]
    for file, script in zip(files, ("0", *_CHANGES), strict=True):
        window.set_content(_page())
        window.evaluate(f"() => {{ {script} }}")
        window.screenshot(path=file)
    for two in files[1:]:
        print(f"{two.stat().st_size} bytes: {samepic.compare_screenshots(files[0], two).explanation}")
    process = [sys.executable, "-m", "samepic", "compare", "-q", "--screen"]
    runs: dict[str, tuple[Callable[[Path, Path], object], int | None]] = {
        "samepic, in a process that runs": (samepic.compare_screenshots, None),
        "samepic, with its difference picture": (
            lambda a, b: samepic.compare_screenshots(a, b).difference_image(),
            None,
        ),
        "samepic compare, a process each": (lambda a, b: subprocess.run([*process, a, b], check=False), None),
    }
    base, out = "odiff --aa, a process each, no picture", folder / "out.png"
    if peers:
        server, node = peers.server.process.pid, peers.pixelmatch.process.pid
        runs[base] = peers.single, None
        runs["odiff --aa, a process each, with its picture"] = (lambda a, b: peers.single(a, b, out)), None
        runs["odiff --aa, as a server, with its picture"] = (lambda a, b: peers.served(a, b, out)), server
        runs["pixelmatch, in a process that runs"] = peers.count, node
    times = _timed(runs, [(files[0], two) for two in files[1:]], rounds)
    print()
    head("3840 x 2160, median of all", "wall ms", "CPU ms", "wall, times odiff", "CPU, times odiff")
    for name, found in times.items():
        middles = [f"{1000 * statistics.median(one[at] for one in found):.0f}" for at in (0, 1)]
        row(name, *middles, *(_ratio(found, times.get(base), at) for at in (0, 1)))


def _timed(
    runs: dict[str, tuple[Callable[[Path, Path], object], int | None]],
    files: list[tuple[Path, Path]],
    rounds: int,
) -> dict[str, list[tuple[float, float]]]:
    """Return (wall, CPU) seconds of every run, in turns; a run with a number is answered by that process."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for number in range(rounds + 1):
        for (one, two), (name, (run, server)) in itertools.product(files, runs.items()):
            before, begun = _cpu(server), time.perf_counter()
            run(one, two)
            took = time.perf_counter() - begun, _cpu(server) - before
            if number:  # the first round is for the caches
                times[name].append(took)
    return times


def _cpu(server: int | None) -> float:
    """Return the CPU time of a server, or of this process and those that it waited for."""
    if server is not None:
        return cpu_of(server)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _ratio(mine: list[tuple[float, float]], theirs: list[tuple[float, float]] | None, at: int) -> str:
    if theirs is None:
        return "-"
    return f"{statistics.median(one[at] / other[at] for one, other in zip(mine, theirs, strict=True)):.2f}"


OPTIONS = (
    option("part", choices=("pairs", "letters", "speed")),
    option("--node", type=Path, metavar="FOLDER", help="a folder in which npm has installed the peers"),
    option("--rounds", 7, metavar="N"),
)


def main(args: argparse.Namespace) -> int:
    """Run the part asked for; return 1 where a kept pair is told wrongly."""
    with ExitStack() as stack:
        peers = _Peers(args.node.resolve(), stack) if args.node else None
        if args.part == "pairs":
            return 1 if pairs(peers) else 0
        chromium = stack.enter_context(browser())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if args.part == "letters":
            letters(chromium, peers, folder)
        else:
            speed(chromium, peers, folder, args.rounds)
    return 0
