"""Settings and cases of the study of initial condensation; imports no JAX."""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np

from condenslab.studies.settings import Count, Positive

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Activation = Literal["tanh", "relu", "sigmoid", "softplus", "gelu", "swish", "x_tanh", "x2_tanh"]
Kind = Literal["plane", "five", "direction", "deep"]
Design = Literal["grid", "random"]

MULTIPLICITY = {"tanh": 1, "sigmoid": 1, "softplus": 1, "gelu": 1, "swish": 1, "x_tanh": 2, "x2_tanh": 3}
PLANE = (-1.0, 1.5, 40)
"""Ends of the interval of the samples with one input, and how many there are."""
_RATES = {"sigmoid": 8e-4, "softplus": 2.5e-4}
"""Learning rates of Fig. 3 where they are not 1e-3."""


def plane_target(x: np.ndarray) -> np.ndarray:
    """Returns the target of one input, sin 3x + ½ sin 6x.

    Args:
        x: Inputs of any shape.
    """
    return np.sin(3 * x) + np.sin(6 * x) / 2


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        seeds: Runs of every kind.
        activations: Activations of the runs with one input.
        five_activations: Activations of the runs with five inputs.
        deep_activations: Activations of the six-layer runs.
        designs: Samples of the runs with one input: evenly spaced, or uniformly random.
        stds: Initial standard deviations for the direction under flow and Adam.
        direction_activations: Activations with p = 1 whose direction is looked at, under flow from the smallest std.
        cosine: Neurons with a larger cosine have one orientation.
        strays: Share of neurons that may lie elsewhere.
        deep_steps: Epochs of the six-layer runs.
    """

    seeds: Count = 5
    activations: tuple[Activation, ...] = ("tanh", "x_tanh", "x2_tanh", "relu")
    five_activations: tuple[Activation, ...] = ("tanh", "x_tanh", "x2_tanh", "relu")
    deep_activations: tuple[Activation, ...] = ("tanh", "x_tanh", "x2_tanh")
    designs: tuple[Design, ...] = ("grid", "random")
    stds: tuple[Positive, ...] = (1e-2, 1e-4, 1e-6)
    direction_activations: tuple[Literal["tanh", "gelu", "swish"], ...] = ("tanh", "gelu", "swish")
    cosine: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.95
    strays: Share = 0.03
    deep_steps: Count = 1000


PRESETS = {
    "tiny": Settings(
        seeds=1, activations=("x_tanh",), five_activations=(), deep_activations=(), designs=("grid",), stds=()
    ),
    "quick": Settings(),
    "full": Settings(
        seeds=20,
        five_activations=("tanh", "x_tanh", "x2_tanh", "relu", "sigmoid", "softplus"),
        deep_activations=("tanh", "x_tanh", "x2_tanh", "sigmoid", "softplus"),
    ),
}


@dataclass(frozen=True)
class Case:
    """One run.

    Attributes:
        kind: "plane" (one input, IC Figs 5 and 6), "five" (five inputs, IC Fig. 3), "direction" (five inputs, flow or
            Adam until the risk has fallen by a thousandth), "deep" (six layers, IC Fig. 4).
        activation: Of all hidden neurons.
        method: "adam" or "flow".
        seed: Of the samples and of the initial parameters.
        width: Neurons a hidden layer.
        std: Initial standard deviation of every parameter.
        rate: Learning rate of Adam.
        steps: Epochs.
        design: How the samples are chosen.
        residual: Whether hidden layers add their input.
        cosine: Neurons with a larger cosine have one orientation.
        strays: Share of neurons that may lie elsewhere.
    """

    kind: Kind
    activation: str
    method: Literal["adam", "flow"]
    seed: int
    width: int
    std: float
    rate: float
    steps: int
    design: Design
    residual: bool
    cosine: float
    strays: float


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the cases of a run, with the sizes, rates and epochs of the source.

    Args:
        settings: The settings.
        seed: The first of consecutive seeds.
    """

    def case(kind: Kind, activation: str, number: int, width: int, std: float, steps: int, rate: float, **more) -> Case:
        given = {"method": "adam", "design": "random", "residual": False, **more}
        return Case(
            kind,
            activation,
            seed=seed + number,
            width=width,
            std=std,
            rate=rate,
            steps=steps,
            cosine=settings.cosine,
            strays=settings.strays,
            **given,
        )

    seeds = range(settings.seeds)
    plane = [
        case("plane", name, k, 100, 0.005, 200, 5e-4, design=design)
        for name in settings.activations
        for design in settings.designs
        for k in seeds
    ]
    five = [
        case("five", name, k, 50, 0.005, 100, _RATES.get(name, 1e-3))
        for name in settings.five_activations
        for k in seeds
    ]
    pairs = [("tanh", method, std) for method in ("flow", "adam") for std in settings.stds]
    others = [name for name in settings.direction_activations if name != "tanh" and settings.stds]
    pairs += [(name, "flow", min(settings.stds)) for name in others]
    direction = [case("direction", name, k, 50, std, 2000, 1e-3, method=how) for name, how, std in pairs for k in seeds]
    deep = [
        case("deep", name, k, 18, 0.01, settings.deep_steps, 4e-5, residual=True)
        for name in settings.deep_activations
        for k in range(min(settings.seeds, 3))
    ]
    return plane + five + direction + deep
