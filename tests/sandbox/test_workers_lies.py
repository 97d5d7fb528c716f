"""A worker that is in a stranger's hands can say what it likes, and is believed only where it can be checked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from samepic.errors import WorkerError
from samepic.limits import UPLOAD
from samepic.sandbox import process
from samepic.sandbox.decode import prepare
from samepic.sandbox.pool import Workers
from tests.picture.picture_files import saved, scene

PICTURE = saved(scene(), "PNG")

LIAR = """
import hashlib, json, os, struct, sys
sys.path.insert(0, {root!r})
from samepic.sandbox.protocol import frame, read_frame
def send(pieces):
    os.write(1, b"".join(pieces))
read = lambda size: os.read(0, size)
read_frame(read, 1 << 30, 0)
names = "memory cpu new_files core_dumps files network programs orphans privileges".split()
send(frame({{"protection": {{"system": "x", **dict.fromkeys(names, True)}}}}))
while True:
    ask, bodies = read_frame(read, 1 << 30, 1 << 30)
    {lie}
"""


def lying(monkeypatch: pytest.MonkeyPatch, lie: str) -> None:
    """Let every worker be a process that greets as one should and then answers with a lie."""
    root = str(Path(__file__).parents[2] / "src")
    sound = prepare(PICTURE, "<a>", limits=UPLOAD)
    info: dict[str, Any] = {name: getattr(sound.info, name) for name in type(sound.info).__dataclass_fields__}
    facts = f"fp = {str(sound.fingerprint)!r}; info = {info!r}; proxy = {sound.proxy!r}; "
    program = LIAR.format(root=root, lie=facts + lie)

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-c", program], bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    monkeypatch.setattr(process, "_spawn", start)


def answer(changed: str, proxy: str = "proxy", number: str = "ask['number']") -> str:
    return f"send(frame({{'number': {number}, {changed}}}, {proxy}))"


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (answer("'answer': {'fingerprint': fp[:-9], 'info': info, 'unresolved': 0.0}"), "fingerprint"),
        (
            answer(
                "'answer': {'fingerprint': fp.replace(fp[18:22], '0000'), 'info': info, 'unresolved': 0.0}"
            ),
            "fingerprint",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'width': '9'}, 'unresolved': 0.0}"),
            "expected int, found '9'",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'width': True}, 'unresolved': 0.0}"),
            "expected int",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'width': 10**40}, 'unresolved': 0.0}"),
            "expected int",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'mode': 'a\\x1b[2J'}, 'unresolved': 0.0}"),
            "expected str",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'mode': 'x' * 5000}, 'unresolved': 0.0}"),
            "expected str",
        ),
        (
            answer("'answer': {'fingerprint': fp, 'info': {**info, 'more': 1}, 'unresolved': 0.0}"),
            "fields of PictureInfo",
        ),
        (answer("'answer': {'fingerprint': fp, 'info': info, 'unresolved': -3.0}"), "expected a share"),
        (answer("'answer': {'fingerprint': fp, 'info': info, 'unresolved': True}"), "expected float"),
        (answer("'answer': {'fingerprint': fp}"), "fields of PrepareAnswer"),
        (answer("'answer': [[[]]]"), "fields of PrepareAnswer"),
        (
            answer("'answer': {'fingerprint': fp, 'info': info, 'unresolved': 0.0}", "b'<html>'"),
            "a proxy that begins with",
        ),
        (answer("'answer': {'fingerprint': fp, 'info': info, 'unresolved': 0.0}", number="7"), "not asked"),
        (answer("'error': {'kind': 'SystemExit', 'name': '', 'wanted': '', 'got': ''}"), "'SystemExit'"),
        ("send([struct.pack('>II', 1 << 31, 0)])", "expected at most"),
        ("send([struct.pack('>II', 4, 1 << 31)])", "expected at most"),
        ("send([struct.pack('>II', 4, 0), b'nope'])", "expected JSON"),
        ("text = b'[' * 99999; send([struct.pack('>II', len(text), 0), text])", "expected JSON"),
        (
            "text = b'{\"bodies\": [-1, 1]}'; send([struct.pack('>II', len(text), 0), text])",
            "expected bodies",
        ),
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


def test_the_process_that_is_not_believed_would_be_if_it_did_not_lie(monkeypatch: pytest.MonkeyPatch) -> None:
    lying(monkeypatch, answer("'answer': {'fingerprint': fp, 'info': info, 'unresolved': 0.0}"))
    with Workers(1) as pool:
        assert pool.prepare(PICTURE, "upload.png") == prepare(PICTURE, "upload.png", limits=UPLOAD)
