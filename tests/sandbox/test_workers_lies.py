"""A worker that is in a stranger's hands can say what it likes, and is believed only where it can be checked."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import Any

import pytest

from samepic.errors import WorkerError
from samepic.limits import UPLOAD
from samepic.sandbox import process
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers
from samepic.sandbox.protocol import plain
from tests.picture.picture_files import saved, scene

PICTURE = saved(scene(), "PNG")

LIAR = """
import json, os, struct
def frame(head, *bodies):
    text = json.dumps(head).encode()
    return [struct.pack(">II", len(text), sum(map(len, bodies))), text, *bodies]
def send(pieces):
    os.write(1, b"".join(pieces))
def read(size):
    found = b""
    while len(found) < size:
        found += os.read(0, size - len(found)) or os._exit(0)
    return found
def heard():
    head, body = struct.unpack(">II", read(8))
    return json.loads(read(head)), read(body)
heard()
names = "memory cpu new_files core_dumps files network programs threads orphans privileges".split()
send(frame({{"protection": {{"system": "x", **dict.fromkeys(names, True)}}, "failure": ""}}))
while True:
    ask, _ = heard()
    {lie}
"""


def lying(monkeypatch: pytest.MonkeyPatch, lie: str) -> None:
    """Let every worker be a process that greets as one should and then answers with a lie."""
    sound = prepare(PICTURE, "<a>", limits=UPLOAD)
    found: Any = plain(replace(sound, proxy=b""))
    facts = f"found = {found!r}; fp, info = found['fingerprint'], found['info']; proxy = {sound.proxy!r}; "
    program = LIAR.format(lie=facts + lie)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    monkeypatch.setattr(process, "_spawn", start)


FAILURE = "{'kind': 'SystemExit', 'name': '', 'wanted': '', 'got': '', 'limit': '', 'most': 0}"


def answer(
    found: str = "found", proxy: str = "proxy", number: str = "ask['number']", error: str = "None"
) -> str:
    head = f"{{'number': {number}, 'found': {found}, 'error': {error}, 'sizes': [len({proxy})]}}"
    return f"send(frame({head}, {proxy}))"


def other(**changed: str) -> str:
    """Return the answer with other fields, or fields of its fingerprint or header."""
    return answer("{**found, " + ", ".join(f"{name!r}: {value}" for name, value in changed.items()) + "}")


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (other(fingerprint="{**fp, 'pdq_forms': fp['pdq_forms'][:-8]}"), "fingerprint"),
        (other(fingerprint="{**fp, 'sha256': fp['sha256'][::-1]}"), "a fingerprint of another file"),
        (other(fingerprint="{**fp, 'sha256': 'x'}"), "fingerprint"),
        (other(fingerprint="{**fp, 'quality': -1}"), "fingerprint"),
        (other(fingerprint="{**fp, 'version': 99}"), "fingerprint"),
        (other(fingerprint="{**fp, 'pdq_forms': 'no base 64'}"), "base64"),
        (other(info="{**info, 'width': '9'}"), "Expected `int`, got `str`"),
        (other(info="{**info, 'width': True}"), "Expected `int`, got `bool`"),
        (other(info="{**info, 'width': 10**40}"), "bounded value"),
        (other(info="{**info, 'width': 2**60}"), "bounded value"),
        (other(info="{**info, 'mode': 'a\\x1b[2J'}"), "expected a printable"),
        (other(info="{**info, 'mode': 'x' * 5000}"), "bounded value"),
        (other(info="{**info, 'mode': ['x'] * 5000}"), "bounded value"),
        (other(info="{**info, 'more': 1}"), "fields of Prepared"),
        (other(info="{name: info[name] for name in list(info)[:-1]}"), "fields of Prepared"),
        (other(unresolved="-3.0"), "expected a share"),
        (other(unresolved="True"), "Expected `float`, got `bool`"),
        (answer("{'fingerprint': fp}"), "missing required field"),
        (answer("[[[]]]"), "Expected `object`, got `array`"),
        (answer(proxy="b'<html>'"), "a proxy that begins with"),
        (answer(proxy="b''"), "a proxy that begins with"),
        (answer(number="7"), "not asked"),
        (answer(number="1.5"), "Expected `int`, got `float`"),
        (answer(number="True"), "Expected `int`, got `bool`"),
        (answer("None", error=FAILURE), "'SystemExit'"),
        (answer("None", error=FAILURE.replace("0", "'0'")), "Expected `int`, got `str`"),
        ("send(frame({'number': ask['number'], 'found': found}, proxy))", "fields of Answer"),
        ("send([struct.pack('>II', 1 << 31, 0)])", "expected at most"),
        ("send([struct.pack('>II', 4, 1 << 31)])", "expected at most"),
        ("send([struct.pack('>II', 4, 0), b'nope'])", "JSON is malformed"),
        ("text = b'[' * 99999; send([struct.pack('>II', len(text), 0), text])", "recursion"),
        (answer().replace("[len(proxy)]", "[-1, 1 + len(proxy)]"), "expected bodies"),
        (answer().replace("[len(proxy)]", "[len(proxy) - 1]"), "expected bodies"),
        (answer().replace("[len(proxy)]", "[0, len(proxy)]"), "expected other pictures"),
        ("os._exit(3)", "ended with status 3"),
        ("os.close(1); os.close(0); import time; time.sleep(600)", "closed its output"),
    ],
)
def test_a_worker_in_a_strangers_hands_is_not_believed(
    monkeypatch: pytest.MonkeyPatch, lie: str, message: str
) -> None:
    lying(monkeypatch, lie)
    with Workers(1) as pool:
        with pytest.raises(WorkerError) as error:
            pool.prepare(PICTURE, "upload.png")
        assert str(error.value).startswith("upload.png: ")
        assert message in str(error.value)
        assert pool.status()["died"] == 1


@pytest.mark.parametrize(
    "code", ["[7] * 31", "[7] * 31 + [256]", "[7] * 31 + [-1]", "[7] * 31 + ['x']", "'x'"]
)
def test_a_copy_code_from_a_strangers_hands_has_32_bytes(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    sent = f"send(frame({{'number': ask['number'], 'found': {code}, 'error': None, 'sizes': []}}))"
    lying(monkeypatch, sent)
    with Workers(1) as pool, pytest.raises(WorkerError, match=r"^17\.jpg: "):
        pool.recode(PICTURE, "17.jpg", 1)
    lying(monkeypatch, sent.replace(code, "[7] * 32"))
    with Workers(1) as pool:
        assert pool.recode(PICTURE, "17.jpg", 1) == bytes([7] * 32)


def test_the_process_that_is_not_believed_would_be_if_it_did_not_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, answer())
    with Workers(1) as pool:
        assert pool.prepare(PICTURE, "upload.png") == prepare(PICTURE, "upload.png", limits=UPLOAD)


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="other systems do not tell what a process computes"
)
@pytest.mark.parametrize("seconds", [0.05, 60], ids=["while it waits", "before its next task"])
def test_a_worker_that_computes_without_a_task_is_ended(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, seconds: float
) -> None:
    monkeypatch.setattr(process, "_IDLE_CHECK", seconds)
    monkeypatch.setattr(process, "_IDLE_CPU", 0.1)
    lying(monkeypatch, answer() + "\n    while True: pass")
    with Workers(1) as pool:
        assert pool.prepare(PICTURE)
        (number,) = pool.processes
        if seconds == 60:
            while not any(worker and worker.is_busy() for worker in pool._pool._idle):
                time.sleep(0.02)
            assert pool.prepare(PICTURE)  # by another process
        while number in pool.processes:
            time.sleep(0.02)
        assert ("computed while it had nothing to do" in caplog.text) == (seconds != 60)
