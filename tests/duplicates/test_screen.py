"""What copy codes propose is screened by features, which the cache keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from samepic.duplicates.cache import Cache
from samepic.duplicates.scan import DistinctPicture, MemoryBudget
from samepic.duplicates.verify import CandidateScreen
from samepic.duplicates.walk import File
from samepic.fingerprints import fingerprint
from samepic.picture import load
from samepic.verify.features import Features, find_features, screening_features, shared_features

CAT, CROP, CUP, PLAIN = range(4)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> list[Path]:
    """Return files of a cat, of a quarter of it, of a cup, and of a plain page with a spot."""
    folder = tmp_path_factory.mktemp("screen")
    cat, cup = (Image.open(photos[name]).convert("RGB") for name in ("chelsea", "coffee"))
    page = np.full((200, 300, 3), 255, np.uint8)
    page[90:110, 140:160] = 0
    width, height = cat.size
    crop = cat.crop((width // 4, height // 4, 3 * width // 4, 3 * height // 4))
    made = {"cat.jpg": cat, "crop.jpg": crop, "cup.jpg": cup, "page.png": Image.fromarray(page)}
    for name, image in made.items():
        image.save(folder / name)
    return [folder / name for name in made]


def screen_of(files: list[Path], cache: Cache) -> CandidateScreen:
    items = []
    for path in files:
        prints = fingerprint(path, copycode=True)
        items.append(DistinctPicture(prints, [File(str(path), path.stat().st_size, 0)]))
    return CandidateScreen(items, cache, MemoryBudget(2**28))


def test_a_crop_passes_and_another_photograph_does_not(pictures: list[Path]) -> None:
    with Cache(None) as cache:
        screen = screen_of(pictures, cache)
        assert screen.passes(CAT, CROP) and screen.passes(CROP, CAT)
        assert not screen.passes(CAT, CUP) and not screen.passes(CUP, CROP)
        assert screen.dismissed == 2


def test_what_features_cannot_say_passes(pictures: list[Path], tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.jpg"
    damaged.write_bytes(pictures[CAT].read_bytes())
    with Cache(None) as cache:
        screen = screen_of([*pictures, damaged], cache)
        damaged.write_bytes(b"no picture")
        assert screen.passes(CAT, 4), "damaged since"


def test_pairs_with_few_features_pass_where_their_codes_are_near(
    pictures: list[Path], tmp_path: Path
) -> None:
    page = Image.open(pictures[PLAIN])
    moved = Image.new("RGB", (320, 220), "white")
    moved.paste(page, (0, 0))
    moved.save(tmp_path / "moved.png")
    with Cache(None) as cache:
        screen = screen_of([*pictures, tmp_path / "moved.png"], cache)
        assert screen.passes(PLAIN, 4) and not screen.passes(CAT, PLAIN)


def test_a_small_inset_passes_though_it_shares_no_features(photos: dict[str, Path], tmp_path: Path) -> None:
    small, large = (Image.open(photos[name]).convert("RGB") for name in ("chelsea", "coffee"))
    shown = large.copy()
    shown.paste(small.resize((large.width // 4, large.width // 4 * small.height // small.width)), (60, 40))
    shown.save(tmp_path / "shown.png")
    with Cache(None) as cache:
        screen = screen_of([photos["chelsea"], tmp_path / "shown.png"], cache)
        one, two = (screening_features(load(p).rgb) for p in (photos["chelsea"], tmp_path / "shown.png"))
        assert shared_features(one, two) == 0
        assert screen.passes(0, 1)


def test_answers_and_features_are_taken_from_the_cache(pictures: list[Path], tmp_path: Path) -> None:
    copies = [tmp_path / path.name for path in pictures]
    for path, copy in zip(pictures, copies, strict=True):
        copy.write_bytes(path.read_bytes())
    file = tmp_path / "find.db"
    with Cache(file) as cache:
        screen = screen_of(copies, cache)
        assert not screen.passes(CAT, CUP) and screen.passes(CAT, CROP)
    with Cache(file) as cache:
        screen = screen_of(copies, cache)
        for copy in copies:
            copy.unlink()
        assert not screen.passes(CUP, CAT) and screen.passes(CROP, CAT), "the answers, whichever way round"
        assert not screen.passes(CROP, CUP), "the features"
        assert screen.dismissed == 2


def test_garbled_features_are_made_anew(pictures: list[Path], tmp_path: Path) -> None:
    cup, file = fingerprint(pictures[CUP]).sha256, tmp_path / "find.db"
    with Cache(file) as cache:
        cache.put_features(cup, b"garbled")
    with Cache(file) as cache:
        assert not screen_of(pictures, cache).passes(CAT, CUP)
    with Cache(file) as cache:
        data = cache.features(cup)
        assert data is not None and len(Features.from_bytes(data).at) > 60


def test_features_come_back_from_bytes_as_they_were(chelsea: Path) -> None:
    found = screening_features(load(chelsea).rgb)
    again = Features.from_bytes(found.to_bytes())
    assert again.size == found.size
    assert np.array_equal(again.at, found.at) and np.array_equal(again.descriptors, found.descriptors)
    assert shared_features(found, again) == shared_features(found, found) > 100
    for data in (b"", b"1234567", found.to_bytes()[:-1]):
        with pytest.raises(ValueError, match="40 for each feature"):
            Features.from_bytes(data)


def test_mirrored_copies_share_features(chelsea: Path) -> None:
    rgb = load(chelsea).rgb
    one, other = screening_features(rgb), screening_features(np.ascontiguousarray(rgb[:, ::-1]))
    assert shared_features(one, other) > 100


def test_a_picture_too_narrow_for_features_has_none() -> None:
    strip = np.random.default_rng(1).integers(0, 256, (20, 300, 3)).astype(np.uint8)
    assert len(screening_features(strip).at) == 0
    assert len(find_features(strip[..., 0], 100).at) == 0
