"""What a failed test says: the sentence, the numbers, where the pictures lie and what can be done."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from samepic.profiles.contrib import PYTEST
from samepic.verdict import Region, Verdict

__all__ = ["facts_of", "shown", "told"]


def facts_of(verdict: Verdict) -> list[tuple[str, str]]:
    """Return the numbers behind a verdict with their names."""
    facts = []
    one, two = verdict.a, verdict.b
    if (one.width, one.height) != (two.width, two.height):
        facts.append(("size", f"{two.width}x{two.height} instead of {one.width}x{one.height}"))
    if (count := verdict.measures.get("different_pixels")) is not None:
        share = 100 * count / max(1, one.width * one.height)
        largest = verdict.measures.get("largest", 0)
        facts.append(("different pixels", f"{count:.0f} ({share:.2g} %), by up to {largest:.2g}"))
    if smoothed := verdict.measures.get("smoothed_pixels", 0):
        facts.append(("smoothed edges", f"{smoothed:.0f} pixels more, which do not count"))
    if verdict.regions:
        facts.append(("changed", _places(verdict.regions)))
    return facts


def told(
    heading: str, facts: Iterable[Sequence[str]], paths: Mapping[str, Path], here: Path, advice: str
) -> str:
    """Return the message: one line, the facts and paths in rows, and the advice."""
    rows = [*facts, *((kind, shown(path, here)) for kind, path in paths.items())]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([heading, *(f"  {name:<{width}}  {text}" for name, text in rows), advice])


def shown(path: Path, here: Path) -> str:
    """Return a path as a person at `here` would write it."""
    told = os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
    return told.replace(os.sep, "/")


def _places(regions: Sequence[Region]) -> str:
    most = PYTEST.places
    text = ", ".join(f"{one.w}x{one.h} at ({one.x}, {one.y})" for one in regions[:most])
    return text + (f" and {len(regions) - most} more" if len(regions) > most else "")
