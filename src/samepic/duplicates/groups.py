"""Groups: copies of one picture around one reference, and the reports that hold them."""

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
    "NeighborSource",
    "ScanReport",
    "UnionFind",
    "accepted",
    "build_group",
    "clusters",
    "csv_lines",
    "file_facts",
    "json_lines",
    "make_member",
    "read_scan",
]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file as it was when it was read, to detect later changes.

    `path` is as `os.fsdecode` gives it; `size` is in bytes, `sha256` in hexadecimal digits.
    """

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

    `probability`, 0 to 1, is the chance that a person would call both the same picture; `hard_link_to` is the path in
    the group that is the same file on disk, or "". Reports that were read back have "" there.
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
        """The bytes that all files but the reference take; a hard link takes none."""
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


class NeighborSource(Protocol):
    """The candidates of each picture by index, with their distance."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Mapping[int, int]: ...


@dataclass(slots=True)
class GroupDraft:
    """A reference and its members by index with their verdicts; `proven` is why it is the original, or ""."""

    reference: int
    verdicts: dict[int, CachedVerdict] = field(default_factory=dict)
    proven: str = ""


class UnionFind:
    """Disjoint sets of the numbers under `size`. One thread may join while others ask for roots."""

    def __init__(self, size: int, clusters: Iterable[list[int]] = ()) -> None:
        self._parents = list(range(size))
        for cluster in clusters:
            for index in cluster:
                self._parents[index] = cluster[0]

    def root(self, index: int) -> int:
        """Return the least number of the set that holds `index`."""
        parents = self._parents
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    def join(self, a: int, b: int) -> None:
        """Join the sets that hold `a` and `b`."""
        a, b = sorted((self.root(a), self.root(b)))
        self._parents[b] = a

    def clusters(self) -> list[list[int]]:
        """Return the sets of two or more numbers, each in order, by their least number."""
        found: dict[int, list[int]] = {}
        for index in range(len(self._parents)):
            found.setdefault(self.root(index), []).append(index)
        return [cluster for cluster in found.values() if len(cluster) > 1]


def clusters(candidates: NeighborSource) -> list[list[int]]:
    """Return the connected components of two or more pictures, each in order."""
    sets = UnionFind(len(candidates))
    for index in range(len(candidates)):
        for other in candidates[index]:
            sets.join(index, other)
    return sets.clusters()


@dataclass(slots=True, eq=False)
class GroupBuilder:
    """Groups the pictures of one cluster around references.

    `candidates` are those of each picture by index with their distance; `merits` are those of the readable pictures;
    `verdict_of` returns the verdict on the second index against the first, None where one of them turns out to be
    unreadable and leaves `merits`. `policy` decides what is the same; verdicts are not rescaled by its profile yet,
    so that one cache serves every profile. A reference stops after COLLECTION.misses different pictures in a row:
    otherwise n pages of one layout, all near each other, would take n² comparisons. `skipped` counts such pairs.
    """

    candidates: NeighborSource
    merits: Mapping[int, Merit]
    verdict_of: Callable[[int, int], CachedVerdict | None]
    policy: Policy
    skipped: int = 0

    def drafts(self, cluster: Iterable[int]) -> Iterator[GroupDraft]:
        """Yield the groups of a cluster, best reference first.

        The best remaining picture is compared with its remaining candidates, nearest first. A member that proves to
        be the original becomes the reference, and all are compared with it instead.
        """
        order = sorted(
            (index for index in cluster if index in self.merits),
            key=lambda index: self.merits[index].order(index),
        )
        remaining = set(order)
        for first in order:
            while first in remaining and first in self.merits:
                draft, rejected = GroupDraft(first), {first}
                while (original := self._fill(draft, remaining, rejected)) is not None:
                    rejected.add(original[0])
                    draft = GroupDraft(original[0], proven=original[1])
                if draft.verdicts:
                    yield draft
                remaining -= {draft.reference, *draft.verdicts}

    def _fill(self, draft: GroupDraft, remaining: set[int], rejected: set[int]) -> tuple[int, str] | None:
        """Add members to the draft; return the member that is the original instead and why, if there is one.

        The candidates of members are compared with the reference too: a border or a caption moves the code of the
        reference far from copies that are near its members.
        """
        compared, misses = {draft.reference}, 0
        queue = self._nearest([draft.reference], remaining, compared)
        while queue:
            added: list[int] = []
            for place, other in enumerate(queue):
                if other in compared or not {draft.reference, other} <= self.merits.keys():
                    continue
                if misses >= COLLECTION.misses:
                    self.skipped += len(queue) - place
                    return None
                compared.add(other)
                verdict = self._accepted(draft.reference, other)
                if verdict is None:
                    misses += 1
                    continue
                misses = 0
                merits = self.merits
                reason = (
                    why_original(merits[draft.reference], merits[other], verdict)
                    if other not in rejected
                    else ""
                )
                if reason:
                    return other, reason
                draft.verdicts[other] = verdict
                added.append(other)
            queue = self._nearest(added, remaining, compared)
        return None

    def _nearest(self, indices: Iterable[int], among: set[int], compared: set[int]) -> list[int]:
        """Return the candidates of `indices` in `among` that are not in `compared`, nearest first."""
        found: dict[int, int] = {}
        pending = among - compared
        # In a crowd where all are near each other, nothing is open after the first time.
        for index in indices if pending else ():
            for other, bits in self.candidates[index].items():
                if other in pending:
                    found[other] = min(bits, found.get(other, bits))
        return sorted(found, key=lambda other: (found[other], other))

    def _accepted(self, reference: int, other: int) -> CachedVerdict | None:
        verdict = self.verdict_of(reference, other)
        return None if verdict is None else accepted(verdict, self.policy)


def accepted(verdict: CachedVerdict, policy: Policy) -> CachedVerdict | None:
    """Return a verdict with its probability rescaled; None where it is not the same picture."""
    relation = Relation(verdict.relation)
    probability = policy.probability(relation, verdict.probability)
    return replace(verdict, probability=probability) if policy.same(relation, probability) else None


def build_group(
    number: int, draft: GroupDraft, items: list[DistinctPicture], merits: Mapping[int, Merit]
) -> Group:
    """Return the group of a draft, or of one item with several files, its members by path."""
    item = items[draft.reference]
    files = sorted(item.files, key=_path_key)
    first = files[0]
    rest: list[tuple[FoundFile, str, CachedVerdict]] = [
        (file, item.sha256, CachedVerdict(Relation.SAME_FILE, 1.0, BYTE_FOR_BYTE, "")) for file in files[1:]
    ]
    for index, verdict in draft.verdicts.items():
        rest += [(file, items[index].sha256, verdict) for file in items[index].files]
    rest.sort(key=lambda row: _path_key(row[0]))
    links = {first.node: first.path}
    members = tuple(make_member(file, sha256, verdict, links) for file, sha256, verdict in rest)
    others = [merits[index] for index in draft.verdicts]
    reason = why_best(merits[draft.reference], others, proven=draft.proven) if others else SAME_BYTES
    return Group(number, file_facts(first, item.sha256), reason, members)


SAME_BYTES = "identical files; first by path"
"""The reason for the reference of a group of identical files."""

BYTE_FOR_BYTE = "the same file, byte for byte"
"""The explanation of a member with the bytes of the reference."""


def make_member(
    file: FoundFile, sha256: str, verdict: CachedVerdict, links: dict[tuple[int, int], str]
) -> Member:
    """Return a file as a member; `links` are the paths of its group so far by node."""
    link = links.get(file.node, "") if file.links > 1 else ""
    links.setdefault(file.node, file.path)
    explanation = verdict.explanation if not link else "the same file on disk (a hard link)"
    return Member(
        file_facts(file, sha256), Relation(verdict.relation), verdict.probability, explanation, link
    )


def file_facts(file: FoundFile, sha256: str) -> FileFacts:
    """Return the facts to detect later changes of a file."""
    return FileFacts(file.path, file.size, file.mtime_ns, sha256)


def _path_key(file: FoundFile) -> bytes:
    return os.fsencode(file.path)


@dataclass(frozen=True, slots=True)
class ScanReport:
    """What one run of `samepic find` found.

    `unreadable` are (path, error); `made_ns` is when the report was written, in nanoseconds since 1970, or
    None where that is not known.
    """

    groups: tuple[Group, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    made_ns: int | None = field(default=None, compare=False)


def read_scan(lines: Iterable[bytes], name: str, *, made_ns: int | None = None) -> ScanReport:
    """Read the lines of a report that is called `name` in messages.

    Raises ReportError, with the line, for anything of another shape.
    """
    groups: list[Group] = []
    unreadable: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        entry = _Fields(_parse(line, f"{name}: line {number}"), f"{name}: line {number}")
        if "unreadable" in entry.fields:
            unreadable.append((entry.text("unreadable"), entry.text("error")))
        else:
            groups.append(_group(entry))
    return ScanReport(tuple(groups), tuple(unreadable), made_ns)


def _parse(line: bytes, where: str) -> object:
    try:
        return json.loads(line.decode("utf-8", "surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{where}: expected one JSON object of samepic find --json, found {error}"
        ) from None


class _Fields:
    """The fields of one object, read by name and type."""

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise ReportError(f"{where}: expected an object, found {_shorten(value)}")
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

    def _get(self, name: str, expected: str, fits: Callable[[Any], bool]) -> object:
        if name not in self.fields:
            raise ReportError(f"{self.where}: expected {name}: {expected}, found none")
        value = self.fields[name]
        if not fits(value):
            raise ReportError(f"{self.where}: expected {name}: {expected}, found {_shorten(value)}")
        return value


def _shorten(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:40] + "..."


def _group(entry: _Fields) -> Group:
    reference = _file(entry.below("reference_file"))
    if reference.path != entry.text("reference"):
        raise ReportError(
            f"{entry.where}: expected reference_file: the file of reference, found another path"
        )
    members = tuple(
        _member(_Fields(item, f"{entry.where}: member {number}"))
        for number, item in enumerate(entry.items("members"), 1)
    )
    return Group(entry.whole("group"), reference, entry.text("reason"), members)


def _member(entry: _Fields) -> Member:
    try:
        relation = Relation.named(entry.text("relation"))
    except ProfileError as error:
        raise ReportError(f"{entry.where}: {error}") from None
    return Member(_file(entry), relation, entry.number("probability"), entry.text("explanation"))


def _file(entry: _Fields) -> FileFacts:
    path, digest, size = entry.text("path"), entry.text("sha256"), entry.whole("size")
    if not path or "\0" in path:
        raise ReportError(f"{entry.where}: expected path: the name of a file, found {_shorten(path)}")
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise ReportError(f"{entry.where}: expected sha256: 64 hexadecimal digits, found {_shorten(digest)}")
    if size < 0:
        raise ReportError(f"{entry.where}: expected size: bytes, 0 or more, found {size}")
    return FileFacts(path, size, entry.whole("mtime_ns"), digest)


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

    Bytes of a path that are not UTF-8 are written as the escapes \\udc80 to \\udcff (PEP 383), which `json.loads` and
    `os.fsencode` turn back, and each such path comes once more, exactly, as `path_base64` beside it.
    """
    for group in groups:
        value = group.to_dict()
        for file in (value["reference_file"], *value["members"]):
            _add_bytes(file)
        yield _line(value)
    for item in unreadable:
        value = {"unreadable": item.path, "error": item.error}
        if not _is_text(item.path):
            value["path_base64"] = _base64(item.path)
        yield _line(value)


def _line(value: Mapping[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return text if _is_text(text) else json.dumps(value, ensure_ascii=True, allow_nan=False)


def _add_bytes(file: dict[str, Any]) -> None:
    if not _is_text(file["path"]):
        file["path_base64"] = _base64(file["path"])


def _base64(path: str) -> str:
    return base64.b64encode(os.fsencode(path)).decode()


def _is_text(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def csv_lines(groups: Iterable[Group], unreadable: Iterable[Unreadable]) -> Iterator[str]:
    """Yield the lines of a CSV table (RFC 4180): a header, then one row for each file.

    `role` is "reference", "member" or "unreadable"; `text` is the reason, the explanation or the error.
    """
    yield _row(_COLUMNS)
    for group in groups:
        yield _row((group.number, "reference", *_cells(group.reference), "", "", "", group.reason))
        for member in group.members:
            verdict = str(member.relation), member.probability, member.hard_link_to, member.explanation
            yield _row((group.number, "member", *_cells(member.file), *verdict))
    for item in unreadable:
        yield _row(("", "unreadable", item.path, "", "", "", "", "", "", item.error))


def _cells(file: FileFacts) -> tuple[object, ...]:
    return file.path, file.size, file.mtime_ns, file.sha256


def _row(values: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(values)
    return out.getvalue()
