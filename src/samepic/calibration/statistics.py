"""Statistics of labeled pairs: their file, counts, intervals of shares, and the rescaling of probabilities."""

from __future__ import annotations

import csv
import hashlib
import io
import math
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from samepic.errors import ReportError
from samepic.profile import CLAMP, RUNGS, Policy
from samepic.values import values_of
from samepic.verdict import Relation

CONFIDENCE = 0.95  # of every interval
CUTOFFS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""The stated probabilities to try as minimum."""

LEAST_SLOPE = 0.05  # so that rescaling keeps the order of probabilities

# Standard deviations of the normal prior of slope and intercept around 1 and 0, which rescale nothing. It weighs as
# much as a few pairs: correct probabilities stay, four perfectly separated pairs change little, and some hundred pairs
# outweigh it. Chosen, not calibrated.
SLOPE_SPREAD, INTERCEPT_SPREAD = 0.5, 2.0

_BINS = 10  # of the reliability diagram
_NEGLIGIBLE = 1e-6


def wilson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return Wilson's score interval of a share (JASA 22, 1927), 0 to 1; (0, 1) where there were no trials."""
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = hits / trials, z * z / trials
    center = (share + weight / 2) / (1 + weight)
    half = math.sqrt(share * (1 - share) * weight + weight * weight / 4) / (1 + weight)
    low = 0.0 if hits == 0 else max(0.0, center - half)
    return low, 1.0 if hits == trials else min(1.0, center + half)


def clopper_pearson(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the exact interval of a share (Clopper and Pearson, Biometrika 26, 1934), 0 to 1; all for no trials."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else _beta_quantile(tail, hits, trials - hits + 1)
    high = 1.0 if hits == trials else _beta_quantile(1 - tail, hits + 1, trials - hits)
    return low, high


def format_bound(bound: float, *, up: bool) -> str:
    """Return a bound, 0 to 1, in percent with two significant digits from 0 or from 100; never rounded inward."""
    percent = bound * 100
    near = min(percent, 100 - percent)
    if near < _NEGLIGIBLE:
        return "100" if percent > 50 else f"{_NEGLIGIBLE:f}" if up and percent > 0 else "0"
    digits = 1 - math.floor(math.log10(near))
    scaled = percent * 10.0**digits
    # A rounding error in the last digit must not add a step.
    whole = math.ceil(scaled - 1e-6) if up else math.floor(scaled + 1e-6)
    text = f"{whole / 10.0**digits:.{max(digits, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _beta_quantile(share: float, a: int, b: int) -> float:
    """Return where the cumulated beta distribution, a sum of binomial terms (DLMF 8.17.5), reaches `share`."""
    trials = a + b - 1
    # Where the sum reaches `share`, what is 40 standard deviations (each at most half a root) from `a` adds nothing.
    reach = 20 * math.isqrt(trials) + 20
    first = max(a - reach, 0)
    hits = np.arange(first, min(a + reach, trials) + 1)
    # Each term over that of `a`: sums of small numbers, where logarithms of factorials would lose nine digits.
    steps = np.log((trials - hits[:-1]) / (hits[:-1] + 1))
    at = a - first
    ways = np.concatenate([-np.cumsum(steps[:at][::-1])[::-1], [0.0], np.cumsum(steps[at:])])
    low, high = 0.0, 1.0
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        terms = ways + (hits - a) * (math.log(middle) - math.log1p(-middle))
        likely = np.exp(terms - terms.max())
        if likely[at:].sum() < share * likely.sum():
            low = middle
        else:
            high = middle
    return (low + high) / 2


_Floats = NDArray[np.float64]
_STEPS, _HALVINGS, _DONE = 100, 40, 1e-10


def fit_rescaling(stated: Sequence[float], same: Sequence[bool]) -> tuple[float, float]:
    """Return slope and intercept that bring stated probabilities, 0 to 1, nearest to the labels.

    Platt, Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods, 1999,
    on logits, with a weak normal prior round "rescale nothing" in the place of his softened targets: few or
    perfectly parted pairs then move little. The slope is never under `LEAST_SLOPE`.
    """
    clamped = np.clip(np.asarray(stated, np.float64), CLAMP, 1 - CLAMP)
    logits, labels = np.log(clamped / (1 - clamped)), np.asarray(same, np.float64)
    spreads = (SLOPE_SPREAD, INTERCEPT_SPREAD)
    slope, intercept = fit_line(logits, labels, spreads)
    if slope < LEAST_SLOPE:
        # The penalized likelihood is concave, so its best value under the bound lies on the bound.
        slope = LEAST_SLOPE
        intercept = fit_line(logits, labels, (0.0, spreads[1]), slope)[1]
    return slope, intercept


def fit_line(
    x: _Floats, labels: _Floats, spreads: tuple[float, float], center: float = 1.0
) -> tuple[float, float]:
    """Return slope and intercept of the logistic regression of labels (0 or 1) on x, both of shape (n,).

    Slope and intercept have normal priors round `center` and 0 with these standard deviations: infinity for none, 0
    to hold the parameter there. By Newton's method with halved steps (Lin, Lin and Weng, A note on Platt's
    probabilistic outputs, Machine Learning 68, 2007).
    """
    free = np.array([spread > 0 for spread in spreads])
    weights = np.array([1 / spread**2 if spread > 0 else 0.0 for spread in spreads])
    middle = np.array([center, 0.0])
    design = np.column_stack([x, np.ones_like(x)])

    def loss(line: _Floats) -> float:
        z = design @ line
        return float(np.sum(np.logaddexp(0, z) - labels * z) + np.sum(weights * (line - middle) ** 2) / 2)

    line = np.where(free, 0.0, middle)
    for _ in range(_STEPS):
        likely = np.exp(-np.logaddexp(0, -(design @ line)))
        gradient = design.T @ (likely - labels) + weights * (line - middle)
        curvature = design.T @ (design * (likely * (1 - likely))[:, None]) + np.diag(weights)
        current, step = loss(line), np.zeros(2)
        step[free] = np.linalg.lstsq(curvature[np.ix_(free, free)], gradient[free], rcond=None)[0]
        shorter = (step / 2**halvings for halvings in range(_HALVINGS))
        step = next((one for one in shorter if loss(line - one) <= current), np.zeros(2))
        line = line - step
        if np.max(np.abs(step)) < _DONE:
            break
    return float(line[0]), float(line[1])


_WORDS = {
    **dict.fromkeys(("1", "yes", "true", "same"), True),
    **dict.fromkeys(("0", "no", "false", "different"), False),
}


@dataclass(frozen=True, slots=True)
class LabeledPair:
    """Two pictures by the paths that open them, and whether a person calls them the same; `line` counts from 1."""

    line: int
    a: str
    b: str
    same: bool

    def names(self) -> dict[str, Any]:
        """Return what names the pair in JSON."""
        return {"line": self.line, "a": self.a, "b": self.b}


@dataclass(frozen=True, slots=True)
class LabeledPairs:
    """The pairs of one file, each once; `repeated` counts the rows that repeat another."""

    name: str
    sha256: str
    pairs: tuple[LabeledPair, ...]
    repeated: int = 0


def read_pairs(data: bytes, name: str, folder: str) -> LabeledPairs:
    """Read the CSV text of pairs; relative paths count from `folder`. Raises ReportError, with line and column."""
    text = data.decode("utf-8-sig", "surrogateescape")
    rows = _rows(text, name)
    line, first_row = next(rows, (1, []))
    header = [column.strip().lower() for column in first_row]
    for column in ("a", "b", "same"):
        count = header.count(column)
        if count != 1:
            found = f"{column} {count} times" if count else _shorten(",".join(header))
            expected = "a header with the columns a, b and same"
            raise ReportError(f"{name}: line {line}: expected {expected}, found {found}")
    pairs: dict[frozenset[str], LabeledPair] = {}
    repeated = 0
    for line, row in rows:
        if len(row) != len(header):
            expected = f"{len(header)} columns as in the header"
            raise ReportError(f"{name}: line {line}: expected {expected}, found {len(row)}")
        pair = _pair(dict(zip(header, row, strict=True)), line, name, folder)
        first = pairs.setdefault(frozenset((pair.a, pair.b)), pair)
        if first.same != pair.same:
            expected = f"{_word(first.same)}, as in line {first.line}"
            where = f"{name}: line {line}: column same"
            raise ReportError(f"{where}: expected {expected}, found {_word(pair.same)}")
        repeated += first is not pair
    if not pairs:
        raise ReportError(f"{name}: expected at least one pair below the header, found none")
    return LabeledPairs(name, hashlib.sha256(data).hexdigest(), tuple(pairs.values()), repeated)


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    start, expected = 1, "comma-separated values"
    try:
        for row in reader:
            if row:
                yield start, row
            start = reader.line_num + 1
    except csv.Error as error:
        raise ReportError(f"{name}: line {start}: expected {expected}, found {error}") from None


def _pair(row: dict[str, str], line: int, name: str, folder: str) -> LabeledPair:
    where = f"{name}: line {line}: column"
    for column in ("a", "b"):
        path = row[column]
        if not path or "\0" in path:
            raise ReportError(f"{where} {column}: expected the path of a picture, found {_shorten(path)}")
    same = _WORDS.get(row["same"].strip().lower())
    if same is None:
        expected = "1, yes, true or same, or 0, no, false or different"
        raise ReportError(f"{where} same: expected {expected}, found {_shorten(row['same'])}")
    a, b = (os.path.join(folder, row[column]) for column in ("a", "b"))  # noqa: PTH118  (Path would normalize it)
    return LabeledPair(line, a, b, same)


def _word(same: bool) -> str:
    return "same" if same else "different"


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...") if text else "nothing"


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """A labeled pair and the verdict of `compare`; `probability` is 0 to 1, as stated without any profile."""

    pair: LabeledPair
    relation: Relation
    probability: float
    explanation: str

    def same(self) -> bool | None:
        return Policy().same(self.relation, self.probability)

    def to_dict(self) -> dict[str, Any]:
        names = {**self.pair.names(), "labelled": self.pair.same, "same": self.same()}
        verdict = values_of(self)
        del verdict["pair"]
        return names | verdict


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The pairs of a probability from `low` to under `high`; `interval` is Wilson's, of the `share` labeled same."""

    low: float
    high: float
    pairs: int
    same: int
    mean: float | None
    share: float | None
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class ReliabilityCurve:
    """How well probabilities fit labels: `brier` (Brier 1950), and the calibration error (Naeini et al. 2015)."""

    bins: tuple[ReliabilityBin, ...]
    brier: float
    error: float

    def to_dict(self) -> dict[str, Any]:
        bins = [asdict(entry) for entry in self.bins]
        return {"brier": self.brier, "expected_calibration_error": self.error, "bins": bins}


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What a rule does with labeled pairs: it accepts `wrong` of the `different`, refuses `refused` of the `same`."""

    wrong: int
    different: int
    refused: int
    same: int

    @property
    def wrong_interval(self) -> tuple[float, float]:
        """The share of pairs labeled different that are accepted as the same."""
        return clopper_pearson(self.wrong, self.different)

    @property
    def refused_interval(self) -> tuple[float, float]:
        """The share of pairs labeled same that are refused."""
        return clopper_pearson(self.refused, self.same)

    def to_dict(self) -> dict[str, Any]:
        return {
            "wrong_same": self.wrong,
            "different": self.different,
            "wrong_same_interval": list(self.wrong_interval),
            "refused": self.refused,
            "same": self.same,
            "refused_interval": list(self.refused_interval),
        }


def reliability(probabilities: Sequence[float], labels: Sequence[bool]) -> ReliabilityCurve:
    """Return how well probabilities, 0 to 1, fit the labels of the same pairs, of which there is at least one."""
    binned: list[list[tuple[float, bool]]] = [[] for _ in range(_BINS)]
    for probability, label in zip(probabilities, labels, strict=True):
        binned[min(int(probability * _BINS), _BINS - 1)].append((probability, label))
    bins = tuple(_bin(index, members) for index, members in enumerate(binned))
    total = len(probabilities)
    brier = sum((p - label) ** 2 for p, label in zip(probabilities, labels, strict=True)) / total
    error = sum(
        entry.pairs * abs(entry.mean - entry.share) / total
        for entry in bins
        if entry.mean is not None and entry.share is not None
    )
    return ReliabilityCurve(bins, brier, error)


def _bin(index: int, members: list[tuple[float, bool]]) -> ReliabilityBin:
    pairs, same = len(members), sum(label for _, label in members)
    return ReliabilityBin(
        index / _BINS,
        (index + 1) / _BINS,
        pairs,
        same,
        sum(probability for probability, _ in members) / pairs if pairs else None,
        same / pairs if pairs else None,
        wilson(same, pairs),
    )


def outcome(answers: Iterable[tuple[bool, bool]]) -> RuleOutcome:
    """Return what a rule does, from (labeled same, accepted) of each pair."""
    counts = Counter(answers)
    wrong, refused = counts[False, True], counts[True, False]
    return RuleOutcome(wrong, wrong + counts[False, False], refused, refused + counts[True, True])


def outcomes_by_relation(judged: Sequence[JudgedPair]) -> dict[str, RuleOutcome]:
    """Return what each `same_if` would do, by its name, the closest first."""
    found = [(item.pair.same, item.relation) for item in judged]
    rungs = map(Relation, RUNGS)
    return {str(rung): outcome((same, one.is_same(rung) is True) for same, one in found) for rung in rungs}


def outcomes_by_cutoff(judged: Sequence[JudgedPair]) -> dict[float, RuleOutcome]:
    """Return what each least probability, as stated, would do on its own; undecidable pairs are never accepted."""
    answers = [
        (one.pair.same, one.probability * (one.relation is not Relation.UNDECIDABLE)) for one in judged
    ]
    return {
        cutoff: outcome((label, probability >= cutoff) for label, probability in answers)
        for cutoff in CUTOFFS
    }


def disagreements(judged: Iterable[JudgedPair]) -> list[JudgedPair]:
    """Return the pairs whose label is not the answer of `compare`, the farthest from their label first."""
    found = [item for item in judged if item.same() is not item.pair.same]
    return sorted(found, key=lambda item: (-abs(item.probability - item.pair.same), item.pair.line))
