"""Fit the weights of `samepic.profiles.model` to what `bench.accuracy --half train` measured, and write that file.

    python -m bench.fit_model FILE.jsonl [...] [--dry-run]

Two logistic regressions with a ridge (Hoerl and Kennard 1970) on the factors of `samepic.verify.judge`: one for "both
come from one exposure, edited or not", one, on pairs of which that is so, for "nothing in it was changed". Both classes
weigh the same in each. Only pairs of the training half count, whatever the files hold.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.accuracy_report import truly_same
from bench.negatives import SAME
from samepic.verify.judge import CHANGE_FACTORS, FACTORS

__all__ = ["fitted", "main"]

Floats = NDArray[np.float64]
Line = dict[str, Any]

_RIDGE = 0.3
_RARE = 3.0
_PROFILE = Path(__file__).resolve().parent.parent / "src" / "samepic" / "profiles" / "model.py"


def fitted(factors: Floats, truth: NDArray[np.bool_], rare: NDArray[np.bool_] | None = None) -> Floats:
    """Return the weights (k,) of factors (n, k), the first of which is constant, by Newton's method.

    Both classes weigh the same; `rare` rows count three times; the ridge leaves the constant alone.
    """
    weight = np.ones(len(truth)) if rare is None else np.where(rare, _RARE, 1.0)
    for part in (truth, ~truth):
        weight[part] *= 0.5 * len(truth) / max(1.0, float(weight[part].sum()))
    ridge = np.diag([1e-6] + [_RIDGE] * (factors.shape[1] - 1))
    found = np.zeros(factors.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(np.einsum("ij,j->i", factors, found), -30, 30)))
        slope = np.einsum("ij,i->j", factors, weight * (p - truth)) + ridge @ found
        bend = np.einsum("ij,i,ik->jk", factors, weight * p * (1 - p) + 1e-9, factors) + ridge
        step = np.linalg.solve(bend, slope)
        found -= step * min(1.0, 5.0 / max(1e-9, float(np.abs(step).max())))
        if float(np.abs(step).max()) < 1e-8:
            break
    return found


def _rows(lines: list[Line], names: tuple[str, ...]) -> Floats:
    return np.array([[line["measures"][f"overlap_{name}"] for name in names] for line in lines], np.float64)


def _report(name: str, p: Floats, truth: NDArray[np.bool_], lines: list[Line]) -> None:
    print(f"\n{name}: {int(truth.sum())} yes, {int((~truth).sum())} no")
    for cutoff in (0.3, 0.5, 0.7, 0.8, 0.9, 0.95):
        kept, let = float((p[truth] >= cutoff).mean()), int((p[~truth] >= cutoff).sum())
        print(f"  from {cutoff}: {kept:.1%} of yes, {let} of no")
    worst = sorted(
        zip(p[~truth], [x for x, t in zip(lines, truth, strict=True) if not t], strict=True),
        key=lambda x: -x[0],
    )
    for value, line in worst[:12]:
        print(
            f"  {value:.3f} {line['family']} {line['level']} {line['relation']} {line['a'][-50:]} {line['b'][-50:]}"
        )


def _logistic(factors: Floats, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.einsum("ij,j->i", factors, weights))), np.float64)


def _platt(odds: Floats, truth: NDArray[np.bool_]) -> Floats:
    """Return (intercept, slope) that bring log odds to the truth, both classes as often as they came (Platt 1999)."""
    scale = np.array([0.0, 1.0])
    design = np.column_stack([np.ones(len(odds)), odds])
    for _ in range(50):
        p = _logistic(design, scale)
        bend = np.einsum("ij,i,ik->jk", design, p * (1 - p) + 1e-9, design)
        scale = scale - np.linalg.solve(bend, np.einsum("ij,i->j", design, p - truth))
    return scale


def _written(origin: dict[str, float], unchanged: dict[str, float], scale: Floats, pairs: int) -> str:
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    text = _PROFILE.read_text()
    head, tail = text[: text.index("MODEL = Model(")], text[text.index("    copy=") :]
    blocks = "".join(
        f"    {name}={{\n" + "".join(f'        "{k}": {v:.3f},\n' for k, v in weights.items()) + "    },\n"
        for name, weights in (("origin", origin), ("unchanged", unchanged))
    )
    blocks += f"    slope={scale[1]:.3f},\n    intercept={scale[0]:.3f},\n"
    tail = (
        tail[: tail.index('"""')] + f'"""{today}, `make calibrate`, {pairs} pairs; see bench/RESULTS.md."""\n'
    )
    return f"{head}MODEL = Model(\n{blocks}{tail}"


def main() -> int:
    """Fit both models, say how well they tell, and write the profile."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    args = parser.parse_args()
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
    lines = [x for x in lines if x["half"] == "train" and "overlap_constant" in x.get("measures", {})]
    origin_truth = np.array([bool((SAME | {"edited"}) & set(x["expected"])) for x in lines])
    factors = _rows(lines, FACTORS)
    # Few copies in the overlap have much of them replaced; they must not drown among those that have not.
    origin = fitted(
        factors, origin_truth, np.array(["edited" in x["expected"] for x in lines]) & origin_truth
    )
    _report("one exposure", 1 / (1 + np.exp(-factors @ origin)), origin_truth, lines)
    clear = [x for x, one in zip(lines, origin_truth, strict=True) if one and truly_same(x) is not None]
    unchanged_truth = np.array([truly_same(x) is True for x in clear])
    factors = _rows(clear, CHANGE_FACTORS)
    unchanged = fitted(factors, unchanged_truth)
    _report("nothing changed", 1 / (1 + np.exp(-factors @ unchanged)), unchanged_truth, clear)
    told = [x for x in lines if truly_same(x) is not None]
    p = _logistic(_rows(told, FACTORS), origin) * _logistic(_rows(told, CHANGE_FACTORS), unchanged)
    odds = np.log(np.clip(p, 1e-6, 1 - 1e-6) / (1 - np.clip(p, 1e-6, 1 - 1e-6)))
    scale = _platt(odds, np.array([truly_same(x) is True for x in told]))
    print(f"\nstated probability: slope {scale[1]:.3f}, intercept {scale[0]:.3f}")
    if not args.dry_run:
        one = dict(zip(FACTORS, origin.tolist(), strict=True))
        two = dict(zip(CHANGE_FACTORS, unchanged.tolist(), strict=True))
        _PROFILE.write_text(_written(one, two, scale, len(lines)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
