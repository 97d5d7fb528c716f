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

from samepic.cli.options import SAME, TROUBLE, add_json, print_json
from samepic.cli.output import rows, styled
from samepic.errors import SamepicError

__all__ = ["examine", "register", "run"]

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

_HELD = {
    "memory": "memory bounded",
    "cpu": "time bounded",
    "new_files": "no new files",
    "core_dumps": "no core dumps",
    "files": "no files",
    "network": "no network",
    "programs": "no programs",
    "orphans": "no orphans",
    "privileges": "no privileges",
}


def register(verbs: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the verb to the command line."""
    parser = verbs.add_parser(
        "doctor",
        help="what is installed, and does it work?",
        description="Tell versions, try every codec on a small picture, list optional parts and limits.",
        epilog="exit status: 0 everything works, 2 something does not",
        allow_abbrev=False,
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Examine, print, and return the exit status."""
    report = examine()
    if args.json:
        print_json(report)
    else:
        for title in ("versions", "codecs", "optional", "limits", "workers"):
            print(styled(title, "bold"))
            print(rows((name, _told(value)) for name, value in report[title].items()))
    return SAME if report["healthy"] else TROUBLE


def examine() -> dict[str, Any]:
    """Return versions, codecs, optional parts, limits and what holds decoding workers back.

    `healthy` tells whether every codec works.
    """
    from samepic.limits import LIMITS

    tried = {name: _try_codec(form, options, most) for name, form, options, most in _CODECS}
    tried["HEIC"] = _heic()
    codecs = {name: state for name, (_, state) in tried.items()}
    return {
        "healthy": all(works for works, _ in tried.values()),
        "versions": dict(_versions()),
        "codecs": codecs,
        "optional": {"native part": _native(), **_optional()},
        "limits": dataclasses.asdict(LIMITS),
        "workers": _workers(),
    }


def _workers() -> dict[str, Any]:
    """Return which bounds hold for the processes that decode uploads here, by starting one."""
    from samepic.sandbox.pool import Workers

    try:
        with Workers(1) as workers:
            found = workers.protection.to_dict()
    except SamepicError as error:
        return {"none": str(error)}
    return {_HELD.get(name, name): held for name, held in found.items()}


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def _versions() -> Iterator[tuple[str, str]]:
    from PIL import features

    from samepic import __version__

    yield "samepic", __version__
    yield "Python", f"{platform.python_version()} ({platform.system()} {platform.machine()})"
    for name, package in (
        ("NumPy", "numpy"),
        ("OpenCV", "opencv-python-headless"),
        ("Pillow", "Pillow"),
        ("simplejpeg", "simplejpeg"),
        ("pi-heif", "pi-heif"),
    ):
        yield name, _installed(package)
    for name, feature in (
        ("libjpeg-turbo", "libjpeg_turbo"),
        ("libwebp", "webp"),
        ("libavif", "avif"),
        ("OpenJPEG", "jpg_2000"),
        ("LittleCMS", "littlecms2"),
    ):
        yield name, features.version(feature) or "not in this Pillow"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _try_codec(form: str, options: dict[str, Any], most: float) -> tuple[bool, str]:
    """Encode a small picture with Pillow, load it as any source is loaded; return whether that works, in words too."""
    import numpy as np
    from PIL import Image

    from samepic.picture import load

    ramp = np.linspace(0, 255, 32, dtype=np.uint8)
    across, grey = np.tile(ramp, (32, 1)), np.full((32, 32), 90, np.uint8)
    pixels = np.stack([across, across.T, grey], axis=2)
    coded = io.BytesIO()
    try:
        Image.fromarray(pixels).save(coded, format=form, **options)
    except (OSError, KeyError, ValueError) as error:
        return False, f"cannot be tried: no encoder here ({error})"
    try:
        got = load(coded.getvalue()).rgb
    except SamepicError as error:
        return False, f"fails: {error}"
    if got.shape != pixels.shape:
        return False, f"fails: wanted {pixels.shape[1]}x{pixels.shape[0]}, got {got.shape[1]}x{got.shape[0]}"
    error_levels = float(np.abs(got.astype(np.int16) - pixels).mean())
    if error_levels > most:
        return False, f"fails: pixels are off by {error_levels:.1f} levels in the mean"
    return True, "works"


def _heic() -> tuple[bool, str]:
    """Return the state of the decoder alone: no encoder of HEIC is installed, so there is nothing to try it on."""
    try:
        import pi_heif
    except ImportError as error:
        return False, f"fails: {error}"
    loaded = pi_heif.libheif_version()
    return True, f"works, as far as loading libheif {loaded} tells (no encoder to try it with)"


def _native() -> str:
    from samepic.native import native

    return "not built: all works, fingerprints and search slower" if native is None else "built"


def _optional() -> dict[str, str]:
    """Return each extra of the package with what is missing of it."""
    try:
        wanted = requires("samepic") or []
    except PackageNotFoundError:
        return {}
    missing: dict[str, list[str]] = {}
    for line in wanted:
        match = re.match(r"([\w.-]+).*;\s*extra\s*==\s*['\"]([\w-]+)['\"]", line)
        if match:
            lacks = missing.setdefault(match[2], [])
            lacks += [match[1]] if _installed(match[1]) == "not installed" else []
    return {extra: f"lacks {', '.join(lacks)}" if lacks else "installed" for extra, lacks in missing.items()}
