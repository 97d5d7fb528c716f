"""The gallery of examples/fastapi_app.py, and the dependency that it is built on."""

# FastAPI reads the annotations of functions within functions: they must not be postponed.
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from io import BytesIO
from pathlib import Path
from typing import Annotated

import httpx
import jsonschema
import pytest
from fastapi import Depends, FastAPI, Request, UploadFile

from samepic import Gate
from samepic.contrib.fastapi import AdmittedPicture, RefusalDetail, UniquePicture
from samepic.sandbox.pool import InProcess
from samepic.service.openapi import description
from tests.contrib.uploads import CAT, PHOTOS, ROCKET, ROOT, cropped, refused_until_deleted, saved_again

EXAMPLE = ROOT / "examples" / "fastapi_app.py"
HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Return a client of the example in a server process of its own."""
    folder = tmp_path_factory.mktemp("fastapi")
    with subprocess.Popen(
        [sys.executable, str(EXAMPLE), "--port", "0"],
        env={**os.environ, "SAMEPIC_DEMO": str(folder)},
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stderr is not None
        try:
            found = next(filter(None, (re.search(r"http://[\d.:]+", line) for line in server.stderr)))
            with httpx.Client(base_url=found[0], follow_redirects=True, timeout=60) as client:
                yield client
        finally:
            server.terminate()
            server.communicate()


def sent(client: httpx.Client, data: bytes, title: str = "a") -> httpx.Response:
    return client.post("/", data={"title": title}, files={"picture": ("a.jpg", data)}, headers=HTML)


def test_the_gallery_refuses_a_copy_with_a_sentence_and_a_link_until_the_picture_is_deleted(
    site: httpx.Client,
) -> None:
    remove = lambda shown: site.post(f"{shown.url.path}/delete")  # noqa: E731
    shown, again = refused_until_deleted(lambda data: sent(site, data), remove, (200, 409, 200))
    assert f'<a href="{shown.url.path}">See the picture that is already here.</a>' in again.text
    assert "<form" in again.text


def test_the_gallery_serves_the_file_that_was_uploaded(site: httpx.Client) -> None:
    shown = sent(site, (PHOTOS / "coffee.png").read_bytes())
    file = site.get(f"{shown.url.path}/file")
    assert (file.content, file.headers["content-type"]) == ((PHOTOS / "coffee.png").read_bytes(), "image/png")


def test_scripts_get_the_reason_as_an_object(site: httpx.Client) -> None:
    first = sent(site, (PHOTOS / "hubble.jpg").read_bytes())
    copy = {"picture": ("b.jpg", saved_again("hubble.jpg"))}
    refused = site.post("/", data={"title": "b"}, files=copy)
    detail = refused.json()["detail"]
    assert (refused.status_code, detail["code"], detail["link"]) == (409, "duplicate", first.url.path)
    assert detail["match"]["key"] == first.url.path[1:]
    assert site.post("/", data={"title": "b"}, files={"picture": ("b.jpg", b"text")}).status_code == 422


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with Gate(tmp_path / "store.db", workers=InProcess()) as opened:
        yield opened


def posted(
    app: FastAPI, *uploads: bytes, field: str = "picture", headers: dict[str, str] | None = None
) -> list[httpx.Response]:
    """Upload all of these at once."""

    async def post() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://site", headers=headers) as client:
            return await asyncio.gather(
                *(client.post("/", files={field: ("a.jpg", data)}) for data in uploads)
            )

    return asyncio.run(post())


def served(unique: UniquePicture) -> FastAPI:
    app = FastAPI()

    @app.post("/", status_code=201, responses={**unique.responses})
    def upload(picture: Annotated[AdmittedPicture, Depends(unique)]) -> dict[str, str]:
        return {"key": picture.key, "outcome": picture.decision.outcome, "name": picture.filename}

    return app


def test_the_endpoint_is_given_the_decision_and_the_picture_is_in_under_its_key(gate: Gate) -> None:
    app = served(UniquePicture(gate, key=lambda: "photo/1"))
    answer = posted(app, ROCKET)[0]
    assert answer.json() == {"key": "photo/1", "outcome": "accepted", "name": "a.jpg"}
    assert gate.get("photo/1") is not None


def test_what_is_too_large_or_no_picture_is_answered_with_the_reason(gate: Gate) -> None:
    app = served(UniquePicture(gate, max_bytes=1000))
    large = posted(app, ROCKET)[0]
    assert large.status_code == 413
    assert large.json()["detail"]["message"] == "This file is too large. The limit is 1000 bytes."
    text = posted(app, b"no picture")[0]
    assert (text.status_code, text.json()["detail"]["code"]) == (422, "unreadable")
    assert text.json()["detail"]["message"].startswith("This file is damaged or not a picture.")
    assert "not a usable image" in text.json()["detail"]["detail"]


def test_a_refusal_is_in_the_language_of_the_request_and_says_whose_picture_it_was(gate: Gate) -> None:
    def own(request: Request, key: str) -> bool:
        return request.headers["x-user"] == key

    asked = {"accept-language": "es-MX, en;q=0.5", "x-user": "ann"}
    app = served(UniquePicture(gate, key=iter(("ann", "bob")).__next__, link=lambda key: f"/{key}", own=own))
    posted(app, CAT)[0]
    detail = posted(app, cropped("chelsea.png"), headers=asked)[0].json()["detail"]
    assert detail["message"] == "Ya ha subido esta imagen (con otro recorte)."
    assert detail["link_label"] == "Ver la imagen que ya está aquí."
    assert detail["detail"].startswith("this picture was uploaded already: the same picture, cropped to ")
    assert detail["match"]["changes"] == ["cropped"]
    chosen = served(UniquePicture(gate, language=lambda request: "pt-BR"))
    assert posted(chosen, CAT)[0].json()["detail"]["message"] == "Esta imagem já foi enviada."


def test_the_uploader_is_not_told_where_a_picture_is_that_has_no_link(gate: Gate) -> None:
    app = served(UniquePicture(gate))
    posted(app, ROCKET)[0]
    refused = posted(app, saved_again())[0]
    assert (refused.status_code, refused.json()["detail"]["link"]) == (409, None)


def test_the_gate_forgets_what_an_endpoint_broke_off_on(gate: Gate) -> None:
    app, unique = FastAPI(), UniquePicture(gate)

    @app.post("/")
    def upload(picture: Annotated[AdmittedPicture, Depends(unique)]) -> None:
        assert gate.get(picture.key) is not None
        raise OSError("the disk is full")

    assert posted(app, ROCKET)[0].status_code == 500
    assert gate.status()["accepted"] == 0


def test_the_gate_keeps_what_the_site_shows_though_the_endpoint_broke_off_later(gate: Gate) -> None:
    rows: set[str] = set()
    app, unique = FastAPI(), UniquePicture(gate, shown=rows.__contains__)

    @app.post("/")
    def upload(picture: Annotated[AdmittedPicture, Depends(unique)]) -> None:
        rows.add(picture.key)
        raise OSError("no mail could be sent")

    assert posted(app, ROCKET)[0].status_code == 500
    assert gate.status()["accepted"] == 1


def test_a_look_takes_nothing_in(gate: Gate) -> None:
    app = served(UniquePicture(gate, check_only=True))
    for _ in range(2):
        assert posted(app, ROCKET)[0].status_code == 201
    assert gate.status()["accepted"] == 0


def resolved(schema: object, schemas: dict[str, object]) -> object:
    """Return a schema with every reference replaced by what it names."""
    if isinstance(schema, dict) and "$ref" in schema:
        return resolved(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if isinstance(schema, dict):
        return {name: resolved(value, schemas) for name, value in schema.items()}
    return [resolved(one, schemas) for one in schema] if isinstance(schema, list) else schema


def test_the_description_of_the_service_names_the_field_and_the_refusals_with_one_schema(gate: Gate) -> None:
    described = served(UniquePicture(gate, field="photo")).openapi()
    responses, schemas = described["paths"]["/"]["post"]["responses"], described["components"]["schemas"]
    assert set(responses) == {"201", "409", "413", "422", "503"}
    (form,) = (s for s in schemas.values() if "photo" in s.get("properties", {}))
    assert form["required"] == ["photo"]
    one = {"$ref": "#/components/schemas/RefusedUpload"}
    found = {status: responses[status]["content"]["application/json"]["schema"] for status in responses}
    assert found["409"] == found["413"] == found["503"] == one
    assert found["422"]["anyOf"] == [one, {"$ref": "#/components/schemas/InvalidRequest"}]
    assert "Retry-After" in responses["503"]["headers"]


def test_every_error_of_the_service_is_in_that_of_the_dependency(gate: Gate) -> None:
    theirs = description((), tokens=False)["components"]["schemas"]["Error"]["properties"]["error"][
        "properties"
    ]
    ours = served(UniquePicture(gate)).openapi()["components"]["schemas"]["RefusalDetail"]["properties"]
    assert set(theirs) | {"link", "link_label", "match"} == set(ours)


@pytest.mark.parametrize("show_match", [True, False])
def test_every_refusal_is_as_the_description_says(gate: Gate, tmp_path: Path, show_match: bool) -> None:
    unique = UniquePicture(gate, max_bytes=200_000, link=lambda key: f"/{key}", show_match=show_match)
    with Gate(tmp_path / "another.db", workers=InProcess()) as closed:
        nobody = served(UniquePicture(closed))
    app = served(unique)
    posted(app, ROCKET)
    answers = [posted(app, data)[0] for data in (saved_again(), b"x" * 200_001, ROCKET[:9000], b"text")]
    answers += [posted(nobody, ROCKET)[0], posted(app, ROCKET, field="another")[0]]
    assert [answer.status_code for answer in answers] == [409, 413, 422, 422, 503, 422]
    described = app.openapi()
    for answer in answers:
        response = described["paths"]["/"]["post"]["responses"][str(answer.status_code)]
        schema = resolved(
            response["content"]["application/json"]["schema"], described["components"]["schemas"]
        )
        jsonschema.validate(answer.json(), schema)
    *details, missing = (answer.json()["detail"] for answer in answers)
    assert {frozenset(detail) for detail in details} == {
        frozenset(field.name for field in fields(RefusalDetail))
    }
    assert isinstance(missing, list)
    assert bool(details[0]["match"]) is show_match
    assert answers[4].headers["retry-after"] == "5"


def test_a_site_may_leave_the_kept_key_out_of_all_that_it_answers(gate: Gate) -> None:
    app = served(UniquePicture(gate, key=iter(("secret-of-ann", "b")).__next__, show_match=False))
    posted(app, ROCKET)
    refused = posted(app, saved_again())[0]
    assert (refused.status_code, refused.json()["detail"]["match"]) == (409, None)
    assert "secret-of-ann" not in refused.text


def test_of_many_copies_at_once_one_is_accepted(gate: Gate) -> None:
    app = served(UniquePicture(gate))

    answers = posted(app, *(saved_again("chelsea.png", 60 + n) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


def test_what_was_taken_in_for_a_request_that_is_cancelled_goes_out_again(gate: Gate) -> None:
    async def cancelled() -> None:
        begun = asyncio.Event()

        def key() -> str:
            begun.set()
            return "a"

        taking = asyncio.create_task(UniquePicture(gate, key=key).take(UploadFile(BytesIO(ROCKET))))
        await begun.wait()
        taking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await taking

    asyncio.run(cancelled())
    assert gate.get("a") is None
