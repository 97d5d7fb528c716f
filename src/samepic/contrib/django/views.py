"""What a site does with a refusal that comes only when it saves, because a copy was faster."""

from __future__ import annotations

import logging
from collections.abc import Callable

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.html import conditional_escape
from django.views.generic.edit import FormMixin

from samepic.contrib.common import RETRY_SECONDS, error_page
from samepic.contrib.django.admission import PictureRefusedError, answer_to, language
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
    """Answers what no view took care of, the admin's for instance, and views that are async.

    A refusal is answered with 409, 422 or 413 and the sentence; 503 says that the store cannot be reached.
    """

    sync_capable = async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Return the answer to a PictureRefusedError or StoreError, as JSON to those who prefer that."""
        if not isinstance(exception, (PictureRefusedError, StoreError)):
            return None
        status, answer = answer_to(exception)
        headers = {}
        if isinstance(exception, StoreError):
            headers["Retry-After"] = str(RETRY_SECONDS)
            _log.error("an upload failed: %s", exception)
        if request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            return JsonResponse(answer, status=status, headers=headers)
        sentence = answer["error"]["message"]
        html = sentence if isinstance(exception, StoreError) else exception.message
        page = error_page(language(), sentence, conditional_escape(html))
        return HttpResponse(page, status=status, headers=headers)
