"""The OpenAPI 3.1 description of the service; tests check it against the routes and against every answer."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec.inspect as types

from samepic import decision, verdict
from samepic.facts import Facts, Proof
from samepic.gate.options import KEY_LETTERS, PolicyAction
from samepic.service.settings import SERVICE
from samepic.store.tables import EVENTS

if TYPE_CHECKING:
    from samepic.service.app import Endpoint

Schema = dict[str, Any]

_TEXT: Final[Schema] = {"type": "string"}
_BINARY: Final[Schema] = {"type": "string", "format": "binary"}
_NUMBER: Final[Schema] = {"type": "number"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_FLAG: Final[Schema] = {"type": "boolean"}
_CHANCE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
_KEY: Final[Schema] = {
    "type": "string",
    "minLength": 1,
    "maxLength": KEY_LETTERS,
    "pattern": r"^[^\u0000]+$",
}


def _object(properties: Schema, **more: object) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(schema: Schema, **more: object) -> Schema:
    return {"type": "array", "items": schema, **more}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _one_of(values: Iterable[str]) -> Schema:
    return {"type": "string", "enum": [str(value) for value in values]}


_SIMPLE: Final = {
    types.StrType: _TEXT,
    types.IntType: _COUNT,
    types.FloatType: _NUMBER,
    types.BoolType: _FLAG,
}


def _schema(kind: types.Type) -> Schema:
    match kind:
        case types.EnumType():
            return _one_of(kind.cls)
        case types.DataclassType() | types.StructType():
            return _reference(kind.cls.__name__)
        case types.VarTupleType():
            return _list_of(_schema(kind.item_type))
        case types.UnionType():
            (other,) = (one for one in kind.types if not isinstance(one, types.NoneType))
            return _or_null(_schema(other))
    return _SIMPLE[type(kind)]


def _fields(
    kind: type, text: str, without: str = "", besides: Schema | None = None, **said: Schema
) -> Schema:
    found = types.type_info(kind)
    assert isinstance(found, (types.DataclassType, types.StructType))
    properties = {
        one.name: said[one.name]
        if "type" in said.get(one.name, ())
        else _schema(one.type) | said.get(one.name, {})
        for one in found.fields
        if one.name != without
    }
    return _object({**properties, **(besides or {})}, description=text)


_TURNED: Final[Schema] = {"type": "integer", "enum": [0, 90, 180, 270]}
_ONE: Final = _one_of(("a", "b"))
_SIDE: Final = _one_of(("a", "b", ""))

_VERDICT = _object(
    {
        "relation": _one_of(verdict.Relation),
        "same": {"type": ["boolean", "null"], "description": "Null if it cannot be decided."},
        "probability": _CHANCE,
        "explanation": _TEXT,
        "regions": _list_of(_reference("Region")),
        "transform": _or_null(_reference("Transform")),
        "measures": {"type": "object", "additionalProperties": _NUMBER},
        "original": _or_null(_object({"which": _ONE, "reason": _TEXT})),
        "visibility": _or_null(
            _object(
                {"score": {"type": "number", "maximum": 100}, "words": _TEXT},
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

_LISTED: Final[Schema] = {
    "key": _TEXT,
    "created": {"type": "string", "format": "date-time"},
    "format": _TEXT,
    "width": _COUNT,
    "height": _COUNT,
    "size": _COUNT,
}
_NEXT: Final[Schema] = {"type": ["string", "null"], "description": "The value of `after` for the next page."}
_STATE: Final = _one_of(("accepted", "held"))

_HELD = _object(
    {
        "held": _list_of(
            _object({**_LISTED, "data": {"type": "object"}, "matches": _list_of(_reference("Match"))})
        ),
        "next": _NEXT,
    },
    description="The pictures that wait for review, the oldest first.",
)

_PROBLEM = _object(
    {
        "code": {**_TEXT, "description": "For programs; stable."},
        "message": {**_TEXT, "description": "A sentence for people, in the language of Accept-Language."},
        "detail": {**_TEXT, "description": "A technical sentence, in English."},
        "wanted": _TEXT,
        "got": _TEXT,
        "name": {**_TEXT, "description": "The field, parameter, header or file with the problem."},
    }
)
_EVENT = _object(
    {
        "id": {**_TEXT, "description": "As in `webhook-id`."},
        "type": _one_of(EVENTS),
        "timestamp": {"type": "string", "format": "date-time"},
        "data": {"type": "object"},
    },
    description="A decision, which is also what is posted to a webhook.",
)
_EVENTS = _object(
    {
        "events": _list_of(_reference("Event")),
        "next": {**_TEXT, "description": "The value of `after` for the next page, now or later."},
        "recorded": {**_FLAG, "description": "Whether the store records events."},
        "missed": {**_FLAG, "description": "`after` is deleted, and others may be: list the keys anew."},
    },
)
_ERROR = _object(
    {"error": _PROBLEM}, description="The shape of all errors, also for unknown addresses and methods."
)
_CHECKED = _object(
    {
        "decision": {
            **_or_null(_reference("Decision")),
            "description": "What `check` answers, null for an unusable file.",
        },
        "within": {
            **_or_null(_reference("Decision")),
            "description": "What it is to the pictures before it in the form, null if to none: the `key` of a match is"
            " the place of one, `0` the first.",
        },
        "error": {**_or_null(_PROBLEM), "description": "What is wrong with the file, or null."},
    },
    description="One picture of the form.",
)

_SCHEMAS: Final[Schema] = {
    "Batch": _object({"results": _list_of(_reference("Checked"), description="In the order of the form.")}),
    "Checked": _CHECKED,
    "Code": _object(
        {
            "pdq": {**_TEXT, "pattern": "^[0-9a-fA-F]{64}$", "description": "The PDQ code, in hex."},
            "quality": {"type": "integer", "minimum": 0, "maximum": 100, "description": "The quality of it."},
        },
        additionalProperties=False,
        description="The code of a picture, as code.js makes it.",
    ),
    "CodeHint": _fields(
        decision.CodeHint,
        "What the code of a picture says before it is uploaded: a hint, and never a reason to refuse it.",
        besides={"reason": {**_TEXT, "description": "One sentence for the uploader, as in Decision."}},
        keys={"description": "Kept pictures that it may be a copy of, nearest first."},
    ),
    "Decision": _fields(
        decision.Decision,
        "The decision of the gate on an upload.",
        "error",
        {
            "reason": {
                **_TEXT,
                "description": "One sentence for the uploader, in the language of Accept-Language.",
            }
        },
        outcome=_one_of(outcome for outcome in decision.Outcome if outcome is not decision.Outcome.REFUSED),
        detail={"description": "One technical sentence, in English."},
        flooding={"description": "The kept picture matches so many different uploads that it refuses none."},
        waiting={"description": "The picture that refused this one waits for review."},
    ),
    "Error": _ERROR,
    "Event": _EVENT,
    "Events": _EVENTS,
    "Facts": _fields(
        Facts,
        "The facts of the explanation, as values.",
        turned=_TURNED,
        larger=_SIDE,
        copy=_SIDE,
        original=_SIDE,
        still=_SIDE,
        exact_at={
            "maxItems": 2,
            "description": "Left and top of an exact crop, in pixels of the larger picture.",
        },
        proof=_or_null(
            _fields(Proof, "How re-saving the other picture gives the copy, pixel for pixel.", copy=_ONE)
        ),
    ),
    "Held": _HELD,
    "Match": _fields(
        decision.Match,
        "A kept picture, and how the upload relates to it.",
        probability=_CHANCE,
        better={"description": "Whether the upload is the better copy of the two."},
        worse={"description": "Whether the kept picture is the better copy of the two."},
        changes={"description": "What a person notices first between the two."},
        evidence={
            "description": "What was compared: equal digests, a reviewer's decision, both originals, or both small"
            " pictures, on which very small changes cannot be seen."
        },
        caveat=_or_null(
            {
                **_one_of(decision.Caveat),
                "description": "Why a person must review a match: the probability is too low, or fine print cannot be"
                " compared on the small pictures.",
            }
        ),
    ),
    "Picture": _object({**_LISTED, "state": _STATE, "sha256": _TEXT}, description="A kept picture."),
    "Pictures": _object({"pictures": _list_of(_reference("Picture")), "next": _NEXT}),
    "PictureInfo": _fields(
        verdict.PictureInfo,
        "The properties of a picture from its header.",
        jpeg=_or_null({"type": "object"}),
    ),
    "Region": _fields(verdict.Region, "A box in pixels of a."),
    "Settle": {
        **_object(
            {"key": _KEY, "other_key": _KEY, "same": {"type": ["boolean", "null"]}},
            additionalProperties=False,
        ),
        "required": ["key", "same"],
        "description": "A reviewer's decision on two kept pictures. Without `other_key`, `same` must be false: `key` is"
        " not a copy of any picture it is held for.",
    },
    "Status": _object(
        {"version": _TEXT, "tenant": _TEXT, "accepted": _COUNT, "held": _COUNT, "pending": _COUNT}
    ),
    "State": _object({"status": _one_of(("ok", "ready"))}),
    "Transform": _fields(
        verdict.Transform,
        "How b is placed on a.",
        matrix={"minItems": 9, "maxItems": 9},
        turned=_TURNED,
        larger=_SIDE,
    ),
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

_POLICY: Final[Schema] = {
    "type": "string",
    "description": "What to do for each relation; the rest is the policy of the service. Relations are those of Match"
    f" and `flooding`, actions {', '.join(PolicyAction)}.",
    "examples": ["edited=accept,reframed=review"],
}
_SAME_IF: Final[Schema] = {
    **_one_of(tuple(verdict.Relation)[:6]),
    "description": "The loosest relation still treated as the same; by default `reframed`, or that of the profile.",
}
_REPLACES: Final[Schema] = {
    **_KEY,
    "description": "The key of a kept picture that this one replaces: being a copy of it is no reason to refuse it.",
}
_DATA: Final[Schema] = {
    **_TEXT,
    "contentMediaType": "application/json",
    "description": "A JSON object to store with the picture.",
}
_CHECK: Final[Schema] = {"policy": _POLICY, "replaces": _REPLACES}
_ADMIT: Final[Schema] = {"key": _KEY, "data": _DATA, **_CHECK}
_HELD_PAGE: Final[Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": SERVICE.held[1], "default": SERVICE.held[0]},
    "after": {**_KEY, "description": "`next` of the previous page."},
}
_LIST_PAGE: Final[Schema] = {
    "limit": {"type": "integer", "minimum": 1, "maximum": SERVICE.listed[1], "default": SERVICE.listed[0]},
    "after": {
        **_KEY,
        "description": "List the keys after this one, kept or not: `next` of the previous page.",
    },
    "prefix": {**_KEY, "description": "List the keys that begin with this."},
    "state": {**_STATE, "description": "List those in this state; by default both."},
}
_EVENT_PAGE: Final[Schema] = {
    "limit": _LIST_PAGE["limit"],
    "after": {**_TEXT, "description": "List the events after this one: `next` of a page, at first empty."},
}
_PATH_KEY: Final[Schema] = {
    "name": "key",
    "in": "path",
    "required": True,
    "schema": _KEY,
    "description": "Percent-encoded.",
}
_IDEMPOTENCY: Final[Schema] = {
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
_REPLAYED: Final[Schema] = {
    "Idempotency-Replayed": {"description": "This answer was sent before.", "schema": {"const": "true"}}
}


def _query(fields: Schema) -> list[Schema]:
    return [{"name": name, "in": "query", "schema": schema} for name, schema in fields.items()]


def _form(fields: Schema, *required: str) -> Schema:
    form = {"type": "object", "properties": fields, "required": list(required), "additionalProperties": False}
    return {"multipart/form-data": {"schema": form}}


def _upload(fields: Schema) -> Schema:
    picture = {"schema": _BINARY}
    form = _form({"file": _BINARY, **fields}, "file")
    return {**form, "application/octet-stream": picture, "image/*": picture}


def _json(text: str, name: str, **more: object) -> Schema:
    return _content(text, "application/json", _reference(name), **more)


def _content(text: str, media: str, schema: Schema, **more: object) -> Schema:
    return {"description": text, "content": {media: {"schema": schema}}, **more}


class _Operation(NamedTuple):
    """What one address does: its answers, and the statuses of its problems beside those that all have."""

    summary: str
    answers: dict[int, Schema]
    problems: tuple[int, ...] = ()
    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None

    def described(self, name: str, *, restricted: bool, tokens: bool) -> Schema:
        statuses = (*_ALWAYS, *(_RESTRICTED if restricted else ()), *self.problems)
        errors = {status: _json(_PROBLEMS[status], "Error") for status in statuses}
        errors[503]["headers"] = {"Retry-After": {"schema": {"type": "integer"}}}
        if 401 in errors:
            errors[401]["headers"] = {"WWW-Authenticate": {"schema": _TEXT}}
        answers = sorted({**errors, **self.answers}.items())
        operation: Schema = {
            "operationId": name,
            "summary": self.summary,
            "responses": {str(status): answer for status, answer in answers},
        }
        if self.parameters:
            operation["parameters"] = list(self.parameters)
        if self.body:
            operation["requestBody"] = {"required": True, "content": self.body}
        if tokens and restricted:
            operation["security"] = [{"bearer": []}]
        return operation


_OPERATIONS: Final = {
    "compare": _Operation(
        "Are these two the same picture?",
        {200: _json("How b relates to a.", "Verdict")},
        (*_BODY, 415),
        (*_query({"same_if": _SAME_IF}),),
        _form({"a": _BINARY, "b": _BINARY, "same_if": _SAME_IF}, "a", "b"),
    ),
    "check": _Operation(
        "What would admit decide? Changes nothing",
        {200: _json("The decision.", "Decision")},
        (*_BODY, 415),
        (*_query(_CHECK),),
        _upload(_CHECK),
    ),
    "check_batch": _Operation(
        "Check several pictures, against the kept ones and each other. Changes nothing",
        {200: _json("The decisions.", "Batch")},
        _BODY,
        (*_query({"policy": _POLICY}),),
        _form({"file": _list_of(_BINARY, minItems=1, maxItems=SERVICE.batch), "policy": _POLICY}, "file"),
    ),
    "check_code": _Operation(
        "May a picture with this code be kept already? Upload it to know",
        {200: _json("A hint.", "CodeHint")},
        _BODY,
        body={"application/json": {"schema": _reference("Code")}},
    ),
    "admit": _Operation(
        "Store a picture, unless it is a duplicate",
        {
            status: _json(text, "Decision", headers=_REPLAYED)
            for status, text in (
                (201, "Accepted: the picture is stored."),
                (202, "The picture is stored, and waits for review."),
                (409, "A duplicate: the picture is not stored; `match` is the kept picture."),
            )
        },
        (*_BODY, 415),
        (*_query(_ADMIT), _IDEMPOTENCY),
        _upload(_ADMIT),
    ),
    "list": _Operation(
        "List the kept pictures",
        {200: _json("By key, in the order of code points.", "Pictures")},
        (),
        (*_query(_LIST_PAGE),),
    ),
    "proxy": _Operation(
        "The small picture of a key",
        {
            200: {
                "description": "At most 320 pixels, 16 KB.",
                "content": {"image/jpeg": {"schema": _BINARY}, "image/webp": {"schema": _BINARY}},
            }
        },
        (404,),
        (_PATH_KEY,),
    ),
    "remove": _Operation(
        "Remove a picture, so that it can be uploaded again",
        {204: {"description": "The picture is removed.", "headers": _REPLAYED}},
        (404,),
        (_PATH_KEY, _IDEMPOTENCY),
    ),
    "held": _Operation(
        "List the pictures that wait for review",
        {200: _json("The oldest first.", "Held")},
        (404,),
        (*_query(_HELD_PAGE),),
    ),
    "settle": _Operation(
        "Store the decision of a reviewer",
        {200: _json("The current state of `key`.", "Decision", headers=_REPLAYED)},
        (404, *_BODY),
        (_IDEMPOTENCY,),
        {"application/json": {"schema": _reference("Settle")}},
    ),
    "events": _Operation(
        "List what was decided, where the store records it",
        {200: _json("The oldest first.", "Events")},
        (),
        (*_query(_EVENT_PAGE),),
    ),
    "status": _Operation(
        "Count the kept pictures", {200: _json("The counts of the caller's tenant.", "Status")}
    ),
    "health": _Operation("Does the process answer?", {200: _json("Yes.", "State")}),
    "ready": _Operation("Can uploads be processed?", {200: _json("Yes.", "State")}),
    "metrics": _Operation(
        "Metrics for Prometheus, of all tenants together",
        {200: _content("In the text format of Prometheus.", "text/plain", _TEXT)},
    ),
    "code": _Operation(
        "A script for browsers that computes the `pdq` and `quality` of a picture",
        {
            200: _content("An ES module with `codeOf(file)`.", "text/javascript", _TEXT),
            304: {"description": "The one with the ETag of If-None-Match."},
        },
    ),
    "openapi": _Operation("This description", {200: _content("The description.", "application/json", {})}),
}
"""By the names of the endpoints, which have the method, the path and the right of each."""


def description(endpoints: tuple[Endpoint, ...], *, tokens: bool) -> Schema:
    components: Schema = {"schemas": _SCHEMAS}
    if tokens:
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "samepic",
            "version": version("samepic"),
            "description": "Refuses pictures that were uploaded before. Unknown addresses get 404 and wrong methods"
            " 405, in the shape of all errors.",
        },
        "paths": {
            one.path.replace(":path", ""): {
                one.method.lower(): _OPERATIONS[one.name].described(
                    one.name, restricted=bool(one.right), tokens=tokens
                )
            }
            for one in endpoints
        },
        "components": components,
    }
