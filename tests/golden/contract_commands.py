"""Contracts of the command line: the options of every verb, and what each answers in JSON and in words."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image, ImageDraw

from samepic.cli.command import VERBS, build_parser, main
from tests.golden.shapes import Sentences, dumped, masked, read_pictures, shaped

__all__ = ["commands", "helps"]

_SIDE = 320

RUNS: Mapping[str, tuple[str, ...]] = {
    "compare": (
        "compare chelsea.png copy.jpg",
        "compare chelsea.png edited.png",
        "compare chelsea.png coffee.png",
        "compare chelsea.png chelsea.png --same-if same-pixels",
        "compare --screen chelsea.png edited.png",
        "compare chelsea.png nothing.jpg",
        "compare chelsea.png notes.txt",
        "compare chelsea.png",
    ),
    "measure": ("measure chelsea.png copy.jpg", "measure chelsea.png cut.png"),
    "diff": (
        "diff chelsea.png edited.png -o difference.png",
        "diff chelsea.png edited.png -o difference.png",
    ),
    "fingerprint": (
        "fingerprint chelsea.png notes.txt",
        "fingerprint --mode reference --copycode coffee.png",
    ),
    "find": ("find photos", "find photos nowhere"),
    "clean": (
        "clean found.jsonl",
        "clean found.jsonl --trash",
        "clean found.jsonl --trash --yes --journal trash.jsonl",
        "clean --undo trash.jsonl",
        "clean found.jsonl --move-to moved --yes --journal move.jsonl",
        "clean notes.txt",
    ),
    "admit": ("admit --store store.db photos notes.txt --prefix p/",),
    "check": ("check --store store.db copy.jpg edited.png cut.png coffee.png notes.txt",),
    "remove": ("remove --store store.db p/again.png nothing.png",),
    "calibrate": ("calibrate pairs.csv --write profile.json",),
    "doctor": ("doctor",),
}
"""Each verb with its commands, which build on each other in this order."""
IN_WORDS = {
    **{verb: RUNS[verb] for verb in ("compare", "diff", "find", "clean", "admit", "remove", "calibrate")},
    "measure": RUNS["measure"][:1],
    "check": ("check --store store.db copy.jpg edited.png notes.txt",),
}
"""What is said for people too: starting a worker takes time, so not all of it."""


def commands(folder: Path) -> dict[str, str]:
    """Return what every verb answers, as JSON and in words, and what it leaves behind."""
    made: dict[str, str] = {}
    for json_wanted in (True, False):
        place = folder / ("json" if json_wanted else "words")
        lay_out(place)
        for verb, asked in (RUNS if json_wanted else IN_WORDS).items():
            said = Sentences()
            answers = [_answer(place, line, said, json_wanted=json_wanted) for line in asked]
            if json_wanted:
                made[f"commands/{verb}.json"] = dumped(answers)
                made[f"commands/{verb}.sentences.txt"] = said.text()
            else:
                made[f"commands/{verb}.words.txt"] = "".join(map(str, answers))
    made |= _left(folder / "json")
    return {name: text for name, text in made.items() if text}


def lay_out(folder: Path) -> None:
    """Write the photographs and the copies that the commands are about."""
    folder.mkdir()
    for name, path in read_pictures(("coffee", "chelsea")).items():
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        image.save(folder / f"{name}.png")
    image.save(folder / "copy.jpg", quality=75)
    edited = image.copy()
    ImageDraw.Draw(edited).rectangle((40, 40, 120, 100), fill="red")
    edited.save(folder / "edited.png")
    image.crop((40, 30, 280, 180)).save(folder / "cut.png")
    (folder / "notes.txt").write_text("no picture\n")
    (folder / "photos").mkdir()
    for name in ("chelsea.png", "copy.jpg", "coffee.png"):
        shutil.copy(folder / name, folder / "photos")
    shutil.copy(folder / "chelsea.png", folder / "photos" / "again.png")
    (folder / "photos" / "broken.jpg").write_bytes((folder / "copy.jpg").read_bytes()[:4000])
    rows = ("chelsea.png,copy.jpg,yes", "chelsea.png,cut.png,yes", "chelsea.png,coffee.png,no")
    (folder / "pairs.csv").write_text("\n".join(("a,b,same", *rows, "chelsea.png,nothing.png,no")) + "\n")


def _run(place: Path, arguments: list[str]) -> tuple[int, str, str]:
    """Run `samepic` in a folder, within this process; return its status and its output."""
    env = {
        "SAMEPIC_CACHE": "cache",
        "XDG_STATE_HOME": str(place / "state"),
        "XDG_DATA_HOME": str(place / "data"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, env),
        contextlib.chdir(place),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        status = main(arguments)
    said, complained = (text.getvalue().replace(str(place), "FOLDER") for text in (out, err))
    return status, said, complained


def _answer(place: Path, line: str, said: Sentences, *, json_wanted: bool) -> object:
    verb, *rest = line.split()
    arguments = [verb, *rest, *(["--jobs", "1"] if verb in ("find", "admit", "calibrate") else [])]
    status, out, err = _run(place, [*arguments, *(["--json"] if json_wanted else [])])
    if line == "find photos":
        (place / "found.jsonl").write_text(out if json_wanted else _run(place, [*arguments, "--json"])[1])
    if not json_wanted:
        return masked(f"$ samepic {line}\n{out}{err}exit status {status}\n\n")
    answers: list[Any] = [shaped(json.loads(one), said, line) for one in out.splitlines()]
    if verb == "doctor":
        answers = [_known(one) for one in answers]
    said.note(f"{line} stderr", err.strip())
    return {"arguments": line, "status": status, "answers": answers}


def _known(report: dict[str, dict[str, object]]) -> dict[str, object]:
    """Return what doctor says without what is that of the machine."""
    return {
        title: dict.fromkeys(values, "<state>") if isinstance(values, dict) and title != "limits" else values
        for title, values in report.items()
    }


def _left(place: Path) -> dict[str, str]:
    """Return the formats of the files that the commands wrote."""
    said = Sentences()
    made = {}
    for name in ("found.jsonl", "trash.jsonl", "move.jsonl"):
        text = (place / name).read_text().replace(str(place), "FOLDER")
        lines = [shaped(json.loads(line), said) for line in text.splitlines()]
        made[f"formats/{name.removesuffix('.jsonl')}.json"] = dumped(lines)
    profile = json.loads((place / "profile.json").read_text())
    profile["origin"]["samepic"] = "<version>"
    made["formats/profile.json"] = dumped(shaped(profile, said))
    return made


def helps(folder: Path) -> dict[str, str]:
    """Return the options of every verb, as the parser knows them: the layout of help differs between Pythons."""
    with patch.dict(os.environ, {"XDG_STATE_HOME": "/state"}), patch("sys.platform", "linux"):
        parser = build_parser()
    (verbs,) = (one for one in parser._actions if isinstance(one, argparse._SubParsersAction))
    assert list(verbs.choices) == list(VERBS)
    made = {"help/samepic.txt": _help(parser)}
    return made | {f"help/{verb}.txt": _help(one) for verb, one in verbs.choices.items()}


def _help(parser: argparse.ArgumentParser) -> str:
    out = io.StringIO()
    print(f"{parser.prog}: {parser.description}", file=out)
    for group in parser._action_groups:
        if group._group_actions:
            result = f": {group.description}" if group.description else ""
            print(f"\n[{group.title}]{result}", file=out)
        for action in group._group_actions:
            print("\n".join(_option(parser, action)), file=out)
    for exclusive in parser._mutually_exclusive_groups:
        names = ", ".join("/".join(one.option_strings) or one.dest for one in exclusive._group_actions)
        print(f"\nonly one of: {names}", file=out)
    print(f"\n{parser.epilog}", file=out)
    return out.getvalue()


def _option(parser: argparse.ArgumentParser, action: argparse.Action) -> Iterator[str]:
    if isinstance(action, argparse._SubParsersAction):
        for one in action._choices_actions:
            yield f"{one.dest}\n    {one.help}"
        return
    names = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    facts = [f"takes {action.metavar or 'a value'}"] if action.option_strings and action.nargs != 0 else []
    facts += [f"nargs {action.nargs}"] if action.nargs not in (None, 0) else []
    facts += [f"one of {', '.join(map(str, action.choices))}"] if action.choices else []
    facts += ["required"] if action.required and action.option_strings else []
    plain = action.default in (None, False, argparse.SUPPRESS) or action.default == []
    facts += [] if plain else [f"default {action.default!r}"]
    yield names + (f"  ({'; '.join(facts)})" if facts else "")
    formatter = parser._get_formatter()
    yield f"    {formatter._expand_help(action) if action.help else ''}"
