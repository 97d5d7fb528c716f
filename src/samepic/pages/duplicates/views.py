"""Views of a review: a page of groups, one file beside its reference, and the plan with its way back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from samepic.cleanup.decisions import Decisions, GroupState, Mark
from samepic.cleanup.plan import CleanupAction, Plan, files_of, read_unchanged
from samepic.duplicates.groups import FileFacts, Group
from samepic.errors import UnreadableError
from samepic.limits import FOUND
from samepic.pages.duplicates.session import CleanupRun, RequestedCleanup, mark_of
from samepic.pages.html import Html, el
from samepic.profile import Policy
from samepic.sandbox.decode import Views, views
from samepic.verdict import Relation

__all__ = [
    "ShownPair",
    "groups_page",
    "look_page",
    "look_told",
    "looked",
    "page_of",
    "pages",
    "plan_page",
    "progress",
    "run_page",
    "run_told",
    "size_text",
    "told_path",
]

_MARKS = ((Mark.KEEP, "Keep", "k"), (Mark.DROP, "Drop", "d"), (Mark.NOT_DUPLICATE, "Not a duplicate", "n"))

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


def pages(decided: Decisions) -> int:
    """Return how many pages the groups take, at least one."""
    return max(1, -(-len(decided) // FOUND.groups))


def page_of(index: int) -> int:
    """Return the page of a group, from 1."""
    return index // FOUND.groups + 1


def groups_page(decided: Decisions, number: int) -> list[Html]:
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


def progress(decided: Decisions) -> dict[str, int | str]:
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


def _bar(decided: Decisions) -> Html:
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


def _group(decided: Decisions, index: int) -> Html:
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


def _file(group: Group, state: GroupState, index: int, place: int) -> Html:
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
            [
                _button(one, text, key, mark, name)
                for one, text, key in _MARKS
                if place or one is not Mark.NOT_DUPLICATE
            ],
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


def _path(file: FileFacts) -> Html:
    told = Path(told_path(file.path))
    folder = str(told.parent)
    return el("p.path.small", el("bdi", f"{folder}/" if folder != "." else ""), el("b", told.name))


def _leaf(decided: Decisions, number: int) -> Html:
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


_ACTIONS = (
    (CleanupAction.TRASH, "Move them to the trash"),
    (CleanupAction.MOVE, "Move them to a folder"),
    (CleanupAction.HARDLINK, "Make those with equal bytes hard links to the kept file"),
)

_DONE = {
    CleanupAction.TRASH: "moved to the trash",
    CleanupAction.MOVE: "moved",
    CleanupAction.HARDLINK: "made hard links",
}


def plan_page(decided: Decisions, made: Plan, asked: RequestedCleanup, csrf: str) -> list[Html | None]:
    """Return the dry run: what would be done of what is decided."""
    open_groups = len(decided) - decided.counts()[0]
    files = _files(len(made.steps))
    return [
        el("h1", "The plan"),
        el("p.lead", f"{files} would be {_DONE[asked.action]}, {size_text(made.size)}. Nothing is done yet."),
        _undecided(open_groups),
        _choice(asked),
        _do(made, asked, csrf, files),
        _steps(made),
        _left([(left.path, left.reason) for left in made.skipped]),
    ]


def _undecided(count: int) -> Html | None:
    if not count:
        return None
    told = "1 group is not decided and stays as it is. "
    if count > 1:
        told = f"{count} groups are not decided and stay as they are. "
    return el("p", told, el("a", "Go on deciding", href="/open"))


def _choice(asked: RequestedCleanup) -> Html:
    options = [
        el("option", text, value=str(action), selected=action is asked.action) for action, text in _ACTIONS
    ]
    return el(
        "form.card.choice",
        el("p", el("label", "What is done with the files to go", for_="action"),
           el("select", options, name="action", id="action")),
        el("p.to", el("label", "Folder (its whole path)", for_="to"),
           el("input", type="text", name="to", id="to", value=told_path(asked.move_to), autocomplete="off"),
           hidden=asked.action is not CleanupAction.MOVE, id="where"),
        el("button", "Show what would be done", type="submit"),
        method="get",
        action="/plan",
    )  # fmt: skip


def _do(made: Plan, asked: RequestedCleanup, csrf: str, files: str) -> Html | None:
    if not made.steps:
        return el("p", "Nothing is to be done. ", el("a", "Back to the groups", href="/"))
    hidden = {"csrf": csrf, "action": str(asked.action), "to": asked.move_to, "shown": mark_of(made)}
    word = {CleanupAction.TRASH: f"Move {files} to the trash", CleanupAction.MOVE: f"Move {files}"}
    return el(
        "form.act",
        [el("input", type="hidden", name=name, value=value) for name, value in hidden.items()],
        el("button.primary", word.get(asked.action, f"Link {files}"), type="submit", id="act"),
        el("a.button", "Back to the groups", href="/"),
        el("span.soft", "Each is compared again before. All of it can be taken back."),
        method="post",
        action="/act",
    )


def _steps(made: Plan) -> Html | None:
    if not made.steps:
        return None
    rows = [
        el(
            "tr",
            el("td", told_path(step.target.file.path)),
            el("td", size_text(step.target.file.size)),
            el("td", told_path(step.kept.file.path)),
        )
        for step in made.steps[: FOUND.steps]
    ]
    more = len(made.steps) - len(rows)
    head = el("tr", el("th", "File to go", scope="col"), el("th", "Size", scope="col"),
              el("th", "The copy that stays", scope="col"))  # fmt: skip
    return el(
        "div.wide",
        el("table.steps", el("thead", head), el("tbody", rows)),
        el("p.soft", f"and {more} more") if more else None,
        tabindex=0,
        role="region",
        aria_label="Files to go",
    )


def _left(left: list[tuple[str, str]]) -> Html | None:
    if not left:
        return None
    rows = [
        el("li", el("b", told_path(path)), f": {told_path(reason)}") for path, reason in left[: FOUND.steps]
    ]
    more = len(left) - len(rows)
    return el(
        "section.left",
        el("h2", f"Left alone: {_files(len(left))}"),
        el("ul", rows),
        el("p.soft", f"and {more} more") if more else None,
    )


def run_told(run: CleanupRun) -> dict[str, int | bool]:
    """Return how far a run is, for its page."""
    return {"done": run.done, "left": len(run.left), "of": run.steps, "ended": run.ended}


def run_page(run: CleanupRun, csrf: str) -> list[Html | None]:
    """Return what was done so far, and the way back."""
    did = "brought back" if run.back else _DONE[run.asked.action]
    title = "Working" if not run.ended else "Brought back" if run.back else "Done"
    return [
        el("h1", title, id="title", data_ended="true" if run.ended else "false"),
        el("p.wrong", f"It stopped: {run.wrong}", role="alert") if run.wrong else None,
        el("p.lead", f"{_files(run.done)} {did}; {_files(len(run.left))} left alone.", role="status", id="done"),
        None if run.ended else el("progress", max=max(1, run.steps), value=run.done, id="far", aria_label="Progress"),
        _back(run, csrf) if run.ended else None,
        _left(run.left) if run.ended else None,
    ]  # fmt: skip


def _back(run: CleanupRun, csrf: str) -> Html:
    hidden = el("input", type="hidden", name="csrf", value=csrf)
    undo = el("form.act", hidden, el("button", "Bring everything back", type="submit", id="back"),
              method="post", action="/back")  # fmt: skip
    end = el("form.act", el("input", type="hidden", name="csrf", value=csrf),
             el("button.primary", "Finish", type="submit", id="finish"), method="post", action="/finish")  # fmt: skip
    later = f"samepic clean --undo {told_path(str(run.journal))}"
    return el(
        "div",
        el("p", "Later, ", el("code", later), " brings everything back too.") if run.done and not run.back else None,
        el("div.row", end, undo if run.done and not run.back else None, el("a.button", "Back to the groups", href="/")),
    )  # fmt: skip


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}".replace(",", "\N{THIN SPACE}")


_PICTURES = ("a", "b", "aligned", "difference")

_UNRELATED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


@dataclass(frozen=True, slots=True)
class ShownPair:
    """What can be shown of two files: their views, or what is wrong with one of them."""

    views: Views | None
    wrong: str = ""

    def picture(self, name: str) -> bytes | None:
        """Return the picture of a view, None for none of this name."""
        if self.views is None or name not in _PICTURES:
            return None
        data: bytes = getattr(self.views, name)
        return data


def looked(decided: Decisions, index: int, file: int) -> ShownPair:
    """Return the views of a file and the reference of its group, read and compared again."""
    one, two = files_of(decided.groups[index])[0], files_of(decided.groups[index])[file]
    return _looked(one, two, decided.scan.made_ns)


@lru_cache(maxsize=4)
def _looked(one: FileFacts, two: FileFacts, made_ns: int | None) -> ShownPair:
    try:
        return ShownPair(views(read_unchanged(one, made_ns), read_unchanged(two, made_ns), Policy()))
    except UnreadableError as error:
        return ShownPair(None, f"{told_path(error.name)}: {error.got}")


def look_page(decided: Decisions, index: int, file: int) -> list[Html]:
    """Return the two files in the views of the compare page, which are fetched by it."""
    files = files_of(decided.groups[index])
    back = f"/?page={page_of(index)}#g{index}"
    return [
        el("h1", "Look closely"),
        el(
            "dl.names",
            el("dt", "Best copy"), el("dd", told_path(files[0].path)),
            el("dt", "Held against it"), el("dd", told_path(files[file].path)),
        ),
        el("div", id="answer", aria_live="polite", role="status", data_from=f"/look/{index}/{file}"),
        el("div", id="view"),
        el("div", id="evidence"),
        el("p", el("a.button", "Back to the group ", el("kbd", "Esc"), href=back, id="back")),
    ]  # fmt: skip


def look_told(index: int, file: int, made: ShownPair) -> dict[str, Any]:
    """Return what is shown, as the compare page takes it."""
    if made.views is None:
        return {"wrong": made.wrong}
    verdict, where = made.views.verdict, f"/look/{index}/{file}"
    view = {
        **{name: f"{where}/{name}" for name in _PICTURES},
        "width": verdict.a.width,
        "height": verdict.a.height,
        "boxes": [region.to_dict() for region in verdict.regions],
        "laid": verdict.transform is not None or verdict.relation not in _UNRELATED,
    }
    return {"verdict": verdict.to_dict(), "view": view}
