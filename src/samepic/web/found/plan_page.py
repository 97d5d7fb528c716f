"""Plan page: what would be done, what is being done, and the way back."""

from __future__ import annotations

from samepic.collection.decided import Decided
from samepic.collection.plan import Action, Plan
from samepic.profiles.found import FOUND
from samepic.web.found.desk import Asked, Run, mark_of
from samepic.web.found.group_page import size_text, told_path
from samepic.web.pages.html import Html, el

__all__ = ["plan_page", "run_page", "run_told"]

_ACTIONS = (
    (Action.TRASH, "Move them to the trash"),
    (Action.MOVE, "Move them to a folder"),
    (Action.HARDLINK, "Make those with equal bytes hard links to the kept file"),
)
_DONE = {
    Action.TRASH: "moved to the trash",
    Action.MOVE: "moved",
    Action.HARDLINK: "made hard links",
}


def plan_page(decided: Decided, made: Plan, asked: Asked, csrf: str) -> list[Html | None]:
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
        _left([(left.path, left.reason) for left in made.left]),
    ]


def _undecided(count: int) -> Html | None:
    if not count:
        return None
    told = "1 group is not decided and stays as it is. "
    if count > 1:
        told = f"{count} groups are not decided and stay as they are. "
    return el("p", told, el("a", "Go on deciding", href="/open"))


def _choice(asked: Asked) -> Html:
    options = [
        el("option", text, value=str(action), selected=action is asked.action) for action, text in _ACTIONS
    ]
    return el(
        "form.card.choice",
        el("p", el("label", "What is done with the files to go", for_="action"),
           el("select", options, name="action", id="action")),
        el("p.to", el("label", "Folder (its whole path)", for_="to"),
           el("input", type="text", name="to", id="to", value=told_path(asked.move_to), autocomplete="off"),
           hidden=asked.action is not Action.MOVE, id="where"),
        el("button", "Show what would be done", type="submit"),
        method="get",
        action="/plan",
    )  # fmt: skip


def _do(made: Plan, asked: Asked, csrf: str, files: str) -> Html | None:
    if not made.steps:
        return el("p", "Nothing is to be done. ", el("a", "Back to the groups", href="/"))
    hidden = {"csrf": csrf, "action": str(asked.action), "to": asked.move_to, "shown": mark_of(made)}
    word = {Action.TRASH: f"Move {files} to the trash", Action.MOVE: f"Move {files}"}
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


def run_told(run: Run) -> dict[str, int | bool]:
    """Return how far a run is, for its page."""
    return {"done": run.done, "left": len(run.left), "of": run.steps, "ended": run.ended}


def run_page(run: Run, csrf: str) -> list[Html | None]:
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


def _back(run: Run, csrf: str) -> Html:
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
