"""Compare: two pictures, dropped or kept, what they are to each other, and views of the pair."""

from __future__ import annotations

import base64
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import SamepicError, UnreadableError
from samepic.gate.folder import originals_below
from samepic.gate.gate import Gate
from samepic.gate.proofs import of_proxies
from samepic.gate.views import Views
from samepic.picture import Encoded
from samepic.profiles.user import Profile
from samepic.verdict import Relation
from samepic.verify.views import marks_on_b
from samepic.web.asked import query
from samepic.web.doorway import note
from samepic.web.pages.entry import Visit
from samepic.web.pages.html import Html, el
from samepic.web.pages.layout import page
from samepic.web.pages.parts import drop_zone
from samepic.web.problems import Json, Problem
from samepic.web.service import Service
from samepic.web.uploads import sent_pictures

__all__ = ["files", "kept", "original_or_proxy", "pair_told", "picture", "show"]

_UNRELATED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


async def show(service: Service, request: Request, visit: Visit) -> Response:
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


async def files(service: Service, request: Request, visit: Visit) -> Response:
    """Compare the two pictures of a form."""
    service.expect_work()
    with service.budget.share() as share:
        sent = await sent_pictures(service, request, share, ("a", "b"), ())
        a, b = sent.files["a"], sent.files["b"]
        workers, profile = service.gates.workers, service.gates.profile
        made = await service.work(lambda: workers.views(a, b, profile=profile, names=("a", "b")))
    note(request.scope, outcome=str(made.verdict.relation))
    return Json(pair_told(made))


async def kept(service: Service, request: Request, visit: Visit) -> Response:
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


async def picture(service: Service, request: Request, visit: Visit) -> Response:
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
        raise Problem(404, "not_found", f"{name}: wanted {wanted}, got {key!r:.80}", wanted=wanted, name=name)
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
