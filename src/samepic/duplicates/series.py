"""Series: shots that are not the same picture but belong together, such as bursts, brackets and neighbors.

Two shots are linked where they share features and are not the same picture, and the shots of a series are those that
links join. Compared are neighbors in time by one camera, where EXIF names both, else neighbors by name in one folder,
and all that the search for duplicates proposed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from pathlib import Path

import cv2
import numpy as np

from samepic.duplicates.candidates import CandidateGraph
from samepic.duplicates.groups import SeriesShot, ShotSeries, UnionFind, described
from samepic.duplicates.quality import Merit
from samepic.duplicates.scan import DistinctPicture, in_order
from samepic.duplicates.verify import CandidateScreen, Verifier
from samepic.duplicates.walk import path_key
from samepic.errors import UnreadableError
from samepic.picture import load
from samepic.tuning.search import SERIES
from samepic.verdict import Relation
from samepic.verify.evidence import sharpness_of
from samepic.verify.features import reduced
from samepic.verify.pipeline import WHITE


@dataclass(slots=True, eq=False)
class SeriesFinder:
    """Finds the series of pictures on the threads of `pool`; `merits` are of those that it looked at."""

    items: Sequence[DistinctPicture]
    screen: CandidateScreen
    new_verifier: Callable[[], Verifier]
    pool: ThreadPoolExecutor
    window: int
    merits: Mapping[int, Merit] = field(default_factory=dict)

    def find(
        self, kept: Iterable[int], graph: CandidateGraph, progress: Callable[[int, int], None]
    ) -> list[ShotSeries]:
        """Return the series of `kept` pictures, of which no two are the same, by the path of their first file."""
        verifier = self.new_verifier()
        for index in kept:
            verifier.inspect_picture(index)
        self.merits = verifier.merits
        proposed = ((a, b) for a in self.merits if a < len(graph) for b in graph[a] if b in self.merits)
        pairs = sorted({(min(pair), max(pair)) for pair in (*proposed, *_neighbors(self.items, self.merits))})
        sets, links = UnionFind(len(self.items)), in_order(self.pool, self._belong, pairs, self.window)
        for done, (pair, is_link) in enumerate(zip(pairs, links, strict=True), 1):
            if is_link:
                sets.join(*pair)
            progress(done, len(pairs))
        shots = in_order(self.pool, self._shots, sets.clusters(), self.window)
        found = sorted(shots, key=lambda some: min(path_key(shot.file) for shot in some))
        return [ShotSeries(number, some) for number, some in enumerate(found, 1)]

    def _belong(self, pair: tuple[int, int]) -> bool:
        a, b = sorted(pair, key=lambda index: self.merits[index].order(index))
        if not self.screen.share_features(a, b):
            return False
        if _are_two_shots(self.merits[a], self.merits[b]):
            return True
        verifier = self.new_verifier()
        verdict = verifier.verdict_of(a, b)
        verifier.release()
        return verdict is not None and verdict.relation in (Relation.SIMILAR, Relation.DIFFERENT)

    def _shots(self, cluster: list[int]) -> tuple[SeriesShot, ...]:
        shots = [_shot(self.items[index], self.merits[index]) for index in cluster]
        return tuple(sorted(shots, key=lambda shot: (-shot.sharpness, path_key(shot.file))))


def _are_two_shots(a: Merit, b: Merit) -> bool:
    """Return whether one camera took them at two times: copies of one shot keep its time or lose it."""
    return bool(a.taken and b.taken) and a.model == b.model and a.taken != b.taken


def _neighbors(items: Sequence[DistinctPicture], merits: Mapping[int, Merit]) -> Iterator[tuple[int, int]]:
    """Yield the pairs of shots of one camera that were taken soon after another, and of others next to another."""
    dated = sorted((merit.model, merit.taken, index) for index, merit in merits.items() if merit.taken)
    for _, some in groupby(dated, key=lambda row: row[0]):
        row = [(datetime.fromisoformat(taken), index) for _, taken, index in some]
        for place, (time, index) in enumerate(row):
            for later, other in islice(row, place + 1, place + 1 + SERIES.ahead):
                if (later - time).total_seconds() <= SERIES.seconds:
                    yield index, other
    named = sorted(
        (_natural(items[index].files[0].path), index) for index in merits if not merits[index].taken
    )
    for _, group in groupby(named, key=lambda row: row[0][0]):
        indices = [index for _, index in group]
        for place, index in enumerate(indices):
            for other in islice(indices, place + 1, place + 1 + SERIES.ahead):
                yield index, other


def _natural(path: str) -> tuple[str, list[tuple[int, str]]]:
    """Return the folder of a path and the key that sorts its name as people count: 2 before 10."""
    folder, name = str(Path(path).parent), Path(path).name
    return folder, [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", name)]


def _shot(item: DistinctPicture, merit: Merit) -> SeriesShot:
    file = described(min(item.files, key=path_key), item.fingerprint.width, item.fingerprint.height, merit)
    try:
        luma = cv2.cvtColor(load(file.path).on(WHITE), cv2.COLOR_RGB2GRAY)
    except (UnreadableError, OSError):
        return SeriesShot(file, 0.0)
    plane = reduced(np.asarray(luma, np.uint8), SERIES.side).astype(np.float32)
    return SeriesShot(file, sharpness_of(plane))
