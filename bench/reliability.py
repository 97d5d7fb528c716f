"""Draw docs/reliability.svg: how often pairs with a stated probability are one picture, by lines of `lookalikes`.

    python -m bench reliability FILE.jsonl [...] [--out FILE.svg]

Pairs are sorted by probability into ten bins. Above: the share of each bin that a person calls the same, with Wilson's
95 % interval, against the mean probability of the bin. Below: how many pairs each bin holds.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from bench.common import ROOT, head, option, row
from bench.scores import calibration_error, reliability, truly_same
from samepic.calibration.statistics import wilson

_BINS = 10
OPTIONS = (
    option("files", nargs="+", type=Path),
    option("--out", ROOT / "docs" / "reliability.svg", type=Path),
)

_WIDTH, _HEIGHT = 640, 760
_LEFT, _TOP, _SIDE = 84, 92, 500
_BARS, _TALL = 640, 72
_INK, _SOFT, _GRID, _OURS, _BAR = "#1c1c1e", "#606066", "#dedee2", "#1f5fa8", "#9dbbe0"
_STYLE = f'font-family="Helvetica, Arial, sans-serif" fill="{_INK}"'


def _x(share: float) -> float:
    return _LEFT + _SIDE * share


def _y(share: float) -> float:
    return _TOP + _SIDE * (1 - share)


def _text(x: float, y: float, words: str, *, size: int = 13, anchor: str = "middle", fill: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}">{words}</text>'


def _line(ends: tuple[float, float, float, float], colour: str, width: float = 1, dash: str = "") -> str:
    x1, y1, x2, y2 = ends
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"{dashed}/>'
    )


def _axes() -> Iterable[str]:
    for step in range(_BINS + 1):
        share = step / _BINS
        yield _line((_x(share), _y(0), _x(share), _y(1)), _GRID)
        yield _line((_x(0), _y(share), _x(1), _y(share)), _GRID)
        if step % 2 == 0:
            yield _text(_x(share), _y(0) + 18, f"{share:.0%}".replace("%", " %"), fill=_SOFT)
            yield _text(_LEFT - 8, _y(share) + 4, f"{share:.0%}".replace("%", " %"), anchor="end", fill=_SOFT)
    yield _line((_x(0), _y(0), _x(1), _y(1)), _SOFT, 1.2, "5 4")
    yield _text(_x(0.5), _y(0) + 38, "stated probability that the two are the same picture")
    across = _TOP + _SIDE / 2
    words = _text(24, across, "share of the pairs that are, with 95 % interval")
    yield f'<g transform="rotate(-90 24 {across})">{words}</g>'


def _points(rows: Sequence[tuple[int, float, float]]) -> Iterable[str]:
    """Yield one point a bin with its interval; the area of a point grows with the logarithm of its pairs."""
    for count, mean, share in rows:
        if not count:
            continue
        low, high = wilson(round(share * count), count)
        x = _x(mean)
        yield _line((x, _y(low), x, _y(high)), _OURS, 2)
        for end in (low, high):
            yield _line((x - 5, _y(end), x + 5, _y(end)), _OURS, 2)
        radius = 3 + math.sqrt(math.log10(count + 1)) * 1.6
        yield f'<circle cx="{x:.1f}" cy="{_y(share):.1f}" r="{radius:.1f}" fill="{_OURS}"/>'


def _counts(rows: Sequence[tuple[int, float, float]]) -> Iterable[str]:
    """Yield one bar a bin, as tall as the logarithm of its pairs."""
    most = max(math.log10(count + 1) for count, _, _ in rows)
    foot = _BARS + _TALL + 16
    for index, (count, _, _) in enumerate(rows):
        tall = _TALL * math.log10(count + 1) / most
        left, wide = _x(index / _BINS) + 3, _SIDE / _BINS - 6
        yield f'<rect x="{left:.1f}" y="{foot - tall:.1f}" width="{wide:.1f}" height="{tall:.1f}" fill="{_BAR}"/>'
        yield _text(left + wide / 2, foot - tall - 4, str(count), size=12)
    yield _line((_x(0), foot, _x(1), foot), _SOFT)
    yield _text(_x(0.5), foot + 18, "pairs in each bin (tall by their logarithm)", fill=_SOFT)


def diagram(probabilities: Sequence[float], same: Sequence[bool], which: str) -> str:
    """Return an SVG of the reliability of `probabilities`, 0 to 1, of pairs that are the `same` or not.

    `which` says in a few words what pairs they are. Raises ValueError for none.
    """
    if not probabilities:
        raise ValueError("pairs: wanted one or more, got none")
    rows = reliability(probabilities, same, _BINS)
    error = calibration_error(probabilities, same, _BINS)
    title = f"Expected calibration error {error:.4f}: {len(same)} pairs, {which}"
    body = [
        f"<title>{title}</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        _text(_LEFT, 36, title, size=17, anchor="start"),
        _text(
            _LEFT, 60, "on the dashed line, the probability means what it says", anchor="start", fill=_SOFT
        ),
        *_axes(),
        *_points(rows),
        *_counts(rows),
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" {_STYLE}>'
    )
    return "\n".join([head, *body, "</svg>", ""])


def main(args: argparse.Namespace) -> int:
    """Draw the diagram of saved lines and print its bins."""
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
    lines = [line for line in lines if line["relation"] != "error"]
    known = [(line, truth) for line in lines if (truth := truly_same(line)) is not None]
    if not known:
        print("no pairs whose truth is one or the other")
        return 2
    probabilities, same = [line["probability"] for line, _ in known], [truth for _, truth in known]
    halves = " and ".join(sorted({line["name"].split("|")[1] for line, _ in known}))
    args.out.write_text(diagram(probabilities, same, f"half {halves}"), encoding="utf-8")
    head("probability", "pairs", "mean", "share the same", "95 %")
    for index, (count, mean, share) in enumerate(reliability(probabilities, same, _BINS)):
        low, high = wilson(round(share * count), count) if count else (0.0, 1.0)
        bounds = f"{index / 10:.1f} to {(index + 1) / 10:.1f}"
        row(bounds, count, f"{mean:.4f}", f"{share:.4f}", f"{low:.3f} to {high:.3f}")
    error = calibration_error(probabilities, same, _BINS)
    print(f"\nexpected calibration error {error:.4f}, wrote {args.out}")
    return 0
