"""samepic: are these two the same picture? What a person who looks at both would say, with the reason."""

__version__ = "0.1.0"


def _homes() -> dict[str, str]:
    """Return the module of every public name, as __init__.pyi lists them, so that each is listed once."""
    stub = __loader__.get_data(__file__.removesuffix(".py") + ".pyi").decode()
    lines = [line.split() for line in stub.splitlines() if line.startswith("from ")]
    return {name: module for _, module, _, name, *_ in lines}


_HOMES = _homes()
__all__ = ["__version__"]
__all__.extend(sorted(_HOMES))


def __getattr__(name: str) -> object:
    """Load what is public when it is first used, so that `import samepic` stays cheap."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
