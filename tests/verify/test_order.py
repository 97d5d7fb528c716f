"""The order of a and b: exchanging the two exchanges the point of view, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageEnhance, ImageOps

import samepic
from samepic.api import compare_pictures
from samepic.limits import LIMITS
from samepic.picture import as_picture, load
from samepic.verdict import Region, Relation, Transform, Verdict
from samepic.verify.pipeline import comes_first
from samepic.verify.resave import ProofScope
from tests.kits.rounds import rounds
from tests.verify.conftest import saved

Change = Callable[[Image.Image], Image.Image]


def tilted(cat: Image.Image) -> Image.Image:
    return cat.rotate(6, Image.Resampling.BICUBIC, expand=True)


def painted(cat: Image.Image) -> Image.Image:
    changed = cat.copy()
    changed.paste((250, 20, 20), (60, 200, 120, 240))
    return changed


def noisy(cat: Image.Image) -> Image.Image:
    noise = np.random.default_rng(3).normal(0, 14, (cat.height, cat.width, 3))
    return Image.fromarray(np.clip(np.asarray(cat) + noise, 0, 255).astype(np.uint8))


CHANGES: dict[str, Change] = {
    "crop": lambda cat: cat.crop((60, 30, 380, 270)),
    "border": lambda cat: ImageOps.expand(cat, 30, "white"),
    "turn": lambda cat: cat.transpose(Image.Transpose.ROTATE_270),
    "mirror": ImageOps.mirror,
    "mirrored turn": lambda cat: ImageOps.mirror(cat).transpose(Image.Transpose.ROTATE_90),
    "brighter": lambda cat: ImageEnhance.Brightness(cat).enhance(1.25),
    "gray": ImageOps.grayscale,
    "noise": noisy,
    "edit": painted,
    "edit and mirror": lambda cat: ImageOps.mirror(painted(cat)),
    "edit and crop": lambda cat: painted(cat).crop((30, 20, 440, 290)),
    "half size": lambda cat: cat.resize((cat.width // 2, cat.height // 2), Image.Resampling.LANCZOS),
    "tilt": tilted,
    "nothing": lambda cat: cat,
}


def both_ways(a: samepic.Source, b: samepic.Source) -> tuple[Verdict, Verdict]:
    """Return the verdicts of a pair and of the pair exchanged, once what must hold of every pair holds."""
    there, back = samepic.compare(a, b), samepic.compare(b, a)
    assert there.relation is back.relation
    assert there.same is back.same
    assert there.probability == pytest.approx(back.probability, abs=0.001)
    assert len(there.regions) == len(back.regions)
    assert there.facts.to_dict() == back.facts.swapped().to_dict()
    assert there.facts.original == there.original
    assert {"a": "b", "b": "a", "": ""}[there.original] == back.original
    assert (there.transform is None) == (back.transform is None)
    assert set(there.measures) == set(back.measures)
    assert there.visibility == back.visibility
    if there.transform is not None and back.transform is not None:
        assert_undone(there.transform, back.transform)
    return there, back


def assert_undone(there: Transform, back: Transform) -> None:
    one, two = (np.array(t.matrix).reshape(3, 3) for t in (there, back))
    round_trip = one @ two
    assert np.allclose(round_trip / round_trip[2, 2], np.eye(3), atol=1e-3)
    assert there.mirrored is back.mirrored
    assert back.turned == (there.turned if there.mirrored else -there.turned % 360)
    assert {"a": "b", "b": "a", "": ""}[there.larger] == back.larger and there.kept == back.kept


def assert_within(regions: tuple[Region, ...], picture: tuple[int, int]) -> None:
    for r in regions:
        assert r.x >= 0 and r.y >= 0 and r.w > 0 and r.h > 0
        assert r.x + r.w <= picture[0] and r.y + r.h <= picture[1]


@pytest.mark.parametrize(("change", "quality"), rounds(product(CHANGES, (None, 80))))
def test_exchanging_the_two_changes_only_the_point_of_view(
    cat: Image.Image, change: str, quality: int | None
) -> None:
    made = CHANGES[change](cat).convert("RGB")
    copy: samepic.Source = made if quality is None else saved(made, quality=quality)
    there, back = both_ways(cat, copy)
    assert there.relation is not Relation.DIFFERENT
    assert_within(there.regions, cat.size)
    assert_within(back.regions, made.size)


def test_a_box_is_carried_to_where_the_change_lies_in_the_other_picture(cat: Image.Image) -> None:
    changed = ImageOps.mirror(painted(cat))
    there, back = both_ways(cat, saved(changed, quality=85))
    (one,), (two,) = there.regions, back.regions
    assert abs(one.x - 60) < 12 and abs(one.y - 200) < 12
    assert abs(two.x - (cat.width - 120)) < 12 and abs(two.y - 200) < 12


def test_a_box_of_a_smaller_copy_is_scaled(cat: Image.Image) -> None:
    small = painted(cat).resize((cat.width * 2 // 3, cat.height * 2 // 3), Image.Resampling.LANCZOS)
    there, back = both_ways(cat, small)
    (one,), (two,) = there.regions, back.regions
    assert abs(one.x - 60) < 12 and abs(one.w - 60) < 20
    assert abs(two.x - 40) < 9 and abs(two.w - 40) < 15


def test_a_proof_leads_the_same_way_from_either_side(cat: Image.Image) -> None:
    there, back = both_ways(cat, saved(cat, quality=60))
    assert (there.original, back.original) == ("a", "b")
    assert there.facts.proof is not None and there.facts.proof.copy == "b"
    assert "b is a re-saved" in there.explanation and "a is b re-saved" in back.explanation


def test_a_re_save_of_finer_coding_is_proven_from_either_side(cat: Image.Image) -> None:
    first = saved(cat, quality=50)
    again = saved(opened_image(first), quality=92)
    there, back = both_ways(first, again)
    assert there.relation is Relation.RESAVED and there.facts.proof is not None
    assert (there.original, back.original) == ("a", "b")


@pytest.mark.parametrize("size", [(450, 300), (225, 150)])
def test_who_holds_one_for_the_original_learns_whether_it_is_the_copy(
    cat: Image.Image, size: tuple[int, int]
) -> None:
    """Then that is proven as ever; that the other is the copy is not, and all else stays as it is."""
    first = load(saved(cat, quality=90))
    copy = load(saved(opened_image(first.data or b"").resize(size), quality=70))
    for a, b, held, other in (
        (first, copy, ProofScope.COPY_A, ProofScope.COPY_B),
        (copy, first, ProofScope.COPY_B, ProofScope.COPY_A),
    ):
        every, unproven, proven = (
            compare_pictures(a, b, prove=asked) for asked in (ProofScope.ALL, held, other)
        )
        assert every.relation == unproven.relation == proven.relation == Relation.RESAVED
        assert every.original == unproven.original == proven.original == ("a" if a is first else "b")
        assert unproven.facts.proof is None
        assert every.facts.proof is not None and proven.facts.proof == every.facts.proof


@pytest.mark.parametrize("size", [(450, 300), (225, 150)])
def test_who_needs_the_relation_alone_gets_it_without_a_proof_that_cannot_change_it(
    cat: Image.Image, coffee: Path, size: tuple[int, int]
) -> None:
    first = load(saved(cat, quality=90))
    image = opened_image(first.data or b"").resize(size)
    sure, gray = load(saved(image, quality=70)), load(saved(image.convert("L"), quality=70))
    for copy in (
        sure,
        gray,
        load(saved(painted(image))),
        load(saved(image.rotate(90, expand=True))),
        load(coffee),
    ):
        every, alone = (
            compare_pictures(first, copy, prove=asked) for asked in (ProofScope.ALL, ProofScope.RELATION)
        )
        assert (every.relation, every.same) == (alone.relation, alone.same)
        assert (alone.facts.proof is None) or copy is not sure


def opened_image(data: bytes) -> Image.Image:
    return Image.fromarray(load(data).rgb)


def test_two_views_and_two_scenes_stay_what_they_are(cat: Image.Image, pixels: dict[str, np.ndarray]) -> None:
    for other in (name for name in pixels if name != "chelsea"):
        there, _ = both_ways(cat, pixels[other])
        assert there.same is False


def test_animations_are_looked_at_from_either_side(cat: Image.Image, tmp_path: Path) -> None:
    frames = [cat.rotate(angle) for angle in (0, 10, 20)]
    moving = tmp_path / "moving.gif"
    frames[0].save(moving, save_all=True, append_images=frames[1:])
    there, back = both_ways(moving, frames[1])
    assert (there.facts.still, there.facts.frame, back.facts.still) == ("b", 2, "a")


@st.composite
def alterations(draw: st.DrawFn) -> tuple[Change, int | None]:
    """Draw a crop, a tone, a size, a turn and perhaps a patch, and the JPEG quality of the copy."""
    corner = draw(st.integers(0, 60)), draw(st.integers(0, 40))
    gain, size = draw(st.sampled_from([0.8, 1.0, 1.2])), draw(st.sampled_from([0.5, 0.8, 1.0, 1.3]))
    turn, patch = draw(st.sampled_from([None, *Image.Transpose])), draw(st.booleans())

    def altered(cat: Image.Image) -> Image.Image:
        made = (painted(cat) if patch else cat).crop((*corner, *cat.size))
        made = ImageEnhance.Brightness(made).enhance(gain)
        made = made.resize((round(made.width * size), round(made.height * size)), Image.Resampling.BICUBIC)
        return made if turn is None else made.transpose(turn)

    return altered, draw(st.sampled_from([None, 60, 90]))


@settings(
    max_examples=settings().max_examples // 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(alteration=alterations())
def test_whatever_was_done_either_side_gives_one_answer(
    cat: Image.Image, alteration: tuple[Change, int | None]
) -> None:
    altered, quality = alteration
    made = altered(cat)
    there, back = both_ways(cat, made if quality is None else saved(made, quality=quality))
    assert_within(there.regions, cat.size)
    assert_within(back.regions, made.size)


def test_one_of_two_comes_first_whichever_way_they_are_given() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3)).astype(np.uint8)
    other = noise.copy()
    other[1, 1] ^= 7  # beyond the rows and columns that are looked at first
    large = np.asarray(cv2.resize(noise, (90, 60)), np.uint8)
    for one, two in ((noise, other), (noise, large), (large, other)):
        a, b = as_picture(one, LIMITS), as_picture(two, LIMITS)
        assert comes_first(a, b) is not comes_first(b, a)
    assert comes_first(as_picture(large, LIMITS), as_picture(noise, LIMITS))
