"""The HTTP service: a gate behind HTTP, with limits, tokens and tenants."""

from importlib.util import find_spec

from samepic.errors import MissingPartError

_PACKAGES = {
    "itsdangerous": "itsdangerous",
    "msgspec": "msgspec",
    "prometheus_client": "prometheus-client",
    "python_multipart": "python-multipart",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
}
_MISSING = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
if _MISSING:
    raise MissingPartError(
        f"the HTTP service needs extra packages ({', '.join(_MISSING)}): pip install 'samepic[serve]'"
    )
