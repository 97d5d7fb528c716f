"""Where fcntl, resource, /proc, seccomp and open folders are missing: all of samepic loads, and says what is weaker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from samepic.duplicates.cache import Cache, CachedFile
from samepic.duplicates.walk import File, FileFilter

ROOT = Path(__file__).parent.parent
LACKING = Path(__file__).parent / "kits" / "lacking"
PROGRAM = """
import contextlib, io, json, sys
from importlib import import_module
from pathlib import Path

import django
from django.conf import settings

import samepic

apps = ["admin", "auth", "contenttypes", "messages", "sessions"]
settings.configure(INSTALLED_APPS=[*(f"django.contrib.{app}" for app in apps), "samepic.contrib.django"])
django.setup()
package = Path(samepic.__file__).parent
for path in sorted(package.rglob("*.py")):
    parts = ("samepic", *path.relative_to(package).with_suffix("").parts)
    if parts[-1] != "__main__":
        import_module(".".join(parts).removesuffix(".__init__"))
assert "fcntl" not in sys.modules and "resource" not in sys.modules

from samepic.cli import main

found = []
for line in sys.stdin:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        status = main(json.loads(line))
    found.append((status, out.getvalue()))
    if "find" in line:
        Path("found.jsonl").write_text(out.getvalue())
print(json.dumps(found))
"""
COMMANDS = {
    "compare": ["compare", "--json", "a.png", "b.png"],
    "find": ["find", "--json", "--no-cache", "."],
    "fingerprint": ["fingerprint", "--json", "a.png"],
    "clean": ["clean", "--json", "found.jsonl", "--trash"],
    "act": ["clean", "--json", "found.jsonl", "--trash", "--yes"],
    "undo": ["clean", "--json", "--undo", "found.jsonl"],
    "admit": ["admit", "--json", "--store", "uploads.db", "a.png"],
    "check": ["check", "--json", "--store", "uploads.db", "b.png"],
    "doctor": ["doctor", "--json"],
}


@pytest.fixture(scope="module")
def lacking(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, str]]:
    """Run the commands in one process that lacks all of that and has loaded every module; their status and output."""
    folder = tmp_path_factory.mktemp("lacking")
    photo = Image.open(ROOT / "examples" / "photos" / "coffee.png").convert("RGB")
    photo.save(folder / "a.png")
    photo.save(folder / "b.png", compress_level=1)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(LACKING), *(path for path in sys.path if path)]),
        "HOME": str(folder),
        "SAMEPIC_DEBUG": "1",
    }
    lines = "".join(f"{json.dumps(command)}\n" for command in COMMANDS.values())
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    done = subprocess.run(
        command,
        check=False,
        input=lines,
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in folder.iterdir()} >= {"a.png", "b.png"}
    return dict(zip(COMMANDS, json.loads(done.stdout), strict=True))


@pytest.mark.slow
def test_every_module_loads_and_pictures_are_compared_found_and_admitted(lacking: dict[str, Any]) -> None:
    assert {name: lacking[name][0] for name in ("compare", "find", "fingerprint", "clean", "admit", "check")} == {
        "compare": 0, "find": 0, "fingerprint": 0, "clean": 0, "admit": 0, "check": 1,
    }  # fmt: skip
    assert json.loads(lacking["compare"][1])["relation"] == "same-pixels"
    assert len(json.loads(lacking["find"][1])["members"]) == 1
    assert json.loads(lacking["clean"][1])["would"] == "trash"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["act", "undo"])
def test_a_cleanup_without_locks_changes_nothing_and_says_why(lacking: dict[str, Any], command: str) -> None:
    status, output = lacking[command]
    assert status == 2
    assert json.loads(output)["error"].startswith(
        "nothing was changed: clean needs actions in open folders, which"
    )


@pytest.mark.slow
def test_doctor_says_that_uploads_are_not_confined_and_what_else_is_weaker(lacking: dict[str, Any]) -> None:
    status, output = lacking["doctor"]
    report = json.loads(output)
    assert (status, report["healthy"]) == (0, True)
    weaker = ("memory bounded", "time bounded", "no new files", "no files", "no network", "no programs")
    assert {report["workers"][name] for name in weaker} == {False}
    assert report["system"] == {
        "uploads": "not confined: the process that decodes them can open files and reach the network",
        "clean": "only lists files: the system has no actions in open folders",
    }


def test_patterns_have_slashes_wherever_paths_have_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sep", "\\")
    excludes = FileFilter.of(0, None, (), ("2025/*.png",)).excluder()
    assert excludes("a.png", "2025\\a.png", False)
    assert not excludes("a.png", "2026\\a.png", False)


def test_the_cache_takes_inode_numbers_of_128_bits(tmp_path: Path) -> None:
    file = File(str(tmp_path / "a.png"), 1, 0, inode=(1 << 127) + 5, device=1 << 63)
    with Cache(tmp_path / "find.db") as cache:
        cache.put_file(file, CachedFile("picture", "5" * 64))
    with Cache(tmp_path / "find.db") as cache:
        assert cache.file(file) == CachedFile("picture", "5" * 64)
