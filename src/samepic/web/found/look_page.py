"""Look page: one file of a group beside the reference, from the checked originals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from samepic.collection.decided import Decided, files_of
from samepic.collection.scanned import ScannedFile
from samepic.collection.thumbnail import checked
from samepic.errors import UnreadableError
from samepic.gate.views import Views, views
from samepic.policy import Policy
from samepic.verdict import Relation
from samepic.web.found.group_page import page_of, told_path
from samepic.web.pages.html import Html, el

__all__ = ["Looked", "look_page", "look_told", "looked"]

_PICTURES = ("a", "b", "aligned", "difference")
_UNRELATED = (Relation.SIMILAR, Relation.DIFFERENT, Relation.UNDECIDABLE)


@dataclass(frozen=True, slots=True)
class Looked:
    """What can be shown of two files: their views, or what is wrong with one of them."""

    views: Views | None
    wrong: str = ""

    def picture(self, name: str) -> bytes | None:
        """Return the picture of a view, None for none of this name."""
        if self.views is None or name not in _PICTURES:
            return None
        data: bytes = getattr(self.views, name)
        return data


def looked(decided: Decided, index: int, file: int) -> Looked:
    """Return the views of a file and the reference of its group, read and compared again."""
    one, two = files_of(decided.groups[index])[0], files_of(decided.groups[index])[file]
    return _looked(one, two, decided.scan.made_ns)


@lru_cache(maxsize=4)
def _looked(one: ScannedFile, two: ScannedFile, made_ns: int | None) -> Looked:
    try:
        return Looked(views(checked(one, made_ns), checked(two, made_ns), Policy()))
    except UnreadableError as error:
        return Looked(None, f"{told_path(error.name)}: {error.got}")


def look_page(decided: Decided, index: int, file: int) -> list[Html]:
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


def look_told(index: int, file: int, made: Looked) -> dict[str, Any]:
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
