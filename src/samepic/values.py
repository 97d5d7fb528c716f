"""Values: what all frozen values share: dicts that never change, short texts, and fields by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from enum import StrEnum
from reprlib import Repr
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_K = TypeVar("_K")
_V = TypeVar("_V")
_T = TypeVar("_T")


class FrozenDict(dict[_K, _V]):
    """A dict that never changes: it can be hashed, pickled, copied and written as JSON, as part of a frozen value."""

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError(f"a {type(self).__name__} cannot be changed: copy it with dict()")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[type[FrozenDict[_K, _V]], tuple[dict[_K, _V]]]:
        return type(self), (dict(self),)


_LINE = 190
_SHORT = Repr()
_SHORT.maxstring, _SHORT.maxother, _SHORT.maxtuple, _SHORT.maxdict = 90, 50, 2, 3


def one_line(name: str, parts: Iterable[str]) -> str:
    """Return `name(part, part, ...)` in under 200 characters, without the parts that do not fit."""
    text = f"{name}("
    for number, part in enumerate(parts):
        separator = ", " if number else ""
        if len(text) + len(separator) + len(part) > _LINE:
            return f"{text}{separator}...)"
        text += separator + part
    return f"{text})"


def short_repr(record: DataclassInstance) -> str:
    """Return a record on one short line: the fields that differ from their defaults, as far as they fit."""
    values = ((item, getattr(record, item.name)) for item in fields(record) if item.repr)
    return one_line(
        type(record).__name__,
        (f"{item.name}={_shown(value)}" for item, value in values if value != item.default),
    )


def _shown(value: object) -> str:
    if is_dataclass(value) and hasattr(value, "name"):
        return _SHORT.repr(value.name)  # that of a picture stands for all that is known of it
    return repr(str(value)) if isinstance(value, StrEnum) else _SHORT.repr(value)


def by_fields(record: type[_T]) -> type[_T]:
    """Let a dataclass be compared and hashed by its fields, and shown on one short line unless it says how.

    Written by dataclass for each class, as `eq` and `repr` ask for, this takes a third of the time of making one.
    """
    record.__eq__, record.__hash__ = _equal, _hash  # type: ignore[assignment, method-assign]
    if record.__repr__ is object.__repr__:
        record.__repr__ = short_repr  # type: ignore[assignment, method-assign]
    return record


def _equal(record: DataclassInstance, other: object) -> bool:
    return _compared(record) == _compared(other) if type(other) is type(record) else NotImplemented


def _hash(record: DataclassInstance) -> int:
    return hash(_compared(record))


def _compared(record: DataclassInstance) -> tuple[object, ...]:
    return tuple(getattr(record, item.name) for item in fields(record) if item.compare)


def values_of(record: DataclassInstance) -> dict[str, Any]:
    """Return the fields of a record by name, enumerations as plain strings."""
    values = {item.name: getattr(record, item.name) for item in fields(record)}
    return {name: str(value) if isinstance(value, StrEnum) else value for name, value in values.items()}
