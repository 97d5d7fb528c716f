"""Asked: the parts of a request besides pictures, checked strictly: nothing is guessed, nothing ignored."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.requests import Request

from samepic.errors import ProfileError
from samepic.gate.policy import GatePolicy
from samepic.web.problems import Problem

__all__ = ["json_object", "path_key", "policy_of", "query", "text_field"]


def query(request: Request, names: Sequence[str]) -> dict[str, str]:
    """Return the query parameters, of which only `names` may come, each once. Raises Problem."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=32,
        )
    except ValueError:
        raise Problem.bad("query", "at most 32 parameters, percent-encoded UTF-8", "another") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            raise Problem.bad(
                "query", f"the parameters {', '.join(names)}" if names else "none", f"{name!r:.60}"
            )
        if name in found:
            raise Problem.bad(name, "one parameter of this name", "two")
        found[name] = value
    return found


def path_key(request: Request, after: str = "") -> str:
    """Return the key in the path of a request, behind /v1/pictures/ and before `after`. Raises Problem."""
    raw: bytes = request.scope["raw_path"]
    raw = raw.removeprefix(b"/v1/pictures/")
    try:
        return unquote_to_bytes(raw).decode().removesuffix(after)
    except UnicodeDecodeError:
        raise Problem.bad("key", "percent-encoded UTF-8", "another") from None


def policy_of(text: str | None, base: GatePolicy) -> GatePolicy | None:
    """Return what a request says is to be done for each relation, where it says so. Raises Problem."""
    if text is None:
        return None
    try:
        return GatePolicy.parse(text, base)
    except ProfileError as error:
        raise Problem(422, "bad_input", str(error), name="policy") from None


def json_object(text: str | bytes, name: str) -> dict[str, Any]:
    """Return the JSON object that a text holds. Raises Problem for anything else, and for what JSON has no word for."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        got = "one nested too deeply" if isinstance(error, RecursionError) else f"another text: {error}"
        raise Problem.bad(name, "a JSON object", f"{got:.120}") from None
    if not isinstance(value, dict):
        raise Problem.bad(name, "a JSON object", type(value).__name__)
    return value


def text_field(told: Mapping[str, Any], name: str) -> str:
    """Return a text of a JSON object. Raises Problem where it is none."""
    value = told.get(name)
    if not isinstance(value, str):
        raise Problem.bad(name, "a text", "none" if value is None else type(value).__name__)
    return value
