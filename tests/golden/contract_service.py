"""Contracts of the service: its own description, and what the main addresses answer, errors included."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from PIL import Image, ImageDraw

from samepic import fingerprint
from samepic.service.app import ENDPOINTS
from samepic.service.openapi import description
from tests.golden.shapes import Sentences, dumped, read_pictures, shaped
from tests.kits.service import Running
from tests.kits.tokens import token_file, token_table

__all__ = ["service"]

_TOKEN, _WATCH = "shop-" + "s" * 30, "watch-" + "w" * 30
_TOKENS = token_table("shop", _TOKEN, "shop"), token_table("operator", _WATCH, may=("metrics",))
_HEADERS = (
    "allow",
    "cache-control",
    "content-security-policy",
    "content-type",
    "idempotency-replayed",
    "location",
    "referrer-policy",
    "retry-after",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
)


class Ask(NamedTuple):
    """A request: method, address and what else httpx is given; `token` is "" for none."""

    method: str
    path: str
    more: dict[str, Any]
    token: str = _TOKEN


def service(folder: Path) -> dict[str, str]:
    """Return the description with and without tokens, and the answers of a running service."""
    said, answers = Sentences(), []
    options = token_file(folder, *_TOKENS)
    with (
        Running(folder / "store.db", folder / "log", *options) as running,
        httpx.Client(base_url=running.address, timeout=60, trust_env=False) as client,
    ):
        described = client.get("/openapi.json").json()
        for ask in _asked():
            headers = {"Authorization": f"Bearer {ask.token}"} if ask.token else {}
            more = dict(ask.more)
            headers |= more.pop("headers", {})
            answer = client.request(ask.method, ask.path, headers=headers, **more)
            answers.append(_told(ask, answer, said))
    described["info"]["version"] = "<version>"
    opened = json.loads(json.dumps(description(ENDPOINTS, tokens=False)))
    opened["info"]["version"] = "<version>"
    return {
        "service/answers.json": dumped(answers),
        "service/answers.sentences.txt": said.text(),
        "service/openapi.json": dumped(described),
        "service/openapi.open.json": dumped(_without(opened, described)),
    }


def _without(one: object, other: object) -> object:
    """Return what an object has otherwise than another one."""
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return one
    found = {key: _without(one[key], other.get(key)) for key in one if one[key] != other.get(key)}
    return found | {key: "<none>" for key in other if key not in one}


def _asked() -> Iterator[Ask]:
    photos = read_pictures(("coffee", "chelsea"))
    first, other = photos["coffee"].read_bytes(), photos["chelsea"].read_bytes()
    again, edited = _copies(first)
    once = {"Idempotency-Key": "once"}
    yield Ask("GET", "/v1/health", {}, "")
    yield Ask("GET", "/v1/ready", {}, "")
    yield Ask("POST", "/v1/admit?key=a", {"content": first, "headers": once})
    yield Ask("POST", "/v1/admit?key=a", {"content": first, "headers": once})
    yield Ask("POST", "/v1/admit?key=b", {"content": first, "headers": once})
    yield Ask("POST", "/v1/admit?key=b", {"content": again})
    yield Ask("POST", "/v1/admit", {"files": {"file": edited}, "data": {"key": "c", "data": '{"user": 7}'}})
    yield Ask("POST", "/v1/admit?key=a", {"content": other})
    yield Ask("POST", "/v1/admit?key=d&policy=edited", {"content": other})
    yield Ask("POST", "/v1/admit?key=d&color=red", {"content": other})
    yield Ask("POST", "/v1/admit", {"content": other})
    yield Ask("POST", "/v1/admit?key=d", {"content": b"%PDF-1.7 and so on"})
    yield Ask("POST", "/v1/admit?key=d", {"content": first[:-2000]})
    yield Ask("POST", "/v1/admit?key=d", {"content": b""})
    yield Ask("POST", "/v1/check", {"content": other})
    yield Ask("POST", "/v1/check", {"content": again})
    code = fingerprint(again)
    yield Ask("POST", "/v1/check-code", {"json": {"pdq": code.pdq.hex(), "quality": code.quality}})
    yield Ask("POST", "/v1/check-code", {"json": {"pdq": "0f", "quality": 80}})
    yield Ask("POST", "/v1/compare", {"files": {"a": first, "b": again}})
    yield Ask("POST", "/v1/compare", {"files": {"a": first, "b": again}, "data": {"same_if": "alike"}})
    yield Ask("POST", "/v1/compare", {"files": {"a": first}})
    yield Ask("GET", "/v1/held", {})
    yield Ask("GET", "/v1/held?limit=0", {})
    yield Ask("POST", "/v1/settle", {"json": {"key": "nobody", "other_key": "a", "same": False}})
    yield Ask("POST", "/v1/settle", {"json": {"key": 1}})
    yield Ask("POST", "/v1/settle", {"json": {"key": "c", "other_key": "a", "same": False}})
    yield Ask("GET", "/v1/pictures/a/proxy", {})
    yield Ask("GET", "/v1/pictures/nobody/proxy", {})
    yield Ask("DELETE", "/v1/pictures/c", {})
    yield Ask("DELETE", "/v1/pictures/c", {})
    yield Ask("GET", "/v1/status", {})
    yield from _refused(first)


def _refused(picture: bytes) -> Iterator[Ask]:
    yield Ask("POST", "/v1/check", {"content": picture}, "")
    yield Ask("POST", "/v1/check", {"content": picture}, "nobody-" + "n" * 30)
    yield Ask("POST", "/v1/check", {"content": picture}, _WATCH)
    yield Ask("GET", "/v1/status", {}, "")
    yield Ask("GET", "/v1/nowhere", {})
    yield Ask("PUT", "/v1/admit", {})
    yield Ask("GET", "/metrics", {})
    yield Ask("GET", "/metrics", {}, _WATCH)
    for page in ("/", "/compare", "/check", "/review", "/status", "/ui/enter", "/nowhere"):
        yield Ask("GET", page, {}, "")


def _copies(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as opened:
        image = opened.convert("RGB")
    edited = image.copy()
    ImageDraw.Draw(edited).rectangle((40, 40, 120, 100), fill="red")
    streams = io.BytesIO(), io.BytesIO()
    image.save(streams[0], "JPEG", quality=80)
    edited.save(streams[1], "PNG")
    return [stream.getvalue() for stream in streams]


def _told(ask: Ask, answer: httpx.Response, said: Sentences) -> dict[str, Any]:
    name = f"{ask.method} {ask.path}"
    who = {_TOKEN: "shop", _WATCH: "operator", "": "nobody"}.get(ask.token, "unknown")
    headers = {header: answer.headers[header] for header in _HEADERS if header in answer.headers}
    result: dict[str, Any] = {"request": name, "by": who, "status": answer.status_code, "headers": headers}
    media = headers.get("content-type", "").partition(";")[0]
    if media == "application/json":
        result["answer"] = shaped(answer.json(), said, name)
    elif media == "text/plain":
        lines = answer.text.splitlines()
        result["answer"] = sorted(
            line
            for line in lines
            if line.startswith("# TYPE ") and "_created" not in line and "samepic" in line
        )
    return result
