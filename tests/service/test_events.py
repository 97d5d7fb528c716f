"""Decisions as events: over HTTP, and posted to a receiver that fails at first."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from samepic.cli import main
from samepic.store import open_store
from samepic.store.contract import Store
from tests.gate.pictures import captioned, resaved
from tests.kits.ending import end_group
from tests.kits.service import Running
from tests.kits.store_kit import put_accepted
from tests.service.test_service import admit, error

KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}\n"
_PROGRAM = """
import sys
import samepic.cli.events as events
events._PAUSES = (0.05, 0.1)
from samepic.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_decisions_are_events_of_their_tenant(running: Running, client: httpx.Client, upload: bytes) -> None:
    nothing = {"events": [], "next": "", "recorded": False, "missed": False}
    admit(client, upload, "before")
    assert client.get("/v1/events").json() == nothing
    with closing(open_store(str(running.log.parent / "uploads.db"))) as store:
        store.record_events(3600)
        try:
            admit(client, captioned(upload), "edited")
            for _ in range(2):
                admit(client, resaved(upload), "again")
            client.post("/v1/settle", json={"key": "edited", "other_key": "before", "same": True})
            client.delete("/v1/pictures/before")
            found = client.get("/v1/events").json()
            events = [(event["type"], event["data"]["key"]) for event in found["events"]]
            assert events == [
                ("picture.held", "edited"),
                ("picture.refused", "again"),
                ("pair.settled", "edited"),
                ("picture.removed", "edited"),
                ("picture.removed", "before"),
            ]
            assert found["events"][0]["data"]["matches"][0]["key"] == "before"
            assert found["events"][1]["data"]["match"]["relation"] == "resaved"
            assert found["events"][2]["data"] == {"key": "edited", "other_key": "before", "same": True}
            assert found["next"] == found["events"][-1]["id"]
            page = client.get("/v1/events", params={"after": found["events"][1]["id"], "limit": 1}).json()
            assert page["events"] == found["events"][2:3]
            assert client.get("/v1/events", params={"after": found["next"]}).json()["events"] == []
            other = client.get("/v1/events", headers={"Samepic-Tenant": "another"}).json()
            assert (other["events"], other["recorded"]) == ([], True)
            error(client.get("/v1/events", params={"after": "1"}), 422, "bad_input")
        finally:
            store.record_events(0)


class Receiver(ThreadingHTTPServer):
    """A receiver of webhooks that answers with these, then with 204; None is no answer at all."""

    def __init__(self, *answers: int | None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.requests = list(answers), list[tuple[str, dict[str, str], bytes]]()
        self.address = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def keys(self) -> list[str]:
        return [json.loads(body)["data"]["key"] for _, _, body in self.requests]

    def wait_for(self, key: str) -> None:
        until = time.monotonic() + 30
        while key not in self.keys():
            assert time.monotonic() < until, self.keys()
            time.sleep(0.02)


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.server.requests.append((self.path, dict(self.headers), body))
        if status is not None:
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

    def do_GET(self) -> None:
        """Be asked where a redirect leads, which must not happen."""
        self.server.requests.append((self.path, {}, b"{}"))

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Return a store that records events, and has one."""
    (tmp_path / "secret").write_text(SECRET)
    with closing(open_store(str(tmp_path / "x.db"))) as opened:
        opened.record_events(3600)
        put_accepted(opened, "a")
        yield opened


def _options(tmp_path: Path, url: str) -> list[str]:
    return ["--store", str(tmp_path / "x.db"), "--post", url, "--secret-file", str(tmp_path / "secret")]


def test_every_event_is_posted_signed_and_in_order_to_a_receiver_that_fails_at_first(
    tmp_path: Path, store: Store
) -> None:
    with Receiver(500, 302, None, 410) as receiver:
        options = _options(tmp_path, f"{receiver.address}/hook?of=shop")
        command = [sys.executable, "-c", _PROGRAM, "events", "--follow", *options]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            receiver.wait_for("a")
            for key in ("b", "ü"):
                put_accepted(store, key)
            put_accepted(store, "secret", "other")
            receiver.wait_for("ü")
        finally:
            end_group(process, 5)
        assert receiver.keys() == ["a"] * 5 + ["b", "ü"]
        assert len({headers["webhook-id"] for _, headers, _ in receiver.requests}) == 3
        for path, headers, body in receiver.requests:
            assert path == "/hook?of=shop"
            event = json.loads(body)
            assert (event["id"], event["type"]) == (headers["webhook-id"], "picture.admitted")
            assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
            # As the Standard Webhooks specification has it.
            content = b".".join([event["id"].encode(), headers["webhook-timestamp"].encode(), body])
            digest = hmac.new(KEY, content, hashlib.sha256).digest()
            assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        receiver.requests.clear()
        put_accepted(store, "c")
        assert main(["events", *options]) == 0
        # What was answered when the process was ended may come again.
        assert receiver.keys() in (["c"], ["ü", "c"])
        receiver.requests.clear()
        receiver.answers = [503]
        put_accepted(store, "d")
        assert (main(["events", *options]), receiver.keys()) == (2, ["d"])
        assert (main(["events", *options]), receiver.keys()) == (0, ["d", "d"])
        receiver.shutdown()


def test_events_are_recorded_and_listed_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with closing(open_store(str(tmp_path / "x.db"))) as store:
        command = ["events", "--store", str(tmp_path / "x.db")]
        assert main([*command]) == 2
        assert "--keep" in capsys.readouterr().err
        assert main([*command, "--keep", "30"]) == 0
        put_accepted(store, "a")
        put_accepted(store, "b")
        capsys.readouterr()
        assert main([*command, "--json"]) == 0
        first, second = map(json.loads, capsys.readouterr().out.splitlines())
        assert (first["type"], first["data"], second["data"]) == (
            "picture.admitted",
            {"key": "a"},
            {"key": "b"},
        )
        assert main([*command, "--after", first["id"]]) == 0
        assert capsys.readouterr().out.split()[2:] == ["picture.admitted", "b"]
        assert main([*command, "--keep", "0"]) == 0
        assert not store.recording


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--post", "http://127.0.0.1:1/"), "expected both or none"),
        (("--keep", "3", "--follow"), "--keep: expected it alone"),
        (("--post", "ftp://127.0.0.1/", "--secret-file", "secret"), "http://HOST"),
        (("--post", "http://joe:hidden@127.0.0.1/", "--secret-file", "secret"), "http://HOST"),
        (("--post", "http://127.0.0.1:1/hidden", "--secret-file", "short"), "24 to 64 bytes"),
        (("--post", "http://127.0.0.1:1/hidden", "--secret-file", "secret"), "127.0.0.1: expected an answer"),
    ],
)
def test_a_receiver_that_makes_no_sense_is_named_without_its_path(
    options: tuple[str, ...],
    expected: str,
    tmp_path: Path,
    store: Store,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "short").write_text("whsec_aGlkZGVu")
    files = [str(tmp_path / word) if word in ("secret", "short") else word for word in options]
    assert main(["events", "--store", store.name, *files]) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert "hidden" not in said
    assert "aGlkZGVu" not in said
