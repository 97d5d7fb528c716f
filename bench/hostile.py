"""Open every hostile file in a process with 1 GiB and 10 s of CPU: a picture or a clear error, nothing else.

    python -m bench hostile [--all]

Reads SAMEPIC_BENCH_DATA/hostile where it exists, and makes bombs, liars, cut
and mutated files of its own. Exit 1 when any file crashes, hangs, prints, takes more memory or raises what is no
SamepicError, or when a PngSuite file that must fail opens. The 10 s are CPU time, so that a busy machine does not
fail a file; wall time is printed beside it, and 60 s of that count as a hang whatever was computed.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from bench.common import counted, data_folder, option
from bench.hostile_files import made_files
from samepic.errors import SamepicError
from samepic.picture import load
from samepic.picture.pillow import PLUGINS

MEMORY = 1 << 30
SECONDS = 10
WALL_SECONDS = 60


@dataclass(frozen=True)
class Outcome:
    """What became of one file."""

    name: str
    result: str
    seconds: float
    wall: float
    megabytes: float
    printed: str

    @property
    def fault(self) -> str:
        """What is wrong with this outcome, "" where nothing is."""
        if self.result.startswith(("crash", "hang", "raised")):
            return self.result
        if self.seconds > SECONDS:
            return f"{self.seconds:.1f} s of CPU"
        if self.printed:
            return f"printed {self.printed[:100]!r}"
        if self.megabytes * 2**20 > MEMORY:
            return "too much memory"
        if self.name.startswith("png/x") and self.result.startswith("picture"):
            return "opened, and must not"
        return ""


def _work(path: Path, out: int) -> None:
    """Load one file in this process, which is a child, and write down what happened."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS + 1, SECONDS + 1))
    try:
        picture = load(path)
        result = f"picture {picture.info.format} {picture.info.width}x{picture.info.height}"
    except SamepicError as error:
        result = f"{type(error).__name__}: {str(error).partition(': ')[2]}"
    except BaseException as error:  # noqa: BLE001  that nothing else comes out is what is tested
        frame = traceback.extract_tb(error.__traceback__)[-1]
        result = f"raised {type(error).__name__}: {error} ({frame.filename}:{frame.lineno})"
    os.write(out, result.encode(errors="replace")[:2000])


def attempt(name: str, path: Path) -> Outcome:
    """Load `path` in a forked child under the limits and tell what became of it."""
    started = time.monotonic()
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as printed:
        child = os.fork()
        if child == 0:
            os.dup2(printed.fileno(), 1)
            os.dup2(printed.fileno(), 2)
            _work(path, write_end)
            os._exit(0)
        os.close(write_end)
        status, usage, hung = _wait(child, started)
        with os.fdopen(read_end, "rb") as pipe:
            result = pipe.read().decode(errors="replace")
        printed.seek(0)
        said = printed.read(500).decode(errors="replace").strip()
    if hung:
        result = "hang"
    elif os.WIFSIGNALED(status) or not result:
        result = f"crash: status {status}"
    return Outcome(
        name,
        result,
        usage.ru_utime + usage.ru_stime,
        time.monotonic() - started,
        usage.ru_maxrss / 1024,
        said,
    )


def _wait(child: int, started: float) -> tuple[int, resource.struct_rusage, bool]:
    hung = False
    while True:
        done, status, usage = os.wait4(child, os.WNOHANG)
        if done:
            return status, usage, hung
        if time.monotonic() - started > WALL_SECONDS and not hung:
            os.kill(child, signal.SIGKILL)
            hung = True
        time.sleep(0.002)


def _cases(folder: Path) -> Iterator[tuple[str, Path]]:
    data = data_folder()
    if data is None:
        print("no folder of pictures: set SAMEPIC_BENCH_DATA; only made files are tried")
    else:
        hostile = data / "hostile"
        for path in sorted(hostile.glob("pillow/*")) + sorted(hostile.glob("pngsuite/[pb][nm][gp]/*")):
            yield f"{path.parent.name}/{path.name}", path
    for name, content in made_files():
        path = folder / name
        path.write_bytes(content)
        yield f"made/{name}", path


OPTIONS = (option("--all", False, help="print every file, not only faults and the slowest"),)


def main(arguments: argparse.Namespace) -> int:
    """Try every file, print the table and return the exit code."""
    print(f"{len(PLUGINS)} plugins of Pillow; at most {MEMORY >> 20} MiB and {SECONDS} s a file")
    with tempfile.TemporaryDirectory() as folder:
        outcomes = [attempt(name, path) for name, path in _cases(Path(folder))]
    for outcome in outcomes:
        if arguments.all or outcome.fault:
            mark = "FAULT" if outcome.fault else "ok"
            print(
                f"{mark:6}{outcome.seconds:6.2f} s {outcome.megabytes:6.0f} MB  {outcome.name}: {outcome.result[:160]}"
            )
            if outcome.printed:
                print(f"       printed: {outcome.printed[:300]}")
    print(counted(outcome.result.split(" ")[0].rstrip(":") for outcome in outcomes))
    for label, key in (("slowest", "seconds"), ("longest", "wall"), ("largest", "megabytes")):
        worst = max(outcomes, key=attrgetter(key))
        print(
            f"{label}: {worst.name}, {worst.seconds:.2f} s of CPU, {worst.wall:.2f} s, {worst.megabytes:.0f} MB"
        )
    faults = sum(bool(outcome.fault) for outcome in outcomes)
    print(f"{len(outcomes)} files, {faults} faults")
    return 1 if faults else 0
