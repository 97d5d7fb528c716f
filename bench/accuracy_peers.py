"""Measure other ways to tell whether two pictures are the same, on the pairs that `bench.accuracy` wrote down.

    python -m bench.accuracy_peers FILE.jsonl [...] [--python PYTHON] [--peers a,b] [--out FILE.json]

PYTHON has imagehash, pdqhash, imagededup and perception; a peer that it lacks is said to be absent. Every pair is
made again from its names. A peer's distance and its cutoff are its own: `default` is what its makers use or show.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.accuracy_report import is_right, wrongly_same
from bench.common import header
from bench.families import FAMILIES
from bench.negatives import SAME
from bench.peer_scripts import PEERS
from bench.sources import named_bytes

__all__ = ["cutoff_for_recall", "cutoff_for_wrong", "summary"]

Distances = NDArray[np.float64]


def distances_of(name: str, python: str, files: list[str], pairs: list[tuple[int, int]]) -> Distances | None:
    """Return one distance a pair by a peer (infinite where it cannot read one), or None where it is absent."""
    peer = PEERS[name]
    with tempfile.TemporaryDirectory() as folder:
        task, out, script = (Path(folder) / part for part in ("task.json", "out.json", "peer.py"))
        task.write_text(json.dumps({"files": files, "pairs": pairs, "out": str(out)}))
        script.write_text(peer.script)
        run = sys.executable if peer.ours else python
        done = subprocess.run([run, str(script), str(task)], capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            return None
        found = json.loads(out.read_text())
    return np.array([np.inf if distance is None else distance for distance in found])


def cutoff_for_recall(positive: Distances, recall: float) -> float:
    """Return the smallest cutoff (distance <= cutoff is "same") that recalls this share of the positives."""
    needed = int(np.ceil(recall * len(positive) - 1e-9))
    return float(np.sort(positive)[needed - 1]) if needed > 0 else -np.inf


def cutoff_for_wrong(positive: Distances, negative: Distances, most: int) -> float:
    """Return the largest distance of a positive at which at most `most` negatives are called the same."""
    fit = [cutoff for cutoff in np.unique(positive) if int((negative <= cutoff).sum()) <= most]
    return float(max(fit)) if fit else -np.inf


def summary(name: str, kinds: dict[str, Distances], recall: float, wrong: int) -> str:
    """Return one row: what a peer calls the same at its default cutoff, at its best one, and at our recall.

    `kinds` are its distances of the "positive", "negative", "edited" and "blank" pairs; its best cutoff recalls most
    with at most `wrong` negatives.
    """
    positive, negative = kinds["positive"], kinds["negative"]
    cells = []
    for cutoff in (
        PEERS[name].cutoff,
        cutoff_for_wrong(positive, negative, wrong),
        cutoff_for_recall(positive, recall),
    ):
        shown = "none" if cutoff == -np.inf else "any" if cutoff == np.inf else f"{cutoff:.4g}"
        # What a peer has no distance for it calls different, whatever the cutoff.
        limit = min(cutoff, np.finfo(np.float64).max)
        shares = {kind: _share(distances, limit) for kind, distances in kinds.items()}
        mistaken = int((negative <= limit).sum())
        cells.append(f"{shown} | {shares['positive']} | {mistaken} | {shares['edited']} | {shares['blank']}")
    return f"| {name} | {' | '.join(cells)} |"


def _share(distances: Distances, limit: float) -> str:
    return f"{(distances <= limit).mean():.1%}" if len(distances) else "-"


def _kinds(lines: Sequence[dict[str, Any]]) -> NDArray[np.str_]:
    """Tell what each pair is for a tool that knows only "same": positive, negative, edited, or neither."""
    kinds = []
    for line in lines:
        expected = set(line["expected"])
        if line["group"] == "copy":
            kinds.append("positive" if expected & SAME else "edited" if expected == {"edited"} else "neither")
        else:
            blank = "blank" if "undecidable" in expected else "negative"
            kinds.append("neither" if expected & SAME else "edited" if expected == {"edited"} else blank)
    return np.array(kinds)


def _write_files(lines: Sequence[dict[str, Any]], folder: Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Write every source once; return the files, and each pair as two indexes into them."""
    numbers: dict[str, int] = {}
    files, pairs = [], []
    for line in lines:
        for name in (line["a"], line["b"]):
            if name not in numbers:
                data = named_bytes(name)
                kind = ".png" if data[:4] == b"\x89PNG" else ".webp" if data[8:12] == b"WEBP" else ".jpg"
                path = folder / f"{len(numbers):06d}{kind}"
                path.write_bytes(data)
                numbers[name] = len(numbers)
                files.append(str(path))
        pairs.append((numbers[line["a"]], numbers[line["b"]]))
    return files, pairs


def _table(lines: list[dict[str, Any]], found: dict[str, Distances]) -> None:
    kinds = _kinds(lines)
    ours = np.array([is_right(line) for line in lines])
    positive = kinds == "positive"
    recall = float(ours[positive].mean())
    wrong = sum(wrongly_same(line) for line, kind in zip(lines, kinds, strict=True) if kind == "negative")
    same = np.array([line["same"] is True for line in lines])
    print(
        f"{int(positive.sum())} altered copies, {int((kinds == 'negative').sum())} pairs of other pictures, "
        f"{int((kinds == 'edited').sum())} pairs with content changed in places, "
        f"{int((kinds == 'blank').sum())} pairs of blank or featureless pictures\n"
    )
    part = "recall | wrong | edited called same | blank called same"
    print(f"| | default cutoff | {part} | cutoff as safe as ours | {part} | cutoff at our recall | {part} |")
    print("|---" * 16 + "|")
    shares = [
        f"{same[kinds == kind].mean():.1%}" if (kinds == kind).any() else "-" for kind in ("edited", "blank")
    ]
    print(f"| samepic | its profile | {recall:.1%} | {wrong} | {' | '.join(shares)} |" + " |" * 10)
    for name, distances in found.items():
        parts = {kind: distances[kinds == kind] for kind in ("positive", "negative", "edited", "blank")}
        print(summary(name, parts, recall, wrong))


def _by_family(lines: list[dict[str, Any]], found: dict[str, Distances]) -> None:
    """Print which share of each family every peer calls the same at its default cutoff."""
    rows: dict[str, list[int]] = defaultdict(list)
    for index, line in enumerate(lines):
        if line["group"] == "copy":
            rows[line["family"]].append(index)
    print(f"\n| called the same at the default cutoff | samepic | {' | '.join(found)} |")
    print("|---" * (2 + len(found)) + "|")
    for family in [name for name in FAMILIES if name in rows]:
        here = rows[family]
        cells = [float(np.mean([is_right(lines[index]) for index in here]))]
        cells += [float((found[name][here] <= PEERS[name].cutoff).mean()) for name in found]
        print(f"| {family} | {' | '.join(f'{cell:.0%}' for cell in cells)} |")


def main() -> int:
    """Measure the peers on saved pairs and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has the peers")
    parser.add_argument("--peers", default="", help="names with commas between; default all")
    parser.add_argument("--out", type=Path, help="write all distances")
    args = parser.parse_args()
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
    print(header() + "\n")
    found: dict[str, Distances] = {}
    with tempfile.TemporaryDirectory() as folder:
        files, pairs = _write_files(lines, Path(folder))
        for name in args.peers.split(",") if args.peers else PEERS:
            distances = distances_of(name, args.python, files, pairs)
            if distances is None:
                print(f"{name}: absent")
            else:
                found[name] = distances
    if args.out:
        args.out.write_text(json.dumps({name: list(values) for name, values in found.items()}))
    _table(lines, found)
    _by_family(lines, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
