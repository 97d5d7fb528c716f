"""A real service process on a free port, and a client that holds every answer to the service's own description."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from tests.kits.ending import Ends, end_group

__all__ = ["Running", "client_of", "operation_of"]

_STARTED = 60.0
_PROGRAM = """
import json, sys
from dataclasses import replace
import samepic.service.settings as service
service.SERVICE = replace(service.SERVICE, **json.loads(sys.argv[1]))
from samepic.cli import main
sys.exit(main(sys.argv[2:]))
"""


class Running(Ends):
    """`samepic serve` with these options, as a process whose log goes to `log`; `limits` change its profile.

    `inside` is what its command begins with where it is to run on another host.

    Ends the process, and whatever it started, when it is left, and asserts that its log shows no bug.
    """

    def __init__(
        self,
        store: str | Path,
        log: Path,
        *options: str,
        env: Mapping[str, str] | None = None,
        limits: Mapping[str, object] | None = None,
        ready: bool = True,
        inside: Sequence[str] = (),
    ) -> None:
        self.log = log
        command = [*inside, sys.executable, "-c", _PROGRAM, json.dumps(dict(limits or {}))]
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [
                    *command,
                    "serve",
                    "--json",
                    "--port",
                    "0",
                    "--workers",
                    "1",
                    "--store",
                    str(store),
                    *options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        try:
            self.address = self._address()
            if ready:
                self.wait_until_ready()
        except BaseException:
            self.end()
            raise

    def _address(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the service did not start: {self.log.read_text()}"
        return str(json.loads(line)["address"])

    def check(self) -> None:
        """Assert that its log shows no bug."""
        bugs = [line for line in self.logged() if "trace" in line or line["level"] == "critical"]
        assert not bugs, bugs

    def wait_until_ready(self) -> None:
        """Ask until it says so."""
        until = time.monotonic() + _STARTED
        with _client(self.address) as client:
            while time.monotonic() < until:
                if client.get("/v1/ready").status_code == 200:
                    return
                time.sleep(0.05)
        raise AssertionError(f"the service did not become ready: {self.log.read_text()}")

    def stop(self) -> int:
        """Ask it to stop, wait until it has, and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def end(self) -> None:
        """End it, and what it started, whatever it is doing."""
        end_group(self.process, 20)

    def logged(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def request_lines(self, **wanted: object) -> list[dict[str, Any]]:
        """Return the lines of requests with these fields, once there is one: it is written after the answer is sent."""
        until = time.monotonic() + _STARTED
        while True:
            found = [line for line in self.logged() if wanted.items() <= line.items()]
            if found:
                return found
            assert time.monotonic() < until, f"no line of the log has {wanted}"
            time.sleep(0.02)


def client_of(address: str, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """Return a client that asserts of every answer that the service describes it, status and shape."""
    with _client(address) as client:
        described = client.get("/openapi.json").json()

    def hold(response: httpx.Response) -> None:
        response.read()
        _hold(described, response)

    made = _client(address, headers)
    made.event_hooks = {"response": [hold]}
    return made


def _client(address: str, headers: Mapping[str, str] | None = None) -> httpx.Client:
    """Return a client of a service on this machine, which loads no certificates: these take 50 ms each time."""
    return httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False, verify=False)


def operation_of(described: Mapping[str, Any], method: str, path: str) -> dict[str, Any] | None:
    """Return the described operation that a request belongs to, None for none."""
    for known, operations in described["paths"].items():
        if method.lower() in operations and re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(known)), path):
            found: dict[str, Any] = operations[method.lower()]
            return found
    return None


def _hold(described: dict[str, Any], response: httpx.Response) -> None:
    request = response.request
    operation = operation_of(described, request.method, request.url.path)
    if operation is None:
        assert response.status_code in (400, 403, 404, 405)
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
    else:
        assert str(response.status_code) in operation["responses"], (
            request.method,
            request.url,
            response.text,
        )
        answer = operation["responses"][str(response.status_code)]
    media = response.headers.get("content-type", "").partition(";")[0]
    assert media in answer.get("content", {"": None}), (request.url, media)
    if media == "application/json":
        wrong = list(_wrong(response.json(), answer["content"][media]["schema"], described, "answer"))
        assert not wrong, wrong


def _wrong(value: object, schema: dict[str, Any], described: dict[str, Any], where: str) -> list[str]:
    """Return where a value is not as its schema says; knows as much of JSON Schema as the description uses."""
    if "$ref" in schema:
        return _wrong(
            value, described["components"]["schemas"][schema["$ref"].rpartition("/")[2]], described, where
        )
    if "anyOf" in schema:
        tried = [_wrong(value, one, described, where) for one in schema["anyOf"]]
        return [] if not all(tried) else tried[0]
    kinds = schema.get("type", [])
    if kinds and not any(_is(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        return [f"{where}: wanted {kinds}, got {value!r:.80}"]
    if value not in schema.get("enum", [value]):
        return [f"{where}: wanted one of {schema['enum']}, got {value!r:.80}"]
    wrong = []
    if isinstance(value, dict) and "properties" in schema:
        wrong += [f"{where}: wanted {name}" for name in schema["required"] if name not in value]
        wrong += [f"{where}: {name} is not described" for name in value if name not in schema["properties"]]
        for name, one in schema["properties"].items():
            wrong += _wrong(value[name], one, described, f"{where}.{name}") if name in value else []
    if isinstance(value, list) and "items" in schema:
        for number, one in enumerate(value):
            wrong += _wrong(one, schema["items"], described, f"{where}[{number}]")
    return wrong


def _is(value: object, kind: str) -> bool:
    kinds: dict[str, tuple[type, ...]] = {
        "object": (dict,),
        "array": (list,),
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "null": (type(None),),
    }
    return isinstance(value, kinds[kind]) and (kind == "boolean" or not isinstance(value, bool))
