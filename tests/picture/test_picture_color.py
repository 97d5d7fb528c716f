"""Embedded color profiles become sRGB."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image, ImageCms

from samepic.picture import load
from samepic.picture.color import conversion
from tests.picture.picture_files import DISPLAY_P3, SRGB, profile, saved, scene

P3 = profile("Display P3 of a test", DISPLAY_P3, 2.2)


def test_a_p3_green_is_more_than_srgb_can_show_and_is_clipped() -> None:
    green = np.full((4, 4, 3), (0, 255, 0), np.uint8)
    assert_array_equal(load(saved(green, "PNG", icc_profile=P3)).rgb, green)


def test_a_p3_red_of_half_is_a_stronger_red_in_srgb() -> None:
    red = np.full((4, 4, 3), (150, 60, 60), np.uint8)
    got = load(saved(red, "PNG", icc_profile=P3)).rgb[0, 0]
    # By the matrices of SMPTE EG 432-1 and IEC 61966-2-1: linear light, P3 to XYZ to sRGB, and back.
    light = (np.array([150, 60, 60]) / 255) ** 2.2
    xyz = np.array(DISPLAY_P3).T @ light
    linear = np.linalg.solve(np.array(SRGB).T, xyz)
    wanted = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055) * 255
    assert np.abs(got - wanted).max() <= 1.5


def test_white_and_black_stay_white_and_black() -> None:
    ends = np.zeros((2, 2, 3), np.uint8)
    ends[0] = 255
    assert_array_equal(load(saved(ends, "PNG", icc_profile=P3)).rgb, ends)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_profile_counts_in_every_format(form: str) -> None:
    plain = load(saved(scene(), form, quality=95))
    followed = load(saved(scene(), form, quality=95, icc_profile=P3))
    assert followed.info.profile == "Display P3 of a test"
    assert followed.info.metadata >= len(P3) // 4
    assert np.abs(followed.rgb.astype(int) - plain.rgb).max() > 10


def test_a_profile_that_is_srgb_changes_nothing() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = load(saved(scene(), "PNG", icc_profile=srgb))
    assert_array_equal(picture.rgb, scene())
    assert "sRGB" in picture.info.profile


def test_a_profile_is_srgb_by_its_content_not_by_its_name() -> None:
    assert conversion(profile("sRGB IEC61966-2.1", DISPLAY_P3, 2.2), "RGB").apply is not None
    assert conversion(profile("sRGB", SRGB, 1.0), "RGB").apply is not None


@pytest.mark.parametrize(
    "broken", [b"no profile", P3[:200], P3[:36] + b"xxxx" + P3[40:], P3[:128] + b"\xff" * 300]
)
def test_a_broken_profile_is_left_out_and_said_to_be(broken: bytes) -> None:
    picture = load(saved(scene(), "PNG", icc_profile=broken))
    assert_array_equal(picture.rgb, scene())
    assert picture.info.profile == "unusable"


def test_a_gray_picture_follows_an_rgb_profile() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    dark = profile("gamma 1", SRGB, 1.0)
    got = load(saved(ramp, "PNG", icc_profile=dark)).rgb
    assert got[8, 0, 0] == pytest.approx(188, abs=1)  # half the light is sRGB 188
    assert np.ptp(got.astype(int), axis=2).max() <= 1


def test_a_cmyk_jpeg_without_a_profile_follows_the_plain_rule() -> None:
    ink = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    got = load(saved(ink, "JPEG", quality=95)).rgb
    assert np.abs(got.astype(int) - (255, 0, 0)).max() <= 3
    assert load(saved(ink, "TIFF")).info.mode == "CMYK"
