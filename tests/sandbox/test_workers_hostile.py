"""A picture that kills, stops, fills or takes over its worker costs its own upload an error, and nothing else."""

from __future__ import annotations

import json
import os
import platform
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from samepic.errors import LimitError, UnavailableError, UnreadableError, WorkerError
from samepic.limits import UPLOAD
from samepic.native import native
from samepic.sandbox import process
from samepic.sandbox.decode import Task, prepare
from samepic.sandbox.pool import Prepared, Workers
from samepic.sandbox.process import WORKERS, LostError, WorkerProcess
from tests.kits.heif_bombs import heif_bombs
from tests.picture.picture_files import chunk, many_pixels, saved, scene

pytestmark = [
    pytest.mark.crash,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to stop a process"),
]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what the system of Linux alone offers")
PICTURE = saved(scene(), "PNG")


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """After each test every process has been reaped and every thread that spoke to one has ended."""
    before = set(threading.enumerate())
    yield
    until(lambda: not {one for one in set(threading.enumerate()) - before if one.name == "samepic-worker"})


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def until(true: Callable[[], object]) -> None:
    """Wait until something is so; a minute means that it never will be."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "never came true"
        time.sleep(0.01)


def stopped_in_a_task(pool: Workers, threads: ThreadPoolExecutor) -> tuple[int, Future[Prepared]]:
    """Give a task to the only process of a pool, which is stopped, so that it is in the middle of it for ever."""
    assert pool.protection
    (number,) = pool.processes
    os.kill(number, signal.SIGSTOP)
    future = threads.submit(pool.prepare, PICTURE, "upload.png")
    until(lambda: pool.status()["busy"])
    return number, future


def test_a_worker_killed_in_the_middle_costs_its_own_upload_an_error_that_says_so(
    threads: ThreadPoolExecutor,
) -> None:
    with Workers(1, replace(WORKERS, wall_seconds=60)) as pool:
        number, future = stopped_in_a_task(pool, threads)
        others = [threads.submit(pool.prepare, PICTURE, "other.png") for _ in range(3)]
        os.kill(number, signal.SIGKILL)
        with pytest.raises(WorkerError, match=r"^upload\.png: .* decoder was ended by SIGKILL$"):
            future.result()
        assert [other.result().info.name for other in others] == ["other.png"] * 3
        assert number not in pool.processes
        assert pool.status()["died"] == 1


def test_a_worker_that_hangs_is_ended_and_replaced(threads: ThreadPoolExecutor) -> None:
    with Workers(1, replace(WORKERS, wall_seconds=0.5)) as pool:
        number, future = stopped_in_a_task(pool, threads)
        with pytest.raises(WorkerError, match=r"^upload\.png: expected a picture that takes at most 0\.5 s"):
            future.result()
        assert pool.status()["late"] == 1
        until(lambda: number not in pool.processes and not Path(f"/proc/{number}").exists())
    with Workers(1) as pool:
        assert pool.prepare(PICTURE)


def test_a_worker_that_dies_while_nobody_asks_it_costs_nothing() -> None:
    with Workers(1) as pool:
        pool.prepare(PICTURE)
        (number,) = pool.processes
        os.kill(number, signal.SIGKILL)
        until(lambda: not pool.processes)
        assert pool.prepare(PICTURE)


@pytest.mark.slow
def test_a_picture_that_computes_too_long_is_told_so() -> None:
    with Workers(1, replace(WORKERS, cpu_seconds=0.3, wall_seconds=120)) as pool:
        with pytest.raises(
            WorkerError, match=r"slow\.png: .*at most 0\.3 s of computing, found one that takes more"
        ):
            pool.prepare(many_pixels(), "slow.png")
        for _ in range(200):  # each has its own time, so that they need not share those 0.3 s
            assert pool.prepare(PICTURE)


def zeros(size: int) -> bytes:
    squeeze = zlib.compressobj(9)
    return b"".join([*(squeeze.compress(bytes(1 << 20)) for _ in range(size >> 20)), squeeze.flush()])


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few kilobytes per 10 million pixels of black."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    stream = zeros((width * 3 + 1) * height + (1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", stream) + chunk(b"IEND", b"")


@LINUX
@pytest.mark.slow
def test_a_picture_that_needs_too_much_memory_is_told_so_and_the_worker_goes_on() -> None:
    with Workers(1, replace(WORKERS, memory_bytes=200 << 20, wall_seconds=60)) as pool:
        with pytest.raises(LimitError, match=r"bomb\.png: expected a PNG that fits in memory"):
            pool.prepare(bomb(9000, 9000), "bomb.png")
        assert pool.prepare(PICTURE)
        assert pool.status()["died"] == 0


@pytest.mark.slow
def test_no_heif_of_many_tiles_items_or_turns_breaks_what_nobody_foresaw() -> None:
    with Workers(1, replace(WORKERS, cpu_seconds=60, wall_seconds=120)) as pool:
        for name, data in heif_bombs():
            try:
                assert pool.prepare(data, name).info.format == "HEIF"
            except UnreadableError as error:
                assert not isinstance(error, WorkerError), str(error)


def test_an_animation_whose_frames_are_larger_than_it_says_is_refused_with_a_reason() -> None:
    frame = b",\0\0\0\0" + struct.pack("<HHB", 40000, 40000, 0) + b"\2\2D\1\0"
    gif = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6) + frame * 2 + b";"
    with Workers(1) as pool, pytest.raises(UnreadableError) as error:
        pool.prepare(gif, "grows.gif")
    assert not isinstance(error.value, WorkerError)


@LINUX
def test_a_worker_holds_no_secret_and_no_file_of_its_parent(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    with (tmp_path / "open").open("w") as file, Workers(1) as pool:
        os.set_inheritable(file.fileno(), True)
        pool.prepare(PICTURE)
        (number,) = pool.processes
        assert b"secret" not in Path(f"/proc/{number}/environ").read_bytes()
        held = [str(link.readlink()) for link in Path(f"/proc/{number}/fd").iterdir()]
        assert {name.partition(":")[0] for name in held} <= {"pipe", "/dev/null"}
        limits = Path(f"/proc/{number}/limits").read_text()
        found = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()}
        assert found["Max core file size"] == found["Max file size"] == "0"
        assert found["Max data size"] == str(WORKERS.memory_bytes)
        status = dict(
            line.split(":\t", 1) for line in Path(f"/proc/{number}/status").read_text().splitlines()
        )
        assert (status["NoNewPrivs"].strip(), int(status["CapEff"], 16), int(status["CapPrm"], 16)) == (
            "1",
            0,
            0,
        )


TRIES = """
import ctypes, json, os, signal, socket, subprocess, sys, threading
from samepic.sandbox.guard import protect
from samepic.sandbox.child import preload

def tried(attempt):
    try:
        attempt()
    except OSError as error:
        return error.errno
    except (ValueError, RuntimeError):
        return 1  # what Python makes of EPERM for limits and threads
    return "done"

def syscall(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")

threads = preload()
libc = ctypes.CDLL(None, use_errno=True)
parent, own = os.getppid(), os.getpid()
reading, writing = os.pipe()
held = os.open(sys.argv[1], os.O_WRONLY)
protection = protect(memory_bytes=1 << 30, open_files=32, parent=parent, filtered=True, threads=threads)
print(json.dumps({
    "complete": protection.complete,
    "start a thread": tried(lambda: threading.Thread(target=print).start()),
    "socket": tried(lambda: socket.socket()),
    "unix socket": tried(lambda: socket.socket(socket.AF_UNIX)),
    "socketpair": tried(socket.socketpair),
    "read a file": tried(lambda: open("/etc/hostname").close()),
    "look up a file": tried(lambda: os.stat("/etc/hostname")),
    "look up a file without its last name": tried(lambda: os.stat("hostname", dir_fd=held)),
    "look up a file by the call for open ones": tried(lambda: syscall(262, -100, b"/etc", bytes(200), 0x1000)),
    "look up a link": tried(lambda: os.readlink("/proc/self/exe")),
    "list a folder": tried(lambda: os.listdir("/")),
    "read its own memory": tried(lambda: open("/proc/self/mem", "rb").close()),
    "make a file": tried(lambda: open(sys.argv[1] + "2", "w").close()),
    "write into a held file": tried(lambda: os.write(held, b"x")),
    "make a folder": tried(lambda: os.mkdir(sys.argv[1] + "3")),
    "remove a file": tried(lambda: os.remove(sys.argv[1])),
    "fork": tried(os.fork),
    "start a program": tried(lambda: os.execv(sys.executable, [sys.executable])),
    "signal the parent": tried(lambda: os.kill(parent, signal.SIGTERM)),
    "signal all": tried(lambda: os.kill(-1, signal.SIGTERM)),
    "thread signal to the parent": tried(lambda: syscall(234, parent, parent, 15)),
    "ptrace": tried(lambda: syscall(101, 16, parent, 0, 0)),
    "read memory of the parent": tried(lambda: syscall(310, parent, 0, 0, 0, 0, 0)),
    "limit the parent": tried(lambda: syscall(302, parent, 7, 0, 0)),
    "io_uring": tried(lambda: syscall(425, 8, 0)),
    "unshare": tried(lambda: syscall(272, 0x10000000)),
    "memory file": tried(lambda: syscall(319, b"x", 0)),
    "a call of tomorrow": tried(lambda: syscall(900)),
    "raise a limit": tried(lambda: __import__("resource").setrlimit(1, (1000, 1000))),
}))
"""


@LINUX
@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers of these calls are those of x86_64")
def test_from_inside_there_is_no_network_no_file_no_program_and_no_other_process(tmp_path: Path) -> None:
    """The child's own protection, in a process that then tries what one in a stranger's hands would."""
    file = tmp_path / "file"
    file.write_bytes(b"")
    done = subprocess.run(
        [sys.executable, "-c", TRIES, str(file)], capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout)
    if native is None:
        assert (found.pop("complete"), found.pop("start a thread")) == (False, "done")
    assert found.pop("complete", True)
    assert found.pop("a call of tomorrow") == 38  # ENOSYS: "unknown", so that a C library tries an older one
    assert found.pop("write into a held file") == 27  # EFBIG
    assert set(found.values()) == {1}, found  # EPERM
    assert sorted(tmp_path.iterdir()) == [file]


@LINUX
def test_after_warming_up_nothing_more_is_loaded_whatever_is_compared(photos: dict[str, Path]) -> None:
    program = """
import io, sys
from pathlib import Path
from PIL import Image, ImageDraw, ImageOps
from samepic.api import compare
from samepic.sandbox.child import preload
preload()
before = set(sys.modules)
def saved(image, form="JPEG"):
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()
a = Path(sys.argv[1]).read_bytes()
image = Image.open(io.BytesIO(a)).convert("RGB")
drawn = image.copy()
ImageDraw.Draw(drawn).rectangle((50, 50, 140, 90), fill="red")
for other in (
    image.resize((300, 200)), image.crop((60, 40, 500, 380)), image.rotate(90, expand=True), ImageOps.mirror(image),
    drawn, image.rotate(7), ImageOps.expand(image, 40, "white"), image.convert("L"), ImageOps.autocontrast(image),
):
    compare(a, saved(other))
compare(a, saved(image, "PNG"))
compare(a, Path(sys.argv[2]).read_bytes())
print(sorted(set(sys.modules) - before))
"""
    done = subprocess.run(
        [sys.executable, "-c", program, str(photos["rocket"]), str(photos["astronaut"])],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_closing_waits_for_what_runs_and_refuses_what_waits(threads: ThreadPoolExecutor) -> None:
    pool = Workers(1, replace(WORKERS, wall_seconds=60))
    number, running = stopped_in_a_task(pool, threads)
    waiting = threads.submit(pool.prepare, PICTURE)
    until(lambda: pool.status()["waiting"])
    closing = threads.submit(pool.close)
    with pytest.raises(UnavailableError, match="closed"):
        waiting.result()
    assert not closing.done()
    os.kill(number, signal.SIGCONT)
    assert running.result() == prepare(PICTURE, "upload.png", limits=UPLOAD)
    closing.result()
    until(lambda: not Path(f"/proc/{number}").exists())


def test_leaving_by_an_error_ends_what_runs_at_once(threads: ThreadPoolExecutor) -> None:
    running: list[Future[Prepared]] = []

    def leave() -> None:
        with Workers(1, replace(WORKERS, wall_seconds=600)) as pool:
            running.append(stopped_in_a_task(pool, threads)[1])
            raise KeyError("left")

    with pytest.raises(KeyError, match="left"):
        leave()
    with pytest.raises(WorkerError, match="SIGKILL"):
        running[0].result()


def test_who_asks_a_process_just_after_it_was_killed_is_told_so_at_once() -> None:
    pool = Workers(1, replace(WORKERS, wall_seconds=600))
    for ended in (False, True):
        worker = pool._pool.acquire()
        worker.kill()
        if ended:
            worker.join(60)
        with pytest.raises(LostError, match="SIGKILL"):
            worker.ask(Task("prepare", ("<a>",)), [PICTURE], 600, WORKERS.proxy_bytes)
        pool._pool.release(worker, "died")
    pool.close()


def test_where_no_worker_starts_nothing_is_said_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_python", lambda: "/nowhere/python")
    with Workers(2) as pool:
        for _ in range(3):
            with pytest.raises(UnavailableError, match="cannot start /nowhere/python"):
                pool.prepare(PICTURE)
        assert pool.status()["busy"] == pool.status()["running"] == 0


def test_where_the_filter_stops_every_worker_they_start_without_it_and_say_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    greeted = WorkerProcess._handshake

    def unable(worker: WorkerProcess, process: subprocess.Popen[bytes]) -> object:
        if worker._filtered:
            raise LostError("ended with SIGSYS")
        return greeted(worker, process)

    monkeypatch.setattr(WorkerProcess, "_handshake", unable)
    with Workers(1) as pool:
        assert pool.prepare(PICTURE)
        assert not pool.protection.network
        assert not pool.protection.complete
    assert "SIGSYS" in caplog.text


def test_a_pool_that_is_dropped_ends_its_processes() -> None:
    pool = Workers(1)
    pool.prepare(PICTURE)
    (number,) = pool.processes
    del pool
    until(lambda: not Path(f"/proc/{number}").exists())
    until(lambda: all(thread.name != "samepic-worker" for thread in threading.enumerate()))


@pytest.mark.parametrize(("waited", "kind"), [(0.1, WorkerError), (0.45, UnavailableError)])
def test_a_delay_is_the_pictures_fault_unless_the_machine_had_no_time_for_it(
    threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, waited: float, kind: type[Exception]
) -> None:
    times = iter((0.0, waited))
    monkeypatch.setattr(WorkerProcess, "_starved", lambda _: next(times))
    with Workers(1, replace(WORKERS, wall_seconds=0.5)) as pool:
        _, future = stopped_in_a_task(pool, threads)
        with pytest.raises(kind, match=r"^upload\.png: "):
            future.result()
