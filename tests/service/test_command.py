"""What `samepic serve` says where it cannot serve."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samepic.errors import install_command
from samepic.service.settings import SERVICE


def samepic(*arguments: str, before: str = "", env: dict[str, str] | None = None) -> tuple[int, str]:
    """Run the command; return its status and what it says on standard error."""
    program = f"import sys\n{before}\nfrom samepic.cli import main\nsys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **(env or {})},
        timeout=60,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_store_that_cannot_be_opened_is_told_before_anything_is_served(tmp_path: Path) -> None:
    assert samepic("serve", "--store", str(tmp_path / "nowhere" / "u.db"))[0] == 2
    (tmp_path / "text").write_text("no database, and long enough to be none " * 40)
    status, output = samepic("serve", "--store", str(tmp_path / "text"))
    assert (status, output.count("\n"), str(tmp_path / "text") in output) == (2, 1, True)


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        status, output = samepic("serve", "--store", str(tmp_path / "u.db"), "--port", port)
    assert status == 2
    assert f"127.0.0.1:{port}" in output


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--host", "0.0.0.0"), "expected a token"),
        (("--policy", "edited=maybe"), "expected one of refuse, review, accept"),
        (("--profile", "nowhere.json"), "nowhere.json"),
        (("--token-file", "nowhere.toml"), "nowhere.toml"),
        (("--port", "70000"), "0 to 65535"),
        (("--max-bytes", "99999999999"), f"1 to {SERVICE.upload_bytes}"),
    ],
)
def test_options_that_make_no_sense_are_named(tmp_path: Path, options: tuple[str, ...], message: str) -> None:
    status, output = samepic("serve", "--store", str(tmp_path / "u.db"), *options)
    assert (status, message in output) == (2, True), output


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o660])
def test_a_token_file_that_others_can_read_or_change_is_told(tmp_path: Path, mode: int) -> None:
    (tmp_path / "token").write_text("short")
    (tmp_path / "token").chmod(mode)
    options = ("--store", str(tmp_path / "u.db"), "--token-file", str(tmp_path / "token"))
    status, output = samepic("serve", *options)
    told = f"token: expected a mode such as 0600, found {mode:04o}: others can read or change it" in output
    assert (status, told) == (2, mode in (0o644, 0o660))


def test_a_short_token_in_the_environment_is_refused_and_not_repeated(tmp_path: Path) -> None:
    status, output = samepic("serve", "--store", str(tmp_path / "u.db"), env={"SAMEPIC_TOKEN": "hunter2"})
    assert (status, "SAMEPIC_TOKEN" in output, "hunter2" in output) == (2, True, False)


@pytest.mark.parametrize("part", ["uvicorn", "starlette", "python_multipart", "prometheus_client"])
def test_where_a_part_is_missing_the_extra_that_brings_it_is_named(tmp_path: Path, part: str) -> None:
    status, output = samepic(
        "serve", "--store", str(tmp_path / "u.db"), before=f"sys.modules[{part!r}] = None"
    )
    assert (status, install_command("serve") in output) == (2, True)
    assert part.replace("_", "-") in output
