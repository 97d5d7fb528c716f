"""The app: listens to the models that have pictures, and registers its system checks."""

from __future__ import annotations

from django.apps import AppConfig
from django.apps import apps as registry

__all__ = ["SamepicConfig"]


class SamepicConfig(AppConfig):
    """samepic in INSTALLED_APPS."""

    name = "samepic.contrib.django"
    label = "samepic"
    verbose_name = "samepic"

    def ready(self) -> None:
        """Listen to every model with a UniquePicture field."""
        from samepic.contrib.django import checks, gates, signals
        from samepic.contrib.django.fields import unique_fields

        checks.register()
        gates.listen()
        for model in registry.get_models(include_auto_created=True):
            if unique_fields(model):
                signals.listen(model)
