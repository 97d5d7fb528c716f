"""Answers: decisions as HTTP responses, and the same answer for a request that is sent again."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from samepic.service.auth import Caller
from samepic.service.problems import HttpProblem, Json, unreadable_problem
from samepic.service.state import Service
from samepic.verdict import Decision, Outcome

_IDEMPOTENCY = "idempotency-key"
"""The header that marks repetitions of one request."""

STATUSES = {Outcome.ACCEPTED: 201, Outcome.REVIEW: 202, Outcome.DUPLICATE: 409}
"""The status of `admit` for each decision; a refused upload is a problem."""

_KEY = re.compile(r"[\x21-\x7e]+")


class HttpAnswer(NamedTuple):
    """An answer before it is sent: its status, and its body as a value for JSON (None: no body)."""

    status: int
    body: Any

    def response(self, *, replayed: bool = False) -> Response:
        """Return the response; `replayed` if it was sent before."""
        headers = {"Idempotency-Replayed": "true"} if replayed else None
        if self.body is None:
            return Response(status_code=self.status, headers=headers)
        return Json(self.body, self.status, headers)


def decision_answer(decision: Decision, status: int) -> HttpAnswer:
    """Return a decision as an answer. Raises HttpProblem if the upload was refused."""
    if decision.error is not None:
        raise unreadable_problem(decision.error)
    return HttpAnswer(status, decision.to_dict())


def idempotency_key(request: Request, service: Service) -> str:
    """Return the idempotency key of a request, "" if it has none. Raises HttpProblem."""
    values = request.headers.getlist(_IDEMPOTENCY)
    longest = service.limits.idempotency_key_length
    if not values:
        return ""
    if len(values) > 1 or len(values[0]) > longest or not _KEY.fullmatch(values[0]):
        expected = f"one key of 1 to {longest} printable ASCII characters without spaces"
        raise HttpProblem.invalid(_IDEMPOTENCY, expected, "another")
    return values[0]


def run_once(
    service: Service,
    caller: Caller,
    key: str,
    content: Callable[[], tuple[object, ...]],
    call: Callable[[], HttpAnswer],
) -> tuple[HttpAnswer, bool]:
    """Return the answer of `call`, and whether it is the stored answer to the same request under this key.

    `content` returns all that identifies the request. Raises HttpProblem, 422, for another request under the key.
    """
    if not key:
        return call(), False
    store, digest = service.gates.store, hashlib.sha256(json.dumps(content()).encode()).hexdigest()
    first, stored = store.claim_request(caller.tenant, key, digest, service.limits.replay_seconds)
    if first != digest:
        expected, found = "a new key, or the request that it was first sent with", "another request"
        raise HttpProblem.invalid(_IDEMPOTENCY, expected, found, "idempotency_key_reused")
    if stored:
        return HttpAnswer(*json.loads(stored)), True
    answer = call()
    store.save_answer(caller.tenant, key, digest, json.dumps(answer))
    return answer, False
