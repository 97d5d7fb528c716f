"""The report of find, read back: names of any bytes, and a wrong shape told by line and field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from samepic.duplicates.groups import read_scan
from samepic.duplicates.walk import Unreadable
from samepic.errors import ReportError
from tests.cleanup.clean_scene import report_of

LINE: dict[str, Any] = {
    "group": 1,
    "reference": "a.jpg",
    "reason": "larger",
    "reference_file": {"path": "a.jpg", "size": 3, "mtime_ns": 5, "sha256": "0" * 64},
    "members": [
        {
            "path": "b.jpg",
            "relation": "resaved",
            "probability": 1,
            "explanation": "so",
            "size": 2,
            "mtime_ns": 4,
            "sha256": "1" * 64,
        }
    ],
}


def test_a_report_is_read_as_it_was_written() -> None:
    unreadable = {"unreadable": "c.jpg", "error": "torn"}
    scan = read_scan([json.dumps(LINE).encode(), b"\n", json.dumps(unreadable).encode()], "r")
    (group,) = scan.groups
    assert (group.number, group.reference.path, group.reason) == (1, "a.jpg", "larger")
    assert [(m.file.path, str(m.relation), m.file.size) for m in group.members] == [("b.jpg", "resaved", 2)]
    assert scan.unreadable == (Unreadable("c.jpg", "torn"),)


def test_a_name_that_is_no_utf_8_comes_through(tmp_path: Path) -> None:
    odd = tmp_path / "caf\udce9 \n\x1b[31m.jpg"
    odd.write_bytes(b"x")
    for ascii_only in (True, False):
        text = json.dumps(report_of([{odd: "same-file"}])[0], ensure_ascii=ascii_only)
        scan = read_scan([text.encode("utf-8", "surrogateescape")], "r")
        assert scan.groups[0].reference.path == str(odd)


def changed(**changes: object) -> bytes:
    return json.dumps({**LINE, **changes}).encode()


def member(**changes: object) -> bytes:
    return changed(members=[{**LINE["members"][0], **changes}])


@pytest.mark.parametrize(
    ("line", "result"),
    [
        (b"{", "line 1: expected one JSON object"),
        (b"[" * 100_000, "line 1: expected one JSON object"),
        (b"[1]", r"line 1: expected one JSON object of samepic find --json, found \[1\]"),
        (b"{}", "line 1: expected group, found none"),
        (b'{"unreadable": 3, "error": "x"}', "line 1: unreadable: expected a text, found 3"),
        (b'{"\xdd\xc5": 1}', "expected the names of fields in UTF-8"),
        (changed(group="1"), "line 1: group: expected a whole number, found '1'"),
        (changed(group=True), "line 1: group: expected a whole number, found true"),
        (
            changed(reference="other.jpg"),
            "line 1: reference_file: expected the file of reference, found 'a.jpg'",
        ),
        (changed(members={}), r"line 1: members: expected a list, found \{\}"),
        (changed(members=["b.jpg"]), r"line 1: members\[0\]: expected an object, found 'b.jpg'"),
        (member(relation="twin"), r"line 1: members\[0\]: relation: expected one of same-file"),
        (
            member(probability=1.5),
            r"line 1: members\[0\]: probability: expected a number from 0 to 1, found 1.5",
        ),
        (member(sha256="xyz"), r"line 1: members\[0\]: sha256: expected 64 hexadecimal digits, found 'xyz'"),
        (member(size=-1), r"line 1: members\[0\]: size: expected bytes, 0 or more, found -1"),
        (member(mtime_ns=1.5), r"line 1: members\[0\].mtime_ns: expected a whole number, found 1.5"),
        (member(path="a\0b"), r"line 1: members\[0\]: path: expected the name of a file"),
    ],
)
def test_a_wrong_shape_is_told_by_line_and_field(line: bytes, result: str) -> None:
    with pytest.raises(ReportError, match=result):
        read_scan([line], "found.jsonl")
