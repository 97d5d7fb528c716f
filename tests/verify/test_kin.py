"""Two copies of one picture, saved at nearly the same quality: neither was made from the other, and nothing changed."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.picture import load
from samepic.verify.kin import kin_quality, recoded_aside
from samepic.verify.residual import noise_of_jpeg
from tests.verify.conftest import saved

NEAR = [(41, 42), (46, 47), (49, 51), (50, 51), (53, 54), (61, 62), (74, 75)]


@pytest.mark.parametrize("pair", NEAR)
@pytest.mark.parametrize("prove", [True, False])
def test_copies_at_nearly_the_same_quality_are_resaves(
    cat: Image.Image, cup: Image.Image, pair: tuple[int, int], prove: bool
) -> None:
    for image in (cat, cup):
        one, two = (saved(image, quality=quality) for quality in pair)
        assert samepic.compare(one, two, prove=prove).relation == "resaved"


@pytest.mark.parametrize("pair", NEAR)
def test_what_was_changed_between_them_is_found_all_the_same(cat: Image.Image, pair: tuple[int, int]) -> None:
    changed = cat.copy()
    ImageDraw.Draw(changed).text((40, 40), "SOLD", fill=(255, 255, 255), font_size=40)
    verdict = samepic.compare(saved(cat, quality=pair[0]), saved(changed, quality=pair[1]))
    assert verdict.relation == "edited"
    assert all(r.x < 180 and r.y < 110 for r in verdict.regions)


def test_kin_are_codings_that_differ_hardly_in_the_coarse_terms(cat: Image.Image) -> None:
    def info(**options: object) -> samepic.PictureInfo:
        return load(saved(cat, **options)).info

    assert kin_quality(info(quality=61), info(quality=62)) == 62
    assert kin_quality(info(quality=61), info(quality=61)) is None
    assert kin_quality(info(quality=61), info(quality=75)) is None
    assert kin_quality(info(quality=61), load(saved(cat, "PNG")).info) is None
    assert kin_quality(info(quality=61), load(saved(cat.resize((225, 150)), quality=62)).info) is None


def test_coding_aside_costs_a_coded_picture_what_coding_costs_a_fresh_one(cat: Image.Image) -> None:
    fresh = np.asarray(cat)
    coded = noise_of_jpeg(fresh, 60)
    lost = np.abs(noise_of_jpeg(fresh, 60).astype(int) - fresh).mean()
    again = np.abs(noise_of_jpeg(coded, 60).astype(int) - coded).mean()
    aside = np.abs(recoded_aside(coded, 60).astype(int) - coded).mean()
    assert again < lost / 3 < lost / 2 < aside < 1.5 * lost
