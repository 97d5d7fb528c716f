"""Settings of a site on one's own machine. What it keeps lies in demo-out/django, or where SAMEPIC_DEMO says."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

DATA = Path(os.environ.get("SAMEPIC_DEMO", "demo-out/django")).absolute()
DATA.mkdir(parents=True, exist_ok=True)

INSTALLED_APPS = ["django.contrib.staticfiles", "samepic.contrib.django", "gallery"]
SAMEPIC = {"STORE": DATA / "pictures.db"}

DEBUG = True
SECRET_KEY = os.environ.setdefault("SAMEPIC_DEMO_SECRET", secrets.token_hex())  # the same after a reload
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "gallery.urls"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "samepic.contrib.django.views.RefusalMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": DATA / "site.db"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
MEDIA_URL = "media/"
MEDIA_ROOT = DATA / "media"
USE_TZ = True
