"""What every benchmark starts with: the folder of pictures, the seed, and what it ran on."""

from __future__ import annotations

import datetime
import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["SEED", "data_folder", "header", "photos"]

SEED = 20261122

_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("numpy", "opencv-python-headless", "Pillow", "simplejpeg", "pi-heif")
_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def data_folder() -> Path | None:
    """Return the folder of pictures: SAMEPIC_BENCH_DATA, else ../shared/data, else None."""
    folder = Path(os.environ.get("SAMEPIC_BENCH_DATA") or _ROOT.parent / "shared" / "data")
    return folder if folder.is_dir() else None


def photos(data: Path) -> list[Path]:
    """Return every photograph under photos/, all of them distinct, in one fixed order."""
    return sorted(path for path in (data / "photos").rglob("*") if path.suffix.lower() in _SUFFIXES)


def header(seed: int = SEED) -> str:
    """Return two lines: machine, Python and date; versions of the libraries and the seed."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    machine = f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {today}"
    libraries = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    return f"{machine}\n{libraries}, seed {seed}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    """Return the processor's model name where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
