"""PDQ: the reference's codes bit for bit, the fast way near them, and the eight forms."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from samepic.fingerprints.pdq import FORMS, forms_of, pdq, pdq_reference
from tests.fingerprints.pictures import GOLDEN, SIZES, Rgb, golden_pictures, textured

TINY = [f"textured {h}x{w}" for h, w in SIZES if min(h, w) < 63]

TURNS: dict[str, Callable[[Rgb], Rgb]] = {
    "upright": lambda a: a,
    "turned-90": np.rot90,
    "turned-180": lambda a: np.rot90(a, 2),
    "turned-270": lambda a: np.rot90(a, 3),
    "flipped": lambda a: a[::-1],
    "mirrored": lambda a: a[:, ::-1],
    "transposed": lambda a: a.swapaxes(0, 1),
    "transversed": lambda a: np.rot90(a, 2).swapaxes(0, 1),
}


def bits(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(a ^ b).sum())


def luma(rgb: Rgb) -> NDArray[np.uint8]:
    weighted = rgb @ np.array([0.299, 0.587, 0.114])
    return np.asarray(np.rint(weighted), np.uint8)


def test_every_picture_has_a_golden_code() -> None:
    assert golden_pictures().keys() == GOLDEN.keys()


@pytest.mark.parametrize("name", GOLDEN)
def test_a_reference_code_is_the_one_of_pdqhash_bit_for_bit(name: str) -> None:
    seen = pdq_reference(golden_pictures()[name])
    assert seen.codes[0].tobytes().hex() == GOLDEN[name]["pdq"]
    assert seen.quality == GOLDEN[name]["quality"]


# The reference filters pictures of 64x64 before it turns them, and does not where it does not turn them.
@pytest.mark.parametrize("name", [name for name in GOLDEN if name != "textured 64x64"])
def test_the_eight_reference_forms_are_those_of_pdqhash(name: str) -> None:
    assert [code.tobytes().hex() for code in pdq_reference(golden_pictures()[name]).codes] == GOLDEN[name][
        "forms"
    ]


@pytest.mark.parametrize("name", [name for name in GOLDEN if name not in {*TINY, "checks"}])
def test_the_fast_way_at_full_size_differs_from_the_reference_by_a_few_bits_at_most(name: str) -> None:
    fast, reference = pdq(luma(golden_pictures()[name])), pdq_reference(golden_pictures()[name])
    # Where there is no detail, bits stand on rounding alone.
    if reference.detail >= 50:
        assert bits(fast.codes[0], reference.codes[0]) <= 8
    assert abs(fast.quality - reference.quality) <= 1
    assert abs(fast.detail - reference.detail) <= 3


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_the_code_of_the_turned_picture(form: str) -> None:
    # 320 = 64 x 5: the window is odd and the samples lie the same from either end, so that forms are exact.
    rgb = textured(320, 320)
    turned = np.ascontiguousarray(TURNS[form](rgb))
    assert bits(pdq_reference(rgb).codes[FORMS.index(form)], pdq_reference(turned).codes[0]) <= 2
    assert bits(pdq(luma(rgb)).codes[FORMS.index(form)], pdq(luma(turned)).codes[0]) <= 2


@pytest.mark.parametrize("form", FORMS[1:])
def test_a_form_is_nearer_to_the_turned_picture_than_any_other_at_any_size(form: str) -> None:
    rgb = textured(300, 517)
    codes = pdq(luma(rgb)).codes
    turned = pdq(luma(np.ascontiguousarray(TURNS[form](rgb)))).codes[0]
    distances = [bits(code, turned) for code in codes]
    assert int(np.argmin(distances)) == FORMS.index(form)
    assert min(distances) <= 40


@pytest.mark.parametrize("size", [(320, 320), (300, 517)])
def test_all_forms_follow_from_the_upright_code_but_for_a_few_bits(size: tuple[int, int]) -> None:
    codes = pdq(luma(textured(*size))).codes
    forms = np.frombuffer(forms_of(codes[0].tobytes()), np.uint8).reshape(codes.shape)
    assert bits(forms[0], codes[0]) == 0
    assert max(bits(one, other) for one, other in zip(forms, codes, strict=True)) <= 20


def test_a_picture_under_five_pixels_a_side_has_no_reference_code() -> None:
    seen = pdq_reference(textured(4, 100))
    assert not seen.codes.any()
    assert (seen.quality, seen.detail) == (0, 0)


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2, 2), (64, 1), (63, 64)])
def test_the_fast_way_codes_a_picture_of_any_size(size: tuple[int, int]) -> None:
    assert pdq(luma(textured(*size))).codes.shape == (8, 32)


@pytest.mark.parametrize("name", ["gray", "black", "slope", "two tones"])
def test_a_flat_sloping_or_two_toned_picture_has_no_detail(name: str) -> None:
    assert pdq(luma(golden_pictures()[name])).detail <= 5


def test_a_textured_picture_has_detail() -> None:
    assert pdq(luma(textured(300, 517))).detail >= 80
