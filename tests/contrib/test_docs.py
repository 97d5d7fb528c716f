"""The pages of docs/ for web frameworks are run: their blocks make a site, and pictures are uploaded to it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contrib.uploads import PHOTOS, ROOT, saved_again

DOCS = ROOT / "docs"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

DJANGO_SEED = """
import django; django.setup()
from django.core.management import call_command
for command in (["makemigrations", "gallery"], ["migrate"], ["check"]):
    call_command(*command)
from gallery.models import Photo
from django.core.files.base import ContentFile
storage = Photo._meta.get_field("image").storage
for name in ("first.jpg", "cat.png", "again.jpg"):
    storage.save(f"photos/{name}", ContentFile(open(name, "rb").read()))
    Photo.objects.bulk_create([Photo()])
    Photo.objects.filter(image="").update(image=f"photos/{name}")
"""
DJANGO = """
import asyncio
import django; django.setup()
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage.handler import StorageHandler
from django.test import Client, RequestFactory, override_settings
from django.conf import settings
from gallery import api, async_uploads, gates, review
from mysite import on_s3
from gallery.avatars import Avatar
from gallery.models import Photo
from gallery.uploads import upload
from gallery.views import PhotoCreate

def post(view, name):
    file = ContentFile(open(name, "rb").read(), name)
    return view(RequestFactory().post("/", {"image": file}))

seen = post(PhotoCreate.as_view(template_name="form.html"), "again.jpg")
print(seen.status_code, seen.render().content.decode())
print(post(upload, "again.jpg").status_code, post(upload, "third.png").status_code)
print(post(PhotoCreate.as_view(), "fourth.jpg").url == Photo.objects.last().get_absolute_url())
print(gates.keep(open("first.jpg", "rb"), "own/1").outcome)
print(Avatar._meta.get_field("image").tenant_of(Avatar(owner="ann")))
answer = post(api.Photos.as_view(), "again.jpg")
print(answer.status_code, *answer.data["error"], answer.data["error"]["url"])
print(asyncio.run(post(async_uploads.upload, "again.jpg")).status_code)
print(StorageHandler(on_s3.STORAGES)["default"].file_overwrite)
staff = Client(headers={"host": "localhost"})
staff.force_login(User.objects.create_superuser("ann"))
print(*(staff.get(f"/admin/samepic/{page}picture/").status_code for page in ("held", "kept")))
"""
FASTAPI = """
import asyncio, importlib, sys
import httpx

async def main():
    for name in ("app", "shown", "private", "starlette_app"):
        app = importlib.import_module(name).app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site") as client:
            async def post(name):
                answer = await client.post("/pictures", files={"picture": (name, open(name, "rb"))})
                return answer
            first, again, cat = [await post(name) for name in ("first.jpg", "again.jpg", "cat.png")]
            print(first.status_code, again.status_code, cat.status_code)
            if name == "app":
                detail = again.json()["detail"]
                print(sorted(detail), detail["link"] == "/pictures/" + first.json()["key"])
            if name == "private":
                print(again.json()["detail"]["match"])
            if name == "shown":
                print((await client.delete("/pictures/" + first.json()["key"])).status_code)
                print((await post("again.jpg")).status_code)
        await importlib.import_module(name).gate.close()
        [path.unlink() for path in __import__("pathlib").Path().glob("pictures.db*")]

asyncio.run(main())
"""
FLASK = """
import importlib
from pathlib import Path

app = importlib.import_module("form").app
app.config["WTF_CSRF_ENABLED"] = False
def post(client, path, name):
    return client.post(path, data={"picture": (open(name, "rb"), name)}, content_type="multipart/form-data")
client = app.test_client()
print(post(client, "/", "first.jpg").text)
print(post(client, "/", "again.jpg").text)
print(post(client, "/", "cat.png").text)
with app.app_context():
    importlib.import_module("form").pictures.close()
[path.unlink() for path in Path().glob("pictures.db*")]
api = importlib.import_module("api").app
client = api.test_client()
first, again = post(client, "/pictures", "first.jpg"), post(client, "/pictures", "again.jpg")
print(first.status_code, again.status_code, again.json)
print(client.delete("/pictures/" + first.json["key"]).status_code, post(client, "/pictures", "again.jpg").status_code)
with api.app_context():
    importlib.import_module("api").pictures.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with pictures to upload."""
    (tmp_path / "first.jpg").write_bytes((PHOTOS / "rocket.jpg").read_bytes())
    (tmp_path / "again.jpg").write_bytes(saved_again())
    (tmp_path / "cat.png").write_bytes((PHOTOS / "chelsea.png").read_bytes())
    (tmp_path / "third.png").write_bytes((PHOTOS / "coffee.png").read_bytes())
    (tmp_path / "fourth.jpg").write_bytes((PHOTOS / "hubble.jpg").read_bytes())
    return tmp_path


def laid_out(page: str, folder: Path) -> list[tuple[str, str]]:
    """Add every Python block of a page to the file that its first line names; return the other blocks."""
    others = []
    for language, block in BLOCK.findall((DOCS / page).read_text()):
        if language == "python":
            name = block.splitlines()[0].removeprefix("# ")
            assert name.endswith(".py"), f"{page}: a block without the name of its file: {name}"
            with (folder / name).open("a") as file:
                file.write(block)
        else:
            others.append((language, block))
    return others


pytestmark = pytest.mark.slow


def run(folder: Path, *command: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_ten_lines_and_all_others_of_the_django_page_work(folder: Path) -> None:
    run(folder, "-m", "django", "startproject", "mysite", ".")
    run(folder, "manage.py", "startapp", "gallery")
    for name in ("models.py", "views.py"):
        (folder / "gallery" / name).write_text("")
    others = laid_out("django.md", folder)
    (folder / "gallery" / "templates").mkdir()
    (folder / "gallery" / "templates" / "form.html").write_text("{{ form.errors }}")
    with (folder / "mysite" / "settings.py").open("a") as file:
        file.write('SAMEPIC["WORKERS"] = 0\n')  # only because that is faster here
    settings = {"DJANGO_SETTINGS_MODULE": "mysite.settings"}
    run(folder, "-c", DJANGO_SEED, **settings)
    (console,) = (block for language, block in others if language == "console")
    line, shown = console.removeprefix("$ python ").split("\n", 1)
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    assert re.fullmatch(pattern, run(folder, *line.split()))
    page, *lines = run(folder, "-c", DJANGO, **settings).splitlines()
    assert page.startswith("200 ")
    assert "We have this picture already. Thank you all the same!" in page
    assert '<a href="/photos/1/">See the picture that is already here.</a>' in page
    assert lines == [
        "409 201",
        "True",
        "duplicate",
        "user/ann",
        "409 code message detail wanted got name url /photos/1/",
        "422",
        "False",
        "200 200",
    ]


def test_the_blocks_of_the_fastapi_page_work(folder: Path) -> None:
    laid_out("fastapi.md", folder)
    assert run(folder, "-c", FASTAPI).splitlines() == [
        "201 409 201",
        "['code', 'detail', 'got', 'link', 'link_label', 'match', 'message', 'name', 'wanted'] True",
        "201 409 201",
        "204",
        "201",
        "201 409 201",
        "None",
        "201 409 201",
    ]


def test_the_blocks_for_flask_of_that_page_work(folder: Path) -> None:
    laid_out("fastapi.md", folder)
    output = run(folder, "-c", FLASK)
    first, *form, cat, statuses, removed = output.splitlines()
    assert (first, cat, removed) == ("Thank you!", "Thank you!", "204 201")
    assert "This picture has already been uploaded" in "".join(form)
    assert re.search(r'<a href="/photos/[-0-9a-f]+">See the picture', "".join(form))
    assert statuses.startswith("201 409 {'error': 'This picture has already been uploaded")


@pytest.mark.parametrize("page", ["django.md", "fastapi.md", "screenshots.md"])
def test_a_page_installs_the_extra_that_it_needs(page: str) -> None:
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    named = re.findall(r"extra `([a-z]+)`", (DOCS / page).read_text())
    assert named
    assert set(named) <= set(extras)


def test_the_django_page_names_every_setting_and_every_check() -> None:
    from samepic.contrib.django.settings import NAMES

    page = (DOCS / "django.md").read_text()
    for name in NAMES:
        assert f"`{name}`" in page
    for number in ("E001", "E002", "E003", "E004", "E005", "W001"):
        assert f"{number}`" in page
