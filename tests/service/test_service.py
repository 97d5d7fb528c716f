"""What the service promises to whoever uploads through it."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from samepic import fingerprint
from tests.gate.pictures import captioned, opened, resaved
from tests.kits.service import Running, client_of

SHAPE = {"code", "message", "detail", "wanted", "got", "name"}


def admit(client: httpx.Client, picture: bytes, key: str, **asked: str) -> httpx.Response:
    return client.post("/v1/admit", content=picture, params={"key": key, **asked})


def error(response: httpx.Response, status: int, code: str) -> dict[str, str]:
    """Check that an answer is this error, in the one shape, and return it."""
    assert response.status_code == status, response.text
    problem: dict[str, str] = response.json()["error"]
    assert (set(response.json()), set(problem), problem["code"]) == ({"error"}, SHAPE, code)
    assert problem["message"]
    return problem


def test_a_picture_that_was_saved_again_is_refused_with_the_key_that_is_kept_and_the_reason(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    first = admit(client, upload, "photo/1", data='{"user": "Zoë"}')
    assert (first.status_code, first.json()["outcome"]) == (201, "accepted")
    again = admit(client, resaved(upload), "photo/2")
    assert (again.status_code, again.json()["outcome"]) == (409, "duplicate")
    assert (again.json()["match"]["key"], again.json()["match"]["relation"]) == ("photo/1", "resaved")
    assert again.json()["match"]["explanation"] in again.json()["detail"]
    assert admit(client, astronaut.read_bytes(), "photo/3").status_code == 201


def test_sentences_for_visitors_are_in_the_language_that_the_request_accepts(
    client: httpx.Client, upload: bytes
) -> None:
    admit(client, upload, "photo/1")
    german = {"Accept-Language": "de-CH, en;q=0.3"}
    again = client.post("/v1/check", content=resaved(upload), headers=german).json()
    assert again["reason"] == "Dieses Bild wurde bereits hochgeladen."
    assert again["detail"].startswith("this picture was uploaded already: ")
    missing = error(client.get("/v1/nowhere", headers=german), 404, "not_found")
    assert (missing["message"], missing["detail"]) == ("Hier ist nichts zu finden.", "no such address")
    broken = error(client.post("/v1/check", content=upload[:5000], headers=german), 422, "damaged_picture")
    assert broken["message"].startswith("Diese Datei ist beschädigt")


def test_an_upload_may_be_the_body_or_a_field_of_a_form(client: httpx.Client, upload: bytes) -> None:
    form = client.post(
        "/v1/admit",
        files={"file": ("ünïcode.png", upload)},
        data={"key": "k", "data": "{}", "policy": "edited=accept"},
    )
    assert form.status_code == 201
    assert client.post("/v1/check", content=upload).json()["match"]["key"] == "k"
    assert client.post("/v1/check", files={"file": upload}).json()["match"]["relation"] == "same-file"


def test_check_says_what_admit_would_say_and_changes_nothing(client: httpx.Client, upload: bytes) -> None:
    for _ in range(2):
        checked = client.post("/v1/check", content=upload)
        assert (checked.status_code, checked.json()["outcome"]) == (200, "accepted")
    admit(client, upload, "k")
    checked = client.post("/v1/check", content=resaved(upload))
    assert (checked.status_code, checked.json()["outcome"]) == (200, "duplicate")
    assert client.get("/v1/status").json()["accepted"] == 1


def test_a_code_is_asked_for_before_the_upload_and_answers_with_a_hint(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    admit(client, upload, "photo/1")
    known, other = (fingerprint(picture) for picture in (resaved(upload), astronaut))
    sent = {"pdq": known.pdq.hex(), "quality": known.quality}
    found = client.post("/v1/check-code", json=sent, headers={"Accept-Language": "de"}).json()
    assert (found["known"], found["keys"]) == ("likely", ["photo/1"])
    assert found["reason"].startswith("Dieses Bild wurde vielleicht schon hochgeladen.")
    sent = {"pdq": other.pdq.hex().upper(), "quality": other.quality}
    assert client.post("/v1/check-code", json=sent).json()["known"] == "unlikely"
    assert client.get("/v1/status").json()["accepted"] == 1


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("pdq", {"pdq": "0f"}),
        ("pdq", {"pdq": "g" * 64}),
        ("pdq", {"pdq": None}),
        ("quality", {"quality": 101}),
        ("quality", {"quality": True}),
        ("quality", {"quality": None}),
        ("body", {"width": 100}),
    ],
)
def test_an_invalid_code_is_an_error_that_names_the_field(
    client: httpx.Client, name: str, changed: dict[str, object]
) -> None:
    answer = client.post("/v1/check-code", json={"pdq": "0f" * 32, "quality": 80, **changed})
    assert error(answer, 422, "bad_input")["name"] == name


def test_compare_tells_what_b_is_to_a(client: httpx.Client, upload: bytes, astronaut: Path) -> None:
    same = client.post("/v1/compare", files={"a": upload, "b": resaved(upload)}).json()
    assert (same["relation"], same["same"]) == ("resaved", True)
    assert (same["a"]["name"], same["a"]["format"], same["b"]["format"]) == ("a", "PNG", "JPEG")
    strict = client.post(
        "/v1/compare", files={"a": upload, "b": resaved(upload)}, data={"same_if": "same-pixels"}
    )
    assert strict.json()["same"] is False
    for wrong in ("similar", "alike"):
        problem = client.post("/v1/compare", files={"a": upload, "b": upload}, data={"same_if": wrong})
        assert error(problem, 422, "bad_input")["name"] == "same_if"
    other = client.post("/v1/compare", files={"a": upload, "b": astronaut.read_bytes()}).json()
    assert other["same"] is False


@pytest.mark.parametrize("key", ["a/b//c.jpg", "Grüße/日本/🙂", "a b+c&d=e?f#g%2Fh;i", "x/proxy", "..a/.b"])
def test_a_key_may_have_slashes_and_any_letters(client: httpx.Client, upload: bytes, key: str) -> None:
    assert admit(client, upload, key).json()["key"] == key
    path = f"/v1/pictures/{quote(key, safe='/')}"
    small = client.get(f"{path}/proxy")
    assert small.headers["content-type"] in ("image/jpeg", "image/webp")
    assert max(opened(small.content).size) == 320
    assert client.get(f"/v1/pictures/{quote(key, safe='')}/proxy").content == small.content
    assert client.delete(path).status_code == 204
    error(client.delete(path), 404, "not_found")
    error(client.get(f"{path}/proxy"), 404, "not_found")
    assert admit(client, upload, key).status_code == 201


def test_the_same_picture_under_the_same_key_is_a_retry_and_another_one_is_not(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    first = admit(client, upload, "k")
    again = admit(client, upload, "k")
    assert (again.status_code, again.json()) == (201, first.json())
    assert error(admit(client, astronaut.read_bytes(), "k"), 422, "bad_key")["name"] == "key"


def test_what_was_edited_waits_for_a_reviewer_whose_word_is_final(
    client: httpx.Client, upload: bytes
) -> None:
    admit(client, upload, "first")
    waits = admit(client, captioned(upload), "second", data='{"by": 7}')
    assert (waits.status_code, waits.json()["match"]["key"]) == (202, "first")
    (held,) = client.get("/v1/held").json()["held"]
    assert (held["key"], held["data"], held["matches"]) == ("second", {"by": 7}, waits.json()["matches"])
    word = {"key": "second", "other_key": "first", "same": False}
    assert client.post("/v1/settle", json=word).json()["outcome"] == "accepted"
    assert client.get("/v1/held").json() == {"held": [], "next": None}
    assert client.get("/v1/status").json()["accepted"] == 2


def test_a_reviewer_may_accept_what_is_held_whatever_it_is_held_for(
    client: httpx.Client, upload: bytes
) -> None:
    admit(client, upload, "first")
    admit(client, captioned(upload), "second")
    error(client.post("/v1/settle", json={"key": "second", "same": True}), 422, "bad_input")
    assert client.post("/v1/settle", json={"key": "second", "same": False}).json()["outcome"] == "accepted"


def test_what_waits_is_listed_page_by_page(client: httpx.Client, upload: bytes, astronaut: Path) -> None:
    for name, picture in (("a", upload), ("b", astronaut.read_bytes())):
        admit(client, picture, name)
        admit(client, captioned(picture), f"held-{name}")
    first = client.get("/v1/held", params={"limit": 1}).json()
    assert ([one["key"] for one in first["held"]], first["next"]) == (["held-a"], "held-a")
    second = client.get("/v1/held", params={"after": first["next"]}).json()
    assert ([one["key"] for one in second["held"]], second["next"]) == (["held-b"], None)
    error(client.get("/v1/held", params={"after": "nobody"}), 404, "not_found")
    error(client.get("/v1/held", params={"limit": "0"}), 422, "bad_input")


def test_a_batch_is_answered_in_order_and_a_damaged_picture_fails_no_other(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    admit(client, upload, "kept")
    other = astronaut.read_bytes()
    pictures = [resaved(upload), other, upload[:2000], b"", captioned(other), resaved(other)]
    files = [("file", (f"{n}.jpg", picture)) for n, picture in enumerate(pictures)]
    answer = client.post("/v1/check-batch", files=files, headers={"Accept-Language": "de"})
    results = answer.json()["results"]
    assert [one["decision"] and one["decision"]["outcome"] for one in results] == [
        "duplicate", "accepted", None, None, "accepted", "accepted"
    ]  # fmt: skip
    assert results[0]["decision"]["match"]["key"] == "kept"
    assert results[0]["decision"]["reason"].startswith("Dieses Bild")
    assert [one["error"] and one["error"]["code"] for one in results] == [
        None, None, "damaged_picture", "bad_input", None, None
    ]  # fmt: skip
    assert results[2]["error"]["name"] == "file 3"
    within = [one["within"] and (one["within"]["outcome"], one["within"]["match"]["key"]) for one in results]
    assert within == [None, None, None, None, ("review", "1"), ("duplicate", "1")]
    assert client.get("/v1/status").json()["accepted"] == 1
    lenient = client.post("/v1/check-batch", files=files[1::3], data={"policy": "edited=accept"}).json()
    assert [one["within"] for one in lenient["results"]] == [None, None]


def test_a_batch_has_limits_and_is_a_form(client: httpx.Client, upload: bytes) -> None:
    file = ("file", ("a.png", upload[:100]))
    assert error(client.post("/v1/check-batch", content=upload), 422, "bad_input")["name"] == "content-type"
    assert error(client.post("/v1/check-batch", files=[file] * 33), 422, "bad_input")["name"] == "file"
    error(client.post("/v1/check-batch", files={"policy": (None, "")}), 422, "bad_input")


def test_kept_pictures_are_listed_by_key_page_by_page(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    admit(client, astronaut.read_bytes(), "2026/ä b")
    admit(client, upload, "2026/a")
    admit(client, captioned(upload), "b")

    def listed(**params: str | int) -> tuple[list[str], str | None]:
        answer = client.get("/v1/pictures", params=params).json()
        return [picture["key"] for picture in answer["pictures"]], answer["next"]

    assert listed() == (["2026/a", "2026/ä b", "b"], None)
    assert listed(limit=1, prefix="2026/") == (["2026/a"], "2026/a")
    assert listed(limit=1, prefix="2026/", after="2026/a") == (["2026/ä b"], "2026/ä b")
    assert listed(prefix="2026/", after="2026/ä b") == ([], None)
    assert (listed(state="held"), listed(state="accepted")[0]) == ((["b"], None), ["2026/a", "2026/ä b"])
    first = client.get("/v1/pictures").json()["pictures"][0]
    assert first["sha256"] == hashlib.sha256(upload).hexdigest()
    assert (first["state"], first["format"], first["size"]) == ("accepted", "PNG", len(upload))
    for wrong in ({"state": "pending"}, {"limit": "1001"}, {"page": "2"}):
        error(client.get("/v1/pictures", params=wrong), 422, "bad_input")
    error(client.get("/v1/pictures", params={"after": "\0"}), 422, "bad_key")


def test_the_policy_of_one_call_changes_that_of_the_service(client: httpx.Client, upload: bytes) -> None:
    admit(client, upload, "first")
    assert admit(client, resaved(upload), "second", policy="resaved=review").status_code == 202
    assert (
        "resaved" in error(admit(client, upload, "third", policy="resaved=maybe"), 422, "bad_input")["detail"]
    )


def test_an_upload_may_take_the_place_of_a_kept_picture(client: httpx.Client, upload: bytes) -> None:
    admit(client, resaved(upload), "small")
    assert (
        client.post("/v1/check", content=upload, params={"replaces": "small"}).json()["outcome"] == "accepted"
    )
    assert admit(client, upload, "large", replaces="small").status_code == 201


def test_no_picture_a_damaged_one_and_none_at_all_are_told_apart(client: httpx.Client, upload: bytes) -> None:
    problem = error(admit(client, b"%PDF-1.7 and so on", "k"), 415, "unsupported_format")
    assert ("JPEG" in problem["wanted"], problem["got"], problem["name"]) == (True, "a PDF document", "file")
    error(admit(client, b"no picture at all", "k"), 415, "unsupported_format")
    cut = error(admit(client, upload[:-2000], "k"), 422, "damaged_picture")
    assert (cut["name"], bool(cut["wanted"])) == ("file", True)
    error(admit(client, b"", "k"), 422, "bad_input")
    error(client.post("/v1/check", content=upload[:100]), 422, "damaged_picture")
    error(client.post("/v1/compare", files={"a": upload, "b": upload[:-2000]}), 422, "damaged_picture")
    error(client.post("/v1/compare", files={"a": upload, "b": b"text"}), 415, "unsupported_format")
    assert client.get("/v1/status").json()["accepted"] == 0


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "key"),
        ({"key": ""}, "key"),
        ({"key": "k" * 1025}, "key"),
        ({"key": "a\0b"}, "key"),
        ({"key": "k", "polciy": "edited=accept"}, "query"),
        ({"key": "k", "data": "[1]"}, "data"),
        ({"key": "k", "data": '{"a": NaN}'}, "data"),
        ({"key": "k", "data": '{"a": 1e999}'}, "data"),
        ({"key": "k", "data": '{"a": "\\ud800"}'}, "data"),
        ({"key": "k", "data": '{"a": ' + "[" * 9000}, "data"),
        ({"key": "k", "replaces": ""}, "replaces"),
        ({"key": "k", "policy": "edited"}, "policy"),
        ({"key": "k", "policy": "different=refuse"}, "policy"),
    ],
)
def test_what_makes_no_sense_is_named(
    client: httpx.Client, upload: bytes, asked: dict[str, str], name: str
) -> None:
    assert client.post("/v1/admit", content=upload, params=asked).json()["error"]["name"] == name
    assert client.get("/v1/status").json()["accepted"] == 0


def test_nothing_is_ignored_and_nothing_guessed(client: httpx.Client, upload: bytes) -> None:
    for path in ("/v1/admit?key=a&key=b", "/v1/admit?key=%ff", "/v1/check?policy=&policy="):
        error(client.post(path, content=upload), 422, "bad_input")
    files = {"file": upload}
    error(client.post("/v1/admit?key=a", files=files, data={"key": "b"}), 422, "bad_input")
    error(client.post("/v1/admit?key=a", files=files, data={"tag": "b"}), 422, "bad_input")
    error(
        client.post("/v1/admit", files=[("file", upload), ("file", upload)], data={"key": "b"}),
        422,
        "bad_input",
    )
    error(client.post("/v1/compare", files={"a": upload}), 422, "bad_input")
    error(client.post("/v1/compare", content=upload), 422, "bad_input")
    broken = {"content-type": "multipart/form-data; boundary=x"}
    for body in (b"", b"--x\r\n", b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\nabc", b"garbage"):
        error(client.post("/v1/check", content=body, headers=broken), 422, "bad_input")
    error(
        client.post("/v1/check", content=b"", headers={"content-type": "multipart/form-data"}),
        422,
        "bad_input",
    )
    for word in (
        b"",
        b"[]",
        b"{",
        b'{"key": 1}',
        b'{"key": "a", "same": 1}',
        b'{"key": "a", "same": true, "x": 1}',
    ):
        error(client.post("/v1/settle", content=word), 422, "bad_input")
    error(client.get("/v1/pictures/%ff/proxy"), 422, "bad_input")


def test_what_nothing_was_held_for_cannot_be_settled_and_a_decision_can_be_taken_back(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    for key, data in (("first", upload), ("second", captioned(upload)), ("other", astronaut.read_bytes())):
        admit(client, data, key)
    word = {"key": "second", "other_key": "other", "same": True}
    assert error(client.post("/v1/settle", json=word), 422, "bad_key")["name"] == "other_key"
    client.post("/v1/settle", json={**word, "other_key": "first"})
    assert admit(client, captioned(upload), "again").status_code == 409
    error(
        client.post("/v1/settle", json={"key": "first", "other_key": "other", "same": None}), 422, "bad_input"
    )
    assert client.post("/v1/settle", json={"key": "first", "same": None}).json()["outcome"] == "accepted"
    assert admit(client, captioned(upload), "again").status_code == 202


def test_a_key_with_a_line_end_is_refused(client: httpx.Client, upload: bytes) -> None:
    assert error(admit(client, upload, "a\nb"), 422, "bad_key")["name"] == "key"


def test_settling_a_picture_that_is_not_there_names_it(client: httpx.Client, upload: bytes) -> None:
    admit(client, upload, "first")
    word = {"key": "first", "other_key": "nobody", "same": False}
    assert error(client.post("/v1/settle", json=word), 404, "not_found")["name"] == "other_key"
    word = {"key": "nobody", "other_key": "first", "same": False}
    assert error(client.post("/v1/settle", json=word), 404, "not_found")["name"] == "key"


def test_unknown_addresses_and_methods_are_errors_of_the_same_shape(client: httpx.Client) -> None:
    for path in (
        "/index.html",
        "/v1",
        "/v1/admits",
        "/v2/admit",
        "/v1/admit/",
        "/documents",
        "/v1/picture",
    ):
        error(client.get(path), 404, "not_found")
    for method, path in (
        ("PUT", "/v1/admit"),
        ("GET", "/v1/admit"),
        ("POST", "/v1/held"),
        ("OPTIONS", "/v1/status"),
    ):
        response = client.request(method, path)
        error(response, 405, "method_not_allowed")
        assert response.headers["allow"]


def test_a_request_sent_again_under_its_idempotency_key_gets_the_same_answer(
    client: httpx.Client, upload: bytes, astronaut: Path
) -> None:
    def sent(data: bytes, key: str) -> httpx.Response:
        return client.post(
            "/v1/admit", content=data, params={"key": key}, headers={"Idempotency-Key": "once"}
        )

    first, again = sent(upload, "k"), sent(upload, "k")
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert ("idempotency-replayed" in first.headers, again.headers["idempotency-replayed"]) == (False, "true")
    for other in (sent(astronaut.read_bytes(), "k"), sent(upload, "another")):
        error(other, 422, "idempotency_key_reused")
    assert client.delete("/v1/pictures/k").status_code == 204
    assert sent(upload, "k").content == first.content
    assert client.get("/v1/status").json()["accepted"] == 0


def test_a_refused_duplicate_is_told_again_under_its_idempotency_key(
    client: httpx.Client, upload: bytes
) -> None:
    admit(client, upload, "first")
    answers = [
        client.post(
            "/v1/admit", content=resaved(upload), params={"key": "k"}, headers={"Idempotency-Key": "twice"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].content == answers[1].content
    removals = [client.delete("/v1/pictures/first", headers={"Idempotency-Key": "out"}) for _ in range(2)]
    assert [answer.status_code for answer in removals] == [204, 204]


def test_every_answer_carries_its_id_and_may_not_be_taken_for_a_page(client: httpx.Client) -> None:
    named = client.get("/v1/health", headers={"X-Request-ID": "abc-1"})
    assert named.headers["x-request-id"] == "abc-1"
    for shown in ("", "a b", "x" * 65, "<script>"):
        given = client.get("/nope", headers={"X-Request-ID": shown}).headers["x-request-id"]
        assert given not in ("", shown)
    assert named.headers["x-content-type-options"] == "nosniff"
    assert named.headers["cache-control"] == "no-store"


def test_the_log_has_a_line_for_every_request_and_no_key_name_or_data_of_a_picture(
    running: Running, client: httpx.Client, upload: bytes
) -> None:
    client.post(
        "/v1/admit",
        files={"file": ("secretname.png", upload)},
        data={"key": "secretkey", "data": '{"a": "secretdata"}'},
        headers={"X-Request-ID": "logged-1", "Idempotency-Key": "secretagain"},
    )
    client.delete("/v1/pictures/secretkey")
    (line,) = running.request_lines(id="logged-1")
    assert (line["operation"], line["status"], line["outcome"]) == ("admit", 201, "accepted")
    assert line["received"] > len(upload)
    assert line["ms"] > 0
    assert "secret" not in running.log.read_text()


def test_metrics_count_requests_and_decisions_and_name_nobody(client: httpx.Client, upload: bytes) -> None:
    admit(client, upload, "counted-key")
    text = client.get("/metrics").text
    assert 'samepic_requests_total{operation="admit",status="201"}' in text
    assert 'samepic_decisions_total{operation="admit",outcome="accepted"}' in text
    assert "samepic_request_seconds_bucket" in text
    assert "counted-key" not in text
    assert "tenant" not in text


def test_the_same_request_at_the_same_time_is_carried_out_once(client: httpx.Client, upload: bytes) -> None:
    def four(method: str, path: str, key: str, body: bytes = b"") -> set[tuple[int, bytes]]:
        headers = {"Idempotency-Key": key}
        with ThreadPoolExecutor(4) as pool:
            sent = [
                pool.submit(client.request, method, path, headers=headers, content=body) for _ in range(4)
            ]
            return {(one.result().status_code, one.result().content) for one in sent}

    admit(client, upload, "first")
    ((status, content),) = four("POST", "/v1/admit?key=second", "in", captioned(upload))
    assert (status, json.loads(content)["outcome"]) == (202, "review")
    word = {"key": "second", "other_key": "first", "same": True}
    ((status, content),) = four("POST", "/v1/settle", "word", json.dumps(word).encode())
    assert (status, json.loads(content)["outcome"]) == (200, "duplicate")
    for turn in range(4):
        assert four("DELETE", "/v1/pictures/first", f"out{turn}") == {(204, b"")}
        assert admit(client, upload, "first").status_code == 201
    client.delete("/v1/pictures/first")
    error(client.delete("/v1/pictures/first", headers={"Idempotency-Key": "again"}), 404, "not_found")


def test_a_store_that_can_take_nothing_in_makes_the_service_not_ready(tmp_path: Path, upload: bytes) -> None:
    path = tmp_path / "u.db"
    with Running(path, tmp_path / "log") as service, client_of(service.address) as client:
        assert admit(client, upload, "k").status_code == 201
        for name in ("u.db", "u.db-wal"):
            (tmp_path / name).rename(tmp_path / f"{name}.away")
            error(client.get("/v1/ready"), 503, "unavailable")
            error(admit(client, captioned(upload), "second"), 503, "unavailable")
            assert client.get("/v1/health").status_code == 200
            (tmp_path / name).unlink(missing_ok=True)
            (tmp_path / f"{name}.away").rename(tmp_path / name)
            assert client.get("/v1/ready").status_code == 200
