"""Codes that are read over several connections at once are those that are read one row after another."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import psycopg
import pytest

from samepic.errors import StoreError
from samepic.gate.index import Index
from samepic.store import postgres
from samepic.store.contract import CodesPage, Store
from samepic.store.postgres import NumberRange, PostgresStore, read_range
from samepic.store.records import State
from tests.kits.postgres import fresh_url
from tests.kits.records import record

pytestmark = pytest.mark.postgres

_FILLED = """
INSERT INTO codes SELECT CASE WHEN n % 7 = 0 THEN 'other' ELSE '' END, n * %s,
  CASE WHEN n % 31 = 0 THEN '' ELSE sha256(int8send(n)) END,
  CASE WHEN n % 5 = 0 THEN '' ELSE sha256(int8send(-n)) END,
  CASE WHEN n % 11 = 0 THEN 3 ELSE 100 END, CASE WHEN n % 13 = 0 THEN 3 ELSE 90 END
FROM generate_series(%s::bigint, %s::bigint) AS n
"""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[PostgresStore]:
    """Return an empty store that reads a few rows at a time on three threads."""
    monkeypatch.setattr(postgres, "LOAD_ROWS", 50)
    monkeypatch.setattr(postgres, "_LOAD_READERS", 3)
    with closing(PostgresStore(fresh_url())) as opened:
        yield opened


def fill(store: PostgresStore, first: int, last: int, step: int = 1) -> None:
    """Put codes in: of two tenants, weak ones, and some without a PDQ or a copy code."""
    with psycopg.connect(store._url) as connection:
        connection.execute(_FILLED.replace(" % ", " %% ").encode(), (step, first, last))


def whole(pieces: Iterable[CodesPage]) -> CodesPage:
    """Return pieces as one."""
    had = list(pieces)
    return CodesPage(
        had[-1].last if had else 0,
        np.concatenate([np.empty(0, np.int64), *(page.pdq_numbers for page in had)]),
        b"".join([page.pdq for page in had]),
        np.concatenate([np.empty(0, np.int64), *(page.copy_numbers for page in had)]),
        b"".join([page.copycodes for page in had]),
    )


def sequential(store: Store, tenant: str, after: int = 0) -> CodesPage:
    """Return what one connection reads, row by row: the oracle."""
    return whole(Store.all_codes(store, tenant, after))


def assert_equal(page: CodesPage, other: CodesPage) -> None:
    assert page.pdq_numbers.tolist() == other.pdq_numbers.tolist()
    assert page.copy_numbers.tolist() == other.copy_numbers.tolist()
    assert (page.last, page.pdq, page.copycodes) == (other.last, other.pdq, other.copycodes)


@pytest.mark.parametrize("tenant", ["", "other", "nobody"])
@pytest.mark.parametrize("after", [0, 777, 2999, 5000])
def test_all_codes_come_in_their_order_whatever_lies_between_them(
    store: PostgresStore, tenant: str, after: int
) -> None:
    """A crowd, a desert, and a crowd again."""
    fill(store, 1, 1500)
    fill(store, 16, 30, step=100)
    fill(store, 4000, 5000)
    assert_equal(whole(store.all_codes(tenant, after)), sequential(store, tenant, after))


def test_pieces_are_small_and_leave_nothing_behind(store: PostgresStore) -> None:
    fill(store, 1, 3000)
    pieces = store.all_codes("", 0)
    assert len(next(pieces).pdq_numbers) <= 50
    assert len(next(pieces).pdq_numbers) <= 50
    pieces.close()  # type: ignore[attr-defined]  # a caller may stop in the middle
    assert not [page for page in threading.enumerate() if page.name.startswith("samepic-load")]
    assert all(len(page.pdq_numbers) <= 50 for page in store.all_codes("", 0))


def test_rows_that_a_server_gives_in_another_order_are_put_in_order(store: PostgresStore) -> None:
    fill(store, 1, 60)
    expected = sequential(store, "")
    with store._reading() as run:
        reversed_rows = read_range(
            lambda sql, values: run(sql.replace("BY number", "BY number DESC"), values),
            "",
            NumberRange(0, 60),
            100,
        )
    assert reversed_rows.rest is None
    assert_equal(reversed_rows.codes, expected._replace(last=60))


def test_a_connection_that_breaks_off_is_told_and_what_was_read_is_not_read_again(
    store: PostgresStore,
) -> None:
    fill(store, 1, 3000)
    index, expected = Index(""), Index("")
    broken = closing(PostgresStore(store._url))
    with broken as failing:
        read = failing._page
        pages = iter(range(4))

        def page(tenant: str, span: NumberRange) -> object:
            if next(pages, None) is None:
                failing.close()
            return read(tenant, span)

        failing._page = page  # type: ignore[method-assign, assignment]
        with pytest.raises(StoreError, match="closed"):
            index.catch_up(failing)
    assert 0 < index.last < 3000
    index.catch_up(store)
    expected.catch_up(store)
    assert index._pdq._ids[: len(index)].tolist() == expected._pdq._ids[: len(expected)].tolist()


def known(index: Index) -> list[dict[int, bytes]]:
    """Return what an index holds, number by number."""
    return [
        {int(number): codes._words[row].tobytes() for row, number in enumerate(codes._ids[: len(codes)])}
        for codes in (index._pdq, index._copies)
    ]


def test_while_others_insert_and_remove_an_index_becomes_that_of_one_reader(store: PostgresStore) -> None:
    fill(store, 1, 2000)
    with psycopg.connect(store._url) as connection:
        connection.execute("ALTER TABLE pictures ALTER number RESTART WITH 2001")
    done = threading.Event()

    def write(who: int) -> None:
        with closing(PostgresStore(store._url)) as own:
            turn = 0
            while not done.is_set():
                key = f"{who}/{turn}"
                made = own.put_pending(record(key, copycode=b"c" * 32), 60)
                assert made is not None
                own.decide(made.number, State.ACCEPTED)
                if turn % 2:
                    own.remove("", f"{who}/{turn - turn % 3}")
                turn += 1

    untouched = set(sequential(store, "").pdq_numbers.tolist())
    with ThreadPoolExecutor(3) as pool:
        writing = [pool.submit(write, who) for who in range(3)]
        made = []
        try:
            for _ in range(12):
                made.append(Index(""))
                made[-1].catch_up(store)
                assert untouched <= known(made[-1])[0].keys()
        finally:
            done.set()
        for page in writing:
            page.result()
    oracle = Index("")
    with closing(PostgresStore(store._url)) as slow:
        slow.all_codes = lambda tenant, after: Store.all_codes(slow, tenant, after)  # type: ignore[method-assign]
        oracle.catch_up(slow)
    assert len(oracle) > len(untouched)
    for index in made:
        index.catch_up(store)
        assert known(index) == known(oracle)
