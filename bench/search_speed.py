"""CPU time of the exact search over 256-bit codes, in turns with faiss and with NumPy in one piece, one thread.

    python -m bench.search_speed [--codes N ...] [--queries N]

Codes and queries are random; faiss is told to be absent where it is. Answers are compared with faiss's.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from importlib import import_module
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, header
from samepic import hamming
from samepic.hamming import Codes
from samepic.native import native
from samepic.tuning.search import SEARCH

K = 10
Query = NDArray[np.uint8]


def in_turns(calls: dict[str, Callable[[Query], object]], queries: Query) -> dict[str, list[float]]:
    """Return the CPU milliseconds of each call for each query."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for query in queries:
        for name, call in calls.items():
            start = time.process_time()
            call(query)
            times[name].append((time.process_time() - start) * 1000)
    return times


def without_native(call: Callable[[], object]) -> object:
    """Return what `call` does where the native part was not built."""
    with patch.object(hamming, "native", None):
        return call()


def plain(words: NDArray[np.uint64], query: Query) -> NDArray[np.intp]:
    """Return the K nearest with NumPy on all codes at once."""
    mixed = np.bitwise_count(words ^ query.view(np.uint64)).sum(axis=1, dtype=np.uint16)
    return np.argpartition(mixed, K)[:K]


def bench(n: int, queries: int) -> None:
    """Fill `n` random codes and print the table."""
    random = np.random.default_rng(SEED)
    raw = random.integers(0, 256, (n, 32), dtype=np.uint8)
    asked = random.integers(0, 256, (queries, 32), dtype=np.uint8)
    codes = Codes()
    start = time.process_time()
    codes.add(np.arange(n), raw)
    print(f"\n{n:,} codes, added in {(time.process_time() - start) * 1000:.0f} ms")
    calls: dict[str, Callable[[Query], object]] = {
        f"samepic nearest {K}": lambda query: codes.nearest(query, K),
        f"samepic within {SEARCH.radius}": lambda query: codes.within(query, SEARCH.radius),
        f"  without native, {K}": lambda query: without_native(lambda: codes.nearest(query, K)),
        f"  without native, {SEARCH.radius}": lambda query: without_native(
            lambda: codes.within(query, SEARCH.radius)
        ),
        "NumPy in one piece": lambda query: plain(raw.view(np.uint64), query),
    }
    try:
        faiss = import_module("faiss")
    except ImportError:
        print("faiss: absent")
    else:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexBinaryFlat(256)
        index.add(raw)
        calls[f"faiss nearest {K}"] = lambda query: index.search(query[None], K)
        for query in asked[:3]:
            wanted = index.search(query[None], K)[0][0].tolist()
            assert codes.nearest(query, K).distances.tolist() == wanted, "distances differ from faiss's"
    times = in_turns(calls, asked)
    for name, taken in times.items():
        print(f"{name:24}{statistics.median(taken):9.2f} ms median{min(taken):9.2f} ms least")
    if f"faiss nearest {K}" in times:
        ours, theirs = (times[f"{who} nearest {K}"] for who in ("samepic", "faiss"))
        print(f"of faiss: {statistics.median(ours) / statistics.median(theirs):.2f} by medians,", end=" ")
        print(f"{min(ours) / min(theirs):.2f} by least")


def main(argv: list[str] | None = None) -> int:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--codes", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--queries", type=int, default=25)
    options = parser.parse_args(argv)
    print(header())
    print(f"native part: {'built' if native else 'absent'}")
    for n in options.codes:
        bench(n, options.queries)
    return 0


if __name__ == "__main__":
    sys.exit(main())
