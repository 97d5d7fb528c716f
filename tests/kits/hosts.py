"""Hosts: network namespaces on one bridge, each with an address of its own, as machines on one network have."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.kits.ending import Ends

__all__ = ["Host", "Hosts", "why_not"]

_FOLDER = Path("/run/netns")
_PREFIX = "samepic-"


class Host(NamedTuple):
    """A namespace: its name and address, and what a command begins with that is to run there."""

    name: str
    address: str
    inside: tuple[str, ...]


class Hosts(Ends):
    """So many hosts on one network; `address` is where this machine itself is found on it.

    All of it is gone when this is left, and so is what runs that were killed have left behind.
    """

    def __init__(self, count: int = 2) -> None:
        _sweep()
        self._bridge, network = f"spb{os.getpid()}", f"198.18.{os.getpid() % 256}"
        self.address, self.members = f"{network}.1", list[Host]()
        try:
            _ip("link", "add", self._bridge, "type", "bridge")
            _ip("addr", "add", f"{self.address}/24", "dev", self._bridge)
            _ip("link", "set", self._bridge, "up")
            for number in range(count):
                self._add(number, f"{network}.{number + 2}")
        except BaseException:
            self.end()
            raise

    def _add(self, number: int, address: str) -> None:
        name, here, there = f"{_PREFIX}{os.getpid()}-{number}", f"spv{os.getpid()}a{number}", "eth0"
        inside = ("ip", "netns", "exec", name)
        _ip("netns", "add", name)
        self.members.append(Host(name, address, inside))
        _ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _ip("link", "set", here, "master", self._bridge, "up")
        _ip("-n", name, "addr", "add", f"{address}/24", "dev", there)
        _ip("-n", name, "link", "set", there, "up")
        _ip("-n", name, "link", "set", "lo", "up")

    def end(self) -> None:
        """Take everything away; may be called twice."""
        _taken_away(os.getpid(), [host.name for host in self.members])
        self.members = []


def why_not() -> str:
    """Return why no namespaces can be made here, "" where they can."""
    if shutil.which("ip") is None:
        return "wanted iproute2 (the command ip) for network namespaces, got none"
    if os.geteuid() != 0:
        return "wanted root to make network namespaces, got another user"
    try:
        Hosts(1).end()
    except subprocess.CalledProcessError as error:
        return f"wanted to make a network namespace, got {error.stderr.strip()}"
    return ""


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, text=True)


def _taken_away(pid: int, names: list[str]) -> None:
    for name in names:
        subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)
    subprocess.run(["ip", "link", "del", f"spb{pid}"], check=False, capture_output=True)


def _sweep() -> None:
    """Take away what processes left that are no more."""
    for path in _FOLDER.glob(f"{_PREFIX}*") if _FOLDER.is_dir() else ():
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdecimal() and not Path("/proc", pid).exists():
            _taken_away(int(pid), [path.name])
