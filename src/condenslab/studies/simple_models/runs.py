"""Trains simple models from small initialisation."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from condenslab import networks, training
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.simple_models.cases import Case
from condenslab.sweeps import Outcome, Progress


def descend(cases: Sequence[Case], progress: Progress) -> list[Outcome]:
    """Trains all cases of a model in one program.

    Args:
        cases: The cases.
        progress: Called with (fraction, text).
    """
    risks, starts = [], []
    for case in cases:
        random = np.random.default_rng([case.seed, 5])
        small, size = case.model in ("linear", "product"), len(case.target) - (case.model in ("linear", "product"))
        x = random.uniform(-1, 1, (case.padded, size)) if small else random.standard_normal((case.padded, size))
        y = x @ case.target[1:] + case.target[0] if small else x @ np.array(case.target)
        risks.append(EmpiricalRisk(x, y[:, None], (np.arange(case.padded) < case.samples).astype(float)))
        starts.append(_start(case, size))
    runs = train.ensemble(
        training.descend, risks, starts, [training.GradientDescent(case.rate) for case in cases],
        steps=cases[0].steps, until=[training.Until(risk=case.level) for case in cases], at=(), progress=progress,
    )  # fmt: skip
    return train.outcomes(cases, runs, _outcome)


def _start(case: Case, size: int) -> Any:
    key = int(np.random.default_rng([case.seed, case.samples, 6]).integers(2**31))
    return {
        "linear": lambda: networks.linear(key, inputs=size, std=case.std, offset=True),
        "product": lambda: networks.product_model(key, std=case.std),
        "sparse linear": lambda: networks.linear(key, inputs=size, std=case.std),
        "squares": lambda: networks.diagonal(key, inputs=size, std=case.std),
        "deep": lambda: networks.deep_diagonal(key, inputs=size, depth=3, std=case.std),
    }[case.model]()


def _outcome(case: Case, run: Any) -> Outcome:
    """Returns the test error: the mean squared error over uniform or normal inputs, in closed form."""
    found = run.network
    if case.model in ("linear", "product"):
        t = np.asarray(found.parameters) if case.model == "product" else None
        own = (t[0], t[1], t[2] * t[3]) if t is not None else (found.offset[0], *found.coefficients)
        # Over [−1, 1]² the mean of (e₀ + e₁x₁ + e₂x₂)² is e₀² + (e₁² + e₂²)/3.
        off = (np.array([float(part) for part in own]) - np.array(case.target)) ** 2
        error = float(off[0] + (off[1] + off[2]) / 3)
    else:
        error = float(np.sum((found.coefficients - np.array(case.target)) ** 2) / np.sum(np.square(case.target)))
    values = {"error": error, "steps": run.steps, "stop": run.stop.value}
    finite = np.isfinite(error)
    return Outcome(values, {}, "done" if finite else "diverged", "" if finite else "the error is not a finite number")
