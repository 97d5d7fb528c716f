"""A photo with a title."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from samepic.contrib.django.fields import UniqueImageField


class Photo(models.Model):
    """A photo that no other one shows."""

    title = models.CharField(max_length=100)
    image = UniqueImageField(upload_to="photos")

    def __str__(self) -> str:
        return str(self.title)

    def get_absolute_url(self) -> str:
        """Return where the photo is shown: a refused upload is told to look there."""
        return str(reverse("photo", args=[self.pk]))
