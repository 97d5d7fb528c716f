"""What the review queue of every store must keep to; tested by a class that inherits these tests and makes stores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from samepic.store import open_store
from samepic.store.contract import Store
from samepic.store.records import Record, Refusal, State
from tests.kits.records import match, record
from tests.kits.store_urls import EmptyStore

__all__ = ["ReviewKit", "put_held"]

LEASE = 60.0


def put_held(store: Store, key: str, *others: str, tenant: str = "") -> Record:
    """Put a picture that is held for others, which are put and accepted where they are not there yet."""
    for other in others:
        made = store.put_pending(record(other, tenant), LEASE)
        if made is not None:
            store.decide(made.number, State.ACCEPTED)
    made = store.put_pending(record(key, tenant, data={"user": "Zoë"}, copycode=bytes(32)), LEASE)
    assert made is not None
    assert store.decide(made.number, State.HELD, [match(other) for other in others])
    kept = store.get(tenant, key)
    assert kept is not None
    return kept


class ReviewKit(EmptyStore):
    """The promises of a review queue; `url` names a store that is empty."""

    def test_pairs_come_in_the_order_of_the_uploads_and_begin_anew_at_the_end(self, store: Store) -> None:
        first, second = put_held(store, "a", "x", "y"), put_held(store, "b", "x")
        met, after = [], None
        for _ in range(4):
            one = store.lease_next("", "ann", LEASE, after)
            assert one is not None
            met.append((one.number, one.key, one.other, one.place, one.of))
            after = one.number, one.other
        assert met[0] == met[3] == (first.number, "a", "x", 0, 2)
        assert met[1] == (first.number, "a", "y", 1, 2)
        assert met[2] == (second.number, "b", "x", 0, 1)
        assert store.lease_next("other", "ann", LEASE) is None

    def test_nobody_gets_a_pair_that_another_has_until_they_let_go_or_their_lease_ends(
        self, store: Store
    ) -> None:
        put_held(store, "a", "x")
        one = store.lease_next("", "ann", LEASE)
        assert one is not None
        assert store.lease_next("", "bob", LEASE) is None
        assert store.lease_pair("", "bob", one.number, "x", LEASE) is None
        assert store.record_decision("", "bob", one.number, "x", same=True) is None
        assert store.lease_pair("", "ann", one.number, "x", LEASE) == one
        store.release("", "ann")
        assert store.lease_next("", "bob", -1.0) == one
        assert store.lease_next("", "ann", LEASE) == one

    def test_the_same_takes_the_held_picture_out_and_undo_brings_it_back_whole(self, store: Store) -> None:
        held = put_held(store, "a", "x")
        kept = store.get("", "x")
        assert kept is not None
        said = Refusal("", "again", "22" * 32, held.number, "policy", match("a"))
        store.put_refusal(said)
        word = store.record_decision("", "ann", held.number, "x", same=True)
        assert word is not None
        assert (store.get("", "a"), store.refusal("", "again")) == (None, None)
        assert store.settled("", held.identity) == {kept.identity: True}
        position, _ = store.removals("", 0)
        assert store.revert_decision("", word.position) is not None
        back = store.get("", "a")
        assert back is not None
        assert back.number > held.number
        assert replace(back, number=held.number) == held
        assert store.settled("", held.identity) == {}
        assert store.refusal("", "again") == replace(said, number=back.number)
        assert store.codes("", held.number, 10).copy_numbers.tolist() == [back.number]
        assert store.removals("", position) == (position, [])
        assert store.revert_decision("", word.position) is None

    def test_another_than_all_it_was_held_for_is_accepted_and_undo_goes_back_step_by_step(
        self, store: Store
    ) -> None:
        held = put_held(store, "a", "x", "y")
        first = store.record_decision("", "ann", held.number, "x", same=False)
        between = store.get("", "a")
        second = store.record_decision("", "ann", held.number, "y", same=False)
        done = store.get("", "a")
        assert first and second and between and done
        assert (between.state, [one.key for one in between.matches]) == (State.HELD, ["y"])
        assert (done.state, done.matches) == (State.ACCEPTED, ())
        assert store.revert_decision("", first.position) is None
        assert store.revert_decision("", second.position) is not None
        assert store.get("", "a") == between
        claim = store.revert_decision("", first.position)
        assert claim is not None
        assert (claim.key, claim.other, claim.place, claim.of) == ("a", "x", 0, 2)
        assert store.get("", "a") == held
        assert store.settled("", held.identity) == {}

    def test_decisions_and_what_they_lead_to_are_events_and_undo_too(self, store: Store) -> None:
        one, two = put_held(store, "a", "x"), put_held(store, "b", "x")
        store.record_events(60)
        same = store.record_decision("", "ann", one.number, "x", same=True)
        other = store.record_decision("", "ann", two.number, "x", same=False)
        assert same and other
        for decision in (other, same):
            assert store.revert_decision("", decision.position)
        events = store.events("", "", 100).events
        assert [(event.kind.partition(".")[2], *event.data.values()) for event in events] == [
            ("settled", "a", "x", True),
            ("removed", "a"),
            ("settled", "b", "x", False),
            ("admitted", "b"),
            ("held", "b", [match("x").to_dict()]),
            ("settled", "b", "x", None),
            ("held", "a", [match("x").to_dict()]),
            ("settled", "a", "x", None),
        ]

    def test_undo_gives_an_earlier_word_back(self, store: Store) -> None:
        held = put_held(store, "a", "x")
        other = store.get("", "x")
        assert other is not None
        store.settle("", held.identity, other.identity, same=False)
        word = store.record_decision("", "ann", held.number, "x", same=True)
        assert word is not None
        assert store.revert_decision("", word.position) is not None
        assert store.settled("", held.identity) == {other.identity: False}

    def test_undo_keeps_its_hands_off_what_was_changed_since(self, store: Store) -> None:
        one, two, three = (put_held(store, key, "x") for key in "abc")
        words = [
            store.record_decision("", "ann", one.number, "x", same=True),
            store.record_decision("", "ann", two.number, "x", same=False),
            store.record_decision("", "ann", three.number, "x", same=True),
        ]
        taken = store.put_pending(record("a", sha256="33" * 32), LEASE)
        store.remove("", "b")
        store.settle("", three.identity, record("x").identity, same=False)
        assert [word and store.revert_decision("", word.position) for word in words] == [None] * 3
        kept = store.get("", "a")
        assert taken is not None and kept is not None
        assert (kept.sha256, store.get("", "b"), store.get("", "c")) == ("33" * 32, None, None)

    def test_what_was_taken_out_is_forgotten_when_its_key_is_removed(self, store: Store) -> None:
        held = put_held(store, "a", "x")
        word = store.record_decision("", "ann", held.number, "x", same=True)
        assert word is not None
        assert not store.remove("", "a")
        assert store.revert_decision("", word.position) is None
        assert [one.kept for one in store.decisions("", 10)] == [False]

    def test_a_pair_is_decided_once(self, store: Store) -> None:
        held = put_held(store, "a", "x", "y")
        assert store.record_decision("", "ann", held.number, "x", same=False) is not None
        assert store.record_decision("", "ann", held.number, "x", same=True) is None
        assert store.lease_pair("", "ann", held.number, "x", LEASE) is None
        assert store.record_decision("other", "ann", held.number, "y", same=True) is None

    def test_a_picture_that_is_held_for_what_is_gone_is_accepted(self, store: Store) -> None:
        put_held(store, "a", "x")
        put_held(store, "b", "x", "y")
        store.remove("", "x")
        one = store.lease_next("", "ann", LEASE)
        kept = store.get("", "a")
        assert one is not None and kept is not None
        assert (one.key, one.other, one.place, one.of) == ("b", "y", 0, 1)
        assert kept.state is State.ACCEPTED

    def test_words_are_told_newest_first_and_by_whom(self, store: Store) -> None:
        for key, who in (("a", "ann"), ("b", "bob"), ("c", "ann")):
            held = put_held(store, key, "x")
            store.record_decision("", who, held.number, "x", same=key == "b")
        decisions = store.decisions("", 10)
        assert [(one.key, one.reviewer, one.same) for one in decisions] == [
            ("c", "ann", False),
            ("b", "bob", True),
            ("a", "ann", False),
        ]
        assert [one.key for one in store.decisions("", 1, "bob")] == ["b"]
        store.revert_decision("", decisions[0].position)
        assert [(one.undone, one.kept) for one in store.decisions("", 2)] == [(True, False), (False, True)]
        assert store.decisions("other", 10) == []

    def test_of_many_reviewers_at_once_each_pair_is_decided_by_one(self, url: str, store: Store) -> None:
        held = [put_held(store, f"k{number}", "x", "y") for number in range(12)]

        def review(who: str) -> list[tuple[str, str]]:
            mine = open_store(url)
            done, after = [], None
            while (one := mine.lease_next("", who, LEASE, after)) is not None:
                after = one.number, one.other
                assert mine.record_decision("", who, one.number, one.other, same=False) is not None
                done.append((one.key, one.other))
            mine.close()
            return done

        with ThreadPoolExecutor(4) as pool:
            found = [pair for done in pool.map(review, ("ann", "bob", "cat", "dan")) for pair in done]
        assert sorted(found) == sorted((one.key, other) for one in held for other in "xy")
        assert store.held("", 10, 0) == []
        assert len(store.decisions("", 100)) == 24

    def test_the_tabs_of_one_person_have_a_few_pairs_at_a_time(self, store: Store) -> None:
        put_held(store, "a", *(f"x{number}" for number in range(12)))
        mine = [store.lease_next("", f"ann/1/{tab}", LEASE + tab) for tab in range(12)]
        assert None not in mine
        others = [store.lease_next("", f"bob/1/{tab}", LEASE) for tab in range(8)]
        assert [pair is not None for pair in others] == [True] * 4 + [False] * 4
