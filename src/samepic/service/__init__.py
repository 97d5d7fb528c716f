"""The HTTP service: a gate behind HTTP, with limits, tokens and tenants."""

from importlib.util import find_spec

from samepic.errors import MissingPartError

_MODULES = ("itsdangerous", "msgspec", "prometheus_client", "python_multipart", "starlette", "uvicorn")
_MISSING = [module.replace("_", "-") for module in _MODULES if find_spec(module) is None]
if _MISSING:
    raise MissingPartError(
        f"the HTTP service needs extra packages ({', '.join(_MISSING)}): pip install 'samepic[serve]'"
    )
