"""What a site with a mistake in SAMEPIC reads, before anybody uploads."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from samepic import Relation
from tests.contrib.uploads import saved_again

pytestmark = pytest.mark.usefixtures("site")

WRONG: dict[str, list[object]] = {
    "E001": [None, {}, {"TENANT": "a"}, "pictures.db"],
    "E002": [{"STORE": "a.db", "PATH": "b"}, {"STORE": "a.db", "store": "b"}],
    "E003": [
        {"STORE": "a.db", "WORKERS": "two"},
        {"STORE": "a.db", "MAX_BYTES": 0},
        {"STORE": "a.db", "REPLICAS": ["a.db"]},
        {"STORE": "a.db", "REPLICAS": {"a": "postgresql://u:secret@127.0.0.1:1/x"}},
        {"STORE": "a.db", "POLICY": {"resaved": "ignore"}},
        {"STORE": "a.db", "POLICY": "different=refuse"},
        {"STORE": "a.db", "PROFILE": "no-such-file.json"},
        {"STORE": "a.db", "LINK": "no.such.function"},
        {"STORE": "a.db", "MESSAGE": "django.__version__"},
    ],
    "E004": [
        {"STORE": "/no/such/folder/a.db", "WORKERS": 0},
        {"STORE": "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1", "WORKERS": 0},
    ],
}


@pytest.mark.parametrize(("number", "given"), [(n, given) for n in WRONG for given in WRONG[n]])
def test_a_system_check_names_what_is_wrong(number: str, given: object) -> None:
    with (
        override_settings(SAMEPIC=given),
        pytest.raises(SystemCheckError, match=f"samepic.{number}") as failure,
    ):
        call_command("check")
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("given", [given for n in ("E001", "E002", "E003") for given in WRONG[n]])
def test_an_upload_is_told_the_same_where_nobody_ran_the_checks(given: object) -> None:
    from samepic.contrib.django.admission import gate

    with override_settings(SAMEPIC=given), pytest.raises(ImproperlyConfigured, match="SAMEPIC"):
        gate()


def test_the_sites_of_the_tests_have_nothing_wrong() -> None:
    call_command("check")
    call_command("makemigrations", "gallery", check=True, dry_run=True, verbosity=0)


def test_a_site_without_the_app_is_told_by_its_field() -> None:
    apps = [app for app in settings.INSTALLED_APPS if not app.startswith("samepic")]
    with override_settings(INSTALLED_APPS=apps), pytest.raises(SystemCheckError, match=r"samepic\.E005"):
        call_command("check")


def test_a_store_that_cannot_be_reached_is_answered_with_503(site: Client, tmp_path: Path) -> None:
    from samepic import StoreError
    from samepic.contrib.django.views import RefusalMiddleware

    middleware = RefusalMiddleware(lambda request: HttpResponse())
    answer = middleware.process_exception(RequestFactory().post("/"), StoreError("down"))
    assert answer is not None
    assert (answer.status_code, answer["Retry-After"], "try again" in answer.text) == (503, "5", True)


def test_the_policy_and_the_tenant_of_the_site_reach_the_gate(tmp_path: Path) -> None:
    from samepic.contrib.django.admission import gate

    given = {"STORE": tmp_path / "b.db", "TENANT": "ours", "POLICY": "resaved=review", "WORKERS": 0}
    with override_settings(SAMEPIC=given):
        assert gate().tenant == "ours"
        assert gate().policy.actions[Relation.RESAVED] == "review"
        assert gate("theirs").tenant == "theirs"


def test_a_replica_of_the_site_is_asked_by_forms_and_passed_over_where_it_does_not_answer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from samepic.contrib.django.admission import gate

    nobody = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1"
    with override_settings(SAMEPIC={"STORE": tmp_path / "c.db", "WORKERS": 0, "REPLICAS": [nobody]}):
        picture = saved_again()
        assert gate().admit(picture, "a").outcome == "accepted"
        assert "replica passed over" not in caplog.text
        assert gate().check(picture).outcome == "duplicate"
    assert "replica passed over" in caplog.text
    assert "secret" not in caplog.text
