"""Settings and cases of the study of a single neuron; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

from condenslab.studies.settings import Count, Positive

Start = Literal["small", "merged", "dead", "rank"]
LARGEST = 7
RISK = 1e-24
"""R at which flows end."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Small starts for every number of samples.
        near: Starts near each branch for every number of samples.
        std: Standard deviation of the small starts.
        distance: Standard deviation of the displacement from a merged pair, and the largest one from a dead neuron. The
            theorem is about a ball around almost every point whose size the point decides: near a dead neuron the
            displacement is σ/(4L) at most, which keeps the Jacobian's rank (see `runs.basin`).
        time: End time of the flows. Near a merged pair R falls as c/t² with c up to 3e4, hence to 1e-24 by t = 2e14.
        max_steps: Largest number of solver steps.
    """

    seeds: Count = 40
    near: Count = 40
    std: Positive = 1e-2
    distance: Positive = 1e-2
    time: Positive = 1e16
    max_steps: Count = 4_000


@dataclass(frozen=True)
class Case:
    """One gradient flow of two neurons, or the ranks at the target points.

    Attributes:
        start: "small", near a "merged" pair, near a "dead" neuron, or "rank" for no flow.
        samples: n.
        spread: Standard deviation of the start, or of its distance from the branch.
        time: End time.
        max_steps: Largest number of solver steps.
        seed: Of the start.
        risk: R at which the flow ends.
    """

    start: Start
    samples: int
    spread: float
    time: float
    max_steps: int
    seed: int
    risk: float = RISK


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the ranks, and the flows for n = 2 … 7.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    starts: tuple[tuple[Start, float, int], ...] = (
        ("small", s.std, s.seeds), ("merged", s.distance, s.near), ("dead", s.distance, s.near),
    )  # fmt: skip
    return [Case("rank", LARGEST, s.std, s.time, s.max_steps, seed)] + [
        Case(start, n, spread, s.time, s.max_steps, seed + k)
        for start, spread, count in starts
        for n in range(2, LARGEST + 1)
        for k in range(count)
    ]
