"""A small collection on the disk, the report that find would write of it, and snapshots of a tree."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import stat
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from PIL import Image

from samepic.cleanup.plan import CleanupAction, Plan, plan
from samepic.duplicates.groups import ScanReport, read_scan

__all__ = ["entry", "make_scene", "make_sets", "planned", "report_of", "scan_of", "snapshot", "write_report"]

_QUALITIES = (95, 60)
_TIMES = count(1_600_000_000_123_456_789, 3_600_000_000_001)


def entry(path: Path | str, **more: object) -> dict[str, Any]:
    """Return what find says of one file."""
    data, status = Path(path).read_bytes(), Path(path).stat()
    digest = hashlib.sha256(data).hexdigest()
    return {**more, "path": str(path), "size": len(data), "mtime_ns": status.st_mtime_ns, "sha256": digest}


def report_of(groups: Sequence[Mapping[Path, str]]) -> list[dict[str, Any]]:
    """Return the lines of a report; of each group the first path is the reference, the others have a relation."""
    lines = []
    for number, group in enumerate(groups, 1):
        reference, *others = group
        members = [entry(p, relation=group[p], probability=0.99, explanation="as made") for p in others]
        lines.append(
            {
                "group": number,
                "reference": str(reference),
                "reason": "the first",
                "reference_file": entry(reference),
                "members": members,
            }
        )
    return lines


def write_report(path: Path, groups: Sequence[Mapping[Path, str]]) -> Path:
    """Write a report as `find --json` prints it; return its path."""
    path.write_text("".join(json.dumps(line) + "\n" for line in report_of(groups)))
    return path


def scan_of(groups: Sequence[Mapping[Path, str]]) -> ScanReport:
    """Return the report of these groups as it is read back."""
    return read_scan((json.dumps(line).encode() for line in report_of(groups)), "report")


def planned(groups: Sequence[Mapping[Path, str]], action: CleanupAction, move_to: Path | None = None) -> Plan:
    """Return the plan that keeps the best of each group."""
    return plan(scan_of(groups), action=action, move_to=str(move_to or ""))


@cache
def _small(photo: Path) -> list[bytes]:
    """Return a photograph made small as PNG, and as a JPEG of each quality."""
    with Image.open(photo) as image:
        small = image.convert("RGB").resize((160, 120))
    streams = [io.BytesIO() for _ in range(1 + len(_QUALITIES))]
    small.save(streams[0], "PNG")
    for stream, quality in zip(streams[1:], _QUALITIES, strict=True):
        small.save(stream, "JPEG", quality=quality)
    return [stream.getvalue() for stream in streams]


def make_scene(
    folder: Path, photos: Mapping[str, Path], number: int = 2, *, companions: bool = False
) -> list[dict[Path, str]]:
    """Lay out `number` groups of an original, two plain copies and two re-saves; return them for `report_of`.

    Each re-save has sidecars if `companions`.
    """
    groups = []
    for name in sorted(photos)[:number]:
        (folder / "copies" / name).mkdir(parents=True)
        first = folder / f"{name}.png"
        plain, *again = _small(photos[name])
        first.write_bytes(plain)
        group = {first: "same-file"}
        for copy in (folder / f"{name} (1).png", folder / "copies" / name / f"{name}.png"):
            shutil.copyfile(first, copy)
            group[copy] = "same-file"
        for quality, data in zip(_QUALITIES, again, strict=True):
            saved = folder / "copies" / f"{name}-{quality}.jpg"
            saved.write_bytes(data)
            group[saved] = "resaved"
            for sidecar in (f"{saved}.xmp",) if companions else ():
                Path(sidecar).write_text(f"{sidecar} of {quality}")
        for path in group:
            os.utime(path, ns=(next(_TIMES), next(_TIMES)))
            path.chmod(0o640)
        groups.append(group)
    return groups


def make_sets(folder: Path, photos: Mapping[str, Path], number: int) -> list[dict[Path, str]]:
    """Lay out `number` pictures with all that may belong to one, twice, in album and backup; return the groups.

    By turns they are Live Photos that share a video with another picture, motion photos, and pairs of RAW and JPEG.
    """
    groups = []
    for index in range(number):
        still = _small(photos[sorted(photos)[index % len(photos)]])[1] + f"set {index}".encode()
        stem = ("IMG", "PXL", "DSC")[index % 3] + f"_{index}"
        made = {f"{stem}.JPG": still + (b"\0\0\0\x18ftypmp42" + bytes(900) if index % 3 == 1 else b"")}
        if index % 3 != 1:
            made[f"{stem}.{'HEIC' if index % 3 == 0 else 'CR2'}"] = still + b"another coding"
        others = (
            ".xmp",
            ".JPG.xmp",
            ".AAE",
            ".JPG.supplemental-metadata.json",
            *((".MOV",) if index % 3 == 0 else ()),
        )
        for part in ("album", "backup"):
            (folder / part).mkdir(parents=True, exist_ok=True)
            for name, data in made.items():
                (folder / part / name).write_bytes(data)
            for end in others:
                (folder / part / f"{stem}{end}").write_text(f"{part} {stem}{end}")
        groups += [
            {folder / "album" / name: "same-file", folder / "backup" / name: "same-file"} for name in made
        ]
    return groups


def snapshot(folder: Path, *, folders: bool = True) -> dict[str, Any]:
    """Return all that undo promises: bytes, mode and mtime by path, and which names are one file."""
    found: dict[str, Any] = {}
    names: dict[tuple[int, int], list[str]] = {}
    for path in sorted(folder.rglob("*")):
        status, name = path.lstat(), os.fsdecode(bytes(path.relative_to(folder)))
        if stat.S_ISLNK(status.st_mode):
            found[name] = path.readlink()
        elif stat.S_ISDIR(status.st_mode):
            found[name] = (stat.S_IMODE(status.st_mode), status.st_mtime_ns if folders else None)
        else:
            found[name] = (path.read_bytes(), stat.S_IMODE(status.st_mode), status.st_mtime_ns)
            names.setdefault((status.st_dev, status.st_ino), []).append(name)
    found["<hard links>"] = sorted(group for group in names.values() if len(group) > 1)
    return found
