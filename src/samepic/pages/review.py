"""The review queue: held uploads and the pictures that they are held for, decided one pair at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.gate.admission import sentence_of
from samepic.gate.review import ReviewPair, ReviewQueue
from samepic.pages.browser import PageRequest, form_fields
from samepic.pages.html import Html, el, page, plural
from samepic.service.body import parse_json_object, query_params, read_small_body, text_field
from samepic.service.middleware import add_log_fields
from samepic.service.problems import HttpProblem, Json
from samepic.service.state import Service
from samepic.store.records import Record, ReviewDecision
from samepic.values import values_of

_TAB = re.compile(r"[a-z0-9]{1,24}")
_RECENT = 8
"""How many recent decisions are listed below the pair."""


async def show(service: Service, request: Request, context: PageRequest) -> Response:
    query_params(request, ())
    waiting = await service.run_light(_queue(service, context).waiting)
    recent = el("summary", "Recent decisions"), el("ol", id="recent")
    progress = (
        el("label", f"{plural(waiting, 'upload')} waiting", for_="progress", id="progress-text"),
        el("progress", max=max(1, waiting), value=0, id="progress"),
        el("p.visually-hidden", role="status", aria_live="polite", id="message"),
    )
    return page(
        "Review",
        el("div.begin", el("h1", "Review"), el("div.progress", *progress)),
        el("div", id="pair", hidden=True),
        el("div", id="empty", hidden=True),
        _actions(),
        el("details.card.more.last", *recent, id="history", hidden=True),
        frame=context.frame,
        scripts=("review.js",),
        styles=("review.css",),
    )


class _ReviewRequest:
    def __init__(self, service: Service, context: PageRequest, fields: dict[str, Any]) -> None:
        self.fields, self.queue = fields, _queue(service, context)
        self.reviewer = _reviewer(context, fields)

    @classmethod
    async def read(cls, service: Service, request: Request, context: PageRequest) -> _ReviewRequest:
        body = await read_small_body(request, service.limits)
        return cls(service, context, parse_json_object(body, "body"))

    def pair(self) -> tuple[int, str]:
        number = self.fields.get("number")
        if type(number) is not int or not 0 < number < 2**62:
            raise HttpProblem.invalid("number", "the number of a pair", "another")
        return number, text_field(self.fields, "other")

    def response(self, pair: ReviewPair | None, **more: object) -> Response:
        recent = [_decision_json(decision, self.reviewer) for decision in self.queue.said(_RECENT)]
        now = {"waiting": self.queue.waiting(), "recent": recent}
        return Json({"pair": pair and _pair_json(pair), **more, **now})

    def next_response(self, **more: object) -> Response:
        after = self.pair() if "number" in self.fields else None
        return self.response(self.queue.next(self.reviewer, after), **more)


async def next_pair(service: Service, request: Request, context: PageRequest) -> Response:
    review = await _ReviewRequest.read(service, request, context)
    return await service.run_light(review.next_response)


async def decide(service: Service, request: Request, context: PageRequest) -> Response:
    review = await _ReviewRequest.read(service, request, context)
    number, other = review.pair()
    same = review.fields.get("same")
    if not isinstance(same, bool):
        raise HttpProblem.invalid("same", "true or false", type(same).__name__)

    def call() -> Response:
        decision = review.queue.decide(review.reviewer, number, other, same=same)
        return review.next_response(recorded=decision is not None)

    add_log_fields(request.scope, outcome="same" if same else "another")
    return await service.run_light(call)


async def take(service: Service, request: Request, context: PageRequest) -> Response:
    """Reserve a pair again; return it, or null if another reviewer has it or it was decided."""
    review = await _ReviewRequest.read(service, request, context)
    number, other = review.pair()
    return await service.run_light(lambda: review.response(review.queue.take(review.reviewer, number, other)))


async def undo(service: Service, request: Request, context: PageRequest) -> Response:
    """Undo the last decision of the reviewer, or the one at a position, and return its pair."""
    review = await _ReviewRequest.read(service, request, context)
    position = review.fields.get("position")
    if position is not None and type(position) is not int:
        raise HttpProblem.invalid("position", "a whole number", type(position).__name__)
    return await service.run_light(lambda: review.response(review.queue.undo(review.reviewer, position)))


async def leave(service: Service, request: Request, context: PageRequest) -> Response:
    """Release the pair of a page that was closed."""
    queue, reviewer = _queue(service, context), _reviewer(context, form_fields(request))
    await service.run_light(lambda: queue.let_go(reviewer))
    return Response(status_code=204)


def _queue(service: Service, context: PageRequest) -> ReviewQueue:
    return ReviewQueue(service.gates.store, tenant=context.caller.tenant)


def _reviewer(context: PageRequest, fields: Mapping[str, Any]) -> str:
    """Return the name of the reviewer: one tab of one browser, so that two tabs never share a pair."""
    tab = fields.get("tab")
    if not isinstance(tab, str) or not _TAB.fullmatch(tab):
        raise HttpProblem.invalid("tab", "1 to 24 lowercase letters and digits", "another")
    return f"{context.caller.name}/{context.session.id[:16]}/{tab}"


def _decision_json(decision: ReviewDecision, reviewer: str) -> dict[str, Any]:
    values = values_of(decision)
    name, _, _ = values.pop("reviewer").partition("/")
    return {**values, "by": "you" if decision.reviewer == reviewer else name or "another reviewer"}


def _pair_json(pair: ReviewPair) -> dict[str, Any]:
    return {
        "number": pair.number,
        "other": pair.kept.key,
        "place": pair.place,
        "of": pair.of,
        "upload": _record_json(pair.upload),
        "kept": _record_json(pair.kept),
        "match": pair.match.to_dict() | {"explanation": sentence_of(pair.match)},
        "better": str(pair.copies.better),
        "why": pair.copies.why,
    }


def _record_json(record: Record) -> dict[str, Any]:
    shown = {name: getattr(record, name) for name in ("key", "created", "format", "width", "height", "size")}
    data = {str(key): value for key, value in record.data.items() if isinstance(value, (str, int, float))}
    return {**shown, "quality": record.jpeg_quality, "waits": record.state == "held", "data": data}


def _actions() -> Html:
    return el(
        "div.acts",
        _action("same", "Same picture", "S", "remove the upload"),
        _action("another", "Different pictures", "D", "accept the upload"),
        _action("skip", "Skip", "Space", "ask again later"),
        _action("undo", "Undo", "U", "the last decision"),
        role="group",
        aria_label="Decide",
        id="acts",
    )


def _action(name: str, label: str, key: str, hint: str) -> Html:
    text = el("span", el("b", label), " ", el("small", hint))
    return el(f"button.act-{name}", text, el("kbd", key), type="button", id=name, aria_keyshortcuts=key)
