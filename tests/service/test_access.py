"""Who may ask, for which tenant, and what."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from itsdangerous import TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import ProfileError
from samepic.service.auth import Sessions, address_of, authenticate
from samepic.service.problems import HttpProblem
from samepic.service.settings import RIGHTS, ServiceSettings, find_token, read_tokens
from tests.gate.pictures import resaved
from tests.kits.service import Running, client_of
from tests.kits.tokens import token_file, token_table
from tests.service.test_service import admit, error

RED, BLUE, WATCH = "red-" + "r" * 30, "blue-" + "b" * 30, "watch-" + "w" * 30
HASHED = hashlib.sha256(BLUE.encode()).hexdigest()
TOKENS = (
    token_table("red shop", RED, "red"),
    token_table("blue shop", tenant="blue", may=("check", "admit", "list", "status"), sha256=HASHED),
    token_table("operator", WATCH, may=("metrics",)),
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service for two tenants and an operator."""
    folder = tmp_path_factory.mktemp("guarded")
    with Running(folder / "u.db", folder / "log", *token_file(folder, *TOKENS)) as service:
        yield service


def bearer(service: Running, token: str) -> httpx.Client:
    return client_of(service.address, {"Authorization": f"Bearer {token}"})


def test_without_a_token_that_is_known_nothing_is_answered_but_health_and_the_description(
    guarded: Running,
) -> None:
    for headers in (
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {RED}"},
        {"Authorization": f"Bearer {RED[:-1]}"},
        {"Authorization": f"Bearer {RED}x"},
        {"Authorization": RED},
    ):
        with client_of(guarded.address, headers) as client:
            for method, path in (("GET", "/v1/status"), ("POST", "/v1/admit"), ("GET", "/metrics")):
                answer = client.request(method, path)
                error(answer, 401, "unauthorized")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            for path in ("/v1/health", "/v1/ready", "/openapi.json"):
                assert client.get(path).status_code == 200


def test_a_token_may_only_what_it_is_given_for(guarded: Running) -> None:
    with bearer(guarded, BLUE) as blue, bearer(guarded, WATCH) as watch, bearer(guarded, RED) as red:
        assert blue.get("/v1/status").json()["tenant"] == "blue"
        error(blue.delete("/v1/pictures/k"), 403, "forbidden")
        error(blue.get("/v1/held"), 403, "forbidden")
        code = {"pdq": "0f" * 32, "quality": 80}
        assert blue.post("/v1/check-code", json=code).status_code == 200
        error(watch.post("/v1/check-code", json=code), 403, "forbidden")
        assert watch.get("/metrics").status_code == 200
        error(watch.get("/v1/status"), 403, "forbidden")
        error(red.get("/metrics"), 403, "forbidden")


def test_neither_tenant_learns_of_the_pictures_of_the_other(guarded: Running, upload: bytes) -> None:
    with bearer(guarded, RED) as red, bearer(guarded, BLUE) as blue:
        assert admit(red, upload, "secret/1").status_code == 201
        assert blue.post("/v1/check", content=upload).json()["outcome"] == "accepted"
        same = {"Idempotency-Key": "one"}
        for client in (red, blue):
            response = client.post("/v1/admit", content=resaved(upload), params={"key": "k"}, headers=same)
            assert "idempotency-replayed" not in response.headers
        assert response.json() == {
            "outcome": "accepted",
            "reason": "This picture has not been uploaded before.",
            "detail": "not uploaded before",
            "key": "k",
            "match": None,
            "matches": [],
            "flooding": False,
            "waiting": False,
        }
        assert blue.get("/v1/status").json()["accepted"] == 1
        assert red.get("/v1/status").json()["accepted"] == 1
        assert blue.post("/v1/check", content=upload).json()["match"]["key"] == "k"
        assert red.delete("/v1/pictures/k").status_code == 404
        assert red.get("/v1/held").json() == {"held": [], "next": None}
        for client, keys in ((red, ["secret/1"]), (blue, ["k"])):
            listed = client.get("/v1/pictures").json()["pictures"]
            assert [picture["key"] for picture in listed] == keys
        error(blue.get("/v1/events"), 403, "forbidden")


def test_no_header_leads_to_another_tenant_than_that_of_the_token(guarded: Running) -> None:
    with bearer(guarded, RED) as red:
        assert red.get("/v1/status", headers={"Samepic-Tenant": "red"}).status_code == 200
        error(red.get("/v1/status", headers={"Samepic-Tenant": "blue"}), 403, "forbidden")
        error(red.get("/v1/status", headers={"Samepic-Tenant": ""}), 403, "forbidden")


def test_no_token_is_ever_logged(guarded: Running) -> None:
    with bearer(guarded, RED) as red:
        red.get("/v1/status", headers={"X-Request-ID": "who"})
        red.get("/v1/status?token=" + RED)
    (line,) = guarded.request_lines(id="who")
    assert (line["caller"], line["tenant"]) == ("red shop", "red")
    text = guarded.log.read_text()
    assert RED not in text
    assert WATCH not in text
    assert hashlib.sha256(BLUE.encode()).hexdigest() not in text


def test_pages_of_other_sites_cannot_use_a_service_without_tokens(
    client: httpx.Client, running: Running
) -> None:
    error(client.get("/v1/status", headers={"Host": "evil.example"}), 403, "forbidden")
    error(client.get("/v1/status", headers={"Origin": "https://evil.example"}), 403, "forbidden")
    error(client.post("/v1/admit", headers={"Origin": "null"}), 403, "forbidden")
    assert client.get("/v1/status", headers={"Origin": running.address}).status_code == 200
    assert client.get("/v1/status", headers={"Host": "localhost:1"}).status_code == 200


def test_a_tenant_that_makes_no_sense_is_named(client: httpx.Client) -> None:
    for shown in (b"\xff", b"x" * 1025, b"a\tb"):
        headers = httpx.Headers([(b"Samepic-Tenant", shown)])
        error(client.get("/v1/status", headers=headers), 422, "bad_input")
    unicode = httpx.Headers([(b"Samepic-Tenant", "Zürich".encode())])
    assert client.get("/v1/status", headers=unicode).json()["tenant"] == "Zürich"


def test_where_others_can_reach_a_service_it_wants_a_token() -> None:
    for host in ("0.0.0.0", "192.168.0.7", "::", "example.com"):
        with pytest.raises(ProfileError, match="expected a token"):
            ServiceSettings("u.db", host=host)
        ServiceSettings("u.db", host=host, without_token=True)
    for host in ("127.0.0.1", "127.0.0.9", "::1", "localhost"):
        ServiceSettings("u.db", host=host)


def test_the_token_file_may_be_one_token_or_a_table_of_each(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_text(RED + "\n")
    (one,) = read_tokens(str(path))
    assert (one.tenant, one.rights) == ("", frozenset(RIGHTS))
    path.write_text("".join(TOKENS))
    red, blue, watch = read_tokens(str(path))
    assert red.rights == frozenset(RIGHTS) - {"metrics"}
    assert (blue.tenant, sorted(blue.rights)) == ("blue", ["admit", "check", "list", "status"])
    assert find_token((red, blue, watch), BLUE) is blue
    assert find_token((red, blue, watch), BLUE.upper()) is None
    assert RED not in repr(red)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("short", "16 or more"),
        ("", "16 or more"),
        ('a = "b"', r"\[\[token\]\] tables"),
        ("[[token]", "expected one token, or TOML"),
        ("token = [1]", r"\[\[token\]\] tables"),
        ("a = " + 2000 * "[", "expected one token, or TOML"),
        ("\udcff" + RED, "expected one token, or TOML"),
        ("[[token]]\n", "expected a name"),
        ('[[token]]\nname = "a"\n', "either token or sha256"),
        (
            f'[[token]]\nname = "a"\ntoken = "{RED}"\nsha256 = "{"a" * 64}"\n',
            "either token or sha256, found both",
        ),
        ('[[token]]\nname = "a"\ntoken = "short"\n', "16 or more"),
        ('[[token]]\nname = "a"\nsha256 = "AB"\n', "64 lowercase hexadecimal digits"),
        (f'[[token]]\nname = "a"\ntoken = "{RED}"\nmay = ["fly"]\n', "found 'fly'"),
        (f'[[token]]\nname = "a"\ntoken = "{RED}"\nrole = "x"\n', "found role"),
        (f'[[token]]\nname = "a"\ntoken = "{RED}"\ntenant = 1\n', "expected a str"),
        (f'[[token]]\nname = "a"\ntoken = "{RED}"\ntenant = "a\\u0000"\n', "printable"),
        (f'[[token]]\nname = "a"\ntoken = "{RED}"\n[[token]]\nname = "b"\ntoken = "{RED}"\n', "one twice"),
    ],
)
def test_a_token_file_that_makes_no_sense_is_reported_without_its_tokens(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProfileError, match=message) as raised:
        read_tokens(str(path))
    assert RED not in str(raised.value)


def request_with(cookie: str = "") -> Request:
    headers = [(b"host", b"127.0.0.1:8000"), (b"cookie", f"samepic-8000={cookie}".encode("latin-1"))]
    return Request({"type": "http", "headers": headers})


def test_a_session_ends_after_twelve_hours_and_only_its_own_signature_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions, response = Sessions(b"s" * 32), Response()
    session = sessions.start("f" * 32)
    sessions.set_cookie(request_with(), response, session)
    cookie = response.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert sessions.read(request_with(cookie)) == session
    csrf = sessions.csrf_token(session)
    for other in ("", "\xe9", cookie[:-4], f"{session.id}.{csrf}", f"{session.id}.{'f' * 32}.{csrf}"):
        assert sessions.read(request_with(other)) is None
    assert Sessions(b"t" * 32).read(request_with(cookie)) is None
    sessions.require_csrf(session, csrf)
    for wrong in ("", csrf[:-1], csrf + "!", "\udc80", sessions.csrf_token(sessions.start())):
        with pytest.raises(HttpProblem):
            sessions.require_csrf(session, wrong)
    now = TimestampSigner(b"").get_timestamp()
    for later, valid in ((12 * 3600 - 5, True), (12 * 3600 + 5, False)):
        monkeypatch.setattr(TimestampSigner, "get_timestamp", lambda _, at=now + later: at)
        assert (sessions.read(request_with(cookie)) is not None) == valid


def test_a_host_that_is_none_is_invalid_http(running: Running, guarded: Running) -> None:
    shown = [{"Host": host} for host in ("[", "[::1", "[zz]", "a:b", "a:99999")]
    shown += [{"Origin": origin} for origin in ("http://[", "http://[::1", "null://a:b")]
    for service in (running, guarded):
        with httpx.Client(base_url=service.address) as client:
            for headers in shown:
                for path in ("/v1/health", "/v1/status", "/", "/ui/static/view.js"):
                    answer = client.get(path, headers=headers)
                    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_http"), path
                assert client.post("/ui/enter", headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("client", "owner"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("::ffff:10.0.0.7", "10.0.0.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_owns_what_its_sender_takes(client: str, owner: str) -> None:
    assert address_of(Request({"type": "http", "headers": [], "client": (client, 1)})) == owner


FRAMES = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
LINKS = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}


def test_pages_of_other_sites_can_show_nothing_and_change_nothing(running: Running) -> None:
    with httpx.Client(base_url=running.address) as browser:
        for site in ("cross-site", "same-site"):
            for method, path in (
                ("GET", "/v1/pictures/k/proxy"),
                ("GET", "/v1/held"),
                ("GET", "/metrics"),
                ("DELETE", "/v1/pictures/k"),
                ("POST", "/v1/settle"),
                ("GET", "/ui/picture?key=k"),
                ("GET", "/status"),
                ("GET", "/compare?a=k&b=k"),
            ):
                answer = browser.request(method, path, headers={"Sec-Fetch-Site": site, **FRAMES})
                assert (answer.status_code, answer.headers["cross-origin-resource-policy"]) == (
                    403,
                    "same-origin",
                )
            answer = browser.get("/compare", headers={"Sec-Fetch-Site": site, **LINKS})
            assert answer.status_code == 200  # others may link to a page
        assert browser.get("/v1/held", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
        assert browser.get("/v1/held", headers={"Sec-Fetch-Site": "none"}).status_code == 200


def asking(**headers: str) -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": raw})


def test_where_everybody_may_ask_a_browser_may_not_be_made_to() -> None:
    settings = ServiceSettings("u.db", host="0.0.0.0", without_token=True)
    for host in ("192.168.0.7:8000", "[fe80::1%25eth0]:8000", "[::1]", "localhost", socket.gethostname()):
        assert authenticate(asking(host=host), settings, "held").rights
        assert authenticate(asking(host=host, origin=f"http://{host}"), settings, "held").rights
    for headers in (
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "192.168.0.7", "origin": "http://evil.example"},
        {"host": "192.168.0.7", "origin": "null"},
        {"host": "192.168.0.7", "sec-fetch-site": "cross-site"},
        {"host": "192.168.0.7", "sec-fetch-site": "same-site"},
    ):
        with pytest.raises(HttpProblem, match=r"expected .*, found"):
            authenticate(asking(**headers), settings, "held")
    named = ServiceSettings("u.db", host="photos.lan", without_token=True)
    assert authenticate(asking(host="photos.lan:8000"), named, "held").rights


def test_who_signed_out_cannot_come_back_with_the_cookie_in_any_process(tmp_path: Path) -> None:
    one, other = (Sessions(b"s" * 32, str(tmp_path)) for _ in range(2))
    session, response = one.start("0"), Response()
    one.set_cookie(request_with(), response, session)
    cookie = response.headers["set-cookie"].partition("=")[2].partition(";")[0]
    assert other.read(request_with(cookie)) == session
    one.end(session)
    assert (one.read(request_with(cookie)), other.read(request_with(cookie))) == (None, None)
