"""Pictures that django-storages keeps in a bucket of S3: moto's server stands for Amazon's, over real HTTP."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO
from typing import Any, TypeAlias

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from samepic.contrib.django import admission
from tests.contrib.uploads import CAT, ROCKET, saved_again

pytestmark = pytest.mark.slow
Bucket: TypeAlias = Any  # boto3 has no types


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """Return a server of S3 on a port of its own; boto3 must look for no keys of this machine's user."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_EC2_METADATA_DISABLED", "true")
        started = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
        started.start()
        yield started
        with suppress(Exception):
            started.stop()


@pytest.fixture
def bucket(site: Client, server: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """Return the empty bucket that the gallery's photos are kept in now."""
    from storages.backends.s3 import S3Storage

    host, port = server.get_host_and_port()
    options = {"endpoint_url": f"http://{host}:{port}", "access_key": "a", "secret_key": "b"}
    storage = S3Storage(
        bucket_name="pictures",
        region_name="us-east-1",
        file_overwrite=False,
        querystring_auth=False,
        **options,
    )
    resource = storage.connection
    resource.create_bucket(Bucket="pictures")
    monkeypatch.setattr(apps.get_model("gallery.Photo")._meta.get_field("image"), "storage", storage)
    yield storage.bucket
    with suppress(Exception):
        storage.bucket.objects.all().delete()


def sent(site: Client, data: bytes, name: str = "a.jpg") -> HttpResponse:
    return site.post("/new/", {"title": name, "image": SimpleUploadedFile(name, data)})


def names(bucket: Bucket) -> list[str]:
    return sorted(one.key for one in bucket.objects.all())


def test_an_upload_goes_to_the_bucket_and_a_copy_is_refused_by_comparing_with_it(
    site: Client, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sent(site, ROCKET).status_code == 302
    assert bucket.Object("photos/a.jpg").get()["Body"].read() == ROCKET
    opened: list[str] = []
    original = admission.original

    def noted(key: str) -> bytes | None:
        opened.append(key)
        return original(key)

    monkeypatch.setattr(admission, "original", noted)
    admission.close()
    assert "already been uploaded" in sent(site, saved_again(), "b.jpg").text
    assert opened == ["gallery.photo.image/photos/a.jpg"]
    assert names(bucket) == ["photos/a.jpg"]


def test_a_refusal_at_the_save_and_a_rollback_leave_no_file_and_no_picture(
    site: Client, bucket: Bucket
) -> None:
    photo = apps.get_model("gallery.Photo")
    sent(site, ROCKET)
    with pytest.raises(admission.PictureRefusedError):
        photo.objects.create(title="b", image=ContentFile(saved_again(), "b.jpg"))
    assert names(bucket) == ["photos/a.jpg"]
    with suppress(ZeroDivisionError), transaction.atomic():
        photo.objects.create(title="c", image=ContentFile(CAT, "c.png"))
        _ = 1 / 0
    assert admission.gate().status()["accepted"] == 1


def test_two_uploads_of_one_name_are_two_files_and_a_deleted_one_may_come_again(
    site: Client, bucket: Bucket
) -> None:
    first, second = sent(site, ROCKET), sent(site, CAT)
    assert len(names(bucket)) == 2
    site.post(f"{first.url}delete/")
    assert sent(site, saved_again()).status_code == 302
    assert "already been uploaded" in sent(site, CAT).text
    assert second.status_code == 302


def test_the_pictures_of_a_bucket_are_imported(site: Client, bucket: Bucket) -> None:
    photo = apps.get_model("gallery.Photo")
    for name, data in (("photos/r.jpg", ROCKET), ("photos/s.jpg", saved_again())):
        bucket.put_object(Key=name, Body=data)
    for name in ("photos/r.jpg", "photos/s.jpg", "photos/lost.jpg"):
        made = photo(title=name)
        made.save()
        photo.objects.filter(pk=made.pk).update(image=name)
    out = StringIO()
    call_command("samepic_import", "gallery.Photo.image", stdout=out)
    assert out.getvalue().splitlines()[-1] == "1 accepted, 1 duplicate, 1 unreadable"


def test_a_storage_that_overwrites_is_warned_of_and_keeps_what_others_show(
    site: Client, bucket: Bucket
) -> None:
    photo = apps.get_model("gallery.Photo")
    field = photo._meta.get_field("image")
    assert [found.id for found in field.check()] == []
    field.storage.file_overwrite = True
    assert [found.id for found in field.check()] == ["samepic.W001"]
    sent(site, ROCKET, "a.jpg")
    sent(site, CAT, "c.png")
    with pytest.raises(admission.PictureRefusedError):
        photo.objects.create(title="again", image=ContentFile(saved_again("chelsea.png"), "a.jpg"))
    assert names(bucket) == ["photos/a.jpg", "photos/c.png"]


def test_a_bucket_that_cannot_be_read_leaves_the_decision_to_the_small_pictures(
    site: Client, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    sent(site, ROCKET)
    key = "gallery.photo.image/photos/a.jpg"
    assert admission.original(key) == ROCKET
    apps.get_model("gallery.Photo")._meta.get_field("image").storage.bucket_name = "another"
    apps.get_model("gallery.Photo")._meta.get_field("image").storage._bucket = None
    with pytest.raises(OSError, match=r"photos/a\.jpg"):
        admission.original(key)
    assert "already been uploaded" in sent(site, saved_again(), "b.jpg").text
    assert "the original cannot be opened" in caplog.text
