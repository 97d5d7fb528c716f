"""The reliability diagram: every bin with pairs is shown where its pairs are, with an interval that holds its share."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from bench.reliability import diagram

SVG = "{http://www.w3.org/2000/svg}"


def circles(text: str) -> list[tuple[float, float]]:
    return [
        (float(one.attrib["cx"]), float(one.attrib["cy"])) for one in ET.fromstring(text).iter(f"{SVG}circle")
    ]


def test_a_bin_whose_probability_holds_lies_on_the_diagonal() -> None:
    text = diagram(
        [0.25] * 100 + [0.75] * 100, [True] * 25 + [False] * 75 + [True] * 75 + [False] * 25, "test"
    )
    diagonal = next(x for x in ET.fromstring(text).iter(f"{SVG}line") if "stroke-dasharray" in x.attrib)
    x1, y1, x2, y2 = (float(diagonal.attrib[key]) for key in ("x1", "y1", "x2", "y2"))
    for x, y in circles(text):
        assert (y - y1) / (y2 - y1) == pytest.approx((x - x1) / (x2 - x1), abs=0.001)


def test_only_bins_that_hold_pairs_have_a_point_and_every_bin_has_its_count() -> None:
    text = diagram([0.05, 0.051, 0.95], [False, False, True], "test")
    assert len(circles(text)) == 2
    words = [one.text for one in ET.fromstring(text).iter(f"{SVG}text")]
    assert (words.count("2"), words.count("1"), words.count("0")) == (1, 1, 8)


def test_the_title_tells_the_expected_calibration_error_and_the_pairs() -> None:
    text = diagram([0.9] * 10, [True] * 5 + [False] * 5, "half test")
    title = ET.fromstring(text).find(f"{SVG}title")
    assert title is not None
    assert title.text == "Expected calibration error 0.4000: 10 pairs, half test"


def test_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="got none"):
        diagram([], [], "test")
