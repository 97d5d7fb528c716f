"""The sentence: what a person would say of how one picture lies on the other."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from samepic.facts import DetailChange, ToneChange
from samepic.verdict import JpegInfo, PictureInfo, Region, Relation
from samepic.verify.align import Planes, align_by
from samepic.verify.evidence import changes_of_odds, gather
from samepic.verify.explain import display_name, explain
from samepic.verify.facts import WholeChange, facts_of, whole_change
from samepic.verify.features import inverse
from samepic.verify.judge import Judgment
from samepic.verify.mapping import MappedPair, map_onto
from tests.verify.alterations import Matrix
from tests.verify.conftest import Pixels

A = PictureInfo("<array>", "array", 400, 300)
B = PictureInfo("<array>", "array", 400, 300)
JPEG = JpegInfo((), (), progressive=False, quality=60, quality_exact=True, colour="ycbcr")


@pytest.fixture(scope="module")
def whole(pixels: dict[str, Pixels]) -> MappedPair:
    """Return a frame laid on itself by a map, of which each test changes what it is about."""
    rgb = pixels["chelsea"]
    found = align_by(Planes(rgb, rgb), np.eye(3))
    assert found is not None
    alignment = found._replace(matrix=np.eye(3), part_a=1.0, part_b=1.0, held_a=1.0, held_b=1.0)
    inside = np.ones(rgb.shape[:2], np.bool_)
    return MappedPair(rgb, rgb, inside, np.eye(3), np.eye(3), alignment, whole=False)


def lying(
    over: MappedPair,
    matrix: Matrix,
    *,
    part_a: float = 1.0,
    part_b: float = 1.0,
    held_a: float = 1.0,
    held_b: float = 1.0,
) -> MappedPair:
    """Return the overlay with another map and other shares."""
    assert over.alignment is not None
    found = over.alignment._replace(matrix=matrix, part_a=part_a, part_b=part_b, held_a=held_a, held_b=held_b)
    return over._replace(alignment=found, matrix=matrix)


STILL = WholeChange()


def sentence_of(
    a: PictureInfo, b: PictureInfo, finding: Judgment, over: MappedPair, change: WholeChange = STILL
) -> str:
    """Return the sentence for an overlay and what was found of it."""
    return explain(facts_of(a, b, finding, over, change), finding.relation, a, b)


def sentence_for(
    over: MappedPair,
    relation: Relation = Relation.REFRAMED,
    a: PictureInfo = A,
    b: PictureInfo = B,
    *,
    places: int = 0,
    change: WholeChange = STILL,
) -> str:
    """Return the sentence for an overlay of which so many places were changed."""
    return sentence_of(a, b, Judgment(relation, 0.99, (Region(1, 2, 30, 40),) * places), over, change)


def turn(degrees: float) -> Matrix:
    """Return the map that turns a frame of 400 x 300 about its middle, clockwise on a screen."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    there = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])
    middle = np.array([[1, 0, 200.0], [0, 1, 150.0], [0, 0, 1]])
    return np.asarray(middle @ there @ np.linalg.inv(middle))


FLIP = np.array([[-1, 0, 399], [0, 1, 0], [0, 0, 1.0]])


def test_a_frame_on_a_frame_has_changed_a_little_all_over(whole: MappedPair) -> None:
    assert sentence_for(whole, Relation.ADJUSTED) == "the same picture, slightly changed overall"


@pytest.mark.parametrize(
    ("degrees", "words"),
    [
        (-90, "turned 90° to the right"),
        (90, "turned 90° to the left"),
        (180, "turned upside down"),
        (7, "tilted by 7°"),
        (-7, "tilted by 7°"),
        (-97, "turned 90° to the right, tilted by 7°"),
        (1, "slightly tilted"),
    ],
)
def test_a_turn_is_told_as_what_became_of_a(whole: MappedPair, degrees: float, words: str) -> None:
    # The map takes b to a: where it turns to the left, b is a turned to the right.
    assert sentence_for(lying(whole, turn(degrees))) == f"the same picture, {words}"


@pytest.mark.parametrize(
    ("matrix", "words"),
    [
        (FLIP, "mirrored"),
        (FLIP @ turn(180), "mirrored top to bottom"),
        (np.diag([1.0, 1.2, 1.0]), "stretched"),
        (np.array([[1, 0.1, 0], [0, 1, 0], [0, 0, 1.0]]), "skewed"),
        (np.array([[1, 0, 0], [0, 1, 0], [0.0004, 0, 1.0]]), "seen at an angle"),
    ],
)
def test_other_shapes_have_their_words(whole: MappedPair, matrix: Matrix, words: str) -> None:
    assert words in sentence_for(lying(whole, matrix))


@pytest.mark.parametrize("matrix", [np.eye(3), np.diag([0.5, 0.5, 1.0]), turn(0.2)])
def test_what_no_one_would_see_is_not_told(whole: MappedPair, matrix: Matrix) -> None:
    assert sentence_for(lying(whole, matrix)) == "the same picture, slightly changed overall"


def test_a_crop_tells_how_much_is_kept_of_which(whole: MappedPair) -> None:
    crop = lying(whole, np.eye(3), part_a=0.621, held_a=0.7)
    assert sentence_for(crop) == "the same picture, cropped to 62 %"
    back = lying(whole, np.eye(3), part_b=0.621, held_b=0.7)
    assert sentence_for(back) == "the same picture: a is b cropped to 62 %"


def put(
    over: MappedPair, box: tuple[float, float, float, float], *, held: float, pasted: bool = True
) -> tuple[MappedPair, PictureInfo]:
    """Return the overlap of a with a larger b that shows it in a box, as shares of b, and what b is."""
    left, top, right, low = box
    larger = replace(B, width=round(400 / (right - left)), height=round(300 / (low - top)))
    there = np.array([[1, 0, -left * larger.width], [0, 1, -top * larger.height], [0, 0, 1.0]])
    found = lying(over, there, part_b=(right - left) * (low - top), held_b=held)
    return found._replace(pasted=pasted), larger


def exchanged(over: MappedPair) -> MappedPair:
    """Return the overlap with a and b exchanged."""
    f = over.alignment
    assert f is not None
    swapped = lying(
        over, inverse(f.matrix), part_a=f.part_b, part_b=f.part_a, held_a=f.held_b, held_b=f.held_a
    )
    return swapped._replace(pasted=over.pasted)


@pytest.mark.parametrize(
    ("box", "held", "added", "undone"),
    [
        ((0.1, 0.1, 0.9, 0.9), 0.99, "with a border", "without its border"),
        (
            (0, 0.2, 1, 0.8),
            0.99,
            "with bars added above and below",
            "with the bars above and below removed",
        ),
        (
            (0.2, 0, 0.8, 1),
            0.99,
            "with bars added on the left and right",
            "with the bars on the left and right removed",
        ),
        ((0, 0.15, 1, 1), 0.8, "with a strip added above", "with the strip above removed"),
        ((0, 0, 1, 0.85), 0.8, "with a strip added below", "with the strip below removed"),
        (
            (0.2, 0.3, 0.6, 0.6),
            0.2,
            "placed in another picture, filling 12 % of it",
            "cut out of a larger picture",
        ),
        (
            (0.1, 0.1, 0.9, 0.9),
            0.7,
            "placed in a larger picture, filling 64 % of it",
            "cut out of a larger picture",
        ),
    ],
)
def test_what_is_round_a_picture_is_told_from_where_it_lies(
    whole: MappedPair, box: tuple[float, float, float, float], held: float, added: str, undone: str
) -> None:
    over, larger = put(whole, box, held=held)
    assert sentence_for(over, b=larger) == f"the same picture, {added}"
    assert sentence_for(exchanged(over), a=larger) == f"the same picture, {undone}"


def test_a_dull_edge_that_was_cut_off_is_no_border(whole: MappedPair) -> None:
    dull, larger = put(whole, (0, 0, 0.95, 1), held=0.96, pasted=False)
    assert sentence_for(dull, b=larger) == "the same picture: a is b cropped to 95 %"
    assert sentence_for(exchanged(dull), a=larger) == "the same picture, cropped to 95 %"


def test_a_border_too_thin_to_measure_its_edge_is_still_a_border(whole: MappedPair) -> None:
    thin, larger = put(whole, (0.015, 0.02, 0.985, 0.98), held=0.98, pasted=False)
    assert sentence_for(thin, b=larger) == "the same picture, with a border"


def test_a_tilted_picture_has_corners_and_no_border(whole: MappedPair) -> None:
    filled = lying(whole, turn(7), part_b=0.85, held_b=0.98)._replace(pasted=True)
    assert sentence_for(filled) == "the same picture, tilted by 7°, with its corners filled"
    cut = lying(whole, turn(7), part_a=0.93, part_b=0.93)
    assert sentence_for(cut) == "the same picture, tilted by 7°, with its corners cut off"


def test_what_was_done_to_a_is_told_of_a(whole: MappedPair) -> None:
    mirrored = lying(whole, FLIP @ turn(-5), part_b=0.7, held_b=0.7)
    named_a, named_b = replace(A, name="part.jpg", jpeg=JPEG), replace(B, name="all.png")
    sentence = sentence_of(named_a, named_b, Judgment(Relation.REFRAMED, 0.99), mirrored)
    assert sentence == (
        "the same picture: part.jpg is all.png mirrored, tilted by 5°, cropped to 70 %, saved at JPEG quality 60"
    )


def test_two_parts_of_one_picture_are_told_with_what_they_share(whole: MappedPair) -> None:
    assert sentence_for(lying(whole, np.eye(3), part_a=0.7, part_b=0.85)) == (
        "two parts of one picture that share 70 % of one and 85 % of the other"
    )
    assert sentence_for(lying(whole, np.eye(3), part_a=0.33, part_b=0.34)) == (
        "two parts of one picture that share a third of each"
    )
    assert sentence_for(lying(whole, np.eye(3), part_a=0.6, part_b=0.6), Relation.EDITED, places=1) == (
        "two pictures that share 60 % of each; the shared part was changed in one place"
    )


def test_a_quality_is_claimed_only_of_a_copy(whole: MappedPair) -> None:
    low, high = (replace(A, format="JPEG", jpeg=replace(JPEG, quality=q)) for q in (60, 90))
    stretched = lying(whole, np.diag([1.0, 1.2, 1.0]))

    def of(a: PictureInfo, b: PictureInfo, over: MappedPair = stretched) -> str:
        return sentence_of(a, b, Judgment(Relation.REFRAMED, 0.99), over)

    assert of(high, low) == "the same picture, stretched, saved at JPEG quality 60"
    assert of(low, high) == "the same picture, stretched (JPEG quality 60 against 90)"
    assert of(replace(A, format="PNG"), high) == "the same picture, stretched, saved at JPEG quality 90"
    assert of(replace(A, format="WEBP"), high) == "the same picture, stretched (WEBP against JPEG)"
    framed, larger = put(whole, (0.1, 0.1, 0.9, 0.9), held=0.99)
    low = replace(low, width=larger.width, height=larger.height)
    assert (
        of(low, high, exchanged(framed))
        == "the same picture, without its border (JPEG quality 60 against 90)"
    )


def test_tone_color_and_quality_follow_the_shape(whole: MappedPair) -> None:
    crop = lying(whole, np.eye(3), part_a=0.5, held_a=0.5)
    other, gray = WholeChange(tone=ToneChange.OTHER), WholeChange(tone=ToneChange.WITHOUT_COLOR)
    saved = replace(B, jpeg=JPEG)
    assert (
        sentence_for(crop, change=other) == "the same picture, cropped to 50 %, with different tone or color"
    )
    assert sentence_for(crop, change=gray) == "the same picture, cropped to 50 %, without its colors"
    assert sentence_for(crop, b=saved) == "the same picture, cropped to 50 %, saved at JPEG quality 60"


def test_an_edit_is_told_with_its_number_of_places(whole: MappedPair) -> None:
    def places(count: int) -> str:
        return sentence_for(whole, Relation.EDITED, places=count)

    assert places(1) == "an edited version of the same picture, changed in one place"
    assert places(2) == "an edited version of the same picture, changed in 2 places"
    assert places(5) == "an edited version of the same picture, changed in several places"


def test_what_is_not_the_same_is_not_said_to_be(whole: MappedPair) -> None:
    for relation in (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE):
        sentence = sentence_for(whole, relation)
        assert not sentence.startswith("the same picture") and sentence


def test_two_parts_that_share_little_are_said_to(whole: MappedPair) -> None:
    parts = lying(whole, np.eye(3), part_a=0.33, part_b=0.33)
    assert sentence_for(parts, Relation.SIMILAR) == (
        "two pictures that share a third of each, too little to call them the same"
    )
    sentence = sentence_of(A, B, Judgment(Relation.SIMILAR, 0.1), parts)
    assert sentence == "similar pictures that show the same things, but not the same picture"


def test_a_file_is_called_by_its_name_and_an_array_by_its_letter() -> None:
    assert (
        display_name(replace(A, name="/photos/2024/cat.jpg"), "a") == "cat.jpg"
        and display_name(A, "b") == "b"
    )


def adjusted(a: Pixels, b: Pixels) -> str:
    """Return the sentence for two whole frames of which one was changed all over, and in no place."""
    mapped = map_onto(a, b)
    assert mapped is not None
    evidence = gather(mapped.one, mapped.two, mapped.inside, whole=mapped.whole)[0]
    changes = changes_of_odds(np.full(evidence.inside.shape, -8, np.float32), evidence.inside)
    change = whole_change(mapped, evidence, changes)
    return sentence_of(A, B, Judgment(Relation.ADJUSTED, 0.99), mapped, change)


def test_what_was_done_to_a_whole_frame_is_told_of_b(pixels: dict[str, Pixels]) -> None:
    cat = pixels["chelsea"]
    made = {
        "brighter": np.clip(cat.astype(int) + 30, 0, 255).astype(np.uint8),
        "less sharp": np.asarray(cv2.GaussianBlur(cat, (0, 0), 3), np.uint8),
    }
    back = {"brighter": "darker", "less sharp": "sharper"}
    for words, copy in made.items():
        assert adjusted(cat, copy) == f"the same picture, {words}"
        assert adjusted(copy, cat) == f"the same picture, {back[words]}"
    noise = np.random.default_rng(5).normal(0, 16, cat.shape)
    noisy = np.clip(cat + noise, 0, 255).astype(np.uint8)
    assert adjusted(cat, noisy) == "the same picture, grainier"
    gray = np.repeat(np.asarray(cv2.cvtColor(cat, cv2.COLOR_RGB2GRAY), np.uint8)[..., None], 3, axis=2)
    assert adjusted(cat, gray) == "the same picture, without its colors"
    assert "without" not in adjusted(gray, cat)


@pytest.mark.parametrize(
    ("detail", "words"),
    [(DetailChange.LESS_SHARP, "less sharp"), (DetailChange.GRAINIER, "grainier")],
)
def test_the_detail_of_whole_frames_is_told_unless_it_was_changed_in_places(
    whole: MappedPair, detail: DetailChange, words: str
) -> None:
    frames = whole._replace(alignment=None, whole=True)
    change = WholeChange(detail=detail)
    assert sentence_for(frames, Relation.ADJUSTED, change=change) == f"the same picture, {words}"
    assert words not in sentence_for(frames, Relation.EDITED, places=1, change=change)
