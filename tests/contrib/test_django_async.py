"""An async view that takes uploads, under Django's ASGI handler."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from asgiref.sync import iscoroutinefunction
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, override_settings

from samepic.contrib.django.views import RefusalMiddleware
from tests.contrib.uploads import ROCKET, saved_again


@pytest.fixture
def client(site: Client) -> Iterator[AsyncClient]:
    with override_settings(ROOT_URLCONF="tests.contrib.shelf.api"):
        yield AsyncClient()


def uploaded(client: AsyncClient, *uploads: bytes, path: str = "/upload/") -> list[HttpResponse]:
    """Upload all of these at once."""

    async def post() -> list[HttpResponse]:
        files = [SimpleUploadedFile(f"{number}.jpg", data) for number, data in enumerate(uploads)]
        headers = {"accept": "application/json"}
        posts = (client.post(path, {"code": file.name, "image": file}, headers=headers) for file in files)
        return list(await asyncio.gather(*posts))

    return asyncio.run(post())


def test_its_form_refuses_a_copy(client: AsyncClient) -> None:
    assert uploaded(client, ROCKET)[0].status_code == 201
    (again,) = uploaded(client, saved_again())
    assert (again.status_code, "already been uploaded" in again.text) == (422, True)


def test_a_refusal_at_the_save_is_answered_by_the_middleware(client: AsyncClient) -> None:
    assert uploaded(client, ROCKET)[0].status_code == 201
    (again,) = uploaded(client, saved_again(), path="/upload/?unseen")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "duplicate")


def test_of_many_copies_at_once_one_is_stored(client: AsyncClient) -> None:
    copies = (saved_again("chelsea.png", 60 + number) for number in range(6))
    answers = uploaded(client, *copies, path="/upload/?unseen")
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert apps.get_model("shelf.Item").objects.count() == 1


def test_the_middleware_is_async_among_async_ones_and_not_among_others() -> None:
    async def answer(request: HttpRequest) -> HttpResponse:
        return HttpResponse("hello")

    among_async = RefusalMiddleware(answer)
    assert iscoroutinefunction(among_async)
    assert asyncio.run(among_async(HttpRequest())).content == b"hello"
    assert not iscoroutinefunction(RefusalMiddleware(lambda request: HttpResponse()))
