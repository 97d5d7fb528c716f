"""The gallery of examples/flask_app.py, and the extension and validator that it is built on."""

from __future__ import annotations

import re
import runpy
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask, current_app
from flask.testing import FlaskClient
from flask_wtf import FlaskForm
from flask_wtf.file import MultipleFileField
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse

from samepic import StoreError
from samepic.contrib.flask import PictureRefusedError, SamePic, UniquePicture
from tests.contrib.uploads import CAT, ROCKET, ROOT, cropped, refused_until_deleted, saved_again


@pytest.fixture
def example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlaskClient]:
    """Return a client of the example."""
    monkeypatch.setenv("SAMEPIC_DEMO", str(tmp_path))
    made = runpy.run_path(str(ROOT / "examples" / "flask_app.py"))
    with made["app"].app_context():
        yield made["app"].test_client()
        made["pictures"].close()


def sent(client: FlaskClient, path: str, **fields: object) -> TestResponse:
    """Fill in the form of a page and send it."""
    page = client.get(path.removesuffix("/delete") or "/").text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    return client.post(path, data={"csrf_token": token[1], **fields}, content_type="multipart/form-data")


def uploaded(client: FlaskClient, data: bytes) -> TestResponse:
    return sent(client, "/", title="a", picture=(BytesIO(data), "a.jpg"))


def test_the_gallery_refuses_a_copy_with_a_sentence_and_a_link_until_the_picture_is_deleted(
    example: FlaskClient,
) -> None:
    remove = lambda first: sent(example, f"{first.location}/delete")  # noqa: E731
    first, again = refused_until_deleted(lambda data: uploaded(example, data), remove, (302, 409, 302))
    assert f'<a href="{first.location}">See the picture that is already here.</a>' in again.text


def test_the_gallery_says_why_a_file_is_no_picture(example: FlaskClient) -> None:
    refused = uploaded(example, b"no picture")
    assert "This file is damaged or not a picture." in refused.text
    assert "expected a picture" not in refused.text


@pytest.fixture
def pictures(tmp_path: Path) -> Iterator[SamePic]:
    """Return the extension of an application that is being served."""
    app = Flask(__name__)
    app.config.update(SAMEPIC_STORE=tmp_path / "store.db", SAMEPIC_WORKERS=0, WTF_CSRF_ENABLED=False)
    pictures = SamePic(app, link=lambda key: f"/{key}?a=<b>")
    with app.test_request_context():
        yield pictures
        pictures.close()


def upload(data: bytes) -> FileStorage:
    return FileStorage(BytesIO(data), "a.jpg")


def test_of_many_copies_at_once_one_is_taken_in(pictures: SamePic) -> None:
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    copies, refused = [saved_again("chelsea.png", 60 + n) for n in range(8)], []

    def send(copy: bytes) -> None:
        with app.app_context():
            try:
                with pictures.admit(upload(copy)):
                    pass
            except PictureRefusedError as refusal:
                refused.append(refusal.code)

    threads = [threading.Thread(target=send, args=(copy,)) for copy in copies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [409] * 7
    assert pictures.gate.status()["accepted"] == 1


def test_the_gate_forgets_what_the_block_broke_off_on(pictures: SamePic) -> None:
    with pytest.raises(OSError, match="disk"), pictures.admit(upload(ROCKET), "a"):
        assert pictures.gate.get("a") is not None
        raise OSError("the disk is full")
    assert pictures.gate.get("a") is None


def test_a_better_copy_may_take_the_place_of_the_picture(pictures: SamePic) -> None:
    with pictures.admit(upload(saved_again()), "old"):
        pass
    with pictures.admit(upload(ROCKET), "new", replaces=["old"]) as admitted:
        pictures.gate.remove("old")
    assert (admitted.key, admitted.decision.outcome) == ("new", "accepted")


def test_an_upload_can_be_read_again_after_it_was_looked_at(pictures: SamePic) -> None:
    file = upload(ROCKET)
    pictures.check(file)
    assert file.read() == ROCKET


def test_nothing_in_a_refusal_is_taken_for_html_but_its_link(pictures: SamePic) -> None:
    with pictures.admit(upload(ROCKET), "<script>"):
        pass
    with pytest.raises(PictureRefusedError) as refused:
        pictures.check(upload(ROCKET))
    assert 'href="/&lt;script&gt;?a=&lt;b&gt;"' in str(refused.value.html)
    page = refused.value.get_response().get_data(as_text=True)
    assert str(refused.value.html) in page


def test_a_file_over_the_limit_is_refused_unread(pictures: SamePic) -> None:
    current_app.config["SAMEPIC_MAX_BYTES"] = 2048
    with pytest.raises(PictureRefusedError, match="The limit is 2 KB") as refused:
        pictures.check(upload(ROCKET))
    assert refused.value.code == 413


def test_a_refusal_is_in_the_language_of_the_visitor_and_says_whose_picture_it_was(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.config.update(SAMEPIC_STORE=tmp_path / "store.db", SAMEPIC_WORKERS=0)
    pictures = SamePic(app, own=lambda key: key == "mine", link=lambda key: f"/{key}")
    with app.test_request_context(headers={"Accept-Language": "xx, fr;q=0.9"}):
        with pictures.admit(upload(CAT), "mine"):
            pass
        with pytest.raises(PictureRefusedError) as refused:
            pictures.check(upload(cropped("chelsea.png")))
        page = refused.value.get_response().get_data(as_text=True)
        pictures.close()
    assert refused.value.sentence == "Vous avez déjà envoyé cette image (recadrée autrement)."
    assert '<html lang="fr">' in page
    assert '<a href="/mine">Voir l’image déjà présente.</a>' in page
    assert not re.search(r"Conflict|JPEG|\d %", page)


def test_a_visitor_is_asked_to_come_again_while_the_store_cannot_be_reached(tmp_path: Path) -> None:
    app = Flask(__name__)
    app.config["SAMEPIC_STORE"] = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1"
    pictures = SamePic(app)
    app.post("/")(lambda: str(pictures.check(upload(CAT))))
    answer = app.test_client().post("/", headers={"Accept-Language": "ja"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert '<html lang="ja">' in answer.text
    assert "ただいま画像を受け付けることができません。" in answer.text
    assert not re.search("postgresql|secret|127", answer.text)


def test_each_of_several_files_is_looked_at(pictures: SamePic) -> None:
    class Form(FlaskForm):
        files = MultipleFileField(validators=[UniquePicture()])

    with pictures.admit(upload(CAT)):
        pass
    assert Form(files=[upload(ROCKET)]).validate()
    form = Form(files=[upload(ROCKET), upload(CAT)])
    assert not form.validate()
    assert "already been uploaded" in form.files.errors[0].lower()


def test_an_application_without_a_store_is_told_what_is_missing() -> None:
    with pytest.raises(StoreError, match=r"SAMEPIC_STORE: expected a path.*found nothing"):
        SamePic(Flask(__name__))


def test_a_validator_without_the_extension_says_so() -> None:
    with Flask(__name__).app_context(), pytest.raises(StoreError, match="SamePic"):
        UniquePicture()(FlaskForm(meta={"csrf": False}), type("Field", (), {"data": upload(CAT)})())


def test_a_replica_is_asked_by_checks_and_passed_over_where_it_does_not_answer(
    pictures: SamePic, caplog: pytest.LogCaptureFixture
) -> None:
    current_app.config["SAMEPIC_REPLICAS"] = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1"
    with pictures.admit(upload(saved_again())):
        assert "replica passed over" not in caplog.text
    with pytest.raises(PictureRefusedError, match="already been uploaded"):
        pictures.check(upload(saved_again()))
    assert "replica passed over" in caplog.text
    assert "secret" not in caplog.text
