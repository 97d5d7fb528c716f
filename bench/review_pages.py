"""The pages as a reviewer feels them, in a real Chromium: 10 000 groups of a report, and 200 held pairs by keys.

    python -m bench review_pages [--groups N] [--pairs N]

Groups: hard links of photographs, two names each; told are the first view (to the page, and to the last thumbnail that
is in view), another page, frames that scrolling through a page drops, and the most memory of the process. Pairs: from
the key of a decision to the next pair with both its pictures on the screen, decided by S and D in turns.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from bench.common import option, photos, wanted_data
from tests.kits.browser import WIDE, Watched, browser
from tests.kits.found import Review, memory_of, report_of
from tests.kits.held import hold_pairs
from tests.kits.service import Running

_IN_VIEW = """() => [...document.images].filter((image) => {
  const box = image.getBoundingClientRect();
  return box.bottom > 0 && box.top < innerHeight && box.width > 0;
}).every((image) => image.complete && image.naturalWidth > 0)"""
_SCROLLED = """async () => {
  const gaps = [];
  let last = performance.now();
  for (let y = 0; y < document.body.scrollHeight - innerHeight; y += 40) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    gaps.push(now - last);
    last = now;
  }
  return gaps;
}"""
_LOADED = (
    "() => [...document.querySelectorAll('#pair img')].every((image) => image.complete && image.naturalWidth)"
)
_MOST = 200


def _since(page: Page, begun: float, wanted: str) -> float:
    page.wait_for_function(wanted, polling="raf")
    return (time.perf_counter() - begun) * 1000


def groups(chromium: Browser, folder: Path, pictures: list[Path], count: int) -> None:
    """Print what a report of so many groups costs."""
    report = report_of(folder, pictures, count)
    with Review(folder, "review", str(report)) as review, Watched(chromium, review.origin, WIDE) as page:
        begun = time.perf_counter()
        page.goto(review.address)
        ready = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
        seen = _since(page, begun, _IN_VIEW)
        gaps = sorted(page.evaluate(_SCROLLED))
        begun = time.perf_counter()
        page.get_by_label("Page", exact=True).fill(str(max(2, count // 40)))
        page.keyboard.press("Enter")
        expect(page.locator(".group h2").first).not_to_have_text("Group 1")
        other = _since(page, begun, _IN_VIEW)
        late = sum(gap > 50 for gap in gaps)
        print(
            f"{count} groups: first view {ready:.0f} ms, with its thumbnails {seen:.0f} ms; another page {other:.0f} ms"
        )
        print(
            f"scrolling a page of 20: {len(gaps)} frames, median {statistics.median(gaps):.0f} ms, "
            f"99 % {gaps[int(len(gaps) * 0.99)]:.0f} ms, {late} over 50 ms"
        )
        print(f"memory of the process at most {memory_of(review.process.pid)} MiB", flush=True)


def pairs(chromium: Browser, folder: Path, pictures: list[Path], count: int) -> None:
    """Print how long the next pair takes to come."""
    store, tenant, word = folder / "uploads.db", "bench", "reviewer-of-the-bench-" + "x" * 16
    (folder / "tokens.toml").write_text(f'[[token]]\nname = "ann"\ntoken = "{word}"\ntenant = "{tenant}"\n')
    with Running(store, folder / "log", "--token-file", str(folder / "tokens.toml")) as site:
        hold_pairs(store, tenant, pictures, count)
        with Watched(chromium, site.address, WIDE) as page:
            page.goto(f"{site.address}/review")
            page.get_by_label("Token").fill(word)
            page.keyboard.press("Enter")
            expect(page.locator("#pair .both")).to_be_visible()
            taken = []
            whole = time.perf_counter()
            for done in range(1, count):
                begun = time.perf_counter()
                page.keyboard.press("s" if done % 2 else "d")
                result = (
                    f"document.getElementById('progress-text').textContent.includes(', {done} decided here')"
                )
                page.wait_for_function(f"() => {result} && ({_LOADED})()", polling="raf")
                taken.append((time.perf_counter() - begun) * 1000)
            whole = time.perf_counter() - whole
    taken.sort()
    print(
        f"{count} pairs: from a key to the next pair with its pictures, median {statistics.median(taken):.0f} ms, "
        f"99 % {taken[int(len(taken) * 0.99)]:.0f} ms, most {taken[-1]:.0f} ms; all of them in {whole:.0f} s"
    )


OPTIONS = (option("--groups", 10_000), option("--pairs", 200))


def main(args: argparse.Namespace) -> None:
    """Measure, and print."""
    pictures = photos(wanted_data())[:_MOST]
    with browser() as chromium:
        for part, count in ((groups, args.groups), (pairs, args.pairs)):
            with tempfile.TemporaryDirectory() as made:
                part(chromium, Path(made), pictures, count)
