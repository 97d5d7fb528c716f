"""UniqueImageField: a model's picture that no other object shows, and the signals of the models that have one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial, wraps

from django.apps import apps
from django.core import checks
from django.core.files import File
from django.db import DatabaseError, models, router, transaction
from django.db.models.fields.files import FieldFile
from django.db.models.signals import post_delete
from django.dispatch import Signal

from samepic.contrib.django import admission
from samepic.contrib.django.admission import GateChange, PictureRefusedError, gate
from samepic.decision import Decision
from samepic.errors import StoreError

__all__ = ["UniqueImageField", "UniquePicture", "listen", "picture_admitted", "unique_fields"]

picture_admitted = Signal()
"""Sent at the commit, with sender (the model), instance, field and decision, which is accepted or review."""


def listen(model: type[models.Model]) -> None:
    """Listen to a model that has a picture which no other object may show."""
    name = f"samepic {model._meta.label}"
    post_delete.connect(_deleted, sender=model, dispatch_uid=name)


def _deleted(*, sender: type[models.Model], instance: models.Model, using: str, **_: object) -> None:
    # A parent's fields are the parent's, for whom the signal is sent too.
    for own in sender._meta.concrete_model._meta.local_fields:
        if isinstance(own, UniquePicture):
            own.forget(instance, using)


_SAVING = "_samepic_saving"


class UniquePicture(models.FileField):
    """What makes a file field of a model take no picture twice; mix it in before the field's class.

    `full_clean`, and so every model form, looks, and says what is wrong. `save` and `bulk_create` take the picture in,
    in one step with another look, and raise PictureRefusedError for one that is in. A rollback takes it out again; so
    does, at the commit, deleting the object or giving it another picture. `tenant` is the name of a collection of its
    own within the store, or a callable that gives it of the object; `policy` changes that of the site; `owner` is the
    name of the model's field that says whose an object is, so that people learn that a copy is of their own.
    """

    def __init__(
        self,
        *args: object,
        tenant: str | Callable[[models.Model], str] | None = None,
        policy: Mapping[str, str] | None = None,
        owner: str = "",
        **kwargs: object,
    ) -> None:
        self.tenant, self.policy, self.owner = tenant, policy, owner
        super().__init__(*args, **kwargs)

    def tenant_of(self, instance: models.Model) -> str | None:
        """Return the tenant of an object's picture, None for that of the site."""
        return self.tenant(instance) if callable(self.tenant) else self.tenant

    def _same_owner(self, instance: models.Model, found: models.Model) -> bool:
        """Return whether two objects are of one owner; False where one has none."""
        if not self.owner or not isinstance(found, self.model):
            return False
        attname = self.model._meta.get_field(self.owner).attname
        owner = getattr(instance, attname)
        return owner not in (None, "") and owner == getattr(found, attname)

    def contribute_to_class(self, cls: type[models.Model], name: str, **kwargs: object) -> None:
        """Add the field to a model, and hear of the end of `save`, which no signal reports where it fails.

        `bulk_create` of models with such a field is one transaction, as of all models before Django 6.0.
        """
        super().contribute_to_class(cls, name, **kwargs)
        if not hasattr(models.QuerySet.bulk_create, "samepic"):
            models.QuerySet.bulk_create = _in_one_transaction(models.QuerySet.bulk_create)
        if not cls._meta.abstract and not hasattr(cls.save_base, "samepic"):
            cls.save_base = _ending(cls.save_base)

    def check(self, **kwargs: object) -> list[checks.CheckMessage]:
        """Add to the field's system checks that the app is installed, and that the field of the owner exists."""
        found = super().check(**kwargs)
        if not apps.is_installed("samepic.contrib.django"):
            hint = 'Add "samepic.contrib.django" to INSTALLED_APPS.'
            error = "The field wants samepic's app."
            found.append(checks.Error(error, hint=hint, obj=self, id="samepic.E005"))
        if self.owner and self.owner not in {field.name for field in self.model._meta.concrete_fields}:
            error = f"owner: expected the name of a field of {self.model._meta.label}, found {self.owner!r}."
            found.append(checks.Error(error, obj=self, id="samepic.E006"))
        if getattr(self.storage, "file_overwrite", False):  # of django-storages, where it is the default
            hint = 'Set "file_overwrite": False in the OPTIONS of the storage.'
            text = "The storage puts an upload in the place of another one's file of the same name."
            found.append(checks.Warning(text, hint=hint, obj=self, id="samepic.W001"))
        return list(found)

    def validate(self, value: FieldFile, model_instance: models.Model) -> None:
        """Look at a new upload. Raises PictureRefusedError for one that would not be taken."""
        super().validate(value, model_instance)
        if value and not value._committed:
            self.examine(value.file, model_instance)

    def examine(self, file: File, instance: models.Model) -> Decision:
        """Return what the gate says of an upload for an object. Raises PictureRefusedError if it would be refused."""
        using = _using(instance)
        replaces = admission.leaving(using) | self._own(instance, using)
        try:
            data, tenant = admission.read(file), self.tenant_of(instance)
            own = partial(self._same_owner, instance)
            return admission.examine(data, tenant, self.policy, replaces, own=own)
        except PictureRefusedError as refusal:
            refusal.field = self.name
            raise

    def pre_save(self, instance: models.Model, add: bool) -> FieldFile:
        """Store a new upload and take it in; where that fails, delete the file again. Raises PictureRefusedError."""
        using, upload = _using(instance), getattr(instance, self.attname)
        own = set() if add else self._own(instance, using)
        fresh = bool(upload) and not upload._committed
        # The framework that the upload came by may know an exception that it answers.
        answer_with = getattr(upload.file, "answer_with", None) if fresh else None
        try:
            data = admission.read(upload.file) if fresh else None
            file = super().pre_save(instance, add)
            change = self._change(instance, file, own, data, using)
        except BaseException as error:
            if isinstance(error, PictureRefusedError):
                error.field = self.name
            if fresh and upload._committed:
                self._discard(upload)
            if answer_with and isinstance(error, (PictureRefusedError, StoreError)):
                raise answer_with(error) from error
            raise
        if change is not None:
            # It waits for the commit of the transaction, or where there is none for the end of `save`.
            saving: _Saving | None = instance.__dict__.get(_SAVING)
            if saving is None or transaction.get_connection(using).in_atomic_block:
                transaction.on_commit(change, using=using)
            else:
                saving.changes.append(change)
        return file

    def _discard(self, file: FieldFile) -> None:
        """Delete the file of an upload that is not taken, unless the storage put it in the place of another's."""
        with suppress(DatabaseError):  # a transaction that is broken already: the file stays
            if not admission.shown(admission.key_of(self, file.name)):
                file.storage.delete(file.name)

    def forget(self, instance: models.Model, using: str) -> None:
        """Take the picture of an object that is deleted out of the gate, at the commit."""
        file = getattr(instance, self.attname)
        if file:
            change = GateChange(self.tenant_of(instance), drop=[admission.key_of(self, file.name)])
            transaction.on_commit(change, using=using)

    def _change(
        self, instance: models.Model, file: FieldFile, own: set[str], data: bytes | None, using: str
    ) -> GateChange | None:
        """Take in the file of an object, unless it is in; return what is to be done at the commit."""
        key, tenant = (admission.key_of(self, file.name) if file else ""), self.tenant_of(instance)
        if data is None and (not key or key in own or gate(tenant).get(key) is not None):
            return GateChange(tenant, drop=own - {key}) if own - {key} else None
        if data is None:
            with file.storage.open(file.name, "rb") as opened:
                data = bytes(opened.read())
        replaces = admission.leaving(using) | own
        own_by = partial(self._same_owner, instance)
        decision, reservation = admission.admit(data, key, tenant, self.policy, replaces, own=own_by)
        getattr(instance, self.attname).decision = decision
        sent = {"sender": type(instance), "instance": instance, "field": self, "decision": decision}
        notify = partial(picture_admitted.send, **sent)
        return GateChange(tenant, reservation, own - {key}, notify)

    def _own(self, instance: models.Model, using: str) -> set[str]:
        pk = instance._get_pk_val(self.model._meta)
        if pk is None:
            return set()
        rows = self.model._base_manager.using(using).filter(pk=pk)
        name = rows.values_list(self.attname, flat=True).first()
        return {admission.key_of(self, name)} if name else set()


class UniqueImageField(UniquePicture, models.ImageField):
    """An ImageField whose picture no other object shows. To migrations it is an ImageField, so none is needed."""

    def deconstruct(self) -> tuple[str, str, list[object], dict[str, object]]:
        """Return what a migration writes down: an ImageField."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.ImageField", args, kwargs


def unique_fields(model: type[models.Model]) -> list[models.Field]:
    """Return the fields of a model, inherited ones too, that take no picture twice."""
    return [field for field in model._meta.concrete_fields if isinstance(field, UniquePicture)]


def _using(instance: models.Model) -> str:
    saving: _Saving | None = instance.__dict__.get(_SAVING)
    alias = (saving and saving.using) or instance._state.db
    return str(alias or router.db_for_write(type(instance), instance=instance))


def _in_one_transaction(bulk_create: Callable[..., list[models.Model]]) -> Callable[..., list[models.Model]]:
    """Return a query set's `bulk_create` whose end is that of a transaction where the model takes no picture twice."""

    @wraps(bulk_create)
    def created(self: models.QuerySet, *args: object, **kwargs: object) -> list[models.Model]:
        if not unique_fields(self.model):
            return bulk_create(self, *args, **kwargs)
        self._for_write = True  # so that `db` is where the rows will be written
        with transaction.atomic(using=self.db, savepoint=False):
            return bulk_create(self, *args, **kwargs)

    created.samepic = True  # type: ignore[attr-defined]  # a mark of ours, as on `save_base`
    return created


@dataclass(slots=True)
class _Saving:
    """A `save` under way: to which database, and what is to be done at its end where there is no transaction."""

    using: str | None
    changes: list[GateChange] = field(default_factory=list)


def _ending(save_base: Callable[..., None]) -> Callable[..., None]:
    """Return a model's `save_base` that, outside of transactions, carries out the changes or takes them back."""

    @wraps(save_base)
    def saved(self: models.Model, *args: object, **kwargs: object) -> None:
        before, using = self.__dict__.get(_SAVING), kwargs.get("using")
        saving = self.__dict__[_SAVING] = _Saving(str(using) if using else None)
        try:
            save_base(self, *args, **kwargs)
        except BaseException:
            for change in saving.changes:
                change.after_failure()
            raise
        else:
            for change in saving.changes:
                change()
        finally:
            if before is None:
                del self.__dict__[_SAVING]
            else:
                self.__dict__[_SAVING] = before

    saved.samepic = True  # type: ignore[attr-defined]  # a mark of ours on Django's file
    return saved
