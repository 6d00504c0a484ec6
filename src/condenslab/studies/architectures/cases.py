"""Settings and cases of the study of architectures; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from condenslab.studies.settings import Count, Positive

Sharing = Literal["shared", "unshared", "full"]

SHARINGS: tuple[Sharing, ...] = ("shared", "unshared", "full")
OPTIMISTIC: dict[str, int] = {"shared": 7, "unshared": 15, "full": 21}
"""O of one kernel of 3 entries at 3 positions, with biases: s + L + 1, (s + 2)L, (d + 2)L (LSH, Table 4, caption)."""
MNIST: dict[str, int] = {"shared": 685, "unshared": 6760, "full": 530660}
"""O over k for k kernels of 3 × 3 entries on 28 × 28 pixels, without biases (LLR; deck 001)."""
PLANE: dict[str, int] = {"shared": 13, "unshared": 45, "full": 153}
"""The same formulas at 4 × 4 pixels and 2 × 2 entries: s² + L², (s² + 1)L² and (d² + 1)L² with L = 3."""
WORDS: dict[str, str] = {"shared": "CNN", "unshared": "no sharing", "full": "fully connected"}


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        factors: Widths N in multiples of the target's: N kernels, or 3N neurons.
        shared: Numbers of samples n for the convolution network.
        unshared: Those without weight sharing.
        full: Those for the fully connected network.
        rates: Learning rates; every cell (n, width) keeps the one with the smallest median test error.
        seeds: Random inputs and starts.
        std: Standard deviation of all initial parameters.
        steps: Largest number of steps.
        ranks: Seeds of the ranks of the experiment's target.
        planes: Seeds of the ranks of random targets in a plane.
        thresholds: Test errors whose first n is claimed, of those at which the published maps were read: 1e-5 takes
            more steps than `quick` has.
    """

    factors: tuple[Count, ...] = (1, 3)
    shared: tuple[Count, ...] = (3, 5, 6, 7, 8, 10, 12, 14)
    unshared: tuple[Count, ...] = (12, 14, 15, 16, 18, 20, 25, 30)
    full: tuple[Count, ...] = (17, 20, 21, 22, 24, 28, 35, 42)
    rates: tuple[Positive, ...] = (0.1, 0.3)
    seeds: Count = 5
    std: Positive = 1e-10
    steps: Count = 60_000
    ranks: Count = 3
    planes: Annotated[int, msgspec.Meta(ge=0)] = 3
    thresholds: tuple[Literal["1e-2", "1e-3", "1e-4", "1e-5"], ...] = ("1e-2", "1e-3", "1e-4")


PRESETS = {
    "tiny": Settings(
        factors=(1,), shared=(6, 10), unshared=(), full=(), rates=(0.3,), seeds=1, steps=4_000, ranks=1, planes=0
    ),
    "quick": Settings(),
    # The widest published panel: about an hour on two cores.
    "panel": Settings(
        factors=(100,),
        shared=(),
        unshared=(),
        full=(15, 18, 20, 21, 22, 23, 24, 25, 26, 28, 30, 33, 36, 42),
        rates=(0.1, 0.2, 0.35),
        seeds=3,
        steps=1_000_000,
        ranks=1,
        planes=0,
        thresholds=("1e-2", "1e-3", "1e-4", "1e-5"),
    ),
    "full": Settings(
        factors=(1, 3, 10, 34, 100),
        shared=tuple(range(1, 64)),
        unshared=tuple(range(1, 64)),
        full=tuple(range(1, 64)),
        rates=(0.05, 0.1, 0.2, 0.35, 0.5),
        seeds=10,
        steps=1_000_000,
        thresholds=("1e-2", "1e-3", "1e-4", "1e-5"),
    ),
}


@dataclass(frozen=True)
class RankCase:
    """The smallest model rank on the target set of one network.

    Attributes:
        sharing: Which network.
        axes: 1 for the experiment's target, 2 for a random kernel of 2 × 2 entries on 4 × 4 pixels.
        factor: Its number of kernels (without sharing: for each position).
        seed: Of probes, further kernels, and the kernel in a plane.
        kind: Tells the sorts of case apart.
    """

    sharing: Sharing
    axes: Literal[1, 2]
    factor: int
    seed: int
    kind: Literal["rank"] = "rank"


@dataclass(frozen=True)
class TableCase:
    """The closed forms.

    Attributes:
        kernels: k of the table of MNIST, 1 to this.
        kind: Tells the sorts of case apart.
    """

    kernels: int = 8
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class TrainCase:
    """One run of gradient descent.

    Attributes:
        sharing: Which network.
        factor: N, its width in multiples of the target's.
        samples: n.
        padded: Rows that all runs of the network have; those beyond n have weight 0.
        rate: Learning rate.
        std: Standard deviation of the initial parameters.
        steps: Largest number of steps.
        seed: Of inputs and start.
        kind: Tells the sorts of case apart.
    """

    sharing: Sharing
    factor: int
    samples: int
    padded: int
    rate: float
    std: float
    steps: int
    seed: int
    kind: Literal["train"] = "train"


Case = RankCase | TableCase | TrainCase


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    s = settings
    cases: list[Case] = [TableCase()]
    for sharing in SHARINGS:
        widths = dict.fromkeys(s.factors)
        cases += [RankCase(sharing, 1, factor, seed + number) for number in range(s.ranks) for factor in widths]
        cases += [RankCase(sharing, 2, 1, seed + number) for number in range(s.planes)]
        counts = {"shared": s.shared, "unshared": s.unshared, "full": s.full}[sharing]
        cases += [
            TrainCase(sharing, factor, n, max(counts, default=0), rate, s.std, s.steps, number)
            for factor in widths
            for n in dict.fromkeys(counts)
            for rate in dict.fromkeys(s.rates)
            for number in range(seed, seed + s.seeds)
        ]
    return cases
