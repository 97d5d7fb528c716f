"""The report of screenshot tests, served on this machine for one browser, with buttons that write baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.routing import Route

from samepic.pages.duplicates.app import BrowserGuard, GuardedRequest, serve_guarded
from samepic.pages.html import static
from samepic.screens.pytest import report
from samepic.screens.pytest.report import Event
from samepic.service.problems import HttpProblem, Json

# The page has the rest of its policy in itself, as where no server sends it.
_HEADERS = {"Content-Security-Policy": "frame-ancestors 'none'; form-action 'none'; base-uri 'none'"}


def screenshots_app(
    output: Path, failures: Mapping[str, Event], root: Path, guard: BrowserGuard
) -> Starlette:
    """Return the application for a report in `output`; baselines are written below `root`."""
    open_failures, when = dict(failures), datetime.fromtimestamp(output.stat().st_mtime)

    async def show(guarded: GuardedRequest) -> Response:
        csrf = guarded.frame.csrf

        def text() -> str:
            return "".join(report.page(output, list(open_failures.values()), when, csrf=csrf))

        return Response(await run_in_threadpool(text), headers=_HEADERS, media_type="text/html")

    async def accept(guarded: GuardedRequest) -> Response:
        event = failures.get(str(guarded.fields.get("folder", "")))
        if event is None:
            raise HttpProblem(404, "not_found", "no such picture in this report")
        if event.folder in open_failures:
            await run_in_threadpool(report.accept, output, event, root)
            del open_failures[event.folder]
        return Json({"baseline": event.baseline})

    routes = [
        guard.enter(),
        Route("/ui/static/{name}", static, methods=["GET"]),
        guard.route("GET", "/", show, is_page=True),
        guard.route("POST", "/accept", accept),
    ]
    return Starlette(routes=routes)


def serve_screenshots(
    output: Path, failures: Mapping[str, Event], root: Path, on_ready: Callable[[str], None]
) -> None:
    """Serve a report until Ctrl-C; `on_ready` gets its address. Raises OSError, KeyboardInterrupt."""
    serve_guarded(lambda guard, _: screenshots_app(output, failures, root, guard), on_ready)
