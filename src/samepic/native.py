"""The optional native part where it was built, None where it was not: all of samepic works without it, slower."""

try:
    from samepic import _native as native
except ImportError:
    native = None  # type: ignore[assignment]  # a module for the types, so that calls of it are checked

__all__ = ["native"]
