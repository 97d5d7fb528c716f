"""What a worker costs beside the same work in this process: CPU and wall time a task, CPU time of a start.

   python -m bench hostile_cost

Pictures are made, so no folder is needed.
"""

from __future__ import annotations

import argparse
import resource
import time

import cv2
import numpy as np
from PIL import Image

from bench.common import SEED, cpu_of, encoded
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
    return encoded((smooth + grain).clip(0, 255).astype(np.uint8), quality=90)


def _told(name: str, data: bytes, times: int, pool: Workers) -> None:
    pool.prepare(data)
    prepare(data, limits=UPLOAD)
    (number,) = pool.processes
    cpu, wall = time.process_time(), time.perf_counter()
    for _ in range(times):
        prepare(data, limits=UPLOAD)
    here, here_wall = (time.process_time() - cpu) / times, (time.perf_counter() - wall) / times
    cpu, child, wall = time.process_time(), cpu_of(number), time.perf_counter()
    for _ in range(times):
        pool.prepare(data)
    parent, there = (time.process_time() - cpu) / times, (cpu_of(number) - child) / times
    there_wall = (time.perf_counter() - wall) / times
    print(
        f"{name}, {len(data)} bytes: here {here * 1e3:.1f} ms of CPU ({here_wall * 1e3:.1f} wall); in a worker "
        f"{there * 1e3:.1f} + {parent * 1e3:.1f} of the parent ({there_wall * 1e3:.1f} wall)"
    )


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
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
