"""The options of `samepic serve` from the command line, the environment and one file, and what they are in the end."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import httpx
import pytest

from samepic.cli import main
from samepic.cli.serve import OPTIONS
from samepic.profile import Profile
from tests.kits.service import Running

SECRET = "s" * 20


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder of the test, without variables of other programs."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("SAMEPIC_")]:
        monkeypatch.delenv(name)
    return tmp_path


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str]:
    """Return the status of `samepic serve --print-config`, and what it prints."""
    status = main(["serve", "--print-config", *options])
    out, err = capsys.readouterr()
    return status, out + err


def test_the_command_line_comes_before_the_environment_the_file_and_the_default(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "c.toml").write_text('store = "file.db"\nport = 1\nprocesses = 2\nmax-bytes = 3\nhost = "::1"')
    monkeypatch.setenv("SAMEPIC_PORT", "11")
    monkeypatch.setenv("SAMEPIC_PROCESSES", "12")
    monkeypatch.setenv("SAMEPIC_POLICY", "")  # as if it were not set
    monkeypatch.setenv("SAMEPIC_CONFIG", "c.toml")
    status, output = printed(capsys, "--port", "21", "--json")
    found = json.loads(output)
    assert status == 0
    assert found["port"] == {"value": 21, "source": "--port"}
    assert found["processes"] == {"value": 12, "source": "$SAMEPIC_PROCESSES"}
    assert found["max-bytes"] == {"value": 3, "source": "c.toml"}
    assert found["policy"] == {"value": "", "source": "default"}
    assert not (place / "file.db").exists()


def test_every_option_comes_from_every_place(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "media").mkdir()
    (place / "tokens").write_text(SECRET)
    (place / "tokens").chmod(0o600)
    Profile().write(place / "profile.json")
    values: dict[str, object] = {
        "store": "postgresql://a/b",
        "replica": ["postgresql://c/b", "postgresql://d/b"],
        "host": "127.0.0.2",
        "port": 1,
        "processes": 2,
        "workers": 3,
        "token-file": "tokens",
        "without-token": True,
        "trusted-proxy": ["10.0.0.0/8", "::1/128"],
        "policy": "edited=accept",
        "profile": "profile.json",
        "originals": "media",
        "max-bytes": 4,
    }
    assert {f"--{name}" for name in values} | {"token"} == set(OPTIONS)
    (place / "c.toml").write_text("".join(f"{name} = {json.dumps(one)}\n" for name, one in values.items()))
    sources = {"file": printed(capsys, "--config", "c.toml")}
    options = []
    for name, value in values.items():
        texts = [str(one) for one in value] if isinstance(value, list) else [str(value)]
        options += (
            [f"--{name}"] if value is True else [part for text in texts for part in (f"--{name}", text)]
        )
        monkeypatch.setenv(f"SAMEPIC_{name.replace('-', '_').upper()}", " ".join(texts))
    sources["environment"] = printed(capsys)
    for name in values:
        monkeypatch.delenv(f"SAMEPIC_{name.replace('-', '_').upper()}")
    sources["command line"] = printed(capsys, *options)
    for status, output in sources.values():
        assert (status, tomllib.loads(output)) == (0, values)


def test_what_is_printed_is_a_file_that_gives_the_same_again_and_no_secret_is_in_it(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAMEPIC_TOKEN", SECRET)
    monkeypatch.setenv("SAMEPIC_STORE", "postgresql://me:hunter2@a/b?sslmode=require&password=hunter2")
    monkeypatch.setenv("SAMEPIC_REPLICA", "postgresql://me:hunter2@c/b?sslpassword=hunter2")
    _, first = printed(capsys, "--originals", str(place), "--processes", "2")
    _, as_json = printed(capsys, "--json", "--processes", "2")
    monkeypatch.setenv("SAMEPIC_STORE", "postgresql://a:1/b\n postgresql://me:hunter2@c/b?password=hunter2 ")
    _, sharded = printed(capsys)
    assert "postgresql://me@a/b?sslmode=require" in first
    assert '"postgresql://a:1/b postgresql://me@c/b"' in sharded
    assert "hunter2" not in sharded
    assert not [text for text in (first, as_json) if "hunter2" in text or SECRET in text]
    monkeypatch.delenv("SAMEPIC_STORE")
    monkeypatch.delenv("SAMEPIC_REPLICA")
    (place / "printed.toml").write_text(first)
    status, again = printed(capsys, "--config", "printed.toml")
    assert (status, tomllib.loads(again)) == (0, tomllib.loads(first))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("prot = 1", "c.toml: prot: no such option; did you mean port?"),
        ("x = 1", "c.toml: x: no such option; expected some of store, replica, host"),
        ("port = 70000", "c.toml: port: expected a number from 0 to 65535, found '70000'"),
        ('port = "x"', "c.toml: port: expected a number from 0 to 65535, found 'x'"),
        ("host = 1", "c.toml: host: expected a text in quotes, found 1"),
        ('policy = ["x"]', "c.toml: policy: expected a text in quotes, found ['x']"),
        ("without-token = 1", "c.toml: without-token: expected true or false, found 1"),
        (
            'replica = "postgresql://u:hunter2@h/d"',
            "c.toml: replica: expected a list of texts, found another",
        ),
        ('trusted-proxy = ["a"]', "c.toml: trusted-proxy: expected an address or a network, found 'a'"),
        ("port", "c.toml: expected TOML, found "),
    ],
)
def test_a_key_or_a_value_of_the_file_that_is_wrong_is_named(
    place: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    (place / "c.toml").write_text(text)
    status, output = printed(capsys, "--store", "u.db", "--config", "c.toml")
    assert (status, message in output, "hunter2" in output) == (2, True, False), output


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        (
            "SAMEPIC_PORT",
            "tcp://10.0.0.1:80",
            "$SAMEPIC_PORT: expected a number from 0 to 65535, found 'tcp:",
        ),
        ("SAMEPIC_WITHOUT_TOKEN", "maybe", "$SAMEPIC_WITHOUT_TOKEN: expected true or false, found 'maybe'"),
        ("SAMEPIC_POLCY", "x", "$SAMEPIC_POLCY: no such option; did you mean SAMEPIC_POLICY?"),
        ("SAMEPIC_POLICY", "edited=maybe", "expected one of refuse, review, accept"),
        ("SAMEPIC_CONFIG", "nowhere.toml", "nowhere.toml: no such file"),
    ],
)
def test_a_variable_that_is_wrong_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
) -> None:
    monkeypatch.setenv(variable, value)
    status, output = printed(capsys, "--store", "u.db")
    assert (status, message in output) == (2, True), output


def test_without_a_store_every_place_for_it_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    status, output = printed(capsys)
    named = ("--store", "$SAMEPIC_STORE", "store in the file of --config")
    assert (status, [one for one in named if one not in output]) == (2, [])


def test_a_service_takes_them_and_believes_only_a_trusted_proxy(place: Path, running: Running) -> None:
    (place / "c.toml").write_text('trusted-proxy = ["127.0.0.0/8"]\n')
    headers = {"X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {SECRET}"}
    options = ("--config", "c.toml")
    with Running(place / "u.db", place / "log", *options, env={"SAMEPIC_TOKEN": SECRET}) as service:
        for one, client in ((service, "203.0.113.9"), (running, "127.0.0.1")):
            address = f"{one.address}/v1/pictures/{client}/proxy"
            assert httpx.get(address, headers=headers).status_code == 404
            assert one.request_lines(operation="proxy")[-1]["client"] == client
