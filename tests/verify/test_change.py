"""Changed content: what was added is boxed, what was done to all of the picture is not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageEnhance, ImageFont

import samepic
from samepic.picture import load
from samepic.tuning.evidence import CHANGE
from samepic.verdict import Region, Relation, Verdict
from samepic.verify.evidence import (
    CONTEXT,
    MEASURES,
    Changes,
    changes_of_odds,
    find_changes,
    gather,
    load_network,
    odds_of,
)
from tests.kits.rounds import rounds
from tests.verify.alterations import bordered, cropped, iou, seen_from_the_side, turned
from tests.verify.conftest import Pixels, saved

STEMS = ("astronaut", "chelsea", "coffee", "rocket")


def box(region: Region) -> tuple[int, int, int, int]:
    """Return a region as a tuple."""
    return region.x, region.y, region.w, region.h


def changes(a: Pixels, b: Pixels) -> Changes:
    """Return what was changed between two whole frames."""
    return find_changes(gather(a, b, np.ones(a.shape[:2], np.bool_), whole=True)[0])


def ask(a: Pixels, b: Pixels | bytes) -> Verdict:
    """Compare two pictures, without the question whether a person would see it."""
    return samepic.compare(a, b, visibility=False)


def noisy(p: Pixels) -> Pixels:
    """Return a picture with noise of 8 levels."""
    return np.clip(p + np.random.default_rng(1).normal(0, 8, p.shape), 0, 255).astype(np.uint8)


def shaded(p: Pixels) -> Pixels:
    """Return a picture whose light falls off to a third towards the corners, as that of a cheap lens."""
    y, x = np.mgrid[-1 : 1 : p.shape[0] * 1j, -1 : 1 : p.shape[1] * 1j]
    return np.asarray(np.rint(p * (1 - np.clip(x * x + y * y, 0, 2) / 3)[..., None]), np.uint8)


def speckled(p: Pixels) -> Pixels:
    """Return a picture of which one pixel in fifty is black or white."""
    drawn, out = np.random.default_rng(1).random(p.shape[:2]), p.copy()
    out[drawn < 0.01], out[drawn > 0.99] = 0, 255
    return out


def curved(p: Pixels, power: float) -> Pixels:
    """Return a picture with another gamma."""
    return np.asarray(np.rint(255 * (p / 255) ** power), np.uint8)


def enhanced(
    how: Callable[[Image.Image], ImageEnhance._Enhance], factor: float
) -> Callable[[Pixels], Pixels]:
    """Return one of Pillow's enhancements as a function of pixels."""
    return lambda p: np.array(how(Image.fromarray(p)).enhance(factor), np.uint8)


def equalised(p: Pixels) -> Pixels:
    """Return a picture with the histogram of its luma made even."""
    ycc = cv2.cvtColor(p, cv2.COLOR_RGB2YCrCb)
    ycc[..., 0] = cv2.equalizeHist(np.ascontiguousarray(ycc[..., 0]))
    return np.asarray(cv2.cvtColor(ycc, cv2.COLOR_YCrCb2RGB), np.uint8)


TONES: dict[str, Callable[[Pixels], Pixels]] = {
    "none": lambda p: p,
    "gamma 0.6": lambda p: curved(p, 0.6),
    "gamma 1.6": lambda p: curved(p, 1.6),
    "more contrast": enhanced(ImageEnhance.Contrast, 1.4),
    "less color": enhanced(ImageEnhance.Color, 0.4),
    "more color": enhanced(ImageEnhance.Color, 1.6),
    "brighter": enhanced(ImageEnhance.Brightness, 1.25),
    "equalised": equalised,
}

ALL_OVER: dict[str, Callable[[Pixels], Pixels]] = {
    **TONES,
    "blur of a pixel": lambda p: np.asarray(cv2.GaussianBlur(p, (0, 0), 1), np.uint8),
    "noise of 8 levels": noisy,
    "JPEG quality 30": lambda p: load(saved(Image.fromarray(p), quality=30)).rgb,
    "gray": lambda p: np.repeat((p @ [0.299, 0.587, 0.114]).astype(np.uint8)[..., None], 3, axis=2),
    "shaded": shaded,
    "speckled": speckled,
}


SOME = {
    "gamma 0.6": ("chelsea", "coffee", "rocket"),
    "brighter": ("chelsea",),
    "more contrast": ("chelsea",),
    "equalised": ("astronaut", "coffee"),
    "shaded": ("coffee",),
}
"""The photographs of which that holds so far; docs/verify.md says what is still called edited."""


@pytest.mark.parametrize(("stem", "name"), [*rounds((s, n) for n in ALL_OVER for s in SOME.get(n, STEMS))])
def test_what_is_done_to_all_of_a_picture_changes_no_content(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    b = ALL_OVER[name](a)
    for verdict in (ask(a, b), ask(b, a)):
        assert verdict.same is True
        assert verdict.regions == ()


@pytest.mark.parametrize("stem", STEMS)
def test_where_nothing_differs_nothing_was_changed(pixels: dict[str, Pixels], stem: str) -> None:
    found = changes(pixels[stem], pixels[stem].copy())
    assert found.masses == ()
    assert found.regions == ()
    assert found.share == 0


def test_where_nothing_is_left_the_network_is_not_asked() -> None:
    rng = np.random.default_rng(3)
    cells = rng.normal(0, 3, (40, 50, len(MEASURES))).astype(np.float32)
    for name in ("difference", "peak", "color"):
        cells[:, :25, MEASURES.index(name)] = np.log1p(CHANGE.still) / 2
    context, inside = rng.normal(0, 1, len(CONTEXT)).astype(np.float32), np.ones(cells.shape[:2], np.bool_)
    odds = odds_of(cells, context, inside, load_network("change"))
    assert (odds[:, :25] == -CHANGE.most_odds).all()
    assert (odds[:, 25:] != -CHANGE.most_odds).any()


def test_connected_cells_are_one_place_and_cells_outside_are_none() -> None:
    odds = np.full((20, 30), -3.0, np.float32)
    odds[2:5, 2:6], odds[12:14, 20:25], odds[18, 1] = 2.0, 4.0, 1.0
    inside = np.ones(odds.shape, np.bool_)
    inside[18] = False
    found = changes_of_odds(odds, inside)
    assert found.masses == (40.0, 24.0)
    assert found.highest == 4.0
    assert found.share == pytest.approx(22 / 570)


@pytest.mark.parametrize("name", ["none", "gamma 1.6", "noise of 8 levels", "JPEG quality 30"])
@pytest.mark.parametrize("stem", ["astronaut", "chelsea", "coffee"])
def test_a_pasted_patch_is_boxed_whatever_else_was_done(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    b = a.copy()
    x, y, w, h = a.shape[1] // 3, a.shape[0] // 4, 90, 70
    b[y : y + h, x : x + w] = pixels["hubble"][200 : 200 + h, 300 : 300 + w] // 2 + 90
    b = ALL_OVER[name](b)
    for verdict in (ask(a, b), ask(b, a)):
        assert verdict.relation is Relation.EDITED
        assert max(iou(box(r), (x, y, w, h)) for r in verdict.regions) >= 0.5
        assert len(verdict.regions) <= 2


def test_two_patches_are_two_places_and_the_larger_comes_first(cat: Image.Image, cup: Image.Image) -> None:
    b = cat.copy()
    b.paste(cup.crop((200, 150, 280, 210)), (30, 30))
    b.paste(cup.crop((100, 100, 220, 180)), (300, 190))
    found = ask(np.asarray(cat), np.asarray(b)).regions
    assert len(found) == 2
    assert iou(box(found[0]), (300, 190, 120, 80)) >= 0.5
    assert iou(box(found[1]), (30, 30, 80, 60)) >= 0.5


def test_a_word_written_on_a_picture_is_boxed(cup: Image.Image) -> None:
    b = cup.copy()
    ImageDraw.Draw(b).text((40, 20), "SOLD OUT", (255, 255, 255), font=ImageFont.load_default(44))
    true = ImageDraw.Draw(b).textbbox((40, 20), "SOLD OUT", font=ImageFont.load_default(44))
    wanted = (int(true[0]), int(true[1]), int(true[2] - true[0]), int(true[3] - true[1]))
    found = ask(np.asarray(cup), saved(b, quality=85)).regions
    left, top = min(r.x for r in found), min(r.y for r in found)
    right = max(r.x + r.w for r in found)
    low = max(r.y + r.h for r in found)
    assert iou((left, top, right - left, low - top), wanted) >= 0.5


def test_a_change_that_only_full_size_shows_is_found(cat: Image.Image) -> None:
    large = np.asarray(cat.resize((1200, 800), Image.Resampling.BICUBIC))
    changed = large.copy()
    changed[501:509:2, 701:731] = 0
    (region,) = ask(large, changed).regions
    assert abs(region.x - 701) < 16
    assert abs(region.y - 501) < 16
    assert region.w * region.h < 80 * 40


def test_no_box_reaches_out_of_the_picture_and_none_is_empty(pixels: dict[str, Pixels]) -> None:
    for stem in STEMS:
        a = pixels[stem]
        height, width = a.shape[:2]
        for left, top in ((0, 0), (width - 80, 0), (width - 80, height - 60), (0, height - 60)):
            b = a.copy()
            b[top : top + 60, left : left + 80] = pixels["hubble"][300:360, 500:580]
            found = changes(a, b)
            assert found.regions
            for r in found.regions:
                assert r.x >= 0
                assert r.y >= 0
                assert r.x + r.w <= width
                assert r.y + r.h <= height
                assert r.w > 0
                assert r.h > 0


def test_another_picture_has_no_places_that_were_changed(cat: Image.Image, cup: Image.Image) -> None:
    verdict = ask(np.asarray(cat), np.asarray(cup.resize(cat.size)))
    assert verdict.relation is Relation.DIFFERENT
    assert verdict.regions == ()


def stamped(p: Pixels, at: tuple[int, int]) -> Pixels:
    """Return a picture with a price tag of 44 x 14 pixels."""
    image = Image.fromarray(p)
    draw = ImageDraw.Draw(image)
    draw.rectangle((at[0], at[1], at[0] + 43, at[1] + 13), fill=(250, 220, 40))
    draw.text((at[0] + 3, at[1] + 1), "17.99", fill=(20, 20, 20), font_size=12)
    return np.asarray(image)


def lines(words: str, blur: float = 0.0) -> Pixels:
    """Return a page of eleven equal lines of words."""
    page = np.full((300, 240, 3), 246, np.uint8)
    for row in range(40, 280, 22):
        cv2.putText(page, words, (20, row), cv2.FONT_HERSHEY_PLAIN, 1, (30, 30, 30), 1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(page, (0, 0), blur), np.uint8) if blur else page


@pytest.mark.parametrize("order", ["forth", "back"])
def test_a_gray_box_on_a_page_is_no_change_of_tone(order: str) -> None:
    plain, covered = lines("in a line of words"), lines("in a line of words")
    covered[100:170, 30:150] = (covered[100:170, 30:150] * 0.45).astype(np.uint8)
    verdict = ask(plain, covered) if order == "forth" else ask(covered, plain)
    assert verdict.relation is Relation.EDITED
    assert max(iou(box(r), (30, 100, 120, 70)) for r in verdict.regions) >= 0.5


@pytest.mark.parametrize("blur", [0.8, 1.5])
@pytest.mark.parametrize("order", ["forth", "back"])
def test_a_blur_does_not_explain_other_words(order: str, blur: float) -> None:
    sharp, other = lines("in a line of words"), lines("at a mile of roads", blur=blur)
    verdict = ask(sharp, other) if order == "forth" else ask(other, sharp)
    assert verdict.same is False
    assert ask(sharp, lines("in a line of words", blur=blur)).same is True


def touches(r: Region, at: tuple[int, int]) -> bool:
    """Return whether a box lies on the price tag at a place."""
    return r.x < at[0] + 44 and at[0] < r.x + r.w and r.y < at[1] + 14 and at[1] < r.y + r.h


@pytest.mark.parametrize(
    ("stem", "at", "tone"),
    rounds(
        (
            (stem, at, tone)
            for stem, at in (("chelsea", (300, 40)), ("coffee", (60, 40)), ("rocket", (60, 60)))
            for tone in TONES
        )
    ),
)
def test_a_small_tag_is_found_under_any_change_of_tone(
    pixels: dict[str, Pixels], stem: str, at: tuple[int, int], tone: str
) -> None:
    picture = pixels[stem]
    other = saved(Image.fromarray(TONES[tone](stamped(picture, at))), quality=80)
    verdict = ask(picture, other)
    assert verdict.relation is Relation.EDITED
    assert any(touches(r, at) for r in verdict.regions)


@pytest.mark.parametrize("tone", ["less color", "gamma 0.6", "more contrast"])
def test_a_mirrored_copy_with_another_tone_and_a_small_tag_is_edited_there(
    pixels: dict[str, Pixels], tone: str
) -> None:
    picture, at = pixels["chelsea"], (300, 40)
    other = np.ascontiguousarray(TONES[tone](stamped(picture, at))[:, ::-1])
    verdict = ask(picture, saved(Image.fromarray(other), quality=80))
    assert verdict.relation is Relation.EDITED
    assert any(touches(region, at) for region in verdict.regions), verdict.regions


@pytest.mark.parametrize("name", ["crop", "border", "turn", "perspective"])
@pytest.mark.parametrize("stem", ["astronaut", "rocket"])
def test_a_sticker_is_boxed_in_pixels_of_a_however_b_lies_on_it(
    pixels: dict[str, Pixels], stem: str, name: str
) -> None:
    a = pixels[stem]
    height, width = a.shape[:2]
    changed = a.copy()
    x, y, w, h = width * 2 // 5, height * 2 // 5, 80, 64
    changed[y : y + h, x : x + w] = pixels["hubble"][200 : 200 + h, 300 : 300 + w] // 2 + 90
    b = {
        "crop": lambda: cropped(changed, width // 5, height // 6, width // 2, round(height * 0.7)),
        "border": lambda: bordered(changed, width // 10, 240),
        "perspective": lambda: seen_from_the_side(changed),
        "turn": lambda: turned(changed, 5),
    }[name]()
    verdict = ask(a, b.pixels)
    assert verdict.relation is Relation.EDITED
    assert max(iou(box(r), (x, y, w, h)) for r in verdict.regions) >= 0.5


@pytest.mark.parametrize("shape", [(20, 20), (12, 300), (300, 12)])
def test_small_and_narrow_overlaps_are_searched_without_trouble(shape: tuple[int, int]) -> None:
    a, b = np.random.default_rng(1).integers(0, 256, (2, *shape, 3)).astype(np.uint8)
    for inside in (np.ones(shape, np.bool_), np.zeros(shape, np.bool_)):
        for evidence in gather(a, b, inside, whole=False):
            assert 0 <= find_changes(evidence).share <= 1
