"""Print what `bench.accuracy` measured: by family and level, the negatives, the probability, the time.

python -m bench.accuracy_report FILE.jsonl [...] [--half test|train|mixed] [--levels]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.families import BOXED, FAMILIES, HARDEST, TONED
from bench.family_base import Box
from bench.negatives import SAME

__all__ = ["box_iou", "calibration_error", "is_right", "reliability", "report", "truly_same", "wrongly_same"]

Line = dict[str, Any]

_MIXED_SHOWN = 60


def box_iou(found: Iterable[Box], wanted: Iterable[Box]) -> float:
    """Return intersection over union, in pixels, of the union of the found boxes and that of the wanted."""
    one, two = list(found), list(wanted)
    width = max((x + w for x, _, w, _ in one + two), default=0)
    height = max((y + h for _, y, _, h in one + two), default=0)
    masks = np.zeros((2, height, width), bool)
    for mask, boxes in zip(masks, (one, two), strict=True):
        for x, y, w, h in boxes:
            mask[max(0, y) : max(0, y + h), max(0, x) : max(0, x + w)] = True
    union = int((masks[0] | masks[1]).sum())
    return int((masks[0] & masks[1]).sum()) / union if union else 1.0


def is_right(line: Line) -> bool:
    """Tell whether a copy counts as recognised: the same, or `edited` where content was added."""
    return line["same"] is True or (line["relation"] == "edited" and "edited" in line["expected"])


def truly_same(line: Line) -> bool | None:
    """Return whether a person calls the two one picture; None where either answer is right, or rightly none came."""
    if line["relation"] == "undecidable" and "undecidable" in line["expected"]:
        return None
    same = [relation in SAME for relation in line["expected"] if relation != "undecidable"]
    return None if not same or (any(same) and not all(same)) else all(same)


def wrongly_same(line: Line) -> bool:
    """Tell whether a pair is called the same whose right relations are all apart."""
    return line["same"] is True and not SAME & set(line["expected"])


def reliability(
    probabilities: Sequence[float], same: Sequence[bool], bins: int = 10
) -> list[tuple[int, float, float]]:
    """Return (pairs, mean probability, share that are the same) of each of `bins` equal bins; (0, 0, 0) if empty."""
    p, y = np.asarray(probabilities, np.float64), np.asarray(same, np.float64)
    which = np.minimum((p * bins).astype(int), bins - 1)
    rows = []
    for index in range(bins):
        here = which == index
        count = int(here.sum())
        rows.append((count, float(p[here].mean()), float(y[here].mean())) if count else (0, 0.0, 0.0))
    return rows


def calibration_error(probabilities: Sequence[float], same: Sequence[bool], bins: int = 10) -> float:
    """Return the expected calibration error: the mean over pairs of |probability - share| of their bin.

    Guo et al., On Calibration of Modern Neural Networks, 2017, equation 3.
    """
    rows = reliability(probabilities, same, bins)
    total = sum(count for count, _, _ in rows)
    return sum(count * abs(mean - share) for count, mean, share in rows) / total if total else 0.0


def _share(lines: Sequence[Line], test: Callable[[Line], bool]) -> str:
    return f"{sum(map(test, lines)) / len(lines):.1%}" if lines else "-"


def _row(name: str, lines: list[Line]) -> str:
    ious = [line["iou"] for line in lines if line.get("iou") is not None]
    middle = f"{np.median(ious):.2f}" if ious else ""
    relations = ", ".join(
        f"{name} {count}" for name, count in Counter(x["relation"] for x in lines).most_common()
    )
    return (
        f"| {name} | {len(lines)} | {_share(lines, is_right)} | {_share(lines, lambda x: x['same'] is True)} "
        f"| {_share(lines, lambda x: x['relation'] in x['expected'])} "
        f"| {_share(lines, lambda x: x['relation'] == 'edited')} | {middle} | {relations} |"
    )


_HEAD = (
    "| | pairs | recognised | same | right relation | edited | median IoU | relations |\n"
    "|---|---|---|---|---|---|---|---|"
)


def _copies(lines: list[Line], levels: bool) -> None:
    groups: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        groups[line["family"]].append(line)
    print(f"## Altered copies: recognised = same, or `edited` where content was added\n\n{_HEAD}")
    for family in [name for name in FAMILIES if name in groups]:
        print(_row(f"**{family}**" if levels else family, groups[family]))
        for level in FAMILIES[family] if levels else ():
            chosen = [line for line in groups[family] if line["level"] == level]
            if chosen:
                print(_row(f"{family}: {level}", chosen))
    print(_row("all", lines))
    print(_row("re-saves", groups.get("re-save", [])))
    print(_row("content in boxes", [line for line in lines if line["family"] in BOXED]))
    print(_row("tone and blur", [line for line in lines if line["family"] in TONED]))
    poor = {
        family: sum(map(is_right, group)) / len(group)
        for family, group in groups.items()
        if sum(map(is_right, group)) / len(group) < (0.7 if family in HARDEST else 0.85)
    }
    print("\nFamilies below their floor:", ", ".join(f"{n} {s:.1%}" for n, s in poor.items()) or "none")


def _negatives(lines: list[Line]) -> None:
    found = [name for name, _ in Counter(line["relation"] for line in lines).most_common()]
    labels: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        labels[line["family"], " or ".join(line["expected"])].append(line)
    print("\n## Labelled pairs: what was found, by label\n")
    print(f"| kind | label | pairs | as labelled | called same | {' | '.join(found)} |")
    print("|---" * (5 + len(found)) + "|")
    for (kind, label), group in labels.items():
        counts = Counter(line["relation"] for line in group)
        cells = " | ".join(str(counts[name] or "") for name in found)
        print(
            f"| {kind} | {label} | {len(group)} | {_share(group, lambda x: x['relation'] in x['expected'])} "
            f"| {sum(line['same'] is True for line in group)} | {cells} |"
        )


def _wrong(lines: list[Line]) -> bool:
    """List every pair that is wrongly called the same; return whether there is none."""
    apart = [line for line in lines if line["group"] != "copy"]
    wrong = [line for line in apart if wrongly_same(line)]
    print(f"\n## Wrongly called the same: {len(wrong)} of {len(apart)} labelled and random pairs\n")
    for line in wrong:
        print(f"- {line['family']}: {line['a']} {line['b']}: {line['relation']} ({line['probability']:.3f})")
    added = [line for line in lines if line["group"] == "copy" and line["expected"] == ["edited"]]
    kept = [line for line in added if line["same"] is True]
    print(f"\nCopies with content changed in places, called the same: {len(kept)} of {len(added)}")
    for line in kept[:_MIXED_SHOWN]:
        print(f"- {line['family']}, {line['level']}: {line['original']}: {line['relation']} {line['note']}")
    return not wrong


def _probability(lines: list[Line]) -> None:
    known = [(line["probability"], truth) for line in lines if (truth := truly_same(line)) is not None]
    if not known:
        return
    probabilities, same = [p for p, _ in known], [t for _, t in known]
    print(f"\n## Probability: {len(known)} pairs whose truth is one or the other\n")
    print("| probability | pairs | mean probability | share that are the same |\n|---|---|---|---|")
    for index, (count, mean, share) in enumerate(reliability(probabilities, same)):
        print(f"| {index / 10:.1f} to {(index + 1) / 10:.1f} | {count} | {mean:.4f} | {share:.4f} |")
    print(f"\nExpected calibration error, 10 bins: {calibration_error(probabilities, same):.4f}")
    for group in ("copy", "negative", "random"):
        part = [
            (x["probability"], t) for x in lines if x["group"] == group and (t := truly_same(x)) is not None
        ]
        if part:
            error = calibration_error([p for p, _ in part], [t for _, t in part])
            print(f"- of the group {group}: {error:.4f} ({len(part)} pairs)")


def _time(lines: list[Line]) -> None:
    print("\n## CPU time of compare, files to verdict, ms\n")
    print("| | pairs | 10 % | median | 90 % | 99 % | most |\n|---|---|---|---|---|---|---|")
    kinds: dict[str, list[float]] = defaultdict(list)
    for line in lines:
        if "seconds" in line:
            kinds[line["group"]].append(line["seconds"] * 1000)
            kinds[f"{line['group']}: {line['relation']}"].append(line["seconds"] * 1000)
    for kind, values in sorted(kinds.items()):
        times: NDArray[np.float64] = np.percentile(values, (10, 50, 90, 99, 100))
        print(f"| {kind} | {len(values)} | {' | '.join(f'{t:.1f}' for t in times)} |")


def report(lines: list[Line], levels: bool = True) -> bool:
    """Print the whole report of some lines; return whether no pair is wrongly called the same."""
    errors = [line for line in lines if line["relation"] == "error"]
    print(f"{len(lines)} pairs, {len(errors)} of them not read")
    for line in errors[:20]:
        print(f"- {line['a']} {line['b']}: {line['explanation']}")
    parts = {name: [x for x in lines if x["group"] == name] for name in ("copy", "negative", "random")}
    print()
    if parts["copy"]:
        _copies(parts["copy"], levels)
    if parts["negative"] or parts["random"]:
        _negatives(parts["negative"] + parts["random"])
    good = _wrong(lines)
    _probability(lines)
    _time(lines)
    return good


def main() -> int:
    """Report on saved lines; exit 1 where a pair is wrongly called the same."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--half", choices=("test", "train", "mixed"), help="only pairs of this half")
    parser.add_argument("--levels", action="store_true", help="a row for each level too")
    args = parser.parse_args()
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
    return 0 if report([x for x in lines if args.half in (None, x["half"])], args.levels) else 1


if __name__ == "__main__":
    sys.exit(main())
