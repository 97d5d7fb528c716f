"""Processes of samepic without the second that each takes to load what it needs: forks of one that has loaded it."""

from __future__ import annotations

import gc
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["Forks"]

_ROOT = Path(__file__).parents[2]
_PROGRAM = "from tests.kits.forks import serve; serve()"
_LOADED = (
    *("cv2", "numpy.ma", "PIL.Image", "PIL.ImageCms", "pi_heif", "simplejpeg"),
    *(
        "samepic.cli",
        "samepic.api",
        "samepic.duplicates.finder",
        "samepic.calibration",
        "samepic.gate.gate",
    ),
)


class Forks:
    """A process that has loaded samepic; each command is a fork of it with streams, folder and variables of its own.

    Ends the process when it is left.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            cwd=_ROOT,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()

    def run(
        self, arguments: Sequence[str], folder: Path, env: Mapping[str, str], stdin: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run `samepic` with these arguments in a folder, with these variables; return its status and its output."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with tempfile.TemporaryDirectory() as place:
            streams = [str(stdin), f"{place}/out", f"{place}/err"]
            asked = {"arguments": arguments, "folder": str(folder), "env": dict(env), "streams": streams}
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            status = int(self._process.stdout.readline())
            out, err = (Path(name).read_text("utf-8") for name in streams[1:])
        return subprocess.CompletedProcess(["samepic", *arguments], status, out, err)


def serve() -> None:
    """Fork for each line of standard input, and write the status in which the fork ended."""
    from importlib import import_module

    from samepic.cli.command import build_parser

    for name in _LOADED:
        import_module(name)
    build_parser()  # loads every verb
    gc.collect()
    gc.freeze()  # so that a fork copies no page only to look for garbage
    asked = sys.stdin
    for line in iter(asked.readline, ""):
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(asked: dict[str, Any]) -> None:
    """Run a command to its end, as a process that was started for it would."""
    from samepic.cli import main

    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["env"])
    for number, (name, flags) in enumerate(
        zip(asked["streams"], (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT), strict=True)
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    raw = io.FileIO(0, closefd=False)
    raw.name = "<stdin>"  # as Python itself names it
    sys.stdin = io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.exit(main(asked["arguments"]))
