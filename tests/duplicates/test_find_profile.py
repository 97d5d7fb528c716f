"""find with a profile: members are those it lets through, and one cache serves every profile."""

from __future__ import annotations

from pathlib import Path

import pytest

import samepic
from samepic.duplicates.finder import Finder
from samepic.profile import Policy
from samepic.verdict import Relation
from tests.duplicates.find_scene import album, chain, names

HARSH = samepic.Profile("reframed", 0.9, 1.0, -12.0)
MILD = samepic.Profile("reframed", 0.2, 0.5, 0.0)


@pytest.fixture
def folder(tmp_path: Path, photos: dict[str, Path]) -> Path:
    album(tmp_path / "album", photos, ["chelsea"])
    return tmp_path / "album"


def search(
    folder: Path, cache: Path | None, profile: samepic.Profile | None
) -> tuple[list[samepic.Group], int]:
    finder = Finder([str(folder)], Policy(profile=profile), cache=cache)
    return finder.groups(), finder.compared


def test_members_are_as_probable_as_compare_says_with_the_same_profile(folder: Path) -> None:
    (group,) = samepic.find(folder, cache=False, profile=MILD)
    assert len(group.members) == 4
    for member in group.members:
        pair = group.reference.path, member.file.path
        verdicts = [samepic.compare(*pair, profile=MILD, prove=prove) for prove in (True, False)]
        assert all(verdict.same and verdict.relation == member.relation for verdict in verdicts)
        assert member.probability in [verdict.probability for verdict in verdicts]


def test_what_is_too_improbable_is_no_member(folder: Path) -> None:
    assert list(samepic.find(folder, cache=False, profile=HARSH)) == []


def test_the_profile_says_how_far_a_member_may_be_unless_the_caller_does(
    tmp_path: Path, astronaut: Path
) -> None:
    chain(tmp_path, astronaut)
    edited = samepic.Profile("edited")
    (group,) = samepic.find(tmp_path, cache=False, profile=edited)
    assert Relation.EDITED in {member.relation for member in group.members}
    assert names(samepic.find(tmp_path, cache=False, profile=edited, same_if="reframed")) == [
        ["a.png", "b.png"]
    ]


def test_one_cache_serves_every_profile_and_none_leaves_a_trace(folder: Path, tmp_path: Path) -> None:
    """Whatever was searched with before, the answer is that of no cache, and nothing is compared again."""
    cache = tmp_path / "cache" / "find.db"
    plain, compared = search(folder, cache, None)
    assert compared == 4
    uncached = {
        profile: search(folder, None, profile)[0] for profile in (HARSH, None, MILD, samepic.Profile())
    }
    for profile in (HARSH, None, MILD, HARSH, samepic.Profile(), None):
        assert search(folder, cache, profile)[0] == uncached[profile]
    assert search(folder, cache, MILD)[0] != plain == search(folder, cache, None)[0]
    assert search(folder, cache, MILD)[1] == 0


def test_a_cache_that_a_profile_filled_says_what_is_stated(folder: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache" / "find.db"
    search(folder, cache, MILD)
    groups, compared = search(folder, cache, None)
    assert (groups, compared) == (search(folder, None, None)[0], 0)


def test_a_profile_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(samepic.ProfileError):
        samepic.find(tmp_path, profile=tmp_path / "nowhere.json")
