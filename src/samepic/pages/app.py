"""The ASGI application of the service with its pages: their addresses, rights and handlers."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.routing import Route

from samepic.pages import browser, compare, docs, pictures, review, status
from samepic.pages.browser import SIGN_IN, PageRoute, page_routes
from samepic.pages.html import static
from samepic.service.app import create_app
from samepic.service.settings import ServiceSettings

_CHECK: Final = ("check", "proxy")
_KEPT: Final = ("list", "proxy")
_REVIEW: Final = ("held", "settle", "proxy")

PAGES: Final = (
    PageRoute("GET", "/", "page-home", (), status.home, is_page=True, public=True),
    PageRoute("GET", "/compare", "page-compare", ("compare",), compare.show_compare, "Compare", is_page=True),
    PageRoute("POST", "/ui/compare", "page-compare-files", ("compare",), compare.compare_files),
    PageRoute("GET", "/ui/pair", "page-compare-kept", ("compare", "proxy"), compare.compare_kept),
    PageRoute("GET", "/ui/picture", "page-picture", ("proxy",), compare.proxy),
    PageRoute("GET", "/check", "page-check", _CHECK, compare.show_check, "Check", is_page=True),
    PageRoute("POST", "/check", "page-check-form", _CHECK, compare.check_form, is_page=True, picture=True),
    PageRoute("POST", "/ui/check-code", "page-check-code", _CHECK, compare.check_code),
    PageRoute("POST", "/ui/check", "page-check-file", _CHECK, compare.check_file),
    PageRoute("POST", "/ui/against", "page-check-against", _CHECK, compare.compare_with_kept),
    PageRoute("GET", "/pictures", "page-pictures", _KEPT, pictures.show, "Pictures", is_page=True),
    PageRoute("POST", "/pictures", "page-remove", (*_KEPT, "remove"), pictures.remove, is_page=True),
    PageRoute("GET", "/review", "page-review", _REVIEW, review.show, "Review", is_page=True),
    PageRoute("POST", "/ui/review/next", "page-review-next", _REVIEW, review.next_pair),
    PageRoute("POST", "/ui/review/say", "page-review-say", _REVIEW, review.decide),
    PageRoute("POST", "/ui/review/take", "page-review-take", _REVIEW, review.take),
    PageRoute("POST", "/ui/review/undo", "page-review-undo", _REVIEW, review.undo),
    PageRoute("POST", "/ui/review/leave", "page-review-leave", _REVIEW, review.leave),
    PageRoute("GET", "/status", "page-status", ("status",), status.show, "Status", is_page=True),
    PageRoute("GET", "/docs", "page-docs", (), docs.show, "API", is_page=True, public=True),
    PageRoute("GET", SIGN_IN, "page-enter", (), browser.show_sign_in, is_page=True, public=True),
    PageRoute("POST", SIGN_IN, "page-enter", (), browser.sign_in, is_page=True, public=True),
    PageRoute("POST", "/ui/leave", "page-leave", (), browser.sign_out, is_page=True, public=True),
)


def create_site(settings: ServiceSettings) -> Starlette:
    """Return the application of the API and of the pages. Raises as `create_app`."""
    files = Route("/ui/static/{name}", static, methods=["GET"], name="static")
    return create_app(settings, lambda service: [*page_routes(service, PAGES), files])
