"""samepic events: record the decisions of a store, list them, or post them to a webhook."""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, urlsplit

from samepic.cli.command import SAME, UsageError
from samepic.cli.options import add_shared, print_error, print_result, whole_number
from samepic.errors import SamepicError, StoreError
from samepic.writing import plural, printable, reason_of, time_text

if TYPE_CHECKING:
    from samepic.store.contract import Store
    from samepic.store.events import StoreEvent

DESCRIPTION = "Record what is decided on the pictures of a store, list it, or post it to a webhook."

EPILOG = """\
Nothing is recorded before --keep asks for it: then for all tenants, whatever process writes to the store.

Requests are signed as the Standard Webhooks specification says, with a secret that the receiver has too: "whsec_" and
base64 of 24 to 64 bytes. Every event is posted at least once, in order, until a status of 200 to 299 answers it within
15 s; with --follow again and again, after pauses of 1 s to 5 min. The store keeps how far the receiver is.

exit status: 0 done, 2 trouble, such as a receiver that does not answer; 130 stopped by Ctrl-C

examples:
  samepic events --store uploads.db --keep 30
  samepic events --store uploads.db --after 6a2f31c09b7de84405c1a37e --json
  samepic events --store uploads.db --follow --post https://example.org/hook --secret-file hook.secret"""

_DAY: Final = 86_400
_ROWS: Final = 100  # events that are read at a time
_SECONDS: Final = 15.0  # in which a receiver answers
_PAUSES: Final = (1.0, 300.0)  # s before the next look or attempt, at first and at most


class _UndeliveredError(SamepicError):
    """A receiver did not take an event."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "--store", "--tenant", "--json lines")
    text = "record events from now on, and keep each for so many days; 0: record none, and delete all"
    parser.add_argument("--keep", metavar="DAYS", type=whole_number(0, 36_500), help=text)
    text = "begin after this event (default: with the first one, or where the receiver is)"
    parser.add_argument("--after", metavar="ID", help=text)
    text = "go on with what comes, and try again what fails, until stopped"
    parser.add_argument("--follow", action="store_true", help=text)
    parser.add_argument("--post", metavar="URL", type=_receiver, help="post each event to this address")
    parser.add_argument("--secret-file", metavar="FILE", help="the file of the secret that --post signs with")


def run(args: argparse.Namespace) -> int:
    from samepic.store import open_store

    if bool(args.post) != bool(args.secret_file):
        raise UsageError("--post, --secret-file: expected both or none, found one")
    if args.keep is not None and (args.post or args.follow or args.after):
        raise UsageError("--keep: expected it alone, found it with what lists events")
    secret = _secret(args.secret_file) if args.post else b""
    with closing(open_store(args.store)) as store:
        if args.keep is not None:
            store.record_events(args.keep * _DAY)
            text = f"kept for {plural(args.keep, 'day')}" if args.keep else "no longer recorded, and deleted"
            print_result({"keep": args.keep}, f"events are {text}", as_json=args.json)
            return SAME

        def deliver(event: StoreEvent) -> None:
            if args.post:
                _post(args.post, secret, event)
            match = event.data.get("match") or (event.data.get("matches") or [{}])[0]
            other = event.data.get("other_key") or match.get("key")
            text = f"{event.id}  {time_text(event.at)}  {event.kind:16}  {event.data['key']}"
            text += f" [{other}]" if other else ""
            print_result(event.to_dict(), printable(text), as_json=args.json)
            sys.stdout.flush()

        _deliver_all(store, args, deliver)
    return SAME


def _deliver_all(store: Store, args: argparse.Namespace, deliver: Callable[[StoreEvent], None]) -> None:
    """Deliver event after event, with --follow forever. Raises StoreError and _UndeliveredError without it."""
    receiver = f"{args.tenant}\n{args.post.geturl()}" if args.post else ""
    name = hashlib.sha256(receiver.encode()).hexdigest()  # the address may hold a password
    last, pause = args.after, _PAUSES[0]
    while True:
        try:
            if last is None:
                last = store.cursor(name) if receiver else ""
            page = store.events(args.tenant, last, _ROWS)
            if not page.recorded:
                raise UsageError(
                    f"{store.name}: expected a store that records events (--keep), found another"
                )
            if page.missed:
                print_error("events", f"{last} was deleted, and some after it may be", as_json=args.json)
                last = ""
            for event in page.events:
                deliver(event)
                last, pause = event.id, _PAUSES[0]
                if receiver:
                    store.move_cursor(name, last)
        except (StoreError, _UndeliveredError) as error:
            if not args.follow:
                raise
            print_error("events", f"{error}; next attempt in {pause:g} s", as_json=args.json)
            time.sleep(pause)
            pause = min(2 * pause, _PAUSES[1])
            continue
        if not page.events:
            if not args.follow:
                return
            time.sleep(_PAUSES[0])


def _receiver(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and url.hostname and url.port != 0 and "@" not in url.netloc
    except ValueError:
        valid = False
    if not valid or not text.isascii() or not text.isprintable() or " " in text:
        raise argparse.ArgumentTypeError("expected http://HOST... or https://HOST..., found another text")
    return url


def _secret(file: str) -> bytes:
    try:
        secret = base64.b64decode(Path(file).read_text("ascii").strip().removeprefix("whsec_"), validate=True)
    except (UnicodeDecodeError, binascii.Error):
        secret = b""
    if not 24 <= len(secret) <= 64:
        raise UsageError(f"{file}: expected whsec_ and base64 of 24 to 64 bytes, found another text")
    return secret


def _post(url: SplitResult, secret: bytes, event: StoreEvent) -> None:
    """Post one event. Raises _UndeliveredError unless it is taken; redirects are not followed."""
    body = json.dumps(event.to_dict(), ensure_ascii=False).encode()
    stamp = str(int(time.time()))
    signature = hmac.digest(secret, f"{event.id}.{stamp}.".encode() + body, hashlib.sha256)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "samepic",
        "webhook-id": event.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(signature).decode()}",
    }
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    with closing(kind(url.hostname or "", url.port, timeout=_SECONDS)) as connection:
        try:
            path = url._replace(scheme="", netloc="", fragment="").geturl()
            connection.request("POST", path or "/", body, headers)
            status = connection.getresponse().status
        except (OSError, HTTPException) as error:
            found = reason_of(error) if isinstance(error, OSError) else type(error).__name__
            raise _UndeliveredError(f"{url.hostname}: expected an answer, found {found}") from error
    if not 200 <= status < 300:
        raise _UndeliveredError(f"{url.hostname}: expected a status of 200 to 299, found {status}")
