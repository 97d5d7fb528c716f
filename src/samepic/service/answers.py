"""Answers: decisions and verdicts as HTTP tells them, and the same answer for a request that comes again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from samepic.service.auth import Caller
from samepic.service.problems import HttpProblem, Json, unreadable
from samepic.service.state import Service
from samepic.verdict import Decision, Outcome

__all__ = ["IDEMPOTENCY", "STATUSES", "HttpAnswer", "decision", "idempotency_key", "once"]

IDEMPOTENCY = "idempotency-key"
"""The header under which a request may come again."""

STATUSES = {Outcome.ACCEPTED: 201, Outcome.REVIEW: 202, Outcome.DUPLICATE: 409}
"""How `admit` tells what was decided; a refused upload is a problem."""

_KEY = re.compile(r"[\x21-\x7e]+")


class HttpAnswer(NamedTuple):
    """An answer before it is sent: a status, and a value for JSON (None: no body)."""

    status: int
    told: Any

    def response(self, *, replayed: bool = False) -> Response:
        """Return it as it is sent; `replayed` tells that it was sent before."""
        headers = {"Idempotency-Replayed": "true"} if replayed else None
        if self.told is None:
            return Response(status_code=self.status, headers=headers)
        return Json(self.told, self.status, headers)


def decision(made: Decision, status: int) -> HttpAnswer:
    """Return the answer that states a decision. Raises HttpProblem where the upload is refused."""
    if made.error is not None:
        raise unreadable(made.error)
    return HttpAnswer(status, made.to_dict())


def idempotency_key(request: Request, service: Service) -> str:
    """Return the key under which a request may come again, "" where it has none. Raises HttpProblem."""
    shown = request.headers.getlist(IDEMPOTENCY)
    most = service.limits.token_letters
    if not shown:
        return ""
    if len(shown) > 1 or len(shown[0]) > most or not _KEY.fullmatch(shown[0]):
        raise HttpProblem.bad(
            IDEMPOTENCY, f"one key of 1 to {most} printable ASCII characters without spaces", "another"
        )
    return shown[0]


def once(
    service: Service,
    caller: Caller,
    key: str,
    asked: Callable[[], tuple[object, ...]],
    call: Callable[[], HttpAnswer],
) -> tuple[HttpAnswer, bool]:
    """Return what `call` answers, and whether it is what was answered to the same request before.

    `asked` gives all that the request says. Raises HttpProblem, 422, for another request under the same key.
    """
    if not key:
        return call(), False
    store, digest = service.gates.store, hashlib.sha256(json.dumps(asked()).encode()).hexdigest()
    first, told = store.claim_request(caller.tenant, key, digest, service.limits.replay_seconds)
    if first != digest:
        raise HttpProblem.bad(
            IDEMPOTENCY,
            "a key that is new, or the request it came with",
            "another request",
            "idempotency_key_reused",
        )
    if told:
        return HttpAnswer(*json.loads(told)), True
    answer = call()
    store.save_answer(caller.tenant, key, digest, json.dumps(answer))
    return answer, False
