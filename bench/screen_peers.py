"""pixelmatch and odiff, asked from Python: what a folder in which npm installed them offers."""

from __future__ import annotations

import json
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

INSTALL = "npm install odiff-bin@4.5.0 pixelmatch@7.2.0 pngjs@7.0.0"

_SCRIPT = """
import fs from 'fs';
import readline from 'readline';
import {PNG} from 'pngjs';
import pixelmatch from 'pixelmatch';
for await (const line of readline.createInterface({input: process.stdin})) {
  const [one, two, threshold] = JSON.parse(line), begun = process.cpuUsage();
  const [a, b] = [one, two].map((path) => PNG.sync.read(fs.readFileSync(path)));
  const count = a.width === b.width && a.height === b.height
    ? pixelmatch(a.data, b.data, null, a.width, a.height, {threshold}) : -1;
  const used = process.cpuUsage(begun);
  console.log(JSON.stringify({count, cpu: (used.user + used.system) / 1e6}));
}
"""


@dataclass
class _Server:
    """A process that answers a line of JSON with one."""

    command: list[str]
    folder: Path
    process: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Any:  # noqa: ANN401  (Self of a subclass)
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, question: object) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


class Pixelmatch(_Server):
    """pixelmatch with pngjs in one node process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(["node", "--input-type=module", "-e", _SCRIPT], folder)

    def count(self, one: Path, two: Path, threshold: float = 0.1) -> int:
        """Return how many pixels differ, -1 for two sizes."""
        return int(self.ask([str(one), str(two), threshold])["count"])


@dataclass(frozen=True)
class Odiff:
    """odiff as its command, one process a pair."""

    folder: Path

    @property
    def binary(self) -> Path:
        """The program itself: what lies in odiff-bin starts it through node, which costs more than a comparison."""
        return next((self.folder / "node_modules" / "@odiff").glob("*/odiff"))

    def differ(self, one: Path, two: Path, out: Path | None = None) -> bool:
        """Tell whether anything differs beyond anti-aliasing; write the picture of it to `out`."""
        outs = [str(out)] if out is not None else []
        status = subprocess.run(
            [str(self.binary), str(one), str(two), *outs, "--aa"], check=False, capture_output=True
        ).returncode
        return status != 0


class OdiffServer(_Server):
    """odiff as a server, which always writes the picture of what differs."""

    def __init__(self, folder: Path) -> None:
        super().__init__([str(Odiff(folder).binary), "--server"], folder)

    def __enter__(self) -> OdiffServer:
        super().__enter__()
        assert self.process.stdout is not None
        self.process.stdout.readline()
        return self

    def differ(self, one: Path, two: Path, out: Path) -> bool:
        """Tell whether anything differs beyond anti-aliasing."""
        question = {
            "requestId": time.time_ns(),
            "base": str(one),
            "compare": str(two),
            "output": str(out),
            "options": {"antialiasing": True},
        }
        return not self.ask(question)["match"]
