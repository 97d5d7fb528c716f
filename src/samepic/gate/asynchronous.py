"""AsyncGate: the gate for async frameworks; its work is done on threads."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from samepic.gate.engine import Engine
from samepic.gate.gate import Gate
from samepic.gate.parts import Originals
from samepic.gate.policy import GatePolicy
from samepic.profiles import LIMITS, Limits
from samepic.profiles.gate import GATE
from samepic.profiles.user import Profile
from samepic.store.protocol import Store
from samepic.store.record import Record
from samepic.store.replicas import Replicas
from samepic.verdict import Decision

__all__ = ["AsyncGate"]


class AsyncGate:
    """A `Gate` whose methods are awaited; arguments, answers and errors are those of `Gate`, which is its `gate`."""

    def __init__(
        self,
        store: str | os.PathLike[str] | Store,
        *,
        tenant: str = "",
        policy: GatePolicy | Mapping[str, str] | None = None,
        profile: Profile | str | os.PathLike[str] | None = None,
        originals: Originals | None = None,
        workers: Engine | int = 2,
        limits: Limits = LIMITS,
        copycode: bool = True,
        lease: float = GATE.lease_seconds,
        replicas: Replicas | Sequence[str] = (),
    ) -> None:
        self.gate = Gate(
            store,
            tenant=tenant,
            policy=policy,
            profile=profile,
            originals=originals,
            workers=workers,
            limits=limits,
            copycode=copycode,
            lease=lease,
            replicas=replicas,
        )

    async def __aenter__(self) -> AsyncGate:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the gate, as `Gate.close`."""
        await asyncio.to_thread(self.gate.close)

    async def check(
        self,
        source: object,
        *,
        policy: GatePolicy | Mapping[str, str] | None = None,
        replaces: Collection[str] = (),
    ) -> Decision:
        """Tell what `admit` would say now, as `Gate.check`."""
        return await asyncio.to_thread(self.gate.check, source, policy=policy, replaces=replaces)

    async def admit(
        self,
        source: object,
        key: str,
        *,
        data: Mapping[str, Any] | None = None,
        policy: GatePolicy | Mapping[str, str] | None = None,
        replaces: Collection[str] = (),
    ) -> Decision:
        """Take an upload in unless it is kept already, as `Gate.admit`.

        Where the caller is cancelled, the upload is decided on all the same: ask again with the same key.
        """
        return await asyncio.to_thread(
            self.gate.admit, source, key, data=data, policy=policy, replaces=replaces
        )

    async def remove(self, key: str) -> None:
        """Take a picture out, as `Gate.remove`."""
        await asyncio.to_thread(self.gate.remove, key)

    async def settle(self, key: str, other_key: str, *, same: bool) -> Decision:
        """Remember a reviewer's word, as `Gate.settle`."""
        return await asyncio.to_thread(self.gate.settle, key, other_key, same=same)

    async def accept(self, key: str) -> Decision:
        """Accept a held picture, as `Gate.accept`."""
        return await asyncio.to_thread(self.gate.accept, key)

    async def get(self, key: str) -> Record | None:
        """Return what is kept of a key, as `Gate.get`."""
        return await asyncio.to_thread(self.gate.get, key)

    async def proxy(self, key: str) -> bytes:
        """Return the small picture of a key, as `Gate.proxy`."""
        return await asyncio.to_thread(self.gate.proxy, key)

    async def held(self, limit: int = 50, after: int = 0) -> list[Record]:
        """Return the pictures that wait for review, as `Gate.held`."""
        return await asyncio.to_thread(self.gate.held, limit, after)

    async def status(self) -> dict[str, Any]:
        """Return how much is kept, as `Gate.status`."""
        return await asyncio.to_thread(self.gate.status)

    async def warm(self) -> None:
        """Read the index now, as `Gate.warm`."""
        await asyncio.to_thread(self.gate.warm)
