"""The sentence of facts alone: proofs, turns, doubts, animations, small pictures, and why one is the original."""

from __future__ import annotations

from dataclasses import replace

import pytest

from samepic.facts import Depth, Doubt, Facts, OriginalReason, Placing, Proof, Series
from samepic.verdict import JpegInfo, PictureInfo, Relation
from samepic.verify.explain import explain, explain_better, explain_original

A = PictureInfo("<array>", "array", 400, 300)
B = PictureInfo("<array>", "array", 400, 300)
JPEG = JpegInfo((), (), progressive=False, quality=60, quality_exact=True, colour="ycbcr")


def test_equal_pixels_come_with_what_else_differs() -> None:
    one, two = replace(A, format="TIFF"), replace(B, format="PNG", orientation=6, metadata=120)
    assert explain(Facts(), Relation.SAME_PIXELS, one, two) == (
        "every pixel of a and b is equal, stored as TIFF and as PNG, one of them turned by its orientation tag, "
        "with different metadata"
    )
    assert explain(Facts(), Relation.SAME_PIXELS, A, B).endswith("but the files differ")


def test_a_turn_is_said_where_it_was_done() -> None:
    mirrored = Facts(mirrored=True)
    assert explain(mirrored, Relation.REFRAMED, A, B) == "the same picture, mirrored"
    edited = replace(mirrored, places=2)
    assert (
        explain(edited, Relation.EDITED, A, B)
        == "an edited version of the same picture, mirrored, changed in 2 places"
    )
    cat, copy = replace(A, name="cat.png"), replace(B, name="/x/copy.jpg", width=30, height=20)
    proof = Proof("b", quality=85, subsampling="4:2:0")
    facts = Facts(mirrored=True, copy="b", proof=proof)
    assert explain(facts, Relation.REFRAMED, cat, copy) == (
        "copy.jpg is cat.png mirrored, then re-saved as JPEG quality 85 (4:2:0), confirmed by re-encoding"
    )
    sized = replace(
        facts, mirrored=False, turned=180, proof=replace(proof, resampling="bicubic", exact=False)
    )
    assert explain(sized, Relation.REFRAMED, cat, copy) == (
        "copy.jpg is cat.png turned upside down, then resized to 30x20 and "
        "re-saved as JPEG quality about 85 (4:2:0), confirmed by re-encoding"
    )


def test_a_proof_is_said_of_the_copy_whichever_of_the_two_it_is() -> None:
    proof = Proof("a", quality=75, subsampling="4:4:4", progressive=True)
    facts = Facts(turned=90, copy="a", proof=proof)
    words = "turned 90° to the left, then re-saved as JPEG quality 75 (4:4:4, progressive)"
    assert explain(facts, Relation.REFRAMED, A, B) == f"a is b {words}, confirmed by re-encoding"
    lossless = replace(facts, proof=Proof("a", lossless=True))
    assert explain(lossless, Relation.REFRAMED, A, B) == (
        "a is b turned 90°, then re-saved losslessly except for rounding, confirmed by re-encoding"
    )


@pytest.mark.parametrize("doubt", [doubt for doubt in Doubt if doubt is not Doubt.NONE])
def test_every_doubt_has_its_sentence(doubt: Doubt) -> None:
    sentences = {one: explain(Facts(doubt=one), Relation.UNDECIDABLE, A, B) for one in Doubt}
    assert list(sentences.values()).count(sentences[doubt]) == 1


def test_files_of_several_pictures_are_called_what_they_are() -> None:
    short, long, still = replace(A, frames=3), replace(B, frames=12), replace(B, frames=1)
    facts = Facts(series=Series.FRAMES)

    def of(facts: Facts, a: PictureInfo, b: PictureInfo, relation: Relation = Relation.SIMILAR) -> str:
        return explain(facts, relation, a, b)

    assert of(facts, short, long) == "two animations with different numbers of frames (3 and 12)"
    pages = replace(facts, series=Series.PAGES)
    assert of(pages, short, long) == "two documents with different numbers of pages (3 and 12)"
    one = replace(facts, still="b", frame=4)
    assert of(one, long, still) == "b is frame 4 of the other, an animation of 12 frames"
    page = replace(pages, still="b", frame=4)
    assert of(page, long, still) == "b is page 4 of the other, a document of 12 pages"
    assert of(facts, long, still) == "an animation and a picture that is not one of its frames"
    second = replace(pages, frame=2)
    assert of(second, short, short, Relation.RESAVED) == (
        "all 3 pages are the same picture; page 2: the same picture, re-saved"
    )
    assert of(second, short, short, Relation.DIFFERENT) == "page 2 of 3 differs: different pictures"
    frame = replace(facts, frame=2)
    assert of(frame, short, short, Relation.DIFFERENT) == "frame 2 of 3 differs: different pictures"
    assert of(facts, short, short, Relation.SAME_PIXELS) == "all 3 frames are equal"


def test_a_lost_profile_and_small_pictures_are_said() -> None:
    small, large = replace(A, format="JPEG", jpeg=JPEG), replace(B, format="PNG", width=800, height=600)
    facts = Facts(lost_profile="Display P3")
    assert explain(facts, Relation.RESAVED, small, large) == (
        "the same picture, re-saved (400x300 against 800x600, JPEG against PNG); "
        "its color profile (Display P3) was lost"
    )
    proxies = Facts(proxies=True)
    assert explain(proxies, Relation.RESAVED, small, large) == "the same picture, re-saved"
    crop = Facts(proxies=True, placing=Placing.CROP, larger="a", copy="b", share_a=0.5)
    assert explain(crop, Relation.REFRAMED, large, small) == "the same picture, cropped to 50 %"
    faint = explain(replace(proxies, faint=True), Relation.RESAVED, A, B)
    assert faint == "the same picture, re-saved; what differs is no stronger than compression noise"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (OriginalReason.PROOF, "re-encoding it the way a was saved gives a"),
        (OriginalReason.ENLARGED, "enlarging it gives the other, which has no more detail"),
        (OriginalReason.WHOLE, "it contains all of the other and more"),
        (OriginalReason.CUT_OUT, "it is transparent where the other was filled"),
        (OriginalReason.DEPTH, "it has more bits per sample than the other"),
        (OriginalReason.CAMERA, "it has its camera data, which the other lost"),
        (OriginalReason.LARGER, "it is larger (800x600 against 400x300)"),
        (OriginalReason.JPEG_QUALITY, "it has the higher JPEG quality (90 against 60)"),
        (OriginalReason.LOSSLESS, "it is lossless (PNG), the other is not (JPEG)"),
        (OriginalReason.METADATA, "it has more metadata (500 bytes against 0)"),
        (OriginalReason.NONE, ""),
    ],
)
def test_the_reason_for_an_original_comes_with_its_numbers(reason: OriginalReason, words: str) -> None:
    worse = replace(A, format="JPEG", jpeg=JPEG)
    better = replace(B, format="PNG", jpeg=replace(JPEG, quality=90), width=800, height=600, metadata=500)
    facts = Facts(original="b", original_reason=reason)
    assert explain_original(facts, worse, better) == words
    assert reason is OriginalReason.PROOF or explain_original(facts.swapped(), better, worse) == words


def test_a_better_copy_goes_on_from_its_name_whatever_the_reason() -> None:
    for reason in OriginalReason:
        facts = Facts(original="a", original_reason=reason)
        one, two = replace(A, format="JPEG", jpeg=JPEG), replace(B, jpeg=JPEG)
        words = explain_better(facts, one, two)
        assert (words == "") == (reason is OriginalReason.NONE)
        assert not words or words.split()[0] in ("is", "has", "contains")


def test_what_lies_below_8_bits_is_said() -> None:
    deep, low = replace(A, mode="I;16"), replace(B, mode="L", name="low.png")
    alike = Facts(depth=Depth.ALIKE)
    assert explain(alike, Relation.RESAVED, deep, low) == (
        "the same picture, identical as displayed: a has 16 bits per sample, low.png has 8"
    )
    assert explain(alike, Relation.RESAVED, deep, deep) == (
        "the same picture, identical as displayed, but the stored 16-bit samples differ"
    )
    stretched = explain(Facts(depth=Depth.STRETCHED), Relation.DIFFERENT, deep, deep)
    assert stretched == ("different pictures, compared after stretching their narrow range of samples")


def test_an_exact_part_and_single_colors_are_said() -> None:
    page, row = replace(A, name="page.png"), replace(B, name="row.png", height=80)
    facts = Facts(placing=Placing.CROP, larger="a", copy="b", share_a=0.3, exact_at=(0, 120))
    words = "the same picture: row.png is cut out of page.png, pixel for pixel, 400x80 at (0, 120)"
    assert explain(facts, Relation.REFRAMED, page, row) == words
    assert explain(facts.swapped(), Relation.REFRAMED, row, page) == words
    colors = explain(Facts(one_color=True), Relation.DIFFERENT, A, B)
    assert colors == "different pictures: each is a single color, and the colors differ"
