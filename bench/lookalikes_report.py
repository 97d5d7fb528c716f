"""Compare labelled pairs and print what came, by kind and level."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import partial

import numpy as np

from bench.common import head, pooled, row, wanted_data
from bench.lookalikes import KINDS, MEASURED, pair_of
from bench.scores import Line, as_wanted, box_iou, truly_same, wrongly_same
from samepic.calibration.statistics import reliability
from samepic.errors import SamepicError
from samepic.verdict import Verdict

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
    line["cpu"] = round(time.process_time() - start, 4)
    line |= {"relation": str(verdict.relation), "same": verdict.same}
    if pair.boxes and str(verdict.relation) == "edited":
        line["iou"] = round(box_iou([(r.x, r.y, r.w, r.h) for r in verdict.regions], pair.boxes), 4)
    if swapped:
        line["swapped"] = _is_same(verdict, samepic.compare(pair.b, pair.a, visibility=False))
    return line | {"probability": verdict.probability, "explanation": verdict.explanation}


def _is_same(one: Verdict, two: Verdict) -> bool:
    """Tell whether two verdicts on one pair say the same: relation, probability to 0.001, and as many regions."""
    near = abs(one.probability - two.probability) <= 0.001
    return one.relation is two.relation and near and len(one.regions) == len(two.regions)


def _told(name: str, lines: list[Line]) -> None:
    relations = Counter(line["relation"] for line in lines)
    ious = [line["iou"] for line in lines if line["iou"] is not None]
    cpu = np.array([line["cpu"] for line in lines])
    row(
        name,
        len(lines),
        sum(line["same"] is True for line in lines),
        *(relations[relation] or "" for relation in _RELATIONS),
        f"{sum(map(as_wanted, lines)) / len(lines):.1%}",
        f"{np.median(ious):.2f}" if ious else "",
        f"{np.median(cpu):.3f}",
        f"{cpu.max():.2f}",
    )


def report(lines: Iterable[Line]) -> bool:
    """Print a row for each kind and for each of its levels, and how far the probability holds.

    Return whether nothing is wrongly called the same.
    """
    kinds: dict[str, dict[str, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines:
        kinds[line["kind"]][line["level"]].append(line)
    head("kind: level", "pairs", "the same", *_RELATIONS, "as wanted", "median IoU", "CPU median s", "max s")
    every: list[Line] = []
    for kind, levels in kinds.items():
        mine = [line for group in levels.values() for line in group]
        every += mine
        _told(f"**{kind}** ({'' if mine[0]['wanted_same'] else 'not '}the same)", mine)
        for level in sorted(levels) if len(levels) > 1 else ():
            _told(f"{kind}: {level}", levels[level])
    known = [(line["probability"], truth) for line in every if (truth := truly_same(line)) is not None]
    if known:
        curve = reliability([chance for chance, _ in known], [truth for _, truth in known])
        print(f"\nExpected calibration error over {len(known)} pairs: {curve.error:.4f}\n")
        head("pairs", "mean probability", "share that are the same", "95 %")
        for one in (one for one in curve.bins if one.pairs):
            ends = " to ".join(f"{end:.3f}" for end in one.interval)
            row(one.pairs, f"{one.mean:.4f}", f"{one.share:.4f}", ends)
    if any("swapped" in line for line in every):
        other = [line["name"] for line in every if not line.get("swapped", True)]
        print(f"\nAnother answer once a and b are exchanged: {len(other)} of {len(every)} {' '.join(other)}")
    wrong = [line for line in every if wrongly_same(line)]
    print(f"\nWrongly called the same: {len(wrong)} of {sum(not line['wanted_same'] for line in every)}")
    for line in wrong:
        print(f"- {line['name']}: {line['level']}: {line['relation']} ({line['probability']:.3f})")
    return not wrong


def compared(args: argparse.Namespace) -> int:
    """Compare what was asked for, or read it, and print; return 1 where a pair is wrongly called the same."""
    if args.read:
        return 0 if report([json.loads(line) for line in args.read.read_text().splitlines()]) else 1
    wanted_data()
    chosen = [kind for kind in args.kinds.split(",") if kind] or [*KINDS]
    unknown = [kind for kind in chosen if kind not in (*KINDS, *MEASURED)]
    if unknown:
        raise SystemExit(f"kinds: wanted some of {', '.join((*KINDS, *MEASURED))}, got {', '.join(unknown)}")
    print(f"half {args.half}, pairs {args.first} to {args.first + args.count - 1}\n")
    numbers = range(args.first, args.first + args.count)
    work = [(kind, args.half, number) for kind in chosen for number in numbers]
    lines = list(pooled(partial(judged, swapped=args.swapped), work, args.jobs, chunk=10))
    if args.out:
        args.out.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return 0 if report(lines) else 1
