"""samepic and other tools as whole processes on the same files, in turns: CPU, memory, groups right and wrong.

    python -m bench peers [small|large|start ...] [--rounds N] [--python PYTHON] [--threads N]

small: 100 pictures of about 0.2 MP with three re-saves each (JPEG 75, JPEG 85 at two thirds, WebP 80), and 50 alone.
large: eight pictures of 12 MP with two re-saves each (JPEG 75, JPEG 85 at half size). start: how long a command takes
that has next to nothing to do. The tools come from the package index into an environment of their own, which wants a
PYTHON from 3.12 on; each runs on one thread, with no cache but its own, empty one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from bench.collection import score
from bench.common import (
    SEED,
    Usage,
    encoded,
    groups_of,
    head,
    largest,
    measured,
    option,
    photos,
    rgb_of,
    row,
    wanted_data,
)

PACKAGES = ("Immaculate==0.3.0", "czkawka==0.1.2", "imgdd==0.1.5", "ImageHash==4.3.2")

_END = "print(json.dumps([[str(path) for path in group] for group in groups]))"
_BY_HASH = """
found = {}
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.*")):
    found.setdefault(str(hashed(path)), []).append(path)
groups = [group for group in found.values() if len(group) > 1]
"""
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
    "ImageHash 4.3, phash": f"""
import imagehash, json, pathlib, sys
from PIL import Image
hashed = lambda path: imagehash.phash(Image.open(path))
{_BY_HASH}
""",
}
_ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "RAYON_NUM_THREADS")

OPTIONS = (
    option("--rounds", 5),
    option("--python", "python3.12", help="makes the environment of the other tools"),
    option("--threads", 1, help="of samepic"),
)


def make_small(data: Path, folder: Path) -> None:
    """Write 150 photographs of about 0.2 MP, and three re-saves of each of the first 100."""
    chance = np.random.default_rng(SEED)
    every = [path for path in photos(data) if {"imagenet", "bsds500"} & set(path.parts)]
    for number, at in enumerate(chance.permutation(len(every))[:150]):
        source, name = every[at], folder / f"p{number:04}"
        shutil.copyfile(source, f"{name}-0{source.suffix.lower()}")
        if number < 100:
            image = rgb_of(source)
            smaller = image.resize((image.width * 2 // 3, image.height * 2 // 3), Image.Resampling.LANCZOS)
            Path(f"{name}-1.jpg").write_bytes(encoded(image, quality=75))
            Path(f"{name}-2.jpg").write_bytes(encoded(smaller, quality=85))
            Path(f"{name}-3.webp").write_bytes(encoded(image, "WEBP", quality=80))


def make_large(data: Path, folder: Path) -> None:
    """Write eight photographs at 12 MP, with a sensor's noise, and two re-saves of each."""
    for number, source in enumerate(largest(data, 8)):
        image, name = rgb_of(source), folder / f"p{number:04}"
        size = (4000, 3000) if image.width > image.height else (3000, 4000)
        pixels = np.asarray(image.resize(size, Image.Resampling.BICUBIC)).astype(np.int16)
        noise = np.random.default_rng([SEED, number]).normal(0, 2, (*pixels.shape[:2], 1)).round()
        large = Image.fromarray(np.clip(pixels + noise.astype(np.int16), 0, 255).astype(np.uint8))
        half = large.resize((size[0] // 2, size[1] // 2), Image.Resampling.LANCZOS)
        for ending, one, quality in (("0", large, 92), ("1", large, 75), ("2", half, 85)):
            Path(f"{name}-{ending}.jpg").write_bytes(encoded(one, quality=quality))


def _environment(python: str, folder: Path) -> dict[str, list[str]]:
    """Return the command of each tool, installed below `folder`; what cannot be installed is told."""
    try:
        subprocess.run([python, "-m", "venv", str(folder)], check=True, capture_output=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the other tools are absent: {getattr(error, 'stderr', b'').decode()[-300:] or error}")
        return {}
    return {name: [str(folder / "bin/python"), "-c", script + _END] for name, script in _SCRIPTS.items()}


def _found(make: Callable[[Path, Path], None], args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        folder, out = Path(name) / "photos", Path(name) / "out"
        folder.mkdir()
        make(wanted_data(), folder)
        find = [sys.executable, "-m", "samepic", "find", "--json", "--jobs", str(args.threads)]
        tools = {"samepic": find, **_environment(args.python, Path(name) / "peers")}
        used: defaultdict[str, list[Usage]] = defaultdict(list)
        groups: dict[str, list[list[str]]] = {}
        for number in range(args.rounds):
            for tool, command in tools.items():
                home = Path(name) / f"home-{number}-{len(used)}"
                home.mkdir(exist_ok=True)
                env = dict.fromkeys(_ONE_THREAD, "1") | {"HOME": str(home), "SAMEPIC_CACHE": str(home)}
                used[tool].append(measured([*command, str(folder)], out, env))
                groups[tool] = (
                    groups_of(out) if tool == "samepic" else json.loads(out.read_text().splitlines()[-1])
                )
                shutil.rmtree(home)
        print(f"{sum(1 for _ in folder.iterdir())} files", flush=True)
        head(
            "", "CPU s, median", "least", "times samepic took", "MB at most", "groups right", "wrong members"
        )
        ours = statistics.median(one.cpu for one in used["samepic"])
        for tool, taken in used.items():
            middle, least = statistics.median(one.cpu for one in taken), min(one.cpu for one in taken)
            _, right, wrong = score(groups[tool], folder.parent)
            memory = max(one.peak for one in taken)
            row(
                tool,
                f"{middle:.2f}",
                f"{least:.2f}",
                f"{ours / middle:.2f}",
                f"{memory:.0f}",
                right,
                len(wrong),
            )


def start(args: argparse.Namespace) -> None:
    """Print what commands take that have next to nothing to do, and what they are held against."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        source = rgb_of(photos(wanted_data())[0]).resize((480, 400))
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
        used: defaultdict[str, list[float]] = defaultdict(list)
        for _ in range(4 * args.rounds):
            for what, command in held.items():
                used[what].append(1000 * measured(command, env=dict.fromkeys(_ONE_THREAD, "1")).cpu)
    middles = {what: statistics.median(taken) for what, taken in used.items()}
    head("", "CPU ms, median", "times bare Python", "times `import numpy, cv2`")
    for what, middle in middles.items():
        row(what, f"{middle:.0f}", *(f"{middle / middles[base]:.2f}" for base in list(middles)[:2]))


PARTS = {"small": partial(_found, make_small), "large": partial(_found, make_large), "start": start}
