"""How the gate keeps pictures: proxies, candidates, leases, and how sure it must be to refuse."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["GATE", "GateProfile"]


@dataclass(frozen=True, slots=True)
class GateProfile:
    """The bounds of proxies and of the gate.

    Attributes:
        proxy_side: longer side of a proxy in pixels.
        proxy_bytes: what a proxy may take at most.
        proxy_qualities: qualities tried in turn until it fits.
        proxy_frames: frames of an animation that its proxy shows.
        proxy_spread: frames from the beginning over which these are spread.
        candidates: pictures at most that one upload is laid over, nearest first.
        alike: pictures that the copy code may propose beside them; alike_inset: that each inset's may.
        alike_looked: how many of these are looked at, of those that share features with the upload.
        screen_points: features of a proxy for that; screen_side: pixels of its shorter side under which it has none.
        probability: least probability of a verdict on which an upload is refused; under it, it waits for review.
        faint_change, faint_share: a change seen on proxies that is under both, the odds of its strongest region and
            the share of the frame, is taken for noise of earlier coding; `faint_probability` is stated then.
        faint_excess: the same where the codings of the proxies decided: the excess over what both quantizations allow.
        lease_seconds: how long a pending upload is waited for after its process was last heard of.
        poll_seconds: first and longest pause between two looks at a pending upload.
        wait_seconds: how long an upload waits for others in all before it gives up.
        attempts: how often an upload whose lease was lost begins anew.
        flooding: different uploads that match one kept picture within `flooding_seconds` from which it decides nothing.
        flooding_seconds: how far back they are counted.
        key_letters: the longest key, and the longest name of a tenant.
        busy_seconds: how long SQLite waits for another writer.
        load_rows: rows that the index reads at a time; load_readers: connections over which it reads many of them.
        partition: numbers in a partition of the codes in PostgreSQL.
        connect_seconds: how long connecting to PostgreSQL may take; silent_seconds: how long a server that is being
            asked may give no sign at all.
        replica_seconds: how long a replica that did not answer is passed over.
    """

    proxy_side: int = 320
    proxy_bytes: int = 16_384
    proxy_qualities: tuple[int, ...] = (80, 70, 60, 50, 40, 30, 20, 10)
    proxy_frames: int = 4
    proxy_spread: int = 32
    candidates: int = 40
    alike: int = 6
    alike_inset: int = 2
    alike_looked: int = 2
    screen_points: int = 200
    screen_side: int = 40
    probability: float = 0.8
    faint_change: float = 12.0
    faint_excess: float = 3.0
    faint_share: float = 0.03
    faint_probability: float = 0.95
    lease_seconds: float = 15.0
    poll_seconds: tuple[float, float] = (0.005, 0.1)
    wait_seconds: float = 60.0
    attempts: int = 5
    flooding: int = 100
    flooding_seconds: float = 86_400.0
    key_letters: int = 1024
    busy_seconds: float = 60.0
    load_rows: int = 20_000
    load_readers: int = 4
    partition: int = 5_000_000
    connect_seconds: int = 10
    silent_seconds: int = 20
    replica_seconds: float = 10.0


GATE = GateProfile()
"""2026-11-23: chosen; what of it was measured is in bench/RESULTS.md, section "E: gate".
`faint_change`, 2026-11-28: a dozen natural units of log odds, about what two or three cells of noise reach together.
`alike` and the screen: 5 ms a picture at 320
pixels; of crops to 50 % and more, borders, meme bars, mirrored and turned copies all passed, of crops to 30 % 89 %, of
unrelated ones 5 %.
"""
