"""The folder of what failed: one folder a picture, and nothing touched in it that the plugin did not write."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from samepic.contrib.screens.events import Event

__all__ = ["INDEX", "KINDS", "clear", "save", "set_up"]

INDEX = "index.html"
KINDS = ("expected", "actual", "difference")
_TOLD = "samepic.json"
_IGNORE = ".gitignore"
_IGNORED = "# Made by samepic at each run of pytest.\n*\n"
_MADE = b'name="generator" content="samepic"'


def set_up(output: Path) -> None:
    """Make the folder, which version control passes over."""
    output.mkdir(parents=True, exist_ok=True)
    ignore = output / _IGNORE
    # The folder may be one that somebody keeps other things in.
    if not ignore.exists() and not any(output.iterdir()):
        ignore.write_text(_IGNORED)


def save(output: Path, event: Event, pictures: Mapping[str, bytes]) -> dict[str, Path]:
    """Write the pictures of an event, by their kinds, and what is told of it; return where they lie."""
    set_up(output)
    folder = output / event.folder
    folder.mkdir(exist_ok=True)
    paths = {}
    for kind, data in pictures.items():
        paths[kind] = folder / f"{event.name}-{kind}.png"
        paths[kind].write_bytes(data)
    (folder / _TOLD).write_text(json.dumps(event.to_dict(), indent=1), encoding="utf-8")
    return paths


def clear(output: Path) -> None:
    """Remove what an earlier run wrote. Links are not followed, and files of others stay."""
    if not output.is_dir():
        return
    for folder in output.iterdir():
        if (folder / _TOLD).is_file() and not folder.is_symlink():
            _clear(folder)
    index, ignore = output / INDEX, output / _IGNORE
    if index.is_file() and _MADE in index.read_bytes()[:2000]:
        index.unlink()
    if ignore.is_file() and ignore.read_text(errors="replace") == _IGNORED:
        ignore.unlink()
    _drop(output)


def _clear(folder: Path) -> None:
    for kind in KINDS:
        for path in folder.glob(f"*-{kind}.png"):
            path.unlink()
    (folder / _TOLD).unlink()
    _drop(folder)


def _drop(folder: Path) -> None:
    with suppress(OSError):  # it holds something of others
        folder.rmdir()
