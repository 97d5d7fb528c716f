"""Pairs: the CSV file in which a user says of pictures whether they are the same."""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass

from samepic.errors import ReportError

__all__ = ["Pair", "Pairs", "read_pairs"]

_COLUMNS = ("a", "b", "same")
_WORDS = {
    **dict.fromkeys(("1", "yes", "true", "same"), True),
    **dict.fromkeys(("0", "no", "false", "different"), False),
}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures by the paths that open them, and whether a person calls them the same; `line` counts from 1."""

    line: int
    a: str
    b: str
    same: bool


@dataclass(frozen=True, slots=True)
class Pairs:
    """The pairs of one file, each once: `repeated` rows said again what another had said."""

    name: str
    sha256: str
    pairs: tuple[Pair, ...]
    repeated: int = 0


@dataclass(frozen=True, slots=True)
class _Table:
    """What is needed to read a row: the name of the file, the folder paths count from, the header."""

    name: str
    folder: str
    columns: int
    places: dict[str, int]


def read_pairs(data: bytes, name: str, folder: str) -> Pairs:
    """Read the CSV text `data`, called `name` in messages; relative paths in it count from `folder`.

    The header names the columns a, b and same in any order; other columns are ignored. `same` is 1, yes, true or
    same, or 0, no, false or different. Raises ReportError, with name, line, column, wanted and got.
    """
    text = data.decode("utf-8-sig", "surrogateescape")
    rows = _rows(text, name)
    line, header = next(rows, (1, []))
    places = _places([column.strip().lower() for column in header], f"{name}: line {line}")
    table = _Table(name, folder, len(header), places)
    kept: dict[frozenset[str], Pair] = {}
    repeated = 0
    for line, row in rows:
        pair = _pair(row, line, table)
        known = kept.setdefault(frozenset((pair.a, pair.b)), pair)
        if known.same != pair.same:
            raise ReportError(
                f"{name}: line {line}: column same: wanted {_word(known.same)}, as line {known.line} says of these"
                f" two, got {_word(pair.same)}"
            )
        repeated += known is not pair
    if not kept:
        raise ReportError(f"{name}: wanted at least one pair below the header, got none")
    return Pairs(name, hashlib.sha256(data).hexdigest(), tuple(kept.values()), repeated)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty with the line that it begins on."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ReportError(f"{name}: line {begins}: wanted comma-separated values, got {error}") from None
        if row:
            yield begins, row
        begins = reader.line_num + 1


def _places(header: list[str], where: str) -> dict[str, int]:
    for column in _COLUMNS:
        if header.count(column) != 1:
            got = f"{column} {header.count(column)} times" if column in header else _shown(",".join(header))
            raise ReportError(f"{where}: wanted a header with the columns a, b and same, got {got}")
    return {column: header.index(column) for column in _COLUMNS}


def _pair(row: list[str], line: int, table: _Table) -> Pair:
    where, places = f"{table.name}: line {line}", table.places
    if len(row) != table.columns:
        raise ReportError(f"{where}: wanted {table.columns} columns as in the header, got {len(row)}")
    paths = []
    for column in ("a", "b"):
        path = row[places[column]]
        if not path or "\0" in path:
            raise ReportError(f"{where}: column {column}: wanted the path of a picture, got {_shown(path)}")
        paths.append(os.path.join(table.folder, path))  # noqa: PTH118  (Path would normalise the name)
    word = row[places["same"]].strip().lower()
    if word not in _WORDS:
        wanted = "1, yes, true or same, or 0, no, false or different"
        raise ReportError(f"{where}: column same: wanted {wanted}, got {_shown(row[places['same']])}")
    return Pair(line, paths[0], paths[1], _WORDS[word])


def _word(same: bool) -> str:
    return "same" if same else "different"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...") if text else "nothing"
