"""samepic for FastAPI: a dependency that gives an endpoint only pictures that are new. See docs/fastapi.md."""

from __future__ import annotations

import asyncio
import inspect
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from samepic.contrib import common
from samepic.contrib.common import AdmittedPicture, Shown
from samepic.decision import Decision
from samepic.errors import StoreError, missing_part

try:
    from fastapi import File, HTTPException, UploadFile
except ModuleNotFoundError:
    raise missing_part("samepic.contrib.fastapi", "FastAPI", "fastapi") from None

if TYPE_CHECKING:
    from samepic.gate.gate import AsyncGate, Gate

__all__ = ["AdmittedPicture", "PictureDependency", "UniquePicture"]


class PictureDependency:
    """A dependency that passes an accepted upload to the endpoint, or answers why not.

    It answers 409 for a duplicate, 413 for more than `max_bytes`, 422 for what is no sound picture, and 503 while the
    store cannot be reached, with an object in `detail`: code, message, and for a duplicate link and match. What an
    endpoint that raises was given is taken out again, unless the site shows it all the same. `field` is the name of the
    form's field, `key` gives each upload its key (default: a UUID), `link` the URL of what is kept under a key, or None
    where the uploader may not see it; `shown` says whether the site shows the picture of a key, so that what a crash
    left behind refuses nothing for long; `policy` is as for `Gate.admit`; `check_only` looks and takes nothing in: the
    key is "" then. All callables may block: they are called in threads.
    """

    responses: Mapping[int | str, dict[str, Any]] = {
        409: {"description": "The picture was uploaded already."},
        413: {"description": "The file is too large."},
        422: {"description": "The file is no sound picture."},
        503: {"description": "The store cannot be reached: try again."},
    }
    """For `responses=` of the endpoint, so that the OpenAPI description names them."""

    def __init__(
        self,
        gate: Gate | AsyncGate,
        *,
        field: str = "picture",
        key: Callable[[], str] = lambda: str(uuid.uuid4()),
        link: Callable[[str], str | None] = lambda key: None,
        shown: Shown | None = None,
        max_bytes: int = common.UPLOAD_BYTES,
        policy: Mapping[str, str] | None = None,
        check_only: bool = False,
    ) -> None:
        self.gate: Gate = gate.gate if hasattr(gate, "gate") else gate
        self.max_bytes, self.check_only = max_bytes, check_only
        self._key, self._link, self._shown, self._policy = key, link, shown, policy
        parameter = inspect.Parameter(
            "picture",
            inspect.Parameter.KEYWORD_ONLY,
            annotation=UploadFile,
            default=File(alias=field, description=f"A picture of at most {max_bytes} bytes."),
        )
        # FastAPI reads the name of the field here.
        self.__signature__ = inspect.Signature([parameter])

    async def __call__(self, *, picture: UploadFile) -> AsyncIterator[AdmittedPicture]:
        """Admit the upload; remove it again where the endpoint raises."""
        admitted = await self.take(picture)
        try:
            yield admitted
        except BaseException:
            if not self.check_only:
                # In a thread, which a cancelled request does not stop.
                given_back = asyncio.to_thread(common.give_back, self.gate, admitted.key, self._shown)
                await asyncio.shield(given_back)
            raise

    async def take(self, picture: UploadFile, *, replaces: Collection[str] = ()) -> AdmittedPicture:
        """Admit an upload outside of FastAPI's dependencies. Raises HTTPException, with the reason in `detail`."""
        data = await self._read(picture)
        key = "" if self.check_only else self._key()

        admit = self.gate.check if self.check_only else partial(self.gate.admit, key=key)
        ask = partial(admit, data, policy=self._policy, replaces=replaces)
        try:
            decision = await self._decide(ask, key)
        except StoreError:
            detail = {"code": "unavailable", "message": common.LATER}
            raise HTTPException(503, detail, {"Retry-After": "5"}) from None
        if decision.outcome in common.STATUS:
            refusal: dict[str, Any] = {"code": "unreadable", "message": common.sentence(decision)}
            if decision.match is not None:
                link = await asyncio.to_thread(self._link, decision.match.key)
                refusal |= {"code": "duplicate", "link": link, "match": decision.match.to_dict()}
            raise HTTPException(common.STATUS[decision.outcome], refusal)
        return AdmittedPicture(key, decision, data, picture.filename or "")

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

    async def _read(self, picture: UploadFile) -> bytes:
        data = await picture.read(self.max_bytes + 1)
        await picture.seek(0)
        if len(data) > self.max_bytes:
            raise HTTPException(413, {"code": "too-large", "message": common.too_large(self.max_bytes)})
        return data


UniquePicture = PictureDependency
"""The name to import."""
