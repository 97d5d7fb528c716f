"""Authentication: who asks, for which tenant, and with which rights; by a token or by a browser's signed cookie."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from samepic.gate.options import KEY_LETTERS
from samepic.service.problems import HttpProblem
from samepic.service.settings import RIGHTS, ServiceSettings, find_token, is_loopback

CSRF = "x-csrf-token"
"""The header with the CSRF token of a page; forms have the field `csrf`."""

_TENANT = "samepic-tenant"
"""The header that names a tenant."""

_SESSION_SECONDS: Final = 12 * 3600  # how long a browser stays signed in: a working day


class BrowserSession(NamedTuple):
    """One browser: a random `id`, and the `token_id` it signed in with, "" without one."""

    id: str
    token_id: str


class Sessions:
    """Writes and reads session cookies, signed with a secret that all processes of one service share.

    A cookie holds a random id and the id of a token, never the token. It ends with the service.
    """

    def __init__(self, secret: bytes) -> None:
        self._cookies = TimestampSigner(
            secret, b"session", key_derivation="hmac", digest_method=hashlib.sha256
        )
        self._csrf = Signer(secret, b"csrf", key_derivation="hmac", digest_method=hashlib.sha256)

    def start(self, token_id: str = "") -> BrowserSession:
        return BrowserSession(secrets.token_hex(16), token_id)

    def read(self, request: Request) -> BrowserSession | None:
        """Return the session of a request; None without a cookie, or if it expired or has a wrong signature."""
        cookie = request.cookies.get(_cookie_name(request), "")
        try:
            signed = self._cookies.unsign(cookie, max_age=_SESSION_SECONDS).decode()
        except BadSignature:
            return None
        number, _, token_id = signed.partition(".")
        return BrowserSession(number, token_id)

    def set_cookie(self, request: Request, response: Response, session: BrowserSession) -> None:
        response.set_cookie(
            _cookie_name(request),
            self._cookies.sign(f"{session.id}.{session.token_id}").decode(),
            max_age=_SESSION_SECONDS,
            path="/",
            secure=request.headers.get("origin", "").startswith("https://"),
            httponly=True,
            samesite="strict",
        )

    def csrf_token(self, session: BrowserSession) -> str:
        return self._csrf.get_signature(session.id).decode()

    def require_csrf(self, session: BrowserSession, token: str) -> None:
        # As texts: the signer takes other base64 for the same signature.
        """Raise HttpProblem, 403, unless `token` is the CSRF token of the session."""
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.csrf_token(session).encode()):
            raise _forbidden(
                CSRF, "the token of the page", "another", "This page is out of date. Please reload it."
            )


def _cookie_name(request: Request) -> str:
    """Return the name of the session cookie. It has the port, since services on one host share their cookies."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"samepic-{port}" if port.isdecimal() else "samepic"


def require_own_page(request: Request) -> None:
    """Raise HttpProblem, 403, unless the browser says that the request comes from a page of this service."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise _forbidden("sec-fetch-site", "same-origin", "another")
    origin = request.headers.get("origin")
    if origin is not None and site is None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _forbidden("origin", "a page of this service", "another")
    if origin is None and site is None:
        raise _forbidden("origin", "a page of this service", "none")


def reject_other_sites(request: Request) -> None:
    """Raise HttpProblem, 403, if another site asks: its images and frames must not cause expensive work."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _forbidden("sec-fetch-site", "same-origin", "another")


class Caller(NamedTuple):
    """Who asks: `name` is for the log, "" without a token; `rights` are some of RIGHTS."""

    name: str = ""
    tenant: str = ""
    rights: frozenset[str] = frozenset()


def authenticate(request: Request, settings: ServiceSettings, right: str) -> Caller:
    """Return the caller. Raises HttpProblem: 401 without a known token, 403 without the right."""
    tenant = _tenant(request)
    if settings.tokens:
        caller = _bearer(request, settings)
        if tenant is not None and tenant != caller.tenant:
            raise _forbidden(_TENANT, "the tenant of the token, or none", "another")
    else:
        caller = local_caller(request, settings, tenant or "")
    if right not in caller.rights:
        raise missing_right(right)
    return caller


def _tenant(request: Request) -> str | None:
    values = request.headers.getlist(_TENANT)
    if not values:
        return None
    if len(values) > 1:
        raise HttpProblem.invalid(_TENANT, "one tenant", "two")
    try:
        # Header values come as Latin-1; clients send other bytes than ASCII as UTF-8.
        tenant = values[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise HttpProblem.invalid(_TENANT, "a name in UTF-8", "another") from None
    if len(tenant) > KEY_LETTERS or not tenant.isprintable():
        raise HttpProblem.invalid(_TENANT, f"a name of at most {KEY_LETTERS} characters", "another")
    return tenant


def _bearer(request: Request, settings: ServiceSettings) -> Caller:
    values = request.headers.getlist("authorization")
    scheme, _, text = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    token = find_token(settings.tokens, text.strip()) if scheme.lower() == "bearer" else None
    if token is None:
        found = "another" if values else "none"
        expected = "Bearer and a known token"
        problem = HttpProblem.mismatch(401, "unauthorized", "authorization", expected, found)
        problem.headers["WWW-Authenticate"] = 'Bearer realm="samepic"'
        raise problem
    return Caller(token.name, token.tenant, token.rights)


def local_caller(request: Request, settings: ServiceSettings, tenant: str = "") -> Caller:
    """Return who asks a service without tokens. Raises HttpProblem, 403, for pages of other sites in a browser here."""
    caller = Caller("", tenant, frozenset(RIGHTS))
    if not settings.loopback:
        if request.headers.get(_TENANT) is not None:
            raise _forbidden(_TENANT, "none, since this service has no tokens and others can reach it", "one")
        return caller
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    if not is_loopback(host):
        expected = "localhost or a loopback address (a service that others reach needs tokens)"
        raise _forbidden("host", expected, f"{host!r:.60}")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        raise _forbidden("origin", "none, or this service", f"{origin!r:.60}")
    return caller


def missing_right(right: str) -> HttpProblem:
    return HttpProblem(
        403,
        "forbidden",
        f'this token lacks the "{right}" right',
        expected=f'a token with the "{right}" right',
        found="one without it",
        name="authorization",
        for_visitor="Your token does not allow this.",
    )


def _forbidden(name: str, expected: str, found: str, for_visitor: str = "") -> HttpProblem:
    return HttpProblem.mismatch(403, "forbidden", name, expected, found, for_visitor=for_visitor)
