"""Sessions: who looks at the pages, told by a signed cookie, and whether a request comes from a page of ours."""

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

from samepic.profiles.pages import PAGES
from samepic.web.problems import Problem

__all__ = ["CSRF", "Session", "Sessions", "cookie_name", "expect_no_other_site", "expect_own_page"]

CSRF = "x-csrf-token"
"""The header in which a page sends the word that only a page of ours can know; forms have the field `csrf`."""

_TEXT = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{0,32})\.(\d{1,12})\.([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Session:
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

    def begin(self, who: str = "") -> Session:
        """Return a new session."""
        return Session(secrets.token_hex(16), who, int(time.time()) + PAGES.session_seconds)

    def of(self, request: Request) -> Session | None:
        """Return the session of a request, None for none, one that is over, or one that we did not sign."""
        found = _TEXT.fullmatch(request.cookies.get(cookie_name(request), ""))
        if found is None:
            return None
        number, who, until, sign = found.groups()
        if not hmac.compare_digest(sign, self._sign("session", f"{number}.{who}.{until}")):
            return None
        return Session(number, who, int(until)) if int(until) > time.time() else None

    def remember(self, request: Request, response: Response, session: Session) -> None:
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

    def csrf(self, session: Session) -> str:
        """Return the word that a page of this session sends back with whatever it asks for."""
        return self._sign("csrf", session.id)

    def expect_word(self, session: Session, word: str) -> None:
        """Raise Problem, 403, for a word that is not that of the session."""
        if not hmac.compare_digest(word.encode(), self.csrf(session).encode()):
            raise _foreign(CSRF, "that of the page: load it again")

    def _sign(self, use: str, text: str) -> str:
        return hmac.new(self._secret, f"{use}:{text}".encode(), hashlib.sha256).hexdigest()


def cookie_name(request: Request) -> str:
    """Return the name of our cookie: services on one host share their cookies, so that the port is part of it."""
    port = request.headers.get("host", "").rpartition(":")[2]
    return f"samepic-{port}" if port.isdecimal() else "samepic"


def expect_own_page(request: Request) -> None:
    """Raise Problem, 403, unless the browser says that a page of ours asks."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        raise _foreign("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    if origin is not None and site is None and urlsplit(origin).netloc != request.headers.get("host"):
        raise _foreign("origin", "a page of this service")
    if origin is None and site is None:
        raise _foreign("origin", "a browser that says which page asks")


def expect_no_other_site(request: Request) -> None:
    """Raise Problem, 403, where a page of another site asks: what is costly is not made for its pictures and frames."""
    if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        raise _foreign("sec-fetch-site", "same-origin")


def _foreign(name: str, wanted: str) -> Problem:
    return Problem(403, "forbidden", f"{name}: wanted {wanted}, got another", wanted=wanted, name=name)
