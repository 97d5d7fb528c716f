"""The ASGI application for the review of duplicates, served on this machine until the user finishes.

It is for one browser, which opened the address with its secret, and for its own pages only.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from samepic.cleanup.decisions import Decisions, Mark
from samepic.cleanup.plan import CleanupAction, files_of
from samepic.errors import SamepicError, UnreadableError
from samepic.pages.duplicates import views
from samepic.pages.duplicates.session import RequestedCleanup, ReviewSession
from samepic.pages.html import STATIC, PageFrame, el, error_page, page, static
from samepic.service.auth import CSRF, BrowserSession, Sessions, host_of, require_own_page
from samepic.service.body import Budget, parse_form, parse_json_object, read_body
from samepic.service.problems import HEADERS, HttpProblem, Json, media_type, to_problem
from samepic.service.server import bind_socket
from samepic.service.settings import SERVICE, is_loopback
from samepic.writing import printable

ENTER = "/enter"
"""The address that takes the secret, once."""

_TOKEN_ID = "f" * 32
_FIELD_BYTES = 16 * 1024  # the largest body of a request


class GuardedRequest(NamedTuple):
    """A request of the admitted browser: the fields of its body, and the frame of the page."""

    request: Request
    fields: Mapping[str, Any]
    frame: PageFrame


Handler = Callable[[GuardedRequest], Awaitable[Response]]


class BrowserGuard:
    """Admits one browser: the first that sends `secret`."""

    def __init__(self) -> None:
        self.secret = secrets.token_urlsafe(24)
        self._sessions = Sessions(secrets.token_bytes(32))
        self._unused, self._lock = True, threading.Lock()

    def enter(self) -> Route:
        """Return the route that starts the session."""

        async def answer(request: Request) -> Response:
            if _is_foreign_host(request) or not self._admits(request):
                return _rejected()
            # A redirect would go on for the page that led here, and then bring no strict cookie along.
            blank = '<!doctype html><title>samepic</title><link rel="icon" href="/ui/static/icon.svg">'
            response = Response(blank, headers={**HEADERS, "Refresh": "0; url=/"}, media_type="text/html")
            if self._session(request) is None:
                self._sessions.set_cookie(request, response, self._sessions.start(_TOKEN_ID))
            return response

        return Route(ENTER, answer, methods=["GET"])

    def route(self, method: str, path: str, handler: Handler, *, is_page: bool = False) -> Route:
        """Return a route for the admitted browser only; with `is_page` errors are pages too."""

        async def answer(request: Request) -> Response:
            session = None if _is_foreign_host(request) else self._session(request)
            if session is None:
                return _rejected()
            frame = PageFrame(csrf=self._sessions.csrf_token(session))
            response: Response
            try:
                fields = await self._fields(request, session) if method == "POST" else {}
                response = await handler(GuardedRequest(request, fields, frame))
            except (HttpProblem, SamepicError) as error:
                problem = to_problem(error)
                response = problem.page_response()
                if is_page:
                    response = error_page(problem, frame, "Back to the groups")
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return Route(path, answer, methods=[method])

    def _admits(self, request: Request) -> bool:
        """Return whether the secret is sent for the first time, or again by the admitted browser."""
        secret = request.query_params.get("word", "")
        with self._lock:
            is_correct = hmac.compare_digest(secret.encode(), self.secret.encode())
            if not is_correct or not (self._unused or self._session(request)):
                return False
            self._unused = False
            return True

    def _session(self, request: Request) -> BrowserSession | None:
        session = self._sessions.read(request)
        return session if session and session.token_id == _TOKEN_ID else None

    async def _fields(self, request: Request, session: BrowserSession) -> dict[str, Any]:
        require_own_page(request)
        with Budget(_FIELD_BYTES, "uploads are in progress").share("") as share:
            body = await read_body(request, _FIELD_BYTES, share, SERVICE)
        if request.headers.get("content-type", "").startswith("application/json"):
            fields = parse_json_object(body or b"{}", "body")
        else:
            fields = parse_form(body)
        self._sessions.require_csrf(session, request.headers.get(CSRF) or str(fields.get("csrf", "")))
        return fields


def _is_foreign_host(request: Request) -> bool:
    """Return whether the request names another host: a site whose name was made to resolve to this machine."""
    return not is_loopback(host_of(request))


def _rejected() -> Response:
    content = el(
        "section.plain",
        el("h1", "Not this browser"),
        el("p", "This review is open in another browser."),
        el("p", "To open it here, stop samepic with Ctrl-C and start it again. Your decisions are saved."),
    )
    response = page("Not this browser", content, frame=PageFrame(), status=403)
    response.headers.update(HEADERS)
    return response


Result = TypeVar("Result")
_SCRIPTS, _STYLES = ("duplicates.js",), ("duplicates.css",)
_THREADS = 2  # thumbnails to make at once
_FINISH_SECONDS = 1.5  # how long the last page is served


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
            guard.route("POST", "/rule", pages.rule),
            guard.route("POST", "/undo", pages.undo),
            guard.route("GET", "/plan", pages.plan, is_page=True),
            guard.route("POST", "/act", pages.start_run, is_page=True),
            guard.route("POST", "/back", pages.start_undo, is_page=True),
            guard.route("GET", "/run", pages.run, is_page=True),
            guard.route("GET", "/run/far", pages.run_progress),
            guard.route("POST", "/finish", pages.finish, is_page=True),
        ]
    )
    app.router.redirect_slashes = False
    return app


class _ReviewPages:
    def __init__(self, session: ReviewSession, finish: Callable[[], None]) -> None:
        self._session, self._decisions, self._finish = session, session.decisions, finish
        self._pool = ThreadPoolExecutor(_THREADS, "samepic-thumbnails")

    async def groups(self, guarded: GuardedRequest) -> Response:
        text = guarded.request.query_params.get("page", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
        content = views.groups_page(self._decisions, min(max(number, 1), views.page_count(self._decisions)))
        return page("Duplicates", content, frame=guarded.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def first_undecided(self, guarded: GuardedRequest) -> Response:
        index = self._decisions.first_open()
        url = f"/?page={views.page_of(index)}#g{index}" if index is not None else "/plan"
        return RedirectResponse(url, 303)

    async def thumbnail(self, guarded: GuardedRequest) -> Response:
        index, file = self._path_indexes(guarded)
        try:
            data = await self._in_thread(lambda: self._session.thumbnail(index, file))
        except UnreadableError:
            return FileResponse(STATIC / "missing.svg")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def comparison(self, guarded: GuardedRequest) -> Response:
        params = guarded.request.query_params
        index, file = self._indexes(params.get("group", ""), params.get("file", ""))
        content = views.comparison_page(self._decisions, index, file)
        scripts = ("duplicates_compare.js",)
        return page("Compare", content, frame=guarded.frame, scripts=scripts, styles=_STYLES)

    async def comparison_json(self, guarded: GuardedRequest) -> Response:
        index, file = self._path_indexes(guarded)
        try:
            compared = await self._in_thread(lambda: views.compare_again(self._decisions, index, file))
        except UnreadableError as error:
            return Json({"error": f"{printable(error.name)}: {error.got}"})
        return Json(views.comparison_json(index, file, compared))

    async def comparison_picture(self, guarded: GuardedRequest) -> Response:
        index, file = self._path_indexes(guarded)
        compared = await self._in_thread(lambda: views.compare_again(self._decisions, index, file))
        data = compared.pictures().get(guarded.request.path_params["name"])
        if data is None:
            raise HttpProblem(404, "not_found", "no such picture")
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
        undone = await self._in_thread(self._decisions.undo)
        return self._group_response(undone[0], len(undone)) if undone else Json({"group": None})

    async def rule(self, guarded: GuardedRequest) -> Response:
        fields = {
            name: str(guarded.fields.get(name, "")).strip() for name in ("rule", "prefer", "over", "match")
        }
        is_applied = guarded.fields.get("apply") is True
        return Json(
            await self._in_thread(lambda: views.rule_json(self._decisions, **fields, apply=is_applied))
        )

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
        run = self._session.run
        return Json({"processed": run.done + len(run.skipped), "ended": run.ended} if run else {})

    async def finish(self, guarded: GuardedRequest) -> Response:
        # Later: this page still loads its styles.
        asyncio.get_running_loop().call_later(_FINISH_SECONDS, self._finish)
        text = el("p.lead", "You can close this page. Your decisions are saved.")
        return page("Finished", el("h1", "Finished"), text, frame=guarded.frame)

    def _path_indexes(self, guarded: GuardedRequest) -> tuple[int, int]:
        params = guarded.request.path_params
        return self._indexes(params["index"], params["file"])

    def _indexes(self, group: object, file: object) -> tuple[int, int]:
        try:
            index, place = int(str(group)), int(str(file))
        except ValueError:
            raise HttpProblem.invalid("group", "the numbers of a group and a file", "others") from None
        groups = self._decisions.groups
        if not 0 <= index < len(groups) or not 0 <= place < len(files_of(groups[index])):
            raise HttpProblem(404, "not_found", "no such group or file in this report")
        return index, place

    def _group_response(self, index: int, count: int = 1) -> Response:
        state, group = self._decisions.state(index), self._decisions.groups[index]
        return Json(
            {
                "group": index,
                "count": count,
                "page": views.page_of(index),
                "name": f"Group {index + 1}, {printable(group.reference.path)}",
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


def serve_duplicates(
    decisions: Decisions, journal: Callable[[], Path], on_ready: Callable[[str], None], *, port: int = 0
) -> ReviewSession:
    """Serve a review until it is finished; `on_ready` gets its address. Raises OSError, KeyboardInterrupt."""
    session = ReviewSession(decisions, journal)
    try:
        serve_guarded(lambda guard, finish: duplicates_app(session, guard, finish), on_ready, port=port)
    finally:
        session.stop()
    return session


def serve_guarded(
    make: Callable[[BrowserGuard, Callable[[], None]], Starlette],
    on_ready: Callable[[str], None],
    *,
    port: int = 0,
) -> None:
    """Serve the application that `make` returns on this machine until it calls `finish`.

    `on_ready` gets the address for the one browser. Raises OSError, KeyboardInterrupt.
    """
    with bind_socket("127.0.0.1", port) as listener:
        guard = BrowserGuard()

        def finish() -> None:
            server.should_exit = True

        server = uvicorn.Server(
            uvicorn.Config(
                make(guard, finish), log_config=None, access_log=False, server_header=False, ws="none", lifespan="off",
                timeout_graceful_shutdown=5,
            )
        )  # fmt: skip
        on_ready(f"http://127.0.0.1:{listener.getsockname()[1]}{ENTER}?word={guard.secret}")
        server.run(sockets=[listener])
