"""Configuration of a verb: each option from the command line, the environment or one TOML file, else its default."""

from __future__ import annotations

import argparse
import json
import os
import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NamedTuple

from samepic.cli.command import UsageError

_PREFIX: Final = "SAMEPIC_"
_SWITCH: Final = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_KINDS: Final[Mapping[str | None, tuple[type, str]]] = {
    "append": (list, "a list of texts"),
    "store_true": (bool, "true or false"),
    None: (str, "a text in quotes"),
}

Options = Mapping[str, Mapping[str, Any]]
"""What `add_argument` takes, by the name of the option, such as "--host": "host" in the file, SAMEPIC_HOST outside.

A name without dashes is not for the command line. What is `secret`, or may hold a password, is in no message.
"""


def option(text: str, metavar: str | None = None, **more: object) -> dict[str, Any]:
    """Return an option with its help."""
    return {"help": text, **({"metavar": metavar} if metavar else {}), **more}


class Setting(NamedTuple):
    """The value of an option, and where it comes from: "--host", "$SAMEPIC_HOST", a file or "default"."""

    value: Any
    source: str


def add_options(parser: argparse.ArgumentParser, options: Options) -> None:
    """Add those of the command line, --config and --print-config. None stands for an option that was not given."""
    for name, keywords in options.items():
        if name.startswith("--"):
            known = {key: value for key, value in keywords.items() if key not in ("required", "secret")}
            parser.add_argument(name, **{**known, "default": None})
    text = f"a TOML file of these options (port = 8000), which ${_PREFIX}PORT and --port precede"
    parser.add_argument("--config", metavar="FILE", help=text)
    text = "check the options, print them as such a file with the source of each, and stop"
    parser.add_argument("--print-config", action="store_true", help=text)


def gather(options: Options, args: argparse.Namespace) -> dict[str, Setting]:
    """Return the setting of each option by its name as an attribute. Raises UsageError, OSError."""
    file = args.config or os.environ.get(f"{_PREFIX}CONFIG")
    written = _read(file, options) if file else {}
    found = {}
    for name, keywords in options.items():
        key = name.lstrip("-")
        variable = _variable(key)
        given = getattr(args, _attribute(key), None)
        if given is not None:
            setting = Setting(given, name)
        elif text := os.environ.get(variable):
            setting = Setting(_value(keywords, _of_text(keywords, text), f"${variable}"), f"${variable}")
        elif key in written:
            setting = Setting(_value(keywords, written[key], f"{file}: {key}"), str(file))
        elif keywords.get("required"):
            expected = f"the option, ${variable}, or {key} in the file of --config"
            raise UsageError(f"{name}: expected {expected}, found none")
        else:
            setting = Setting(keywords.get("default"), "default")
        found[_attribute(key)] = setting
    _refuse_misspelled(options)
    return found


def public(options: Options, found: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return the settings by their names in the file, without secrets."""
    shown = {}
    for name, keywords in options.items():
        key = name.lstrip("-")
        value, source = found[_attribute(key)]
        if keywords.get("secret") and value:
            without = _without_password(value) if name.startswith("-") else None
            source += "" if without == value else ", without its password" if without else ", not shown"
            value = without
        shown[key] = Setting(value, source)
    return shown


def to_toml(settings: Mapping[str, Setting]) -> str:
    """Return the settings as a file of --config, with the source of each."""
    lines = []
    for key, (value, source) in settings.items():
        text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append((f"# {key} =" if value is None else f"{key} = {text}", source))
    width = max(len(text) for text, _ in lines)
    return "\n".join(f"{text.ljust(width)}  # {source}" for text, source in lines)


def _attribute(key: str) -> str:
    return key.replace("-", "_")


def _variable(key: str) -> str:
    return _PREFIX + _attribute(key).upper()


def _read(file: str, options: Options) -> dict[str, Any]:
    try:
        content = tomllib.loads(Path(file).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{file}: expected TOML, found {error}") from None
    keys = [name.lstrip("-") for name in options]
    for key in content:
        if key not in keys:
            near = get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected some of {', '.join(keys)}"
            raise UsageError(f"{file}: {key}: no such option; {hint}")
    return content


def _of_text(keywords: Mapping[str, Any], text: str) -> object:
    """Return what a variable of the environment holds as it would stand in the file; unchanged if it is invalid."""
    if keywords.get("action") == "append":
        return text.split()
    return _SWITCH.get(text.lower(), text) if keywords.get("action") else text


def _value(keywords: Mapping[str, Any], found: object, where: str) -> object:
    """Return a value that was checked as the command line checks it. Raises UsageError."""
    action, parse = keywords.get("action"), keywords.get("type")
    kind, expected = _KINDS[action]
    try:
        if parse and action is None:
            return parse(str(found))
        if isinstance(found, list) and kind is list and all(isinstance(text, str) for text in found):
            return [parse(text) if parse else text for text in found]
    except argparse.ArgumentTypeError as error:
        raise UsageError(f"{where}: {error}") from None
    if kind is list or type(found) is not kind:
        shown = "another" if keywords.get("secret") else f"{found!r:.80}"
        raise UsageError(f"{where}: expected {expected}, found {shown}")
    return found


def _refuse_misspelled(options: Options) -> None:
    """Raise UsageError for a variable that is nearly one of the options: others may be for other programs."""
    names = [_variable(name.lstrip("-")).removeprefix(_PREFIX) for name in options]
    for variable in os.environ:
        name = variable.removeprefix(_PREFIX)
        near = get_close_matches(name, names, n=1, cutoff=0.8)
        if name != variable and name not in names and near:
            raise UsageError(f"${variable}: no such option; did you mean {_PREFIX}{near[0]}?")


def _without_password(value: str | list[str]) -> str | list[str]:
    if not isinstance(value, str):
        return [str(_without_password(url)) for url in value]
    if len(urls := re.split(r"\s+(?=\w+://)", value)) > 1:  # a store and its shards
        return " ".join(str(_without_password(url)) for url in urls)
    without = re.sub(r"(?<=://)([^/@:]*):[^@]*@", r"\1@", value)
    return re.sub(r"(?<=[?&])\w*password=[^&]*&?", "", without).rstrip("?&")
