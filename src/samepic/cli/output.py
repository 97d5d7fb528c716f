"""Output on a terminal: color, aligned rows and tables, and a progress line."""

from __future__ import annotations

import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from samepic.writing import printable

if TYPE_CHECKING:
    from samepic.duplicates.finder import Progress

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def styled(text: str, *styles: str) -> str:
    """Return `text` in color or bold on a terminal or where FORCE_COLOR is set; unchanged elsewhere, or by NO_COLOR."""
    colored = os.environ.get("FORCE_COLOR") or (_on_terminal() and os.environ.get("TERM") != "dumb")
    if os.environ.get("NO_COLOR") or not colored:
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # None where the caller closed it


def heading(same: bool | None, sentence: str) -> str:
    """Return the first line of an answer: on a terminal with a mark before the words."""
    mark, words, color = {
        True: ("✓", "same", "green"),
        False: ("✗", "not the same", "red"),
        None: ("?", "cannot tell", "yellow"),
    }[same]
    if not _on_terminal():
        return f"{styled(words, color, 'bold')}: {printable(sentence)}"
    return f"{styled(f'{mark} {words.upper()}', color, 'bold')}: {styled(printable(sentence), 'bold')}"


def rows(pairs: Iterable[tuple[str, str]], indent: str = "  ") -> str:
    """Return name and value lines, the values in one column."""
    lines = list(pairs)
    longest = max((len(name) for name, _ in lines), default=0)
    return "\n".join(
        f"{indent}{styled(name.ljust(longest), 'dim')}  {printable(value)}" for name, value in lines
    )


def table(head: Sequence[str], body: Iterable[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Return an aligned table; `right` are the right-aligned columns."""
    lines = [list(head), *([printable(cell) for cell in line] for line in body)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    flush = set(right)

    def lay(line: Sequence[str]) -> str:
        cells = zip(line, widths, strict=True)
        set_in = (cell.rjust(n) if i in flush else cell.ljust(n) for i, (cell, n) in enumerate(cells))
        return "  ".join(set_in).rstrip()

    return "\n".join([styled(lay(lines[0]), "bold"), *(lay(line) for line in lines[1:])])


def fitted_table(head: Sequence[str], body: Sequence[Sequence[str]], right: Iterable[int] = ()) -> str:
    """Return the table, without its last column where that does not fit into the terminal."""
    import shutil

    full = table(head, body, right)
    if not _on_terminal() or max(map(len, full.splitlines())) <= shutil.get_terminal_size().columns:
        return full
    return table(head[:-1], [line[:-1] for line in body], right)


_EVERY = 0.1
_QUIET, _WINDOW, _RISE = (
    3.0,
    20.0,
    1.1,
)  # s without an estimate, s that it rests on, and how far it may rise in a second


class Remaining:
    """The time that is left, by the work of the last seconds; it rises slowly, whatever turns out to be ahead."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, float]] = deque()
        self._began, self._shown, self._left = 0.0, 0.0, math.inf

    def seconds(self, now: float, done: float, total: float) -> float | None:
        """Return the seconds that are left at the time `now`; None while too little is known."""
        if not self._seen:
            self._began = now
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] <= now - _WINDOW:
            self._seen.popleft()
        then, before = self._seen[0]
        if now - self._began < _QUIET or done <= before:
            return None
        left = (total - done) * (now - then) / (done - before)
        if self._left < math.inf:
            left = min(left, max(self._left, 1.0) * _RISE ** (now - self._shown))
        self._shown, self._left = now, left
        return left


class Meter(AbstractContextManager["Meter"]):
    def __init__(self) -> None:
        dumb = os.environ.get("TERM") == "dumb"
        self.enabled = sys.stderr is not None and sys.stderr.isatty() and not dumb
        self._shown, self._remaining = 0.0, Remaining()

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    @property
    def progress(self) -> Callable[[Progress], None] | None:
        """What a search calls as it goes on; None where nothing is shown."""
        return self.show if self.enabled else None

    def show(self, progress: Progress) -> None:
        """Redraw the line, at most ten times a second."""
        now = time.monotonic()
        if now - self._shown < _EVERY:
            return
        self._shown = now
        done, total = progress.work if progress.work[1] else (progress.done, progress.total)
        left = self._remaining.seconds(now, done, total)
        text = f"{progress.stage} {progress.done} of {progress.total} {progress.unit}"
        text += "" if left is None else f", about {_duration(left)} left"
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
