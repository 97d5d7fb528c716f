"""The guard of a worker process: the system calls and resources it gives up before it reads untrusted bytes.

An allow list, since a deny list would have to know every call of later kernels.
Linux on x86_64 and aarch64; seccomp in mode FILTER, as Documentation/userspace-api/seccomp_filter.rst of the kernel
describes it.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import signal
import struct
import sys

from samepic.sandbox.protocol import Protection

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# name: number on x86_64 and on aarch64 (asm/unistd_64.h, asm-generic/unistd.h), None where there is none
_ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "write": (1, 64),
    "readv": (19, 65),
    "writev": (20, 66),
    "pread64": (17, 67),
    "close": (3, 57),
    "fstat": (5, 80),
    "lseek": (8, 62),
    "poll": (7, None),
    "ppoll": (271, 73),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "getcpu": (309, 168),
    "set_robust_list": (273, 99),
    "set_tid_address": (218, 96),
    "rseq": (334, 293),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getrandom": (318, 278),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "setitimer": (38, 103),
    "getrlimit": (97, 163),
    "setrlimit": (160, 164),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
}

_CLONE, _CLONE3, _TGKILL, _PRLIMIT, _PRCTL = (56, 220), (435, 435), (234, 131), (302, 261), (157, 167)
_NEWEST = 462
"""The newest call known when this was written (2026-11); a C library falls back from a later one that is "unknown"."""

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_SECCOMP = {"x86_64": 317, "aarch64": 277}
_LOAD, _EQUAL, _GREATER, _BITS, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCH, _FIRST, _FIRST_HIGH = 0, 4, 16, 20  # offsets in struct seccomp_data
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_THREAD = 0x00010000  # CLONE_THREAD
_NAME_THREAD = 15  # PR_SET_NAME
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


def program(machine: str, pid: int, *, threads: bool) -> bytes:
    """Return the filter, with or without `threads`, as classic BPF. Raises KeyError for an unknown machine."""
    column, arch = _MACHINES[machine]
    code = [
        _op(_LOAD, _ARCH),
        _op(_EQUAL, arch, 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER),
    ]
    for number in sorted(
        numbers[column] or 0 for numbers in _ALLOWED.values() if numbers[column] is not None
    ):
        code += [_op(_EQUAL, number, 0, 1), _op(_RETURN, _ALLOW)]
    code += [_op(_EQUAL, _CLONE3[column], 0, 1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
    if threads:
        code += _if_first(_CLONE[column], _op(_BITS, _THREAD, 0, 1))
    code += _if_first(_TGKILL[column], _op(_EQUAL, pid, 0, 1))
    code += _if_first(_PRLIMIT[column], _op(_EQUAL, 0, 0, 1))
    code += _if_first(_PRCTL[column], _op(_EQUAL, _NAME_THREAD, 0, 1))
    code += [_op(_GREATER, _NEWEST, 0, 1), _op(_RETURN, _ERRNO | errno.ENOSYS)]
    code += [_op(_RETURN, _ERRNO | errno.EPERM)]
    return b"".join(code)


def _op(code: int, k: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, k)


def _if_first(number: int, test: bytes) -> list[bytes]:
    """Allow the call `number` if its first argument, 32 bits of it, passes the test, and refuse it otherwise."""
    return [
        _op(_EQUAL, number, 0, 4),
        _op(_LOAD, _FIRST),
        test,
        _op(_RETURN, _ALLOW),
        _op(_RETURN, _ERRNO | errno.EPERM),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))


def install(*, threads: bool) -> bool:
    """Filter the system calls of all threads for good, which needs PR_SET_NO_NEW_PRIVS; return whether that worked."""
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _MACHINES or struct.calcsize("P") != 8:
        return False
    code = program(machine, os.getpid(), threads=threads)
    filtered = _Program(len(code) // 8, code)
    call = ctypes.CDLL(None, use_errno=True).syscall
    call.restype = ctypes.c_long
    done = call(
        ctypes.c_long(_SECCOMP[machine]),
        ctypes.c_long(_SET_MODE_FILTER),
        ctypes.c_long(_ALL_THREADS),
        ctypes.byref(filtered),
    )
    return bool(done == 0)


_PR_SET_PDEATHSIG, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 24, 38, 47
_CAP_AMBIENT_CLEAR_ALL = 4
_CAPABILITIES = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_LAST_CAPABILITY = 63
_A_DAY = 86_400.0


def ignore_signals() -> None:
    """Ignore signals that a terminal or a service manager sends to the whole group: the parent decides when to end."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(signal, "SIGPROF"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)  # what ends it at its time, where the parent ignores it


def protect(memory_bytes: int, open_files: int, *, parent: int, filtered: bool, threads: bool) -> Protection:
    """Give up what decoding does not need, and return what could be given up.

    Memory counts from nothing, code of libraries apart; `threads` can still be started where decoders need them. Ends
    the process if `parent` is not its parent any more.
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
        calls = filtered and install(threads=threads)
    return Protection(
        system=f"{platform.system()} {platform.machine()}",
        memory=memory,
        cpu=allow_cpu(_A_DAY),
        new_files=new_files or calls,
        core_dumps=core_dumps,
        files=calls,
        network=calls,
        programs=calls,
        threads=calls and not threads,
        orphans=orphans,
        privileges=privileges,
    )


def allow_cpu(seconds: float) -> bool:
    """Limit this process to so many seconds of CPU from now, then SIGPROF ends it; False where that is impossible.

    A timer of the process, not RLIMIT_CPU: that one counts whole seconds since the process began, by other clocks than
    the process can read.
    """
    if not hasattr(signal, "setitimer"):
        return False
    signal.setitimer(signal.ITIMER_PROF, seconds)
    return True


def _limit(memory_bytes: int, open_files: int) -> tuple[bool, bool, bool]:
    """Limit memory, files and core dumps; return whether that worked for memory, new files and core dumps."""
    if resource is None:
        return False, False, False
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
    return pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()


def _lower(kind: int, value: int) -> bool:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(kind, (value, value))
    except (OSError, ValueError):
        return False
    return True


def _drop_capabilities() -> bool:
    """Drop all capabilities; True where none is left."""
    library = ctypes.CDLL(None, use_errno=True)
    for capability in range(_LAST_CAPABILITY + 1):
        library.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    library.prctl(_PR_CAP_AMBIENT, _CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = struct.pack("=Ii", _CAPABILITIES, 0)
    return bool(library.capset(header, bytes(24)) == 0)
