"""samepic for FastAPI: a dependency that gives an endpoint only pictures that are new. See docs/fastapi.md."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from samepic.contrib import common
from samepic.contrib.common import AdmittedPicture, Shown
from samepic.decision import Decision, Match
from samepic.errors import StoreError, UnreadableError, missing_part
from samepic.messages import Message, Notice, preferred_language

try:
    from fastapi import File, HTTPException, Request, UploadFile
except ModuleNotFoundError:
    raise missing_part("samepic.contrib.fastapi", "FastAPI", "fastapi") from None

if TYPE_CHECKING:
    from samepic.gate.gate import AsyncGate, Gate

__all__ = [
    "AdmittedPicture",
    "InvalidRequest",
    "PictureDependency",
    "RefusalDetail",
    "RefusedUpload",
    "UniquePicture",
]


@dataclass(frozen=True, slots=True)
class RefusalDetail:
    """Why an upload is not taken, in the shape of the errors of samepic's own service, with two fields for duplicates.

    `code` is for programs (duplicate, too-large, unreadable, unavailable), `message` a sentence for the uploader in
    their language, `detail` a technical one; `wanted` and `got` say what is wrong with an unreadable file, `name` is
    the form's field. `link` is where the kept picture is, with the text `link_label`, and `match` how the upload
    relates to it: both null where the uploader may not see it.
    """

    code: str
    message: str
    detail: str = ""
    wanted: str = ""
    got: str = ""
    name: str = ""
    link: str | None = None
    link_label: str = ""
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class RefusedUpload:
    """The body of 409, 413, 422 and 503."""

    detail: RefusalDetail


@dataclass(frozen=True, slots=True)
class InvalidRequest:
    """The body of a 422 that FastAPI itself answers, for instance where the field of the form is missing."""

    detail: list[dict[str, Any]]


class PictureDependency:
    """A dependency that passes an accepted upload to the endpoint, or answers why not.

    It answers 409 for a duplicate, 413 for more than `max_bytes`, 422 for what is no sound picture, and 503 while the
    store cannot be reached, with a `RefusalDetail` in `detail`. What an endpoint that raises was given is taken out
    again, unless the site shows it all the same. `field` is the name of the form's field, `key` gives each upload its
    key (default: a UUID), `link` the URL of what is kept under a key, or None where the uploader may not see it;
    `show_match=False` leaves the kept picture's key, and all else about it, out of answers; `own` says whether the
    picture of a key is the uploader's too, `language` in which language a request wants its message (default: as
    Accept-Language says); `shown` says whether the site shows the picture of a key, so that what a crash left behind
    refuses nothing for long; `policy` is as for
    `Gate.admit`; `check_only` looks and takes nothing in: the key is "" then. All callables may block: they are called
    in threads.
    """

    responses: Mapping[int | str, dict[str, Any]] = {
        409: {"description": "The picture was uploaded already.", "model": RefusedUpload},
        413: {"description": "The file is too large.", "model": RefusedUpload},
        422: {
            "description": "The file is no sound picture, or missing.",
            "model": RefusedUpload | InvalidRequest,
        },
        503: {
            "description": "The store cannot be reached: try again.",
            "model": RefusedUpload,
            "headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}},
        },
    }
    """For `responses=` of the endpoint or router, so that the OpenAPI description has them with their schemas."""

    def __init__(
        self,
        gate: Gate | AsyncGate,
        *,
        field: str = "picture",
        key: Callable[[], str] = lambda: str(uuid.uuid4()),
        link: Callable[[str], str | None] = lambda key: None,
        show_match: bool = True,
        own: Callable[[Request, str], bool] = lambda request, key: False,
        language: Callable[[Request], str] = lambda request: preferred_language(
            request.headers.get("accept-language", "")
        ),
        shown: Shown | None = None,
        max_bytes: int = common.UPLOAD_BYTES,
        policy: Mapping[str, str] | None = None,
        check_only: bool = False,
    ) -> None:
        self.gate: Gate = gate.gate if hasattr(gate, "gate") else gate
        self.max_bytes, self.check_only = max_bytes, check_only
        self._key, self._link, self._shown, self._policy = key, link, shown, policy
        self._field, self._show_match = field, show_match
        self._own, self._language = own, language
        asked = inspect.Parameter("request", inspect.Parameter.KEYWORD_ONLY, annotation=Request)
        parameter = inspect.Parameter(
            "picture",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=UploadFile,
            default=File(alias=field, description=f"A picture of at most {max_bytes} bytes."),
        )
        # FastAPI reads the name of the field here.
        self.__signature__ = inspect.Signature([asked, parameter])

    async def __call__(self, *, request: Request, picture: UploadFile) -> AsyncIterator[AdmittedPicture]:
        """Admit the upload; remove it again where the endpoint raises."""
        admitted = await self.take(picture, request)
        try:
            yield admitted
        except BaseException:
            if not self.check_only:
                # In a thread, which a cancelled request does not stop.
                given_back = asyncio.to_thread(common.give_back, self.gate, admitted.key, self._shown)
                await asyncio.shield(given_back)
            raise

    async def take(
        self, picture: UploadFile, request: Request | None = None, *, replaces: Collection[str] = ()
    ) -> AdmittedPicture:
        """Admit an upload outside of FastAPI's dependencies. Raises HTTPException, with the reason in `detail`.

        Without the request, its message is in English.
        """
        language = "en" if request is None else await asyncio.to_thread(self._language, request)
        data = await self._read(picture, language)
        key = "" if self.check_only else self._key()

        admit = self.gate.check if self.check_only else partial(self.gate.admit, key=key)
        ask = partial(admit, data, policy=self._policy, replaces=replaces)
        try:
            decision = await self._decide(ask, key)
        except StoreError:
            message = Notice(Message.UNAVAILABLE).text(language)
            headers = {"Retry-After": str(common.RETRY_SECONDS)}
            raise HTTPException(503, self._refusal("unavailable", message), headers) from None
        if decision.outcome in common.STATUS:
            refusal = await asyncio.to_thread(self._refusal_of, decision, request, language)
            raise HTTPException(common.STATUS[decision.outcome], refusal)
        return AdmittedPicture(key, decision, data, picture.filename or "")

    def _refusal_of(self, decision: Decision, request: Request | None, language: str) -> dict[str, Any]:
        match, detail = decision.match, decision.detail if self._show_match else ""
        if match is None:
            message = decision.message(language)
            return self._refusal("unreadable", message, decision.error, detail=decision.detail)
        own = request is not None and self._own(request, match.key)
        more = {
            "link": self._link(match.key),
            "link_label": Notice(Message.SEE).text(language),
            "match": match.to_dict() if self._show_match else None,
        }
        return self._refusal("duplicate", decision.message(language, own=own), detail=detail) | more

    def _refusal(
        self, code: str, message: str, error: UnreadableError | None = None, detail: str = ""
    ) -> dict[str, Any]:
        values = common.problem(code, message, detail=detail, name=self._field, error=error)
        return {**values, "link": None, "link_label": "", "match": None}

    async def _decide(self, ask: Callable[[], Decision], key: str) -> Decision:
        """Ask in a thread; an upload accepted after the request was cancelled is removed."""
        task = asyncio.ensure_future(asyncio.to_thread(common.past_orphans, self.gate, ask, self._shown))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if key:
                await asyncio.shield(self._after(task, key))
            raise

    async def _after(self, task: asyncio.Future[Decision], key: str) -> None:
        await asyncio.wait([task])
        await asyncio.to_thread(common.give_back, self.gate, key, self._shown)

    async def _read(self, picture: UploadFile, language: str) -> bytes:
        data = await picture.read(self.max_bytes + 1)
        await picture.seek(0)
        if len(data) > self.max_bytes:
            message = Notice.too_large(self.max_bytes).text(language)
            raise HTTPException(413, self._refusal("too-large", message))
        return data


UniquePicture = PictureDependency
"""The name to import."""
