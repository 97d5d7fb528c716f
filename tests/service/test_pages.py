"""The pages from outside of a browser: who may see what, and what other sites cannot do."""

from __future__ import annotations

import hashlib
import html
import pickle
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from samepic.pages.app import PAGES
from samepic.pages.html import POLICY, Html, el, join
from samepic.service.app import ENDPOINTS
from samepic.service.settings import ServiceSettings
from tests.gate.pictures import resaved
from tests.kits.service import Running
from tests.kits.tokens import token_file, token_table

RED, BLUE, LESS = "red-" + "r" * 30, "blue-" + "b" * 30, "less-" + "l" * 30
LOOKS = "looks-" + "k" * 30
TOKENS = (
    token_table("red", RED, "red"),
    token_table("blue", BLUE, "blue"),
    token_table("less", LESS, "red", may=("status",)),
    token_table("looks", LOOKS, "red", may=("list", "proxy")),
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory, upload: bytes) -> Iterator[Running]:
    """Return a service of two tenants with a folder of originals, whose red one keeps a picture."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "media" / "red").mkdir(parents=True)
    for name in ("one.png", "two.jpg"):
        (folder / "media" / "red" / name).write_bytes(upload if name == "one.png" else resaved(upload))
    options = (*token_file(folder, *TOKENS), "--originals", str(folder / "media"))
    with Running(folder / "u.db", folder / "log", *options) as service:
        headers = {"Authorization": f"Bearer {RED}"}
        with httpx.Client(base_url=service.address, headers=headers) as client:
            query = {"key": "one.png"}
            assert client.post("/v1/admit", params=query, content=upload).status_code == 201
            query = {"key": "two.jpg", "policy": "resaved=accept"}
            assert client.post("/v1/admit", params=query, content=resaved(upload)).status_code == 201
        yield service


@pytest.fixture(scope="module")
def upload(coffee: Path) -> bytes:
    """Return the bytes of a photograph."""
    return coffee.read_bytes()


def csrf_of(text: str) -> str:
    """Return what a page says that its requests must send back."""
    return text.partition('name="csrf" content="')[2].partition('"')[0]


@contextmanager
def signed_in(service: Running, token: str) -> Iterator[httpx.Client]:
    """Give a browser that has shown its token, as far as requests go."""
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    with httpx.Client(base_url=service.address, headers=headers, timeout=60) as client:
        csrf = csrf_of(client.get("/ui/enter").text)
        client.post("/ui/enter", data={"token": token, "csrf": csrf})
        client.headers["X-CSRF-Token"] = csrf_of(client.get("/").text)
        yield client


def test_without_a_session_every_page_leads_to_the_sign_in_and_tells_nothing(guarded: Running) -> None:
    with httpx.Client(base_url=guarded.address, headers={"Accept": "text/html"}) as client:
        for one in PAGES:
            if one.public and one.path != "/":
                continue
            answer = client.request(one.method, one.path, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == (303 if one.is_page else 401), one.path
            assert not answer.headers.get("location", "/ui/enter?").partition("/ui/enter?")[0]


def test_a_token_sees_the_pages_that_it_may_and_no_others(guarded: Running) -> None:
    with signed_in(guarded, LESS) as client:
        start = client.get("/").text
        assert 'href="/status"' in start
        assert 'href="/compare"' not in start
        for one in PAGES:
            if not one.public and one.rights and set(one.rights) != {"status"}:
                assert client.request(one.method, one.path).status_code == 403, one.path
        assert client.get("/status").status_code == 200


def test_no_page_shows_a_picture_of_another_tenant(guarded: Running, upload: bytes) -> None:
    asked = {"a": "one.png", "b": "one.png"}
    with signed_in(guarded, BLUE) as blue, signed_in(guarded, RED) as red:
        for path, query in (("/ui/picture", {"key": "one.png"}), ("/ui/pair", asked)):
            assert red.get(path, params=query).status_code == 200
            assert blue.get(path, params=query).status_code == 404
        files = {"file": ("a.png", upload)}
        assert blue.post("/ui/against", files=files, data={"key": "one.png"}).status_code == 404
        assert blue.post("/ui/check", files=files).json()["nearest"] == []
        near = red.post("/ui/check", files=files).json()
        assert near["decision"]["outcome"] == "duplicate"
        assert [one["relation"] for one in near["nearest"]] == ["same-file", "resaved"]


def test_kept_pictures_are_listed_to_their_tenant_and_removed_by_whom_that_is_allowed(
    guarded: Running,
) -> None:
    with signed_in(guarded, BLUE) as blue, signed_in(guarded, LOOKS) as looks, signed_in(guarded, RED) as red:
        assert "The store is empty." in blue.get("/pictures").text
        assert "Remove one.png" in red.get("/pictures").text
        shown = looks.get("/pictures", params={"prefix": "two"}).text
        assert ("two.jpg" in shown, "one.png" in shown, "Remove" in shown) == (True, False, False)
        assert blue.post("/pictures", data={"key": "one.png"}).status_code == 404
        assert looks.post("/pictures", data={"key": "one.png"}).status_code == 403
        csrf = red.headers.pop("X-CSRF-Token")
        for word in ("0" * 64, ""):
            assert red.post("/pictures", data={"key": "one.png", "csrf": word}).status_code == 403
        assert red.post("/pictures", data={"key": "nobody", "csrf": csrf}).status_code == 404
        shown = red.get("/pictures").text
        assert ("one.png" in shown, "two.jpg" in shown) == (True, True)


def test_two_kept_pictures_are_laid_on_each_other_as_they_are_where_their_files_can_be_read(
    guarded: Running, upload: bytes
) -> None:
    with signed_in(guarded, RED) as client:
        result = client.get("/ui/pair", params={"a": "one.png", "b": "two.jpg"}).json()
        assert (result["from"], result["verdict"]["relation"]) == ("pictures", "resaved")
        assert (result["view"]["width"], result["view"]["height"]) == (600, 400)
        assert all(
            result["view"][name].startswith("data:image/") for name in ("a", "b", "aligned", "difference")
        )


def test_a_request_that_no_page_of_ours_makes_is_refused_before_its_body_is_looked_at(
    guarded: Running, upload: bytes
) -> None:
    files = {"file": ("a.png", upload)}
    with signed_in(guarded, RED) as client:
        for changed in ({"Sec-Fetch-Site": "cross-site"}, {"X-CSRF-Token": "0" * 64}, {"X-CSRF-Token": ""}):
            answer = client.post("/ui/check", files=files, headers=changed)
            assert answer.status_code == 403
            assert answer.json()["error"]["code"] == "forbidden"
        answer = client.get(
            "/ui/picture", params={"key": "one.png"}, headers={"Sec-Fetch-Site": "cross-site"}
        )
        assert answer.status_code == 403


def test_a_form_with_a_picture_needs_the_word_of_its_page_too(guarded: Running, upload: bytes) -> None:
    files = {"file": ("a.png", upload)}
    with signed_in(guarded, RED) as client:
        csrf = client.headers.pop("X-CSRF-Token")
        answer = client.post("/check", files=files, data={"csrf": csrf})
        assert (answer.status_code, answer.headers["content-security-policy"]) == (200, POLICY)
        assert "one.png" in answer.text
        for word, site in (("0" * 64, "same-origin"), ("", "same-origin"), (csrf, "cross-site")):
            headers = {"Sec-Fetch-Site": site}
            assert client.post("/check", files=files, data={"csrf": word}, headers=headers).status_code == 403
        assert client.post("/check", files=files).status_code == 403


def test_the_word_of_one_session_is_none_in_another(guarded: Running, upload: bytes) -> None:
    with signed_in(guarded, RED) as one, signed_in(guarded, RED) as other:
        other.headers["X-CSRF-Token"] = one.headers["X-CSRF-Token"]
        assert other.post("/ui/check", files={"file": ("a.png", upload)}).status_code == 403


def test_programs_get_the_addresses_at_the_start_and_nothing_of_the_store(guarded: Running) -> None:
    with httpx.Client(base_url=guarded.address) as client:
        found = client.get("/").json()
        assert set(found) == {"service", "version", "links"}
        assert {name: client.get(path).status_code for name, path in found["links"].items()} == {
            "docs": 200,
            "openapi": 200,
            "ready": 200,
            "metrics": 401,
        }


def test_browsers_get_links_to_what_there_is_for_programs_too(running: Running) -> None:
    text = httpx.get(running.address, headers={"Accept": "text/html"}).text
    for path in ("/review", "/docs", "/openapi.json", "/v1/ready", "/metrics"):
        assert f'href="{path}"' in text


def test_the_page_of_the_api_has_every_address_parameter_answer_and_shape(running: Running) -> None:
    with httpx.Client(base_url=running.address) as client:
        answer, described = client.get("/docs"), client.get("/openapi.json").json()
    assert answer.headers["content-security-policy"] == POLICY
    sections = dict(re.findall(r'<h2 id="(\w+)">(.*?)</section>', answer.text))
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            section = sections[operation["operationId"]]
            assert f"{method.upper()} {path}" in section
            names = [one["name"] for one in operation.get("parameters", [])]
            assert not [name for name in (*names, *operation["responses"]) if f">{name}<" not in section]
    linked = set(re.findall(r'href="#([\w-]+)"', answer.text))
    assert linked <= set(re.findall(r' id="([\w-]+)"', answer.text))
    assert {f"shape-{name}" for name in described["components"]["schemas"]} <= linked | {"shape-State"}


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page shows curl, and there is none on the PATH")
def test_the_examples_of_the_page_of_the_api_work(tmp_path: Path, upload: bytes) -> None:
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).write_bytes(upload)
    with Running(tmp_path / "u.db", tmp_path / "log") as service:
        text = httpx.get(f"{service.address}/docs").text
        examples = [html.unescape(found) for found in re.findall(r"<code>(curl .*?)</code>", text)]
        # What removes the picture comes before what asks for it again.
        statuses = {}
        for example in sorted(examples, key=lambda text: "-X DELETE" in text):
            asked = [*shlex.split(example), "-s", "-w", "%{stderr}%{http_code}"]
            done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=True)
            statuses[example.rpartition("/")[2]] = done.stderr
    assert len(examples) == len(ENDPOINTS)
    assert statuses.pop("admit") == "201"
    assert statuses.pop("settle") == "200"
    assert statuses.pop("17") == "204"
    assert set(statuses.values()) == {"200"}


def test_an_empty_store_has_a_status(running: Running) -> None:
    text = httpx.get(f"{running.address}/status").text
    for words in (
        "No upload was refused within the last day.",
        "The store needs at least two pictures for this.",
        "No upload has matched a picture of the store yet.",
    ):
        assert words in text


def test_static_files_are_those_of_the_package_and_come_once(running: Running) -> None:
    with httpx.Client(base_url=running.address) as client:
        first = client.get("/ui/static/view.js")
        assert first.headers["content-type"].startswith("text/javascript")
        again = client.get("/ui/static/view.js", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        for name in ("nothing.js", "..%2Fapp.py", "%2E%2E%2Fapp.py"):
            assert client.get(f"/ui/static/{name}").status_code == 404


def test_a_page_of_another_host_name_cannot_ask_a_service_without_tokens(running: Running) -> None:
    answer = httpx.get(running.address, headers={"Host": "elsewhere.example"})
    assert answer.status_code == 403
    assert "<h1>Not allowed</h1>" in answer.text


def test_processes_of_one_service_know_each_others_sessions_and_others_do_not() -> None:
    one = ServiceSettings("u.db")
    assert pickle.loads(pickle.dumps(one)).secret == one.secret
    assert ServiceSettings("u.db").secret != one.secret
    assert one.secret.hex() not in repr(one) and repr(one.secret) not in repr(one)


def test_every_text_is_escaped_where_it_enters() -> None:
    text, escaped = "<b onclick='x'>&\"", "&lt;b onclick=&#x27;x&#x27;&gt;&amp;&quot;"
    assert el("p.a.b", text, title=text) == f'<p title="{escaped}" class="a b">{escaped}</p>'
    assert join(["a", None, 1, [Html("<br>")]]) == "a1<br>"
    assert el("input", required=True, disabled=False, for_="x", aria_label=None) == '<input required for="x">'
    for refused in ({"style": "x"}, {"onclick": "x"}):
        with pytest.raises(ValueError, match="policy forbids"):
            el("p", **refused)
    with pytest.raises(ValueError, match="expected a file"):
        el("script", "alert(1)")


def test_a_cookie_tells_nothing_of_the_token_and_is_worth_nothing_after_the_sign_out(
    guarded: Running,
) -> None:
    with signed_in(guarded, RED) as client:
        cookies = dict(client.cookies)
        (cookie,) = cookies.values()
        digest = hashlib.sha256(RED.encode()).hexdigest()
        assert not [part for part in (RED[:8], digest[:8], digest[-8:]) if part in cookie]
        csrf = client.headers.pop("X-CSRF-Token")
        assert client.post("/ui/leave", data={"csrf": csrf}).status_code == 303
    with httpx.Client(base_url=guarded.address, cookies=cookies) as client:
        assert client.get("/status").status_code == 303
