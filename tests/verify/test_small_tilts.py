"""Frames that were tilted or warped a little: laid on each other by their map, so that an edit in them is seen."""

from __future__ import annotations

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import samepic
from samepic.tuning.verify import JUDGE
from samepic.verdict import Relation
from samepic.verify.judge import PairOdds, judge
from samepic.verify.mapping import edge_on_edge

NAMES = ("rocket", "chelsea", "coffee", "astronaut")


def small(path: Path) -> NDArray[np.uint8]:
    return np.asarray(Image.open(path).convert("RGB").resize((480, 360)))


def tilted(rgb: NDArray[np.uint8], degrees: float) -> NDArray[np.uint8]:
    """Return a picture turned a little in its frame, black where nothing is left."""
    height, width = rgb.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(rgb, turn, (width, height), flags=cv2.INTER_CUBIC), np.uint8)


def saved(rgb: NDArray[np.uint8], kind: str = "WEBP") -> bytes:
    out = io.BytesIO()
    Image.fromarray(rgb).save(out, kind, quality=80)
    return out.getvalue()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("degrees", [0.8, -1.0])
def test_a_small_tilt_is_told_and_is_no_resave(name: str, degrees: float, photos: dict[str, Path]) -> None:
    rgb = small(photos[name])
    verdict = samepic.compare(saved(rgb, "JPEG"), saved(tilted(rgb, degrees)))
    assert verdict.same
    assert verdict.relation == "reframed"


@pytest.mark.parametrize("name", NAMES)
def test_words_on_a_slightly_tilted_copy_are_an_edit(name: str, photos: dict[str, Path]) -> None:
    rgb = small(photos[name])
    written = tilted(rgb, 0.8)
    cv2.putText(written, "No 7", (300, 250), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255), 1, cv2.LINE_AA)
    verdict = samepic.compare(saved(rgb, "JPEG"), saved(written))
    assert not verdict.same
    assert verdict.relation == "edited"
    assert any(r.x <= 345 and r.x + r.w >= 300 and r.y <= 256 and r.y + r.h >= 232 for r in verdict.regions)


def test_waves_in_the_frame_stay_a_copy(photos: dict[str, Path]) -> None:
    rgb = small(photos["astronaut"])
    y, x = np.mgrid[:360, :480].astype(np.float32)
    waved = cv2.remap(rgb, x + 2 * np.sin(y / 40), y + 2 * np.sin(x / 60), cv2.INTER_CUBIC)
    assert samepic.compare(saved(rgb, "JPEG"), saved(np.asarray(waved, np.uint8))).same


@pytest.mark.parametrize("same", [JUDGE.same, JUDGE.resaved - 0.001, JUDGE.resaved])
def test_what_is_acted_on_by_default_is_asked_for_more(same: float, photos: dict[str, Path]) -> None:
    rgb = small(photos["rocket"])
    found = judge(PairOdds(1.0, same), edge_on_edge(rgb, rgb), (), 0.0, adjusted=False)
    assert found.relation == (Relation.RESAVED if same >= JUDGE.resaved else Relation.ADJUSTED)
    assert found.probability == same
