"""Routes: every address of the service, who may ask it, and who answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from samepic.web import pictures, state, uploads
from samepic.web.access import Caller, caller_of
from samepic.web.doorway import note
from samepic.web.pages.entry import routes_of
from samepic.web.pages.map import PAGES
from samepic.web.pages.static import static
from samepic.web.service import Service

__all__ = ["ENDPOINTS", "Endpoint", "routes"]

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
    Endpoint("GET", "/v1/health", "health", "", state.health),
    Endpoint("GET", "/v1/ready", "ready", "", state.ready),
    Endpoint("GET", "/metrics", "metrics", "metrics", state.metrics),
    Endpoint("GET", "/openapi.json", "openapi", "", state.openapi),
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
