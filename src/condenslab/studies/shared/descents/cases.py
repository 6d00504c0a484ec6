"""The case that five studies share, and the part that computes it; imports no JAX."""

from dataclasses import dataclass
from typing import Literal

from condenslab.studies.contract.parts import Part

TaskName = Literal["two_tanh", "three_tanh", "teacher_normal", "teacher_uniform", "random_labels", "planted_labels"]
PLACES = 200
"""Points of the finite set on which labels are given."""
STRONG = 0.05
"""Neurons from this fraction of the largest amplitude count."""


@dataclass(frozen=True)
class DescentCase:
    """One run of Adam, or of gradient descent, on a two-layer tanh network.

    Attributes:
        task: "two_tanh", tanh(x − 6) + tanh(x + 6) on an even grid of [−15, 15]; "three_tanh",
            tanh(x − 7) + tanh(x) + tanh(x + 7) on one of [−15, 14]; or "teacher_normal" and
            "teacher_uniform", tanh(x_1 + … + x_10) at points that are standard normal or uniform on [−1, 1]^10; or
            labels ±1 on an even grid of [−15, 15], of which a few are given and the others held out: "random_labels",
            each drawn by itself, and "planted_labels", the signs of tanh(x − 7) − tanh(x) + tanh(x + 7).
        samples: n.
        seed: Of the samples, the initial parameters and the dropout noise.
        width: Neurons, m.
        exponent: γ, every parameter is drawn from N(0, m^−γ).
        rate: Learning rate of Adam.
        descent: Rate of plain gradient descent in units of 2/λ₀, λ₀ the largest eigenvalue of the Hessian at the start,
            from which on the first step of a quadratic would no longer lower the risk; 0 for Adam.
        decay: Decoupled weight decay: parameters shrink by rate·decay a step.
        drop: Dropout probability on the hidden neurons, 1 − keep.
        penalty: Whether R + R₁, the mean of the dropout risk, is minimised instead of drawing masks.
        steps: Steps.
        risk: Risk that ends the run, or 0.
    """

    task: TaskName
    samples: int
    seed: int
    width: int
    exponent: float
    rate: float = 1e-3
    descent: float = 0.0
    decay: float = 0.0
    drop: float = 0.0
    penalty: bool = False
    steps: int = 30_000
    risk: float = 0.0


DESCENTS = Part(
    case=DescentCase,
    run="condenslab.studies.shared.descents.runs:run",
    varies=("seed", "exponent", "rate", "descent", "decay", "drop", "risk"),
    apart=lambda case: (case.drop > 0, case.descent > 0),  # noise is another program, and so is another method
    together=True,
    seconds=lambda case: 0.5 + case.steps * (2e-6 + 2e-9 * case.width * case.samples) * (2.0 if case.drop > 0 else 1.0),
    bytes=lambda case: 8 * 60 * case.width * 12,  # the recorded parameters
)
"""What the studies are made of."""
