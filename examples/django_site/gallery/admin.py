"""The photos in the admin; samepic adds the held and the kept pictures by itself."""

from __future__ import annotations

from django.contrib import admin

from .models import Photo

admin.site.register(Photo)
