"""Pictures: list and remove them, show their proxies, list and settle what is held; events, and counts."""

from __future__ import annotations

import re
from functools import cache
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import StoreKeyError
from samepic.gate.gate import Gate
from samepic.service.auth import Caller
from samepic.service.body import parse_json_object, path_key, query_params, read_small_body, text_field
from samepic.service.middleware import add_log_fields
from samepic.service.problems import HttpAnswer, HttpProblem, Json, media_type
from samepic.service.state import Service, idempotency_key, run_once
from samepic.store.records import Record, State
from samepic.writing import time_text


async def remove(service: Service, request: Request, caller: Caller) -> Response:
    key, idempotency = path_key(request), idempotency_key(request, service)
    gate = service.gates.gate(caller.tenant)

    def call(lost: bool) -> HttpAnswer:
        try:
            gate.remove(key)
        except StoreKeyError:
            if not lost:
                raise HttpProblem.unknown_key(key) from None
        return HttpAnswer(204, None)

    answer, replayed = await service.run_light(
        lambda: run_once(service, caller.tenant, idempotency, lambda: ("remove", key), call, together=True)
    )
    return answer.response(replayed=replayed)


async def proxy(service: Service, request: Request, caller: Caller) -> Response:
    return await send_proxy(service, service.gates.gate(caller.tenant), path_key(request, "/proxy"))


async def send_proxy(service: Service, gate: Gate, key: str) -> Response:
    data = await service.run_light(lambda: proxy_of(gate, key))
    return Response(data, media_type=media_type(data))


def proxy_of(gate: Gate, key: str, name: str = "key") -> bytes:
    """Return the proxy of the key that the parameter `name` of a request has. Raises HttpProblem, 404."""
    record = gate.get(key)
    if record is None:
        raise HttpProblem.unknown_key(key, name)
    return record.proxy


async def listed(service: Service, request: Request, caller: Caller) -> Response:
    """List the kept pictures by key."""
    params = query_params(request, ("limit", "after", "prefix", "state"))
    limit = _page_size(params.pop("limit", None), service.limits.listed)
    if params.get("state", State.HELD) not in (State.ACCEPTED, State.HELD):
        raise HttpProblem.invalid("state", "accepted or held", f"{params['state']!r:.20}")
    gate = service.gates.gate(caller.tenant)
    found = await service.run_light(lambda: list(gate.pictures(**params, limit=limit)))
    following = found[-1].key if len(found) == limit else None
    return Json({"pictures": [picture.to_dict() for picture in found], "next": following})


async def held(service: Service, request: Request, caller: Caller) -> Response:
    """List the pictures that wait for review, the oldest first."""
    params = query_params(request, ("limit", "after"))
    limit = _page_size(params.get("limit"), service.limits.held)
    gate = service.gates.gate(caller.tenant)

    def call() -> list[Record]:
        number = 0
        if "after" in params:
            last = gate.get(params["after"])
            if last is None:
                raise HttpProblem.unknown_key(params["after"], "after")
            number = last.number
        return gate.held(limit, number)

    records = await service.run_light(call)
    following = records[-1].key if len(records) == limit else None
    return Json({"held": [_held_json(record) for record in records], "next": following})


async def settle(service: Service, request: Request, caller: Caller) -> Response:
    idempotency = idempotency_key(request, service)
    key, other, same = _parse_settle(await read_small_body(request, service.limits))
    gate, content = service.gates.gate(caller.tenant), ("settle", key, other, same)
    answer, replayed = await service.run_light(
        lambda: run_once(
            service,
            caller.tenant,
            idempotency,
            lambda: content,
            lambda _: _settle(gate, key, other, same),
            together=True,
        )
    )
    add_log_fields(request.scope, replayed=replayed)
    return answer.response(replayed=replayed)


async def events(service: Service, request: Request, caller: Caller) -> Response:
    """List what was decided, the oldest first."""
    params = query_params(request, ("limit", "after"))
    limit = _page_size(params.get("limit"), service.limits.listed)
    after, store = params.get("after", ""), service.gates.store
    if not re.fullmatch("([0-9a-f]{24})?", after):
        raise HttpProblem.invalid("after", "`next` of a page", f"{after!r:.40}")
    found = await service.run_light(lambda: store.events(caller.tenant, after, limit))
    listed = [event.to_dict() for event in found.events]
    following = listed[-1]["id"] if listed else after
    return Json({"events": listed, "next": following, "recorded": found.recorded, "missed": found.missed})


_version = cache(version)  # it reads and parses a file


async def status(service: Service, request: Request, caller: Caller) -> Response:
    gate_status = await service.run_light(service.gates.gate(caller.tenant).status)
    # The other numbers are those of all tenants together.
    counts = {name: gate_status[name] for name in ("tenant", "accepted", "held", "pending")}
    return Json({"version": _version("samepic"), **counts})


def _parse_settle(body: bytes) -> tuple[str, str | None, bool | None]:
    fields = parse_json_object(body, "body", ("key", "other_key", "same"))
    key, same = text_field(fields, "key"), fields.get("same")
    other = text_field(fields, "other_key") if "other_key" in fields else None
    if "same" not in fields or not (same is None or isinstance(same, bool)):
        found = type(same).__name__ if "same" in fields else "none"
        raise HttpProblem.invalid("same", "true, false or null", found)
    if same is None and other is not None:
        raise HttpProblem.invalid("other_key", "none where same is null", "one")
    if other == key or (other is None and same):
        found = "none" if other is None else "the same"
        raise HttpProblem.invalid("other_key", "the key of another picture", found)
    return key, other, same


def _settle(gate: Gate, key: str, other: str | None, same: bool | None) -> HttpAnswer:
    try:
        if same is None:
            decision = gate.unsettle(key)
        else:
            decision = gate.accept(key) if other is None else gate.settle(key, other, same=same)
    except StoreKeyError as error:
        for name, value in (("key", key), ("other_key", other)):
            if value is not None and gate.get(value) is None:
                raise HttpProblem.unknown_key(value, name) from None
        raise HttpProblem(422, "bad_key", str(error), name="other_key") from None
    return HttpAnswer(200, decision.to_dict())


def _page_size(text: str | None, sizes: tuple[int, int]) -> int:
    usual, largest = sizes
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= largest):
        raise HttpProblem.invalid("limit", f"a number from 1 to {largest}", f"{text!r:.20}")
    return int(text)


def _held_json(record: Record) -> dict[str, Any]:
    shown = {name: getattr(record, name) for name in ("key", "created", "format", "width", "height", "size")}
    matches = [match.to_dict() for match in record.matches]
    return {**shown, "created": time_text(record.created), "data": dict(record.data), "matches": matches}
