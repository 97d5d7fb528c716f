"""Judge: from the evidence to the relation and its probability, by two small models; signs mean more when turned."""

from __future__ import annotations

import math
from typing import NamedTuple

import cv2
import numpy as np

from samepic.arrays import Floats, Mask, Pixels
from samepic.tuning.evidence import SIGN
from samepic.tuning.verify import ALIGN, BY_RULE, JUDGE
from samepic.verdict import Region, Relation
from samepic.verify.align import Alignment
from samepic.verify.evidence import CONTEXT, MEASURES, Changes, load_network
from samepic.verify.mapping import MappedPair
from samepic.verify.overlay import fitted
from samepic.verify.photometry import percentile
from samepic.verify.quantization import SharedSource


def is_sign(rgb: Pixels) -> bool:
    """Return whether a picture (height, width, 3) holds few colors and few corners.

    Arrows, toggles and letters do; photographs hold many colors, pages of text many corners. Edges do not count: the
    smaller a sign is, the more of it is a blend of two colors.
    """
    small = fitted(rgb, SIGN.side)
    range_of = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    flat = small[range_of.max(axis=2) < SIGN.edge].astype(np.uint32)
    if len(flat) < SIGN.flat * small.shape[0] * small.shape[1]:
        return False
    shades = (flat + (1 << SIGN.bits >> 1)) >> SIGN.bits  # black and white in the middle of theirs
    _, counts = np.unique(shades[:, 0] << 16 | shades[:, 1] << 8 | shades[:, 2], return_counts=True)
    if np.sort(counts)[::-1][: SIGN.colors].sum() < SIGN.share * len(flat):
        return False
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    most = float(cv2.cornerMinEigenVal(luma, 3).max())
    if most <= SIGN.corner:
        return True  # a round outline has none
    corners = cv2.goodFeaturesToTrack(luma, SIGN.corners + 1, SIGN.corner / most, 3)
    return corners is None or len(corners) <= SIGN.corners


_CHANGE_FACTORS = ("strongest change", "other changes", "places", "changed share", "surest cell")

_PLACE_FACTORS = (
    *(f"odds of cell {rank}" for rank in JUDGE.ranks),
    *(f"odds at {share} %" for share in JUDGE.shares),
    "cells of the strongest place",
    "odds of the strongest place",
    *(f"{name} of the strongest place" for name in MEASURES),
    *(f"{name} of the surest cells" for name in MEASURES),
)

_MAP_FACTORS = (
    "whole frames agree", "shift", "band shift", "agreement", "low", "fair", "fine", "floor", "coarse", "part",
    "uncontained", "matched", "tiled", "textured",
)  # fmt: skip

FACTORS = (*_CHANGE_FACTORS, *_PLACE_FACTORS, *CONTEXT, *_MAP_FACTORS)
"""The factors of both models by name: what was changed and how it looks there, what the frame shows as a whole, how the
map fits."""

SAME_FACTORS = tuple(name for name in FACTORS if name not in ("shade", "matched", "tiled", "textured"))
"""Those that say whether anything was changed; the others only say what kind of picture it is."""

_SAME_PLACES = [FACTORS.index(name) for name in SAME_FACTORS]


class Judgment(NamedTuple):
    """A relation, the probability (0 to 1) of "same", and the regions that changed, in pixels of a."""

    relation: Relation
    probability: float
    regions: tuple[Region, ...] = ()


class PairOdds(NamedTuple):
    """What the models make of a pair: the probabilities, 0 to 1, that both come from one exposure, be it edited or not,
    and that they are the same picture with nothing added or taken away."""

    one_exposure: float
    same: float

    @property
    def stated(self) -> float:
        """The probability of the same picture, lowered by that of one exposure where that is slight."""
        return self.same * (self.one_exposure if self.one_exposure < JUDGE.one_exposure else 1.0)

    def certain(self, found: Alignment | None) -> bool:
        """Return whether a map fits as that of a copy: near shots of one place agree nearly as copies do."""
        return found is None or self.one_exposure >= JUDGE.copy


def factors_of(
    cells: Floats, context: Floats, inside: Mask, changes: Changes, found: Alignment | None
) -> Floats:
    """Return the factors (len(FACTORS),) of a pair, from what `CellEvidence` has of these names, and its alignment."""
    strongest = changes.masses[0] if changes.masses else 0.0
    rest = sum(changes.masses[1:])
    most = JUDGE.surest
    first = (
        math.log1p(strongest),
        math.log1p(rest),
        math.log1p(len(changes.masses)),
        math.sqrt(changes.share),
        min(most, max(-most, changes.highest)),
    )
    places = _place_factors(cells, inside, changes)
    return np.array([*first, *places, *context.tolist(), *_map_factors(found)], np.float32)


def _place_factors(cells: Floats, inside: Mask, changes: Changes) -> tuple[float, ...]:
    """Return how sure the surest cells are among all, and what those and the strongest place hold in the mean."""
    count = min(max(*JUDGE.ranks, JUDGE.surest_cells), changes.odds.size)
    likely = np.flatnonzero(changes.odds >= np.partition(changes.odds.ravel(), -count)[-count])
    order = likely[np.argsort(-changes.odds.ravel()[likely], kind="stable")]
    odds = np.clip(changes.odds, -JUDGE.surest, JUDGE.surest)
    ranked = (float(odds.ravel()[order[min(rank, len(order)) - 1]]) for rank in JUDGE.ranks)
    within = odds[inside] if inside.any() else odds.ravel()
    measures = cells.reshape(-1, len(MEASURES))
    surest = measures[order[: JUDGE.surest_cells]].mean(axis=0)
    place = changes.strongest.ravel()
    some = bool(place.any())
    return (
        *ranked,
        *(percentile(within, share) for share in JUDGE.shares),
        math.log1p(int(place.sum())),
        float(odds.ravel()[place].mean()) if some else 0.0,
        *(measures[place].mean(axis=0) if some else surest).tolist(),
        *surest.tolist(),
    )


def _map_factors(found: Alignment | None) -> tuple[float, ...]:
    if found is None:
        return (1.0, *(0.0,) * (len(_MAP_FACTORS) - 1))
    contained = max(found.part_a, found.held_a, found.part_b, found.held_b)
    return (
        0.0,
        math.log(0.05 + min(JUDGE.far, found.shift)),
        math.log(0.05 + min(JUDGE.far, found.band)),
        -math.log(1.02 - found.agreement),
        math.sqrt(found.low),
        math.sqrt(found.fair),
        found.fine,
        found.floor,
        -math.log(1.02 - found.coarse),
        min(found.part_a, found.part_b),
        0.0 if found.tiled else 5.0 * min(0.3, 1.0 - contained),
        math.log1p(found.matched),
        float(found.tiled),
        found.textured,
    )


def weigh(factors: Floats) -> PairOdds:
    """Return what both models make of a pair, from its factors one way or both, (ways, len(FACTORS)).

    What one way explains too easily must hold the other way, too.
    """
    some = np.ascontiguousarray(factors[:, _SAME_PLACES])
    models = (("origin", factors), ("same", some))
    return PairOdds(*(_balanced(load_network(name).odds(inputs)) for name, inputs in models))


def _balanced(odds: Floats) -> float:
    """Return the probability by the mean odds of both ways, of which the lesser is lifted by so much at most."""
    least = float(odds.min())
    weighed = least + min(float(odds.mean()) - least, JUDGE.outweigh)
    # Threads add up in another order: what differs in the eighth place must not be another answer.
    return round(1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, weighed)))), 6)


def judge_codings(shared: SharedSource) -> Judgment:
    """Judge two whole frames whose codings on one grid say whether they can come from one source."""
    if shared.regions:
        return Judgment(Relation.EDITED, BY_RULE.coded_apart, shared.regions)
    return Judgment(Relation.RESAVED, BY_RULE.coded_alike)


def judge(
    weighed: PairOdds, mapped: MappedPair, regions: tuple[Region, ...], share: float, *, adjusted: bool
) -> Judgment:
    """Judge two pictures that lie on each other.

    `regions` are what was changed, in pixels of a, `share` the share of the overlap that was, 0 to 1; `adjusted` says
    that tone, color, sharpness or grain were changed all over.
    """
    same = weighed.stated
    if same >= JUDGE.same and weighed.certain(mapped.alignment) and mapped.contained >= JUDGE.contained:
        if mapped.is_turned and (is_sign(mapped.one) or is_sign(mapped.two)):
            return Judgment(Relation.SIMILAR, BY_RULE.turned_sign)
        if not mapped.is_upright:
            return Judgment(Relation.REFRAMED, same)
        return Judgment(Relation.ADJUSTED if adjusted or same < JUDGE.resaved else Relation.RESAVED, same)
    if weighed.one_exposure >= JUDGE.one_exposure and regions and share <= JUDGE.most_changed:
        return Judgment(Relation.EDITED, min(same, JUDGE.most_doubt), regions)
    found = mapped.alignment
    if found is None or found.matched >= ALIGN.credible or found.agreement >= JUDGE.alike:
        return Judgment(Relation.SIMILAR, min(same, JUDGE.most_doubt))
    return Judgment(Relation.DIFFERENT, min(same, JUDGE.unlike))
