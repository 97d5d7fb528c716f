"""Search: exactly what counting every bit of every code by hand gives, with the native part and without."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from samepic import hamming
from samepic.fingerprints.pdq import dihedral
from samepic.hamming import Codes, TurnedCodes
from samepic.native import native

Pairs = list[tuple[int, int]]


def oracle(stored: list[tuple[int, bytes]], query: bytes) -> Pairs:
    """Return (distance, id) of every stored code, sorted."""
    number = int.from_bytes(query)
    return sorted(((int.from_bytes(code) ^ number).bit_count(), key) for key, code in stored)


def pairs(found: hamming.Neighbors) -> Pairs:
    return list(zip(found.distances.tolist(), found.ids.tolist(), strict=True))


def filled(stored: list[tuple[int, bytes]]) -> Codes:
    codes = Codes()
    codes.add([key for key, _ in stored], b"".join(code for _, code in stored))
    return codes


def random_codes(n: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (n, 32), dtype=np.uint8)


@pytest.fixture(params=["native", "NumPy"], autouse=True)
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Search by each way there is, and cut the codes into blocks of 7, so that a few codes fill several."""
    if request.param == "native" and native is None:
        pytest.skip("the native part was not built")
    monkeypatch.setattr(hamming, "native", native if request.param == "native" else None)
    monkeypatch.setattr(hamming, "_BLOCK", 7)


# Few bytes in few places: ties, equal codes and the full 256 bits come up often.
words = st.one_of(
    st.binary(min_size=32, max_size=32),
    st.sampled_from(
        (bytes(32), b"\xff" * 32, bytes(31) + b"\1", b"\xff" * 31 + b"\xfe", b"\xff" * 8 + bytes(24))
    ),
)
each_path = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
stores = st.lists(st.tuples(st.integers(-5, 5), words), max_size=40)


def test_bits_are_sorted_into_words_by_the_parity_of_their_row_and_column() -> None:
    codes = random_codes(50)
    bits = np.unpackbits(codes, axis=1).reshape(-1, 16, 16)
    wanted = [bits[:, row::2, column::2].reshape(-1, 64) for row in (1, 0) for column in (1, 0)]
    assert (hamming.by_parity(codes) == np.packbits(np.concatenate(wanted, axis=1), axis=1)).all()


@each_path
@given(stores, words, st.integers(1, 45))
def test_the_nearest_are_those_of_the_oracle(stored: list[tuple[int, bytes]], query: bytes, k: int) -> None:
    assert pairs(filled(stored).nearest(query, k)) == oracle(stored, query)[:k]


@each_path
@given(stores, words, st.integers(-1, 257))
def test_those_within_a_radius_are_those_of_the_oracle(
    stored: list[tuple[int, bytes]], query: bytes, radius: int
) -> None:
    wanted = [pair for pair in oracle(stored, query) if pair[0] <= radius]
    assert pairs(filled(stored).within(query, radius)) == wanted


@each_path
@given(stores, st.lists(st.integers(-5, 5), max_size=4), words)
def test_what_was_removed_is_not_found_and_all_else_is(
    stored: list[tuple[int, bytes]], gone: list[int], query: bytes
) -> None:
    codes = filled(stored)
    for key in gone:
        had = sum(1 for k, _ in stored if k == key)
        assert codes.remove(key) == had
        stored = [(k, code) for k, code in stored if k != key]
    assert len(codes) == len(stored)
    assert pairs(codes.within(query, 256)) == oracle(stored, query)


def test_the_search_is_exact_over_whole_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hamming, "_BLOCK", 1 << 15)
    raw = random_codes(70_000)
    codes = Codes()
    codes.add(np.arange(70_000), raw)
    stored = [(i, raw[i].tobytes()) for i in range(70_000)]
    for query in (raw[12_345].tobytes(), bytes(32), random_codes(1, seed=9).tobytes()):
        wanted = oracle(stored, query)
        assert pairs(codes.nearest(query, 10)) == wanted[:10]
        assert pairs(codes.within(query, 100)) == [pair for pair in wanted if pair[0] <= 100]


def test_codes_added_one_by_one_are_found_like_those_added_at_once() -> None:
    raw = random_codes(50)
    together, singly = Codes(), Codes()
    together.add(range(50), raw)
    for i in range(50):
        singly.add([i], raw[i])
    assert pairs(together.within(bytes(32), 256)) == pairs(singly.within(bytes(32), 256))
    assert len(singly) == 50


def test_the_opposite_of_every_code_is_256_bits_away_and_not_0() -> None:
    codes = Codes()
    codes.add(range(9), bytes(32 * 9))
    assert pairs(codes.nearest(b"\xff" * 32, 2)) == [(256, 0), (256, 1)]
    assert pairs(codes.within(b"\xff" * 32, 255)) == []


def test_an_empty_set_finds_nothing() -> None:
    assert pairs(Codes().nearest(bytes(32), 3)) == []
    assert pairs(Codes().within(bytes(32), 256)) == []
    assert Codes().remove(1) == 0


def test_wrong_lengths_are_refused() -> None:
    codes = Codes()
    with pytest.raises(ValueError, match="one for each id, found 2"):
        codes.add([1], bytes(64))
    with pytest.raises(ValueError, match="found 33 bytes in all"):
        codes.add([1], bytes(33))
    with pytest.raises(ValueError, match="a query of 32 bytes, found 64"):
        codes.nearest(bytes(64), 1)
    with pytest.raises(ValueError, match="k: expected at least 1, found 0"):
        codes.nearest(bytes(32), 0)


def test_wrong_lengths_never_reach_the_native_part() -> None:
    if native is None:
        pytest.skip("the native part was not built")
    wrong = (
        (bytes(64), bytes(8), bytes(32)),
        (bytes(32), bytes(9), bytes(32)),
        (bytes(32), bytes(8), bytes(31)),
    )
    for codes, ids, query in wrong:
        with pytest.raises(ValueError, match="n codes of 32 bytes"):
            native.search(codes, ids, query, 1, 256)
    with pytest.raises(ValueError, match="at least one place"):
        native.search(bytes(32), bytes(8), bytes(32), 0, 256)


def forms_of(seed: int) -> NDArray[np.uint8]:
    """Return the eight forms of a random picture, (8, 32) uint8: their bits are related as those of pictures are."""
    return dihedral(np.random.default_rng(seed).normal(2, 40, (16, 16)).astype(np.float32))


def turned_oracle(stored: list[tuple[int, bytes]], forms: NDArray[np.uint8], radius: int) -> Pairs:
    """Return (distance, id) of every code within the radius of its nearest form, sorted."""
    numbers = [int.from_bytes(form.tobytes()) for form in forms]
    near = [(min((int.from_bytes(code) ^ n).bit_count() for n in numbers), key) for key, code in stored]
    return sorted(pair for pair in near if pair[0] <= radius)


@pytest.mark.parametrize("radius", [0, 30, 80, 100, 256])
def test_all_eight_forms_are_searched_at_once_and_exactly(radius: int) -> None:
    chance = np.random.default_rng(radius)
    codes = TurnedCodes()
    stored = [(key, code.tobytes()) for key, code in enumerate(random_codes(60))]
    for seed in range(6):
        for place, form in enumerate(forms_of(seed)):
            for flips in (0, radius // 2, radius, min(256, radius + 1)):
                bits = np.unpackbits(form)
                bits[chance.choice(256, flips, replace=False)] ^= 1
                stored.append((1000 * seed + 10 * place + flips % 7, np.packbits(bits).tobytes()))
    codes.add([key for key, _ in stored], b"".join(code for _, code in stored))
    for seed in range(6):
        forms = forms_of(seed)
        assert pairs(codes.within(forms.tobytes(), radius)) == turned_oracle(stored, forms, radius)


@each_path
@given(stores, st.lists(words, min_size=8, max_size=8), st.integers(0, 256))
def test_forms_that_no_picture_has_are_searched_exactly_too(
    stored: list[tuple[int, bytes]], forms: list[bytes], radius: int
) -> None:
    codes = TurnedCodes()
    codes.add([key for key, _ in stored], b"".join(code for _, code in stored))
    query = np.frombuffer(b"".join(forms), np.uint8).reshape(8, 32)
    assert pairs(codes.within(query, radius)) == turned_oracle(stored, query, radius)


def test_what_was_removed_from_turned_codes_is_found_no_more() -> None:
    codes, forms = TurnedCodes(), forms_of(1)
    codes.add([1, 2, 1], np.concatenate((forms[:2], random_codes(1))))
    assert codes.within(forms, 0).ids.tolist() == [1, 2]
    assert codes.remove(1) == 2 and len(codes) == 1
    assert codes.within(forms, 0).ids.tolist() == [2]


def test_turned_codes_want_eight_forms() -> None:
    with pytest.raises(ValueError, match="expected 8 forms of 32 bytes, found 64 bytes"):
        TurnedCodes().within(bytes(64), 10)
