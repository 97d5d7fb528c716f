"""Uploads: compare, check and admit."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import ProfileError
from samepic.gate.gate import Gate
from samepic.picture import Encoded
from samepic.picture.formats import KNOWN, REFUSED, sniff
from samepic.profile import Policy
from samepic.service.answers import STATUSES, HttpAnswer, decision, idempotency_key, once
from samepic.service.auth import Caller
from samepic.service.body import Share, is_form, json_object, pieces, policy_of, query, read_form, read_whole
from samepic.service.middleware import note
from samepic.service.problems import HttpProblem
from samepic.service.state import Service
from samepic.verdict import Decision, Relation

__all__ = ["ADMIT", "CHECK", "COMPARE", "SentPictures", "admit", "check", "compare", "sent_pictures"]

COMPARE, CHECK, ADMIT = ("same_if",), ("policy", "replaces"), ("key", "data", "policy", "replaces")
"""What each takes besides pictures: as parameters of the query, or as fields of the form."""

"""What the boundaries and headers of a form may take."""


@dataclass(frozen=True, slots=True)
class SentPictures:
    """The pictures of a request by name, and what else it says."""

    files: dict[str, bytes]
    said: dict[str, str] = field(default_factory=dict)


async def compare(service: Service, request: Request, caller: Caller) -> Response:
    """Tell what b is to a."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("a", "b"), COMPARE)
        a, b = sent.files["a"], sent.files["b"]
        gates = service.gates
        same_if = _same_if(sent.said.get("same_if"))
        workers, profile = gates.workers, gates.profile
        verdict = await service.work(
            lambda: workers.compare(a, b, same_if=same_if, profile=profile, names=("a", "b"))
        )
    note(request.scope, outcome=str(verdict.relation))
    return HttpAnswer(200, verdict.to_dict()).response()


async def check(service: Service, request: Request, caller: Caller) -> Response:
    """Tell what admit would say."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), CHECK)
        gate = service.gates.gate(caller.tenant)
        policy = policy_of(sent.said.get("policy"), gate.policy)
        upload, replaces = Encoded("file", sent.files["file"]), _replaces(sent)
        made = await service.work(lambda: gate.check(upload, policy=policy, replaces=replaces))
    _told(service, request, "check", made)
    return decision(made, 200).response()


async def admit(service: Service, request: Request, caller: Caller) -> Response:
    """Take an upload in, or say why not."""
    again = idempotency_key(request, service)
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), ADMIT)
        call = _Admission(service.gates.gate(caller.tenant), sent)
        answer, replayed = await service.work(lambda: once(service, caller, again, call.asked, call.answer))
    if call.made is not None:
        _told(service, request, "admit", call.made)
    note(request.scope, replayed=replayed)
    return answer.response(replayed=replayed)


class _Admission:
    """One upload with everything that is asked of it, checked before the gate is asked."""

    def __init__(self, gate: Gate, sent: SentPictures) -> None:
        self._gate = gate
        said = sent.said
        if "key" not in said:
            raise HttpProblem.bad(
                "key", "the key to keep the picture under, in the query or the form", "none"
            )
        self._upload, self._key = Encoded("file", sent.files["file"]), said["key"]
        self._data = json_object(said["data"], "data") if "data" in said else {}
        self._policy = policy_of(said.get("policy"), gate.policy)
        self._replaces = _replaces(sent)
        self.made: Decision | None = None

    def asked(self) -> tuple[object, ...]:
        """All that the request says, the picture by its digest."""
        digest = hashlib.sha256(self._upload.data).hexdigest()
        return "admit", self._key, self._data, str(self._policy), self._replaces, digest

    def answer(self) -> HttpAnswer:
        """Ask the gate."""
        made = self._gate.admit(
            self._upload, self._key, data=self._data, policy=self._policy, replaces=self._replaces
        )
        self.made = made
        return decision(made, STATUSES.get(made.outcome, 422))


def _same_if(text: str | None) -> Relation | None:
    try:
        return text if text is None else Policy.of(text).same_if
    except ProfileError as error:
        raise HttpProblem(422, "bad_input", str(error), name="same_if") from None


def _told(service: Service, request: Request, operation: str, made: Decision) -> None:
    note(request.scope, outcome=str(made.outcome))
    service.metrics.decided(operation, str(made.outcome))


def _replaces(sent: SentPictures) -> tuple[str, ...]:
    return (sent.said["replaces"],) if "replaces" in sent.said else ()


async def sent_pictures(
    service: Service, request: Request, share: Share, files: Sequence[str], texts: Sequence[str]
) -> SentPictures:
    """Return what a request brings, as a form or, where it has one picture, as the body alone. Raises HttpProblem."""
    limits, content_type = service.limits, request.headers.get("content-type", "")
    said = query(request, texts)
    if is_form(content_type):
        most = len(files) * limits.upload_bytes + len(texts) * limits.field_bytes + limits.form_bytes
        form = await read_form(content_type, pieces(request, most, share, limits), files, texts, limits)
        twice = [name for name in form.fields if name in said]
        if twice:
            raise HttpProblem.bad(twice[0], "it in the query or in the form", "both")
        sent = SentPictures(form.files, {**said, **form.fields})
    elif len(files) == 1:
        sent = SentPictures({files[0]: await read_whole(request, limits.upload_bytes, share, limits)}, said)
    else:
        wanted = f"multipart/form-data with the pictures {' and '.join(files)}"
        raise HttpProblem.bad("content-type", wanted, f"{content_type!r:.60}" if content_type else "none")
    for name in files:
        _check_format(name, sent.files.get(name))
    return sent


def _check_format(name: str, data: bytes | None) -> None:
    """Raise HttpProblem for what is no picture: 422 for nothing, 415 for a format that is not decoded here."""
    if not data:
        raise HttpProblem.bad(name, "a picture", "none" if data is None else "nothing: it is empty")
    found = sniff(data)
    if found == "" or found.startswith(REFUSED):
        wanted, got = f"a picture ({', '.join(KNOWN)})", found.removeprefix(REFUSED) or "none of these"
        message = f"{name}: wanted {wanted}, got {got}"
        raise HttpProblem(415, "unsupported_format", message, wanted=wanted, got=got, name=name)
