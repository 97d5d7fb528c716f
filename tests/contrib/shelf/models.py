"""Models with pictures: in transactions, of several owners, inherited, behind a proxy."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from samepic.contrib.django.fields import UniqueImageField, UniquePicture


def owner_of(instance: models.Model) -> str:
    """Return the tenant of an avatar: everybody may have the same one as somebody else, but only once."""
    return str(instance.owner)


class Item(models.Model):
    """Has a column that can fail after the picture was taken in, and no page of its own."""

    code = models.CharField(max_length=20, unique=True)
    image = UniqueImageField(upload_to="items", blank=True)


class Special(Item):
    """Inherits the picture."""

    note = models.CharField(max_length=20)


class ItemProxy(Item):
    """Is an item under another name."""

    class Meta:
        """No table of its own."""

        proxy = True


class Avatar(models.Model):
    """Belongs to an owner, within whose avatars it is unique."""

    owner = models.CharField(max_length=20)
    image = UniqueImageField(upload_to="avatars", tenant=owner_of, owner="owner")


class Scan(models.Model):
    """Has a file field of the site's own kind, whose copies are taken for review."""

    file = UniquePicture(
        upload_to="scans", tenant="scans", policy={"resaved": "review", "adjusted": "review"}
    )
    words: ClassVar[str] = ""


class Old(models.Model):
    """Was there before samepic, with a plain field."""

    image = models.ImageField(upload_to="old")
