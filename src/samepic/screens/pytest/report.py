"""Report: the message of a failed test, the folder of its pictures, and one HTML page for the whole run."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from samepic.errors import BaselineError, ReportError
from samepic.writing import data_url, plural, printable, replacing

if TYPE_CHECKING:
    from samepic.verdict import Verdict

_INLINED_BYTES: Final = 96 * 2**20  # of pictures within one report, since browsers open pages of 128 MB


def verdict_facts(verdict: Verdict) -> list[tuple[str, str]]:
    facts = []
    a, b = verdict.a, verdict.b
    if (a.width, a.height) != (b.width, b.height):
        facts.append(("size", f"{b.width}x{b.height} instead of {a.width}x{a.height}"))
    if (count := verdict.measures.get("different_pixels")) is not None:
        share = 100 * count / max(1, a.width * a.height)
        largest = verdict.measures.get("largest", 0)
        facts.append(("different pixels", f"{count:.0f} ({share:.2g} %), by up to {largest:.2g}"))
    if smoothed := verdict.measures.get("smoothed_pixels", 0):
        facts.append(("smoothed edges", f"{smoothed:.0f} more pixels, which do not count"))
    if verdict.regions:
        from samepic.display import regions_text  # a run that takes no pictures loads none of it

        facts.append(("changed", regions_text(verdict.regions)))
    return facts


def failure_message(
    heading: str, facts: Iterable[Sequence[str]], paths: Mapping[str, Path], here: Path, advice: str
) -> str:
    """Return the message of a failed test: one line, the facts and paths in rows, and the advice."""
    rows = [*facts, *((kind, relative_path(path, here)) for kind, path in paths.items())]
    width = max((len(name) for name, _ in rows), default=0)
    return "\n".join([heading, *(f"  {name:<{width}}  {text}" for name, text in rows), advice])


def relative_path(path: Path, here: Path) -> str:
    """Return a path relative to the folder `here` where possible, with slashes."""
    text = os.path.relpath(path, here) if path.is_relative_to(here) else str(path)
    return text.replace(os.sep, "/")


@dataclass(frozen=True, slots=True)
class Event:
    """A picture that was not the same as its baseline, was `new`, `written`, or `failed`; its changes, and facts."""

    test: str
    name: str
    baseline: str
    sentence: str
    new: bool
    written: bool
    failed: bool
    folder: str = ""
    facts: Sequence[Sequence[str]] = ()
    boxes: Sequence[Sequence[int]] = ()
    acceptable: bool = True


def update_command(tests: Iterable[str]) -> str:
    """Return the command that writes the baselines of these tests and of no others."""
    quoted = " ".join('"{}"'.format(test.replace('"', '\\"')) for test in dict.fromkeys(tests))
    return f"pytest {quoted} --samepic-update"


def summary(events: Iterable[Event]) -> str:
    """Return all events in one line, "" for none."""
    listed = list(events)
    changed = sum(event.failed and not event.new for event in listed)
    missing = sum(event.new and not event.written for event in listed)
    new = sum(event.new and event.written for event in listed)
    again = sum(event.written and not event.new for event in listed)
    kinds = f"({new} new, {again} changed)" if new and again else "for the first time" if new else "again"
    parts = {
        f"{plural(new + again, 'baseline')} written {kinds}": new + again,
        f"{plural(changed, 'picture')} {'differs' if changed == 1 else 'differ'}": changed,
        f"{plural(missing, 'picture')} without a baseline": missing,
    }
    return ", ".join(text for text, count in parts.items() if count)


def write_step_summary(path: Path, events: Sequence[Event]) -> None:
    """Append what happened to the summary that GitHub Actions shows of a step."""
    rows = [[event.name, event.sentence, event.test] for event in events if event.failed]
    cells = [[html.escape(printable(cell)).replace("|", "\\|") for cell in row] for row in rows]
    lines = [f"### samepic: {summary(events)}", ""]
    if rows:
        lines += [
            "| picture | what | test |",
            "|---|---|---|",
            *(f"| {' | '.join(row)} |" for row in cells),
            "",
        ]
        lines += [
            "To take them as baselines:",
            "",
            "```sh",
            update_command(row[2] for row in rows),
            "```",
            "",
        ]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines))


INDEX = "index.html"
KINDS = ("expected", "actual", "difference")
_EVENT_FILE = "samepic.json"
_IGNORE = ".gitignore"
_IGNORED = "# Made by samepic at each run of pytest.\n*\n"
_GENERATOR = b'name="generator" content="samepic"'


def _create_folder(output: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    ignore = output / _IGNORE
    # The folder may contain other files of the user.
    if not ignore.exists() and not any(output.iterdir()):
        ignore.write_text(_IGNORED)


def save_pictures(output: Path, event: Event, pictures: Mapping[str, bytes]) -> dict[str, Path]:
    _create_folder(output)
    folder = output / event.folder
    folder.mkdir(exist_ok=True)
    paths = {}
    for kind, data in pictures.items():
        paths[kind] = folder / f"{event.name}-{kind}.png"
        paths[kind].write_bytes(data)
    (folder / _EVENT_FILE).write_text(json.dumps(asdict(event), indent=1), encoding="utf-8")
    return paths


def clear(output: Path) -> None:
    """Remove the output of an earlier run. Links are not followed, and other files stay."""
    if not output.is_dir():
        return
    for folder in output.iterdir():
        if (folder / _EVENT_FILE).is_file() and not folder.is_symlink():
            for path in (path for kind in KINDS for path in folder.glob(f"*-{kind}.png")):
                path.unlink()
            (folder / _EVENT_FILE).unlink()
            _remove_if_empty(folder)
    index, ignore = output / INDEX, output / _IGNORE
    if index.is_file() and _GENERATOR in index.read_bytes()[:2000]:
        index.unlink()
    if ignore.is_file() and ignore.read_text(errors="replace") == _IGNORED:
        ignore.unlink()
    _remove_if_empty(output)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # it holds other files
        folder.rmdir()


_STATIC = Path(__file__).parent.parent.parent
_STYLES = ("pages/static/base.css", "pages/static/parts.css", "screens/pytest/report.css")
_SCRIPTS = ("pages/static/dom.js", "pages/static/view.js", "screens/pytest/report.js")
_TITLES = {"expected": "Expected", "actual": "Actual", "difference": "Difference"}


def read_failures(output: Path) -> dict[str, Event]:
    """Return what failed in the run that left its report in `output`, by folder. Raises ReportError."""
    try:
        texts = [path.read_text(encoding="utf-8") for path in sorted(output.glob(f"*/{_EVENT_FILE}"))]
        events = [Event(**json.loads(text)) for text in texts]
    except (OSError, TypeError, ValueError) as error:
        raise ReportError(f"{output}: expected the report of a run of pytest: {error}") from error
    if not events:
        raise ReportError(f"{output}: expected the report of a run of pytest, found no failed picture in it")
    return {event.folder: event for event in events}


def accept(output: Path, event: Event, root: Path) -> None:
    """Write what a failed test saw as its baseline, below the folder `root`, in which pytest ran.

    Raises BaselineError where the baseline is no longer the one of the report, and for a path of anything else.
    """
    from samepic.picture import equal_pixels
    from samepic.screens.pytest.baselines import read_baseline, write_baseline

    path, pictures = root / event.baseline, output / event.folder
    inside = (
        path.resolve().is_relative_to(root.resolve()) and ".." not in path.parts and path.suffix == ".png"
    )
    tests = [parent / f"{path.parent.name}.py" for parent in path.parents if parent.is_relative_to(root)]
    if not inside or not any(test.is_file() for test in tests):
        raise BaselineError(
            f"{event.baseline}: expected a baseline of tests below {root}: start where pytest ran"
        )
    actual, expected, current = (
        read_baseline(one)
        for one in (*(pictures / f"{event.name}-{kind}.png" for kind in KINDS[1::-1]), path)
    )
    known = expected is not None and current is not None and equal_pixels(expected.picture, current.picture)
    if actual is None or not event.acceptable or not (known or expected is current):
        raise BaselineError(
            f"{event.baseline}: it is no longer what it was in this report: run the test again"
        )
    write_baseline(path, actual.picture, actual.ignored)


def write_report(output: Path, events: Sequence[Event], when: datetime) -> Path:
    _create_folder(output)
    with replacing(output / INDEX) as temporary:
        temporary.write_text("".join(page(output, events, when)), encoding="utf-8")
    return output / INDEX


def page(
    output: Path, events: Sequence[Event], when: datetime, budget: int = _INLINED_BYTES, csrf: str = ""
) -> Iterator[str]:
    """Yield the parts of the page, with at most about `budget` bytes of the pictures in `output`.

    With `csrf`, the token of its requests, it has buttons that accept pictures as baselines.
    """
    failed = sorted((event for event in events if event.failed), key=lambda event: (event.test, event.name))
    written = [event for event in events if event.written and not event.failed]
    head, foot = _frame(summary(events), when, csrf).split("<!-- content -->\n")
    yield head
    if len(failed) > 1:
        yield '<nav class="contents" aria-label="Pictures"><ol>'
        for number, event in enumerate(failed, 1):
            sentence = f'<span class="soft">{_text(event.sentence)}</span>'
            yield f'<li><a href="#p{number}">{_text(event.name)}</a> {sentence}</li>'
        yield "</ol></nav>\n"
    for number, event in enumerate(failed, 1):
        pictures = _pictures(output, event) if budget > 0 else {}
        budget -= sum(map(len, pictures.values()))
        yield _article(number, event, pictures, accepts=bool(csrf))
    if failed:
        command = _text(update_command(event.test for event in failed))
        yield '<section class="card update"><h2>If all of it was intended</h2>'
        yield f'<pre tabindex="0" aria-label="Command"><code>{command}</code></pre><button type="button">Copy</button>'
        yield '<p class="soft">To accept pictures one by one: <code>samepic review</code> with this folder.</p>'
        yield "</section>\n"
    if written:
        yield '<section class="card written"><h2>Baselines written</h2><ul>'
        yield "".join(f"<li><code>{_text(event.baseline)}</code></li>" for event in written)
        yield "</ul></section>\n"
    yield foot


def _frame(title: str, when: datetime, csrf: str) -> str:
    """Return the page without its content."""
    svg = (_STATIC / "pages/static/icon.svg").read_text(encoding="utf-8").strip()
    styles, scripts = _joined_assets(_STYLES), _joined_assets(_SCRIPTS)
    sources = f"script-src '{_digest(scripts)}'; style-src '{_digest(styles)}'"
    return Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8")).substitute(
        policy=f"default-src 'none'; img-src data:; {sources}" + ("; connect-src 'self'" if csrf else ""),
        csrf=f'<meta name="csrf" content="{_text(csrf)}">' if csrf else "",
        foot="It writes baselines of this report only." if csrf else "It loads and sends nothing.",
        title=_text(title),
        icon=data_url(svg.encode(), "image/svg+xml"),
        logo=svg.replace("<svg ", '<svg width="24" height="24" aria-hidden="true" ', 1),
        when=f"{when:%Y-%m-%d %H:%M}",
        styles=styles,
        scripts=scripts,
    )


def _article(number: int, event: Event, pictures: dict[str, bytes], *, accepts: bool) -> str:
    said = event.sentence
    button = ""
    if accepts and event.acceptable:
        about = f'data-accept="{_text(event.folder)}" aria-describedby="n{number}"'
        button = f'<button class="primary" type="button" {about}>'
        button = f'<p class="accept" role="status">{button}Accept as baseline</button></p>\n'
    facts = "".join(f"<dt>{_text(name)}</dt><dd>{_text(text)}</dd>" for name, text in event.facts)
    return (
        f'<article class="card" id="p{number}" aria-labelledby="n{number}"><h2 id="n{number}">{_text(event.name)}</h2>'
        f'<p class="said">{_text(said[:1].upper() + said[1:])}{"" if said.endswith(".") else "."}</p>\n'
        f"{button}"
        f"{_view(event, pictures) if pictures else _links(event)}\n"
        f'<dl class="facts">{facts}<dt>test</dt><dd><code>{_text(event.test)}</code></dd>'
        f"<dt>baseline</dt><dd><code>{_text(event.baseline)}</code></dd></dl></article>\n"
    )


def _view(event: Event, pictures: dict[str, bytes]) -> str:
    width, height = _size(pictures["actual"])
    boxes = [dict(zip("xywh", box, strict=True)) for box in event.boxes]
    pair = {"width": width, "height": height, "boxes": boxes, "label": event.name}
    figures = "".join(
        f'<figure><img data-kind="{kind}" alt="{_TITLES[kind]}: {_text(event.name)}"'
        f' src="{data_url(data, "image/png")}"><figcaption>{_TITLES[kind]}</figcaption></figure>'
        for kind, data in pictures.items()
    )
    return f'<div class="pictures" data-pair="{_text(json.dumps(pair))}">{figures}</div>'


def _links(event: Event) -> str:
    links = ", ".join(
        f'<a href="{quote(f"{event.folder}/{event.name}-{kind}.png")}">{_TITLES[kind].lower()}</a>'
        for kind in (KINDS if not event.new else ("actual",))
    )
    return f'<p class="soft">This report is full; its pictures are beside this page: {links}.</p>'


def _pictures(output: Path, event: Event) -> dict[str, bytes]:
    found = {kind: output / event.folder / f"{event.name}-{kind}.png" for kind in KINDS}
    data = {kind: path.read_bytes() for kind, path in found.items() if path.is_file()}
    if "expected" not in data or "actual" not in data:
        return data
    sizes = {kind: _size(data[kind]) for kind in ("expected", "actual")}
    if len(set(sizes.values())) == 1:
        return data
    canvas = tuple(max(sides) for sides in zip(*sizes.values(), strict=True))
    frames = {**sizes, "difference": sizes["expected"]}
    return {kind: _paste_on_canvas(canvas, frames[kind], item) for kind, item in data.items()}


def _size(data: bytes) -> tuple[int, int]:
    from PIL import Image  # a run that takes no pictures loads none of it

    with Image.open(io.BytesIO(data)) as image:
        return image.size


def _paste_on_canvas(canvas: tuple[int, ...], frame: tuple[int, int], data: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as image:
        scale = image.width / frame[0]
        sheet = Image.new("RGBA", (round(canvas[0] * scale), round(canvas[1] * scale)))
        sheet.paste(image.convert("RGBA"))
    stream = io.BytesIO()
    sheet.save(stream, "PNG")
    return stream.getvalue()


@cache
def _joined_assets(names: tuple[str, ...]) -> str:
    """Return style sheets or modules joined to one, without imports and exports."""
    lines = (line for name in names for line in (_STATIC / name).read_text(encoding="utf-8").splitlines())
    kept = (line.removeprefix("export ") for line in lines if not line.startswith("import "))
    return "\n" + "\n".join(kept) + "\n"


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _text(text: str) -> str:
    return html.escape(printable(text))
