"""The header of a JPEG, read without decoding."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image, JpegImagePlugin

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError
from samepic.fingerprints.make import fingerprint
from samepic.limits import LIMITS, Limits
from samepic.picture import load
from samepic.picture.jpeg import JpegHeader, jpeg_parts
from tests.picture.picture_files import oriented, saved, scene


def _coded(data: bytes) -> bytes:
    return b"".join(jpeg_parts(data)[1])


def _header(data: bytes, limits: Limits = LIMITS) -> JpegHeader:
    return jpeg_parts(data, limits=limits)[0]


@pytest.mark.parametrize("quality", [1, 5, 24, 25, 50, 51, 75, 90, 95, 100])
def test_the_quality_that_pillow_saved_with_is_read_back_exactly(quality: int) -> None:
    coding = _header(saved(scene(), "JPEG", quality=quality)).coding
    assert (coding.quality, coding.quality_exact) == (quality, True)


def test_tables_are_in_natural_order_as_pillow_reads_them() -> None:
    data = saved(scene(), "JPEG", quality=60)
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, JpegImagePlugin.JpegImageFile)
    wanted = tuple(tuple(image.quantization[number]) for number in (0, 1, 1))
    assert _header(data).coding.tables == wanted


def test_tables_of_no_quality_get_the_nearest_one_and_say_so() -> None:
    table = [16 + i // 4 for i in range(64)]
    coding = _header(saved(scene(), "JPEG", qtables=[table, table])).coding
    assert not coding.quality_exact
    assert 1 <= coding.quality <= 100


@pytest.mark.parametrize(("option", "name"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_the_subsampling_is_told_as_people_write_it(option: int, name: str) -> None:
    assert _header(saved(scene(), "JPEG", subsampling=option)).coding.subsampling == name


def test_progressive_and_color_models_are_told() -> None:
    assert _header(saved(scene(), "JPEG", progressive=True)).coding.progressive
    assert not _header(saved(scene(), "JPEG")).coding.progressive
    image = Image.fromarray(scene())
    models = {"gray": image.convert("L"), "cmyk": image.convert("CMYK"), "ycbcr": image}
    for model, source in models.items():
        assert _header(saved(source, "JPEG")).coding.colour == model
    assert _header(saved(image, "JPEG", keep_rgb=True)).coding.colour == "rgb"


def test_metadata_does_not_count_among_what_decides_the_pixels() -> None:
    plain = saved(scene(), "JPEG")
    dressed = saved(
        scene(), "JPEG", exif=oriented(6), comment=b"words", icc_profile=b"x" * 100_000, xmp=b"<x/>"
    )
    assert _coded(plain) == _coded(dressed) == _coded(dressed + b"a trailer of the phone's")
    assert _header(plain).metadata == 0
    assert _header(dressed).metadata > 100_000
    assert _header(dressed).orientation == 6
    assert _header(dressed).icc == b"x" * 100_000


def test_anything_that_changes_a_pixel_changes_what_is_coded() -> None:
    plain = _coded(saved(scene(), "JPEG"))
    assert plain != _coded(saved(scene(), "JPEG", quality=76))
    assert plain != _coded(saved(scene(), "JPEG", subsampling=0))
    assert plain != _coded(saved(scene()[::-1].copy(), "JPEG"))


def test_the_same_samples_in_another_color_model_are_other_pixels() -> None:
    ycbcr = saved(scene(), "JPEG", subsampling=0)
    without_jfif = ycbcr[:2] + ycbcr[20:]
    adobe = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00"
    assert (
        _coded(without_jfif) == _coded(ycbcr) == _coded(without_jfif[:2] + adobe + b"\1" + without_jfif[2:])
    )
    as_rgb = without_jfif[:2] + adobe + b"\0" + without_jfif[2:]
    assert _coded(as_rgb) != _coded(ycbcr)
    assert (load(as_rgb).rgb != load(ycbcr).rgb).any()


def test_restart_markers_and_fill_bytes_are_no_ends() -> None:
    data = saved(scene(200, 200), "JPEG", restart_marker_blocks=2)
    filled = data[:2] + b"\xff\xff\xff" + data[2:]
    assert _header(data).scans == _header(filled).scans == 1
    assert (load(filled).rgb == load(data).rgb).all()


def test_bytes_that_no_pixel_needs_are_passed_over() -> None:
    data = saved(scene(), "JPEG")
    assert (load(data[:20] + bytes(10) + data[20:]).rgb == load(data).rgb).all()


@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.95, 0.999])
def test_a_jpeg_that_ends_early_is_truncated(part: float) -> None:
    data = saved(scene(300, 200), "JPEG")
    for cut in (data[: int(len(data) * part)], data[: int(len(data) * part)] + b"\xff\xd9"):
        with pytest.raises(UnreadableError):
            load(cut)
    with pytest.raises(TruncatedError):
        _header(data[: int(len(data) * part)])


ENDLESS: dict[str, dict[str, Any]] = {
    "baseline": {},
    "progressive": {"progressive": True},
    "restarts": {"restart_marker_rows": 1},
    "fine": {"subsampling": 0, "quality": 97},
}


def _endless(kind: str) -> bytes:
    image = Image.fromarray(scene(200, 130)).effect_spread(9)
    models = {"gray": image.convert("L"), "cmyk": image.convert("CMYK")}
    return saved(models.get(kind, image), "JPEG", **ENDLESS.get(kind, {}))


@pytest.mark.parametrize("kind", [*ENDLESS, "gray", "cmyk"])
def test_a_jpeg_that_lacks_only_its_end_marker_is_read_and_says_so(kind: str) -> None:
    whole = _endless(kind)
    for cut in (whole[:-1], whole[:-2]):
        picture = load(cut)
        assert (picture.rgb == load(whole).rgb).all()
        assert picture.info.jpeg is not None
        assert not picture.info.jpeg.ended
        assert _coded(cut) == _coded(whole)
        assert fingerprint(cut).coded_digest == fingerprint(whole).coded_digest
    assert _header(whole).coding.ended


@pytest.mark.parametrize("kind", [*ENDLESS, "gray", "cmyk"])
def test_no_part_of_a_scan_passes_for_all_of_it(kind: str) -> None:
    whole = _endless(kind)
    shown = load(whole).rgb
    for cut in (*range(3, 60), *range(60, len(whole), len(whole) // 40)):
        for filled in (b"", b"\xff", bytes(cut), bytes(3)):
            try:
                picture = load(whole[:-cut] + filled)
            except UnreadableError:
                continue
            assert (picture.rgb == shown).all(), (cut, len(filled))


def test_a_progressive_jpeg_without_its_last_scan_is_truncated() -> None:
    whole = _endless("progressive")
    with pytest.raises(TruncatedError, match="without its end marker"):
        load(whole[: whole.rindex(b"\xff\xda")])


def test_what_no_decoder_here_reads_is_unsupported() -> None:
    data = bytearray(saved(scene(), "JPEG"))
    data[data.index(b"\xff\xc0") + 1] = 0xC3
    with pytest.raises(UnsupportedError, match="8 bits, coding 3"):
        load(bytes(data))


def test_scans_and_metadata_have_limits() -> None:
    data = saved(scene(300, 200), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    many = data[:last] + data[last:-2] * 20 + data[-2:]
    assert _header(many).scans == _header(data).scans + 19
    with pytest.raises(LimitError, match="scans"):
        _header(many, limits=Limits(pixels=300 * 200))
    with pytest.raises(LimitError, match="metadata"):
        _header(saved(scene(), "JPEG", comment=b"x" * 100), limits=Limits(metadata_bytes=99))
