"""Size and shape of the source: files, lines, repeated class names, import times, modules that one call enters.

    python -m bench house [--rounds N]

Import times are CPU milliseconds of new processes in turns: the least, which a busy machine disturbs least, and the
median. A call enters a module where a function of it runs: `compare` of two JPEGs, and `Gate.admit` of one.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

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


def _import_ms(names: str) -> float:
    program = f"import time; begin = time.process_time(); import {names}; print(time.process_time() - begin)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return 1000 * float(done.stdout)
