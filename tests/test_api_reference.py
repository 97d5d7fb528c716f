"""The pages of docs/api/ are what the docstrings say: `python -m tests.test_api_reference` writes them again."""

from __future__ import annotations

import dataclasses
import enum
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import samepic

FOLDER = Path(__file__).parent.parent / "docs" / "api"
COMMAND = "python -m tests.test_api_reference"
_WIDTH = 100
# Each public name is on one page: a page is short enough to be read.
PAGES = {
    "compare": (
        "Compare and measure",
        """compare compare_many compare_screenshots measure Measured Measures Profile Relation Reliability Screen
        Verdict Visibility""",
    ),
    "facts": (
        "Facts, files, errors",
        """Facts Region Transform Proof PictureInfo JpegInfo Depth DetailChange Doubt OriginalReason Placing Series Side
        ToneChange Limits LIMITS Source __version__""",
    ),
    "collections": (
        "Find and fingerprint",
        "embed find fingerprint to_pandas File Fingerprint Group Member Progress SeriesShot ShotSeries Unreadable",
    ),
    "gate": (
        "The gate, and errors",
        "AsyncGate CodeHint Decision Gate GatePolicy Match Caveat Change Evidence Likelihood Outcome",
    ),
}


def reference() -> dict[str, str]:
    """Return the pages by the names of their files."""
    pages = {}
    for name, (title, names) in PAGES.items():
        objects = {each: getattr(samepic, each) for each in names.split()}
        errors = {each: one for each in samepic.__all__ if _is_error(one := getattr(samepic, each))}
        sections = _sections(objects) | ({"Errors": [_table(errors)]} if name == "gate" else {})
        parts = [f"# {title}: Python\n\nFrom the docstrings: `{COMMAND}` writes this page.\n"]
        for heading, texts in sections.items():
            if found := list(texts):
                parts.append(f"## {heading}\n\n" + "\n\n".join(found) + "\n")
        pages[f"{name}.md"] = re.sub(r"\bdocs/([\w-]+)\.md", r"[\1](../\1.md)", "\n".join(parts))
    return pages


def _sections(objects: dict[str, object]) -> dict[str, list[str]]:
    classes = {name: one for name, one in objects.items() if inspect.isclass(one)}
    sets = {name: one for name, one in classes.items() if issubclass(one, enum.Enum)}
    return {
        "Functions": [_function(name, one) for name, one in objects.items() if inspect.isroutine(one)],
        "Classes": [_class(name, one) for name, one in sorted(classes.items()) if name not in sets],
        "Closed sets": [
            f"### `{name}`\n\n{_members(one)}\n\n{_wrapped(one.__doc__ or '')}" for name, one in sets.items()
        ],
        "Other names": [_others()] if "LIMITS" in objects else [],
    }


def _is_error(one: object) -> bool:
    return inspect.isclass(one) and issubclass(one, Exception)


def _function(name: str, one: Callable[..., object]) -> str:
    return f"### `{name}`\n\n```python\n{_signature(name, one)}\n```\n\n{_wrapped(inspect.getdoc(one) or '')}"


def _class(name: str, one: type) -> str:
    doc = _wrapped(inspect.getdoc(one) or "")
    # A function of that name on the page would take the address of the heading.
    lines = [f"### `{name}`" + " (class)" * (name.lower() in samepic.__all__), doc]
    if dataclasses.is_dataclass(one) and (fields := list(_fields(one))):
        lines.insert(1, "```python\n" + "\n".join(fields) + "\n```")
    elif "__init__" in vars(one) and one is not samepic.AsyncGate:  # its arguments are those of Gate
        lines.insert(1, "```python\n" + _signature(name, vars(one)["__init__"]) + "\n```")
    public = {key: value for key, value in vars(one).items() if not key.startswith("_")}
    if one is samepic.AsyncGate:  # its methods are those of Gate, and said there
        same = [key for key in public if hasattr(samepic.Gate, key)]
        lines.append(_wrapped(f"Awaited as in [Gate](#gate): {', '.join(f'`{key}`' for key in same)}."))
        public = {key: value for key, value in public.items() if key not in same}
    methods = [_method(key, value) for key, value in public.items()]
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


def test_the_pages_are_what_the_docstrings_say() -> None:
    assert {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()} == reference(), (
        f"write them again: {COMMAND}"
    )


def test_every_public_name_is_on_one_page_and_has_a_text() -> None:
    listed = [name for _, names in PAGES.values() for name in names.split()]
    errors = [name for name in samepic.__all__ if _is_error(getattr(samepic, name))]
    assert sorted(listed + errors) == sorted(samepic.__all__)
    pages = "".join(path.read_text("utf-8") for path in FOLDER.iterdir())
    for name in samepic.__all__:
        assert f"`{name}`" in pages, name
        assert name in ("__version__", "Source") or getattr(samepic, name).__doc__, name


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, text in reference().items():
        (FOLDER / name).write_text(text, "utf-8")
