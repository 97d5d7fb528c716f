"""Plan which files to keep and which to act on, and show groups as one HTML page with thumbnails."""

from __future__ import annotations

import hashlib
import html
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from samepic.duplicates.companions import Companion, NamesInFolder, has_video, names_in
from samepic.duplicates.groups import Group, ScanReport, ShotSeries
from samepic.duplicates.walk import File, FileKind, Unreadable, path_key
from samepic.errors import ReportError, UnreadableError
from samepic.picture import Encoded, Picture, inspect, load
from samepic.verdict import PictureInfo, Relation
from samepic.writing import bytes_text, data_url, plural, printable, reason_of

CLEANED, FARTHEST = Relation.RESAVED, Relation.REFRAMED
"""The default and the loosest relation of `samepic clean`: a copy with covered or changed content never replaces
another file, however large it is."""


class KeepRule(StrEnum):
    """By what a file is kept: what find calls the best, most or fewest pixels, then bytes, date taken, or path."""

    BEST = "best"
    LARGEST = "largest"
    SMALLEST = "smallest"
    NEWEST = "newest"
    OLDEST = "oldest"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Keep:
    """Which file of a group is kept: one below the first folder of `prefer` that has any, one whose path `match` finds.

    Among several, or without, `rule` decides, and then what find calls the best. Folders are absolute.
    """

    rule: KeepRule = KeepRule.BEST
    prefer: tuple[str, ...] = ()
    match: str = ""

    @classmethod
    def of(cls, rule: str = KeepRule.BEST, prefer: Sequence[str] = (), match: str = "") -> Keep:
        """Return these rules. Raises ReportError for a folder that does not exist or an invalid regular expression."""
        try:
            re.compile(match)
        except re.error as error:
            raise ReportError(f"{match}: expected a regular expression, found {error}") from None
        return cls(KeepRule(rule), tuple(map(folder_of, prefer)), match)

    def prefers(self, file: File) -> int:
        """Return 0 for a file that is preferred the most, more for others."""
        place, last = found_at(file), len(self.prefer)
        below = next((n for n, folder in enumerate(self.prefer) if is_below(place, folder)), last)
        return below if not self.match else 2 * below + (not re.search(self.match, printable(file.path)))

    def spares(self, file: File, kept: File, better: str) -> bool:
        """Return whether a file that is `better` than a protected one stays: unless the kept one is preferred."""
        return bool(better) and self.prefers(kept) >= self.prefers(file)

    def best(self, group: Group, files: Sequence[File]) -> File:
        """Return which of some files of a group is kept; one that is protected, if there is one."""
        order = {member.file.path: _LADDER.index(member.relation) for member in group.members}

        def rank(file: File) -> tuple[object, ...]:
            known = file.path != group.reference.path, order.get(file.path, 0), -file.size, path_key(file)
            return not file.protected, self.prefers(file), *_merits(self.rule, file), *known

        return min(files, key=rank)

    def decides(self, files: Sequence[File]) -> bool:
        """Return whether folders or paths distinguish some of the files, or there are no such rules."""
        return not (self.prefer or self.match) or len({self.prefers(file) for file in files}) > 1


_LADDER = tuple(Relation)


def folder_of(path: str) -> str:
    """Return the absolute path of a folder. Raises ReportError where there is none."""
    if not Path(path).is_dir():
        raise ReportError(f"{path}: no such folder")
    return os.path.realpath(path)


def found_at(file: File) -> str:
    """Return the absolute path at which the scan found a file."""
    return file.real_path or os.path.abspath(file.path)  # noqa: PTH100  (it must not follow symlinks)


def is_below(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))  # noqa: PTH118  (Path would cost more)


def _merits(rule: KeepRule, file: File) -> tuple[object, ...]:
    """Return the sort key of a rule; the first is kept."""
    if rule is KeepRule.BEST:
        return ()
    if rule is KeepRule.PATH:
        return (path_key(file),)
    pixels, taken = _header(file)
    if rule in (KeepRule.LARGEST, KeepRule.SMALLEST):
        sign = -1 if rule is KeepRule.LARGEST else 1
        return sign * pixels, sign * file.size
    sign = -1 if rule is KeepRule.NEWEST else 1
    return sign * (taken or file.mtime_ns), sign * file.mtime_ns


@lru_cache(100_000)
def _header(file: File) -> tuple[int, int]:
    """Return the pixels of a file and when it was taken in ns, in the time of this machine, 0 where unknown.

    Reports of earlier versions say neither, so the file does.
    """
    known: File | PictureInfo = file
    if not file.width:
        try:
            known = inspect(read_unchanged(file))
        except UnreadableError:
            return 0, 0
    with suppress(ValueError, OverflowError):  # no such day, or none of this machine's clock
        return known.width * known.height, int(datetime.fromisoformat(known.taken).timestamp() * 10**9)
    return known.width * known.height, 0


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

    @property
    def keeps_names(self) -> bool:
        """Whether the files stay where they are, with what belongs to them."""
        return self in (CleanupAction.HARDLINK, CleanupAction.REFLINK)


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

    def siblings(self) -> NamesInFolder:
        """Return the names in its folder."""
        return names_in(self.folder)


@dataclass(frozen=True, slots=True)
class Step:
    """A file to act on, and the kept file of its group.

    `companions` go with it, each with the last of its owners. `pair` are the names of a raw file and its developed
    picture, of which this is one: all go, or none.
    """

    group: int
    kept: PlannedFile
    target: PlannedFile
    relation: Relation
    companions: tuple[Companion, ...] = ()
    pair: frozenset[str] = frozenset()

    @property
    def belongings(self) -> str:
        """What goes with it, as the end of a line: " with a.mov, a.xmp"."""
        names = ", ".join(companion.name for companion in self.companions)
        return f" with {names}" if names else ""

    def to_dict(self) -> dict[str, Any]:
        value = {
            "group": self.group,
            "path": self.target.file.path,
            "kept": self.kept.file.path,
            "relation": str(self.relation),
            "size": self.target.file.size,
        }
        names = [companion.name for companion in self.companions]
        return {**value, "with": names} if names else value


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
    keep: Keep = Keep(),
    keep_in: Sequence[str] = (),
    action: CleanupAction = CleanupAction.LIST,
    move_to: str = "",
    same_if: Relation = CLEANED,
) -> Plan:
    """Choose the file to keep of each group, by `keep`, if possible in `keep_in`, and plan `action` for the others.

    Skipped are files in `keep_in`, relations looser than `same_if` (either copy may be the only one of its kind), what
    is better than a protected reference unless `keep` prefers that one, and what is gone, changed or a symlink. Raises
    ReportError where `action` and `move_to` do not fit, or without such a folder.
    """
    if (action is CleanupAction.MOVE) != bool(move_to):
        raise ReportError(
            f"move_to: expected a folder with the action move-to only, found {move_to!r} with {action}"
        )
    same_if.is_same(same_if)
    planner = _Planner(keep, [folder_of(path) for path in keep_in], action, same_if)
    for group in scan.groups:
        planner.add_group(group)
    steps, skipped = planner.result()
    if not action.keeps_names:
        steps, parted = _together(steps)
        skipped += parted
    step_folders = {step.target.folder for step in steps}
    root = os.path.commonpath(step_folders) if step_folders and move_to else "/"
    target_folder = os.path.realpath(move_to) if move_to else ""
    return Plan(action, same_if, steps, skipped, root, target_folder)


def _together(steps: tuple[Step, ...]) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
    """Return the steps with what goes with each file, without those that would part a pair; these are skipped."""
    going = {step.target.place for step in steps}
    kept, skipped = [], []
    for step in steps:
        folder, siblings = Path(step.target.folder), step.target.siblings()
        pair = siblings.pair(step.target.name)
        stays = [name for name in sorted(pair) if str(folder / name) not in going]
        if stays:
            reason = f"it is a pair of RAW and JPEG with {stays[0]}, which stays"
            skipped.append(Skipped(step.group, step.target.file.path, reason))
            continue
        owned = siblings.companions(step.target.name)
        companions = tuple(one for one in owned if all(str(folder / name) in going for name in one.owners))
        kept.append(replace(step, companions=companions, pair=pair))
    if not skipped:
        return tuple(kept), ()
    steps, rest = _together(tuple(kept))
    return steps, (*skipped, *rest)


def files_of(group: Group) -> list[File]:
    """Return the files of a group, the reference first."""
    return [group.reference, *(member.file for member in group.members)]


class _Planner:
    def __init__(self, keep: Keep, folders: list[str], action: CleanupAction, same_if: Relation) -> None:
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
        members = {member.file.path: member for member in group.members}
        relations = {path: member.relation for path, member in members.items()}
        relations[group.reference.path] = Relation.SAME_FILE
        protected = [target for target in targets if self._is_protected(target)]
        # What is only like the reference is kept in its place where there is nothing else to keep.
        far = {path for path, relation in relations.items() if not relation.is_same(self.same_if)}
        close = [target for target in targets if target.file.path not in far]
        candidates = [one for one in protected if one.file.path not in far] or protected or close or targets
        if not targets:
            return
        best = self.keep.best(group, [target.file for target in candidates])
        kept = next(target for target in candidates if target.file is best)
        self.kept[kept.place] = group.number
        for target in targets:
            if target is kept:
                continue
            reason = self._skip_reason(target, kept, protected)
            relation = relations[target.file.path]
            # Those of another kept file are compared before anything is done.
            if kept.file.path not in far and target.file.path in far:
                reason = reason or f"it is {relation}, and --same-if {self.same_if} skips that"
            better = members[target.file.path].better if target.file.path in members else ""
            if self.keep.spares(target.file, kept.file, better):
                reason = reason or f"it is better than {kept.file.path}: {better}"
            if reason:
                self.skipped.append(Skipped(group.number, target.file.path, reason))
                continue
            self.steps.append(Step(group.number, kept, target, _between(target, kept, relations)))

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

    def _is_protected(self, target: PlannedFile) -> bool:
        return target.file.protected or any(is_below(target.place, folder) for folder in self.folders)

    def _skip_reason(self, target: PlannedFile, kept: PlannedFile, protected: list[PlannedFile]) -> str:
        if target in protected:
            return "it is in a folder whose files are kept"
        if target.place == kept.place:
            return "it is the kept file itself"
        if not self.action.keeps_names:
            return _loss(target, kept)
        if target.file.sha256 != kept.file.sha256:
            return f"its bytes differ from those of {kept.file.path}: only identical files can share them"
        return ""


def _between(target: PlannedFile, kept: PlannedFile, relations: Mapping[str, Relation]) -> Relation:
    """Return what two files of a group are to each other, as far as what both are to the reference says."""
    if target.file.sha256 == kept.file.sha256:
        return Relation.SAME_FILE
    return max((relations[one.file.path] for one in (target, kept)), key=_LADDER.index)


def _loss(target: PlannedFile, kept: PlannedFile) -> str:
    """Return what a file has that goes beyond its picture and that the kept one lacks, or ""."""
    raw, path = FileKind.RAW, kept.file.path
    if target.file.kind is raw is not kept.file.kind:
        return f"it is a raw file, and {path} is not"
    if kept.file.kind is raw is not target.file.kind and not kept.siblings().pair(kept.name):
        return f"it may be the only picture developed from {path}, a raw file"
    if _holds_video(target) and not _holds_video(kept):
        return f"it is a motion or Live Photo, and {path} has no video"
    return ""


def _holds_video(target: PlannedFile) -> bool:
    """Return whether a picture has a video, inside or beside it."""
    return target.file.kind is FileKind.MOTION or has_video(target.siblings().companions(target.name))


def locate(file: File) -> PlannedFile | str:
    """Return a file with its folder, or why to skip it: its path leads elsewhere than at the scan, for instance."""
    path = Path.cwd() / file.path
    try:
        folder = path.parent.resolve(strict=True)
        if str(folder / path.name) != found_at(file):
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

_THUMBNAIL = 320  # longer side of the pictures, in pixels
_EQUAL = "<i>identical file</i>"


def page(
    groups: Sequence[Group], unreadable: Sequence[Unreadable], series: Sequence[ShotSeries] = ()
) -> Iterator[str]:
    """Yield the parts of a self-contained page with every name escaped, one picture in memory at a time."""
    copies, wasted = sum(len(group.members) for group in groups), sum(group.wasted for group in groups)
    yield _HEAD.read_text(encoding="utf-8")
    yield f"<header><h1>Duplicate pictures</h1>\n<p>{plural(copies, 'duplicate')} in {plural(len(groups), 'group')}, "
    yield f"{_size(wasted)} reclaimable. The first picture of each group is the best one; the others were compared with"
    yield " it. Groups with the most reclaimable space come first.</p></header>\n"
    for number, group in enumerate(sorted(groups, key=lambda item: (-item.wasted, item.number)), 1):
        yield f"<section><h2>Group {number} <span>{plural(len(group.members), 'copy', 'copies')},"
        yield f" {_size(group.wasted)} reclaimable</span></h2>\n<div>\n"
        yield _figure(group.reference, "reference", group.reason, _thumbnail(group.reference))
        for member in group.members:
            shown = _EQUAL if member.file.sha256 == group.reference.sha256 else _thumbnail(member.file)
            why = f"{member.text}{', a hard link' if member.hard_link_to else ''}"
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
    address = html.escape(Path(os.path.abspath(file.path)).as_uri())  # noqa: PTH100  (resolve would follow links)
    return (
        f'<figure><a href="{address}">{thumbnail}</a><figcaption><b>{html.escape(role)}</b>'
        f" <span>{', '.join(filter(None, (_size(file.size), html.escape(file.shown))))}</span>"
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
    return (
        f'<img loading="lazy" alt="{html.escape(printable(file.path))}" src="{data_url(data, "image/jpeg")}">'
    )
