"""The list of pairs: read as people write it, and every row that makes no sense is told with its line and column."""

from __future__ import annotations

import hashlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic import ReportError
from samepic.calibration.statistics import LabeledPair, read_pairs


def read(text: str) -> tuple[LabeledPair, ...]:
    return read_pairs(text.encode(), "my.csv", "folder").pairs


def test_labels_are_the_words_that_people_use() -> None:
    words = ("1", "yes", "true", "same", "0", "no", "false", "different", " Yes ", "FALSE")
    rows = "".join(f"{number}.png,x.png,{word}\n" for number, word in enumerate(words))
    assert [pair.same for pair in read("a,b,same\n" + rows)] == [True] * 4 + [False] * 4 + [True, False]


def test_columns_may_stand_in_any_order_with_others_between() -> None:
    text = '\ufeffnote, Same ,b,a\r\n"x, y",1,two.png,one.png\r\n'
    assert read(text) == (LabeledPair(2, "folder/one.png", "folder/two.png", True),)


def test_paths_count_from_the_folder_of_the_file_unless_absolute() -> None:
    (pair,) = read("a,b,same\n/abs/one.png,../two.png,1\n")
    assert (pair.a, pair.b) == ("/abs/one.png", "folder/../two.png")


def test_empty_lines_are_passed_over_and_lines_are_those_of_an_editor() -> None:
    text = 'a,b,same\n\n"two\nlines.png",x.png,1\n\none.png,x.png,0\n'
    assert [pair.line for pair in read(text)] == [3, 6]


def test_a_pair_that_comes_again_counts_once_whatever_its_order() -> None:
    found = read_pairs(b"a,b,same\nx,y,1\ny,x,yes\nx,z,0\nx,y,same\n", "my.csv", "")
    assert [pair.line for pair in found.pairs] == [2, 4]
    assert found.repeated == 2


def test_names_that_are_no_text_come_through_to_the_byte() -> None:
    (pair,) = read_pairs(b"a,b,same\n\xff\xfe.png,x.png,1\n", "my.csv", "").pairs
    assert os.fsencode(pair.a) == b"\xff\xfe.png"


def test_the_digest_is_that_of_the_bytes() -> None:
    data = b"a,b,same\nx,y,1\n"
    assert read_pairs(data, "my.csv", "").sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: expected a header with the columns a, b and same, found nothing"),
        ("a,b\n", "line 1: expected a header with the columns a, b and same, found 'a,b'"),
        ("a;b;same\nx;y;1\n", "line 1: expected a header with the columns a, b and same, found 'a;b;same'"),
        ("a,b,same,A\n", "line 1: expected a header with the columns a, b and same, found a 2 times"),
        ("a,b,same\n", "expected at least one pair below the header, found none"),
        ("a,b,same\nx,y,1\nx,z\n", "line 3: expected 3 columns as in the header, found 2"),
        ("a,b,same\nx,y,z,1\n", "line 2: expected 3 columns as in the header, found 4"),
        ("a,b,same\n,y,1\n", "line 2: column a: expected the path of a picture, found nothing"),
        ("a,b,same\nx,,1\n", "line 2: column b: expected the path of a picture, found nothing"),
        ("a,b,same\nx,\0,1\n", "line 2: column b: expected the path of a picture, found '\\x00'"),
        (
            "a,b,same\nx,y,1\nx,z,maybe\n",
            "line 3: column same: expected 1, yes, true or same, or 0, no, false or different, found 'maybe'",
        ),
        (
            "a,b,same\nx,y,\n",
            "line 2: column same: expected 1, yes, true or same, or 0, no, false or different, found nothing",
        ),
        (
            "a,b,same\nx,y,1\ny,x,0\n",
            "line 3: column same: expected same, as in line 2, found different",
        ),
        (
            'a,b,same\nx,y,1\n"x,z,1\n',
            "line 3: expected comma-separated values, found unexpected end of data",
        ),
    ],
)
def test_what_makes_no_sense_is_told_with_file_line_column_wanted_and_got(text: str, message: str) -> None:
    with pytest.raises(ReportError) as caught:
        read(text)
    assert str(caught.value) == f"my.csv: {message}"


@given(st.binary(max_size=200))
def test_any_bytes_are_pairs_or_a_report_error(data: bytes) -> None:
    for text in (data, b"a,b,same\n" + data):
        try:
            assert read_pairs(text, "my.csv", "").pairs
        except ReportError as error:
            assert str(error).startswith("my.csv: ")
