"""The story of an album: 600 mixed files are searched, reviewed with two bulk rules, cleaned up and restored.

    python -m bench album [--pictures N] [--out FOLDER]

Of N photographs, Photos/ has most, with a sidecar beside every third; Downloads/ has the same file again, a JPEG of
quality 75, one at half size and a WebP. `samepic find`, then `samepic review` in Chromium:
files in Photos/ are preferred, then the largest; what is left is accepted, moved to the trash, and restored. It prints
what each step took, with a screenshot of each in FOLDER, and fails where a byte, mode or time is not as it was.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from bench.common import encoded, head, option, photos, rgb_of, row, spread
from tests.cleanup.clean_scene import snapshot
from tests.kits.browser import CHROMIUM, path_of
from tests.kits.found import Review

OPTIONS = (option("--pictures", 120), option("--out", type=Path, help="screenshots; default: none"))


def make_album(folder: Path, count: int) -> None:
    """Write four files a photograph in the mean: originals, equal files, re-saves and sidecars."""
    for name in ("Photos", "Downloads"):
        (folder / name).mkdir(parents=True)
    for number, source in enumerate(spread(photos(), count)):
        kept, other = folder / f"Photos/IMG_{number:04}{source.suffix}", folder / "Downloads"
        if number % 5:
            shutil.copyfile(source, kept)
            if number % 3 == 0:
                kept.with_suffix(".xmp").write_text(f"<x:xmpmeta>{number}</x:xmpmeta>")
        image = rgb_of(source)
        half = image.resize((max(1, image.width // 2), max(1, image.height // 2)), Image.Resampling.LANCZOS)
        shutil.copyfile(source, other / f"IMG_{number:04} (1){source.suffix}")
        (other / f"IMG_{number:04}-75.jpg").write_bytes(encoded(image, quality=75))
        (other / f"IMG_{number:04}-small.jpg").write_bytes(encoded(half, quality=85))
        (other / f"IMG_{number:04}.webp").write_bytes(encoded(image, "WEBP", quality=80))


def main(args: argparse.Namespace) -> int:
    """Tell the story, and return 1 where undo did not bring everything back."""
    with tempfile.TemporaryDirectory(prefix="samepic-bench-") as name:
        album, home = Path(name) / "album", Path(name) / "state"
        make_album(album, args.pictures)
        before, begun = snapshot(album), time.monotonic()
        head("", "s", "")
        report = Path(name) / "found.jsonl"
        with report.open("wb") as out:
            find = ["samepic", "find", "--json", "--no-cache", str(album)]
            subprocess.run(find, stdout=out, stderr=subprocess.DEVNULL, check=True)
        groups = sum(line.startswith('{"group"') for line in report.read_text().splitlines())
        row("find", f"{time.monotonic() - begun:.1f}", f"{len(before) - 3} files, {groups} groups")
        home.mkdir()
        with Review(home, "review", str(report)) as review, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path_of(CHROMIUM), args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(review.address)
            restored = _reviewed(page, args.out)
            browser.close()
        row("all", f"{time.monotonic() - begun:.1f}", restored)
        as_it_was = snapshot(album) == before
        row("every byte, mode and time as it was", "", as_it_was)
    return not as_it_was


def _reviewed(page: Page, out: Path | None) -> str:
    """Decide by two rules, accept the rest, clean up and undo; return what the last page says."""
    begun = time.monotonic()

    def done(what: str, said: str = "") -> None:
        nonlocal begun
        row(what, f"{time.monotonic() - begun:.1f}", said)
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=out / f"{what.replace(' ', '-')}.png")
        begun = time.monotonic()

    def rule(what: str, *, folder: str = "", kept: str = "") -> None:
        if not page.get_by_label("Keep files in the folder").is_visible():
            page.get_by_text("Decide many groups by a rule").click()
        page.get_by_label("Keep files in the folder").fill(folder)
        if kept:
            page.get_by_label("and of several").select_option(kept)
        page.get_by_role("button", name="Preview").click()
        expect(page.locator("#rule-text")).to_contain_text("to remove")
        said = page.locator("#rule-text").inner_text()
        page.get_by_role("button", name="Apply").click()
        expect(page.locator("#message")).to_contain_text("to remove")
        done(what, said)

    done("first page", page.locator("#progress-text").inner_text())
    folders = page.locator("#folders option").evaluate_all("options => options.map(one => one.value)")
    rule("rule for a folder", folder=next(one for one in folders if one.endswith("/Photos")))
    rule("rule for the rest", kept="the largest")
    page.get_by_role("button", name="Accept all remaining").click()
    page.get_by_role("link", name="Show the plan").click()
    done("plan", page.locator("h1").first.inner_text())
    page.get_by_role("button", name=re.compile("Move .* to the trash")).click()
    expect(page.get_by_role("button", name="Undo everything")).to_be_visible(timeout=300_000)
    done("clean", page.locator("#done").inner_text())
    page.get_by_role("button", name="Undo everything").click()
    expect(page.get_by_role("heading", name="Restored")).to_be_visible(timeout=300_000)
    said = page.locator("#done").inner_text()
    done("undo", said)
    page.get_by_role("button", name="Finish").click()
    return said
