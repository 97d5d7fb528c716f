"""Workers give the answers that this process would give, to many threads, and end when they should."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from samepic import compare, fingerprint
from samepic.errors import (
    LimitError,
    ProfileError,
    SamepicError,
    TruncatedError,
    UnavailableError,
    UnreadableError,
)
from samepic.limits import UPLOAD
from samepic.picture import Encoded, inspect
from samepic.picture.pillow import PLUGINS
from samepic.profile import Profile
from samepic.sandbox.child import failure
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers
from samepic.sandbox.process import WORKERS
from samepic.sandbox.protocol import MISSING, Failure
from tests.picture.picture_files import DISPLAY_P3, HEIC_TURNED, profile, saved, scene

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="what the system of Linux alone offers")


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Return a pool of two that the tests of answers share."""
    with Workers(2) as pool:
        yield pool


def every_format() -> list[tuple[str, bytes]]:
    picture = Image.fromarray(scene(96, 64))
    files = [("HEIF", HEIC_TURNED)]
    for form in (*PLUGINS, "JPEG", "PNG"):
        try:
            files.append((form, saved(picture, form, **({"compression": "jpeg"} if form == "TIFF" else {}))))
        except (OSError, KeyError):
            continue  # Pillow reads it and does not write it
    moving = [Image.fromarray(scene(96, 64)), Image.fromarray(scene(96, 64)[::-1])]
    files.append(("moving GIF", saved(moving[0], "GIF", save_all=True, append_images=moving[1:])))
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize(alpha.size))
    files += [
        ("WEBP with alpha", saved(alpha, "WEBP")),
        ("16 bits", saved(np.full((9, 9), 700, np.uint16), "PNG")),
    ]
    return [*files, ("CMYK", saved(picture.convert("CMYK"), "JPEG")), *described()]


def described() -> list[tuple[str, bytes]]:
    """Return pictures with all that a camera and an editor write beside them."""
    exif, notes = Image.Exif(), PngInfo()
    exif.update({0x010F: "NIKON", 0x0110: "D800", 0x0112: 6, 0x9C9B: "title".encode("utf-16-le")})
    exif.get_ifd(0x8769).update({0x9003: "2026:11:28 12:00:00", 0x9291: "25", 0x9286: b"UNICODE\0\0a"})
    exif.get_ifd(0x8825).update({1: "N", 2: (50.0, 0.0, 0.0), 29: "2026:11:28"})
    notes.add_itxt("Title", "picture", "de", "Bild")
    notes.add_text("Comment", "a", zip=True)
    beside: dict[str, Any] = {
        "exif": exif,
        "icc_profile": profile("Wide", DISPLAY_P3, 1.8),
        "xmp": b"<x:xmpmeta/>",
    }
    forms: dict[str, dict[str, Any]] = {
        "PNG": {"pnginfo": notes, "dpi": (300, 300)},
        "JPEG": {"comment": b"\xe4"},
        "MPO": {},
    }
    picture = Image.fromarray(scene(96, 64))
    return [
        (f"{form} with metadata", saved(picture, form, **beside, **forms.get(form, {})))
        for form in ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "MPO")
    ]


@pytest.mark.parametrize(
    ("form", "data"), every_format(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_worker_prepares_a_picture_as_this_process_does(workers: Workers, form: str, data: bytes) -> None:
    assert workers.prepare(data, f"my {form}") == prepare(data, f"my {form}", limits=UPLOAD)
    assert workers.status()["died"] == 0


def test_a_worker_makes_the_copy_code_where_it_is_asked_for(workers: Workers, rocket: Path) -> None:
    data = rocket.read_bytes()
    found = workers.prepare(data, "rocket", copycode=True)
    assert found == prepare(data, "rocket", copycode=True, limits=UPLOAD)
    assert len(found.fingerprint.copycode) == 32


@pytest.mark.parametrize("names", [("rocket", "rocket"), ("rocket", "astronaut"), ("chelsea", "coffee")])
def test_a_worker_compares_as_this_process_does(
    workers: Workers, photos: dict[str, Path], names: tuple[str, str]
) -> None:
    a, other = (photos[name].read_bytes() for name in names)
    with Image.open(photos[names[1]]) as image:
        smaller = saved(image.convert("RGB").crop((20, 20, 300, 250)), "JPEG", quality=70)
    for b in (other, smaller):
        here, there = compare(a, b), workers.compare(a, b)
        assert there == here
        assert there.to_dict() == here.to_dict()


def test_animations_are_compared_frame_by_frame_though_no_file_can_be_opened(workers: Workers) -> None:
    frames = [Image.fromarray(np.roll(scene(96, 64), 9 * k, axis=1)) for k in range(3)]
    gif, webp = (
        saved(frames[0], form, save_all=True, append_images=frames[1:], duration=90)
        for form in ("GIF", "WEBP")
    )
    assert workers.compare(gif, webp).to_dict() == compare(gif, webp).to_dict()


def test_policy_and_profile_count_as_they_do_here(workers: Workers, rocket: Path, astronaut: Path) -> None:
    a, b = rocket.read_bytes(), astronaut.read_bytes()
    profile = Profile(same_if="adjusted", probability=0.9, slope=2.0, intercept=1.0)
    assert workers.compare(a, b, profile=profile, prove=False) == compare(a, b, profile=profile, prove=False)
    with pytest.raises(ProfileError, match="sameish"):
        workers.compare(a, b, same_if="sameish")


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"no picture", UnreadableError), (saved(scene(), "PNG")[:90], TruncatedError)],
)
def test_an_unsound_file_raises_what_it_raises_here_under_its_own_name(
    workers: Workers, data: bytes, kind: type[SamepicError]
) -> None:
    name = "a/b\n\x1b[31m\udc80.jpg"
    with pytest.raises(kind) as here:
        prepare(data, name, limits=UPLOAD)
    with pytest.raises(kind) as there:
        workers.prepare(data, name)
    assert type(there.value) is type(here.value)
    assert str(there.value) == str(here.value)


def test_what_an_installation_lacks_says_nothing_of_a_picture() -> None:
    missing = failure(ModuleNotFoundError("No module named '_strptime'"), "a.jpg", 1 << 20)
    assert missing == Failure(MISSING, "a.jpg", "", "No module named '_strptime'")


def test_an_error_of_a_comparison_names_the_file_that_is_unsound(workers: Workers, rocket: Path) -> None:
    with pytest.raises(UnreadableError, match=r"^second\.jpg: "):
        workers.compare(rocket.read_bytes(), b"no picture", names=("first.jpg", "second.jpg"))


def test_what_has_too_many_bytes_is_refused_before_a_process_is_bothered() -> None:
    limits = replace(WORKERS, upload=replace(UPLOAD, file_bytes=1000))
    with Workers(1, limits) as pool:
        with pytest.raises(LimitError, match=r"big\.png: expected at most 1000 bytes, found 1001"):
            pool.prepare(bytes(1001), "big.png")
        assert pool.status()["started"] == 0


def test_an_empty_file_is_refused_as_samepic_refuses_it(workers: Workers) -> None:
    with pytest.raises(UnreadableError, match=r"^a\.jpg: expected a picture, found nothing: it is empty$"):
        workers.prepare(b"", "a.jpg")


def test_what_declares_too_many_pixels_is_refused_by_its_header() -> None:
    limits = replace(WORKERS, upload=replace(UPLOAD, pixels=100))
    with Workers(1, limits) as pool, pytest.raises(LimitError, match="at most 100 pixels") as raised:
        pool.prepare(saved(scene(), "JPEG"), "wide.jpg")
    assert (raised.value.limit, raised.value.most) == ("pixels", 100)


def test_twenty_threads_share_two_processes_and_each_gets_its_own_answer(workers: Workers) -> None:
    pictures = [saved(np.roll(scene(), k, axis=1), "PNG") for k in range(20)]
    expected = [prepare(data, "x", limits=UPLOAD) for data in pictures]
    with ThreadPoolExecutor(20) as threads:
        for _ in range(3):
            assert list(threads.map(workers.prepare, pictures, ["x"] * 20)) == expected
    status = workers.status()
    assert (status["running"], status["busy"], status["waiting"]) == (2, 0, 0)
    assert len(workers.processes) == 2


@LINUX
def test_a_process_gives_way_to_the_one_that_hands_it_pictures(workers: Workers) -> None:
    workers.prepare(saved(scene(), "PNG"))
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers.processes} == {min(19, own + 5)}


def test_processes_are_started_when_they_are_needed_and_kept() -> None:
    data = saved(scene(), "PNG")
    with Workers(4) as pool:
        assert not pool.processes
        pool.prepare(data)
        first = pool.processes
        pool.prepare(data)
        assert len(first) == 1
        assert pool.processes == first


def test_a_process_is_replaced_after_so_many_tasks() -> None:
    data = saved(scene(), "PNG")
    with Workers(1, replace(WORKERS, tasks=2)) as pool:
        for _ in range(5):
            pool.prepare(data)
        status = pool.status()
    assert (status["retired"], status["started"], status["died"]) == (2, 3, 0)


@LINUX
def test_a_process_that_has_grown_is_replaced() -> None:
    with Workers(1, replace(WORKERS, grown_bytes=1 << 20)) as pool:
        pool.prepare(saved(scene(), "PNG"))
        assert pool.status()["retired"] == 1


def test_a_task_waits_for_a_process_only_so_long() -> None:
    data = saved(Image.fromarray(scene(96, 64)), "PNG")
    with Workers(1, replace(WORKERS, queue_seconds=0.1)) as pool:
        taken = pool._pool.acquire()
        with pytest.raises(UnavailableError, match=r"within 0.1 s, found 1 that others keep busy"):
            pool.prepare(data)
        assert (pool.status()["shed"], pool.status()["waiting"]) == (1, 0)
        pool._pool.release(taken)
        assert pool.prepare(data).info.format == "PNG"


def test_after_closing_nothing_runs_and_nothing_is_taken() -> None:
    pool = Workers(1)
    pool.prepare(saved(scene(), "PNG"))
    (number,) = pool.processes
    pool.close()
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)
    with pytest.raises(UnavailableError, match="closed"):
        pool.prepare(saved(scene(), "PNG"))


def test_a_pool_wants_at_least_one_worker() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        Workers(0)


def signaled(test: Callable[[], None]) -> Callable[[], None]:
    """Mark a test whose process is interrupted."""
    wanted = pytest.mark.skipif(sys.platform == "win32", reason="wants signals")
    return wanted(pytest.mark.slow(pytest.mark.usefixtures("interruptible")(test)))


STOPPED = """
pool = Workers(1)
pool.prepare(data)
(stopped,) = pool.processes
os.kill(stopped, signal.SIGSTOP)
"""
INTERRUPTED = """
def interrupt():
    while not pool.status()["WHEN"]:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    pool.prepare(data)
except KeyboardInterrupt:
    print("interrupted")
"""


def run(program: str) -> str:
    """Run a program in a process of its own, whatever it does to itself, and return what it printed."""
    start = (
        "import os, signal, sys, threading, time\n"
        "from samepic.sandbox.pool import Workers\n"
        "from tests.picture.picture_files import saved, scene\n"
        "data = saved(scene(), 'PNG')\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", start + program],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == "", done.stderr
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.slow
def test_a_fork_starts_processes_of_its_own_and_the_parent_keeps_its_own() -> None:
    program = """
pool = Workers(2)
pool.prepare(data)
mine = pool.processes
busy = threading.Thread(target=lambda: [pool.prepare(data) for _ in range(50)])
busy.start()
child = os.fork()
if child == 0:
    assert pool.processes == ()
    pool.prepare(data)
    theirs = pool.processes
    assert theirs and not set(theirs) & set(mine)
    pool.close()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
busy.join()
pool.prepare(data)
assert set(mine) <= set(pool.processes), (mine, pool.processes)
pool.close()
print("well")
"""
    assert run(program) == "well\n"


@signaled
def test_an_interrupt_in_the_middle_of_a_task_ends_that_task_and_leaves_a_pool_that_works() -> None:
    program = f"""
{STOPPED}
{INTERRUPTED.replace("WHEN", "busy")}
pool.prepare(data)
assert pool.processes != (stopped,)
pool.close()
"""
    assert run(program) == "interrupted\n"


@signaled
def test_an_interrupt_of_one_who_waits_leaves_the_turn_to_the_others() -> None:
    program = f"""
{STOPPED}
done = []
first = threading.Thread(target=lambda: done.append(pool.prepare(data)))
first.start()
while not pool.status()["busy"]:
    time.sleep(0.01)
{INTERRUPTED.replace("WHEN", "waiting")}
assert pool.status()["waiting"] == 0
os.kill(stopped, signal.SIGCONT)
first.join()
assert len(done) == 1
pool.prepare(data)
pool.close()
"""
    assert run(program) == "interrupted\n"


def test_a_program_that_forgets_to_close_ends_and_leaves_no_process() -> None:
    number = int(run("pool = Workers(1)\npool.prepare(data)\nprint(pool.processes[0])\n"))
    assert gone(number)


@LINUX
@pytest.mark.slow
def test_workers_die_with_their_parent_even_when_it_is_killed_in_the_middle() -> None:
    program = """
pool = Workers(2)
pool.prepare(data)
(number,) = pool.processes
os.kill(number, signal.SIGSTOP)
threading.Thread(target=pool.prepare, args=(data,), daemon=True).start()
while not pool.status()["busy"]:
    time.sleep(0.01)
print(number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert gone(int(run(program)))


@LINUX
def test_a_worker_outlives_the_thread_that_needed_it_first() -> None:
    # The system ends an orphan when the thread that started it is gone, not when the process is.
    data = saved(scene(), "PNG")
    with Workers(1) as pool:
        with ThreadPoolExecutor(1) as threads:
            threads.submit(pool.prepare, data).result()
        (number,) = pool.processes
        pool.prepare(data)
        assert pool.processes == (number,)


def gone(number: int) -> bool:
    """Wait until no process of that number runs, and tell whether that came true."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True  # dead, and nobody has taken note yet
            os.kill(number, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.01)
    return False


def test_what_protects_a_worker_can_be_asked_and_printed_as_json(workers: Workers) -> None:
    protection = workers.protection
    assert json.loads(json.dumps(protection.to_dict()))["system"] == protection.system
    if sys.platform == "linux" and platform.machine() == "x86_64":
        assert protection.complete


@pytest.mark.parametrize("copycode", [False, True])
def test_a_catalogue_has_the_fingerprint_of_this_process_bit_for_bit(
    workers: Workers, rocket: Path, copycode: bool
) -> None:
    data = rocket.read_bytes()
    bare = workers.catalogue(data, "rocket", copycode=copycode)
    assert bare.fingerprint == fingerprint(data, copycode=copycode)
    assert bare.proxy == b""
    assert bare.info == inspect(Encoded("rocket", data)) == workers.inspect(data, "rocket")
    assert workers.catalogue(data, "rocket", proxied=True).proxy == prepare(data).proxy


def test_a_comparison_calls_pictures_what_it_is_told(workers: Workers, rocket: Path) -> None:
    data = rocket.read_bytes()
    other = saved(Image.open(rocket), "PNG")
    called = "the reference", "this file"
    verdict = workers.compare(data, other, names=("a.jpg", "b.png"), called=called, visibility=False)
    assert verdict.explanation.startswith("every pixel of the reference and this file is equal")
    assert (verdict.a.name, verdict.b.name) == ("a.jpg", "b.png")
    with pytest.raises(UnreadableError) as caught:
        workers.compare(data, other[:2000], names=("a.jpg", "b.png"), called=called)
    assert caught.value.name == "b.png"
