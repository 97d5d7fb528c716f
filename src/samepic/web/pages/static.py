"""Static: the style sheets, modules and drawings of the pages, as they lie in the package."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from samepic.web.problems import Problem

__all__ = ["STATIC", "static"]

STATIC = Path(__file__).parent.parent / "static"
"""Where they are."""

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


async def static(request: Request) -> Response:
    """Give one file, or 304 where the browser has it."""
    files = _files()
    name = request.path_params["name"]
    if name not in files:
        raise Problem(404, "not_found", "no such address here")
    data, tag = files[name]
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=_TYPES[Path(name).suffix], headers=headers)


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """Return what there is by name; a request never names a path."""
    found = {path.name: path.read_bytes() for path in STATIC.iterdir() if path.suffix in _TYPES}
    return {name: (data, f'"{hashlib.sha256(data).hexdigest()[:16]}"') for name, data in found.items()}
