"""Bodies of requests: read piece by piece within limits, multipart forms without a disk, and parts checked strictly."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_to_bytes

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from samepic.errors import ProfileError
from samepic.gate.policy import GatePolicy
from samepic.service.problems import HttpProblem
from samepic.service.settings import ServiceLimits

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = [
    "Budget",
    "Form",
    "Share",
    "is_form",
    "json_object",
    "path_key",
    "pieces",
    "policy_of",
    "query",
    "read_form",
    "read_whole",
    "text_field",
    "too_large",
]


class Budget:
    """The memory that all bodies of a process share; who finds none left is told to come again."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    @contextmanager
    def share(self) -> Iterator[Share]:
        """Give a share that grows as a body comes in, and is given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.held -= share.held


class Share:
    """What one body holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self.held = budget, 0

    def grow(self, count: int) -> None:
        """Take `count` bytes more; raise HttpProblem where they are not left."""
        if self._budget.held + count > self._budget.most:
            raise HttpProblem(503, "busy", "too many uploads are on their way just now: try again")
        self._budget.held += count
        self.held += count


async def pieces(request: Request, most: int, share: Share, limits: ServiceLimits) -> AsyncIterator[bytes]:
    """Yield a body as it comes, `most` bytes at most.

    Raises HttpProblem: 413 for a longer one, 408 for one that comes too slowly, 503 where memory is short.
    """
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large(most, f"{int(declared)} bytes")
    count, loop = 0, asyncio.get_running_loop()
    begun = loop.time()
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(begun + limits.body_seconds + count / limits.body_rate):
                piece = await anext(stream, None)
        except TimeoutError:
            raise _too_slow(limits) from None
        if piece is None:
            return
        count += len(piece)
        if count > most:
            raise too_large(most, "more")
        share.grow(len(piece))
        yield piece


async def read_whole(request: Request, most: int, share: Share, limits: ServiceLimits) -> bytes:
    """Return a body of at most `most` bytes. Raises as `pieces`."""
    return b"".join([piece async for piece in pieces(request, most, share, limits)])


def too_large(most: int, got: str, name: str = "body") -> HttpProblem:
    """Return the problem of a body or part that is too long."""
    wanted = f"at most {most} bytes"
    return HttpProblem(
        413, "too_large", f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name
    )


def _too_slow(limits: ServiceLimits) -> HttpProblem:
    wanted = f"a body within {limits.body_seconds:g} s, or one of {limits.body_rate} bytes a second or more"
    return HttpProblem(
        408, "too_slow", f"body: wanted {wanted}, got a slower one", wanted=wanted, name="body"
    )


@dataclass(slots=True)
class Form:
    """What a form holds: the bytes of its files and the texts of its other fields, by name."""

    files: dict[str, bytes] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)


def is_form(content_type: str) -> bool:
    """Tell whether a Content-Type says that a body is a form."""
    return parse_options_header(content_type)[0].lower() == b"multipart/form-data"


async def read_form(
    content_type: str,
    body: AsyncIterator[bytes],
    files: Sequence[str],
    texts: Sequence[str],
    limits: ServiceLimits,
) -> Form:
    """Take a form apart in which the fields `files` are pictures and `texts` are texts; no others may come.

    Raises HttpProblem: 413 for a part that is too long, 422 for what is no form, a field twice, or one nobody wants.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise HttpProblem.bad("content-type", "a boundary of the form", "none")
    taken = _Taken(files, texts, limits)
    try:
        parser = MultipartParser(boundary, taken.callbacks())
        async for piece in body:
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise HttpProblem.bad("body", "a form as its content type says", f"another: {error}") from None
    if not taken.ended:
        raise HttpProblem.bad("body", "a whole form", "one that breaks off")
    return taken.form


class _Taken:
    """Collects the parts of a form as the parser finds them."""

    def __init__(self, files: Sequence[str], texts: Sequence[str], limits: ServiceLimits) -> None:
        self.form, self.ended = Form(), False
        self._files, self._texts, self._limits = files, texts, limits
        self._parts = 0
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name, self._data = "", bytearray()

    def callbacks(self) -> MultipartCallbacks:
        """Return what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._named,
            "on_part_data": self._more,
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > self._limits.fields:
            raise HttpProblem.bad("body", f"a form of at most {self._limits.fields} fields", "more")
        self._disposition, self._data = b"", bytearray()

    def _end_header(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _named(self) -> None:
        _, options = parse_options_header(self._disposition)
        try:
            self._name = options.get(b"name", b"").decode()
        except UnicodeDecodeError:
            raise HttpProblem.bad("body", "names of fields in UTF-8", "another") from None
        if self._name not in self._files and self._name not in self._texts:
            known = ", ".join([*self._files, *self._texts])
            raise HttpProblem.bad("body", f"the fields {known}", f"{self._name!r:.60}")
        if self._name in self.form.files or self._name in self.form.fields:
            raise HttpProblem.bad(self._name, "one field of this name", "two")

    def _more(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]
        most = self._limits.upload_bytes if self._name in self._files else self._limits.field_bytes
        if len(self._data) > most:
            raise too_large(most, "more", self._name)

    def _end(self) -> None:
        if self._name in self._files:
            self.form.files[self._name] = bytes(self._data)
        else:
            try:
                self.form.fields[self._name] = self._data.decode()
            except UnicodeDecodeError:
                raise HttpProblem.bad(self._name, "a text in UTF-8", "another") from None
        self._data = bytearray()

    def _finish(self) -> None:
        self.ended = True


def query(request: Request, names: Sequence[str]) -> dict[str, str]:
    """Return the query parameters, of which only `names` may come, each once. Raises HttpProblem."""
    try:
        pairs = parse_qsl(
            request.scope["query_string"].decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=32,
        )
    except ValueError:
        raise HttpProblem.bad("query", "at most 32 parameters, percent-encoded UTF-8", "another") from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in names:
            raise HttpProblem.bad(
                "query", f"the parameters {', '.join(names)}" if names else "none", f"{name!r:.60}"
            )
        if name in found:
            raise HttpProblem.bad(name, "one parameter of this name", "two")
        found[name] = value
    return found


def path_key(request: Request, after: str = "") -> str:
    """Return the key in the path of a request, behind /v1/pictures/ and before `after`. Raises HttpProblem."""
    raw: bytes = request.scope["raw_path"]
    raw = raw.removeprefix(b"/v1/pictures/")
    try:
        return unquote_to_bytes(raw).decode().removesuffix(after)
    except UnicodeDecodeError:
        raise HttpProblem.bad("key", "percent-encoded UTF-8", "another") from None


def policy_of(text: str | None, base: GatePolicy) -> GatePolicy | None:
    """Return what a request says is to be done for each relation, where it says so. Raises HttpProblem."""
    if text is None:
        return None
    try:
        return GatePolicy.parse(text, base)
    except ProfileError as error:
        raise HttpProblem(422, "bad_input", str(error), name="policy") from None


def json_object(text: str | bytes, name: str) -> dict[str, Any]:
    """Return the JSON object that a text holds. Raises HttpProblem for anything else, and for NaN or infinity."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        got = "one nested too deeply" if isinstance(error, RecursionError) else f"another text: {error}"
        raise HttpProblem.bad(name, "a JSON object", f"{got:.120}") from None
    if not isinstance(value, dict):
        raise HttpProblem.bad(name, "a JSON object", type(value).__name__)
    return value


def text_field(told: Mapping[str, Any], name: str) -> str:
    """Return a text of a JSON object. Raises HttpProblem where it is none."""
    value = told.get(name)
    if not isinstance(value, str):
        raise HttpProblem.bad(name, "a text", "none" if value is None else type(value).__name__)
    return value
