"""Form: multipart/form-data, taken apart as it comes; nothing is written to disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from samepic.profiles.service import ServiceLimits
from samepic.web.body import too_large
from samepic.web.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["Form", "is_form", "read_form"]


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

    Raises Problem: 413 for a part that is too long, 422 for what is no form, a field twice, or one nobody wants.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not boundary:
        raise Problem.bad("content-type", "a boundary of the form", "none")
    taken = _Taken(files, texts, limits)
    try:
        parser = MultipartParser(boundary, taken.callbacks())
        async for piece in body:
            parser.write(piece)
        parser.finalize()
    except FormParserError as error:
        raise Problem.bad("body", "a form as its content type says", f"another: {error}") from None
    if not taken.ended:
        raise Problem.bad("body", "a whole form", "one that breaks off")
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
            raise Problem.bad("body", f"a form of at most {self._limits.fields} fields", "more")
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
            raise Problem.bad("body", "names of fields in UTF-8", "another") from None
        if self._name not in self._files and self._name not in self._texts:
            known = ", ".join([*self._files, *self._texts])
            raise Problem.bad("body", f"the fields {known}", f"{self._name!r:.60}")
        if self._name in self.form.files or self._name in self.form.fields:
            raise Problem.bad(self._name, "one field of this name", "two")

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
                raise Problem.bad(self._name, "a text in UTF-8", "another") from None
        self._data = bytearray()

    def _finish(self) -> None:
        self.ended = True
