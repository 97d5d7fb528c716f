"""The worker process itself: `python -m samepic.gate.worker_child`, started by a pool and by nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from samepic.gate.worker_answers import Protection
from samepic.gate.worker_guard import allow_cpu, ignore_signals, protect
from samepic.gate.worker_wire import framed, plain, read_frame, shown
from samepic.profiles import Limits

__all__ = ["main"]

_MOST = 1 << 40  # what the parent sends it has bounded already


def main() -> int:
    """Make ready, give up what is not needed, then answer one task after the other until the input ends."""
    ignore_signals()
    out = os.dup(1)
    os.dup2(2, 1)  # what is printed must not mix with answers
    try:
        setup, _ = read_frame(_from_parent, _MOST, 0)
    except EOFError:
        return 0
    limits = Limits(**setup["upload"])
    # What is loaded after this would have to be opened, and nothing can be.
    from samepic.gate.worker_warm import prove, warm

    warm()
    _silence()
    protection = protect(
        memory_bytes=setup["memory_bytes"],
        open_files=setup["open_files"],
        parent=setup["parent"],
        filtered=setup["filtered"],
    )
    try:
        prove()
    except Exception as error:  # noqa: BLE001  whatever it is, the parent decides what to do without
        _send(
            out,
            framed(
                {"failure": shown(f"cannot work with its protection: {type(error).__name__}: {error}", 400)}
            ),
        )
        return 1
    return _serve(out, setup, protection, limits)


def _serve(out: int, setup: Mapping[str, Any], protection: Protection, limits: Limits) -> int:
    from samepic.gate.worker_tasks import catalogued, compared, failed, prepared, screened, viewed

    _send(out, framed({"protection": plain(protection)}))
    while True:
        try:
            ask, bodies = read_frame(_from_parent, _MOST, _MOST)
        except EOFError:
            return 0
        allow_cpu(setup["cpu_seconds"])
        proxy = b""
        told: dict[str, object]
        try:
            if ask["task"] == "prepare":
                answer, proxy = prepared(bodies[0], ask, limits)
            elif ask["task"] == "catalogue":
                answer, proxy = catalogued(bodies[0], ask, limits)
            elif ask["task"] == "views":
                answer, proxy = viewed(bodies[0], bodies[1], ask, limits)
            elif ask["task"] == "screen":
                answer = screened(bodies, limits)
            else:
                answer = compared(bodies[0], bodies[1], ask, limits)
            told = {"answer": answer}
        except Exception as error:  # noqa: BLE001  whatever a decoder raises on a stranger's bytes is an answer
            name = ask["names"][0]
            told = {"error": plain(failed(error, name, setup["memory_bytes"]))}
            del error
        del bodies
        _send(out, framed({**told, "number": ask["number"]}, proxy))


def _from_parent(size: int) -> bytes:
    return os.read(0, min(size, 1 << 20))


def _send(out: int, pieces: list[bytes]) -> None:
    for piece in pieces:
        left = memoryview(piece)
        while left:
            left = left[os.write(out, left) :]


def _silence() -> None:
    """Let what decoders print go nowhere: the parent's log, where it went while nobody was heard, is not theirs."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(main())
