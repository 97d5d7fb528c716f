"""Cluster: what becomes of pictures that may be the same, gathered round references as on one machine."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from itertools import groupby
from operator import itemgetter
from typing import IO, Any

import pyarrow as pa

from samepic.collection.cache import Said
from samepic.collection.group import Gathering, Star
from samepic.collection.near import Near
from samepic.collection.reference import Merit, why_best
from samepic.contrib.spark.decoder import decoder, original
from samepic.contrib.spark.prints import Batches, from_row
from samepic.errors import UnreadableError, WorkerError
from samepic.policy import Policy
from samepic.profiles.search import SEARCH
from samepic.profiles.spark import SPARK

__all__ = ["FOUND", "FOUND_SQL", "Originals", "gathered"]

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

CALLED = ("the reference", "this file")


def gathered(policy: Policy) -> Batches:
    """Return what turns rows of pictures, each cluster's together and in their order, into rows of FOUND."""

    def work(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        rows = (row for batch in batches for row in _rows(batch))
        for _, members in groupby(rows, key=itemgetter("cluster")):
            with Originals() as originals:
                kept = []
                for row in members:
                    originals.put(row.pop("content"), row["path"], row.pop("proxy"))
                    kept.append(row)
                yield pa.RecordBatch.from_pylist(_found(kept, originals, policy), schema=FOUND)

    return work


def _rows(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield the rows one by one: a batch of contents as Python values would be held twice."""
    for at in range(len(batch)):
        yield {name: batch.column(place)[at].as_py() for place, name in enumerate(batch.schema.names)}


class Originals:
    """The encoded pictures of one cluster by index: some in memory, the rest in a file on the executor's disk."""

    def __init__(self) -> None:
        self._places: list[tuple[bytes | None, str | None, int, int]] = []
        self._proxies: list[bytes | None] = []
        self._held = 0
        self._file: IO[bytes] | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Originals:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def put(self, content: bytes | None, path: str | None, proxy: bytes | None) -> None:
        """Add the next picture: by its bytes, by its path, or by its small picture alone."""
        self._proxies.append(proxy)
        if content is None or self._held + len(content) <= SPARK.held_bytes:
            self._held += len(content or b"")
            self._places.append((content, path, 0, 0))
            return
        if self._file is None:
            self._file = self._stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115  (closed by the stack)
        start = self._file.seek(0, 2)
        self._file.write(content)
        self._places.append((None, None, start, len(content)))

    def small(self, index: int) -> bytes | None:
        """Return the small picture that stands for one, None where none was made."""
        return self._proxies[index]

    def whole(self, index: int) -> bytes | None:
        """Return one as it is, None where it is not at hand. Raises UnreadableError."""
        content, path, start, size = self._places[index]
        if content is not None:
            return content
        if size:
            assert self._file is not None
            self._file.seek(start)
            return self._file.read(size)
        return original(path) if path is not None else None


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
    say = _Sayer(originals, merits)
    gathering = Gathering(_Neighbours(rows), merits, say, policy)
    found = []
    for star in gathering.stars(range(len(rows))):
        found += _told(star, rows, merits)
    found += [
        {"sha256": rows[place]["sha256"], "error": error} for place, error in sorted(say.errors.items())
    ]
    return found


class _Sayer:
    """Says what one picture of a cluster is to another; `merits` loses what cannot be read, `errors` says why."""

    def __init__(self, originals: Originals, merits: dict[int, Merit]) -> None:
        self.errors: dict[int, str] = {}
        self._originals, self._merits = originals, merits

    def __call__(self, a: int, b: int) -> Said | None:
        try:
            one, other = self._opened(a), self._opened(b)
        except _SpoiltError:
            return None
        small = one is None or other is None
        if one is None or other is None:
            one, other = self._originals.small(a), self._originals.small(b)
        if one is None or other is None:
            raise ValueError("known: wanted fingerprints with proxies, got some without")
        try:
            told = decoder().compare(one, other, visibility=False, names=("a", "b"), called=CALLED)
        except WorkerError:
            # It broke its process, which tells not which of the two did; where neither does alone, nothing is said.
            self._tried(a, one)
            self._tried(b, other)
            return None
        except UnreadableError as error:
            self._spoil(b if error.name == "b" else a, error)
            return None
        sentence = f"{told.explanation} (compared as small pictures)" if small else told.explanation
        return Said(str(told.relation), told.probability, sentence, told.original)

    def _opened(self, index: int) -> bytes | None:
        try:
            return self._originals.whole(index)
        except UnreadableError as error:
            self._spoil(index, error)
            raise _SpoiltError from error

    def _tried(self, index: int, data: bytes) -> None:
        try:
            decoder().catalogue(data, "picture", proxied=True)
        except UnreadableError as error:
            self._spoil(index, error)

    def _spoil(self, index: int, error: UnreadableError) -> None:
        self._merits.pop(index, None)
        self.errors[index] = f"wanted {error.wanted}, got {error.got}"


class _SpoiltError(Exception):
    """One of two pictures cannot be read."""


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
