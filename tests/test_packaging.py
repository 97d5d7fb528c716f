"""What a release uploads, and what the texts say about installing: one wording, workflows that are pinned."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from samepic import errors

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
README = (ROOT / "README.md").read_text()
INSTALL = README.split("\n## Install\n")[1].split("\n## ")[0]
TEXTS = [
    path
    for folder, pattern in (
        (".", "*.md"),
        ("docs", "**/*.md"),
        ("bench", "*.md"),
        ("examples", "**/*.*"),
        ("src", "**/*.*"),
        ("tools", "*"),
        (".github", "**/*.yml"),
    )
    for path in sorted((ROOT / folder).glob(pattern))
    if path.suffix in (".md", ".py", ".pyi", ".html", ".js", ".ipynb", ".toml", ".yml")
]
NAMES_AN_INSTALLATION = re.compile(r"samepic\[[\w,{]+\]|pip install [^\n|`]*(\.\[|\bsamepic\b)")


def test_only_the_readme_and_one_function_word_how_samepic_is_installed() -> None:
    assert len(TEXTS) > 200
    found = {str(path.relative_to(ROOT)) for path in TEXTS if NAMES_AN_INSTALLATION.search(path.read_text())}
    # operate.md installs a checkout for the unit of systemd, whatever an index has.
    assert found == {"README.md", "docs/operate.md", "src/samepic/errors.py", ".github/workflows/test.yml"}


@pytest.mark.parametrize(
    "text", ["pip install 'samepic[raw]'", "pip install samepic", "pip install '.[raw]'"]
)
def test_another_wording_would_be_seen(text: str) -> None:
    assert NAMES_AN_INSTALLATION.search(f"It needs `{text}`.")


def test_messages_and_the_readme_agree_whether_an_index_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("pip install samepic" in INSTALL, "pip install ." in INSTALL) == (
        errors.PUBLISHED,
        not errors.PUBLISHED,
    )
    if errors.PUBLISHED:
        assert {"Homepage", "Source", "Issues"} <= set(PROJECT["urls"])
    monkeypatch.setattr(errors, "PUBLISHED", False)
    unpublished = "samepic.to_pandas needs pandas: pip install '.[pandas]' in a checkout of samepic"
    assert str(errors.missing_part("samepic.to_pandas", "pandas", "pandas")) == unpublished
    monkeypatch.setattr(errors, "PUBLISHED", True)
    assert errors.install_command("serve") == "pip install 'samepic[serve]'"


def test_the_readme_names_every_extra() -> None:
    extras = set(PROJECT["optional-dependencies"]) - {"test"}
    assert set(re.findall(r"`(\w+)`", INSTALL.split("|---|")[1])) >= extras


def test_what_is_installed_beside_samepic_does_not_ask_for_samepic() -> None:
    lines = [
        line
        for name in ("pyspark", "others")
        for line in subprocess.run(
            [sys.executable, "tools/requirements.py", name],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.splitlines()
    ]
    assert [line for line in lines if line.startswith("samepic")] == []
    extras = PROJECT["optional-dependencies"]
    wanted = {one for name in extras for one in extras[name] if not one.startswith("samepic[")}
    assert wanted - set(lines) == {"pytest>=8"}  # `test` asks for a later one


def test_every_action_of_the_workflows_is_pinned_by_its_whole_version() -> None:
    used = [
        line.split("uses:")[1].strip()
        for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))
        for line in path.read_text().splitlines()
        if "uses:" in line
    ]
    assert len(used) > 10
    assert [one for one in used if not re.fullmatch(r"[\w-]+/[\w-]+@v\d+\.\d+\.\d+", one)] == []


def test_the_workflow_tries_each_python_that_is_claimed_on_three_systems() -> None:
    text = (ROOT / ".github" / "workflows" / "test.yml").read_text()
    systems, versions = (
        found[1].replace('"', "").split(", ")
        for name in ("os", "python")
        if (found := re.search(rf"^ +{name}: \[(.*)\]$", text, re.MULTILINE))
    )
    assert systems == ["ubuntu-latest", "macos-latest", "windows-latest"]
    claimed = {line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if re.search(r":: 3\.\d+$", line)}
    assert claimed <= set(versions)


def test_no_function_of_the_native_part_has_a_name_that_headers_of_windows_take() -> None:
    """Where one has, the native part does not compile there, and the wheel comes without it."""
    taken = (
        "access|chmod|close|dup|eof|getch|getpid|isatty|kbhit|lseek|open|read|setmode|spawnl|tell|umask|write"
    )
    defined = re.compile(rf"^(?:static|INLINE)\b[^;=(]*\b({taken})\(", re.MULTILINE)
    assert defined.search("static double tell(const Screens *s)\n")
    sources = sorted((ROOT / "src" / "samepic").glob("_*.[ch]"))
    assert len(sources) > 10
    assert {path.name: found for path in sources if (found := defined.findall(path.read_text()))} == {}
