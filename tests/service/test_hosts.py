"""Copies that arrive at once, at services of different hosts."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gate.pictures import resaved
from tests.kits.cluster import Cluster
from tests.kits.hosts import Hosts, why_not
from tests.kits.service import Running
from tests.kits.uploaders import Upload, wrong_round
from tests.service.test_race import admitted


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.parametrize("copies", [4, pytest.param(8, marks=pytest.mark.stress)])
def test_of_copies_that_arrive_at_once_at_two_hosts_exactly_one_is_accepted(
    tmp_path: Path, photos: dict[str, Path], copies: int
) -> None:
    reason = why_not()
    if reason:
        pytest.skip(reason)
    with ExitStack() as stack:
        hosts = stack.enter_context(Hosts(2))
        cluster = stack.enter_context(Cluster(hosts.address))
        services = [
            stack.enter_context(
                Running(
                    cluster.url(),
                    tmp_path / f"log-{host.name}",
                    *("--host", host.address, "--without-token"),
                    inside=host.inside,
                    ready=False,
                )
            )
            for host in hosts.members
        ]
        for service, host in zip(services, hosts.members, strict=True):
            service.wait_until_ready()
            assert service.address.startswith(f"http://{host.address}:")
        for name in ("coffee", "rocket"):
            uploads = [
                Upload(f"{name}/{number}", resaved(photos[name], scale=0.5, quality=70 + number))
                for number in range(copies)
            ]
            answers = admitted([one.address for one in services], uploads)
            assert not wrong_round(answers, dict.fromkeys((one.key for one in uploads), name))
