"""What the search on Spark is made of, without Spark: connected parts, and pictures that lie on disk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("pyspark", reason="PySpark is not installed: the tests on Spark were not run")

from samepic.duplicates.scan import peek
from samepic.spark.candidates import Forest, connected_components
from samepic.spark.catalog import local_path, peek_bytes
from samepic.spark.compare import Originals

EDGES = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60)


def joined(edges: list[tuple[int, int]]) -> dict[int, int]:
    """Return the least number that each is connected with, the slow way."""
    least = {node: node for edge in edges for node in edge}
    changed = True
    while changed:
        changed = False
        for a, b in edges:
            low = min(least[a], least[b])
            if (least[a], least[b]) != (low, low):
                least[a] = least[b] = low
                changed = True
    return least


@given(EDGES)
def test_parts_are_what_edges_connect(edges: list[tuple[int, int]]) -> None:
    a, b = (np.array([edge[end] for edge in edges], np.int64) for end in (0, 1))
    nodes, labels = connected_components(a, b)
    assert dict(zip(nodes.tolist(), labels.tolist(), strict=True)) == joined(edges)


def test_a_chain_of_a_million_is_one_part() -> None:
    nodes = np.arange(1_000_000)
    order = np.random.default_rng(1).permutation(nodes)
    _, labels = connected_components(order[:-1], order[1:])
    assert not labels.any()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 19)), max_size=60), st.integers(1, 4))
def test_a_forest_connects_what_all_pairs_connect(pairs: list[tuple[int, int]], size: int) -> None:
    """Queries 100 to 109 and rows 0 to 19 that are near each other, handed over in parts of some queries."""
    forest, ids, edges = Forest(20), np.arange(20), []
    for start in range(0, 10, size):
        own = sorted({(query - start, row) for query, row in pairs if start <= query < start + size})
        queries, rows = (np.array([pair[end] for pair in own], np.int64) for end in (0, 1))
        a, b = forest.connect(np.arange(100 + start, 100 + start + size), ids, queries, rows)
        edges += list(zip(a.tolist(), b.tolist(), strict=True))
    assert joined(edges) == joined([(100 + query, row) for query, row in pairs])


def test_a_crowd_costs_an_edge_for_each_and_not_for_each_pair() -> None:
    n = 300
    queries, rows = np.divmod(np.arange(n * n), n)
    a, _ = Forest(n).connect(np.arange(n), np.arange(n), queries, rows)
    assert len(a) < 2 * n


def test_originals_beyond_what_may_be_held_lie_on_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samepic.spark.compare.HELD_BYTES", 10)
    with Originals() as originals:
        for size in (8, 5, 2, 7):
            originals.add(bytes([size]) * size, None, None)
        assert [originals.original_bytes(at) for at in range(4)] == [
            bytes([size]) * size for size in (8, 5, 2, 7)
        ]
        originals.add(None, None, b"small")
        assert (originals.original_bytes(4), originals.proxies[4]) == (None, b"small")


@pytest.mark.parametrize("size", [0, 1, 4095, 4096, 4097, 4128, 9000])
def test_bytes_are_peeked_at_as_files_are(tmp_path_factory: pytest.TempPathFactory, size: int) -> None:
    data = bytes(range(256)) * 40
    path = tmp_path_factory.mktemp("peek") / "file"
    path.write_bytes(data[:size])
    assert peek_bytes(data[:size]) == peek(str(path), size)


def test_uris_of_files_are_paths() -> None:
    assert local_path("file:/a/b%20c.jpg") == local_path("file:///a/b%20c.jpg") == "/a/b c.jpg"
    assert local_path("/a/b%20c.jpg") == "/a/b%20c.jpg"
