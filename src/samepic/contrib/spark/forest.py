"""Forest: which of many pairs connect what was not connected yet, and the parts that edges connect."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

__all__ = ["Forest", "parts"]

Ids = NDArray[np.int64]


class Forest:
    """Rows 0 to n - 1, joined one query after the other (union-find: Galler and Fischer 1964)."""

    def __init__(self, n: int) -> None:
        self._parent = np.arange(n)

    def connected(self, numbers: Ids, ids: Ids, queries: Ids, rows: Ids) -> tuple[Ids, Ids]:
        """Join what each query is near to, and return edges, two arrays of ids, that connect no less than all pairs do.

        `numbers` are the ids of the queries and `ids` those of the rows; `queries` and `rows` are pairs of places in
        them, sorted by query.
        """
        a, b = [], []
        starts = np.flatnonzero(np.r_[True, queries[1:] != queries[:-1]][: len(queries)])
        for start, end in pairwise([*starts.tolist(), len(queries)]):
            roots = np.unique(self._roots(rows[start:end]))
            self._parent[roots] = roots[0]
            near = ids[roots]
            near = near[near != numbers[queries[start]]]
            a.append(np.full(len(near), numbers[queries[start]]))
            b.append(near)
        none = np.empty(0, np.int64)
        return np.concatenate([none, *a]), np.concatenate([none, *b])

    def _roots(self, rows: Ids) -> Ids:
        seen = self._parent[rows]
        while True:
            above = self._parent[seen]
            if np.array_equal(above, seen):
                break
            seen = above
        self._parent[rows] = seen
        return seen


def parts(a: Ids, b: Ids) -> tuple[Ids, Ids]:
    """Return every id in the edges, ascending, and for each the least id that edges connect it to.

    Each picture takes the least it sees, and then what that one has taken, until nothing changes (Shiloach and Vishkin
    1982): as many rounds as the logarithm of the longest way.
    """
    nodes, places = np.unique(np.concatenate([a, b]), return_inverse=True)
    one, other = places[: len(a)], places[len(a) :]
    label = np.arange(len(nodes))
    while True:
        low = np.minimum(label[one], label[other])
        new = label.copy()
        for ends in (one, other):
            np.minimum.at(new, label[ends], low)
            np.minimum.at(new, ends, low)
        while not np.array_equal(new, above := new[new]):
            new = above
        if np.array_equal(new, label):
            return nodes, nodes[label]
        label = new
