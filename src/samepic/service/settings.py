"""Settings of a service as plain values: what it takes on, how long it waits, and the tokens that may ask it."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from secrets import token_bytes
from typing import Any, Final

from samepic.errors import ProfileError
from samepic.limits import GATE, UPLOAD

__all__ = [
    "RIGHTS",
    "SERVICE",
    "ServiceLimits",
    "ServiceSettings",
    "Token",
    "from_text",
    "identify",
    "is_loopback",
    "read_tokens",
]


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """The bounds of one service process.

    Attributes:
        upload_bytes: one picture of a request.
        body_bytes: bodies of all requests that are held in memory at once.
        field_bytes: one form field that is no picture, and a JSON body.
        fields: parts of a form.
        connections: open at once; further ones are turned away.
        requests: in work or being received at once.
        threads: requests at once that decode, search or wait for a store's lock.
        waiting: requests that may wait for one of these threads.
        queue_seconds: how long they wait at most; who has waited longer is told to come again, and costs nothing more.
        light_threads: requests at once that only ask the store.
        light_waiting: requests that may wait for one of these.
        header_seconds: until the headers of a request must have come.
        body_seconds: until a body must have come; every `body_rate` bytes of it give a second more.
        body_rate: bytes a second under which a body is too slow.
        drain_bytes: bytes of a refused body that are read and forgotten, so that its sender hears why.
        drain_seconds: how long that may take.
        idle_seconds: how long a connection may stay open between two requests.
        stop_seconds: how long running requests have to finish once the service is told to stop.
        hung_seconds: how long a service process may give no sign, when it starts too, before it is replaced.
        retry_seconds: what Retry-After tells those who come too early or too many.
        reopen_seconds: first and longest pause between two tries to open the store.
        replay_seconds: how long the answer to an idempotency key is remembered.
        token_letters: the longest idempotency key.
        least_token: letters of the shortest bearer token that is taken.
        form_bytes: what the boundaries and headers of a form may take beside its parts.
        backlog: connections that the system holds until they are accepted.
        tenants: gates that are kept open at once; each remembers the codes of its tenant.
        held: pictures waiting for review in one answer, usual and at most.
    """

    upload_bytes: int = UPLOAD.file_bytes
    body_bytes: int = 512 * 2**20
    field_bytes: int = 64 * 1024
    fields: int = 8
    connections: int = 1000
    requests: int = 400
    threads: int = 16
    waiting: int = 64
    queue_seconds: float = 20.0
    light_threads: int = 4
    light_waiting: int = 128
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    body_rate: int = 8 * 1024
    drain_bytes: int = 256 * 2**20
    drain_seconds: float = 5.0
    idle_seconds: int = 20
    stop_seconds: int = 30
    hung_seconds: int = 60
    retry_seconds: int = 2
    reopen_seconds: tuple[float, float] = (0.2, 5.0)
    replay_seconds: float = 86_400.0
    token_letters: int = 255
    least_token: int = 16
    form_bytes: int = 64 * 1024
    backlog: int = 1024
    tenants: int = 1000
    held: tuple[int, int] = (50, 200)


SERVICE = ServiceLimits()
"""2026-11-23: chosen; what a process of this service bears was measured with bench/service_load.py."""


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


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How to serve: `store` is its URL, `host` and `port` (0: any that is free) where to listen.

    `tokens` are those who may ask; without any everybody may, and on loopback a header names the tenant. `policy` is a
    text such as "edited=accept", `profile` the file of one, `workers` the decoding processes of each service process,
    `originals` the folder of the kept pictures, which has a folder for each tenant that has a name. `replicas` are
    URLs of standbys that check asks. `secret` signs the cookies of all processes.
    """

    store: str
    host: str = "127.0.0.1"
    port: int = 8000
    tokens: tuple[Token, ...] = field(default=(), repr=False)
    without_token: bool = False
    processes: int = 1
    workers: int = 2
    policy: str = ""
    profile: str | None = None
    originals: str | None = None
    limits: ServiceLimits = SERVICE
    parent: int = 0
    replicas: tuple[str, ...] = ()
    secret: bytes = field(default_factory=partial(token_bytes, 32), repr=False)

    def __post_init__(self) -> None:
        if not self.tokens and not self.loopback and not self.without_token:
            raise ProfileError(
                f"--host {self.host}: wanted a token (--token-file or SAMEPIC_TOKEN) where others can reach the"
                " service, got none (--without-token lets everybody in)"
            )
        tenants = {token.tenant for token in self.tokens if token.may & {"check", "admit"}}
        if self.originals and "" in tenants and len(tenants) > 1:
            # The keys of the one without a name would reach into the folders of all others.
            raise ProfileError(
                "--originals: wanted a tenant for every token that may check or admit, or for none of them, got tokens"
                " with a tenant and tokens without"
            )

    @property
    def loopback(self) -> bool:
        """Whether nobody but this machine can reach the service."""
        return is_loopback(self.host)


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is that of this machine alone."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
