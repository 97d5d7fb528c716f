"""Ask the gate about an upload, and take it in for as long as its transaction may still be rolled back."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from django.core.files import File
from django.db import transaction

from samepic.contrib.common import past_orphans
from samepic.contrib.django import keys
from samepic.contrib.django.gates import gate
from samepic.contrib.django.refusal import PictureRefusedError
from samepic.contrib.django.reservation import Reservation
from samepic.contrib.django.settings import current
from samepic.errors import StoreError, StoreKeyError
from samepic.verdict import Decision, Outcome

__all__ = ["Change", "admit", "examine", "leaving", "read"]

_log = logging.getLogger("samepic.contrib")


class Change:
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
            try:
                if not keys.shown(key):
                    gate(self.tenant).remove(key)
            except StoreKeyError:
                _log.debug("%s: was out of the gate already", key)
            except StoreError as error:
                # The commit is done, and the request with it; the picture refuses nothing for long.
                _log.warning("%s: stays in the gate until it is found to be shown nowhere: %s", key, error)
        if self._then is not None:
            self._then()

    def after_failure(self) -> None:
        """Do what a `save` that broke off outside of transactions asks for: its row may be there all the same."""
        if self._keep is not None and keys.shown(self._keep.key):
            self()
        elif self._keep is not None:
            self._keep.withdraw()


def leaving(using: str) -> set[str]:
    """Return the keys that leave the gate once the transaction under way is committed."""
    waiting = transaction.get_connection(using).run_on_commit
    return {key for _, change, *_ in waiting if isinstance(change, Change) for key in change.drop}


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
) -> Decision:
    """Return what the gate says of an upload now. Raises PictureRefusedError for what it would not take."""
    at = gate(tenant)
    return _asked(lambda: at.check(data, policy=policy, replaces=replaces), tenant)


def admit(
    data: bytes,
    key: str,
    tenant: str | None = None,
    policy: Mapping[str, str] | None = None,
    replaces: Collection[str] = (),
) -> tuple[Decision, Reservation]:
    """Take an upload in under `key` until the reservation is kept or ends. Raises PictureRefusedError."""
    at = gate(tenant)

    def ask() -> Decision:
        return at.admit(data, key, policy=policy, replaces=replaces)

    try:
        decision = _asked(ask, tenant)
    except StoreKeyError:
        # The storage gave the name of another file anew, which is gone by now: so is its picture.
        with suppress(StoreKeyError):
            at.remove(key)
        decision = _asked(ask, tenant)
    return decision, Reservation(at, key)


def _asked(ask: Callable[[], Decision], tenant: str | None) -> Decision:
    decision = past_orphans(gate(tenant), ask, keys.shown, current().orphan_seconds)
    if decision.outcome in (Outcome.DUPLICATE, Outcome.REFUSED):
        raise PictureRefusedError.of(decision)
    return decision
