"""Fingerprint: a value that goes to text and back, and refuses what it cannot be compared with."""

from __future__ import annotations

import dataclasses
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samepic.errors import FingerprintError
from samepic.fingerprints import FORMS, Fingerprint

digests = st.one_of(st.just(""), st.binary(min_size=32, max_size=32).map(bytes.hex))
percents = st.integers(0, 100)
sides = st.integers(1, 999_999_999)
fingerprints = st.builds(
    Fingerprint,
    sha256=digests,
    coded_digest=digests,
    pdq_forms=st.binary(min_size=256, max_size=256),
    quality=percents,
    detail=percents,
    width=sides,
    height=sides,
    format=st.sampled_from(("JPEG", "PNG", "JPEG2000", "array")),
    mode=st.sampled_from(("fast", "reference")),
    copycode=st.one_of(st.just(b""), st.binary(min_size=32, max_size=32)),
    copycode_parts=st.sampled_from((0, 4, 5, 10)).flatmap(
        lambda parts: st.binary(min_size=32 * parts, max_size=32 * parts)
    ),
)


def plain(code: bytes = bytes(32), **changes: object) -> Fingerprint:
    """Return a fingerprint that is not weak, of which all forms but the upright `code` are far from everything."""
    far = bytes(range(7 * 32))
    made = Fingerprint("", "", code + far, 100, 100, 640, 480, "JPEG")
    return dataclasses.replace(made, **changes)  # type: ignore[arg-type]


@given(fingerprints)
def test_a_fingerprint_goes_to_one_line_of_text_and_back(fingerprint: Fingerprint) -> None:
    text = str(fingerprint)
    assert text.isascii()
    assert len(text.split()) == 1
    assert Fingerprint.parse(text) == fingerprint
    assert Fingerprint.parse(f" {text}\n") == fingerprint


@given(fingerprints)
def test_a_fingerprint_survives_pickling(fingerprint: Fingerprint) -> None:
    assert pickle.loads(pickle.dumps(fingerprint)) == fingerprint


def test_the_text_names_its_kind_and_version_and_shows_the_code_as_other_tools_write_it() -> None:
    text = str(plain(bytes(range(32))))
    assert text.startswith("samepic-fp$4$")
    assert f",pdq={bytes(range(32)).hex()}," in text


@given(st.text())
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(FingerprintError):
        Fingerprint.parse(text)


@given(fingerprints, st.data())
def test_a_text_with_one_letter_changed_is_refused_or_still_a_fingerprint(
    fingerprint: Fingerprint, data: st.DataObject
) -> None:
    text = str(fingerprint)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.characters(codec="utf-8")) + text[at + 1 :]
    try:
        parsed = Fingerprint.parse(changed)
    except FingerprintError:
        return
    assert len(parsed.pdq_forms) == 256
    assert parsed.quality <= 100


def test_another_kind_is_refused_and_both_are_named() -> None:
    with pytest.raises(FingerprintError, match=r"'samepic-fp'.*'argon2id\$v=19"):
        Fingerprint.parse("argon2id$v=19$m=65536")


def test_another_version_is_refused_and_both_are_named() -> None:
    with pytest.raises(FingerprintError, match="version 4, found version '1'"):
        Fingerprint.parse(str(plain(version=1)))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("quality=100", "quality=101", "quality"),
        ("width=640", "width=-1", "width"),
        ("width=640", "width=٦٤٠", "width"),
        ("mode=fast", "mode=slow", "mode"),
        ("format=JPEG", "format=J$", "format"),
        ("pdq=00", "pdq=0", "pdq"),
        ("pdq=00", "pdq=zz", "pdq"),
        ("forms=AA", "forms=A", "forms"),
        (",detail=100", "", "fields"),
        (",mode=fast", ",mode=fast,proxy=x", "fields"),
        (",copy=", ",copy=AAAA", "copy"),
        (",parts=", ",parts=AAAA", "parts"),
    ],
)
def test_a_broken_field_is_refused_by_its_name(old: str, new: str, says: str) -> None:
    text = str(plain())
    assert old in text
    with pytest.raises(FingerprintError, match=f"fingerprint, {says}: expected"):
        Fingerprint.parse(text.replace(old, new, 1))


def test_the_distance_counts_the_bits_that_differ() -> None:
    assert plain().distance(plain()) == 0
    assert plain().distance(plain(b"\x80" + bytes(30) + b"\x03")) == 3
    assert plain().distance(plain(b"\xff" * 32)) == 256


def test_versions_do_not_mix() -> None:
    with pytest.raises(FingerprintError, match="versions 4 and 1"):
        plain().distance(plain(version=1))
    with pytest.raises(FingerprintError, match="versions 1 and 4"):
        plain(version=1).nearest_form(plain())
    with pytest.raises(FingerprintError, match="versions 4 and 1"):
        plain().is_candidate(plain(version=1))


def test_the_nearest_form_is_told_by_name() -> None:
    turned = plain().pdq_forms[64:96]
    assert plain().nearest_form(plain(turned)) == (0, FORMS[2])
    assert plain().nearest_form(plain()) == (0, "upright")


def test_a_weak_fingerprint_is_no_candidate_even_of_its_equal() -> None:
    assert plain().is_candidate(plain())
    for weak in (plain(quality=0), plain(detail=0)):
        assert weak.is_weak
        assert not weak.is_candidate(plain())
        assert not plain().is_candidate(weak)
        assert not weak.is_candidate(weak)


def test_a_candidate_is_within_the_radius() -> None:
    near = plain(b"\xff" * 2 + bytes(30))
    assert plain().is_candidate(near, radius=16)
    assert not plain().is_candidate(near, radius=15)
