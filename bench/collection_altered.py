"""Find on altered copies: of those the codes can reach, how many land in their original's group, and what is wrong.

    python -m bench.collection_altered [--every N] [--keep FOLDER] [--jobs N]

Makes the collection of bench.collection with every Nth photograph, its five re-saves and all of sameplace/, clipart/
and uipages/, and adds one copy a photograph for each of ALTERATIONS. Runs `samepic find` with an empty cache, then
with `--same-if edited` on the cache that left; each a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import samepic
from bench.collection import make, measured, other_files, photo_of
from bench.common import data_folder, header
from bench.families import FAMILIES
from bench.negatives import SAME, labelled_pairs
from bench.sources import copy_name, copy_of
from samepic.tuning.search import SEARCH

ALTERATIONS: tuple[tuple[str, str, str], ...] = (
    *((f"crop to {share} %", "crop", f"{share} %") for share in (90, 70, 50)),
    ("border", "border", ""),
    ("caption inside", "caption inside", ""),
    ("caption outside", "caption outside", ""),
    ("mirrored", "mirror", "full size"),
    *((f"turned {degrees}°", "quarter turns", f"{degrees}") for degrees in (90, 180, 270)),
    ("turned and mirrored", "turned mirror", ""),
    ("tilted 2 to 5°, corners cut off", "tilt inside", "2 to 5"),
)
"""What is done, by which family and level of bench.families; "" takes its levels in turns."""

EDITS = ("caption inside",)
"""Of them, those that change content: no member of a group unless edited copies count as the same."""


@dataclass(frozen=True)
class Copy:
    """An altered copy: the file of its original, its own, and how many bits the nearest of the eight forms is off."""

    kind: str
    original: Path
    path: Path
    bits: int
    reachable: bool


@dataclass
class Tally:
    """What became of the copies of one alteration."""

    copies: list[Copy] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=Counter)
    beyond: dict[str, int] = field(default_factory=Counter)
    missed: dict[str, list[Copy]] = field(default_factory=dict)


def main() -> None:
    """Make, find twice, score and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=12, help="take every Nth photograph only")
    parser.add_argument("--keep", type=Path, help="make the collection here, or use the one that is here")
    parser.add_argument("--jobs", type=int, default=2, help="threads of samepic find")
    args = parser.parse_args()
    data = data_folder()
    if data is None:
        sys.exit("no pictures: set SAMEPIC_BENCH_DATA to the folder")
    print(header())
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as temporary:
        folder = args.keep or Path(temporary) / "collection"
        if not folder.is_dir():
            _add_copies(data, folder, make(data, folder, args.every, others=1))
        groups = _find_twice(folder, Path(temporary), args.jobs)
        _report(folder, data, groups)


def _add_copies(data: Path, folder: Path, chosen: list[Path]) -> None:
    for number, original in enumerate(chosen):
        for place, (_, family, wanted) in enumerate(ALTERATIONS):
            level = wanted or FAMILIES[family][number % len(FAMILIES[family])]
            name = copy_name(family, level, number, original.relative_to(data).as_posix())
            (folder / "photos" / f"p{number:04}-x{place:02}").write_bytes(copy_of(name)[0])


def _find_twice(folder: Path, temporary: Path, jobs: int) -> dict[str, list[list[str]]]:
    """Return the groups, their reference first, by what counts as the same."""
    found = {}
    for same_if in ("reframed", "edited"):
        report = temporary / f"{same_if}.jsonl"
        command = [sys.executable, "-m", "samepic", "find", "-v", "--json", "--jobs", str(jobs)]
        command += ["--same-if", same_if, str(folder)]
        usage = measured(command, report, {"SAMEPIC_CACHE": str(temporary / "cache")})
        print(f"samepic find --same-if {same_if:8} {usage}", flush=True)
        lines = [json.loads(line) for line in report.read_text().splitlines()]
        found[same_if] = [
            [line["reference"]["path"] if isinstance(line["reference"], dict) else line["reference"]]
            + [member["path"] for member in line["members"]]
            for line in lines
            if "group" in line
        ]
    return found


def _copies(folder: Path) -> Iterator[Copy]:
    """Yield every altered copy with how far its code is from the original's, the nearest of eight forms."""
    photos = folder / "photos"
    for original in sorted(photos.glob("p*-0.*")):
        photo = original.name.split("-")[0]
        one = samepic.fingerprint(original)
        for place, (kind, _, _) in enumerate(ALTERATIONS):
            path = photos / f"{photo}-x{place:02}"
            two = samepic.fingerprint(path)
            yield Copy(kind, original, path, one.nearest_form(two)[0], one.is_candidate(two))


def _report(folder: Path, data: Path, groups: dict[str, list[list[str]]]) -> None:
    where = {
        same_if: {path: number for number, group in enumerate(made) for path in group}
        for same_if, made in groups.items()
    }
    tallies = {kind: Tally() for kind, _, _ in ALTERATIONS}
    for copy in _copies(folder):
        count(tallies[copy.kind], copy, where)
    _print_table(tallies)
    for kind in EDITS:
        taken = tallies[kind].found["reframed"] + tallies[kind].beyond["reframed"]
        print(f"{kind}: {taken} in their original's group by default, wanted 0")
    for tally in tallies.values():
        for same_if, missed in sorted(tally.missed.items()):
            for copy in missed:
                _tell_missed(copy, same_if, groups[same_if], where[same_if])
    for same_if, made in groups.items():
        _print_wrong(same_if, made, folder, data)
        _print_references(same_if, made)


def count(tally: Tally, copy: Copy, where: dict[str, dict[str, int]]) -> None:
    """Note what became of a copy; `where` holds the number of the group of each path, by what counts as the same."""
    tally.copies.append(copy)
    for same_if, number in where.items():
        mine, own = number.get(str(copy.path)), number.get(str(copy.original))
        if mine is not None and mine == own:
            (tally.found if copy.reachable else tally.beyond)[same_if] += 1
        elif copy.reachable and (same_if == "edited" or copy.kind not in EDITS):
            tally.missed.setdefault(same_if, []).append(copy)


def others_in(groups: list[list[str]]) -> Iterator[tuple[str, str]]:
    """Yield (member, its reference) where they are copies of different originals."""
    for group in groups:
        yield from ((path, group[0]) for path in group[1:] if photo_of(path) != photo_of(group[0]))


def _print_table(tallies: dict[str, Tally]) -> None:
    print(
        f"| | copies | within {SEARCH.radius} bits | of these found | with edited | found beyond | with edited |"
    )
    print("|---|---|---|---|---|---|---|")
    for kind, tally in tallies.items():
        within = sum(copy.reachable for copy in tally.copies)
        figures = (
            f"{len(tally.copies)} | {within} | {tally.found['reframed']} | {tally.found['edited']}"
            f" | {tally.beyond['reframed']} | {tally.beyond['edited']}"
        )
        print(f"| {kind} | {figures} |")


def _tell_missed(copy: Copy, same_if: str, groups: list[list[str]], number: dict[str, int]) -> None:
    """Print what a missed copy is to its original, and to the reference that it was laid against instead."""
    own = number.get(str(copy.original))
    reference = groups[own][0] if own is not None else str(copy.original)
    verdict = samepic.compare(copy.original, copy.path)
    line = f"missed ({same_if}) {copy.kind} {copy.path.name}: {copy.bits} bits, {verdict.relation} to its original"
    if reference != str(copy.original):
        near = samepic.fingerprint(reference).nearest_form(samepic.fingerprint(copy.path))[0]
        said = samepic.compare(reference, copy.path).relation
        line += f"; its reference is {Path(reference).name}, {near} bits off, {said}"
    print(line, flush=True)


def _print_wrong(same_if: str, groups: list[list[str]], folder: Path, data: Path) -> None:
    """Print members that show another picture than their reference, apart from those a person took as the same."""
    known = labelled_pairs()
    sources = {str(folder / copy): path for copy, path in other_files(data, 1).items()}
    right = SAME | {"edited"} if same_if == "edited" else SAME
    wrong, labelled = [], 0
    for member, reference in others_in(groups):
        pair = [sources.get(path, Path(path)) for path in (reference, member)]
        names = [path.relative_to(data if path.is_relative_to(data) else folder).as_posix() for path in pair]
        if right & known.get(frozenset(names), (frozenset[str](), ()))[0]:
            labelled += 1
        else:
            wrong.append((reference, member, " and ".join(names)))
    print(
        f"--same-if {same_if}: {len(groups)} groups, {len(wrong)} wrong members, {labelled} the same by hand label"
    )
    for reference, member, both in wrong:
        verdict = samepic.compare(reference, member)
        odds = {name: verdict.measures.get(name) for name in ("one_exposure", "nothing_changed", "structure")}
        print(
            f"  wrong? {both}: {verdict.relation}, {verdict.probability:.3f}, {odds}; {verdict.explanation}"
        )


def _print_references(same_if: str, groups: list[list[str]]) -> None:
    """Print which kind of copy was kept as the best of a photograph's group."""
    kinds = Counter[str]()
    for group in groups:
        name = Path(group[0]).name
        if Path(group[0]).parent.name == "photos":
            place = name.partition("-")[2]
            kinds[ALTERATIONS[int(place[1:])][0] if place[0] == "x" else "original or re-save"] += 1
    print(f"--same-if {same_if}: reference of a photograph's group: {dict(kinds.most_common())}")


if __name__ == "__main__":
    main()
