"""Responses of the service: JSON, decisions, small pictures, files, and errors, which all have one shape."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response

from samepic import errors
from samepic.decision import Decision, Outcome
from samepic.messages import Message, Notice, preferred_language
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

_CODES: Mapping[type[errors.UnreadableError], str] = {
    errors.TruncatedError: "damaged_picture",
    errors.LimitError: "picture_too_large",
    errors.WorkerError: "picture_too_costly",
    errors.UnsupportedError: "unsupported_format",
    errors.UnreadableError: "unreadable_picture",
}

MESSAGES: Mapping[str, Message] = {
    "bad_input": Message.INVALID,
    "bad_key": Message.INVALID,
    "bad_request": Message.INVALID,
    "busy": Message.UNAVAILABLE,
    "damaged_picture": Message.DAMAGED,
    "forbidden": Message.FORBIDDEN,
    "idempotency_key_reused": Message.INVALID,
    "internal": Message.FAILED,
    "method_not_allowed": Message.INVALID,
    "no_http": Message.INVALID,
    "not_found": Message.NOT_FOUND,
    "not_ready": Message.UNAVAILABLE,
    "picture_too_costly": Message.TOO_COMPLEX,
    "picture_too_large": Message.TOO_MANY_PIXELS,
    "too_large": Message.TOO_LARGE,
    "too_many": Message.TOO_MANY_TRIES,
    "too_slow": Message.TOO_SLOW,
    "unauthorized": Message.SIGN_IN,
    "unavailable": Message.UNAVAILABLE,
    "unreadable_picture": Message.NOT_A_PICTURE,
    "unsupported_format": Message.UNSUPPORTED,
}
"""What a visitor reads of the problem with each code."""


class Json(Response):
    """A response of one line of JSON, never with NaN."""

    media_type = "application/json"

    def render(self, content: object) -> bytes:
        return f"{json.dumps(content, ensure_ascii=False, allow_nan=False)}\n".encode()


def language_of(request: HTTPConnection) -> str:
    """Return the language in which a request wants the sentences for visitors."""
    return preferred_language(request.headers.get("accept-language", ""))


def media_type(data: bytes) -> str:
    """Return the media type of an encoded picture that samepic made: WebP or JPEG."""
    return "image/webp" if data.startswith(b"RIFF") else "image/jpeg"


def file_response(request: Request, data: bytes, media_type: str) -> Response:
    """Return a file of the package, which browsers keep and ask for again by its ETag: 304 where it is the same."""
    tag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=media_type, headers=headers)


class HttpProblem(Exception):  # noqa: N818  (a response, as RFC 9457 calls it)
    """A response that is an error: a `code` for programs, a technical text, and the notice that visitors read."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        expected: str = "",
        found: str = "",
        name: str = "",
        notice: Notice | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail = status, code, detail
        self.expected, self.found, self.name = expected, found, name
        self.notice = notice or Notice(MESSAGES.get(code, Message.INVALID))
        self.headers = dict(headers or {})
        if status == 503:
            self.headers.setdefault("Retry-After", str(SERVICE.retry_seconds))

    @classmethod
    def mismatch(
        cls, status: int, code: str, name: str, expected: str, found: str, *, notice: Notice | None = None
    ) -> HttpProblem:
        detail = f"{name}: expected {expected}, found {found}"
        return cls(status, code, detail, expected=expected, found=found, name=name, notice=notice)

    @classmethod
    def invalid(cls, name: str, expected: str, found: str, code: str = "bad_input") -> HttpProblem:
        """Return a problem with one value of the request: 422."""
        return cls.mismatch(422, code, name, expected, found)

    @classmethod
    def unknown_key(cls, key: str, name: str = "key") -> HttpProblem:
        found = f"{key!r:.80}, which is not in the store"
        notice = Notice(Message.UNKNOWN_PICTURE)
        return cls.mismatch(404, "not_found", name, "the key of a kept picture", found, notice=notice)

    @property
    def page_text(self) -> str:
        """What the service's own pages say, which are for the site's people: the detail where it is a sentence."""
        vague = self.notice.message is Message.INVALID and not self.expected
        return self.detail if vague else self.notice.text()

    def content(self, language: str) -> dict[str, Any]:
        return self._content(self.notice.text(language))

    def _content(self, message: str) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "message": message,
                "detail": self.detail,
                "wanted": self.expected,
                "got": self.found,
                "name": self.name,
            }
        }

    def response(self, language: str = "en") -> Json:
        return Json(self.content(language), self.status, self.headers)

    def page_response(self) -> Json:
        return Json(self._content(self.page_text), self.status, self.headers)


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
        notice=Notice.of_error(error),
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


def decision_answer(decision: Decision, status: int, language: str) -> HttpAnswer:
    """Return a decision as an answer, with its reason in a language. Raises HttpProblem if the upload was refused."""
    if decision.error is not None:
        raise unreadable_problem(decision.error)
    return HttpAnswer(status, decision.to_dict(language))
