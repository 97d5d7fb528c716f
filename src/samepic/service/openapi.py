"""The OpenAPI 3.1 description of the service; a test holds it to the routes and to every answer that tests get."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, Final

from samepic.facts import Depth, DetailChange, Doubt, OriginalReason, Placing, Series, Side, ToneChange
from samepic.gate.policy import PolicyAction
from samepic.limits import GATE
from samepic.service.settings import SERVICE
from samepic.verdict import Caveat, Evidence, Outcome, Relation

__all__ = ["BINARY", "KEY", "POLICY", "SCHEMAS", "TEXT", "description", "listed", "named", "shape"]

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}

BINARY: Final[Schema] = {"type": "string", "format": "binary"}

KEY: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": GATE.key_letters,
    "pattern": r"^[^\u0000]+$",
}

POLICY: Final[Schema] = {
    "type": "string",
    "description": "What to do for which relation, changing the service's own policy: relations are those of Match and"
    f" `flooding`, actions {', '.join(PolicyAction)}.",
    "examples": ["edited=accept,reframed=review"],
}

_NUMBER: Final[Schema] = {"type": "number"}

_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}

_FLAG: Final[Schema] = {"type": "boolean"}

_CHANCE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}

_RELATION: Final[Schema] = {"type": "string", "enum": [str(one) for one in Relation]}


def shape(properties: Schema, **more: object) -> Schema:
    """Return the schema of an object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def listed(name: str) -> Schema:
    """Return the schema of a list of a named shape."""
    return {"type": "array", "items": named(name)}


def named(name: str) -> Schema:
    """Return a reference to a named shape."""
    return {"$ref": f"#/components/schemas/{name}"}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_MATCH = shape(
    {
        "key": TEXT,
        "relation": _RELATION,
        "probability": _CHANCE,
        "explanation": TEXT,
        "better": {**_FLAG, "description": "Whether the upload is the better copy of the two."},
        "worse": {**_FLAG, "description": "Whether the kept picture is the better copy of the two."},
        "better_reason": TEXT,
        "evidence": {
            "type": "string",
            "enum": [str(one) for one in Evidence],
            "description": "What it was told from: equal digests, a reviewer's word, both originals, or both small"
            " pictures, on which what is very small cannot be seen.",
        },
        "caveat": _or_null(
            {
                "type": "string",
                "enum": [str(one) for one in Caveat],
                "description": "Why a person has to look though the two count as the same: the probability is too low,"
                " or fine print cannot be compared on the small pictures.",
            }
        ),
    },
    description="A kept picture, and what the upload is to it.",
)

_DECISION = shape(
    {
        "outcome": {"type": "string", "enum": [str(one) for one in Outcome if one is not Outcome.REFUSED]},
        "reason": {**TEXT, "description": "One sentence for whoever uploads."},
        "key": TEXT,
        "match": _or_null(named("Match")),
        "matches": listed("Match"),
        "flooding": {
            **_FLAG,
            "description": "The kept picture matches so many different uploads that it decides nothing.",
        },
    },
    description="What the gate says of an upload.",
)

_REGION = shape({"x": _COUNT, "y": _COUNT, "w": _COUNT, "h": _COUNT}, description="A box in pixels of a.")

_TRANSFORM = shape(
    {
        "matrix": {"type": "array", "items": _NUMBER, "minItems": 9, "maxItems": 9},
        "turned": {"type": "integer", "enum": [0, 90, 180, 270]},
        "mirrored": _FLAG,
        "larger": {"type": "string", "enum": ["a", "b", ""]},
        "kept": _NUMBER,
    },
    description="How b lies on a.",
)

_INFO = shape(
    {
        "name": TEXT,
        "format": TEXT,
        "width": _COUNT,
        "height": _COUNT,
        "size": _COUNT,
        "orientation": _COUNT,
        "mode": TEXT,
        "frames": _COUNT,
        "metadata": _COUNT,
        "profile": TEXT,
        "jpeg": _or_null({"type": "object"}),
    },
    description="What the header of a picture says.",
)

_SIDE: Final[Schema] = {"type": "string", "enum": ["a", "b", ""]}


def _one_of(kind: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(one) for one in kind]}


_PROOF = shape(
    {
        "copy": {"type": "string", "enum": ["a", "b"]},
        "lossless": _FLAG,
        "quality": _COUNT,
        "exact": _FLAG,
        "subsampling": TEXT,
        "progressive": _FLAG,
        "resampling": TEXT,
    },
    description="How saving the other picture again gives the copy, pixel for pixel.",
)

_FACTS = shape(
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
            "description": "Left and top, in pixels of the larger, where a crop lies in it pixel for pixel.",
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
        "lost_profile": TEXT,
        "series": _one_of(Series),
        "frame": _COUNT,
        "still": _SIDE,
        "doubt": _one_of(Doubt),
        "proxies": _FLAG,
    },
    description="What the explanation says, as values.",
)

_VERDICT = shape(
    {
        "relation": _RELATION,
        "same": {"type": ["boolean", "null"], "description": "Null where it cannot be told."},
        "probability": _CHANCE,
        "explanation": TEXT,
        "regions": listed("Region"),
        "transform": _or_null(named("Transform")),
        "measures": {"type": "object", "additionalProperties": _NUMBER},
        "original": _or_null(shape({"which": {"type": "string", "enum": ["a", "b"]}, "reason": TEXT})),
        "visibility": _or_null(
            shape(
                {
                    "score": {"type": "number", "maximum": 100},
                    "words": TEXT,
                },
                description="Whether a person would see what was done to a whole frame that was saved again or"
                " adjusted; null for all else. The score is that of SSIMULACRA 2.1.",
            )
        ),
        "facts": named("Facts"),
        "a": named("PictureInfo"),
        "b": named("PictureInfo"),
    },
    description="What b is to a.",
)

_HELD = shape(
    {
        "held": {
            "type": "array",
            "items": shape(
                {
                    "key": TEXT,
                    "created": {"type": "string", "format": "date-time"},
                    "format": TEXT,
                    "width": _COUNT,
                    "height": _COUNT,
                    "size": _COUNT,
                    "data": {"type": "object"},
                    "matches": listed("Match"),
                }
            ),
        },
        "next": {"type": ["string", "null"], "description": "What `after` takes for the next page."},
    },
    description="Pictures that wait for review, the oldest first.",
)

_ERROR = shape(
    {
        "error": shape(
            {
                "code": {**TEXT, "description": "For programs; it does not change."},
                "message": {**TEXT, "description": "For people."},
                "wanted": TEXT,
                "got": TEXT,
                "name": {**TEXT, "description": "The field, parameter, header or file that it is about."},
            }
        )
    },
    description="The shape of every error, of unknown addresses and methods too.",
)

SCHEMAS: Final[Schema] = {
    "Decision": _DECISION,
    "Error": _ERROR,
    "Facts": _FACTS,
    "Held": _HELD,
    "Match": _MATCH,
    "PictureInfo": _INFO,
    "Region": _REGION,
    "Settle": {
        **shape({"key": KEY, "other_key": KEY, "same": _FLAG}, additionalProperties=False),
        "required": ["key", "same"],
        "description": "A reviewer's word on two kept pictures. Without `other_key`, and with `same` false: that"
        " `key` is another than all it is held for.",
    },
    "Status": shape({"version": TEXT, "tenant": TEXT, "accepted": _COUNT, "held": _COUNT, "pending": _COUNT}),
    "State": shape({"status": {"type": "string", "enum": ["ok", "ready"]}}),
    "Transform": _TRANSFORM,
    "Verdict": _VERDICT,
}


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
