"""The Django site of examples/django_site, with the models of tests/contrib/shelf, in a folder of the test run."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from django.test import Client
from django.test.utils import setup_test_environment, teardown_test_environment

from tests.contrib.uploads import ROOT


@pytest.fixture(scope="session")
def django_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set Django up, once for the process: it can't be set up twice."""
    sys.path.insert(0, str(ROOT / "examples" / "django_site"))
    with pytest.MonkeyPatch.context() as environment:  # other tests start processes, which must not get it
        environment.setenv("SAMEPIC_DEMO", str(tmp_path_factory.mktemp("django")))
        environment.setenv("SAMEPIC_DEMO_SECRET", "a secret of these tests")
        environment.setenv("DJANGO_SETTINGS_MODULE", "site_settings")
        settings.INSTALLED_APPS += ["rest_framework", "tests.contrib.shelf"]
        # Their tables are made as they are now: each step of how they came to be takes time.
        settings.MIGRATION_MODULES = dict.fromkeys(["admin", "auth", "contenttypes", "sessions"])
    settings.SAMEPIC["WORKERS"] = 0
    django.setup()
    setup_test_environment()
    call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    from samepic.contrib.django import admission

    admission.close()
    connections.close_all()
    teardown_test_environment()


@pytest.fixture
def site(django_site: None) -> Iterator[Client]:
    """Return a client of the site, which is empty; so is its gate."""
    from samepic.contrib.django import admission

    yield Client()
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=True)
    admission.close()
    for file in settings.DATA.glob("pictures.db*"):
        file.unlink()


@pytest.fixture
def settings_of_samepic(site: Client) -> Iterator[dict[str, object]]:
    """Return the site's SAMEPIC, to be changed for a test; what the gate has stays."""
    before = dict(settings.SAMEPIC)
    yield settings.SAMEPIC
    settings.SAMEPIC.clear()
    settings.SAMEPIC.update(before)
