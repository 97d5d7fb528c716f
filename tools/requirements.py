"""Print what the tests need of others, one requirement a line: `pyspark`, the largest, or all that is not.

They are installed beside samepic, not after it, so none may name samepic itself: its extras are written out.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

EXTRAS = re.compile(r"samepic\[([\w,-]+)\]")


def requirements(name: str, extras: dict[str, list[str]]) -> list[str]:
    """The requirements of one extra, with those of samepic's other extras that it names in their place."""
    found = []
    for one in extras[name]:
        own = EXTRAS.fullmatch(one)
        found += (
            [inner for other in own[1].split(",") for inner in requirements(other, extras)] if own else [one]
        )
    return found


def main() -> None:
    """Read pyproject.toml of this folder; the one argument is `pyspark` or `others`."""
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + requirements("test", project["optional-dependencies"])
    print(*(one for one in wanted if one.startswith("pyspark") == (sys.argv[1] == "pyspark")), sep="\n")


if __name__ == "__main__":
    main()
