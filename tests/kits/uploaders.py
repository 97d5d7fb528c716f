"""Processes that upload at once through gates of their own, to be raced against each other and to be killed."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import NamedTuple

from samepic.errors import StoreError
from samepic.gate.gate import Gate
from samepic.sandbox.pool import InProcess
from tests.kits.ending import Ends

__all__ = ["Answer", "Upload", "Uploader", "Uploaders", "deal", "wrong_round"]


if sys.platform == "win32":
    _CONTEXT = multiprocessing.get_context("spawn")
else:
    _CONTEXT = multiprocessing.get_context("forkserver")
    # What takes a second to load is loaded once, in a process that never runs it: OpenCV has no threads to lose there.
    _CONTEXT.set_forkserver_preload([__name__, "cv2"])


class Upload(NamedTuple):
    """The bytes of a picture and the key that it wants."""

    key: str
    data: bytes


class Answer(NamedTuple):
    """What a gate said of the upload with this key; `match` is the key that decided, "" where none did."""

    key: str
    outcome: str
    match: str


class Uploader:
    """One process with a gate before the store `url`. What it is sent it uploads on `threads` threads at once."""

    def __init__(self, url: str, threads: int, lease: float) -> None:
        self._here, there = _CONTEXT.Pipe()
        self.process: BaseProcess = _CONTEXT.Process(
            target=_work, args=(there, url, threads, lease), daemon=True
        )
        self.process.start()
        there.close()
        self._here.recv()  # it stands ready

    def send(self, uploads: Sequence[Upload], at: float) -> None:
        """Have these uploaded, the first of them at the time `at`."""
        self._here.send((at, list(uploads)))

    def answers(self) -> list[Answer]:
        """Return the answers of what was sent last, in the order they came: fewer where the process is gone."""
        got: list[Answer] = []
        while True:
            try:
                answer = self._here.recv()
            except (EOFError, OSError):
                return got
            if answer is None:
                return got
            got.append(answer)

    def kill(self) -> None:
        """End the process by SIGKILL, as a power switch or the kernel would."""
        self.process.kill()

    def end(self) -> None:
        """Let the process go, or make it."""
        self._here.close()
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.process.close()


class Uploaders(Ends):
    """Several uploaders that begin each round at one moment."""

    def __init__(self, url: str, count: int = 4, threads: int = 8, lease: float = 15.0) -> None:
        self.members = [Uploader(url, threads, lease) for _ in range(count)]

    def end(self) -> None:
        """Let the processes go."""
        for member in self.members:
            member.end()

    def round(self, uploads: Sequence[Upload]) -> list[Answer]:
        """Upload all at once, dealt out in turn; return every answer."""
        at = time.time() + 0.05
        for member, part in zip(self.members, deal(uploads, len(self.members)), strict=True):
            member.send(part, at)
        return [answer for member in self.members for answer in member.answers()]


def deal(uploads: Sequence[Upload], count: int) -> list[list[Upload]]:
    """Deal uploads out in turn."""
    return [list(uploads[place::count]) for place in range(count)]


def _work(parent: Connection, url: str, threads: int, lease: float) -> None:
    import cv2

    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    lock = threading.Lock()
    with Gate(url, workers=InProcess(), lease=lease) as gate, ThreadPoolExecutor(threads) as pool:

        def admit(upload: Upload) -> None:
            try:
                decision = gate.admit(upload.data, upload.key)
                answer = Answer(upload.key, decision.outcome, decision.match.key if decision.match else "")
            except StoreError as error:
                answer = Answer(upload.key, "error", str(error))
            with lock:
                parent.send(answer)

        parent.send("ready")
        while True:
            try:
                at, uploads = parent.recv()
            except (EOFError, OSError):
                return
            time.sleep(max(0.0, at - time.time()))
            for done in [pool.submit(admit, upload) for upload in uploads]:
                done.result()
            parent.send(None)


def wrong_round(answers: Iterable[Answer], wanted: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the answers to copies: `wanted` gives, by key, which picture each shows."""
    accepted: dict[str, list[str]] = {picture: [] for picture in wanted.values()}
    wrong, given = [], list(answers)
    for answer in given:
        if answer.outcome == "accepted":
            accepted[wanted[answer.key]].append(answer.key)
        elif answer.outcome != "duplicate":
            wrong.append(f"{answer.key}: {answer.outcome} {answer.match}")
    wrong += [f"{picture}: accepted as {keys}" for picture, keys in accepted.items() if len(keys) != 1]
    for answer in given:
        if answer.outcome == "duplicate" and [answer.match] != accepted[wanted[answer.key]]:
            wrong.append(f"{answer.key}: called a duplicate of {answer.match}")
    missing = wanted.keys() - {answer.key for answer in given}
    return [*wrong, *(f"{key}: no answer" for key in sorted(missing))]
