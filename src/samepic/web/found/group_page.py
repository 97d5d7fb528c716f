"""Group page: a page of groups, with their files, marks and what they wait for."""

from __future__ import annotations

from pathlib import Path

from samepic.collection.decided import Decided, Mark, State, files_of
from samepic.collection.scanned import ScannedFile, ScannedGroup
from samepic.profiles.found import FOUND
from samepic.web.pages.html import Html, el

__all__ = ["groups_page", "page_of", "pages", "progress", "size_text", "told_path"]

_MARKS = ((Mark.KEEP, "Keep", "k"), (Mark.DROP, "Drop", "d"), (Mark.OTHER, "Not a duplicate", "n"))
_KEYS = (
    ("\N{UPWARDS ARROW} \N{DOWNWARDS ARROW}", "group"),
    ("\N{LEFTWARDS ARROW} \N{RIGHTWARDS ARROW}", "file"),
    ("K", "keep"),
    ("D", "drop"),
    ("N", "not a duplicate"),
    ("Enter", "accept, next"),
    ("U", "undo"),
    ("V", "look closely"),
)


def pages(decided: Decided) -> int:
    """Return how many pages the groups take, at least one."""
    return max(1, -(-len(decided) // FOUND.groups))


def page_of(index: int) -> int:
    """Return the page of a group, from 1."""
    return index // FOUND.groups + 1


def groups_page(decided: Decided, number: int) -> list[Html]:
    """Return what is on page `number`, from 1."""
    first = (number - 1) * FOUND.groups
    shown = range(first, min(first + FOUND.groups, len(decided)))
    if not len(decided):
        return [
            el("h1", "No duplicates"),
            el("p.lead", "The report has no group of pictures that are the same."),
        ]
    return [
        el("h1", "Duplicates"),
        _bar(decided),
        _keys(),
        el("div.groups", [_group(decided, index) for index in shown], id="groups", data_page=number),
        _leaf(decided, number),
    ]


def progress(decided: Decided) -> dict[str, int | str]:
    """Return how far the review is, for the bar."""
    done, drops, size = decided.counts()
    files = f"{drops:,} file{'' if drops == 1 else 's'}".replace(",", "\N{THIN SPACE}")
    told = f"{done:,} of {len(decided):,} groups decided".replace(",", "\N{THIN SPACE}")
    return {
        "done": done,
        "of": len(decided),
        "told": told,
        "drops": f"{files} to go, {size_text(size)}" if drops else "nothing to go yet",
    }


def _bar(decided: Decided) -> Html:
    told = progress(decided)
    return el(
        "div.topbar.card",
        el(
            "div.far",
            el("label", told["told"], for_="far", id="told"),
            el("progress", max=told["of"], value=told["done"], id="far"),
            el("span.soft", told["drops"], id="drops"),
        ),
        el("button", "Undo ", el("kbd", "U"), type="button", id="undo"),
        el("button", "Accept all the rest", type="button", id="rest"),
        el("a.button.primary", "To the plan", href="/plan"),
        el("p.said", role="status", aria_live="polite", id="say"),
    )


def _keys() -> Html:
    told = [el("span", el("kbd", key), f" {what}") for key, what in _KEYS]
    return el("p.hints.small.soft", told)


def _group(decided: Decided, index: int) -> Html:
    group, state = decided.groups[index], decided.state(index)
    files = files_of(group)
    won = size_text(sum(member.file.size for member in group.members))
    count = f"{len(group.members)} {'copy' if len(group.members) == 1 else 'copies'}"
    items = [_file(group, state, index, place) for place in range(min(len(files), FOUND.files))]
    more = len(files) - len(items)
    return el(
        f"section.group.card{'.decided' if state.decided else ''}",
        el(
            "div.head",
            el("h2", f"Group {group.number} ", el("span.soft", f"{count}, {won}"), id=f"h{index}"),
            el("span.stand", "decided" if state.decided else "", data_stand=True),
            el("button.primary.accept", "Accept ", el("kbd", "Enter"), type="button", data_accept=True),
        ),
        el("ul.files", items),
        el("p.soft.small", f"and {more} more, marked as proposed") if more else None,
        id=f"g{index}",
        data_index=index,
        aria_labelledby=f"h{index}",
        tabindex=-1,
    )


def _file(group: ScannedGroup, state: State, index: int, place: int) -> Html:
    file, mark = files_of(group)[place], state.marks[place]
    name = Path(told_path(file.path)).name
    member = group.members[place - 1] if place else None
    what = el("b.tag", str(member.relation)) if member else el("b.tag.best", "best copy")
    why = member.explanation if member else group.reason
    look = f"/look?group={index}&file={place or 1}"
    return el(
        f"li.file.m-{mark}",
        el(
            "a.thumb",
            el("img", src=f"/thumb/{index}/{place}?v={file.sha256[:12]}", alt=name, loading="lazy", decoding="async"),
            href=look,
            aria_label=f"Look closely at {name}",
        ),
        el("p.what", what, " ", el("span.soft", size_text(file.size))),
        _path(file),
        el("p.small.soft", _shown(why)),
        el(
            "div.fates",
            [_button(one, text, key, mark, name) for one, text, key in _MARKS if place or one is not Mark.OTHER],
            role="group",
            aria_label=f"What becomes of {name}",
        ),
        data_file=place,
    )  # fmt: skip


def _button(one: Mark, text: str, key: str, mark: Mark, name: str) -> Html:
    pressed = "true" if one is mark else "false"
    return el(
        f"button.fate.m-{one}",
        text,
        type="button",
        data_mark=str(one),
        aria_pressed=pressed,
        aria_label=f"{text}: {name}",
        aria_keyshortcuts=key,
    )


def _path(file: ScannedFile) -> Html:
    told = Path(told_path(file.path))
    folder = str(told.parent)
    return el("p.path.small", el("bdi", f"{folder}/" if folder != "." else ""), el("b", told.name))


def _leaf(decided: Decided, number: int) -> Html:
    """Return the way to the pages before and behind."""
    last = pages(decided)
    return el(
        "nav.leaf",
        el("a.button", "Back", href=f"/?page={number - 1}", rel="prev", id="prev") if number > 1 else None,
        el(
            "form.jump",
            el("label", "Page", for_="page"),
            el("input", type="number", name="page", id="page", min=1, max=last, value=number, inputmode="numeric"),
            el("span.soft", f"of {last}"),
            el("button", "Go", type="submit"),
            method="get",
            action="/",
        ),
        el("a.button", "First undecided", href="/open"),
        el("a.button", "On", href=f"/?page={number + 1}", rel="next", id="next") if number < last else None,
        aria_label="Pages of groups",
    )  # fmt: skip


def size_text(size: int) -> str:
    """Return a size as people read it."""
    for unit, step in (("GB", 1e9), ("MB", 1e6), ("KB", 1e3)):
        if size >= step:
            told = size / step
            return f"{told:.1f} {unit}" if told < 10 else f"{told:.0f} {unit}"
    return f"{size} bytes"


def told_path(path: str) -> str:
    """Return a path as it can be shown, whatever bytes it has."""
    return _shown(path)


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)
