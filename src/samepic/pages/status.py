"""Status: how much is kept, what was decided, how far pictures lie apart, as bars with numbers; and the home page."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any, NamedTuple
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from samepic.hamming import Codes
from samepic.limits import GATE, PAGES
from samepic.pages.browser import PageRequest
from samepic.pages.html import Child, Html, el, page
from samepic.service.body import query
from samepic.service.state import Service
from samepic.store.contract import Store
from samepic.store.overview import Overview
from samepic.tuning.search import SEARCH

__all__ = ["counted", "distances", "histogram", "home", "show", "strip"]

_TOLD = {
    "/compare": "Drop two pictures: are they the same, and where do they differ? Lay one over the other, swipe, blink.",
    "/check": "Drop one picture: is it in the store already, and what is nearest to it?",
    "/review": "Uploads that may be copies wait for a person. One pair at a time, with the keyboard.",
    "/status": "How many pictures there are, what was decided of uploads, and whether all is well.",
}


async def home(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show what there is to do."""
    counts = None
    if "status" in visit.caller.may:
        counts = await service.quick(service.gates.gate(visit.caller.tenant).status)
    cards = [
        el(
            "li",
            el("a.card.way", el("h2", name), el("p", _TOLD.get(path, "")), _waiting(path, counts), href=path),
        )
        for path, name in visit.frame.menu
    ]
    lead = el("p.lead", "Is it the same picture? ", _kept(counts))
    return page("Start", el("h1", "samepic"), lead, el("ul.ways", cards), frame=visit.frame)


def _kept(counts: dict[str, Any] | None) -> str:
    if counts is None:
        return ""
    kept = counts["accepted"] + counts["held"]
    if not kept:
        return "No picture is kept here yet."
    return f"{kept:,} {'picture is' if kept == 1 else 'pictures are'} kept here.".replace(
        ",", "\N{THIN SPACE}"
    )


def _waiting(path: str, counts: dict[str, Any] | None) -> Html | None:
    if path != "/review" or counts is None:
        return None
    held = counts["held"]
    return el("p.count", f"{held} waiting" if held else "nothing waits")


_WIDE, _HEAD, _TALL, _FOOT, _SIDE = 440, 26, 110, 20, 4


def counted(number: int) -> str:
    """Return a number with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def strip(values: Sequence[int], said: str) -> Html:
    """Return a row of small bars, the oldest first; `said` tells what they show."""
    most = max([*values, 1])
    bars = []
    for at, value in enumerate(values):
        tall = _height(value, most, 22) or 1
        kind = "bar" if value else "bar none"
        bars.append(el("rect", class_=kind, x=6 * at, y=24 - tall, width=5, height=tall))
    box = f"0 0 {6 * len(values)} 24"
    return el("svg.strip", bars, viewBox=box, preserveAspectRatio="none", role="img", aria_label=said)


def histogram(
    counts: Sequence[int], ends: Sequence[str], said: str, *, mark: float | None = None, marked: str = ""
) -> Html:
    """Return a histogram: `ends` are texts under the edges of its bars, "" for none.

    `mark` is where a line stands, as a share of the width, with the text `marked`.
    """
    step, most, floor = _WIDE / len(counts), max([*counts, 1]), _HEAD + _TALL
    drawn = []
    for at, count in enumerate(counts):
        tall, left = _height(count, most, _TALL - 12), round(at * step + 1.5, 1)
        drawn.append(el("rect.bar", x=left, y=floor - tall, width=round(step - 3, 1), height=tall))
        if count:
            drawn.append(el("text", counted(count), x=round(left + step / 2 - 1.5, 1), y=floor - tall - 4))
    if mark is not None:
        across = round(mark * _WIDE, 1)
        drawn.append(el("line.mark", x1=across, x2=across, y1=4, y2=floor))
        drawn.append(el("text.marked", marked, x=across + 5, y=12))
    drawn.append(el("line.base", x1=0, x2=_WIDE, y1=floor, y2=floor))
    for at, end in enumerate(ends):
        kind = "first" if at == 0 else "last" if at == len(counts) else None
        if end:
            drawn.append(el("text", end, class_=kind, x=round(at * step, 1), y=floor + 15))
    box = f"{-_SIDE} 0 {_WIDE + 2 * _SIDE} {floor + _FOOT}"
    return el("svg.histogram", drawn, viewBox=box, role="img", aria_label=said)


def _height(count: int, most: int, room: int) -> float:
    return round(max(2.0, room * count / most), 1) if count else 0


_WORDS = {
    "same-file": "the same file",
    "same-pixels": "the same pixels",
    "resaved": "saved again",
    "adjusted": "adjusted",
    "reframed": "reframed",
    "edited": "edited",
}

_BITS = 256

_STEP = 16


class _Status(NamedTuple):
    """What the page tells: counts by state, the last days, distances in bits, and milliseconds of the store."""

    counts: dict[str, int]
    overview: Overview
    distances: list[int]
    answered_ms: float


async def show(service: Service, request: Request, visit: PageRequest) -> Response:
    """Show the page."""
    query(request, ())
    seen = await service.work(lambda: _seen(service, visit.caller.tenant))
    may_look = "proxy" in visit.caller.may
    return page(
        "Status",
        el("h1", "Status"),
        _figures(seen),
        el(
            "div.charts", _decisions(seen.overview), _probabilities(seen.overview), _distances(seen.distances)
        ),
        el("div.charts", _flooding(seen.overview, look=may_look), _health(service, seen)),
        frame=visit.frame,
    )


def _seen(service: Service, tenant: str) -> _Status:
    store, told = service.gates.store, service.gates.gate(tenant).status()
    begun = time.monotonic()
    store.now()
    answered = 1000 * (time.monotonic() - begun)
    counts = {name: int(told[name]) for name in ("accepted", "held", "pending")}
    return _Status(
        counts, store.overview(tenant), distances(store, tenant, int(told["last_number"])), answered
    )


def distances(store: Store, tenant: str, last: int) -> list[int]:
    """Return how many bits of PDQ lie between some of the newest pictures and the nearest other of these."""
    codes, newest = Codes(), store.codes(tenant, max(0, last - PAGES.newest), PAGES.newest)
    codes.add(newest.pdq_numbers, newest.pdq)
    step = max(1, len(codes) // PAGES.sample)
    asked = [newest.pdq[at * 32 : at * 32 + 32] for at in range(0, len(codes), step)]
    return [int(codes.nearest(one, 2).distances[1]) for one in asked] if len(codes) > 1 else []


def _figures(seen: _Status) -> Html:
    told = [
        ("kept", seen.counts["accepted"] + seen.counts["held"], "pictures are kept"),
        ("held", seen.counts["held"], "of them wait for review"),
        ("refused", sum(map(sum, seen.overview.refused.values())), f"uploads refused in {PAGES.days} days"),
        ("pending", seen.counts["pending"], "uploads on their way"),
    ]
    return el(
        "dl.figures",
        [el("div.card", el("dt", words), el("dd", counted(number))) for _, number, words in told],
    )


def _decisions(seen: Overview) -> Html:
    days = f"by day, the last {PAGES.days} days"
    rows = [("Accepted", seen.accepted), ("Waiting for review", seen.held)]
    rows += [(f"Refused: {_WORDS.get(name, name)}", days_of) for name, days_of in seen.refused.items()]
    rows += [
        ("Reviewers: the same", seen.said.get("same", ())),
        ("Reviewers: not the same", seen.said.get("another", ())),
    ]
    body = [
        el("tr", el("th", name, scope="row"), el("td", strip(values, f"{name}, {days}: {_in_words(values)}")),
           el("td.number", counted(sum(values))))
        for name, values in rows if values
    ]  # fmt: skip
    head = el(
        "tr",
        el("th", "Decision", scope="col"),
        el("th", days, scope="col"),
        el("th.number", "In all", scope="col"),
    )
    cut = (
        el("p.soft.small", f"Of refusals the last {counted(PAGES.refusals)} are counted.")
        if seen.cut
        else None
    )
    return _card(
        "Decisions",
        el("table.decisions", el("thead", head), el("tbody", body)),
        cut,
        wide=True,
    )


def _in_words(values: Sequence[int]) -> str:
    return f"{counted(sum(values))}, {counted(values[-1])} of them today, {counted(max(values))} on the busiest day"


def _probabilities(seen: Overview) -> Html:
    bins = _binned([int(min(0.9999, one) * 20) for one in seen.probabilities], 20)
    told = (
        "How sure the gate was of refusals and of what waits: the chance that a person would call an upload and its"
        " match the same."
    )
    if not seen.probabilities:
        return _card("Probabilities", el("p.soft", "No upload has matched a kept picture yet."))
    ends = [f"{at * 5} %" if at % 5 == 0 else "" for at in range(21)]
    said = f"Probabilities of {counted(len(seen.probabilities))} matches: {_told(bins, ' %', 5)}"
    return _card("Probabilities", el("p.soft.small", told), histogram(bins, ends, said))


def _distances(found: Sequence[int]) -> Html:
    if not found:
        return _card("Distances", el("p.soft", "There are no two pictures yet to lie apart."))
    bins = _binned([one // _STEP for one in found], _BITS // _STEP)
    told = (
        f"How far {counted(len(found))} of the newest pictures lie from the nearest other one, in bits of {_BITS}. What"
        f" is within {SEARCH.radius} is looked at; crowds there make uploads slow."
    )
    ends = [str(at * _STEP) if at % 4 == 0 else "" for at in range(_BITS // _STEP + 1)]
    said = f"Distances: {_told(bins, ' bits', _STEP)}"
    drawn = histogram(bins, ends, said, mark=SEARCH.radius / _BITS, marked=f"looked at: {SEARCH.radius}")
    return _card("Distances", el("p.soft.small", told), drawn)


def _binned(places: Sequence[int], bins: int) -> list[int]:
    counts = [0] * bins
    for place in places:
        counts[min(bins - 1, place)] += 1
    return counts


def _told(bins: Sequence[int], unit: str, step: int) -> str:
    return ", ".join(f"{n} from {at * step} to {(at + 1) * step}{unit}" for at, n in enumerate(bins) if n)


def _flooding(seen: Overview, *, look: bool) -> Html:
    if not seen.most_refusing:
        return _card("Flooding", el("p.soft", "No kept picture refused an upload within the last day."))
    told = (
        f"The kept pictures that refused the most uploads within a day. From {GATE.flooding} different ones on a"
        " picture (a default avatar, a blank page) it decides nothing any more."
    )
    items = [
        el(
            "li",
            el("img", src=f"/ui/picture?{urlencode({'key': key})}", alt="", loading="lazy") if look else None,
            el("span.key", key),
            el("span.number", counted(count), el("span.soft", " refused")),
            el("span.chip", "floods") if count >= GATE.flooding else None,
        )
        for key, count in seen.most_refusing
    ]
    return _card("Flooding", el("p.soft.small", told), el("ul.floods", items))


def _health(service: Service, seen: _Status) -> Html:
    workers = service.gates.workers
    told, held = workers.status(), workers.protection
    missing = [name for name, holds in held.to_dict().items() if holds is False]
    lost = told.get("late", 0) + told.get("died", 0)
    rows = [
        (True, "The store answers", _soon(seen.answered_ms)),
        (
            not missing,
            "Decoding is bounded",
            "in every way" if not missing else f"but not: {', '.join(missing)}",
        ),
        (not lost, "Decoders", f"{told['count']} at most; {lost} were lost since this process started"),
        (True, "Version", f"samepic {version('samepic')}"),
    ]
    items = [
        el("li", el("span.state.fine" if fine else "span.state.odd", "fine" if fine else "look"),
           el("span", el("strong", name), f" {words}"))
        for fine, name, words in rows
    ]  # fmt: skip
    return _card("Health", el("ul.health", items))


def _soon(milliseconds: float) -> str:
    return "at once" if milliseconds < 2 else f"within {milliseconds:.0f} ms"


def _card(title: str, *inside: Child, wide: bool = False) -> Html:
    return el("section.card.wide" if wide else "section.card", el("h2", title), inside)
