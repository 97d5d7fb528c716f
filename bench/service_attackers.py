"""Clients that mean harm to a service, each at it again as soon as it is left, in a process of their own."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from multiprocessing.connection import Connection

NEVER_READ, SLOW, STALLED = 400, 400, 4
_BLOCK, _LARGE = bytes(2**20), 127  # what a stalled upload sends: so many blocks
_PAUSE, _AGAIN = 1.0, 5.0  # seconds between two attempts to send, and before a new connection
_ASKED = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 400
_FORM = (
    b"POST /ui/enter HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: same-origin\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\n"
)


async def _opened(port: int, receives: int = 0) -> socket.socket:
    made = socket.socket()
    made.setblocking(False)
    if receives:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receives)
    await asyncio.get_running_loop().sock_connect(made, ("127.0.0.1", port))
    return made


async def _never_read(port: int, _: str) -> str:
    """Ask again and again, and read nothing."""
    with await _opened(port, 2048) as made:
        while True:
            try:
                made.send(_ASKED)
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
            except OSError:
                return "left"


async def _slow(port: int, _: str) -> str:
    """Send a byte of a form every few seconds, without a token."""
    loop = asyncio.get_running_loop()
    with await _opened(port) as made:
        await loop.sock_sendall(made, _FORM)
        while True:
            try:
                async with asyncio.timeout(3 * _PAUSE):
                    return (await loop.sock_recv(made, 4096))[9:12].decode() or "left"
            except TimeoutError:
                made.send(b"a")


async def _stalled(port: int, token: str) -> str:
    """Send a large upload but for its end."""
    loop = asyncio.get_running_loop()
    head = f"POST /v1/check HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
    with await _opened(port) as made:
        await loop.sock_sendall(made, f"{head}Content-Length: {_LARGE * len(_BLOCK) + 1}\r\n\r\n".encode())
        for _ in range(_LARGE):
            await loop.sock_sendall(made, _BLOCK)
        return (await loop.sock_recv(made, 4096))[9:12].decode() or "left"


_KINDS: dict[str, tuple[int, Callable[[int, str], Coroutine[None, None, str]]]] = {
    "never read": (NEVER_READ, _never_read),
    "slow without a token": (SLOW, _slow),
    "stalled uploads": (STALLED, _stalled),
}


async def _attack(port: int, token: str, seconds: float) -> dict[str, Counter[str]]:
    ends: dict[str, Counter[str]] = {kind: Counter() for kind in _KINDS}

    async def again(kind: str) -> None:
        while True:
            try:
                ends[kind][await _KINDS[kind][1](port, token)] += 1
            except OSError:
                ends[kind]["left"] += 1
            await asyncio.sleep(_AGAIN)

    tasks = [asyncio.create_task(again(kind)) for kind, (count, _) in _KINDS.items() for _ in range(count)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return ends


def attack(pipe: Connection, port: int, token: str, seconds: float) -> None:
    """Attack for so long, and send how often each kind was answered or left."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, most), most))
    pipe.send(asyncio.run(_attack(port, token, seconds)))
