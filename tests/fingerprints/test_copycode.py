"""The copy code: near for altered copies, far for other pictures, and the same bits however it is computed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import samepic
from samepic.errors import FingerprintError, MissingPartError
from samepic.fingerprints import Fingerprint, network
from samepic.fingerprints import copycode as module
from samepic.fingerprints.copycode import COPYCODE_BYTES, PARTS, copycode, copycodes
from samepic.picture import load

GOLDEN = json.loads((Path(__file__).parent.parent / "golden" / "copycode.json").read_text())
FLIPS = 4
"""Bits by which codes may differ between processors: values that stand on their threshold."""


def bits(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


def code_of(path: Path) -> bytes:
    return samepic.fingerprint(path, copycode=True).copycode


def middle(path: Path, share: float) -> Image.Image:
    """Return the middle of a picture that holds this share of its area."""
    image = Image.open(path).convert("RGB")
    side = share**0.5
    width, height = round(image.width * side), round(image.height * side)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def test_it_is_made_only_when_asked_for(astronaut: Path) -> None:
    plain, full = samepic.fingerprint(astronaut), samepic.fingerprint(astronaut, copycode=True)
    assert plain.copycode == b""
    assert len(full.copycode) == COPYCODE_BYTES
    assert len(full.copycode_parts) == PARTS * COPYCODE_BYTES
    assert full.to_dict()["copycode"] == full.copycode.hex()
    assert Fingerprint.parse(str(full)) == full


def test_the_codes_of_the_example_photographs_are_those_written_down(photos: dict[str, Path]) -> None:
    far = {name: bits(code_of(photos[name]), bytes.fromhex(code)) for name, code in GOLDEN.items()}
    assert max(far.values()) <= FLIPS, far


def nearest(code: bytes, codes: dict[str, bytes]) -> str:
    return min(codes, key=lambda name: bits(code, codes[name]))


def test_crops_turns_and_captions_are_nearer_than_any_other_photograph(photos: dict[str, Path]) -> None:
    codes = {name: code_of(path) for name, path in photos.items()}
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        half = np.asarray(middle(photos[name], 0.5))
        captioned = np.asarray(Image.open(photos[name]).convert("RGB")).copy()
        captioned[: captioned.shape[0] // 6] = 255
        cv2.putText(captioned, "SOME WORDS", (20, 50), cv2.FONT_HERSHEY_SIMPLEX, 1.5, (0, 0, 0), 3)
        for altered in (half, captioned, np.rot90(half), half[:, ::-1]):
            assert nearest(copycode(np.ascontiguousarray(altered)), codes) == name


def test_each_quarter_of_a_collage_is_nearest_to_the_photograph_in_it(photos: dict[str, Path]) -> None:
    names = ("astronaut", "coffee", "chelsea", "rocket")
    codes = {name: code_of(path) for name, path in photos.items()}
    tiles = [np.asarray(Image.open(photos[name]).convert("RGB").resize((320, 240))) for name in names]
    collage = np.concatenate([np.concatenate(tiles[:2], axis=1), np.concatenate(tiles[2:], axis=1)])
    made = copycodes(collage)[: (1 + PARTS) * COPYCODE_BYTES]
    parts = [made[at : at + COPYCODE_BYTES] for at in range(COPYCODE_BYTES, len(made), COPYCODE_BYTES)]
    assert [nearest(part, codes) for part in parts] == list(names)


_PROGRAM = """
import sys, cv2
cv2.setNumThreads(int(sys.argv[1]))
import samepic
for path in sys.argv[2:]:
    print(samepic.fingerprint(path, copycode=True).copycode.hex())
"""


@pytest.mark.slow
def test_bits_are_the_same_in_other_processes_and_on_other_numbers_of_threads(
    photos: dict[str, Path],
) -> None:
    paths = [photos[name] for name in ("astronaut", "rocket", "chelsea")]
    here = [code_of(path).hex() for path in paths]
    for threads in ("1", "3"):
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, threads, *map(str, paths)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": threads},
        )
        assert done.stdout.split() == here, threads


def test_bits_are_the_same_when_many_are_made_at_once(photos: dict[str, Path]) -> None:
    paths = list(photos.values())
    alone = [code_of(path) for path in paths]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(code_of, paths * 3)) == alone * 3


def test_a_reduced_decode_gives_nearly_the_code_of_the_whole(astronaut: Path, tmp_path: Path) -> None:
    large = Image.open(astronaut).resize((2048, 2048), Image.Resampling.LANCZOS)
    for name, progressive in (("plain.jpg", False), ("progressive.jpg", True)):
        large.save(tmp_path / name, quality=90, progressive=progressive)
        whole = copycode(load(tmp_path / name))
        assert bits(code_of(tmp_path / name), whole) <= (16 if progressive else 12)
        assert bits(samepic.fingerprint(tmp_path / name, copycode=True, reference=True).copycode, whole) == 0


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_is_coded_upright(orientation: int, rocket: Path, tmp_path: Path) -> None:
    image = Image.open(rocket).convert("RGB")
    tagged = Image.Exif()
    tagged[274] = orientation
    image.save(tmp_path / "tagged.jpg", quality=95, exif=tagged)
    whole = load(tmp_path / "tagged.jpg").on(255)
    mine = code_of(tmp_path / "tagged.jpg")
    turned = [np.ascontiguousarray(np.rot90(whole, turns)) for turns in (1, 2, 3)]
    assert bits(mine, copycode(whole)) <= 24 < min(bits(mine, copycode(wrong)) for wrong in turned)


def test_transparent_parts_are_seen_on_white(tmp_path: Path) -> None:
    ink = np.zeros((120, 160, 4), np.uint8)
    ink[40:80, 30:90, 3] = 255
    Image.fromarray(ink).save(tmp_path / "ink.png")
    white = np.full((120, 160, 3), 255, np.uint8)
    white[40:80, 30:90] = 0
    assert code_of(tmp_path / "ink.png") == copycode(white)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 3000, 3), (3000, 2, 3), (50, 400, 3)])
def test_every_shape_has_a_code(shape: tuple[int, int, int]) -> None:
    assert len(copycode(np.full(shape, 90, np.uint8))) == COPYCODE_BYTES


def test_without_its_network_the_error_names_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, astronaut: Path
) -> None:
    monkeypatch.setattr(network, "_local", threading.local())
    monkeypatch.setattr(module, "MODEL", tmp_path / "copycode.onnx")
    with pytest.raises(MissingPartError, match=r"copycode\.onnx is missing"):
        samepic.fingerprint(astronaut, copycode=True)
    (tmp_path / "copycode.onnx").write_bytes(b"no network")
    with pytest.raises(MissingPartError, match=r"expected .*copycode\.onnx"):
        samepic.fingerprint(astronaut, copycode=True)
    assert samepic.fingerprint(astronaut).copycode == b""


def test_a_text_with_a_code_of_another_length_is_refused(astronaut: Path) -> None:
    text = str(samepic.fingerprint(astronaut, copycode=True))
    with pytest.raises(FingerprintError, match="fingerprint, parts: expected 128 bytes"):
        Fingerprint.parse(text[:-4])


def test_an_embedding_has_length_one_and_the_signs_of_the_code(photos: dict[str, Path]) -> None:
    for path in photos.values():
        embedding = samepic.embed(path)
        assert embedding.shape == (256,)
        assert embedding.dtype == np.float32
        assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
        assert np.packbits(embedding > 0).tobytes() == code_of(path)


def test_embeddings_of_crops_are_near_and_those_of_other_pictures_are_not(photos: dict[str, Path]) -> None:
    kept = np.stack([samepic.embed(path) for path in photos.values()])
    cropped = np.stack([samepic.embed(middle(path, 0.5)) for path in photos.values()])
    apart = cropped @ kept.T
    assert (apart.argmax(axis=1) == np.arange(len(kept))).all()
    assert apart.diagonal().min() > np.partition(apart, -2, axis=1)[:, -2].max()


@pytest.mark.parametrize("rows", [0, 1])
def test_what_is_no_picture_has_no_embedding(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"no picture" * rows)
    with pytest.raises(samepic.SamepicError, match=r"a\.jpg"):
        samepic.embed(path)
