"""Re-enactment: what was saved from a comes out of a bit for bit; what was not does not."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from PIL import Image

from samepic.picture import load
from samepic.verify.photometry import SCALINGS, scaled_rows
from samepic.verify.resave import _band, block_differences, block_differences_plain, reenact
from tests.verify.conftest import saved


@pytest.mark.parametrize(("quality", "sampling"), list(product([95, 75, 40], ["4:4:4", "4:2:2", "4:2:0"])))
def test_a_resave_is_proven(cat: Image.Image, quality: int, sampling: str) -> None:
    target = load(saved(cat, quality=quality, subsampling=sampling))
    made = reenact(load(cat), target)
    assert made is not None and made.proof and made.exact == 1.0
    assert made.jpeg is not None
    assert (made.jpeg.quality, made.jpeg.quality_exact, made.jpeg.subsampling) == (quality, True, sampling)


@pytest.mark.parametrize("options", [{"progressive": True}, {"optimize": True}, {"restart_marker_blocks": 4}])
def test_the_entropy_coding_does_not_matter(cat: Image.Image, options: dict[str, object]) -> None:
    made = reenact(load(cat), load(saved(cat, quality=80, **options)))
    assert made is not None and made.proof


@pytest.mark.parametrize("name", ["LANCZOS", "BICUBIC", "BILINEAR", "BOX"])
def test_a_resave_at_half_the_size_is_proven_and_its_filter_named(cat: Image.Image, name: str) -> None:
    small = cat.resize((225, 150), Image.Resampling[name])
    made = reenact(load(cat), load(saved(small, quality=85)))
    assert made is not None and made.proof and made.resampling.upper() == name


@pytest.mark.parametrize("tag", range(1, 9))
def test_a_resave_turned_by_its_tag_is_proven(cat: Image.Image, tag: int) -> None:
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    stored = cat if tag == 1 else cat.transpose(Image.Transpose(undo[tag]))
    exif = Image.Exif()
    exif[0x0112] = tag
    target = load(saved(stored, quality=85, exif=exif.tobytes()))
    assert np.abs(target.rgb.astype(int) - np.asarray(cat)).mean() < 5
    made = reenact(load(cat), target)
    assert made is not None and made.proof


def test_a_grey_resave_is_proven(cat: Image.Image) -> None:
    made = reenact(load(cat), load(saved(cat.convert("L"), quality=85)))
    assert made is not None and made.proof


def test_one_changed_pixel_block_is_no_proof(cat: Image.Image) -> None:
    changed = cat.copy()
    changed.paste((90, 90, 90), (200, 104, 206, 110))
    made = reenact(load(cat), load(saved(changed, quality=85)))
    assert made is not None and not made.proof


def test_another_picture_is_no_proof(cat: Image.Image, cup: Image.Image) -> None:
    made = reenact(load(cat), load(saved(cup.resize(cat.size), quality=85)))
    assert made is not None and not made.proof and made.exact < 0.05


def test_a_faint_change_in_a_lossless_copy_is_no_proof(cat: Image.Image) -> None:
    pixels = np.array(cat)
    pixels[100:110, 200:212] = np.clip(pixels[100:110, 200:212].astype(int) + 5, 0, 255)
    made = reenact(load(cat), load(pixels))
    assert made is not None and not made.proof and made.jpeg is None


def test_another_lossy_format_cannot_be_reenacted(cat: Image.Image) -> None:
    assert reenact(load(cat), load(saved(cat, "WEBP", quality=60))) is None


@pytest.mark.parametrize("shape", [(40, 56), (41, 63), (7, 5), (8, 17)])
def test_blocks_differ_by_the_same_with_the_native_part_and_without(shape: tuple[int, int]) -> None:
    one, two = np.random.default_rng(3).integers(0, 256, (2, *shape, 3), dtype=np.uint8)
    assert (block_differences(one, two) == block_differences_plain(one, two)).all()
    assert (block_differences(one, one) == 0).all()


@pytest.mark.parametrize("name", list(SCALINGS))
@pytest.mark.parametrize("size", [(150, 101), (449, 299), (700, 431), (225, 150), (300, 200), (900, 600)])
def test_some_rows_are_scaled_as_in_the_whole(cat: Image.Image, name: str, size: tuple[int, int]) -> None:
    rgb = np.asarray(cat)
    whole = SCALINGS[name](rgb, size)
    for top in (0, 16, size[1] - 64):
        rows = scaled_rows(rgb, size, name, slice(top, top + 64))
        apart = np.abs(rows.astype(int) - whole[top : top + 64])
        assert apart.max() <= 1 and (apart == 0).mean() > 0.99


def test_a_change_far_from_the_middle_is_no_proof(cat: Image.Image) -> None:
    changed = cat.copy()
    changed.paste((90, 90, 90), (200, 8, 212, 20))
    made = reenact(load(cat), load(saved(changed, quality=85)))
    assert made is not None and not made.proof and made.exact > 0.9


def test_the_rows_tried_first_are_not_the_blank_ones_in_the_middle(cat: Image.Image) -> None:
    page = Image.new("RGB", (400, 1200), "white")
    page.paste(cat.crop((0, 0, 400, 240)), (0, 300))
    band = _band(load(saved(page, quality=90)))
    assert band is not None
    assert (band.start, band.stop) == (432, 464)


def test_the_rows_tried_first_are_whole_blocks_within_the_picture() -> None:
    for height in range(96, 240):
        band = _band(load(saved(Image.new("RGB", (16, height), "gray"))))
        assert band is not None
        assert (band.start % 16, band.stop - band.start) == (0, 32)
        assert 0 <= band.start < band.stop <= height
