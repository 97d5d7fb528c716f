"""Settings of a service: its limits, its tokens, and where and what it serves."""

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
from samepic.gate.options import KEY_LETTERS
from samepic.limits import UPLOAD


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """The limits of one service process; chosen 2026-11-23, measured with bench/service_load.py."""

    upload_bytes: int = UPLOAD.file_bytes  # one picture of a request
    body_bytes: int = 512 * 2**20  # memory for the bodies and large answers of all requests together
    field_bytes: int = 64 * 1024  # a form field that is not a picture, and a JSON body
    form_bytes: int = 64 * 1024  # the boundaries and headers of a form, besides its parts
    fields: int = 8  # parts of a form
    batch: int = 32  # pictures of one request, together no larger than the largest one
    connections: int = 1000  # open connections; a further one takes the place of one that nobody needs
    backlog: int = 1024  # connections that the system keeps until they are accepted
    turn_accepts: int = 1  # connections that are accepted in one turn of the event loop
    requests: int = 400  # running requests, also those that are still being received or read by the client
    strangers: int = 64  # the same, of senders without a valid token
    stranger_seconds: float = 5.0  # time for the body of such a request
    threads: int = 16  # running requests that decode, search or wait for a lock of the store
    waiting: int = 64  # requests that may wait for one of these threads
    queue_seconds: float = 20.0  # longest wait for a thread; later the request is rejected
    light_threads: int = 4  # running requests that only read or write the store
    light_waiting: int = 128  # requests that may wait for one of these threads
    header_seconds: float = 10.0  # time for the headers of a request
    body_seconds: float = 20.0  # longest pause; every `body_rate` bytes add one second, up to this again
    body_rate: int = 8 * 1024  # slowest rate of a body, in bytes a second
    drain_bytes: int = 256 * 2**20  # of a rejected body that are read, so that the client gets the response
    drain_seconds: float = 5.0  # time for that
    answer_piece: int = 64 * 1024  # bytes of an answer that are handed on at a time
    answer_seconds: float = 20.0  # longest time in which a client takes nothing of its answer
    send_bytes: int = 128 * 1024  # of an answer that the system keeps for a client
    idle_seconds: int = 20  # how long a connection may stay open between two requests
    stop_seconds: int = 30  # time for running requests to finish when the service stops
    hung_seconds: int = 60  # how long a service process may be silent or starting, before it is replaced
    retry_seconds: int = 2  # value of Retry-After
    attempt_seconds: float = 0.1  # between two attempts to write, which show whether the store takes it
    # First and longest pause before the store is tried again.
    reopen_seconds: tuple[float, float] = (0.2, 5.0)
    replay_seconds: float = 86_400.0  # how long the answer to an idempotency key is stored
    idempotency_key_length: int = 255  # longest idempotency key, in characters
    min_token_length: int = 16  # shortest bearer token, in characters
    wrong_tokens: int = 10  # wrong tokens that an address may enter within a minute
    tenants: int = 1000  # gates that are open at once; each keeps the index of its tenant
    held: tuple[int, int] = (50, 200)  # held pictures in one answer, by default and at most
    listed: tuple[int, int] = (100, 1000)  # entries of other lists in one answer


SERVICE = ServiceLimits()
RIGHTS: Final = (
    *("compare", "check", "admit", "list", "remove", "proxy"),
    *("held", "settle", "events", "status", "metrics"),
)
"""The rights of tokens; `metrics` counts the requests of all tenants together."""

_TOKENS = "one token, or TOML with [[token]] tables"
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token: `name` is for the log, `digest` is its SHA-256, `rights` are some of RIGHTS."""

    name: str
    digest: bytes = field(repr=False)
    tenant: str = ""
    rights: frozenset[str] = frozenset(RIGHTS)


def parse_token(text: str, name: str) -> Token:
    """Return a token with all rights for the tenant without a name. Raises ProfileError for a short one."""
    return Token(name, _hash_token(text, name))


def find_token(tokens: Sequence[Token], text: str) -> Token | None:
    """Return the token with this text, None if there is none. Takes the same time whichever it is."""
    digest = hashlib.sha256(text.encode()).digest()
    found = None
    for token in tokens:
        if hmac.compare_digest(token.digest, digest):
            found = token
    return found


def read_tokens(path: str) -> tuple[Token, ...]:
    """Return the tokens of a file. Raises ProfileError, OSError."""
    try:
        return parse_tokens(Path(path).read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        raise _mismatch(path, _TOKENS, str(error)) from None


def parse_tokens(text: str, path: str) -> tuple[Token, ...]:
    """Return the tokens in a text: TOML with [[token]] tables, or just one token; `path` is for messages.

    A table has `name`, either `token` or `sha256` (64 hex digits), and optionally `tenant` and `may`, a list of RIGHTS.
    A token of a named tenant has by default all rights but `metrics`. Raises ProfileError.
    """
    if "\n" not in text.strip() and "=" not in text and "[" not in text:
        return (parse_token(text.strip(), path),)
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _mismatch(path, _TOKENS, str(error)) from None
    tables = content.get("token")
    if (
        set(content) != {"token"}
        or not (isinstance(tables, list) and tables)
        or not all(isinstance(table, dict) for table in tables)
    ):
        raise _mismatch(path, "[[token]] tables and nothing else", ", ".join(content) or "nothing")
    tokens = tuple(_table_token(table, f"{path}, token {number}") for number, table in enumerate(tables, 1))
    if len({token.digest for token in tokens}) < len(tokens):
        raise _mismatch(path, "each token once", "one twice")
    return tokens


def _table_token(table: Mapping[str, Any], where: str) -> Token:
    known = {"name": str, "token": str, "sha256": str, "tenant": str, "may": list}
    for key, value in table.items():
        if key not in known:
            raise _mismatch(where, f"only {', '.join(known)}", key)
        if not isinstance(value, known[key]):
            raise _mismatch(f"{where}, {key}", f"a {known[key].__name__}", type(value).__name__)
    if not table.get("name"):
        raise _mismatch(where, "a name", "none")
    if ("token" in table) == ("sha256" in table):
        raise _mismatch(where, "either token or sha256", "both" if "token" in table else "none")
    tenant = table.get("tenant", "")
    if len(tenant) > KEY_LETTERS or not (tenant.isprintable() or tenant == ""):
        raise _mismatch(f"{where}, tenant", f"at most {KEY_LETTERS} printable characters", "others")
    rights = table.get("may", [right for right in RIGHTS if not tenant or right != "metrics"])
    wrong = [right for right in rights if right not in RIGHTS]
    if wrong:
        raise _mismatch(f"{where}, may", f"some of {', '.join(RIGHTS)}", repr(wrong[0]))
    if "token" in table:
        digest = _hash_token(table["token"], where)
    elif _DIGEST.fullmatch(table["sha256"]):
        digest = bytes.fromhex(table["sha256"])
    else:
        raise _mismatch(f"{where}, sha256", "64 lowercase hexadecimal digits", "another text")
    return Token(table["name"], digest, tenant, frozenset(rights))


def _hash_token(text: str, where: str) -> bytes:
    if len(text) < SERVICE.min_token_length or not text.isascii() or not text.isprintable() or " " in text:
        # The token itself must not get into a message, nor from there into a log.
        expected = f"a token of {SERVICE.min_token_length} or more printable ASCII characters without spaces"
        raise _mismatch(where, expected, "another")
    return hashlib.sha256(text.encode()).digest()


def _mismatch(name: str, expected: str, found: str) -> ProfileError:
    return ProfileError(f"{name}: expected {expected}, found {found}")


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """How to serve the store at a URL; `port` 0 is any free one, and `processes` have `workers` decoders each.

    Without `tokens` everyone may ask, and on loopback a header names the tenant. `originals` is a folder of kept
    pictures, with one for each named tenant. `parent` is the process that stops this one when it ends. `secret` signs
    the cookies; `shared` is a folder for what all processes must know of them. `proxies` are addresses or networks
    whose X-Forwarded-For is believed.
    """

    store: str = field(repr=False)
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
    shared: str = ""
    replicas: tuple[str, ...] = field(default=(), repr=False)
    proxies: tuple[str, ...] = ()
    secret: bytes = field(default_factory=partial(token_bytes, 32), repr=False)

    def __post_init__(self) -> None:
        if not self.tokens and not self.loopback and not self.without_token:
            expected = "a token (--token-file or SAMEPIC_TOKEN), since others can reach the service"
            raise _mismatch(f"--host {self.host}", expected, "none (--without-token lets everyone in)")
        tenants = {token.tenant for token in self.tokens if token.rights & {"check", "admit"}}
        if self.originals and "" in tenants and len(tenants) > 1:
            # Keys of the tenant without a name would reach into the folders of all others.
            expected = "a tenant for every token that may check or admit, or for none of them"
            raise _mismatch("--originals", expected, "tokens with a tenant and tokens without")

    @property
    def loopback(self) -> bool:
        return is_loopback(self.host)

    @property
    def address(self) -> str:
        host = self.host.strip("[]")
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
