"""Admission of uploads in Django: the site's gate, keys of pictures, refusals, and reservations until the commit.

A key is "app.model.field/name of the file in its storage", for instance "gallery.photo.image/photos/cat.jpg". The name
is known before the row is written, no two files of a storage share it, and no column is needed to remember it.

Django reports commits, not rollbacks. But a rollback, of the whole or to a savepoint, drops the functions that were
to be called at the commit. So a reservation lives in such a function alone, and where it ends without having been kept,
its key goes out of the gate. It may end anywhere, in the middle of the gate's own work too; so its end only puts the
key on a queue, and a thread does the rest.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import lru_cache, partial
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.core.files import File
from django.core.signals import setting_changed
from django.db import models, router, transaction
from django.utils.html import format_html
from django.utils.translation import get_language

from samepic.contrib.common import past_orphans, problem
from samepic.contrib.django.settings import current
from samepic.decision import Decision, Outcome
from samepic.errors import StoreError, StoreKeyError
from samepic.gate.options import GateOptions
from samepic.messages import Message, Notice

if TYPE_CHECKING:
    from samepic.gate.gate import Gate

__all__ = [
    "GateChange", "PictureRefusedError", "Reservation", "admit", "answer_to", "close", "examine", "find", "gate",
    "key_of", "language", "leaving", "link_of", "listen", "original", "read", "showing", "shown", "wait",
]  # fmt: skip

_WITHDRAW_SECONDS: Final = 10.0  # how long the next request waits for a withdrawal after a rollback
_TENANTS: Final = 64  # tenants whose gates a process keeps open


def key_of(field: models.FileField, name: str) -> str:
    """Return the key of the file `name` of a model's field."""
    return f"{field.model._meta.label_lower}.{field.name}/{name}"


def original(key: str) -> bytes | None:
    """Return the file of a key from its storage, None where the key is none of this site's. Raises OSError."""
    field, name = _parsed(key)
    if field is None:
        return None
    try:
        with field.storage.open(name, "rb") as file:
            return bytes(file.read())
    except OSError:
        raise
    except Exception as error:  # each remote storage has errors of its own
        raise OSError(f"{name}: {error}") from error


def language() -> str:
    """Return the active language of the request."""
    return get_language() or "en"


def find(key: str) -> models.Model | None:
    """Return the first object that shows the picture of a key, None where there is none."""
    field, name = _parsed(key)
    return None if field is None else _showing(field, name).order_by("pk").first()


def showing(key: str) -> Iterator[models.Model]:
    """Yield the objects that show the picture of a key."""
    field, name = _parsed(key)
    if field is not None:
        yield from _showing(field, name).order_by("pk")


def shown(key: str) -> bool:
    """Tell whether any object shows the picture of a key; what is no key of this site counts as shown."""
    field, name = _parsed(key)
    return field is None or _showing(field, name).exists()


def link_of(found: models.Model | None) -> str | None:
    """Return the URL of an object as the site says it, None where it has none."""
    if found is None:
        return None
    link = current().called("link") or getattr(type(found), "get_absolute_url", None)
    url = None if link is None else link(found)
    return None if url is None else str(url)


def _showing(field: models.FileField, name: str) -> models.QuerySet:
    using = router.db_for_write(field.model)
    return field.model._base_manager.using(using).filter(**{field.attname: name})


def _parsed(key: str) -> tuple[models.FileField | None, str]:
    label, _, name = key.partition("/")
    parts = label.split(".")
    if len(parts) != 3 or not name:
        return None, name
    try:
        return apps.get_model(parts[0], parts[1])._meta.get_field(parts[2]), name
    except (LookupError, FieldDoesNotExist):
        return None, name


Own: TypeAlias = Callable[[models.Model], bool]
"""Says whether the object that shows a picture is the uploader's too."""


class PictureRefusedError(ValidationError):
    """An upload that is not taken: a duplicate, no sound picture, or too large.

    `status` is the HTTP status that says so (409, 422 or 413), `sentence` what the uploader reads, `url` where the
    picture is that is there already, `found` the object that shows it, `decision` what the gate said (None where it was
    not asked), `field` the name of the model's field. As a form's error it is the sentence with a link.
    """

    def __init__(
        self,
        sentence: str,
        code: str,
        status: int,
        *,
        decision: Decision | None = None,
        found: models.Model | None = None,
        url: str | None = None,
    ) -> None:
        label = Notice(Message.SEE).text(language())
        html = format_html('{} <a href="{}">{}</a>', sentence, url, label) if url else sentence
        super().__init__(html, code=code)
        self.sentence, self.status = sentence, status
        self.decision, self.found, self.url = decision, found, url
        self.field: str | None = None

    @classmethod
    def of(cls, decision: Decision, own: Own | None = None) -> PictureRefusedError:
        """Return the refusal that a gate decided on, in the site's own words where SAMEPIC["MESSAGE"] gives them.

        `own` says whether the object that shows the picture is the uploader's too.
        """
        found = find(decision.match.key) if decision.match else None
        url = link_of(found)
        message = current().called("message")
        if message is None:
            theirs = own is not None and found is not None and own(found)
            message_text = decision.message(language(), own=theirs)
        else:
            message_text = str(message(decision, found, url))
        if decision.outcome is Outcome.DUPLICATE:
            return cls(message_text, "duplicate", 409, decision=decision, found=found, url=url)
        return cls(message_text, "unreadable", 422, decision=decision)

    @classmethod
    def too_large(cls, limit: int) -> PictureRefusedError:
        return cls(Notice.too_large(limit).text(language()), "too-large", 413)

    def to_dict(self) -> dict[str, Any]:
        """Return the error for scripts, with the URL of the picture that is there already, or None."""
        detail, error = ("", None) if self.decision is None else (self.decision.detail, self.decision.error)
        values = problem(self.code, self.sentence, detail=detail, name=self.field or "", error=error)
        return {**values, "url": self.url}


def answer_to(error: PictureRefusedError | StoreError) -> tuple[int, dict[str, Any]]:
    """Return the status and the JSON object that answer an upload which is not taken."""
    if isinstance(error, StoreError):
        return 503, {
            "error": {**problem("unavailable", Notice(Message.UNAVAILABLE).text(language())), "url": None}
        }
    return error.status, {"error": error.to_dict()}


_log = logging.getLogger("samepic.contrib")
_Queue: TypeAlias = "SimpleQueue[tuple[Gate, str] | threading.Event]"


class Reservation:
    """A key that leaves the gate when this ends, unless it was kept before."""

    def __init__(self, gate: Gate, key: str) -> None:
        self.key = key
        self._end = weakref.finalize(self, _give_back, _withdrawals.queue(), os.getpid(), gate, key)
        self._end.atexit = False
        _withdrawals.open.add(self)

    def keep(self) -> None:
        """Leave the picture in the gate for good."""
        self._end.detach()

    def withdraw(self) -> None:
        # At the end of the process, where this is called too, finalizers do nothing any more.
        """Take the picture out again, unless it was kept."""
        left = self._end.detach()
        if left is not None:
            _, give_back, args, _ = left
            give_back(*args)


class _Withdrawals:
    """The queue of keys that were given back, and the thread that takes them out; one of each a process."""

    def __init__(self) -> None:
        self.begin_anew()

    def begin_anew(self) -> None:
        """Begin, and in a forked child forget what is the parent's."""
        self.open: weakref.WeakSet[Reservation] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._queue: _Queue | None = None

    def queue(self) -> _Queue:
        with self._lock:
            if self._queue is None:
                self._queue, name = SimpleQueue(), "samepic-withdrawals"
                threading.Thread(target=_work, args=(self._queue,), name=name, daemon=True).start()
            return self._queue

    def wait(self) -> None:
        """Wait until everything is out that was given back so far, for a bounded time."""
        queue = self._queue
        if queue is not None:
            done = threading.Event()
            queue.put(done)
            done.wait(_WITHDRAW_SECONDS)

    def finish(self) -> None:
        """Give back what no commit kept until the process ended."""
        for reservation in list(self.open):
            reservation.withdraw()
        self.wait()


def _give_back(queue: _Queue, process: int, gate: Gate, key: str) -> None:
    if os.getpid() == process:
        queue.put((gate, key))


def _work(queue: _Queue) -> None:
    while True:
        item = queue.get()
        if isinstance(item, threading.Event):
            item.set()
            continue
        gate, key = item
        with _removal(key):
            gate.remove(key)


@contextmanager
def _removal(key: str) -> Iterator[None]:
    """Log what fails: the commit is done, and the request with it; the picture refuses nothing for long."""
    try:
        yield
    except StoreKeyError:
        _log.debug("%s: was out of the gate already", key)
    except StoreError as error:
        _log.warning("%s: stays in the gate until it is found to be shown nowhere: %s", key, error)


_withdrawals = _Withdrawals()
wait = _withdrawals.wait
atexit.register(_withdrawals.finish)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_withdrawals.begin_anew)


_lock = threading.RLock()
_shared: list[tuple[GateOptions, ExitStack]] = []


def gate(tenant: str | None = None) -> Gate:
    """Return the gate of a tenant, by default that of SAMEPIC["TENANT"].

    What a rollback of this process gave back is out by then. Raises ImproperlyConfigured where SAMEPIC is wrong,
    StoreError where the store cannot be opened, and MissingPartError where its driver is not installed.
    """
    wait()
    with _lock:
        return _gate_of(_opened().tenant if tenant is None else tenant)


@lru_cache(_TENANTS)
def _gate_of(tenant: str) -> Gate:
    from samepic.gate.gate import Gate

    return Gate.of(replace(_opened(), tenant=tenant))


def close() -> None:
    """Close the store and end the workers; the next question opens them anew."""
    wait()
    with _lock:
        _gate_of.cache_clear()
        while _shared:
            _shared.pop()[1].close()


def listen() -> None:
    """Begin anew whenever a test overrides the settings."""
    setting_changed.connect(_changed, dispatch_uid="samepic gates")


def _opened() -> GateOptions:
    from samepic.gate.gate import opened

    if not _shared:
        settings = current()
        store, workers, replicas, own = opened(settings.options)
        opener = original if settings.originals else None
        options = replace(settings.options, store=store, workers=workers, replicas=replicas, originals=opener)
        _shared.append((options, own))
    return _shared[0][0]


def _changed(*, setting: str, **_: object) -> None:
    if setting == "SAMEPIC":
        close()


class GateChange:
    """What a transaction does to the gate once it is committed: keep one picture, take others out."""

    def __init__(
        self,
        tenant: str | None,
        keep: Reservation | None = None,
        drop: Collection[str] = (),
        then: Callable[[], object] | None = None,
    ) -> None:
        self.tenant, self.drop = tenant, frozenset(drop)
        self._keep, self._then = keep, then

    def __call__(self) -> None:
        if self._keep is not None:
            self._keep.keep()
        for key in self.drop:
            with _removal(key):
                if not shown(key):
                    gate(self.tenant).remove(key)
        if self._then is not None:
            self._then()

    def after_failure(self) -> None:
        """Do what a `save` that broke off outside of transactions asks for: its row may be there all the same."""
        if self._keep is not None and shown(self._keep.key):
            self()
        elif self._keep is not None:
            self._keep.withdraw()


def leaving(using: str) -> set[str]:
    """Return the keys that leave the gate once the transaction under way is committed."""
    waiting = transaction.get_connection(using).run_on_commit
    return {key for _, change, *_ in waiting if isinstance(change, GateChange) for key in change.drop}


def read(file: File) -> bytes:
    """Return the bytes of an upload, which stands at its beginning again. Raises PictureRefusedError for too many."""
    most = current().max_bytes
    if file.size > most:
        raise PictureRefusedError.too_large(most)
    file.seek(0)
    data = bytes(file.read())
    file.seek(0)
    return data


def examine(
    data: bytes,
    tenant: str | None = None,
    policy: Mapping[str, str] | None = None,
    replaces: Collection[str] = (),
    *,
    own: Own | None = None,
) -> Decision:
    """Return what the gate says of an upload now. Raises PictureRefusedError for what it would not take."""
    return _asked(partial(gate(tenant).check, data, policy=policy, replaces=replaces), tenant, own)


def admit(
    data: bytes,
    key: str,
    tenant: str | None = None,
    policy: Mapping[str, str] | None = None,
    replaces: Collection[str] = (),
    *,
    own: Own | None = None,
) -> tuple[Decision, Reservation]:
    """Take an upload in under `key` until the reservation is kept or ends. Raises PictureRefusedError."""
    at = gate(tenant)
    ask = partial(at.admit, data, key, policy=policy, replaces=replaces)
    try:
        decision = _asked(ask, tenant, own)
    except StoreKeyError:
        # The storage gave the name of another file anew, which is gone by now: so is its picture.
        with suppress(StoreKeyError):
            at.remove(key)
        decision = _asked(ask, tenant, own)
    return decision, Reservation(at, key)


def _asked(ask: Callable[[], Decision], tenant: str | None, own: Own | None) -> Decision:
    decision = past_orphans(gate(tenant), ask, shown, current().orphan_seconds)
    if decision.outcome in (Outcome.DUPLICATE, Outcome.REFUSED):
        raise PictureRefusedError.of(decision, own)
    return decision
