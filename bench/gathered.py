"""The evidence of labelled pairs, gathered once and kept in files: what the networks of verification learn from."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import pooled
from bench.family_base import Pixels
from bench.lookalikes import pair_of
from bench.pairs import Labelled
from samepic.picture import load
from samepic.verify.align import Alignment
from samepic.verify.evidence import CellEvidence, gather
from samepic.verify.features import inverse
from samepic.verify.mapping import MappedPair, map_onto
from samepic.verify.pipeline import WHITE

_CHANGED = 0.3
"""Share of a cell that a change must cover for it to count; cells beside it are left out."""


class Side(NamedTuple):
    """The evidence one way; `labels` is (rows, columns) int8: 1 changed, 0 not, -1 not known.

    `cells` (float16), `context` and `inside` are those of `CellEvidence`.
    """

    cells: NDArray[np.float16]
    context: NDArray[np.float32]
    inside: NDArray[np.bool_]
    labels: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The evidence of one pair on white ground, one way or both (`sides`).

    `alignment` is that of the map; `turned` says that one was held otherwise.
    """

    kind: str
    name: str
    same: bool
    truth: frozenset[str]
    sides: tuple[Side, ...]
    alignment: Alignment | None
    turned: bool


def gathered(
    kinds: Sequence[str], half: str, count: int, folder: Path, jobs: int, *, first: int = 0
) -> Iterator[Gathered]:
    """Yield the evidence of `count` pairs of each kind from the `first`; what `folder` holds is read from there."""
    folder.mkdir(parents=True, exist_ok=True)
    work = [(kind, half, number, folder) for number in range(first, first + count) for kind in kinds]
    for path in pooled(_one, work, jobs, chunk=2):
        if path is not None:
            yield pickle.loads(path.read_bytes())


def _one(job: tuple[str, str, int, Path]) -> Path | None:
    """Gather one pair unless it was; return its file, None where nothing of the one lies on the other."""
    kind, half, number, folder = job
    path = folder / f"{half}-{kind.replace(' ', '_')}-{number}.pickle"
    if not path.exists():
        cv2.setNumThreads(1)
        path.write_bytes(pickle.dumps(_evidence_of(pair_of(kind, half, number))))
    return None if path.stat().st_size < 100 else path


def _evidence_of(pair: Labelled) -> Gathered | None:
    a, b = (load(data).on(WHITE) for data in (pair.a, pair.b))
    mapped = map_onto(a, b)
    if mapped is None:
        return None
    mask = _mask_of(pair, a)
    sides = []
    for found in gather(mapped.one, mapped.two, mapped.inside, whole=mapped.whole):
        labels = np.full(found.inside.shape, 0 if pair.same else -1, np.int8)
        if not pair.same and mask is not None:
            labels = _labels(mask, mapped, found)
        sides.append(Side(found.cells.astype(np.float16), found.context, found.inside, labels))
    return Gathered(
        pair.kind, pair.name, pair.same, pair.truth, tuple(sides), mapped.alignment, mapped.is_turned
    )


def _mask_of(pair: Labelled, a: Pixels) -> NDArray[np.float32] | None:
    """Return what was changed, (height, width) of a, 0 or 1; None where it is not known."""
    if pair.changed is not None:
        shown = cv2.imdecode(np.frombuffer(pair.changed, np.uint8), cv2.IMREAD_GRAYSCALE)
        return np.asarray(np.asarray(shown) > 0, np.float32)
    if not pair.boxes:
        return None
    mask = np.zeros(a.shape[:2], np.float32)
    for x, y, w, h in pair.boxes:
        mask[y : y + h, x : x + w] = 1
    return mask


def _labels(mask: NDArray[np.float32], mapped: MappedPair, found: CellEvidence) -> NDArray[np.int8]:
    """Return the labels of all cells by the mask of a."""
    height, width = mapped.one.shape[:2]
    shown = cv2.warpPerspective(mask, inverse(mapped.to_a), (width, height), flags=cv2.INTER_LINEAR)
    if found.scale != 1:
        shown = cv2.resize(shown, None, fx=found.scale, fy=found.scale, interpolation=cv2.INTER_NEAREST)
    rows, columns = found.inside.shape
    down, across = rows * found.side - shown.shape[0], columns * found.side - shown.shape[1]
    grown = cv2.copyMakeBorder(shown, 0, down, 0, across, cv2.BORDER_REPLICATE)
    share = cv2.resize(grown, (columns, rows), interpolation=cv2.INTER_AREA)
    near = cv2.blur(share, (3, 3))
    return np.where(share >= _CHANGED, 1, np.where(near > 1e-3, -1, 0)).astype(np.int8)
