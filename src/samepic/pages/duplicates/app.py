"""The review of duplicates as an ASGI application, served on this machine alone until the person is done."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from samepic.cleanup.decisions import Decisions, Mark
from samepic.cleanup.plan import CleanupAction, files_of
from samepic.errors import UnreadableError
from samepic.limits import FOUND
from samepic.pages.duplicates.guard import ENTER, BrowserGuard, GuardedRequest
from samepic.pages.duplicates.session import RequestedCleanup, ReviewSession
from samepic.pages.duplicates.views import (
    groups_page,
    look_page,
    look_told,
    looked,
    page_of,
    pages,
    plan_page,
    progress,
    run_page,
    run_told,
    told_path,
)
from samepic.pages.html import el, page, static
from samepic.service.problems import HttpProblem, Json

__all__ = ["found_app", "serve_found"]

Result = TypeVar("Result")

_SCRIPTS, _STYLES = ("found.js",), ("found.css",)

_GONE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="200" viewBox="0 0 320 200">'
    '<rect width="320" height="200" fill="#8884"/>'
    '<path d="M130 75l60 50m0-50l-60 50" stroke="#888" stroke-width="6" stroke-linecap="round"/></svg>'
)


def found_app(desk: ReviewSession, door: BrowserGuard, finish: Callable[[], None]) -> Starlette:
    """Return the application; `finish` is called once the person is done."""
    made = _ReviewPages(desk, finish)
    app = Starlette(
        routes=[
            door.enter(),
            Route("/ui/static/{name}", static, methods=["GET"]),
            door.route("GET", "/", made.groups, whole=True),
            door.route("GET", "/open", made.open),
            door.route("GET", "/thumb/{index:int}/{file:int}", made.thumb),
            door.route("GET", "/look", made.look, whole=True),
            door.route("GET", "/look/{index:int}/{file:int}", made.look_told),
            door.route("GET", "/look/{index:int}/{file:int}/{name}", made.view),
            door.route("POST", "/mark", made.mark),
            door.route("POST", "/accept", made.accept),
            door.route("POST", "/rest", made.rest),
            door.route("POST", "/undo", made.undo),
            door.route("GET", "/plan", made.plan, whole=True),
            door.route("POST", "/act", made.act, whole=True),
            door.route("POST", "/back", made.back, whole=True),
            door.route("GET", "/run", made.run, whole=True),
            door.route("GET", "/run/far", made.far),
            door.route("POST", "/finish", made.finish, whole=True),
        ],
        exception_handlers={HttpProblem: _problem},
    )
    app.router.redirect_slashes = False
    return app


async def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, HttpProblem)
    return error.response()


class _ReviewPages:
    """What is answered at each address."""

    def __init__(self, desk: ReviewSession, finish: Callable[[], None]) -> None:
        self._desk, self._decided, self._finish = desk, desk.decided, finish
        self._pool = ThreadPoolExecutor(FOUND.threads, "samepic-thumbnails")

    async def groups(self, asking: GuardedRequest) -> Response:
        """Show a page of groups."""
        last = pages(self._decided)
        text = asking.request.query_params.get("page", "")
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 1
        inside = groups_page(self._decided, min(max(number, 1), last))
        return page("Duplicates", inside, frame=asking.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def open(self, asking: GuardedRequest) -> Response:
        """Lead to the first group that nobody has decided."""
        index = self._decided.next_open(-1)
        return RedirectResponse(f"/?page={page_of(index)}#g{index}" if index is not None else "/plan", 303)

    async def thumb(self, asking: GuardedRequest) -> Response:
        """Give the thumbnail of one file, or a drawing where it cannot be had."""
        index, file = self._place(asking)
        try:
            data = await self._in_thread(lambda: self._desk.thumbnail(index, file))
        except UnreadableError:
            return Response(_GONE, media_type="image/svg+xml")
        return Response(data, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=3600"})

    async def look(self, asking: GuardedRequest) -> Response:
        """Show one file beside the reference."""
        asked = asking.request.query_params
        index, file = self._checked(asked.get("group", ""), asked.get("file", ""))
        inside = look_page(self._decided, index, file)
        return page("Look closely", inside, frame=asking.frame, scripts=("look.js",), styles=_STYLES)

    async def look_told(self, asking: GuardedRequest) -> Response:
        """Tell what the two are to each other, and where their views are."""
        index, file = self._place(asking)
        views = await self._in_thread(lambda: looked(self._decided, index, file))
        return Json(look_told(index, file, views))

    async def view(self, asking: GuardedRequest) -> Response:
        """Give one picture of that view."""
        index, file = self._place(asking)
        views = await self._in_thread(lambda: looked(self._decided, index, file))
        data = views.picture(asking.request.path_params["name"])
        if data is None:
            raise HttpProblem(404, "not_found", "no such picture")
        return Response(data, media_type="image/webp" if data.startswith(b"RIFF") else "image/jpeg")

    async def mark(self, asking: GuardedRequest) -> Response:
        """Mark one file."""
        index, file = self._checked(asking.fields.get("group"), asking.fields.get("file"))
        try:
            mark = Mark(asking.fields.get("mark", ""))
        except ValueError:
            raise HttpProblem.bad("mark", f"one of {', '.join(Mark)}", "another") from None
        await self._in_thread(lambda: self._decided.mark(index, file, mark))
        return self._stands(index)

    async def accept(self, asking: GuardedRequest) -> Response:
        """Take a group as it is marked."""
        index, _ = self._checked(asking.fields.get("group"), 0)
        await self._in_thread(lambda: self._decided.accept(index))
        return self._stands(index)

    async def rest(self, asking: GuardedRequest) -> Response:
        """Take all groups that nobody looked at as they are."""
        count = await self._in_thread(self._decided.accept_rest)
        return Json({"count": count, "progress": progress(self._decided)})

    async def undo(self, asking: GuardedRequest) -> Response:
        """Take the last decision back."""
        index = await self._in_thread(self._decided.undo)
        return Json({"group": None}) if index is None else self._stands(index)

    async def plan(self, asking: GuardedRequest) -> Response:
        """Show what would be done."""
        asked = _asked(dict(parse_qsl(asking.request.url.query, keep_blank_values=True)))
        if asked.action is CleanupAction.MOVE and not asked.move_to:
            asked = RequestedCleanup(CleanupAction.TRASH)
        made = await self._in_thread(lambda: self._desk.plan(asked))
        inside = plan_page(self._decided, made, asked, asking.frame.csrf)
        return page("The plan", inside, frame=asking.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def act(self, asking: GuardedRequest) -> Response:
        """Do what was shown."""
        asked, shown = _asked(asking.fields), str(asking.fields.get("shown", ""))
        await self._in_thread(lambda: self._desk.begin(asked, shown))
        return RedirectResponse("/run", 303)

    async def back(self, asking: GuardedRequest) -> Response:
        """Take it back."""
        await self._in_thread(self._desk.bring_back)
        return RedirectResponse("/run", 303)

    async def run(self, asking: GuardedRequest) -> Response:
        """Show how far it is."""
        if self._desk.run is None:
            return RedirectResponse("/plan", 303)
        inside = run_page(self._desk.run, asking.frame.csrf)
        return page("Clean up", inside, frame=asking.frame, scripts=_SCRIPTS, styles=_STYLES)

    async def far(self, asking: GuardedRequest) -> Response:
        """Tell how far it is."""
        return Json(run_told(self._desk.run) if self._desk.run else {})

    async def finish(self, asking: GuardedRequest) -> Response:
        """End the review."""
        # The page that says so still fetches its style.
        asyncio.get_running_loop().call_later(FOUND.finish_seconds, self._finish)
        told = el("p.lead", "This page is no longer served. What was decided is remembered.")
        return page("Finished", el("h1", "Finished"), told, frame=asking.frame)

    def _place(self, asking: GuardedRequest) -> tuple[int, int]:
        told = asking.request.path_params
        return self._checked(told["index"], told["file"])

    def _checked(self, group: object, file: object) -> tuple[int, int]:
        """Return the places of a group and of a file in it. Raises HttpProblem where there are none such."""
        try:
            index, place = int(str(group)), int(str(file))
        except ValueError:
            raise HttpProblem.bad("group", "numbers of a group and a file", "others") from None
        if not 0 <= index < len(self._decided) or not 0 <= place < len(files_of(self._decided.groups[index])):
            raise HttpProblem(404, "not_found", "no such group or file in this report")
        return index, place

    def _stands(self, index: int) -> Response:
        state, group = self._decided.state(index), self._decided.groups[index]
        told = {
            "group": index,
            "page": page_of(index),
            "name": f"Group {group.number}, {told_path(group.reference.path)}",
            "marks": [str(mark) for mark in state.marks],
            "decided": state.decided,
            "progress": progress(self._decided),
        }
        return Json(told)

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, call)


def _asked(fields: object) -> RequestedCleanup:
    told = fields if isinstance(fields, dict) else {}
    try:
        action = CleanupAction(str(told.get("action", CleanupAction.TRASH)))
    except ValueError:
        raise HttpProblem.bad("action", "trash, move-to or hardlink", "another") from None
    if action not in (CleanupAction.TRASH, CleanupAction.MOVE, CleanupAction.HARDLINK):
        raise HttpProblem.bad("action", "trash, move-to or hardlink", str(action))
    where = str(told.get("to", "")).strip() if action is CleanupAction.MOVE else ""
    return RequestedCleanup(action, str(Path(where).expanduser()) if where else "")


_LOG = {"version": 1, "disable_existing_loggers": False}


def serve_found(
    decided: Decisions, journal: Callable[[], Path], told: Callable[[str], None], *, port: int = 0
) -> ReviewSession:
    """Serve a review on 127.0.0.1 until the person finishes it, or SIGINT or SIGTERM comes; return what was done.

    `journal` names a new file whenever a run begins, `told` is given the address once it can be opened: it lets one
    browser in. Raises OSError where `port` is taken, KeyboardInterrupt after SIGINT.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        desk, door = ReviewSession(decided, journal), BrowserGuard()

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
