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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

import httpx

import samepic
from bench.common import ROOT, against, head, option, row, turns

OPTIONS = (option("--rounds", 9),)

_PACKAGE = Path(samepic.__file__).parent
_PHOTOS = ROOT / "examples" / "photos"
_IMPORTS = ("samepic", "numpy, cv2", "samepic.api")


def main(options: argparse.Namespace) -> None:
    """Print the figures as Markdown tables."""
    files = sorted(_PACKAGE.rglob("*.py"))
    lines = [path.read_text().count("\n") for path in files]
    head("of src/samepic", "")
    row("files", len(files))
    row("lines", sum(lines))
    row("median file", round(statistics.median(lines)))
    row("class names in two modules", ", ".join(_repeated(files)) or "none")
    for name, call in (("compare", _compare), ("Gate.admit", _admit)):
        call()  # once everything is loaded
        with _noted(sys.setprofile, lambda frame: True) as entered:
            call()
        row(f"modules that `{name}` enters", len(entered))
    passed = _passed()
    row("modules that an upload's body passes", f"{len(passed)}: {', '.join(sorted(passed))}")
    print()
    imports = {f"import {names}": partial(_import_ms, names) for names in _IMPORTS}
    against(turns(imports, options.rounds), f"import {_IMPORTS[1]}")


def _import_ms(names: str) -> float:
    program = f"import time; begin = time.process_time(); import {names}; print(time.process_time() - begin)"
    return 1000 * float(subprocess.check_output([sys.executable, "-c", program]))


def _repeated(files: list[Path]) -> list[str]:
    """Return the class names that two modules or more define."""
    trees = ((path, ast.walk(ast.parse(path.read_text()))) for path in files)
    homes = {(node.name, path) for path, nodes in trees for node in nodes if isinstance(node, ast.ClassDef)}
    names = [name for name, _ in homes]
    return sorted({name for name in names if names.count(name) > 1})


@contextmanager
def _noted(
    install: Callable[[Callable[..., None] | None], None], counts: Callable[[FrameType], bool]
) -> Iterator[set[str]]:
    """Note the modules of samepic of which a function is called that counts."""
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(str(_PACKAGE)) and counts(frame):
            found.add(str(Path(file).relative_to(_PACKAGE).with_suffix("")).replace("/", "."))

    install(note)
    try:
        yield found
    finally:
        install(None)


def _compare() -> object:
    return samepic.compare(_PHOTOS / "rocket.jpg", _PHOTOS / "hubble.jpg")


def _admit() -> object:
    with tempfile.TemporaryDirectory() as folder, samepic.Gate(Path(folder) / "uploads.db") as gate:
        return gate.admit((_PHOTOS / "rocket.jpg").read_bytes(), "rocket")


def _passed() -> set[str]:
    """Return the modules of samepic whose functions are given the body of one upload to a service."""
    from samepic.pages.app import create_site
    from samepic.service.server import bind_socket, server_of
    from samepic.service.settings import ServiceSettings

    body = (_PHOTOS / "rocket.jpg").read_bytes()

    def given(frame: FrameType) -> bool:
        code = frame.f_code
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        return any(_holds(frame.f_locals.get(name), body) for name in names if name != "self")

    logging.disable(logging.INFO)
    with tempfile.TemporaryDirectory() as folder, _noted(threading.setprofile, given) as found:
        settings = ServiceSettings(str(Path(folder) / "uploads.db"), port=0, workers=1)
        listener = bind_socket(settings.host, settings.port)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = server_of(create_site, settings)
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
