"""The pages of the gallery."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import path

from . import views

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", views.PhotoList.as_view(), name="photos"),
    path("new/", views.PhotoCreate.as_view(), name="new"),
    path("<int:pk>/", views.PhotoDetail.as_view(), name="photo"),
    path("<int:pk>/edit/", views.PhotoUpdate.as_view(), name="edit"),
    path("<int:pk>/delete/", views.PhotoDelete.as_view(), name="delete"),
    *static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT),
]
