"""The admin's pages for pictures that wait for review and for those that were accepted. See docs/django.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse

from samepic.contrib.django import admission
from samepic.contrib.django.fields import unique_fields
from samepic.contrib.django.models import HeldPicture, KeptPicture
from samepic.contrib.django.settings import current
from samepic.errors import StoreError, StoreKeyError
from samepic.gate.admission import sentence_of
from samepic.gate.gate import Gate
from samepic.store.records import Record, State

__all__ = ["HeldPictureAdmin", "KeptPictureAdmin"]

_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class _Shown:
    """A picture on a page: its record, the object that shows it, and where both are."""

    record: Record
    found: models.Model | None
    file: str  # URL of the file, "" where there is none
    link: str | None

    @property
    def created(self) -> datetime:
        return datetime.fromtimestamp(self.record.created, UTC)


class _PictureAdmin(admin.ModelAdmin):
    """A list of pictures of one tenant at a time, and their thumbnails; nothing is added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        """Add the thumbnails to the admin's pages."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_thumbnail"
        thumbnail = self.admin_site.admin_view(self.thumbnail)
        return [path("thumbnail/", thumbnail, name=name), *super().get_urls()]

    def thumbnail(self, request: HttpRequest) -> HttpResponse:
        """Return the small picture of a key."""
        self._check_permission(request)
        with suppress(StoreKeyError):
            data = self._gate(request).proxy(request.GET.get("key", ""))
            kind = "webp" if data.startswith(b"RIFF") else "jpeg"
            headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
            return HttpResponse(data, content_type=f"image/{kind}", headers=headers)
        raise Http404

    def _listed(
        self,
        request: HttpRequest,
        rows_of: Callable[[HttpRequest], dict[str, object]],
        extra_context: dict[str, object] | None,
    ) -> HttpResponse:
        """Show a page of pictures, or that the store cannot be reached."""
        self._check_permission(request)
        context = {
            **self.admin_site.each_context(request),
            **(extra_context or {}),
            "title": str(self.opts.verbose_name_plural).capitalize(),
            "opts": self.opts,
            "tenants": _tenants(),
            "tenant": request.GET.get("tenant", current().options.tenant),
            "thumbnails": reverse(
                f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_thumbnail"
            ),
        }
        status = 200
        try:
            context |= rows_of(request)
        except StoreKeyError:
            raise Http404 from None
        except StoreError:
            status, context["unreachable"] = 503, True
        template = f"admin/{self.opts.app_label}/{self.opts.model_name}/change_list.html"
        return TemplateResponse(request, template, context, status=status)

    def _check_permission(self, request: HttpRequest) -> None:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied

    def _gate(self, request: HttpRequest) -> Gate:
        return admission.gate(request.GET.get("tenant"))

    def _shown(self, record: Record) -> _Shown:
        found = admission.find(record.key)
        if found is None:
            return _Shown(record, None, "", None)
        label = record.key.partition("/")[0]
        file = ""
        with suppress(NotImplementedError):  # what Django's storages raise whose files have no URL
            file = getattr(found, label.rpartition(".")[2]).url
        try:
            place = f"{self.admin_site.name}:{found._meta.app_label}_{found._meta.model_name}_change"
            return _Shown(record, found, file, reverse(place, args=[found.pk]))
        except NoReverseMatch:
            return _Shown(record, found, file, admission.link_of(found))


@admin.register(HeldPicture)
class HeldPictureAdmin(_PictureAdmin):
    """The queue of pictures that wait for review, each beside what it resembles, to accept or to reject.

    Deciding takes the permission to change held pictures. Rejecting deletes the object that shows the picture, which
    takes the permission to delete that.
    """

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Show the queue, or decide on the picture of a form."""
        if request.method != "POST":
            return self._listed(request, self._queue, extra_context)
        if not self.has_change_permission(request):
            raise PermissionDenied
        try:
            self._decide(request, request.POST.get("key", ""), request.POST.get("other", ""))
        except StoreKeyError:
            messages.warning(request, "This picture was decided or removed in the meantime.")
        except StoreError:
            messages.error(request, "The store cannot be reached. Please try again in a moment.")
        return HttpResponseRedirect(request.get_full_path())

    def _queue(self, request: HttpRequest) -> dict[str, object]:
        """Return the oldest pictures of the queue with their pairs. Raises StoreError."""
        at = self._gate(request)
        records = at.held(_PAGE, _number(request.GET.get("after", "")) or 0)
        rows = [(self._shown(record), list(self._pairs(at, record))) for record in records]
        more = records[-1].number if len(records) == _PAGE else None
        decides = self.has_change_permission(request)
        return {"rows": rows, "next": more, "decides": decides, "waiting": at.status()["held"]}

    def _pairs(self, at: Gate, record: Record) -> Iterator[tuple[_Shown, str]]:
        """Yield the kept pictures that a held one resembles, and how."""
        for match in record.matches:
            kept = at.get(match.key)
            if kept is not None:
                yield self._shown(kept), sentence_of(match)

    def _decide(self, request: HttpRequest, key: str, other: str) -> None:
        """Accept a held picture, or reject it as a copy of `other`. Raises StoreKeyError where it waits no more."""
        at = self._gate(request)
        record = at.get(key)
        if record is None or record.state is not State.HELD:
            raise StoreKeyError(f"{key!r}: expected a picture that waits for review, found none")
        if other and (other not in {match.key for match in record.matches} or at.get(other) is None):
            raise StoreKeyError(f"{other!r}: expected a picture that {key!r} is held for, found another")
        if not other:
            at.accept(key)
            self.log_change(request, HeldPicture(key), "Accepted.")
            messages.success(request, "Accepted.")
            return
        try:
            deleted = _reject(request, at, key, other)
        except (models.ProtectedError, models.RestrictedError):
            messages.error(request, "Nothing was changed: other objects refer to the one with this picture.")
            return
        self.log_change(request, HeldPicture(key), f"Rejected as a copy of {other}; {deleted} deleted.")
        messages.success(request, f"Rejected; {deleted} deleted.")


@admin.register(KeptPicture)
class KeptPictureAdmin(_PictureAdmin):
    """The pictures that were accepted, newest first, with the objects that show them."""

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, object] | None = None
    ) -> HttpResponse:
        """Show the newest pictures."""
        return self._listed(request, self._newest, extra_context)

    def _newest(self, request: HttpRequest) -> dict[str, object]:
        """Return the newest pictures. Raises StoreError."""
        at = self._gate(request)
        records = at.accepted(_PAGE, _number(request.GET.get("before", "")))
        more = records[-1].number if len(records) == _PAGE else None
        return {
            "rows": [self._shown(record) for record in records],
            "next": more,
            "kept": at.status()["accepted"],
        }


def _reject(request: HttpRequest, at: Gate, key: str, other: str) -> str:
    """Delete the objects that show a picture and then settle it as a copy; return the number of objects as words."""
    objects = list(admission.showing(key))
    for found in objects:
        permission = get_permission_codename("delete", found._meta)
        if not request.user.has_perm(f"{found._meta.app_label}.{permission}"):
            raise PermissionDenied
    using = objects[0]._state.db if objects else None
    with transaction.atomic(using=using):
        # Before the deletion's own removal from the gate, which would forget what was decided.
        transaction.on_commit(partial(at.settle, key, other, same=True), using=using)
        for found in objects:
            found.delete()
    return "1 object" if len(objects) == 1 else f"{len(objects)} objects"


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _tenants() -> list[str]:
    """Return the tenants that the site's settings and fields name."""
    fields = (field for model in apps.get_models() for field in unique_fields(model))
    named = {field.tenant for field in fields if isinstance(field.tenant, str)}
    return sorted({current().options.tenant, *named})
