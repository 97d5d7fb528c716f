"""What one upload may cost, and how long a process that decodes uploads is kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from samepic.profiles.limits import Limits

__all__ = ["UPLOAD", "WORKERS", "WorkerLimits"]

UPLOAD = Limits(file_bytes=128 * 2**20, pixels=100_000_000, metadata_bytes=16 * 2**20)
"""2026-11-23: what an upload may declare. Chosen so that what is within them fits the memory and time of `WORKERS`."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """The bounds of one worker process and of each task it is given.

    Attributes:
        upload: what a picture may declare, and how many bytes it may have.
        memory_bytes: private memory of the process, libraries' code not counted.
        cpu_seconds: processor time of one task.
        wall_seconds: time of one task from when a worker has it; then its process is killed.
        starved: share of that time which a process spent waiting for a processor, from which the machine is to blame
            for the delay and not the picture.
        start_seconds: time until a new process must be ready.
        queue_seconds: how long a task waits for a process while others have all of them.
        open_files: file descriptors of the process.
        tasks: after so many a process is replaced by a new one.
        grown_bytes: resident memory between tasks from which it is replaced.
        answer_bytes: the longest answer that is read from a worker, without its proxy.
        proxy_bytes: the longest proxy that is read from it.
        text_letters: the longest text in an answer.
        items: the longest list in an answer.
    """

    upload: Limits = field(default=UPLOAD)
    memory_bytes: int = 2**30
    cpu_seconds: float = 6.0
    wall_seconds: float = 8.0
    starved: float = 0.4
    start_seconds: float = 60.0
    queue_seconds: float = 20.0
    open_files: int = 16
    tasks: int = 500
    grown_bytes: int = 384 * 2**20
    answer_bytes: int = 256 * 1024
    proxy_bytes: int = 64 * 1024
    text_letters: int = 4000
    items: int = 4096


WORKERS = WorkerLimits()
"""2026-11-23: `memory_bytes`, the two times and `grown_bytes` from bench/hostile_service.py and bench/hostile_cost.py
(bench/RESULTS.md, "E: hostile uploads"); the others chosen."""
