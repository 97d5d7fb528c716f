"""Measure `samepic.compare` on altered copies of photographs and on pairs that must not be called the same.

    python -m bench.accuracy [--half test|train|both] [--originals N] [--skip N] [--levels one|all]
        [--families a,b] [--negatives] [--most N] [--random N] [--jobs N] [--out FILE.jsonl] [--keep FOLDER]
        [--no-copies]

Of each of N originals one copy a family is made, at one level drawn by chance, and compared with it; in half of the
pairs the copy is a. The halves are split by original, never by file. One JSON line a pair goes to FILE, and
`python -m bench.accuracy_report FILE` prints the report again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from itertools import groupby
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from bench.accuracy_report import box_iou, report
from bench.common import SEED, data_folder, header, photos
from bench.families import BOXED, FAMILIES, level_of
from bench.family_base import Box
from bench.negatives import Pair, hard_negatives, random_pairs
from bench.sources import copy_name, copy_of, file_name, half_of, named_bytes, pixels_of
from samepic.errors import SamepicError

__all__ = ["copies", "judged"]

_CHUNK = 12


@dataclass(frozen=True)
class _Task:
    """One pair to compare: `number` orders the output, `copy` names the side that is an altered copy."""

    number: int
    pair: Pair
    copy: str = ""
    keep: str = ""


def copies(
    data: Path, half: str, originals: int, families: Sequence[str], levels: str, *, skip: int = 0
) -> Iterator[_Task]:
    """Yield one pair a family of each of `originals` photographs of one half after the first `skip`, in an order by
    chance."""
    names = [path.relative_to(data).as_posix() for path in photos(data)]
    names = [name for name in names if half in ("both", half_of(name))]
    names.sort(key=lambda name: zlib.crc32(f"{SEED} {name}".encode()))
    for number, name in enumerate(names[skip : skip + originals], skip):
        for family in families:
            rng = np.random.default_rng([SEED, zlib.crc32(f"{family} {name}".encode())])
            drawn = [level_of(family, rng)]
            for level in FAMILIES[family] if levels == "all" else drawn:
                copy, original = copy_name(family, level, number, name), file_name(name)
                swapped = bool(rng.integers(0, 2))
                a, b = (copy, original) if swapped else (original, copy)
                pair = Pair(family, a, b, frozenset(), name, name, level=level)
                yield _Task(0, pair, "a" if swapped else "b")


def judged(task: _Task) -> dict[str, Any]:
    """Compare one pair and return its line: what was found, what is right, and what it cost."""
    import cv2

    import samepic

    cv2.setNumThreads(1)
    pair, kept, note, measured = task.pair, 1.0, "", True
    sources = dict.fromkeys("ab", b"")
    for side, name in (("a", pair.a), ("b", pair.b)):
        if side != task.copy:
            sources[side] = named_bytes(name)
            continue
        sources[side], truth = copy_of(name)
        kept, note = truth.kept, truth.note
        pair = replace(pair, expected=truth.expected, boxes=truth.boxes)
        measured = side == "b" or (truth.rgb.shape == pixels_of(pair.key_a).shape and pair.kind in BOXED)
    line = _line(task, pair) | {"kept": round(kept, 4), "note": note}
    if task.keep:
        _keep(Path(task.keep), task.number, sources)
    start = time.process_time()
    try:
        verdict = samepic.compare(sources["a"], sources["b"])
    except SamepicError as error:
        return line | {"relation": "error", "same": None, "probability": 0.0, "explanation": str(error)}
    seconds = time.process_time() - start
    regions = [(r.x, r.y, r.w, r.h) for r in verdict.regions]
    iou = round(box_iou(regions, pair.boxes), 4) if pair.boxes and measured else None
    return line | {
        "relation": str(verdict.relation),
        "same": verdict.same,
        "probability": verdict.probability,
        "explanation": verdict.explanation,
        "measures": dict(verdict.measures),
        "regions": regions,
        "transform": verdict.transform and verdict.transform.to_dict(),
        "iou": iou,
        "seconds": round(seconds, 5),
    }


def _line(task: _Task, pair: Pair) -> dict[str, Any]:
    boxes: tuple[Box, ...] = pair.boxes
    return {
        "number": task.number,
        "group": "copy" if task.copy else "random" if pair.kind == "random" else "negative",
        "family": pair.kind,
        "level": pair.level,
        "half": pair.half,
        "original": pair.key_a,
        "a": pair.a,
        "b": pair.b,
        "copy": task.copy,
        "expected": sorted(pair.expected),
        "boxes": boxes,
    }


def _keep(folder: Path, number: int, sources: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for side, data in sources.items():
        (folder / f"{number:06d}.{side}").write_bytes(data)


def _judged_all(tasks: list[_Task]) -> list[dict[str, Any]]:
    return [judged(task) for task in tasks]


def _run(tasks: Iterable[_Task], jobs: int, out: Path | None) -> list[dict[str, Any]]:
    """Compare all pairs; those of one original go to one worker, which decodes it once."""
    numbered = [replace(task, number=number) for number, task in enumerate(tasks)]
    chunks: list[list[_Task]] = []
    for _, group in groupby(numbered, key=lambda task: task.pair.key_a):
        tail = list(group)
        chunks += [tail[i : i + _CHUNK] for i in range(0, len(tail), _CHUNK)]
    lines: list[dict[str, Any]] = []
    file = out.open("w") if out else None
    # Spawned, since a fork of a process in which OpenCV has started threads may hang.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for part in pool.map(_judged_all, chunks, chunksize=2):
            lines += part
            if file:
                file.writelines(json.dumps(line) + "\n" for line in part)
                file.flush()
            if len(lines) // 1000 != (len(lines) - len(part)) // 1000:
                print(f"{len(lines)} of {len(numbered)} pairs", file=sys.stderr)
    if file:
        file.close()
    return lines


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", choices=("test", "train", "both"), default="test")
    parser.add_argument("--originals", type=int, default=200)
    parser.add_argument("--skip", type=int, default=0, help="leave out so many photographs: other draws")
    parser.add_argument("--levels", choices=("one", "all"), default="one", help="levels of each family")
    parser.add_argument("--families", default="", help="names with commas between; default all")
    parser.add_argument("--no-copies", action="store_true", help="no altered copies")
    parser.add_argument("--negatives", action="store_true", help="add the labelled pairs")
    parser.add_argument("--most", type=int, default=0, help="at most so many labelled pairs of a kind")
    parser.add_argument("--random", type=int, default=0, help="add so many pairs of distinct photographs")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, help="write one JSON line a pair")
    parser.add_argument("--keep", type=Path, help="write both files of each pair into this folder")
    return parser.parse_args()


def _tasks(args: argparse.Namespace, data: Path) -> Iterator[_Task]:
    keep = str(args.keep or "")
    families = [name for name in args.families.split(",") if name] or list(FAMILIES)
    unknown = [name for name in families if name not in FAMILIES]
    if unknown:
        raise SystemExit(f"families: wanted some of {', '.join(FAMILIES)}, got {', '.join(unknown)}")
    if not args.no_copies:
        for task in copies(data, args.half, args.originals, families, args.levels, skip=args.skip):
            yield replace(task, keep=keep)
    pairs = hard_negatives(data, args.most) if args.negatives else []
    pairs = [pair for pair in pairs if args.half in ("both", pair.half)]
    if args.random:
        pairs += random_pairs(data, args.random, args.half)
    for pair in pairs:
        yield _Task(0, pair, keep=keep)


def main() -> int:
    """Run what was asked for and print the report; exit 1 where a pair is wrongly called the same."""
    args = _arguments()
    data = data_folder()
    if data is None:
        print("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
        return 2
    print(f"{header()}, half {args.half}\n")
    return 0 if report(_run(_tasks(args, data), args.jobs, args.out)) else 1


if __name__ == "__main__":
    sys.exit(main())
