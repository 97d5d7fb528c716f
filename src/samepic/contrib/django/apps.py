"""The Django app: listens to the models that have pictures, and checks SAMEPIC and its store at the start."""

from __future__ import annotations

from django.apps import AppConfig
from django.apps import apps as registry
from django.conf import settings as site
from django.core import checks

from samepic.contrib.django.admission import gate
from samepic.contrib.django.settings import problems
from samepic.errors import MissingPartError, SamepicError


class SamepicConfig(AppConfig):
    """samepic in INSTALLED_APPS."""

    name = "samepic.contrib.django"
    label = "samepic"
    verbose_name = "samepic"

    def ready(self) -> None:
        """Listen to every model with a UniquePicture field."""
        from samepic.contrib.django import admission, fields
        from samepic.contrib.django.fields import unique_fields

        if registry.is_installed("rest_framework"):
            from samepic.contrib.django import rest

            rest.listen()
        checks.register(check)
        admission.listen()
        for model in registry.get_models(include_auto_created=True):
            if unique_fields(model):
                fields.listen(model)


def check(**_: object) -> list[checks.CheckMessage]:
    """Return what is wrong: E001 no store, E002 unknown setting, E003 wrong value, E004 a store not to be opened."""
    found = [
        checks.Error(problem.text, hint=problem.hint or None, id=f"samepic.{problem.number}")
        for problem in problems(getattr(site, "SAMEPIC", None))
    ]
    if found:
        return found
    try:
        gate().status()
    except MissingPartError as error:
        return [checks.Error(f"SAMEPIC: a part is not installed: {error}.", id="samepic.E004")]
    except SamepicError as error:
        hint = "Uploads fail until the store can be reached."
        return [checks.Error(f"SAMEPIC: the store cannot be opened: {error}.", hint=hint, id="samepic.E004")]
    return []
