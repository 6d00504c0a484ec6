"""Critical functions of narrow networks: a search from many starts that finds minima and saddles alike."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from condenslab.landscape.critical.certify import CriticalPoint, Seen, families, total_width
from condenslab.landscape.critical.distinct import distinct, grid_of, outputs
from condenslab.landscape.critical.function_search import search_function
from condenslab.landscape.critical.helpers import Helpers
from condenslab.landscape.critical.saturation import STEEPEST
from condenslab.landscape.critical.search import Limits, judge, search
from condenslab.landscape.critical.starts import DATA_SCALED, StartLaw
from condenslab.landscape.critical.stationary import Fate, require_double
from condenslab.landscape.critical.units import units_of
from condenslab.landscape.critical.verdicts import verdicts
from condenslab.networks import ACTIVATIONS, MLP, Activation, TwoLayer, apply
from condenslab.networks.checks import check_positive, count
from condenslab.networks.conversion import Key, as_activation
from condenslab.risk import EmpiricalRisk, Function, Risk, require_risk, require_samples

_ROOT_STEPS = 300
_SAME = 1e-4
_MEMORY = 2**28


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
    def advice(self) -> str:
        """What became of the starts, with what to change where few of them ended on a critical point."""
        counts = ", ".join(f"{count} {fate.name.lower()}" for fate, count in self.fate_counts.items())
        said = f"{len(self.points)} critical functions from {len(self.fates)} starts ({counts})."
        if 2 * self.fate_counts.get(Fate.UNCONVERGED, 0) > len(self.fates):
            said += (
                " Most gradients stayed above the tolerance: let the starts go further down first"
                " (law=StartLaw(longest_descent=1000)); or allow more root_steps, state a larger tolerance, or begin at"
                " networks of your own, trained ones say (critical_points_from, descents=…)."
            )
        if Fate.SATURATED in self.fate_counts and not self.points:
            said += " The risk may have no minimum at this width: it falls towards infinity. Try another width."
        return said

    @property
    def fate_counts(self) -> dict[Fate, int]:
        """How many starts met each fate."""
        return dict(Counter(self.fates))

    def of_width(self, width: int) -> tuple[CriticalPoint, ...]:
        """Returns the critical functions of that true width, smallest risk first."""
        return tuple(point for point in self.points if point.width == width)


def critical_points(
    risk: Risk,
    *,
    width: int | Sequence[int],
    starts: int,
    key: Key,
    activation: Activation | str = ACTIVATIONS["tanh"],
    biases: bool = True,
    output_bias: bool = False,
    law: StartLaw = DATA_SCALED,
    tolerance: float | None = None,
    steepest: float = STEEPEST,
    same: float = _SAME,
    root_steps: int = _ROOT_STEPS,
    time_limit: float | None = None,
    memory: int = _MEMORY,
    processes: int = 1,
) -> CriticalPoints:
    """Searches the critical points of R over dense networks of one shape, minima and saddles.

    Every start goes downhill by damped Gauss–Newton steps, a random number of them, and then looks for the nearest root
    of ∇R by damped Newton steps with the exact Hessian (`critical.rounds`). All this is done in standardised units, in
    which inputs and targets lie in about [−1, 1], and reported in the user's: units do not change what is found. A
    point is critical when its gradient counts as zero, Newton's method stands still there, and it is not at infinity:
    what R does further out decides that (`critical.further_out`), on neurons whose preactivation jumps by more than
    `steepest` from sample to sample (median) or that are constant on the data to 1e-6, and along soft directions of the
    Hessian. A gradient counts as zero when its L1 norm is at most 1e-11; for more than 100 parameters, where that is
    below rounding, when ‖∇R‖∞ ≤ 50·eps·‖Σ_i p_i|J_i|ᵀ|r_i|‖∞. Such networks cost a dense factorisation a step: give
    them few starts.

    Points are told apart as functions, in the sup-norm over a grid; mirror images are different functions. A function
    that a narrower two-layer network has as well is attributed to it: the point is reduced, brought to stationarity in
    the narrower space, and taken over if the function is the same. Points of deeper networks are returned as found.
    Functions of one continuous family of critical points, which agree on all samples, are one entry.

    A `risk.Function` is searched in its own units, downhill with |∇²R| in the place of the Gauss–Newton part. Its
    points are told apart by R and by outputs on its inputs (by parameters, where it has none), stay as wide as the
    search, and are one family where directions are flat and R and inertia agree. A gradient below the rounding of θ
    counts as zero too, |g| ≤ 50·eps·|H|·|θ|. Where gradient or curvature jumps the fate says so.

    Ctrl-C and the time limit end the search early, with the points of the starts that had finished.

    Args:
        risk: R, in float64, of this package's networks; a `risk.Function` with inputs, on which networks are drawn.
        width: Number of hidden neurons, at least 1; several numbers, one a hidden layer, for an `MLP`.
        starts: Number of starts.
        key: A JAX key or an integer seed.
        activation: σ, or its name.
        biases: Whether neurons have biases.
        output_bias: Whether outputs have one.
        law: How starts are drawn.
        tolerance: An L1 norm of the gradient, in standardised units, that counts as zero, instead of the rule above.
        steepest: See above.
        same: Functions closer than this, relative to the largest |target|, are one.
        root_steps: At most so many steps of the root finder.
        time_limit: Wall seconds for the search, or None.
        memory: Bytes that a batch may hold.
        processes: How many processes search at a time, each thousands of starts, started for this search; they change
            no number. Each takes seconds to start, so they pay for tens of thousands of starts. A network with an
            activation of your own is searched in this process alone.

    Raises:
        TypeError: The risk is not float64.
        ValueError: A width or starts is not a positive whole number, another number is out of range, or the risk is of
            other networks.

    References:
        Zhang et al., NeurIPS 2021 (arXiv 2105.14573), Figure 4, for the notion of critical functions.
    """
    require_risk(risk)
    deep = isinstance(width, Sequence | np.ndarray)
    hidden = tuple(count("every width", own) for own in width) if deep else (count("width", width),)
    if not hidden:
        raise ValueError(f"a search needs at least one width. Got {width!r}.")
    starts, activation, risk = count("starts", starts), as_activation(activation), _own(risk)
    limits = Limits(tolerance, steepest, root_steps, time_limit, memory, processes)
    shape = hidden if deep else hidden[0]
    frame = _frame(risk) if isinstance(risk, Function) else risk
    networks, steps = law.draw(frame, key, starts, shape, activation, biases=biases, output_bias=output_bias)
    return _search(risk, networks, np.asarray(steps), limits, same, sum(hidden))


def critical_points_from(
    risk: Risk,
    starts: Sequence[Any],
    *,
    descents: int | Sequence[int] = 0,
    tolerance: float | None = None,
    steepest: float = STEEPEST,
    same: float = _SAME,
    root_steps: int = _ROOT_STEPS,
    time_limit: float | None = None,
    memory: int = _MEMORY,
    processes: int = 1,
) -> CriticalPoints:
    """Searches critical points from starts of one's own: points of a trajectory, say, or networks of any depth.

    Args:
        risk: R, in float64, of this package's networks; or a `risk.Function` of any parameters.
        starts: Dense networks of one shape; for a `risk.Function` any pytrees of one structure.
        descents: Steps downhill before the nearest root of ∇R is looked for, one number for all or one a start.
        tolerance: As in `critical_points`, like the rest.
        steepest: As there.
        same: As there.
        root_steps: As there.
        time_limit: As there.
        memory: As there.
        processes: As there.

    Raises:
        TypeError: The risk or a start is not float64, or a start is no dense network.
        ValueError: There are no starts, they differ in shape, there is not one number of descents for each, or the risk
            is of other networks.
    """
    require_risk(risk)
    starts = list(starts)
    if not starts:
        raise ValueError("a search needs at least one start. Got none.")
    risk = _own(risk)
    first = starts[0]
    if isinstance(risk, Function):
        for start in starts:
            risk.require_real(start)
    if len({(jax.tree.structure(start), *map(jnp.shape, jax.tree.leaves(start))) for start in starts}) > 1:
        raise ValueError("starts must be networks of one shape and activation. Got several; search them one by one.")
    if not isinstance(first, TwoLayer | MLP) and not isinstance(risk, Function):
        raise TypeError(f"starts must be TwoLayer or MLP networks. Got {type(first).__name__}.")
    steps = np.broadcast_to(np.asarray(descents), (len(starts),)) if np.ndim(descents) == 0 else np.asarray(descents)
    if steps.shape != (len(starts),):
        raise ValueError(f"descents must be one number, or one for each of {len(starts)} starts. Got {steps.shape}.")
    networks = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *starts)
    limits = Limits(tolerance, steepest, root_steps, time_limit, memory, processes)
    return _search(risk, networks, steps, limits, same, total_width(first))


def _frame(risk: Function) -> EmpiricalRisk:
    """Returns data that say to a law of starts where networks are looked at; their targets are of order 1."""
    if risk.inputs is None:
        raise ValueError(
            "networks for a risk of your own are drawn on its inputs: give them, risk.Function(value, inputs=x), or "
            "give starts (critical_points_from). Got neither."
        )
    signs = np.where(np.arange(len(risk.inputs)) % 2, 1.0, -1.0)
    return EmpiricalRisk(risk.inputs, np.tile(signs[:, None], (1, risk.outputs)))


def _own(risk: Risk) -> Risk:
    """Returns the risk without its padding, which must set neither the grid nor the units."""
    if isinstance(risk, Function):
        return risk
    require_samples(risk)
    if risk.predict is not apply:
        raise ValueError("critical points are searched among dense networks: the risk must keep its default predict.")
    return risk.counted()


def _search(risk: Risk, networks: PyTree, steps: np.ndarray, limits: Limits, same: float, width: int) -> CriticalPoints:
    if isinstance(risk, Function):
        first = jax.tree.map(lambda leaf: leaf[0], networks)
        risk.require_defined(first)
        require_double(risk, first)
        grid = np.zeros((0, 0)) if risk.inputs is None else np.asarray(risk.inputs)
        points, fates, functions, early = search_function(risk, networks, steps, limits, same, width)
        return CriticalPoints(points, fates, grid, functions, same, width, early)
    require_double(risk, networks)
    check_positive("same", same)
    factor = 1.0 if risk.scale is None else float(risk.scale)
    units = units_of(risk, jax.tree.map(lambda leaf: leaf[0], networks))
    inner = units.risk(risk)
    with Helpers(limits.processes) as helpers:
        starts = jax.vmap(lambda network: units.enter(network, factor))(networks)
        ends = search(inner, starts, steps, limits, helpers)
        fates = judge(inner, ends, steepest=limits.steepest)
        accepted = [k for k, fate in enumerate(fates) if fate is Fate.CRITICAL]
        grid = grid_of(np.asarray(risk.inputs))
        apart = same * float(np.abs(np.asarray(inner.targets)).max() or 1.0)
        seen = Seen(risk, inner, units, (grid - units.shift) / units.scale, apart, factor)
        groups = distinct(inner, ends, accepted, seen.grid, apart)
        answers, early = verdicts(seen, ends, groups, limits, width, helpers)
    found = [point for point, _ in answers if point is not None]
    for members, (_, fate) in zip(groups, answers, strict=True):
        for k in members:
            fates[k] = fate
    found = sorted(families(seen, found), key=lambda point: point.risk)
    functions = np.array([outputs(point.network, grid) for point in found])
    functions = functions.reshape(len(found), len(grid), risk.targets.shape[1])
    return CriticalPoints(
        tuple(found), tuple(fates), grid, functions, apart * units.height, width, early or ends.interrupted
    )
