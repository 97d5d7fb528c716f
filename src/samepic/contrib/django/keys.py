"""Keys: under which name the gate keeps the picture of an object, and the way back to the object.

A key is "app.model.field/name of the file in its storage", for instance "gallery.photo.image/photos/cat.jpg". The name
is known before the row is written, no two files of a storage share it, and no column is needed to remember it.
"""

from __future__ import annotations

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db import models, router

from samepic.contrib.django.settings import current

__all__ = ["find", "key_of", "link_of", "original", "shown"]


def key_of(field: models.FileField, name: str) -> str:
    """Return the key of the file `name` of a model's field."""
    return f"{field.model._meta.label_lower}.{field.name}/{name}"


def original(key: str) -> bytes | None:
    """Return the file of a key from its storage, None where the key is none of this site's. Raises OSError."""
    field, name = _parsed(key)
    if field is None:
        return None
    with field.storage.open(name, "rb") as file:
        return bytes(file.read())


def find(key: str) -> models.Model | None:
    """Return the first object that shows the picture of a key, None where there is none."""
    field, name = _parsed(key)
    return None if field is None else _showing(field, name).order_by("pk").first()


def shown(key: str) -> bool:
    """Tell whether any object shows the picture of a key; what is no key of this site counts as shown."""
    field, name = _parsed(key)
    return field is None or _showing(field, name).exists()


def link_of(found: models.Model | None) -> str | None:
    """Return the URL of an object as the site says it, None where it has none."""
    if found is None:
        return None
    told = current().called("link")
    if told is not None:
        url = told(found)
        return None if url is None else str(url)
    return str(found.get_absolute_url()) if hasattr(found, "get_absolute_url") else None


def _showing(field: models.FileField, name: str) -> models.QuerySet:
    """Return the query of the objects that show a file, where they are written and not on a replica."""
    using = router.db_for_write(field.model)
    return field.model._base_manager.using(using).filter(**{field.attname: name})


def _parsed(key: str) -> tuple[models.FileField | None, str]:
    """Return the field and the file name of a key; no field where the key is none of this site's."""
    label, _, name = key.partition("/")
    parts = label.split(".")
    if len(parts) != 3 or not name:
        return None, name
    try:
        return apps.get_model(parts[0], parts[1])._meta.get_field(parts[2]), name
    except (LookupError, FieldDoesNotExist):
        return None, name
