"""compare says of what was done to a whole frame whether a person would see it."""

from __future__ import annotations

import io
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

import samepic
from samepic.api import compare_pictures
from samepic.measures.ssimulacra2 import ssimulacra2
from samepic.picture import load
from samepic.verdict import Relation, Verdict
from tests.kits.pictures import opened, saved

MODULE = import_module("samepic.api")


@pytest.mark.parametrize(
    ("quality", "words"),
    [
        (30, "visible quality loss"),
        (75, "barely visible difference side by side"),
        (90, "no visible difference side by side"),
        (98, "no visible difference when one replaces the other in place"),
    ],
)
def test_a_saved_copy_is_told_with_how_visible_it_is(quality: int, words: str, coffee: Path) -> None:
    verdict = samepic.compare(coffee, saved(opened(coffee), quality=quality))
    assert verdict.relation is Relation.RESAVED
    assert verdict.visibility is not None and verdict.visibility.words == words
    assert verdict.explanation.endswith(f"; {words}")
    assert verdict.to_dict()["visibility"] == {"score": verdict.visibility.score, "words": words}


def test_the_score_is_that_of_the_measure(chelsea: Path) -> None:
    image = opened(chelsea)
    copy = saved(image, quality=60)
    with Image.open(io.BytesIO(copy)) as decoded:
        score = ssimulacra2(np.asarray(image), np.asarray(decoded.convert("RGB")))
    verdict = samepic.compare(chelsea, copy)
    assert verdict.visibility is not None and verdict.visibility.score == pytest.approx(score, abs=0.3)


def test_an_adjusted_copy_has_it_too(chelsea: Path) -> None:
    brighter = ImageEnhance.Brightness(opened(chelsea)).enhance(1.25)
    verdict = samepic.compare(chelsea, saved(brighter, quality=90))
    assert verdict.relation is Relation.ADJUSTED
    assert verdict.visibility is not None and verdict.visibility.words == "visible difference"


def test_of_two_sizes_the_larger_is_brought_down(chelsea: Path) -> None:
    even = opened(chelsea).crop((0, 0, 450, 300))
    verdict = samepic.compare(even, saved(even.resize((225, 150), Image.Resampling.BOX), "PNG"))
    assert verdict.relation is Relation.RESAVED
    assert verdict.visibility is not None and verdict.visibility.score > 95


def test_the_proven_original_is_the_original_whichever_way_round_they_are_given(astronaut: Path) -> None:
    copy = saved(opened(astronaut), quality=40)
    there, back = samepic.compare(astronaut, copy), samepic.compare(copy, astronaut)
    assert (there.original, back.original) == ("a", "b")
    assert there.visibility == back.visibility is not None


def others(image: Image.Image) -> dict[Relation, bytes]:
    edited = image.copy()
    edited.paste((255, 0, 0), (100, 100, 150, 140))
    return {
        Relation.SAME_PIXELS: saved(image, "WEBP", lossless=True),
        Relation.REFRAMED: saved(image.crop((30, 20, 400, 280)), quality=90),
        Relation.EDITED: saved(edited, quality=90),
    }


def test_nothing_is_said_of_other_relations(chelsea: Path, coffee: Path) -> None:
    for relation, data in others(opened(chelsea)).items():
        verdict = samepic.compare(chelsea, data)
        assert (verdict.relation, verdict.visibility) == (relation, None)
        assert verdict.to_dict()["visibility"] is None
    assert samepic.compare(chelsea, chelsea).visibility is None
    assert samepic.compare(chelsea, coffee).visibility is None


def test_nothing_is_said_of_tiny_pictures_and_of_animations(chelsea: Path) -> None:
    small = opened(chelsea).resize((120, 80))
    assert samepic.compare(saved(small, "PNG"), saved(small, quality=80)).visibility is None
    frames = [opened(chelsea), opened(chelsea).transpose(Image.Transpose.ROTATE_180)]
    copies = [saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], quality=q) for q in (90, 60)]
    verdict = samepic.compare(*copies)
    assert (verdict.relation, verdict.visibility) == (Relation.RESAVED, None)


def test_it_need_not_be_asked_for(chelsea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = saved(opened(chelsea))
    asked = samepic.compare(chelsea, copy)
    monkeypatch.setattr(MODULE, "visibility_of", None)  # which cannot be called
    verdicts: list[Verdict] = [
        samepic.compare(chelsea, copy, visibility=False),
        compare_pictures(load(chelsea), load(copy)),
    ]
    for verdict in verdicts:
        assert verdict.visibility is None
        assert asked.visibility and f"{verdict.explanation}; {asked.visibility.words}" == asked.explanation


def test_a_search_of_folders_does_not_pay_for_it(
    chelsea: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MODULE, "visibility_of", None)
    opened(chelsea).save(tmp_path / "a.png")
    opened(chelsea).save(tmp_path / "b.jpg")
    (group,) = samepic.find([tmp_path])
    assert not isinstance(group, samepic.Unreadable) and len(group.members) == 1


def test_a_gate_does_not_pay_for_it(chelsea: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MODULE, "visibility_of", None)
    with samepic.Gate(":memory:") as gate:
        assert gate.admit(chelsea.read_bytes(), key="one").outcome == "accepted"
        assert gate.admit(saved(opened(chelsea)), key="two").outcome == "duplicate"


def test_it_is_json(chelsea: Path) -> None:
    verdict = samepic.compare(chelsea, saved(opened(chelsea)))
    assert json.loads(json.dumps(verdict.to_dict()))["visibility"]["score"] <= 100
