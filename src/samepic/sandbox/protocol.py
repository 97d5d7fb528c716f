"""The protocol between the gate and a worker: frames of JSON and bytes, and answers of closed shapes.

A worker has decoded untrusted bytes and may be compromised. So nothing that it sends is unpickled: lengths are bounded,
and every value is checked against its type.
"""

from __future__ import annotations

import dataclasses
import json
import math
import struct
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError
from samepic.facts import Facts
from samepic.verdict import PictureInfo, Region, Relation, Transform, Visibility

__all__ = [
    "ERRORS",
    "MISSING",
    "CompareAnswer",
    "ErrorAnswer",
    "FrameError",
    "PrepareAnswer",
    "Protection",
    "ScreenAnswer",
    "ViewsAnswer",
    "frame",
    "plain",
    "printable",
    "read_frame",
    "validated",
]

_HEAD = struct.Struct(">II")

_MAX_INT = 2**53

Value = TypeVar("Value")


class FrameError(ValueError):
    """The data is not a frame, or holds an invalid value."""


def frame(head: Mapping[str, object], *bodies: bytes) -> list[bytes]:
    """Return the pieces of one frame: lengths, then `head` as JSON, then the bodies one after the other."""
    text = json.dumps({**head, "bodies": [len(body) for body in bodies]}).encode()
    return [_HEAD.pack(len(text), sum(map(len, bodies))) + text, *bodies]


def read_frame(
    read: Callable[[int], bytes | None], max_head: int, max_body: int
) -> tuple[dict[str, Any], list[bytes]]:
    """Read one frame with `read`, which returns some of the bytes asked for and none at the end.

    Raises EOFError at the end, and FrameError for an invalid frame or one that is too long.
    """
    head_size, body_size = _HEAD.unpack(_exactly(read, _HEAD.size))
    if head_size > max_head or body_size > max_body:
        raise FrameError(
            f"expected at most {max_head} and {max_body} bytes, found {head_size} and {body_size}"
        )
    text = _exactly(read, head_size)
    body = _exactly(read, body_size)
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"expected JSON, found {str(error)[:100]}") from None
    if not isinstance(head, dict):
        raise FrameError("expected a JSON object, found something else")
    sizes = validated(list[int], head.pop("bodies", None), letters=0, items=8)
    if any(size < 0 for size in sizes) or sum(sizes) != body_size:
        raise FrameError(f"expected bodies of {body_size} bytes, found {sizes}")
    return head, _split(body, sizes)


def _exactly(read: Callable[[int], bytes | None], size: int) -> bytes:
    blocks, missing = [], size
    while missing:
        block = read(missing)
        if not block:
            raise EOFError
        blocks.append(block)
        missing -= len(block)
    return b"".join(blocks)


def _split(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    if len(sizes) == 1:
        return [body]
    ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
    return [body[end - size : end] for end, size in zip(ends, sizes, strict=True)]


def plain(value: object) -> object:
    """Return an answer as JSON values, its texts made `printable`."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return printable(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def printable(text: str, letters: int = 2000) -> str:
    """Return the text without unprintable characters (line ends, terminal controls), cut to `letters`."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:letters]
    )


def validated(kind: type[Value], value: object, *, letters: int, items: int) -> Value:
    """Return the value that `plain` made JSON of, checked against its type.

    Texts must be printable and hold `letters` at most, lists `items` at most, numbers must be finite. Raises
    FrameError.
    """
    checked: Value = _validated(kind, value, letters, items)
    return checked


def _validated(kind: Any, value: Any, letters: int, items: int) -> Any:  # noqa: ANN401
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        inner = [member for member in typing.get_args(kind) if member is not type(None)]
        return None if value is None else _validated(inner[0], value, letters, items)
    if origin in (tuple, list, dict):
        return _collection(origin, typing.get_args(kind), value, letters, items)
    if dataclasses.is_dataclass(kind):
        return _dataclass(kind, value, letters, items)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _member(kind, value)
    return _scalar(kind, value, letters)


def _scalar(kind: Any, value: Any, letters: int) -> Any:  # noqa: ANN401
    if kind is float and type(value) in (int, float) and abs(value) < math.inf:
        return float(value) if abs(value) < _MAX_INT else _refuse("a number within reason", value)
    if kind is int and type(value) is int and abs(value) < _MAX_INT:
        return value
    if kind is bool and type(value) is bool:
        return value
    if kind is str and type(value) is str and len(value) <= letters and value.isprintable():
        return value
    return _refuse(f"{kind.__name__}", value)


def _member(kind: type[Enum], value: object) -> Enum:
    try:
        return kind(value)
    except ValueError:
        return _refuse(f"one of {[member.value for member in kind]}", value)


def _collection(origin: Any, kinds: tuple[Any, ...], value: Any, letters: int, items: int) -> Any:  # noqa: ANN401
    keyed = origin is dict and isinstance(value, dict)
    if not (keyed or (origin is not dict and isinstance(value, list))) or len(value) > items:
        return _refuse(f"at most {items} items", value)
    if keyed:
        return {
            _validated(kinds[0], key, letters, items): _validated(kinds[1], item, letters, items)
            for key, item in value.items()
        }
    if origin is list or kinds[-1] is Ellipsis:
        return origin(_validated(kinds[0], item, letters, items) for item in value)
    if len(value) != len(kinds):
        return _refuse(f"{len(kinds)} items", value)
    return tuple(
        _validated(element, item, letters, items) for element, item in zip(kinds, value, strict=True)
    )


def _dataclass(kind: Any, value: Any, letters: int, items: int) -> Any:  # noqa: ANN401
    hints = _hints(kind)
    if not isinstance(value, dict) or set(value) != set(hints):
        return _refuse(f"the fields of {kind.__name__}", value)
    return kind(**{name: _validated(hint, value[name], letters, items) for name, hint in hints.items()})


@cache
def _hints(kind: Any) -> dict[str, Any]:  # noqa: ANN401
    return typing.get_type_hints(kind)


def _refuse(expected: str, value: object) -> typing.NoReturn:
    raise FrameError(f"expected {expected}, found {printable(repr(value), 80)}")


ERRORS = {kind.__name__: kind for kind in (UnreadableError, TruncatedError, LimitError, UnsupportedError)}

MISSING = "MissingPartError"


@dataclass(frozen=True, slots=True)
class PrepareAnswer:
    """One picture besides its proxy: the text form of its fingerprint, and what its header says.

    `unresolved` is as in `Prepared`.
    """

    fingerprint: str
    info: PictureInfo
    unresolved: float = 0.0


@dataclass(frozen=True, slots=True)
class ScreenAnswer:
    """How many features each proxy shares with the upload's."""

    shared: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CompareAnswer:
    """A verdict without the pictures that it would draw."""

    relation: Relation
    same: bool | None
    probability: float
    explanation: str
    a: PictureInfo
    b: PictureInfo
    regions: tuple[Region, ...]
    transform: Transform | None
    measures: dict[str, float]
    original: str
    original_reason: str
    visibility: Visibility | None
    facts: Facts


@dataclass(frozen=True, slots=True)
class ViewsAnswer:
    """A verdict, and the size in bytes of each picture in the body."""

    verdict: CompareAnswer
    sizes: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """An error.

    `kind` is a key of ERRORS, MISSING, or "" for an unexpected one.
    """

    kind: str
    name: str
    wanted: str
    got: str


@dataclass(frozen=True, slots=True)
class Protection:
    """The protections that are active here; limits of wall time and answers hold everywhere.

    `memory` and `cpu` are limited by the system; `new_files`: no byte can be written into a file; `files`:
    none can be opened at all; `network`: no socket can be made; `programs`: no program can be started and
    no other process be touched, `orphans`: the system ends the process with its parent, `privileges`: it can
    gain none and holds none of an administrator's. `system` is the system and machine that this was found on.
    """

    system: str
    memory: bool = False
    cpu: bool = False
    new_files: bool = False
    core_dumps: bool = False
    files: bool = False
    network: bool = False
    programs: bool = False
    orphans: bool = False
    privileges: bool = False

    @property
    def complete(self) -> bool:
        """Whether every bound holds."""
        return all(getattr(self, name) for name in self.to_dict() if name != "system")

    def to_dict(self) -> dict[str, str | bool]:
        """Return each bound by its name, for JSON."""
        return {field.name: getattr(self, field.name) for field in fields(self)}
