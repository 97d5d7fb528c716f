"""Where the trash of a file is, by the freedesktop.org Trash specification 1.0, or ~/.Trash on macOS.

https://specifications.freedesktop.org/trash-spec/1.0/
"""

from __future__ import annotations

import datetime
import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from samepic.collection.disk import make_folder
from samepic.collection.held import Refused

__all__ = ["Trash", "fitted", "home_trash", "trash_for"]

_NAME_BYTES = 255
_NONE = "its file system has no trash: use --move-to"


@dataclass(frozen=True, slots=True)
class Trash:
    """The folder `files` that takes the file, `info` that takes what is known of it ("" on macOS).

    `top` is the folder that recorded paths count from; "" where they are absolute.
    """

    files: str
    info: str
    top: str

    def note(self, place: str) -> bytes:
        """Return the content of the .trashinfo of the file at the absolute `place`."""
        path = os.path.relpath(place, self.top) if self.top else place
        now = datetime.datetime.now().replace(microsecond=0).isoformat()
        return f"[Trash Info]\nPath={quote(os.fsencode(path))}\nDeletionDate={now}\n".encode("ascii")


def home_trash() -> str:
    """Return the absolute path of this user's home trash, which may not exist yet."""
    if sys.platform == "darwin":
        return str(Path("~/.Trash").expanduser())
    data = os.environ.get("XDG_DATA_HOME", "")
    base = Path(data) if data.startswith("/") else Path("~/.local/share").expanduser()
    return os.path.realpath(base / "Trash")


def trash_for(folder: str, device: int) -> Trash:
    """Return the trash of files in `folder` on `device`, made where it does not exist.

    Raises Refused where there is none that a file could be moved to by a mere rename.
    """
    if sys.platform not in ("linux", "darwin"):
        raise Refused(f"the trash of {sys.platform} is not known here: use --move-to")
    home = home_trash()
    try:
        make_folder(home)
        if Path(home).stat().st_dev == device:
            return _made(home, "")
        if sys.platform == "darwin":
            raise Refused(_NONE)
        top = _mount_point(folder, device)
        return _made(_own_trash(top), top)
    except OSError as error:
        raise Refused(f"{_NONE} ({error.strerror or error})") from error


def _made(path: str, top: str) -> Trash:
    if sys.platform == "darwin":
        return Trash(path, "", "")
    files, info = f"{path}/files", f"{path}/info"
    for folder in (files, info):
        make_folder(folder)
    return Trash(files, info, top)


def _mount_point(folder: str, device: int) -> str:
    here = Path(folder)
    while here.parent != here and here.parent.stat().st_dev == device:
        here = here.parent
    return str(here)


def _own_trash(top: str) -> str:
    """Return $topdir/.Trash/$uid where an administrator has made .Trash rightly, else $topdir/.Trash-$uid."""
    user, base = os.getuid(), top.rstrip("/")
    try:
        shared = os.lstat(f"{base}/.Trash")
        if stat.S_ISDIR(shared.st_mode) and shared.st_mode & stat.S_ISVTX:
            make_folder(f"{base}/.Trash/{user}", 0o700)
            return f"{base}/.Trash/{user}"
    except OSError:
        pass  # none, or it cannot be used: the specification goes on to the second place
    own = f"{base}/.Trash-{user}"
    make_folder(own, 0o700)
    found = os.lstat(own)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != user:
        raise Refused(_NONE)
    return own


def fitted(name: str, number: int, room: int = 0) -> str:
    """Return the `number`-th name to try for a file (0: its own), cut so that `room` more bytes still fit.

    >>> fitted("photo.jpg", 0), fitted("photo.jpg", 1)
    ('photo.jpg', 'photo.2.jpg')
    """
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > 20:
        stem, dot, suffix = name, "", ""
    tail = (f".{number + 1}" if number else "") + dot + suffix
    most = _NAME_BYTES - room - len(os.fsencode(tail))
    return os.fsdecode(os.fsencode(stem)[:most]) + tail
