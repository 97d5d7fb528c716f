"""Groups: copies of one picture around one reference, and the reports that hold them."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from samepic.display import fragment
from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.companions import DEVELOPED, companions_of
from samepic.duplicates.quality import Merit, why_best, why_better, why_original
from samepic.duplicates.scan import DistinctPicture
from samepic.duplicates.walk import File, FileKind, Unreadable, path_key
from samepic.errors import ReportError, UnreadableError
from samepic.profile import Policy
from samepic.reading import convert, read_json, require
from samepic.values import one_line, short_repr, values_of
from samepic.verdict import Relation
from samepic.writing import bytes_text, plural, reason_of

if TYPE_CHECKING:
    from _typeshed import SupportsGetItem
    from PIL.Image import Image

# Different pictures in a row, nearest first, after which a reference is finished: `python -m bench collection many`.
_MISSES = 24
_SHOWN, _SIDE = 12, 200  # files of a group that a notebook shows, and the longer side of each


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group and what it is to the reference.

    `probability`, 0 to 1, is the chance that a person would call both the same picture; `hard_link_to` is the path in
    the group that is the same file on disk, or "". Reports that were read back have "" there. `better` is in what it is
    better than a reference that is one only because it is protected, or "". `pair_of` is the path in the group of the
    raw file that a camera developed to this one, or the other way round, else "".
    """

    file: File
    relation: Relation
    probability: float
    explanation: str
    hard_link_to: str = ""
    better: str = ""
    pair_of: str = ""

    @property
    def text(self) -> str:
        """The explanation, and why it is better where it is."""
        return f"{self.explanation}; better: {self.better}" if self.better else self.explanation

    __repr__ = short_repr

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        values = values_of(self) | {"hard_link_to": self.hard_link_to or None}
        del values["file"]
        for name in ("better", "pair_of"):
            if not values[name]:
                del values[name]
        return self.file.to_dict() | values


@dataclass(frozen=True, slots=True)
class Group:
    """One picture: the best file of it, the `reason` why it is the best, and every other file of it by path."""

    number: int
    reference: File
    reason: str
    members: tuple[Member, ...]

    def __repr__(self) -> str:
        shown = (
            f"{self.number}",
            plural(1 + len(self.members), "file"),
            f"{bytes_text(self.wasted)} reclaimable",
        )
        return one_line("Group", (*shown, self.reference.path))

    def _repr_html_(self) -> str:
        """Return what Jupyter shows: the files, small, with what each is to the first."""
        files = [(self.reference, self.reason), *((one.file, one.explanation) for one in self.members)]
        figures = ((_thumbnail(file), f"{file.path}: {text}") for file, text in files[:_SHOWN])
        rows = [
            ("reclaimable", bytes_text(self.wasted)),
            ("files", f"{len(files)}, {len(files[:_SHOWN])} shown"),
        ]
        return fragment(f"Group {self.number}", rows, figures)

    @property
    def wasted(self) -> int:
        """The bytes that the others take, but for hard links, better files, and what is a pair with the reference."""
        first = self.reference.path
        copies = (one for one in self.members if not one.hard_link_to and not one.better)
        return sum(one.file.size for one in copies if one.pair_of != first)

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape of a line of `samepic find --json`."""
        return {
            "group": self.number,
            "reference": self.reference.path,
            "reason": self.reason,
            "reference_file": self.reference.to_dict(),
            "wasted": self.wasted,
            "members": [member.to_dict() for member in self.members],
        }


def _thumbnail(file: File) -> Image | str:
    """Return a small RGB image of a file, or why there is none."""
    from PIL import Image

    from samepic.picture import load
    from samepic.verify.overlay import fitted

    try:
        return Image.fromarray(fitted(load(file.path).on(255), _SIDE))
    except UnreadableError as error:
        return reason_of(error)


@dataclass(frozen=True, slots=True)
class SeriesShot:
    """A picture of a series; `sharpness` is the fine detail of its luma at one size, in levels, more being sharper."""

    file: File
    sharpness: float

    @property
    def text(self) -> str:
        """What is known of the shot, as "640x480, 2026-11-30 12:00:01.25, Canon EOS R5, sharpness 12.3"."""
        return f"{self.file.shown}, sharpness {self.sharpness:.1f}"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of a shot."""
        return self.file.to_dict() | {"sharpness": round(self.sharpness, 3)}


@dataclass(frozen=True, slots=True)
class ShotSeries:
    """Shots that belong together, the sharpest first; never a reason to remove one of them."""

    number: int
    shots: tuple[SeriesShot, ...]

    @property
    def seconds(self) -> float | None:
        """The time from the first to the last shot; None where EXIF does not say."""
        times = [datetime.fromisoformat(shot.file.taken) for shot in self.shots if shot.file.taken]
        return (max(times) - min(times)).total_seconds() if len(times) == len(self.shots) else None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of a line of `samepic find --series --json`."""
        return {"series": self.number, "shots": [shot.to_dict() for shot in self.shots]}


@dataclass(slots=True)
class GroupDraft:
    """A reference and its members by index with their verdicts; `proven` is why it is the original, or "".

    `better` has why a member is better than a protected reference.
    """

    reference: int
    verdicts: dict[int, CachedVerdict] = field(default_factory=dict)
    proven: str = ""
    better: dict[int, str] = field(default_factory=dict)


class UnionFind:
    """Disjoint sets of the numbers under `size`. One thread may join while others ask for roots."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))

    def root(self, index: int) -> int:
        """Return the least number of the set that holds `index`."""
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, a: int, *others: int) -> None:
        for other in others:
            first, second = sorted((self.root(a), self.root(other)))
            self._parents[second] = first

    def clusters(self) -> list[list[int]]:
        """Return the sets of two or more numbers, each in order, by their least number."""
        found: dict[int, list[int]] = {}
        for index in range(len(self._parents)):
            found.setdefault(self.root(index), []).append(index)
        return [cluster for cluster in found.values() if len(cluster) > 1]


@dataclass(slots=True, eq=False)
class GroupBuilder:
    """Groups the pictures of one cluster around references; `verdict_of` is on the second index against the first.

    `candidates` are those of each picture by index, with their distance.

    A reference stops after _MISSES different pictures in a row: otherwise n pages of one layout, all near each other,
    would take n² comparisons. `skipped` counts such pairs. `protected` pictures come first as references, and are
    members of no group.
    """

    candidates: SupportsGetItem[int, Mapping[int, int]]
    merits: Mapping[int, Merit]
    verdict_of: Callable[[int, int], CachedVerdict | None]
    policy: Policy
    protected: Set[int] = frozenset()
    skipped: int = 0

    def drafts(self, cluster: Iterable[int]) -> Iterator[GroupDraft]:
        """Yield the groups of a cluster, best reference first; one that proves to be the original replaces it."""
        order = sorted(
            (index for index in cluster if index in self.merits),
            key=lambda index: (index not in self.protected, *self.merits[index].order(index)),
        )
        remaining = set(order) - self.protected
        for first in order:
            fixed = first in self.protected
            while (fixed or first in remaining) and first in self.merits:
                draft, rejected = GroupDraft(first), {first}
                while (original := self._fill(draft, remaining, rejected)) is not None:
                    rejected.add(original[0])
                    draft = GroupDraft(original[0], proven=original[1])
                if draft.verdicts:
                    yield draft
                remaining -= {draft.reference, *draft.verdicts}
                if fixed:
                    break

    def _fill(self, draft: GroupDraft, remaining: set[int], rejected: set[int]) -> tuple[int, str] | None:
        """Add members, and candidates of members, to the draft; return the original among them instead, and why."""
        compared, misses = {draft.reference}, 0
        queue = self._nearest([draft.reference], remaining, compared)
        while queue:
            added: list[int] = []
            for place, other in enumerate(queue):
                if other in compared or not {draft.reference, other} <= self.merits.keys():
                    continue
                if misses >= _MISSES:
                    self.skipped += len(queue) - place
                    return None
                compared.add(other)
                found = self.verdict_of(draft.reference, other)
                verdict = found and accepted(found, self.policy)
                if verdict is None:
                    misses += 1
                    continue
                misses = 0
                reason = why_original(self.merits[draft.reference], self.merits[other], verdict)
                if draft.reference in self.protected:
                    draft.better[other] = reason or self._advantage(other, draft.reference)
                elif reason and other not in rejected:
                    return other, reason
                draft.verdicts[other] = verdict
                added.append(other)
            queue = self._nearest(added, remaining, compared)
        return None

    def _advantage(self, index: int, protected: int) -> str:
        """Return what one picture has over a protected one, by its header, or "" if it was made of that one."""
        reason = why_better(self.merits[index], self.merits[protected])
        verdict = self.verdict_of(index, protected) if reason else None
        return "" if verdict and why_original(self.merits[index], self.merits[protected], verdict) else reason

    def _nearest(self, indices: Iterable[int], among: set[int], compared: set[int]) -> list[int]:
        found: dict[int, int] = {}
        pending = among - compared
        # In a crowd where all are near each other, nothing is open after the first time.
        for index in indices if pending else ():
            for other, bits in self.candidates[index].items():
                if other in pending:
                    found[other] = min(bits, found.get(other, bits))
        return sorted(found, key=lambda other: (found[other], other))


def accepted(verdict: CachedVerdict, policy: Policy) -> CachedVerdict | None:
    """Return a verdict with its probability rescaled; None where it is not the same picture."""
    relation = Relation(verdict.relation)
    probability = policy.probability(relation, verdict.probability)
    return verdict._replace(probability=probability) if policy.same(relation, probability) else None


def build_group(draft: GroupDraft, items: list[DistinctPicture], merits: Mapping[int, Merit]) -> Group:
    """Return the group of a draft, or of one item with several files, as `group_of` does."""
    first, *copies = _files(draft.reference, items, merits)
    equal = CachedVerdict(Relation.SAME_FILE, 1.0, BYTE_FOR_BYTE, "")
    rest = [(file, equal) for file in copies if not file.protected]
    for index, verdict in draft.verdicts.items():
        rest += [(file, verdict) for file in _files(index, items, merits)]
    others = [merits[index] for index in draft.verdicts]
    reason = why_best(merits[draft.reference], others, proven=draft.proven) if others else SAME_BYTES
    if not others and any(_belongings(file) < _belongings(first) for file in copies):
        reason = MOST_WITH_IT
    if not first.protected:
        return group_of(first, reason, rest)
    better = {file.path: text for index, text in draft.better.items() for file in items[index].files}
    return group_of(first, PROTECTED, rest, better)


def _files(index: int, items: list[DistinctPicture], merits: Mapping[int, Merit]) -> list[File]:
    """Return the files of a picture, protected ones first, with what is known of it."""
    size = items[index].fingerprint.width, items[index].fingerprint.height
    files = [described(file, *size, merits.get(index)) for file in items[index].files]
    return sorted(files, key=lambda file: (not file.protected, -_belongings(file), path_key(file)))


def described(file: File, width: int, height: int, merit: Merit | None) -> File:
    """Return a file with what is known of its picture."""
    sized = replace(file, width=width, height=height)
    return sized if merit is None else replace(sized, kind=merit.kind, camera=merit.model, taken=merit.taken)


def _belongings(file: File) -> int:
    return len(companions_of(file.path))


SAME_BYTES = "identical files; first by path"
MOST_WITH_IT = "identical files; this one has most with it"
"""The reasons for the reference of a group of identical files."""

PROTECTED = "in a folder that others are compared against"
"""The reason for a protected reference."""

BYTE_FOR_BYTE = "the same file, byte for byte"
"""The explanation of a member with the bytes of the reference."""


def group_of(
    first: File,
    reason: str,
    rest: Iterable[tuple[File, CachedVerdict]],
    better: Mapping[str, str] | None = None,
) -> Group:
    """Return a group without a number, around its `first` file, with the `rest` by path; `better` is why, by path."""
    members, links = [], {first.node: first.path}
    rest = sorted(rest, key=lambda row: path_key(row[0]))
    pairs = _pairs([first, *(file for file, _ in rest)])
    for file, verdict in rest:
        link = links.get(file.node, "") if file.links > 1 else ""
        links.setdefault(file.node, file.path)
        explanation = verdict.explanation if not link else "the same file on disk (a hard link)"
        pair = pairs.get(file.path, "")
        if pair:
            explanation += f"; a pair of RAW and JPEG with {os.path.basename(pair)}"  # noqa: PTH119
        known = explanation, link, (better or {}).get(file.path, ""), pair
        members.append(Member(file, Relation(verdict.relation), verdict.probability, *known))
    return Group(0, first, reason, tuple(members))


def _pairs(files: list[File]) -> dict[str, str]:
    """Return the path of the raw file by that of each file that a camera developed of it, and the other way round."""
    stems = {os.path.splitext(file.path)[0].lower(): file.path for file in files if file.kind is FileKind.RAW}  # noqa: PTH122
    pairs: dict[str, str] = {}
    for file in files:
        stem, suffix = os.path.splitext(file.path.lower())  # noqa: PTH122
        if suffix in DEVELOPED and file.kind is not FileKind.RAW and stem in stems:
            pairs |= {file.path: stems[stem], stems[stem]: file.path}
    return pairs


def numbered(groups: Iterable[Group]) -> list[Group]:
    """Return the groups by the path of their reference, without hard links to one file, which waste nothing."""
    kept = [group for group in groups if not all(member.hard_link_to for member in group.members)]
    kept.sort(key=lambda group: path_key(group.reference))
    return [replace(group, number=number) for number, group in enumerate(kept, 1)]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one run of `samepic find` found."""

    groups: tuple[Group, ...]
    unreadable: tuple[Unreadable, ...] = ()


def read_scan(lines: Iterable[bytes], name: str) -> ScanReport:
    """Read the lines of a report that is called `name`. Raises ReportError, with line and field, for another shape."""
    groups: list[Group] = []
    unreadable: list[Unreadable] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{name}: line {number}"
        value = read_json(line, where, "one JSON object of samepic find --json", ReportError)
        if "series" in value:
            continue
        if "unreadable" in value:
            keys = ("unreadable", "error")
            texts = (convert(value.get(key), str, f"{where}: {key}", ReportError) for key in keys)
            unreadable.append(Unreadable(*texts))
        else:
            read = convert(value, _GroupLine, where, ReportError)
            members = tuple(member.member() for member in read.members)
            groups.append(Group(read.group, read.reference_file.file(), read.reason, members))
    return ScanReport(tuple(groups), tuple(unreadable))


@dataclass(frozen=True, slots=True, kw_only=True)
class _FileLine:
    path: str
    size: int
    mtime_ns: int
    sha256: str
    real_path: str = ""
    protected: bool = False
    kind: FileKind = FileKind.PICTURE
    width: int = 0
    height: int = 0
    camera: str = ""
    taken: str = ""

    def __post_init__(self) -> None:
        require(bool(self.path) and "\0" not in self.path, "path", "the name of a file", self.path)
        require(self.size >= 0, "size", "bytes, 0 or more", self.size)
        digest = bool(re.fullmatch("[0-9a-f]{64}", self.sha256))
        require(digest, "sha256", "64 hexadecimal digits", self.sha256)

    def file(self) -> File:
        more = self.real_path, self.protected, self.kind, self.width, self.height, self.camera, self.taken
        return File(self.path, self.size, self.mtime_ns, self.sha256, 0, 0, 1, *more)


@dataclass(frozen=True, slots=True, kw_only=True)
class _MemberLine(_FileLine):
    relation: str
    probability: float
    explanation: str
    better: str = ""
    pair_of: str = ""

    def __post_init__(self) -> None:
        _FileLine.__post_init__(self)
        Relation.named(self.relation)
        require(0 <= self.probability <= 1, "probability", "a number from 0 to 1", self.probability)

    def member(self) -> Member:
        known = Relation(self.relation), self.probability, self.explanation
        return Member(self.file(), *known, better=self.better, pair_of=self.pair_of)


@dataclass(frozen=True, slots=True)
class _GroupLine:
    group: int
    reference: str
    reason: str
    reference_file: _FileLine
    members: tuple[_MemberLine, ...]

    def __post_init__(self) -> None:
        path = self.reference_file.path
        require(path == self.reference, "reference_file", "the file of reference", path)


_COLUMNS = (
    *("group", "role", "path", "size", "mtime_ns", "sha256"),
    *("relation", "probability", "hard_link_to", "text"),
)


def json_lines(
    groups: Iterable[Group], unreadable: Iterable[Unreadable], series: Iterable[ShotSeries] = ()
) -> Iterator[str]:
    """Yield one JSON object a line: every group, then every series, then every unreadable file.

    Bytes of a path that are not UTF-8 are written as the escapes \\udc80 to \\udcff (PEP 383), which `json.loads` and
    `os.fsencode` turn back, and each such path comes once more, exactly, as `path_base64` beside it.
    """
    for group in groups:
        value = group.to_dict()
        for file in (value["reference_file"], *value["members"]):
            _add_bytes(file, file["path"])
        yield _line(value)
    for one in series:
        value = one.to_dict()
        for shot in value["shots"]:
            _add_bytes(shot, shot["path"])
        yield _line(value)
    for item in unreadable:
        value = {"unreadable": item.path, "error": item.error}
        _add_bytes(value, item.path)
        yield _line(value)


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if _is_text(text) else json.dumps(value, ensure_ascii=True, allow_nan=False)


def _add_bytes(value: dict[str, Any], path: str) -> None:
    if not _is_text(path):
        value["path_base64"] = base64.b64encode(os.fsencode(path)).decode()


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'")
"""How a cell begins that a spreadsheet may compute; the same signs in full width; and what is put before them."""


def csv_lines(
    groups: Iterable[Group], unreadable: Iterable[Unreadable], series: Iterable[ShotSeries] = ()
) -> Iterator[str]:
    """Yield the rows of a CSV table (RFC 4180): a header, then one row for each file, by its role.

    Every cell is quoted. A text that a spreadsheet would take for a formula, or that begins with an apostrophe, comes
    with an apostrophe before it: https://owasp.org/www-community/attacks/CSV_Injection
    """
    yield _row(_COLUMNS)
    for group in groups:
        yield _row((group.number, "reference", *_cells(group.reference), "", "", "", group.reason))
        for member in group.members:
            verdict = str(member.relation), member.probability, member.hard_link_to, member.explanation
            yield _row((group.number, "member", *_cells(member.file), *verdict))
    for one in series:
        for shot in one.shots:
            yield _row((one.number, "shot", *_cells(shot.file), "", "", "", shot.text))
    for item in unreadable:
        yield _row(("", "unreadable", item.path, "", "", "", "", "", "", item.error))


def _cells(file: File) -> tuple[object, ...]:
    return file.path, file.size, file.mtime_ns, file.sha256


def _row(values: Iterable[object]) -> str:
    cells = (
        f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value for value in values
    )
    out = io.StringIO()
    csv.writer(out, lineterminator="", quoting=csv.QUOTE_ALL).writerow(cells)
    return out.getvalue()
