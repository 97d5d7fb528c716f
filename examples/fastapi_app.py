"""A gallery that shows no picture twice: `python examples/fastapi_app.py` serves it on http://127.0.0.1:8001/.

What it keeps lies in demo-out/fastapi, or where SAMEPIC_DEMO says.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from html import escape
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from samepic import AsyncGate
from samepic.contrib.fastapi import AdmittedPicture, UniquePicture

DATA = Path(os.environ.get("SAMEPIC_DEMO", "demo-out/fastapi")).absolute()
DATA.mkdir(parents=True, exist_ok=True)


@contextmanager
def table() -> Iterator[sqlite3.Connection]:
    """Open the table of photos for one transaction."""
    with closing(sqlite3.connect(DATA / "site.db")) as connection, connection:
        connection.execute("CREATE TABLE IF NOT EXISTS photo (key TEXT PRIMARY KEY, title TEXT NOT NULL)")
        yield connection


def title_of(key: str) -> str | None:
    """Return the title of a photo, None where there is none."""
    with table() as photos:
        row = photos.execute("SELECT title FROM photo WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


gate = AsyncGate(DATA / "pictures.db", originals=lambda key: DATA / key)
unique = UniquePicture(gate, link=lambda key: f"/{key}", shown=lambda key: title_of(key) is not None)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Close the gate when the server ends."""
    yield
    await gate.close()


app = FastAPI(title="Gallery", lifespan=lifespan)


def page(body: str, status: int = 200) -> HTMLResponse:
    """Return a page."""
    head = '<!doctype html><meta charset="utf-8"><title>Gallery</title><p><a href="/">All photos</a></p>'
    return HTMLResponse(head + body, status)


def form(error: str = "") -> str:
    """Return the upload form, with what was wrong before."""
    return (
        f'{error}<form action="/" method="post" enctype="multipart/form-data"><input name="title" required> '
        '<input type="file" name="picture" required> <button>Upload</button></form>'
    )


@app.get("/", response_class=HTMLResponse)
def photos() -> HTMLResponse:
    """Show all photos and the form."""
    with table() as rows:
        found = rows.execute("SELECT key, title FROM photo ORDER BY rowid").fetchall()
    listed = "".join(f'<li><a href="/{key}">{escape(title)}</a></li>' for key, title in found)
    return page(f"<ul>{listed}</ul>{form()}")


@app.post("/", responses={**unique.responses})
def upload(
    picture: Annotated[AdmittedPicture, Depends(unique)], title: Annotated[str, Form()]
) -> RedirectResponse:
    """Keep a new photo; if this raises, the gate forgets it."""
    (DATA / picture.key).write_bytes(picture.data)
    with table() as rows:
        rows.execute("INSERT INTO photo VALUES (?, ?)", (picture.key, title))
    return RedirectResponse(f"/{picture.key}", 303)


@app.exception_handler(HTTPException)
async def refused(request: Request, error: HTTPException) -> Response:
    """Show the form again with the reason and the link; scripts get both as JSON."""
    detail = error.detail
    if not isinstance(detail, dict) or "text/html" not in request.headers.get("accept", ""):
        return JSONResponse({"detail": detail}, error.status_code, error.headers)
    link = (
        f' <a href="{escape(detail["link"])}">{escape(detail["link_label"])}</a>'
        if detail.get("link")
        else ""
    )
    return page(form(f"<p>{escape(detail['message'])}{link}</p>"), error.status_code)


@app.get("/{key}", response_class=HTMLResponse)
def photo(key: str) -> HTMLResponse:
    """Show one photo."""
    title = title_of(key)
    if title is None:
        return page("<p>There is no such photo.</p>", 404)
    return page(
        f'<h1>{escape(title)}</h1><img src="/{key}/file" alt=""><form action="/{key}/delete" method="post">'
        "<button>Delete</button></form>"
    )


@app.get("/{key}/file")
async def file(key: str) -> Response:
    """Return the file of a photo."""
    kept = await gate.get(key)
    if kept is None or title_of(key) is None:
        raise HTTPException(404)
    return FileResponse(DATA / key, media_type=f"image/{kept.format.lower()}")


@app.post("/{key}/delete")
async def delete(key: str) -> RedirectResponse:
    """Delete a photo; after that it may come again."""
    with table() as rows:
        gone = rows.execute("DELETE FROM photo WHERE key = ?", (key,)).rowcount
    if gone:
        (DATA / key).unlink(missing_ok=True)
        await gate.remove(key)
    return RedirectResponse("/", 303)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8001)
    uvicorn.run(app, port=parser.parse_args().port)
