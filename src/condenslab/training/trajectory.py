"""What a training run leaves behind, and why it stopped."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.risk import Risk, require_samples
from condenslab.training.checks import check_number

Recorders = Mapping[str, Callable[[Risk, Any], Array]]
"""Named functions (risk, params) → array, evaluated inside the compiled program. Use module-level functions: a function
made anew for every call is a new program for the compiler."""


class Stop(enum.Enum):
    """Why a run stopped; the value of a member is the sentence."""

    RUNNING = "The run has not stopped."
    FINISHED = "All steps were taken, or the end time was reached."
    RISK_REACHED = "The risk fell to the level asked for."
    GRADIENT_REACHED = "The gradient norm fell to the level asked for."
    NOT_FINITE = "The risk or its gradient became NaN or infinite; the last finite network is kept. Lower the rate."
    NO_PROGRESS = "The step size shrank until time stood still. Loosen the tolerances or choose another solver."
    STEPS_EXHAUSTED = "The largest number of solver steps was taken before the end was reached. Raise max_steps."
    TIME_LIMIT = "The time limit was reached; what was computed is kept."
    INTERRUPTED = "The run was interrupted; what was computed is kept."
    STALLED = "The risk stood still above the level asked for: no neuron that could lower it moves."
    SLIDING = (
        "The flow slides along a kink of the risk (a preactivation of ReLU or another piecewise linear function stays "
        "at 0), which the solver crosses to and fro in tiny steps; what was computed is kept. Loosen rtol and atol, "
        "descend with a small rate, or take a smooth activation."
    )

    @property
    def code(self) -> int:
        """Its number inside compiled programs."""
        return list(Stop).index(self)

    @classmethod
    def of(cls, code: int) -> "Stop":
        """Returns the member with this number."""
        return list(cls)[code]


class Until(eqx.Module):
    """Levels at which a run stops; they are data, so changing one compiles nothing.

    Attributes:
        risk: Stop when R(θ) is at most this.
        gradient: Stop when ‖∇R(θ)‖₂ is at most this.
        time: End time of a gradient flow (unused by `descend`, which counts steps).
    """

    risk: float | Array = -np.inf
    gradient: float | Array = -np.inf
    time: float | Array = np.inf


def check_levels(until: Until) -> None:
    """Refuses levels that could never be reached.

    Raises:
        TypeError: It is no `Until`.
        ValueError: A level is NaN, or finite and negative; −∞ stands for none.
    """
    if not isinstance(until, Until):
        raise TypeError(f"until must be Until(risk=…, gradient=…, time=…). Got {until!r}.")
    for name in ("risk", "gradient", "time"):
        check_number(f"until.{name}", getattr(until, name), infinite=True)


@dataclass(frozen=True)
class Trajectory:
    """A training run on the host.

    Attributes:
        times: Step numbers of gradient descent or times of gradient flow at the records, shape (time,), increasing.
        records: For each recorded function its values, shape (time, …).
        network: The parameters at the end (the last finite ones).
        stop: Why the run stopped.
        steps: How many optimiser or solver steps were taken.
        seconds: Wall time, compilation included; for a member of an ensemble that of its whole chunk.
        state: The leaves of the internal state, with which `resume=` continues the run exactly.
    """

    times: np.ndarray
    records: dict[str, np.ndarray]
    network: Any
    stop: Stop
    steps: int
    seconds: float
    state: tuple[np.ndarray, ...] = ()


def record_risk(risk: Risk, params: Any) -> Array:
    """Returns R(θ), a scalar: the default record."""
    return risk.value(params)


def record_parameters(risk: Risk, params: Any) -> Array:
    """Returns θ, the ravelled parameters, shape (param,)."""
    return ravel_pytree(params)[0]


def record_outputs(risk: Risk, params: Any) -> Array:
    """Returns the outputs on the data, shape (sample, output).

    Raises:
        ValueError: The risk has no data.
    """
    require_samples(risk)
    samples: Any = risk
    return samples.outputs(params)


def record_gradient_norm(risk: Risk, params: Any) -> Array:
    """Returns ‖∇R(θ)‖₂, a scalar."""
    return jnp.linalg.norm(ravel_pytree(risk.gradient(params))[0])


DEFAULT_RECORDERS: Recorders = {"risk": record_risk}
