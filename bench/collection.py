"""Find with known truth, in many, large and altered pictures, beside other tools: what is found, wrong, time, memory.

    python -m bench collection [resaves|copies|memory|small|large|many|codes|growth|start ...] [--peers] [--keep FOLDER]
        [--every N] [--count N] [--rounds N] [--threads N] [--python PYTHON]

Each part makes its files in a temporary folder, or in FOLDER, and runs `samepic find` as a process of its own, with an
empty cache and with a full one. resaves: every photograph of photos/ with five re-saves, and every picture of
sameplace/, clipart/ and uipages/ as it is; with --every, each Nth of them. copies: N photographs, every seventh with a
crop, border, tilt, inset or mirrored copy, found with --copies. memory: N photographs of 4000x3000, each with four
copies, two of them with a PNG. small: 100 pictures of about 0.2 MP with three re-saves each, and 50 alone. large: N
pictures of 12 MP with two re-saves each. many: N files of one byte, 250 a folder, and N / 20 distinct JPEGs of 96x96.
growth: 1000, 10 000 and N such JPEGs, by default 100 000, on one thread. codes: what the code of one picture takes at
500x375, as a process over N photographs, by default 300, less one over a single one. start: how long a command takes
that has next to nothing to do.

With --peers other tools find in the same files, in turns, all on one thread, with no cache but their own, empty one.
They come from the package index into an environment of their own, which wants a PYTHON from 3.12 on.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import simplejpeg
from PIL import Image, ImageFile

from bench.common import (
    SEED,
    Usage,
    against,
    encoded,
    environment,
    files_of,
    head,
    largest,
    measured,
    option,
    photos,
    rgb_of,
    row,
    spread,
    turns,
)
from bench.copies import stripped
from bench.families import alter

ImageFile.MAXBLOCK = 1 << 24  # the encoder of progressive JPEG wants its output in one piece

Maker = Callable[[Path, int], None]
"""Makes a collection in a folder, of so many pictures or of every Nth."""
Files = Iterator[tuple[str, bytes]]
"""Names below the folder, and what the files hold; of a photograph all names begin alike, and -0 is the original."""

OTHERS = ("sameplace", "clipart", "uipages")
_LANCZOS = Image.Resampling.LANCZOS
_TURNED = Image.Transpose.ROTATE_90  # counter-clockwise; orientation 6 turns it back
_SAMEPIC = [sys.executable, "-m", "samepic"]


def _made_of(files: Callable[[int], Files]) -> Maker:
    """Return what writes the files."""

    def make(folder: Path, count: int) -> None:
        for name, data in files(count):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)

    return make


def _smaller(image: Image.Image, share: int = 2, of: int = 1) -> Image.Image:
    """Return the picture at `of` / `share` of its size."""
    return image.resize((max(1, image.width * of // share), max(1, image.height * of // share)), _LANCZOS)


@_made_of
def make(every: int) -> Files:
    """Every Nth picture; the photograph p0012 is the one at index 12 of them."""
    for number, path in enumerate(photos()[::every]):
        yield f"photos/p{number:04}-0{path.suffix.lower()}", path.read_bytes()
        opened = Image.open(path)
        icc = {"icc_profile": opened.info["icc_profile"]} if "icc_profile" in opened.info else {}
        image = opened if opened.mode in ("RGB", "L") else opened.convert("RGB")
        name = f"photos/p{number:04}-"
        yield f"{name}1.jpg", encoded(image, quality=75, **icc)
        yield f"{name}2.jpg", encoded(_smaller(image), quality=50, **icc)
        yield f"{name}3.webp", encoded(image, "WEBP", quality=75, **icc)
        yield f"{name}4.jpg", encoded(image, quality=90, progressive=True, subsampling=0, **icc)
        if number % 2:
            exif = Image.Exif()
            exif[0x0112] = 6
            yield f"{name}5.jpg", encoded(image.transpose(_TURNED), quality=92, exif=exif, **icc)
        elif opened.format == "JPEG":
            yield f"{name}5.jpg", stripped(path.read_bytes())
        else:
            yield f"{name}5.png", encoded(image, "PNG", compress_level=1, **icc)
    for folder in OTHERS:
        for number, path in enumerate(files_of(folder, ())[::every]):
            yield f"{folder}/{number:04}-{path.name.replace(' ', '_')}", path.read_bytes()


_ALTERED = (
    ("crop", "50 %"), ("crop", "25 %"), ("border", "colour"), ("perspective", "slight"),
    ("picture in picture", "35 to 50 %"), ("mirror", "full size"),
)  # fmt: skip


@_made_of
def make_copies(count: int) -> Files:
    """So many photographs, spread over all, and an altered copy of every seventh."""
    chosen = spread(photos(), count)
    for number, path in enumerate(chosen):
        yield f"photos/p{number:04}-0{path.suffix.lower()}", path.read_bytes()
        if number % 7 == 0:
            family, level = _ALTERED[number // 7 % len(_ALTERED)]
            rgb, other = (np.asarray(rgb_of(one)) for one in (path, chosen[(number + 3) % count]))
            altered = alter(family, level, rgb, np.random.default_rng([SEED, number]), other)
            yield f"photos/p{number:04}-1.jpg", encoded(altered.rgb, quality=88)


@_made_of
def make_memory(count: int) -> Files:
    """So many of the largest photographs at 12 megapixels, and four copies of each."""
    for number, source in enumerate(largest(count)):
        image, name = rgb_of(source), f"photos/p{number:03}"
        turned = image.transpose(_TURNED) if image.height > image.width else image
        large = turned.resize((4000, 3000), _LANCZOS)
        yield f"{name}-0.jpg", encoded(large, quality=92)
        yield f"{name}-1.jpg", encoded(large, quality=75)
        yield f"{name}-2.jpg", encoded(large, quality=85, progressive=True)
        yield f"{name}-3.jpg", encoded(_smaller(large), quality=80)
        yield f"{name}-4.webp", encoded(large, "WEBP", quality=80, method=2)
        if number < 2:
            yield f"{name}-5.png", encoded(large, "PNG", compress_level=1)


@_made_of
def make_small(_: int) -> Files:
    """150 photographs of about 0.2 MP, and three re-saves of each of the first 100."""
    every = [path for path in photos() if {"imagenet", "bsds500"} & set(path.parts)]
    for number, at in enumerate(np.random.default_rng(SEED).permutation(len(every))[:150]):
        source, name = every[at], f"photos/p{number:04}"
        yield f"{name}-0{source.suffix.lower()}", source.read_bytes()
        if number < 100:
            image = rgb_of(source)
            yield f"{name}-1.jpg", encoded(image, quality=75)
            yield f"{name}-2.jpg", encoded(_smaller(image, 3, 2), quality=85)
            yield f"{name}-3.webp", encoded(image, "WEBP", quality=80)


@_made_of
def make_large(count: int) -> Files:
    """So many photographs at 12 MP, with a sensor's noise, and two re-saves of each."""
    for number, source in enumerate(largest(count)):
        image, name = rgb_of(source), f"photos/p{number:04}"
        size = (4000, 3000) if image.width > image.height else (3000, 4000)
        pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
        noise = np.random.default_rng([SEED, number]).normal(0, 2, (*pixels.shape[:2], 1)).round()
        large = Image.fromarray(np.clip(pixels + noise.astype(np.int16), 0, 255).astype(np.uint8))
        for ending, one, quality in (("0", large, 92), ("1", large, 75), ("2", _smaller(large), 85)):
            yield f"{name}-{ending}.jpg", encoded(one, quality=quality)


def make_many(folder: Path, count: int) -> None:
    """Write `count` files of one byte that take no block on the disk, and a twentieth as many distinct JPEGs."""
    for number in range(count):
        path = folder / f"{number // 25_000:03}" / f"{number // 250:05}" / f"note-{number:07}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        os.truncate(path, 1)
    make_surrogates(folder, count // 20)


@_made_of
def make_surrogates(count: int) -> Files:
    """Unrelated JPEGs of 96x96, a thousand a folder: spectra of photographs, with phases by chance.

    Surrogates (Theiler et al., Physica D 58, 1992) share nothing that can be seen, and their codes lie apart as those
    of photographs do, of which pieces would be the same picture now and then: there are only so many.
    """
    rng, area = np.random.default_rng(SEED), cv2.INTER_AREA
    shrunk = (cv2.resize(np.asarray(rgb_of(path)), (96, 96), interpolation=area) for path in photos())
    sources = [small.astype(np.float32) for small in shrunk]
    for number in range(count):
        small = sources[int(rng.integers(len(sources)))]
        phases = np.exp(1j * np.angle(np.fft.rfft2(rng.standard_normal((96, 96)))))
        spectra = np.abs(np.fft.rfft2(small, axes=(0, 1))) * phases[..., None]
        made = np.fft.irfft2(spectra, (96, 96), axes=(0, 1))
        shown = np.clip(made - made.mean((0, 1)) + small.mean((0, 1)), 0, 255).astype(np.uint8)
        name = f"pictures-{number // 1000:03}/p{number:06}.jpg"
        yield name, simplejpeg.encode_jpeg(shown, quality=85)


def photo_of(path: str) -> str:
    """Return which photograph a file shows: "p0012", or the path itself for the others."""
    name = Path(path).name
    return name.split("-")[0] if Path(path).parent.name == "photos" else path


def groups_of(report: Path) -> list[list[str]]:
    """Return the groups that `samepic find --json` wrote, each as paths with the reference first."""
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    groups = [line for line in lines if "group" in line]
    return [[group["reference"], *(member["path"] for member in group["members"])] for group in groups]


def score(groups: list[list[str]], folder: Path) -> tuple[float, int, list[tuple[str, str]]]:
    """Return the share of copies grouped with their photograph, groups that are exactly right, wrong members.

    The first path of a group is its reference; a wrong member is named with it.
    """
    every = [photo_of(str(path)) for path in folder.glob("photos/*")]
    sizes = {key: every.count(key) for key in set(every)}
    found, right, wrong = 0, 0, []
    for group in groups:
        keys = [photo_of(path) for path in group]
        own = max(set(keys), key=lambda key: (keys.count(key), key))
        if own in sizes and any(Path(path).name.startswith(f"{own}-0.") for path in group):
            found += keys.count(own) - 1
        right += keys == [own] * sizes.get(own, 0)
        wrong += [(path, group[0]) for path, key in zip(group, keys, strict=True) if key != keys[0]]
    return found / max(1, len(every) - len(sizes)), right, wrong


PACKAGES = ("Immaculate==0.3.0", "czkawka==0.1.2", "imgdd==0.1.5", "ImageHash==4.3.2")

_END = "print(json.dumps([[str(path) for path in group] for group in groups]))"
_SCRIPTS = {
    "Immaculate 0.3, pdq": """
import immaculate, json, sys
found = immaculate.find_duplicates(sys.argv[1])
groups = [*found.exact, *found.near]
""",
    "czkawka 0.1.2, level 15": """
import czkawka, json, sys
finder = czkawka.ImageSimilarity()
finder.set_directories([sys.argv[1]])
finder.set_similarity(15)  # "moderately similar", the level of its example
groups = finder.find_similar()
""",
    "imgdd 0.1.5, phash": """
import imgdd, json, sys
groups = imgdd.dupes(path=sys.argv[1], algo="pHash", remove=False).values()
""",
    "ImageHash 4.3, phash": """
import imagehash, json, pathlib, sys
from PIL import Image
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.*")):
    found.setdefault(str(imagehash.phash(Image.open(path))), []).append(path)
groups = [group for group in found.values() if len(group) > 1]
""",
}
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS"), "1")


def _tools(python: str, folder: Path) -> dict[str, list[str]]:
    """Return the command of each tool, installed below `folder`."""
    found = environment(python, folder, PACKAGES)
    return {name: [found, "-c", script + _END] for name, script in _SCRIPTS.items()} if found else {}


OPTIONS = (
    option("--peers", False, help="beside other tools"),
    option("--keep", type=Path, help="make the files here, or use those that are here"),
    option("--every", 1, help="resaves: take every Nth picture only"),
    option("--count", 0, help="by default copies 400, memory and large 8, many 1 000 000, growth 100 000"),
    option("--rounds", 1),
    option("--threads", 0, help="of samepic: by default its own choice, with --peers one"),
    option("--python", "python3.12", help="makes the environment of the other tools"),
)


def _found(maker: Maker, count: int, args: argparse.Namespace, *, copies: bool = False) -> None:
    """Make, find in turns, score and print."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        folder, out = args.keep or Path(name) / "collection", Path(name) / "out"
        if not folder.is_dir():
            maker(folder, (args.every if maker is make else args.count) or count)
        print(f"{sum(path.is_file() for path in folder.rglob('*'))} files", flush=True)
        threads = args.threads or int(args.peers)
        jobs = ["--jobs", str(threads)] if threads else []
        tools = {"samepic": [*_SAMEPIC, "find", "-v", "--json", *["--copies"] * copies, *jobs]}
        tools |= _tools(args.python, Path(name) / "peers") if args.peers else {}
        full = "samepic, full cache"
        used: dict[str, list[Usage]] = {tool: [] for tool in ("samepic", full, *tools)}
        groups: dict[str, list[list[str]]] = {}
        for number in range(args.rounds):
            for place, (tool, command) in enumerate(tools.items()):
                home = Path(name) / f"home-{number}-{place}"
                env = {"HOME": str(home), "SAMEPIC_CACHE": str(home), **(_ONE_THREAD if args.peers else {})}
                home.mkdir(exist_ok=True)
                used[tool].append(measured([*command, str(folder)], out, env))
                if tool == "samepic":
                    cold, groups[tool] = out.read_bytes(), groups_of(out)
                    used[full].append(measured([*command, str(folder)], out, env))
                    print(f"same output with a full cache: {out.read_bytes() == cold}")
                else:
                    groups[tool] = json.loads(out.read_text().splitlines()[-1])
        _print_found(used, groups, folder)


def _print_found(used: dict[str, list[Usage]], groups: dict[str, list[list[str]]], folder: Path) -> None:
    """Print a row for each tool, and samepic's members that the names of the files call wrong."""
    ours = statistics.median(one.cpu for one in used["samepic"])
    columns = ("CPU s, median", "least", "times samepic took", "wall s, median", "MB at most")
    head("", *columns, "copies in their group", "groups right", "wrong members")
    for tool, taken in used.items():
        middle, wall = (statistics.median(getattr(one, what) for one in taken) for what in ("cpu", "wall"))
        times = f"{min(one.cpu for one in taken):.2f}", f"{ours / middle:.2f}", f"{wall:.2f}"
        counts: tuple[object, ...] = ("",) * 3
        if tool in groups and (folder / "photos").is_dir():
            found, right, wrong = score(groups[tool], folder)
            counts = f"{found:.2%}", right, len(wrong)
        row(tool, f"{middle:.2f}", *times, f"{max(one.peak for one in taken):.0f}", *counts)
    for member, reference in score(groups["samepic"], folder)[2][:200]:
        print(f"  wrong? {Path(member).relative_to(folder)} with {Path(reference).relative_to(folder)}")


def growth(args: argparse.Namespace) -> None:
    """Print what `find` takes a picture as their number grows."""
    head("pictures", "CPU s", "ms a picture", "times that of the first", "MB", "KB a picture more")
    begun: list[Usage] = []
    for count in (1000, 10_000, args.count or 100_000):
        with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
            make_surrogates(Path(name) / "made", count)
            command = [*_SAMEPIC, "find", "--json", "--jobs", "1", f"{name}/made"]
            begun.append(measured(command, Path(name) / "out", {"SAMEPIC_CACHE": f"{name}/cache"}))
        taken, first = begun[-1], begun[0]
        each, more = 1000 * taken.cpu / count, 1000 * (taken.peak - first.peak) / max(1, count - 1000)
        times = f"{taken.cpu:.1f}", f"{each:.2f}", f"{each / first.cpu:.2f}"
        row(count, *times, f"{taken.peak:.0f}", f"{more:.1f}")


def codes(args: argparse.Namespace) -> None:
    """Print what each tool takes for the code of one picture; what it compares of so few is left in."""
    count = args.count or 300
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        for number, source in enumerate(spread(photos(), count)):
            image = encoded(rgb_of(source).resize((500, 375), _LANCZOS), quality=90)
            for folder in ("all", "one")[: 1 + (number == 0)]:
                (Path(name) / folder).mkdir(exist_ok=True)
                (Path(name) / folder / f"{number:04}.jpg").write_bytes(image)
        own = "import pathlib, sys, samepic\nfor p in pathlib.Path(sys.argv[1]).iterdir(): samepic.fingerprint(p)"
        tools = {"samepic": [sys.executable, "-c", own]} | _tools(args.python, Path(name) / "peers")

        def each(command: list[str]) -> float:
            env = _ONE_THREAD | {"HOME": name}
            many, one = (measured([*command, f"{name}/{folder}"], env=env).cpu for folder in ("all", "one"))
            return 1000 * (many - one) / (count - 1)

        found = turns({tool: partial(each, command) for tool, command in tools.items()}, args.rounds)
    against(found, "samepic")


def start(args: argparse.Namespace) -> None:
    """Print what commands take that have next to nothing to do, and what they are held against."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        source = rgb_of(photos()[0]).resize((480, 400))
        files = [f"{name}/{quality}.jpg" for quality in (90, 75)]
        for file, quality in zip(files, (90, 75), strict=True):
            Path(file).write_bytes(encoded(source, quality=quality))
        samepic, python = [f"{sys.prefix}/bin/samepic"], [sys.executable, "-c"]
        held = {
            "bare Python": [*python, "pass"],
            "`import numpy, cv2`": [*python, "import numpy, cv2"],
            "`samepic --version`": [*samepic, "--version"],
            "`samepic --help`": [*samepic, "--help"],
            "`import samepic.api`": [*python, "import samepic.api"],
            "`samepic compare --quiet`, equal files": [*samepic, "compare", "--quiet", files[0], files[0]],
            "`samepic compare --quiet`, 0.2 MP": [*samepic, "compare", "--quiet", *files],
        }

        def taken(command: list[str]) -> float:
            return 1000 * measured(command, env=_ONE_THREAD).cpu

        used = turns({what: partial(taken, command) for what, command in held.items()}, 20 * args.rounds)
    against(used, *list(held)[:2])


PARTS = {
    "resaves": partial(_found, make, 1),
    "copies": partial(_found, make_copies, 400, copies=True),
    "memory": partial(_found, make_memory, 8),
    "small": partial(_found, make_small, 0),
    "large": partial(_found, make_large, 8),
    "many": partial(_found, make_many, 1_000_000),
    "codes": codes,
    "growth": growth,
    "start": start,
}
