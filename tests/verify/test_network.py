"""The networks that ship with the package load, fit what is measured, and give the odds of plain products."""

from __future__ import annotations

import numpy as np
import pytest

from samepic.verify.evidence import CONTEXT, MEASURES, Network, inputs_of, load_network
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
