"""Plan what is kept and what goes, touching nothing, and show it as one HTML page with thumbnails."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from samepic.duplicates.groups import FileFacts, Group, Member, ScannedFile, ScannedGroup, ScanReport
from samepic.duplicates.walk import Unreadable
from samepic.errors import ReportError, UnreadableError
from samepic.limits import COLLECTION
from samepic.picture import Encoded, Picture, load
from samepic.verdict import Relation

__all__ = [
    "CLEANED",
    "FARTHEST",
    "CleanupAction",
    "KeepRule",
    "Plan",
    "PlannedFile",
    "Skipped",
    "Step",
    "checked",
    "located",
    "page",
    "plan",
    "small_jpeg",
    "thumbnail",
]

CLEANED, FARTHEST = Relation.RESAVED, Relation.REFRAMED
"""What is acted on unless asked for more, and the most that `samepic clean` can be asked for: a copy in which
content was covered or changed never takes the place of anything, however large it is."""


class KeepRule(StrEnum):
    """Which file of a group is kept."""

    BEST = "best"
    OLDEST = "oldest"
    NEWEST = "newest"


class CleanupAction(StrEnum):
    """What is done with the others."""

    LIST = "list"
    TRASH = "trash"
    MOVE = "move-to"
    HARDLINK = "hardlink"
    REFLINK = "reflink"


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file with the place where it really lies: the folder without symlinks, and which folder that is."""

    file: ScannedFile
    folder: str
    device: int
    inode: int

    @property
    def name(self) -> str:
        """The name inside its folder."""
        return Path(self.file.path).name

    @property
    def place(self) -> str:
        """The absolute path without symlinks."""
        return str(Path(self.folder) / self.name)


@dataclass(frozen=True, slots=True)
class Step:
    """One file to act on, and the file of its group that is kept."""

    group: int
    kept: PlannedFile
    target: PlannedFile
    relation: Relation

    def to_dict(self) -> dict[str, Any]:
        """Return the step in the shape of `samepic clean --json`."""
        return {
            "group": self.group,
            "path": self.target.file.path,
            "kept": self.kept.file.path,
            "relation": str(self.relation),
            "size": self.target.file.size,
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """One file that is left alone, and why."""

    group: int
    path: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return it in the shape of `samepic clean --json`."""
        return {"group": self.group, "path": self.path, "left": self.reason}


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done: `steps` in the order of the report, and what is left alone already now.

    `move_to` is the absolute folder of `--move-to`, or ""; `root` the deepest folder that
    all of these files lie in; `same_if` the last relation that counts as the same when each pair is verified again.
    """

    action: CleanupAction
    same_if: Relation
    steps: tuple[Step, ...]
    left: tuple[Skipped, ...]
    root: str = "/"
    move_to: str = ""

    @property
    def size(self) -> int:
        """The bytes of all files that would be acted on."""
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
    """Choose what is kept of each group, and what is done with the others.

    Files in the folders `keep_in` are never acted on; of a group that has some there, `keep` chooses among
    them, else among all. What is a farther relation than `same_if` is left alone: by default a copy of other tone or
    sharpness, a crop, a bordered, turned or mirrored copy, and the picture it was made of, since either may be the
    only one of its kind. Relative paths count from the current folder. Files are looked at (not read), and what is
    gone, changed or a symlink is left alone with its reason.

    Raises ReportError where `action` and `move_to` do not fit, or a folder of `keep_in` does not exist.
    """
    if (action is CleanupAction.MOVE) != bool(move_to):
        raise ReportError(
            f"move_to: wanted a folder with the action move-to alone, got {move_to!r} with {action}"
        )
    same_if.is_same(same_if)
    folders = [_folder(path) for path in keep_in]
    planner = _Planner(scan, keep, folders, action, same_if)
    for group in scan.groups:
        planner.decide(group)
    steps, left = planner.result()
    places = {step.target.folder for step in steps}
    root = os.path.commonpath(places) if places else "/"
    where = os.path.realpath(move_to) if move_to else ""
    return Plan(action, same_if, steps, left, root, where)


def _folder(path: str) -> str:
    if not Path(path).is_dir():
        raise ReportError(f"{path}: wanted a folder to keep files in, got none")
    return os.path.realpath(path)


def _files(group: ScannedGroup) -> list[ScannedFile]:
    return [group.reference, *(member.file for member in group.members)]


class _Planner:
    """Goes through the groups; what is kept in one group is acted on in none."""

    def __init__(
        self, scan: ScanReport, keep: KeepRule, folders: list[str], action: CleanupAction, same_if: Relation
    ) -> None:
        self.same_if = same_if
        self.keep, self.folders, self.action, self.made_ns = keep, folders, action, scan.made_ns
        self.steps: list[Step] = []
        self.left: list[Skipped] = []
        self.kept: dict[str, int] = {}

    def decide(self, group: ScannedGroup) -> None:
        """Choose the file to keep and plan a step for every other one."""
        targets: list[PlannedFile] = []
        for file in _files(group):
            found = located(file, self.made_ns)
            if isinstance(found, PlannedFile):
                targets.append(found)
            else:
                self.left.append(Skipped(group.number, file.path, found))
        relations = {group.reference.path: Relation.SAME_FILE}
        relations |= {member.file.path: member.relation for member in group.members}
        protected = [target for target in targets if self._protected(target)]
        if not targets:
            return
        kept = self._chosen(protected or targets, group, relations)
        self.kept[kept.place] = group.number
        for target in targets:
            if target is kept:
                continue
            reason = self._why_not(target, kept, protected)
            if kept.file.path == group.reference.path:  # else the two are compared before anything is done
                reason = reason or self._too_far(relations[target.file.path])
            if reason:
                self.left.append(Skipped(group.number, target.file.path, reason))
                continue
            self.steps.append(Step(group.number, kept, target, relations[target.file.path]))

    def _too_far(self, relation: Relation) -> str:
        if relation.is_same(self.same_if):
            return ""
        return f"it is {relation}, and --same-if {self.same_if} leaves that alone"

    def result(self) -> tuple[tuple[Step, ...], tuple[Skipped, ...]]:
        """Return the steps, without those on a file that another group keeps or acts on, and what is left."""
        steps, seen = [], set()
        for step in self.steps:
            place = step.target.place
            if place in self.kept:
                reason = f"group {self.kept[place]} keeps it"
            elif place in seen:
                reason = "it is named twice in the report"
            else:
                seen.add(place)
                steps.append(step)
                continue
            self.left.append(Skipped(step.group, step.target.file.path, reason))
        return tuple(steps), tuple(self.left)

    def _protected(self, target: PlannedFile) -> bool:
        return any(os.path.commonpath([folder, target.folder]) == folder for folder in self.folders)

    def _chosen(
        self, candidates: list[PlannedFile], group: ScannedGroup, relations: dict[str, Relation]
    ) -> PlannedFile:
        order = tuple(Relation)

        def rank(target: PlannedFile) -> tuple[int, bool, int, int, str]:
            file = target.file
            when = {KeepRule.BEST: 0, KeepRule.OLDEST: file.mtime_ns, KeepRule.NEWEST: -file.mtime_ns}[
                self.keep
            ]
            reference = file.path == group.reference.path
            return when, not reference, order.index(relations[file.path]), -file.size, file.path

        return min(candidates, key=rank)

    def _why_not(self, target: PlannedFile, kept: PlannedFile, protected: list[PlannedFile]) -> str:
        """Return why a file is left alone for a reason that needs no reading, or ""."""
        if target in protected:
            return "it is in a folder whose files are kept"
        if target.place == kept.place:
            return "it is the kept file itself"
        if (
            self.action in (CleanupAction.HARDLINK, CleanupAction.REFLINK)
            and target.file.sha256 != kept.file.sha256
        ):
            return f"its bytes are others than those of {kept.file.path}: only equal files can share them"
        return ""


def located(file: ScannedFile, made_ns: int | None) -> PlannedFile | str:
    """Return where a file really lies, or the reason why it must be left alone.

    `made_ns` is when the report was written: a symlink on the way that is younger has taken the place of a folder.
    """
    path = Path.cwd() / file.path
    try:
        for link in _symlinks(path.parent):
            if made_ns is None or link.lstat().st_ctime_ns > made_ns:
                return f"{link} became a symlink after the scan"
        folder = path.parent.resolve(strict=True)
        here, found = folder.stat(), (folder / path.name).lstat()
    except OSError as error:
        return "it is gone" if isinstance(error, FileNotFoundError) else (error.strerror or str(error))
    if not stat.S_ISREG(found.st_mode):
        return "it is a symlink" if stat.S_ISLNK(found.st_mode) else "it is no file any more"
    if (found.st_size, found.st_mtime_ns) != (file.size, file.mtime_ns):
        return "it was changed since the scan: other size or time"
    return PlannedFile(file, str(folder), here.st_dev, here.st_ino)


def _symlinks(folder: Path) -> Iterator[Path]:
    return (path for path in (*reversed(folder.parents), folder) if path.is_symlink())


def thumbnail(file: ScannedFile, side: int, made_ns: int | None = None) -> bytes:
    """Return a JPEG of at most `side` pixels of a file that is as the scan saw it. Raises UnreadableError."""
    return small_jpeg(load(checked(file, made_ns)), side)


def checked(file: ScannedFile, made_ns: int | None = None) -> Encoded:
    """Return the bytes of a file that is as the scan saw it, at its place. Raises UnreadableError for any other."""
    wanted, target = "the file that was found", located(file, made_ns)
    if isinstance(target, str):
        raise UnreadableError(file.path, wanted, target)
    try:
        data = Path(target.place).read_bytes()
    except OSError as error:
        raise UnreadableError(file.path, wanted, error.strerror or str(error)) from error
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise UnreadableError(file.path, wanted, "other bytes: it was changed since")
    return Encoded(file.path, data)


def small_jpeg(picture: Picture, side: int, quality: int = 80) -> bytes:
    """Return a JPEG of at most `side` pixels of a picture."""
    import cv2

    rgb = picture.on(255)
    scale = min(1.0, side / max(rgb.shape[:2]))
    size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    done, coded = cv2.imencode(
        ".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality]
    )
    assert done
    return coded.tobytes()


_HEAD = """\
<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>samepic find</title>
<style>
body { font: 15px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 76em; padding: 0 1.2em }
body { color: #222; background: #fff }
h1 { font-size: 1.5em; margin: 0 } h2 { font-size: 1em; margin: 0 0 .8em; overflow-wrap: anywhere }
header { margin-bottom: 1.5em } p { margin: .3em 0 }
h2 span, figcaption span, p { color: #666; font-weight: normal }
section { border-top: 1px solid #ddd; padding: 1em 0 }
div { display: grid; grid-template-columns: repeat(auto-fill, minmax(172px, 1fr)); gap: 1.4em 1em }
figure { margin: 0; overflow-wrap: anywhere; font-size: .85em }
figure > samp { display: block; font: inherit; margin-bottom: .5em } img { display: block }
i { display: inline-block }
img, i { max-width: 160px; max-height: 160px; border-radius: 3px; outline: 1px solid #0002 }
i { padding: 1em; color: #666; background: #eee }
figure:first-child img { outline: 3px solid #2a7 } figcaption b { color: #555 }
figure:first-child b { color: #fff; background: #197a53; border-radius: 3px; padding: 0 .4em }
bdi { display: block; font-weight: 600 } abbr { text-decoration: none } li bdi { display: inline }
@media (prefers-color-scheme: dark) {
body { color: #ddd; background: #181818 } i { background: #333 } section { border-color: #333 }
h2 span, figcaption span, p, i, figcaption b { color: #999 } img { outline-color: #fff3 }
}
</style></head><body>
"""

_EQUAL = "<i>the same bytes</i>"


def page(groups: Sequence[Group], unreadable: Sequence[Unreadable]) -> Iterator[str]:
    """Yield the parts of the page. Pictures are read again, one group at a time, for their thumbnails.

    Nothing in it is fetched from anywhere, and every name is escaped.
    """
    copies, won = sum(len(group.members) for group in groups), sum(group.wasted for group in groups)
    yield _HEAD
    yield f"<header><h1>Pictures that are the same</h1>\n<p>{_counted(len(groups), 'group')} with {copies} to spare: "
    yield f"{_size(won)} can be won. The first of each group is the best of it, and the others were laid on it. "
    yield "What wins most comes first.</p></header>\n"
    for group in sorted(groups, key=lambda one: (-one.wasted, one.number)):
        yield _section(group)
    if unreadable:
        yield f"<section><h2>Unreadable: {len(unreadable)}</h2>\n<ul>\n"
        for one in unreadable:
            yield f"<li>{_name(one.path)}: {html.escape(_printable(one.error))}</li>\n"
        yield "</ul></section>\n"
    yield "</body></html>\n"


def _section(group: Group) -> str:
    parts = [
        f"<section><h2>Group {group.number} <span>{_counted(len(group.members), 'copy', 'copies')},"
        f" {_size(group.wasted)} can be won</span></h2>\n<div>\n"
    ]
    parts.append(_figure(group.reference, "reference", group.reason, _thumbnail(group.reference)))
    for member in group.members:
        # Bytes that have been shown need not be shown again.
        shown = _EQUAL if member.file.sha256 == group.reference.sha256 else _thumbnail(member.file)
        parts.append(_figure(member.file, str(member.relation), _why(member), shown))
    return "".join((*parts, "</div></section>\n"))


def _why(member: Member) -> str:
    return f"{member.explanation}, a hard link" if member.hard_link_to else member.explanation


def _figure(file: FileFacts, role: str, text: str, image: str) -> str:
    return (
        f"<figure><samp>{image}</samp><figcaption><b>{html.escape(role)}</b> <span>{_size(file.size)}</span>"
        f" {_name(file.path)} <span>{html.escape(_printable(text))}</span></figcaption></figure>\n"
    )


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def _size(size: int) -> str:
    """Return a size as people read it, with its bytes where they point."""
    told = (
        f"{size} bytes" if size < 1000 else f"{size / 1e3:.0f} KB" if size < 1e6 else f"{size / 1e6:.1f} MB"
    )
    return f'<abbr title="{size:,} bytes">{told}</abbr>'


def _name(path: str) -> str:
    return f"<bdi>{html.escape(_printable(path))}</bdi>"


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _thumbnail(file: FileFacts) -> str:
    """Return an img element with the picture, on white, as a data URI."""
    try:
        data = small_jpeg(load(os.fspath(file.path)), COLLECTION.thumbnail, quality=75)
    except UnreadableError:
        return "<i>gone, or changed since it was read</i>"
    return f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{base64.b64encode(data).decode()}">'
