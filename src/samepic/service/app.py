"""The service as an ASGI application: every address, who may ask it, who answers, and whether all is well."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import Any, Final, NamedTuple

import anyio.to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.pages import browser, compare, review, status
from samepic.pages.browser import SIGN_IN, PageRoute, routes_of
from samepic.pages.html import static
from samepic.service import pictures, uploads
from samepic.service.auth import Caller, caller_of
from samepic.service.body import query
from samepic.service.middleware import RequestMiddleware, note
from samepic.service.observability import TYPE
from samepic.service.openapi import description
from samepic.service.problems import HttpProblem, Json, problem_of
from samepic.service.settings import ServiceSettings
from samepic.service.state import Service

__all__ = ["ENDPOINTS", "PAGES", "Endpoint", "create_app", "health", "metrics", "openapi", "ready", "routes"]

_REVIEW: Final = ("held", "settle", "proxy")

PAGES: Final = (
    PageRoute("GET", "/", "page-home", (), status.home, whole=True),
    PageRoute("GET", "/compare", "page-compare", ("compare",), compare.show, "Compare", whole=True),
    PageRoute("POST", "/ui/compare", "page-compare-files", ("compare",), compare.files),
    PageRoute("GET", "/ui/pair", "page-compare-kept", ("compare", "proxy"), compare.kept),
    PageRoute("GET", "/ui/picture", "page-picture", ("proxy",), compare.picture),
    PageRoute("GET", "/check", "page-check", ("check", "proxy"), compare.show_check, "Check", whole=True),
    PageRoute("POST", "/ui/check", "page-check-file", ("check", "proxy"), compare.file),
    PageRoute("POST", "/ui/against", "page-check-against", ("check", "proxy"), compare.against),
    PageRoute("GET", "/review", "page-review", _REVIEW, review.show, "Review", whole=True),
    PageRoute("POST", "/ui/review/next", "page-review-next", _REVIEW, review.following),
    PageRoute("POST", "/ui/review/say", "page-review-say", _REVIEW, review.say),
    PageRoute("POST", "/ui/review/take", "page-review-take", _REVIEW, review.take),
    PageRoute("POST", "/ui/review/undo", "page-review-undo", _REVIEW, review.undo),
    PageRoute("POST", "/ui/review/leave", "page-review-leave", _REVIEW, review.leave),
    PageRoute("GET", "/status", "page-status", ("status",), status.show, "Status", whole=True),
    PageRoute("GET", SIGN_IN, "page-enter", (), browser.ask, whole=True, open=True),
    PageRoute("POST", SIGN_IN, "page-enter", (), browser.enter, whole=True, open=True),
    PageRoute("POST", "/ui/leave", "page-leave", (), browser.leave, whole=True, open=True),
)


async def health(service: Service, request: Request, caller: Caller) -> Response:
    """Tell that the process answers."""
    query(request, ())
    return Json({"status": "ok"})


async def ready(service: Service, request: Request, caller: Caller) -> Response:
    """Tell that the store can be reached."""
    query(request, ())
    store = service.gates.store
    await service.quick(store.now)
    return Json({"status": "ready"})


async def metrics(service: Service, request: Request, caller: Caller) -> Response:
    """Give the counts."""
    query(request, ())
    text = await service.quick(service.metrics.text)
    return Response(text, headers={"Content-Type": TYPE})


async def openapi(service: Service, request: Request, caller: Caller) -> Response:
    """Give the description of the service."""
    query(request, ())
    return Json(_described(bool(service.settings.tokens)))


@cache
def _described(tokens: bool) -> dict[str, Any]:
    return description(tokens)


Handle = Callable[[Service, Request, Caller], Awaitable[Response]]

_NOBODY = Caller("", "", frozenset())


class Endpoint(NamedTuple):
    """One address: `name` is that of the operation; `right` what a token must allow, "" where anybody may ask."""

    method: str
    path: str
    name: str
    right: str
    handle: Handle


ENDPOINTS: Final = (
    Endpoint("POST", "/v1/compare", "compare", "compare", uploads.compare),
    Endpoint("POST", "/v1/check", "check", "check", uploads.check),
    Endpoint("POST", "/v1/admit", "admit", "admit", uploads.admit),
    Endpoint("GET", "/v1/pictures/{key:path}/proxy", "proxy", "proxy", pictures.proxy),
    Endpoint("DELETE", "/v1/pictures/{key:path}", "remove", "remove", pictures.remove),
    Endpoint("GET", "/v1/held", "held", "held", pictures.held),
    Endpoint("POST", "/v1/settle", "settle", "settle", pictures.settle),
    Endpoint("GET", "/v1/status", "status", "status", pictures.status),
    Endpoint("GET", "/v1/health", "health", "", health),
    Endpoint("GET", "/v1/ready", "ready", "", ready),
    Endpoint("GET", "/metrics", "metrics", "metrics", metrics),
    Endpoint("GET", "/openapi.json", "openapi", "", openapi),
)


def routes(service: Service) -> list[Route]:
    """Return the routes of the service, and those of its pages."""
    told = [
        Route(one.path, _endpoint(service, one), methods=[one.method], name=one.name) for one in ENDPOINTS
    ]
    return [
        *told,
        *routes_of(service, PAGES),
        Route("/ui/static/{name}", static, methods=["GET"], name="static"),
    ]


def _endpoint(service: Service, one: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        note(request.scope, operation=one.name)
        caller = _NOBODY
        if one.right:
            caller = caller_of(request, service.settings, one.right)
            note(request.scope, caller=caller.name, tenant=caller.tenant)
        return await one.handle(service, request, caller)

    return answer


_log = logging.getLogger("samepic.service")


def create_app(settings: ServiceSettings) -> Starlette:
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
        middleware=[Middleware(RequestMiddleware, service)],
        exception_handlers={HttpProblem: _told, SamepicError: _told, HTTPException: _told},
    )
    app.router.redirect_slashes = False
    return app


async def _told(request: Request, error: Exception) -> Response:
    if isinstance(error, HttpProblem):
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
