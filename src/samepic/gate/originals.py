"""Originals of kept pictures, from a folder or a function, and what else every admission of a gate shares."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from samepic.gate.index import Index
from samepic.limits import UPLOAD
from samepic.picture import Encoded, read
from samepic.profile import Profile
from samepic.sandbox.decode import Decoder
from samepic.store.contract import Store

__all__ = ["GateContext", "Originals", "originals_below"]

Originals = Callable[[str], object]
"""Gives the original of a key as bytes, a path or a binary file; None where it has none."""


@dataclass(frozen=True, slots=True)
class GateContext:
    """What every admission of one gate shares: its store, index and decoder, and what the caller gave it.

    With `copycode`, copy codes are made; `lease` is in seconds.
    """

    store: Store
    index: Index
    engine: Decoder
    tenant: str
    profile: Profile | None
    originals: Originals | None
    copycode: bool
    lease: float


_NO_NAMES = ("", ".", "..")

_NO_LETTERS = frozenset("/\0\\:" if os.name == "nt" else "/\0")


def originals_below(folder: str | os.PathLike[str], tenant: str = "") -> Originals:
    """Return what reads the file at FOLDER/key, or at FOLDER/tenant/key for a tenant that has a name.

    It returns None for a key that names no file there, and raises PermissionError for one that leads out of that
    folder, by a symbolic link too: no key of a tenant with a name reaches another's files. Raises as `read`.
    """

    def original(key: str) -> Encoded | None:
        root = os.path.realpath(folder)
        parts = [tenant, *key.split("/")] if tenant else key.split("/")
        if any(part in _NO_NAMES or _NO_LETTERS & set(part) for part in parts):
            return None
        # A file system that minds neither case nor accents would give one tenant the folder of another.
        if tenant and tenant not in os.listdir(root):  # noqa: PTH208
            return None
        try:
            found = Path(os.path.realpath(Path(root, *parts), strict=True))
        except (FileNotFoundError, NotADirectoryError):
            return None
        if not found.is_relative_to(Path(root, tenant)):
            raise PermissionError(errno.EACCES, "it leads out of the folder of originals")
        return read(found, limits=UPLOAD)

    return original
