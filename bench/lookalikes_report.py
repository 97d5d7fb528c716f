"""Compare labelled pairs and print what came, by kind and level.

The program is `python -m bench.lookalikes`; each line of its FILE.jsonl is {kind, level, name, relation, same,
probability, truth, wanted_same, iou, cpu}, and with --swapped `swapped`: whether b against a gives the same answer.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.accuracy_report import box_iou
from bench.common import data_folder, header
from bench.lookalikes import KINDS, pair_of
from samepic.errors import SamepicError
from samepic.verdict import Verdict

__all__ = ["judged", "main", "table"]

Line = dict[str, Any]
_RELATIONS = ("edited", "similar", "different", "undecidable", "error")


def judged(work: tuple[str, str, int], *, swapped: bool = False) -> Line:
    """Make one pair of (kind, half, number), compare it, if asked both ways, and return its line."""
    import cv2

    import samepic

    cv2.setNumThreads(1)
    pair = pair_of(*work)
    line: Line = {"kind": pair.kind, "level": pair.level, "name": pair.name, "truth": sorted(pair.truth)}
    line |= {"wanted_same": pair.same, "iou": None, "relation": "error", "same": None, "probability": 0.0}
    start = time.process_time()
    try:
        verdict = samepic.compare(pair.a, pair.b, visibility=False)
    except SamepicError as error:
        return line | {"explanation": str(error), "cpu": round(time.process_time() - start, 4)}
    line |= {
        "cpu": round(time.process_time() - start, 4),
        "relation": str(verdict.relation),
        "same": verdict.same,
    }
    if pair.boxes and str(verdict.relation) == "edited":
        line["iou"] = round(box_iou([(r.x, r.y, r.w, r.h) for r in verdict.regions], pair.boxes), 4)
    if swapped:
        line["swapped"] = _is_same(verdict, samepic.compare(pair.b, pair.a, visibility=False))
    return line | {"probability": verdict.probability, "explanation": verdict.explanation}


def _is_same(one: Verdict, two: Verdict) -> bool:
    """Tell whether two verdicts on one pair say the same: relation, probability to 0.001, and as many regions."""
    return (
        one.relation is two.relation
        and abs(one.probability - two.probability) <= 0.001
        and len(one.regions) == len(two.regions)
    )


def as_wanted(line: Line) -> bool:
    """Tell whether a verdict is right: the same where that is right, `edited` where only that is, else not the same."""
    if line["truth"] == ["edited"]:
        return bool(line["relation"] == "edited")
    if line["wanted_same"]:
        return line["same"] is True or line["relation"] in line["truth"]
    return line["same"] is not True


def _row(name: str, lines: list[Line]) -> str:
    relations = Counter(line["relation"] for line in lines)
    ious = [line["iou"] for line in lines if line["iou"] is not None]
    cpu = np.array([line["cpu"] for line in lines])
    cells = [
        len(lines),
        sum(line["same"] is True for line in lines),
        *(relations[r] or "" for r in _RELATIONS),
    ]
    cells += [f"{sum(map(as_wanted, lines)) / len(lines):.1%}", f"{np.median(ious):.2f}" if ious else ""]
    cells += [f"{np.median(cpu):.3f}", f"{cpu.max():.2f}"]
    return f"| {name} | " + " | ".join(str(cell) for cell in cells) + " |"


def table(lines: Iterable[Line]) -> str:
    """Return a table in Markdown, a row for each kind and for each of its levels."""
    kinds: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        kinds[line["kind"]][line["level"]].append(line)
    head = [
        "kind: level",
        "pairs",
        "the same",
        *_RELATIONS,
        "as wanted",
        "median IoU",
        "CPU median s",
        "max s",
    ]
    rows = ["| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for kind, levels in kinds.items():
        every = [line for group in levels.values() for line in group]
        rows.append(_row(f"**{kind}** ({'' if every[0]['wanted_same'] else 'not '}the same)", every))
        if len(levels) > 1:
            rows += [_row(f"{kind}: {level}", levels[level]) for level in sorted(levels)]
    return "\n".join(rows)


def _arguments() -> argparse.Namespace:
    from bench import lookalikes

    parser = argparse.ArgumentParser(
        description=lookalikes.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kinds", default="", help="names with commas between; default all")
    parser.add_argument("--half", choices=("train", "test"), default="test")
    parser.add_argument("--count", type=int, default=40, help="pairs of each kind")
    parser.add_argument("--first", type=int, default=0, help="number of the first pair: other draws")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--swapped", action="store_true", help="compare b against a too")
    parser.add_argument("--out", type=Path, help="write one JSON line a pair")
    return parser.parse_args()


def main() -> int:
    """Run what was asked for and print the table; exit 1 where a pair is wrongly called the same."""
    args = _arguments()
    if data_folder() is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
        return 2
    chosen = [kind for kind in args.kinds.split(",") if kind] or list(KINDS)
    unknown = [kind for kind in chosen if kind not in KINDS]
    if unknown:
        raise SystemExit(f"kinds: wanted some of {', '.join(KINDS)}, got {', '.join(unknown)}")
    print(f"{header()}, half {args.half}, pairs {args.first} to {args.first + args.count - 1}\n")
    numbers = range(args.first, args.first + args.count)
    work = [(kind, args.half, number) for kind in chosen for number in numbers]
    # Spawned, since a fork of a process in which OpenCV has started threads may hang.
    with ProcessPoolExecutor(args.jobs, mp_context=get_context("spawn")) as pool:
        lines = list(pool.map(partial(judged, swapped=args.swapped), work, chunksize=10))
    if args.out:
        args.out.write_text("".join(json.dumps(line) + "\n" for line in lines))
    print(table(lines))
    wrong = [line for line in lines if line["same"] is True and not line["wanted_same"]]
    if args.swapped:
        other = [line["name"] for line in lines if not line.get("swapped", True)]
        print(f"\nAnother answer once a and b are exchanged: {len(other)} of {len(lines)} {' '.join(other)}")
    print(f"\nWrongly called the same: {len(wrong)} of {sum(not line['wanted_same'] for line in lines)}")
    for line in wrong:
        print(f"- {line['name']}: {line['level']}: {line['relation']} ({line['probability']:.3f})")
    return 1 if wrong else 0
