"""What is counted of compared pairs: boxes, and what was wanted.

A line is what `python -m bench lookalikes --out` writes: kind, level, name, truth, wanted_same, relation, same,
probability, iou and cpu.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from bench.family_base import Box
from bench.pairs import SAME_WORDS

Line = dict[str, Any]


def box_iou(found: Iterable[Box], wanted: Iterable[Box]) -> float:
    """Return intersection over union, in pixels, of the union of the found boxes and that of the wanted."""
    one, two = list(found), list(wanted)
    width = max((x + w for x, _, w, _ in one + two), default=0)
    height = max((y + h for _, y, _, h in one + two), default=0)
    masks = np.zeros((2, height, width), bool)
    for mask, boxes in zip(masks, (one, two), strict=True):
        for x, y, w, h in boxes:
            mask[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = True
    union = int((masks[0] | masks[1]).sum())
    return int((masks[0] & masks[1]).sum()) / union if union else 1.0


def as_wanted(line: Line) -> bool:
    """Tell whether a verdict is right: the same where that is right, `edited` where only that is, else not the same."""
    if line["truth"] == ["edited"]:
        return bool(line["relation"] == "edited")
    if line["wanted_same"]:
        return line["same"] is True or line["relation"] in line["truth"]
    return line["same"] is not True


def wrongly_same(line: Line) -> bool:
    """Tell whether a pair is called the same that must not be."""
    return line["same"] is True and not line["wanted_same"]


def truly_same(line: Line) -> bool | None:
    """Return whether a person calls the two one picture; None where either answer is right, or rightly none came."""
    if line["relation"] == "undecidable" and "undecidable" in line["truth"]:
        return None
    same = [relation in SAME_WORDS for relation in line["truth"] if relation != "undecidable"]
    return None if not same or (any(same) and not all(same)) else all(same)
