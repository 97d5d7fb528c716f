"""What the admin lists: the pictures in the gate, which are in its store and not in a table of the site."""

from __future__ import annotations

from typing import Any

from django.db import models

from samepic.gate.options import KEY_LETTERS

__all__ = ["HeldPicture", "KeptPicture"]


class _NoRows(models.Manager):
    """Finds nothing, so that `dumpdata` and the like ask for no table."""

    def get_queryset(self) -> models.QuerySet[Any]:
        return super().get_queryset().none()


class _Picture(models.Model):
    key = models.CharField(primary_key=True, max_length=KEY_LETTERS)
    objects = _NoRows()

    class Meta:
        abstract = True
        managed = False
        base_manager_name = "objects"

    def __str__(self) -> str:
        return str(self.key)


class HeldPicture(_Picture):
    """A picture that waits for review: stands for its permissions, to see the queue and to decide."""

    class Meta(_Picture.Meta):
        """No table of its own."""

        abstract = False
        default_permissions = ("view", "change")


class KeptPicture(_Picture):
    """A picture that was accepted: stands for the permission to see them."""

    class Meta(_Picture.Meta):
        """No table of its own."""

        abstract = False
        default_permissions = ("view",)
