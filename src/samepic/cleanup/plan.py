"""Plan which files to keep and which to act on, and show groups as one HTML page with thumbnails."""

from __future__ import annotations

import hashlib
import html
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from samepic.duplicates.groups import Group, ScanReport, Series
from samepic.duplicates.walk import File, Unreadable
from samepic.errors import ReportError, UnreadableError
from samepic.picture import Encoded, Picture, load
from samepic.verdict import Relation
from samepic.writing import bytes_text, data_url, plural, printable, reason_of

CLEANED, FARTHEST = Relation.RESAVED, Relation.REFRAMED
"""The default and the loosest relation of `samepic clean`: a copy with covered or changed content never replaces
another file, however large it is."""


class KeepRule(StrEnum):
    BEST = "best"
    OLDEST = "oldest"
    NEWEST = "newest"


class CleanupAction(StrEnum):
    LIST = "list"
    TRASH = "trash"
    MOVE = "move-to"
    HARDLINK = "hardlink"
    REFLINK = "reflink"

    @property
    def done(self) -> str:
        """What it has done to files, in words."""
        words = {"trash": "moved to the trash", "move-to": "moved", "hardlink": "replaced by hard links"}
        return {**words, "reflink": "made to share blocks"}[self]


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file with the resolved path of its folder, and the device and inode of that folder."""

    file: File
    folder: str
    device: int
    inode: int

    @property
    def name(self) -> str:
        return Path(self.file.path).name

    @property
    def place(self) -> str:
        """The absolute path without symlinks."""
        return str(Path(self.folder) / self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """A file to act on, and the kept file of its group."""

    group: int
    kept: PlannedFile
    target: PlannedFile
    relation: Relation

    def to_dict(self) -> dict[str, Any]:
        return {
            "group": self.group,
            "path": self.target.file.path,
            "kept": self.kept.file.path,
            "relation": str(self.relation),
            "size": self.target.file.size,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    group: int
    path: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {"group": self.group, "path": self.path, "left": self.reason}


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do: `steps` on files below `root`, checked again by `same_if`, moved to `move_to`; and the `skipped`."""

    action: CleanupAction
    same_if: Relation
    steps: tuple[Step, ...]
    skipped: tuple[Skipped, ...]
    root: str = "/"
    move_to: str = ""

    @property
    def size(self) -> int:
        return sum(step.target.file.size for step in self.steps)


def plan(
    scan: ScanReport,
    *,
    keep: KeepRule = KeepRule.BEST,
    keep_in: Sequence[str] = (),
    action: CleanupAction = CleanupAction.LIST,
    move_to: str = "",
    same_if: Relation = CLEANED,
) -> Plan:
    """Choose the file to keep of each group, by `keep`, if possible in `keep_in`, and plan `action` for the others.

    Skipped are files in `keep_in`, relations looser than `same_if` (either copy may be the only one of its kind), and
    what is gone, changed or a symlink. Raises ReportError where `action` and `move_to` do not fit, or without such a
    folder.
    """
    if (action is CleanupAction.MOVE) != bool(move_to):
        raise ReportError(
            f"move_to: expected a folder with the action move-to only, found {move_to!r} with {action}"
        )
    same_if.is_same(same_if)
    for path in keep_in:
        if not Path(path).is_dir():
            raise ReportError(f"{path}: no such folder")
    planner = _Planner(keep, [os.path.realpath(path) for path in keep_in], action, same_if)
    for group in scan.groups:
        planner.add_group(group)
    steps, skipped = planner.result()
    step_folders = {step.target.folder for step in steps}
    root = os.path.commonpath(step_folders) if step_folders else "/"
    target_folder = os.path.realpath(move_to) if move_to else ""
    return Plan(action, same_if, steps, skipped, root, target_folder)


def files_of(group: Group) -> list[File]:
    """Return the files of a group, the reference first."""
    return [group.reference, *(member.file for member in group.members)]


class _Planner:
    def __init__(self, keep: KeepRule, folders: list[str], action: CleanupAction, same_if: Relation) -> None:
        self.same_if = same_if
        self.keep, self.folders, self.action = keep, folders, action
        self.steps: list[Step] = []
        self.skipped: list[Skipped] = []
        self.kept: dict[str, int] = {}

    def add_group(self, group: Group) -> None:
        targets: list[PlannedFile] = []
        for file in files_of(group):
            located = locate(file)
            if isinstance(located, PlannedFile):
                targets.append(located)
            else:
                self.skipped.append(Skipped(group.number, file.path, located))
        relations = {group.reference.path: Relation.SAME_FILE}
        relations |= {member.file.path: member.relation for member in group.members}
        protected = [
            target for target in targets if any(map(Path(target.folder).is_relative_to, self.folders))
        ]
        if not targets:
            return
        kept = self._best(protected or targets, group, relations)
        self.kept[kept.place] = group.number
        for target in targets:
            if target is kept:
                continue
            reason = self._skip_reason(target, kept, protected)
            relation = relations[target.file.path]
            # Those of another kept file are compared before anything is done.
            if kept.file.path == group.reference.path and not relation.is_same(self.same_if):
                reason = reason or f"it is {relation}, and --same-if {self.same_if} skips that"
            if reason:
                self.skipped.append(Skipped(group.number, target.file.path, reason))
                continue
            self.steps.append(Step(group.number, kept, target, relation))

    def result(self) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
        """Return the steps, without those on a file that another group keeps or acts on, and the skipped files."""
        steps, seen = [], set()
        for step in self.steps:
            place = step.target.place
            if place in self.kept:
                reason = f"group {self.kept[place]} keeps it"
            elif place in seen:
                reason = "it is listed twice in the report"
            else:
                seen.add(place)
                steps.append(step)
                continue
            self.skipped.append(Skipped(step.group, step.target.file.path, reason))
        return tuple(steps), tuple(self.skipped)

    def _best(
        self, candidates: list[PlannedFile], group: Group, relations: dict[str, Relation]
    ) -> PlannedFile:
        order = tuple(Relation)
        sign = {KeepRule.BEST: 0, KeepRule.OLDEST: 1, KeepRule.NEWEST: -1}[self.keep]

        def rank(target: PlannedFile) -> tuple[int, bool, int, int, str]:
            file = target.file
            closeness = order.index(relations[file.path])
            return sign * file.mtime_ns, file.path != group.reference.path, closeness, -file.size, file.path

        return min(candidates, key=rank)

    def _skip_reason(self, target: PlannedFile, kept: PlannedFile, protected: list[PlannedFile]) -> str:
        if target in protected:
            return "it is in a folder whose files are kept"
        if target.place == kept.place:
            return "it is the kept file itself"
        if (
            self.action in (CleanupAction.HARDLINK, CleanupAction.REFLINK)
            and target.file.sha256 != kept.file.sha256
        ):
            return f"its bytes differ from those of {kept.file.path}: only identical files can share them"
        return ""


def locate(file: File) -> PlannedFile | str:
    """Return a file with its folder, or why to skip it: its path leads elsewhere than at the scan, for instance."""
    path = Path.cwd() / file.path
    found_at = file.real_path or os.path.abspath(file.path)  # noqa: PTH100  (it must not follow symlinks)
    try:
        folder = path.parent.resolve(strict=True)
        if str(folder / path.name) != found_at:
            return f"a symlink on its path leads to {folder}, and the scan did not find it there"
        folder_status, status = folder.stat(), (folder / path.name).lstat()
    except OSError as error:
        return "it is gone" if isinstance(error, FileNotFoundError) else reason_of(error)
    if not stat.S_ISREG(status.st_mode):
        return "it is a symlink" if stat.S_ISLNK(status.st_mode) else "it is not a regular file any more"
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns):
        return "it has changed since the scan: other size or time"
    return PlannedFile(file, str(folder), folder_status.st_dev, folder_status.st_ino)


def read_unchanged(file: File) -> Encoded:
    """Return the bytes of a file that has not changed since the scan. Raises UnreadableError for any other."""
    expected, target = "the file that was found", locate(file)
    if isinstance(target, str):
        raise UnreadableError(file.path, expected, target)
    try:
        data = Path(target.place).read_bytes()
    except OSError as error:
        raise UnreadableError(file.path, expected, reason_of(error)) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise UnreadableError(file.path, expected, "other bytes: it has changed since the scan")
    return Encoded(file.path, data)


def small_jpeg(picture: Picture, side: int, quality: int = 80) -> bytes:
    """Return a JPEG of a picture, on white, of at most `side` pixels."""
    import cv2

    from samepic.verify.overlay import fitted

    bgr = cv2.cvtColor(fitted(picture.on(255), side), cv2.COLOR_RGB2BGR)
    ok, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert ok
    return data.tobytes()


_HEAD = Path(__file__).parent / "page.html"
"""How a page begins."""

_THUMBNAIL = 160  # longer side of the pictures, in pixels
_EQUAL = "<i>identical file</i>"


def page(
    groups: Sequence[Group], unreadable: Sequence[Unreadable], series: Sequence[Series] = ()
) -> Iterator[str]:
    """Yield the parts of a self-contained page with every name escaped, one picture in memory at a time."""
    copies, wasted = sum(len(group.members) for group in groups), sum(group.wasted for group in groups)
    yield _HEAD.read_text(encoding="utf-8")
    yield f"<header><h1>Duplicate pictures</h1>\n<p>{plural(copies, 'duplicate')} in {plural(len(groups), 'group')}, "
    yield f"{_size(wasted)} reclaimable. The first picture of each group is the best one; the others were compared with"
    yield " it. Groups with the most reclaimable space come first.</p></header>\n"
    for group in sorted(groups, key=lambda item: (-item.wasted, item.number)):
        yield f"<section><h2>Group {group.number} <span>{plural(len(group.members), 'copy', 'copies')},"
        yield f" {_size(group.wasted)} reclaimable</span></h2>\n<div>\n"
        yield _figure(group.reference, "reference", group.reason, _thumbnail(group.reference))
        for member in group.members:
            shown = _EQUAL if member.file.sha256 == group.reference.sha256 else _thumbnail(member.file)
            why = f"{member.explanation}{', a hard link' if member.hard_link_to else ''}"
            yield _figure(member.file, str(member.relation), why, shown)
        yield "</div></section>\n"
    for one in series:
        yield f"<section><h2>Series {one.number} <span>{plural(len(one.shots), 'shot')} that are not the same,"
        yield " the sharpest first</span></h2>\n<div>\n"
        for place, shot in enumerate(one.shots):
            yield _figure(shot.file, "" if place else "sharpest", shot.text, _thumbnail(shot.file))
        yield "</div></section>\n"
    if unreadable:
        yield f"<section><h2>Unreadable: {len(unreadable)}</h2>\n<ul>\n"
        for item in unreadable:
            yield f"<li>{_name(item.path)}: {html.escape(printable(item.error))}</li>\n"
        yield "</ul></section>\n"
    yield "</body></html>\n"


def _figure(file: File, role: str, text: str, thumbnail: str) -> str:
    return (
        f"<figure><samp>{thumbnail}</samp><figcaption><b>{html.escape(role)}</b> <span>{_size(file.size)}</span>"
        f" {_name(file.path)} <span>{html.escape(printable(text))}</span></figcaption></figure>\n"
    )


def _size(size: int) -> str:
    return f'<abbr title="{size:,} bytes">{bytes_text(size)}</abbr>'


def _name(path: str) -> str:
    return f"<bdi>{html.escape(printable(path))}</bdi>"


def _thumbnail(file: File) -> str:
    try:
        data = small_jpeg(load(os.fspath(file.path)), _THUMBNAIL, quality=75)
    except UnreadableError:
        return "<i>gone, or changed since the scan</i>"
    return f'<img loading="lazy" alt="" src="{data_url(data, "image/jpeg")}">'
