"""Race different re-saves of one picture through two services on one store, and count the rounds that go wrong.

    python -m bench service_race [--store postgres|sqlite] [--rounds N] [--copies N] [--services N]
    python -m bench service_race --hosts --rounds 100 --copies 16    (as root)

Each round takes another photograph, saves it again in so many different ways, and posts all of them to /v1/admit at
once, dealt out to the services, which share one store. Exactly one must be accepted (201) and all others must be
called duplicates of that one (409). With --hosts each service is in a network namespace with an address of its own,
and PostgreSQL listens on this machine's address there. Prints every round that goes wrong, and returns 1 then.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

import httpx

from bench.common import option, photos, rgb_of, wanted_data
from bench.pipelines import PIPELINES
from tests.kits.cluster import Cluster
from tests.kits.hosts import Hosts, why_not
from tests.kits.postgres import fresh_url
from tests.kits.service import Running
from tests.kits.uploaders import Answer, Upload, wrong_round


def copies_of(path: Path, count: int) -> list[Upload]:
    """Return a photograph saved again in `count` ways."""
    image = rgb_of(path)
    ways = list(PIPELINES.items())[:count]
    return [Upload(f"{path.stem}/{name}", pipeline(image)) for name, pipeline in ways]


def admitted(address: str, upload: Upload, gate: threading.Barrier) -> Answer:
    """Post one upload when all others are ready to be posted too."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=180)
    connection.connect()
    gate.wait()
    connection.request("POST", f"/v1/admit?key={quote(upload.key)}", body=upload.data)
    response = connection.getresponse()
    outcome = json.loads(response.read())
    connection.close()
    if "error" in outcome:
        return Answer(upload.key, f"{response.status}", outcome["error"]["message"])
    return Answer(upload.key, outcome["outcome"], outcome["match"]["key"] if outcome["match"] else "")


def raced(addresses: Sequence[str], uploads: Sequence[Upload]) -> list[Answer]:
    """Return what each upload was told."""
    gate = threading.Barrier(len(uploads))
    with ThreadPoolExecutor(len(uploads)) as pool:
        asked = [
            pool.submit(admitted, addresses[place % len(addresses)], upload, gate)
            for place, upload in enumerate(uploads)
        ]
        return [one.result() for one in asked]


def rounds(
    addresses: Sequence[str], pictures: Sequence[Path], count: int
) -> Iterator[tuple[float, list[str]]]:
    """Yield how long each round took in seconds, and what went wrong in it."""
    for path in pictures:
        uploads = copies_of(path, count)
        begun = time.perf_counter()
        answers = raced(addresses, uploads)
        yield time.perf_counter() - begun, wrong_round(answers, {upload.key: path.stem for upload in uploads})


def _hosts(stack: ExitStack, folder: Path, count: int) -> list[Running]:
    """Start so many services, each on a host of its own, on one PostgreSQL."""
    hosts = stack.enter_context(Hosts(count))
    url = stack.enter_context(Cluster(hosts.address)).url()
    return [
        stack.enter_context(
            Running(url, folder / host.name, "--host", host.address, "--without-token", inside=host.inside)
        )
        for host in hosts.members
    ]


def _processes(stack: ExitStack, folder: Path, count: int, kind: str) -> list[Running]:
    store = fresh_url() if kind == "postgres" else f"{folder}/uploads.db"
    return [stack.enter_context(Running(store, folder / f"log{number}")) for number in range(count)]


OPTIONS = (
    option("--store", "postgres", choices=("postgres", "sqlite")),
    option("--hosts", False, help="each service on a host of its own, on PostgreSQL"),
    option("--rounds", 200),
    option("--copies", 32),
    option("--services", 2),
)


def main(args: argparse.Namespace) -> int:
    """Race, print, and return 1 if a round went wrong."""
    pictures = photos(wanted_data())
    chosen = pictures[:: max(1, len(pictures) // args.rounds)][: args.rounds]
    if args.hosts and (reason := why_not()):
        sys.exit(reason)
    failed, seconds = 0, []
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        services = (
            _hosts(stack, folder, args.services)
            if args.hosts
            else _processes(stack, folder, args.services, args.store)
        )
        addresses = [one.address for one in services]
        for number, (took, wrong) in enumerate(rounds(addresses, chosen, args.copies), 1):
            seconds.append(took)
            failed += bool(wrong)
            for line in wrong:
                print(f"round {number}: {line}", flush=True)
        for address in addresses:
            outcome = httpx.get(f"{address}/metrics", timeout=60).text.splitlines()
            print(address, *(x for x in outcome if x.startswith("samepic_decisions_total") and "admit" in x))
    print(
        f"{len(seconds)} rounds of {args.copies} re-saves at once, {args.services} services: {failed} went wrong;"
        f" median round {statistics.median(seconds):.2f} s"
    )
    return 1 if failed else 0
