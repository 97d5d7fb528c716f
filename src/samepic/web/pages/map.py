"""Map: every address of the pages; those with a label stand in the menu, in this order."""

from __future__ import annotations

from typing import Final

from samepic.web.pages import check, compare, enter, home, review, status
from samepic.web.pages.entry import SIGN_IN, Page

__all__ = ["PAGES"]

_REVIEW: Final = ("held", "settle", "proxy")

PAGES: Final = (
    Page("GET", "/", "page-home", (), home.home, whole=True),
    Page("GET", "/compare", "page-compare", ("compare",), compare.show, "Compare", whole=True),
    Page("POST", "/ui/compare", "page-compare-files", ("compare",), compare.files),
    Page("GET", "/ui/pair", "page-compare-kept", ("compare", "proxy"), compare.kept),
    Page("GET", "/ui/picture", "page-picture", ("proxy",), compare.picture),
    Page("GET", "/check", "page-check", ("check", "proxy"), check.show, "Check", whole=True),
    Page("POST", "/ui/check", "page-check-file", ("check", "proxy"), check.file),
    Page("POST", "/ui/against", "page-check-against", ("check", "proxy"), check.against),
    Page("GET", "/review", "page-review", _REVIEW, review.show, "Review", whole=True),
    Page("POST", "/ui/review/next", "page-review-next", _REVIEW, review.following),
    Page("POST", "/ui/review/say", "page-review-say", _REVIEW, review.say),
    Page("POST", "/ui/review/take", "page-review-take", _REVIEW, review.take),
    Page("POST", "/ui/review/undo", "page-review-undo", _REVIEW, review.undo),
    Page("POST", "/ui/review/leave", "page-review-leave", _REVIEW, review.leave),
    Page("GET", "/status", "page-status", ("status",), status.show, "Status", whole=True),
    Page("GET", SIGN_IN, "page-enter", (), enter.ask, whole=True, open=True),
    Page("POST", SIGN_IN, "page-enter", (), enter.enter, whole=True, open=True),
    Page("POST", "/ui/leave", "page-leave", (), enter.leave, whole=True, open=True),
)
