"""The perceptrons of the bench learn what a line cannot tell apart, come out the same each time, and read back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.perceptron import Recipe, bagged, fit, save

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


def test_several_networks_become_one_that_gives_their_mean_odds() -> None:
    rng = np.random.default_rng(4)
    rows = rng.normal(0, 1, (80, 3)).astype(np.float32)
    wanted = (rows[:, 0] > 0).astype(np.float32)
    ones = np.ones(80, np.float32)
    flat = replace(RECIPE, hidden=(5,), passes=10)
    drawn = [np.random.default_rng([flat.seed, k]).poisson(1.0, 80).astype(np.float32) for k in range(3)]
    views = [np.arange(3), np.arange(3), np.array([0, 2])]
    seen = [np.ascontiguousarray(rows[:, view]) for view in views]
    members = [
        fit(seen[k], wanted, ones * w, replace(flat, seed=k)).odds(seen[k]) for k, w in enumerate(drawn)
    ]
    made = bagged(rows, wanted, ones, flat, views)
    assert made.layers[0][0].shape == (3, 15)
    assert np.allclose(made.odds(rows), np.mean(members, axis=0), atol=1e-4)
    assert not made.layers[0][0][1, 10:].any()  # the last member does not see the second column


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
