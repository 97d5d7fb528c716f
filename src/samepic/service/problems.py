"""Responses of the service: JSON, decisions, small pictures, and errors, which all have one shape."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.responses import Response

from samepic import errors
from samepic.decision import Decision, Outcome
from samepic.service.settings import SERVICE

_HTTP = {
    404: ("not_found", "no such address"),
    405: ("method_not_allowed", "this address does not support this method"),
}

HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""What every answer has that sets no other: nobody else keeps, shows or guesses at it."""

_NOT_AN_IMAGE = "This file is damaged or not a supported image."

_CODES: Mapping[type[errors.UnreadableError], str] = {
    errors.TruncatedError: "damaged_picture",
    errors.LimitError: "picture_too_large",
    errors.WorkerError: "picture_too_costly",
    errors.UnsupportedError: "unsupported_format",
    errors.UnreadableError: "unreadable_picture",
}

_FOR_VISITORS = {
    "busy": "The service is busy. Please try again in a moment.",
    "damaged_picture": _NOT_AN_IMAGE,
    "forbidden": "You are not allowed to do this.",
    "not_found": "There is nothing here.",
    "not_ready": "The service is starting or stopping. Please try again in a moment.",
    "picture_too_costly": "This picture took too long to open.",
    "picture_too_large": "This picture is too large.",
    "too_large": "This file is too large.",
    "too_slow": "The upload took too long. Please try again.",
    "unauthorized": "Please sign in.",
    "unavailable": "The pictures cannot be reached right now. Please try again in a moment.",
    "unreadable_picture": _NOT_AN_IMAGE,
    "unsupported_format": _NOT_AN_IMAGE,
}


class Json(Response):
    """A response of one line of JSON, never with NaN."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return f"{json.dumps(content, ensure_ascii=False, allow_nan=False)}\n".encode()


def media_type(data: bytes) -> str:
    """Return the media type of an encoded picture that samepic made: WebP or JPEG."""
    return "image/webp" if data.startswith(b"RIFF") else "image/jpeg"


class HttpProblem(Exception):  # noqa: N818  (a response, as RFC 9457 calls it)
    """A response that is an error: a `code` for programs, a technical message, and the sentence that pages show."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        expected: str = "",
        found: str = "",
        name: str = "",
        for_visitor: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.expected, self.found, self.name = expected, found, name
        fallback = "Something in this request is missing or invalid." if expected else message
        self.for_visitor = for_visitor or _FOR_VISITORS.get(code, fallback)
        self.headers = dict(headers or {})
        if status == 503:
            self.headers.setdefault("Retry-After", str(SERVICE.retry_seconds))

    @classmethod
    def mismatch(
        cls, status: int, code: str, name: str, expected: str, found: str, *, for_visitor: str = ""
    ) -> HttpProblem:
        message = f"{name}: expected {expected}, found {found}"
        return cls(status, code, message, expected=expected, found=found, name=name, for_visitor=for_visitor)

    @classmethod
    def invalid(cls, name: str, expected: str, found: str, code: str = "bad_input") -> HttpProblem:
        """Return a problem with one value of the request: 422."""
        return cls.mismatch(422, code, name, expected, found)

    @classmethod
    def unknown_key(cls, key: str, name: str = "key") -> HttpProblem:
        found = f"{key!r:.80}, which is not in the store"
        visible = "This picture is not in the store."
        return cls.mismatch(404, "not_found", name, "the key of a kept picture", found, for_visitor=visible)

    def to_dict(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "wanted": self.expected,
                "got": self.found,
                "name": self.name,
            }
        }

    def response(self, *, for_visitor: bool = False) -> Json:
        content = self.to_dict()
        if for_visitor:
            content["error"]["message"] = self.for_visitor
        return Json(content, self.status, self.headers)


def unreadable_problem(error: errors.UnreadableError) -> HttpProblem:
    """Return the problem of a picture that cannot be decoded: 415 for an unsupported format, 422 for the rest."""
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    return HttpProblem(
        415 if code == "unsupported_format" else 422,
        code,
        str(error),
        expected=error.wanted,
        found=error.got,
        name=error.name,
    )


def to_problem(error: HttpProblem | errors.SamepicError | HTTPException) -> HttpProblem:
    if isinstance(error, HttpProblem):
        return error
    if isinstance(error, HTTPException):
        code, message = _HTTP.get(error.status_code, ("bad_request", error.detail))
        return HttpProblem(error.status_code, code, message, headers=error.headers)
    if isinstance(error, errors.UnreadableError):
        return unreadable_problem(error)
    if isinstance(error, errors.StoreKeyError):
        name = "replaces" if error.field == "replaces" else "key"
        return HttpProblem(422, "bad_key", str(error), name=name)
    if isinstance(error, (errors.StoreError, errors.MissingPartError)):
        return HttpProblem(503, "unavailable", "the store or the decoders are unreachable: try again")
    return HttpProblem(422, "bad_input", str(error))


STATUSES = {Outcome.ACCEPTED: 201, Outcome.REVIEW: 202, Outcome.DUPLICATE: 409}
"""The status of `admit` for each decision; a refused upload is a problem."""


class HttpAnswer(NamedTuple):
    """An answer before it is sent: its status, and its body as a value for JSON (None: no body)."""

    status: int
    body: Any

    def response(self, *, replayed: bool = False) -> Response:
        headers = {"Idempotency-Replayed": "true"} if replayed else None
        if self.body is None:
            return Response(status_code=self.status, headers=headers)
        return Json(self.body, self.status, headers)


def decision_answer(decision: Decision, status: int) -> HttpAnswer:
    """Return a decision as an answer. Raises HttpProblem if the upload was refused."""
    if decision.error is not None:
        raise unreadable_problem(decision.error)
    return HttpAnswer(status, decision.to_dict())
