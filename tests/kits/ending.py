"""What has to be ended: things that end when they are left, and processes with whatever they started."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

__all__ = ["Ends", "end_group"]


class Ends:
    """Something that is ended when it is left; `check` is called after that, unless an error is on its way."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if error is None:
            self.check()

    def end(self) -> None:
        """End it; may be called twice."""
        raise NotImplementedError

    def check(self) -> None:
        """Assert that nothing went wrong while it lasted."""


def end_group(process: subprocess.Popen[Any], seconds: float) -> None:
    """Have a process that leads its own session stop, after so many seconds kill it, and whatever it started."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
