"""Facts: values that travel, JSON that does not surprise, and a point of view that can be exchanged."""

from __future__ import annotations

import json
import typing
from dataclasses import fields, replace
from itertools import product

import pytest

from samepic.facts import (
    Depth,
    DetailChange,
    Facts,
    OriginalReason,
    Placing,
    Proof,
    Series,
    Side,
    ToneChange,
)
from samepic.verdict import PictureInfo, Relation
from samepic.verify.explain import explain

A = PictureInfo("<array>", "array", 400, 300)
B = PictureInfo("<array>", "array", 200, 150)
FULL = Facts(
    turned=90,
    tilt=3.0,
    placing=Placing.STRIPS,
    larger="b",
    copy="b",
    share_a=0.4,
    share_b=0.7,
    sides=(Side.ABOVE,),
    scale=0.5,
    tone=ToneChange.BRIGHTER,
    detail=DetailChange.GRAINIER,
    exact_at=(7, 9),
    places=3,
    depth=Depth.STRETCHED,
    proof=Proof("b", quality=75, subsampling="4:2:0"),
    original="a",
    original_reason=OriginalReason.PROOF,
    series=Series.FRAMES,
    still="a",
)


def test_the_json_holds_every_fact_by_its_name_and_nothing_else() -> None:
    shape = FULL.to_dict()
    assert list(shape) == [one.name for one in fields(Facts)]
    assert json.loads(json.dumps(shape)) == shape
    assert (shape["tone"], shape["sides"], shape["scale"]) == ("brighter", ["above"], 0.5)
    assert (shape["depth"], shape["exact_at"]) == ("stretched", [7, 9])
    assert shape["proof"] == {
        "copy": "b",
        "lossless": False,
        "quality": 75,
        "exact": True,
        "subsampling": "4:2:0",
        "progressive": False,
        "resampling": "",
    }
    assert Facts().to_dict()["proof"] is None


def test_no_fact_is_a_free_text_but_names_and_letters() -> None:
    kinds = typing.get_type_hints(Facts)
    texts = {name for name, kind in kinds.items() if kind is str}
    assert texts == {"larger", "copy", "original", "still", "lost_profile"}


def test_exchanging_a_and_b_mirrors_every_fact_that_has_a_side() -> None:
    other = FULL.swapped()
    assert (other.turned, other.larger, other.copy, other.original, other.still) == (270, "a", "a", "b", "b")
    assert (other.share_a, other.share_b, other.scale) == (0.7, 0.4, 2.0)
    assert (other.tone, other.detail) == (ToneChange.DARKER, DetailChange.LESS_GRAINY)
    assert other.proof is not None and other.proof.copy == "a"
    assert (other.depth, other.exact_at) == (Depth.STRETCHED, (7, 9))
    assert (other.tilt, other.places, other.placing, other.sides) == (3.0, 3, Placing.STRIPS, (Side.ABOVE,))


@pytest.mark.parametrize(("turned", "mirrored"), list(product((0, 90, 180, 270), (False, True))))
def test_exchanged_twice_every_value_is_what_it_was(turned: int, mirrored: bool) -> None:
    for tone, detail, placing in product(ToneChange, DetailChange, Placing):
        facts = replace(FULL, turned=turned, mirrored=mirrored, tone=tone, detail=detail, placing=placing)
        assert facts.swapped().swapped() == facts


@pytest.mark.parametrize("relation", Relation)
def test_every_relation_has_a_sentence_for_every_way_of_lying(relation: Relation) -> None:
    for placing, larger, tone, detail in product(Placing, ("", "a", "b"), ToneChange, DetailChange):
        facts = Facts(placing=placing, larger=larger, tone=tone, detail=detail, sides=(Side.LEFT, Side.RIGHT))
        sentence = explain(facts, relation, A, B)
        assert sentence and sentence == sentence.strip() and "  " not in sentence
        assert ", ," not in sentence and not sentence.endswith(",")


def test_what_is_the_same_is_said_to_be_and_nothing_else() -> None:
    same = {relation for relation in Relation if explain(Facts(), relation, A, B).startswith("the same")}
    assert same == set(Relation) - {
        Relation.SAME_PIXELS,
        Relation.EDITED,
        Relation.SIMILAR,
        Relation.DIFFERENT,
        Relation.UNDECIDABLE,
    }
