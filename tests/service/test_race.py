"""Copies that arrive at once, at different processes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.gate.pictures import resaved
from tests.kits.postgres import fresh_url
from tests.kits.service import Running
from tests.kits.uploaders import Answer, Upload, wrong_round


def admitted(addresses: Sequence[str], uploads: Sequence[Upload]) -> list[Answer]:
    """Upload all at once, distributed over the services; return the answer to each."""

    def upload_one(place: int) -> Answer:
        address, upload = addresses[place % len(addresses)], uploads[place]
        decision = httpx.post(
            f"{address}/v1/admit",
            content=upload.data,
            params={"key": upload.key},
            timeout=120,
            trust_env=False,
            verify=False,  # no certificates are loaded, so that all arrive at once
        ).json()
        if "error" in decision:
            return Answer(upload.key, "error", decision["error"]["detail"])
        return Answer(upload.key, decision["outcome"], decision["match"]["key"] if decision["match"] else "")

    with ThreadPoolExecutor(len(uploads)) as pool:
        return list(pool.map(upload_one, range(len(uploads))))


@pytest.mark.slow
@pytest.mark.parametrize("copies", [4, pytest.param(8, marks=pytest.mark.stress)])
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_of_copies_that_arrive_at_once_at_two_services_exactly_one_is_accepted(
    kind: str, copies: int, tmp_path: Path, upload: bytes, astronaut: Path
) -> None:
    store = fresh_url() if kind == "postgres" else str(tmp_path / "uploads.db")
    with ExitStack() as stack:
        services = [
            stack.enter_context(Running(store, tmp_path / f"log{number}", ready=False)) for number in range(2)
        ]
        for service in services:
            service.wait_until_ready()
        uploads, expected = [], {}
        for name, picture in (("coffee", upload), ("astronaut", astronaut.read_bytes())):
            for number in range(copies):
                key = f"{name}/{number}"
                uploads.append(Upload(key, resaved(picture, quality=70 + number)))
                expected[key] = name
        assert not wrong_round(admitted([service.address for service in services], uploads), expected)
