"""Reading: JSON files and lines of samepic, checked by type; an error names the field, what was expected and found."""

from __future__ import annotations

import re
from typing import Any, NoReturn, TypeVar

from samepic.errors import SamepicError

_T = TypeVar("_T")

_EXPECTED = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
}
"""What msgspec calls the types of JSON, in words."""


def read_json(data: bytes, where: str, expected: str, error: type[SamepicError]) -> dict[str, Any]:
    """Return a JSON object, keys once, numbers finite, other bytes than UTF-8 as surrogates; else raise `error`."""
    import json

    try:
        text = data.decode("utf-8", "surrogateescape")
        value = json.loads(text, object_pairs_hook=_unique_keys, parse_constant=_reject_constant)
    except _InvalidError as problem:
        raise error(f"{where}: {problem}") from None
    except (ValueError, RecursionError) as problem:
        raise error(f"{where}: expected {expected}, found {problem}") from None
    if not isinstance(value, dict):
        raise error(f"{where}: expected {expected}, found {shorten(value)}")
    return value


def convert(value: object, kind: type[_T], where: str, error: type[SamepicError]) -> _T:
    """Return a value of JSON as `kind`, a type or dataclass; `where` names it. Raises `error` for other types."""
    import msgspec

    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as problem:
        raise error(f"{where}: {_explain(str(problem), value)}") from None
    except UnicodeEncodeError:
        raise error(f"{where}: expected the names of fields in UTF-8, found other bytes") from None


class _InvalidError(Exception):
    """Valid JSON that is refused; a ValueError would read as a syntax error."""


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _InvalidError(f"expected each key once, found {shorten(key)} twice")
        found[key] = value
    return found


def _reject_constant(text: str) -> NoReturn:
    raise _InvalidError(f"expected finite numbers, found {text}")


def _explain(problem: str, whole: object) -> str:
    """Return the message of a ValidationError in words, with its field and the value found there."""
    value: Any = whole
    message, _, path = problem.partition(" - at `$")
    path = path.removesuffix("`").removeprefix(".")
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", re.sub(r"\[(?=\D)[^]]*\]", "", path)):
        value = value[int(index)] if index else value[name]
    field = f"{path}: " if path else ""
    if missing := re.fullmatch("Object missing required field `(.+)`", message):
        return f"{field}expected {missing[1]}, found none"
    if message.startswith("Invalid enum value"):
        return f"{field}expected a word that is known here, found {shorten(value)}"
    if message == "Number out of range":
        return f"{field}expected a finite number, found {shorten(value)}"
    expected = message.partition(", got ")[0]
    if not expected.startswith("Expected "):
        return f"{field}{message}"
    words = re.sub("`([^`]+)`", _in_words, expected.removeprefix("Expected "))
    return f"{field}expected {words}, found {shorten(value)}"


def _in_words(types: re.Match[str]) -> str:
    return " or ".join(_EXPECTED.get(name, name) for name in types[1].split(" | "))


def shorten(value: object) -> str:
    """Return a value for a message: a text in quotes, else as JSON, up to 60 letters."""
    import json

    text = repr(value) if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 60 else text[:60] + "..."


def require(
    fits: bool, field: str, expected: str, found: object, error: type[ValueError] = ValueError
) -> None:
    """Raise `error` where a field does not fit; `convert` reports that of a dataclass with its place."""
    if not fits:
        raise error(f"{field}: expected {expected}, found {shorten(found)}")
