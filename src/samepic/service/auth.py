"""Who asks, for which tenant, and whether they may: by a token, or by the signed cookie of a browser."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from samepic.limits import GATE, PAGES
from samepic.service.problems import HttpProblem
from samepic.service.settings import RIGHTS, ServiceSettings, identify, is_loopback

__all__ = [
    "CSRF",
    "TENANT",
    "BrowserSession",
    "Caller",
    "Sessions",
    "caller_here",
    "caller_of",
    "cookie_name",
    "expect_no_other_site",
    "expect_own_page",
]

CSRF = "x-csrf-token"
"""The header in which a page sends the word that only a page of ours can know; forms have the field `csrf`."""

_TEXT = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{0,32})\.(\d{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class BrowserSession:
    """One browser: a random `id`, `who` its token is (part of a digest, "" for nobody's), and until when."""

    id: str
    who: str
    until: int


class Sessions:
    """Makes and reads cookies with a secret that all processes of one service share, and that ends with it.

    A cookie holds a random number and a mark of the token, signed; never the token.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def begin(self, who: str = "") -> BrowserSession:
        """Return a new session."""
        return BrowserSession(secrets.token_hex(16), who, int(time.time()) + PAGES.session_seconds)

    def of(self, request: Request) -> BrowserSession | None:
        """Return the session of a request, None for none, one that is over, or one that we did not sign."""
        found = _TEXT.fullmatch(request.cookies.get(cookie_name(request), ""))
        if found is None:
            return None
        number, who, until, sign = found.groups()
        if not hmac.compare_digest(sign, self._sign("session", f"{number}.{who}.{until}")):
            return None
        return BrowserSession(number, who, int(until)) if int(until) > time.time() else None

    def remember(self, request: Request, response: Response, session: BrowserSession) -> None:
        """Have the browser keep a session."""
        told = f"{session.id}.{session.who}.{session.until}"
        response.set_cookie(
            cookie_name(request),
            f"{told}.{self._sign('session', told)}",
            max_age=max(0, session.until - int(time.time())),
            path="/",
            secure=request.headers.get("origin", "").startswith("https://"),
            httponly=True,
            samesite="strict",
        )

    def csrf(self, session: BrowserSession) -> str:
        """Return the word that a page of this session sends back with whatever it asks for."""
        return self._sign("csrf", session.id)

    def expect_word(self, session: BrowserSession, word: str) -> None:
        """Raise HttpProblem, 403, for a word that is not that of the session."""
        if not hmac.compare_digest(word.encode(), self.csrf(session).encode()):
            raise _foreign(CSRF, "that of the page: load it again")

    def _sign(self, use: str, text: str) -> str:
        return hmac.new(self._secret, f"{use}:{text}".encode(), hashlib.sha256).hexdigest()


def cookie_name(request: Request) -> str:
    """Return the name of our cookie: services on one host share their cookies, so that the port is part of it."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"samepic-{port}" if port.isdecimal() else "samepic"


def expect_own_page(request: Request) -> None:
    """Raise HttpProblem, 403, unless the browser says that a page of ours asks."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise _foreign("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if origin is not None and site is None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _foreign("origin", "a page of this service")
    if origin is None and site is None:
        raise _foreign("origin", "a browser that says which page asks")


def expect_no_other_site(request: Request) -> None:
    """Raise HttpProblem, 403, where another site asks: what is costly is not made for its pictures and frames."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _foreign("sec-fetch-site", "same-origin")


def _foreign(name: str, wanted: str) -> HttpProblem:
    return HttpProblem(403, "forbidden", f"{name}: wanted {wanted}, got another", wanted=wanted, name=name)


TENANT = "samepic-tenant"
"""The header that names a tenant."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: `name` for the log, "" without a token."""

    name: str
    tenant: str
    may: frozenset[str]


def caller_of(request: Request, settings: ServiceSettings, right: str) -> Caller:
    """Return who asks. Raises HttpProblem: 401 for no token that is known, 403 for one that may not do this."""
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


def caller_here(request: Request, settings: ServiceSettings) -> Caller:
    """Return who looks at the pages of a service without tokens: anybody of this machine. Raises HttpProblem, 403."""
    _from_here(request, settings)
    return Caller("", "", frozenset(RIGHTS))


def _tenant(request: Request) -> str | None:
    shown = request.headers.getlist(TENANT)
    if not shown:
        return None
    if len(shown) > 1:
        raise HttpProblem.bad(TENANT, "one tenant", "two")
    try:
        # Header values come as Latin-1; what a client meant by other bytes than ASCII is UTF-8.
        tenant = shown[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise HttpProblem.bad(TENANT, "a name in UTF-8", "another") from None
    if len(tenant) > GATE.key_letters or not tenant.isprintable():
        raise HttpProblem.bad(TENANT, f"a name of at most {GATE.key_letters} characters", "another")
    return tenant


def _bearer(request: Request, settings: ServiceSettings) -> Caller:
    shown = request.headers.getlist("authorization")
    scheme, _, token = shown[0].partition(" ") if len(shown) == 1 else ("", "", "")
    found = identify(settings.tokens, token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        got = "another" if shown else "none"
        wanted = "Bearer and a token that is known here"
        raise HttpProblem(
            401,
            "unauthorized",
            f"authorization: wanted {wanted}, got {got}",
            wanted=wanted,
            got=got,
            name="authorization",
            headers={"WWW-Authenticate": 'Bearer realm="samepic"'},
        )
    return Caller(found.name, found.tenant, found.may)


def _from_here(request: Request, settings: ServiceSettings) -> None:
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


def _forbidden(name: str, wanted: str, got: str) -> HttpProblem:
    return HttpProblem(
        403, "forbidden", f"{name}: wanted {wanted}, got {got}", wanted=wanted, got=got, name=name
    )
