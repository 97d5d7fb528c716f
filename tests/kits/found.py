"""A real `samepic review` (or `find --review`) process, with folders of its own for state and trash."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

__all__ = ["Review"]


class Review:
    """`samepic ARGUMENTS --no-browser`, run in `folder`; ended when it is left, whatever it is doing."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.home = folder / "home"
        env = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }
        self.home.mkdir(exist_ok=True)
        self._log = folder / "review.log"
        with self._log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "samepic", *arguments, "--no-browser"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
                text=True,
                start_new_session=True,
            )
        try:
            self.address = self._address()
        except BaseException:
            self.end()
            raise
        parts = urlsplit(self.address)
        self.origin = f"{parts.scheme}://{parts.netloc}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if error is None:
            assert self._log.read_text() == ""

    def finished(self) -> list[str]:
        """Wait until it has ended by itself, and return the lines that it said last."""
        assert self.process.stdout is not None
        told = self.process.stdout.read().splitlines()
        assert self.process.wait(20) == 0
        return told

    def end(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+/[^\s\"]+", line)
            if found:
                return found[0]
        raise AssertionError(f"the review said nothing: {self._log.read_text()}")
