"""The page of the API, made from the description that the service gives of itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from samepic.pages.browser import PageRequest
from samepic.pages.html import Child, Html, el, join, page
from samepic.service.app import ENDPOINTS
from samepic.service.body import query_params
from samepic.service.openapi import description
from samepic.service.state import Service

Schema = Mapping[str, Any]

_ARGUMENTS: Final = {
    "compare": "-F a=@a.jpg -F b=@b.jpg ",
    "check": "-F file=@a.jpg ",
    "check_batch": "-F file=@a.jpg -F file=@b.jpg ",
    "check_code": f'-d \'{{"pdq": "{"0f" * 32}", "quality": 100}}\' ',
    "admit": "-F file=@a.jpg -F key=photo/17 ",
    "remove": "-X DELETE ",
    "settle": '-H \'Content-Type: application/json\' -d \'{"key": "photo/17", "same": false}\' ',
    "proxy": "-o small.jpg ",
}
"""What curl takes besides the address, by operation."""


async def show(service: Service, request: Request, context: PageRequest) -> Response:
    query_params(request, ())
    tokens = bool(service.settings.tokens)
    text = "A picture is the whole body, or a field of a form. Parameters stand in the query or in that form."
    bearer = "Send Authorization: Bearer TOKEN. " if tokens else ""
    link = el("a", "openapi.json", href="/openapi.json")
    lead = el("p.lead", f"{text} {bearer}", link, " is this page for programs.")
    content = _content(str(request.base_url).rstrip("/"), tokens=tokens)
    return page("API", el("h1", "API"), lead, content, frame=context.frame)


@cache
def _described(*, tokens: bool) -> dict[str, Any]:
    return description(ENDPOINTS, tokens=tokens)


def _content(base: str, *, tokens: bool) -> Html:
    described = _described(tokens=tokens)
    operations = [
        _operation(base, method.upper(), path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    shapes = [
        el("section.card.api", el("h3", name, id=f"shape-{name}"), _text(shape), _fields(shape))
        for name, shape in sorted(described["components"]["schemas"].items())
    ]
    return join((operations, el("h2", "Shapes"), shapes))


def _operation(base: str, method: str, path: str, operation: Schema) -> Html:
    name = operation["operationId"]
    bearer = '-H "Authorization: Bearer $TOKEN" ' if operation.get("security") else ""
    address = base + path.replace("{key}", "photo/17")
    answers = [
        [el("code", status), [_media(answer), _text(answer)]]
        for status, answer in operation["responses"].items()
    ]
    return el(
        "section.card.api",
        el("h2", el("code", f"{method} {path}"), id=name),
        el("p", operation["summary"]),
        el("pre", el("code", f"curl {bearer}{_ARGUMENTS.get(name, '')}{address}"), tabindex=0),
        _table(("Parameter", "In", "Value"), _parameters(operation)),
        _table(("Status", "Answer"), answers),
    )


def _parameters(operation: Schema) -> list[list[Child]]:
    rows = {
        one["name"]: [el("code", one["name"]), one["in"], _value({**one["schema"], **one})]
        for one in operation.get("parameters", [])
    }
    for media, content in operation.get("requestBody", {}).get("content", {}).items():
        schema = content["schema"]
        for name, field in schema.get("properties", {}).items():
            place = "query or form" if name in rows else "form"
            rows[name] = [el("code", name), place, _value(field)]
        if "properties" not in schema:
            rows[media] = [el("code", media), "body", _value(schema)]
    return list(rows.values())


def _fields(schema: Schema) -> Html | None:
    rows = [[el("code", name), _value(field)] for name, field in schema["properties"].items()]
    return _table(("Field", "Value"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[Child]]) -> Html | None:
    body = [el("tr", [el("td", cell) for cell in row]) for row in rows]
    titles = el("tr", [el("th", title, scope="col") for title in head])
    return el("div.scroll", el("table", el("thead", titles), el("tbody", body))) if body else None


def _media(answer: Schema) -> Child:
    """Return the shape of an answer, or its media types, as the beginning of a sentence."""
    content = answer.get("content", {})
    shape = content.get("application/json", {}).get("schema")
    return [_kind(shape) if shape else ", ".join(content), ": "] if content else None


def _value(schema: Schema) -> Child:
    text = _text(schema) or _text(schema.get("anyOf", [{}])[0])
    return [_kind(schema), f". {text}" if text else ""]


def _text(schema: Schema) -> str:
    return str(schema.get("description", "")).replace("`", "")


def _kind(schema: Schema) -> Child:
    """Return what a schema takes, in words, with a link to a shape that has a name."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return el("a", name, href=f"#shape-{name}")
    if "anyOf" in schema:
        return [[" or " if number else "", _kind(one)] for number, one in enumerate(schema["anyOf"])]
    if "enum" in schema:
        return f"one of {', '.join(str(value) for value in schema['enum'])}"
    kind = schema.get("format", schema.get("type", ""))
    if kind == "array":
        return ["list of ", _kind(schema["items"])]
    limits = {"minimum": "from", "maximum": "to", "default": "by default"}
    words = [f"{word} {schema[key]}" for key, word in limits.items() if key in schema]
    return " ".join([kind if isinstance(kind, str) else " or ".join(kind), *words])
