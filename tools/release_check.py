"""Build the source distribution and the wheel of this machine, check both, and try the wheel in bare environments.

    python tools/release_check.py [--python PROGRAM]... [--tests]

Everything lands in build/release. Nothing is uploaded. Ends with status 1 if a check fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
WORK = ROOT / "build" / "release"
DIST = WORK / "dist"
TOOLS = ("abi3audit", "auditwheel", "build", "check-wheel-contents", "pyroma", "twine")
PYTHONS = ("python3.11", "python3.12", "python3.13", "python3.14")
INSTALL_SECONDS = 60
PYROMA_AT_LEAST = 8  # of 10: the others are for an address of the project and of its authors
QUICK = "not (slow or browser or spark or postgres or crash or stress)"


class Check(NamedTuple):
    """One row of the table."""

    name: str
    passed: bool
    found: str


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> tuple[bool, str]:
    """Run a command; return whether it ended with status 0, and what it printed."""
    environment = {**os.environ, **(env or {}), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        command,
        check=False,
        cwd=cwd,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return done.returncode == 0, done.stdout


def new_environment(folder: Path, python: str) -> Path:
    """Make a virtual environment anew; return its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([python, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def last_line(output: str) -> str:
    """Return the last line of an output, without colors and paths."""
    plain = re.sub(r"\x1b\[[\d;]*m", "", output).strip().replace(f"{DIST}/", "")
    return (plain.splitlines() or ["(no output)"])[-1].strip()[:90]


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def built(checkout: Path) -> Iterator[Check]:
    """Build both distributions, the wheel from the source distribution, and check them."""
    shutil.rmtree(DIST, ignore_errors=True)
    python = new_environment(WORK / "tools", sys.executable)
    ready, output = run(python, "-m", "pip", "install", "--quiet", *TOOLS)
    if not ready:
        yield Check("tools", False, last_line(output))
        return
    ready, output = run(python, "-m", "build", "--outdir", DIST, cwd=checkout)
    yield Check("build", ready, last_line(output))
    if not ready:
        return
    source, wheel = next(DIST.glob("*.tar.gz")), next(DIST.glob("*.whl"))
    yield Check("source distribution", True, f"{source.name}, {megabytes(source.stat().st_size)}")
    abi3 = "-cp311-abi3-" in wheel.name
    yield Check("wheel", abi3, f"{wheel.name}, {megabytes(wheel.stat().st_size)}")
    tools = python.parent
    for name, *command in (
        ("twine check", tools / "twine", "check", "--strict", source, wheel),
        ("check-wheel-contents", tools / "check-wheel-contents", wheel),
        ("abi3audit", tools / "abi3audit", "--strict", "--summary", wheel),
        ("auditwheel", tools / "auditwheel", "show", wheel),
    ):
        passed, output = run(*command)
        platforms = re.findall(r'"(\w+linux_[\w.]+)"', output) if name == "auditwheel" else []
        yield Check(name, passed, f"runs on {platforms[0]}" if platforms else last_line(output))
    _, output = run(tools / "pyroma", "--min", str(PYROMA_AT_LEAST), source)
    rating = re.search(r"rating: (\d+)/10", output)
    points = int(rating[1]) if rating else 0
    yield Check("pyroma", points >= PYROMA_AT_LEAST, f"{points} of 10 points")


def copied() -> Path:
    """Copy the files of the repository, so that nothing is built or written among them; return the copy."""
    copy = WORK / "checkout"
    shutil.rmtree(copy, ignore_errors=True)
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    return copy


def first_example(readme: str) -> tuple[list[str], str]:
    """Return the commands of the first console block of the README, and what it says they print."""
    block = readme.split("```console\n", 1)[1].split("```", 1)[0].splitlines(keepends=True)
    commands = [line.removeprefix("$ ").rstrip() for line in block if line.startswith("$ ")]
    return commands, "".join(line for line in block if not line.startswith("$ "))


def tried(python: str, checkout: Path) -> Iterator[Check]:
    """Install the wheel without a compiler, and type the first commands of the README."""
    folder = WORK / Path(python).resolve().name
    own, wheel = new_environment(folder, python), next(DIST.glob("*.whl"))
    _, version = run(own, "-c", "import platform; print(platform.python_version())")
    name, before, began = f"Python {version.strip()}", size_of(folder), time.monotonic()
    no_compiler = {"CC": "/bin/false", "CXX": "/bin/false"}
    passed, output = run(
        own, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", wheel, env=no_compiler
    )
    seconds, size = time.monotonic() - began, size_of(folder) - before
    found = f"{seconds:.0f} s, {megabytes(size)} with dependencies" if passed else last_line(output)
    yield Check(f"{name}: install", passed and seconds < INSTALL_SECONDS, found)
    if not passed:
        return
    package = next(folder.glob("lib/python*/site-packages/samepic"))
    yield Check(f"{name}: samepic alone", (package / "_native.abi3.so").exists(), megabytes(size_of(package)))
    commands, expected = first_example((checkout / "README.md").read_text())
    path = {"PATH": f"{own.parent}{os.pathsep}{os.environ['PATH']}"}
    passed, output = run("bash", "-ec", "\n".join(commands), cwd=checkout, env=path)
    found = "as it says" if passed and output == expected else last_line(output)
    yield Check(f"{name}: README", passed and output == expected, found)
    passed, output = run(own, checkout / "tools" / "smoke.py", cwd=WORK)
    yield Check(f"{name}: smoke", passed, "compare, find, admit, doctor" if passed else last_line(output))


def tested(python: str, checkout: Path) -> Iterator[Check]:
    """Run the quick tests with the wheel, and not the checkout, installed."""
    own, wheel = new_environment(WORK / "tests", python), next(DIST.glob("*.whl"))
    passed, output = run(own, "-m", "pip", "install", "--quiet", f"{wheel}[test]")
    if passed:
        _, where = run(own, "-c", "import samepic; print(samepic.__file__)", cwd=checkout)
        passed, output = "site-packages" in where, where
    if passed:
        passed, output = run(own, "-m", "pytest", "-m", QUICK, "-p", "no:cacheprovider", cwd=checkout)
        (WORK / "tests.txt").write_text(output)
    yield Check("quick tests with the wheel", passed, last_line(output))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    text = "try the wheel with this Python (default: those of 3.11 to 3.14 that are found)"
    parser.add_argument("--python", action="append", metavar="PROGRAM", help=text)
    text = "also run the quick tests with the wheel, on the first Python"
    parser.add_argument("--tests", action="store_true", help=text)
    args = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    # A version manager may have a program of that name which does not run.
    found = [path for name in PYTHONS if (path := shutil.which(name)) and run(path, "--version")[0]]
    pythons = args.python or found
    checks = []

    def note(rows: Iterator[Check]) -> None:
        for row in rows:
            checks.append(row)
            print(f"{'ok' if row.passed else 'FAILED':6}  {row.name:28}  {row.found}", flush=True)

    checkout = copied()
    note(built(checkout))
    if any(DIST.glob("*.whl")):
        for python in pythons:
            note(tried(python, checkout))
        if args.tests:
            note(tested(pythons[0], checkout))
    return 0 if all(row.passed for row in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
