"""The pages of a review of duplicates: groups, one file beside its best copy, the plan, and a run."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from samepic.cleanup.decisions import Decisions, GroupState, Mark
from samepic.cleanup.plan import CleanupAction, Keep, KeepRule, Plan, files_of, folder_of, read_unchanged
from samepic.duplicates.groups import Group
from samepic.duplicates.walk import File
from samepic.errors import ReportError
from samepic.pages.duplicates.session import CleanupRun, RequestedCleanup, plan_digest
from samepic.pages.html import Html, count_text, el, pair_json, plural, post_form
from samepic.profile import Policy
from samepic.sandbox.decode import Views, views
from samepic.writing import bytes_text, printable

_GROUPS = 20  # groups on one page
_FILES = 60  # files of one group to show; others are counted, and keep their marks
_STEPS = 200  # files on one page of the plan
_MARKS = ((Mark.KEEP, "Keep", "k"), (Mark.DROP, "Remove", "d"), (Mark.NOT_DUPLICATE, "Not a duplicate", "n"))

_KEYS = (
    ("\N{UPWARDS ARROW} \N{DOWNWARDS ARROW}", "group"), ("\N{LEFTWARDS ARROW} \N{RIGHTWARDS ARROW}", "file"),
    ("K", "keep"), ("D", "remove"), ("N", "not a duplicate"), ("Enter", "accept, next"), ("U", "undo"),
    ("V", "compare"),
)  # fmt: skip


def page_count(decisions: Decisions) -> int:
    return max(1, -(-len(decisions) // _GROUPS))


def page_of(index: int) -> int:
    """Return the page of a group, from 1."""
    return index // _GROUPS + 1


def groups_page(decisions: Decisions, number: int) -> list[Html]:
    if not len(decisions):
        return [el("h1", "No duplicates"), el("p.lead", "The report has no duplicates.")]
    first = (number - 1) * _GROUPS
    indexes = range(first, min(first + _GROUPS, len(decisions)))
    hints = [el("span", el("kbd", key), f" {action}") for key, action in _KEYS]
    return [
        el("h1", "Duplicates"),
        _bar(decisions),
        el("p.hints.small.soft", hints),
        _rules(decisions),
        el("div.groups", [_group(decisions, index) for index in indexes], id="groups", data_page=number),
        _pagination(decisions, number),
    ]


def progress_json(decisions: Decisions) -> dict[str, int | str]:
    decided, selected, size = decisions.counts()
    chosen = f"{plural(selected, 'file')} selected, {bytes_text(size)}"
    return {
        "decided": decided,
        "groups": len(decisions),
        "text": f"{count_text(decided)} of {plural(len(decisions), 'group')} decided",
        "selected": chosen if selected else "nothing selected yet",
    }


def _bar(decisions: Decisions) -> Html:
    progress = progress_json(decisions)
    return el(
        "div.topbar.card",
        el(
            "div.progress",
            el("label", progress["text"], for_="progress", id="progress-text"),
            el("progress", max=progress["groups"], value=progress["decided"], id="progress"),
            el("span.soft", progress["selected"], id="selected"),
        ),
        el("button", "Undo ", el("kbd", "U"), type="button", id="undo"),
        el("button", "Accept all remaining", type="button", id="rest"),
        el("a.button.primary", "Show the plan", href="/plan"),
        el("p.message", role="status", aria_live="polite", id="message"),
    )


_RULES = (
    (KeepRule.BEST, "the best copy"), (KeepRule.LARGEST, "the largest"), (KeepRule.SMALLEST, "the smallest"),
    (KeepRule.NEWEST, "the newest"), (KeepRule.OLDEST, "the oldest"), (KeepRule.PATH, "the first by path"),
)  # fmt: skip


def _rules(decisions: Decisions) -> Html:
    def field(name: str, label: str, hint: str, folders: str | None) -> Html:
        known = {"id": f"rule-{name}", "placeholder": hint, "list": folders, "autocomplete": "off"}
        return el("p", el("label", label, for_=f"rule-{name}"), el("input", type="text", name=name, **known))

    kinds = el(
        "select", [el("option", text, value=str(one)) for one, text in _RULES], name="rule", id="rule-rule"
    )
    return el(
        "details.card.rules",
        el("summary", "Decide many groups by a rule"),
        el(
            "form",
            field("prefer", "Keep files in the folder", "any folder", "folders"),
            field("over", "rather than those in", "all other folders", "folders"),
            field("match", "or whose path matches", "regular expression", None),
            el("p", el("label", "and of several", for_="rule-rule"), kinds),
            el("button", "Preview", type="submit"),
            el("button.primary", "Apply", type="button", id="rule-apply", disabled=True),
            el("datalist", [el("option", value=printable(one)) for one in decisions.folders()], id="folders"),
            id="rule",
        ),
        el("p", role="status", aria_live="polite", id="rule-text"),
    )


def rule_json(
    decisions: Decisions, *, rule: str, prefer: str, over: str, match: str, apply: bool
) -> dict[str, int | str | bool]:
    """Return what a rule decides, in words and numbers, and decide it where it is to `apply`. Raises ReportError."""
    if over and not prefer:
        raise ReportError("Please enter the folder to keep files in, too.")
    folders = [folder_of(str(Path(folder).expanduser())) for folder in (prefer, over) if folder]
    keep = Keep.of(rule if rule in {*KeepRule} else KeepRule.BEST, folders[:1], match)
    states = decisions.by_rule(keep, *folders[1:])
    groups, files, size = decisions.counts(states)
    if apply:
        decisions.apply(states)
    wishes = [f"prefer {prefer}{f' over {over}' if over else ''}"] if prefer else []
    wishes += [f"prefer paths with {match}"] if match else []
    wishes += [f"keep {dict(_RULES)[keep.rule]}"] if not wishes or keep.rule is not KeepRule.BEST else []
    removed = f"{plural(files, 'file')} to remove in {plural(groups, 'undecided group')}, {bytes_text(size)}"
    text = f"{', then '.join(wishes)}: {removed}."
    return {"text": printable(text[0].upper() + text[1:]), "files": files, "applied": apply}


def _group(decisions: Decisions, index: int) -> Html:
    group, state = decisions.groups[index], decisions.state(index)
    files = files_of(group)
    size = bytes_text(sum(member.file.size for member in group.members))
    count = f"{len(group.members)} {'copy' if len(group.members) == 1 else 'copies'}"
    items = [_file(group, state, index, place) for place in range(min(len(files), _FILES))]
    more = len(files) - len(items)
    return el(
        f"section.group.card{'.decided' if state.decided else ''}",
        el(
            "div.head",
            el("h2", f"Group {index + 1} ", el("span.soft", f"{count}, {size}"), id=f"h{index}"),
            el("span.status", "decided" if state.decided else "", data_status=True),
            el("button.primary.accept", "Accept ", el("kbd", "Enter"), type="button", data_accept=True),
        ),
        el("ul.files", items),
        el("p.soft.small", f"and {more} more, marked as suggested") if more else None,
        id=f"g{index}",
        data_index=index,
        aria_labelledby=f"h{index}",
        tabindex=-1,
    )


def _file(group: Group, state: GroupState, index: int, place: int) -> Html:
    file, mark = files_of(group)[place], state.marks[place]
    name = Path(printable(file.path)).name
    member = group.members[place - 1] if place else None
    tag = (
        el("b.tag", str(member.relation))
        if member
        else el("b.tag.best", "stays" if file.protected else "best copy")
    )
    reason = member.text if member else group.reason
    return el(
        f"li.file.m-{mark}",
        el(
            "a.thumb",
            el("img", src=f"/thumb/{index}/{place}?v={file.sha256[:12]}", alt=name, loading="lazy", decoding="async"),
            href=f"/look?group={index}&file={place or 1}",
            aria_label=f"Compare {name}",
        ),
        el("p.what", tag, " ", el("span.soft", bytes_text(file.size))),
        _path(file),
        el("p.small.soft", printable(file.shown)) if file.shown else None,
        el("p.small.soft", printable(reason)),
        el(
            "div.options",
            [_mark_button(*entry, mark, name) for entry in _MARKS if entry[0] in _allowed(place, file)],
            role="group",
            aria_label=f"Decision on {name}",
        ),
        data_file=place,
    )  # fmt: skip


def _allowed(place: int, file: File) -> tuple[Mark, ...]:
    """Return how a file may be marked: the others are duplicates of the reference, or not."""
    return (Mark.KEEP,) if file.protected else tuple(Mark) if place else (Mark.KEEP, Mark.DROP)


def _mark_button(mark: Mark, label: str, key: str, current: Mark, name: str) -> Html:
    return el(
        f"button.option.m-{mark}",
        label,
        type="button",
        data_mark=str(mark),
        aria_pressed="true" if mark is current else "false",
        aria_label=f"{label}: {name}",
        aria_keyshortcuts=key,
    )


def _path(file: File) -> Html:
    path = Path(printable(file.path))
    folder = str(path.parent)
    return el("p.path.small", el("bdi", f"{folder}/" if folder != "." else ""), el("b", path.name))


def _pagination(decisions: Decisions, number: int) -> Html:
    last = page_count(decisions)
    return el(
        "nav.pagination",
        el("a.button", "Previous", href=f"/?page={number - 1}", rel="prev", id="prev") if number > 1 else None,
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
        el("a.button", "Next", href=f"/?page={number + 1}", rel="next", id="next") if number < last else None,
        aria_label="Pages of groups",
    )  # fmt: skip


_ACTIONS = (
    (CleanupAction.TRASH, "Move them to the trash"),
    (CleanupAction.MOVE, "Move them to a folder"),
    (CleanupAction.HARDLINK, "Replace identical files with hard links to the kept file"),
)


def plan_page(decisions: Decisions, planned: Plan, request: RequestedCleanup, csrf: str) -> list[Html | None]:
    undecided = len(decisions) - decisions.counts()[0]
    text_of_rest = "1 group is not decided and stays as it is. "
    if undecided > 1:
        text_of_rest = f"{count_text(undecided)} groups are not decided and stay as they are. "
    files = plural(len(planned.steps), "file")
    text = f"{files} will be {request.action.done}, {bytes_text(planned.size)}. Nothing has been changed yet."
    return [
        el("h1", "Plan"),
        el("p.lead", text),
        el("p", text_of_rest, el("a", "Continue deciding", href="/open")) if undecided else None,
        _action_form(request),
        _run_form(planned, request, csrf, files),
        _steps(planned),
        _skipped([(left.path, left.reason) for left in planned.skipped]),
    ]


def _action_form(request: RequestedCleanup) -> Html:
    now = request.action
    options = [el("option", label, value=str(one), selected=one is now) for one, label in _ACTIONS]
    return el(
        "form.card.choice",
        el("p", el("label", "What to do with the selected files", for_="action"),
           el("select", options, name="action", id="action")),
        el("p.to", el("label", "Folder (full path)", for_="to"),
           el("input", type="text", name="to", id="to", value=printable(request.move_to), autocomplete="off"),
           hidden=request.action is not CleanupAction.MOVE, id="folder"),
        el("button", "Update the plan", type="submit"),
        method="get",
        action="/plan",
    )  # fmt: skip


def _run_form(planned: Plan, request: RequestedCleanup, csrf: str, files: str) -> Html:
    if not planned.steps:
        return el("p", "Nothing to do. ", el("a", "Back to the groups", href="/"))
    hidden = {"action": str(request.action), "to": request.move_to, "shown": plan_digest(planned)}
    labels = {CleanupAction.TRASH: f"Move {files} to the trash", CleanupAction.MOVE: f"Move {files}"}
    return post_form(
        "form.act",
        "/act",
        csrf,
        [el("input", type="hidden", name=name, value=value) for name, value in hidden.items()],
        el("button.primary", labels.get(request.action, f"Link {files}"), type="submit", id="act"),
        el("a.button", "Back to the groups", href="/"),
        el("span.soft", "Each file is read again first. You can undo everything."),
    )


def _steps(planned: Plan) -> Html | None:
    if not planned.steps:
        return None
    rows = []
    for step in planned.steps[:_STEPS]:
        file, kept = step.target.file, step.kept.file
        cells = printable(file.path + step.belongings), bytes_text(file.size), printable(kept.path)
        rows.append(el("tr", [el("td", cell) for cell in cells]))
    head = [el("th", title, scope="col") for title in ("Selected file", "Size", "Kept copy")]
    return el(
        "div.wide",
        el("table.steps", el("thead", el("tr", head)), el("tbody", rows)),
        _and_more(len(planned.steps) - len(rows)),
        tabindex=0,
        role="region",
        aria_label="Selected files",
    )


def _skipped(skipped: list[tuple[str, str]]) -> Html | None:
    if not skipped:
        return None
    rows = [el("li", el("b", printable(path)), f": {printable(reason)}") for path, reason in skipped[:_STEPS]]
    title = el("h2", f"Not changed: {plural(len(skipped), 'file')}")
    return el("section.left", title, el("ul", rows), _and_more(len(skipped) - len(rows)))


def _and_more(count: int) -> Html | None:
    return el("p.soft", f"and {count} more") if count else None


def run_page(run: CleanupRun, csrf: str) -> list[Html | None]:
    action = "restored" if run.is_undo else run.request.action.done
    title = "Working" if not run.ended else "Restored" if run.is_undo else "Done"
    text = f"{plural(run.done, 'file')} {action}; {plural(len(run.skipped), 'file')} not changed."
    bar = el("progress", max=max(1, run.steps), value=run.done, id="progress", aria_label="Progress")
    return [
        el("h1", title, id="title", data_ended="true" if run.ended else "false"),
        el("p.wrong", f"It stopped: {run.error}", role="alert") if run.error else None,
        el("p.lead", text, role="status", id="done"),
        *([_run_actions(run, csrf), _skipped(run.skipped)] if run.ended else [bar]),
    ]


def _run_actions(run: CleanupRun, csrf: str) -> Html:
    can_undo = run.done and not run.is_undo
    command = f"samepic clean --undo {printable(str(run.journal))}"
    finish = el("button.primary", "Finish", type="submit", id="finish")
    undo = el("button", "Undo everything", type="submit", id="back")
    return el(
        "div",
        el("p", "To undo this later: ", el("code", command)) if can_undo else None,
        el(
            "div.row",
            post_form("form.act", "/finish", csrf, finish),
            post_form("form.act", "/back", csrf, undo) if can_undo else None,
            el("a.button", "Back to the groups", href="/"),
        ),
    )


def compare_again(decisions: Decisions, index: int, file: int) -> Views:
    """Read a file and the best copy of its group again, and compare them. Raises UnreadableError."""
    files = files_of(decisions.groups[index])
    return _compare(files[0], files[file])


@lru_cache(maxsize=4)
def _compare(a: File, b: File) -> Views:
    return views(read_unchanged(a), read_unchanged(b), Policy())


def comparison_page(decisions: Decisions, index: int, file: int) -> list[Html]:
    files = files_of(decisions.groups[index])
    back = f"/?page={page_of(index)}#g{index}"
    return [
        el("h1", "Compare"),
        el(
            "dl.names",
            el("dt", "Best copy"), el("dd", printable(files[0].path)),
            el("dt", "Compared with"), el("dd", printable(files[file].path)),
        ),
        el("div", id="answer", aria_live="polite", role="status", data_from=f"/look/{index}/{file}"),
        el("div", id="view"),
        el("div", id="evidence"),
        el("p", el("a.button", "Back to the group ", el("kbd", "Esc"), href=back, id="back")),
    ]  # fmt: skip


def comparison_json(index: int, file: int, compared: Views) -> dict[str, Any]:
    """Return a comparison as the compare page of the service has it."""
    pictures = {name: f"/look/{index}/{file}/{name}" for name in compared.pictures()}
    return pair_json(compared.verdict, pictures)
