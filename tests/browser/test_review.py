"""The review queue in a real browser: 20 pairs by keys, undo, two reviewers at once, a phone."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from samepic.store import open_store
from samepic.store.records import State
from samepic.verdict import Relation
from tests.kits.browser import PHONE, WIDE, Watched, faults, shot
from tests.kits.held import hold_pairs
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

_tenants = itertools.count(1)
TENANTS = 8


def token(who: str, tenant: str) -> str:
    """Return the token of a reviewer."""
    return f"{who}-of-{tenant}-{'x' * 16}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service with tenants, each with the tokens of two reviewers."""
    folder = tmp_path_factory.mktemp("reviewed")
    tables = [
        f'[[token]]\nname = "{who}"\ntoken = "{token(who, tenant)}"\ntenant = "{tenant}"\n'
        for tenant in (f"review-{number}" for number in range(1, TENANTS + 1))
        for who in ("ann", "bob")
    ]
    (folder / "tokens.toml").write_text("\n".join(tables))
    with Running(
        folder / "uploads.db", folder / "log", "--token-file", str(folder / "tokens.toml")
    ) as service:
        yield service


class Queue:
    """The held pairs of one tenant of the service."""

    def __init__(
        self, site: Running, photos: dict[str, Path], count: int, relation: Relation = Relation.EDITED
    ) -> None:
        self.site, self.tenant = site, f"review-{next(_tenants)}"
        self.store = site.log.parent / "uploads.db"
        hold_pairs(self.store, self.tenant, photos.values(), count, relation)

    @contextmanager
    def opened(
        self, chromium: Browser, who: str = "ann", *, size: tuple[int, int] = WIDE, dark: bool = False
    ) -> Iterator[Page]:
        """Sign in, and open the page, in a browser of its own."""
        with Watched(chromium, self.site.address, size, scheme="dark" if dark else "light") as page:
            page.goto(f"{self.site.address}/review")
            page.get_by_label("Token").fill(token(who, self.tenant))
            page.keyboard.press("Enter")
            expect(page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
            yield page

    def states(self) -> dict[State, list[str]]:
        """Return the uploads by state."""
        store = open_store(str(self.store))
        try:
            found: dict[State, list[str]] = {}
            for number in range(1, 25):
                record = store.get(self.tenant, f"upload-{number:02}")
                if record is not None:
                    found.setdefault(record.state, []).append(record.key)
            return found
        finally:
            store.close()


def uploads(*numbers: int) -> list[str]:
    """Return keys of uploads."""
    return [f"upload-{number:02}" for number in numbers]


def shown(page: Page, number: int) -> None:
    """Wait until the pair of this upload is shown."""
    expect(page.locator(".both td", has_text=f"upload-{number:02}")).to_be_visible()


def test_twenty_pairs_are_decided_by_keys_with_skip_and_undo(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, photos, 20)
    with queue.opened(chromium) as page:
        shown(page, 1)
        expect(page.locator("#progress-text")).to_have_text("20 uploads waiting")
        for number in range(1, 11):
            shown(page, number)
            page.keyboard.press("s" if number % 2 else "d")
        shown(page, 11)
        expect(page.locator("#progress-text")).to_have_text("10 uploads waiting, 10 decided here")
        assert queue.states()[State.ACCEPTED] == uploads(2, 4, 6, 8, 10)
        assert queue.states()[State.HELD] == uploads(*range(11, 21))

        for number in (10, 9, 8):
            page.keyboard.press("u")
            shown(page, number)
        assert queue.states()[State.HELD] == uploads(8, 9, 10, *range(11, 21)), "as it was"
        page.keyboard.press("s")
        expect(page.locator("#progress-text")).to_contain_text("12 uploads waiting")
        for _ in range(12):
            waiting = page.locator("#progress-text").inner_text()
            page.keyboard.press("d")
            expect(page.locator("#progress-text")).not_to_have_text(waiting)
        expect(page.get_by_role("heading", name="All caught up")).to_be_visible()
        assert faults(page) == []
    assert State.HELD not in queue.states()
    assert queue.states()[State.ACCEPTED] == uploads(2, 4, 6, *range(9, 21))


def test_nobody_decides_on_pictures_that_are_not_there_yet(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, photos, 1)
    with queue.opened(chromium) as page:
        shown(page, 1)
        held, order = list[Route](), list[str]()

        def hold(route: Route) -> None:
            held.append(route)

        # The views of the pair would take the place of the small pictures.
        for address in ("picture", "pair"):
            page.route(f"**/ui/{address}?*", hold)
        page.on("request", lambda request: order.append(request.url.rsplit("/", 1)[1]))
        page.reload()
        shown(page, 1)
        different = page.get_by_role("button", name="Different pictures")
        expect(different).not_to_have_attribute("aria-busy", "true")
        page.keyboard.press("d")
        expect(different).to_have_attribute("aria-busy", "true")
        assert "say" not in order
        for route in held:
            route.continue_()
        expect(page.get_by_role("heading", name="All caught up")).to_be_visible()
    assert queue.states() == {State.ACCEPTED: uploads(1)}


def test_what_was_skipped_comes_again_and_undo_leads_back_to_it(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, photos, 3)
    with queue.opened(chromium) as page:
        shown(page, 1)
        page.keyboard.press("Space")
        shown(page, 2)
        page.keyboard.press("u")
        shown(page, 1)
        for number in (2, 3, 1):
            page.keyboard.press("Space")
            shown(page, number)
        page.get_by_role("button", name="Different pictures").click()
        shown(page, 2)
        page.get_by_text("Recent decisions").click()
        page.get_by_role("button", name="Undo: upload-01 and kept-01").click()
        shown(page, 1)
    assert queue.states() == {State.HELD: uploads(1, 2, 3)}


def test_a_pair_is_shown_with_its_views_and_the_better_copy(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, {"coffee": photos["coffee"]}, 2, Relation.ADJUSTED)
    with queue.opened(chromium) as page:
        shown(page, 1)
        expect(page.get_by_role("button", name="Difference")).to_be_visible()
        expect(page.locator(".both thead th", has_text="Upload")).to_contain_text("better copy")
        expect(page.locator(".better")).to_contain_text("Better copy: the upload. It is larger")
        assert faults(page) == []
        page.get_by_role("button", name="Difference").click()
        expect(page.locator(".view[data-mode=difference]")).to_be_visible()
        page.get_by_role("button", name="Side by side").click()
        page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        shot(page, "review")
        page.keyboard.press("Space")
        shown(page, 2)
        expect(page.locator(".both thead th", has_text="Upload")).not_to_contain_text("better copy")
        expect(page.locator(".better")).to_contain_text("Both are equally good.")


def test_no_copy_in_which_something_was_changed_is_called_the_better_one(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, {"coffee": photos["coffee"]}, 1)
    with queue.opened(chromium) as page:
        shown(page, 1)
        expect(page.locator(".both thead th", has_text="Upload")).not_to_contain_text("better copy")
        expect(page.locator(".better")).to_contain_text("Neither is the better copy")


def test_two_reviewers_never_decide_one_pair_and_lose_none(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, photos, 8)
    with queue.opened(chromium) as ann, queue.opened(chromium, "bob") as bob:
        for turn in range(4):
            for page in (ann, bob):
                expect(page.locator("#pair .both")).to_be_visible()
            keys = [
                page.locator(".both tbody tr").first.locator("td").last.inner_text() for page in (ann, bob)
            ]
            assert keys[0] != keys[1]
            ann.keyboard.press("s")
            bob.keyboard.press("d")
            for page in (ann, bob):
                expect(page.locator("#progress-text")).to_contain_text(f", {turn + 1} decided here")
        for page in (ann, bob):
            expect(page.locator("#empty h2")).to_be_visible()
        ann.reload()
        ann.get_by_text("Recent decisions").click()
        expect(ann.locator("#recent li")).to_have_count(8)
        expect(ann.locator("#recent")).to_contain_text("by bob")
    store = open_store(str(queue.store))
    words = store.decisions(queue.tenant, 100)
    store.close()
    assert sorted(word.key for word in words) == uploads(*range(1, 9))
    assert len({word.reviewer for word in words}) == 2
    assert sorted(queue.states()[State.ACCEPTED]) == sorted(word.key for word in words if not word.same)


def test_who_leaves_gives_the_pair_back(chromium: Browser, site: Running, photos: dict[str, Path]) -> None:
    queue = Queue(site, photos, 1)
    with queue.opened(chromium) as ann:
        shown(ann, 1)
        with queue.opened(chromium, "bob") as bob:
            expect(bob.get_by_role("heading", name="Other reviewers have the rest")).to_be_visible()
            ann.goto(f"{site.address}/")
            expect(ann.locator(".way").first).to_be_visible()
            bob.reload()
            shown(bob, 1)


def test_on_a_phone_in_the_dark_a_finger_decides(
    chromium: Browser, site: Running, photos: dict[str, Path]
) -> None:
    queue = Queue(site, {"astronaut": photos["astronaut"]}, 2)
    with queue.opened(chromium, size=PHONE, dark=True) as page:
        shown(page, 1)
        expect(page.get_by_role("button", name="Difference")).to_be_visible()
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0
        assert faults(page) == []
        page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
        shot(page, "review-phone-dark")
        page.get_by_role("button", name="Same picture").first.click()
        shown(page, 2)
    assert queue.states() == {State.HELD: uploads(2)}
