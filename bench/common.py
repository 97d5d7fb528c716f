"""What benchmarks share: options, the folder of pictures, the seed, what they ran on, clocks, processes and tables."""

from __future__ import annotations

import datetime
import io
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib.metadata import version
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import psutil
from PIL import Image

Work = TypeVar("Work")
Done = TypeVar("Done")

SEED = 20261122
ROOT = Path(__file__).resolve().parent.parent

_PACKAGES = ("numpy", "opencv-python-headless", "Pillow", "simplejpeg", "pi-heif")
SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def option(name: str, default: object = None, **more: object) -> tuple[str, dict[str, Any]]:
    """Return an option for `python -m bench`: its type is that of the default, and False makes it a switch."""
    if default is False:
        return name, {"action": "store_true", **more}
    kind = {"type": type(default)} if isinstance(default, (int, float)) else {}
    return name, {"default": default, **kind, **more}


def data_folder() -> Path | None:
    """Return the folder of pictures: SAMEPIC_BENCH_DATA, else ../shared/data, else None."""
    folder = Path(os.environ.get("SAMEPIC_BENCH_DATA") or ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def wanted_data() -> Path:
    """Return the folder of pictures; without one say so and exit with 2."""
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/", file=sys.stderr)
        raise SystemExit(2)
    return data


def files_of(folder: str, suffixes: Collection[str] = SUFFIXES) -> list[Path]:
    """Return the files below a folder of the data that have one of these endings, or all, in one fixed order."""
    found = sorted(path for path in (wanted_data() / folder).rglob("*") if path.is_file())
    return [path for path in found if not suffixes or path.suffix.lower() in suffixes]


def photos() -> list[Path]:
    """Return every photograph under photos/, all of them distinct, in one fixed order."""
    return files_of("photos")


def largest(count: int) -> list[Path]:
    """Return the photographs whose files are the largest."""
    return sorted(photos(), key=lambda path: (-path.stat().st_size, path))[:count]


def spread(every: Sequence[Done], count: int) -> list[Done]:
    """Return so many of a list, evenly spread; all where none is asked for."""
    return list(every[:: max(1, len(every) // count)][:count] if count else every)


@lru_cache(maxsize=1)
def photo_names() -> tuple[str, ...]:
    """Return the paths of `photos` below the folder."""
    return tuple(path.relative_to(wanted_data()).as_posix() for path in photos())


def header() -> str:
    """Return two lines: machine, Python and date; versions of the libraries and the seed."""
    info = Path("/proc/cpuinfo").read_text()
    name = info.partition("model name")[2].partition("\n")[0].lstrip("\t: ") or platform.machine()
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    libraries = ", ".join(f"{package} {version(package)}" for package in _PACKAGES)
    machine = f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}"
    return f"{machine}\n{libraries}, seed {SEED}"


def encoded(picture: Image.Image | np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    """Return the bytes of a picture, or of its pixels, saved as `kind` with Pillow's options."""
    out = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(out, kind, **options)
    return out.getvalue()


def saved_in_turn(image: Image.Image, *qualities: int) -> bytes:
    """Return a picture saved as JPEG of each quality, one from the other."""
    data = b""
    for quality in qualities:
        data = encoded(image, quality=quality)
        image = Image.open(io.BytesIO(data))
    return data


def rgb_of(path: Path) -> Image.Image:
    """Return a picture as Pillow alone decodes it, in RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


def pooled(
    call: Callable[[Work], Done], work: Iterable[Work], jobs: int, *, chunk: int = 1
) -> Iterator[Done]:
    """Yield what `call` makes of each piece of work, in order, in so many processes.

    They are spawned, since a fork of a process in which OpenCV has started threads may hang.
    """
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(call, work, chunksize=chunk)


def environment(python: str, folder: Path, packages: Sequence[str]) -> str:
    """Return the Python of a new environment in `folder` that has some packages; "", said why, where it has not."""
    try:
        subprocess.run([python, "-m", "venv", str(folder)], check=True, capture_output=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the other tools are absent: {getattr(error, 'stderr', b'').decode()[-300:] or error}")
        return ""
    return str(folder / "bin/python")


def alone() -> ProcessPoolExecutor:
    """Return one new process, for what must not share the memory or the time of this one."""
    return ProcessPoolExecutor(1, get_context("spawn"))


def turns(calls: Mapping[str, Callable[[], Done]], rounds: int) -> dict[str, list[Done]]:
    """Return what each call gives, one a round, all of them once in each."""
    found: dict[str, list[Done]] = {name: [] for name in calls}
    for _, (name, call) in product(range(rounds), calls.items()):
        found[name].append(call())
    return found


def cpu_ms(call: Callable[..., object], *given: object) -> float:
    """Return the CPU milliseconds of a call of what is given."""
    start = time.process_time()
    call(*given)
    return 1000 * (time.process_time() - start)


def in_turns(
    calls: Mapping[str, Callable[..., object]], rounds: int, *given: object
) -> dict[str, list[float]]:
    """Return the CPU milliseconds of each call of what is given, one a round, all of them once in each."""
    return turns({name: partial(cpu_ms, call, *given) for name, call in calls.items()}, rounds)


def against(times: Mapping[str, Sequence[float]], *bases: str) -> None:
    """Print median and least of the CPU milliseconds of each, and the median as a multiple of that of the bases."""
    middles = {name: statistics.median(taken) for name, taken in times.items()}
    head("", "CPU ms, median", "least", *(f"times {base}" for base in bases))
    for name, middle in middles.items():
        multiples = (f"{middle / middles[base]:.2f}" for base in bases)
        row(name, f"{middle:.2f}", f"{min(times[name]):.2f}", *multiples)


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took: wall and CPU seconds, and the most memory it held, in MB."""

    wall: float
    cpu: float
    peak: float


_BETWEEN = """
import json, os, sys, time
null = os.open(os.devnull, os.O_RDONLY)
out = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
begun = time.perf_counter()
streams = [(os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, out, 1)]
pid = os.posix_spawnp(sys.argv[3], sys.argv[3:], os.environ, file_actions=streams)
_, status, used = os.wait4(pid, 0)
told = [time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]
open(sys.argv[1], "w").write(json.dumps([os.waitstatus_to_exitcode(status), *told]))
"""


def measured(
    command: Sequence[str],
    out: Path | None = None,
    env: Mapping[str, str] | None = None,
    *,
    fine: Sequence[int] = (0,),
) -> Usage:
    """Run a command with its output in the file `out`; return what it took. Raises where it fails.

    A small process stands between: a child's peak counts from that of the process that started it. `fine` are the
    exit statuses that are no failure.
    """
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result"
        given = [sys.executable, "-S", "-c", _BETWEEN, str(result), str(out or os.devnull), *command]
        subprocess.run(given, env={**os.environ, **(env or {})}, check=True)
        status, wall, cpu, peak = json.loads(result.read_text())
    if status not in fine:
        raise subprocess.CalledProcessError(status, list(command))
    return Usage(wall, cpu, peak)


def _of_each(first: int, asked: Callable[[psutil.Process], Done]) -> Iterator[Done]:
    """Yield what is asked of a process and of each of its descendants that have not ended."""
    process = psutil.Process(first)
    for one in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            yield asked(one)


def memory_of(first: int) -> float:
    """Return the memory of a process and its descendants in MiB, shared pages counted once."""
    return float(sum(_of_each(first, lambda one: one.memory_full_info().pss))) / 2**20


def cpu_of(first: int) -> tuple[float, float]:
    """Return the CPU seconds of a process so far, and those of all that descend from it, ended or not."""
    every = sum(_of_each(first, lambda one: sum(one.cpu_times()[:4])))
    return sum(psutil.Process(first).cpu_times()[:2]), every


def head(*cells: object) -> None:
    """Print the first two lines of a table in Markdown."""
    row(*cells)
    print("|---" * len(cells) + "|", flush=True)


def row(*cells: object) -> None:
    """Print a line of a table in Markdown."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def listed(names: str, default: Iterable[str]) -> list[str]:
    """Return the names of an option, with commas between them; the default ones where it is empty."""
    return [name for name in names.split(",") if name] or [*default]


def counted(found: Iterable[object]) -> str:
    """Return what there is and how often, the most frequent first: "resaved 70, adjusted 4"."""
    return ", ".join(f"{name} {count}" for name, count in Counter(map(str, found)).most_common())
