"""Find in a collection with known truth: what is found, what is wrong, memory, time; and the same of other tools.

    python -m bench.collection [--keep FOLDER] [--every N] [--peers PYTHON] [--rounds N]

Makes the collection in a temporary folder: every photograph of photos/ with five re-saves, and every picture of
sameplace/, clipart/ and uipages/ as it is; with --every, each Nth of them. Runs `samepic find` twice, with an empty
cache and with a full one, and the other tools after it, each a process of its own; all of that --rounds times.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageFile

from bench.collection_peers import PEERS, run_peer
from bench.common import data_folder, header, photos

ImageFile.MAXBLOCK = 1 << 24  # the encoder of progressive JPEG wants its output in one piece

OTHERS = ("sameplace", "clipart", "uipages")
_TURNED = Image.Transpose.ROTATE_90  # counter-clockwise; orientation 6 turns it back
_KEPT_SEGMENTS = frozenset((0xE0, 0xE2, 0xEE))  # JFIF, ICC and Adobe: they decide what is shown


@dataclass(frozen=True, slots=True)
class Usage:
    """What one process took: wall and CPU seconds, and the most memory it held, in MB."""

    wall: float
    cpu: float
    peak: float

    def __str__(self) -> str:
        return f"{self.wall:7.1f} s wall, {self.cpu:7.1f} s CPU, {self.peak:5.0f} MB at most"


def make(data: Path, folder: Path, every: int, others: int | None = None) -> list[Path]:
    """Make the collection in `folder` of every Nth picture; return the photographs that have re-saves there.

    `others` takes every Nth of the other pictures instead. The photograph p0012 is the one at index 12 of them.
    """
    (folder / "photos").mkdir(parents=True)
    chosen = photos(data)[::every]
    for number, path in enumerate(chosen):
        shutil.copyfile(path, folder / "photos" / f"p{number:04}-0{path.suffix.lower()}")
        for ending, coded in resaves(path, number):
            (folder / "photos" / f"p{number:04}-{ending}").write_bytes(coded)
    for name in OTHERS:
        (folder / name).mkdir()
    for copy, path in other_files(data, others or every).items():
        shutil.copyfile(path, folder / copy)
    return chosen


def other_files(data: Path, every: int) -> dict[str, Path]:
    """Return every Nth picture that has no re-saves, by the path of its copy in the collection."""
    found = {}
    for name in OTHERS:
        files = sorted(path for path in (data / name).rglob("*") if path.is_file())
        for number, path in enumerate(files[::every]):
            found[f"{name}/{number:04}-{path.name.replace(' ', '_')}"] = path
    return found


def resaves(path: Path, number: int) -> Iterable[tuple[str, bytes]]:
    """Yield (ending of the name, bytes) of five re-saves of a photograph."""
    opened = Image.open(path)
    icc = {"icc_profile": opened.info["icc_profile"]} if "icc_profile" in opened.info else {}
    image = opened if opened.mode in ("RGB", "L") else opened.convert("RGB")
    half = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)
    yield "1.jpg", _saved(image, "JPEG", quality=75, **icc)
    yield "2.jpg", _saved(half, "JPEG", quality=50, **icc)
    yield "3.webp", _saved(image, "WEBP", quality=75, **icc)
    yield "4.jpg", _saved(image, "JPEG", quality=90, progressive=True, subsampling=0, **icc)
    if number % 2:
        exif = Image.Exif()
        exif[0x0112] = 6
        yield "5.jpg", _saved(image.transpose(_TURNED), "JPEG", quality=92, exif=exif, **icc)
    elif opened.format == "JPEG":
        yield "5.jpg", stripped(path.read_bytes())
    else:
        yield "5.png", _saved(image, "PNG", compress_level=1, **icc)


def _saved(image: Image.Image, form: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **how)
    return out.getvalue()


def stripped(data: bytes) -> bytes:
    """Return a JPEG without metadata: no comment, no application segment but those that decide its colours."""
    kept, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE) or data[at + 1] in _KEPT_SEGMENTS:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


def measured(command: list[str], out: Path, env: dict[str, str] | None = None) -> Usage:
    """Run a command with its output in the file `out`; return what it took. Raises where it fails."""
    begin = time.perf_counter()
    with out.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, env={**os.environ, **(env or {})})
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    wall = time.perf_counter() - begin
    return Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def photo_of(path: str) -> str:
    """Return which photograph a file shows: "p0012", or the path itself for the others."""
    name = Path(path).name
    return name.split("-")[0] if Path(path).parent.name == "photos" else path


def score(groups: list[list[str]], count: int) -> tuple[float, int, list[tuple[str, str]]]:
    """Return the share of re-saves grouped with their photograph, groups that are exactly right, wrong members.

    The first path of a group is its reference; a wrong member is told with it.
    """
    found, right, wrong = 0, 0, []
    for group in groups:
        keys = [photo_of(path) for path in group]
        own = max(set(keys), key=lambda key: (keys.count(key), key))
        if own.startswith("p") and any(Path(p).name.startswith(f"{own}-0.") for p in group):
            found += keys.count(own) - 1
        right += len(group) == 6 and len(set(keys)) == 1
        wrong += [(path, group[0]) for path, key in zip(group, keys, strict=True) if key != keys[0]]
    return found / (5 * count), right, wrong


def _groups(report: Path) -> list[list[str]]:
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    return [
        [line["reference"], *(member["path"] for member in line["members"])]
        for line in lines
        if "group" in line
    ]


def main() -> None:
    """Make, find, score and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="make the collection here, or use the one that is here")
    parser.add_argument("--every", type=int, default=1, help="take every Nth picture only")
    parser.add_argument("--peers", help="a Python in which other tools are installed")
    parser.add_argument("--rounds", type=int, default=1)
    args = parser.parse_args()
    data = data_folder()
    if data is None:
        sys.exit("no pictures: set SAMEPIC_BENCH_DATA to the folder")
    print(header())
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as temporary:
        folder = args.keep or Path(temporary) / "collection"
        if not folder.is_dir():
            make(data, folder, args.every)
        for number in range(args.rounds):
            print(f"round {number + 1} of {args.rounds}", flush=True)
            _samepic(folder, Path(temporary) / f"round-{number}")
            if args.peers:
                _peers(folder, args.peers, Path(temporary))


def _counted(folder: Path) -> int:
    return len({path.name.split("-")[0] for path in (folder / "photos").iterdir()})


def _samepic(folder: Path, temporary: Path) -> None:
    temporary.mkdir()
    files = sum(path.is_file() for path in folder.rglob("*"))
    print(f"{files} files, {_counted(folder)} photographs with five re-saves each")
    command = [sys.executable, "-m", "samepic", "find", "-v", "--json", str(folder)]
    env = {"SAMEPIC_CACHE": str(temporary / "cache")}
    cold = measured(command, temporary / "cold.jsonl", env)
    warm = measured(command, temporary / "warm.jsonl", env)
    same = (temporary / "cold.jsonl").read_bytes() == (temporary / "warm.jsonl").read_bytes()
    print(
        f"samepic, empty cache  {cold}\nsamepic, full cache   {warm}, {cold.wall / warm.wall:.0f} times as fast"
    )
    print(f"same output twice: {same}")
    _tell("samepic", _groups(temporary / "cold.jsonl"), folder)


def _tell(name: str, groups: list[list[str]], folder: Path, listed: int = 200) -> None:
    found, right, wrong = score(groups, _counted(folder))
    print(
        f"{name}: {found:.2%} of the re-saves in their group, {right} groups exactly right, {len(wrong)} wrong members"
    )
    for member, reference in wrong[:listed]:
        print(f"  wrong? {Path(member).relative_to(folder)} with {Path(reference).relative_to(folder)}")


def _peers(folder: Path, python: str, temporary: Path) -> None:
    for name in PEERS:
        groups, usage = run_peer(name, python, folder, temporary, measured)
        if groups is None:
            print(f"{name}: {usage}")
        else:
            print(f"{name:14} {usage}", flush=True)
            _tell(name, groups, folder, listed=0)


if __name__ == "__main__":
    main()
