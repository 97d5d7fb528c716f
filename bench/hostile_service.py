"""Send every hostile file through the gate's workers: each is answered in time, memory holds, and they go on serving.

    python -m bench hostile_service [--mutated N] [--threads N] [--all]

Tries SAMEPIC_BENCH_DATA/hostile where it
exists, the files of bench.hostile_files and the bombs of bench.hostile_heif, and N mutated
copies of real pictures. After every 100 files a sound picture must come out as it does in this process. Exit 1 when an
answer takes more than 10 s, is no answer (an error that nobody foresaw), or memory goes beyond its limit.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from bench.common import ROOT, SEED, data_folder, option
from samepic.errors import SamepicError, UnavailableError, WorkerError
from samepic.limits import UPLOAD
from samepic.sandbox.decode import Prepared, prepare
from samepic.sandbox.pool import Workers
from samepic.sandbox.process import WORKERS

SECONDS = 10.0
_LIBRARIES = 160 * 2**20
"""What code of libraries may take beside the memory that a worker is allowed."""
_GROUPS = ("bomb", "heif", "made", "mutated")
_GIVEN = "hostile/"
_UNFORESEEN = "breaks the decoder"


@dataclass(frozen=True)
class Answer:
    """What a worker said of one file, and when."""

    name: str
    kind: str
    result: str
    seconds: float

    @property
    def group(self) -> str:
        """Which kind of file it was."""
        group, mark, _ = self.name.partition("-")
        return group if mark and group in _GROUPS else _GIVEN

    @property
    def fault(self) -> str:
        """What is wrong with it, "" where nothing is."""
        if self.seconds > SECONDS:
            return "late"
        return "unforeseen" if _UNFORESEEN in self.result else ""


def make(folder: Path, mutated: int) -> None:
    """Write all made files, in a process of its own: the parent's memory is measured and must not hold bombs."""
    from bench.hostile_files import bombs, made_files
    from bench.hostile_heif import heif_bombs

    for group, files in (
        ("bomb", bombs()),
        ("heif", heif_bombs()),
        ("made", made_files()),
        ("mutated", _mutated(mutated)),
    ):
        for name, data in files:
            (folder / f"{group}-{name}").write_bytes(data)


def _mutated(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield copies of real pictures of every format there is, with bytes changed, cut out, repeated or cut off."""
    from bench.hostile_files import mutate, real_pictures

    data = data_folder()
    pictures = real_pictures(data) if data else []
    chance = random.Random(SEED)
    for number in range(count if pictures else 0):
        path, whole = pictures[number % len(pictures)]
        yield f"{number:04}-{path}", mutate(whole, chance)


def _files(folder: Path) -> list[Path]:
    data = data_folder()
    hostile = data / "hostile" if data else None
    given = [*hostile.glob("pillow/*"), *hostile.glob("pngsuite/[pb][nm][gp]/*")] if hostile else []
    return [*sorted(given), *sorted(folder.iterdir())]


def _attempt(pool: Workers, path: Path) -> Answer:
    data = path.read_bytes()
    began = time.monotonic()
    try:
        found = pool.prepare(data, path.name)
        kind, result = "picture", f"{found.info.format} {found.info.width}x{found.info.height}"
    except SamepicError as error:
        kind, result = type(error).__name__, str(error).partition(": ")[2]
    return Answer(path.name, kind, result, time.monotonic() - began)


class Sound:
    """A sound picture and what must come of it, asked for among the hostile ones."""

    def __init__(self) -> None:
        self.data = sorted((ROOT / "examples" / "photos").glob("*.jpg"))[0].read_bytes()
        self.expected: Prepared = prepare(self.data, "sound", limits=UPLOAD)
        self.asked = self.wrong = self.busy = 0
        self._guard = threading.Lock()

    def check(self, pool: Workers) -> None:
        """Ask for it once; an answer that fails or differs is counted."""
        well = busy = False
        try:
            well = pool.prepare(self.data, "sound") == self.expected
        except UnavailableError:
            busy = True
        except SamepicError as error:
            print(f"sound: {error}")
        with self._guard:
            self.asked += 1
            self.busy += busy
            self.wrong += not (well or busy)


def _report(answers: list[Answer], everything: bool) -> int:
    for answer in answers:
        if everything or answer.fault or answer.kind == WorkerError.__name__:
            print(
                f"{answer.fault or 'ok':12}{answer.seconds:6.2f} s  {answer.name}: {answer.kind} {answer.result[:150]}"
            )
    for group in (*_GROUPS, _GIVEN):
        chosen = [one for one in answers if one.group == group]
        if chosen:
            times = sorted(one.seconds for one in chosen)
            kinds = Counter(one.kind for one in chosen).most_common()
            print(
                f"{group}: {len(chosen)} files; median {times[len(times) // 2] * 1000:.0f} ms, "
                f"slowest {times[-1]:.2f} s; {', '.join(f'{kind} {count}' for kind, count in kinds)}"
            )
    busy = [one.name for one in answers if one.kind == UnavailableError.__name__]
    print(f"told to try again, since the machine had no time for them: {len(busy)} {busy}")
    worst = max(answers, key=attrgetter("seconds"))
    print(f"slowest: {worst.name}, {worst.seconds:.2f} s: {worst.kind} {worst.result[:120]}")
    return sum(bool(answer.fault) for answer in answers)


OPTIONS = (
    option("--mutated", 2000),
    option("--threads", 2),
    option("--all", False, help="print every file"),
    option("--make", type=Path, help=argparse.SUPPRESS),
    option("--send", type=Path, help=argparse.SUPPRESS),
)


def main(args: argparse.Namespace) -> int:
    """Make the files in one process and send them from another, whose memory is then its own."""
    if args.make:
        make(args.make, args.mutated)
        return 0
    if args.send:
        return _run(_files(args.send), args.threads, args.all)
    command = [sys.executable, "-m", "bench", "hostile_service", *sys.argv[2:]]
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([*command, "--make", folder], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
        return subprocess.run([*command, "--send", folder], cwd=ROOT, check=False).returncode


def _run(files: list[Path], threads: int, everything: bool) -> int:
    print(f"{len(files)} files, {threads} threads, {threads} workers")
    sound = Sound()
    began = time.monotonic()
    with Workers(threads) as pool:

        def one(numbered: tuple[int, Path]) -> Answer:
            if numbered[0] % 100 == 0:
                sound.check(pool)
            return _attempt(pool, numbered[1])

        with ThreadPoolExecutor(threads) as many:
            answers = list(many.map(one, enumerate(files)))
        sound.check(pool)
        status, protection = pool.status(), pool.protection
    faults = _report(answers, everything)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime
    own = resource.getrusage(resource.RUSAGE_SELF)
    print(
        f"{time.monotonic() - began:.0f} s, workers' CPU {cpu:.0f} s, parent's {own.ru_utime + own.ru_stime:.0f} s"
    )
    print(f"workers: {status}; protection complete: {protection.complete}")
    peak = used.ru_maxrss << 10
    print(f"peak memory: parent {own.ru_maxrss >> 10} MB, largest worker {peak >> 20} MB")
    print(
        f"a sound picture among them: asked {sound.asked} times, wrong {sound.wrong}, told to try again {sound.busy}"
    )
    beyond = peak > WORKERS.memory_bytes + _LIBRARIES
    print(f"{len(answers)} files, {faults} faults")
    return 1 if faults or sound.wrong or beyond else 0
