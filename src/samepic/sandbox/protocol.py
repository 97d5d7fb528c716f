"""The messages between the gate and a worker: a head in JSON, then bytes.

A worker has decoded untrusted bytes and may be compromised. So nothing that it sends is unpickled: lengths are bounded,
texts printable, numbers within reason, and every value has the type of its field.
"""

from __future__ import annotations

import struct
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import accumulate

import msgspec

from samepic.errors import LimitError, TruncatedError, UnreadableError, UnsupportedError, WorkerError
from samepic.limits import UPLOAD, Limits
from samepic.sandbox.decode import Task
from samepic.values import values_of
from samepic.verdict import Verdict

_HEAD = struct.Struct(">II")
_LETTERS, _ITEMS, _REASON = 4000, 4096, 2**53
"""The longest text and list in an answer, and what numbers are less than."""

Value = typing.TypeVar("Value")


class FrameError(ValueError):
    """The data is not a frame, or holds an invalid value."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The limits of one worker process and of each of its tasks.

    2026-11-23: `memory_bytes`, the two times and `grown_bytes` from `python -m bench hostile` (bench/RESULTS.md,
    "Hostile uploads"); the others chosen.
    """

    upload: Limits = UPLOAD
    memory_bytes: int = 2**30  # private memory of the process, libraries' code not counted
    cpu_seconds: float = 6.0  # processor time of one task
    wall_seconds: float = 8.0  # time of one task, after which its process is killed
    starved: float = 0.4  # share of it waiting for a processor, from which on the machine is to blame
    start_seconds: float = 60.0  # until a new process is ready
    queue_seconds: float = 20.0  # how long a task waits for a free process
    open_files: int = 16
    tasks: int = 500  # after which a process is replaced
    grown_bytes: int = 384 * 2**20  # resident between tasks, from which on it is replaced
    answer_bytes: int = 256 * 1024  # the longest answer that is read, without its pictures
    proxy_bytes: int = 64 * 1024  # the longest proxy that is read


class Setup(msgspec.Struct):
    """The first message to a worker: its limits, its parent, and whether its system calls are filtered."""

    limits: WorkerLimits
    parent: int
    filtered: bool


class Request(msgspec.Struct):
    """A task and its number, and the size in bytes of each picture in the body."""

    number: int
    task: Task
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Protection:
    """The protections that are active here; limits of wall time and answers hold everywhere.

    `memory` and `cpu` are limited by the system; `new_files`: no byte can be written into a file; `files`:
    none can be opened or looked up at all; `network`: no socket can be made; `programs`: no program can be
    started and no other process be touched, `threads`: none can be started, `orphans`: the system ends the
    process with its parent, `privileges`: it can gain none and holds none of an administrator's. `system` is
    the system and machine that this was found on.
    """

    system: str
    memory: bool = False
    cpu: bool = False
    new_files: bool = False
    core_dumps: bool = False
    files: bool = False
    network: bool = False
    programs: bool = False
    threads: bool = False
    orphans: bool = False
    privileges: bool = False

    @property
    def complete(self) -> bool:
        return all(self.to_dict().values())

    def to_dict(self) -> dict[str, str | bool]:
        return values_of(self)


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a worker says when it is ready, or why it cannot be."""

    protection: Protection | None = None
    failure: str = ""


_KINDS = (LimitError, TruncatedError, UnsupportedError, UnreadableError)
ERRORS = {**{kind.__name__: kind for kind in _KINDS}, "": WorkerError}
"""What a worker may say of a picture; "" is for errors that nobody expected."""

MISSING = "MissingPartError"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error; `kind` is a key of ERRORS or MISSING."""

    kind: str
    name: str
    wanted: str
    got: str
    limit: str = ""
    most: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of the request of this number, and the size of each piece of bytes in the body."""

    number: int
    found: typing.Any = None
    error: Failure | None = None
    sizes: tuple[int, ...] = ()


_HINTS = {**typing.get_type_hints(Verdict, localns={"Image": object}), "draw": None}
VERDICT = msgspec.defstruct("VERDICT", [(field.name, _HINTS[field.name]) for field in fields(Verdict)])
"""The fields of a Verdict, but for the pictures that it would draw: these stay in their process."""


def frame(head: object, *bodies: bytes) -> list[bytes]:
    """Return the pieces of one message: the two lengths, then `head` as JSON, then the bodies."""
    text = msgspec.json.encode(head)
    return [_HEAD.pack(len(text), sum(map(len, bodies))) + text, *bodies]


def read_frame(read: Callable[[int], bytes | None], max_head: int, max_body: int) -> tuple[bytes, bytes]:
    """Read head and body of a message. Raises EOFError at the end, and FrameError for lengths beyond the bounds."""
    head_size, body_size = _HEAD.unpack(_exactly(read, _HEAD.size))
    if head_size > max_head or body_size > max_body:
        raise FrameError(
            f"expected at most {max_head} and {max_body} bytes, found {head_size} and {body_size}"
        )
    return _exactly(read, head_size), _exactly(read, body_size)


def _exactly(read: Callable[[int], bytes | None], size: int) -> bytes:
    blocks, missing = [], size
    while missing:
        block = read(missing)
        if not block:
            raise EOFError
        blocks.append(block)
        missing -= len(block)
    return b"".join(blocks)


def split(body: bytes, sizes: Sequence[int]) -> list[bytes]:
    """Return the pieces of these sizes that a body consists of. Raises FrameError where it does not."""
    if min(sizes, default=0) < 0 or sum(sizes) != len(body):
        raise FrameError(f"expected bodies of {len(body)} bytes, found {sizes}")
    if len(sizes) == 1:
        return [body]  # without a copy
    return [body[end - size : end] for size, end in zip(sizes, accumulate(sizes), strict=True)]


def plain(value: object) -> object:
    """Return a value as JSON values, its texts made `printable`."""
    return _printable(msgspec.to_builtins(value, enc_hook=_builtin))


def _builtin(value: typing.Any) -> object:  # noqa: ANN401
    if isinstance(value, Mapping):
        return dict(value)
    return None if callable(value) else value.item()  # how a verdict draws; a number of NumPy


def _printable(value: object) -> object:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, dict):
        return {key: _printable(item) for key, item in value.items()}
    return [_printable(item) for item in value] if isinstance(value, (list, tuple)) else value


def printable(text: str, letters: int = 2000) -> str:
    """Return the text without unprintable characters (line ends, terminal controls), cut to `letters`."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:letters]
    )


def checked(kind: type[Value], sent: object) -> Value:
    """Return the value of a type that a worker sent as JSON, encoded or parsed. Raises FrameError.

    All fields of the type must be there and no others, and texts, lists and numbers be bounded.
    """
    try:
        raw = sent
        if isinstance(sent, bytes):  # what is parsed is part of what was checked before it
            raw = msgspec.json.decode(sent)
            _check_bounds(raw)
        found = msgspec.convert(raw, kind)
        complete = msgspec.json.decode(msgspec.json.encode(found)) == raw
    except (ValueError, RecursionError) as error:
        raise FrameError(printable(str(error), 200)) from None
    if not complete:
        raise FrameError(f"expected the fields of {kind.__name__}, found others")
    return found


def _check_bounds(value: object) -> None:
    left = [value]
    while left:
        value = left.pop()
        if isinstance(value, str):
            sound = len(value) <= _LETTERS and value.isprintable()
        elif isinstance(value, (int, float)):
            sound = abs(value) < _REASON
        else:
            sound = value is None or (isinstance(value, (list, dict)) and len(value) <= _ITEMS)
        if not sound:
            raise FrameError(f"expected a printable or bounded value, found {printable(repr(value), 80)}")
        if isinstance(value, dict):
            left += (*value, *value.values())
        elif isinstance(value, list):
            # Of numbers alone, such as a quantization table, the least and the largest say it for all.
            left += (min(value), max(value)) if value and set(map(type, value)) <= {int, float} else value
