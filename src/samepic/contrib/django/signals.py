"""What the app tells a site, and what it hears of the site's models."""

from __future__ import annotations

from django.db import models
from django.db.models.signals import post_delete
from django.dispatch import Signal

__all__ = ["listen", "picture_admitted"]

picture_admitted = Signal()
"""Sent at the commit, with sender (the model), instance, field and decision, which is accepted or review."""


def listen(model: type[models.Model]) -> None:
    """Listen to a model that has a picture which no other object may show."""
    told = f"samepic {model._meta.label}"
    post_delete.connect(_deleted, sender=model, dispatch_uid=told)


def _deleted(*, sender: type[models.Model], instance: models.Model, using: str, **_: object) -> None:
    from samepic.contrib.django.fields import UniquePicture

    # A parent's fields are the parent's, for whom the signal is sent too.
    for field in sender._meta.concrete_model._meta.local_fields:
        if isinstance(field, UniquePicture):
            field.forget(instance, using)
