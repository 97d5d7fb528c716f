"""Interrupts: whether a process that a test starts may be interrupted must not depend on who started the tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

__all__ = ["interrupts"]


@contextmanager
def interrupts(how: Literal["end", "are ignored"]) -> Iterator[None]:
    """Have SIGINT end the processes that are started meanwhile, or have them ignore it.

    A process inherits what its parent ignores, and under `nohup` and many CI runners that is SIGINT.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler if how == "end" else signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
