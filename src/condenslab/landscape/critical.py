"""Critical functions of narrow two-layer networks: a search from many starts that finds minima and saddles alike."""

from collections import Counter
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from condenslab.landscape.receipt import surroundings
from condenslab.landscape.reduction import reduce
from condenslab.landscape.search import Ends, judge, search
from condenslab.landscape.starts import DATA_SCALED, StartLaw
from condenslab.landscape.stationary import Fate, derivatives, newton, require_double
from condenslab.measures.curvature import Inertia, inertia
from condenslab.networks import ACTIVATIONS, Activation, TwoLayer, apply, ravel, unravel
from condenslab.networks.structure import from_neurons, to_neurons
from condenslab.risk import EmpiricalRisk

_GRID_POINTS = 2000
_GRID_MARGIN = 1 / 6
_REDUCTION_THRESHOLDS = (1e-3, 1e-6)
_REDUCTION_DROP = 1e-6
_CANDIDATES = 8
_IDLE = 1e-3


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """One critical function, represented by the narrowest network that realises it.

    Attributes:
        network: θ, irreducible; its width is the true width of the function, 0 for a constant.
        risk: R(θ).
        gradient_norm: L1 norm of ∇R(θ).
        inertia: Of ∇²R(θ), in the true width.
        hits: How many starts ended on this function.
        searched_width: Width of the search. Where it exceeds the network's own, the search found the function embedded.
    """

    network: TwoLayer
    risk: float
    gradient_norm: float
    inertia: Inertia
    hits: int
    searched_width: int

    @property
    def width(self) -> int:
        """The true width: the number of neurons that the function needs."""
        return self.network.width


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
        width: Width of the search.
    """

    points: tuple[CriticalPoint, ...]
    fates: tuple[Fate, ...]
    grid: np.ndarray
    functions: np.ndarray
    same: float
    width: int

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
    width: int,
    starts: int,
    key: Array | int,
    activation: Activation = ACTIVATIONS["tanh"],
    biases: bool = True,
    output_bias: bool = False,
    law: StartLaw = DATA_SCALED,
    tolerance: float = 1e-11,
    steepest: float = 3.0,
    same: float = 1e-4,
    root_steps: int = 200,
) -> CriticalPoints:
    """Searches the critical points of R over two-layer networks of one width, minima and saddles.

    Every start goes downhill by Levenberg–Marquardt for a random number of steps and then looks for the nearest root of
    ∇R by dogleg steps with the assembled Hessian, all starts in one compiled program. A point is critical when the L1
    norm of its gradient is at most `tolerance` and Newton's method stands still there, and it is not at infinity: no
    neuron is constant on the data to 1e-6, and none steps between two samples, that is, no neuron has w·x jump by more
    than `steepest` in the median between neighbouring samples (|w|·dx > 3 for equally spaced inputs; not asked of
    homogeneous activations, whose scale is free). Points are told apart as functions, in the sup-norm over a grid;
    mirror images are different functions. A function that a narrower network has as well is attributed to it: the point
    is reduced, brought to stationarity in the narrower space, and taken over if the function is the same.

    Args:
        risk: R, in float64, of this package's networks.
        width: Number of hidden neurons, at least 1.
        starts: Number of starts.
        key: A JAX random key or an integer seed.
        activation: σ.
        biases: Whether neurons have biases.
        output_bias: Whether outputs have one.
        law: How starts are drawn.
        tolerance: The L1 norm of the gradient that counts as zero.
        steepest: See above.
        same: Functions closer than this, relative to the largest |target|, are one.
        root_steps: At most so many steps of the root finder.

    Raises:
        TypeError: The risk is not float64.
        ValueError: Width or starts is not positive, or the risk is of other networks.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), Figure 4, for the notion of critical functions.
    """
    if width < 1 or starts < 1:
        raise ValueError(f"a search needs a width and a number of starts of at least 1. Got {width} and {starts}.")
    if risk.predict is not apply:
        raise ValueError(
            "critical points are searched among two-layer networks: the risk must keep its default predict."
        )
    networks, steps = law.draw(risk, key, starts, width, activation, biases=biases, output_bias=output_bias)
    require_double(risk, networks)
    ends = search(risk, networks, steps, root_steps)
    fates = judge(risk, ends, tolerance=tolerance, steepest=steepest)
    accepted = [k for k, fate in enumerate(fates) if fate is Fate.CRITICAL]
    grid = _grid(np.asarray(risk.inputs))
    apart = same * float(np.abs(np.asarray(risk.targets)).max() or 1.0)
    found = []
    for members in _distinct(ends, accepted, grid, apart):
        network = _narrowest(risk, ends, members, grid, apart, tolerance)
        found.append(_certify(risk, _canonical(network), len(members), width))
    found.sort(key=lambda point: point.risk)
    functions = np.array([_outputs(point.network, grid) for point in found])
    functions = functions.reshape(len(found), len(grid), risk.targets.shape[1])
    return CriticalPoints(tuple(found), tuple(fates), grid, functions, apart, width)


def _grid(inputs: np.ndarray) -> np.ndarray:
    """The data and a box wider by a sixth on every side, which is [−20, 20] for data on [−15, 15]."""
    if inputs.shape[1] > 1:
        return np.concatenate([inputs, surroundings(inputs, _GRID_POINTS, _GRID_MARGIN)])
    low, high = inputs.min(), inputs.max()
    margin = _GRID_MARGIN * (high - low or 1.0)
    return np.unique(np.append(np.linspace(low - margin, high + margin, _GRID_POINTS), inputs))[:, None]


def _distinct(ends: Ends, accepted: list[int], grid: np.ndarray, apart: float) -> list[list[int]]:
    """Groups starts by the function they ended on, most accurate first in each group."""
    groups: list[list[int]] = []
    functions: list[np.ndarray] = []
    for k in sorted(accepted, key=lambda k: ends.norms[k]):
        function = _outputs(ends.network(k), grid)
        near = next((i for i, other in enumerate(functions) if np.abs(function - other).max() < apart), None)
        if near is None:
            groups.append([k])
            functions.append(function)
        else:
            groups[near].append(k)
    return groups


def _narrowest(
    risk: EmpiricalRisk, ends: Ends, members: list[int], grid: np.ndarray, apart: float, tolerance: float
) -> TwoLayer:
    """Returns the narrowest network with the same critical function among reductions of a few members."""
    original = ends.network(members[0])
    function = _outputs(original, grid)
    candidates = [
        reduce(_without_idle(ends.network(k), grid, apart), threshold=threshold, drop=_REDUCTION_DROP).network
        for threshold in _REDUCTION_THRESHOLDS
        for k in members[:_CANDIDATES]
    ]
    for candidate in sorted(candidates, key=lambda network: network.width):
        if candidate.width >= original.width:
            break
        theta, norm, _, _ = newton(risk, candidate, np.asarray(ravel(candidate)), tolerance=tolerance)
        narrow = unravel(jnp.asarray(theta), candidate)
        if norm <= tolerance and np.abs(_outputs(narrow, grid) - function).max() < apart:
            return narrow
    theta, norm, _, _ = newton(risk, original, np.asarray(ravel(original)), tolerance=tolerance)
    return unravel(jnp.asarray(theta), original)


def _without_idle(network: TwoLayer, grid: np.ndarray, apart: float) -> TwoLayer:
    """Removes neurons whose output is nowhere near the difference at which functions are told apart."""
    kept = np.flatnonzero(np.asarray(_evaluate(network, grid)[1]) > _IDLE * apart)
    neurons = to_neurons(network)[kept]
    return from_neurons(neurons, network.output_bias, network)


def _certify(risk: EmpiricalRisk, network: TwoLayer, hits: int, searched_width: int) -> CriticalPoint:
    theta = np.asarray(ravel(network))
    if theta.size == 0:
        value, norm, counts = float(risk.value(network)), 0.0, inertia(np.zeros((0, 0)), gradient_norm=0.0)
    else:
        value, gradient, hessian = derivatives(risk, network, theta)
        norm = float(np.abs(gradient).sum())
        counts = inertia(hessian, gradient_norm=norm)
    return CriticalPoint(network, value, norm, counts, hits, searched_width)


def _canonical(network: TwoLayer) -> TwoLayer:
    """Returns one of the equivalent networks: input weights positive where the sign is free, neurons sorted by them."""
    neurons = np.asarray(to_neurons(network))
    inputs = network.input_weights.shape[1]
    hidden = inputs + (network.biases is not None)
    first = np.take_along_axis(neurons, np.argmax(neurons[:, :inputs] != 0, axis=1)[:, None], axis=1)
    if network.activation.parity is not None:
        sign = np.where(first < 0, -1.0, 1.0)
        flipped = sign if network.activation.parity == "odd" else 1.0
        neurons = np.concatenate([sign * neurons[:, :hidden], flipped * neurons[:, hidden:]], axis=1)
    order = np.lexsort(neurons[:, :hidden].T[::-1])
    return from_neurons(jnp.asarray(neurons[order]), network.output_bias, network)


def _outputs(network: TwoLayer, grid: np.ndarray) -> np.ndarray:
    return np.asarray(_evaluate(network, grid)[0])


@jax.jit
def _evaluate(network: TwoLayer, grid: Array) -> tuple[Array, Array]:
    """Returns the outputs on the grid and the largest contribution of each neuron to them."""
    hidden = network.activation(network.preactivations(grid))
    return apply(network, grid), jnp.abs(hidden).max(axis=0) * jnp.abs(network.output_weights).max(axis=0)
