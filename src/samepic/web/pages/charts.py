"""Charts: bars drawn by the server, each with its numbers for whoever does not see them."""

from __future__ import annotations

from collections.abc import Sequence

from samepic.web.pages.html import Html, el

__all__ = ["counted", "histogram", "strip"]

_WIDE, _HEAD, _TALL, _FOOT, _SIDE = 440, 26, 110, 20, 4


def counted(number: int) -> str:
    """Return a number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def strip(values: Sequence[int], said: str) -> Html:
    """Return a row of small bars, the oldest first; `said` tells what they show."""
    most = max([*values, 1])
    bars = []
    for at, value in enumerate(values):
        tall = _height(value, most, 22) or 1
        kind = "bar" if value else "bar none"
        bars.append(el("rect", class_=kind, x=6 * at, y=24 - tall, width=5, height=tall))
    box = f"0 0 {6 * len(values)} 24"
    return el("svg.strip", bars, viewBox=box, preserveAspectRatio="none", role="img", aria_label=said)


def histogram(
    counts: Sequence[int], ends: Sequence[str], said: str, *, mark: float | None = None, marked: str = ""
) -> Html:
    """Return a histogram: `ends` are texts under the edges of its bars, "" for none.

    `mark` is where a line stands, as a share of the width, with the text `marked`.
    """
    step, most, floor = _WIDE / len(counts), max([*counts, 1]), _HEAD + _TALL
    drawn = []
    for at, count in enumerate(counts):
        tall, left = _height(count, most, _TALL - 12), round(at * step + 1.5, 1)
        drawn.append(el("rect.bar", x=left, y=floor - tall, width=round(step - 3, 1), height=tall))
        if count:
            drawn.append(el("text", counted(count), x=round(left + step / 2 - 1.5, 1), y=floor - tall - 4))
    if mark is not None:
        across = round(mark * _WIDE, 1)
        drawn.append(el("line.mark", x1=across, x2=across, y1=4, y2=floor))
        drawn.append(el("text.marked", marked, x=across + 5, y=12))
    drawn.append(el("line.base", x1=0, x2=_WIDE, y1=floor, y2=floor))
    for at, end in enumerate(ends):
        kind = "first" if at == 0 else "last" if at == len(counts) else None
        if end:
            drawn.append(el("text", end, class_=kind, x=round(at * step, 1), y=floor + 15))
    box = f"{-_SIDE} 0 {_WIDE + 2 * _SIDE} {floor + _FOOT}"
    return el("svg.histogram", drawn, viewBox=box, role="img", aria_label=said)


def _height(count: int, most: int, room: int) -> float:
    return round(max(2.0, room * count / most), 1) if count else 0
