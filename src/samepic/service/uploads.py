"""Uploads: compare, check and admit, and what a code alone says before them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.decision import Decision
from samepic.gate.gate import Gate
from samepic.gate.options import GatePolicy
from samepic.limits import UPLOAD
from samepic.messages import Message, Notice
from samepic.picture import Encoded
from samepic.picture.formats import KNOWN, REFUSED, sniff
from samepic.profile import Policy
from samepic.service import body, problems
from samepic.service.auth import Caller
from samepic.service.body import SentPictures
from samepic.service.middleware import add_log_fields
from samepic.service.problems import STATUSES, HttpAnswer, HttpProblem, Json, decision_answer, language_of
from samepic.service.state import Service, idempotency_key, run_once

COMPARE, CHECK, ADMIT = ("same_if",), ("policy", "replaces"), ("key", "data", "policy", "replaces")
"""The parameters of each besides pictures, in the query or as fields of the form."""


_CODE = re.compile("[0-9a-fA-F]{64}")

_HEAD, _TAIL = 4096, 18  # bytes of a file that tell its format; only a TGA has a mark at its end


@asynccontextmanager
async def received(
    service: Service, request: Request, files: Sequence[str], texts: Sequence[str] = (), *, batch: int = 0
) -> AsyncIterator[SentPictures]:
    """Yield the form or body of a request; its memory counts until then. Raises HttpProblem, 503 before it is read.

    The pictures of a `batch`, up to so many, are all called as the one of `files`; what each is, the gate says.
    """
    service.require_capacity()
    share: body.Share = request.scope["samepic.share"]
    limits, content_type = service.limits, request.headers.get("content-type", "")
    params = body.query_params(request, texts)
    if body.is_form(content_type):
        pictures = min(batch * limits.upload_bytes, UPLOAD.file_bytes) or len(files) * limits.upload_bytes
        max_bytes = pictures + len(texts) * limits.field_bytes + limits.form_bytes
        chunks = body.stream_body(request, max_bytes, share, limits)
        form = await body.read_form(content_type, chunks, files, texts, limits, batch=batch)
        twice = [name for name in form.params if name in params]
        if twice:
            raise HttpProblem.invalid(twice[0], "it in the query or in the form", "both")
        sent = SentPictures(form.files, {**params, **form.params})
    elif len(files) == 1 and not batch:
        picture = await body.read_body(request, limits.upload_bytes, share, limits)
        sent = SentPictures({files[0]: picture}, params)
    else:
        expected = f"multipart/form-data with the pictures {' and '.join(files)}"
        found = f"{content_type!r:.60}" if content_type else "none"
        raise HttpProblem.invalid("content-type", expected, found)
    for name in () if batch and sent.files else files:
        if problem := _problem_with(name, sent.files.get(name)):
            raise problem
    yield sent
    share.close()


def _problem_with(name: str, data: bytes | None) -> HttpProblem | None:
    """Return what is wrong with an upload that no decoder needs to see."""
    if not data:
        found = "none" if data is None else "an empty file"
        notice = None if data is None else Notice(Message.NOT_A_PICTURE)
        return HttpProblem.mismatch(422, "bad_input", name, "a picture", found, notice=notice)
    kind = sniff(data[:_HEAD] + data[-_TAIL:])
    if kind == "" or kind.startswith(REFUSED):
        expected, other = f"a picture ({', '.join(KNOWN)})", kind.removeprefix(REFUSED)
        return HttpProblem.mismatch(415, "unsupported_format", name, expected, other or "none of these")
    return None


async def compare(service: Service, request: Request, caller: Caller) -> Response:
    """Return the verdict on two pictures."""
    async with received(service, request, ("a", "b"), COMPARE) as sent:
        a, b = sent.files["a"], sent.files["b"]
        same_if = body.parsed(sent.params, "same_if", lambda text: Policy.of(text).same_if)
        workers, profile = service.gates.workers, service.gates.profile
        verdict = await service.run_heavy(
            lambda: workers.compare(a, b, same_if=same_if, profile=profile, names=("a", "b"))
        )
    add_log_fields(request.scope, outcome=str(verdict.relation))
    return Json(verdict.to_dict())


async def check(service: Service, request: Request, caller: Caller) -> Response:
    async with received(service, request, ("file",), CHECK) as sent:
        gate = service.gates.gate(caller.tenant)
        policy = _policy(sent, gate)
        upload, replaces = Encoded("file", sent.files["file"]), _replaces(sent)
        decision = await service.run_heavy(lambda: gate.check(upload, policy=policy, replaces=replaces))
    record_outcome(service, request, "check", decision)
    return decision_answer(decision, 200, language_of(request)).response()


async def check_batch(service: Service, request: Request, caller: Caller) -> Response:
    """Check several pictures, each in a turn of its own: others are answered in between."""
    language, results = language_of(request), list[dict[str, object]]()
    async with received(service, request, ("file",), ("policy",), batch=service.limits.batch) as sent:
        gate = service.gates.gate(caller.tenant)
        uploads = [Encoded(name, data) for name, data in sent.files.items()]
        found = gate.check_many(uploads, policy=_policy(sent, gate))
        while checked := await service.run_heavy(lambda: next(found, None)):
            (decision, within), upload = checked, uploads[len(results)]
            problem = _problem_with(*upload) or (
                decision.error and problems.unreadable_problem(decision.error)
            )
            service.metrics.count_decision("check_batch", str(decision.outcome))
            results.append(
                {
                    "decision": None if problem else decision.to_dict(language),
                    "within": None if within is None else within.to_dict(language),
                    "error": problem and problem.content(language)["error"],
                }
            )
    return Json({"results": results})


async def check_code(service: Service, request: Request, caller: Caller) -> Response:
    """Say whether a picture with a code may be kept already, before it is uploaded."""
    sent = await body.read_small_body(request, service.limits)
    code, quality = _parse_code(body.parse_json_object(sent, "body", ("pdq", "quality")))
    gate = service.gates.gate(caller.tenant)
    hint = await service.run_heavy(lambda: gate.check_code(code, quality))
    add_log_fields(request.scope, outcome=str(hint.known))
    return Json(hint.to_dict(language_of(request)))


def _parse_code(fields: dict[str, Any]) -> tuple[bytes, int]:
    code, quality = body.text_field(fields, "pdq"), fields.get("quality")
    if not _CODE.fullmatch(code):
        raise HttpProblem.invalid("pdq", "64 hexadecimal digits", f"{code!r:.80}")
    if type(quality) is not int or not 0 <= quality <= 100:
        raise HttpProblem.invalid("quality", "a whole number from 0 to 100", f"{quality!r:.20}")
    return bytes.fromhex(code), quality


async def admit(service: Service, request: Request, caller: Caller) -> Response:
    key = idempotency_key(request, service)
    async with received(service, request, ("file",), ADMIT) as sent:
        admission = _Admission(service.gates.gate(caller.tenant), sent, language_of(request))
        answer, replayed = await service.run_heavy(
            lambda: run_once(service, caller.tenant, key, admission.content, admission.answer)
        )
    if admission.decision is not None:
        record_outcome(service, request, "admit", admission.decision)
    add_log_fields(request.scope, replayed=replayed)
    return answer.response(replayed=replayed)


class _Admission:
    """One upload with its parameters, validated before the gate is asked."""

    def __init__(self, gate: Gate, sent: SentPictures, language: str) -> None:
        self._gate, self._language = gate, language
        params = sent.params
        if "key" not in params:
            raise HttpProblem.invalid("key", "a key for the picture, in the query or the form", "none")
        self._upload, self._key = Encoded("file", sent.files["file"]), params["key"]
        self._data = body.parse_json_object(params["data"], "data") if "data" in params else {}
        self._policy = _policy(sent, gate)
        self._replaces = _replaces(sent)
        self.decision: Decision | None = None

    def content(self) -> tuple[object, ...]:
        """All that identifies the request; the picture by its digest."""
        digest = hashlib.sha256(self._upload.data).hexdigest()
        return "admit", self._key, self._data, str(self._policy), self._replaces, digest

    def answer(self, _: bool) -> HttpAnswer:
        self.decision = self._gate.admit(
            self._upload, self._key, data=self._data, policy=self._policy, replaces=self._replaces
        )
        return decision_answer(self.decision, STATUSES.get(self.decision.outcome, 422), self._language)


def record_outcome(service: Service, request: Request, operation: str, decision: Decision) -> None:
    add_log_fields(request.scope, outcome=str(decision.outcome))
    service.metrics.count_decision(operation, str(decision.outcome))


def _policy(sent: SentPictures, gate: Gate) -> GatePolicy | None:
    return body.parsed(sent.params, "policy", lambda text: GatePolicy.parse(text, gate.policy))


def _replaces(sent: SentPictures) -> tuple[str, ...]:
    return (sent.params["replaces"],) if "replaces" in sent.params else ()
