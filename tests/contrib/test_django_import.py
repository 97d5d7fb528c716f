"""manage.py samepic_import: the pictures that a site had before."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from django.db import models
from django.test import Client

from tests.contrib.uploads import CAT, ROCKET, saved_again


@pytest.fixture
def old(site: Client) -> type[models.Model]:
    return apps.get_model("shelf.Old")


def imported(*options: str, field: str = "shelf.Old.image") -> str:
    out = StringIO()
    call_command("samepic_import", field, *options, stdout=out)
    return out.getvalue()


def test_what_is_there_is_taken_in_and_copies_and_broken_files_are_named(old: type[models.Model]) -> None:
    rocket = old.objects.create(image=ContentFile(ROCKET, "rocket.jpg"))
    copy = old.objects.create(image=ContentFile(saved_again(), "again.jpg"))
    broken = old.objects.create(image=ContentFile(b"no picture", "broken.jpg"))
    lost = old.objects.create(image="old/lost.jpg")
    old.objects.create(image=ContentFile(CAT, "cat.png"))
    old.objects.create(image="")
    *lines, summary = imported().splitlines()
    assert summary == "2 accepted, 1 duplicate, 1 refused, 1 unreadable"
    assert len(lines) == 3
    assert lines[0].startswith(f"duplicate: {copy.pk} {copy.image.name}: this picture was uploaded already")
    assert lines[0].endswith(f"(object {rocket.pk})")
    assert lines[1].startswith(f"refused: {broken.pk} {broken.image.name}: not a usable image")
    assert lines[2].startswith(f"unreadable: {lost.pk} old/lost.jpg: ")


def test_run_again_it_passes_over_what_is_in_and_gives_the_same_answers(old: type[models.Model]) -> None:
    for number, data in enumerate((ROCKET, saved_again(), CAT)):
        old.objects.create(image=ContentFile(data, f"{number}.png"))
    first = imported().splitlines()
    again = imported().splitlines()
    assert (first[-1], again[-1]) == ("2 accepted, 1 duplicate", "2 there already, 1 duplicate")
    assert first[0] == again[0]


def test_json_has_one_object_a_line_and_a_summary(old: type[models.Model]) -> None:
    rocket = old.objects.create(image=ContentFile(ROCKET, "rocket.jpg"))
    old.objects.create(image=ContentFile(saved_again(), "again.jpg"))
    first, second, summary = map(json.loads, imported("--json").splitlines())
    assert (first["object"], first["outcome"]) == (rocket.pk, "accepted")
    assert second["match"] == f"shelf.old.image/{rocket.image.name}"
    assert summary == {
        "summary": {
            "accepted": 1,
            "there already": 0,
            "duplicate": 1,
            "review": 0,
            "refused": 0,
            "unreadable": 0,
        }
    }


def test_every_picture_goes_to_the_tenant_of_its_owner(site: Client) -> None:
    from samepic.contrib.django.admission import gate

    avatar = apps.get_model("shelf.Avatar")
    for owner in ("ann", "bob"):
        made = avatar.objects.create(owner=owner, image=ContentFile(ROCKET, "a.jpg"))
        gate(owner).remove(f"shelf.avatar.image/{made.image.name}")
    assert imported(field="shelf.Avatar.image") == "2 accepted\n"
    assert (gate("ann").status()["accepted"], gate("bob").status()["accepted"]) == (1, 1)


def test_an_upload_of_a_picture_that_was_taken_in_is_refused_with_a_link(
    old: type[models.Model], site: Client
) -> None:
    photo = apps.get_model("gallery.Photo")
    photo(title="before", image="").save()
    made = photo.objects.get()
    made.image.storage.save("photos/before.jpg", ContentFile(ROCKET))
    photo.objects.update(image="photos/before.jpg")
    assert imported(field="gallery.Photo.image") == "1 accepted\n"
    answer = site.post("/new/", {"title": "a", "image": ContentFile(saved_again(), "a.jpg")})
    assert f'href="/{made.pk}/"' in answer.text
    made.image.storage.delete("photos/before.jpg")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("photo", "expected APP.MODEL.FIELD"),
        ("gallery.Photo.sound", "no field named 'sound'"),
        ("gallery.Photo.title", "expected a field with files, found CharField"),
        ("gallery.Painting.image", "doesn't have a 'Painting' model"),
    ],
)
def test_a_field_that_is_not_there_is_named(site: Client, name: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        imported(field=name)


def test_stopped_in_the_middle_it_says_how_far_it_came_and_goes_on_from_there(
    old: type[models.Model], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, data in enumerate((ROCKET, CAT)):
        old.objects.create(image=ContentFile(data, f"{number}.png"))
    opened, names = FileSystemStorage.open, []

    def stop_at_the_second(storage: FileSystemStorage, name: str, mode: str) -> object:
        names.append(name)
        if len(names) == 2:
            raise KeyboardInterrupt
        return opened(storage, name, mode)

    monkeypatch.setattr(FileSystemStorage, "open", stop_at_the_second)
    with pytest.raises(CommandError, match="stopped after 1 accepted; run it again to go on"):
        imported()
    assert imported() == "1 accepted, 1 there already\n"
