"""Find in a collection with known truth: what is found, what is wrong, memory, time; and the same of other tools.

    python -m bench collection [--keep FOLDER] [--every N] [--peers PYTHON] [--rounds N]

Makes the collection in a temporary folder: every photograph of photos/ with five re-saves, and every picture of
sameplace/, clipart/ and uipages/ as it is; with --every, each Nth of them. Runs `samepic find` twice, with an empty
cache and with a full one, and the other tools after it, each a process of its own; all of that --rounds times.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from PIL import Image, ImageFile

from bench.common import Usage, encoded, groups_of, measured, option, photos, wanted_data

_IMAGEDEDUP = """
import json, os, sys
from imagededup.methods import PHash
found = PHash(verbose=False).find_duplicates(image_dir=sys.argv[1], recursive=True)
taken, groups = set(), []
for name in sorted(found):  # as its own find_duplicates_to_remove goes through them
    if name not in taken and found[name]:
        groups.append([name, *(other for other in found[name] if other not in taken)])
        taken.update(groups[-1])
print(json.dumps([[os.path.join(sys.argv[1], name) for name in group] for group in groups]))
"""

_DIFPY = """
import json, sys
import difPy
if __name__ == "__main__":
    built = difPy.build(sys.argv[1], recursive=True, show_progress=False)
    found = difPy.search(built, similarity="similar", show_progress=False).result
    print(json.dumps([[name, *(match[0] for match in matches)] for name, matches in found.items()]))
"""

_CZKAWKA = """
import json, sys
import czkawka
finder = czkawka.ImageSimilarity()
finder.set_directories([sys.argv[1]])
finder.set_similarity(15)  # "moderately similar", the level of its example
print(json.dumps([[str(path) for path in group] for group in finder.find_similar()]))
"""

_SCRIPTS = {"imagededup": _IMAGEDEDUP, "difPy": _DIFPY, "czkawka": _CZKAWKA}
PEERS = ("findimagedupes", *_SCRIPTS)
"""Peers that are run by `run_peer`."""

_SECONDS = 240


def run_peer(
    name: str, python: str, folder: Path, temporary: Path
) -> tuple[list[list[str]] | None, Usage | str]:
    """Return the groups, lists of paths, that a peer finds below `folder`, and what it took.

    The groups are None where it is absent or does not end, and the second then says so.
    """
    out = temporary / f"{name}.out"
    if name == "findimagedupes":
        if shutil.which(name) is None:
            return None, "absent"
        command = [name, "-R", str(folder)]
    else:
        script = temporary / f"{name}_peer.py"
        script.write_text(_SCRIPTS[name])
        if subprocess.run([python, "-c", f"import {name}"], capture_output=True, check=False).returncode:
            return None, "absent"
        command = [python, str(script), str(folder)]
    try:
        used = measured(["timeout", str(_SECONDS), *command], out)
    except subprocess.CalledProcessError as error:
        return (
            None,
            f"not done in {_SECONDS} s" if error.returncode == 124 else f"failed ({error.returncode})",
        )
    text = out.read_text()
    groups = [line.split() for line in text.splitlines()] if name == "findimagedupes" else _last_json(text)
    return groups, used


def _last_json(text: str) -> list[list[str]]:
    groups: list[list[str]] = json.loads(text.strip().splitlines()[-1])
    return groups


ImageFile.MAXBLOCK = 1 << 24  # the encoder of progressive JPEG wants its output in one piece

OTHERS = ("sameplace", "clipart", "uipages")
_TURNED = Image.Transpose.ROTATE_90  # counter-clockwise; orientation 6 turns it back
_KEPT_SEGMENTS = frozenset((0xE0, 0xE2, 0xEE))  # JFIF, ICC and Adobe: they decide what is shown


def make(data: Path, folder: Path, every: int) -> None:
    """Make the collection in `folder` of every Nth picture; the photograph p0012 is the one at index 12 of them."""
    (folder / "photos").mkdir(parents=True)
    for number, path in enumerate(photos(data)[::every]):
        shutil.copyfile(path, folder / "photos" / f"p{number:04}-0{path.suffix.lower()}")
        for ending, coded in resaves(path, number):
            (folder / "photos" / f"p{number:04}-{ending}").write_bytes(coded)
    for name in OTHERS:
        (folder / name).mkdir()
        files = sorted(path for path in (data / name).rglob("*") if path.is_file())
        for number, path in enumerate(files[::every]):
            shutil.copyfile(path, folder / f"{name}/{number:04}-{path.name.replace(' ', '_')}")


def resaves(path: Path, number: int) -> Iterable[tuple[str, bytes]]:
    """Yield (ending of the name, bytes) of five re-saves of a photograph."""
    opened = Image.open(path)
    icc = {"icc_profile": opened.info["icc_profile"]} if "icc_profile" in opened.info else {}
    image = opened if opened.mode in ("RGB", "L") else opened.convert("RGB")
    half = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)
    yield "1.jpg", encoded(image, "JPEG", quality=75, **icc)
    yield "2.jpg", encoded(half, "JPEG", quality=50, **icc)
    yield "3.webp", encoded(image, "WEBP", quality=75, **icc)
    yield "4.jpg", encoded(image, "JPEG", quality=90, progressive=True, subsampling=0, **icc)
    if number % 2:
        exif = Image.Exif()
        exif[0x0112] = 6
        yield "5.jpg", encoded(image.transpose(_TURNED), "JPEG", quality=92, exif=exif, **icc)
    elif opened.format == "JPEG":
        yield "5.jpg", stripped(path.read_bytes())
    else:
        yield "5.png", encoded(image, "PNG", compress_level=1, **icc)


def stripped(data: bytes) -> bytes:
    """Return a JPEG without metadata: no comment, no application segment but those that decide its colours."""
    kept, at = [data[:2]], 2
    while data[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        if not (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE) or data[at + 1] in _KEPT_SEGMENTS:
            kept.append(data[at:end])
        at = end
    return b"".join((*kept, data[at:]))


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


OPTIONS = (
    option("--keep", type=Path, help="make the collection here, or use the one that is here"),
    option("--every", 1, help="take every Nth picture only"),
    option("--peers", help="a Python in which other tools are installed"),
    option("--rounds", 1),
)


def main(args: argparse.Namespace) -> None:
    """Make, find, score and print."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as temporary:
        folder = args.keep or Path(temporary) / "collection"
        if not folder.is_dir():
            make(wanted_data(), folder, args.every)
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
    _tell("samepic", groups_of(temporary / "cold.jsonl"), folder)


def _tell(name: str, groups: list[list[str]], folder: Path, listed: int = 200) -> None:
    found, right, wrong = score(groups, _counted(folder))
    print(
        f"{name}: {found:.2%} of the re-saves in their group, {right} groups exactly right, {len(wrong)} wrong members"
    )
    for member, reference in wrong[:listed]:
        print(f"  wrong? {Path(member).relative_to(folder)} with {Path(reference).relative_to(folder)}")


def _peers(folder: Path, python: str, temporary: Path) -> None:
    for name in PEERS:
        groups, usage = run_peer(name, python, folder, temporary)
        if groups is None:
            print(f"{name}: {usage}")
        else:
            print(f"{name:14} {usage}", flush=True)
            _tell(name, groups, folder, listed=0)
