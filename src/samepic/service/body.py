"""Request bodies: read in chunks within limits, forms parsed in memory, and parameters validated strictly."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header
from starlette.requests import Request

from samepic.errors import ProfileError
from samepic.service.problems import HttpProblem
from samepic.service.settings import ServiceLimits

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


Value = TypeVar("Value")


class Budget:
    """What all requests of a process share: memory in bytes, or the right to run.

    With several requests, an owner gets no more than it leaves free: who takes all it can get leaves room for others.
    """

    def __init__(self, limit: int, what: str) -> None:
        self.limit, self.used, self.what = limit, 0, what
        self.held: Counter[Hashable] = Counter()

    def share(self, owner: Hashable) -> AbstractContextManager[Share]:
        """Provide a share that grows with a request and is given back at the end."""
        return closing(Share(self, owner))


class Share:
    """The part of the budget that one request uses, and its owner: a token, or an address."""

    def __init__(self, budget: Budget, owner: Hashable) -> None:
        self._budget, self._owner, self.used = budget, owner, 0

    def grow(self, count: int) -> None:
        """Reserve `count` more. Raises HttpProblem, 503, if the budget, or the owner's part of it, is exhausted."""
        budget, held = self._budget, self._budget.held[self._owner]
        free = budget.limit - budget.used - count
        if free < 0 or (held > self.used and held + count > free):
            raise HttpProblem(503, "busy", f"too many {budget.what}: try again")
        budget.used += count
        budget.held[self._owner] += count
        self.used += count

    def close(self) -> None:
        """Give everything back; may be called twice."""
        self._budget.used -= self.used
        self._budget.held[self._owner] -= self.used
        if not self._budget.held[self._owner]:
            del self._budget.held[self._owner]
        self.used = 0


async def stream_body(
    request: Request, max_bytes: int, share: Share, limits: ServiceLimits
) -> AsyncIterator[bytes]:
    """Yield the chunks of a body. Raises HttpProblem: 413 too long, 408 too slow, 503 without memory for it."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal():
        if int(declared) > max_bytes:
            raise _too_large(max_bytes, f"{int(declared)} bytes")
        share.grow(int(declared))
    count, loop = 0, asyncio.get_running_loop()
    deadline = loop.time() + limits.body_seconds
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(stream, None)
        except TimeoutError:
            expected = f"a body within {limits.body_seconds:g} s, or {limits.body_rate} bytes a second"
            raise HttpProblem.mismatch(408, "too_slow", "body", expected, "a slower one") from None
        if chunk is None:
            return
        count += len(chunk)
        # What came quickly buys no more than one pause of that length.
        deadline = min(deadline + len(chunk) / limits.body_rate, loop.time() + limits.body_seconds)
        if count > max_bytes:
            raise _too_large(max_bytes, "more")
        share.grow(max(0, count - share.used))
        yield chunk


async def read_body(request: Request, max_bytes: int, share: Share, limits: ServiceLimits) -> bytes:
    """Return a body of at most `max_bytes`. Raises as `stream_body`."""
    data = BytesIO()  # hands its bytes on without a copy
    async for chunk in stream_body(request, max_bytes, share, limits):
        data.write(chunk)
    return data.getvalue()


async def read_small_body(request: Request, limits: ServiceLimits) -> bytes:
    """Return a body without pictures, of at most `limits.field_bytes`. Raises as `stream_body`."""
    return await read_body(request, limits.field_bytes, request.scope["samepic.share"], limits)


def _too_large(max_bytes: int, found: str, name: str = "body") -> HttpProblem:
    return HttpProblem.mismatch(413, "too_large", name, f"at most {max_bytes} bytes", found)


@dataclass(frozen=True, slots=True)
class SentPictures:
    files: dict[str, bytes] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)


def is_form(content_type: str) -> bool:
    return parse_options_header(content_type)[0].lower() == b"multipart/form-data"


async def read_form(
    content_type: str,
    body: AsyncIterator[bytes],
    files: Sequence[str],
    texts: Sequence[str],
    limits: ServiceLimits,
    *,
    batch: int = 0,
) -> SentPictures:
    """Parse a form of pictures `files`, and `texts`. Raises HttpProblem: 413 too long, 422 invalid or unknown.

    In a `batch` there may be so many pictures of one name: the first is "NAME 1".
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise HttpProblem.invalid("content-type", "the boundary of the form", "none")
    collector = _FormCollector(files, texts, limits, batch)
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        async for chunk in body:
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise HttpProblem.invalid("body", "a valid form", f"another body: {error}") from None
    if not collector.ended:
        raise HttpProblem.invalid("body", "a complete form", "a truncated one")
    return collector.form


class _FormCollector:
    def __init__(self, files: Sequence[str], texts: Sequence[str], limits: ServiceLimits, batch: int) -> None:
        self.form, self.ended = SentPictures(), False
        self._files, self._texts, self._limits, self._batch = files, texts, limits, batch
        self._parts, self._most = 0, max(limits.fields, batch + len(texts))
        self._picture = False
        self._header = (bytearray(), bytearray())
        self._disposition = b""
        self._name, self._data = "", BytesIO()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": lambda data, start, end: self._header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._header[1].extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_headers_finished": self._check_name,
            "on_part_data": self._add_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        self._parts += 1
        if self._parts > self._most:
            raise HttpProblem.invalid("body", f"a form of at most {self._most} fields", "more")
        self._disposition, self._data = b"", BytesIO()

    def _end_header(self) -> None:
        name, value = self._header
        if bytes(name).lower() == b"content-disposition":
            self._disposition = bytes(value)
        self._header = (bytearray(), bytearray())

    def _check_name(self) -> None:
        _, options = parse_options_header(self._disposition)
        try:
            self._name = options.get(b"name", b"").decode()
        except UnicodeDecodeError:
            raise HttpProblem.invalid("body", "field names in UTF-8", "another encoding") from None
        if self._name not in self._files and self._name not in self._texts:
            known = ", ".join([*self._files, *self._texts])
            raise HttpProblem.invalid("body", f"the fields {known}", f"{self._name!r:.60}")
        self._picture = self._name in self._files
        if self._picture and self._batch:
            if len(self.form.files) == self._batch:
                raise HttpProblem.invalid(self._name, f"at most {self._batch} pictures", "more")
            self._name = f"{self._name} {len(self.form.files) + 1}"
        if self._name in self.form.files or self._name in self.form.params:
            raise HttpProblem.invalid(self._name, "one field of this name", "two")

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        self._data.write(memoryview(data)[start:end])
        max_bytes = self._limits.upload_bytes if self._picture else self._limits.field_bytes
        if self._data.tell() > max_bytes:
            raise _too_large(max_bytes, "more", self._name)

    def _end_part(self) -> None:
        if self._picture:
            self.form.files[self._name] = self._data.getvalue()
        else:
            try:
                self.form.params[self._name] = self._data.getvalue().decode()
            except UnicodeDecodeError:
                raise HttpProblem.invalid(self._name, "text in UTF-8", "another encoding") from None
        self._data = BytesIO()

    def _end(self) -> None:
        self.ended = True


def query_params(request: Request, names: Sequence[str]) -> dict[str, str]:
    """Return the query parameters: each of `names` at most once, and no others. Raises HttpProblem."""
    expected = "at most 32 parameters, percent-encoded UTF-8"
    params: dict[str, str] = {}
    for name, value in _pairs(request.scope["query_string"], "query", expected):
        if name not in names:
            expected = f"the parameters {', '.join(names)}" if names else "no parameters"
            raise HttpProblem.invalid("query", expected, f"{name!r:.60}")
        if name in params:
            raise HttpProblem.invalid(name, "one parameter of this name", "two")
        params[name] = value
    return params


def path_key(request: Request, after: str = "") -> str:
    """Return the key in the path of a request, between /v1/pictures/ and `after`. Raises HttpProblem."""
    raw: bytes = request.scope["raw_path"]
    raw = raw.removeprefix(b"/v1/pictures/")
    try:
        return unquote_to_bytes(raw).decode().removesuffix(after)
    except UnicodeDecodeError:
        raise HttpProblem.invalid("key", "percent-encoded UTF-8", "another") from None


def parsed(params: Mapping[str, str], name: str, parse: Callable[[str], Value]) -> Value | None:
    """Return what `parse` makes of a parameter of a request, None if it has none. Raises HttpProblem."""
    try:
        return parse(params[name]) if name in params else None
    except ProfileError as error:
        raise HttpProblem(422, "bad_input", str(error), name=name) from None


def parse_json_object(text: str | bytes, name: str, fields: Sequence[str] = ()) -> dict[str, Any]:
    """Return a JSON object. Raises HttpProblem for other values, NaN and infinity in it, and others than `fields`."""
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        found = "one nested too deeply" if isinstance(error, RecursionError) else f"another text: {error}"
        raise HttpProblem.invalid(name, "a JSON object", f"{found:.120}") from None
    if not isinstance(value, dict):
        raise HttpProblem.invalid(name, "a JSON object", type(value).__name__)
    unknown = sorted(set(value) - set(fields)) if fields else ()
    if unknown:
        raise HttpProblem.invalid(name, f"the fields {', '.join(fields)}", f"{unknown[0]!r:.60}")
    return value


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a form without files. Raises HttpProblem."""
    return dict(_pairs(body, "body", "a form"))


def _pairs(text: bytes, name: str, expected: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError:
        raise HttpProblem.invalid(name, expected, "another text") from None


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """Return a string of a JSON object. Raises HttpProblem if it is missing or no string."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise HttpProblem.invalid(name, "a string", "none" if value is None else type(value).__name__)
    return value
