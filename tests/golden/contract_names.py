"""Contracts of names: what samepic and its parts for frameworks give to programs, with signatures and fields."""

from __future__ import annotations

import argparse
import ast
import collections.abc
import dataclasses
import enum
import inspect
import re
import textwrap
import typing
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import samepic
from samepic.screens.pytest import plugin

__all__ = ["names", "names_of_parts"]

_PARTS: dict[str, tuple[str, ...]] = {
    "samepic.contrib.django.fields": ("UniqueImageField", "UniquePicture", "picture_admitted"),
    "samepic.contrib.django.forms": ("UniqueImageField", "UniqueImageFormField", "UniquePictureValidator"),
    "samepic.contrib.django.views": ("RefusalMiddleware", "UniquePictureMixin"),
    "samepic.contrib.django.admission": ("PictureRefusedError", "gate"),
    "samepic.contrib.fastapi": (),
    "samepic.contrib.flask": (),
    "samepic.gate.review": ("ReviewQueue",),
    "samepic.sandbox.pool": ("Workers",),
    "samepic.screens.pytest.fixture": ("SamePicture",),
    "samepic.spark": (),
}
"""Modules that a program imports from, each with what the documentation tells of; () for all that `__all__` has."""
_SPECIAL = ("__init__", "__call__", "__bool__", "__len__", "__iter__", "__getitem__", "__str__", "__eq__")
_STARS: dict[object, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
_CONTEXT = ("__enter__", "__exit__", "__aenter__", "__aexit__")


def names(folder: Path) -> dict[str, str]:
    """Return the public names of samepic itself, and what its plugin adds to pytest."""
    return {
        "names/samepic.txt": _module(samepic),
        "names/environment.txt": _environment(),
        "names/records.txt": _veiled("\n".join(_class("record", _record()))) + "\n",
        "names/pytest.txt": "\n".join(_plugin()) + "\n",
    }


def names_of_parts(folder: Path) -> dict[str, str]:
    """Return the public names of the parts for frameworks and for Spark, and of others that programs import from."""
    made = {f"names/{name}.txt": _module(import_module(name), only) for name, only in _PARTS.items()}
    made["names/django_settings.txt"] = "\n".join(_keys()) + "\n"
    command = import_module("samepic.contrib.django.management.commands.samepic_import").Command()
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    result = [
        f"{' '.join(one.option_strings) or one.dest} ({one.nargs}): {one.help}"
        for one in parser._actions
        if one.dest != "help"
    ]
    made["names/samepic_import.txt"] = "\n".join((str(command.help), *result)) + "\n"
    return made


def _record() -> type:
    """Return the class of what Gate.get gives."""
    result = _annotation(inspect.signature(samepic.Gate.get).return_annotation).partition(" ")[0]
    module = import_module(samepic.Gate.__module__)
    found = getattr(module, result, None) or getattr(import_module("samepic.store.records"), result)
    assert inspect.isclass(found)
    return found


def _keys() -> Iterator[str]:
    """Yield the keys of SAMEPIC in the settings of a Django site, with what they are where they are left out."""
    module = import_module("samepic.contrib.django.settings")
    made = (module.GateOptions, module.GateSettings)
    known = {one.name.upper(): _field(one) for each in made for one in dataclasses.fields(each)}
    for key in module.NAMES:
        yield key + known[key].removeprefix(key.lower())


def _environment() -> str:
    """Return the variables of the environment and the settings of sites that the source names."""
    sources = Path(samepic.__file__).parent.rglob("*.py")
    found = {
        name for path in sources for name in re.findall(r"\bSAMEPIC_[A-Z][A-Z_]+\b", path.read_text("utf-8"))
    }
    return "\n".join(sorted(found)) + "\n"


@cache
def _inner() -> re.Pattern[str]:
    """Return what finds the names of classes and types that programs do not import: they may be renamed freely."""
    found = set[str]()
    for path in Path(samepic.__file__).parent.rglob("*.py"):
        found |= set(
            re.findall(r"^(?:class )?([A-Z]\w*[a-z]\w*)(?=\(|:| =)", path.read_text("utf-8"), re.MULTILINE)
        )
    outer = {
        *samepic.__all__,
        *typing.__all__,
        *collections.abc.__all__,
        *(name for only in _PARTS.values() for name in only),
    }
    for name in ("samepic.contrib.fastapi", "samepic.contrib.flask"):
        outer |= set(import_module(name).__all__)
    return re.compile(rf"\b(?:{'|'.join(sorted(found - outer))})\b")


def _veiled(text: str) -> str:
    return _inner().sub("INNER", text)


class _Asked:
    """Stands for pytest's parser: writes down what a plugin adds to it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def getgroup(self, name: str, description: str = "") -> _Asked:
        self.lines.append(f"{name}: {description}")
        return self

    def addoption(self, *words: str, **more: object) -> None:
        self.lines.append(f"{', '.join(words)} {more}")

    addini = addoption


def _plugin() -> list[str]:
    asked: Any = _Asked()
    plugin.pytest_addoption(asked)
    return [*asked.lines, *(name for name in plugin.__all__ if not name.startswith("pytest_"))]


def _module(module: ModuleType, only: tuple[str, ...] = ()) -> str:
    listed = only or tuple(module.__all__)
    lines = [f"from {module.__name__} import {', '.join(listed)}"]
    for name in listed:
        if name == "__version__":
            continue
        result = (
            _described(name, getattr(module, name))
            if name in module.__all__
            else [f"{name} is not in __all__"]
        )
        lines += ["", *result]
    return _veiled("\n".join(lines)) + "\n"


def _described(name: str, value: object) -> Iterator[str]:
    if inspect.isclass(value) and value.__name__ != name:
        yield f"{name} = {value.__name__}"
    elif inspect.isclass(value):
        yield from _class(name, value)
    elif inspect.isroutine(value):
        yield f"{_kind(value)} {name}{_signature(value)}"
    elif dataclasses.is_dataclass(value):
        yield f"{name} = {type(value).__name__}"
        yield from (f"    {one.name} = {getattr(value, one.name)!r}" for one in dataclasses.fields(value))
    else:
        yield f"{name}: {type(value).__name__}"


def _class(name: str, made: type) -> Iterator[str]:
    yield f"class {name}({', '.join(one.__name__ for one in made.__bases__ if one is not object)})"
    if issubclass(made, enum.Enum):
        yield from (f"    {one.name} = {one.value!r}" for one in made)
    elif dataclasses.is_dataclass(made):
        yield from (f"    {_field(one)}" for one in dataclasses.fields(made))
    elif issubclass(made, tuple):
        defaults = getattr(made, "_field_defaults", {})
        for field in getattr(made, "_fields", ()):
            yield f"    {field}: {_annotation(inspect.get_annotations(made)[field])}" + (
                f" = {defaults[field]!r}" if field in defaults else ""
            )
    for attribute in _attributes(made):
        yield f"    self.{attribute}"
    members = dict[str, Any]()
    for base in reversed(made.__mro__):
        if base.__module__.partition(".")[0] == "samepic":
            members |= vars(base)
    own = enum.Enum if issubclass(made, enum.Enum) else made
    for member in sorted(members):
        if dataclasses.is_dataclass(made) and member in ("__init__", "__eq__"):
            continue
        if own is enum.Enum and member in ("__init__", "__str__", *_CONTEXT):
            continue
        if not member.startswith("_") or member in (*_SPECIAL, *_CONTEXT):
            yield from _member(member, members[member])


def _field(one: dataclasses.Field[Any]) -> str:
    default = ""
    if one.default is not dataclasses.MISSING:
        default = f" = {one.default!r}"
    elif one.default_factory is not dataclasses.MISSING:
        default = f" = {getattr(one.default_factory, '__name__', 'made')}()"
    return f"{one.name}: {_annotation(one.type)}{default}{'' if one.init else ' (not in __init__)'}"


def _member(name: str, value: object) -> Iterator[str]:
    if isinstance(value, property):
        result = inspect.signature(value.fget).return_annotation if value.fget else ""
        yield f"    property {name}: {_annotation(result)}"
    elif isinstance(value, (classmethod, staticmethod)):
        yield f"    {type(value).__name__} {name}{_signature(value.__func__)}"
    elif inspect.isfunction(value) and value.__module__.partition(".")[0] == "samepic":
        yield f"    {_kind(value)} {name}{_signature(value)}"


def _kind(value: object) -> str:
    return "async def" if inspect.iscoroutinefunction(value) else "def"


def _annotation(annotation: object) -> str:
    if isinstance(annotation, str):
        return annotation
    named = getattr(annotation, "__forward_arg__", None) or getattr(annotation, "__name__", None)
    return str(named or annotation)


def _shown(default: object) -> str:
    if dataclasses.is_dataclass(default):
        return f"{type(default).__name__}(...)"
    return re.sub(r" at 0x[0-9a-f]+", "", repr(default))


def _attributes(made: type) -> list[str]:
    """Return the public attributes that a class of samepic sets in `__init__` and tells of nowhere else."""
    init = vars(made).get("__init__")
    if dataclasses.is_dataclass(made) or not inspect.isfunction(init):
        return []
    tree = ast.parse(textwrap.dedent(inspect.getsource(init)))
    return sorted(
        {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.ctx, ast.Store)
            and isinstance(node.value, ast.Name)
            and node.value.id == "self"
            and not node.attr.startswith("_")
        }
    )


def _signature(function: Callable[..., object]) -> str:
    """Return the parameters one by one: how Python writes a whole signature differs between versions."""
    signature = inspect.signature(function)
    result, before = list[str](), None
    for one in signature.parameters.values():
        if before is inspect.Parameter.POSITIONAL_ONLY and one.kind is not before:
            result.append("/")
        starred = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)
        if one.kind is inspect.Parameter.KEYWORD_ONLY and before not in starred:
            result.append("*")
        text = _STARS.get(one.kind, "") + one.name
        text += f": {_annotation(one.annotation)}" if one.annotation is not one.empty else ""
        result.append(text + (f" = {_shown(one.default)}" if one.default is not one.empty else ""))
        before = one.kind
    after = signature.return_annotation
    return f"({', '.join(result)})" + (f" -> {_annotation(after)}" if after is not signature.empty else "")
