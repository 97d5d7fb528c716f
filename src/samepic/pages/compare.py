"""Compare two pictures, dropped or kept, and check one against the store, with views of each pair."""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import SamepicError, UnreadableError
from samepic.gate.admission import sentence_of
from samepic.gate.gate import Gate
from samepic.gate.originals import originals_below
from samepic.gate.verify import of_proxies
from samepic.limits import PAGES
from samepic.pages.browser import PageRequest
from samepic.pages.html import Html, drop_zone, el, page
from samepic.picture import Encoded
from samepic.profile import Profile
from samepic.sandbox.decode import Views
from samepic.service.body import query
from samepic.service.middleware import note
from samepic.service.problems import HttpProblem, Json, unreadable
from samepic.service.state import Service
from samepic.service.uploads import sent_pictures
from samepic.verdict import Match, Relation
from samepic.verify.overlay import marks_on_b

__all__ = [
    "against",
    "file",
    "files",
    "kept",
    "original_or_proxy",
    "pair_told",
    "picture",
    "show",
    "show_check",
]

_UNRELATED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


async def show(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show the page; with the keys `a` and `b` it begins with two kept pictures."""
    asked = query(request, ("a", "b"))
    return page(
        "Compare",
        el("h1", "Compare two pictures"),
        _drops(),
        el(
            "div",
            id="answer",
            aria_live="polite",
            role="status",
            data_a=asked.get("a"),
            data_b=asked.get("b"),
        ),
        el("div", id="view"),
        el("div", id="evidence"),
        _by_key(asked) if "proxy" in visit.caller.may else None,
        frame=visit.frame,
        scripts=("compare.js",),
    )


async def files(service: Service, request: Request, visit: PageRequest) -> Response:
    """Compare the two pictures of a form."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("a", "b"), ())
        a, b = sent.files["a"], sent.files["b"]
        workers, profile = service.gates.workers, service.gates.profile
        made = await service.work(lambda: workers.views(a, b, profile=profile, names=("a", "b")))
    note(request.scope, outcome=str(made.verdict.relation))
    return Json(pair_told(made))


async def kept(service: Service, request: Request, visit: PageRequest) -> Response:
    """Compare two kept pictures: their originals where these can be had, else their proxies."""
    asked = query(request, ("a", "b"))
    tenant, keys = visit.caller.tenant, (asked.get("a", ""), asked.get("b", ""))
    service.expect_work()
    told = await service.work(lambda: _kept(service, tenant, keys))
    note(request.scope, outcome=told["verdict"]["relation"])
    return Json(told)


def _kept(service: Service, tenant: str, keys: tuple[str, str]) -> dict[str, Any]:
    gate = service.gates.gate(tenant)
    workers, profile = service.gates.workers, service.gates.profile
    proxies = _proxy(gate, keys[0], "a"), _proxy(gate, keys[1], "b")
    opened = [_original(service, tenant, key) for key in keys]
    if opened[0] is not None and opened[1] is not None:
        try:
            return pair_told(workers.views(opened[0], opened[1], profile=profile, names=("a", "b")))
        except UnreadableError:
            pass  # broken, or too much: the small pictures show what they can
    made = workers.views(*proxies, profile=profile, prove=False, visibility=False, names=("a", "b"))
    return pair_told(made, proxies=True, profile=profile)


async def picture(service: Service, request: Request, visit: PageRequest) -> Response:
    """Give the small picture of a key."""
    asked = query(request, ("key",))
    gate = service.gates.gate(visit.caller.tenant)
    data = await service.quick(lambda: _proxy(gate, asked.get("key", ""), "key"))
    media = "image/webp" if data.startswith(b"RIFF") else "image/jpeg"
    return Response(data, media_type=media)


def _proxy(gate: Gate, key: str, name: str) -> bytes:
    found = gate.get(key) if key and "\0" not in key else None
    if found is None:
        wanted = "the key of a kept picture"
        raise HttpProblem(
            404, "not_found", f"{name}: wanted {wanted}, got {key!r:.80}", wanted=wanted, name=name
        )
    return found.proxy


def original_or_proxy(service: Service, tenant: str, key: str) -> tuple[bytes, bool]:
    """Return the file of a key where it can be had, else its small picture; and whether it is the file."""
    proxy = _proxy(service.gates.gate(tenant), key, "key")
    found = _original(service, tenant, key)
    return (proxy, False) if found is None else (found, True)


def _original(service: Service, tenant: str, key: str) -> bytes | None:
    """Return the file of a key where the service has a folder of originals and it can be read."""
    folder = service.settings.originals
    if not folder:
        return None
    try:
        found = originals_below(folder, tenant)(key)
    except (SamepicError, OSError):
        return None
    return found.data if isinstance(found, Encoded) else None


def pair_told(made: Views, *, proxies: bool = False, profile: Profile | None = None) -> dict[str, Any]:
    """Return a verdict with the pictures of the pair, as a page takes them.

    `proxies`: they are small pictures, compared with `profile`.
    """
    verdict = of_proxies(made.verdict, profile) if proxies else made.verdict
    return {
        "verdict": verdict.to_dict(),
        "from": "proxies" if proxies else "pictures",
        "view": {
            "a": _data(made.a),
            "b": _data(made.b),
            "aligned": _data(made.aligned),
            "difference": _data(made.difference),
            "width": verdict.a.width,
            "height": verdict.a.height,
            "boxes": [region.to_dict() for region in verdict.regions],
            "marks": marks_on_b(verdict),
            "size_b": [verdict.b.width, verdict.b.height],
            "laid": verdict.transform is not None or verdict.relation not in _UNRELATED,
        },
    }


def _data(shown: bytes) -> str:
    kind = "webp" if shown.startswith(b"RIFF") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(shown).decode()}"


def _drops() -> Html:
    return el(
        "form.pair",
        drop_zone("a", "First picture"),
        drop_zone("b", "Second picture"),
        id="drops",
    )


def _by_key(asked: dict[str, str]) -> Html:
    fields = [
        el("div", el("label", f"Key of the {which} picture", for_=f"key-{name}"),
           el("input", type="text", id=f"key-{name}", name=name, value=asked.get(name), required=True))
        for name, which in (("a", "first"), ("b", "second"))
    ]  # fmt: skip
    return el(
        "details.card.more",
        el("summary", "Compare two pictures of the store"),
        el("form.keys", fields, el("button", "Compare", type="submit"), action="/compare", method="get"),
        open="a" in asked,
    )


_EVERYTHING = {
    str(one): "review" for one in Relation if one not in (Relation.DIFFERENT, Relation.UNDECIDABLE)
}

_LADDER = tuple(Relation)


async def show_check(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show the page."""
    query(request, ())
    return page(
        "Check",
        el("h1", "Is this picture here already?"),
        el("form.pair.one", drop_zone("file", "A picture"), id="drops"),
        el("div", id="answer", aria_live="polite", role="status"),
        el("div", id="nearest"),
        el("div", id="view", tabindex=-1),
        frame=visit.frame,
        scripts=("check.js",),
    )


async def file(service: Service, request: Request, visit: PageRequest) -> Response:
    """Tell what the gate would say of a picture, and what kept ones are nearest to it; nothing is changed."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), ())
        upload = Encoded("file", sent.files["file"])
        gate = service.gates.gate(visit.caller.tenant)
        told = await service.work(lambda: _checked(gate, upload))
    note(request.scope, outcome=told["decision"]["outcome"])
    service.metrics.decided("check", told["decision"]["outcome"])
    return Json(told)


async def against(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show a picture beside a kept one."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("file",), ("key",))
        tenant, key, upload = visit.caller.tenant, sent.said.get("key", ""), sent.files["file"]
        told = await service.work(lambda: _beside(service, tenant, key, upload))
    return Json(told)


def _beside(service: Service, tenant: str, key: str, upload: bytes) -> dict[str, Any]:
    kept, original = original_or_proxy(service, tenant, key)
    workers, profile = service.gates.workers, service.gates.profile
    made = workers.views(kept, upload, profile=profile, visibility=original, names=("kept", "file"))
    return pair_told(made, proxies=not original, profile=profile)


def _checked(gate: Gate, upload: Encoded) -> dict[str, Any]:
    """Ask the gate twice: for its decision, and for whatever is like the picture. Raises HttpProblem for no picture."""
    made = gate.check(upload)
    if made.error is not None:
        raise unreadable(made.error)
    like = gate.check(upload, policy=_EVERYTHING).matches
    found = {match.key: match for match in (*like, *made.matches)}
    near = sorted(found.values(), key=lambda match: (_LADDER.index(match.relation), -match.probability))
    return {
        "decision": made.to_dict(),
        "nearest": [told for match in near[: PAGES.nearest] if (told := _near(gate, match)) is not None],
        "more": max(0, len(near) - PAGES.nearest),
        "kept": gate.status()["indexed"],
    }


def _near(gate: Gate, match: Match) -> dict[str, Any] | None:
    """Return a match with what is kept of it; None where it was taken out meanwhile."""
    record = gate.get(match.key)
    if record is None:
        return None
    return match.to_dict() | {
        "explanation": sentence_of(match),
        "width": record.width,
        "height": record.height,
        "format": record.format,
        "size": record.size,
    }
