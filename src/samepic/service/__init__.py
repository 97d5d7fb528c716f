"""The HTTP service: statuses, limits, tokens and tenants round a gate; every decision is the gate's."""

from __future__ import annotations

from importlib.util import find_spec

from samepic.errors import MissingPartError

_PARTS = {
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
}
_MISSING = [package for module, package in _PARTS.items() if find_spec(module) is None]
if _MISSING:
    raise MissingPartError(
        f"wanted {', '.join(_MISSING)} for the HTTP service, got none: pip install 'samepic[serve]'"
    )

__all__: list[str] = []
