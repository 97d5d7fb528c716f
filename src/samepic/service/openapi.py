"""The OpenAPI 3.1 description of the service; tests check it against the routes and against every answer."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from samepic.facts import Depth, DetailChange, Doubt, OriginalReason, Placing, Series, Side, ToneChange
from samepic.gate.policy import PolicyAction
from samepic.limits import GATE
from samepic.service.settings import SERVICE
from samepic.verdict import Caveat, Evidence, Outcome, Relation

__all__ = ["description"]

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_BINARY: Final[Schema] = {"type": "string", "format": "binary"}
_KEY: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": GATE.key_letters,
    "pattern": r"^[^\u0000]+$",
}

_POLICY: Final[Schema] = {
    "type": "string",
    "description": "What to do for each relation; the rest is the policy of the service. Relations are those of Match"
    f" and `flooding`, actions {', '.join(PolicyAction)}.",
    "examples": ["edited=accept,reframed=review"],
}

_NUMBER: Final[Schema] = {"type": "number"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_CHANCE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}


def _object(properties: Schema, **more: object) -> Schema:
    """Return the schema of an object that has all of these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def _list_of(name: str) -> Schema:
    """Return the schema of a list of a component."""
    return {"type": "array", "items": _reference(name)}


def _reference(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(values: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


_RELATION: Final[Schema] = _one_of(Relation)

_MATCH = _object(
    {
        "key": _TEXT,
        "relation": _RELATION,
        "probability": _CHANCE,
        "explanation": _TEXT,
        "better": {**_FLAG, "description": "Whether the upload is the better copy of the two."},
        "worse": {**_FLAG, "description": "Whether the kept picture is the better copy of the two."},
        "better_reason": _TEXT,
        "evidence": {
            **_one_of(Evidence),
            "description": "What was compared: equal digests, a reviewer's decision, both originals, or both small"
            " pictures, on which very small changes cannot be seen.",
        },
        "caveat": _or_null(
            {
                **_one_of(Caveat),
                "description": "Why a person must review a match: the probability is too low, or fine print cannot be"
                " compared on the small pictures.",
            }
        ),
    },
    description="A kept picture, and how the upload relates to it.",
)

_DECISION = _object(
    {
        "outcome": _one_of(outcome for outcome in Outcome if outcome is not Outcome.REFUSED),
        "reason": {**_TEXT, "description": "One sentence for the uploader."},
        "key": _TEXT,
        "match": _or_null(_reference("Match")),
        "matches": _list_of("Match"),
        "flooding": {
            **_FLAG,
            "description": "The kept picture matches so many different uploads that it refuses none.",
        },
    },
    description="The decision of the gate on an upload.",
)

_REGION = _object({"x": _COUNT, "y": _COUNT, "w": _COUNT, "h": _COUNT}, description="A box in pixels of a.")

_TRANSFORM = _object(
    {
        "matrix": {"type": "array", "items": _NUMBER, "minItems": 9, "maxItems": 9},
        "turned": {"type": "integer", "enum": [0, 90, 180, 270]},
        "mirrored": _FLAG,
        "larger": {"type": "string", "enum": ["a", "b", ""]},
        "kept": _NUMBER,
    },
    description="How b is placed on a.",
)

_INFO = _object(
    {
        "name": _TEXT,
        "format": _TEXT,
        "width": _COUNT,
        "height": _COUNT,
        "size": _COUNT,
        "orientation": _COUNT,
        "mode": _TEXT,
        "frames": _COUNT,
        "metadata": _COUNT,
        "profile": _TEXT,
        "jpeg": _or_null({"type": "object"}),
    },
    description="The properties of a picture from its header.",
)

_SIDE: Final[Schema] = {"type": "string", "enum": ["a", "b", ""]}


_PROOF = _object(
    {
        "copy": {"type": "string", "enum": ["a", "b"]},
        "lossless": _FLAG,
        "quality": _COUNT,
        "exact": _FLAG,
        "subsampling": _TEXT,
        "progressive": _FLAG,
        "resampling": _TEXT,
    },
    description="How re-saving the other picture gives the copy, pixel for pixel.",
)

_FACTS = _object(
    {
        "turned": {"type": "integer", "enum": [0, 90, 180, 270]},
        "mirrored": _FLAG,
        "tilt": _NUMBER,
        "slanted": _FLAG,
        "stretched": _FLAG,
        "perspective": _FLAG,
        "placing": _one_of(Placing),
        "larger": _SIDE,
        "copy": _SIDE,
        "share_a": _NUMBER,
        "share_b": _NUMBER,
        "sides": {"type": "array", "items": _one_of(Side)},
        "exact_at": {
            "type": "array",
            "items": _COUNT,
            "maxItems": 2,
            "description": "Left and top of an exact crop, in pixels of the larger picture.",
        },
        "scale": _NUMBER,
        "tone": _one_of(ToneChange),
        "detail": _one_of(DetailChange),
        "places": _COUNT,
        "faint": _FLAG,
        "depth": _one_of(Depth),
        "one_color": _FLAG,
        "proof": _or_null(_PROOF),
        "original": _SIDE,
        "original_reason": _one_of(OriginalReason),
        "lost_profile": _TEXT,
        "series": _one_of(Series),
        "frame": _COUNT,
        "still": _SIDE,
        "doubt": _one_of(Doubt),
        "proxies": _FLAG,
    },
    description="The facts of the explanation, as values.",
)

_VERDICT = _object(
    {
        "relation": _RELATION,
        "same": {"type": ["boolean", "null"], "description": "Null if it cannot be decided."},
        "probability": _CHANCE,
        "explanation": _TEXT,
        "regions": _list_of("Region"),
        "transform": _or_null(_reference("Transform")),
        "measures": {"type": "object", "additionalProperties": _NUMBER},
        "original": _or_null(_object({"which": {"type": "string", "enum": ["a", "b"]}, "reason": _TEXT})),
        "visibility": _or_null(
            _object(
                {
                    "score": {"type": "number", "maximum": 100},
                    "words": _TEXT,
                },
                description="Whether a person would see the changes of a re-saved or adjusted picture; null for all"
                " other relations. The score is that of SSIMULACRA 2.1.",
            )
        ),
        "facts": _reference("Facts"),
        "a": _reference("PictureInfo"),
        "b": _reference("PictureInfo"),
    },
    description="How b relates to a.",
)

_HELD = _object(
    {
        "held": {
            "type": "array",
            "items": _object(
                {
                    "key": _TEXT,
                    "created": {"type": "string", "format": "date-time"},
                    "format": _TEXT,
                    "width": _COUNT,
                    "height": _COUNT,
                    "size": _COUNT,
                    "data": {"type": "object"},
                    "matches": _list_of("Match"),
                }
            ),
        },
        "next": {"type": ["string", "null"], "description": "The value of `after` for the next page."},
    },
    description="The pictures that wait for review, the oldest first.",
)

_ERROR = _object(
    {
        "error": _object(
            {
                "code": {**_TEXT, "description": "For programs; stable."},
                "message": {**_TEXT, "description": "A sentence for people."},
                "wanted": _TEXT,
                "got": _TEXT,
                "name": {**_TEXT, "description": "The field, parameter, header or file with the problem."},
            }
        )
    },
    description="The shape of all errors, also for unknown addresses and methods.",
)

_SCHEMAS: Final[Schema] = {
    "Decision": _DECISION,
    "Error": _ERROR,
    "Facts": _FACTS,
    "Held": _HELD,
    "Match": _MATCH,
    "PictureInfo": _INFO,
    "Region": _REGION,
    "Settle": {
        **_object({"key": _KEY, "other_key": _KEY, "same": _FLAG}, additionalProperties=False),
        "required": ["key", "same"],
        "description": "A reviewer's decision on two kept pictures. Without `other_key`, `same` must be false: `key` is"
        " not a copy of any picture it is held for.",
    },
    "Status": _object(
        {"version": _TEXT, "tenant": _TEXT, "accepted": _COUNT, "held": _COUNT, "pending": _COUNT}
    ),
    "State": _object({"status": {"type": "string", "enum": ["ok", "ready"]}}),
    "Transform": _TRANSFORM,
    "Verdict": _VERDICT,
}


_PROBLEMS = {
    400: "Invalid HTTP.",
    401: "No token, or an unknown one.",
    403: "The token does not allow this; or, without tokens, the request comes from another site.",
    404: "No such picture.",
    408: "The body came too slowly.",
    413: "The body, or a field of it, is too long.",
    415: "Not a supported image format.",
    422: "Something is missing, unknown or invalid, or the picture is damaged or too large.",
    503: "Not ready, too busy, or the store cannot be reached: retry after Retry-After seconds.",
}

_ALWAYS, _RESTRICTED, _BODY = (400, 422, 503), (401, 403), (408, 413)

_DATA: Schema = {
    **_TEXT,
    "contentMediaType": "application/json",
    "description": "A JSON object to store with the picture.",
}

_SAME_IF: Schema = {
    **_one_of(tuple(Relation)[:6]),
    "description": "The loosest relation still treated as the same; by default `reframed`, or that of the profile.",
}

_REPLACES: Schema = {
    **_KEY,
    "description": "The key of a kept picture that this one replaces: being a copy of it is no reason to refuse it.",
}

_ADMIT: Schema = {"key": _KEY, "data": _DATA, "policy": _POLICY, "replaces": _REPLACES}
_CHECK: Schema = {"policy": _POLICY, "replaces": _REPLACES}
_LIMIT: Schema = {"type": "integer", "minimum": 1, "maximum": SERVICE.held[1], "default": SERVICE.held[0]}
_IDEMPOTENCY: Schema = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same request under the same key gets the same answer; another request gets 422.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": SERVICE.idempotency_key_length,
        "pattern": "^[!-~]+$",
    },
}

_REPLAYED: Schema = {
    "Idempotency-Replayed": {"description": "This answer was sent before.", "schema": {"const": "true"}}
}


def description(tokens: bool) -> Schema:
    """Return the OpenAPI description of a service with or without tokens."""
    components: Schema = {"schemas": _SCHEMAS}
    content: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "samepic",
            "version": version("samepic"),
            "description": "Refuses pictures that were uploaded before. Unknown addresses get 404 and wrong methods"
            " 405, in the shape of all errors.",
        },
        "paths": _paths(tokens),
        "components": components,
    }
    if tokens:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return content


def _paths(tokens: bool) -> Schema:
    key = {"name": "key", "in": "path", "required": True, "schema": _KEY, "description": "Percent-encoded."}

    def restricted(parts: Schema, *statuses: int) -> Schema:
        operation = _operation((*_RESTRICTED, *statuses), **parts)
        return {**operation, "security": [{"bearer": []}]} if tokens else operation

    return {
        "/v1/compare": {"post": restricted(_compare(), *_BODY, 415)},
        "/v1/check": {"post": restricted(_check(), *_BODY, 415)},
        "/v1/admit": {"post": restricted(_admit(), *_BODY, 415)},
        "/v1/pictures/{key}/proxy": {"get": restricted({**_proxy(), "parameters": [key]}, 404)},
        "/v1/pictures/{key}": {"delete": restricted({**_remove(), "parameters": [key, _IDEMPOTENCY]}, 404)},
        "/v1/held": {"get": restricted(_held(), 404)},
        "/v1/settle": {"post": restricted(_settle(), 404, *_BODY)},
        "/v1/status": {"get": restricted(_status())},
        "/v1/health": {
            "get": _operation(
                (), name="health", summary="Does the process answer?", answers={200: _json("Yes.", "State")}
            )
        },
        "/v1/ready": {
            "get": _operation(
                (), name="ready", summary="Can uploads be processed?", answers={200: _json("Yes.", "State")}
            )
        },
        "/metrics": {"get": restricted(_metrics())},
        "/openapi.json": {
            "get": _operation(
                (),
                name="openapi",
                summary="This description",
                answers={200: _content("The description.", "application/json", {})},
            )
        },
    }


def _operation(
    problems: tuple[int, ...],
    *,
    name: str,
    summary: str,
    answers: dict[int, Schema],
    parameters: list[Schema] | None = None,
    body: Schema | None = None,
) -> Schema:
    errors = {status: _json(_PROBLEMS[status], "Error") for status in (*_ALWAYS, *problems)}
    errors[503]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
    if 401 in errors:
        errors[401]["headers"] = {"WWW-Authenticate": {"schema": _TEXT}}
    operation: Schema = {
        "operationId": name,
        "summary": summary,
        "responses": {str(status): answer for status, answer in sorted({**errors, **answers}.items())},
    }
    if parameters:
        operation["parameters"] = parameters
    if body:
        operation["requestBody"] = {"required": True, "content": body}
    return operation


def _compare() -> Schema:
    fields = {"a": _BINARY, "b": _BINARY, "same_if": _SAME_IF}
    return {
        "name": "compare",
        "summary": "Are these two the same picture?",
        "answers": {200: _json("How b relates to a.", "Verdict")},
        "parameters": _query({"same_if": _SAME_IF}),
        "body": {"multipart/form-data": {"schema": _form(fields, "a", "b")}},
    }


def _check() -> Schema:
    return {
        "name": "check",
        "summary": "What would admit decide? Changes nothing",
        "answers": {200: _json("The decision.", "Decision")},
        "parameters": _query(_CHECK),
        "body": _upload(_CHECK),
    }


def _admit() -> Schema:
    descriptions = {
        201: "Accepted: the picture is stored.",
        202: "The picture is stored, and waits for review.",
        409: "A duplicate: the picture is not stored; `match` is the kept picture.",
    }
    return {
        "name": "admit",
        "summary": "Store a picture, unless it is a duplicate",
        "answers": {
            status: {**_json(text, "Decision"), "headers": _REPLAYED} for status, text in descriptions.items()
        },
        "parameters": [*_query(_ADMIT), _IDEMPOTENCY],
        "body": _upload(_ADMIT),
    }


def _proxy() -> Schema:
    picture = {"image/jpeg": {"schema": _BINARY}, "image/webp": {"schema": _BINARY}}
    return {
        "name": "proxy",
        "summary": "The small picture of a key",
        "answers": {200: {"description": "At most 320 pixels, 16 KB.", "content": picture}},
    }


def _held() -> Schema:
    return {
        "name": "held",
        "summary": "List the pictures that wait for review",
        "answers": {200: _json("The oldest first.", "Held")},
        "parameters": _query(
            {"limit": _LIMIT, "after": {**_KEY, "description": "`next` of the previous page."}}
        ),
    }


def _settle() -> Schema:
    return {
        "name": "settle",
        "summary": "Store the decision of a reviewer",
        "answers": {200: {**_json("The current state of `key`.", "Decision"), "headers": _REPLAYED}},
        "parameters": [_IDEMPOTENCY],
        "body": {"application/json": {"schema": _reference("Settle")}},
    }


def _remove() -> Schema:
    return {
        "name": "remove",
        "summary": "Remove a picture, so that it can be uploaded again",
        "answers": {204: {"description": "The picture is removed.", "headers": _REPLAYED}},
    }


def _status() -> Schema:
    return {
        "name": "status",
        "summary": "Count the kept pictures",
        "answers": {200: _json("The counts of the caller's tenant.", "Status")},
    }


def _metrics() -> Schema:
    return {
        "name": "metrics",
        "summary": "Metrics for Prometheus, of all tenants together",
        "answers": {200: _content("In the text format of Prometheus.", "text/plain", _TEXT)},
    }


def _query(fields: Schema) -> list[Schema]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


def _upload(fields: Schema) -> Schema:
    picture = {"schema": _BINARY}
    return {
        "multipart/form-data": {"schema": _form({"file": _BINARY, **fields}, "file")},
        "application/octet-stream": picture,
        "image/*": picture,
    }


def _form(fields: Schema, *required: str) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": list(required),
        "additionalProperties": False,
    }


def _json(description: str, name: str) -> Schema:
    return _content(description, "application/json", _reference(name))


def _content(description: str, media: str, schema: Schema) -> Schema:
    return {"description": description, "content": {media: {"schema": schema}}}
