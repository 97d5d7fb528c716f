"""Comparing: what two pictures of a cluster are to each other, said by the process beside a Python worker."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from types import MappingProxyType
from typing import IO, Any

import pyarrow as pa

from samepic.collection.cache import Said
from samepic.collection.reference import Merit
from samepic.contrib.spark.decoder import decoder, original
from samepic.errors import UnreadableError, WorkerError
from samepic.profiles.spark import SPARK
from samepic.verdict import Verdict
from samepic.verify.explain import explain

__all__ = ["SAID", "SAID_SQL", "Originals", "Sayer", "said_row"]

SAID = pa.schema(
    [
        ("first", pa.int64()),
        ("id", pa.int64()),
        ("relation", pa.string()),
        ("probability", pa.float64()),
        ("explanation", pa.string()),
        ("original", pa.string()),
        ("same", pa.bool_()),
        ("error", pa.string()),
    ]
)
SAID_SQL = (
    "first bigint, id bigint, relation string, probability double, explanation string, original string,"
    " same boolean, error string"
)
"""What the picture `id` is to the picture `first`, and whether that counts as the same; or why `id` is damaged."""

_CALLED = ("the reference", "this file")


def said_row(first: int, other: int, said: Said, *, same: bool | None = None) -> dict[str, Any]:
    """Return a row of SAID."""
    return {
        "first": first,
        "id": other,
        "relation": said.relation,
        "probability": said.probability,
        "explanation": said.explanation,
        "original": said.original,
        "same": same,
    }


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


class Sayer:
    """Says what one picture of a cluster is to another; `merits` loses what cannot be read, `errors` says why.

    `heard` is what was said before, by the indices of the two.
    """

    def __init__(
        self,
        originals: Originals,
        merits: dict[int, Merit],
        heard: Mapping[tuple[int, int], Said] = MappingProxyType({}),
    ) -> None:
        self.errors: dict[int, str] = {}
        self._originals, self._merits, self._heard = originals, merits, heard

    def __call__(self, a: int, b: int) -> Said | None:
        """Return what the second is to the first, None where that cannot be said."""
        if (a, b) in self._heard:
            return self._heard[a, b]
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
            told = decoder().compare(one, other, visibility=False, names=("a", "b"), called=_CALLED)
        except WorkerError:
            # It broke its process, which tells not which of the two did; where neither does alone, nothing is said.
            self._tried(a, one)
            self._tried(b, other)
            return None
        except UnreadableError as error:
            self._spoil(b if error.name == "b" else a, error)
            return None
        sentence = _of_small(told) if small else told.explanation
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


def _of_small(verdict: Verdict) -> str:
    """Return the sentence of a verdict on small pictures, without the sizes and codings that these have."""
    a, b = (replace(info, name=name) for info, name in zip((verdict.a, verdict.b), _CALLED, strict=True))
    sentence = explain(replace(verdict.facts, proxies=True), verdict.relation, a, b)
    return f"{sentence} (compared as small pictures)"


class _SpoiltError(Exception):
    """One of two pictures cannot be read."""
