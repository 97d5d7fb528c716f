"""Recode: the copy codes of a store, made again from its proxies where they are of other fingerprints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from samepic.errors import UnreadableError
from samepic.sandbox.pool import Decoder
from samepic.store.contract import CodedPicture, Store

_AT_ONCE = 200  # pictures that are committed together


class RecodeResult(NamedTuple):
    """How many copy codes were replaced, and the numbers of the pictures whose proxies could not be decoded."""

    replaced: int
    failed: tuple[int, ...]


def recode(
    store: Store, decoder: Decoder, jobs: int, progress: Callable[[int], None] | None = None
) -> RecodeResult:
    """Replace every copy code that is of other fingerprints by that of the proxy, some hundred in one transaction.

    Gates may use the store meanwhile, and who is stopped goes on from there the next time. `progress` is called with
    the number of pictures that were looked at. Raises StoreError, and UnavailableError where nothing decodes.
    """
    replaced, failed, done = 0, list[int](), 0
    with ThreadPoolExecutor(jobs, "samepic-recode") as pool:
        for tenant, pictures in _pages(store):
            proxies = store.proxies([number for number, _ in pictures])
            kept = [picture for picture in pictures if picture.number in proxies]
            codes = dict(pool.map(lambda one, proxy: _coded(decoder, one, proxy), kept, proxies.values()))
            replaced += store.recode(tenant, {number: code for number, code in codes.items() if code})
            failed += [number for number, code in codes.items() if not code]
            done += len(pictures)
            if progress is not None:
                progress(done)
    return RecodeResult(replaced, tuple(failed))


def _pages(store: Store) -> Iterator[tuple[str, list[CodedPicture]]]:
    for tenant in store.tenants():
        after = 0
        while pictures := store.outdated(tenant, after, _AT_ONCE):
            yield tenant, pictures
            after = pictures[-1].number


def _coded(decoder: Decoder, picture: CodedPicture, proxy: bytes) -> tuple[int, bytes]:
    """Return the number of a picture and its copy code, b"" where its proxy cannot be decoded."""
    try:
        return picture.number, decoder.recode(proxy, f"picture {picture.number}", picture.frames)
    except UnreadableError:
        return picture.number, b""
