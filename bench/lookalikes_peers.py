"""Measure other ways to tell whether two pictures are the same, on the pairs that `lookalikes --out` wrote down.

    python -m bench lookalikes_peers FILE.jsonl [...] [--python PYTHON] [--peers a,b] [--out FILE.json]

PYTHON has imagehash, pdqhash, imagededup and perception; a peer that it lacks is said to be absent. Every pair is
made again from its name. A peer's distance and its cutoff are its own: `default` is what its makers use or show.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import head, option, row
from bench.lookalikes import pair_of
from bench.peer_scripts import PEERS
from bench.scores import Line, as_wanted, wrongly_same

Distances = NDArray[np.float64]
_KINDS = ("positive", "negative", "edited", "blank")

OPTIONS = (
    option("files", nargs="+", type=Path),
    option("--python", sys.executable, help="an interpreter that has the peers"),
    option("--peers", "", help="names with commas between; default all"),
    option("--out", type=Path, help="write all distances"),
)


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


def summary(name: str, kinds: dict[str, Distances], recall: float, wrong: int) -> list[str]:
    """Return the cells of a row: what a peer calls the same at its default cutoff, at its best one, and at our recall.

    `kinds` are its distances of the "positive", "negative", "edited" and "blank" pairs; its best cutoff recalls most
    with at most `wrong` negatives.
    """
    positive, negative = kinds["positive"], kinds["negative"]
    best = cutoff_for_wrong(positive, negative, wrong), cutoff_for_recall(positive, recall)
    cells = [name]
    for cutoff in (PEERS[name].cutoff, *best):
        # What a peer has no distance for it calls different, whatever the cutoff.
        limit = min(cutoff, np.finfo(np.float64).max)
        shares = {kind: _share(distances <= limit) for kind, distances in kinds.items()}
        cells.append("none" if cutoff == -np.inf else "any" if cutoff == np.inf else f"{cutoff:.4g}")
        cells += [shares["positive"], str(int((negative <= limit).sum())), shares["edited"], shares["blank"]]
    return cells


def _share(called: NDArray[np.bool_]) -> str:
    return f"{called.mean():.1%}" if len(called) else "-"


def _kind(line: Line) -> str:
    """Tell what a pair is for a tool that knows only "same"."""
    if line["wanted_same"]:
        return "positive"
    return (
        "edited" if line["truth"] == ["edited"] else "blank" if "undecidable" in line["truth"] else "negative"
    )


def _write_files(lines: Sequence[Line], folder: Path) -> tuple[list[str], list[tuple[int, int]]]:
    """Write every file once; return the files, and each pair as two indexes into them."""
    numbers: dict[bytes, int] = {}
    files, pairs = [], []
    for line in lines:
        kind, half, number = line["name"].split("|")
        pair = pair_of(kind, half, int(number))
        for data in (pair.a, pair.b):
            if data not in numbers:
                ending = ".png" if data[:4] == b"\x89PNG" else ".webp" if data[8:12] == b"WEBP" else ".jpg"
                path = folder / f"{len(numbers):06d}{ending}"
                path.write_bytes(data)
                numbers[data] = len(numbers)
                files.append(str(path))
        pairs.append((numbers[pair.a], numbers[pair.b]))
    return files, pairs


def _table(lines: list[Line], found: dict[str, Distances]) -> None:
    kinds = np.array([_kind(line) for line in lines])
    same = np.array([line["same"] is True for line in lines])
    recall = float(
        np.mean([as_wanted(line) for line, kind in zip(lines, kinds, strict=True) if kind == "positive"])
    )
    wrong = sum(wrongly_same(line) for line, kind in zip(lines, kinds, strict=True) if kind == "negative")
    print(", ".join(f"{int((kinds == kind).sum())} {kind}" for kind in _KINDS) + "\n")
    part = ("recall", "wrong", "edited called same", "blank called same")
    head("", "default cutoff", *part, "cutoff as safe as ours", *part, "cutoff at our recall", *part)
    ours = [_share(same[kinds == kind]) for kind in ("edited", "blank")]
    row("samepic", "its profile", f"{recall:.1%}", wrong, *ours, *[""] * 10)
    for name, distances in found.items():
        row(*summary(name, {kind: distances[kinds == kind] for kind in _KINDS}, recall, wrong))


def main(args: argparse.Namespace) -> int:
    """Measure the peers on saved pairs and print the table."""
    lines = [json.loads(text) for path in args.files for text in path.read_text().splitlines()]
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
    return 0
