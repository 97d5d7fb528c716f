"""HTML as values: every text is escaped where it enters, and nothing can hold a script or a style of its own."""

from __future__ import annotations

import html
from collections.abc import Iterable

__all__ = ["Child", "Html", "el", "join"]

_VOID = frozenset(("br", "hr", "img", "input", "link", "meta"))


class Html(str):
    """A text that is HTML already; only `el` and `join` make one."""

    __slots__ = ()


Child = str | int | float | None | Html | Iterable["Child"]
"""What may stand in an element: texts and numbers, which are escaped, elements, nothing, and lists of these."""


def el(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Html:
    """Return an element: "button.primary" has a class, `for_` is written "for", `aria_label` "aria-label".

    An attribute that is True stands without a value, one that is False or None is left out. Raises ValueError for a
    script or style in an attribute, and for a script that is not a file: the pages' policy would not run them.
    """
    kind, *classes = name.split(".")
    if classes:
        attributes["class"] = " ".join(classes)
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if kind in _VOID:
        return Html(f"<{kind}{told}>")
    inside = join(children)
    if kind in ("script", "style") and inside:
        raise ValueError(f"{kind}: wanted a file, got a text in the page")
    return Html(f"<{kind}{told}>{inside}</{kind}>")


def join(children: Child) -> Html:
    """Return elements and texts one after the other, the texts escaped."""
    if children is None:
        return Html()
    if isinstance(children, Html):
        return children
    if isinstance(children, (str, int, float)):
        return Html(html.escape(str(children)))
    return Html("".join(join(child) for child in children))


def _attribute(key: str, value: str | float | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    if name == "style" or name.startswith("on"):
        raise ValueError(f"{name}: wanted a class or a module, got an attribute that the policy forbids")
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
