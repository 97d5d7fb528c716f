"""Compare two pictures, uploaded or kept, and check one against the store, with views of each pair."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from samepic.decision import Decision, Match, Outcome
from samepic.errors import SamepicError, UnreadableError
from samepic.gate.admission import sentence_of
from samepic.gate.gate import Gate
from samepic.gate.options import originals_below
from samepic.gate.verify import of_proxies
from samepic.pages.browser import PageRequest
from samepic.pages.html import Child, Html, drop_zone, el, page, pair_json, post_form
from samepic.picture import Encoded
from samepic.profile import Profile
from samepic.sandbox.decode import Views
from samepic.service import uploads
from samepic.service.body import query_params
from samepic.service.middleware import add_log_fields
from samepic.service.pictures import proxy_of, send_proxy
from samepic.service.problems import Json, language_of, media_type, unreadable_problem
from samepic.service.state import Service
from samepic.service.uploads import received, record_outcome
from samepic.verdict import Relation
from samepic.verify.overlay import marks_on_b
from samepic.writing import data_url

_NOT_ALIKE = (Relation.DIFFERENT, Relation.UNDECIDABLE)
_REVIEW_ALL = {str(relation): "review" for relation in Relation if relation not in _NOT_ALIKE}

_LADDER = tuple(Relation)
_NEAREST = 12  # similar kept pictures that are shown for a checked one


async def show_compare(service: Service, request: Request, context: PageRequest) -> Response:
    keys = query_params(request, ("a", "b"))
    return page(
        "Compare",
        el("h1", "Compare two pictures"),
        el("form.pair", drop_zone("a", "First picture"), drop_zone("b", "Second picture"), id="drops"),
        el("div", id="answer", aria_live="polite", role="status", data_a=keys.get("a"), data_b=keys.get("b")),
        el("div", id="view"),
        el("div", id="evidence"),
        _key_form(keys) if "proxy" in context.caller.rights else None,
        frame=context.frame,
        scripts=("compare.js",),
    )


async def compare_files(service: Service, request: Request, context: PageRequest) -> Response:
    async with received(service, request, ("a", "b")) as sent:
        a, b = sent.files["a"], sent.files["b"]
        workers, profile = service.gates.workers, service.gates.profile
        views = await service.run_heavy(lambda: workers.views(a, b, profile=profile, names=("a", "b")))
    add_log_fields(request.scope, outcome=str(views.verdict.relation))
    return Json(_pair_json(views))


async def compare_kept(service: Service, request: Request, context: PageRequest) -> Response:
    """Compare two kept pictures: their originals if they are available, else their proxies."""
    params = query_params(request, ("a", "b"))
    tenant, keys = context.caller.tenant, (params.get("a", ""), params.get("b", ""))
    service.require_capacity()
    result = await service.run_heavy(lambda: _compare_kept(service, tenant, keys))
    add_log_fields(request.scope, outcome=result["verdict"]["relation"])
    return Json(result)


def _compare_kept(service: Service, tenant: str, keys: tuple[str, str]) -> dict[str, Any]:
    gate = service.gates.gate(tenant)
    workers, profile = service.gates.workers, service.gates.profile
    proxies = proxy_of(gate, keys[0], "a"), proxy_of(gate, keys[1], "b")
    a, b = (_original(service, tenant, key) for key in keys)
    if a is not None and b is not None:
        with suppress(UnreadableError):  # broken or too large: compare the proxies
            return _pair_json(workers.views(a, b, profile=profile, names=("a", "b")))
    views = workers.views(*proxies, profile=profile, prove=False, visibility=False, names=("a", "b"))
    return _pair_json(views, proxies=True, profile=profile)


async def proxy(service: Service, request: Request, context: PageRequest) -> Response:
    key = query_params(request, ("key",)).get("key", "")
    return await send_proxy(service, service.gates.gate(context.caller.tenant), key)


def _original(service: Service, tenant: str, key: str) -> bytes | None:
    """Return the original of a kept picture, if there is a folder of originals and it can be read."""
    original: object = None
    if folder := service.settings.originals:
        with suppress(SamepicError, OSError):
            original = originals_below(folder, tenant)(key)
    return original.data if isinstance(original, Encoded) else None


def _pair_json(views: Views, *, proxies: bool = False, profile: Profile | None = None) -> dict[str, Any]:
    verdict = of_proxies(views.verdict, profile) if proxies else views.verdict
    pictures = {name: data_url(data, media_type(data)) for name, data in views.pictures().items()}
    more = {"marks": marks_on_b(verdict), "size_b": [verdict.b.width, verdict.b.height]}
    pair = pair_json(verdict, {**pictures, **more})
    return {**pair, "from": "proxies" if proxies else "pictures"}


def _key_form(keys: dict[str, str]) -> Html:
    fields = [
        el("div", el("label", f"Key of the {which} picture", for_=f"key-{name}"),
           el("input", type="text", id=f"key-{name}", name=name, value=keys.get(name), required=True))
        for name, which in (("a", "first"), ("b", "second"))
    ]  # fmt: skip
    return el(
        "details.card.more",
        el("summary", "Compare two pictures from the store"),
        el("form.keys", fields, el("button", "Compare", type="submit"), action="/compare", method="get"),
        open="a" in keys,
    )


def picture_form(context: PageRequest, button: Html) -> Html:
    """Return the form that sends a picture to be checked, which scripts take over, with the place for the answer."""
    zone = drop_zone("file", "A picture")
    kind = "multipart/form-data"
    return post_form("form.pair.one", "/check", context.frame.csrf, zone, button, id="drops", enctype=kind)


def answer_place(*content: Child) -> Html:
    return el("div", content, id="answer", aria_live="polite", role="status")


async def show_check(service: Service, request: Request, context: PageRequest) -> Response:
    query_params(request, ())
    return _check_page(context)


async def check_form(service: Service, request: Request, context: PageRequest) -> Response:
    """Show what the gate would decide on the picture of a form, in the visitor's words."""
    async with received(service, request, ("file",), ("csrf",)) as sent:
        service.sessions.require_csrf(context.session, sent.params.get("csrf", ""))
        upload = Encoded("file", sent.files["file"])
        gate = service.gates.gate(context.caller.tenant)
        decision = await service.run_heavy(lambda: gate.check(upload))
    if decision.error is not None:
        raise unreadable_problem(decision.error)
    record_outcome(service, request, "check", decision)
    return _check_page(context, _answer(decision, language_of(request)))


async def check_code(service: Service, request: Request, context: PageRequest) -> Response:
    return await uploads.check_code(service, request, context.caller)


_TONES = {Outcome.ACCEPTED: "good", Outcome.DUPLICATE: "kept", Outcome.REVIEW: "doubt"}


def _answer(decision: Decision, language: str) -> Html:
    kept = None
    if decision.match is not None:
        key = decision.match.key
        source = f"/ui/picture?{urlencode({'key': key})}"
        kept = el("figure", el("img", src=source, alt=""), el("figcaption", key))
    said = el("div.say", el("h2", decision.message(language), lang=language))
    return el(f"div.verdict.{_TONES[decision.outcome]}", kept, said)


def _check_page(context: PageRequest, *answer: Child) -> Response:
    button = el("noscript", el("button.primary", "Check", type="submit"))
    return page(
        "Check",
        el("h1", "Is this picture in the store?"),
        picture_form(context, button),
        answer_place(*answer),
        el("div", id="nearest"),
        el("div", id="view", tabindex=-1),
        frame=context.frame,
        scripts=("check.js",),
    )


async def check_file(service: Service, request: Request, context: PageRequest) -> Response:
    """Return what the gate would decide on a picture, and the most similar kept pictures; changes nothing."""
    async with received(service, request, ("file",)) as sent:
        upload = Encoded("file", sent.files["file"])
        gate = service.gates.gate(context.caller.tenant)
        decision, result = await service.run_heavy(lambda: _check(gate, upload))
    record_outcome(service, request, "check", decision)
    return Json(result)


async def compare_with_kept(service: Service, request: Request, context: PageRequest) -> Response:
    """Compare a picture with a kept one: its original if that is available, else its proxy."""
    async with received(service, request, ("file",), ("key",)) as sent:
        tenant, key, upload = context.caller.tenant, sent.params.get("key", ""), sent.files["file"]
        result = await service.run_heavy(lambda: _compare_with_kept(service, tenant, key, upload))
    return Json(result)


def _compare_with_kept(service: Service, tenant: str, key: str, upload: bytes) -> dict[str, Any]:
    proxy_data = proxy_of(service.gates.gate(tenant), key)
    original = _original(service, tenant, key)
    kept, proxies = (proxy_data, True) if original is None else (original, False)
    workers, profile = service.gates.workers, service.gates.profile
    views = workers.views(kept, upload, profile=profile, visibility=not proxies, names=("kept", "file"))
    return _pair_json(views, proxies=proxies, profile=profile)


def _check(gate: Gate, upload: Encoded) -> tuple[Decision, dict[str, Any]]:
    """Ask the gate twice: for its decision, and for all similar pictures. Raises HttpProblem if it is no picture."""
    decision = gate.check(upload)
    if decision.error is not None:
        raise unreadable_problem(decision.error)
    similar = gate.check(upload, policy=_REVIEW_ALL).matches
    matches = {match.key: match for match in (*similar, *decision.matches)}
    nearest = sorted(matches.values(), key=lambda match: (_LADDER.index(match.relation), -match.probability))
    cards = (_match_json(gate, match) for match in nearest[:_NEAREST])
    return decision, {
        "decision": decision.to_dict(),
        "nearest": [card for card in cards if card is not None],
        "more": max(0, len(nearest) - _NEAREST),
        "kept": gate.status()["indexed"],
    }


def _match_json(gate: Gate, match: Match) -> dict[str, Any] | None:
    record = gate.get(match.key)
    if record is None:
        return None
    shown = {name: getattr(record, name) for name in ("width", "height", "format", "size")}
    return {**match.to_dict(), "explanation": sentence_of(match), **shown}
