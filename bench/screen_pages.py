"""Pages for a browser, what is changed on them, and what must be said of it."""

from __future__ import annotations

import random
from dataclasses import dataclass

_WORDS = (
    "the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "seven", "wizards", "make", "toxic",
    "brew", "for", "the", "evil", "queen", "and", "jack",
)  # fmt: skip
_STYLE = """body{font:16px sans-serif;margin:32px;background:#fafafa}
.g{display:grid;grid-template-columns:repeat(COLUMNS,1fr);gap:24px}
.card{background:#fff;border-radius:12px;box-shadow:0 2px 8px #0003;padding:16px}
.im{height:80px;background:linear-gradient(135deg,hsl(var(--h) 80% 60%),hsl(calc(var(--h) + 80) 80% 40%))}
button{padding:8px 16px;border-radius:8px;border:0;background:#2563eb;color:#fff}
td{border:1px solid #ccc;padding:6px 20px}
.badge{position:absolute;left:1100px;top:40px;width:60px;height:24px;background:#dc2626;border-radius:12px}"""


def _page(cards: int, columns: int, rows: int, words: int) -> str:
    rng = random.Random(1)

    def said(count: int) -> str:
        return " ".join(rng.choice(_WORDS) for _ in range(count))

    shown = "".join(
        f'<div class=card style="--h:{rng.randrange(360)}"><div class=im></div><h3>{said(3)}</h3>'
        f"<p>{said(12)}</p><button>{said(2)}</button></div>"
        for _ in range(cards)
    )
    table = "".join(
        f"<tr><td>{said(2)}</td><td>{rng.randrange(1000)}</td><td>{rng.randrange(1000)}</td></tr>"
        for _ in range(rows)
    )
    return (
        f"<!doctype html><style>{_STYLE.replace('COLUMNS', str(columns))}</style><h1>Title of the page</h1>"
        f"<div class=badge></div><p id=intro>{said(words)}</p><table>{table}</table><p></p>"
        f"<div class=g>{shown}</div><p>{said(words)}</p>"
    )


def page() -> str:
    """Return a page for a window of 1280 x 800: a heading, text, a table and eight cards."""
    return _page(8, 4, 8, 60)


def large_page() -> str:
    """Return a page for a window of 1920 x 1080 with two device pixels to one: 24 cards."""
    return _page(24, 6, 4, 200)


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to a page, as JavaScript, and a regular expression of what must be said of it somewhere."""

    name: str
    script: str
    said: str


def _of(selector: str, at: int, then: str) -> str:
    return f"document.querySelectorAll('{selector}')[{at}].{then}"


def _put(selector: str, where: str, html: str) -> str:
    return _of(selector, 0, f"insertAdjacentHTML('{where}','{html}')")


def _moved(name: str, selector: str, at: int, by: tuple[int, int], words: str) -> Change:
    return Change(
        name, _of(selector, at, f"style.transform='translate({by[0]}px,{by[1]}px)'"), f"moved {words}"
    )


CHANGES = (
    _moved("button, 3 px down", "button", 2, (0, 3), "3 px down$"),
    _moved("button, 1 px right", "button", 1, (1, 0), "1 px right$"),
    _moved("button, 40 px right", "button", 2, (40, 0), "40 px right$"),
    _moved("button, far right and up", "button", 2, (120, -10), "120 px right and 10 px up$"),
    _moved("badge, 200 px left", ".badge", 0, (-200, 0), "200 px left$"),
    _moved("card, 4 px down", ".card", 1, (0, 4), "4 px down$"),
    _moved("heading, 2 px right", "h1", 0, (2, 0), "2 px right$"),
    Change("number in a table", _of("td", 4, "textContent='777'"), "^text changed"),
    Change("one digit", "{const c=document.querySelectorAll('td')[4];c.textContent=c.textContent.slice(0,-1)+'7'}",
           "^text changed"),
    Change("heading of a card", _of("h3", 3, "textContent='Another'"), "^text changed"),
    Change("title", _of("h1", 0, "textContent='Heading of the page'"), "^text changed"),
    Change("a word more", _of("#intro", 0, "prepend('new ')"), "text changed"),
    Change("colour of a button", _of("button", 1, "style.background='#16a34a'"), "colour of .* #2563eb to #16a34a$"),
    Change("colour of text", _of("#intro", 0, "style.color='#666'"), "colour of .* #000000 to #666666$"),
    Change("colour of the page", "document.body.style.background='#f0f0ff'", "colour of .* #fafafa to #f0f0ff$"),
    Change("dark", "document.documentElement.style.filter='invert(1)'", "colours? of "),
    Change("badge gone", _of(".badge", 0, "remove()"), "^something of .* is gone"),
    Change("badge new", _put("body", "beforeend", "<div class=badge style=left:700px></div>"),
           "^something of .* appeared"),
    Change("paragraph gone", _of(".card p", 2, "style.visibility='hidden'"), "^text of .* is gone"),
    Change("row of the table more", _put("table", "beforeend", "<tr><td>row</td><td>1</td></tr>"),
           "35 rows were added at y = "),
    Change("row of the table less", _of("tr", 3, "remove()"), "35 rows were removed at y = "),
    Change("banner", _put("body", "afterbegin", "<div style=height:40px;background:#fde68a>Cookies</div>"),
           "6[12] rows were added at y = 32"),
    Change("rows of the table swapped", _of("tr", 2, "before(document.querySelectorAll('tr')[5])"),
           "moved 35 px down"),
    Change("size of the title", _of("h1", 0, "style.fontSize='34px'"), "rows were added at y = .*text changed"),
    Change("corners of a button", _of("button", 3, "style.borderRadius='2px'"), r"4x4 pixels changed"),
    Change("another picture", _of(".im", 0, "style.setProperty('--h','200')"), "colours of 25[0-4]x80 pixels"),
    Change("frame of a card", _of(".card", 0, "style.border='1px solid #999'"), "."),
    Change("nothing", "0", "same file|equal"),
)  # fmt: skip

LETTERS = (
    "ao", "ec", "il", "17", "38", "0O", "56", ".,", "mn", "uv", "hb", "Il", "08", "68", ";:", "EF", "QO", "tf", "qg",
    "+-", "'`", "-–", ". ",
)  # fmt: skip


def letters_page(text: str, size: int, family: str, colour: str) -> str:
    """Return a small page with a few letters, and more far to the right of them."""
    style = f"margin:8px;font:{size}px {family};color:{colour};white-space:pre"
    return f'<!doctype html><body style="{style}">some {text}<span style="position:absolute;left:150px">end</span>'
