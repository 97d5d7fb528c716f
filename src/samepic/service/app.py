"""The ASGI application of the API: its addresses with their rights and handlers, and its health."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import anyio.to_thread
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samepic.errors import SamepicError
from samepic.service import pictures, uploads
from samepic.service.auth import Caller, authenticate
from samepic.service.body import query_params
from samepic.service.middleware import RequestMiddleware, add_log_fields
from samepic.service.openapi import description
from samepic.service.problems import HttpProblem, Json, file_response, language_of, to_problem
from samepic.service.settings import ServiceSettings
from samepic.service.state import Service


async def health(service: Service, request: Request, caller: Caller) -> Response:
    return Json({"status": "ok"})


async def ready(service: Service, request: Request, caller: Caller) -> Response:
    await service.try_store()
    return Json({"status": "ready"})


async def metrics(service: Service, request: Request, caller: Caller) -> Response:
    text = await service.run_light(service.metrics.text)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def openapi(service: Service, request: Request, caller: Caller) -> Response:
    return Response(_description(bool(service.settings.tokens)), media_type=Json.media_type)


@cache
def _description(tokens: bool) -> bytes:
    """Return the description as JSON. Made once: anyone may ask for it, and making it takes milliseconds."""
    return bytes(Json(description(ENDPOINTS, tokens=tokens)).body)


async def code_script(service: Service, request: Request, caller: Caller) -> Response:
    return file_response(request, _script(), "text/javascript")


_script = cache(Path(__file__).with_name("code.js").read_bytes)


Handler = Callable[[Service, Request, Caller], Awaitable[Response]]


class Endpoint(NamedTuple):
    """One address: its operation, the `right` that a token needs ("" for none), and whether there is a `query`."""

    method: str
    path: str
    name: str
    right: str
    handler: Handler
    query: bool = False


ENDPOINTS: Final = (
    Endpoint("POST", "/v1/compare", "compare", "compare", uploads.compare, query=True),
    Endpoint("POST", "/v1/check", "check", "check", uploads.check, query=True),
    Endpoint("POST", "/v1/check-batch", "check_batch", "check", uploads.check_batch, query=True),
    Endpoint("POST", "/v1/check-code", "check_code", "check", uploads.check_code),
    Endpoint("POST", "/v1/admit", "admit", "admit", uploads.admit, query=True),
    Endpoint("GET", "/v1/pictures", "list", "list", pictures.listed, query=True),
    Endpoint("GET", "/v1/pictures/{key:path}/proxy", "proxy", "proxy", pictures.proxy),
    Endpoint("DELETE", "/v1/pictures/{key:path}", "remove", "remove", pictures.remove),
    Endpoint("GET", "/v1/held", "held", "held", pictures.held, query=True),
    Endpoint("POST", "/v1/settle", "settle", "settle", pictures.settle),
    Endpoint("GET", "/v1/events", "events", "events", pictures.events, query=True),
    Endpoint("GET", "/v1/status", "status", "status", pictures.status),
    Endpoint("GET", "/v1/health", "health", "", health),
    Endpoint("GET", "/v1/ready", "ready", "", ready),
    Endpoint("GET", "/metrics", "metrics", "metrics", metrics),
    Endpoint("GET", "/openapi.json", "openapi", "", openapi),
    Endpoint("GET", "/v1/code.js", "code", "", code_script),
)


def _route(service: Service, endpoint: Endpoint) -> Route:
    async def answer(request: Request) -> Response:
        add_log_fields(request.scope, operation=endpoint.name)
        caller = Caller()
        if endpoint.right:
            caller = authenticate(request, service.settings, endpoint.right)
            add_log_fields(request.scope, caller=caller.name, tenant=caller.tenant)
        if not endpoint.query:
            query_params(request, ())
        return await endpoint.handler(service, request, caller)

    return Route(endpoint.path, answer, methods=[endpoint.method], name=endpoint.name)


_log = logging.getLogger("samepic.service")


def create_app(
    settings: ServiceSettings, pages: Callable[[Service], Sequence[Route]] = lambda service: ()
) -> Starlette:
    """Return the application, which opens and closes the store, with more routes of `pages`. Raises ProfileError."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        service.gates.start()
        watcher = asyncio.create_task(_watch(settings.parent)) if settings.parent else None
        try:
            yield
        finally:
            if watcher:
                watcher.cancel()
            # In a thread: the event loop still delivers the answers of running calls.
            await anyio.to_thread.run_sync(service.close)

    app = Starlette(
        routes=[*(_route(service, endpoint) for endpoint in ENDPOINTS), *pages(service)],
        lifespan=lifespan,
        middleware=[Middleware(RequestMiddleware, service)],
        exception_handlers=dict.fromkeys((HttpProblem, SamepicError, HTTPException), _handle_error),
    )
    app.router.redirect_slashes = False
    return app


async def _handle_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, (HttpProblem, SamepicError, HTTPException))
    problem = to_problem(error)
    if problem is not error and problem.status >= 500:
        # Only the log may name the store, not the response.
        _log.error("%s", error, extra={"fields": {"id": request.scope["samepic"]["id"]}})
    return problem.response(language_of(request))


async def _watch(parent: int) -> None:
    """Stop this process when its parent was killed and so could not stop it."""
    while os.getppid() == parent:
        await asyncio.sleep(1)
    signal.raise_signal(signal.SIGTERM)
