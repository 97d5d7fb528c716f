"""What a worker process takes from itself before it sees a stranger's bytes."""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys

from samepic.gate.worker_answers import Protection
from samepic.gate.worker_filter import install

__all__ = ["allow_cpu", "ignore_signals", "protect"]

_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_LAST_CAPABILITY = 63
_A_DAY = 86_400.0


def ignore_signals() -> None:
    """Leave it to the parent when to end: what a terminal or a service manager sends to all is for the parent."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # what ends it at its time, where the parent ignores it


def protect(*, memory_bytes: int, open_files: int, parent: int, filtered: bool) -> Protection:
    """Give up for good what decoding does not need, and tell what could be given up.

    Memory counts from nothing, code of libraries apart. Ends the process if `parent` is not its parent any more.
    """
    memory, new_files, core_dumps = _limit(memory_bytes, open_files)
    privileges = orphans = calls = False
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        privileges = prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 and _drop_capabilities()
        # A change of capabilities undoes this one, so it comes after.
        orphans = prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0
        if os.getppid() != parent:
            os._exit(0)
        calls = filtered and install()
    return Protection(
        system=f"{platform.system()} {platform.machine()}",
        memory=memory,
        cpu=allow_cpu(_A_DAY),
        new_files=new_files or calls,
        core_dumps=core_dumps,
        files=calls,
        network=calls,
        programs=calls,
        orphans=orphans,
        privileges=privileges,
    )


def allow_cpu(seconds: float) -> bool:
    """Let this process compute for so many seconds from now, and then end by SIGPROF; False where that cannot be said.

    A timer of the process, not RLIMIT_CPU: that one counts whole seconds since the process began, by other clocks than
    the process can read.
    """
    if sys.platform == "win32":
        return False
    signal.setitimer(signal.ITIMER_PROF, seconds)
    return True


def _limit(memory_bytes: int, open_files: int) -> tuple[bool, bool, bool]:
    """Limit memory, files and core dumps; tell of memory, new files and core dumps whether that worked."""
    if sys.platform == "win32":
        return False, False, False
    import resource

    address, data = _mapped()
    memory = _lower(resource.RLIMIT_DATA, memory_bytes) and sys.platform == "linux"
    _lower(resource.RLIMIT_AS, address - data + memory_bytes)
    _lower(resource.RLIMIT_NOFILE, open_files)
    return memory, _lower(resource.RLIMIT_FSIZE, 0), _lower(resource.RLIMIT_CORE, 0)


def _mapped() -> tuple[int, int]:
    """Return the bytes of address space and of private data that this process has mapped."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123  (as cheap as can be)
            pages = [int(number) for number in file.read().split()]
    except OSError:
        return 1 << 30, 0
    import resource

    return pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()


def _lower(kind: int, value: int) -> bool:
    if sys.platform == "win32":
        return False
    import resource

    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        return False
    return True


def _drop_capabilities() -> bool:
    """Give up what an administrator's process may do; True where nothing of it is left."""
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAPABILITY + 1):
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    library.prctl(_PR_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITIES, 0)
    return bool(library.capset(header, bytes(24)) == 0)
