"""The status page, in a real browser."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect

from samepic.store import open_store
from samepic.store.contract import Store
from samepic.store.records import Record, Refusal, State
from samepic.verdict import Relation
from tests.kits.browser import PHONE, Watched, faults, shot
from tests.kits.records import match, record
from tests.kits.service import Running

pytestmark = [pytest.mark.slow, pytest.mark.browser]

DAYS = 30


FLOOD = """
WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < 119)
INSERT INTO refusals SELECT tenant, key || n, sha256, number, policy, match, at FROM refusals, counted
WHERE key = 'avatar'
"""


def put(store: Store, key: str, proxy: bytes, *, held: bool) -> Record:
    """Take a picture in, as the gate does."""
    made = store.put_pending(record(key, proxy=proxy), 60)
    assert made is not None
    assert store.decide(made.number, State.HELD if held else State.ACCEPTED, [match("a")] if held else [])
    return made


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory, photos: dict[str, Path]) -> Iterator[Running]:
    """Return a service whose store has seen uploads for weeks, made by the store itself with its clock turned back."""
    folder = tmp_path_factory.mktemp("busy")
    path = folder / "uploads.db"
    store = open_store(str(path))
    image = Image.open(photos["coffee"]).convert("RGB").resize((96, 64))
    proxy = io.BytesIO()
    image.save(proxy, "JPEG")
    with pytest.MonkeyPatch.context() as patch:
        now = store.now()
        for day in range(DAYS):
            patch.setattr(type(store), "_now", lambda *_, at=now - (DAYS - day - 0.5) * 86400: at)
            for number in range(1 + day * 7 % 3):
                kept = put(
                    store, f"picture {day}-{number}", proxy.getvalue(), held=day % 9 == 8 and number == 0
                )
                relation = (Relation.RESAVED, Relation.REFRAMED, Relation.ADJUSTED)[day % 3]
                refusal = replace(match(kept.key), relation=relation, probability=0.9 + 0.09 * (day % 2))
                store.put_refusal(Refusal("", f"copy {day}-{number}", kept.sha256, kept.number, "", refusal))
        refusal = replace(match(kept.key), relation=Relation.SAME_FILE, probability=1.0)
        store.put_refusal(Refusal("", "avatar", kept.sha256, kept.number, "", refusal))
        store.settle("", "ab" * 32, "cd" * 32, same=False)
    store.close()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(FLOOD)
    with Running(path, folder / "log") as service:
        yield service


def test_the_status_tells_counts_decisions_floods_and_health(chromium: Browser, busy: Running) -> None:
    with httpx.Client(base_url=busy.address) as client:
        counts = client.get("/v1/status").json()
    with Watched(chromium, busy.address) as page:
        page.goto(f"{busy.address}/status")
        expect(page.locator(".figures dd").first).to_have_text(str(counts["accepted"] + counts["held"]))
        accepted = page.get_by_role("row", name="Accepted")
        expect(accepted.get_by_role("img")).to_have_count(1)
        expect(accepted.locator("td").last).to_have_text(str(counts["accepted"]))
        expect(page.get_by_role("row", name="Refused: same file").locator("td").last).to_have_text("120")
        expect(page.get_by_role("row", name="Reviewed: different pictures").locator("td").last).to_have_text(
            "1"
        )
        expect(page.locator(".floods li").first).to_contain_text("121 refused")
        expect(page.locator(".floods .chip")).to_have_text("floods")
        expect(page.locator(".health")).to_contain_text("answers within")
        expect(page.locator(".histogram")).to_have_count(2)
        assert faults(page) == []
        shot(page, "status", whole=True)


def test_a_busy_store_has_a_status_on_a_phone_in_the_dark(chromium: Browser, busy: Running) -> None:
    with Watched(chromium, busy.address, PHONE, scheme="dark") as page:
        page.goto(f"{busy.address}/status")
        expect(page.get_by_role("heading", name="Decisions")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert faults(page) == []
        shot(page, "status-phone-dark", whole=True)
