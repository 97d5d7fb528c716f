"""What is kept of an answer as its contract: keys, order, types and stable values; placeholders for all else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

__all__ = ["PHOTOS", "Sentences", "dumped", "masked", "read_pictures", "shaped"]

PHOTOS = Path(__file__).parents[2] / "examples" / "photos"

_SENTENCES = frozenset(
    (
        "explanation",
        "reason",
        "message",
        "detail",
        "error",
        "words",
        "note",
        "wanted",
        "got",
        "original_reason",
        "better_reason",
    )
)
_VARYING = frozenset(("size", "wasted", "metadata", "device", "inode", "mode", "uid", "gid"))
_HEX = re.compile(r"[0-9a-f]{12,}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d(T[\d:.+Z-]+)?")
_BYTES = re.compile(r"\d[\d.]* (?:bytes|[kKMG]B)")
_DECIMAL = re.compile(r"\d+\.\d+(e[+-]\d+)?")
_COLUMNS = re.compile(r"(?<=\S) {3,}(?=\S)")
_CODE = re.compile(r"\b(?=\w*[0-9])[A-Za-z0-9_-]{40,}")


class Sentences:
    """Sentences met in answers, each with where it stood."""

    def __init__(self) -> None:
        self._met: list[str] = []

    def note(self, where: str, sentence: str) -> None:
        """Keep a sentence; where nothing is said, nothing is kept."""
        line = f"{where}: {masked(sentence)}"
        if sentence and line not in self._met:
            self._met.append(line)

    def text(self) -> str:
        """Return all of them, a line each."""
        return "".join(f"{line}\n" for line in self._met)


def read_pictures(names: Sequence[str]) -> dict[str, Path]:
    """Return example photographs by stem."""
    found = {path.stem: path for path in PHOTOS.iterdir() if path.suffix in (".jpg", ".png")}
    return {name: found[name] for name in names}


def masked(text: str) -> str:
    """Return words without what depends on the machine: decimals, sizes of files, times, codes, widths of columns."""
    for pattern, result in ((_BYTES, "<bytes>"), (_DECIMAL, "<decimal>"), (_COLUMNS, "  ")):
        text = pattern.sub(result, text)
    return _coded(text)


def _coded(text: str) -> str:
    for pattern, result in ((_HEX, "<hex>"), (_CODE, "<code>"), (_TIME, "<time>")):
        text = pattern.sub(result, text)
    return text


def shaped(value: object, said: Sentences, where: str = "", key: str = "") -> object:
    """Return a value of JSON with its keys in their order, and placeholders for what is not the same everywhere."""
    if isinstance(value, dict):
        return {_coded(name): shaped(one, said, where, name) for name, one in value.items()}
    if isinstance(value, list):
        return [shaped(one, said, where, key) for one in value]
    if isinstance(value, str):
        return _text(value, said, where, key)
    if isinstance(value, float):
        return "<number>"
    if isinstance(value, int) and (key in _VARYING or key.endswith("_ns")):
        return "<integer>"
    return value


def _text(value: str, said: Sentences, where: str, key: str) -> str:
    if key in _SENTENCES and (" " in value or not value):
        said.note(f"{where} {key}", value)
        return "<sentence>"
    return _coded(value)


def dumped(value: object) -> str:
    """Return a value as indented JSON, its keys in the order they have."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
