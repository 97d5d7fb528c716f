"""State: whether the service lives and is ready, its counts, and its description."""

from __future__ import annotations

from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from samepic.web.access import Caller
from samepic.web.asked import query
from samepic.web.metrics import TYPE
from samepic.web.openapi import description
from samepic.web.problems import Json
from samepic.web.service import Service

__all__ = ["health", "metrics", "openapi", "ready"]


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
