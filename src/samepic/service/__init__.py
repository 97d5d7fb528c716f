"""The HTTP service: a gate behind HTTP, with limits, tokens and tenants."""

from importlib.util import find_spec

from samepic.errors import missing_part

_MODULES = ("itsdangerous", "msgspec", "prometheus_client", "python_multipart", "starlette", "uvicorn")
_MISSING = [module.replace("_", "-") for module in _MODULES if find_spec(module) is None]
if _MISSING:
    raise missing_part("the HTTP service", ", ".join(_MISSING), "serve")
