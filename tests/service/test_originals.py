"""A service that can open originals: they have the last word, and no tenant reaches those of another."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from samepic.errors import ProfileError
from samepic.service.settings import ServiceSettings, Token
from tests.gate.pictures import opened, resaved
from tests.kits.service import Running, client_of
from tests.service.test_command import samepic

SMALL = "as far as small pictures show"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for the originals of everybody."""
    return tmp_path_factory.mktemp("originals")


@pytest.fixture(scope="module")
def service(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """Return a service that may open them."""
    place = tmp_path_factory.mktemp("service")
    with Running(place / "u.db", place / "log", "--originals", str(folder)) as running:
        yield running


def client(service: Running, tenant: str) -> httpx.Client:
    return client_of(service.address, headers={"Samepic-Tenant": tenant})


def spotted(path: Path) -> tuple[bytes, bytes]:
    """Return a large picture, and the same with a spot that nobody sees at 320 pixels."""
    image = opened(path).resize((2048, 2048))
    other = image.copy()
    other.paste((255, 255, 255), (1000, 1000, 1024, 1024))
    made = []
    for one in (image, other):
        stream = io.BytesIO()
        one.save(stream, "JPEG", quality=95)
        made.append(stream.getvalue())
    return made[0], made[1]


def test_an_original_at_the_path_of_its_key_has_the_last_word(
    service: Running, folder: Path, astronaut: Path
) -> None:
    plain, other = spotted(astronaut)
    kept = folder / "shop" / "photos" / "a b.jpg"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(plain)
    with client(service, "shop") as asks:
        assert asks.post("/v1/admit", params={"key": "photos/a b.jpg"}, content=plain).status_code == 201
        decision = asks.post("/v1/check", content=other).json()
        assert (decision["outcome"], decision["match"]["evidence"]) == ("review", "originals")
        kept.unlink()
        decision = asks.post("/v1/check", content=other).json()
        assert decision["match"]["evidence"] == "proxies"
        assert f"{SMALL} (the kept original is not at hand)" in decision["detail"]
        kept.write_bytes(b"something else")
        decision = asks.post("/v1/check", content=other).json()
        assert f"{SMALL} (the originals cannot be compared)" in decision["detail"]


@pytest.mark.parametrize(
    "key",
    ["../one/secret.jpg", "secret.jpg", "one/secret.jpg", "/one/secret.jpg", "link.jpg", "away/secret.jpg"],
)
def test_no_key_of_a_tenant_reaches_the_file_of_another(
    service: Running, folder: Path, coffee: Path, key: str
) -> None:
    """If it did, the answer would be based on originals."""
    for name in ("one", "two"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copy(coffee, folder / "one" / "secret.jpg")
    for link, target in (("link.jpg", "../one/secret.jpg"), ("away", "../one")):
        if not (folder / "two" / link).is_symlink():
            (folder / "two" / link).symlink_to(target)
    with client(service, "two") as asks:
        assert asks.post("/v1/admit", params={"key": key}, content=coffee.read_bytes()).status_code == 201
        decision = asks.post("/v1/check", content=resaved(coffee)).json()
        assert (decision["match"]["key"], decision["match"]["evidence"]) == (key, "proxies")
        assert SMALL in decision["detail"]
        assert (
            asks.delete(f"/v1/pictures/{key.replace('/', '%2F').replace('..', '%2E%2E')}").status_code == 204
        )


def test_the_log_names_neither_keys_nor_files(service: Running, folder: Path) -> None:
    lines = [line["message"] for line in service.logged()]
    assert any("leads out of the folder" in line for line in lines)
    assert not [line for line in lines if "secret" in line or str(folder) in line or "a b" in line]


def test_tokens_with_a_tenant_and_without_do_not_go_together_with_originals() -> None:
    one, none = Token("one", b"1" * 32, "one"), Token("none", b"2" * 32)
    counts = Token("counts", b"3" * 32, rights=frozenset({"metrics"}))
    ServiceSettings("u.db", tokens=(one, none))
    ServiceSettings("u.db", tokens=(one, counts), originals="folder")
    ServiceSettings("u.db", tokens=(none, counts), originals="folder")
    with pytest.raises(ProfileError, match="--originals: expected a tenant for every token"):
        ServiceSettings("u.db", tokens=(one, none), originals="folder")


def test_a_folder_of_originals_that_is_not_there_is_named_before_anything_is_served(tmp_path: Path) -> None:
    for verb in (("serve",), ("check", "x.jpg")):
        status, output = samepic(
            *verb, "--store", str(tmp_path / "u.db"), "--originals", str(tmp_path / "no")
        )
        assert (status, f"--originals: no such folder: '{tmp_path / 'no'}'" in output) == (2, True)
