"""compare where only parts of two pictures agree: crops, borders, turns, stickers, and pictures in pictures."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

import samepic
from samepic.verdict import Relation, Verdict
from tests.kits.rounds import rounds
from tests.verify.alterations import bordered, cropped, iou, mirrored, placed, seen_from_the_side, turned

Pixels = NDArray[np.uint8]


def saved(pixels: Pixels, quality: int = 85) -> bytes:
    """Return a picture as a JPEG."""
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture(scope="module")
def cup(coffee: Path) -> Pixels:
    """Return the cup, 600x400."""
    with Image.open(coffee) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def cat(chelsea: Path) -> Pixels:
    """Return the cat, 451x300."""
    with Image.open(chelsea) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module")
def woman(astronaut: Path) -> Pixels:
    """Return the astronaut, 512x512."""
    with Image.open(astronaut) as image:
        return np.asarray(image.convert("RGB"))


def darker(p: Pixels) -> Pixels:
    """Return a picture in other tones."""
    return (p * 0.9).astype(np.uint8)


def in_another(p: Pixels) -> Pixels:
    """Return a picture of colored bars with this one, 400 pixels wide, in it."""
    ground = np.zeros((700, 900, 3), np.uint8)
    for k in range(9):
        ground[:, 100 * k : 100 * (k + 1)] = ((37 * k) % 256, (91 * k + 60) % 256, (53 * k + 120) % 256)
    return placed(p, ground, 380, 250, 400).pixels


# How a copy is made, which of the two shows more, and words of the sentence.
REFRAMED: dict[str, tuple[Callable[[Pixels], Pixels], str, tuple[str, ...]]] = {
    "crop": (lambda p: cropped(p, 60, 40, 360, 240).pixels, "a", ("cropped to",)),
    "crop at an edge": (lambda p: cropped(p, 0, 0, 300, 290).pixels, "a", ("cropped to",)),
    "small crop": (lambda p: cropped(p, 100, 70, 210, 190).pixels, "a", ("cropped to",)),
    "white border": (lambda p: bordered(p, 50, 255).pixels, "b", ("border",)),
    "black border": (lambda p: bordered(p, 40, 0).pixels, "b", ("border",)),
    "tilted": (lambda p: turned(p, 8).pixels, "", ("tilted by 8°",)),
    "from the side": (lambda p: seen_from_the_side(p).pixels, "b", ("seen at an angle",)),
    "mirrored crop": (
        lambda p: mirrored(cropped(p, 60, 40, 360, 240).pixels).pixels,
        "a",
        ("mirrored", "cropped"),
    ),
    "turned crop": (
        lambda p: np.ascontiguousarray(np.rot90(cropped(p, 60, 40, 360, 240).pixels, -1)),
        "a",
        ("turned 90° to the right", "cropped"),
    ),
    "in another picture": (in_another, "b", ()),
}


def both_ways(a: Pixels, b: Pixels, quality: int = 85) -> tuple[Verdict, Verdict]:
    """Return the verdict on a photograph and a JPEG of its copy, and on the two turned round."""
    copy = saved(b, quality)
    return samepic.compare(a, copy), samepic.compare(copy, a)


@pytest.mark.parametrize(("stem", "name"), rounds(product(("cat", "cup", "woman"), REFRAMED)))
def test_a_reframed_copy_is_the_same_picture_either_way_round(
    request: pytest.FixtureRequest, stem: str, name: str
) -> None:
    a: Pixels = request.getfixturevalue(stem)
    make, larger, words = REFRAMED[name]
    forth, back = both_ways(a, make(a))
    for verdict in (forth, back):
        assert verdict.relation is Relation.REFRAMED and verdict.same is True and verdict.regions == ()
        assert verdict.probability > 0.5 and verdict.explanation.startswith("the same picture")
    assert all(word in forth.explanation for word in words)
    assert forth.transform is not None and back.transform is not None
    assert forth.transform.larger == larger
    assert back.transform.larger == {"a": "b", "b": "a", "": ""}[larger]
    assert forth.transform.kept == pytest.approx(back.transform.kept, abs=0.02)
    assert forth.transform.mirrored == back.transform.mirrored == ("mirrored" in name)


def test_the_sentence_tells_how_much_a_crop_has_kept(cup: Pixels) -> None:
    forth, back = both_ways(cup, cropped(cup, 60, 40, 450, 320).pixels)
    assert forth.explanation == "the same picture, cropped to 60 %, saved at JPEG quality 85"
    assert back.explanation == "the same picture: a is b cropped to 60 %, saved at JPEG quality 85"


@pytest.mark.parametrize("stem", ["cat", "woman"])
def test_the_sentence_tells_a_picture_that_was_put_into_another(
    request: pytest.FixtureRequest, stem: str
) -> None:
    a: Pixels = request.getfixturevalue(stem)
    forth, back = both_ways(a, in_another(a))
    assert (
        "placed in another picture" in forth.explanation and "cut out of a larger picture" in back.explanation
    )


def stuck_on(p: Pixels, other: Pixels, x: int, y: int) -> Pixels:
    """Return a picture with a part of another, 84x64, stuck on."""
    out = p.copy()
    out[y : y + 64, x : x + 84] = other[100:164, 120:204]
    return out


@pytest.mark.parametrize("name", ["whole", "crop", "border", "tilted", "mirrored"])
def test_a_sticker_is_edited_and_boxed_also_in_a_reframed_copy(cup: Pixels, woman: Pixels, name: str) -> None:
    where = (220, 150, 84, 64)
    changed = stuck_on(cup, woman, *where[:2])
    make: Callable[[Pixels], Pixels] = {
        "whole": lambda p: p,
        "crop": lambda p: cropped(p, 70, 50, 430, 310).pixels,
        "border": lambda p: bordered(p, 40, 255).pixels,
        "tilted": lambda p: turned(p, 5).pixels,
        "mirrored": lambda p: mirrored(p).pixels,
    }[name]
    forth, back = both_ways(cup, make(changed))
    for verdict in (forth, back):
        assert verdict.relation is Relation.EDITED and verdict.same is False
        assert "changed in" in verdict.explanation
    assert max(iou((r.x, r.y, r.w, r.h), where) for r in forth.regions) >= 0.5
    assert samepic.compare(cup, saved(make(changed)), same_if="edited").same is True


def test_a_caption_bar_on_a_crop_is_not_the_same_picture_without_a_word(cup: Pixels) -> None:
    crop = Image.fromarray(cropped(cup, 60, 40, 450, 320).pixels)
    ImageDraw.Draw(crop).rectangle((60, 20, 380, 70), fill=(255, 255, 255))
    ImageDraw.Draw(crop).text((80, 30), "MONDAY MORNING", (0, 0, 0), font_size=32)
    forth, back = both_ways(cup, np.asarray(crop))
    assert forth.relation is Relation.EDITED and back.relation is Relation.EDITED
    assert max(iou((r.x, r.y, r.w, r.h), (120, 60, 321, 51)) for r in forth.regions) >= 0.5


def test_every_pair_of_photographs_is_different_or_unlike_either_way_round(photos: dict[str, Path]) -> None:
    stems = sorted(photos)
    for k, stem in enumerate(stems):
        for other in stems[k + 1 :]:
            for a, b in ((stem, other), (other, stem)):
                verdict = samepic.compare(photos[a], photos[b])
                assert verdict.same is False and verdict.relation is Relation.DIFFERENT, (a, b)
                assert verdict.probability < 0.1 and verdict.regions == ()


def test_two_crops_that_share_nothing_are_not_the_same(cup: Pixels) -> None:
    forth, back = both_ways(cropped(cup, 0, 0, 290, 400).pixels, cropped(cup, 310, 0, 290, 400).pixels)
    assert forth.same is False and back.same is False


def clear_around(p: Pixels) -> Image.Image:
    """Return a picture that can be seen in an ellipse alone."""
    image = Image.fromarray(p).convert("RGBA")
    mask = Image.new("L", image.size, 0)
    ImageDraw.Draw(mask).ellipse((20, 15, p.shape[1] - 20, p.shape[0] - 15), fill=255)
    image.putalpha(mask)
    return image


def png(image: Image.Image) -> bytes:
    """Return a picture as a PNG."""
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize("ground", ["white", "black"])
def test_a_crop_of_a_clear_picture_laid_on_white_or_black_is_reframed(cup: Pixels, ground: str) -> None:
    clear = clear_around(cup)
    flat = Image.new("RGB", clear.size, ground)
    flat.paste(clear, mask=clear.getchannel("A"))
    b = saved(cropped(np.asarray(flat), 60, 40, 430, 300).pixels)
    for verdict in (samepic.compare(png(clear), b), samepic.compare(b, png(clear))):
        assert verdict.relation is Relation.REFRAMED and verdict.same is True


def test_a_crop_of_a_clear_picture_that_is_clear_itself_is_reframed(cup: Pixels) -> None:
    clear = clear_around(cup)
    crop = clear.crop((60, 40, 490, 340))
    assert samepic.compare(png(clear), png(crop)).relation is Relation.REFRAMED


def test_colors_that_nobody_can_see_make_no_overlap(cup: Pixels, cat: Pixels) -> None:
    small = np.asarray(cv2.resize(cat, (600, 400)), np.uint8)
    hidden = []
    for seen in (np.full_like(cup, 40), small):
        rgba = np.dstack([cup, np.zeros(cup.shape[:2], np.uint8)])
        rgba[100:300, 150:450, :3] = seen[100:300, 150:450]
        rgba[100:300, 150:450, 3] = 255
        hidden.append(rgba)
    assert samepic.compare(hidden[0], hidden[1]).same is not True


def test_two_blank_pictures_of_other_shapes_cannot_be_told() -> None:
    one, two = (np.full((h, w, 3), 200, np.uint8) for h, w in ((300, 400), (300, 400)))
    two = two - 20
    assert samepic.compare(one, two).relation is Relation.UNDECIDABLE


PROGRAM = """
import sys, json, samepic
verdict = samepic.compare(sys.argv[1], sys.argv[2]).to_dict()
print(json.dumps(verdict, sort_keys=True))
"""


@pytest.mark.parametrize("name", ["tilted", "in another picture"])
def test_two_processes_give_the_same_verdict_to_the_last_digit(
    cup: Pixels, coffee: Path, tmp_path: Path, name: str
) -> None:
    copy = tmp_path / "copy.jpg"
    copy.write_bytes(saved(REFRAMED[name][0](cup)))
    results = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(coffee), str(copy)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert results[0] == results[1] and '"relation": "reframed"' in results[0]


def test_the_verdict_does_not_depend_on_the_number_of_threads(cup: Pixels) -> None:
    copy = saved(REFRAMED["from the side"][0](cup))
    before = cv2.getNumThreads()
    try:
        results = []
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            results.append(samepic.compare(cup, copy).to_dict())
    finally:
        cv2.setNumThreads(before)
    assert results[0] == results[1]


def test_what_is_drawn_of_a_crop_shows_both_their_difference_and_the_outline(cup: Pixels) -> None:
    picture = samepic.compare(cup, cropped(cup, 60, 40, 450, 320).pixels).difference_image()
    assert picture.size == (600 + 8 + 450 + 8 + 600, 400)
    blue = (np.abs(np.asarray(picture).astype(int) - (31, 119, 180)).max(axis=2) < 30).any(axis=0)
    assert blue[:600].any() and not blue[600 : 600 + 450].any()


@pytest.mark.parametrize("stem", ["cat", "cup", "woman"])
def test_a_darkened_crop_is_the_same_or_similar_for_it_may_be_another_shot(
    request: pytest.FixtureRequest, stem: str
) -> None:
    a: Pixels = request.getfixturevalue(stem)
    for verdict in both_ways(a, darker(cropped(a, 60, 40, 360, 240).pixels)):
        assert verdict.relation in (Relation.REFRAMED, Relation.SIMILAR) and verdict.regions == ()
