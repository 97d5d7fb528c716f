"""The admin's pages of held and kept pictures, and who may do what there."""

from __future__ import annotations

import re
from io import StringIO
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.db import models
from django.test import Client, override_settings

from samepic.contrib.django import admission
from tests.contrib.uploads import CAT, ROCKET, saved_again

QUEUE, KEPT = "/admin/samepic/heldpicture/", "/admin/samepic/keptpicture/"


@pytest.fixture
def held(site: Client, settings_of_samepic: dict[str, object]) -> models.Model:
    """Return the photo that waits for review, because it may be a copy of another."""
    settings_of_samepic["POLICY"] = "resaved=review"
    admission.close()
    photo = apps.get_model("gallery.Photo")
    photo.objects.create(title="first", image=ContentFile(ROCKET, "first.jpg"))
    return photo.objects.create(title="second", image=ContentFile(saved_again(), "second.jpg"))


def keys(held: models.Model) -> dict[str, str]:
    """Return the fields of a form that rejects the held photo."""
    first = type(held).objects.order_by("pk").first()
    return {
        "key": f"gallery.photo.image/{held.image.name}",
        "other": f"gallery.photo.image/{first.image.name}",
    }


def person(*permissions: str, is_superuser: bool = False, name: str = "") -> Client:
    """Return the client of a member of the staff with these permissions."""
    from django.contrib.auth.management import create_permissions
    from django.contrib.auth.models import Permission, User

    username = name or "-".join(permissions) or str(is_superuser)
    user = User.objects.create(username=username, is_staff=True, is_superuser=is_superuser)
    for app in ("samepic", "gallery"):
        create_permissions(apps.get_app_config(app), verbosity=0)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_the_queue_shows_what_waits_beside_what_it_resembles(held: models.Model) -> None:
    staff = person(is_superuser=True)
    page = staff.get(QUEUE).text
    assert "1 picture waiting for review" in page
    assert "re-saved" in page
    for title in ("first", "second"):
        assert f">{title}</a>" in page
    thumbnails = re.findall(r'<img src="([^"]+)"', page)
    assert len(thumbnails) == 2
    for address in thumbnails:
        answer = staff.get(address.replace("&amp;", "&"))
        assert (answer.status_code, answer["Content-Type"][:6]) == (200, "image/")
    assert held.image.url in page


def test_accepting_takes_a_picture_out_of_the_queue_and_keeps_its_object(held: models.Model) -> None:
    staff = person(is_superuser=True)
    page = staff.post(QUEUE, {"key": keys(held)["key"]}, follow=True).text
    assert "All caught up" in page
    assert admission.gate().status()["accepted"] == 2
    assert type(held).objects.count() == 2
    history = apps.get_model("admin.LogEntry").objects.get()
    assert (history.change_message, history.object_id) == ("Accepted.", keys(held)["key"])


def test_rejecting_deletes_the_object_and_remembers_what_was_decided(held: models.Model) -> None:
    staff = person(is_superuser=True)
    page = staff.post(QUEUE, keys(held), follow=True).text
    assert "Rejected; 1 object deleted." in page
    assert [photo.title for photo in type(held).objects.all()] == ["first"]
    assert admission.gate().status()["accepted"] == 1
    assert admission.gate().status()["held"] == 0
    with pytest.raises(admission.PictureRefusedError):
        type(held)(title="third", image=ContentFile(saved_again(), "third.jpg")).save()


def test_what_somebody_else_decided_first_stays(held: models.Model) -> None:
    admission.gate().accept(keys(held)["key"])
    page = person(is_superuser=True).post(QUEUE, keys(held), follow=True).text
    assert "was decided or removed in the meantime" in page
    assert type(held).objects.count() == 2


def test_a_picture_is_only_rejected_as_a_copy_of_one_that_it_is_held_for(held: models.Model) -> None:
    cat = type(held).objects.create(title="cat", image=ContentFile(CAT, "cat.png"))
    for other in (f"gallery.photo.image/{cat.image.name}", "no such key"):
        form = {**keys(held), "other": other}
        page = person(is_superuser=True, name=other).post(QUEUE, form, follow=True).text
        assert "was decided or removed in the meantime" in page
    assert type(held).objects.count() == 3
    assert admission.gate().status()["held"] == 1


def test_looking_deciding_and_deleting_take_a_permission_each(held: models.Model) -> None:
    form = keys(held)
    nobody, viewer = person(), person("view_heldpicture")
    assert [nobody.get(QUEUE).status_code, nobody.get(KEPT).status_code] == [403, 403]
    thumbnail = f"{QUEUE}thumbnail/?{urlencode({'key': form['key']})}"
    assert [client.get(thumbnail).status_code for client in (Client(), nobody, viewer)] == [302, 403, 200]
    page = viewer.get(QUEUE).text
    assert "second" in page
    assert "<button" not in page.partition('id="content-main"')[2]
    assert viewer.post(QUEUE, form).status_code == 403
    decider = person("change_heldpicture")
    assert decider.post(QUEUE, form).status_code == 403
    assert type(held).objects.count() == 2
    assert person("change_heldpicture", "delete_photo").post(QUEUE, form).status_code == 302
    assert type(held).objects.count() == 1


def test_kept_pictures_are_listed_the_newest_first_page_by_page(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samepic.contrib.django import admin

    photo = apps.get_model("gallery.Photo")
    for title, data in (("rocket", ROCKET), ("cat", CAT)):
        photo.objects.create(title=title, image=ContentFile(data, f"{title}.jpg"))
    monkeypatch.setattr(admin, "_PAGE", 1)
    staff = person("view_keptpicture")
    first = staff.get(KEPT).text
    assert "2 pictures" in first
    assert ("cat" in first, "rocket" in first) == (True, False)
    (older,) = re.findall(r'href="(\?before=\d+)"', first)
    assert "rocket" in staff.get(KEPT + older).text
    assert staff.get("/admin/samepic/").status_code == 200


def test_each_collection_has_its_own_queue(site: Client) -> None:
    scan = apps.get_model("shelf.Scan")
    for data in (ROCKET, saved_again()):
        scan.objects.create(file=ContentFile(data, "a.jpg"))
    staff = person(is_superuser=True)
    page = staff.get(QUEUE).text
    assert "All caught up" in page
    assert '<a href="?tenant=scans">' in page
    page = staff.get(f"{QUEUE}?tenant=scans").text
    assert "1 picture waiting" in page
    assert "tenant=scans&amp;key=shelf.scan.file" in page
    assert staff.get(f"{QUEUE}?tenant={'a' * 2000}").status_code == 404


def test_a_store_that_cannot_be_reached_is_said_on_the_page(site: Client) -> None:
    staff = person(is_superuser=True)
    nobody = "postgresql://u:secret@127.0.0.1:1/x?connect_timeout=1"
    with override_settings(SAMEPIC={"STORE": nobody, "WORKERS": 0}):
        page = staff.get(QUEUE)
    assert (page.status_code, "cannot be reached" in page.text) == (503, True)


def test_the_lists_are_no_tables_to_dump(site: Client) -> None:
    out = StringIO()
    call_command("dumpdata", "samepic", "gallery", stdout=out)
    call_command("dumpdata", "samepic", "--all", stdout=out)
    assert out.getvalue().split() in (["[][]"], ["[]", "[]"])  # Django 6 ends each
