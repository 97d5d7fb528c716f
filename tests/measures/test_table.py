"""The table of measures: every name once, judged by its cutoff, written as JSON."""

from __future__ import annotations

import io
import json
import math

import numpy as np
import pytest
from PIL import Image

from samepic.arrays import Pixels
from samepic.measures import classical
from samepic.measures.table import (
    CUTOFFS,
    FOUND_STRONG,
    FOUND_WEAK,
    NAMES,
    Measures,
    Reliability,
    measure_arrays,
)
from samepic.picture import load
from samepic.verdict import Region
from tests.measures.pictures import drawing, flat, picture_of, scene


def measured(a: Pixels, b: Pixels) -> Measures:
    return measure_arrays(picture_of(a), picture_of(b))


def test_every_measure_is_there_by_name_in_one_order() -> None:
    measures = measured(scene(1), scene(2))
    assert tuple(measures) == NAMES
    assert len(measures) == len(NAMES)
    assert [measures[name].name for name in NAMES] == list(NAMES)
    with pytest.raises(KeyError):
        measures["likeness"]


def test_every_measure_has_a_calibrated_cutoff_that_lets_at_most_one_pair_in_10_000_pass() -> None:
    assert set(CUTOFFS) == set(NAMES)
    for cutoff in CUTOFFS.values():
        assert cutoff.pairs >= 100_000
        assert cutoff.wrong <= cutoff.pairs / 10_000
        assert cutoff.found_interval[0] <= cutoff.found <= cutoff.found_interval[1]
        assert cutoff.interval[0] <= cutoff.value <= cutoff.interval[1]


def test_reliability_follows_from_the_share_of_resaves_found() -> None:
    for row in measured(scene(1), scene(2)).rows:
        found = CUTOFFS[row.name].found
        if row.name in {"same_bytes", "same_pixels"}:
            assert row.reliability is Reliability.PROOF
        else:
            assert (row.reliability is Reliability.STRONG) == (found >= FOUND_STRONG)
            assert (row.reliability is Reliability.NONE) == (found < FOUND_WEAK)


def test_values_are_those_of_the_functions_and_bands_are_kept() -> None:
    a, b = scene(1, bands=4), scene(2, bands=4)
    measures = measured(a, b)
    assert measures["absolute_difference_sum"].bands == classical.absolute_difference_sum(a, b)
    assert measures["absolute_difference_sum"].value == sum(classical.absolute_difference_sum(a, b))
    assert len(measures["absolute_difference_mean"].bands) == 4
    assert measures["rms_distance"].value == classical.rms_distance(a, b)


def test_a_picture_passes_every_cutoff_against_itself() -> None:
    picture = picture_of(scene(1, 300, 200), b"encoded")
    measures = measure_arrays(picture, picture)
    assert [row.name for row in measures.rows if not row.passes] == []
    assert measures["psnr"].value == math.inf


def test_a_resave_passes_what_is_strong_and_no_proof() -> None:
    data = io.BytesIO()
    Image.fromarray(scene(1, 300, 200)).save(data, "PNG")
    resaved = io.BytesIO()
    Image.open(data).convert("RGB").save(resaved, "JPEG")
    measures = measure_arrays(load(data.getvalue()), load(resaved.getvalue()))
    for row in measures.rows:
        if row.reliability is Reliability.STRONG:
            assert row.passes, row.name
        if row.reliability is Reliability.PROOF:
            assert row.passes is False


def test_two_scenes_fail_correlation_after_whitening() -> None:
    assert measured(scene(1, 300, 200), scene(2, 300, 200))["whitened_correlation"].passes is False


def test_pictures_without_bytes_have_no_equality_of_bytes() -> None:
    row = measured(scene(1), scene(1))["same_bytes"]
    assert math.isnan(row.value)
    assert row.passes is None
    assert row.to_dict()["value"] is None


def test_the_box_is_told_in_pixels_of_a_whatever_the_size_of_b() -> None:
    a = flat(9, 40, 20)
    b = flat(9, 20, 10)
    b[2:4, 5:9] = 200
    row = measured(a, b)["difference_box"]
    assert row.box == Region(10, 4, 8, 4)
    assert row.value == pytest.approx(8 / 200)


def test_drawings_in_black_ink_pass_no_measure_of_structure() -> None:
    measures = measured(drawing(1), drawing(2))
    assert not measures["same_pixels"].value
    assert measures["whitened_correlation"].passes is False
    assert measures["rms_distance"].value > 100


def test_the_json_form_is_plain_json_even_for_flat_and_equal_pictures() -> None:
    for pair in ((flat(1), flat(1)), (flat(1), flat(2)), (flat(1, 3, 3), flat(2, 3, 3))):
        text = json.dumps(measured(*pair).to_dict(), allow_nan=False)
        assert set(json.loads(text)) == set(NAMES)
    assert measured(flat(1), flat(1)).to_dict()["psnr"]["value"] == "Infinity"
    assert measured(flat(1), flat(2)).to_dict()["whitened_correlation"]["value"] is None


def test_measuring_leaves_the_pictures_as_they_were() -> None:
    a, b = scene(1, bands=4), scene(2, 50, 40)
    before = a.copy(), b.copy()
    measured(a, b)
    assert np.array_equal(a, before[0])
    assert np.array_equal(b, before[1])
