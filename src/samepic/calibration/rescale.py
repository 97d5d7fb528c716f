"""Rescale: the line through the logits of stated probabilities that fits a user's labels best."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from samepic.profiles.calibration import CALIBRATION

__all__ = ["fit_line", "fit_rescaling"]

_Floats = NDArray[np.float64]
_STEPS, _HALVINGS, _DONE = 100, 40, 1e-10


def fit_rescaling(stated: Sequence[float], same: Sequence[bool]) -> tuple[float, float]:
    """Return slope and intercept that bring stated probabilities, 0 to 1, nearest to the labels.

    Platt, Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods, 1999,
    on logits, with a weak normal prior round "rescale nothing" in the place of his softened targets: few or
    perfectly parted pairs then move little. The slope is never under `CALIBRATION.least_slope`.
    """
    least = CALIBRATION.clamp
    held = np.clip(np.asarray(stated, np.float64), least, 1 - least)
    logits, labels = np.log(held / (1 - held)), np.asarray(same, np.float64)
    spreads = (CALIBRATION.slope_spread, CALIBRATION.intercept_spread)
    slope, intercept = fit_line(logits, labels, spreads)
    if slope < CALIBRATION.least_slope:
        # The penalised likelihood is concave, so its best value under the bound lies on the bound.
        slope = CALIBRATION.least_slope
        intercept = fit_line(logits, labels, (0.0, spreads[1]), slope)[1]
    return slope, intercept


def fit_line(
    x: _Floats, labels: _Floats, spreads: tuple[float, float], centre: float = 1.0
) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of labels (0 or 1) on x, both of shape (n,).

    Slope and intercept have normal priors round `centre` and 0 with these standard deviations: infinity for none, 0
    to hold the parameter there. By Newton's method with halved steps (Lin, Lin and Weng, A note on Platt's
    probabilistic outputs, Machine Learning 68, 2007).
    """
    free = np.array([spread > 0 for spread in spreads])
    weights = np.array([1 / spread**2 if spread > 0 else 0.0 for spread in spreads])
    middle = np.array([centre, 0.0])
    design = np.column_stack([x, np.ones_like(x)])

    def loss(line: _Floats) -> float:
        z = design @ line
        return float(np.sum(np.logaddexp(0, z) - labels * z) + np.sum(weights * (line - middle) ** 2) / 2)

    def newton_step(line: _Floats) -> _Floats:
        likely = np.exp(-np.logaddexp(0, -(design @ line)))
        gradient = design.T @ (likely - labels) + weights * (line - middle)
        curvature = design.T @ (design * (likely * (1 - likely))[:, None]) + np.diag(weights)
        step = np.zeros(2)
        step[free] = np.linalg.lstsq(curvature[np.ix_(free, free)], gradient[free], rcond=None)[0]
        return step

    line = _descended(np.where(free, 0.0, middle), loss, newton_step)
    return float(line[0]), float(line[1])


def _descended(
    line: _Floats, loss: Callable[[_Floats], float], newton_step: Callable[[_Floats], _Floats]
) -> _Floats:
    """Return the line of least loss; steps are halved until they lessen it."""
    now = loss(line)
    for _ in range(_STEPS):
        step = newton_step(line)
        for _ in range(_HALVINGS):
            if loss(line - step) <= now:
                break
            step = step / 2
        else:
            return line
        line = line - step
        now = loss(line)
        if np.max(np.abs(step)) < _DONE:
            return line
    return line
