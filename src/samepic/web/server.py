"""serve: the application on uvicorn, in one process or several."""

from __future__ import annotations

import copy
import os
import signal
import socket
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import uvicorn
from uvicorn.supervisors.multiprocess import Multiprocess

from samepic.profiles.service import SERVICE
from samepic.web.app import create_app
from samepic.web.connection import Connection
from samepic.web.logs import CONFIG
from samepic.web.metrics import FOLDER
from samepic.web.settings import Settings

__all__ = ["bound", "serve"]


def bound(settings: Settings) -> socket.socket:
    """Return a socket that is bound where `settings` say, and takes connections. Raises OSError with the address."""
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, settings.port))
        made.listen(SERVICE.backlog)
    except OSError as error:
        made.close()
        raise OSError(
            error.errno, error.strerror or str(error), f"{settings.host}:{settings.port}"
        ) from error
    made.set_inheritable(True)
    return made


def serve(settings: Settings, listener: socket.socket, told: Callable[[], None]) -> None:
    """Serve until SIGTERM or SIGINT: running requests then have `SERVICE.stop_seconds` to finish.

    `told` is called once everything is set up and connections are taken. Raises KeyboardInterrupt after SIGINT.
    """
    stopped: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    try:
        if settings.processes > 1:
            _serve_many(settings, listener, told)
        else:
            told()
            uvicorn.Server(_config(settings)).run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
        listener.close()


def _serve_many(settings: Settings, listener: socket.socket, told: Callable[[], None]) -> None:
    with tempfile.TemporaryDirectory(prefix="samepic-metrics-") as folder:
        os.environ[FOLDER] = folder
        config = _config(replace(settings, parent=os.getpid()))
        config.configure_logging()
        supervisor = Multiprocess(config, sockets=[listener])
        told()
        supervisor.run()


def _config(settings: Settings) -> uvicorn.Config:
    log: dict[str, Any] = copy.deepcopy(CONFIG)
    return uvicorn.Config(
        partial(create_app, settings),
        factory=True,
        http=Connection,
        ws="none",
        lifespan="on",
        log_config=log,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        workers=settings.processes,
        timeout_keep_alive=SERVICE.idle_seconds,
        timeout_graceful_shutdown=SERVICE.stop_seconds,
        timeout_worker_healthcheck=SERVICE.hung_seconds,
    )
