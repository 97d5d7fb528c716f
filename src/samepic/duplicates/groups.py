"""Groups: copies of one picture round one reference, written as a report and read back with every line checked."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from samepic.duplicates.cache import CachedVerdict
from samepic.duplicates.quality import Merit, why_best, why_original
from samepic.duplicates.scan import DistinctPicture
from samepic.duplicates.walk import FoundFile, Unreadable
from samepic.errors import ProfileError, ReportError
from samepic.limits import COLLECTION
from samepic.profile import Policy
from samepic.verdict import Relation

__all__ = [
    "BYTE_FOR_BYTE",
    "SAME_BYTES",
    "FileFacts",
    "Group",
    "GroupBuilder",
    "GroupDraft",
    "Member",
    "Neighbours",
    "ScanReport",
    "ScannedFile",
    "ScannedGroup",
    "ScannedMember",
    "clusters",
    "counted",
    "csv_lines",
    "facts",
    "json_lines",
    "made_group",
    "member",
    "read_scan",
]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when it was read: what tells whether it has changed since."""

    path: str
    size: int
    mtime_ns: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a group and what it is to the reference.

    `probability`, 0 to 1, is the chance that a person would call the two the same picture; `hard_link_to` is the
    path in the group that is the same file on disk, or "".
    """

    file: FileFacts
    relation: Relation
    probability: float
    explanation: str
    hard_link_to: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the contract's JSON shape."""
        return {
            **self.file.to_dict(),
            "relation": str(self.relation),
            "probability": self.probability,
            "explanation": self.explanation,
            "hard_link_to": self.hard_link_to or None,
        }


@dataclass(frozen=True, slots=True)
class Group:
    """One picture: the best file of it, the `reason` why it is the best, and every other file of it by path."""

    number: int
    reference: FileFacts
    reason: str
    members: tuple[Member, ...]

    @property
    def wasted(self) -> int:
        """The bytes that would be won if only the reference were kept; a hard link wins nothing."""
        return sum(member.file.size for member in self.members if not member.hard_link_to)

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


class Neighbours(Protocol):
    """The candidates of each picture by index, with their distance."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Mapping[int, int]: ...


@dataclass(slots=True)
class GroupDraft:
    """A reference and its members by index, with what was said of each; `proven` is why it is the original, or ""."""

    reference: int
    said: dict[int, CachedVerdict] = field(default_factory=dict)
    proven: str = ""


def clusters(near: Neighbours) -> list[list[int]]:
    """Return the connected parts of the graph of candidates that hold two or more, each in order."""
    met, found = [False] * len(near), []
    for start in range(len(near)):
        if met[start] or not near[start]:
            continue
        met[start], part, ahead = True, [], [start]
        while ahead:
            here = ahead.pop()
            part.append(here)
            for other in near[here]:
                if not met[other]:
                    met[other] = True
                    ahead.append(other)
        found.append(sorted(part))
    return found


@dataclass(slots=True, eq=False)
class GroupBuilder:
    """How the pictures of one cluster are gathered round references.

    `near` are the candidates of each picture by index with their distance; `merits` what is known of each picture,
    without those that cannot be read; `say` tells what the second of two is to the first, None where one of them
    turns out to be unreadable, which then leaves `merits`. `policy` decides whether that is the same; what is said
    has not gone through its profile yet, so that one cache serves every profile. A reference is done with after
    COLLECTION.misses candidates in a row that are other pictures: pages of one layout are all near each other, and
    laying each on each would take the square of their number. `passed` counts the pairs so passed over.
    """

    near: Neighbours
    merits: Mapping[int, Merit]
    say: Callable[[int, int], CachedVerdict | None]
    policy: Policy
    passed: int = 0

    def stars(self, cluster: Iterable[int]) -> Iterator[GroupDraft]:
        """Yield the groups of a cluster, best reference first.

        The best picture left is laid against each of its candidates that are left, nearest first. A member that
        proves to be the original takes the reference's place, and all are laid against it instead.
        """
        order = sorted(
            (index for index in cluster if index in self.merits),
            key=lambda index: self.merits[index].order(index),
        )
        left = set(order)
        for first in order:
            while first in left and first in self.merits:
                star, tried = GroupDraft(first), {first}
                while (original := self._gather(star, left, tried)) is not None:
                    tried.add(original[0])
                    star = GroupDraft(original[0], proven=original[1])
                if star.said:
                    yield star
                left -= {star.reference, *star.said}

    def _gather(self, star: GroupDraft, left: set[int], tried: set[int]) -> tuple[int, str] | None:
        """Fill the star; return the member that is the original instead and why, if one is.

        The candidates of members are laid against the reference too, after its own: a border or a caption takes the
        reference's code far from copies that its members are near to.
        """
        asked, missed = {star.reference}, 0
        ahead = self._nearest([star.reference], left, asked)
        while ahead:
            met: list[int] = []
            for place, other in enumerate(ahead):
                if other in asked or not {star.reference, other} <= self.merits.keys():
                    continue
                if missed >= COLLECTION.misses:
                    self.passed += len(ahead) - place
                    return None
                asked.add(other)
                said = self._heard(star.reference, other)
                if said is None:
                    missed += 1
                    continue
                missed = 0
                known = self.merits
                why = why_original(known[star.reference], known[other], said) if other not in tried else ""
                if why:
                    return other, why
                star.said[other] = said
                met.append(other)
            ahead = self._nearest(met, left, asked)
        return None

    def _nearest(self, indices: Iterable[int], among: set[int], asked: set[int]) -> list[int]:
        """Return those of `among`, the `asked` apart, that are candidates of any of `indices`, nearest first."""
        found: dict[int, int] = {}
        wanted = among - asked
        # Of a crowd that is all near each other nobody is left after the first time.
        for index in indices if wanted else ():
            for other, bits in self.near[index].items():
                if other in wanted:
                    found[other] = min(bits, found.get(other, bits))
        return sorted(found, key=lambda other: (found[other], other))

    def _heard(self, reference: int, other: int) -> CachedVerdict | None:
        said = self.say(reference, other)
        return None if said is None else counted(said, self.policy)


def counted(said: CachedVerdict, policy: Policy) -> CachedVerdict | None:
    """Return what was said, its probability rescaled; None where that is not the same."""
    relation = Relation(said.relation)
    probability = policy.probability(relation, said.probability)
    return replace(said, probability=probability) if policy.same(relation, probability) else None


def made_group(
    number: int, star: GroupDraft, items: list[DistinctPicture], merits: Mapping[int, Merit]
) -> Group:
    """Return the group of a star, or of one item with several files, its members by path."""
    item = items[star.reference]
    files = sorted(item.files, key=_by_path)
    first = files[0]
    rest: list[tuple[FoundFile, str, CachedVerdict]] = [
        (entry, item.sha256, CachedVerdict(Relation.SAME_FILE, 1.0, BYTE_FOR_BYTE, "")) for entry in files[1:]
    ]
    for index, said in star.said.items():
        rest += [(entry, items[index].sha256, said) for entry in items[index].files]
    rest.sort(key=lambda one: _by_path(one[0]))
    links = {first.node: first.path}
    members = tuple(member(entry, sha256, said, links) for entry, sha256, said in rest)
    others = [merits[index] for index in star.said]
    reason = why_best(merits[star.reference], others, proven=star.proven) if others else SAME_BYTES
    return Group(number, facts(first, item.sha256), reason, members)


SAME_BYTES = "the same bytes in all: first by path"
"""The reason for a reference that was best in nothing."""

BYTE_FOR_BYTE = "the same file, byte for byte"
"""What is said of a member with the bytes of the reference."""


def member(entry: FoundFile, sha256: str, said: CachedVerdict, links: dict[tuple[int, int], str]) -> Member:
    """Return a file as a member; `links` are the files of its group so far by what hard links have in common."""
    link = links.get(entry.node, "") if entry.links > 1 else ""
    links.setdefault(entry.node, entry.path)
    explanation = said.explanation if not link else "the same file on disk (a hard link)"
    return Member(facts(entry, sha256), Relation(said.relation), said.probability, explanation, link)


def facts(entry: FoundFile, sha256: str) -> FileFacts:
    """Return what tells whether a file has changed."""
    return FileFacts(entry.path, entry.size, entry.mtime_ns, sha256)


def _by_path(entry: FoundFile) -> bytes:
    return os.fsencode(entry.path)


@dataclass(frozen=True, slots=True)
class ScannedFile:
    """A file as the scan saw it: `path` as `os.fsdecode` gives it, bytes, nanoseconds, hexadecimal digest."""

    path: str
    size: int
    mtime_ns: int
    sha256: str

    def to_dict(self) -> dict[str, Any]:
        """Return the file in the shape of the report."""
        return {"path": self.path, "size": self.size, "mtime_ns": self.mtime_ns, "sha256": self.sha256}


@dataclass(frozen=True, slots=True)
class ScannedMember:
    """A file that was verified against the reference of its group, and what it is to it."""

    file: ScannedFile
    relation: Relation
    probability: float
    explanation: str


@dataclass(frozen=True, slots=True)
class ScannedGroup:
    """A reference, the reason why it is the best of its group, and the members (the reference is none)."""

    number: int
    reference: ScannedFile
    reason: str
    members: tuple[ScannedMember, ...]


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one run of `samepic find` found.

    `unreadable` are (path, error); `made_ns` is when the report was written, in nanoseconds since 1970, or
    None where that is not known.
    """

    groups: tuple[ScannedGroup, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    made_ns: int | None = field(default=None, compare=False)


def read_scan(lines: Iterable[bytes], name: str, *, made_ns: int | None = None) -> ScanReport:
    """Read the lines of a report that is called `name` in messages.

    Raises ReportError, with the line, what was wanted and what came, for anything of another shape.
    """
    groups: list[ScannedGroup] = []
    unreadable: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = _Fields(_parsed(line, f"{name}: line {number}"), f"{name}: line {number}")
        if "unreadable" in entry.fields:
            unreadable.append((entry.text("unreadable"), entry.text("error")))
        else:
            groups.append(_group(entry))
    return ScanReport(tuple(groups), tuple(unreadable), made_ns)


def _parsed(line: bytes, where: str) -> object:
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{where}: wanted one JSON object of samepic find --json, got {error}") from None


class _Fields:
    """The fields of one object, asked for by name and kind."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise ReportError(f"{where}: wanted an object, got {_shown(value)}")
        self.fields: dict[str, object] = value
        self.where = where

    def text(self, name: str) -> str:
        value = self._get(name, "a text", lambda v: isinstance(v, str))
        assert isinstance(value, str)
        return value

    def whole(self, name: str) -> int:
        value = self._get(name, "a whole number", lambda v: type(v) is int)
        assert isinstance(value, int)
        return value

    def number(self, name: str) -> float:
        value = self._get(name, "a number from 0 to 1", lambda v: type(v) in (int, float) and 0 <= v <= 1)
        assert isinstance(value, (int, float))
        return float(value)

    def items(self, name: str) -> list[Any]:
        value = self._get(name, "a list", lambda v: isinstance(v, list))
        assert isinstance(value, list)
        return value

    def below(self, name: str) -> _Fields:
        return _Fields(self._get(name, "an object", lambda v: isinstance(v, dict)), f"{self.where}: {name}")

    def _get(self, name: str, wanted: str, fits: Callable[[Any], bool]) -> object:
        if name not in self.fields:
            raise ReportError(f"{self.where}: wanted {name}: {wanted}, got none")
        value = self.fields[name]
        if not fits(value):
            raise ReportError(f"{self.where}: wanted {name}: {wanted}, got {_shown(value)}")
        return value


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _group(entry: _Fields) -> ScannedGroup:
    reference = _file(entry.below("reference_file"))
    if reference.path != entry.text("reference"):
        raise ReportError(f"{entry.where}: wanted reference_file: the file of reference, got another path")
    members = tuple(
        _member(_Fields(item, f"{entry.where}: member {number}"))
        for number, item in enumerate(entry.items("members"), 1)
    )
    return ScannedGroup(entry.whole("group"), reference, entry.text("reason"), members)


def _member(entry: _Fields) -> ScannedMember:
    try:
        relation = Relation.named(entry.text("relation"))
    except ProfileError as error:
        raise ReportError(f"{entry.where}: {error}") from None
    return ScannedMember(_file(entry), relation, entry.number("probability"), entry.text("explanation"))


def _file(entry: _Fields) -> ScannedFile:
    path, digest, size = entry.text("path"), entry.text("sha256"), entry.whole("size")
    if not path or "\0" in path:
        raise ReportError(f"{entry.where}: wanted path: the name of a file, got {_shown(path)}")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ReportError(f"{entry.where}: wanted sha256: 64 hexadecimal digits, got {_shown(digest)}")
    if size < 0:
        raise ReportError(f"{entry.where}: wanted size: bytes, 0 or more, got {size}")
    return ScannedFile(path, size, entry.whole("mtime_ns"), digest)


_COLUMNS = (
    "group",
    "role",
    "path",
    "size",
    "mtime_ns",
    "sha256",
    "relation",
    "probability",
    "hard_link_to",
    "text",
)


def json_lines(groups: Iterable[Group], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield one JSON object a line: every group, then every unreadable file.

    Bytes of a path that are no UTF-8 are written as the escapes \\udc80 to \\udcff (PEP 383), which `json.loads` and
    `os.fsencode` turn back, and each such path comes once more, exactly, as `path_base64` beside it.
    """
    for group in groups:
        value = group.to_dict()
        for facts in (value["reference_file"], *value["members"]):
            _add_bytes(facts)
        yield _line(value)
    for one in unreadable:
        value = {"unreadable": one.path, "error": one.error}
        if not _is_text(one.path):
            value["path_base64"] = _base64(one.path)
        yield _line(value)


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if _is_text(text) else json.dumps(value, ensure_ascii=True, allow_nan=False)


def _add_bytes(facts: dict[str, Any]) -> None:
    if not _is_text(facts["path"]):
        facts["path_base64"] = _base64(facts["path"])


def _base64(path: str) -> str:
    return base64.b64encode(os.fsencode(path)).decode()


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def csv_lines(groups: Iterable[Group], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield the lines of a CSV table (RFC 4180): a head, then one row for each file.

    `role` is "reference", "member" or "unreadable"; `text` is the reason, the explanation or the error.
    """
    yield _row(_COLUMNS)
    for group in groups:
        best = group.reference
        yield _row(
            (
                group.number,
                "reference",
                best.path,
                best.size,
                best.mtime_ns,
                best.sha256,
                "",
                "",
                "",
                group.reason,
            )
        )
        for member in group.members:
            file = member.file
            facts = (
                file.path,
                file.size,
                file.mtime_ns,
                file.sha256,
                str(member.relation),
                member.probability,
            )
            yield _row((group.number, "member", *facts, member.hard_link_to, member.explanation))
    for one in unreadable:
        yield _row(("", "unreadable", one.path, "", "", "", "", "", "", one.error))


def _row(values: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()
