"""The OpenAPI description of the service; a test holds it to the routes and to every answer that tests get."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

from samepic.profiles.service import SERVICE
from samepic.verdict import Relation
from samepic.web.schemas import BINARY, KEY, POLICY, SCHEMAS, TEXT, named

__all__ = ["description"]

Part = dict[str, Any]

_PROBLEMS = {
    400: "What came is no HTTP.",
    401: "No token, or one that is not known here.",
    403: "The token does not allow this; or, without tokens, another site's page asks.",
    404: "No such picture.",
    408: "The body came too slowly.",
    413: "The body, or a field of it, is too long.",
    415: "No format of pictures that is decoded here.",
    422: "Something is missing, unknown or makes no sense, or the picture is damaged or asks too much.",
    503: "Not ready yet, too busy, or the store cannot be reached: come again after Retry-After seconds.",
}
_ALWAYS, _KNOWN, _BODY = (400, 422, 503), (401, 403), (408, 413)

_DATA: Part = {
    **TEXT,
    "contentMediaType": "application/json",
    "description": "A JSON object to keep with it.",
}
_SAME_IF: Part = {
    "type": "string",
    "enum": [str(one) for one in tuple(Relation)[:6]],
    "description": "The last relation that counts as the same; `reframed`, or what the profile says, if not given.",
}
_REPLACES: Part = {
    **KEY,
    "description": "The key of a kept picture whose place this one takes: what it is to that one decides nothing.",
}
_ADMIT: Part = {"key": KEY, "data": _DATA, "policy": POLICY, "replaces": _REPLACES}
_CHECK: Part = {"policy": POLICY, "replaces": _REPLACES}
_LIMIT: Part = {"type": "integer", "minimum": 1, "maximum": SERVICE.held[1], "default": SERVICE.held[0]}
_AGAIN: Part = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Sent again with the same request, gives the same answer; with another request, 422.",
    "schema": {"type": "string", "minLength": 1, "maxLength": SERVICE.token_letters, "pattern": "^[!-~]+$"},
}
_REPLAYED: Part = {
    "Idempotency-Replayed": {"description": "This was answered before.", "schema": {"const": "true"}}
}


def description(tokens: bool) -> Part:
    """Return the description of a service with or without tokens."""
    components: Part = {"schemas": SCHEMAS}
    made: Part = {
        "openapi": "3.1.0",
        "info": {
            "title": "samepic",
            "version": version("samepic"),
            "description": "Keeps a picture from being uploaded twice. Unknown addresses answer 404 and other methods"
            " 405, in the shape of every error.",
        },
        "paths": _paths(tokens),
        "components": components,
    }
    if tokens:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return made


def _paths(tokens: bool) -> Part:
    key = {"name": "key", "in": "path", "required": True, "schema": KEY, "description": "Percent-encoded."}

    def known(given: Part, *statuses: int) -> Part:
        made = _operation((*_KNOWN, *statuses), **given)
        return {**made, "security": [{"bearer": []}]} if tokens else made

    return {
        "/v1/compare": {"post": known(_compare(), *_BODY, 415)},
        "/v1/check": {"post": known(_check(), *_BODY, 415)},
        "/v1/admit": {"post": known(_admit(), *_BODY, 415)},
        "/v1/pictures/{key}/proxy": {"get": known({**_proxy(), "parameters": [key]}, 404)},
        "/v1/pictures/{key}": {"delete": known({**_remove(), "parameters": [key, _AGAIN]}, 404)},
        "/v1/held": {"get": known(_held(), 404)},
        "/v1/settle": {"post": known(_settle(), 404, *_BODY)},
        "/v1/status": {"get": known(_status())},
        "/v1/health": {
            "get": _operation(
                (), name="health", summary="Does the process answer?", answers={200: _json("Yes.", "State")}
            )
        },
        "/v1/ready": {
            "get": _operation(
                (), name="ready", summary="Can uploads be taken?", answers={200: _json("Yes.", "State")}
            )
        },
        "/metrics": {"get": known(_metrics())},
        "/openapi.json": {
            "get": _operation(
                (),
                name="openapi",
                summary="This description",
                answers={200: _content("It.", "application/json", {})},
            )
        },
    }


def _operation(
    problems: tuple[int, ...],
    *,
    name: str,
    summary: str,
    answers: dict[int, Part],
    parameters: list[Part] | None = None,
    body: Part | None = None,
) -> Part:
    told = {status: _json(_PROBLEMS[status], "Error") for status in (*_ALWAYS, *problems)}
    told[503]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    if 401 in told:
        told[401]["headers"] = {"WWW-Authenticate": {"schema": TEXT}}
    made: Part = {
        "operationId": name,
        "summary": summary,
        "responses": {str(status): answer for status, answer in sorted({**told, **answers}.items())},
    }
    if parameters:
        made["parameters"] = parameters
    if body:
        made["requestBody"] = {"required": True, "content": body}
    return made


def _compare() -> Part:
    fields = {"a": BINARY, "b": BINARY, "same_if": _SAME_IF}
    return {
        "name": "compare",
        "summary": "Are these two the same picture?",
        "answers": {200: _json("What b is to a.", "Verdict")},
        "parameters": _asked({"same_if": _SAME_IF}),
        "body": {"multipart/form-data": {"schema": _form(fields, "a", "b")}},
    }


def _check() -> Part:
    return {
        "name": "check",
        "summary": "What would admit say? Changes nothing",
        "answers": {200: _json("What the gate says.", "Decision")},
        "parameters": _asked(_CHECK),
        "body": _upload(_CHECK),
    }


def _admit() -> Part:
    told = {
        201: "Accepted: it is in.",
        202: "It is in, and waits for review.",
        409: "A duplicate: it is not in; `match` is the picture that is kept already.",
    }
    return {
        "name": "admit",
        "summary": "Take a picture in, unless it is in already",
        "answers": {
            status: {**_json(said, "Decision"), "headers": _REPLAYED} for status, said in told.items()
        },
        "parameters": [*_asked(_ADMIT), _AGAIN],
        "body": _upload(_ADMIT),
    }


def _proxy() -> Part:
    picture = {"image/jpeg": {"schema": BINARY}, "image/webp": {"schema": BINARY}}
    return {
        "name": "proxy",
        "summary": "The small picture of a key",
        "answers": {200: {"description": "At most 320 pixels, 16 KB.", "content": picture}},
    }


def _held() -> Part:
    return {
        "name": "held",
        "summary": "What waits for review?",
        "answers": {200: _json("The oldest first.", "Held")},
        "parameters": _asked(
            {"limit": _LIMIT, "after": {**KEY, "description": "`next` of the page before."}}
        ),
    }


def _settle() -> Part:
    return {
        "name": "settle",
        "summary": "A reviewer's word, remembered for good",
        "answers": {200: {**_json("Where `key` stands now.", "Decision"), "headers": _REPLAYED}},
        "parameters": [_AGAIN],
        "body": {"application/json": {"schema": named("Settle")}},
    }


def _remove() -> Part:
    return {
        "name": "remove",
        "summary": "Take a picture out, so that it may be uploaded again",
        "answers": {204: {"description": "It is out.", "headers": _REPLAYED}},
    }


def _status() -> Part:
    return {
        "name": "status",
        "summary": "Count what is kept",
        "answers": {200: _json("The counts of the caller's tenant.", "Status")},
    }


def _metrics() -> Part:
    return {
        "name": "metrics",
        "summary": "Counts for Prometheus, of all tenants together",
        "answers": {200: _content("In its text format.", "text/plain", TEXT)},
    }


def _asked(fields: Part) -> list[Part]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


def _upload(fields: Part) -> Part:
    picture = {"schema": BINARY}
    return {
        "multipart/form-data": {"schema": _form({"file": BINARY, **fields}, "file")},
        "application/octet-stream": picture,
        "image/*": picture,
    }


def _form(fields: Part, *required: str) -> Part:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }


def _json(told: str, name: str) -> Part:
    return _content(told, "application/json", named(name))


def _content(told: str, media: str, schema: Part) -> Part:
    return {"description": told, "content": {media: {"schema": schema}}}
