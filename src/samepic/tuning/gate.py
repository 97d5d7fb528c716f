"""Tuning of the gate: proxies, the candidates of an upload, and what a match decides."""

from __future__ import annotations

from typing import Final

__all__ = ["GATE", "GateTuning"]


class GateTuning:
    """Numbers that change what a gate decides on an upload.

    2026-11-23: chosen; measurements are in bench/RESULTS.md, section "E: gate".
    """

    __slots__ = ()

    proxy_side: Final = 320  # longer side of a proxy in pixels
    proxy_bytes: Final = 16_384  # the largest proxy
    proxy_qualities: Final = (80, 70, 60, 50, 40, 30, 20, 10)  # tried in turn until it fits
    proxy_frames: Final = 4  # frames of an animation in its proxy
    proxy_spread: Final = 32  # the first frames, from which these are taken

    candidates: Final = 40  # pictures that one upload is compared with at most, nearest first
    # 5 ms a picture at 320 pixels: all crops to 50 % and more, borders, meme bars, mirrored and turned copies passed,
    # 89 % of crops to 30 %, 5 % of unrelated pictures.
    alike: Final = 6  # further candidates by the copy code
    alike_inset: Final = 2  # by that of each inset
    alike_looked: Final = 2  # of these, how many that share features with the upload are compared
    screen_points: Final = 200  # features of a proxy for that
    screen_side: Final = 40  # the least shorter side, in pixels, for features

    probability: Final = 0.8  # the least to refuse an upload; below it, the upload waits for review
    # A change on proxies below both, the log odds of its strongest region and the share of the frame, counts as
    # compression noise. 2026-11-28: a dozen natural units of log odds, about the sum of two or three cells of noise.
    faint_change: Final = 12.0
    faint_share: Final = 0.03
    faint_excess: Final = 3.0  # the same for the excess over what both quantizations allow
    faint_probability: Final = 0.95  # the probability of such a pair

    # The number of different uploads that match one kept picture within the period, from which on it decides nothing.
    flooding: Final = 100
    flooding_seconds: Final = 86_400.0


GATE: Final = GateTuning()
