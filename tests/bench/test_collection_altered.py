"""What the benchmark of find on altered copies counts as found, missed and wrong."""

from __future__ import annotations

from pathlib import Path

from bench.collection_altered import ALTERATIONS, EDITS, Copy, Tally, count, others_in
from bench.families import FAMILIES


def _copy(kind: str = "mirrored", *, reachable: bool = True) -> Copy:
    return Copy(kind, Path("photos/p0001-0.jpg"), Path("photos/p0001-x06"), 12, reachable)


TOGETHER = {"photos/p0001-0.jpg": 3, "photos/p0001-x06": 3}
APART = {"photos/p0001-0.jpg": 3, "photos/p0001-x06": 4}


def _tally(copy: Copy, same_if: str, numbers: dict[str, int]) -> tuple[int, int, int]:
    tally = Tally()
    count(tally, copy, {same_if: numbers})
    return tally.found[same_if], tally.beyond[same_if], len(tally.missed.get(same_if, []))


def test_every_alteration_is_one_that_the_families_have() -> None:
    for _, family, level in ALTERATIONS:
        assert not level or level in FAMILIES[family], (family, level)
    assert set(EDITS) <= {kind for kind, _, _ in ALTERATIONS}


def test_a_copy_is_found_only_in_the_group_of_its_original() -> None:
    assert _tally(_copy(), "reframed", TOGETHER) == (1, 0, 0)
    assert _tally(_copy(), "reframed", APART) == (0, 0, 1)
    assert _tally(_copy(), "reframed", {}) == (0, 0, 1)


def test_what_the_codes_cannot_reach_is_not_missed_but_counted_apart_where_it_is_found() -> None:
    assert _tally(_copy(reachable=False), "reframed", APART) == (0, 0, 0)
    assert _tally(_copy(reachable=False), "reframed", TOGETHER) == (0, 1, 0)


def test_an_edited_copy_is_missed_only_where_edited_counts_as_the_same() -> None:
    assert _tally(_copy("caption inside"), "reframed", {}) == (0, 0, 0)
    assert _tally(_copy("caption inside"), "edited", {}) == (0, 0, 1)


def test_a_member_is_wrong_where_it_shows_another_original_than_the_reference() -> None:
    group = ["photos/p0001-0.jpg", "photos/p0001-x06", "photos/p0002-0.jpg", "sameplace/0001-a.jpg"]
    assert list(others_in([group])) == [
        ("photos/p0002-0.jpg", "photos/p0001-0.jpg"),
        ("sameplace/0001-a.jpg", "photos/p0001-0.jpg"),
    ]
