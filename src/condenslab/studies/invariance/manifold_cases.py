"""Settings and cases of the study of invariant manifolds; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

Manifold = Literal[
    "equal neurons", "opposite neurons", "dead neuron", "equal input weights", "balanced", "balanced, orthogonal inputs"
]
Method = Literal["flow", "GD", "SGD", "Adam"]
LossName = Literal["squared", "quartic", "logistic", "cross-entropy"]

AFFINE: tuple[Manifold, ...] = ("equal neurons", "opposite neurons", "dead neuron")
BALANCED: tuple[Manifold, ...] = ("balanced", "balanced, orthogonal inputs")
"""The level sets of a² − ‖w‖² of every ReLU neuron; w with the bias where there is one.

R does not change under (a, w) → (a/c, c·w), nor do the smooth pieces that it is made of, which meet where some w·x are
0. Hence a ∂R/∂a = w·∂R/∂w for every limit of gradients at a kink, and for their convex combinations, of which the flow
follows one: it keeps a² − ‖w‖² where it crosses kinks and where it slides along them.

The solver does not follow a flow that slides. On orthogonal inputs none does: −∇R changes w·xᵢ in proportion to a·rᵢ,
rᵢ the residual, where the neuron is on at xᵢ, and not at all where it is off, so it never points to a kink from both
sides. Such inputs are those of Boursier, Pillaud-Vivien & Flammarion, arXiv 2206.00939.
"""
METHODS: tuple[Method, ...] = ("flow", "GD", "SGD", "Adam")
LOSSES: tuple[LossName, ...] = ("squared", "quartic", "logistic", "cross-entropy")
CONTROL: Manifold = "equal input weights"
ORTHOGONAL = 8
"""Orthogonal inputs, at most, and their dimension: 50 flows at once with 20 came to a standstill in XLA (0.10.1, on two
processors), at no time with up to 12 flows or with 8 inputs."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Starts and data.
        steps: Steps of GD, SGD and Adam.
        width: Neurons.
        samples: Training samples.
        sets: Data sets for every loss.
    """

    seeds: Annotated[int, msgspec.Meta(ge=1)] = 5
    steps: Annotated[int, msgspec.Meta(ge=1)] = 200
    width: Annotated[int, msgspec.Meta(ge=4)] = 6
    samples: Annotated[int, msgspec.Meta(ge=2)] = 20
    sets: Annotated[int, msgspec.Meta(ge=1)] = 20


PRESETS = {"tiny": Settings(seeds=1, steps=50, sets=2), "quick": Settings(), "full": Settings(seeds=50, steps=500)}


@dataclass(frozen=True)
class LossCase:
    """The gradient of one loss, for many data sets, at a point of a manifold.

    Attributes:
        manifold: Which: an affine one, or "equal input weights", which is none.
        loss: Which.
        seed: Of point and data.
        width: Neurons.
        samples: Samples of a data set.
        sets: Data sets.
    """

    manifold: Manifold
    loss: LossName
    seed: int
    width: int
    samples: int
    sets: int


@dataclass(frozen=True)
class Case:
    """One start on a manifold, trained by one method.

    Attributes:
        manifold: Which.
        method: Which.
        seed: Of start and data.
        steps: Steps of the method; the flow goes on for the time of as many steps of GD.
        width: Neurons.
        samples: Training samples.
    """

    manifold: Manifold
    method: Method
    seed: int
    steps: int
    width: int
    samples: int


def make_cases(settings: Settings, seed: int) -> list[Case | LossCase]:
    """Returns every manifold with every method that says something of it, and with every loss, for each seed.

    Args:
        settings: The settings.
        seed: The first seed.
    """
    pairs: list[tuple[Manifold, Method]] = [(manifold, method) for manifold in AFFINE for method in METHODS]
    pairs.extend((manifold, "flow") for manifold in (*BALANCED, CONTROL))
    pairs.append(("balanced", "GD"))
    gradients = [
        LossCase(manifold, loss, seed + k, settings.width, settings.samples, settings.sets)
        for loss in LOSSES
        for manifold in (*AFFINE, CONTROL)
        for k in range(settings.seeds)
    ]
    return gradients + [
        Case(manifold, method, seed + k, settings.steps, settings.width, _samples(settings, manifold))
        for manifold, method in pairs
        for k in range(settings.seeds)
    ]


def _samples(settings: Settings, manifold: Manifold) -> int:
    return min(settings.samples, ORTHOGONAL) if manifold == BALANCED[1] else settings.samples
