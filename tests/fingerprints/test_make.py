"""fingerprint(): what stays the same, what changes, and what is refused."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps
from PIL.PngImagePlugin import PngInfo

from samepic.errors import LimitError, SourceError, TruncatedError, UnreadableError
from samepic.fingerprints import fingerprint
from samepic.limits import Limits
from samepic.picture import load
from tests.fingerprints.pictures import Rgb, encoded, exif, golden_pictures, textured


def scene() -> Rgb:
    return textured(600, 900)


def large() -> Rgb:
    return textured(1200, 1600, seed=2)


def test_it_tells_the_bytes_the_size_and_the_format(tmp_path: Path) -> None:
    data = encoded(scene(), quality=90)
    path = tmp_path / "scene.png"
    path.write_bytes(data)
    made = fingerprint(path)
    assert made.sha256 == hashlib.sha256(data).hexdigest()
    assert (made.width, made.height, made.format, made.mode) == (900, 600, "JPEG", "fast")
    assert made == fingerprint(str(path)) == fingerprint(data) == fingerprint(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_every_format_of_one_picture_has_nearly_one_code(kind: str) -> None:
    made = fingerprint(encoded(scene(), kind))
    assert made.format == kind
    assert made.distance(fingerprint(scene(), reference=True)) <= 10


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}, {"quality": 30}])
@pytest.mark.parametrize("drawn", [scene, large], ids=["small", "large"])
def test_the_fast_code_of_a_jpeg_is_within_16_bits_of_its_reference(
    drawn: Callable[[], Rgb], options: dict[str, object]
) -> None:
    data = encoded(drawn(), **options)
    fast, reference = fingerprint(data), fingerprint(data, reference=True)
    assert fast.distance(reference) <= 16
    assert abs(fast.quality - reference.quality) <= 2
    assert (fast.sha256, fast.coded_digest) == (reference.sha256, reference.coded_digest)


def test_a_real_photograph_in_another_color_space_keeps_its_code(rocket: Path, astronaut: Path) -> None:
    for photo in (rocket, astronaut):
        assert fingerprint(photo).distance(fingerprint(photo, reference=True)) <= 16


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_exif_orientation_is_applied(orientation: int, progressive: bool) -> None:
    data = encoded(large()[:1111], exif=exif(orientation), progressive=progressive, quality=92)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    made = fingerprint(data)
    assert (made.width, made.height) == upright.size
    assert made.distance(fingerprint(upright, reference=True)) <= 12


def test_a_tone_curve_in_the_profile_is_applied() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    dark = np.asarray(scene() // 3, np.uint8)
    # The same profile with another curve: gamma 1 in each channel's first point of an sRGB profile made linear.
    linear = _with_gamma(profile.tobytes(), 256)
    tagged = fingerprint(encoded(dark, icc_profile=linear, quality=95))
    assert tagged.distance(fingerprint(load(encoded(dark, icc_profile=linear)).rgb, reference=True)) <= 12
    assert tagged.coded_digest != fingerprint(encoded(dark, quality=95)).coded_digest


def _with_gamma(icc: bytes, gamma: int) -> bytes:
    """Return the profile with each of its tone curves replaced by one exponent, in 256ths (ICC.1:2022, 10.6)."""
    changed = bytearray(icc)
    for index in range(int.from_bytes(icc[128:132])):
        entry = 132 + 12 * index
        if icc[entry : entry + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            at = int.from_bytes(icc[entry + 4 : entry + 8])
            changed[at : at + 14] = b"curv\0\0\0\0\0\0\0\1" + gamma.to_bytes(2)
            changed[entry + 8 : entry + 12] = (14).to_bytes(4)
    return bytes(changed)


def test_metadata_changes_the_bytes_and_not_the_coded_digest() -> None:
    bare = fingerprint(encoded(scene()))
    tagged = fingerprint(encoded(scene(), comment=b"a comment", exif=exif(1)))
    assert tagged.sha256 != bare.sha256
    assert tagged.coded_digest == bare.coded_digest
    info = PngInfo()
    info.add_text("Title", "a title")
    assert fingerprint(encoded(scene(), "PNG", pnginfo=info)).coded_digest == (
        fingerprint(encoded(scene(), "PNG")).coded_digest
    )


def test_pixels_orientation_and_profile_change_the_coded_digest() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    digests = [
        fingerprint(data).coded_digest
        for data in (
            encoded(scene()),
            encoded(scene(), quality=76),
            encoded(scene(), exif=exif(6)),
            encoded(scene(), icc_profile=srgb),
            encoded(scene(), "PNG"),
            encoded(scene(), "PNG", exif=exif(6)),
            encoded(scene(), "PNG", icc_profile=srgb),
        )
    ]
    assert len({*digests, ""}) == len(digests) + 1


def test_what_has_no_bytes_or_no_known_coding_has_no_digest() -> None:
    assert fingerprint(scene()).sha256 == fingerprint(scene()).coded_digest == ""
    assert fingerprint(Image.fromarray(scene())).sha256 == ""
    assert fingerprint(encoded(scene(), "BMP")).coded_digest == ""


def test_an_animated_png_has_no_coded_digest() -> None:
    frames = [Image.fromarray(scene()), Image.fromarray(scene()[::-1].copy())]
    stream = io.BytesIO()
    frames[0].save(stream, "PNG", save_all=True, append_images=frames[1:])
    assert fingerprint(stream.getvalue()).coded_digest == ""


@pytest.mark.parametrize("name", ["gray", "black", "slope", "two tones"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_with_next_to_nothing_in_it_is_weak_and_matches_nothing_by_its_code(
    name: str, kind: str
) -> None:
    made = fingerprint(encoded(golden_pictures()[name], kind))
    assert made.is_weak
    assert not made.is_candidate(made)


def test_a_photograph_is_not_weak(photos: dict[str, Path]) -> None:
    assert not any(fingerprint(path).is_weak for path in photos.values())


def test_different_photographs_are_no_candidates(photos: dict[str, Path]) -> None:
    made = [fingerprint(path) for path in photos.values()]
    assert not any(a.is_candidate(b) for a in made for b in made if a is not b)


def test_a_see_through_picture_is_seen_on_white() -> None:
    alpha = np.where(np.arange(900) < 450, 255, 0).astype(np.uint8)
    rgba = np.dstack([scene(), np.broadcast_to(alpha, scene().shape[:2])])
    laid = scene()
    laid[:, 450:] = 255
    assert fingerprint(rgba).distance(fingerprint(laid)) == 0


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (7, 9), (127, 130), (64, 64)])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_of_any_size_has_a_fingerprint(size: tuple[int, int], progressive: bool) -> None:
    made = fingerprint(encoded(textured(*size), progressive=progressive))
    assert (made.height, made.width) == size


def test_cmyk_is_seen_as_it_is_shown() -> None:
    image = Image.fromarray(scene()).convert("CMYK")
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95)
    data = stream.getvalue()
    assert fingerprint(data).distance(fingerprint(load(data).rgb, reference=True)) <= 10


@pytest.mark.parametrize("keep", [0.001, 0.1, 0.5, 0.95])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_file_that_ends_early_is_refused(keep: float, kind: str) -> None:
    data = encoded(scene(), kind)
    with pytest.raises(TruncatedError):
        fingerprint(data[: max(4, int(len(data) * keep))] if keep > 0.001 else data[:40])


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError):
        fingerprint(b"plain text")
    with pytest.raises(UnreadableError):
        fingerprint(tmp_path / "absent.jpg")
    with pytest.raises(SourceError):
        fingerprint(3)  # type: ignore[arg-type]


def test_limits_hold_before_anything_is_decoded() -> None:
    for kind in ("JPEG", "PNG"):
        with pytest.raises(LimitError):
            fingerprint(encoded(scene(), kind), limits=Limits(pixels=1000))


def test_many_threads_make_the_fingerprints_that_one_makes() -> None:
    files = [encoded(textured(200 + 8 * n, 300, seed=n)) for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fingerprint, files)) == [fingerprint(data) for data in files]
