"""Problem: whatever goes wrong, in the one shape in which the service tells it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from samepic.errors import (
    LimitError,
    MissingPartError,
    SamepicError,
    StoreError,
    StoreKeyError,
    TruncatedError,
    UnreadableError,
    UnsupportedError,
    WorkerError,
)
from samepic.service.settings import SERVICE

__all__ = ["HttpProblem", "Json", "problem_of", "unreadable"]

_HTTP = {
    404: ("not_found", "no such address here"),
    405: ("method_not_allowed", "this address does not take this method"),
}


class Json(Response):
    """An answer in JSON, never with NaN, that ends its line."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        """Return the value as one line of UTF-8."""
        return f"{json.dumps(content, ensure_ascii=False, allow_nan=False)}\n".encode()


class HttpProblem(Exception):  # noqa: N818  (an answer, as RFC 9457 calls it)
    """An answer that is an error: `status` and a `code` for programs, a `message` for people.

    `wanted`, `got` and `name` (of the field, file or header) are "" where they say nothing.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        wanted: str = "",
        got: str = "",
        name: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.wanted, self.got, self.name = wanted, got, name
        self.headers = dict(headers or {})
        if status == 503:
            self.headers.setdefault("Retry-After", str(SERVICE.retry_seconds))

    @classmethod
    def bad(cls, name: str, wanted: str, got: str, code: str = "bad_input") -> HttpProblem:
        """Return a problem with one thing that was sent: 422."""
        return cls(422, code, f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name)

    def to_dict(self) -> dict[str, Any]:
        """Return the one shape of errors."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "wanted": self.wanted,
                "got": self.got,
                "name": self.name,
            }
        }

    def response(self) -> Json:
        """Return the answer that tells it."""
        return Json(self.to_dict(), self.status, self.headers)


def unreadable(error: UnreadableError) -> HttpProblem:
    """Return how a picture that cannot be decoded is told: 415 for a format, 422 for the rest."""
    kinds: tuple[tuple[type[UnreadableError], str], ...] = (
        (TruncatedError, "damaged_picture"),
        (LimitError, "picture_too_large"),
        (WorkerError, "picture_too_costly"),
        (UnsupportedError, "unsupported_format"),
        (UnreadableError, "unreadable_picture"),
    )
    code = next(code for kind, code in kinds if isinstance(error, kind))
    return HttpProblem(
        415 if code == "unsupported_format" else 422,
        code,
        str(error),
        wanted=error.wanted,
        got=error.got,
        name=error.name,
    )


def problem_of(error: SamepicError | HTTPException) -> HttpProblem:
    """Return how an error that the layers below, or the router, raised is told."""
    if isinstance(error, HTTPException):
        code, message = _HTTP.get(error.status_code, ("bad_request", error.detail))
        return HttpProblem(error.status_code, code, message, headers=error.headers)
    if isinstance(error, UnreadableError):
        return unreadable(error)
    if isinstance(error, StoreKeyError):
        return HttpProblem(
            422, "bad_key", str(error), name="replaces" if error.field == "replaces" else "key"
        )
    if isinstance(error, (StoreError, MissingPartError)):
        return HttpProblem(
            503, "unavailable", "the store or the decoders cannot be reached just now: try again"
        )
    return HttpProblem(422, "bad_input", str(error))
