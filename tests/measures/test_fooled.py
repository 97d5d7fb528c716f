"""What docs/cutoffs.md says of the pictures that fool a measure is so."""

from __future__ import annotations

import pytest

from bench.cutoffs import fooling, measured
from samepic.measures.table import Measures

HISTOGRAMS = ("histogram_rms", "histogram_rms_normalised", "kullback_leibler", "jensen_shannon")


@pytest.fixture(scope="module")
def fooled() -> dict[str, Measures]:
    return {name: measured(pair) for name, pair in fooling().items()}


@pytest.mark.parametrize("name", ["a cat and its blocks, shuffled", "a cat and a cup in the cat's colours"])
def test_different_pictures_with_one_histogram_pass_every_histogram_cutoff(
    fooled: dict[str, Measures], name: str
) -> None:
    assert [fooled[name][row].value for row in HISTOGRAMS] == pytest.approx([0, 0, 0, 0])
    assert all(fooled[name][row].passes for row in HISTOGRAMS)
    assert fooled[name]["whitened_correlation"].passes is False


def test_two_pictures_in_fog_pass_the_cutoffs_of_pixel_differences_and_structure(
    fooled: dict[str, Measures],
) -> None:
    fog = fooled["a cat and a cup, both in fog"]
    for row in ("absolute_difference_mean", "rms_distance", "psnr", "whitened_rms", "ssim"):
        assert fog[row].passes, row
    assert fog["whitened_correlation"].passes is False


def test_a_local_edit_passes_every_measure_that_is_no_proof_of_equality(fooled: dict[str, Measures]) -> None:
    edit = fooled["a cat, one eye painted over"]
    for row in ("rms_distance", "psnr", "whitened_correlation", "ssim", "jensen_shannon"):
        assert edit[row].passes, row


def test_a_brighter_copy_fails_pixel_differences_and_passes_correlation(fooled: dict[str, Measures]) -> None:
    copy = fooled["a cat and itself, much brighter"]
    assert copy["rms_distance"].passes is False
    assert copy["whitened_correlation"].passes


def test_an_honest_copy_is_farther_away_than_the_local_edit_by_every_kind_of_measure(
    fooled: dict[str, Measures],
) -> None:
    edit, copy = fooled["a cat, one eye painted over"], fooled["a cat and itself, saved at JPEG quality 30"]
    for row in ("rms_distance", *HISTOGRAMS[:2], "jensen_shannon"):
        assert copy[row].value > edit[row].value, row
    for row in ("psnr", "whitened_correlation", "ssim"):
        assert copy[row].value < edit[row].value, row
