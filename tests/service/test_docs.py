"""What docs/service.md shows is what happens, and what it lists is what there is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from samepic.service.app import ENDPOINTS
from samepic.service.settings import RIGHTS, SERVICE, read_tokens
from tests.kits.service import Running
from tests.test_readme import actual, blocks

ROOT = Path(__file__).parent.parent.parent
PAGE, OPERATE, SCALE = (
    (ROOT / "docs" / name).read_text() for name in ("service.md", "operate.md", "scale.md")
)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page shows curl, and there is none on the PATH")
def test_every_command_of_the_page_prints_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    with Running(tmp_path / "shown.db", tmp_path / "log") as service:
        for block in blocks(PAGE, "console"):
            asked = block.replace("http://127.0.0.1:8000", service.address)
            assert actual(asked, tmp_path) == asked


@pytest.mark.slow
def test_every_command_of_the_page_for_operators_prints_what_is_shown(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for block in blocks(OPERATE, "console"):
        assert actual(block, tmp_path) == block


def test_every_address_and_every_right_is_listed() -> None:
    for one in ENDPOINTS:
        if one.name != "openapi":
            assert f"`{one.method} {one.path.replace(':path', '')}`" in PAGE
    assert ", ".join(RIGHTS) in " ".join(PAGE.split())


def test_every_code_of_an_error_is_listed_and_no_other() -> None:
    rooms = (ROOT / "src" / "samepic" / room for room in ("service", "pages"))
    source = "".join(path.read_text() for room in rooms for path in sorted(room.glob("*.py")))
    coded = set(re.findall(r"(?:Problem|mismatch)\(\s*\d{3},\s*\"(\w+)\"", source)) | set(
        re.findall(r"Error: \"(\w+)\",", source)
    )
    coded |= {"not_found", "method_not_allowed", "bad_input", "idempotency_key_reused"} - {"internal"}
    table = PAGE[PAGE.index("| status | codes |") : PAGE.index("A 5xx or a connection")]
    listed = set(re.findall(r"`(\w+)`", table))
    assert coded - {"internal"} == listed


def test_every_metric_is_listed() -> None:
    source = (ROOT / "src/samepic/service/observability.py").read_text()
    for name in re.findall(r"\"(samepic_\w+)\"", source):
        assert name in OPERATE


def test_the_limits_that_the_pages_name_are_those_of_the_profile() -> None:
    limits = SERVICE
    for text in (
        f"headers within {limits.header_seconds:g} s",
        f"a body within {limits.body_seconds:g} s",
        f"every {limits.body_rate // 1024} KB",
        f"{limits.body_bytes // 2**20} MB",
        f"{limits.upload_bytes // 2**20} MB if not given",
        f"{limits.threads} at once",
        f"{limits.waiting} more wait",
        f"beyond {limits.requests} requests",
        f"have {limits.strangers} places",
        f"Of {limits.connections} connections",
        f"nothing of its answer for {limits.answer_seconds:g} s",
        f"a body within {limits.stranger_seconds:g} s",
        f"{limits.wrong_tokens} a minute",
        f"answers over {limits.answer_piece // 1024} KB",
        f"for {limits.stop_seconds} s at most",
    ):
        assert text in " ".join((PAGE + SCALE).split()), text


def test_the_token_file_of_the_page_is_one(tmp_path: Path) -> None:
    (text,) = blocks(PAGE, "toml")
    path = tmp_path / "tokens.toml"
    path.write_text(re.sub(r'"5b1f3a0c[^"]*"', f'"{"ab" * 32}"', text))
    shop, forum, monitoring = read_tokens(str(path))
    assert (shop.tenant, forum.tenant, monitoring.tenant) == ("shop", "forum", "")
    assert monitoring.rights == {"metrics"}
