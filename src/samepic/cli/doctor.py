"""samepic doctor: what is installed, and does it work?"""

from __future__ import annotations

import argparse
import dataclasses
import io
import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from samepic.cli.command import SAME, TROUBLE
from samepic.cli.options import add_shared, print_result
from samepic.cli.output import rows, styled
from samepic.errors import SamepicError

_CODECS: tuple[tuple[str, str, dict[str, Any], float], ...] = (
    # name, Pillow's format, how to save, largest mean error of the round trip in levels
    ("JPEG", "JPEG", {"quality": 95, "subsampling": 0}, 3.0),
    ("PNG", "PNG", {}, 0.0),
    ("WebP", "WEBP", {"quality": 95}, 6.0),
    ("AVIF", "AVIF", {"quality": 95}, 6.0),
    ("GIF", "GIF", {}, 12.0),
    ("TIFF", "TIFF", {"compression": "tiff_lzw"}, 0.0),
    ("BMP", "BMP", {}, 0.0),
    ("JPEG 2000", "JPEG2000", {}, 0.0),
)

_LIBRARIES = {
    "libjpeg-turbo": "libjpeg_turbo", "libwebp": "webp", "libavif": "avif", "OpenJPEG": "jpg_2000",
    "LittleCMS": "littlecms2",
}  # fmt: skip

_NAMED = {"memory": "memory bounded", "cpu": "time bounded", "system": "system"}

DESCRIPTION = "Show versions, test every codec on a small picture, list optional parts and limits."
EPILOG = "exit status: 0 everything works, 2 something does not"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_shared(parser, "--json")


def run(args: argparse.Namespace) -> int:
    report = examine()
    lines = []
    for title in ("versions", "codecs", "optional", "limits", "workers", "system"):
        values = rows((name, _format(value)) for name, value in report[title].items())
        lines += [styled(title, "bold"), values]
    print_result(report, "\n".join(lines), as_json=args.json)
    return SAME if report["healthy"] else TROUBLE


def examine() -> dict[str, Any]:
    """Return versions, codecs (`healthy` if all work), optional parts, limits, what protects decoding workers, and what
    that and other lacks of the system mean."""
    from samepic.limits import LIMITS
    from samepic.native import native

    slower = "not built: everything works, but fingerprints and search are slower"
    tried = {name: _try_codec(format_name, options, limit) for name, format_name, options, limit in _CODECS}
    tried["HEIC"] = _check_heic()
    codecs = {name: state for name, (_, state) in tried.items()}
    workers = _workers()
    return {
        "healthy": all(works for works, _ in tried.values()),
        "versions": dict(_versions()),
        "codecs": codecs,
        "optional": {"native part": slower if native is None else "built", **_optional_parts()},
        "limits": dataclasses.asdict(LIMITS),
        "workers": workers,
        "system": _system(workers),
    }


def _workers() -> dict[str, Any]:
    from samepic.sandbox.pool import Workers

    try:
        with Workers(1) as workers:
            found = workers.protection.to_dict()
    except SamepicError as error:
        return {"none": str(error)}
    return {_NAMED.get(name, f"no {name.replace('_', ' ')}"): active for name, active in found.items()}


def _system(workers: dict[str, Any]) -> dict[str, str]:
    from samepic.cleanup.journal import missing_here

    uploads = "decoded in a process that can neither open files nor reach the network"
    if "none" in workers:
        uploads = "cannot be decoded in a process of their own"
    elif not (workers["no files"] and workers["no network"]):
        uploads = "not confined: the process that decodes them can open files and reach the network"
    missing = missing_here()
    clean = f"only lists files: the system has no {missing}" if missing else "acts, and can be undone"
    return {"uploads": uploads, "clean": clean}


def _format(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def _versions() -> Iterator[tuple[str, str]]:
    from PIL import features

    from samepic import __version__

    yield "samepic", __version__
    yield "Python", f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    packages = {"NumPy": "numpy", "OpenCV": "opencv-python-headless"}
    for name in ("NumPy", "OpenCV", "Pillow", "simplejpeg", "pi-heif"):
        yield name, _installed(packages.get(name, name))
    for name, feature in _LIBRARIES.items():
        yield name, features.version(feature) or "not in this Pillow"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _try_codec(format_name: str, options: dict[str, Any], limit: float) -> tuple[bool, str]:
    import numpy as np
    from PIL import Image

    from samepic.picture import load

    ramp = np.linspace(0, 255, 32, dtype=np.uint8)
    gradient, flat = np.tile(ramp, (32, 1)), np.full((32, 32), 90, np.uint8)
    pixels = np.stack([gradient, gradient.T, flat], axis=2)
    coded = io.BytesIO()
    try:
        Image.fromarray(pixels).save(coded, format=format_name, **options)
    except (OSError, KeyError, ValueError) as error:
        return False, f"cannot be tested: no encoder ({error})"
    try:
        decoded = load(coded.getvalue()).rgb
    except SamepicError as error:
        return False, f"fails: {error}"
    if decoded.shape != pixels.shape:
        expected, found = (f"{one.shape[1]}x{one.shape[0]}" for one in (pixels, decoded))
        return False, f"fails: expected {expected}, found {found}"
    error_levels = float(np.abs(decoded.astype(np.int16) - pixels).mean())
    if error_levels > limit:
        return False, f"fails: pixels are off by {error_levels:.1f} levels on average"
    return True, "works"


def _check_heic() -> tuple[bool, str]:
    try:
        import pi_heif
    except ImportError as error:
        return False, f"fails: {error}"
    loaded = pi_heif.libheif_version()
    return True, f"libheif {loaded} can be loaded (no encoder for a test)"


def _optional_parts() -> dict[str, str]:
    try:
        requirements = requires("samepic") or []
    except PackageNotFoundError:
        return {}
    missing: dict[str, list[str]] = {}
    for line in requirements:
        match = re.match(r"([\w.-]+).*;\s*extra\s*==\s*['\"]([\w-]+)['\"]", line)
        if match:
            absent = missing.setdefault(match[2], [])
            absent += [match[1]] if _installed(match[1]) == "not installed" else []
    listed = {extra: ", ".join(absent) for extra, absent in missing.items()}
    return {extra: f"missing: {absent}" if absent else "installed" for extra, absent in listed.items()}
