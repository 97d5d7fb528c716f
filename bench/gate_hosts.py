"""Race different re-saves of one picture through gate services of several hosts, and count the rounds that go wrong.

    python -m bench.gate_hosts [--rounds N] [--copies N] [--hosts N]   # as root: 100 rounds of 16 copies, 2 hosts

The hosts are network namespaces with addresses of their own on one bridge; PostgreSQL listens on this machine's address
there. Each round takes another photograph, saves it again in so many different ways, and posts all of them to
/v1/admit at once, dealt out to the hosts in turn. Exactly one must be accepted and all others must be called duplicates
of that one. Prints every round that goes wrong, and exits 1 then.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.common import data_folder, header, photos
from bench.service_race import rounds
from tests.kits.cluster import Cluster
from tests.kits.hosts import Hosts, why_not
from tests.kits.service import Running

__all__ = ["main"]


def _raced(stack: ExitStack, pictures: list[Path], count: int, copies: int) -> tuple[list[float], int]:
    """Run a round with each picture; return what each took in seconds, and how many went wrong."""
    made = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    hosts = stack.enter_context(Hosts(count))
    cluster = stack.enter_context(Cluster(hosts.address))
    services = [
        stack.enter_context(
            Running(
                cluster.url(),
                made / f"log-{host.name}",
                *("--host", host.address, "--without-token"),
                inside=host.inside,
            )
        )
        for host in hosts.members
    ]
    seconds, failed = [], 0
    for number, (took, wrong) in enumerate(rounds([one.address for one in services], pictures, copies), 1):
        seconds.append(took)
        failed += bool(wrong)
        for line in wrong:
            print(f"round {number}: {line}", flush=True)
    for service in services:
        counts = httpx.get(f"{service.address}/metrics", timeout=60).text.splitlines()
        told = [line for line in counts if line.startswith("samepic_decisions_total") and "admit" in line]
        print(service.address, *told)
    return seconds, failed


def main() -> int:
    """Race, print, and return 1 if a round went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--copies", type=int, default=16)
    parser.add_argument("--hosts", type=int, default=2)
    args = parser.parse_args()
    data, reason = data_folder(), why_not()
    if data is None or reason:
        sys.exit(reason or "no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
    print(header())
    found = photos(data)
    pictures = found[:: max(1, len(found) // args.rounds)][: args.rounds]
    with ExitStack() as stack:
        seconds, failed = _raced(stack, pictures, args.hosts, args.copies)
    print(
        f"{len(seconds)} rounds of {args.copies} re-saves at once, dealt out to {args.hosts} hosts on one PostgreSQL:"
        f" {failed} went wrong; median round {sorted(seconds)[len(seconds) // 2]:.2f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
