"""Writing: counts, shares, sizes and names for people, and files that are replaced whole."""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from samepic.errors import UnreadableError

if TYPE_CHECKING:
    from pathlib import Path

NO_SUCH_FILE = "no such file"


def printable(text: str) -> str:
    """Return `text` with control characters escaped, so that a file name cannot steer a terminal or a page."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def plural(count: int, noun: str, many: str = "") -> str:
    """Return a count with its noun: "1 group", "3 groups", or with `many` where an s does not do."""
    return f"{count} {noun if count == 1 else many or noun + 's'}"


def percent(share: float) -> str:
    """Return a probability for people; only an exact 0 or 1 is 0 % or 100 %."""
    if 0 < share < 0.001:
        return "under 0.1 %"
    if 0.999 < share < 1:
        return "over 99.9 %"
    return f"{share * 100:.1f}".removesuffix(".0") + " %"


def time_text(seconds: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601 in UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat(timespec="seconds")


def bytes_text(size: int) -> str:
    """Return a file size for people: 812 bytes, 41 KB, 3.2 MB, 1.5 GB."""
    if size < 1000:
        return plural(size, "byte")
    if size < 1_000_000:
        return f"{size / 1000:.0f} KB"
    return f"{size / 1e6:.1f} MB" if size < 1e9 else f"{size / 1e9:.1f} GB"


def reason_of(error: UnreadableError | OSError) -> str:
    """Return why a file cannot be read, without its name."""
    if isinstance(error, OSError):
        text = error.strerror or str(error)
        return NO_SUCH_FILE if text == os.strerror(errno.ENOENT) else text
    return f"expected {error.wanted}, found {error.got}" if error.wanted else error.got


def data_url(data: bytes, media_type: str) -> str:
    import base64

    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"


def create_private(path: Path) -> None:
    """Create an empty file that only this user may read, and its folder, where they are missing. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a new file beside `path`, which replaces it at the end, or not at all. Raises OSError with `path`."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        reason = "no such folder" if isinstance(error, FileNotFoundError) else error.strerror or str(error)
        raise OSError(error.errno, reason, str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)
