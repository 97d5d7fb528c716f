"""Toned, bent, coarser and inset copies, and small words: what is called the same keeps all, what is edited shows."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
from PIL import Image

import bench.copies
import bench.insets
import bench.marks
import bench.toned
from bench.family_base import Pixels, Right
from bench.insets import SCENES, shown, shows
from bench.lookalikes import KINDS, pair_of
from bench.marks import replaced, written
from bench.pairs import changed_mask, mask_boxes
from bench.pictures import drawn
from bench.toned import bent, fewer_colors, keeps_edges, lost_edges, toned_copy

SAME = ("toned", "few colors", "bends", "children toned", "insets")
EDITED = ("inset edits", "small words")


def pixels(data: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def scene(number: int = 3) -> Pixels:
    coarse = Image.fromarray(np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((320, 240), Image.Resampling.BICUBIC))


@pytest.fixture(autouse=True)
def made_originals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Photographs made here in the place of those of the data folder."""

    def original(half: str, number: int, rng: np.random.Generator) -> tuple[str, Pixels]:
        if rng.random() < 0.6:
            return "photo", scene(number)
        return "drawing", drawn("charts", number, rng)

    for module in (bench.toned, bench.insets):
        monkeypatch.setattr(module, "clear_original", original)
    for module in (bench.toned, bench.insets, bench.marks):
        monkeypatch.setattr(module, "photo", lambda half, number: scene(number))
    for module in (bench.copies, bench.marks):
        monkeypatch.setattr(module, "file_of", lambda what, half, number: str(number))
        monkeypatch.setattr(module, "pixels_of", lambda path: scene(int(path)))


@pytest.mark.parametrize("kind", (*SAME, *EDITED))
def test_a_name_gives_the_same_bytes_and_another_number_other_ones(kind: str) -> None:
    assert kind in KINDS
    first, again, other = pair_of(kind, "train", 1), pair_of(kind, "train", 1), pair_of(kind, "train", 2)
    assert first == again
    assert {first.a, first.b}.isdisjoint({other.a, other.b})


@pytest.mark.parametrize("kind", SAME)
def test_copies_are_the_same_and_have_no_boxes(kind: str) -> None:
    for number in range(8):
        pair = pair_of(kind, "train", number)
        assert pair.same
        assert pair.truth <= Right.SAME
        assert (pair.boxes, pair.changed) == ((), None)
        assert pair.a != pair.b


@pytest.mark.parametrize("kind", EDITED)
def test_what_was_edited_has_a_mask_of_the_first_file(kind: str) -> None:
    for number in range(8):
        pair = pair_of(kind, "train", number)
        assert not pair.same
        assert pair.truth == Right.EDITED
        assert pair.changed is not None
        mask = np.asarray(Image.open(io.BytesIO(pair.changed)))
        assert mask.shape == pixels(pair.a).shape[:2]
        ((x, y, w, h),) = pair.boxes
        assert (mask[y : y + h, x : x + w] > 0).sum() == (mask > 0).sum() > 0


def test_two_colors_that_become_one_are_lost() -> None:
    flag = np.full((80, 120, 3), (200, 40, 40), np.uint8)
    flag[:, 60:] = (40, 120, 40)
    gray = np.full_like(flag, 90)
    assert lost_edges(flag, flag) == (0.0, 0)
    assert lost_edges(flag, gray) == (1.0, 160)
    assert keeps_edges(flag, flag // 2, photograph=False)
    assert not keeps_edges(flag, gray, photograph=False)
    assert not keeps_edges(flag, gray, photograph=True)


def test_a_toned_drawing_keeps_its_colors_apart() -> None:
    bands = np.repeat(
        np.array([[[250, 205, 20], [255, 255, 255], [20, 20, 20], [0, 90, 170]]], np.uint8), 40, axis=1
    )
    flag = np.repeat(bands, 60, axis=0)
    for seed in range(40):
        _, out = toned_copy(flag, np.random.default_rng(seed), photograph=False)
        middles = out[20:40, 20::40].astype(int).mean(axis=0)
        apart = np.abs(middles[:, None] - middles[None]).max(axis=2)
        assert apart[~np.eye(4, dtype=bool)].min() >= 8
        assert np.abs(out.astype(int) - flag).mean() >= 1


def test_a_drawing_of_few_colors_has_few_and_they_are_near_its_own() -> None:
    rng = np.random.default_rng(1)
    rgb = drawn("charts", 0, rng)
    for seed in range(8):
        way, out = fewer_colors(rgb, np.random.default_rng(seed), "drawing")
        if way == "palette":
            assert len(np.unique(out.reshape(-1, 3), axis=0)) <= 216
            assert (
                np.percentile(np.abs(cv2.blur(rgb, (15, 15)).astype(int) - cv2.blur(out, (15, 15))), 95) < 16
            )


def test_a_bend_moves_what_is_shown_by_some_pixels_and_no_more() -> None:
    spots = np.full((240, 320, 3), 255, np.uint8)
    places = [(60, 60), (60, 260), (180, 60), (180, 260), (120, 160)]
    for y, x in places:
        cv2.circle(spots, (x, y), 6, (0, 0, 0), -1)
    for seed in range(20):
        _, out = bent(spots, np.random.default_rng(seed))
        _, _, _, middles = cv2.connectedComponentsWithStats((out[..., 0] < 128).astype(np.uint8))
        assert len(middles) == 1 + len(places)
        scale = np.array([out.shape[1] / 320, out.shape[0] / 240])
        for y, x in places:
            assert np.abs(middles[1:] - np.array([x, y]) * scale).max(axis=1).min() <= 10


def test_an_inset_is_a_quarter_of_what_shows_it_and_is_found_there() -> None:
    seen = set()
    for seed in range(60):
        name, whole, scale = shown(scene(), np.random.default_rng(seed))
        seen.add(name)
        width, height = round(320 * scale), round(240 * scale)
        assert 90 <= width <= 700
        assert width * height >= 0.25 * whole.shape[0] * whole.shape[1]
        inset = cv2.resize(scene(), (width, height), interpolation=cv2.INTER_AREA)
        inner = inset[height // 5 : -height // 5, width // 5 : -width // 5]
        assert cv2.matchTemplate(whole, inner, cv2.TM_CCOEFF_NORMED).max() > 0.95
    assert seen == set(SCENES)


def test_an_edit_is_not_shown_where_it_is_too_small_or_too_faint() -> None:
    before = np.full((200, 300, 3), 200, np.uint8)
    after = before.copy()
    after[50:90, 60:120] = 80
    assert shows(before, after, 1.0)
    assert not shows(before, after, 0.1)
    after[50:90, 60:120] = 186
    assert not shows(before, after, 1.0)


def test_one_character_is_replaced_by_one_of_its_kind_and_width() -> None:
    widths = [10.0] * 62
    for seed in range(20):
        other = replaced("Gate 17", np.random.default_rng(seed), widths)
        assert other is not None
        (change,) = [(a, b) for a, b in zip("Gate 17", other, strict=True) if a != b]
        assert [letter.isdigit() for letter in change] in ([True, True], [False, False])
        assert [letter.isupper() for letter in change] in ([True, True], [False, False])
    assert replaced(": :", np.random.default_rng(0), widths) is None


def test_two_texts_are_written_at_one_place_and_differ_in_the_character_only() -> None:
    ground = np.full((120, 300, 3), 240, np.uint8)
    pair = written(ground, ("48.20", "43.20"), 12, "Sans", np.random.default_rng(4))
    assert pair is not None
    mask = changed_mask(*pair)
    assert mask is not None
    ((_, _, w, h),) = mask_boxes(mask, whole=True)
    assert 4 <= w <= 14
    assert 6 <= h <= 16
    both = (pair[0] != ground).any(axis=2)
    assert both.sum() > 2 * (mask > 0).sum()


def test_small_words_are_as_tall_as_a_person_can_read_in_the_smaller_file() -> None:
    for number in range(12):
        pair = pair_of("small words", "train", number)
        ((_, _, _, h),) = pair.boxes
        by = min(1.0, pixels(pair.b).shape[0] / pixels(pair.a).shape[0])
        assert h * by >= 5.5
