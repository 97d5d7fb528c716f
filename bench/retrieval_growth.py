"""How recall, time and memory of the search grow with the number of pictures, up to a million made-up ones.

    python -m bench retrieval_growth SCENE [--sizes N ...] [--queries N]

SCENE is what `python -m bench retrieval --keep SCENE` wrote. Codes are drawn with the measured correlation of every two
bits (bench.gate_scale); how near the nearest of two sets lie, real and made up, is told. The queries are the
copies of the scene, and their originals are among the codes.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, head, in_turns, option, row
from bench.gate_scale import drawn_codes
from bench.retrieval import Query, Scene
from samepic.hamming import Codes, TurnedCodes, copies_near
from samepic.tuning.search import SEARCH


def _nearest(codes: NDArray[np.uint8], others: NDArray[np.uint8]) -> str:
    held = Codes()
    held.add(np.arange(len(others)), others)
    least = [int(held.nearest(code, 2).distances[1]) for code in codes]
    return ", ".join(f"{value:.0f}" for value in np.percentile(least, (1, 10, 50, 90)))


def _times(call: Callable[[Query], object], queries: list[Query]) -> float:
    return statistics.median(in_turns({"": call}, 1, query)[""][0] for query in queries)


def bench(scene: Scene, made: NDArray[np.uint8], pdq_made: NDArray[np.uint8], queries: list[Query]) -> None:
    """Search for the queries among all pictures of the scene and the made-up ones, and print a row."""
    turned, codes = TurnedCodes(), Codes()
    for held, real, more in ((turned, "pdq", pdq_made), (codes, "copycode", made)):
        held.add(np.arange(len(scene.names)), b"".join(getattr(one, real) for one in scene.prints))
        held.add(np.arange(len(more)) + len(scene.names), more)
    ranks = {name: index for index, name in enumerate(scene.names)}
    near = [codes.nearest(query.made.copycode, 50).ids.tolist() for query in queries]
    found = [100 * np.mean([ranks[q.original] in ids[:k] for q, ids in zip(queries, near, strict=True)]) for k in
             (1, SEARCH.copy_nearest, 10, 50)]  # fmt: skip
    some = queries[:: max(1, len(queries) // 40)]
    pdq_ms = _times(lambda query: turned.within(query.made.pdq_forms, SEARCH.radius), some)
    one_ms = _times(lambda query: codes.nearest(query.made.copycode, SEARCH.copy_nearest), some)
    all_ms = _times(lambda query: copies_near(codes, query.made), some)
    recalls = " ".join(f"{value:.1f}" for value in found)
    row(f"{len(codes):,}", recalls, *(f"{ms:.2f}" for ms in (pdq_ms, one_ms, pdq_ms + one_ms, all_ms)))


OPTIONS = (
    option("scene", type=Path),
    option("--sizes", [10_000, 100_000, 1_000_000], type=int, nargs="+"),
    option("--queries", 400),
)


def main(args: argparse.Namespace) -> None:
    """Measure and print."""
    scene, rng, most = Scene.load(args.scene), np.random.default_rng(SEED), max(args.sizes)
    real = np.frombuffer(b"".join(one.copycode for one in scene.prints), np.uint8).reshape(-1, 32)
    made = drawn_codes([one.copycode for one in scene.prints], most, SEED)
    print(f"bits to the nearest of {len(real)}, at 1, 10, 50 and 90 %: real {_nearest(real[::7], real)};"
          f" made up {_nearest(made[:len(real):7], made[:len(real)])}\n")  # fmt: skip
    pdq = np.frombuffer(rng.bytes(32 * most), np.uint8).reshape(-1, 32)
    queries = scene.queries[:: max(1, len(scene.queries) // args.queries)]
    ways = ("PDQ, eight forms, ms", "copy code, ms", "both, ms", "with quarters, ms")
    head("codes", f"copy code 1, {SEARCH.copy_nearest}, 10, 50", *ways)
    for size in args.sizes:
        bench(scene, made[: size - len(real)], pdq[: size - len(real)], queries)
