"""Fit the networks that tell changed cells and the same picture, on labelled pairs of the training half.

    python -m bench fit_evidence [--count N] [--jobs N] [--folder FOLDER]

Evidence is gathered once and kept in FOLDER (default: build/evidence), so that a second run only fits. "change" learns
cells whose label is known; "same" and "origin" learn pairs, from the factors that "change" gives them. All three are
written to src/samepic/verify, and how often they are wrong on held-out pairs of the same half is printed.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, head, option, row, wanted_data
from bench.gathered import Gathered, gathered
from bench.lookalikes import KINDS
from bench.pairs import SAME_WORDS
from bench.perceptron import Recipe, bagged, fit, save
from samepic.verify import evidence as networks
from samepic.verify.evidence import MEASURES, Network, changes_of_odds, inputs_of, odds_of
from samepic.verify.judge import FACTORS, SAME_FACTORS, factors_of

Floats = NDArray[np.float32]

HOME = Path(networks.__file__).parent
CHANGE = Recipe(hidden=(48, 24), passes=40, batch=2048, rate=3e-3, pull=3e-5)
PAIRS = Recipe(hidden=(8,), passes=150, batch=128, rate=5e-3, pull=1e-2)
MEMBERS = 8
A_PAIR = 160
"""Cells of each label that are taken of one pair; of the unchanged, half are among the loudest."""

TIMES: Mapping[str, int] = {
    "altered": 8,
    "places": 5,
    "harsh": 4,
    "reframed edits": 2,
    "repainted": 2,
    "receipts": 2,
    "edits": 2,
    "palettes and profiles": 2,
    "resaved art": 2,
    "scans": 3,
    "screens": 2,
    "sprites": 2,
    "toned": 6,
    "insets": 4,
    "inset edits": 3,
    "small words": 3,
    "few colors": 3,
    "bends": 2,
}
"""Times as many pairs of the kinds that hold the hardest, or many families; what tells shots of one place from copies
is slight."""

UNLEARNED = ("HEIC children",)
"""Kinds that only measure: written where pillow-heif is there, in seconds a picture."""

OTHERS = ("places", "others")
"""Kinds of which no pair comes from one exposure."""

PAPERS = ("receipts",)
"""Kinds whose pairs are other papers: where their writing does not agree at all, it is other writing."""


def cells_of(row: Gathered, rng: np.random.Generator) -> tuple[Floats, Floats, Floats] | None:
    """Return inputs, labels and weights of some cells of a pair; None where no cell's label is known.

    The few cells of a small change weigh more than the many of a large one.
    """
    if _is_unsure(row):
        return None
    labels = _other_writing(row) if row.kind in PAPERS and not row.same else row.labels
    flat, inside = labels.ravel(), row.inside.ravel()
    changed, still = np.flatnonzero(inside & (flat == 1)), np.flatnonzero(inside & (flat == 0))
    if not len(changed) + len(still) or (row.kind in OTHERS and not row.same):
        return None
    inputs = inputs_of(row.cells.astype(np.float32), row.context, row.inside)
    changed = rng.permutation(changed)[:A_PAIR]
    if len(still):
        count = min(len(still), A_PAIR // 2)
        loudness = sum(inputs[still, MEASURES.index(name)] for name in ("difference", "apart", "color"))
        loud = still[np.argsort(-loudness)[: 6 * count]]
        still = np.concatenate([rng.permutation(loud)[:count], rng.permutation(still)[:count]])
    chosen = np.concatenate([changed, still])
    counts = [len(changed), len(still)]
    weight = (A_PAIR / max(1, len(changed))) ** 0.5
    wanted, weights = (np.repeat(np.array(values, np.float32), counts) for values in ([1, 0], [weight, 1]))
    return inputs[chosen], wanted, weights


def _is_unsure(row: Gathered) -> bool:
    """Tell whether either word is right: a watermark, or something beside the picture, is an edit to some."""
    return "edited" in row.truth and bool(row.truth & SAME_WORDS)


def _other_writing(row: Gathered) -> NDArray[np.int8]:
    cells = row.cells.astype(np.float32)
    measure = {name: cells[..., k] for k, name in enumerate(MEASURES)}
    if row.context[0] < 0.35:
        return np.full(row.inside.shape, -1, np.int8)
    held = np.maximum(measure["held source"], measure["held target"]) > np.log1p(18)
    other = (
        (measure["correlation"] < 0.35) & held & (measure["peak"] > np.log1p(35)) & (measure["seam"] < 0.3)
    )
    return np.where(other, 1, -1).astype(np.int8)


def fit_change(rows: list[Gathered]) -> Network:
    """Return the network of changed cells."""
    rng = np.random.default_rng(SEED)
    some = [found for row in rows if (found := cells_of(row, rng)) is not None]
    inputs, labels, weights = (np.concatenate([pair[k] for pair in some]) for k in (0, 1, 2))
    print(f"{len(labels)} cells of {len(some)} pairs, {labels.mean():.0%} changed")
    return fit(inputs, labels, weights / weights.mean(), CHANGE)


def pair_factors(rows: list[Gathered], change: Network) -> Floats:
    """Return the factors of all pairs, (n, len(FACTORS))."""
    found = []
    for pair in rows:
        odds = odds_of(pair.cells.astype(np.float32), pair.context, pair.inside, change)
        found.append(factors_of(pair.context, changes_of_odds(odds, pair.inside), pair.alignment))
    return np.stack(found)


def fit_pairs(rows: list[Gathered], factors: Floats) -> tuple[Network, Network]:
    """Return the networks of the same picture and of one exposure, after printing how they do on held-out pairs."""
    known = np.array([not (row.turned and not row.same) and not _is_unsure(row) for row in rows])
    same = np.array([row.same for row in rows], np.float32)
    one = np.array(
        [1 if row.same or row.truth == {"edited"} else 0 if row.kind in OTHERS else -1 for row in rows]
    )
    shown = factors[:, [FACTORS.index(name) for name in SAME_FACTORS]]
    kinds = np.array([row.kind for row in rows])
    _held_out("same", shown[known], same[known], kinds[known])
    _held_out("one exposure", factors[one >= 0], one[one >= 0].astype(np.float32), kinds[one >= 0])
    ones = np.ones(len(rows), np.float32)
    some = one >= 0
    # Both answers weigh the same, or the many copies would decide.
    even = np.where(one == 0, (one == 1).sum() / max(1, (one == 0).sum()), 1).astype(np.float32)
    return (
        bagged(shown[known], same[known], ones[known], PAIRS, MEMBERS),
        bagged(factors[some], one[some].astype(np.float32), even[some], PAIRS, MEMBERS),
    )


def _held_out(title: str, inputs: Floats, wanted: Floats, kinds: NDArray[np.str_]) -> None:
    rng = np.random.default_rng(SEED)
    part, odds = rng.integers(0, 4, len(wanted)), np.zeros(len(wanted))
    for k in range(4):
        ones = np.ones(int((part != k).sum()), np.float32)
        learned = bagged(inputs[part != k], wanted[part != k], ones, PAIRS, MEMBERS)
        odds[part == k] = learned.odds(inputs[part == k])
    print(f"\n## {title}: held-out pairs, by the odds that are asked for\n")
    head("odds", "wrongly", "missed", "of")
    for least in (-1, 0, 1, 2, 3):
        wrongly, missed = (odds >= least) & (wanted == 0), (odds < least) & (wanted == 1)
        row(least, f"{wrongly.sum()} of {int((wanted == 0).sum())}", missed.sum(), int(wanted.sum()))
    wrong = (
        Counter(kinds[(odds >= 0) & (wanted == 0)].tolist()),
        Counter(kinds[(odds < 0) & (wanted == 1)].tolist()),
    )
    print(f"\nwrongly at 0: {dict(wrong[0])}\nmissed at 0: {dict(wrong[1])}")


OPTIONS = (
    option("--count", 260, help="pairs of each kind"),
    option("--jobs", 2),
    option("--folder", Path("build/evidence"), type=Path),
)


def main(args: argparse.Namespace) -> None:
    """Gather, fit and write all three networks."""
    wanted_data()
    rows = [
        row
        for kind in KINDS
        if kind not in UNLEARNED
        for row in gathered((kind,), "train", TIMES.get(kind, 1) * args.count, args.folder, args.jobs)
    ]
    change = fit_change(rows)
    same, origin = fit_pairs(rows, pair_factors(rows, change))
    for name, made in (("change", change), ("same", same), ("origin", origin)):
        save(made, HOME / f"{name}.npz")
