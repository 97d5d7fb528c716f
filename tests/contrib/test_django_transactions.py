"""What a model's picture does to the gate at a commit, at a rollback, at a crash, and when two come at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

import django
import pytest
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, connections, models, transaction
from django.test import Client

from tests.contrib.uploads import CAT, ROCKET, saved_again

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def kinds(site: Client) -> dict[str, type[models.Model]]:
    """Return the models of the shelf by name."""
    from django.apps import apps

    return {model.__name__: model for model in apps.get_app_config("shelf").get_models()}


@pytest.fixture
def item(kinds: dict[str, type[models.Model]]) -> type[models.Model]:
    return kinds["Item"]


def file(data: bytes = ROCKET) -> ContentFile:
    return ContentFile(data, "a.png")


def keys_kept(*names: str) -> set[str]:
    """Return which of these pictures of items the gate has."""
    from samepic.contrib.django.admission import gate

    return {name for name in names if gate().get(f"shelf.item.image/{name}") is not None}


def kept(tenant: str | None = None) -> int:
    from samepic.contrib.django.admission import gate

    status = gate(tenant).status()
    return int(status["accepted"] + status["held"])


def test_a_picture_is_in_the_gate_under_the_name_of_its_file(item: type[models.Model]) -> None:
    made = item.objects.create(code="a", image=file())
    assert keys_kept(made.image.name) == {made.image.name}
    assert made.image.decision.outcome == "accepted"


def test_a_rollback_leaves_nothing_in_the_gate(item: type[models.Model]) -> None:
    with suppress(ZeroDivisionError), transaction.atomic():
        item.objects.create(code="a", image=file())
        assert kept() == 1
        _ = 1 / 0
    assert kept() == 0
    item.objects.create(code="a", image=file(saved_again()))


def test_a_rollback_to_a_savepoint_takes_out_only_what_came_after_it(item: type[models.Model]) -> None:
    with transaction.atomic():
        outer = item.objects.create(code="a", image=file())
        with suppress(ZeroDivisionError), transaction.atomic():
            item.objects.create(code="b", image=file(CAT))
            _ = 1 / 0
    assert keys_kept(outer.image.name) == {outer.image.name}
    assert kept() == 1


def test_a_row_that_the_database_refuses_leaves_nothing_in_the_gate(item: type[models.Model]) -> None:
    item.objects.create(code="a", image=file())
    with pytest.raises(IntegrityError):
        item.objects.create(code="a", image=file(CAT))
    assert kept() == 1
    item.objects.create(code="b", image=file(CAT))


def test_a_receiver_that_fails_after_the_row_was_written_leaves_its_picture_in_the_gate(
    item: type[models.Model],
) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    models.signals.post_save.connect(fail, sender=item)
    try:
        with suppress(ZeroDivisionError):
            item.objects.create(code="a", image=file())
    finally:
        models.signals.post_save.disconnect(fail, sender=item)
    assert (item.objects.count(), kept()) == (1, 1)


def test_of_two_copies_in_one_transaction_the_second_is_refused(item: type[models.Model]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    with pytest.raises(PictureRefusedError), transaction.atomic():
        item.objects.create(code="a", image=file())
        item.objects.create(code="b", image=file(saved_again()))
    assert kept() == 0


def test_the_file_of_a_refused_upload_is_not_left_in_the_storage(item: type[models.Model]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    first = item.objects.create(code="a", image=file())
    storage = first.image.storage
    before = set(storage.listdir("items")[1])
    with pytest.raises(PictureRefusedError) as refused:
        item.objects.create(code="b", image=file(saved_again()))
    assert refused.value.field == "image"
    assert set(storage.listdir("items")[1]) == before


def test_a_deleted_picture_leaves_the_gate_at_the_commit_and_stays_at_a_rollback(
    item: type[models.Model],
) -> None:
    made = item.objects.create(code="a", image=file())
    with suppress(ZeroDivisionError), transaction.atomic():
        item.objects.all().delete()
        _ = 1 / 0
    assert keys_kept(made.image.name)
    item.objects.all().delete()
    assert not keys_kept(made.image.name)


def test_a_picture_deleted_in_a_transaction_may_come_again_in_it(item: type[models.Model]) -> None:
    made = item.objects.create(code="a", image=file())
    with suppress(ZeroDivisionError), transaction.atomic():
        item.objects.all().delete()
        item.objects.create(code="b", image=file(saved_again()))
        _ = 1 / 0
    assert keys_kept(made.image.name)
    assert kept() == 1
    with transaction.atomic():
        item.objects.all().delete()
        again = item.objects.create(code="b", image=file(saved_again()))
    assert keys_kept(made.image.name, again.image.name) == {again.image.name}


def test_a_picture_that_is_taken_off_its_object_leaves_the_gate(item: type[models.Model]) -> None:
    made = item.objects.create(code="a", image=file())
    name, made.image = made.image.name, ""
    made.save()
    assert not keys_kept(name)


def test_a_replacement_that_is_rolled_back_leaves_the_old_picture_in_the_gate(
    item: type[models.Model],
) -> None:
    made = item.objects.create(code="a", image=file(saved_again()))
    old = made.image.name
    with suppress(ZeroDivisionError), transaction.atomic():
        made.image = file(ROCKET)
        made.save()
        assert kept() == 2
        _ = 1 / 0
    assert keys_kept(old)
    assert kept() == 1


def test_many_objects_made_at_once_are_all_taken_in_or_none(item: type[models.Model]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    with pytest.raises(PictureRefusedError):
        item.objects.bulk_create(
            [item(code=str(n), image=file(data)) for n, data in enumerate((ROCKET, CAT, saved_again()))]
        )
    assert kept() == 0
    made = item.objects.bulk_create([item(code=str(n), image=file(d)) for n, d in enumerate((ROCKET, CAT))])
    del made
    assert kept() == 2


@pytest.mark.parametrize("manager", ["objects", "_base_manager"])
def test_many_objects_of_which_the_database_refuses_one_leave_nothing_in_the_gate(
    item: type[models.Model], manager: str
) -> None:
    with pytest.raises(IntegrityError):
        getattr(item, manager).bulk_create([item(code="a", image=file(data)) for data in (ROCKET, CAT)])
    assert (item.objects.count(), kept()) == (0, 0)
    getattr(item, manager).bulk_create([item(code="a", image=file())])
    assert (item.objects.count(), kept()) == (1, 1)


def test_many_objects_made_in_batches_are_all_taken_in_or_none(item: type[models.Model]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    pictures = enumerate((ROCKET, CAT, saved_again()))
    with pytest.raises(PictureRefusedError):
        item.objects.bulk_create([item(code=str(n), image=file(data)) for n, data in pictures], batch_size=1)
    assert (item.objects.count(), kept()) == (0, 0)


def test_a_model_without_such_pictures_is_created_as_django_does_it(
    item: type[models.Model], kinds: dict[str, type[models.Model]]
) -> None:
    """From Django 6.0 on a single statement is no transaction of its own."""
    within: dict[str, bool] = {}

    def look(execute: Callable[..., object], sql: str, *rest: object) -> object:
        if sql.startswith("INSERT"):
            within[sql.split('"')[1]] = connection.in_atomic_block
        return execute(sql, *rest)

    with connection.execute_wrapper(look):
        kinds["Old"].objects.bulk_create([kinds["Old"](image="old/a.png")])
        item.objects.bulk_create([item(code="a", image=file())])
    assert within == {"shelf_old": django.VERSION < (6, 0), "shelf_item": True}


def test_heirs_and_proxies_of_a_model_share_its_pictures(kinds: dict[str, type[models.Model]]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    proxy = kinds["ItemProxy"].objects.create(code="a", image=file())
    with pytest.raises(PictureRefusedError):
        kinds["Special"].objects.create(code="b", image=file(saved_again()), note="")
    assert kept() == 1
    proxy.delete()
    special = kinds["Special"].objects.create(code="b", image=file(), note="")
    special.delete(keep_parents=True)
    assert kept() == 1
    kinds["Item"].objects.get().delete()
    assert kept() == 0


def test_owners_may_have_the_same_picture_each_but_only_once(kinds: dict[str, type[models.Model]]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    avatar = kinds["Avatar"]
    ann = avatar.objects.create(owner="ann", image=file())
    avatar.objects.create(owner="bob", image=file())
    with pytest.raises(PictureRefusedError):
        avatar.objects.create(owner="ann", image=file(saved_again()))
    ann.delete()
    assert (kept("ann"), kept("bob"), kept()) == (0, 1, 0)


def test_a_copy_that_waits_for_review_is_stored_and_the_site_is_told_at_the_commit(
    kinds: dict[str, type[models.Model]],
) -> None:
    from samepic.contrib.django.fields import picture_admitted

    admitted: list[tuple[str, str]] = []

    def listen(*, instance: models.Model, decision: object, **_: object) -> None:
        admitted.append((instance.file.name, decision.outcome))  # type: ignore[attr-defined]

    picture_admitted.connect(listen)
    try:
        first = kinds["Scan"].objects.create(file=file())
        with transaction.atomic():
            second = kinds["Scan"].objects.create(file=file(saved_again()))
            assert len(admitted) == 1
    finally:
        picture_admitted.disconnect(listen)
    assert admitted == [(first.file.name, "accepted"), (second.file.name, "review")]


def test_what_a_crash_left_behind_refuses_nothing_once_it_is_old(
    item: type[models.Model], settings_of_samepic: dict[str, object]
) -> None:
    from samepic.contrib.django.admission import PictureRefusedError, gate

    gate().admit(ROCKET, "shelf.item.image/items/lost.jpg")  # whose row was never committed
    with pytest.raises(PictureRefusedError) as refused:
        item.objects.create(code="a", image=file(saved_again()))
    assert refused.value.url is None
    settings_of_samepic["ORPHAN_SECONDS"] = 0
    item.objects.create(code="a", image=file(saved_again()))
    assert not keys_kept("items/lost.jpg")


def test_what_the_gate_keeps_for_others_than_the_site_is_never_taken_for_lost(
    item: type[models.Model], settings_of_samepic: dict[str, object]
) -> None:
    from samepic.contrib.django.admission import PictureRefusedError, gate

    settings_of_samepic["ORPHAN_SECONDS"] = 0
    gate().admit(ROCKET, "an-archive/17")
    with pytest.raises(PictureRefusedError):
        item.objects.create(code="a", image=file(saved_again()))


def test_of_many_copies_that_come_at_once_one_is_stored(item: type[models.Model]) -> None:
    from samepic.contrib.django.admission import PictureRefusedError

    refused, start = [], threading.Barrier(6)

    def upload(number: int) -> None:
        copy = file(saved_again("chelsea.png", 60 + number))
        start.wait()
        try:
            item.objects.create(code=str(number), image=copy)
        except PictureRefusedError as refusal:
            refused.append(refusal.status)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == [409] * 5
    assert (item.objects.count(), kept()) == (1, 1)
