"""What every store must keep to. A store is tested by a class that inherits these tests and makes stores."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest

from samepic.errors import StoreError
from samepic.store import open_store
from samepic.store.contract import LONGEST_LEASE, Store, StoreSnapshot
from samepic.store.records import Record, Refusal, State
from samepic.store.sqlite import SqliteStore
from tests.kits.records import match, record
from tests.kits.store_urls import EmptyStore

__all__ = ["StoreKit"]

LEASE = 60.0
GONE = -1.0
"""A lease that has run out before it began."""


T = TypeVar("T")


def put(store: Store, key: str, tenant: str = "", lease: float = LEASE) -> Record:
    made = store.put_pending(record(key, tenant), lease)
    assert made is not None
    return made


def put_accepted(store: Store, key: str, tenant: str = "") -> Record:
    made = put(store, key, tenant)
    assert store.decide(made.number, State.ACCEPTED)
    return made


def read_beside_writers(
    url: str, put_one: Callable[[Store, str], object], read: Callable[[], list[T]]
) -> list[T]:
    """Return what calls of `read` find in all while four writers put fifteen pictures each, and until no more comes."""
    done = threading.Event()

    def write(who: int) -> None:
        writer = open_store(url)
        for turn in range(15):
            put_one(writer, f"{who}/{turn}")
        writer.close()

    def read_all() -> list[T]:
        seen: list[T] = []
        while True:
            ended = done.is_set()
            found = read()
            seen += found
            if ended and not found:
                return seen

    with ThreadPoolExecutor(5) as pool:
        reader = pool.submit(read_all)
        for writing in [pool.submit(write, who) for who in range(4)]:
            writing.result()
        done.set()
        return reader.result()


class StoreKit(EmptyStore):
    """The promises of a store; `url` names one that is empty, and opens the same one again."""

    def test_what_is_put_comes_back_whole(self, store: Store) -> None:
        given = record(
            "a",
            copycode=bytes(32),
            frames=7,
            metadata=12,
            grade=2,
            unresolved=0.25,
            data={"user": "Zoë", "n": [1]},
        )
        made = store.put_pending(given, LEASE)
        assert made is not None
        kept = store.get("", "a")
        assert kept == made
        assert replace(made, number=0, created=0.0, lease_until=0.0) == given
        assert store.fetch("", [made.number, 999]) == [made]

    def test_a_picture_without_digest_or_code_comes_back_too(self, store: Store) -> None:
        given = record("a", coded_digest="", pdq=b"", quality=0, detail=0, jpeg_quality=None, tenant="ü")
        store.put_pending(given, LEASE)
        kept = store.get("ü", "a")
        assert kept is not None
        assert (kept.coded_digest, kept.pdq, kept.jpeg_quality, kept.identity) == (
            "",
            b"",
            None,
            given.sha256,
        )

    def test_a_key_is_taken_once_and_free_again_when_its_picture_is_gone(self, store: Store) -> None:
        first = put(store, "a")
        assert store.put_pending(record("a", sha256="00" * 32), LEASE) is None
        assert store.put_pending(record("a", tenant="other"), LEASE) is not None
        assert store.withdraw(first.number)
        assert put(store, "a").number > first.number

    def test_numbers_rise_even_past_what_was_taken_out(self, store: Store) -> None:
        numbers = []
        for key in "abc":
            numbers.append(put(store, key).number)
            store.remove("", key)
        assert numbers == sorted(set(numbers))

    def test_numbers_become_visible_in_their_order(self, url: str, store: Store) -> None:
        """A reader who has seen a number never meets a lower one that is new to them."""
        last = 0

        def read() -> list[int]:
            nonlocal last
            piece = store.codes("", last, 1000)
            last = piece.last
            return [int(number) for number in piece.pdq_numbers]

        seen = read_beside_writers(url, put, read)
        assert len(seen) == 60
        assert seen == sorted(set(seen))

    def test_what_was_decided_is_put_as_such_if_nothing_came_or_went_since(self, store: Store) -> None:
        store.record_events(60)
        first, other = put(store, "a"), put(store, "z", tenant="other")
        seen = StoreSnapshot(first.number, store.removals("", 0)[0])
        held = record("b", state=State.HELD, matches=(match("a"),))
        made = store.put(held, LEASE, seen)
        assert made is not None
        assert made.number > other.number
        assert (made.state, store.get("", "b")) == (State.HELD, made)
        assert [event.kind for event in store.events("", "", 9).events] == ["picture.held"]
        later = store.put(record("c", state=State.ACCEPTED), LEASE, seen)
        assert later is not None
        assert later.state is State.PENDING  # b has come
        seen = seen._replace(last=later.number)
        store.remove("", "a")
        late = store.put(record("d", state=State.HELD, matches=(match("a"),)), LEASE, seen)
        assert late is not None
        assert (late.state, late.matches) == (State.PENDING, ())
        assert [event.kind for event in store.events("", "", 9).events] == ["picture.held", "picture.removed"]
        assert store.put(record("d", state=State.ACCEPTED), LEASE, seen) is None

    def test_a_pending_picture_is_decided_once(self, store: Store) -> None:
        made = put(store, "a")
        assert store.decide(made.number, State.ACCEPTED)
        assert not store.decide(made.number, State.HELD)
        assert not store.withdraw(made.number)
        assert store.states([made.number])[made.number][0] is State.ACCEPTED

    def test_a_lease_runs_out_unless_it_is_renewed(self, store: Store) -> None:
        made, late = put(store, "a"), put(store, "b", lease=GONE)
        assert not store.withdraw(made.number, expired=True)
        assert store.renew(late.number, LEASE)
        assert not store.withdraw(late.number, expired=True)
        assert store.renew(late.number, GONE)
        state, left = store.states([late.number])[late.number]
        assert state is State.PENDING
        assert left < 0
        assert store.withdraw(late.number, expired=True)
        assert not store.renew(late.number, LEASE)
        assert store.states([late.number, made.number]).keys() == {made.number}

    def test_a_lease_of_a_clock_that_was_set_back_has_run_out(self, store: Store) -> None:
        made = put(store, "a", lease=LONGEST_LEASE + 3600)
        assert store.states([made.number])[made.number][1] < 0
        assert store.withdraw(made.number, expired=True)

    def test_kept_pictures_are_listed_in_the_order_of_code_points(self, store: Store) -> None:
        keys = ["a", "a/b", "B", "a/ä", "a\nb", "a/\U0001f600", "a/\uffff", "a/", "é"]
        for key in keys:
            put_accepted(store, key)
        put_accepted(store, "a/c", "other")
        put(store, "a/pending")
        held = put(store, "a/held")
        assert store.decide(held.number, State.HELD, (match("a"),))

        def listed(*options: object) -> list[str]:
            return [picture.key for picture in store.pictures("", *options)]  # type: ignore[arg-type]

        assert listed(100) == sorted([*keys, "a/held"])
        below = [key for key in listed(100) if key.startswith("a/")]
        assert listed(100, "", "a/") == below
        assert [key for after in ("", *below) for key in listed(1, after, "a/")] == below
        assert listed(2, "a/bb", "a/") == ["a/held", "a/ä"]
        assert listed(9, "b", "a/") == []
        assert (listed(9, "", "", State.HELD), listed(9, "a/held", "", State.HELD)) == (["a/held"], [])
        assert "a/held" not in listed(100, "", "", State.ACCEPTED)
        kept = store.get("", "a/held")
        assert kept is not None
        (found,) = store.pictures("", 1, "", "a/held")
        assert (found.state, found.created, found.sha256) == (State.HELD, kept.created, kept.sha256)
        assert (found.format, found.width, found.height) == (kept.format, kept.width, kept.height)

    @pytest.mark.parametrize("state", [None, State.ACCEPTED, State.HELD])
    def test_a_page_of_keys_is_read_by_an_index_in_its_order(self, store: Store, state: State | None) -> None:
        """However many there are: neither a scan of the table nor a sort."""
        for number in range(300):
            put_accepted(store, f"k{number}")
        plans: list[str] = []
        with store._reading() as run:
            explain = "EXPLAIN QUERY PLAN" if isinstance(store, SqliteStore) else "EXPLAIN"
            if explain == "EXPLAIN":
                run("ANALYZE pictures", ())
                run("SET enable_seqscan = off", ())  # it would be right for so few

            def planned(sql: str, values: Sequence[object]) -> list[tuple[object, ...]]:
                plans.extend(str(row[-1]).lower() for row in run(f"{explain} {sql}", values))
                return []

            store._joined.run = planned
            try:
                store.pictures("", 10, "k5", "", state)
            finally:
                store._joined.run = None
        text = "\n".join(plans)
        assert "index" in text
        assert not re.search(r"temp b-tree|sort|seq scan|^scan", text, re.MULTILINE), text

    def test_no_event_is_recorded_unless_asked_for(self, store: Store) -> None:
        put_accepted(store, "a")
        store.remove("", "a")
        page = store.events("", "", 10)
        assert (page.events, page.recorded, page.missed) == ([], False, False)
        store.record_events(60)
        put_accepted(store, "b")
        assert len(store.events("", "", 10).events) == 1
        store.record_events(0)
        put_accepted(store, "c")
        assert store.events("", "", 10).events == []

    def test_every_decision_is_an_event_of_its_tenant_in_order(self, store: Store) -> None:
        store.record_events(60)
        first = put_accepted(store, "a")
        held = put(store, "b")
        assert store.events("", "", 10).events[-1].data == {"key": "a"}
        assert store.decide(held.number, State.HELD, (match("a"),))
        store.put_refusal(Refusal("", "c", "ab" * 32, first.number, "", match("a")))
        store.settle("", held.identity, first.identity, same=False, keys=("b", "a"))
        assert store.accept_held(held.number)
        store.unsettle("", held.identity, "b")
        assert store.withdraw(put(store, "gone").number)
        store.remove("", "a")
        store.remove("", "nobody")
        put_accepted(store, "z", "other")
        events = store.events("", "", 100).events
        assert [(event.kind.partition(".")[2], event.data["key"]) for event in events] == [
            ("admitted", "a"),
            ("held", "b"),
            ("refused", "c"),
            ("settled", "b"),
            ("admitted", "b"),
            ("settled", "b"),
            ("removed", "a"),
        ]
        found = match("a").to_dict()
        assert [event.data for event in events[1:4]] == [
            {"key": "b", "matches": [found]},
            {"key": "c", "match": found},
            {"key": "b", "other_key": "a", "same": False},
        ]
        assert events[5].data == {"key": "b", "other_key": None, "same": None}
        assert abs(events[0].at - store.now()) < 60
        assert len({event.id for event in events}) == 7
        pages = [store.events("", after.id, 2).events for after in events]
        assert pages == [events[n + 1 : n + 3] for n in range(7)]
        assert [event.data["key"] for event in store.events("other", "", 9).events] == ["z"]
        assert store.events("other", events[0].id, 9).missed

    def test_an_event_is_undone_with_its_decision(self, store: Store) -> None:
        store.record_events(60)
        made = put(store, "a")
        with pytest.raises(RuntimeError), store.together():
            store.decide(made.number, State.ACCEPTED)
            raise RuntimeError
        assert store.events("", "", 10).events == []

    def test_no_event_becomes_visible_after_a_later_one(self, url: str, store: Store) -> None:
        store.record_events(60)
        last = ""

        def read() -> list[str]:
            nonlocal last
            page = store.events("", last, 7)
            last = page.events[-1].id if page.events else last
            return [event.data["key"] for event in page.events]

        seen = read_beside_writers(url, put_accepted, read)
        assert sorted(seen) == sorted(f"{who}/{turn}" for who in range(4) for turn in range(15))

    def test_old_events_are_deleted_and_whoever_missed_them_is_told(self, store: Store) -> None:
        store.record_events(0.05)
        made = put_accepted(store, "a")
        (first,) = store.events("", "", 2).events
        time.sleep(0.1)
        for _ in range(100):
            store.put_refusal(Refusal("", "c", "ab" * 32, made.number, "", match("a")))
        page = store.events("", first.id, 200)
        assert (page.missed, page.recorded) == (True, True)
        assert first not in page.events
        assert 0 < len(page.events) <= 100
        assert not store.events("", page.events[-1].id, 9).missed

    def test_a_receiver_goes_on_where_it_was(self, store: Store) -> None:
        assert store.cursor("one") == ""
        for event in ("x", "y"):
            store.move_cursor("one", event)
        assert (store.cursor("one"), store.cursor("two")) == ("y", "")

    def test_what_a_reviewer_decided_can_be_forgotten(self, store: Store) -> None:
        one, two, three = (f"{digit}{digit}" * 32 for digit in "123")
        store.settle("", one, two, same=True)
        store.settle("", three, one, same=False)
        store.settle("other", one, two, same=True)
        assert store.unsettle("", one) == 2
        assert store.settled("", one) == store.settled("", two) == store.settled("", three) == {}
        assert store.settled("other", one) == {two: True}
        assert store.unsettle("", one) == 0

    def test_a_held_picture_keeps_what_it_is_held_for_until_it_is_accepted(self, store: Store) -> None:
        made = put(store, "a")
        assert store.decide(made.number, State.HELD, [match("x"), match("y")])
        assert [one.matches for one in store.held("", 10, 0)] == [(match("x"), match("y"))]
        assert store.accept_held(made.number, [match("y")])
        assert [one.matches for one in store.held("", 10, 0)] == [(match("y"),)]
        assert store.accept_held(made.number)
        assert not store.accept_held(made.number)
        kept = store.get("", "a")
        assert kept is not None
        assert (kept.state, kept.matches, store.held("", 10, 0)) == (State.ACCEPTED, (), [])

    def test_the_held_are_listed_page_by_page(self, store: Store) -> None:
        for key in "abcde":
            store.decide(put(store, key).number, State.HELD)
        first = store.held("", 2, 0)
        rest = store.held("", 10, first[-1].number)
        assert [one.key for one in (*first, *rest)] == list("abcde")

    def test_the_accepted_are_listed_page_by_page_the_newest_first(self, store: Store) -> None:
        numbers = {key: put(store, key).number for key in "abcde"}
        put(store, "another's", tenant="other")
        for key, number in numbers.items():
            store.decide(number, State.HELD if key == "c" else State.ACCEPTED)
        first = store.accepted("", 2, 2**62)
        rest = store.accepted("", 10, first[-1].number)
        assert [one.key for one in (*first, *rest)] == list("edba")

    def test_twins_are_found_by_what_decides_their_pixels(self, store: Store) -> None:
        one = put(store, "a")
        two = store.put_pending(record("b", sha256="11" * 32, coded_digest=one.coded_digest), LEASE)
        other = put(store, "c", tenant="other")
        assert two is not None
        assert store.twins("", one.identity) == [one.number, two.number]
        assert store.twins("other", one.identity) == []
        assert store.twins("other", other.identity) == [other.number]

    def test_codes_come_in_pieces_by_number_without_the_weak_ones(self, store: Store) -> None:
        strong = put(store, "a")
        weak = store.put_pending(record("b", quality=3, copycode=b"b" * 32), LEASE)
        put(store, "c", tenant="other")
        last = store.put_pending(record("d", copycode=b"d" * 32), LEASE)
        assert weak is not None
        assert last is not None
        piece = store.codes("", 0, 2)
        assert (piece.last, piece.pdq_numbers.tolist(), piece.pdq) == (
            weak.number,
            [strong.number],
            strong.pdq,
        )
        assert (piece.copy_numbers.tolist(), piece.copycodes) == ([], b"")
        piece = store.codes("", piece.last, 2)
        assert (piece.last, piece.pdq, piece.copycodes) == (last.number, last.pdq, b"d" * 32)
        assert piece.copy_numbers.tolist() == [last.number]
        assert store.codes("", last.number, 2).last == last.number

    def test_all_codes_above_a_number_come_once_and_in_order(self, store: Store) -> None:
        numbers = [put(store, f"k{number}").number for number in range(20)]
        put(store, "theirs", tenant="other")
        store.remove("", "k3")
        for after in (0, numbers[0], numbers[10]):
            pieces = list(store.all_codes("", after))
            found = [number for piece in pieces for number in piece.pdq_numbers.tolist()]
            assert found == [number for number in numbers if number > after and number != numbers[3]]
            assert pieces[-1].last == numbers[-1]
        assert list(store.all_codes("", numbers[-1])) == []
        assert list(store.all_codes("nobody", 0)) == []

    def test_what_is_taken_out_is_told_to_every_index(self, store: Store) -> None:
        one, two, three = put_accepted(store, "a"), put(store, "b"), put(store, "c", tenant="other")
        begin = store.last_removal()
        assert store.remove("", "a")
        assert store.withdraw(two.number)
        store.remove("other", "c")
        position, gone = store.removals("", begin)
        assert gone == [one.number, two.number]
        assert store.removals("", position) == (position, [])
        assert store.removals("other", begin)[1] == [three.number]
        assert store.last_removal() >= position
        assert (store.get("", "a"), store.codes("", 0, 10).pdq, store.twins("", one.identity)) == (
            None,
            b"",
            [],
        )

    def test_removing_what_is_not_there_says_so(self, store: Store) -> None:
        put_accepted(store, "a")
        assert not store.remove("", "b")
        assert not store.remove("other", "a")

    def test_a_reviewers_word_holds_both_ways_and_outlives_the_pictures(self, store: Store) -> None:
        one, two = put_accepted(store, "a"), put_accepted(store, "b")
        store.settle("", one.identity, two.identity, same=True)
        store.settle("", one.identity, two.identity, same=False)
        store.remove("", "a")
        assert store.settled("", one.identity) == {two.identity: False}
        assert store.settled("", two.identity) == {one.identity: False}
        assert store.settled("other", one.identity) == {}

    def test_a_refusal_is_remembered_as_long_as_what_decided_it(self, store: Store) -> None:
        kept = put_accepted(store, "a")
        said = Refusal("", "b", "22" * 32, kept.number, "policy", match("a"))
        store.put_refusal(replace(said, policy="earlier"))
        store.put_refusal(said)
        assert store.refusal("", "b") == said
        assert store.refusal("other", "b") is None
        store.remove("", "a")
        assert store.refusal("", "b") is None

    def test_refusals_are_counted_by_what_decided_them_and_when(self, store: Store) -> None:
        kept, begin = put_accepted(store, "a"), store.now() - 1
        for key, digest in (("b", "22"), ("c", "33"), ("c", "44"), ("d", "44"), ("e", "22")):
            store.put_refusal(Refusal("", key, digest * 32, kept.number, "", match("a")))
        assert store.refusals("", kept.number, begin) == 2
        assert store.refusals("", kept.number, store.now() + 60) == 0
        assert store.refusals("", kept.number + 1, begin) == 0

    def test_tenants_have_counts_of_their_own(self, store: Store) -> None:
        put_accepted(store, "a")
        put(store, "b")
        put_accepted(store, "a", "other")
        store.decide(put(store, "c").number, State.HELD)
        assert store.counts("") == dict.fromkeys(State, 1)
        assert store.counts("other")[State.ACCEPTED] == 1
        assert store.counts("third") == dict.fromkeys(State, 0)
        assert store.fetch("other", [1, 2, 3, 4]) == [one for one in [store.get("other", "a")] if one]

    def test_what_one_opening_wrote_another_reads(self, url: str, store: Store) -> None:
        made = put_accepted(store, "a")
        again = open_store(url)
        kept = again.get("", "a")
        again.close()
        assert kept is not None
        assert kept.number == made.number

    def test_the_clock_is_that_of_the_world(self, store: Store) -> None:
        assert abs(store.now() - time.time()) < 3600

    def test_a_store_that_was_closed_says_so(self, url: str) -> None:
        store = open_store(url)
        store.close()
        store.close()
        with pytest.raises(StoreError, match="closed"):
            store.counts("")

    def test_many_threads_use_one_store(self, store: Store) -> None:
        with ThreadPoolExecutor(8) as pool:
            numbers = list(pool.map(lambda n: put_accepted(store, f"k{n}").number, range(40)))
        assert len(set(numbers)) == 40
        assert store.counts("")[State.ACCEPTED] == 40

    def test_a_request_that_comes_again_finds_the_first_and_its_answer_in_its_tenant_alone(
        self, store: Store
    ) -> None:
        one, other = "aa" * 32, "bb" * 32
        assert store.claim_request("", "k", one, keep=60) == (one, None)
        assert store.claim_request("", "k", other, keep=60) == (one, "")
        assert store.save_answer("", "k", other, "of another request") == "of another request"
        assert store.claim_request("", "k", one, keep=60) == (one, "")
        assert store.save_answer("", "k", one, "answered") == "answered"
        assert store.save_answer("", "k", one, "answered otherwise") == "answered"
        assert store.claim_request("", "k", other, keep=60) == (one, "answered")
        assert store.claim_request("another", "k", other, keep=60) == (other, None)

    def test_an_answer_is_forgotten_after_its_time(self, store: Store) -> None:
        one, other = "aa" * 32, "bb" * 32
        store.claim_request("", "k", one, keep=60)
        assert store.claim_request("", "k", other, keep=-1) == (other, None)

    def test_the_overview_counts_what_became_of_uploads_of_one_tenant_by_day(self, store: Store) -> None:
        kept = put_accepted(store, "kept")
        held = put(store, "held")
        store.decide(held.number, State.HELD, [match("kept")])
        put_accepted(store, "theirs", tenant="another")
        for key in ("one", "two"):
            store.put_refusal(Refusal("", key, kept.sha256, kept.number, "", match("kept")))
        store.settle("", "ab" * 32, "cd" * 32, same=False)
        found = store.overview("")
        assert (found.accepted[-1], found.held[-1], sum(found.accepted)) == (1, 1, 1)
        assert {name: days[-1] for name, days in found.refused.items()} == {"edited": 2}
        assert {name: days[-1] for name, days in found.said.items()} == {"another": 1}
        assert found.probabilities == (0.5, 0.5, 0.5)
        assert found.most_refusing == (("kept", 2),)
        assert not found.cut
        theirs = store.overview("another")
        assert (sum(theirs.accepted), theirs.refused, theirs.most_refusing) == (1, {}, ())

    def test_what_is_done_together_is_done_or_not_and_waited_for(self, store: Store) -> None:
        def claim_and_remove() -> str | None:
            with store.together():
                _, answer = store.claim_request("", "k", "aa" * 32, keep=60)
                if answer is None:
                    assert store.remove("", "a")
                    assert store.get("", "a") is None
                    store.save_answer("", "k", "aa" * 32, "removed")
            return answer

        put(store, "a")
        with pytest.raises(KeyError), store.together():
            claim_and_remove_fails = store.remove("", "a"), store.claim_request("", "k", "aa" * 32, keep=60)
            raise KeyError(claim_and_remove_fails)
        assert store.get("", "a") is not None
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: claim_and_remove(), range(4)))
        assert sorted(answers, key=str) == [None, "removed", "removed", "removed"]
        assert store.get("", "a") is None
