"""Output on a terminal: color, aligned rows and tables, and a progress line."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from samepic.writing import printable

if TYPE_CHECKING:
    from samepic.duplicates.finder import Progress

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}


def styled(text: str, *styles: str) -> str:
    """Return `text` in color or bold on a terminal, unless NO_COLOR is set; else unchanged."""
    if not _on_terminal() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def _on_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()  # None where the caller closed it


def heading(same: bool | None, sentence: str) -> str:
    """Return the first line of an answer: with a mark on a terminal, with words where output is piped."""
    mark, words, color = {
        True: ("✓", "same", "green"),
        False: ("✗", "not the same", "red"),
        None: ("?", "cannot tell", "yellow"),
    }[same]
    if not _on_terminal():
        return f"{words}: {printable(sentence)}"
    return f"{styled(mark, color, 'bold')} {styled(printable(sentence), 'bold')}"


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
    full = table(head, body, right)
    if not _on_terminal() or max(map(len, full.splitlines())) <= shutil.get_terminal_size().columns:
        return full
    return table(head[:-1], [line[:-1] for line in body], right)


_EVERY = 0.1


class Meter(AbstractContextManager["Meter"]):
    def __init__(self) -> None:
        dumb = os.environ.get("TERM") == "dumb"
        self.enabled = sys.stderr is not None and sys.stderr.isatty() and not dumb
        self._stage, self._began, self._shown = "", 0.0, 0.0

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
