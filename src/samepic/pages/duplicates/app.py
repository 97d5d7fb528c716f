"""The ASGI application for the review of duplicates, served on this machine until the user finishes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.cleanup.decisions import Decisions, Mark
from samepic.cleanup.plan import CleanupAction, files_of
from samepic.errors import UnreadableError
from samepic.pages.duplicates import views
from samepic.pages.duplicates.guard import ENTER, BrowserGuard, GuardedRequest
from samepic.pages.duplicates.session import RequestedCleanup, ReviewSession
from samepic.pages.html import el, page, static
from samepic.service.problems import HttpProblem, Json, media_type
from samepic.writing import printable

Result = TypeVar("Result")
_SCRIPTS, _STYLES = ("duplicates.js",), ("duplicates.css",)
_THREADS = 2  # thumbnails to make at once
_FINISH_SECONDS = 1.5  # how long the last page is served

_MISSING_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200" viewBox="0 0 320 200">'
    '<rect width="320" height="200" fill="#8884"/>'
    '<path d="M130 75l60 50m0-50l-60 50" stroke="#888" stroke-width="6" stroke-linecap="round"/></svg>'
)


def duplicates_app(session: ReviewSession, guard: BrowserGuard, finish: Callable[[], None]) -> Starlette:
    """Return the application; `finish` is called once the user is done."""
    pages = _ReviewPages(session, finish)
    app = Starlette(
        routes=[
            guard.enter(),
            Route("/ui/static/{name}", static, methods=["GET"]),
            guard.route("GET", "/", pages.groups, is_page=True),
            guard.route("GET", "/open", pages.first_undecided),
            guard.route("GET", "/thumb/{index:int}/{file:int}", pages.thumbnail),
            guard.route("GET", "/look", pages.comparison, is_page=True),
            guard.route("GET", "/look/{index:int}/{file:int}", pages.comparison_json),
            guard.route("GET", "/look/{index:int}/{file:int}/{name}", pages.comparison_picture),
            guard.route("POST", "/mark", pages.mark),
            guard.route("POST", "/accept", pages.accept),
            guard.route("POST", "/rest", pages.accept_rest),
            guard.route("POST", "/undo", pages.undo),
            guard.route("GET", "/plan", pages.plan, is_page=True),
            guard.route("POST", "/act", pages.start_run, is_page=True),
            guard.route("POST", "/back", pages.start_undo, is_page=True),
            guard.route("GET", "/run", pages.run, is_page=True),
            guard.route("GET", "/run/far", pages.run_progress),
            guard.route("POST", "/finish", pages.finish, is_page=True),
        ],
        exception_handlers={HttpProblem: _handle_problem},
    )
    app.router.redirect_slashes = False
    return app


async def _handle_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)
    return error.response()


class _ReviewPages:
    """The handlers of all addresses, which stand in `duplicates_app`."""

    def __init__(self, session: ReviewSession, finish: Callable[[], None]) -> None:
        self._session, self._decisions, self._finish = session, session.decisions, finish
        self._pool = ThreadPoolExecutor(_THREADS, "samepic-thumbnails")

    async def groups(self, guarded: GuardedRequest) -> Response:
        text = guarded.request.query_params.get("page", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
        content = views.groups_page(self._decisions, min(max(number, 1), views.page_count(self._decisions)))
        return page("Duplicates", content, frame=guarded.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def first_undecided(self, guarded: GuardedRequest) -> Response:
        index = self._decisions.next_open(-1)
        return RedirectResponse(
            f"/?page={views.page_of(index)}#g{index}" if index is not None else "/plan", 303
        )

    async def thumbnail(self, guarded: GuardedRequest) -> Response:
        """Return the thumbnail of a file, or a placeholder if it cannot be read."""
        index, file = self._path_indexes(guarded)
        try:
            data = await self._in_thread(lambda: self._session.thumbnail(index, file))
        except UnreadableError:
            return Response(_MISSING_PICTURE, media_type="image/svg+xml")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def comparison(self, guarded: GuardedRequest) -> Response:
        params = guarded.request.query_params
        index, file = self._indexes(params.get("group", ""), params.get("file", ""))
        content = views.comparison_page(self._decisions, index, file)
        return page(
            "Compare", content, frame=guarded.frame, scripts=("duplicates_compare.js",), styles=_STYLES
        )

    async def comparison_json(self, guarded: GuardedRequest) -> Response:
        index, file = self._path_indexes(guarded)
        try:
            compared = await self._in_thread(lambda: views.compare_again(self._decisions, index, file))
        except UnreadableError as error:
            return Json({"error": f"{printable(error.name)}: {error.got}"})
        return Json(views.comparison_json(index, file, compared))

    async def comparison_picture(self, guarded: GuardedRequest) -> Response:
        index, file = self._path_indexes(guarded)
        name = guarded.request.path_params["name"]
        if name not in views.PICTURES:
            raise HttpProblem(404, "not_found", "no such picture")
        compared = await self._in_thread(lambda: views.compare_again(self._decisions, index, file))
        data: bytes = getattr(compared, name)
        return Response(data, media_type=media_type(data))

    async def mark(self, guarded: GuardedRequest) -> Response:
        index, file = self._indexes(guarded.fields.get("group"), guarded.fields.get("file"))
        try:
            mark = Mark(guarded.fields.get("mark", ""))
        except ValueError:
            raise HttpProblem.invalid("mark", f"one of {', '.join(Mark)}", "another") from None
        await self._in_thread(lambda: self._decisions.mark(index, file, mark))
        return self._group_response(index)

    async def accept(self, guarded: GuardedRequest) -> Response:
        index, _ = self._indexes(guarded.fields.get("group"), 0)
        await self._in_thread(lambda: self._decisions.accept(index))
        return self._group_response(index)

    async def accept_rest(self, guarded: GuardedRequest) -> Response:
        count = await self._in_thread(self._decisions.accept_rest)
        return Json({"count": count, "progress": views.progress_json(self._decisions)})

    async def undo(self, guarded: GuardedRequest) -> Response:
        index = await self._in_thread(self._decisions.undo)
        return Json({"group": None}) if index is None else self._group_response(index)

    async def plan(self, guarded: GuardedRequest) -> Response:
        request = _requested_cleanup(dict(parse_qsl(guarded.request.url.query, keep_blank_values=True)))
        if request.action is CleanupAction.MOVE and not request.move_to:
            request = RequestedCleanup(CleanupAction.TRASH)
        planned = await self._in_thread(lambda: self._session.plan(request))
        content = views.plan_page(self._decisions, planned, request, guarded.frame.csrf)
        return page("Plan", content, frame=guarded.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def start_run(self, guarded: GuardedRequest) -> Response:
        request, digest = _requested_cleanup(guarded.fields), str(guarded.fields.get("shown", ""))
        await self._in_thread(lambda: self._session.start_run(request, digest))
        return RedirectResponse("/run", 303)

    async def start_undo(self, guarded: GuardedRequest) -> Response:
        await self._in_thread(self._session.start_undo)
        return RedirectResponse("/run", 303)

    async def run(self, guarded: GuardedRequest) -> Response:
        if self._session.run is None:
            return RedirectResponse("/plan", 303)
        content = views.run_page(self._session.run, guarded.frame.csrf)
        return page("Clean up", content, frame=guarded.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def run_progress(self, guarded: GuardedRequest) -> Response:
        return Json(views.run_json(self._session.run) if self._session.run else {})

    async def finish(self, guarded: GuardedRequest) -> Response:
        # Later: this page still loads its styles.
        asyncio.get_running_loop().call_later(_FINISH_SECONDS, self._finish)
        text = el("p.lead", "You can close this page. Your decisions are saved.")
        return page("Finished", el("h1", "Finished"), text, frame=guarded.frame)

    def _path_indexes(self, guarded: GuardedRequest) -> tuple[int, int]:
        params = guarded.request.path_params
        return self._indexes(params["index"], params["file"])

    def _indexes(self, group: object, file: object) -> tuple[int, int]:
        """Return the index of a group and of a file in it. Raises HttpProblem if they do not exist."""
        try:
            index, place = int(str(group)), int(str(file))
        except ValueError:
            raise HttpProblem.invalid("group", "the numbers of a group and a file", "others") from None
        groups = self._decisions.groups
        if not 0 <= index < len(groups) or not 0 <= place < len(files_of(groups[index])):
            raise HttpProblem(404, "not_found", "no such group or file in this report")
        return index, place

    def _group_response(self, index: int) -> Response:
        state, group = self._decisions.state(index), self._decisions.groups[index]
        return Json(
            {
                "group": index,
                "page": views.page_of(index),
                "name": f"Group {group.number}, {printable(group.reference.path)}",
                "marks": [str(mark) for mark in state.marks],
                "decided": state.decided,
                "progress": views.progress_json(self._decisions),
            }
        )

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _requested_cleanup(fields: Mapping[str, Any]) -> RequestedCleanup:
    text = str(fields.get("action", CleanupAction.TRASH))
    if text not in (CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK):
        raise HttpProblem.invalid("action", "trash, move-to or hardlink", "another")
    action = CleanupAction(text)
    folder = str(fields.get("to", "")).strip() if action is CleanupAction.MOVE else ""
    return RequestedCleanup(action, str(Path(folder).expanduser()) if folder else "")


_LOG = {"version": 1, "disable_existing_loggers": False}


def serve_duplicates(
    decisions: Decisions, journal: Callable[[], Path], on_ready: Callable[[str], None], *, port: int = 0
) -> ReviewSession:
    """Serve a review on 127.0.0.1 until the user finishes it, or until SIGINT or SIGTERM; return its session.

    `journal` returns a new path for each run. `on_ready` is called with the address, which admits one browser. Raises
    OSError if `port` is in use, KeyboardInterrupt after SIGINT.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        session, guard = ReviewSession(decisions, journal), BrowserGuard()

        def finish() -> None:
            server.should_exit = True

        app = duplicates_app(session, guard, finish)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_config=_LOG, access_log=False, server_header=False, ws="none", lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        on_ready(f"http://127.0.0.1:{listener.getsockname()[1]}{ENTER}?word={guard.secret}")
        try:
            server.run(sockets=[listener])
        finally:
            session.stop()
        return session
    finally:
        listener.close()
