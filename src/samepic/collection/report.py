"""Report: groups and unreadable files as JSON lines, CSV and text."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from samepic.collection.group import Group
from samepic.collection.walk import Unreadable

__all__ = ["csv_lines", "json_lines"]

_COLUMNS = (
    "group",
    "role",
    "path",
    "size",
    "mtime_ns",
    "sha256",
    "relation",
    "probability",
    "hard_link_to",
    "text",
)


def json_lines(groups: Iterable[Group], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield one JSON object a line: every group, then every unreadable file.

    Bytes of a path that are no UTF-8 are written as the escapes \\udc80 to \\udcff (PEP 383), which `json.loads` and
    `os.fsencode` turn back, and each such path comes once more, exactly, as `path_base64` beside it.
    """
    for group in groups:
        value = group.to_dict()
        for facts in (value["reference_file"], *value["members"]):
            _add_bytes(facts)
        yield _line(value)
    for one in unreadable:
        value = {"unreadable": one.path, "error": one.error}
        if not _is_text(one.path):
            value["path_base64"] = _base64(one.path)
        yield _line(value)


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if _is_text(text) else json.dumps(value, ensure_ascii=True, allow_nan=False)


def _add_bytes(facts: dict[str, Any]) -> None:
    if not _is_text(facts["path"]):
        facts["path_base64"] = _base64(facts["path"])


def _base64(path: str) -> str:
    return base64.b64encode(os.fsencode(path)).decode()


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def csv_lines(groups: Iterable[Group], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield the lines of a CSV table (RFC 4180): a head, then one row for each file.

    `role` is "reference", "member" or "unreadable"; `text` is the reason, the explanation or the error.
    """
    yield _row(_COLUMNS)
    for group in groups:
        best = group.reference
        yield _row(
            (
                group.number,
                "reference",
                best.path,
                best.size,
                best.mtime_ns,
                best.sha256,
                "",
                "",
                "",
                group.reason,
            )
        )
        for member in group.members:
            file = member.file
            facts = (
                file.path,
                file.size,
                file.mtime_ns,
                file.sha256,
                str(member.relation),
                member.probability,
            )
            yield _row((group.number, "member", *facts, member.hard_link_to, member.explanation))
    for one in unreadable:
        yield _row(("", "unreadable", one.path, "", "", "", "", "", "", one.error))


def _row(values: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()
