"""Pictures: what is kept, and what waits for review."""

from __future__ import annotations

import datetime
from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import StoreKeyError
from samepic.gate.gate import Gate
from samepic.service.answers import HttpAnswer, idempotency_key, once
from samepic.service.auth import Caller
from samepic.service.body import json_object, path_key, query, read_whole, text_field
from samepic.service.middleware import note
from samepic.service.problems import HttpProblem, Json
from samepic.service.state import Service
from samepic.store.records import Record
from samepic.verdict import Decision

__all__ = ["held", "proxy", "remove", "settle", "status"]


async def remove(service: Service, request: Request, caller: Caller) -> Response:
    """Take a picture out."""
    key, again = path_key(request), idempotency_key(request, service)
    query(request, ())
    gate = service.gates.gate(caller.tenant)

    def call() -> HttpAnswer:
        try:
            gate.remove(key)
        except StoreKeyError:
            raise _unknown(gate, key) from None
        return HttpAnswer(204, None)

    answer, replayed = await service.quick(
        lambda: once(service, caller, again, lambda: ("remove", key), call)
    )
    return answer.response(replayed=replayed)


async def proxy(service: Service, request: Request, caller: Caller) -> Response:
    """Give the small picture of a key."""
    key = path_key(request, "/proxy")
    query(request, ())
    gate = service.gates.gate(caller.tenant)

    def call() -> bytes:
        try:
            return gate.proxy(key)
        except StoreKeyError:
            raise _unknown(gate, key) from None

    data = await service.quick(call)
    return Response(data, media_type="image/webp" if data.startswith(b"RIFF") else "image/jpeg")


async def held(service: Service, request: Request, caller: Caller) -> Response:
    """List what waits for review, the oldest first."""
    asked = query(request, ("limit", "after"))
    limit = _limit(asked.get("limit"), service)
    gate = service.gates.gate(caller.tenant)

    def call() -> list[Record]:
        number = 0
        if "after" in asked:
            last = _checked(gate, asked["after"])
            if last is None:
                raise HttpProblem(
                    404, "not_found", "after: wanted the key of a kept picture, got another", name="after"
                )
            number = last.number
        return gate.held(limit, number)

    records = await service.quick(call)
    following = records[-1].key if len(records) == limit else None
    return Json({"held": [_waiting(record) for record in records], "next": following})


async def settle(service: Service, request: Request, caller: Caller) -> Response:
    """Remember a reviewer's word."""
    again = idempotency_key(request, service)
    query(request, ())
    with service.budget.share() as share:
        body = await read_whole(request, service.limits.field_bytes, share, service.limits)
    key, other, same = _word(body)
    gate = service.gates.gate(caller.tenant)

    def call() -> HttpAnswer:
        return _settled(gate, key, other, same)

    answer, replayed = await service.quick(
        lambda: once(service, caller, again, lambda: ("settle", key, other, same), call)
    )
    note(request.scope, replayed=replayed)
    return answer.response(replayed=replayed)


async def status(service: Service, request: Request, caller: Caller) -> Response:
    """Count what is kept of the caller's tenant."""
    query(request, ())
    gate = service.gates.gate(caller.tenant)
    told = await service.quick(gate.status)
    # The store's own numbers are those of all tenants together.
    counts = {name: told[name] for name in ("tenant", "accepted", "held", "pending")}
    return Json({"version": version("samepic"), **counts})


def _word(body: bytes) -> tuple[str, str | None, bool]:
    """Return the two keys, of which the other may be left out, and whether they are the same. Raises HttpProblem."""
    told = json_object(body, "body")
    unknown = sorted(set(told) - {"key", "other_key", "same"})
    if unknown:
        raise HttpProblem.bad("body", "key, other_key and same", f"{unknown[0]!r:.60}")
    key, same = text_field(told, "key"), told.get("same")
    other = text_field(told, "other_key") if "other_key" in told else None
    if not isinstance(same, bool):
        raise HttpProblem.bad("same", "true or false", "none" if same is None else type(same).__name__)
    if other == key or (other is None and same):
        raise HttpProblem.bad(
            "other_key", "the key of another picture", "none" if other is None else "the same"
        )
    return key, other, same


def _settled(gate: Gate, key: str, other: str | None, same: bool) -> HttpAnswer:
    try:
        made: Decision = gate.accept(key) if other is None else gate.settle(key, other, same=same)
    except StoreKeyError as error:
        for name, one in (("key", key), ("other_key", other)):
            if one is not None and _checked(gate, one) is None:
                raise _unknown(gate, one, name) from None
        raise HttpProblem(422, "bad_key", str(error), name="other_key") from None
    return HttpAnswer(200, made.to_dict())


def _checked(gate: Gate, key: str) -> Record | None:
    """Return the record of a key, None for one that no picture can have."""
    try:
        gate.proxy(key)
    except StoreKeyError:
        return None
    return gate.get(key)


def _unknown(gate: Gate, key: str, name: str = "key") -> HttpProblem:
    wanted = "the key of a kept picture"
    got = f"{key!r:.80}, which is not there"
    return HttpProblem(
        404, "not_found", f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name
    )


def _limit(text: str | None, service: Service) -> int:
    usual, most = service.limits.held
    if text is None:
        return usual
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= most):
        raise HttpProblem.bad("limit", f"a number from 1 to {most}", f"{text!r:.20}")
    return int(text)


def _waiting(record: Record) -> dict[str, Any]:
    created = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
    return {
        "key": record.key,
        "created": created.isoformat(timespec="seconds"),
        "format": record.format,
        "width": record.width,
        "height": record.height,
        "size": record.size,
        "data": dict(record.data),
        "matches": [match.to_dict() for match in record.matches],
    }
