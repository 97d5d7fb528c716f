"""gate: the gate of the site, opened when it is first asked for, once a process and tenant."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from django.core.signals import setting_changed

from samepic.contrib.django import keys, reservation
from samepic.contrib.django.settings import Settings, current
from samepic.profiles.contrib import CONTRIB

if TYPE_CHECKING:
    from samepic.gate.engine import Engine
    from samepic.gate.gate import Gate
    from samepic.store.protocol import Store
    from samepic.store.replicas import Replicas

__all__ = ["close", "gate", "listen"]

_lock = threading.RLock()
_shared: list[tuple[Settings, Store, Engine, Replicas]] = []
_gates: OrderedDict[str, Gate] = OrderedDict()


def gate(tenant: str | None = None) -> Gate:
    """Return the gate of a tenant, by default that of SAMEPIC["TENANT"].

    What a rollback of this process gave back is out by then. Raises ImproperlyConfigured where SAMEPIC is wrong,
    StoreError where the store cannot be opened, and MissingPartError where its driver is not installed.
    """
    from samepic.gate.gate import Gate

    reservation.wait()
    with _lock:
        settings, store, engine, replicas = _opened()
        name = settings.tenant if tenant is None else tenant
        if name not in _gates:
            _gates[name] = Gate(
                store,
                tenant=name,
                policy=settings.gate_policy,
                profile=settings.profile,
                originals=keys.original if settings.originals else None,
                workers=engine,
                copycode=settings.copycode,
                replicas=replicas,
            )
        _gates.move_to_end(name)
        while len(_gates) > CONTRIB.tenants:
            _gates.popitem(last=False)
        return _gates[name]


def close() -> None:
    """Close the store and end the workers; the next question opens them anew."""
    reservation.wait()
    with _lock:
        _gates.clear()
        while _shared:
            _, store, engine, replicas = _shared.pop()
            store.close()
            replicas.close()
            engine.close()


def listen() -> None:
    """Begin anew whenever a test overrides the settings."""
    setting_changed.connect(_changed, dispatch_uid="samepic gates")


def _opened() -> tuple[Settings, Store, Engine, Replicas]:
    from samepic.gate.engine import InProcess
    from samepic.gate.workers import Workers
    from samepic.store.opening import open_store
    from samepic.store.replicas import Replicas

    if not _shared:
        settings = current()
        store = open_store(settings.store)
        engine = Workers(settings.workers) if settings.workers else InProcess()
        _shared.append((settings, store, engine, Replicas(settings.replicas)))
    return _shared[0]


def _changed(*, setting: str, **_: object) -> None:
    if setting == "SAMEPIC":
        close()
