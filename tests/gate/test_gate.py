"""What a gate promises to whoever keeps pictures behind it."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import samepic
from samepic import Gate, Outcome, ProfileError, Relation, SourceError, StoreError, StoreKeyError
from samepic.sandbox.pool import InProcess
from samepic.store.records import State
from samepic.tuning.search import GATE
from tests.gate.conftest import Opens
from tests.gate.pictures import captioned, opened, resaved


def test_a_first_upload_is_accepted_and_kept_whole(gate: Gate, astronaut: Path) -> None:
    decision = gate.admit(astronaut, "photo/1", data={"user": 7})
    assert (decision.outcome, decision.key, decision.match) == (Outcome.ACCEPTED, "photo/1", None)
    kept = gate.get("photo/1")
    assert kept is not None
    assert (kept.state, kept.data, kept.width, kept.format) == (State.ACCEPTED, {"user": 7}, 512, "JPEG")
    assert kept.size == astronaut.stat().st_size
    assert samepic.compare(gate.proxy("photo/1"), astronaut).same


@pytest.mark.parametrize(
    ("changed", "relation"),
    [
        ({}, Relation.RESAVED),
        ({"quality": 40}, Relation.RESAVED),
        ({"kind": "WEBP"}, Relation.RESAVED),
        ({"scale": 0.5}, Relation.RESAVED),
        ({"kind": "PNG", "scale": 1.4}, Relation.RESAVED),
        ({"brighter": 1.2}, Relation.ADJUSTED),
    ],
)
def test_a_copy_is_refused_by_the_key_of_what_is_kept(
    url: str, opens: Opens, coffee: Path, changed: dict[str, Any], relation: Relation
) -> None:
    gate = opens(url)
    gate.admit(coffee, "first")
    for decision in (
        gate.check(resaved(coffee, **changed)),
        gate.admit(resaved(coffee, **changed), "second"),
    ):
        assert decision.outcome is Outcome.DUPLICATE
        assert decision.match is not None
        assert (decision.match.key, decision.match.relation) == ("first", relation)
        assert decision.match.explanation in decision.detail
    assert gate.get("second") is None


def test_an_upload_that_lacks_only_its_end_marker_is_known(gate: Gate, astronaut: Path) -> None:
    gate.admit(astronaut, "first")
    upload = astronaut.read_bytes()
    decision = gate.admit(upload[:-2], "second")
    assert (decision.outcome, decision.match and decision.match.key) == (Outcome.DUPLICATE, "first")
    assert gate.admit(upload[:-9], "third").outcome is Outcome.REFUSED


def test_the_very_file_and_the_very_pixels_are_told_as_such(gate: Gate, astronaut: Path) -> None:
    gate.admit(astronaut, "first")
    data = astronaut.read_bytes()
    commented = data[:2] + b"\xff\xfe\x00\x09comment" + data[2:]
    for upload, relation in ((data, Relation.SAME_FILE), (commented, Relation.SAME_PIXELS)):
        match = gate.check(upload).match
        assert match is not None
        assert (match.relation, match.probability) == (relation, 1.0)


def test_a_crop_and_a_captioned_copy_are_found_among_others(gate: Gate, photos: dict[str, Path]) -> None:
    for name, path in photos.items():
        gate.admit(path, name)
    whole = opened(photos["coffee"])
    for box in ((60, 40, 540, 360), (150, 60, 600, 330)):
        stream = io.BytesIO()
        whole.crop(box).save(stream, "JPEG", quality=85)
        match = gate.check(stream.getvalue()).match
        assert match is not None
        assert (match.key, match.relation) == ("coffee", Relation.REFRAMED)


def test_other_pictures_pass(gate: Gate, photos: dict[str, Path]) -> None:
    outcomes = {name: gate.admit(path, name).outcome for name, path in photos.items()}
    assert set(outcomes.values()) == {Outcome.ACCEPTED}


def test_checking_changes_nothing(gate: Gate, astronaut: Path) -> None:
    assert gate.check(astronaut).outcome is Outcome.ACCEPTED
    assert gate.admit(astronaut, "first").outcome is Outcome.ACCEPTED


def test_a_retry_gets_the_same_answer(gate: Gate, coffee: Path) -> None:
    upload = resaved(coffee, scale=0.5)
    accepted, duplicate = gate.admit(coffee, "first"), gate.admit(upload, "second")
    assert gate.admit(coffee, "first") == accepted
    again = gate.admit(upload, "second")
    assert (again.outcome, again.detail, again.match) == (
        duplicate.outcome,
        duplicate.detail,
        duplicate.match,
    )


def test_a_key_holds_one_picture(gate: Gate, coffee: Path, astronaut: Path) -> None:
    gate.admit(coffee, "photo")
    with pytest.raises(StoreKeyError, match=r"'photo': expected a key that is free"):
        gate.admit(astronaut, "photo")


@pytest.mark.parametrize("key", ["", "a\0b", "\ud800", "x" * 1025])
def test_a_key_that_no_store_can_hold_is_an_error(gate: Gate, coffee: Path, key: str) -> None:
    with pytest.raises(StoreKeyError, match="key: expected a text"):
        gate.admit(coffee, key)


def test_what_was_removed_may_be_uploaded_again_and_is_no_match_in_any_process(
    url: str, opens: Opens, coffee: Path
) -> None:
    one, other = opens(url), opens(url)
    one.admit(coffee, "first")
    assert other.check(coffee).outcome is Outcome.DUPLICATE
    one.remove("first")
    assert other.check(coffee).outcome is Outcome.ACCEPTED
    assert other.status()["indexed"] == 0
    assert other.admit(resaved(coffee), "first").outcome is Outcome.ACCEPTED
    with pytest.raises(StoreKeyError, match="'second'"):
        one.remove("second")


def test_an_edited_copy_waits_for_review_and_its_own_copies_are_duplicates(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    decision = gate.admit(captioned(coffee), "edited")
    assert decision.outcome is Outcome.REVIEW
    assert [match.key for match in decision.matches] == ["first"]
    assert [record.key for record in gate.held()] == ["edited"]
    again = gate.admit(resaved(captioned(coffee)), "again")
    assert (again.outcome, again.match and again.match.key) == (Outcome.DUPLICATE, "edited")
    assert "waits for review" in again.detail


def test_a_reviewer_who_says_another_lets_it_in_for_good(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    gate.admit(captioned(coffee), "edited")
    assert gate.settle("edited", "first", same=False).outcome is Outcome.ACCEPTED
    assert gate.held() == []
    gate.remove("edited")
    assert gate.admit(captioned(coffee), "edited again").outcome is Outcome.ACCEPTED


def test_a_reviewer_who_says_the_same_keeps_it_out_for_good(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    gate.admit(captioned(coffee), "edited")
    said = gate.settle("edited", "first", same=True)
    assert (said.outcome, said.match and said.match.key) == (Outcome.DUPLICATE, "first")
    assert gate.get("edited") is None
    again = gate.admit(captioned(coffee), "edited again")
    assert (again.outcome, again.match and again.match.probability) == (Outcome.DUPLICATE, 1.0)


def test_a_reviewers_word_goes_before_what_the_pictures_look_like(gate: Gate, coffee: Path) -> None:
    upload = resaved(coffee, quality=60)
    gate.admit(coffee, "first")
    gate.admit(upload, "copy", policy={"resaved": "review"})
    gate.settle("copy", "first", same=False)
    gate.remove("copy")
    assert gate.admit(upload, "copy").outcome is Outcome.ACCEPTED
    assert gate.admit(resaved(coffee, quality=61), "other").outcome is Outcome.DUPLICATE


def test_a_reviewer_may_accept_what_is_held_outright(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    gate.admit(captioned(coffee), "edited")
    assert gate.accept("edited").outcome is Outcome.ACCEPTED
    assert gate.status()["held"] == 0


def test_settling_what_is_not_there_is_an_error(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    with pytest.raises(StoreKeyError, match="'gone'"):
        gate.settle("first", "gone", same=True)
    with pytest.raises(StoreKeyError, match="one and the same"):
        gate.settle("first", "first", same=False)


def test_a_reviewer_cannot_settle_what_nothing_was_held_for(
    gate: Gate, coffee: Path, astronaut: Path
) -> None:
    for key, picture in (("coffee", coffee), ("astronaut", astronaut), ("edited", captioned(coffee))):
        gate.admit(picture, key)
    for key in ("edited", "coffee"):
        with pytest.raises(StoreKeyError, match="'astronaut': expected a picture that"):
            gate.settle(key, "astronaut", same=True)
    assert gate.check(captioned(coffee)).match == gate.check(captioned(coffee), replaces=["astronaut"]).match
    assert gate.settle("coffee", "edited", same=False).outcome is Outcome.ACCEPTED
    assert (
        gate.settle("coffee", "edited", same=True).outcome is Outcome.ACCEPTED
    )  # decided once, it may be again


def test_a_reviewers_decision_can_be_taken_back(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    gate.admit(captioned(coffee), "edited")
    gate.settle("edited", "first", same=True)
    assert gate.check(captioned(coffee)).outcome is Outcome.DUPLICATE
    assert gate.unsettle("first").outcome is Outcome.ACCEPTED
    assert gate.check(captioned(coffee)).outcome is Outcome.REVIEW
    with pytest.raises(StoreKeyError, match="'gone'"):
        gate.unsettle("gone")


@pytest.mark.parametrize("key", ["a\nb", "a\r", "\x1b[2J", "a\x7f", "a\u2028b", "a\x85b"])
def test_a_key_with_control_characters_is_refused_and_an_old_one_can_be_removed(
    gate: Gate, coffee: Path, key: str
) -> None:
    with pytest.raises(StoreKeyError, match="without control characters"):
        gate.admit(coffee, key)
    gate.admit(coffee, "été 1.png")
    old = gate._store.put_pending(replace(gate._get_record("été 1.png"), key=key), 1.0)
    assert old is not None
    assert gate._store.decide(old.number, State.ACCEPTED)
    assert gate.invalid_keys() == [key]
    gate.remove(key)
    assert gate.invalid_keys() == []


def test_a_lease_is_at_most_a_minute(opens: Opens) -> None:
    with pytest.raises(ProfileError, match="lease: expected 0 to 60 seconds, found 3600"):
        opens(lease=3600)


def _turned_hue(image: Image.Image) -> Image.Image:
    hue, saturation, value = image.convert("HSV").split()
    return Image.merge("HSV", (hue.point(lambda level: (level + 90) % 256), saturation, value)).convert("RGB")


def _with_frames(image: Image.Image, kind: str, others: list[Image.Image]) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, save_all=True, append_images=others)
    return stream.getvalue()


def test_other_colors_wait_for_review_and_a_policy_lets_them_in(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    stream = io.BytesIO()
    _turned_hue(opened(coffee)).save(stream, "PNG")
    decision = gate.check(stream.getvalue())
    assert (decision.outcome, decision.match and decision.match.key) == (Outcome.REVIEW, "first")
    assert gate.check(stream.getvalue(), policy={"similar": "accept"}).outcome is Outcome.ACCEPTED


def test_the_least_probability_of_a_profile_lets_nothing_similar_in(opens: Opens, coffee: Path) -> None:
    gate = opens(profile=samepic.Profile(probability=0.95))
    gate.admit(coffee, "first")
    stream = io.BytesIO()
    _turned_hue(opened(coffee)).save(stream, "PNG")
    assert gate.check(stream.getvalue()).outcome is Outcome.REVIEW


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "TIFF", "AVIF"])
def test_further_frames_let_no_copy_in(gate: Gate, coffee: Path, kind: str) -> None:
    image = opened(coffee).resize((160, 107))
    gate.admit(resaved(coffee), "first")
    black = Image.new("RGB", image.size)
    for others in ([black], [black, image, black], [black] * 5):
        decision = gate.check(_with_frames(image, kind, others))
        assert (decision.outcome, decision.match and decision.match.key) == (Outcome.REVIEW, "first")
        assert "1 of the other" in decision.detail


def test_a_file_of_equal_frames_is_a_still(gate: Gate, coffee: Path) -> None:
    gate.admit(coffee, "first")
    image = opened(coffee)
    pages = _with_frames(image, "TIFF", [image, image])
    assert gate.check(pages).outcome is Outcome.DUPLICATE
    assert samepic.compare(coffee, pages).relation is Relation.SAME_PIXELS


def test_frames_that_begin_alike_wait_for_review(gate: Gate, coffee: Path) -> None:
    image, black = opened(coffee).resize((160, 107)), Image.new("RGB", (160, 107))
    gate.admit(_with_frames(image, "WEBP", [black, image]), "first")
    white = Image.new("RGB", image.size, "white")
    shorter = gate.check(_with_frames(image, "WEBP", [black]))
    other = gate.check(_with_frames(image, "WEBP", [white, white.rotate(5)]))
    assert (shorter.outcome, other.outcome) == (Outcome.REVIEW, Outcome.REVIEW)
    assert "(3 and 2) that begin with the same one" in shorter.detail
    assert "frame 1 of 3 is the same picture in both" in other.detail


def test_nearer_likenesses_do_not_hide_a_kept_picture(
    gate: Gate, coffee: Path, astronaut: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures with the code of the upload, though they show something else, take the places of the candidates."""
    monkeypatch.setattr(type(GATE), "candidates", 3)
    gate.admit(coffee, "first")
    upload = resaved(coffee, scale=0.5, brighter=1.2)
    code = samepic.fingerprint(upload).pdq
    gate.admit(astronaut, "other")
    record = gate._get_record("other")
    for number in range(3):
        crowding = replace(record, key=f"crowd/{number}", pdq=code, sha256=f"{number:064x}", coded_digest="")
        pending = gate._store.put_pending(crowding, 1.0)
        assert pending is not None
        gate._store.decide(pending.number, State.ACCEPTED)
    decision = gate.check(upload)
    assert (decision.outcome, decision.match and decision.match.key) == (Outcome.REVIEW, "first")
    assert decision.match is not None and decision.match.relation is Relation.UNDECIDABLE
    assert "too many kept pictures are near to it, 1 of them not compared" in decision.detail
    assert gate.check(upload, policy={"flooding": "accept"}).outcome is Outcome.ACCEPTED
    held = gate.admit(upload, "held")
    assert gate.admit(upload, "held") == held


def test_a_policy_says_what_is_done_for_which_relation(opens: Opens, coffee: Path) -> None:
    gate = opens(policy={"resaved": "review", "edited": "accept"})
    gate.admit(coffee, "first")
    assert gate.check(resaved(coffee)).outcome is Outcome.REVIEW
    assert gate.check(captioned(coffee)).outcome is Outcome.ACCEPTED
    assert gate.check(resaved(coffee), policy={"resaved": "accept"}).outcome is Outcome.ACCEPTED
    assert gate.check(captioned(coffee), policy={"edited": "refuse"}).outcome is Outcome.DUPLICATE


@pytest.mark.parametrize(
    ("policy", "wanted"),
    [
        ({"resaved": "block"}, "resaved: expected one of refuse, review, accept, found 'block'"),
        ({"copied": "refuse"}, "expected one of same-file"),
        ({"similar": "refuse"}, "it is not the same"),
    ],
)
def test_a_policy_that_makes_no_sense_is_an_error(
    gate: Gate, coffee: Path, policy: dict[str, str], wanted: str
) -> None:
    with pytest.raises(ProfileError, match=wanted):
        gate.check(coffee, policy=policy)


def test_what_is_no_sound_picture_is_refused_with_the_reason(gate: Gate, coffee: Path) -> None:
    data = resaved(coffee)
    for upload, message in (
        (b"hello", "text that begins"),
        (data[: len(data) // 2], "whole JPEG"),
        (b"", "empty"),
    ):
        for decision in (gate.check(upload), gate.admit(upload, "bad")):
            assert decision.outcome is Outcome.REFUSED
            assert message in decision.detail
    assert gate.get("bad") is None


def test_what_is_no_file_is_an_error(gate: Gate) -> None:
    with pytest.raises(SourceError, match="expected a path"):
        gate.check(17)


def test_the_better_copy_is_told(gate: Gate, coffee: Path) -> None:
    gate.admit(resaved(coffee, quality=60), "first")
    for upload, better, why in (
        (resaved(coffee, quality=95), True, "the upload has the higher JPEG quality: 95 against 60"),
        (resaved(coffee, quality=30), False, "the kept one has the higher JPEG quality"),
        (resaved(coffee, scale=2), True, "the upload is larger: 1200x800 against 600x400"),
        (coffee.read_bytes(), True, "PNG against JPEG"),
    ):
        match = gate.check(upload).match
        assert match is not None
        assert (match.better, why in match.better_reason) == (better, True)


def test_what_cannot_be_told_is_never_refused(gate: Gate) -> None:
    for number, level in enumerate((100, 101, 140)):
        image = Image.new("RGB", (320, 240), (level, level, level))
        stream = io.BytesIO()
        image.save(stream, "PNG")
        assert gate.admit(stream.getvalue(), f"blank {number}").outcome is Outcome.ACCEPTED


def test_an_animation_is_not_refused_for_its_first_frame(gate: Gate, coffee: Path, astronaut: Path) -> None:
    frames = [opened(path).resize((160, 120)) for path in (coffee, astronaut)]
    still, moving, other = io.BytesIO(), io.BytesIO(), io.BytesIO()
    frames[0].save(still, "PNG")
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:])
    frames[0].save(other, "GIF", save_all=True, append_images=[frames[0].rotate(180)])
    outcomes = [
        gate.admit(one.getvalue(), str(number)).outcome
        for number, one in enumerate((still, moving, other, moving))
    ]
    assert outcomes == [Outcome.ACCEPTED, Outcome.REVIEW, Outcome.REVIEW, Outcome.DUPLICATE]


def test_tenants_learn_nothing_of_each_other(opens: Opens, coffee: Path) -> None:
    one, two = opens(tenant="one"), opens(tenant="two")
    one.admit(coffee, "photo")
    assert two.check(coffee).outcome is Outcome.ACCEPTED
    assert two.get("photo") is None
    assert two.admit(coffee, "photo").outcome is Outcome.ACCEPTED
    assert two.admit(coffee, "copy").outcome is Outcome.DUPLICATE
    with pytest.raises(StoreKeyError):
        one.settle("photo", "copy", same=True)
    with pytest.raises(StoreKeyError):
        one.remove("copy")
    assert (one.status()["accepted"], two.status()["accepted"], one.status()["indexed"]) == (1, 1, 1)


def test_originals_have_the_last_word(opens: Opens, astronaut: Path) -> None:
    """At 320 pixels nobody sees the small spot; on the originals it is found."""
    image = opened(astronaut).resize((2048, 2048))
    spotted = image.copy()
    spotted.paste((255, 255, 255), (1000, 1000, 1024, 1024))
    files = {}
    for name, one in (("plain", image), ("spotted", spotted)):
        stream = io.BytesIO()
        one.save(stream, "JPEG", quality=95)
        files[name] = stream.getvalue()
    by_proxy, by_original = opens(), opens(originals=files.get)
    by_proxy.admit(files["plain"], "plain")
    assert by_original.check(files["spotted"]).outcome is Outcome.REVIEW
    without = opens(originals=lambda key: None)
    assert without.check(files["spotted"]).outcome is by_proxy.check(files["spotted"]).outcome


def test_an_original_that_cannot_be_opened_is_done_without(opens: Opens, coffee: Path) -> None:
    def gone(key: str) -> Path:
        raise FileNotFoundError(key)

    for originals in (gone, lambda key: Path("/nowhere") / key, lambda key: b"no picture"):
        gate = opens(originals=originals)
        gate.admit(coffee, "first")
        assert gate.check(resaved(coffee)).outcome is Outcome.DUPLICATE


def test_a_closed_gate_says_so(tmp_path: Path, coffee: Path) -> None:
    with Gate(tmp_path / "uploads.db", workers=InProcess()) as gate:
        gate.admit(coffee, "first")
    with pytest.raises(StoreError, match="closed"):
        gate.check(coffee)
