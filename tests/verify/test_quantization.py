"""Two codings of one source are the same, whatever made them; a change between them is found, be it ever so faint."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from samepic.api import compare
from samepic.native import native
from samepic.picture import load
from samepic.verdict import Relation
from samepic.verify import quantization
from samepic.verify.quantization import (
    SampleRows,
    exceeds_encoding_loss,
    excess_of,
    histogram_percentile,
    shared_source,
)

CODINGS = {
    f"{quality} {'4:2:0' if sampling else '4:4:4'}": {"quality": quality, "subsampling": sampling}
    for quality in (100, 93, 90, 75, 60)
    for sampling in (0, 2)
}


def coded(image: Image.Image, **options: int) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def photograph(seed: int = 5, size: tuple[int, int] = (200, 152)) -> Image.Image:
    """Return a picture of color that varies at every scale and was a JPEG before."""
    rng = np.random.default_rng(seed)
    width, height = size
    total = np.zeros((height, width, 3))
    for cells in (4, 12, 40, 100):
        small = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), np.uint8))
        total += np.asarray(small.resize(size, Image.Resampling.BICUBIC), float) * cells**-0.4
    total = (total - total.min()) / (total.max() - total.min()) * 255
    return Image.open(io.BytesIO(coded(Image.fromarray(total.astype(np.uint8)), quality=92))).convert("RGB")


@pytest.mark.parametrize(("one", "two"), list(itertools.combinations(CODINGS, 2)))
def test_two_children_of_one_jpeg_have_one_source(one: str, two: str) -> None:
    image = photograph()
    a, b = (load(coded(image, **CODINGS[name])) for name in (one, two))
    found = shared_source(a, b)
    assert found is not None
    assert found.regions == ()
    assert a.data and b.data and compare(a.data, b.data, visibility=False).same is True


@pytest.mark.parametrize(
    ("one", "two"), [("100 4:4:4", "75 4:2:0"), ("93 4:2:0", "90 4:4:4"), ("75 4:4:4", "60 4:2:0")]
)
def test_a_faint_change_between_two_children_is_found_where_it_is(one: str, two: str) -> None:
    image = photograph()
    changed = image.copy()
    patch = np.asarray(image.crop((80, 64, 96, 80)), np.int16) + 14
    changed.paste(Image.fromarray(np.clip(patch, 0, 255).astype(np.uint8)), (80, 64))
    found = compare(coded(image, **CODINGS[one]), coded(changed, **CODINGS[two]), visibility=False)
    assert found.relation is Relation.EDITED
    (box,) = found.regions
    assert (abs(box.x - 80) <= 2, abs(box.y - 64) <= 2, abs(box.w - 16) <= 4, abs(box.h - 16) <= 4) == (
        True,
    ) * 4


def test_a_change_of_color_alone_is_found() -> None:
    image = photograph()
    changed = image.copy()
    ImageDraw.Draw(changed).rectangle((40, 40, 71, 71), fill=(200, 30, 30))
    gray = np.asarray(changed.crop((40, 40, 72, 72)).convert("L").convert("RGB"), np.uint8)
    before = image.copy()
    before.paste(Image.fromarray(gray), (40, 40))
    found = shared_source(load(coded(before, quality=90)), load(coded(changed, quality=75)))
    assert found is not None
    assert len(found.regions) == 1


def test_a_lossless_source_and_its_jpeg_have_one_source() -> None:
    image = photograph()
    out = io.BytesIO()
    image.save(out, "PNG")
    found = shared_source(load(out.getvalue()), load(coded(image, quality=80)))
    assert found is not None
    assert float(found.excess.max()) <= 1.05


@pytest.mark.parametrize("quality", [75, 90])
def test_a_further_coding_that_no_file_shows_is_no_change(quality: int) -> None:
    image = photograph()
    twice = Image.open(io.BytesIO(coded(image, quality=quality))).convert("RGB")
    found = shared_source(load(coded(twice, quality=95)), load(coded(image, quality=85)))
    assert found is None or found.regions == ()


def test_nothing_follows_from_other_grids_sizes_and_kinds() -> None:
    image = photograph()
    jpeg = load(coded(image, quality=80))
    moved = load(coded(image.crop((3, 3, 200, 152)).resize(image.size), quality=80))
    assert shared_source(jpeg, moved) is None
    assert shared_source(jpeg, load(coded(image.resize((100, 76)), quality=80))) is None
    pixels: NDArray[np.uint8] = np.asarray(image)
    assert shared_source(load(pixels), load(pixels + np.uint8(1))) is None


def test_gray_is_compared_by_its_luma() -> None:
    image = photograph()
    found = shared_source(load(coded(image.convert("L"), quality=90)), load(coded(image, quality=75)))
    assert found is not None
    assert found.regions == ()


@pytest.mark.skipif(native is None, reason="the native part was not built")
@pytest.mark.parametrize(("height", "width"), [(64, 48), (75, 61), (40, 24), (8, 8)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_blocks_exceed_by_the_same_with_the_native_part_and_without(
    height: int, width: int, subsampling: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(height * width)
    rgb = np.asarray(
        cv2.GaussianBlur(rng.integers(0, 256, (height, width, 3), np.uint8), (0, 0), 2), np.uint8
    )
    other = rgb.copy()
    other[: height // 2] = other[: height // 2] // 2
    for one, two in ((rgb, other), (rgb, rgb), (rgb // 4, rgb), (rgb[..., 1], rgb)):
        a = load(coded(Image.fromarray(one), quality=90))
        b = load(coded(Image.fromarray(two), quality=70, subsampling=subsampling))
        codings = a.info.jpeg, b.info.jpeg
        for shown in (True, False):
            # What is stored may be any three planes, here those that are shown.
            samples = SampleRows(a.rgb.__getitem__, shown=shown), SampleRows(b.rgb.__getitem__, shown=True)
            fast = excess_of(*samples, slice(0, height), codings)
            with monkeypatch.context() as patch:
                patch.setattr(quantization, "native", None)
                slow = excess_of(*samples, slice(0, height), codings)
            assert fast.shape == (height // 8, width // 8)
            # Up to 1 the norm of a block may stand for its largest coefficient.
            assert np.allclose(np.maximum(fast, 1), np.maximum(slow, 1), rtol=1e-4)
            assert ((fast <= 1.0001) == (slow <= 1.0001)).all()


@pytest.mark.parametrize("count", [1, 2, 99, 100, 101, 5000])
@pytest.mark.parametrize("share", [0, 50, 90, 99, 100])
def test_a_percentile_of_counted_levels_is_that_of_the_levels(count: int, share: float) -> None:
    levels = np.random.default_rng(count).integers(0, 256, count).astype(np.uint8)
    found = histogram_percentile(np.bincount(levels, minlength=256), share)
    assert found == pytest.approx(float(np.percentile(levels, share)), abs=1e-9)


def shots(photo: Path, count: int = 2) -> list[Image.Image]:
    """Return a picture with the noise of `count` exposures, each its own."""
    rgb = np.asarray(Image.open(photo).convert("RGB"), float)
    rng = np.random.default_rng(1)
    noisy = (np.clip(rgb + rng.normal(0, 14, rgb.shape), 0, 255) for _ in range(count))
    return [Image.fromarray(one.astype(np.uint8)) for one in noisy]


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
@pytest.mark.parametrize("name", ["rocket", "hubble", "retina"])
def test_two_shots_are_never_one_file_saved_again(photos: dict[str, Path], name: str, kind: str) -> None:
    a, b = (encoded(shot, kind) for shot in shots(photos[name]))
    assert exceeds_encoding_loss(load(a), load(b))
    assert compare(a, b, visibility=False).relation not in (Relation.RESAVED, Relation.SAME_PIXELS)


def test_what_bounds_nothing_never_exceeds_it(rocket: Path) -> None:
    image = Image.open(rocket).convert("RGB")
    original = load(encoded(image, "JPEG"))
    small = image.resize((image.width // 2, image.height // 2))
    for copy in (coded(image, quality=40), encoded(image, "WEBP"), coded(small, quality=90)):
        assert not exceeds_encoding_loss(original, load(copy))


def encoded(image: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, quality=95)
    return out.getvalue()
