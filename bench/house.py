"""Size and shape of the source: files, lines, repeated class names, import times, modules that one call enters.

    python -m bench house [--rounds N]

Import times are CPU milliseconds of new processes in turns: the least, which a busy machine disturbs least, and the
median. A call enters a module where a function of it runs: `compare` of two JPEGs, and `Gate.admit` of one. The bytes
of an upload pass a module where a function of it is given them, or an object that holds them, on their way from the
HTTP server to the decision; what the decoding process does with them is not seen.
"""

from __future__ import annotations

import argparse
import ast
import logging
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import httpx

import samepic
from bench.common import head, option, row

OPTIONS = (option("--rounds", 9),)

_PACKAGE = Path(samepic.__file__).parent
_IMPORTS = ("samepic", "numpy, cv2", "samepic.api")


def main(options: argparse.Namespace) -> int:
    """Print the figures as Markdown tables."""
    files = sorted(_PACKAGE.rglob("*.py"))
    lines = [path.read_text().count("\n") for path in files]
    head("of src/samepic", "")
    row("files", len(files))
    row("lines", sum(lines))
    row("median file", round(statistics.median(lines)))
    row("class names in two modules", ", ".join(_repeated(files)) or "none")
    for name, call in (("compare", _compare), ("Gate.admit", _admit)):
        row(f"modules that `{name}` enters", len(_entered(call)))
    passed = _passed()
    row("modules that an upload's body passes", f"{len(passed)}: {', '.join(sorted(passed))}")
    print()
    head("import", "least ms", "median ms")
    taken: dict[str, list[float]] = {name: [] for name in _IMPORTS}
    for _ in range(options.rounds):
        for name in _IMPORTS:
            taken[name].append(_import_ms(name))
    for name, times in taken.items():
        row(name, f"{min(times):.1f}", f"{statistics.median(times):.1f}")
    return 0


def _repeated(files: list[Path]) -> list[str]:
    """Return the class names that two modules or more define."""
    homes: dict[str, set[Path]] = defaultdict(set)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                homes[node.name].add(path)
    return sorted(name for name, found in homes.items() if len(found) > 1)


def _entered(call: Callable[[], object]) -> set[str]:
    """Return the files of samepic whose functions run in a call, once everything is loaded."""
    call()
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(str(_PACKAGE)):
            found.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        call()
    finally:
        sys.setprofile(None)
    return found


def _compare() -> object:
    photos = _PACKAGE.parent.parent / "examples" / "photos"
    return samepic.compare(photos / "rocket.jpg", photos / "hubble.jpg")


def _admit() -> object:
    upload = (_PACKAGE.parent.parent / "examples" / "photos" / "rocket.jpg").read_bytes()
    with tempfile.TemporaryDirectory() as folder, samepic.Gate(Path(folder) / "uploads.db") as gate:
        return gate.admit(upload, "rocket")


def _passed() -> set[str]:
    """Return the modules of samepic whose functions are given the body of one upload to a service."""
    from samepic.pages.app import create_site
    from samepic.service.server import bind_socket, server_of
    from samepic.service.settings import ServiceSettings

    body = (_PACKAGE.parent.parent / "examples" / "photos" / "rocket.jpg").read_bytes()
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(str(_PACKAGE)):
            return
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        if any(_holds(frame.f_locals.get(name), body) for name in names if name != "self"):
            found.add(str(Path(code.co_filename).relative_to(_PACKAGE).with_suffix("")).replace("/", "."))

    with tempfile.TemporaryDirectory() as folder:
        settings = ServiceSettings(str(Path(folder) / "uploads.db"), port=0, workers=1)
        listener = bind_socket(settings)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = server_of(create_site, settings)
        logging.disable(logging.INFO)
        threading.setprofile(note)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            while httpx.get(f"{address}/v1/ready").status_code != 200:
                time.sleep(0.1)
            httpx.post(f"{address}/v1/admit?key=first", content=body, timeout=60)
            # As a form, and compared.
            httpx.post(f"{address}/v1/admit?key=again", files={"file": body}, timeout=60)
        finally:
            server.should_exit = True
            thread.join()
            threading.setprofile(None)
            logging.disable(logging.NOTSET)
    return found


def _holds(value: object, body: bytes, *, deep: bool = True) -> bool:
    """Return whether a value is the body, a large part of it, or an object that has it as an attribute or item."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        middle = len(value) // 2
        return len(value) >= 16_384 and bytes(value[middle : middle + 256]) in body
    if not deep:
        return False
    if isinstance(value, dict):
        items: list[object] = list(value.values())
    elif isinstance(value, (list, tuple)):
        items = list(value)
    else:
        names = [*getattr(value, "__dict__", {}), *getattr(type(value), "__slots__", ())]
        items = [getattr(value, name, None) for name in names]
    return any(_holds(item, body, deep=False) for item in items)


def _import_ms(names: str) -> float:
    program = f"import time; begin = time.process_time(); import {names}; print(time.process_time() - begin)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return 1000 * float(done.stdout)
