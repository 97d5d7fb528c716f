"""The tables of the cutoff question: on the terminal, in measures/cutoffs.py and in docs/cutoffs.md."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, header
from samepic.measures.cutoffs import Cutoff

Array = NDArray[np.float64]
Rows = list[list[str]]

FAMILIES = {
    "JPEG 95 to 75": ("Pillow", "JPEG 95", "JPEG 90", "JPEG 85", "JPEG 75", "progressive"),
    "JPEG 60 to 30": ("JPEG 60", "JPEG 50", "JPEG 40", "JPEG 30"),
    "WebP 80": ("WebP",),
    "half size": ("half",),
    "saved twice": ("saved twice",),
}


def print_tables(cutoffs: Sequence[Cutoff], resaves: Array, pipelines: Sequence[str]) -> None:
    """Print both tables with columns in line."""
    for rows in (_main_rows(cutoffs), _family_rows(cutoffs, resaves, pipelines)):
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        print()
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def write_tables(root: Path, cutoffs: Sequence[Cutoff], resaves: Array, pipelines: Sequence[str]) -> None:
    """Rewrite what stands between the marks in measures/cutoffs.py and docs/cutoffs.md."""
    module = root / "src" / "samepic" / "measures" / "cutoffs.py"
    rewrite(module, "# begin: written by bench/cutoffs.py --write\n", "# end\n", _python(cutoffs, resaves))
    page = root / "docs" / "cutoffs.md"
    tables = [markdown(_main_rows(cutoffs)), markdown(_family_rows(cutoffs, resaves, pipelines))]
    ran = " ".join(header().splitlines())
    text = f"{len(resaves)} photographs, {resaves.shape[1]} re-saves of each. {ran}.\n"
    rewrite(page, "<!-- begin: bench/cutoffs.py -->\n", "<!-- end -->\n", "\n".join([text, *tables]))


def _main_rows(cutoffs: Iterable[Cutoff]) -> Rows:
    rows = [["measure", "passes at", "95 % of the cutoff", "distinct pairs", "passed", "finds", "95 %"]]
    for cutoff in cutoffs:
        side = "≤" if cutoff.lower else "≥"
        low, high = cutoff.interval
        rows.append(
            [
                cutoff.measure,
                f"{side} {cutoff.value:.4g}",
                f"{low:.4g} to {high:.4g}",
                f"{cutoff.pairs}",
                f"{cutoff.wrong}",
                _percent(cutoff.found),
                " to ".join(map(_percent, cutoff.found_interval)),
            ]
        )
    return rows


def _family_rows(cutoffs: Sequence[Cutoff], resaves: Array, pipelines: Sequence[str]) -> Rows:
    """Return the share found of each family of re-saves; `resaves` is (photographs, pipelines, measures)."""
    rows = [["finds of", *FAMILIES]]
    for k, cutoff in enumerate(cutoffs):
        sign = 1 if cutoff.lower else -1
        passes = sign * resaves[..., k] <= sign * cutoff.value
        cells = []
        for starts in FAMILIES.values():
            members = [number for number, name in enumerate(pipelines) if name.startswith(starts)]
            cells.append(_percent(float(np.mean(passes[:, members]))))
        rows.append([cutoff.measure, *cells])
    return rows


def _percent(share: float) -> str:
    """Return a share in percent, never rounded up to all nor down to nothing."""
    percent = 100 * share
    if 99.95 <= percent < 100:
        return f"{int(percent * 1000) / 1000} %"
    return f"{percent:.1f} %" if percent == 0 or percent >= 0.05 else f"{percent:.2g} %"


def markdown(rows: Rows) -> str:
    """Return a table in Markdown, its head first."""
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body, ""])


def _python(cutoffs: Iterable[Cutoff], resaves: Array) -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    origin = (
        f"{today}: bench/cutoffs.py, {len(resaves)} photographs x {resaves.shape[1]} re-saves, seed {SEED}"
    )
    lines = [f'ORIGIN = "{origin}"', "", "_CUTOFFS: tuple[Cutoff, ...] = ("]
    for cutoff in cutoffs:
        fields = [cutoff.measure, cutoff.value, cutoff.lower, cutoff.found, cutoff.found_interval]
        fields += [cutoff.interval, cutoff.pairs, cutoff.resaves, cutoff.wrong]
        lines += ["    Cutoff(", *(f"        {_literal(field)}," for field in fields), "    ),"]
    return "\n".join([*lines, ")", ""])


def _literal(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def rewrite(path: Path, begin: str, end: str, text: str) -> None:
    """Put `text` between the marks `begin` and `end` of a file."""
    before, mark, rest = path.read_text().partition(begin)
    _, other, after = rest.partition(end)
    if not mark or not other:
        raise SystemExit(f"{path}: the marks {begin.strip()!r} and {end.strip()!r} are missing")
    path.write_text(before + begin + text + end + after)
