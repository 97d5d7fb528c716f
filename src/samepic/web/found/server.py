"""serve_found: one review on this machine alone, until the person is done."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from samepic.collection.decided import Decided
from samepic.web.found.app import found_app
from samepic.web.found.desk import Desk
from samepic.web.found.door import ENTER, Door

__all__ = ["serve_found"]

_LOG = {"version": 1, "disable_existing_loggers": False}


def serve_found(
    decided: Decided, journal: Callable[[], Path], told: Callable[[str], None], *, port: int = 0
) -> Desk:
    """Serve a review on 127.0.0.1 until the person finishes it, or SIGINT or SIGTERM comes; return what was done.

    `journal` names a new file whenever a run begins, `told` is given the address once it can be opened: it lets one
    browser in. Raises OSError where `port` is taken, KeyboardInterrupt after SIGINT.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        desk, door = Desk(decided, journal), Door()

        def finish() -> None:
            server.should_exit = True

        app = found_app(desk, door, finish)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=_LOG, access_log=False, server_header=False, ws="none", lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        told(f"http://127.0.0.1:{listener.getsockname()[1]}{ENTER}?word={door.word}")
        try:
            server.run(sockets=[listener])
        finally:
            desk.stop()
        return desk
    finally:
        listener.close()
