"""The perceptrons of the bench learn what a line cannot tell apart, come out the same each time, and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.perceptron import Recipe, fit, save

RECIPE = Recipe(hidden=(8, 4), passes=120, batch=64, rate=1e-2, pull=1e-5)


def test_it_learns_exclusive_or_and_gives_the_same_network_again() -> None:
    rng = np.random.default_rng(3)
    rows = rng.uniform(-1, 1, (600, 2)).astype(np.float32)
    wanted = (rows[:, 0] * rows[:, 1] > 0).astype(np.float32)
    ones = np.ones(600, np.float32)
    one, two = fit(rows, wanted, ones, RECIPE), fit(rows, wanted, ones, RECIPE)
    right = (one.odds(rows) > 0) == (wanted > 0)
    assert right.mean() > 0.95
    assert np.array_equal(one.odds(rows), two.odds(rows))


def test_a_saved_network_holds_arrays_alone(tmp_path: Path) -> None:
    rows = np.eye(4, dtype=np.float32)
    made = fit(rows, np.array([0, 1, 0, 1], np.float32), np.ones(4, np.float32), RECIPE)
    save(made, tmp_path / "some.npz")
    with np.load(tmp_path / "some.npz", allow_pickle=False) as held:
        assert sorted(held.files) == [
            "bias0",
            "bias1",
            "bias2",
            "mean",
            "spread",
            "weights0",
            "weights1",
            "weights2",
        ]
        assert np.array_equal(held["weights0"], made.layers[0][0])
