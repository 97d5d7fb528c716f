"""Send hostile files to whatever opens uploads: each gives a picture or a clear error in time, and nothing else.

    python -m bench hostile [load|workers|service ...] [--mutated N] [--threads N] [--group NAME ...] [--all]

load: each file is opened in a process of its own with 1 GiB; the 10 s are CPU time, so that a busy machine fails no
file, and 60 s of wall time are a hang. workers: all of them go through a pool of decoders, after every 100 a sound
picture, which must come out as it does here. service: all are uploaded to the HTTP service, which must go on serving
and know a picture that it had before. There the 10 s are wall time. Files: `given`, below SAMEPIC_BENCH_DATA/hostile,
and of those of bench.hostile_files `made`, but for load also `bomb`, `heif` and `mutated`, of which there are N.
Exits 1 where an answer is late, unforeseen or no answer, where something is printed, or beyond the memory allowed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.common import ROOT, SEED, counted, head, memory_of, option, row, wanted_data
from samepic.errors import SamepicError, UnavailableError
from samepic.limits import UPLOAD
from samepic.picture import load
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers
from samepic.sandbox.process import WORKERS
from tests.kits.service import Running

SECONDS, WALL_SECONDS, MEMORY = 10.0, 60.0, 1 << 30
_LIBRARIES = 160 * 2**20
"""What code of libraries may take beside the memory that a worker is allowed."""
_GROUPS = ("given", "bomb", "heif", "made", "mutated")
_SOUND = ROOT / "examples" / "photos" / "hubble.jpg"
_EXPECTED = {201, 202, 409, 413, 415, 422}


@dataclass(frozen=True)
class Answer:
    """What was said of one file: a kind, such as "picture" or the name of an error, and more words; and when."""

    path: Path
    kind: str
    result: str
    seconds: float
    fault: str = ""

    @property
    def group(self) -> str:
        group, mark, _ = self.path.name.partition("-")
        return group if mark and group in _GROUPS else "given"

    @property
    def wrong(self) -> str:
        """What is wrong with it, "" where nothing is."""
        if self.path.parent.name == "png" and self.path.name.startswith("x") and self.kind == "picture":
            return "opened, and must not"
        return self.fault or ("late" if self.seconds > SECONDS else "")


def _said(call: Callable[[], object]) -> tuple[str, str, str]:
    """Return kind, result and fault of opening a picture: a SamepicError is none."""
    try:
        return "picture", str(call()), ""
    except SamepicError as error:
        result = str(error).partition(": ")[2]
        return type(error).__name__, result, "unforeseen" if "breaks the decoder" in result else ""
    except BaseException as error:  # noqa: BLE001  that nothing else comes out is what is tested
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return type(error).__name__, f"{error} ({frame.filename}:{frame.lineno})", "raised"


def attempt(path: Path) -> Answer:
    """Open a file in a forked child under the limits; the seconds are of CPU."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            resource.setrlimit(resource.RLIMIT_CPU, (int(SECONDS) + 1, int(SECONDS) + 1))
            os.write(write_end, json.dumps(_said(lambda: load(path).info)).encode()[:60_000])
            os._exit(0)
        os.close(write_end)
        late = threading.Timer(WALL_SECONDS, os.kill, (child, signal.SIGKILL))
        late.start()
        _, status, usage = os.wait4(child, 0)
        late.cancel()
        late.join()
        with os.fdopen(read_end, "rb") as pipe:
            text = pipe.read()
        printed.seek(0)
        words = printed.read(500).decode(errors="replace").strip()
    ended = "hang" if os.waitstatus_to_exitcode(status) == -signal.SIGKILL else "crash"
    kind, result, fault = json.loads(text) if text else ("crash", "", ended)
    fault = fault or (f"printed {words!r}" if words else "")
    return Answer(path, kind, result, usage.ru_utime + usage.ru_stime, fault)


def through_load(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what comes of the files one by one."""
    return [attempt(path) for path in files], True


def through_workers(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what a pool says of the files, and whether the sound picture and the memory were right."""
    expected, data, asked = prepare(_SOUND.read_bytes(), "sound", limits=UPLOAD), _SOUND.read_bytes(), []

    def one(numbered: tuple[int, Path]) -> Answer:
        number, path = numbered
        if number % 100 == 0:
            try:
                asked.append(str(pool.prepare(data, "sound") == expected))
            except UnavailableError:
                asked.append("told to try again")
        content, began = path.read_bytes(), time.monotonic()
        kind, result, fault = _said(lambda: pool.prepare(content, path.name).info)
        return Answer(path, kind, result, time.monotonic() - began, fault)

    with Workers(threads) as pool, ThreadPoolExecutor(threads) as many:
        answers = list(many.map(one, enumerate([*files, _SOUND])))
        print(f"workers: {pool.status()}; protection complete: {pool.protection.complete}")
    own, used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(f"peak memory: parent {own.ru_maxrss >> 10} MB, largest worker {used.ru_maxrss >> 10} MB")
    print(f"a sound picture among them is as it should be: {counted(asked)}")
    return answers, "False" not in asked and used.ru_maxrss << 10 <= WORKERS.memory_bytes + _LIBRARIES


def _posted(url: str, data: bytes) -> tuple[int, dict[str, object]]:
    try:
        response = httpx.post(url, content=data, timeout=60)
    except httpx.HTTPError as error:
        return 0, {"outcome": repr(error)}
    return response.status_code, response.json()


def _uploaded(address: str, path: Path) -> Answer:
    """Upload one file; where the service has no time for it, ask again for a while, as its sender would."""
    data = path.read_bytes()
    for _ in range(10):
        began = time.monotonic()
        status, found = _posted(f"{address}/v1/admit?key={quote(path.name)}", data)
        if status != 503:
            break
        time.sleep(1)
    error = found.get("error")
    kind = f"{status} {error['code'] if isinstance(error, dict) else found.get('outcome')}"
    return Answer(path, kind, "", time.monotonic() - began, "" if status in _EXPECTED else "unforeseen")


def through_service(files: Sequence[Path], threads: int) -> tuple[list[Answer], bool]:
    """Return what the service says of the files, and whether it knows a picture afterwards and logged no error."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Running(f"{folder}/uploads.db", Path(folder) / "log", "--workers", str(threads)) as service,
        ThreadPoolExecutor(threads) as many,
    ):
        assert _posted(f"{service.address}/v1/admit?key=sound", _SOUND.read_bytes())[0] == 201
        answers, most = [], 0.0
        for answer in many.map(lambda path: _uploaded(service.address, path), files):
            answers.append(answer)
            most = max(most, memory_of(service.process.pid))
        match = _posted(f"{service.address}/v1/check", _SOUND.read_bytes())[1].get("match")
        errors = [line for line in service.logged() if line["level"] == "error"]
    known = isinstance(match, dict) and match["key"] == "sound"
    print(
        f"at most {most:.0f} MiB in all processes of the service; a known picture is known afterwards: {known}"
    )
    for line in errors:
        print(f"log: {line}"[:2000])
    return answers, known and not errors


def make(folder: Path, mutated: int, groups: Sequence[str]) -> None:
    """Write the made files of these groups, "GROUP-NAME" each."""
    from bench.hostile_files import bombs, made_files
    from tests.kits.heif_bombs import heif_bombs

    makers: dict[str, Callable[[], Iterator[tuple[str, bytes]]]] = {
        "bomb": bombs,
        "heif": heif_bombs,
        "made": made_files,
        "mutated": lambda: _mutated(mutated),
    }
    for group in (group for group in groups if group in makers):
        for name, data in makers[group]():
            (folder / f"{group}-{name}").write_bytes(data)


def _mutated(count: int) -> Iterator[tuple[str, bytes]]:
    """Yield copies of real pictures of every format there is, with bytes changed, cut out, repeated or cut off."""
    from bench.hostile_files import mutate, real_pictures

    pictures, chance = real_pictures(wanted_data()), random.Random(SEED)
    for number in range(count):
        path, whole = pictures[number % len(pictures)]
        yield f"{number:04}-{path}", mutate(whole, chance)


def report(answers: Sequence[Answer], *, everything: bool) -> int:
    """Print what came, by groups and kinds, and return how much was wrong."""
    for answer in answers:
        if everything or answer.wrong:
            shown = f"{answer.seconds:6.2f} s  {answer.path.name}: {answer.kind} {answer.result[:150]}"
            print(f"{answer.wrong or 'ok':12}{shown}")
    head("files", "how many", "answers", "median ms", "slowest s")
    for group in _GROUPS:
        chosen = [one for one in answers if one.group == group]
        if chosen:
            times = sorted(one.seconds for one in chosen)
            ends = f"{1000 * times[len(times) // 2]:.0f}", f"{times[-1]:.2f}"
            row(group, len(chosen), counted(one.kind for one in chosen), *ends)
    worst, wrong = max(answers, key=attrgetter("seconds")), sum(bool(answer.wrong) for answer in answers)
    print(
        f"\n{len(answers)} files, {wrong} faults; slowest: {worst.path.name}, {worst.seconds:.2f} s: {worst.kind}"
    )
    return wrong


OPTIONS = (
    option("--mutated", 2000),
    option("--threads", 2),
    option("--group", action="append", choices=_GROUPS, help="only these (default: all)"),
    option("--all", False, help="print every file, not only faults"),
)
Through = Callable[[Sequence[Path], int], tuple[list[Answer], bool]]


def _alone() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, get_context("spawn"))


def _sent(through: Through, args: argparse.Namespace) -> int:
    """Make the files in one process and send them from another, so that the memory of each is its own."""
    groups = args.group or (("given", "made") if through is through_load else _GROUPS)
    hostile = wanted_data() / "hostile"
    given = sorted([*hostile.glob("pillow/*"), *hostile.glob("pngsuite/[pb][nm][gp]/*")])
    with tempfile.TemporaryDirectory() as name:
        with _alone() as maker:
            maker.submit(make, Path(name), args.mutated, groups).result()
        files = [*(given if "given" in groups else ()), *sorted(Path(name).iterdir())]
        with _alone() as sender:
            answers, well = sender.submit(through, files, args.threads).result()
    return 1 if report(answers, everything=args.all) or not well else 0


PARTS = {
    "load": partial(_sent, through_load),
    "workers": partial(_sent, through_workers),
    "service": partial(_sent, through_service),
}
