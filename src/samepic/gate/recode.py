"""Recode: the copy codes of a store, made again from its proxies where they are of other fingerprints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

from samepic.errors import UnreadableError
from samepic.sandbox.pool import Decoder
from samepic.store.contract import CodedPicture, Store
from samepic.writing import reason_of

_AT_ONCE = 200  # pictures that are committed together


class RecodeFailure(NamedTuple):
    """A kept picture whose proxy could not be decoded, and why."""

    tenant: str
    key: str
    error: str


class RecodeResult(NamedTuple):
    """How many copy codes were replaced, and which could not be."""

    replaced: int
    failed: tuple[RecodeFailure, ...]


def recode(
    store: Store, decoder: Decoder, jobs: int, progress: Callable[[int, int], None] | None = None
) -> RecodeResult:
    """Replace every copy code that is of other fingerprints by that of the proxy, some hundred in one transaction.

    Gates may use the store meanwhile, and who is stopped goes on from there the next time. `jobs` proxies are decoded
    at once; `progress` is called with how many pictures were looked at, of how many. Raises StoreError, and
    UnavailableError where nothing decodes.
    """
    replaced, failed, done, total = 0, list[RecodeFailure](), 0, store.count_outdated()
    with ThreadPoolExecutor(jobs, "samepic-recode") as pool:
        for tenant, pictures in _pages(store):
            proxies = store.proxies([picture.number for picture in pictures])
            kept = [picture for picture in pictures if picture.number in proxies]
            found = list(pool.map(partial(_coded, decoder, proxies), kept))
            pairs = list(zip(kept, found, strict=True))
            codes = {picture.number: code for picture, code in pairs if isinstance(code, bytes)}
            failed += [
                RecodeFailure(tenant, picture.key, why) for picture, why in pairs if isinstance(why, str)
            ]
            replaced += store.recode(tenant, codes)
            done += len(pictures)
            if progress is not None:
                progress(done, max(done, total))
    return RecodeResult(replaced, tuple(failed))


def _pages(store: Store) -> Iterator[tuple[str, list[CodedPicture]]]:
    for tenant in store.tenants():
        after = 0
        while pictures := store.outdated(tenant, after, _AT_ONCE):
            yield tenant, pictures
            after = pictures[-1].number


def _coded(decoder: Decoder, proxies: Mapping[int, bytes], picture: CodedPicture) -> bytes | str:
    """Return the copy code of a picture by its proxy, or why there is none."""
    try:
        return decoder.recode(proxies[picture.number], picture.key, picture.frames)
    except UnreadableError as error:
        return reason_of(error)
