"""Uploads to views of Django REST framework, whose authors did nothing for samepic but name the model's field."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from wsgiref.simple_server import WSGIServer

import httpx
import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.http import HttpResponse
from django.test import Client, override_settings

from tests.contrib.uploads import CAT, ROCKET, cropped, saved_again

ERROR = {"code", "message", "detail", "wanted", "got", "name", "url"}


@pytest.fixture
def api(site: Client) -> Iterator[Client]:
    """Return REST framework's client of a site without the middleware."""
    from rest_framework.test import APIClient

    middleware = [name for name in settings.MIDDLEWARE if "samepic" not in name]
    with override_settings(ROOT_URLCONF="tests.contrib.shelf.api", MIDDLEWARE=middleware):
        yield APIClient()


def sent(api: Client, data: bytes, path: str = "/items/", name: str = "a.jpg", **more: str) -> HttpResponse:
    picture = SimpleUploadedFile(name, data)
    return api.post(path, {"code": name, "image": picture, **more}, format="multipart")


def error_of(answer: HttpResponse, status: int, code: str) -> dict[str, object]:
    """Return the error of an answer, which has this status and code and the shape of all."""
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")
    error: dict[str, object] = answer.json()["error"]
    assert set(error) == ERROR
    assert error["code"] == code
    assert error["message"]
    return error


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing be looked at before it is saved, as when a copy comes in between."""
    from samepic.contrib.django import admission

    monkeypatch.setattr(admission, "examine", lambda *_, **__: None)


def test_a_duplicate_is_answered_with_409_and_json(api: Client) -> None:
    assert sent(api, ROCKET).status_code == 201
    error = error_of(sent(api, cropped(), name="b.jpg"), 409, "duplicate")
    assert "already been uploaded" in str(error["message"])
    assert (error["name"], error["url"]) == ("image", None)


@pytest.mark.usefixtures("blind")
def test_so_is_a_copy_that_was_faster_with_and_without_the_middleware(api: Client) -> None:
    sent(api, ROCKET)
    answer = sent(api, saved_again(), name="b.jpg")
    assert error_of(answer, 409, "duplicate")["name"] == "image"
    middleware = [*settings.MIDDLEWARE, "samepic.contrib.django.views.RefusalMiddleware"]
    with override_settings(MIDDLEWARE=middleware):
        assert sent(type(api)(), saved_again(), name="b.jpg").json() == answer.json()
    assert apps.get_model("shelf.Item").objects.count() == 1


def test_the_link_to_the_picture_that_is_there_is_in_the_answer(api: Client) -> None:
    api.post("/new/", {"title": "a", "image": SimpleUploadedFile("a.jpg", ROCKET)})
    photo = apps.get_model("gallery.Photo").objects.get()
    assert error_of(sent(api, saved_again()), 409, "duplicate")["url"] == photo.get_absolute_url()


def test_a_damaged_file_is_answered_with_422_and_what_is_wrong(api: Client) -> None:
    for data in (b"no picture", ROCKET[: len(ROCKET) // 2]):
        error = error_of(sent(api, data), 422, "unreadable")
        assert error["wanted"]
        assert error["got"]


def test_a_file_that_is_too_large_is_answered_with_413(api: Client) -> None:
    with override_settings(SAMEPIC={**settings.SAMEPIC, "MAX_BYTES": 1000}):
        error_of(sent(api, ROCKET), 413, "too-large")


@pytest.mark.parametrize("moment", ["validation", "save"])
def test_a_store_that_cannot_be_reached_is_answered_with_503(
    api: Client, moment: str, request: pytest.FixtureRequest
) -> None:
    if moment == "save":
        request.getfixturevalue("blind")
    nobody = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1"
    with override_settings(SAMEPIC={"STORE": nobody, "WORKERS": 0}):
        answer = sent(api, ROCKET)
    error_of(answer, 503, "unavailable")
    assert answer["Retry-After"] == "5"
    assert "secret" not in answer.text


def test_other_mistakes_are_answered_as_rest_framework_does(api: Client) -> None:
    assert set(api.post("/items/", {}, format="multipart").json()) == {"code"}
    renamed = sent(api, ROCKET, name="a.html")
    assert (renamed.status_code, set(renamed.json())) == (400, {"image"})
    assert apps.get_model("shelf.Item").objects.count() == 0


def test_a_better_copy_may_take_the_place_of_ones_own_picture_and_no_other(api: Client) -> None:
    first, cat = (
        sent(api, data, name=name).json() for name, data in (("a.jpg", saved_again()), ("c.png", CAT))
    )
    better = {"image": SimpleUploadedFile("b.jpg", ROCKET)}
    assert api.patch(f"/items/{first['id']}/", better, format="multipart").status_code == 200
    again = api.patch(f"/items/{cat['id']}/", {"image": SimpleUploadedFile("d.jpg", saved_again())})
    error_of(again, 409, "duplicate")


def test_owners_that_are_known_only_when_it_is_saved_have_their_own_pictures(api: Client) -> None:
    assert [sent(api, ROCKET, f"/avatars/?owner={owner}").status_code for owner in ("ann", "bob")] == [
        201,
        201,
    ]
    error_of(sent(api, saved_again(), "/avatars/?owner=ann"), 409, "duplicate")


def test_a_serializer_without_a_model_looks_and_takes_nothing_in(api: Client) -> None:
    for _ in range(2):
        answer = api.post("/look/", {"picture": SimpleUploadedFile("a.jpg", ROCKET)})
        assert answer.json() == {"outcome": "accepted"}
    sent(api, ROCKET)
    answer = api.post("/look/", {"picture": SimpleUploadedFile("a.jpg", saved_again())})
    assert error_of(answer, 409, "duplicate")["name"] == "picture"


def test_the_exception_handler_answers_serializers_with_a_field_of_their_own(api: Client) -> None:
    handler = "samepic.contrib.django.rest.exception_handler"
    with override_settings(REST_FRAMEWORK={"EXCEPTION_HANDLER": handler}):
        assert sent(api, ROCKET, "/plain/").status_code == 201
        error_of(sent(api, saved_again(), "/plain/", name="b.jpg"), 409, "duplicate")


@pytest.fixture
def address(site: Client) -> Iterator[str]:
    """Serve the site on a port of its own, each request in a thread; return its address."""
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (its name in the standard library)
            pass

    with override_settings(ROOT_URLCONF="tests.contrib.shelf.api"):
        server: WSGIServer = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()
        connections.close_all()


@pytest.mark.slow
def test_of_sixteen_uploads_of_one_picture_at_once_one_gets_in(address: str) -> None:
    copies, start = [saved_again("chelsea.png", 60 + number) for number in range(16)], threading.Barrier(16)

    def upload(number: int) -> httpx.Response:
        start.wait()
        files = {"image": (f"{number}.jpg", copies[number])}
        return httpx.post(f"{address}/items/", data={"code": str(number)}, files=files, timeout=60)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(upload, range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert {answer.json()["error"]["code"] for answer in answers if answer.status_code == 409} == {
        "duplicate"
    }
    assert apps.get_model("shelf.Item").objects.count() == 1
