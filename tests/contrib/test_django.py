"""The gallery of examples/django_site, through its forms."""

from __future__ import annotations

import re

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import translation

from samepic import Gate, StoreError
from tests.contrib.uploads import CAT, ROCKET, cropped, refused_until_deleted, saved_again
from tests.test_structure import MODULES, OF_A_SITE, all_names_what_it_defines, name_of


def sent(site: Client, data: bytes, path: str = "/new/", language: str = "") -> HttpResponse:
    headers = {"accept-language": language}
    return site.post(path, {"title": "a", "image": SimpleUploadedFile("a.png", data)}, headers=headers)


def test_the_gallery_refuses_a_copy_with_a_sentence_and_a_link_until_the_picture_is_deleted(
    site: Client,
) -> None:
    remove = lambda first: site.post(f"{first.url}delete/")  # noqa: E731
    first, again = refused_until_deleted(lambda data: sent(site, data), remove, (302, 200, 302))
    assert f'<a href="{first.url}">See the picture that is already here.</a>' in again.text


def test_a_crop_of_a_picture_is_a_copy(site: Client) -> None:
    sent(site, ROCKET)
    again = sent(site, cropped()).text
    assert "This picture has already been uploaded (cropped differently)." in again
    assert "%" not in re.sub(r"<style>.*?</style>", "", again)


def test_a_better_copy_may_take_the_place_of_ones_own_picture_and_no_other(site: Client) -> None:

    from samepic.contrib.django.admission import gate

    first, cat = sent(site, saved_again()), sent(site, CAT)
    assert sent(site, ROCKET, f"{first.url}edit/").status_code == 302
    assert gate().status()["accepted"] == 2
    assert apps.get_model("gallery.Photo").objects.count() == 2
    assert "already been uploaded" in sent(site, saved_again(), f"{cat.url}edit/").text


def test_a_picture_that_was_replaced_by_another_may_be_uploaded_again(site: Client) -> None:
    first = sent(site, ROCKET)
    assert sent(site, CAT, f"{first.url}edit/").status_code == 302
    assert "already been uploaded" in sent(site, CAT).text
    assert sent(site, ROCKET).status_code == 302


def test_changing_only_the_title_leaves_the_picture_alone(site: Client) -> None:

    first = sent(site, ROCKET)
    assert site.post(f"{first.url}edit/", {"title": "b"}).status_code == 302
    assert apps.get_model("gallery.Photo").objects.get().title == "b"
    assert "already been uploaded" in sent(site, ROCKET).text


def test_what_the_form_cannot_see_is_answered_when_it_is_saved(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a copy comes between the look and the saving: the look is left out here."""
    from samepic.contrib.django import admission

    sent(site, ROCKET)
    monkeypatch.setattr(admission, "examine", lambda *_, **__: None)
    again = sent(site, saved_again())
    assert again.status_code == 200
    assert "This picture has already been uploaded" in again.text


def test_a_refusal_that_no_view_took_care_of_is_answered_with_409(site: Client) -> None:
    from django.test import RequestFactory

    from samepic.contrib.django.admission import PictureRefusedError
    from samepic.contrib.django.views import RefusalMiddleware

    sent(site, ROCKET)
    with pytest.raises(PictureRefusedError) as refused:
        apps.get_model("gallery.Photo")(title="b", image=ContentFile(saved_again(), "b.jpg")).save()
    middleware = RefusalMiddleware(lambda request: HttpResponse())
    page = middleware.process_exception(RequestFactory().post("/"), refused.value)
    assert page is not None
    assert (page.status_code, "See the picture" in page.text) == (409, True)
    asked = RequestFactory().post("/", headers={"accept": "application/json"})
    response = middleware.process_exception(asked, refused.value)
    assert response is not None
    assert re.search(r'"code": "duplicate".*"url": "/\d+/"', response.text)
    assert middleware.process_exception(asked, ValueError()) is None


def test_a_file_that_is_too_large_or_broken_is_refused_with_the_reason(site: Client) -> None:
    from django.conf import settings

    with override_settings(SAMEPIC={**settings.SAMEPIC, "MAX_BYTES": 1000}):
        assert "This file is too large. The limit is 1000 bytes." in sent(site, ROCKET).text
    assert "Upload a valid image" in sent(site, b"no picture").text
    assert "This file is damaged or incomplete." in sent(site, ROCKET[: len(ROCKET) // 2]).text


def test_the_form_and_the_page_of_a_refusal_are_in_the_language_of_the_visitor(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from samepic.contrib.django import admission

    with translation.override("en"):  # the middleware leaves that of the last request
        first = sent(site, ROCKET)
        again = sent(site, ROCKET, language="xx, de-AT;q=0.9, en;q=0.1").text
        assert "Dieses Bild wurde bereits hochgeladen." in again
        assert f'<a href="{first.url}">Das bereits vorhandene Bild ansehen.</a>' in again
        assert not re.search(r"byte for byte|JPEG|gallery\.photo", again)
        assert "この画像はすでにアップロードされています。" in sent(site, ROCKET, language="ja").text
        with monkeypatch.context() as patched:
            patched.setattr(admission, "gate", unreachable)
            page = sent(site, CAT, language="ja")
        assert (page.status_code, page["Retry-After"]) == (503, "5")
        assert '<html lang="ja">' in page.text
        assert "ただいま画像を受け付けることができません。" in page.text


def unreachable(tenant: str | None) -> Gate:
    raise StoreError("postgresql://db1: connection refused")


def test_people_learn_that_they_uploaded_a_picture_themselves(site: Client) -> None:
    from django.core.exceptions import ValidationError

    avatar = apps.get_model("shelf.Avatar")
    avatar(owner="ann", image=SimpleUploadedFile("a.jpg", ROCKET)).save()
    again = avatar(owner="ann", image=SimpleUploadedFile("b.jpg", ROCKET))
    with pytest.raises(ValidationError, match="You have already uploaded this picture"):
        again.full_clean()
    with pytest.raises(ValidationError, match="You have already uploaded this picture"):
        again.save()


def test_an_owner_that_is_no_field_is_a_system_check() -> None:
    field = apps.get_model("shelf.Avatar")._meta.get_field("image")
    assert [one.id for one in field.check()] == []
    field.owner = "nobody"
    try:
        (found,) = field.check()
    finally:
        field.owner = "owner"
    assert (found.id, found.msg) == (
        "samepic.E006",
        "owner: expected the name of a field of shelf.Avatar, found 'nobody'.",
    )


def test_the_site_may_say_it_in_its_own_words_and_keep_the_link_to_itself(site: Client) -> None:
    from django.conf import settings

    words = {"LINK": lambda photo: None, "MESSAGE": lambda decision, photo, url: f"<{photo.pk}> {url}"}
    first = sent(site, ROCKET)
    with override_settings(SAMEPIC={**settings.SAMEPIC, **words}):
        again = sent(site, saved_again()).text
    assert f"&lt;{first.url.strip('/')}&gt; None" in again


def test_a_form_without_a_model_looks_too(site: Client) -> None:
    from django import forms

    from samepic.contrib.django.forms import UniqueImageField, UniquePictureValidator

    class Plain(forms.Form):
        image = UniqueImageField(required=False)
        file = forms.FileField(required=False, validators=[UniquePictureValidator()])

    sent(site, ROCKET)
    form = Plain({}, {"image": SimpleUploadedFile("a.jpg", CAT)})
    assert form.is_valid()
    assert form.cleaned_data["image"].decision.outcome == "accepted"
    assert form.cleaned_data["image"].read() == CAT
    assert Plain({}, {}).is_valid()
    for name in ("image", "file"):
        form = Plain({}, {name: SimpleUploadedFile("a.jpg", saved_again())})
        assert not form.is_valid()
        (error,) = form.errors.as_data()[name]
        assert (error.code, error.status) == ("duplicate", 409)
        assert error.found.title == "a"


@pytest.mark.usefixtures("django_site")
def test_all_names_what_a_module_of_a_site_defines_for_others() -> None:
    modules = {name_of(path): path for path in MODULES}
    for name in OF_A_SITE:
        all_names_what_it_defines(modules[name])
