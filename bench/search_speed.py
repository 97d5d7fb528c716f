"""CPU time of the exact search over 256-bit codes, in turns with faiss and with NumPy in one piece, one thread.

    python -m bench search_speed [--codes N ...] [--queries N]

Codes and queries are random; faiss is told to be absent where it is. Answers are compared with faiss's.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, head, in_turns, option, row
from samepic import hamming
from samepic.hamming import Codes
from samepic.native import native
from samepic.tuning.search import SEARCH

K = 10
Query = NDArray[np.uint8]
OPTIONS = (
    option("--codes", [1_000_000, 10_000_000], type=int, nargs="+"),
    option("--queries", 25),
)


def _without_native(call: Callable[[Query, int], object], most: int, query: Query) -> object:
    with patch.object(hamming, "native", None):
        return call(query, most)


def _plain(words: NDArray[np.uint64], query: Query) -> object:
    mixed = np.bitwise_count(words ^ query.view(np.uint64)).sum(axis=1, dtype=np.uint16)
    return np.argpartition(mixed, K)[:K]


def _table(n: int, queries: int) -> None:
    """Fill `n` random codes and print the table."""
    random = np.random.default_rng(SEED)
    raw = random.integers(0, 256, (n, 32), dtype=np.uint8)
    asked = random.integers(0, 256, (queries, 32), dtype=np.uint8)
    codes = Codes()
    start = time.process_time()
    codes.add(np.arange(n), raw)
    print(f"\n{n:,} codes, added in {(time.process_time() - start) * 1000:.0f} ms\n")
    calls: dict[str, Callable[..., object]] = {
        f"samepic nearest {K}": lambda query: codes.nearest(query, K),
        f"samepic within {SEARCH.radius}": lambda query: codes.within(query, SEARCH.radius),
        f"without the native part, {K}": partial(_without_native, codes.nearest, K),
        f"without the native part, within {SEARCH.radius}": partial(
            _without_native, codes.within, SEARCH.radius
        ),
        "NumPy in one piece": partial(_plain, raw.view(np.uint64)),
    }
    try:
        faiss = import_module("faiss")
    except ImportError:
        print("faiss: absent\n")
    else:
        faiss.omp_set_num_threads(1)
        index = faiss.IndexBinaryFlat(256)
        index.add(raw)
        calls[f"faiss nearest {K}"] = lambda query: index.search(query[None], K)
        for query in asked[:3]:
            wanted = index.search(query[None], K)[0][0].tolist()
            assert codes.nearest(query, K).distances.tolist() == wanted, "distances differ from faiss's"
    times = [in_turns(calls, 1, query) for query in asked]
    head("ms a query", "median", "least")
    for name in calls:
        taken = [one[name][0] for one in times]
        row(name, f"{statistics.median(taken):.2f}", f"{min(taken):.2f}")


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"native part: {'built' if native else 'absent'}")
    for n in args.codes:
        _table(n, args.queries)
