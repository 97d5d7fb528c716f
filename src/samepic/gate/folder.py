"""originals_below: a way to originals that lie in a folder, each at the path that is its key."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from samepic.gate.parts import Originals
from samepic.picture import Encoded, read
from samepic.profiles.workers import UPLOAD

__all__ = ["originals_below"]

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
