"""samepic token: what it writes is what the service reads."""

from __future__ import annotations

import json
import os
from pathlib import Path

import httpx
import pytest

from samepic.cli import main
from samepic.service.settings import RIGHTS, find_token, read_tokens
from tests.kits.service import Running


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the place of a token file."""
    return tmp_path / "tokens.toml"


def token(capsys: pytest.CaptureFixture[str], *options: object) -> tuple[int, str]:
    """Return the status of `samepic token`, and what it prints."""
    status = main(["token", *map(str, options)])
    out, err = capsys.readouterr()
    return status, out + err


def made(capsys: pytest.CaptureFixture[str], *options: object) -> str:
    """Return the text of a new token."""
    status, output = token(capsys, "new", "--json", *options)
    assert status == 0, output
    return str(json.loads(output)["token"])


def test_a_new_token_is_known_by_its_digest_alone_and_has_the_rights_that_were_given(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = made(capsys, "--tenant", "a", "--may", "check,admit", "--token-file", file)
    other = made(capsys, "--tenant", "a", "--name", "a-2", "--token-file", file)
    everything = made(capsys, "--name", "ops", "--token-file", file)
    assert not [secret for secret in (shop, other, everything) if secret in file.read_text()]
    assert file.stat().st_mode & 0o777 == 0o600
    tokens = read_tokens(str(file))
    found = [find_token(tokens, secret) for secret in (shop, other, everything)]
    assert [(one.name, one.tenant) for one in found if one] == [("a", "a"), ("a-2", "a"), ("ops", "")]
    assert [one.rights for one in found if one] == [
        {"check", "admit"},
        set(RIGHTS) - {"metrics"},
        set(RIGHTS),
    ]


def test_the_service_takes_the_tokens_of_the_file_but_for_those_that_were_revoked(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = (made(capsys, "--name", name, "--token-file", file) for name in ("one", "two"))
    assert token(capsys, "revoke", "--name", "one", "--token-file", file)[0] == 0
    with Running(file.with_name("u.db"), file.with_name("log"), "--token-file", str(file)) as service:
        for secret, status in ((first, 401), (second, 200)):
            headers = {"Authorization": f"Bearer {secret}"}
            assert httpx.get(f"{service.address}/v1/status", headers=headers).status_code == status


def test_who_could_read_the_file_still_can(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        made(capsys, "--name", name, "--token-file", file)
    user = 12345 if os.geteuid() == 0 else os.geteuid()  # only root can give files to others
    os.chown(file, user, -1)
    file.chmod(0o640)
    umask = os.umask(0o077)
    try:
        assert token(capsys, "revoke", "--name", "one", "--token-file", file)[0] == 0
    finally:
        os.umask(umask)
    status = file.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (user, 0o640)


def test_what_else_stands_in_the_file_stays(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = '# ours\n[[token]]\nname = "x" # first\ntoken = "xxxxxxxxxxxxxxxx"\n\n# of the shop\n[[token]]\n'
    file.write_text(f'{before}name = "y"\ntoken = "yyyyyyyyyyyyyyyy"')
    made(capsys, "--name", "z", "--token-file", file)
    assert token(capsys, "revoke", "--name", "x", "--token-file", file)[0] == 0
    assert file.read_text().startswith('# ours\n# of the shop\n[[token]]\nname = "y"\ntoken =')
    assert [one.name for one in read_tokens(str(file))] == ["y", "z"]
    status, output = token(capsys, "list", "--token-file", file, "--json")
    assert (status, [one["name"] for one in json.loads(output)["tokens"]]) == (0, ["y", "z"])


def test_without_a_file_the_table_for_one_is_printed(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = token(capsys, "new", "--tenant", "shop", "--may", "check")
    secret = output.partition("\n")[0]
    file.write_text(output[output.index("[[token]]") :])
    found = find_token(read_tokens(str(file)), secret)
    assert found is not None
    assert (status, found.tenant, set(found.rights)) == (0, "shop", {"check"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("new", "--may", "chekc"), "expected some of compare, check"),
        (("new", "--tenant", "x"), "--name: expected a new one, found 'x'"),
        (("revoke", "--name", "y"), "--name: expected one of x, found y"),
        (("revoke",), "found none"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    file: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], message: str
) -> None:
    file.write_text('[[token]]\nname = "x"\ntoken = "xxxxxxxxxxxxxxxx"\n')
    before = file.read_text()
    status, output = token(capsys, *options, "--token-file", file)
    assert (status, message in output, file.read_text() == before) == (2, True, True), output


def test_a_file_without_tables_is_added_to_only_where_it_holds_nothing_else(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text("x" * 16)
    assert token(capsys, "new", "--token-file", file)[0] == 2
    assert file.read_text() == "x" * 16
    file.write_bytes(b"\xff")
    for action in ("new", "list", "revoke"):
        status, output = token(capsys, action, "--name", "x", "--token-file", file)
        assert (status, f"{file}: expected" in output, "bug" in output) == (2, True, False)
    # As it is after the last one was revoked.
    file.write_text("# ours\n")
    assert token(capsys, "new", "--token-file", file)[0] == 0
    assert token(capsys, "list")[0] == 2
