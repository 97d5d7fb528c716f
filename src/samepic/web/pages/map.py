"""Map: every address of the pages; those with a label stand in the menu, in this order."""

from __future__ import annotations

from typing import Final

from samepic.web.pages import check, compare, enter, home, status
from samepic.web.pages.entry import SIGN_IN, Page

__all__ = ["PAGES"]

PAGES: Final = (
    Page("GET", "/", "page-home", (), home.home, whole=True),
    Page("GET", "/compare", "page-compare", ("compare",), compare.show, "Compare", whole=True),
    Page("POST", "/ui/compare", "page-compare-files", ("compare",), compare.files),
    Page("GET", "/ui/pair", "page-compare-kept", ("compare", "proxy"), compare.kept),
    Page("GET", "/ui/picture", "page-picture", ("proxy",), compare.picture),
    Page("GET", "/check", "page-check", ("check", "proxy"), check.show, "Check", whole=True),
    Page("POST", "/ui/check", "page-check-file", ("check", "proxy"), check.file),
    Page("POST", "/ui/against", "page-check-against", ("check", "proxy"), check.against),
    Page("GET", "/status", "page-status", ("status",), status.show, "Status", whole=True),
    Page("GET", SIGN_IN, "page-enter", (), enter.ask, whole=True, open=True),
    Page("POST", SIGN_IN, "page-enter", (), enter.enter, whole=True, open=True),
    Page("POST", "/ui/leave", "page-leave", (), enter.leave, whole=True, open=True),
)
