"""Authentication: who asks, for which tenant, and with which rights; by a token or by a browser's signed cookie."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import secrets
import socket
import time
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from itsdangerous import BadSignature, Signer, TimestampSigner
from starlette.requests import Request
from starlette.responses import Response

from samepic.gate.options import KEY_LETTERS
from samepic.messages import Message, Notice
from samepic.service.problems import HttpProblem
from samepic.service.settings import RIGHTS, ServiceSettings, Token, find_token, is_loopback

CSRF = "x-csrf-token"
"""The header with the CSRF token of a page; forms have the field `csrf`."""

_TENANT = "samepic-tenant"
"""The header that names a tenant."""

_SESSION_SECONDS: Final = 12 * 3600  # how long a browser stays signed in: a working day


class BrowserSession(NamedTuple):
    """One browser: a random `id`, and the `token_id` it signed in with: its place in the settings, "" without one."""

    id: str
    token_id: str


class Sessions:
    """Writes and reads session cookies, signed with a secret that all processes of one service share.

    A cookie holds a random id and the place of a token in the settings. It ends with the service, or at the sign-out:
    all processes see that in `folder`, if there is one.
    """

    def __init__(self, secret: bytes, folder: str = "") -> None:
        self._ended: dict[str, float] = {}
        self._folder = Path(folder) if folder else None
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
        session = BrowserSession(*signed.split("."))
        if session.id in self._ended or (self._folder and (self._folder / f"ended-{session.id}").exists()):
            return None
        return session

    def end(self, session: BrowserSession) -> None:
        """Accept the cookie of a session no more, in any process."""
        if session.token_id:
            now = time.monotonic()
            # Older cookies are refused for their age.
            recent = {one: at for one, at in self._ended.items() if at > now - _SESSION_SECONDS}
            self._ended = {**recent, session.id: now}
            if self._folder:
                (self._folder / f"ended-{session.id}").touch()

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
            raise _forbidden(CSRF, "the token of the page", "another", Notice(Message.RELOAD))


def _cookie_name(request: Request) -> str:
    """Return the name of the session cookie. It has the port, since services on one host share their cookies."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"samepic-{port}" if port.isdecimal() else "samepic"


def require_own_page(request: Request) -> None:
    """Raise HttpProblem, 403, unless the browser says that the request comes from a page of this service."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        if site != "same-origin":
            raise _forbidden("sec-fetch-site", "same-origin", "another")
    elif origin is None or origin.partition("://")[2] != request.headers.get("host"):
        raise _forbidden("origin", "a page of this service", "none" if origin is None else "another")


def reject_other_sites(request: Request, *, linked: bool = False) -> None:
    """Raise HttpProblem, 403, if another site asks: it must neither learn something nor cause expensive work.

    To what is `linked`, a page, other sites may lead a browser.
    """
    if request.headers.get("sec-fetch-site", "none") in ("same-origin", "none"):
        return
    if not (linked and request.headers.get("sec-fetch-dest") == "document"):
        raise _forbidden("sec-fetch-site", "same-origin", "another")


def host_of(request: Request) -> str:
    """Return the host that a request names, without the port; "" for none, or an invalid one."""
    with suppress(ValueError):
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    return ""


def require_valid_hosts(request: Request) -> None:
    """Raise HttpProblem, 400, if Host or Origin is none that could be a host."""
    for name, prefix in (("host", "//"), ("origin", "")):
        try:
            urlsplit(prefix + request.headers.get(name, "")).port  # noqa: B018  (raises what reading it would raise)
        except ValueError:
            raise HttpProblem.mismatch(400, "no_http", name, "a host", "another text") from None


def sender(request: Request, settings: ServiceSettings, sessions: Sessions) -> tuple[Hashable, bool]:
    """Return what the shares of a request are counted for, a token or an address, and whether the sender may ask."""
    if not settings.tokens:
        return address_of(request), True
    token = _bearer_token(request, settings) or session_token(sessions.read(request), settings)
    return (token.digest, True) if token else (address_of(request), False)


def address_of(request: Request) -> str:
    """Return the address of a client; of IPv6 the network, since one machine has 2**64 addresses in it."""
    address = request.client.host if request.client else ""
    try:
        found = ipaddress.IPv6Address(address.partition("%")[0])
    except ValueError:  # of IPv4, or what a trusted proxy says
        return address
    return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))


def session_token(session: BrowserSession | None, settings: ServiceSettings) -> Token | None:
    """Return the token that a browser signed in with, None without one."""
    return settings.tokens[int(session.token_id)] if session and session.token_id else None


class Caller(NamedTuple):
    """Who asks: `name` is for the log, "" without a token; `rights` are some of RIGHTS."""

    name: str = ""
    tenant: str = ""
    rights: frozenset[str] = frozenset()


def authenticate(request: Request, settings: ServiceSettings, right: str) -> Caller:
    """Return the caller. Raises HttpProblem: 401 without a known token, 403 without the right."""
    tenant = _tenant(request)
    if settings.tokens:
        token = _bearer_token(request, settings)
        if token is None:
            found = "another" if "authorization" in request.headers else "none"
            expected = "Bearer and a known token"
            problem = HttpProblem.mismatch(401, "unauthorized", "authorization", expected, found)
            problem.headers["WWW-Authenticate"] = 'Bearer realm="samepic"'
            raise problem
        caller = Caller(token.name, token.tenant, token.rights)
        if tenant is not None and tenant != caller.tenant:
            raise _forbidden(_TENANT, "the tenant of the token, or none", "another")
    else:
        reject_other_sites(request)
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


def _bearer_token(request: Request, settings: ServiceSettings) -> Token | None:
    values = request.headers.getlist("authorization")
    scheme, _, text = values[0].partition(" ") if len(values) == 1 else ("", "", "")
    return find_token(settings.tokens, text.strip()) if scheme.lower() == "bearer" else None


def local_caller(request: Request, settings: ServiceSettings, tenant: str = "") -> Caller:
    """Return who asks a service without tokens. Raises HttpProblem, 403, for pages of other sites in a browser here."""
    if not settings.loopback and request.headers.get(_TENANT) is not None:
        raise _forbidden(_TENANT, "none, since this service has no tokens and others can reach it", "one")
    host = host_of(request)
    if not (is_loopback(host) if settings.loopback else _is_own_host(host, settings)):
        # Other sites could let names of their own lead here, and then read what is answered.
        expected = (
            "an address or name of this machine (a service that others reach under a name needs tokens)"
        )
        raise _forbidden("host", expected, f"{host!r:.60}")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        raise _forbidden("origin", "none, or this service", f"{origin!r:.60}")
    return Caller("", tenant, frozenset(RIGHTS))


def _is_own_host(host: str, settings: ServiceSettings) -> bool:
    own = socket.gethostname().lower()
    if host in ("localhost", settings.host.lower(), own, f"{own}.local"):
        return True
    with suppress(ValueError):
        return bool(ipaddress.ip_address(host.partition("%")[0]))
    return False


def missing_right(right: str) -> HttpProblem:
    return HttpProblem(
        403,
        "forbidden",
        f'this token lacks the "{right}" right',
        expected=f'a token with the "{right}" right',
        found="one without it",
        name="authorization",
    )


def _forbidden(name: str, expected: str, found: str, notice: Notice | None = None) -> HttpProblem:
    return HttpProblem.mismatch(403, "forbidden", name, expected, found, notice=notice)
