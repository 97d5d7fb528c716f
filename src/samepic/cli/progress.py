"""Progress on a terminal: one line with rate and time left, gone when all is done."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from samepic.collection.find import Progress

__all__ = ["Meter"]

_EVERY = 0.1


class Meter:
    """Shows progress on standard error where that is a terminal, and nothing elsewhere."""

    def __init__(self) -> None:
        dumb = os.environ.get("TERM") == "dumb"
        self.wanted = sys.stderr is not None and sys.stderr.isatty() and not dumb
        self._stage, self._began, self._shown = "", 0.0, 0.0

    def __enter__(self) -> Meter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def show(self, progress: Progress) -> None:
        """Draw the line anew, at most ten times a second."""
        now = time.monotonic()
        if progress.stage != self._stage:
            self._stage, self._began = progress.stage, now
        if now - self._shown < _EVERY:
            return
        self._shown = now
        sys.stderr.write(f"\r\x1b[K{_line(progress, now - self._began)}")
        sys.stderr.flush()


def _line(progress: Progress, seconds: float) -> str:
    text = f"{progress.stage} {progress.done} of {progress.total} {progress.unit}"
    if seconds < 1 or progress.done == 0:
        return text
    rate = progress.done / seconds
    left = (progress.total - progress.done) / rate
    return f"{text}, {rate:.0f} a second, {_duration(left)} left"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
