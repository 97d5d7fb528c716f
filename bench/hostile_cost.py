"""What a worker costs beside the same work in this process: CPU and wall time a task, CPU time of a start.

Run: python -m bench.hostile_cost. Pictures are made, so no folder is needed.
"""

from __future__ import annotations

import io
import os
import resource
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from bench.common import SEED, header
from samepic.limits import UPLOAD
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers

_CASES = ((4000, 3000, 20), (500, 375, 200))


def _photo(width: int, height: int) -> bytes:
    """Return a JPEG of quality 90 with soft shapes and grain, which takes as many bytes as a photograph."""
    chance = np.random.default_rng(SEED)
    shapes = Image.fromarray(chance.integers(0, 255, (height // 16, width // 16, 3)).astype(np.uint8))
    smooth = np.asarray(shapes.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
    grain = chance.integers(-6, 7, (height, width, 1))
    out = io.BytesIO()
    Image.fromarray((smooth + grain).clip(0, 255).astype(np.uint8)).save(out, "JPEG", quality=90)
    return out.getvalue()


def _own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _cpu_of(number: int) -> float:
    fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _told(name: str, data: bytes, times: int, pool: Workers) -> None:
    pool.prepare(data)
    prepare(data, limits=UPLOAD)
    (number,) = pool.processes
    cpu, wall = _own_cpu(), time.perf_counter()
    for _ in range(times):
        prepare(data, limits=UPLOAD)
    here, here_wall = (_own_cpu() - cpu) / times, (time.perf_counter() - wall) / times
    cpu, child, wall = _own_cpu(), _cpu_of(number), time.perf_counter()
    for _ in range(times):
        pool.prepare(data)
    parent, there = (_own_cpu() - cpu) / times, (_cpu_of(number) - child) / times
    there_wall = (time.perf_counter() - wall) / times
    print(
        f"{name}, {len(data)} bytes: here {here * 1e3:.1f} ms of CPU ({here_wall * 1e3:.1f} wall); in a worker "
        f"{there * 1e3:.1f} + {parent * 1e3:.1f} of the parent ({there_wall * 1e3:.1f} wall)"
    )


def main() -> int:
    """Measure, print, return 0."""
    cv2.setNumThreads(1)
    print(header())
    with Workers(1) as pool:
        print(f"protection complete: {pool.protection.complete}")
        for width, height, times in _CASES:
            _told(f"{width}x{height}", _photo(width, height), times, pool)
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.perf_counter()
        with Workers(1) as pool:
            assert pool.protection
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"start and end of a worker: {cpu:.2f} s of CPU, {time.perf_counter() - began:.2f} s wall")
    return 0


if __name__ == "__main__":
    sys.exit(main())
