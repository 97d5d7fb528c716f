"""The networks that ship with the package load, fit what is measured, and give the odds of plain products."""

from __future__ import annotations

import numpy as np
import pytest

from bench.fit_evidence import inputs_of
from samepic.tuning.evidence import CHANGE
from samepic.verify.evidence import CONTEXT, MEASURES, Network, load_network, odds_of
from samepic.verify.judge import FACTORS, SAME_FACTORS

CELLS = inputs_of(
    np.zeros((3, 4, len(MEASURES)), np.float32), np.zeros(len(CONTEXT), np.float32), np.ones((3, 4), np.bool_)
).shape[1]


@pytest.mark.parametrize(
    ("name", "width"), [("change", CELLS), ("same", len(SAME_FACTORS)), ("origin", len(FACTORS))]
)
def test_a_network_takes_what_is_measured(name: str, width: int) -> None:
    odds = load_network(name).odds(np.zeros((5, width), np.float32))
    assert odds.shape == (5,)
    assert np.isfinite(odds).all()
    assert len(set(odds.tolist())) == 1


def test_the_odds_are_those_of_plain_products() -> None:
    rng = np.random.default_rng(2)
    layers = tuple(
        (rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[1]).astype(np.float32))
        for shape in ((6, 5), (5, 3), (3, 1))
    )
    network = Network(rng.normal(size=6).astype(np.float32), np.full(6, 2.0, np.float32), layers)
    rows = rng.normal(size=(50, 6)).astype(np.float32)
    held = (rows - network.mean) / network.spread
    for number, (weights, bias) in enumerate(layers):
        held = held @ weights + bias
        held = np.maximum(held, 0) if number < 2 else held
    assert np.allclose(network.odds(rows), held[:, 0], atol=1e-4)


@pytest.mark.parametrize("counted", [1.0, 0.9, 0.0])
def test_what_all_cells_share_is_worked_in_as_if_each_had_it(counted: float) -> None:
    rng = np.random.default_rng(3)
    cells = rng.normal(1, 1.5, (30, 40, len(MEASURES))).astype(np.float32)
    context, inside = rng.normal(size=len(CONTEXT)).astype(np.float32), rng.random((30, 40)) < counted
    network = load_network("change")
    each = network.odds_plain(inputs_of(cells, context, inside)).reshape(30, 40)
    odds = odds_of(cells, context, inside, network)
    still = odds == -CHANGE.most_odds
    assert 0 < still.mean() < 0.9
    assert np.allclose(odds[~still], each[~still], atol=1e-3)
