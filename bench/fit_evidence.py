"""Fit the networks that tell changed cells and the same picture, on labelled pairs of the training half.

    python -m bench fit_evidence [--share X] [--jobs N] [--folder FOLDER] [--round ROUND]

Evidence is gathered once and kept in FOLDER (default: build/evidence), so that a second run only fits. "change" learns
cells whose label is known; "same" and "origin" learn pairs, from the factors that "change" gives them. They learn in
rounds, each from other pairs and on from where the round before ended, so that new pairs do not ask for the old ones:
ROUND fits that one alone, on the networks that are there. All three are written to src/samepic/verify, and how often
they are wrong on held-out pairs of the same half is printed.
"""

from __future__ import annotations

import argparse
import pickle
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, counted, head, option, pooled, row, wanted_data
from bench.family_base import Pixels, Right
from bench.lookalikes import KINDS, pair_of
from bench.pairs import Labelled
from bench.perceptron import Recipe, bagged, fit, save
from samepic.picture import load
from samepic.tuning.verify import JUDGE
from samepic.verify import evidence as networks
from samepic.verify.align import Alignment
from samepic.verify.evidence import (
    MEASURES,
    NETWORKS,
    CellEvidence,
    Network,
    changes_of_odds,
    high_levels,
    load_network,
    odds_of,
)
from samepic.verify.features import inverse
from samepic.verify.judge import FACTORS, SAME_FACTORS, factors_of
from samepic.verify.mapping import MappedPair, map_onto
from samepic.verify.pipeline import WHITE

Floats = NDArray[np.float32]

HOME = Path(networks.__file__).parent
CHANGE = Recipe(hidden=(64, 32), passes=8, batch=2048, rate=3e-3, pull=1e-3)
PAIRS = Recipe(hidden=(48,), passes=30, batch=128, rate=5e-3, pull=3e-4)
WARM_CHANGE = replace(CHANGE, passes=4, rate=1e-3)
WARM_PAIRS = replace(PAIRS, rate=1e-3)
"""The same from a warm start: networks that a round before has fitted."""

MEMBERS = 8
A_PAIR = 160
"""Cells of each label that are taken of one pair; of the unchanged, half are among the loudest."""

COUNTS: Mapping[str, tuple[int, ...]] = {
    "altered": (2_600, 1_200), "labelled": (1_361, 1_361), "toned": (1_900, 1_500),
    "toned edits": (2_200, 1_500), "harsh": (1_300, 1_000), "insets": (1_800, 1_600),
    "few colors": (1_500, 800), "inset edits": (1_400, 800), "other writing": (500, 300),
    "scans": (1_500, 1_000), "small words": (1_000, 700), "places": (550, 200), "zoomed places": (400, 300),
    "overlays": (1_000, 1_200), "bends": (1_500, 1_200), "edits": (1_300, 700),
    "palettes and profiles": (1_600, 1_500), "receipts": (400, 200), "sparse": (800, 800),
    "sparse copies": (500, 400), "reframed edits": (900, 900), "repainted": (800, 700),
    "resaved art": (900, 500), "screens": (400, 400), "sprites": (220, 120), "children edited": (400, 150),
    "children toned": (200, 100), "colored": (700, 400), "edges": (600, 400), "forms": (500, 400),
    "hues": (1_500, 1_200), "product colors": (700, 500),
}  # fmt: skip
"""Pairs of each round of the kinds that hold the hardest, or many families; what tells shots of one place from copies
is slight. The pairs of a round follow those of the round before.

"labelled" are all of the training half that were labelled by hand or by their folder, at most 300 of a kind and label;
they are learned from in each round.
"""

USUAL = (110, 60)
"""Pairs of each round of every other kind."""

MAP_FACTORS = (
    "size", "cell", "shift", "band shift", "agreement", "low", "fair", "fine", "floor", "coarse", "part",
    "uncontained",
)  # fmt: skip
"""Factors of size and of how well a map fits, which half of the members of "same" do not see."""

UNLEARNED = ("HEIC children",)
"""Kinds that only measure: written where pillow-heif is there, in seconds a picture."""

OTHERS = ("places", "zoomed places", "others")
"""Kinds of which no pair comes from one exposure."""

ALL_OVER = ("overlays",)
"""Kinds that were changed all over: what the mask leaves out is too faint to tell, not unchanged."""

PAPERS = ("receipts",)
"""Kinds whose pairs are other papers: where their writing does not agree at all, it is other writing."""


_CHANGED = 0.3
"""Share of a cell that a change must cover for it to count; cells beside it are left out."""


class Side(NamedTuple):
    """The evidence one way; `labels` is (rows, columns) int8: 1 changed, 0 not, -1 not known.

    `cells` (float16), `context` and `inside` are those of `CellEvidence`.
    """

    cells: NDArray[np.float16]
    context: NDArray[np.float32]
    inside: NDArray[np.bool_]
    labels: NDArray[np.int8]


@dataclass(frozen=True, slots=True, eq=False)
class Gathered:
    """The evidence of one pair on white ground, one way or both (`sides`).

    `alignment` is that of the map; `turned` says that one was held otherwise.
    """

    kind: str
    name: str
    same: bool
    truth: frozenset[str]
    sides: tuple[Side, ...]
    alignment: Alignment | None
    turned: bool


def gathered(kind: str, numbers: range, folder: Path, jobs: int) -> Iterator[Gathered]:
    """Yield the evidence of pairs of a kind of the training half; what `folder` holds is read from there."""
    folder.mkdir(parents=True, exist_ok=True)
    work = [(kind, number, folder) for number in numbers]
    for path in pooled(_one, work, jobs, chunk=2):
        if path is not None:
            yield pickle.loads(path.read_bytes())


def _one(job: tuple[str, int, Path]) -> Path | None:
    """Gather one pair unless it was; return its file, None where nothing of the one lies on the other."""
    kind, number, folder = job
    path = folder / f"train-{kind.replace(' ', '_')}-{number}.pickle"
    if not path.exists():
        cv2.setNumThreads(1)
        path.write_bytes(pickle.dumps(_evidence_of(pair_of(kind, "train", number))))
    return None if path.stat().st_size < 100 else path


def _evidence_of(pair: Labelled) -> Gathered | None:
    a, b = (load(data).on(WHITE) for data in (pair.a, pair.b))
    mapped = map_onto(a, b)
    if mapped is None:
        return None
    mask = _mask_of(pair, a)
    sides = []
    for found in networks.gather(mapped.one, mapped.two, mapped.inside, whole=mapped.whole):
        labels = np.full(found.inside.shape, 0 if pair.same else -1, np.int8)
        if not pair.same and mask is not None:
            labels = _labels(mask, mapped, found)
        sides.append(Side(found.cells.astype(np.float16), found.context, found.inside, labels))
    label = pair.kind, pair.name, pair.same, pair.truth
    return Gathered(*label, tuple(sides), mapped.alignment, mapped.is_turned)


def _mask_of(pair: Labelled, a: Pixels) -> Floats | None:
    """Return what was changed, (height, width) of a, 0 or 1; None where it is not known."""
    if pair.changed is not None:
        shown = cv2.imdecode(np.frombuffer(pair.changed, np.uint8), cv2.IMREAD_GRAYSCALE)
        return np.asarray(np.asarray(shown) > 0, np.float32)
    if not pair.boxes:
        return None
    mask = np.zeros(a.shape[:2], np.float32)
    for x, y, w, h in pair.boxes:
        mask[y : y + h, x : x + w] = 1
    return mask


def _labels(mask: Floats, mapped: MappedPair, found: CellEvidence) -> NDArray[np.int8]:
    """Return the labels of all cells by the mask of a."""
    height, width = mapped.one.shape[:2]
    shown = cv2.warpPerspective(mask, inverse(mapped.to_a), (width, height), flags=cv2.INTER_LINEAR)
    if found.scale != 1:
        shown = cv2.resize(shown, None, fx=found.scale, fy=found.scale, interpolation=cv2.INTER_NEAREST)
    rows, columns = found.inside.shape
    down, across = rows * found.side - shown.shape[0], columns * found.side - shown.shape[1]
    grown = cv2.copyMakeBorder(shown, 0, down, 0, across, cv2.BORDER_REPLICATE)
    share = cv2.resize(grown, (columns, rows), interpolation=cv2.INTER_AREA)
    near = cv2.blur(share, (3, 3))
    return np.where(share >= _CHANGED, 1, np.where(near > 1e-3, -1, 0)).astype(np.int8)


def inputs_of(cells: Floats, context: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Return the inputs of all cells, (rows x columns, in), from `cells`, `context` and `inside` of `CellEvidence`.

    Besides its measures and those around it, a cell has what it exceeds the high percentiles of the frame by. In the
    package half of them are worked into the first layer, once a frame (`odds_of`).
    """
    cells = np.asarray(cells, np.float32)
    against = [cells[..., at] - np.float32(level) for at, level in high_levels(cells, inside)]
    same = (np.broadcast_to(value, cells.shape[:2]) for value in context.astype(np.float32))
    planes = (*np.moveaxis(cells, 2, 0), *against, *networks.around(cells), *same)
    return np.stack(planes, axis=2).reshape(-1, len(planes))


def cells_of(row: Gathered, side: Side, rng: np.random.Generator) -> tuple[Floats, Floats, Floats] | None:
    """Return inputs, labels and weights of some cells of a pair one way; None where no cell's label is known.

    The few cells of a small change weigh more than the many of a large one.
    """
    if _is_unsure(row):
        return None
    labels = _other_writing(side) if row.kind in PAPERS and not row.same else side.labels
    if row.kind in ALL_OVER:
        labels = np.where(labels == 1, 1, -1)
    flat, inside = labels.ravel(), side.inside.ravel()
    changed, still = np.flatnonzero(inside & (flat == 1)), np.flatnonzero(inside & (flat == 0))
    if not len(changed) + len(still):
        return None
    inputs = inputs_of(side.cells.astype(np.float32), side.context, side.inside)
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
    return "edited" in row.truth and bool(row.truth & Right.SAME)


def _other_writing(side: Side) -> NDArray[np.int8]:
    cells = side.cells.astype(np.float32)
    measure = {name: cells[..., k] for k, name in enumerate(MEASURES)}
    if side.context[0] < 0.35:
        return np.full(side.inside.shape, -1, np.int8)
    held = np.maximum(measure["held source"], measure["held target"]) > np.log1p(18)
    other = (
        held & (measure["correlation"] < 0.35) & (measure["peak"] > np.log1p(35)) & (measure["seam"] < 0.3)
    )
    return np.where(other, 1, -1).astype(np.int8)


def fit_change(rows: Iterable[Gathered], initial: Network | None) -> Network:
    """Return the network of changed cells."""
    rng = np.random.default_rng(SEED)
    sides = ((row, side) for row in rows for side in row.sides)
    some = [found for row, side in sides if (found := cells_of(row, side, rng)) is not None]
    inputs, labels, weights = (np.concatenate([pair[k] for pair in some]) for k in (0, 1, 2))
    print(f"{len(labels)} cells of {len(some)} sides of pairs, {labels.mean():.0%} changed")
    even = np.asarray(weights / weights.mean(), np.float32)
    return fit(inputs, labels, even, CHANGE if initial is None else WARM_CHANGE, initial=initial)


def pair_factors(
    rows: Iterable[Gathered], change: Network
) -> tuple[list[Gathered], Floats, NDArray[np.intp]]:
    """Return the pairs without their evidence, the factors of all their sides, (n, len(FACTORS)), and whose each is."""
    pairs, found, owners = [], [], []
    for number, pair in enumerate(rows):
        pairs.append(replace(pair, sides=()))
        for side in pair.sides:
            evidence = side.cells.astype(np.float32), side.context, side.inside
            changes = changes_of_odds(odds_of(*evidence, change), side.inside)
            found.append(factors_of(*evidence, changes, pair.alignment))
            owners.append(number)
    return pairs, np.stack(found), np.array(owners, np.intp)


def fit_pairs(
    rows: list[Gathered], factors: Floats, owners: NDArray[np.intp], initial: Sequence[Network | None]
) -> tuple[Network, Network]:
    """Return the networks of the same picture and of one exposure, after printing how they do on held-out pairs.

    `initial` are both as the round before left them.
    """
    known = np.array([(row.same or not row.turned) and not _is_unsure(row) for row in rows])[owners]
    same = np.array([row.same for row in rows], np.float32)[owners]
    one = np.array([_one_exposure(row) for row in rows])[owners]
    shown = factors[:, [FACTORS.index(name) for name in SAME_FACTORS]]
    kinds = np.array([row.kind for row in rows])
    some = one >= 0
    # Every pair weighs the same, seen one way or both.
    weights = (1 / np.bincount(owners)[owners]).astype(np.float32)
    views = _views(SAME_FACTORS, MAP_FACTORS), _views(FACTORS)
    same_of = _Learning(shown[known], same[known], owners[known], views[0], initial[0])
    origin_of = _Learning(factors[some], one[some].astype(np.float32), owners[some], views[1], initial[1])
    _held_out("same", same_of, kinds)
    _held_out("one exposure", origin_of, kinds)
    # Both answers weigh the same, or the many copies would decide.
    even = np.where(one == 0, (one == 1).sum() / max(1, (one == 0).sum()), 1).astype(np.float32) * weights
    both = (same_of, weights[known]), (origin_of, even[some])
    same_network, origin_network = (_learned(of.inputs, of.wanted, w, of) for of, w in both)
    return same_network, origin_network


def _learned(inputs: Floats, wanted: Floats, weights: Floats, learning: _Learning) -> Network:
    recipe = PAIRS if learning.initial is None else WARM_PAIRS
    return bagged(inputs, wanted, weights, recipe, learning.views, initial=learning.initial)


def _views(names: Sequence[str], hidden: Collection[str] = ()) -> list[NDArray[np.intp]]:
    """Return the columns of each member: all of them; with some `hidden`, as many members do not see these."""
    every, some = np.arange(len(names)), np.flatnonzero([name not in hidden for name in names])
    return [every] * MEMBERS + [some] * (MEMBERS if hidden else 0)


def _one_exposure(row: Gathered) -> int:
    """Return 1 where a pair comes from one exposure, 0 where it does not, -1 where nobody can tell."""
    if row.same or row.truth == {"edited"}:
        return 1
    apart = row.kind in OTHERS or (row.kind == "labelled" and "edited" not in row.truth)
    return 0 if apart else -1


class _Learning(NamedTuple):
    """What is learned: inputs (n, in), what is wanted (n,), the pair each is of, the columns each member sees, and the
    network of a warm start."""

    inputs: Floats
    wanted: Floats
    owners: NDArray[np.intp]
    views: list[NDArray[np.intp]]
    initial: Network | None


def _held_out(title: str, learning: _Learning, kinds: NDArray[np.str_]) -> None:
    inputs, wanted, owners = learning[:3]
    rng = np.random.default_rng(SEED)
    part, odds = rng.integers(0, 4, len(kinds))[owners], np.zeros(len(wanted))
    for k in range(4):
        ones = np.ones(int((part != k).sum()), np.float32)
        learned = _learned(inputs[part != k], wanted[part != k], ones, learning)
        odds[part == k] = learned.odds(inputs[part == k])
    pairs, at = np.unique(owners, return_inverse=True)
    odds = np.bincount(at, odds) / np.bincount(at)
    truth = np.bincount(at, wanted) / np.bincount(at)
    _print_errors(f"{title}: held-out pairs", 1 / (1 + np.exp(-odds)), truth, kinds[pairs])


def _print_errors(
    title: str, stated: NDArray[np.float64], truth: NDArray[np.float64], kinds: NDArray[np.str_]
) -> None:
    print(f"\n## {title}, by the probability that is asked for\n")
    head("probability", "wrongly", "missed", "of")
    for least in (0.5, 0.7, 0.8, JUDGE.same, 0.9, 0.95):
        wrongly, missed = (stated >= least) & (truth == 0), (stated < least) & (truth == 1)
        row(least, f"{wrongly.sum()} of {int((truth == 0).sum())}", missed.sum(), int(truth.sum()))
    wrongly = counted(kinds[(stated >= JUDGE.same) & (truth == 0)])
    missing = counted(kinds[(stated < JUDGE.same) & (truth == 1)])
    print(f"\nwrongly at {JUDGE.same}: {wrongly}\nmissed there: {missing}")


OPTIONS = (
    option("--share", 1.0, help="share of the pairs of each kind, 0 to 1"),
    option("--round", 0, help="fit this round alone, from 1 on; by default all"),
    option("--jobs", 2),
    option("--folder", Path("build/evidence"), type=Path),
)


def numbers_of(number: int, share: float) -> dict[str, range]:
    """Return the numbers of the pairs of each kind that a round, from 0 on, learns from."""
    kinds = [kind for kind in (*KINDS, "labelled") if kind not in UNLEARNED]
    counts = {kind: COUNTS.get(kind, USUAL) for kind in kinds}
    first = {kind: 0 if kind == "labelled" else sum(count[:number]) for kind, count in counts.items()}
    taken = {kind: max(1, round(count[number] * share)) for kind, count in counts.items()}
    return {kind: range(first[kind], first[kind] + taken[kind]) for kind in kinds}


def main(args: argparse.Namespace) -> None:
    """Gather, fit and write all three networks, round after round."""
    wanted_data()
    for number in range(len(USUAL)) if not args.round else (args.round - 1,):

        def every(number: int = number) -> Iterator[Gathered]:
            for kind, numbers in numbers_of(number, args.share).items():
                yield from gathered(kind, numbers, args.folder, args.jobs)

        load_network.cache_clear()
        initial = [load_network(name) if number else None for name in NETWORKS]
        change = fit_change(every(), initial[0])
        same, origin = fit_pairs(*pair_factors(every(), change), initial[1:])
        for name, made in zip(NETWORKS, (change, same, origin), strict=True):
            save(made, HOME / f"{name}.npz")
