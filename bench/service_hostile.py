"""Upload every hostile file to the HTTP service: each is answered in time, and it goes on serving within its memory.

    python -m bench service_hostile [--mutated N] [--clients N] [--group NAME]... [--made FOLDER]

Posts SAMEPIC_BENCH_DATA/hostile where it exists, and the files of bench.hostile_service (bombs, lies, mutated real
pictures) to /v1/admit. Exits 1 where an answer takes more than 10 s, is none of those the description allows, or where
the service does not afterwards know a picture that it was given before.
"""

from __future__ import annotations

import argparse
import http.client
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from bench.common import ROOT, data_folder, option, row
from bench.hostile_service import SECONDS, make
from bench.service_load import memory, processor
from tests.kits.postgres import fresh_url
from tests.kits.service import Running

_EXPECTED = {201, 202, 409, 413, 415, 422}
_TRIES = 10
_SOUND = ROOT / "examples" / "photos" / "hubble.jpg"


class Answer(NamedTuple):
    """What the service said of one file, and how long it took in seconds."""

    name: str
    status: int
    result: str
    seconds: float

    @property
    def wrong(self) -> bool:
        """Whether that was late, or no answer that may come."""
        return self.seconds > SECONDS or self.status not in _EXPECTED


def asked(address: str, path: str, data: bytes) -> tuple[int, dict[str, object]]:
    """Post something and return the answer; 0 for none."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)
    try:
        connection.request("POST", path, body=data)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    except (OSError, http.client.HTTPException) as error:
        return 0, {"reason": repr(error)}
    finally:
        connection.close()


def sent(address: str, path: Path) -> Answer:
    """Upload one file; where the service has no time for it, ask again for a while, as its sender would."""
    data = path.read_bytes()
    for _ in range(_TRIES):
        begun = time.monotonic()
        status, result = asked(address, f"/v1/admit?key={quote(path.name)}", data)
        if status != 503:
            break
        time.sleep(1)
    error = result.get("error")
    said = str(error["code"]) if isinstance(error, dict) else str(result.get("outcome", result.get("reason")))
    return Answer(path.name, status, said, time.monotonic() - begun)


class Watch:
    """The most memory of the service, looked at every second."""

    def __init__(self, service: Running) -> None:
        self.most, self._stopped = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, args=(service.process.pid,), daemon=True)
        self._thread.start()

    def _look(self, pid: int) -> None:
        while not self._stopped.wait(1):
            self.most = max(self.most, memory(pid))

    def stop(self) -> float:
        """Stop looking, and return it in MiB."""
        self._stopped.set()
        self._thread.join()
        return self.most


def result(answers: list[Answer]) -> int:
    """Print what came, and return how many answers were wrong."""
    for answer in answers:
        if answer.wrong:
            print(f"{answer.name}: {answer.status} {answer.result}, {answer.seconds:.1f} s")
    counts = Counter((answer.status, answer.result) for answer in answers)
    for (status, said), count in sorted(counts.items()):
        took = sorted(one.seconds for one in answers if (one.status, one.result) == (status, said))
        row(status, said, count, f"{1000 * took[len(took) // 2]:.0f} ms", f"{took[-1]:.2f} s")
    return sum(answer.wrong for answer in answers)


def hostile(service: Running, files: list[Path], clients: int) -> int:
    """Send the files, print, and return how much went wrong."""
    sound = _SOUND.read_bytes()
    assert asked(service.address, "/v1/admit?key=sound", sound)[0] == 201
    watch, spent = Watch(service), processor(service.process.pid)
    with ThreadPoolExecutor(clients) as pool:
        answers = []
        for answer in pool.map(lambda path: sent(service.address, path), files):
            answers.append(answer)
            if len(answers) % 100 == 0:
                print(f"{len(answers)} of {len(files)} answered", file=sys.stderr)
    most = watch.stop()
    wrong = result(answers)
    status, after = asked(service.address, "/v1/check", sound)
    match = after.get("match")
    known = isinstance(match, dict) and match["key"] == "sound"
    errors = [line for line in service.logged() if line["level"] == "error"]
    for line in errors:
        print(f"log: {line}"[:2000])
    print(
        f"{len(answers)} files, {wrong} answers late or wrong; afterwards a known picture: {status},"
        f" {'known' if known else 'not known'}; at most {most:.0f} MiB in all processes of the service, its log"
        f" tells of {len(errors)} errors;"
        f" {processor(service.process.pid) - spent:.0f} s of processor time"
    )
    return wrong + (not known)


_GROUPS = ("given", "bomb", "heif", "made", "mutated")
OPTIONS = (
    option("--mutated", 2000),
    option("--clients", 2),
    option("--store", "sqlite", choices=("postgres", "sqlite")),
    option("--group", action="append", choices=_GROUPS, help="only these (default: all)"),
    option("--made", type=Path, help="a folder in which the files are made once and found again"),
)


def main(args: argparse.Namespace) -> int:
    """Make the files, send them, and return 1 if anything went wrong."""
    groups, data = args.group or _GROUPS, data_folder()
    given = sorted((data / "hostile").rglob("*.*")) if data and "given" in groups else []
    with tempfile.TemporaryDirectory() as folder:
        made: Path = args.made or Path(folder) / "made"
        if not made.is_dir():
            made.mkdir()
            make(made, args.mutated)
        chosen = [path for path in sorted(made.iterdir()) if path.name.partition("-")[0] in groups]
        files = [path for path in (*given, *chosen) if path.is_file()]
        store = fresh_url() if args.store == "postgres" else f"{folder}/uploads.db"
        with Running(store, Path(folder) / "log", "--workers", str(args.clients)) as service:
            wrong = hostile(service, files, args.clients)
    return 1 if wrong else 0
