"""What a normalised flow leaves behind."""

from dataclasses import dataclass

import numpy as np

from condenslab.training.trajectory import Stop


@dataclass(frozen=True, eq=False)
class Features:
    """Neurons of a member before and after, in normalised parameters ā = a/β₁, w̄ = w/β₂.

    Attributes:
        initial_inner: w̄(0) with the bias as last column, shape (neuron, input + 1).
        initial_outer: ā(0), shape (neuron,).
        inner: w̄ at the end, shape (neuron, input + 1).
        outer: ā at the end, shape (neuron,).
    """

    initial_inner: np.ndarray
    initial_outer: np.ndarray
    inner: np.ndarray
    outer: np.ndarray


@dataclass(frozen=True, eq=False)
class NormalisedRun:
    """What a normalised flow came to.

    Attributes:
        stop: Why it stopped; RISK_REACHED says that it has converged.
        risk: R = Σ(f − y)²/(2n) at the end.
        input_distance: RD(θ_w) = ‖θ_w − θ_w(0)‖/‖θ_w(0)‖ at the end, θ_w the input weights with biases of the m neurons
            (of the first half, for an anti-symmetric start).
        output_distance: RD(θ_a), the same of the output weights.
        steps: Steps taken.
        tried: Steps tried, those that were redone with a smaller step included.
        times: κ·t at the start and after every step, shape (time,), t the time of the normalised equations.
        risks: R at these times, shape (time,).
        input_distances: RD(θ_w) at these times, shape (time,).
        output_distances: RD(θ_a) at these times, shape (time,).
        features: The neurons asked for, or None.
        outputs: f at the inputs asked for, shape (point,), or None.
    """

    stop: Stop
    risk: float
    input_distance: float
    output_distance: float
    steps: int
    tried: int
    times: np.ndarray
    risks: np.ndarray
    input_distances: np.ndarray
    output_distances: np.ndarray
    features: Features | None = None
    outputs: np.ndarray | None = None
