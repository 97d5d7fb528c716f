"""Fuzz the parsers that are ours with coverage, by Atheris: no crash, and no error but those that are documented.

    python -m bench fuzz [--targets NAMES] [--seconds N]

Each target runs in a process of its own for N seconds, from small sound inputs and changed copies of them; libFuzzer
says what it found, and leaves the input in build/fuzz. Needs the package `atheris`, which is no dependency. Exits 1
where a target failed.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import io
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

from bench.common import ROOT, encoded, head, listed, option, row

PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
FOLDER = ROOT / "build" / "fuzz"
OPTIONS = (
    option("--targets", "", help="names with commas between; default all"),
    option("--seconds", 300, help="how long each target runs"),
    option("--inside", False, help=argparse.SUPPRESS),
)


def _jpeg(data: bytes) -> None:
    from samepic.native import native
    from samepic.picture.jpeg import jpeg_parts, without_icc

    header, _ = jpeg_parts(data, "x")
    if native is not None and header.width * header.height < 1 << 24:
        native.eighth(data, header.width, header.height)
    without_icc(data)


def _png(data: bytes) -> None:
    from samepic.picture import png

    png.png_header(data)
    list(png.coded_chunks(data, "x"))
    list(png.color_chunks(data))
    png.without_icc(data)


def _formats(data: bytes) -> None:
    from samepic.limits import LIMITS
    from samepic.picture import Encoded, inspect
    from samepic.picture.formats import exif_facts, sniff

    sniff(data)
    exif_facts(data)
    inspect(Encoded("x", data), limits=LIMITS)


def _messages(data: bytes) -> None:
    from samepic.sandbox.decode import Prepared
    from samepic.sandbox.protocol import VERDICT, Answer, FrameError, checked, read_frame, split

    with suppress(EOFError, FrameError):
        sent, body = read_frame(io.BytesIO(data).read, 1 << 16, 1 << 16)
        answer = checked(Answer, sent)
        split(body, answer.sizes)
        for kind in (Prepared, VERDICT):
            with suppress(FrameError):
                checked(kind, answer.found)


def _lines(data: bytes) -> None:
    from samepic.cleanup.decisions import Decisions
    from samepic.duplicates.groups import ScanReport, read_scan
    from samepic.errors import SamepicError

    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        Decisions(ScanReport(()), Path(file.name))
    with suppress(SamepicError):
        read_scan(data.splitlines(), "x")


def _journal(data: bytes) -> None:
    from samepic.cleanup.journal import Journal

    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        Journal.open(Path(file.name)).__exit__()


def _settings(data: bytes) -> None:
    from samepic.errors import SamepicError
    from samepic.fingerprints.fingerprint import Fingerprint
    from samepic.gate.options import GatePolicy
    from samepic.profile import Profile
    from samepic.service.settings import read_tokens

    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        for read in (read_tokens, Profile.read):
            with suppress(SamepicError):
                read(file.name)
    for parse in (Fingerprint.parse, GatePolicy.parse):
        with suppress(SamepicError):
            parse(data.decode(errors="replace"))


def _form(data: bytes) -> None:
    from samepic.service.body import parse_form, parse_json_object, read_form
    from samepic.service.problems import HttpProblem
    from samepic.service.settings import SERVICE

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(data), 61):
            yield data[start : start + 61]

    form = read_form("multipart/form-data; boundary=b", chunks(), ("a", "b"), ("key",), SERVICE)
    with suppress(HttpProblem):
        asyncio.run(form)
    for parse in (parse_form, lambda sent: parse_json_object(sent, "x")):
        with suppress(HttpProblem):
            parse(data)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "jpeg": _jpeg,
    "png": _png,
    "formats": _formats,
    "messages": _messages,
    "lines": _lines,
    "journal": _journal,
    "settings": _settings,
    "form": _form,
}


def _seeds(name: str) -> list[bytes]:
    """Return sound inputs of a target, and the beginnings of others."""
    from PIL import Image

    small = Image.open(PHOTO).convert("RGB").resize((24, 16))
    kinds = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "AVIF")
    pictures = [encoded(small, kind) for kind in kinds]
    exif = Image.Exif()
    exif[0x112] = 6
    pictures.append(encoded(small, exif=exif, icc_profile=b"p" * 200, progressive=True))
    texts = [
        b'\0\0\0\x1f\0\0\0\0{"number": 1, "found": [1, 2]}',
        b'{"reference": {"path": "a", "size": 1}, "members": []}\n{"unreadable": "a", "error": "b"}\n',
        b'[[token]]\nname = "a"\ntoken = "0123456789abcdef"\nmay = ["check"]\n',
        b"edited=accept,flooding=review",
        b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nxyz\r\n--b--\r\n',
        b"key=a&same=%20",
    ]
    return pictures if name in ("jpeg", "png", "formats") else texts


def main(asked: argparse.Namespace) -> int:
    """Run the targets one after the other."""
    if asked.inside:
        _fuzz(asked.targets, asked.seconds)
    failed = 0
    head("target", "result", "inputs tried")
    for name in listed(asked.targets, TARGETS):
        options = ["--targets", name, "--inside", "--seconds", str(asked.seconds)]
        command = [sys.executable, "-m", "bench", "fuzz", *options]
        run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
        done = [line for line in run.stderr.splitlines() if line.startswith("Done")]
        failed += run.returncode != 0
        row(name, "failed" if run.returncode else "ok", done[-1].split()[1] if done else "")
        if run.returncode:
            print(run.stdout[-2000:], run.stderr[-4000:])
    return int(failed > 0)


def _fuzz(name: str, seconds: int) -> None:
    """Fuzz one target in this process, which ends with it."""
    atheris = importlib.import_module("atheris")
    from samepic.errors import SamepicError

    with atheris.instrument_imports(include=["samepic"]):
        for module in ("picture", "sandbox.protocol", "cleanup.decisions", "service.body", "profile"):
            importlib.import_module(f"samepic.{module}")
        TARGETS[name](b"") if name not in ("jpeg", "png", "formats", "journal") else None
    corpus = FOLDER / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(name)):
        (corpus / f"seed-{number}").write_bytes(seed)

    def once(data: bytes) -> None:
        with suppress(SamepicError, OSError):
            TARGETS[name](data)

    options = [f"-max_total_time={seconds}", "-max_len=4096", f"-artifact_prefix={corpus}-", "-timeout=20"]
    atheris.Setup([sys.argv[0], str(corpus), *options], once)
    atheris.Fuzz()
