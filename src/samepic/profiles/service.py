"""What one process of the HTTP service takes on, and how long it waits for whom."""

from __future__ import annotations

from dataclasses import dataclass

from samepic.profiles.workers import UPLOAD

__all__ = ["SERVICE", "ServiceLimits"]


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """The bounds of one service process.

    Attributes:
        upload_bytes: one picture of a request.
        body_bytes: bodies of all requests that are held in memory at once.
        field_bytes: one form field that is no picture, and a JSON body.
        fields: parts of a form.
        connections: open at once; further ones are turned away.
        requests: in work or being received at once.
        threads: requests at once that decode, search or wait for a store's lock.
        waiting: requests that may wait for one of these threads.
        queue_seconds: how long they wait at most; who has waited longer is told to come again, and costs nothing more.
        light_threads: requests at once that only ask the store.
        light_waiting: requests that may wait for one of these.
        header_seconds: until the headers of a request must have come.
        body_seconds: until a body must have come; every `body_rate` bytes of it give a second more.
        body_rate: bytes a second under which a body is too slow.
        drain_bytes: bytes of a refused body that are read and forgotten, so that its sender hears why.
        drain_seconds: how long that may take.
        idle_seconds: how long a connection may stay open between two requests.
        stop_seconds: how long running requests have to finish once the service is told to stop.
        hung_seconds: how long a service process may give no sign, when it starts too, before it is replaced.
        retry_seconds: what Retry-After tells those who come too early or too many.
        reopen_seconds: first and longest pause between two tries to open the store.
        replay_seconds: how long the answer to an idempotency key is remembered.
        token_letters: the longest idempotency key.
        least_token: letters of the shortest bearer token that is taken.
        form_bytes: what the boundaries and headers of a form may take beside its parts.
        backlog: connections that the system holds until they are accepted.
        tenants: gates that are kept open at once; each remembers the codes of its tenant.
        held: pictures waiting for review in one answer, usual and at most.
    """

    upload_bytes: int = UPLOAD.file_bytes
    body_bytes: int = 512 * 2**20
    field_bytes: int = 64 * 1024
    fields: int = 8
    connections: int = 1000
    requests: int = 400
    threads: int = 16
    waiting: int = 64
    queue_seconds: float = 20.0
    light_threads: int = 4
    light_waiting: int = 128
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    body_rate: int = 8 * 1024
    drain_bytes: int = 256 * 2**20
    drain_seconds: float = 5.0
    idle_seconds: int = 20
    stop_seconds: int = 30
    hung_seconds: int = 60
    retry_seconds: int = 2
    reopen_seconds: tuple[float, float] = (0.2, 5.0)
    replay_seconds: float = 86_400.0
    token_letters: int = 255
    least_token: int = 16
    form_bytes: int = 64 * 1024
    backlog: int = 1024
    tenants: int = 1000
    held: tuple[int, int] = (50, 200)


SERVICE = ServiceLimits()
"""2026-11-23: chosen; what a process of this service bears was measured with bench/service_load.py."""
