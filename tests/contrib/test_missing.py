"""Each part imports its framework alone, and says what to install where that is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from samepic.errors import install_command

PARTS = {
    "django": ("django",),
    "drf": ("rest_framework",),
    "fastapi": ("fastapi",),
    "flask": ("flask", "wtforms"),
    "spark": ("pyspark", "pyarrow"),
}
HOMES = {part: f"samepic.contrib.{part}" for part in PARTS}
HOMES |= {"drf": "samepic.contrib.django.rest", "spark": "samepic.spark"}
FRAMEWORKS = {name for names in PARTS.values() for name in names} | {"flask_wtf", "starlette"}


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout


@pytest.mark.parametrize("part", PARTS)
def test_a_part_without_its_framework_names_the_extra(part: str) -> None:
    for framework in PARTS[part]:
        output = run(
            "import sys, samepic\n"
            f"sys.modules[{framework!r}] = None\n"
            f"try: import {HOMES[part]}\n"
            "except samepic.MissingPartError as error: print(error)"
        )
        assert install_command(part) in output


@pytest.mark.parametrize("part", [part for part in PARTS if part != "drf"])  # which wants a whole site
def test_a_part_loads_no_framework_but_its_own(part: str) -> None:
    loaded = run(f"import sys, {HOMES[part]}; print(*sys.modules)").split()
    own = {*PARTS[part], *({"starlette"} if part == "fastapi" else set())}
    assert FRAMEWORKS & set(loaded) <= own
