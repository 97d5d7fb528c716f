"""Race different re-saves of one picture through two service processes, and count the rounds that go wrong.

    python -m bench.service_race [--store postgres|sqlite] [--rounds N] [--copies N] [--services N]

Each round takes another photograph, saves it again in so many different ways, and posts all of them to /v1/admit at
once, dealt out to the services, which share one store. Exactly one must be accepted (201) and all others must be
called duplicates of that one (409). Prints every round that goes wrong, and exits 1 then.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from bench.common import data_folder, header, photos
from bench.pipelines import PIPELINES
from tests.kits.postgres import fresh_url
from tests.kits.service import Running
from tests.kits.uploaders import Answer, Upload, wrong_round


def copies_of(path: Path, count: int) -> list[Upload]:
    """Return a photograph saved again in `count` ways."""
    with Image.open(io.BytesIO(path.read_bytes())) as opened:
        image = opened.convert("RGB")
    ways = list(PIPELINES.items())[:count]
    return [Upload(f"{path.stem}/{name}", pipeline(image)) for name, pipeline in ways]


def admitted(address: str, upload: Upload, gate: threading.Barrier) -> Answer:
    """Post one upload when all others are ready to be posted too."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=180)
    connection.connect()
    gate.wait()
    connection.request("POST", f"/v1/admit?key={quote(upload.key)}", body=upload.data)
    response = connection.getresponse()
    told = json.loads(response.read())
    connection.close()
    if "error" in told:
        return Answer(upload.key, f"{response.status}", told["error"]["message"])
    return Answer(upload.key, told["outcome"], told["match"]["key"] if told["match"] else "")


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


def main() -> int:
    """Race, print, and return 1 if a round went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--copies", type=int, default=32)
    parser.add_argument("--services", type=int, default=2)
    args = parser.parse_args()
    data = data_folder()
    if data is None:
        sys.exit("no pictures: set SAMEPIC_BENCH_DATA to the folder that holds photos/")
    print(header())
    pictures = photos(data)
    step = max(1, len(pictures) // args.rounds)
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        store = fresh_url() if args.store == "postgres" else f"{made}/uploads.db"
        services = [
            stack.enter_context(Running(store, Path(made) / f"log{number}"))
            for number in range(args.services)
        ]
        failed, seconds = 0, []
        chosen = pictures[::step][: args.rounds]
        for number, (took, wrong) in enumerate(
            rounds([one.address for one in services], chosen, args.copies), 1
        ):
            seconds.append(took)
            failed += bool(wrong)
            for line in wrong:
                print(f"round {number}: {line}", flush=True)
    print(
        f"{len(seconds)} rounds of {args.copies} re-saves at once, {args.services} services on one {args.store} store:"
        f" {failed} went wrong; median round {sorted(seconds)[len(seconds) // 2]:.2f} s"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
