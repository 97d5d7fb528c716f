"""What the source must look like: arrows between layers, a true `__all__`, short files, a cheap import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

import samepic

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "samepic"
LAYERS = (
    ("_native",),
    ("native", "arrays"),
    ("errors",),
    ("reading",),
    ("writing",),
    ("limits",),
    ("tuning",),
    ("values",),
    ("facts",),
    ("messages",),
    ("verdict", "display"),
    ("decision",),
    ("profile",),
    ("picture",),
    ("measures",),
    ("fingerprints",),
    ("hamming",),
    ("verify",),
    ("api", "screens"),
    ("store",),
    ("duplicates",),
    ("cleanup",),
    ("calibration",),
    ("sandbox",),
    ("pairs", "tables"),
    ("gate",),
    ("contrib",),
    ("spark",),
    ("service",),
    ("pages",),
    ("cli",),
)
"""Rooms and single modules; each imports itself, its neighbors on the same line, and what stands above."""
ROOMS = tuple(room for layer in LAYERS for room in layer)
EDGES = ("cli", "__main__")
OF_A_SITE = tuple(f"samepic.contrib.django.{name}" for name in ("admin", "models", "rest"))
"""What only a Django site can import: tests/contrib/test_django.py looks at these."""
HEAVY = ("numpy", "cv2", "PIL", "simplejpeg", "pi_heif")

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = [
    path for folder in ("src", "tests", "bench", "examples") for path in sorted((ROOT / folder).rglob("*.py"))
]


def name_of(path: Path) -> str:
    parts = ("samepic", *path.relative_to(PACKAGE).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def layer_of(module: str) -> str:
    """Return the layer of a dotted name; "" is the package face itself."""
    return module.split(".")[1] if "." in module else ""


@cache
def tree(path: Path) -> ast.Module:
    """Return the syntax of a module, which several tests look through."""
    return ast.parse(path.read_text())


@cache
def imports(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Return what a file imports anywhere, functions included."""
    return tuple(node for node in ast.walk(tree(path)) if isinstance(node, (ast.Import, ast.ImportFrom)))


def imported(path: Path) -> Iterator[str]:
    """Yield every module of samepic that a file imports."""
    for node in imports(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "samepic")
            continue
        assert node.level == 0, f"{path}: imports are absolute"
        if node.module == "samepic":
            yield from (f"samepic.{a.name}" if a.name in ROOMS else "samepic" for a in node.names)
        elif node.module and node.module.startswith("samepic."):
            yield node.module


def ident(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_layer_has_its_place() -> None:
    found = {layer_of(name_of(path)) for path in MODULES} - {"", "__main__"}
    assert found <= set(ROOMS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_its_layer_and_those_above_it(room: str) -> None:
    above = next(number for number, layer in enumerate(LAYERS) if room in layer) + 1
    allowed = {name for layer in LAYERS[:above] for name in layer} | ({""} if room in EDGES else set())
    for path in (one for one in MODULES if layer_of(name_of(one)) == room):
        assert {layer_of(module) for module in imported(path)} <= allowed, ident(path)


@pytest.mark.parametrize("layer", ("", "__main__", *ROOMS))
def test_all_names_what_a_module_defines_for_others(layer: str) -> None:
    """Modules that programs import from have an `__all__`; elsewhere a name without an underscore is shared."""
    for path in (one for one in MODULES if layer_of(name_of(one)) == layer):
        if name_of(path) not in OF_A_SITE:
            all_names_what_it_defines(path)


def all_names_what_it_defines(path: Path) -> None:
    module = import_module(name_of(path))
    if not hasattr(module, "__all__"):
        return
    kinds = (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef)
    body = tree(path).body
    defined = {one.name for one in body if isinstance(one, kinds) and not one.name.startswith("_")}
    named = set(module.__all__)
    assert defined <= named, ident(path)
    assert {name for name in named if not hasattr(module, name)} == set(), ident(path)


@pytest.mark.parametrize("path", MODULES, ids=ident)
def test_no_module_takes_what_another_keeps_to_itself(path: Path) -> None:
    taken = [
        alias.name
        for node in imports(path)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "samepic"
        for alias in node.names
        if alias.name.startswith("_") and alias.name not in ("_native", "__version__")
    ]
    assert taken == []


def test_the_public_face_is_what_all_says() -> None:
    assert sorted(samepic.__all__) == sorted(set(samepic.__all__))
    for name in samepic.__all__:
        assert getattr(samepic, name) is not None
    assert set(samepic.__all__) <= set(dir(samepic))
    missing = "compares"
    with pytest.raises(AttributeError, match="no attribute 'compares'"):
        getattr(samepic, missing)


def test_every_public_name_is_listed_once_and_where_it_is_defined() -> None:
    names = re.findall(
        r"^from (\S+) import (\S+) as \2$", (PACKAGE / "__init__.pyi").read_text(), re.MULTILINE
    )
    assert len(names) == len({name for _, name in names}) == len(samepic.__all__) - 1
    for module, name in names:
        assert getattr(samepic, name) is getattr(import_module(module), name)


def test_the_package_shows_only_what_is_public() -> None:
    assert dir(samepic) == sorted(samepic.__all__)
    program = "import samepic; print(*(name for name in vars(samepic) if not name.startswith('_')))"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == []


def test_no_public_name_is_that_of_a_module() -> None:
    assert not set(samepic.__all__) & {layer_of(name_of(path)) for path in MODULES}


def modules_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file needs before it can be used: what types alone need is left out."""
    for node in tree(path).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("samepic."):
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in NAMES else node.module or ""


NAMES = {name_of(path) for path in MODULES}


def test_modules_import_each_other_in_no_circle() -> None:
    left = {name_of(path): set(modules_of(path)) & NAMES - {name_of(path)} for path in MODULES}
    while free := [name for name, needs in left.items() if not needs & left.keys()]:
        for name in free:
            del left[name]
    assert left == {}


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements in a module or a statement, at any depth: a tenth of what ast.walk goes through."""
    for part in ("body", "orelse", "finalbody", "handlers", "cases"):
        for child in getattr(node, part, ()):
            yield child
            yield from statements(child)


def longest(path: Path) -> Iterator[str]:
    """Yield what is too long in a file: the file itself, or functions of it."""
    text = path.read_text()
    if text.count("\n") > 700:
        yield f"{ident(path)} has {text.count(chr(10))} lines"
    for node in statements(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > 60:
                yield f"{ident(path)}: {node.name} has {length} lines"


def test_files_and_functions_are_short() -> None:
    assert SOURCES
    assert [text for path in SOURCES for text in longest(path)] == []


def test_importing_samepic_loads_nothing_heavy_and_computes_for_under_150_ms() -> None:
    program = (
        "import sys, time; begin = time.process_time(); import samepic; "
        "print(time.process_time() - begin, *sys.modules)"
    )
    seconds = []
    for _ in range(5):
        took, *modules = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
        seconds.append(float(took))
        assert not set(HEAVY) & set(modules)
    assert min(seconds) < 0.150


def test_the_version_is_that_of_the_package_and_written_down_once() -> None:
    import tomllib
    from importlib.metadata import version

    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "samepic.__version__"}
    assert version("samepic") == samepic.__version__
