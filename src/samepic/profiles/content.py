"""What decides where content has changed between two pictures that lie on each other."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CONTENT", "Content"]


@dataclass(frozen=True, slots=True)
class Content:
    """The thresholds of the search for changed content; lengths are pixels at about 0.2 megapixels.

    Attributes:
        pixels: size to which pictures are reduced before they are searched.
        blurs: sigmas of the Gaussian blur, tried one after the other until what disagrees is gathered.
        sound: median local correlation under which the next blur is tried at once.
        gathered: share of tiles that may disagree for the disagreement to be in places, not all over.
        agree: local correlation under which a window of 17 x 17 disagrees.
        telling: standard deviation, in levels, from which a window tells something.
        shade: side of the window whose mean is taken out, so that a slow change of light is no structure.
        usual: percentile of what differs in places that hold as much, which is usual.
        unusual: times that what differs must exceed the usual.
        least: pixels from which a place that disagrees counts.
        most: share of the overlap that may disagree in a picture that was edited; beyond, it is another.
        clean, doubt: median local correlation under which a place must be larger to count, and how much for each unit.
        exact: typical difference of whole frames, in levels, up to which every place that stands out was changed.
        core: share of a place's largest difference that its box must reach.
        odd: times that a place must be as odd as is usual, beside places of its colour, to have been changed; the
            mean over 12 x 12 pixels counts.
        odd_seed: the same from which a place is held against others at all.
        odd_usual, odd_least: percentile of oddness that is usual, and the least that it can be.
        odd_noise, odd_edge, odd_spread: levels by which a colour may become another, as a share of the range of
            levels beside it more, and times the spread of what that colour becomes elsewhere more.
        odd_near, odd_likes: levels within which two colours are alike, and how many of the nearest ones are asked.
        odd_most: places that are told at most.
        odd_same: probability of "same" of a picture with such a place.
    """

    pixels: int = 200_000
    blurs: tuple[float, ...] = (1.5, 3.0)
    sound: float = 0.93
    gathered: float = 0.15
    agree: float = 0.5
    telling: float = 4.0
    shade: int = 129
    usual: float = 60.0
    unusual: float = 2.0
    least: int = 450
    most: float = 0.5
    clean: float = 0.97
    doubt: float = 30.0
    exact: float = 1.0
    core: float = 0.3
    odd: float = 3.5
    odd_seed: float = 1.5
    odd_usual: float = 97.0
    odd_least: float = 0.5
    odd_noise: float = 3.0
    odd_edge: float = 0.35
    odd_spread: float = 1.5
    odd_near: float = 14.0
    odd_likes: int = 30
    odd_most: int = 4
    odd_same: float = 0.12


CONTENT = Content()
"""2026-11-23, `python -m bench.accuracy` on the training half; see bench/RESULTS.md.

`odd...`: of 34 copies of that half with small changes of content under a change of tone that passed as the same, 15 are
odd at 3.5, of 788 without 2; at 3.0 16 and 5, at 4.0 14 and 1. `odd_same`: that share of odd copies was unchanged.
"""
