"""When a small picture no longer shows what the picture itself holds: writing and fine line drawings."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["POSSIBLE", "RESOLUTION", "Resolution"]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What counts as writing that a smaller picture has lost; levels are of 256, lengths are pixels.

    Attributes:
        unresolved: least `samepic.verify.resolution.unresolved` of a picture that a small copy does not stand for.
        pixels: size to which larger pictures are reduced before they are measured.
        cell: side of the cells that are measured.
        contrast: range of levels from which a cell holds strokes.
        kept: share of a cell's variance that must survive, or its strokes are lost.
        flat: median deviation from the level of the paper up to which there is paper.
        ink: least share of a cell that its strokes cover.
        other: share of a cell that may deviate from the paper to the other side, in writing.
        strokes: changes between paper and ink in a row or a column that holds ink, in the mean.
        level: levels by which the paper of neighboring cells may differ.
        run: neighboring cells in a row or a column from which they are writing.
    """

    unresolved: float = 0.04
    pixels: int = 750_000
    cell: int = 16
    contrast: int = 50
    kept: float = 0.5
    flat: float = 8.0
    ink: float = 0.06
    other: float = 0.05
    strokes: float = 1.8
    level: int = 8
    run: int = 3


RESOLUTION = Resolution()
"""2026-11-28, `python -m bench.gate_proxies --measure`, at 320 pixels: receipts have 0.050 and more, drawn forms 0.070,
pages of 1 to 20 lines 0.057, noisy ones 0.25; of 1031 photographs 3 have 0.04 and more. Pages whose letters are large
enough have less, and what is changed in them is seen on the small picture.
"""

POSSIBLE = Resolution(
    unresolved=0.05, pixels=120_000, cell=8, contrast=25, kept=1.5, flat=5.0, ink=0.03, strokes=1.0
)
"""Loose rules for a picture of some 400 pixels, of which there may be a larger one, reduced to half of that.

2026-11-28: receipts, forms and pages reduced to 330, 400 and 640 pixels have 0.115 and more; of photographs a tenth has
0.05.
"""
