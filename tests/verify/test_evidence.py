"""Evidence: what was done to a whole frame is taken out, what was changed in a place stands out there, either way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from samepic.native import native
from samepic.verify.evidence import CONTEXT, MEASURES, CellEvidence, gather
from tests.verify.conftest import Pixels

STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def everywhere(p: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Return that all of a picture counts."""
    return np.ones(p.shape[:2], np.bool_)


def found(a: Pixels, b: Pixels) -> CellEvidence:
    """Return the evidence of two whole frames."""
    return gather(a, b, everywhere(a), whole=True)[0]


def measure(evidence: CellEvidence, name: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    """Return a measure of every cell."""
    return np.asarray(evidence.cells[..., MEASURES.index(name)], np.float32)


def patched(a: Pixels) -> Pixels:
    """Return a picture with another one's part in 64 x 48 pixels at (160, 96)."""
    b = a.copy()
    b[96:144, 160:224] = (
        np.random.default_rng(4).integers(0, 256, (12, 16, 3), np.uint8).repeat(4, 0).repeat(4, 1)
    )
    return b


@pytest.mark.parametrize("stem", STEMS)
def test_equal_pictures_leave_nothing(pixels: dict[str, Pixels], stem: str) -> None:
    evidence = found(pixels[stem], pixels[stem].copy())
    assert evidence.inside.all()
    assert not evidence.shown.any()
    for name in ("difference", "level", "peak", "color"):
        assert not measure(evidence, name).any()
    assert evidence.tone.identity
    assert evidence.colorless == (False, False)


@pytest.mark.parametrize("stem", STEMS)
@pytest.mark.parametrize("gamma", [0.7, 1.4])
def test_one_tone_is_taken_out(pixels: dict[str, Pixels], stem: str, gamma: float) -> None:
    a = pixels[stem]
    b = np.rint(255 * (a / 255) ** gamma).astype(np.uint8)
    before = float(np.abs(a.astype(int) - b).mean())
    assert float(found(a, b).shown.mean()) < 0.35 * before


BLURS = [(stem, sigma) for stem in STEMS for sigma in (1.0, 2.0)]
WAY = "where tone is equal, the blurred one is taken for the source, and a blur cannot be undone"


@pytest.mark.parametrize(
    ("stem", "sigma"),
    [
        pytest.param(*case, marks=pytest.mark.xfail(reason=WAY, strict=True))
        if case == ("rocket", 2.0)
        else case
        for case in BLURS
    ],
)
def test_one_blur_is_taken_out(pixels: dict[str, Pixels], stem: str, sigma: float) -> None:
    a = pixels[stem]
    b = np.asarray(cv2.GaussianBlur(a, (0, 0), sigma), np.uint8)
    before = float(np.abs(a.astype(int) - b).mean())
    assert float(found(a, b).shown.mean()) < 0.6 * before


@pytest.mark.parametrize("stem", STEMS)
def test_a_changed_place_stands_out_whichever_picture_comes_first(
    pixels: dict[str, Pixels], stem: str
) -> None:
    a = pixels[stem]
    for evidence in (found(a, patched(a)), found(patched(a), a)):
        side = evidence.side
        cells = np.zeros(evidence.inside.shape, np.bool_)
        cells[96 // side : 144 // side, 160 // side : 224 // side] = True
        for name in ("difference", "apart", "peak"):
            values = measure(evidence, name)
            assert float(np.median(values[cells])) > float(np.percentile(values[~cells], 90))


def test_what_lies_outside_the_overlap_does_not_count(pixels: dict[str, Pixels]) -> None:
    a = pixels["coffee"]
    inside = everywhere(a)
    inside[:, 150:240] = False
    evidence = gather(a, patched(a), inside, whole=False)[0]
    assert evidence.inside.any()
    assert not evidence.inside[:, 160 // evidence.side : 232 // evidence.side].any()
    assert float(measure(evidence, "difference")[evidence.inside].max()) < np.log1p(1.0)


def test_a_small_picture_is_enlarged_so_that_there_are_enough_cells(pixels: dict[str, Pixels]) -> None:
    small = np.asarray(cv2.resize(pixels["coffee"], (48, 32), interpolation=cv2.INTER_AREA), np.uint8)
    evidence = found(small, small)
    assert evidence.scale == 4
    assert evidence.shown.shape == (128, 192)
    assert evidence.inside.shape == (32, 48)


@pytest.mark.parametrize("order", ["forth", "back"])
def test_the_one_without_color_is_named(pixels: dict[str, Pixels], order: str) -> None:
    a = pixels["chelsea"]
    gray = np.asarray(cv2.cvtColor(cv2.cvtColor(a, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    evidence = found(a, gray) if order == "forth" else found(gray, a)
    # Lost colors do not return: the tone leads from the one that has them.
    assert evidence.forward == (order == "forth")
    assert evidence.colorless == ((False, True) if order == "forth" else (True, False))
    assert float(np.median(measure(evidence, "color"))) < np.log1p(2.0)


@pytest.mark.parametrize("shape", [(20, 20), (12, 300), (300, 12)])
def test_small_and_narrow_overlaps_are_measured_without_trouble(shape: tuple[int, int]) -> None:
    a, b = np.random.default_rng(1).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    for inside in (np.ones(shape, np.bool_), np.zeros(shape, np.bool_)):
        for evidence in gather(a, b, inside, whole=False):
            assert evidence.cells.shape == (*evidence.inside.shape, len(MEASURES))
            assert evidence.context.shape == (len(CONTEXT),)
            assert np.isfinite(evidence.cells).all()
            assert np.isfinite(evidence.context).all()


def test_nothing_explained_away_needs_one_way_and_a_curve_needs_both(pixels: dict[str, Pixels]) -> None:
    cat = pixels["chelsea"]
    gray = np.asarray(cv2.cvtColor(cv2.cvtColor(cat, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
    darker = (cat * 0.6).astype(np.uint8)
    assert len(gather(cat, patched(cat), everywhere(cat), whole=True)) == 1
    assert [way.forward for way in gather(cat, darker, everywhere(cat), whole=True)] in (
        [True, False],
        [False, True],
    )
    assert len(gather(cat, gray, everywhere(cat), whole=True)) == 1  # lost colors do not return


@pytest.mark.skipif(native is None, reason="the native part was not built")
def test_evidence_is_the_same_with_the_native_part_and_without(
    pixels: dict[str, Pixels], monkeypatch: pytest.MonkeyPatch
) -> None:
    a = pixels["coffee"]
    b = np.asarray(cv2.GaussianBlur(patched(a), (0, 0), 1.0), np.uint8)
    fast = found(a, b)
    for module in ("features", "evidence", "photometry"):
        monkeypatch.setattr(f"samepic.verify.{module}.native", None)
    plain = found(a, b)
    assert np.allclose(fast.cells, plain.cells, atol=1e-2)
    assert np.allclose(fast.context, plain.context, atol=1e-2)
