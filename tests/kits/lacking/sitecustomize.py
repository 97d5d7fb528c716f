"""Take away what other systems lack, from a process whose PYTHONPATH begins with this folder, and from its workers.

What Python and other packages need of Linux themselves stays (os.uname, os.getuid, signal.SIGKILL).
"""

from __future__ import annotations

# The standard library asks for some of it on Linux, so it comes first.
import asyncio  # noqa: F401
import concurrent.futures  # noqa: F401
import ctypes  # noqa: F401
import multiprocessing.spawn  # noqa: F401
import os
import platform
import signal
import socketserver  # noqa: F401
import subprocess  # noqa: F401
import sys
import tempfile  # noqa: F401
from typing import Any

HIDDEN = ("fcntl", "grp", "pwd", "resource", "termios")
FUNCTIONS = (
    "chown", "fchmod", "fchown", "fork", "getxattr", "listxattr", "nice", "register_at_fork", "sched_getaffinity",
    "setxattr", "sysconf",
)  # fmt: skip
FLAGS = ("O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "O_PATH")
SIGNALS = ("SIGHUP", "SIGPROF", "SIGQUIT", "setitimer")


class Without:
    """A finder of modules that finds none of HIDDEN."""

    def __init__(self, finder: Any) -> None:  # noqa: ANN401
        self._finder = finder

    def find_spec(self, name: str, *more: Any) -> Any:  # noqa: ANN401
        return None if name in HIDDEN else self._finder.find_spec(name, *more)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._finder, name)


def refuse_proc(event: str, args: tuple[Any, ...]) -> None:
    if event == "open" and str(args[0]).startswith("/proc/"):
        raise FileNotFoundError(2, "No such file or directory", args[0])


for module in HIDDEN:
    sys.modules.pop(module, None)
sys.meta_path[:] = [Without(finder) for finder in sys.meta_path]
for holder, names in ((os, (*FUNCTIONS, *FLAGS)), (signal, SIGNALS)):
    for name in names:
        if hasattr(holder, name):
            delattr(holder, name)
os.supports_dir_fd = set()
platform.machine = lambda: "another"  # for which there is no filter of system calls
sys.addaudithook(refuse_proc)
