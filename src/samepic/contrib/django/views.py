"""What a site does with a refusal that comes only when it saves, because a copy was faster."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import format_html
from django.views.generic.edit import FormMixin

from samepic.contrib.common import LATER
from samepic.contrib.django.admission import PictureRefusedError
from samepic.errors import StoreError

__all__ = ["RefusalMiddleware", "UniquePictureMixin"]

_log = logging.getLogger("samepic.contrib")


class UniquePictureMixin(FormMixin):
    """For CreateView and UpdateView, before their class: a refusal at `save` becomes an error of the form."""

    def form_valid(self, form: BaseForm) -> HttpResponse:
        """Save, or show the form again with the sentence and the link."""
        try:
            return super().form_valid(form)
        except PictureRefusedError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, refusal)
            return self.form_invalid(form)


class RefusalMiddleware:
    """Answers what no view took care of, the admin's for instance.

    A refusal is answered with 409, 422 or 413 and the sentence; 503 says that the store cannot be reached.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to a PictureRefusedError or StoreError, as JSON to those who prefer that."""
        if isinstance(exception, StoreError):
            _log.error("an upload failed: %s", exception)
            return HttpResponse(format_html("<p>{}</p>", LATER), status=503, headers={"Retry-After": "5"})
        if not isinstance(exception, PictureRefusedError):
            return None
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            return JsonResponse({"error": exception.to_dict()}, status=exception.status)
        page = format_html("<!doctype html><title>{}</title><p>{}</p>", exception.sentence, exception.message)
        return HttpResponse(page, status=exception.status)
