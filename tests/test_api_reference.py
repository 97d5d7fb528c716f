"""docs/api.md is what the docstrings say: `python -m tests.test_api_reference` writes it again."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import samepic

PAGE = Path(__file__).parent.parent / "docs" / "api.md"
COMMAND = "python -m tests.test_api_reference"
_WIDTH = 100
_HEAD = f"""\
# The Python API

For programmers: every public name of `samepic`, from its docstring. Start with the
[README](../README.md) or, in a notebook, with [notebooks](notebooks.md). `{COMMAND}`
writes this page.
"""


def reference() -> str:
    """Return the page."""
    objects = {name: getattr(samepic, name) for name in samepic.__all__ if name != "__version__"}
    classes = {name: one for name, one in objects.items() if inspect.isclass(one)}
    errors = {name: one for name, one in classes.items() if issubclass(one, Exception)}
    sets = {name: one for name, one in classes.items() if issubclass(one, enum.Enum)}
    records = {name: one for name, one in classes.items() if name not in errors | sets}
    sections = {
        "Functions": (_function(name, one) for name, one in objects.items() if inspect.isroutine(one)),
        "Classes": (_class(name, one) for name, one in records.items()),
        "Closed sets": (
            f"### `{name}`\n\n{_members(one)}\n\n{_wrapped(one.__doc__ or '')}" for name, one in sets.items()
        ),
        "Errors": [_table(errors)],
        "Other names": [_others()],
    }
    parts = [_HEAD, *(f"## {title}\n\n" + "\n\n".join(texts) + "\n" for title, texts in sections.items())]
    return "\n".join(parts)


def _function(name: str, one: Callable[..., object]) -> str:
    return f"### `{name}`\n\n```python\n{_signature(name, one)}\n```\n\n{_wrapped(inspect.getdoc(one) or '')}"


def _class(name: str, one: type) -> str:
    doc = _wrapped(inspect.getdoc(one) or "")
    lines = [f"### `{name}`", doc]
    if dataclasses.is_dataclass(one) and (fields := list(_fields(one))):
        lines.insert(1, "```python\n" + "\n".join(fields) + "\n```")
    elif "__init__" in vars(one):
        lines.insert(1, "```python\n" + _signature(name, vars(one)["__init__"]) + "\n```")
    methods = [_method(key, value) for key, value in vars(one).items() if not key.startswith("_")]
    return "\n\n".join([*lines, *filter(None, ["\n".join(filter(None, methods))])])


def _fields(one: type) -> Iterator[str]:
    for field in dataclasses.fields(one):
        kind = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", str(field.type))
        default = field.default
        if isinstance(default, enum.Enum):
            shown = f" = {type(default).__name__}.{default.name}"
        else:
            shown = "" if default is dataclasses.MISSING else f" = {default!r}".replace("'", '"')
        yield f"{field.name}: {kind}{shown if len(shown) < 60 else ' = ...'}"


def _method(name: str, value: object) -> str:
    """Return a line of a list for a public method or property."""
    if isinstance(value, property):
        return _item(f"`{name}`", value.__doc__)
    function = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
    if not inspect.isfunction(function):
        return ""
    return _item(f"`{_signature(name, function, width=10_000)}`", function.__doc__)


def _item(name: str, doc: str | None) -> str:
    first = inspect.cleandoc(doc or "").partition("\n\n")[0]
    text = f"- {name}: {' '.join(first.split())}" if first else f"- {name}"
    return textwrap.fill(text, _WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def _signature(name: str, one: Callable[..., object], width: int = _WIDTH) -> str:
    signature = inspect.signature(one)
    parameters = [
        _plain(str(each)) for each in signature.parameters.values() if each.name not in ("self", "cls")
    ]
    kinds = [each.kind for each in signature.parameters.values() if each.name not in ("self", "cls")]
    if inspect.Parameter.KEYWORD_ONLY in kinds and inspect.Parameter.VAR_POSITIONAL not in kinds:
        parameters.insert(kinds.index(inspect.Parameter.KEYWORD_ONLY), "*")
    returned = signature.return_annotation
    after = "" if returned is signature.empty or name[0].isupper() else f" -> {returned}"
    line = f"{name}({', '.join(parameters)}){after}"
    if len(line) <= width:
        return line
    return f"{name}(\n" + "".join(f"    {each},\n" for each in parameters) + f"){after}"


def _plain(parameter: str) -> str:
    """Return a parameter with a short default: records by name, members of enumerations as they are written."""
    name, equals, default = parameter.partition(" = ")
    default = re.sub(r"<(\w+\.\w+): [^>]*>", r"\1", default)
    default = re.sub(r"^(\w+)\(.*\)$", r"\1(...)", default)
    return name.replace("'", "") + equals + default.replace("'", '"')


def _members(one: type[enum.Enum]) -> str:
    return textwrap.fill(", ".join(f'`"{member.value}"`' for member in one), _WIDTH, break_on_hyphens=False)


def _table(errors: dict[str, type[Exception]]) -> str:
    """Return a table of errors, with what else each of them is."""
    rows = ["| error | is also | raised where |", "|---|---|---|"]
    for name, one in errors.items():
        bases = ", ".join(f"`{base.__name__}`" for base in one.__bases__)
        first = inspect.cleandoc(one.__doc__ or "").partition("\n\n")[0]
        rows.append(f"| `{name}` | {bases} | {' '.join(first.split())} |")
    return "\n".join(rows)


def _others() -> str:
    kinds = "a path, the bytes of a file, a binary file object, a PIL image or an array"
    return "\n".join(
        (
            _item("`Source`", f"the type of a picture as functions take it: {kinds}."),
            _item("`LIMITS`", f"the default of `limits`: `{samepic.LIMITS!r}`."),
            _item("`__version__`", "the version of samepic."),
        )
    )


def _wrapped(doc: str) -> str:
    """Return the paragraphs of a docstring, filled anew; what follows "Attributes:" is a list."""
    texts = []
    for text in inspect.cleandoc(doc).split("\n\n"):
        if text.startswith("Attributes:"):
            listed = (one.partition(": ") for one in re.split(r"\n    (?=\w+: )", text)[1:])
            texts.append("\n".join(_item(f"`{name}`", more) for name, _, more in listed))
            continue
        filled = " ".join(text.split())
        texts.append(textwrap.fill(filled, _WIDTH, break_long_words=False, break_on_hyphens=False))
    return "\n\n".join(texts)


def test_the_page_is_what_the_docstrings_say() -> None:
    assert PAGE.read_text("utf-8") == reference(), f"write it again: {COMMAND}"


def test_every_public_name_is_on_the_page_and_has_a_text() -> None:
    page = PAGE.read_text("utf-8")
    for name in samepic.__all__:
        assert f"`{name}`" in page, name
        assert name in ("__version__", "Source") or getattr(samepic, name).__doc__, name


if __name__ == "__main__":
    PAGE.write_text(reference(), "utf-8")
