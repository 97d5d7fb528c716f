"""Cluster: what becomes of pictures that may be the same, gathered round references as on one machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import pyarrow as pa

from samepic.collection.cache import Said
from samepic.collection.group import Gathering, Star
from samepic.collection.near import Near
from samepic.collection.reference import Merit, why_best
from samepic.contrib.spark.comparing import Originals, Sayer
from samepic.contrib.spark.prints import Batches, arrow_rows, from_row
from samepic.policy import Policy
from samepic.profiles.search import SEARCH

__all__ = ["FOUND", "FOUND_SQL", "gathered"]

FOUND = pa.schema(
    [
        ("sha256", pa.string()),
        ("reference", pa.string()),
        ("relation", pa.string()),
        ("probability", pa.float64()),
        ("explanation", pa.string()),
        ("error", pa.string()),
    ]
)
FOUND_SQL = (
    "sha256 string, reference string, relation string, probability double, explanation string, error string"
)
"""What becomes of a picture: the reference whose member it is, or itself, with the reason for it; or the error."""


def gathered(policy: Policy) -> Batches:
    """Return what turns rows of pictures, each cluster's together and in their order, into rows of FOUND."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in arrow_rows(batch))
        for _, members in groupby(rows, key=itemgetter("cluster")):
            with Originals() as originals:
                kept = []
                for row in members:
                    originals.put(row.pop("content"), row["path"], row.pop("proxy"))
                    kept.append(row)
                yield pa.RecordBatch.from_pylist(_found(kept, originals, policy), schema=FOUND)

    return work


class _Neighbours:
    """The candidates within one cluster, as `Near` finds them among all; `alike` are pairs by copy code."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self._near = Near([from_row(row) for row in rows], lambda _: None)
        places = {row["id"]: place for place, row in enumerate(rows)}
        self._alike: list[dict[int, int]] = [
            {
                places[one["b"]]: SEARCH.radius + one["bits"]
                for one in row["alike"] or ()
                if one["b"] in places
            }
            for row in rows
        ]

    def __len__(self) -> int:
        return len(self._near)

    def __getitem__(self, index: int, /) -> Mapping[int, int]:
        near = self._near[index]
        return {**self._alike[index], **near} if self._alike[index] else near


def _found(rows: list[dict[str, Any]], originals: Originals, policy: Policy) -> list[dict[str, Any]]:
    """Return what becomes of the pictures of one cluster."""
    merits = {place: Merit.from_text(row["facts"]) for place, row in enumerate(rows)}
    say = Sayer(originals, merits, _heard(rows))
    gathering = Gathering(_Neighbours(rows), merits, say, policy)
    found = []
    for star in gathering.stars(range(len(rows))):
        found += _told(star, rows, merits)
    found += [
        {"sha256": rows[place]["sha256"], "error": error} for place, error in sorted(say.errors.items())
    ]
    return found


def _told(star: Star, rows: list[dict[str, Any]], merits: Mapping[int, Merit]) -> list[dict[str, Any]]:
    reference = rows[star.reference]["sha256"]
    reason = why_best(merits[star.reference], [merits[place] for place in star.said], proven=star.proven)
    found = [{"sha256": reference, "reference": reference, "explanation": reason}]
    for place, said in star.said.items():
        found.append(
            {
                "sha256": rows[place]["sha256"],
                "reference": reference,
                "relation": said.relation,
                "probability": said.probability,
                "explanation": said.explanation,
            }
        )
    return found


def _heard(rows: list[dict[str, Any]]) -> dict[tuple[int, int], Said]:
    """Return what was said before of pictures of this cluster, by their places: in crowds, and of alike pairs."""
    places = {row["id"]: place for place, row in enumerate(rows)}
    heard = {}
    for place, row in enumerate(rows):
        if row["said"]:
            heard[places[row["first"]], place] = Said(**row["said"])
        for one in row["alike"] or ():
            if one["said"] and one["b"] in places:
                heard[place, places[one["b"]]] = Said(**one["said"])
    return heard
