"""Joining: exactly what searching for one query after another finds, with the native part and without."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from samepic import hamming
from samepic.fingerprints.pdq import dihedral, pdq_reference
from samepic.hamming import Codes, TurnedCodes
from samepic.native import native
from samepic.spark import joins
from samepic.spark.joins import CopyScan, CopyTables, JoinedPairs, PdqBands, PdqScan
from tests.fingerprints.pictures import golden_pictures

Uint8 = NDArray[np.uint8]
Triple = tuple[int, int, int]

each_path = settings(
    deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=["native", "NumPy"], autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Join by each way there is, few queries, probes and pairs at a time, so that a few of them fill several."""
    if request.param == "native" and native is None:
        pytest.skip("the native part was not built")
    for module in (hamming, joins):
        monkeypatch.setattr(module, "native", native if request.param == "native" else None)
    monkeypatch.setattr(joins, "_QUERIES", 5)
    monkeypatch.setattr(joins, "_STEP", 7)
    monkeypatch.setattr(joins, "_PROBES", 1000)
    monkeypatch.setattr(joins, "_FOUND", 50)
    monkeypatch.setattr(joins, "_BATCH", 100)


def triples(pairs: JoinedPairs) -> list[Triple]:
    assert all(column.dtype == np.int64 for column in pairs)
    columns = (pairs.queries.tolist(), pairs.distances.tolist(), pairs.rows.tolist())
    found = list(zip(*columns, strict=True))
    assert found == sorted(found)
    return found


def near(codes: Uint8, forms: Uint8, radius: int, below: NDArray[np.int64] | None = None) -> list[Triple]:
    """Return (query, distance, row) as TurnedCodes finds them, one query after another."""
    stored = TurnedCodes()
    stored.add(np.arange(len(codes)), codes)
    found = [stored.within(each.reshape(8, 32), radius) for each in forms]
    ends = [len(codes)] * len(forms) if below is None else below.tolist()
    return [
        (query, bits, row)
        for query, one in enumerate(found)
        for row, bits in zip(one.ids.tolist(), one.distances.tolist(), strict=True)
        if row < ends[query]
    ]


def nearest(codes: Uint8, queries: Uint8, k: int, radius: int) -> list[Triple]:
    """Return (query, distance, row) as Codes finds them, one query after another."""
    stored = Codes()
    stored.add(np.arange(len(codes)), codes)
    found = [stored.nearest(query, k) for query in queries]
    return [
        (query, bits, row)
        for query, one in enumerate(found)
        for row, bits in zip(one.ids.tolist(), one.distances.tolist(), strict=True)
        if bits <= radius
    ]


def forms_of(chance: np.random.Generator, count: int) -> Uint8:
    """Return the eight forms of random pictures, (count, 256)."""
    terms = chance.normal(chance.normal(0, 3, (count, 1, 1)), 40, (count, 16, 16)).astype(np.float32)
    return np.stack([dihedral(one).reshape(-1) for one in terms]) if count else np.empty((0, 256), np.uint8)


@cache
def real_forms() -> Uint8:
    """Return the eight forms of some pictures, (n, 256)."""
    return np.stack([pdq_reference(rgb).codes.reshape(-1) for rgb in list(golden_pictures().values())[:6]])


def flipped(chance: np.random.Generator, code: Uint8, bits: int) -> Uint8:
    seen = np.unpackbits(code)
    seen[chance.choice(256, bits, replace=False)] ^= 1
    return np.packbits(seen)


def planted(seed: int, queries: int, others: int, most: int) -> tuple[Uint8, Uint8]:
    """Return codes, each form of each query at up to `most` bits among them, and the forms of the queries."""
    chance = np.random.default_rng(seed)
    forms = forms_of(chance, queries)
    copies = [flipped(chance, each, int(chance.integers(0, most + 1))) for each in forms.reshape(-1, 32)]
    whole = np.concatenate(
        [chance.integers(0, 256, (others, 32), dtype=np.uint8), np.reshape(copies, (-1, 32)).astype(np.uint8)]
    )
    return whole[chance.permutation(len(whole))], forms


@each_path
@given(
    st.integers(0, 2**32 - 1), st.integers(0, 12), st.integers(0, 300), st.integers(-1, 256), st.booleans()
)
def test_a_scan_finds_what_searching_one_by_one_finds(
    seed: int, queries: int, others: int, radius: int, some: bool
) -> None:
    codes, forms = planted(seed, queries, others, 120)
    below = np.random.default_rng(seed).integers(-1, len(codes) + 2, queries) if some else None
    assert triples(PdqScan(codes).within(forms, radius, below)) == near(codes, forms, radius, below)


@each_path
@given(st.integers(0, 2**32 - 1), st.integers(0, 9), st.integers(0, 300), st.integers(0, 31), st.booleans())
def test_bands_find_what_a_scan_finds(seed: int, queries: int, others: int, radius: int, some: bool) -> None:
    codes, forms = planted(seed, queries, others, 33)
    below = np.random.default_rng(seed).integers(-1, len(codes) + 2, queries) if some else None
    found = triples(PdqBands(codes).within(forms, radius, below))
    assert found == triples(PdqScan(codes).within(forms, radius, below))


@pytest.mark.parametrize("radius", [0, 1, 2, 9, 31])
def test_every_distance_in_every_form_of_real_pictures_is_found(radius: int) -> None:
    forms, chance = real_forms(), np.random.default_rng(radius)
    codes = np.stack(
        [flipped(chance, form, bits) for form in forms.reshape(-1, 32) for bits in range(radius + 2)]
    )
    index = PdqBands(codes, radius)
    for asked in {0, radius // 2, radius}:
        found = triples(index.within(forms, asked))
        assert found == near(codes, forms, asked) and (found or asked == 0 or radius == 0)


def test_words_that_are_wholly_equal_or_opposite_are_counted_exactly_at_every_radius() -> None:
    # The sums of the native part end at -128 and 127; codes like these bring them there.
    place = np.arange(256)
    word = 3 - (place // 16 % 2 * 2 + place % 2)
    whole = {turned: np.packbits([turned >> w & 1 for w in word]) for turned in range(16)}
    chance = np.random.default_rng(5)
    start = chance.integers(0, 256, 32, dtype=np.uint8)
    order = (0, 0, 0b0110, 0b0110, 0b0011, 0b0101, 0b0011, 0b0101)
    forms = np.concatenate([start ^ whole[turned] for turned in order])[None]
    codes = np.stack(
        [flipped(chance, start ^ one, bits) for one in whole.values() for bits in (0, 0, 1, 2, 9, 30)]
    )
    scan = PdqScan(codes)
    for radius in range(257):
        assert triples(scan.within(forms, radius)) == near(codes, forms, radius)


@each_path
@given(st.integers(0, 2**32 - 1), st.integers(0, 90))
def test_bands_for_any_radius_are_exact(seed: int, radius: int) -> None:
    codes, forms = planted(seed, 3, 40, radius)
    assert triples(PdqBands(codes, radius).within(forms, radius)) == near(codes, forms, radius)


few = st.sampled_from((bytes(32), b"\xff" * 32, bytes(31) + b"\1", b"\xff" * 8 + bytes(24), bytes(range(32))))


@each_path
@given(st.lists(few, max_size=150), st.lists(few, min_size=8, max_size=24), st.integers(0, 256))
def test_forms_that_no_picture_has_and_equal_codes_are_joined_exactly(
    stored: list[bytes], asked: list[bytes], radius: int
) -> None:
    codes = np.frombuffer(b"".join(stored), np.uint8).reshape(-1, 32)
    forms = np.frombuffer(b"".join(asked[: len(asked) // 8 * 8]), np.uint8).reshape(-1, 256)
    wanted = near(codes, forms, radius)
    assert triples(PdqScan(codes).within(forms, radius)) == wanted
    found = PdqBands(codes, min(radius, 31)).within(forms, min(radius, 31))
    assert triples(found) == near(codes, forms, min(radius, 31))


@each_path
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 300),
    st.integers(0, 11),
    st.integers(1, 9),
    st.integers(-1, 256),
)
def test_the_nearest_are_those_that_searching_one_by_one_finds(
    seed: int, count: int, asked: int, k: int, radius: int
) -> None:
    chance = np.random.default_rng(seed)
    values = 2 if seed % 2 else 256
    codes, queries = (chance.integers(0, values, (n, 32), dtype=np.uint8) for n in (count, asked))
    queries[::3] = 255 - queries[::3]
    wanted = nearest(codes, queries, k, radius)
    assert triples(CopyScan(codes).nearest(queries, k, radius)) == wanted
    # Tables that look at each bit and let all of them differ find all.
    assert triples(CopyTables(codes, 2, 5, 5).nearest(queries, k, radius)) == wanted


def test_the_opposite_of_every_code_is_256_bits_away() -> None:
    codes = np.zeros((200, 32), np.uint8)
    found = CopyScan(codes).nearest(~codes[:3], 2, 256)
    assert triples(found) == [(query, 256, row) for query in range(3) for row in range(2)]
    assert triples(CopyScan(codes).nearest(~codes[:3], 2, 255)) == []


def test_tables_find_copies_that_are_near_and_nothing_twice() -> None:
    chance = np.random.default_rng(1)
    codes = chance.integers(0, 256, (3000, 32), dtype=np.uint8)
    queries = np.stack([flipped(chance, code, 20) for code in codes[:200]])
    found = CopyTables(codes).nearest(queries, 3, 60)
    assert found.queries.tolist() == found.rows.tolist() == list(range(200))
    assert set(found.distances.tolist()) == {20}


def test_what_does_not_fit_is_refused() -> None:
    codes, forms = np.zeros((3, 32), np.uint8), np.zeros((2, 256), np.uint8)
    with pytest.raises(ValueError, match=r"rows of 32 bytes, found \(3, 31\)"):
        PdqScan(codes[:, :31])
    with pytest.raises(ValueError, match=r"rows of 256 bytes, found \(3, 32\)"):
        PdqBands(codes).within(codes, 3)
    with pytest.raises(ValueError, match="expected one for each of 2 queries"):
        PdqScan(codes).within(forms, 3, np.zeros(3, np.int64))
    with pytest.raises(ValueError, match="at most 31, which the bands are for, found 32"):
        PdqBands(codes).within(forms, 32)
    with pytest.raises(ValueError, match="at least 0, found -1"):
        PdqBands(codes, -1)
    for index in (CopyScan(codes), CopyTables(codes)):
        with pytest.raises(ValueError, match="at least 1, found 0"):
            index.nearest(codes, 0, 95)
    with pytest.raises(ValueError, match="expected 1 to 25, found 26"):
        CopyTables(codes, 1, 26)


def probed(good: list[NDArray[Any]], wrong: dict[int, NDArray[Any]] | None = None, forms: int = 8) -> int:
    """Return how many pairs the native part finds, with some of its arrays replaced."""
    assert native is not None
    a, b, c, d, e, f, g, h, i, j = (dict(enumerate(good)) | (wrong or {})).values()
    return len(native.probe(a, b, c, d, e, f, g, h, i, j, forms, 0)) // 24


def test_what_does_not_fit_never_reaches_the_native_part() -> None:
    if native is None:
        pytest.skip("the native part was not built")
    codes, forms, one = np.zeros((4, 32), np.uint8), np.zeros(256, np.uint8), np.zeros(1, np.int64)
    wrong = ((codes.ravel()[:33], forms, one), (codes, forms[:255], one), (codes, forms, one[:0]))
    for stored, asked, below in wrong:
        with pytest.raises(ValueError, match="q queries of 256"):
            native.join_turned(stored, asked, below, 3)
    with pytest.raises(ValueError, match="aligned"):
        native.join_nearest(codes.ravel()[1:33], codes, 1, 3)
    with pytest.raises(ValueError, match="at least one place"):
        native.join_nearest(codes, codes, 0, 3)
    key, place = np.zeros(1, np.uint32), np.ones(1, np.uint64)
    starts = np.array([0, 4], np.uint32)
    rows = np.arange(4, dtype=np.uint32)
    good: list[NDArray[Any]] = [codes, forms, one + 9, one, key, key, place, key, starts, rows]
    assert probed(good) == 4
    # What the table says of places that are not there is not believed.
    assert probed(good, {9: np.array([0, 1, 9, 3], np.uint32)}) == 2
    assert probed(good, {8: np.array([0, 13], np.uint32)}) == 4
    assert probed(good, {7: key + np.uint32(7)}) == 0
    for at, wrong_one in ((3, one + 1), (3, one - 1), (4, key + np.uint32(64)), (5, key + np.uint32(64))):
        with pytest.raises(ValueError, match="fit each other"):
            probed(good, {at: wrong_one})
    with pytest.raises(ValueError, match="fit each other"):
        probed(good, forms=7)
