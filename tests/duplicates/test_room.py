"""Room: threads share memory, and whoever waits for it holds none."""

from __future__ import annotations

import threading

from samepic.duplicates.scan import MemoryBudget


def test_one_that_asks_for_more_than_is_free_lets_go_and_waits() -> None:
    memory = MemoryBudget(100)
    events: list[str] = []
    waiting = threading.Event()

    def let_go() -> None:
        events.append("let go")
        waiting.set()

    def second() -> None:
        with memory.reserve(60, let_go):
            events.append("second")

    thread = threading.Thread(target=second)
    with memory.reserve(60, lambda: events.append("never")):
        thread.start()
        assert waiting.wait(60)
        events.append("first done")
    thread.join(60)
    assert events == ["let go", "first done", "second"]


def test_those_that_fit_beside_each_other_do_not_wait() -> None:
    memory = MemoryBudget(100)
    events: list[str] = []
    with (
        memory.reserve(50, lambda: events.append("waited")),
        memory.reserve(50, lambda: events.append("waited")),
    ):
        pass
    assert events == []


def test_more_than_there_is_gets_all_there_is_and_gives_it_back_after_an_error() -> None:
    memory = MemoryBudget(100)
    for _ in range(2):
        try:
            with memory.reserve(1000):
                raise ZeroDivisionError
        except ZeroDivisionError:
            continue
    with memory.reserve(100):
        pass
