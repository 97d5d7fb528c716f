"""What changed on a screen as one sentence, in terms of its layout."""

from __future__ import annotations

from collections.abc import Sequence

from samepic.screens.alignment import LineRun, ScreenAlignment
from samepic.screens.changes import Place, ScreenChange
from samepic.tuning.screens import LAYOUT, Screen

__all__ = ["apart_words", "changed_words", "same_words"]


def same_words(counts: dict[str, int], screen: Screen, ignored: bool) -> str:
    """Say that two screenshots show the same screen, and which pixels differ all the same."""
    parts = []
    for name, words in (
        ("different", f"differ, of which {_allowed(screen)} may"),
        ("smoothed", "differ at smoothed edges"),
        ("speck", "in specks too faint to see"),
        ("faint", "too little to see"),
    ):
        if counts[name]:
            parts.append(f"{_count(counts[name], 'pixel')} {words}")
    told = f": {', '.join(parts)}" if parts else ""
    return f"the same screen{' but for what is ignored' if ignored else ''}{told}"


def _allowed(screen: Screen) -> str:
    if screen.most_share:
        return f"{screen.most_pixels or f'{screen.most_share:.4g} of all'}"
    return str(screen.most_pixels)


def apart_words() -> str:
    """Say that two screenshots have next to nothing in common."""
    return "two different screens"


def changed_words(sizes: str, laid: ScreenAlignment, places: Sequence[Place], other: str) -> str:
    """Say what changed: the size, lines that were added or removed, then the largest places; `other` is b's name."""
    parts = [sizes] if sizes else []
    if laid.runs:
        parts.append(_lines(laid))
    told = sorted(places, key=lambda place: -place.box[2] * place.box[3])[: LAYOUT.named]
    words = [_place(place) for place in places if place in told]
    if len(places) > len(told):
        words.append(f"{_count(len(places) - len(told), 'more place')} changed")
    parts.append(_joined(words) if words else "the rest is equal")
    if sizes:
        return f"{other} is {parts[0]}: {', '.join(parts[1:])}"
    return ", ".join(parts)


def _lines(laid: ScreenAlignment) -> str:
    """Tell the lines that were added or removed; single ones beside many more, which rounding makes, as a number."""
    kind, axis = ("row", "y") if laid.upright else ("column", "x")
    singles = [run for run in laid.runs if abs(run.more) == 1]
    whole = [run for run in laid.runs if abs(run.more) > 1]
    if not whole or len(singles) < 2:
        whole, singles = list(laid.runs), []
    words = [_line(run, kind, f"{axis} = {run.a0}") for run in whole[: LAYOUT.named]]
    left = len(whole) - len(words)
    if left or singles:
        words.append(f"{left + len(singles)} more {'times' if left else f'single {kind}s'} elsewhere")
    return _joined(words)


def _line(run: LineRun, kind: str, at: str) -> str:
    count = abs(run.more)
    return f"{_count(count, kind)} {'was' if count == 1 else 'were'} {'added' if run.more > 0 else 'removed'} at {at}"


def _place(place: Place) -> str:
    x, y, w, h = place.box
    size, at = _size(w, h), f"at ({x}, {y})"
    what = f"{'text' if place.text else 'something'} of {size}"
    match place.change:
        case ScreenChange.MOVED:
            words = _moved(place)
        case ScreenChange.TEXT:
            words = f"text changed {at}, {size}"
        case ScreenChange.ADDED:
            words = f"{what} appeared {at}"
        case ScreenChange.REMOVED:
            words = f"{what} is gone {at}"
        case ScreenChange.LINES:
            lines = [_line(run, "row", f"y = {y + run.a0}") for run in place.lines[: LAYOUT.named]]
            words = f"within {size} {at} {_joined(lines)}"
        case ScreenChange.COLOUR if place.colours is None:
            words = f"the colours of {size} {at} changed"
        case ScreenChange.SEEN_THROUGH:
            words = f"the transparency of {size} {at} changed"
        case ScreenChange.COLOUR if place.colours is not None:
            old, new = ("#" + "".join(f"{level:02x}" for level in colour) for colour in place.colours)
            words = f"the colour of {size} {at} changed from {old} to {new}"
        case _:
            words = f"{size} changed {at}"
    return words


def _moved(place: Place) -> str:
    """Say what moved: the box holds where it was and where it is, unless that is farther than the box is long."""
    (x, y, w, h), (right, down) = place.box, place.by
    if abs(right) < w and abs(down) < h:
        x, w = x + max(0, -right), w - abs(right)
        y, h = y + max(0, -down), h - abs(down)
    ways = [
        f"{abs(by)} px {after if by > 0 else before}"
        for by, after, before in ((right, "right", "left"), (down, "down", "up"))
        if by
    ]
    return (
        f"{'text' if place.text else 'something'} of {w}x{h} pixels at ({x}, {y}) moved {' and '.join(ways)}"
    )


def _size(width: int, height: int) -> str:
    return "1 pixel" if width == height == 1 else f"{width}x{height} pixels"


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _joined(parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
