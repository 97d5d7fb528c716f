"""Show photos, take new ones, and delete them."""

from __future__ import annotations

from django.urls import reverse_lazy
from django.views.generic import CreateView, DeleteView, DetailView, ListView, UpdateView

from samepic.contrib.django.views import UniquePictureMixin

from .models import Photo


class PhotoList(ListView):
    """All photos."""

    queryset = Photo.objects.order_by("pk")


class PhotoDetail(DetailView):
    """One photo."""

    model = Photo


class PhotoCreate(UniquePictureMixin, CreateView):
    """The upload form."""

    model = Photo
    fields = ("title", "image")


class PhotoUpdate(UniquePictureMixin, UpdateView):
    """The same form, to put a better copy or another picture in the place of one."""

    model = Photo
    fields = ("title", "image")


class PhotoDelete(DeleteView):
    """Ask, then delete."""

    model = Photo
    success_url = reverse_lazy("photos")
