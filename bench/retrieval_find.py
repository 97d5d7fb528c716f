"""The whole path, retrieve and verify, as `samepic find --copies` runs it, beside comparing each copy pairwise.

    python -m bench retrieval_find [--originals N] [--others N] [--families a,b]

Makes a folder of N photographs of the test half, one altered copy a family of each, and as many other photographs and
pictures of sameplace/ as --others says of each. Runs `samepic find --same-if edited` on it, without --copies and with
it, and compares each copy with its original besides. A copy counts as found where its group holds its original or
another copy of it that the pairwise comparison proves; a member that is no copy of its group's photograph is wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

import samepic
from bench.common import groups_of, head, measured, option, photos, row, wanted_data
from bench.families import FAMILIES
from bench.sources import chosen, copy_by_chance, named_bytes

_PROVEN = frozenset({"same-file", "same-pixels", "resaved", "adjusted", "reframed", "edited"})


def _make(
    data: Path, folder: Path, originals: int, others: int, families: list[str]
) -> dict[str, tuple[str, str]]:
    """Fill the folder; return {name of a copy: (name of its original, family)}."""
    made, picked = {}, chosen(data, "test", originals)
    for number, path in enumerate(picked):
        original = f"o{number:03}{Path(path).suffix.lower()}"
        shutil.copyfile(data / path, folder / original)
        for place, family in enumerate(families):
            name = f"o{number:03}-{place:02}"
            (folder / name).write_bytes(named_bytes(copy_by_chance(family, path)))
            made[name] = original, family
    rest = [path for path in photos(data) if path.relative_to(data).as_posix() not in picked]
    places = sorted(
        path for path in (data / "sameplace").rglob("*") if path.suffix.lower() in (".jpg", ".png")
    )
    for paths, kind in ((rest, "photo"), (places, "place")):
        for number, other in enumerate(paths[:: max(1, len(paths) // max(1, others))][:others]):
            shutil.copyfile(other, folder / f"{kind}{number:04}{other.suffix.lower()}")
    return made


def score(
    groups: list[list[str]], made: dict[str, tuple[str, str]], proven: set[str]
) -> tuple[Counter[str], Counter[str], list[tuple[str, str]]]:
    """Return how many copies of each family are proven pairwise, how many of these are found, and wrong members.

    `groups` hold names, the reference first.
    """

    def photo(name: str) -> str:
        return made[name][0] if name in made else name

    sure = proven | {original for original, _ in made.values()}
    wanted, found = Counter[str](), Counter[str]()
    where = {name: group for group in groups for name in group}
    for name, (original, family) in made.items():
        if name in proven:
            wanted[family] += 1
            others = [other for other in where.get(name, []) if other != name and other in sure]
            found[family] += any(photo(other) == original for other in others)
    wrong = [(name, group[0]) for group in groups for name in group[1:] if photo(name) != photo(group[0])]
    return wanted, found, wrong


def _groups(folder: Path, temporary: Path, *options: str) -> list[list[str]]:
    report = temporary / f"report{''.join(options)}.jsonl"
    command = [sys.executable, "-m", "samepic", "find", "-v", "--json", "--jobs", "1", "--same-if", "edited"]
    usage = measured([*command, *options, str(folder)], report, {"SAMEPIC_CACHE": str(temporary / "cache")})
    print(f"samepic find {' '.join(options):10} {usage}", flush=True)
    return [[Path(path).name for path in group] for group in groups_of(report)]


OPTIONS = (
    option("--originals", 12),
    option("--others", 150),
    option("--families", "", help="names with commas between; default all"),
)


def main(args: argparse.Namespace) -> int:
    """Make, find, compare and print; return 1 where a member is wrong or too little is found."""
    data, families = wanted_data(), [name for name in args.families.split(",") if name] or [*FAMILIES]
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        folder = Path(name) / "pictures"
        folder.mkdir()
        made = _make(data, folder, args.originals, args.others, families)
        groups, plain = _groups(folder, Path(name), "--copies"), _groups(folder, Path(name))
        relations = {
            copy: samepic.compare(folder / original, folder / copy).relation
            for copy, (original, _) in made.items()
        }
    return _report(made, {copy for copy, found in relations.items() if found in _PROVEN}, plain, groups)


def _report(
    made: dict[str, tuple[str, str]], proven: set[str], plain: list[list[str]], groups: list[list[str]]
) -> int:
    wanted, found, wrong = score(groups, made, proven)
    without = score(plain, made, proven)[1]
    print(f"\n{len(made)} copies, {len(proven)} of them proven pairwise\n")
    head("", "proven pairwise", "found without --copies", "found with")
    for family in wanted:
        row(family, wanted[family], without[family], found[family])
    share = 100 * sum(found.values()) / max(1, len(proven))
    row("all", len(proven), sum(without.values()), f"{sum(found.values())} ({share:.1f} %)")
    print(f"\n{len(wrong)} wrong members")
    for name, reference in wrong:
        print(f"  {name} in the group of {reference}")
    return 0 if not wrong and share >= 95 else 1
