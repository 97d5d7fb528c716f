"""Access: who asks, for which tenant, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request

from samepic.profiles.gate import GATE
from samepic.web.problems import Problem
from samepic.web.settings import Settings, is_loopback
from samepic.web.tokens import RIGHTS, identify

__all__ = ["TENANT", "Caller", "caller_here", "caller_of"]

TENANT = "samepic-tenant"
"""The header that names a tenant."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `name` for the log, "" without a token."""

    name: str
    tenant: str
    may: frozenset[str]


def caller_of(request: Request, settings: Settings, right: str) -> Caller:
    """Return who asks. Raises Problem: 401 for no token that is known, 403 for one that may not do this."""
    tenant = _tenant(request)
    if settings.tokens:
        caller = _bearer(request, settings)
        if tenant is not None and tenant != caller.tenant:
            raise _forbidden(TENANT, "the tenant of the token, or none", "another")
    else:
        _from_here(request, settings)
        caller = Caller("", tenant or "", frozenset(RIGHTS))
    if right not in caller.may:
        raise _forbidden("authorization", f"a token that may {right}", "one that may not")
    return caller


def caller_here(request: Request, settings: Settings) -> Caller:
    """Return who looks at the pages of a service without tokens: anybody of this machine. Raises Problem, 403."""
    _from_here(request, settings)
    return Caller("", "", frozenset(RIGHTS))


def _tenant(request: Request) -> str | None:
    shown = request.headers.getlist(TENANT)
    if not shown:
        return None
    if len(shown) > 1:
        raise Problem.bad(TENANT, "one tenant", "two")
    try:
        # Header values come as Latin-1; what a client meant by other bytes than ASCII is UTF-8.
        tenant = shown[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Problem.bad(TENANT, "a name in UTF-8", "another") from None
    if len(tenant) > GATE.key_letters or not tenant.isprintable():
        raise Problem.bad(TENANT, f"a name of at most {GATE.key_letters} characters", "another")
    return tenant


def _bearer(request: Request, settings: Settings) -> Caller:
    shown = request.headers.getlist("authorization")
    scheme, _, token = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
    found = identify(settings.tokens, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        got = "another" if shown else "none"
        wanted = "Bearer and a token that is known here"
        raise Problem(
            401,
            "unauthorized",
            f"authorization: wanted {wanted}, got {got}",
            wanted=wanted,
            got=got,
            name="authorization",
            headers={"WWW-Authenticate": 'Bearer realm="samepic"'},
        )
    return Caller(found.name, found.tenant, found.may)


def _from_here(request: Request, settings: Settings) -> None:
    """Keep out the pages of other sites: a browser of this machine would let them ask a service without tokens."""
    if not settings.loopback:
        if request.headers.get(TENANT) is not None:
            raise _forbidden(TENANT, "none where others reach a service without tokens", "one")
        return
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not is_loopback(host):
        wanted = "localhost or a loopback address; give tokens to a service that others reach"
        raise _forbidden("host", wanted, f"{host!r:.60}")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        raise _forbidden("origin", "none, or this service", f"{origin!r:.60}")


def _forbidden(name: str, wanted: str, got: str) -> Problem:
    return Problem(403, "forbidden", f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name)
