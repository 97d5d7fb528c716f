"""What both stores' connections promise to threads and to forked processes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

import pytest

from samepic.errors import StoreError
from samepic.store.connections import Connections


@pytest.fixture
def made() -> list[sqlite3.Connection]:
    """Return the connections that were made."""
    return []


@pytest.fixture
def pool(made: list[sqlite3.Connection]) -> Iterator[Connections[sqlite3.Connection]]:
    """Return a pool of connections to databases in memory."""

    def connect() -> sqlite3.Connection:
        made.append(sqlite3.connect(":memory:", check_same_thread=False))
        return made[-1]

    opened = Connections(
        "here", connect, broken=sqlite3.Error, expected="a store that works", is_alive=_answers
    )
    yield opened
    opened.close()
    for page in made:
        page.close()


def _answers(connection: sqlite3.Connection) -> bool:
    try:
        return bool(connection.execute("SELECT 1").fetchall())
    except sqlite3.Error:
        return False


def test_a_connection_is_used_again_but_by_one_at_a_time(
    pool: Connections[sqlite3.Connection], made: list[sqlite3.Connection]
) -> None:
    with pool.acquire() as page, pool.acquire() as other:
        assert page is not other
    with pool.acquire(), pool.acquire():
        assert len(made) == 2


def test_a_connection_that_broke_is_given_up_and_the_store_named(
    pool: Connections[sqlite3.Connection], made: list[sqlite3.Connection]
) -> None:
    with (
        pytest.raises(StoreError, match="here: expected a store that works, found no such table: x"),
        pool.acquire() as page,
    ):
        page.execute("SELECT * FROM x")
    with pool.acquire() as other:
        assert other is not page
    assert len(made) == 2


def test_an_error_of_the_caller_costs_no_connection(
    pool: Connections[sqlite3.Connection], made: list[sqlite3.Connection]
) -> None:
    with pytest.raises(KeyError), pool.acquire():
        raise KeyError
    with pool.acquire():
        assert len(made) == 1


def test_a_connection_that_died_while_idle_is_not_lent(
    pool: Connections[sqlite3.Connection], made: list[sqlite3.Connection]
) -> None:
    with pool.acquire():
        pass
    made[0].close()
    with pool.acquire() as page:
        assert _answers(page)


def test_what_is_lent_when_the_pool_closes_is_closed_when_it_comes_back(
    pool: Connections[sqlite3.Connection],
) -> None:
    with pool.acquire() as page:
        pool.close()
    assert not _answers(page)
    with pytest.raises(StoreError, match="closed"), pool.acquire():
        pass


def test_a_child_gets_connections_of_its_own_though_its_parent_forked_in_the_middle(
    pool: Connections[sqlite3.Connection], made: list[sqlite3.Connection]
) -> None:
    with pool.acquire():
        pass
    with pool._lock, pool.turn:
        child = os.fork()
        if child == 0:
            with pool.acquire() as page, pool.turn:
                own = page is not made[0] and _answers(page)
            os._exit(0 if own else 1)
    assert os.waitpid(child, 0)[1] == 0
    with pool.acquire() as page:
        assert page is made[0]
