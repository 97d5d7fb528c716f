"""Review: held uploads and what they are held for, one pair at a time, decided by whoever looks."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.gate.admission import sentence_of
from samepic.gate.review import ReviewPair, ReviewQueue
from samepic.pages.browser import PageRequest, form_of
from samepic.pages.html import Html, el, page
from samepic.service.body import json_object, query, read_whole, text_field
from samepic.service.middleware import note
from samepic.service.problems import HttpProblem, Json
from samepic.service.state import Service
from samepic.store.records import Record, ReviewDecision

__all__ = ["following", "leave", "say", "show", "take", "undo"]

_TAB = re.compile(r"[a-z0-9]{1,24}")
_LAST = 8
"""Words that are told under the pair."""


async def show(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show the page, which asks for its first pair itself."""
    query(request, ())
    waiting = await service.quick(_queue(service, visit).waiting)
    return page(
        "Review",
        el("div.begin", el("h1", "Review"), _far(waiting)),
        el("div", id="pair", hidden=True),
        el("div", id="empty", hidden=True),
        _acts(),
        el("details.card.more.last", el("summary", "Last decisions"), el("ol", id="last"), id="before", hidden=True),
        frame=visit.frame,
        scripts=("review.js",),
        styles=("review.css",),
    )  # fmt: skip


async def following(service: Service, request: Request, visit: PageRequest) -> Response:
    """Give the next pair behind the one that was skipped, if one was."""
    told = await _told(service, request)
    queue, who = _queue(service, visit), _reviewer(visit, told)
    return await service.quick(lambda: _next(queue, who, told, {}))


async def say(service: Service, request: Request, visit: PageRequest) -> Response:
    """Remember a word on a pair, and give the next one."""
    told = await _told(service, request)
    queue, who, (number, other) = _queue(service, visit), _reviewer(visit, told), _pair_named(told)
    same = told.get("same")
    if not isinstance(same, bool):
        raise HttpProblem.bad("same", "true or false", type(same).__name__)

    def call() -> Response:
        word = queue.decide(who, number, other, same=same)
        return _next(queue, who, told, {"said": word is not None})

    note(request.scope, outcome="same" if same else "another")
    return await service.quick(call)


async def take(service: Service, request: Request, visit: PageRequest) -> Response:
    """Take a pair for another while; tell whether that can be, and what the pair is."""
    told = await _told(service, request)
    queue, who, (number, other) = _queue(service, visit), _reviewer(visit, told), _pair_named(told)

    def call() -> Response:
        pair = queue.take(who, number, other)
        return Json({"pair": pair and _shown(pair), **_around(queue, who)})

    return await service.quick(call)


async def undo(service: Service, request: Request, visit: PageRequest) -> Response:
    """Take back the last word of whoever asks, or the one that is named, and give its pair."""
    told = await _told(service, request)
    queue, who, position = _queue(service, visit), _reviewer(visit, told), told.get("position")
    if position is not None and type(position) is not int:
        raise HttpProblem.bad("position", "a whole number", type(position).__name__)

    def call() -> Response:
        pair = queue.undo(who, position)
        return Json({"pair": pair and _shown(pair), **_around(queue, who)})

    return await service.quick(call)


async def leave(service: Service, request: Request, visit: PageRequest) -> Response:
    """Give back the pair of a page that is closed."""
    queue, who = _queue(service, visit), _reviewer(visit, dict(form_of(request)))
    await service.quick(lambda: queue.let_go(who))
    return Response(status_code=204)


def _queue(service: Service, visit: PageRequest) -> ReviewQueue:
    return ReviewQueue(service.gates.store, tenant=visit.caller.tenant)


def _reviewer(visit: PageRequest, told: dict[str, Any]) -> str:
    """Return who reviews: one page of one browser, so that two of them never have one pair."""
    tab = told.get("tab")
    if not isinstance(tab, str) or not _TAB.fullmatch(tab):
        raise HttpProblem.bad("tab", "1 to 24 small letters and digits", "another")
    return f"{visit.caller.name}/{visit.session.id[:16]}/{tab}"


async def _told(service: Service, request: Request) -> dict[str, Any]:
    with service.budget.share() as share:
        body = await read_whole(request, service.limits.field_bytes, share, service.limits)
    return json_object(body, "body")


def _pair_named(told: dict[str, Any]) -> tuple[int, str]:
    number = told.get("number")
    if type(number) is not int or not 0 < number < 2**62:
        raise HttpProblem.bad("number", "that of a pair", "another")
    return number, text_field(told, "other")


def _next(queue: ReviewQueue, who: str, told: dict[str, Any], more: dict[str, Any]) -> Response:
    after = _pair_named(told) if "number" in told else None
    pair = queue.next(who, after)
    return Json({"pair": pair and _shown(pair), **more, **_around(queue, who)})


def _around(queue: ReviewQueue, who: str) -> dict[str, Any]:
    return {"waiting": queue.waiting(), "last": [_word(word, who) for word in queue.said(_LAST)]}


def _word(word: ReviewDecision, who: str) -> dict[str, Any]:
    name, _, _ = word.reviewer.partition("/")
    return {
        "position": word.position,
        "by": "you" if word.reviewer == who else name or "another reviewer",
        "at": word.at,
        "key": word.key,
        "other": word.other,
        "same": word.same,
        "undone": word.undone,
        "kept": word.kept,
    }


def _shown(pair: ReviewPair) -> dict[str, Any]:
    return {
        "number": pair.number,
        "other": pair.kept.key,
        "place": pair.place,
        "of": pair.of,
        "upload": _facts(pair.upload),
        "kept": _facts(pair.kept),
        "match": pair.match.to_dict() | {"explanation": sentence_of(pair.match)},
        "better": pair.better,
        "why": pair.copies.why,
    }


def _facts(record: Record) -> dict[str, Any]:
    return {
        "key": record.key,
        "created": record.created,
        "format": record.format,
        "quality": record.jpeg_quality,
        "width": record.width,
        "height": record.height,
        "size": record.size,
        "waits": record.state == "held",
        "data": {
            str(key): value for key, value in record.data.items() if isinstance(value, (str, int, float))
        },
    }


def _far(waiting: int) -> Html:
    return el(
        "div.far",
        el("label", _waiting(waiting), for_="far", id="told"),
        el("progress", max=max(1, waiting), value=0, id="far"),
        el("p.visually-hidden", role="status", aria_live="polite", id="say"),
    )


def _waiting(count: int) -> str:
    return f"{count} upload{'' if count == 1 else 's'} waiting"


def _acts() -> Html:
    return el(
        "div.acts",
        _act("same", "The same", "S", "take the upload out"),
        _act("another", "Not the same", "D", "let the upload in"),
        _act("skip", "Skip", "Space", "ask again later"),
        _act("undo", "Undo", "U", "the last decision"),
        role="group",
        aria_label="Decide",
        id="acts",
    )


def _act(name: str, words: str, key: str, hint: str) -> Html:
    told = el("span", el("b", words), " ", el("small", hint))
    return el(f"button.act-{name}", told, el("kbd", key), type="button", id=name, aria_keyshortcuts=key)
