"""Tokens: who may ask, for which tenant, and what."""

from __future__ import annotations

import hashlib
import hmac
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from samepic.errors import ProfileError
from samepic.profiles.gate import GATE
from samepic.profiles.service import SERVICE

__all__ = ["RIGHTS", "Token", "from_text", "identify", "read_tokens"]

RIGHTS: Final = ("compare", "check", "admit", "remove", "proxy", "held", "settle", "status", "metrics")
"""What a token may do; `metrics` counts the requests of all tenants together."""

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """One who may ask: `name` is for the log, `digest` the SHA-256 of the token, `may` some of RIGHTS."""

    name: str
    digest: bytes = field(repr=False)
    tenant: str = ""
    may: frozenset[str] = frozenset(RIGHTS)


def from_text(text: str, name: str) -> Token:
    """Return a token of the one tenant that has no name, which may everything. Raises ProfileError for a short one."""
    return Token(name, _digest(text, name))


def identify(tokens: Sequence[Token], shown: str) -> Token | None:
    """Return whose token is shown, None for nobody's; takes as long whichever it is, and whether it is one."""
    digest = hashlib.sha256(shown.encode()).digest()
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def read_tokens(path: str) -> tuple[Token, ...]:
    """Return the tokens of a file: TOML with [[token]] tables, or nothing but one token in plain text.

    A table has `name`, `token` or `sha256` (64 hex digits of its digest), and may have `tenant` and `may`, a list of
    RIGHTS; a token of a named tenant may by default all but `metrics`. Raises ProfileError, OSError.
    """
    text = Path(path).read_text(encoding="utf-8")
    if "\n" not in text.strip() and "=" not in text and "[" not in text:
        return (from_text(text.strip(), path),)
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: wanted one token, or TOML with [[token]] tables, got {error}") from None
    tables = told.get("token")
    if set(told) != {"token"} or not isinstance(tables, list) or not tables:
        raise ProfileError(
            f"{path}: wanted [[token]] tables and nothing else, got {', '.join(told) or 'nothing'}"
        )
    tokens = tuple(_token(table, f"{path}, token {number}") for number, table in enumerate(tables, 1))
    if len({token.digest for token in tokens}) < len(tokens):
        raise ProfileError(f"{path}: wanted each token once, got one twice")
    return tokens


def _token(table: Mapping[str, Any], where: str) -> Token:
    known = {"name": str, "token": str, "sha256": str, "tenant": str, "may": list}
    for key, value in table.items():
        if key not in known:
            raise ProfileError(f"{where}: wanted none but {', '.join(known)}, got {key}")
        if not isinstance(value, known[key]):
            raise ProfileError(f"{where}, {key}: wanted a {known[key].__name__}, got {type(value).__name__}")
    if not table.get("name"):
        raise ProfileError(f"{where}: wanted a name, got none")
    if ("token" in table) == ("sha256" in table):
        raise ProfileError(
            f"{where}: wanted either token or sha256, got {'both' if 'token' in table else 'none'}"
        )
    tenant = table.get("tenant", "")
    if len(tenant) > GATE.key_letters or not (tenant.isprintable() or tenant == ""):
        raise ProfileError(
            f"{where}, tenant: wanted at most {GATE.key_letters} printable characters, got others"
        )
    usual = [right for right in RIGHTS if not tenant or right != "metrics"]
    may = table.get("may", usual)
    wrong = [right for right in may if right not in RIGHTS]
    if wrong:
        raise ProfileError(f"{where}, may: wanted some of {', '.join(RIGHTS)}, got {wrong[0]!r}")
    digest = _digest(table["token"], where) if "token" in table else _hex(table["sha256"], where)
    return Token(table["name"], digest, tenant, frozenset(may))


def _digest(text: str, where: str) -> bytes:
    if len(text) < SERVICE.least_token or not text.isascii() or not text.isprintable() or " " in text:
        # The token itself must not get into a message, nor from there into a log.
        raise ProfileError(
            f"{where}: wanted a token of {SERVICE.least_token} or more letters, digits and signs without spaces,"
            " got another"
        )
    return hashlib.sha256(text.encode()).digest()


def _hex(text: str, where: str) -> bytes:
    if not _DIGEST.fullmatch(text):
        raise ProfileError(f"{where}, sha256: wanted 64 hexadecimal digits in lower case, got another text")
    return bytes.fromhex(text)
