"""Pictures that look alike by design, and copies of every kind: labelled pairs to fit and to measure the verdict.

    python -m bench lookalikes [--kinds a,b] [--half test|train] [--count N] [--first N] [--jobs N] [--swapped]
        [--out FILE.jsonl] [--read FILE.jsonl]

`pair_of(kind, half, number)` gives the same bytes each time, and no original is in both halves. The program compares
each pair and prints a table by kind and level. Some kinds only measure and must be asked for: "labelled" (all pairs of
bench.negatives, at most 300 of a kind and label), "random" (pairs of distinct photographs), "resaves" (2960: 74
photographs in 40 ways) and "local edits" (2368: the same with an edit of 0.1 or 0.5 % of the frame, saved again).
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import samepic
from bench import copies, insets, marks, parts, toned
from bench.common import head, listed, option, pooled, row, wanted_data
from bench.copies import local_edits, resaves
from bench.family_base import Box, Pixels, Right, Rng
from bench.family_content import clear_edit
from bench.negatives import Pair, hard_negatives, random_pairs, receipt_twins
from bench.overlays import overlay_twins
from bench.pairs import (
    Copy,
    Labelled,
    Twins,
    as_mask,
    changed_mask,
    coded,
    edited_pair,
    labelled_twins,
    named_rng,
    resized,
)
from bench.pictures import DRAWN, any_original, drawn, named_bytes, photo, pixels_of
from bench.signs import SIGNS, sign_twins
from bench.steps import blurred
from bench.values import twins_of
from samepic.calibration.statistics import reliability
from samepic.errors import SamepicError
from samepic.verdict import Verdict

Maker = Callable[[str, int, Rng], Twins | Copy | Labelled]
"""From the half, the number and a generator to two pictures, or to two files."""
_SHARES = (0.001, 0.003, 0.01, 0.03, 0.05)
_READABLE = {"forms": 500, "screens": 480, "cards": 330}
_MOST = 300


def _drawing(half: str, number: int, rng: Rng, *, kind: str) -> Twins:
    title = list(DRAWN[kind])[number % len(DRAWN[kind])]
    style = "page" if kind == "forms" else "drawing"
    return twins_of(DRAWN[kind][title], title, rng, style=style, readable=_READABLE.get(kind, 0))


def _edits(half: str, number: int, rng: Rng) -> Twins:
    """A local edit of 0.1 to 5 % of the frame of any picture, drawn again where nobody would see it."""
    while True:
        what, rgb = any_original(half, number, rng)
        share = float(rng.choice(_SHARES))
        edit = clear_edit(rgb, share, rng)
        if edit is not None:
            mask, least = changed_mask(edit.before, edit.after), 0.75 if share < 0.005 else 0.5
            twins = Twins(f"{share:.1%}, {what}", edit.before, edit.after, Right.EDITED, mask, what)
            return replace(twins, whole=True, toned=True, least=least)


def _of_any(half: str, number: int, rng: Rng, *, make: Callable[[Rng, Pixels, str], Twins]) -> Twins:
    what, rgb = any_original(half, number, rng)
    return make(rng, rgb, what)


def _repainted(half: str, number: int, rng: Rng, *, make: Callable[[Rng, Pixels, str], Twins]) -> Twins:
    if number % 3 == 0:
        return _of_any(half, number, rng, make=make)
    kinds = [*DRAWN, *SIGNS]
    return make(rng, drawn(kinds[number % len(kinds)], number, rng), "drawing")


def _sparse(half: str, number: int, rng: Rng, *, changed: bool) -> Twins:
    return marks.sparse_twins(rng, any_original(half, number, rng)[1], changed=changed)


_TWINS: Mapping[str, Callable[[str, int, Rng], Twins]] = {
    "receipts": lambda half, number, rng: receipt_twins(half, number),
    **{kind: partial(_drawing, kind=kind) for kind in DRAWN},
    **{kind: partial(lambda half, number, rng, kind: sign_twins(kind, rng), kind=kind) for kind in SIGNS},
    "product colors": lambda half, number, rng: parts.recolored_twins(rng, photo(half, number)),
    "captions": lambda half, number, rng: parts.caption_twins(rng, photo(half, number)),
    "comics": lambda half, number, rng: parts.comic_twins(rng, photo(half, number)),
    "covered": partial(_of_any, make=parts.cover_twins),
    "cut-outs": lambda half, number, rng: parts.cut_out_twins(rng, photo(half, number)),
    "edits": _edits,
    "repainted": partial(_repainted, make=parts.repainted_twins),
    "colored": partial(_repainted, make=parts.colored_twins),
    "hues": partial(_of_any, make=marks.hue_twins),
    "sparse": partial(_sparse, changed=True),
    "sparse copies": partial(_sparse, changed=False),
}


@lru_cache(maxsize=2)
def _shots(half: str) -> tuple[Pair, ...]:
    """Pairs of shots of one place: first in turns from each place and label, the near ones before the far ones."""
    pairs = [pair for pair in hard_negatives() if pair.kind.startswith(("place", "across"))]
    apart = [pair for pair in pairs if pair.half == half and not pair.expected & Right.SAME]
    apart.sort(key=lambda pair: named_rng(f"{pair.a} {pair.b}").random())
    groups: dict[tuple[str, frozenset[str]], int] = {}
    turns = {}
    for pair in apart:
        key = (pair.kind, pair.expected)
        turns[pair] = groups[key] = groups.get(key, -1) + 1
    return tuple(sorted(apart, key=lambda pair: ("similar" not in pair.expected, turns[pair])))


def _places(half: str, number: int, rng: Rng) -> Labelled:
    """Two shots of one place as they came, in an order by chance."""
    pair = _shots(half)[number % len(_shots(half))]
    a, b = (pair.a, pair.b) if rng.random() < 0.5 else (pair.b, pair.a)
    truth = pair.expected | {"similar", "different"}
    return Labelled(pair.kind.removeprefix("place "), truth, named_bytes(a), named_bytes(b))


def _zoomed_places(half: str, number: int, rng: Rng) -> Labelled:
    """Two shots of one place, of which one shows only a part: as another lens would have taken it."""
    pair = _shots(half)[number % len(_shots(half))]
    names = [name.removeprefix("file:") for name in (pair.a, pair.b)]
    whole, other = (pixels_of(name) for name in rng.permutation(names).tolist())
    height, width = other.shape[:2]
    kept = float(rng.uniform(0.5, 0.93))
    y, x = (int(rng.uniform(0, 1 - kept) * side) for side in (height, width))
    part = other[y : y + round(kept * height), x : x + round(kept * width)]
    part = resized(part, float(rng.uniform(1, 1 / kept)))
    files = coded(whole, rng), coded(part, rng)
    first = int(rng.integers(0, 2))
    truth = pair.expected | {"similar", "different"}
    return Labelled(pair.kind.removeprefix("place "), truth, files[first], files[1 - first])


def _overlays(half: str, number: int, rng: Rng) -> Twins:
    """Any picture, and the same under another that is translucent."""
    what, rgb = any_original(half, number, rng)
    other = any_original(half, number + 1 + int(rng.integers(0, 50)), rng)[1]
    return overlay_twins(rgb, other, what, rng)


def _others(half: str, number: int, rng: Rng) -> Labelled:
    """Two drawings of one kind that share no more than that."""
    kinds = [kind for kind in _TWINS if kind in DRAWN or kind in SIGNS or kind == "receipts"]
    kind = kinds[number % len(kinds)]
    one, two = (pair_of(kind, half, number + far) for far in (1000, 2000))
    return Labelled(kind, Right.APART, one.a, two.b)


_TONED = (*DRAWN, *SIGNS, "captions", "comics", "covered", "edits", "repainted", "colored", "hues", "sparse")


def _toned_edits(half: str, number: int, rng: Rng) -> Labelled:
    """Twins of any kind, one of them in another tone, light, sharpness or noise too, and smaller now and then."""
    while True:
        twins = _TWINS[_TONED[number % len(_TONED)]](half, number + 5000, rng)
        seed, photograph = int(rng.integers(0, 1 << 30)), twins.style == "photo"
        blur = float(rng.uniform(0.5, 1.8)) if rng.random() < 0.3 else 0.0
        changed = []
        for rgb in (twins.one, twins.two):
            way, out = toned.toned_copy(rgb, np.random.default_rng(seed), photograph=photograph)
            changed.append(blurred(out, blur) if blur else out)
        mask, seen = changed_mask(twins.one, twins.two), changed_mask(changed[0], changed[1], 30)
        if mask is not None and seen is not None and (seen > 0).sum() >= 25:
            break
    one, two = twins.one, changed[1]
    if max(one.shape[:2]) >= 260 and rng.random() < 0.3:
        two = resized(two, float(rng.uniform(min(1.0, max(0.6, twins.least)), 1)))
    files = coded(one, rng), coded(two, rng)
    if rng.random() < 0.5:
        mask, files = resized(mask, two.shape[1] / one.shape[1]), files[::-1]
    level = f"{_TONED[number % len(_TONED)]}, {way.split(' and ')[0]}"
    return edited_pair(level, *files, as_mask(mask > 20), twins.truth, whole=twins.whole)


@lru_cache(maxsize=4)
def _known(kind: str, half: str) -> tuple[Pair, ...]:
    pairs = random_pairs(half) if kind == "random" else hard_negatives(_MOST)
    return tuple(pair for pair in pairs if pair.half == half)


def _measured(half: str, number: int, rng: Rng, *, kind: str) -> Labelled:
    """A pair whose label was given by hand, by a folder or by chance."""
    pairs = _known(kind, half)
    pair = pairs[number % len(pairs)]
    boxes = () if pair.expected & Right.SAME else pair.boxes
    return Labelled(pair.kind, pair.expected, named_bytes(pair.a), named_bytes(pair.b), boxes)


_MAKERS: Mapping[str, Maker] = {
    **_TWINS,
    "places": _places,
    "zoomed places": _zoomed_places,
    "overlays": _overlays,
    "children": copies.children,
    "children edited": copies.edited_children,
    "resaved art": copies.resaved_art,
    "scans": copies.scans,
    "palettes and profiles": copies.recolored_files,
    "altered": copies.altered,
    "harsh": copies.harsh,
    "edges": copies.unsmoothed,
    "reframed edits": insets.reframed_edits,
    "others": _others,
    "toned": toned.toned,
    "toned edits": _toned_edits,
    "few colors": toned.few_colors,
    "bends": toned.bends,
    "children toned": copies.toned_children,
    "insets": insets.insets,
    "inset edits": insets.inset_edits,
    "small words": marks.small_words,
    "other writing": marks.other_writing,
    **({"HEIC children": copies.heic_children} if copies.HEIC else {}),
}
KINDS = tuple(_MAKERS)
"""Every kind that is learned from."""
MEASURED: Mapping[str, Maker] = {
    **{kind: partial(_measured, kind=kind) for kind in ("labelled", "random")},
    "resaves": resaves,
    "local edits": local_edits,
}
"""Kinds that only measure."""


def pair_of(kind: str, half: str, number: int) -> Labelled:
    """Return pair `number` of a kind and half, "train" or "test". Raises KeyError for a kind that does not exist."""
    name = f"{kind}|{half}|{number}"
    rng = named_rng(name)
    made = {**_MAKERS, **MEASURED}[kind](half, number, rng)
    if isinstance(made, Twins):
        return labelled_twins(kind, name, made, rng)
    if isinstance(made, Copy):
        one, two = made.files if named_rng(f"order {name}").random() < 0.5 else made.files[::-1]
        made = Labelled(made.level, made.truth, one, two)
    return replace(made, kind=kind, name=name)


Line = dict[str, Any]
"""What `--out` writes: kind, level, name, truth, wanted_same, relation, same, probability, iou and cpu."""


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


def as_wanted(line: Line) -> bool:
    """Tell whether a verdict is right: the same where that is right, `edited` where only that is, else not the same."""
    if line["truth"] == ["edited"]:
        return bool(line["relation"] == "edited")
    if line["wanted_same"]:
        return line["same"] is True or line["relation"] in line["truth"]
    return line["same"] is not True


def wrongly_same(line: Line) -> bool:
    """Tell whether a pair is called the same that must not be."""
    return line["same"] is True and not line["wanted_same"]


def truly_same(line: Line) -> bool | None:
    """Return whether a person calls the two one picture; None where either answer is right, or rightly none came."""
    if line["relation"] == "undecidable" and "undecidable" in line["truth"]:
        return None
    same = [relation in Right.SAME for relation in line["truth"] if relation != "undecidable"]
    return None if not same or (any(same) and not all(same)) else all(same)


_RELATIONS = ("edited", "similar", "different", "undecidable", "error")


def _judged(work: tuple[str, str, int], *, swapped: bool = False) -> Line:
    """Make one pair of (kind, half, number), compare it, if asked both ways, and return its line."""
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
    cpu, same = [line["cpu"] for line in lines], sum(line["same"] is True for line in lines)
    said = (relations[relation] or "" for relation in _RELATIONS)
    right, iou = f"{sum(map(as_wanted, lines)) / len(lines):.1%}", f"{np.median(ious):.2f}" if ious else ""
    row(name, len(lines), same, *said, right, iou, f"{np.median(cpu):.3f}", f"{max(cpu):.2f}")


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


OPTIONS = (
    option("--kinds", "", help="names with commas between; default all that are learned from"),
    option("--half", "test", choices=("train", "test")),
    option("--count", 40, help="pairs of each kind"),
    option("--first", 0, help="number of the first pair: other draws"),
    option("--jobs", 2),
    option("--swapped", False, help="compare b against a too"),
    option("--out", type=Path, help="write one JSON line a pair"),
    option("--read", type=Path, help="report on such lines and compare nothing"),
)


def main(args: argparse.Namespace) -> int:
    """Compare what was asked for, or read it, and print; return 1 where a pair is wrongly called the same."""
    if args.read:
        return 0 if report([json.loads(line) for line in args.read.read_text().splitlines()]) else 1
    wanted_data()
    chosen = listed(args.kinds, KINDS)
    if unknown := [kind for kind in chosen if kind not in (*KINDS, *MEASURED)]:
        raise SystemExit(f"kinds: wanted some of {', '.join((*KINDS, *MEASURED))}, got {', '.join(unknown)}")
    print(f"half {args.half}, pairs {args.first} to {args.first + args.count - 1}\n")
    numbers = range(args.first, args.first + args.count)
    work = [(kind, args.half, number) for kind in chosen for number in numbers]
    lines = list(pooled(partial(_judged, swapped=args.swapped), work, args.jobs, chunk=10))
    if args.out:
        args.out.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return 0 if report(lines) else 1
