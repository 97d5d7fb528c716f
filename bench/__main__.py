"""Run a benchmark: `python -m bench NAME [options]`; without a name, say what there is."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path

from bench.common import header

GROUPS: dict[str, tuple[str, ...]] = {
    "what compare says": ("lookalikes", "explanations", "screens"),
    "what is fitted and shipped": ("fit_evidence", "make_model", "cutoffs"),
    "time and memory": ("speed",),
    "find": ("collection", "album", "spark_find"),
    "retrieval": ("retrieval",),
    "gate and service": ("gate", "service_load", "browser_codes"),
    "hostile files": ("hostile", "fuzz"),
    "the source": ("house",),
}
"""The names by what they measure. Each is a module with `main`, or with PARTS by name that run one after the other
where none is asked for; each takes the options, and returns an exit status or nothing. OPTIONS says what there are."""

SHORT = {"peers": ("collection", "small", "large", "start", "--peers")}
"""Names for several words."""


def _listed() -> None:
    """Print every name with the first line of what its module says, without importing it."""
    print(__doc__)
    for group, names in GROUPS.items():
        print(f"\n{group}")
        for name in names:
            tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text())
            print(f"  {name:18}{(ast.get_docstring(tree) or '').splitlines()[0]}")
    for name, words in SHORT.items():
        print(f"  {name:18}{' '.join(words)}")


def main(argv: Sequence[str]) -> int:
    """Run what is named; return its exit status: 1 where something is not as wanted, 2 where it cannot run."""
    if not argv or argv[0] in ("-h", "--help"):
        _listed()
        return 0
    argv = (*SHORT.get(argv[0], argv[:1]), *argv[1:])
    name = argv[0].replace("-", "_")
    if name not in {one for group in GROUPS.values() for one in group}:
        print(f"no benchmark {argv[0]!r}; `python -m bench` lists all", file=sys.stderr)
        return 2
    module = import_module(f"bench.{name}")
    parts: Mapping[str, Callable[[argparse.Namespace], int | None]] = getattr(module, "PARTS", {})
    parser = argparse.ArgumentParser(
        prog=f"python -m bench {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if parts:
        parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(parts)}; default all")
    for flag, more in getattr(module, "OPTIONS", ()):
        parser.add_argument(flag, **more)
    options = parser.parse_args(argv[1:])
    if unknown := [part for part in getattr(options, "parts", ()) if part not in parts]:
        parser.error(f"wanted parts of {', '.join(parts)}, got {', '.join(unknown)}")
    print(header() + "\n", flush=True)
    chosen = [parts[part] for part in options.parts or parts] if parts else [module.main]
    return max(int(call(options) or 0) for call in chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
