"""Settings and cases of the study of simple models; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from condenslab.studies.settings import Count, Positive

Model = Literal["linear", "product", "sparse linear", "squares", "deep"]
TARGETS = {
    "1": (1, 0, 0), "x₁": (0, 1, 0), "1 + x₁": (1, 1, 0), "x₂": (0, 0, 1),
    "1 + x₂": (1, 0, 1), "x₁ + x₂": (0, 1, 1), "1 + x₁ + x₂": (1, 1, 1),
}  # fmt: skip
"""The seven targets t₀ + t₁x₁ + t₂x₂ of LSH, Fig. 1."""
SPARSE = ("sparse linear", "squares", "deep")
"""The models whose target is sparse."""


@dataclass(frozen=True)
class Settings:
    """What `--set` can change.

    Attributes:
        trials: Random inputs and starts of the models of three coefficients.
        seeds: Of the sparse ones, for every number of samples.
        std: Standard deviation of the initial parameters.
        deep_std: The same for the deep diagonal model, whose saddle at 0 is flatter.
        rate: Learning rate; a fifth of it for the sparse models, whose inputs are longer.
        level: Training error that ends a run.
        steps: Largest number of steps.
        inputs: d of the sparse models.
        sparsity: k of their targets.
        samples: Numbers of samples of the sparse models.
    """

    trials: Count = 20
    seeds: Count = 20
    std: Positive = 1e-4
    deep_std: Positive = 1e-2
    rate: Positive = 0.1
    level: Positive = 1e-12
    steps: Count = 20_000
    inputs: Count = 20
    sparsity: Count = 2
    samples: tuple[int, ...] = (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19, 20)


@dataclass(frozen=True)
class Case:
    """One run of gradient descent.

    Attributes:
        model: Which model.
        target: Its coefficients; for linear and product models (t₀, t₁, t₂).
        samples: n.
        padded: Rows that all cases of the model have; those beyond n have weight 0.
        std: Standard deviation of the initial parameters.
        rate: Learning rate.
        level: Training error that ends it.
        steps: Largest number of steps.
        seed: Of inputs and start.
    """

    model: Model
    target: tuple[float, ...]
    samples: int
    padded: int
    std: float
    rate: float
    level: float
    steps: int
    seed: int


def make_cases(settings: Settings, seed: int) -> list[Case]:
    """Returns the seven targets at n = 1, 2, 3, and sparse targets at every number of samples.

    Args:
        settings: The settings.
        seed: Of the run.
    """
    s = settings
    small: tuple[Model, ...] = ("linear", "product")
    cases = [
        Case(model, tuple(map(float, target)), n, 3, s.std, s.rate, s.level, s.steps, seed + trial)
        for model in small
        for target in TARGETS.values()
        for n in (1, 2, 3)
        for trial in range(s.trials)
    ]
    for number in range(seed, seed + s.seeds):
        signs = np.random.default_rng([number, 3]).choice([-1.0, 1.0], s.sparsity)
        target = (*signs.tolist(), *[0.0] * (s.inputs - s.sparsity))
        sparse: dict[Model, float] = {"sparse linear": s.std, "squares": s.std, "deep": s.deep_std}
        for model, std in sparse.items():
            cases += [
                Case(model, target, n, max(s.samples), std, s.rate / 5, s.level, s.steps, number) for n in s.samples
            ]
    return cases
