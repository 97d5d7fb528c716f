"""A real `samepic review` (or `find --review`) process, with folders of its own for state and trash."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from tests.kits.ending import Ends, end_group

__all__ = ["Review", "memory_of", "report_of"]


class Review(Ends):
    """`samepic ARGUMENTS --no-browser`, run in `folder`; ended when it is left, whatever it is doing.

    With a `browser`, a command, it is run without --no-browser.
    """

    def __init__(self, folder: Path, *arguments: str, browser: str = "") -> None:
        self.home = folder / "home"
        env = {
            **os.environ,
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.home / "state"),
            "XDG_DATA_HOME": str(self.home / "data"),
            "XDG_CACHE_HOME": str(self.home / "cache"),
            **({"BROWSER": browser, "DISPLAY": ":0"} if browser else {}),
        }
        self.home.mkdir(exist_ok=True)
        self._log = folder / "review.log"
        with self._log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "samepic", *arguments, *([] if browser else ["--no-browser"])],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=env,
                text=True,
                start_new_session=True,
            )
        try:
            self.address = self._address()
        except BaseException:
            self.end()
            raise
        parts = urlsplit(self.address)
        self.origin = f"{parts.scheme}://{parts.netloc}"

    def check(self) -> None:
        """Assert that it had nothing to complain of."""
        assert self._log.read_text() == ""

    def finished(self) -> list[str]:
        """Wait until it has ended by itself, and return the lines that it said last."""
        assert self.process.stdout is not None
        lines = self.process.stdout.read().splitlines()
        assert self.process.wait(60) == 0
        return lines

    def end(self) -> None:
        """End it."""
        end_group(self.process, 10)

    def _address(self) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(r"http://127\.0\.0\.1:\d+/[^\s\"]+", line)
            if found:
                return found[0]
        raise AssertionError(f"the review said nothing: {self._log.read_text()}")


def report_of(folder: Path, pictures: list[Path], groups: int) -> Path:
    """Write a report of so many groups of two names of one photograph each; return it."""
    sources = []
    for number, picture in enumerate(pictures):
        data, first = picture.read_bytes(), folder / f"{number:05}-source{picture.suffix.lower()}"
        first.write_bytes(data)
        facts = {
            "size": len(data),
            "mtime_ns": first.stat().st_mtime_ns,
            "sha256": hashlib.sha256(data).hexdigest(),
        }
        sources.append((first, facts))
    lines = []
    for number in range(groups):
        first, facts = sources[number % len(sources)]
        names = [folder / f"{number:05}{end}{first.suffix}" for end in ("", " copy")]
        for name in names:
            os.link(first, name)
        one, two = ({"path": str(name), **facts} for name in names)
        member = {**two, "relation": "resaved", "probability": 0.99, "explanation": "saved again"}
        line = {"group": number + 1, "reference": one["path"], "reason": "first by path"}
        lines.append({**line, "reference_file": one, "members": [member]})
    report = folder / "report.jsonl"
    report.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return report


def memory_of(process: int) -> int:
    """Return the most memory that a process has had, in MiB."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
