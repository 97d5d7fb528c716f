"""manage.py samepic_import: take in the pictures that a site has already."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from functools import partial

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import BaseCommand, CommandError
from django.db import models, router

from samepic.contrib.common import past_orphans
from samepic.contrib.django import admission
from samepic.contrib.django.admission import gate
from samepic.contrib.django.fields import UniquePicture
from samepic.contrib.django.settings import current
from samepic.decision import Decision, Outcome
from samepic.errors import SamepicError, StoreKeyError

_ORDER = ("accepted", "there already", "duplicate", "review", "refused", "unreadable")
_PAUSE = 0.1


class Command(BaseCommand):
    """Take in the pictures of one field, object by object; what is in already is passed over."""

    help = (
        "Take the pictures of a model's field into the gate, so that no copy of them can be uploaded."
        " Stopped, it goes on from there when run again. Changes nothing on the site."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("field", metavar="APP.MODEL.FIELD", help="for instance gallery.Photo.image")
        parser.add_argument("--database", metavar="ALIAS", help="read the objects from this database")
        parser.add_argument("--json", action="store_true", help="print one JSON object a line")

    def handle(self, *_: object, **options: str) -> None:
        field = _field(options["field"])
        as_json = options["json"]
        counts: Counter[str] = Counter()
        rows = field.model._base_manager.using(options["database"] or router.db_for_read(field.model))
        rows = rows.exclude(**{field.attname: ""}).exclude(**{field.attname: None}).order_by("pk")
        if not callable(getattr(field, "tenant", None)):
            rows = rows.only("pk", field.attname)
        total, shown = rows.count(), 0.0
        try:
            for done, found in enumerate(rows.iterator(chunk_size=1000)):
                if self.stderr.isatty() and time.monotonic() - shown > _PAUSE:
                    shown = time.monotonic()
                    self.stderr.write(f"\r\x1b[K{done} of {total}: {_summary(counts)}", ending="")
                    self.stderr.flush()
                line = _taken(field, found)
                counts[str(line["outcome"])] += 1
                if as_json:
                    self.stdout.write(json.dumps(line))
                elif line["outcome"] in ("duplicate", "review", "refused", "unreadable"):
                    self._clear()
                    self.stdout.write(f"{line['outcome']}: {line['object']} {line['file']}: {line['reason']}")
        except KeyboardInterrupt:
            self._clear()
            raise CommandError(f"stopped after {_summary(counts)}; run it again to go on") from None
        except SamepicError as error:
            self._clear()
            raise CommandError(f"{error}; until then {_summary(counts)}; run it again to go on") from None
        self._clear()
        if as_json:
            self.stdout.write(json.dumps({"summary": {name: counts[name] for name in _ORDER}}))
        else:
            self.stdout.write(_summary(counts))

    def _clear(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\x1b[K", ending="")


def _field(name: str) -> models.FileField:
    label, _, field = name.rpartition(".")
    try:
        found = apps.get_model(label)._meta.get_field(field)
    except (LookupError, ValueError, FieldDoesNotExist) as error:
        raise CommandError(f"{name!r}: expected APP.MODEL.FIELD, found {error}") from None
    if not isinstance(found, models.FileField):
        raise CommandError(f"{name!r}: expected a field with files, found {type(found).__name__}")
    return found


def _taken(field: models.FileField, found: models.Model) -> dict[str, object]:
    file = getattr(found, field.attname)
    line = dict[str, object](object=found.pk, file=file.name, outcome="there already", reason="")
    unique = isinstance(field, UniquePicture)
    at, key = gate(field.tenant_of(found) if unique else None), admission.key_of(field, file.name)
    if at.get(key) is not None:
        return line
    try:
        with field.storage.open(file.name, "rb") as opened:
            data = bytes(opened.read())
    except OSError as error:
        return {**line, "outcome": "unreadable", "reason": str(error)}
    ask = partial(at.admit, data, key, policy=field.policy if unique else None)
    try:
        decision = past_orphans(at, ask, admission.shown, current().orphan_seconds)
    except StoreKeyError:
        return line  # somebody was faster
    line |= {"outcome": str(decision.outcome), "reason": _reason(decision)}
    return line | ({"match": decision.match.key} if decision.match else {})


def _reason(decision: Decision) -> str:
    if decision.outcome is Outcome.ACCEPTED:
        return ""
    same = admission.find(decision.match.key) if decision.match else None
    return decision.detail if same is None else f"{decision.detail} (object {same.pk})"


def _summary(counts: Counter[str]) -> str:
    parts = [f"{counts[name]} {name}" for name in _ORDER if counts[name]]
    return ", ".join(parts) or "no picture"
