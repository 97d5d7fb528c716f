"""What a baseline is called: by the test, or by a name that was given, and by its case and platform."""

from __future__ import annotations

import hashlib
import re
import sys
from collections import Counter

from samepic.errors import BaselineError
from samepic.profiles.contrib import PYTEST

__all__ = ["Names", "plain", "platform_name"]

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_ODD = re.compile(r"[^\w.=+-]+")
_PLATFORMS = {"win32": "windows", "darwin": "macos"}
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Names:
    """The names of the baselines of one test, `test`, in one case of its parameters ("" where it has none)."""

    def __init__(self, test: str, case: str) -> None:
        self._test, self._case = plain(test), plain(case)
        self._unnamed: Counter[str] = Counter()

    def next(self, name: str | None, platform: str) -> str:
        """Return the name for a picture: that which was given, else that of the test, numbered from the second on.

        Raises BaselineError for a name that is no plain file name.
        """
        stem = self._test if name is None else _checked(name)
        told = "-".join(part for part in (stem, self._case) if part)
        if name is None:
            self._unnamed[platform] += 1
            number = self._unnamed[platform]
            # No test and no case has this letter in its name, so it can't be taken for one.
            told += f"~{number}" if number > 1 else ""
        return _short(f"{told}-{_checked(platform)}" if platform else told)


def platform_name(wanted: str | bool | None, setting: str) -> str:
    """Return what names the platform, "" for nothing: `wanted` is what a test asks for, `setting` that of the project.

    Raises BaselineError for a setting that does not exist.
    """
    if isinstance(wanted, str):
        return wanted
    if setting not in ("none", "system"):
        raise BaselineError(f"samepic_platform: wanted none or system, got {setting!r}")
    if wanted if wanted is not None else setting == "system":
        return _PLATFORMS.get(sys.platform, sys.platform)
    return ""


def plain(text: str) -> str:
    """Return a text as a part of a file name; texts that differ stay different."""
    told = _ODD.sub("-", text).strip("-.")
    return told if told == text else f"{told}-{_digest(text)}".lstrip("-")


def _checked(name: str) -> str:
    wanted = "wanted a plain file name such as 'menu-open'"
    if not isinstance(name, str):
        raise BaselineError(f"name: {wanted}, got {type(name).__name__}")
    told = name.removesuffix(".png")
    if not told.strip() or told.startswith(".") or told.endswith((".", " ")) or _RESERVED.fullmatch(told):
        raise BaselineError(f"name: {wanted}, got {name!r}")
    if found := _UNSAFE.search(told):
        raise BaselineError(f"name: {wanted}, got {name!r}, with {found[0]!r}")
    return told


def _short(name: str) -> str:
    # Bytes, for file systems count them: a letter may take four.
    most = PYTEST.name_letters
    if len(name.encode()) <= most:
        return name
    return f"{name.encode()[:most].decode(errors='ignore')}-{_digest(name)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:6]
