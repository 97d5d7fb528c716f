"""find --copies: crops, captioned and turned copies that PDQ is too far from."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

import samepic
from samepic.duplicates.candidates import CandidateGraph
from samepic.errors import MissingPartError
from samepic.fingerprints import copycode as module
from samepic.fingerprints import network
from samepic.tuning.search import SEARCH
from tests.duplicates.find_scene import names, settle


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Path:
    """Return a folder with photographs, and of two of them a crop to half and a copy under a caption."""
    folder = tmp_path_factory.mktemp("altered")
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        image = Image.open(photos[name]).convert("RGB")
        image.save(folder / f"{name}.png")
        if name in ("chelsea", "rocket"):
            continue
        width, height = image.size
        left, top = round(width * 0.147), round(height * 0.147)
        image.crop((left, top, width - left, height - top)).save(folder / f"{name}-crop.jpg", quality=85)
        captioned = Image.new("RGB", (width, height + height // 3), "white")
        captioned.paste(image, (0, height // 3))
        ImageDraw.Draw(captioned).text(
            (20, 20), "WHAT HAPPENED ON MONDAY", fill="black", font_size=height // 12
        )
        captioned.save(folder / f"{name}-caption.jpg", quality=85)
    settle(folder)
    return folder


def together(groups: list[list[str]]) -> list[set[str]]:
    return sorted((set(group) for group in groups), key=min)


@pytest.mark.slow
def test_a_crop_to_half_and_a_captioned_copy_are_found_only_with_copies(
    altered: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "find.db"
    plain = names(samepic.find(altered, same_if="edited", cache=cache))
    assert not any("crop" in name for group in plain for name in group)
    # The same cache: what it knows has no copy codes yet.
    for known in (cache, False):
        found = together(names(samepic.find(altered, same_if="edited", copies=True, cache=known)))
        assert found == [
            {f"{name}.png", f"{name}-crop.jpg", f"{name}-caption.jpg"} for name in ("astronaut", "coffee")
        ]
    assert names(samepic.find(altered, same_if="edited", cache=cache)) == plain


def test_one_picture_of_a_group_stands_for_those_saved_again(photos: dict[str, Path], tmp_path: Path) -> None:
    image = Image.open(photos["coffee"]).convert("RGB")
    image.save(tmp_path / "coffee.png")
    for quality in (60, 70, 80, 90):
        image.save(tmp_path / f"coffee-{quality}.jpg", quality=quality)
    image.crop((60, 40, 540, 360)).save(tmp_path / "coffee-crop.jpg")
    Image.open(photos["rocket"]).save(tmp_path / "rocket.jpg")
    caches: list[Path | bool] = [tmp_path / "find.db", tmp_path / "find.db", False]
    for turn, known in enumerate(caches):
        seen: list[samepic.Progress] = []
        (group,) = samepic.find(tmp_path, copies=True, cache=known, progress=seen.append)
        assert group.reference.path.endswith("coffee.png") and len(group.members) == 5, turn
        coded = [step for step in seen if step.stage == "coding"]
        assert [(step.done, step.total) for step in coded] == [(1, 3), (2, 3), (3, 3)]
        done = [step.work[0] / step.work[1] for step in seen if step.stage != "searching"]
        assert done[-1] == 1 and min(done) >= 0 and max(done) <= 1


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_changes_before_its_copy_code_is_made_is_listed(
    photos: dict[str, Path], tmp_path: Path, *, gone: bool
) -> None:
    for name in ("coffee", "rocket"):
        Image.open(photos[name]).convert("RGB").save(tmp_path / f"{name}.png")

    def change(step: samepic.Progress) -> None:
        if step.stage == "searching" and gone:
            (tmp_path / "rocket.png").unlink(missing_ok=True)
        elif step.stage == "searching":
            (tmp_path / "rocket.png").write_bytes((tmp_path / "coffee.png").read_bytes())

    listed: list[samepic.Unreadable] = []
    found = samepic.find(tmp_path, copies=True, cache=False, unreadable=listed.append, progress=change)
    assert list(found) == []
    assert [Path(one.path).name for one in listed] == ["rocket.png"]
    assert ("no such file" if gone else "changed while it was read") in listed[0].error


def test_with_copies_and_without_the_network_the_error_says_so(
    altered: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(network, "_local", threading.local())
    monkeypatch.setattr(module, "MODEL", tmp_path / "copycode.onnx")
    with pytest.raises(MissingPartError, match=r"copycode\.onnx is missing"):
        list(samepic.find(altered, copies=True, cache=False))


def coded(
    number: int, code: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], parts: bytes = b""
) -> samepic.Fingerprint:
    forms = np.random.default_rng(number).integers(0, 256, 256, np.uint8).tobytes()
    return samepic.Fingerprint(
        f"{number:064x}", "", forms, 90, 90, 64, 64, "JPEG", copycode=code.tobytes(), copycode_parts=parts
    )


def test_candidates_by_copy_code_go_both_ways_and_stand_behind_those_of_pdq() -> None:
    chance = np.random.default_rng(3)
    codes = chance.integers(0, 256, (12, 32), np.uint8)
    near = codes[0].copy()
    near[:2] ^= 0xFF
    prints = [coded(n, code) for n, code in enumerate(codes)] + [coded(12, near)]
    quarters = chance.integers(0, 256, 96, np.uint8).tobytes() + codes[5].tobytes()
    prints.append(coded(13, chance.integers(0, 256, 32, np.uint8), quarters))
    found = CandidateGraph(prints, lambda _: None)
    assert all(not found[index] for index in range(14)) and found.pairs == 0
    found.add_copycodes(dict(enumerate(prints)), lambda _: None)
    assert found[0] == {12: SEARCH.radius + 16} and found[12] == {0: SEARCH.radius + 16}
    assert found[13] == {5: SEARCH.radius} and found[5] == {13: SEARCH.radius}
    assert (found.pairs, found.copycode_pairs) == (2, 2)
    assert {
        index: found.copycode_candidates(index) for index in range(14) if found.copycode_candidates(index)
    } == {0: [12], 5: [13]}
    assert not any(found.pdq_candidates(index) or found.count(index) for index in range(14))
