"""Critical functions of narrow networks: a search from many starts that finds minima and saddles alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.landscape.distinct import distinct, grid_of, narrowest, outputs
from condenslab.landscape.search import L1_TOLERANCE, Ends, Limits, judge, search
from condenslab.landscape.starts import DATA_SCALED, StartLaw
from condenslab.landscape.stationary import Fate, derivatives, require_double
from condenslab.measures.curvature import Inertia, inertia
from condenslab.networks import ACTIVATIONS, MLP, Activation, TwoLayer, apply
from condenslab.networks.conversion import Key
from condenslab.risk import EmpiricalRisk

_ROOT_STEPS = 300
_STEEPEST = 3.0
_SAME = 1e-4
_MEMORY = 2**28


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """One critical function, represented by the narrowest network that realises it.

    Attributes:
        network: θ, a `TwoLayer` or an `MLP`; if two-layer, irreducible: its width is the true width of the function,
            0 for a constant.
        risk: R(θ).
        gradient_norm: L1 norm of ∇R(θ).
        inertia: Of ∇²R(θ), in the true width.
        hits: How many starts ended on this function.
        searched_width: Width of the search (of all hidden layers). Where it exceeds the network's own, the search
            found the function embedded.
    """

    network: Any
    risk: float
    gradient_norm: float
    inertia: Inertia
    hits: int
    searched_width: int

    @property
    def width(self) -> int:
        """The true width: the number of neurons that the function needs; that of all hidden layers for deeper ones."""
        return self.network.width if isinstance(self.network, TwoLayer) else sum(self.network.widths[1:-1])


@dataclass(frozen=True, eq=False)
class CriticalPoints:
    """The critical functions that a search found, and what became of every start.

    The list need not be complete: functions with a small basin take many starts.

    Attributes:
        points: Distinct critical functions, smallest risk first.
        fates: What became of each start, in their order.
        grid: Inputs on which functions were compared: the data and a slightly wider box, shape (point, input).
        functions: Outputs of each critical function on the grid, shape (function, point, output).
        same: Two functions count as one when they differ by less than this anywhere on the grid.
        width: Width of the search, of all hidden layers.
        interrupted: Whether Ctrl-C or the time limit ended the search early: the points are those found until then.
    """

    points: tuple[CriticalPoint, ...]
    fates: tuple[Fate, ...]
    grid: np.ndarray
    functions: np.ndarray
    same: float
    width: int
    interrupted: bool = False

    @property
    def fate_counts(self) -> dict[Fate, int]:
        """How many starts met each fate."""
        return dict(Counter(self.fates))

    def of_width(self, width: int) -> tuple[CriticalPoint, ...]:
        """Returns the critical functions of that true width, smallest risk first."""
        return tuple(point for point in self.points if point.width == width)


def critical_points(
    risk: EmpiricalRisk,
    *,
    width: int | Sequence[int],
    starts: int,
    key: Key,
    activation: Activation = ACTIVATIONS["tanh"],
    biases: bool = True,
    output_bias: bool = False,
    law: StartLaw = DATA_SCALED,
    tolerance: float | None = None,
    steepest: float = _STEEPEST,
    same: float = _SAME,
    root_steps: int = _ROOT_STEPS,
    time_limit: float | None = None,
    memory: int = _MEMORY,
) -> CriticalPoints:
    """Searches the critical points of R over dense networks of one shape, minima and saddles.

    Every start goes downhill by damped Gauss–Newton steps, a random number of them, and then looks for the nearest root
    of ∇R by damped Newton steps with the exact Hessian (`landscape.rounds`). A point is critical when its gradient
    counts as zero and Newton's method stands still there, and it is not at infinity: no neuron is constant on the data
    to 1e-6, and none steps between two samples, that is, no preactivation jumps by more than `steepest` in the median
    between neighbouring samples (|w|·dx > 3 for equally spaced inputs; not asked of homogeneous activations, whose
    scale is free). A gradient counts as zero when its L1 norm is at most 1e-11; for more than 100 parameters, where
    that is below rounding, when ‖∇R‖∞ ≤ 50·eps·‖Σ_i p_i|J_i|ᵀ|r_i|‖∞. Such networks cost a dense factorisation a
    step: give them few starts.

    Points are told apart as functions, in the sup-norm over a grid; mirror images are different functions. A function
    that a narrower two-layer network has as well is attributed to it: the point is reduced, brought to stationarity in
    the narrower space, and taken over if the function is the same. Points of deeper networks are returned as found.

    Ctrl-C and the time limit end the search early, with the points of the starts that had finished.

    Args:
        risk: R, in float64, of this package's networks.
        width: Number of hidden neurons, at least 1; several numbers, one a hidden layer, for an `MLP`.
        starts: Number of starts.
        key: A JAX key or an integer seed.
        activation: σ.
        biases: Whether neurons have biases.
        output_bias: Whether outputs have one.
        law: How starts are drawn.
        tolerance: An L1 norm of the gradient that counts as zero, instead of the rule above.
        steepest: See above.
        same: Functions closer than this, relative to the largest |target|, are one.
        root_steps: At most so many steps of the root finder.
        time_limit: Wall seconds for the search, or None.
        memory: Bytes that a batch may hold.

    Raises:
        TypeError: The risk is not float64.
        ValueError: A width or starts is not positive, or the risk is of other networks.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), Figure 4, for the notion of critical functions.
    """
    hidden = (width,) if isinstance(width, int) else tuple(width)
    if not hidden or min(hidden) < 1 or starts < 1:
        raise ValueError(f"a search needs widths and a number of starts of at least 1. Got {width} and {starts}.")
    _require_own(risk)
    shape = hidden[0] if isinstance(width, int) else hidden
    networks, steps = law.draw(risk, key, starts, shape, activation, biases=biases, output_bias=output_bias)
    limits = Limits(tolerance, steepest, root_steps, time_limit, memory)
    return _search(risk, networks, np.asarray(steps), limits, same, sum(hidden))


def critical_points_from(
    risk: EmpiricalRisk,
    starts: Sequence[TwoLayer | MLP],
    *,
    descents: int | Sequence[int] = 0,
    tolerance: float | None = None,
    steepest: float = _STEEPEST,
    same: float = _SAME,
    root_steps: int = _ROOT_STEPS,
    time_limit: float | None = None,
    memory: int = _MEMORY,
) -> CriticalPoints:
    """Searches critical points from starts of one's own: points of a trajectory, say, or networks of any depth.

    Args:
        risk: R, in float64, of this package's networks.
        starts: Dense networks of one shape.
        descents: Steps downhill before the nearest root of ∇R is looked for, one number for all or one a start.
        tolerance: As in `critical_points`, like the rest.
        steepest: As there.
        same: As there.
        root_steps: As there.
        time_limit: As there.
        memory: As there.

    Raises:
        TypeError: The risk or a start is not float64, or a start is no dense network.
        ValueError: There are no starts, they differ in shape, there is not one number of descents for each, or the risk
            is of other networks.
    """
    if not starts:
        raise ValueError("a search needs at least one start. Got none.")
    _require_own(risk)
    if len({(jax.tree.structure(start), *map(jnp.shape, jax.tree.leaves(start))) for start in starts}) > 1:
        raise ValueError("starts must be networks of one shape and activation. Got several; search them one by one.")
    first = starts[0]
    if not isinstance(first, TwoLayer | MLP):
        raise TypeError(f"starts must be TwoLayer or MLP networks. Got {type(first).__name__}.")
    steps = np.broadcast_to(np.asarray(descents), (len(starts),)) if np.ndim(descents) == 0 else np.asarray(descents)
    if steps.shape != (len(starts),):
        raise ValueError(f"descents must be one number, or one for each of {len(starts)} starts. Got {steps.shape}.")
    networks = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *starts)
    limits = Limits(tolerance, steepest, root_steps, time_limit, memory)
    total = first.width if isinstance(first, TwoLayer) else sum(first.widths[1:-1])
    return _search(risk, networks, steps, limits, same, total)


def _require_own(risk: EmpiricalRisk) -> None:
    if risk.predict is not apply:
        raise ValueError("critical points are searched among dense networks: the risk must keep its default predict.")


def _search(
    risk: EmpiricalRisk, networks: TwoLayer | MLP, steps: np.ndarray, limits: Limits, same: float, width: int
) -> CriticalPoints:
    require_double(risk, networks)
    ends = search(risk, networks, steps, limits)
    fates = judge(risk, ends, steepest=limits.steepest)
    accepted = [k for k, fate in enumerate(fates) if fate is Fate.CRITICAL]
    grid = grid_of(np.asarray(risk.inputs))
    apart = same * float(np.abs(np.asarray(risk.targets)).max() or 1.0)
    found, early = [], ends.interrupted
    groups = distinct(risk, ends, accepted, grid, apart)
    for number, members in enumerate(groups):
        try:
            found.append(_certify(risk, ends, members, grid, apart, limits, width))
        except KeyboardInterrupt:
            early = True
            for k in (k for group in groups[number:] for k in group):
                fates[k] = Fate.UNFINISHED
            break
    found.sort(key=lambda point: point.risk)
    functions = np.array([outputs(point.network, grid) for point in found])
    functions = functions.reshape(len(found), len(grid), risk.targets.shape[1])
    return CriticalPoints(tuple(found), tuple(fates), grid, functions, apart, width, early)


def _certify(
    risk: EmpiricalRisk,
    ends: Ends,
    members: list[int],
    grid: np.ndarray,
    apart: float,
    limits: Limits,
    width: int,
) -> CriticalPoint:
    tolerance = limits.tolerance or max(L1_TOLERANCE, float(ends.norms[members[0]]))
    network = narrowest(risk, ends, members, grid, apart, tolerance)
    theta = np.asarray(ravel_pytree(network)[0])
    if theta.size == 0:
        value, norm, counts = float(_value(risk, network)), 0.0, inertia(np.zeros((0, 0)), gradient_norm=0.0)
    else:
        value, gradient, hessian = derivatives(risk, network, theta)
        norm = float(np.abs(gradient).sum())
        counts = inertia(hessian, gradient_norm=norm)
    return CriticalPoint(network, value, norm, counts, len(members), width)


@eqx.filter_jit
def _value(risk: EmpiricalRisk, network: TwoLayer | MLP) -> Array:
    return risk.value(network)
