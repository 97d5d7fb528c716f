"""Screenshots of one page taken twice in one browser: 30 kinds of pages, ways of coming to rest, fonts and scales.

    python -m bench screens [--fonts FOLDER ...] [--scale X ...] [--kind KIND ...] [--way WAY ...]
        [--out FOLDER]

A page is opened and is the baseline; then it is opened again and comes to rest in another way (scrolled and back,
resized and back, moved, faded, zoomed, ...), and is compared. Whatever is not the same is wrong. `--fonts` takes
folders of fonts, each a font set of its own, with fonts.conf or without; by default there are those of this machine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import re
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from samepic.screens.pytest.baselines import png
from samepic.screens.pytest.capture import capture_at_rest, compare_with_baseline, source_of
from samepic.tuning.screens import SCREEN
from tests.kits.browser import CHROMIUM, LEAN, path_of

_TEXT = """the river of tea runs past old mills where iron wheels turn slowly and every Wednesday a quiet market opens
with apples fresh bread WAVE affine Toys 1,250.75 jelly quartz fjord vexing office 18:45 illicit Millimeter"""
_WORDS = _TEXT.split()
_SIZE = (900, 700)


class _Writer:
    """Fills in texts; the same `kind` always gives the same page."""

    def __init__(self, kind: str) -> None:
        self._random = random.Random(kind)

    def fill(self, form: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda mark: self._value(mark[1]), form)

    def _value(self, mark: str) -> str:
        pick = self._random
        if mark == "line":
            return " ".join(f"{8 * at},{pick.randrange(10, 290)}" for at in range(100))
        if mark == "n":
            return str(pick.randrange(10, 400))
        if mark == "c":
            return f"hsl({pick.randrange(360)} 60% {pick.randrange(30, 80)}%)"
        return " ".join(pick.choice(_WORDS) for _ in range({"w": 3, "p": 40}[mark])).capitalize()


KINDS: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())

_SCRIPT = """<script>for (const one of document.querySelectorAll("canvas")) {
  const c = one.getContext("2d"); c.font = "20px sans-serif"; let n = +one.dataset.n;
  for (let i = 0; i < 60; i++) { c.fillStyle = `hsl(${n * i} 60% 60%)`; c.beginPath();
    c.arc(n * i % 800, n * i * 7 % 300, 6 + i % 20, 0, 5); c.fill(); c.fillText(one.dataset.text, i * 13, i * 5); } }
</script>"""

_WAIT = "await new Promise((done) => setTimeout(done, 60));"


def _steps(step: str) -> str:
    """Return a script that makes a step in each of 13 frames; `left` counts down to 0."""
    return f"for (let left = 12; left >= 0; left--) {{ {step}; await new Promise(requestAnimationFrame) }}"


_SCRIPTS = {
    "again": "",
    "scrolled": _steps("scrollTo(0, 61.3 * (12 - left))") + "scrollTo(0, 0)",
    "moved": _steps("style.marginLeft = `${left * 3.37}px`") + "style.marginLeft = ''",
    "slid": _steps("style.transform = `translate(${left * 1.37}px, ${left}px)`") + "style.transform = ''",
    "slid to none": _steps("style.transform = `translateX(${left * 1.37}px)`"),
    "faded": _steps("style.opacity = 1 - left / 12") + "style.opacity = ''",
    "zoomed": _steps("style.zoom = 1 + left / 30") + "style.zoom = ''",
    "scaled": _steps("style.transform = `scale(${1 + left / 30})`") + "style.transform = ''",
    "narrowed": _steps("style.width = `${850 - 11 * left}px`") + "style.width = ''",
    "written late": "const all = [...main.children]; main.replaceChildren(); for (const one of all) {"
    " main.append(one); if (Math.random() < .2) await new Promise(requestAnimationFrame) }",
    "pushed": "const one = document.createElement('div'); one.style.height = '33.3px'; main.prepend(one);"
    f"{_WAIT} one.remove()",
    "promoted": f"style.willChange = 'transform'; {_WAIT} style.willChange = ''",
    "selected": f"getSelection().selectAllChildren(main); {_WAIT} getSelection().empty()",
    "bolder": f"style.fontWeight = 700; {_WAIT} style.fontWeight = ''",
}
RESTS = (*_SCRIPTS, "resized", "hovered", "reloaded")
"""The ways of coming to rest; what is in _SCRIPTS is done by a script in the page."""

OPTIONS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("--fonts", {"type": Path, "nargs": "*", "help": "folders of fonts, each a set of its own"}),
    ("--scale", {"type": float, "nargs": "*", "help": "device scale factors (1 1.5 2)"}),
    ("--kind", {"nargs": "*", "choices": tuple(KINDS), "help": "kinds of pages"}),
    ("--way", {"nargs": "*", "choices": tuple(RESTS), "help": "ways of coming to rest"}),
    ("--out", {"type": Path, "help": "folder for the pictures of what was not the same"}),
)


def page_of(kind: str) -> str:
    """Return a page of a kind."""
    writer, form = _Writer(kind), KINDS[kind]
    style = writer.fill(form["style"])
    body = "".join(writer.fill(form["text"]) for _ in range(form["times"]))
    head = f"<!doctype html><meta charset=utf-8><title>{kind}</title><style>{style}</style>"
    return f"{head}<main id=main>{body}</main>{_SCRIPT}"


def rest(page: Page, way: str) -> None:
    """Let a page come to rest in one of the ways."""
    width, height = _SIZE
    if way == "resized":
        for wide in (610, 333, width):
            page.set_viewport_size({"width": wide, "height": height})
    elif way == "hovered":
        for at in range(60, 660, 97):
            page.mouse.move(at, at)
        page.mouse.move(899, 699)
    elif way == "reloaded":
        page.reload()
    else:
        page.evaluate(f"async () => {{ const style = main.style; {_SCRIPTS[way]} }}")


@contextmanager
def _browser(fonts: Path | None) -> Iterator[Browser]:
    """Start Chromium with the fonts of a folder, or of this machine."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        environment: dict[str, str | float | bool] = {**os.environ}
        if fonts is not None:
            own = next(fonts.glob("*.conf"), None)
            more = f"<include>{own}</include>" if own else ""
            config = f"<fontconfig><dir>{fonts}</dir><cachedir>{folder}</cachedir>{more}</fontconfig>"
            file = Path(folder) / "fonts.conf"
            file.write_text(f'<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">{config}')
            environment["FONTCONFIG_FILE"] = str(file)
        args = [*LEAN, "--no-sandbox", "--disable-gpu", "--no-first-run"]
        started = driver.chromium.launch(executable_path=path_of(CHROMIUM), args=args, env=environment)
        yield started
        started.close()


def _failures(
    browser: Browser, kind: str, scale: float, ways: list[str], seconds: float
) -> Iterator[tuple[str, Any]]:
    """Yield the ways in which a page came to look different, with the last verdict and both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_text(page_of(kind))
        view: Any = {"width": _SIZE[0], "height": _SIZE[1]}
        context = browser.new_context(viewport=view, device_scale_factor=scale)
        page = context.new_page()
        page.goto(file.as_uri())
        source = source_of(page)
        first = capture_at_rest(source, (), SCREEN, lambda _: None, 5).shot
        for way in ways:
            page.goto(file.as_uri())
            rest(page, way)
            compared = partial(compare_with_baseline, first, screen=SCREEN)
            seen = capture_at_rest(source, (), SCREEN, compared, seconds)
            if seen.verdict is None or not seen.verdict.same:
                yield way, (seen.verdict, first.picture, seen.shot.picture)
        context.close()


def main(options: argparse.Namespace) -> int:
    """Print what was not the same, and how much was compared."""
    kinds = [kind for kind in KINDS if not options.kind or kind in options.kind]
    ways = [way for way in RESTS if not options.way or way in options.way]
    total, failed = 0, Counter[str]()
    for fonts in options.fonts or [None]:
        here = fonts.name if fonts else "here"
        for scale, kind in itertools.product(options.scale or [1, 1.5, 2], kinds):
            total += len(ways)
            with _browser(fonts) as browser:
                for way, (verdict, *shots) in _failures(browser, kind, scale, ways, 1.0):
                    failed[way] += 1
                    keys = ("different", "smoothed")
                    counts = {key: int(verdict.measures[f"{key}_pixels"]) for key in keys}
                    print(f"{here}, {kind}, x{scale:g}, {way}: {verdict.explanation} {counts}", flush=True)
                    for letter, shot in zip("ab", shots if options.out else (), strict=False):
                        (options.out / f"{here}-{kind}-x{scale:g}-{way}-{letter}.png").write_bytes(png(shot))
        print(f"{here}: so far {failed.total()} of {total} not the same {dict(failed)}", flush=True)
    return min(1, failed.total())
