"""Run a benchmark: `python -m bench NAME [options]`; without a name, say what there is."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from bench.common import header

GROUPS: dict[str, tuple[str, ...]] = {
    "what compare says": ("lookalikes", "lookalikes_peers", "reliability", "resaves", "explanations"),
    "what is fitted and shipped": ("fit_evidence", "make_model", "art", "cutoffs", "cutoff_pictures"),
    "time of one call": ("verify_speed", "speed", "search_speed", "pdq_distance"),
    "find and clean": ("collection", "clean_crash", "spark_find"),
    "retrieval": ("retrieval", "retrieval_find"),
    "gate and service": ("gate_rounds", "gate_scale", "gate_proxies", "service_load"),
    "hostile files": ("hostile",),
    "screenshots": ("screens",),
    "the source": ("house",),
}
"""The names by what they measure; each is a module with `main`, and with OPTIONS where it has some."""


def _listed() -> None:
    """Print every name with the first line of what its module says, without importing it."""
    print(__doc__)
    for group, names in GROUPS.items():
        print(f"\n{group}")
        for name in names:
            tree = ast.parse(Path(__file__).with_name(f"{name}.py").read_text())
            print(f"  {name:18}{(ast.get_docstring(tree) or '').splitlines()[0]}")


def main(argv: Sequence[str]) -> int:
    """Run what is named; return its exit status: 1 where something is not as wanted, 2 where it cannot run."""
    if not argv or argv[0] in ("-h", "--help"):
        _listed()
        return 0
    name = argv[0].replace("-", "_")
    if name not in {one for group in GROUPS.values() for one in group}:
        print(f"no benchmark {argv[0]!r}; `python -m bench` lists all", file=sys.stderr)
        return 2
    module = import_module(f"bench.{name}")
    parser = argparse.ArgumentParser(
        prog=f"python -m bench {name}",
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for flag, more in getattr(module, "OPTIONS", ()):
        parser.add_argument(flag, **more)
    options = parser.parse_args(argv[1:])
    print(header() + "\n", flush=True)
    return int(module.main(options) or 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
