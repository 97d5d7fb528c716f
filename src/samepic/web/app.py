"""create_app: the service as an ASGI application."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from samepic.errors import SamepicError
from samepic.web.doorway import Doorway
from samepic.web.problems import Problem, problem_of
from samepic.web.routes import routes
from samepic.web.service import Service
from samepic.web.settings import Settings

__all__ = ["create_app"]

_log = logging.getLogger("samepic.web")


def create_app(settings: Settings) -> Starlette:
    """Return the application: it opens the store when it starts, and closes it when it ends.

    Raises ProfileError for a policy or profile that makes no sense.
    """
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.start()
        watching = asyncio.create_task(_watch(settings.parent)) if settings.parent else None
        try:
            yield
        finally:
            if watching:
                watching.cancel()
            # Whoever waits for a thread of these holds an answer that somebody waits for.
            await anyio.to_thread.run_sync(service.close)

    app = Starlette(
        routes=routes(service),
        lifespan=lifespan,
        middleware=[Middleware(Doorway, service)],
        exception_handlers={Problem: _told, SamepicError: _told, HTTPException: _told},
    )
    app.router.redirect_slashes = False
    return app


async def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return error.response()
    assert isinstance(error, (SamepicError, HTTPException))
    problem = problem_of(error)
    if problem.status >= 500:
        # What names the store is for the log, and not for whoever asks.
        _log.error("%s", error, extra={"told": {"id": request.scope["samepic"]["id"]}})
    return problem.response()


async def _watch(parent: int) -> None:
    """Stop this process when the one that started it is gone, killed so that it could not tell."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    signal.raise_signal(signal.SIGTERM)
