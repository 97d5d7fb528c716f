"""Gate and AsyncGate: check, admit, remove and settle, safe when copies arrive at once."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import re
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial, wraps
from itertools import islice
from pathlib import Path
from typing import Any, Concatenate, Final, ParamSpec, TypeVar

from samepic.decision import CheckedUpload, CodeHint, Decision, Likelihood
from samepic.errors import (
    FingerprintError,
    ProfileError,
    StoreError,
    StoreKeyError,
    UnavailableError,
    UnreadableError,
)
from samepic.fingerprints.fingerprint import Fingerprint
from samepic.fingerprints.pdq import forms_of
from samepic.gate.admission import Admission, Turn, current_decision, refused, settled_as_same
from samepic.gate.index import Index
from samepic.gate.options import KEY_LETTERS, GateOptions, GatePolicy, takes
from samepic.gate.verify import GateContext
from samepic.picture import Encoded, read
from samepic.sandbox.pool import Decoder, InProcess, Workers
from samepic.store import Replicas, open_store
from samepic.store.contract import LONGEST_LEASE, Store
from samepic.store.records import ListedPicture, Record, State
from samepic.tuning.search import GATE, SEARCH

CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""What new keys may not have in them: control characters, and what ends a line or a paragraph."""

_LIST_ROWS: Final = 1000  # that are read at a time

Parameters = ParamSpec("Parameters")
T = TypeVar("T")


def opened(options: GateOptions) -> tuple[Store, Decoder, Replicas, ExitStack]:
    """Return the store, the decoders and the standbys of a gate, and what closes those that were not open before."""
    store, workers, replicas = options.store, options.workers, options.replicas
    with ExitStack() as own:
        if not isinstance(replicas, Replicas):
            replicas = own.enter_context(closing(Replicas(replicas)))
        if isinstance(store, (str, os.PathLike)):
            store = own.enter_context(closing(open_store(os.fspath(store))))
        if isinstance(workers, int):
            workers = own.enter_context(closing(Workers(workers) if workers else InProcess()))
        return store, workers, replicas, own.pop_all()


class Gate:
    """A gate that lets no picture into a collection twice; its options are those of `GateOptions`.

    Every method may be called from any thread; any number of processes may share a store. All but `close` raise
    StoreError when the store cannot be reached, and may be called again then.
    """

    @takes(GateOptions)
    def __init__(self, options: GateOptions) -> None:
        self.tenant, self.limits = _checked("tenant", options.tenant, least=0), options.limits
        self.policy = GatePolicy.of(options.policy)
        if not 0 < options.lease <= LONGEST_LEASE:
            raise ProfileError(f"lease: expected 0 to {LONGEST_LEASE:g} seconds, found {options.lease!r}")
        profile = options.loaded_profile()
        store, workers, self._replicas, self._own = opened(options)
        self._store = store
        # Replicas have an index of their own: admit must not miss what a replica has not received.
        self._index, self._index_of_replicas = Index(self.tenant), Index(self.tenant)
        self._context = GateContext(
            store,
            self._index,
            workers,
            self.tenant,
            profile,
            options.opener(),
            options.copycode,
            options.lease,
        )

    @classmethod
    def of(cls, options: GateOptions) -> Gate:
        """Return the gate with these options."""
        return cls(**{one.name: getattr(options, one.name) for one in dataclasses.fields(options)})

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the stores and end the workers that this gate opened; may be called twice."""
        self._own.close()

    def check(
        self,
        source: object,
        *,
        policy: GatePolicy | Mapping[str, str] | None = None,
        replaces: Collection[str] = (),
    ) -> Decision:
        """Return what `admit` would decide on an upload now, and change nothing.

        With `replicas` it sees what the replica has received, which lags behind the store.

        `source` is a path, bytes or a binary file object; `replaces` is as for `admit`. Raises SourceError for anything
        else; a file that is not a usable image is refused, with the reason.
        """
        chosen = GatePolicy.of(policy, self.policy)
        for replaced in replaces:
            _checked("replaces", replaced)
        try:
            encoded = self._read(source)
            return self._read_from_replica(
                lambda context: Admission(context, "", encoded, chosen, replaces=replaces).check()
            )
        except UnreadableError as error:
            return refused(error)

    def check_many(
        self, sources: Iterable[object], *, policy: GatePolicy | Mapping[str, str] | None = None
    ) -> Iterator[CheckedUpload]:
        """Yield what `check` returns for each of several uploads, and what each is to those before it.

        A file that is not a usable image is refused and fails no other. Raises as `check`.
        """
        chosen, earlier = GatePolicy.of(policy, self.policy), list[object]()
        with closing(open_store(":memory:")) as store:
            # As `admit` would: it compares originals only where the gate has those of kept pictures.
            originals = (lambda key: earlier[int(key)]) if self._context.originals else None
            own = dataclasses.replace(
                self._context, store=store, index=Index(self.tenant), originals=originals
            )
            for place, source in enumerate(sources):
                earlier.append(source)
                try:
                    encoded = self._read(source)
                    if not isinstance(source, (str, os.PathLike)):
                        earlier[place] = encoded
                    admission, decision = self._read_from_replica(partial(_checked_by, encoded, chosen))
                except UnreadableError as error:
                    yield CheckedUpload(refused(error), None)
                    continue
                within = admission.elsewhere(own, str(place)).admit()
                found = dataclasses.replace(within, key="") if within.matches else None
                yield CheckedUpload(decision, found)

    def check_code(self, pdq: bytes, quality: int) -> CodeHint:
        """Return what the 32 bytes of a PDQ code, and its quality, 0 to 100, say of a picture before it is uploaded.

        Turned and mirrored copies are found too. Sees what `check` sees. Raises FingerprintError for another length.
        """
        if len(pdq) != 32:
            raise FingerprintError(f"pdq: expected 32 bytes, found {len(pdq)}")
        asked = Fingerprint("", "", forms_of(pdq), quality, 100, 0, 0, "")
        return self._read_from_replica(lambda context: _hint(context, asked))

    def admit(
        self,
        source: object,
        key: str,
        *,
        data: Mapping[str, Any] | None = None,
        policy: GatePolicy | Mapping[str, str] | None = None,
        replaces: Collection[str] = (),
        turn: Turn | None = None,
    ) -> Decision:
        """Store an upload under `key` unless it is a duplicate, in one step, safe against concurrent uploads.

        `source` is as for `check`; `data` is a JSON object to keep with it. Accepted and held for review, it is in the
        store; a duplicate or refused, it is not. `replaces` are keys of kept pictures whose place the upload takes:
        what it is to them decides nothing, and they stay until `remove`. The same key with the same bytes is a retry
        and gets the same answer. Of copies that are admitted at once the first that got a number is kept; `turn` is
        called for the context in which the upload gets its own, so that an import can make them take turns. Raises
        StoreKeyError for a key that holds another picture.
        """
        chosen = GatePolicy.of(policy, self.policy)
        for replaced in replaces:
            _checked("replaces", replaced)
        if CONTROLS.search(_checked("key", key)):
            expected = "a text without control characters and line ends"
            raise StoreKeyError(f"key: expected {expected}, found {key!r:.80}", field="key")
        stored = json.loads(json.dumps(dict(data or {}), allow_nan=False))
        try:
            upload = self._read(source)
            return Admission(self._context, key, upload, chosen, stored, replaces=replaces, turn=turn).admit()
        except UnreadableError as error:
            return refused(error, key)

    def _read_from_replica(self, work: Callable[[GateContext], T]) -> T:
        """Run a read on a replica, or on the store where none answers."""
        for replica, store in self._replicas.in_turn():
            try:
                return work(dataclasses.replace(self._context, store=store, index=self._index_of_replicas))
            except UnavailableError:
                raise  # no decoder was available
            except StoreError as error:
                replica.pass_over(error)
        return work(self._context)

    def _read(self, source: object) -> Encoded:
        encoded = source if isinstance(source, Encoded) else read(source, limits=self.limits)
        return encoded if encoded.name.startswith("<") else Encoded(Path(encoded.name).name, encoded.data)

    def remove(self, key: str) -> None:
        """Remove a picture, so that it may be uploaded again. Raises StoreKeyError for an unknown key."""
        if not self._store.remove(self.tenant, _checked("key", key)):
            raise StoreKeyError(f"{key!r}: expected the key of a kept picture, found one that is not there")

    def settle(self, key: str, other_key: str, *, same: bool) -> Decision:
        """Store a reviewer's decision on two kept pictures, and decide what was held because of them.

        A held picture that differs from all it was held for is accepted; one that is the same as a kept one is removed
        as its duplicate. Returns the current decision on `key`. Raises StoreKeyError for an unknown key, and for two
        pictures neither of which waits for the other nor was ever settled as the other.
        """
        picture, other = self._get_record(key), self._get_record(other_key)
        if picture.identity == other.identity:
            raise StoreKeyError(
                f"{key!r} and {other_key!r}: expected two pictures, found one and the same file"
            )
        recorded = any(
            match.key == two.key for one, two in ((picture, other), (other, picture)) for match in one.matches
        )
        if not recorded and other.identity not in self._store.settled(self.tenant, picture.identity):
            raise StoreKeyError(
                f"{other_key!r}: expected a picture that {key!r} was held for, found one without a match",
                field="other_key",
            )
        self._settle(picture, other, same=same)
        held = [record for record in (picture, other) if record.state is State.HELD]
        if not same:
            for record in held:  # accepted, unless some match is not settled yet
                settled = self._store.settled(self.tenant, record.identity)
                others = ((match, self._store.get(self.tenant, match.key)) for match in record.matches)
                left = [one for one, kept in others if kept and settled.get(kept.identity) is not False]
                self._store.accept_held(record.number, left)
        elif held:
            later = max(held, key=lambda record: record.number)
            self._store.remove(self.tenant, later.key)
            if later is picture:
                return settled_as_same(key, other_key)
        return current_decision(self._get_record(key))

    def invalid_keys(self) -> list[str]:
        """Return the keys that an older samepic took and `admit` refuses: those with control characters in them."""
        return [picture.key for picture in self.pictures() if CONTROLS.search(picture.key)]

    def unsettle(self, key: str) -> Decision:
        """Take back every decision of reviewers on a kept picture; what they decided stays, new uploads are compared.

        Returns the current decision on `key`. Raises StoreKeyError for an unknown key.
        """
        record = self._get_record(key)
        self._store.unsettle(self.tenant, record.identity, key)
        return current_decision(record)

    def accept(self, key: str) -> Decision:
        """Accept a held picture, as different from all it was held for. Raises StoreKeyError for an unknown key."""
        record = self._get_record(key)
        for match in record.matches:
            other = self._store.get(self.tenant, match.key)
            if other is not None:
                self._settle(record, other, same=False)
        if record.state is State.HELD:
            self._store.accept_held(record.number)
        return current_decision(self._get_record(key))

    def get(self, key: str) -> Record | None:
        """Return the record of a key, None where there is none."""
        try:
            return self._get_record(key)
        except StoreKeyError:
            return None

    def proxy(self, key: str) -> bytes:
        """Return the small picture (JPEG or WebP) of a key. Raises StoreKeyError for an unknown key."""
        return self._get_record(key).proxy

    def held(self, limit: int = 50, after: int = 0) -> list[Record]:
        """Return the pictures that wait for review, oldest first, with numbers above `after`."""
        return self._store.held(self.tenant, limit, after)

    def accepted(self, limit: int = 50, before: int | None = None) -> list[Record]:
        """Return the pictures that were accepted, newest first, with numbers below `before`."""
        return self._store.accepted(self.tenant, limit, 2**62 if before is None else before)

    def pictures(
        self, prefix: str = "", *, state: State | str | None = None, after: str = "", limit: int | None = None
    ) -> Iterator[ListedPicture]:
        """Yield up to `limit` kept pictures, "accepted" and "held" ones or those in one `state`.

        Their keys, in the order of their code points, begin with `prefix` and come after `after`, which need not be
        kept. They are read page by page: what changes meanwhile is listed or not, everything else once.
        """
        chosen, rows = State(state) if state else None, _LIST_ROWS if limit is None else limit
        after, prefix = _checked("after", after, least=0), _checked("prefix", prefix, least=0)
        while page := self._store.pictures(self.tenant, rows, after, prefix, chosen):
            yield from page
            if limit is not None or len(page) < rows:
                return
            after = page[-1].key

    def status(self) -> dict[str, Any]:
        """Return the store's name, how many pictures it has in each state, and what the index knows."""
        counts = self._store.counts(self.tenant)
        return {
            "store": self._store.name,
            "tenant": self.tenant,
            "accepted": counts[State.ACCEPTED],
            "held": counts[State.HELD],
            "pending": counts[State.PENDING],
            "indexed": len(self._index),
            "last_number": self._index.last,
        }

    def warm(self) -> None:
        """Load the index now instead of with the first upload."""
        self._index.catch_up(self._store)
        self._read_from_replica(lambda context: context.index.catch_up(context.store))

    def _settle(self, one: Record, two: Record, *, same: bool) -> None:
        self._store.settle(self.tenant, one.identity, two.identity, same=same, keys=(one.key, two.key))

    def _get_record(self, key: str) -> Record:
        record = self._store.get(self.tenant, _checked("key", key))
        if record is None:
            raise StoreKeyError(f"{key!r}: expected the key of a kept picture, found one that is not there")
        return record


def _checked_by(encoded: Encoded, policy: GatePolicy, context: GateContext) -> tuple[Admission, Decision]:
    admission = Admission(context, "", encoded, policy)
    return admission, admission.check()


def _hint(context: GateContext, asked: Fingerprint) -> CodeHint:
    store, tenant = context.store, context.tenant
    numbers = context.index.candidates(store, asked, None).near[: GATE.candidates]
    records = {record.number: record for record in store.fetch(tenant, numbers)}
    near = [records[number] for number in numbers if number in records]
    near = [record for record in near if record.state is not State.PENDING]
    since = store.now() - GATE.flooding_seconds
    kept = [record for record in near if store.refusals(tenant, record.number, since) < GATE.flooding]
    if not kept:
        return CodeHint(Likelihood.UNKNOWN if near or asked.is_weak else Likelihood.UNLIKELY)
    bits, _ = asked.nearest_form(dataclasses.replace(asked, pdq_forms=kept[0].pdq))
    known = Likelihood.LIKELY if bits <= SEARCH.band_radius else Likelihood.POSSIBLE
    return CodeHint(known, tuple(record.key for record in kept))


def _checked(what: str, text: str, least: int = 1) -> str:
    """Return a key or tenant that any store can hold; raise StoreKeyError for others."""
    if not isinstance(text, str) or not least <= len(text) <= KEY_LETTERS or "\0" in text:
        raise StoreKeyError(
            f"{what}: expected a text of {least} to {KEY_LETTERS} characters without NUL, found {text!r:.80}",
            field=what,
        )
    try:
        text.encode()
    except UnicodeEncodeError:
        raise StoreKeyError(
            f"{what}: expected a text that is Unicode, found {text!r:.80}", field=what
        ) from None
    return text


def _awaited(
    method: Callable[Concatenate[Gate, Parameters], T],
) -> Callable[Concatenate[AsyncGate, Parameters], Coroutine[Any, Any, T]]:
    """Return a method of the gate as one that is awaited, and runs in a thread."""

    @wraps(method)
    async def awaited(self: AsyncGate, /, *args: Parameters.args, **keywords: Parameters.kwargs) -> T:
        return await asyncio.to_thread(method, self.gate, *args, **keywords)

    return awaited


def _iterated(
    method: Callable[Concatenate[Gate, Parameters], Iterator[T]], count: int
) -> Callable[Concatenate[AsyncGate, Parameters], AsyncIterator[T]]:
    """Return a method of the gate that yields as one for `async for`; `count` values at a time come from a thread."""

    @wraps(method)
    async def iterated(
        self: AsyncGate, /, *args: Parameters.args, **keywords: Parameters.kwargs
    ) -> AsyncIterator[T]:
        found = method(self.gate, *args, **keywords)
        while values := await asyncio.to_thread(lambda: list(islice(found, count))):
            for value in values:
                yield value

    return iterated


class AsyncGate:
    """A `Gate` whose methods are awaited; arguments, answers and errors are those of `Gate`, which is its `gate`.

    Where the caller of `admit` is cancelled, the upload is decided anyway: retry with the same key.
    """

    @takes(Gate)
    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    async def __aenter__(self) -> AsyncGate:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    close = _awaited(Gate.close)
    check = _awaited(Gate.check)
    check_many = _iterated(Gate.check_many, 1)
    check_code = _awaited(Gate.check_code)
    admit = _awaited(Gate.admit)
    remove = _awaited(Gate.remove)
    settle = _awaited(Gate.settle)
    unsettle = _awaited(Gate.unsettle)
    invalid_keys = _awaited(Gate.invalid_keys)
    accept = _awaited(Gate.accept)
    get = _awaited(Gate.get)
    proxy = _awaited(Gate.proxy)
    held = _awaited(Gate.held)
    accepted = _awaited(Gate.accepted)
    pictures = _iterated(Gate.pictures, _LIST_ROWS)
    status = _awaited(Gate.status)
    warm = _awaited(Gate.warm)
