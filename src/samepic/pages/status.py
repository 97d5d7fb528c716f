"""The status page, with counts, decisions and distances as charts, and the home page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple
from urllib.parse import urlencode

import numpy as np
from starlette.requests import Request
from starlette.responses import Response

from samepic.hamming import Codes
from samepic.pages.browser import PageRequest, sign_in_required
from samepic.pages.compare import answer_place, picture_form
from samepic.pages.html import Child, Html, count_text, el, page, plural
from samepic.service.body import query_params
from samepic.service.problems import Json
from samepic.service.state import Service
from samepic.store.overview import DAYS, REFUSALS, Overview
from samepic.tuning.search import GATE, SEARCH

_INTRODUCTIONS = {
    "/compare": "Are two pictures the same, and where do they differ? See them side by side, overlaid or blinking.",
    "/check": "Is a picture in the store already? See the most similar ones.",
    "/pictures": "Look through the kept pictures by key, and remove some.",
    "/review": "Decide which uploads are copies, one pair at a time, with the keyboard.",
    "/docs": "Every address of the API with its parameters, an example and its answers.",
    "/status": "The number of pictures, the decisions on uploads, and the health of the service.",
}


_LINKS = {"docs": "/docs", "openapi": "/openapi.json", "ready": "/v1/ready", "metrics": "/metrics"}


async def home(service: Service, request: Request, context: PageRequest) -> Response:
    """Show what there is: to browsers a page, to programs JSON, which says nothing of the store."""
    if "text/html" not in request.headers.get("accept", ""):
        return Json({"service": "samepic", "version": version("samepic"), "links": _LINKS})
    if service.settings.tokens and not context.frame.user:
        raise sign_in_required()
    stored, waiting = "", None
    if "status" in context.caller.rights:
        counts = await service.run_light(service.gates.gate(context.caller.tenant).status)
        kept, held = counts["accepted"] + counts["held"], counts["held"]
        stored = f"The store has {plural(kept, 'picture')}." if kept else "The store is empty."
        waiting = el("p.count", f"{count_text(held)} waiting" if held else "all caught up")
    cards = []
    for path, name in context.frame.menu:
        more = el("p", _INTRODUCTIONS.get(path, "")), waiting if path == "/review" else None
        cards.append(el("li", el("a.card.way", el("h2", name), more, href=path)))
    lead = el("p.lead", "Is it the same picture? ", stored)
    # A browser sends no token, which these counts need where there are any.
    names = [
        name for name in ("openapi", "ready", "metrics") if name != "metrics" or not service.settings.tokens
    ]
    form = None
    if context.caller.rights.issuperset(("check", "proxy")):
        button = el("button.primary", "Upload and check", type="submit")
        title = el("h2", "Is it here already?")
        form = el("section.ask", title, picture_form(context, button), answer_place())
    links = [(el("a", _LINKS[name], href=_LINKS[name]), " ") for name in names]
    programs = el("p.more.soft", "For programs: ", links)
    return page(
        "Start",
        el("h1", "samepic"),
        lead,
        form,
        el("ul.ways", cards),
        programs,
        frame=context.frame,
        scripts=("home.js",) if form else (),
    )


_WIDTH, _TOP, _HEIGHT, _BOTTOM, _SIDE = 440, 26, 110, 20, 4


def _sparkline(values: Sequence[int], label: str) -> Html:
    most = max([*values, 1])
    bars = []
    for index, value in enumerate(values):
        height = _bar_height(value, most, 22) or 1
        kind = "bar" if value else "bar none"
        bars.append(el("rect", class_=kind, x=6 * index, y=24 - height, width=5, height=height))
    box = f"0 0 {6 * len(values)} 24"
    return el("svg.strip", bars, viewBox=box, preserveAspectRatio="none", role="img", aria_label=label)


def _histogram(
    counts: Sequence[int], ticks: Sequence[str], label: str, *, mark: float | None = None, mark_text: str = ""
) -> Html:
    step, most, floor = _WIDTH / len(counts), max([*counts, 1]), _TOP + _HEIGHT
    shapes = []
    for index, count in enumerate(counts):
        height, left = _bar_height(count, most, _HEIGHT - 12), round(index * step + 1.5, 1)
        shapes.append(el("rect.bar", x=left, y=floor - height, width=round(step - 3, 1), height=height))
        if count:
            middle = round(left + step / 2 - 1.5, 1)
            shapes.append(el("text", count_text(count), x=middle, y=floor - height - 4))
    if mark is not None:
        x = round(mark * _WIDTH, 1)
        shapes.append(el("line.mark", x1=x, x2=x, y1=4, y2=floor))
        shapes.append(el("text.marked", mark_text, x=x + 5, y=12))
    shapes.append(el("line.base", x1=0, x2=_WIDTH, y1=floor, y2=floor))
    for index, tick in enumerate(ticks):
        kind = "first" if index == 0 else "last" if index == len(counts) else None
        if tick:
            shapes.append(el("text", tick, class_=kind, x=round(index * step, 1), y=floor + 15))
    box = f"{-_SIDE} 0 {_WIDTH + 2 * _SIDE} {floor + _BOTTOM}"
    return el("svg.histogram", shapes, viewBox=box, role="img", aria_label=label)


def _bar_height(count: int, most: int, available: int) -> float:
    return round(max(2.0, available * count / most), 1) if count else 0


_RELATIONS = {"same-file": "same file", "same-pixels": "same pixels", "resaved": "re-saved"}

_BITS = 256
_BIN_BITS = 16
_NEWEST = 20_000  # kept pictures, of which the histogram of distances shows a sample
_SAMPLE = 400


class _Status(NamedTuple):
    counts: dict[str, int]
    overview: Overview
    distances: list[int]
    store_ms: float


async def show(service: Service, request: Request, context: PageRequest) -> Response:
    query_params(request, ())
    status = await service.run_heavy(lambda: _status(service, context.caller.tenant))
    overview, pictures = status.overview, "proxy" in context.caller.rights
    return page(
        "Status",
        el("h1", "Status"),
        _figures(status),
        el("div.charts", _decisions(overview), _probabilities(overview), _distances(status.distances)),
        el("div.charts", _flooding(overview, pictures=pictures), _health(service, status)),
        frame=context.frame,
    )


def _status(service: Service, tenant: str) -> _Status:
    store, gate_status = service.gates.store, service.gates.gate(tenant).status()
    start = time.monotonic()
    store.now()
    store_ms = 1000 * (time.monotonic() - start)
    counts = {name: int(gate_status[name]) for name in ("accepted", "held", "pending")}
    # Of a sample of the newest pictures, the PDQ distances to the nearest other one of these.
    codes, newest = Codes(), store.codes(tenant, max(0, int(gate_status["last_number"]) - _NEWEST), _NEWEST)
    codes.add(newest.pdq_numbers, newest.pdq)
    step = max(1, len(codes) // _SAMPLE)
    sample = [newest.pdq[index * 32 : index * 32 + 32] for index in range(0, len(codes), step)]
    nearest = [int(codes.nearest(code, 2).distances[1]) for code in sample] if len(codes) > 1 else []
    return _Status(counts, store.overview(tenant), nearest, store_ms)


def _figures(status: _Status) -> Html:
    refused = sum(map(sum, status.overview.refused.values()))
    figures = [
        (status.counts["accepted"] + status.counts["held"], "pictures in the store"),
        (status.counts["held"], "of them wait for review"),
        (refused, f"uploads refused in {DAYS} days"),
        (status.counts["pending"], "uploads in progress"),
    ]
    cards = [el("div.card", el("dt", label), el("dd", count_text(number))) for number, label in figures]
    return el("dl.figures", cards)


def _decisions(overview: Overview) -> Html:
    days = f"by day, last {DAYS} days"
    rows = [("Accepted", overview.accepted), ("Waiting for review", overview.held)]
    rows += [(f"Refused: {_RELATIONS.get(name, name)}", daily) for name, daily in overview.refused.items()]
    rows += [
        ("Reviewed: same picture", overview.said.get("same", ())),
        ("Reviewed: different pictures", overview.said.get("another", ())),
    ]
    body = [
        el("tr", el("th", name, scope="row"), el("td", _sparkline(values, f"{name}, {days}: {_in_words(values)}")),
           el("td.number", count_text(sum(values))))
        for name, values in rows if values
    ]  # fmt: skip
    titles = (("th", "Decision"), ("th", days), ("th.number", "Total"))
    head = el("tr", [el(kind, title, scope="col") for kind, title in titles])
    cut = f"Only the last {count_text(REFUSALS)} refusals are counted."
    return _card(
        "Decisions",
        el("table.decisions", el("thead", head), el("tbody", body)),
        el("p.soft.small", cut) if overview.cut else None,
        wide=True,
    )


def _in_words(values: Sequence[int]) -> str:
    total, today, busiest = (count_text(number) for number in (sum(values), values[-1], max(values)))
    return f"{total}, {today} of them today, {busiest} on the busiest day"


def _probabilities(overview: Overview) -> Html:
    if not overview.probabilities:
        return _card("Probabilities", el("p.soft", "No upload has matched a picture of the store yet."))
    twentieths = [int(min(0.9999, probability) * 20) for probability in overview.probabilities]
    bins = np.bincount(twentieths, minlength=20).tolist()
    text = (
        "How certain the matches of refused and waiting uploads are: the probability that a person would call the two"
        " pictures the same."
    )
    ticks = [f"{index * 5} %" if index % 5 == 0 else "" for index in range(21)]
    matches = count_text(len(overview.probabilities))
    label = f"Probabilities of {matches} matches: {_bins_text(bins, ' %', 5)}"
    return _card("Probabilities", el("p.soft.small", text), _histogram(bins, ticks, label))


def _distances(distances: Sequence[int]) -> Html:
    if not distances:
        return _card("Distances", el("p.soft", "The store needs at least two pictures for this."))
    bins = np.bincount(np.minimum(distances, _BITS - 1) // _BIN_BITS, minlength=_BITS // _BIN_BITS).tolist()
    text = (
        f"How far {count_text(len(distances))} of the newest pictures are from their nearest neighbor, in bits of"
        f" {_BITS}. Each upload is compared with the pictures within {SEARCH.radius}; many of them make it slow."
    )
    ticks = [str(index * _BIN_BITS) if index % 4 == 0 else "" for index in range(_BITS // _BIN_BITS + 1)]
    label = f"Distances: {_bins_text(bins, ' bits', _BIN_BITS)}"
    mark_text = f"search radius: {SEARCH.radius}"
    chart = _histogram(bins, ticks, label, mark=SEARCH.radius / _BITS, mark_text=mark_text)
    return _card("Distances", el("p.soft.small", text), chart)


def _bins_text(bins: Sequence[int], unit: str, step: int) -> str:
    filled = ((index * step, count) for index, count in enumerate(bins) if count)
    return ", ".join(f"{count} from {first} to {first + step}{unit}" for first, count in filled)


def _flooding(overview: Overview, *, pictures: bool) -> Html:
    if not overview.most_refusing:
        return _card("Flooding", el("p.soft", "No upload was refused within the last day."))
    text = (
        "The pictures that caused the most refusals within a day. A picture that matches"
        f" {GATE.flooding} different uploads (a default avatar, a blank page) no longer refuses any."
    )
    address = "/ui/picture?"
    items = [
        el(
            "li",
            el("img", src=address + urlencode({"key": key}), alt="", loading="lazy") if pictures else None,
            el("span.key", key),
            el("span.number", count_text(count), el("span.soft", " refused")),
            el("span.chip", "floods") if count >= GATE.flooding else None,
        )
        for key, count in overview.most_refusing
    ]
    return _card("Flooding", el("p.soft.small", text), el("ul.floods", items))


def _health(service: Service, status: _Status) -> Html:
    pool, protection = service.gates.workers.status(), service.gates.workers.protection.to_dict()
    missing = ", ".join(name for name, active in protection.items() if active is False)
    lost = pool.get("late", 0) + pool.get("died", 0)
    rows = [
        (True, "Store", f"answers within {max(1, round(status.store_ms))} ms"),
        (not missing, "Sandbox", f"decoding is {f'not protected by: {missing}' if missing else 'protected'}"),
        (not lost, "Decoders", f"up to {pool['count']}; {lost} lost since this process started"),
        (True, "Version", f"samepic {version('samepic')}"),
    ]
    items = [
        el("li", el(f"span.state.{'ok' if ok else 'warning'}", "ok" if ok else "check"),
           el("span", el("strong", name), f" {text}"))
        for ok, name, text in rows
    ]  # fmt: skip
    return _card("Health", el("ul.health", items))


def _card(title: str, *content: Child, wide: bool = False) -> Html:
    return el("section.card.wide" if wide else "section.card", el("h2", title), content)
