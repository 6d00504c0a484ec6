"""A critical function: its narrowest network, what decides that it is critical, and the family it belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from condenslab.landscape.critical.distinct import narrowest, outputs
from condenslab.landscape.critical.further_out import fate_further_out
from condenslab.landscape.critical.polishing import retouched
from condenslab.landscape.critical.saturation import suspects
from condenslab.landscape.critical.search import L1_TOLERANCE, Ends, Limits
from condenslab.landscape.critical.stationary import Fate, derivatives
from condenslab.landscape.critical.units import Units
from condenslab.measures.curvature import Inertia, inertia
from condenslab.measures.point_inertia import with_tangents
from condenslab.networks import MLP, TwoLayer
from condenslab.risk import EmpiricalRisk


@dataclass(frozen=True, eq=False)
class CriticalPoint:
    """One critical function, represented by the narrowest network that realises it.

    Attributes:
        network: θ, a `TwoLayer` or an `MLP`; if two-layer, irreducible: its width is the true width of the function,
            0 for a constant. For a `risk.Function` the parameters as found.
        risk: R(θ).
        gradient_norm: L1 norm of ∇R(θ).
        inertia: Of ∇²R(θ), in the true width. Its eigenvalues are in the user's units, but for points where these
            hide the signs and standardised units do not: there they are in standardised ones.
        hits: How many starts ended on this function.
        searched_width: Width of the search (of all hidden layers). Where it exceeds the network's own, the search
            found the function embedded.
        family: How many functions the search found that agree with this one on all samples: more than 1 where a
            continuous family of critical points realises them, which is listed once. They differ off the data.
    """

    network: Any
    risk: float
    gradient_norm: float
    inertia: Inertia
    hits: int
    searched_width: int
    family: int = 1

    @property
    def width(self) -> int:
        """The true width: neurons that the function needs, of all hidden layers; 0 for parameters of no network."""
        return total_width(self.network)


def total_width(params: Any) -> int:
    """Returns the number of hidden neurons of a dense network, 0 for other parameters.

    Args:
        params: θ.
    """
    if isinstance(params, TwoLayer):
        return params.width
    return sum(params.widths[1:-1]) if isinstance(params, MLP) else 0


@dataclass(frozen=True, eq=False)
class Seen:
    """One problem in the user's units and in standardised ones.

    Attributes:
        risk: R in the user's units.
        inner: R in standardised units.
        units: How the two are related.
        grid: Where functions are compared, in standardised units, shape (point, input).
        apart: Functions that differ by less than this everywhere on the grid are one, in standardised units.
        factor: The risk's scale, 1 where it has none.
    """

    risk: EmpiricalRisk
    inner: EmpiricalRisk
    units: Units
    grid: np.ndarray
    apart: float
    factor: float


def certify(
    seen: Seen, ends: Ends, members: list[int], limits: Limits, width: int
) -> tuple[CriticalPoint | None, Fate]:
    """Returns the critical function that some starts ended on, or None and why it is none.

    Args:
        seen: The problem.
        ends: Where the starts ended, in standardised units.
        members: The starts that ended on the function, most accurate first.
        limits: What bounds the search.
        width: Width of the search.
    """
    tolerance = limits.tolerance or max(L1_TOLERANCE, float(ends.norms[members[0]]))
    inside = narrowest(seen.inner, ends, members, seen.grid, seen.apart, tolerance)
    fate = fate_further_out(seen.inner, inside, suspects(seen.inner, inside, limits.steepest))
    if fate is not Fate.CRITICAL:
        return None, fate
    network = retouched(seen.risk, seen.units.leave(inside, seen.factor))
    if ravel_pytree(network)[0].size == 0:
        value, norm, counts = float(_value(seen.risk, network)), 0.0, inertia(np.zeros((0, 0)), gradient_norm=0.0)
    else:
        value, norm, counts = _inertia(seen.risk, network)
        counts = with_tangents(seen.inner, inside, _agreed(counts, _inertia(seen.inner, inside)[2]))
    return CriticalPoint(network, value, norm, counts, len(members), width), fate


def families(seen: Seen, points: Sequence[CriticalPoint]) -> list[CriticalPoint]:
    """Returns the points with the functions of one continuous family, equal on all samples, as one entry.

    A point is one of a family where its Hessian has flat directions; the narrowest and most accurate stands for it.

    Args:
        seen: The problem.
        points: Critical functions.
    """
    kept: list[tuple[CriticalPoint, np.ndarray]] = []
    apart = seen.apart * seen.units.height
    for point in sorted(points, key=lambda point: (point.width, point.gradient_norm)):
        values = outputs(point.network, np.asarray(seen.risk.inputs))
        near = (
            k
            for k, (other, own) in enumerate(kept)
            if point.inertia.zero and other.inertia.zero and np.abs(own - values).max() < apart
        )
        place = next(near, None)
        if place is None:
            kept.append((point, values))
            continue
        first, own = kept[place]
        kept[place] = replace(first, hits=first.hits + point.hits, family=first.family + point.family), own
    return [point for point, _ in kept]


def _inertia(risk: EmpiricalRisk, network: TwoLayer | MLP) -> tuple[float, float, Inertia]:
    value, gradient, hessian = derivatives(risk, network, np.asarray(ravel_pytree(network)[0]))
    norm = float(np.abs(gradient).sum())
    return value, norm, inertia(hessian, gradient_norm=norm)


def _agreed(own: Inertia, standardised: Inertia) -> Inertia:
    """Returns the inertia in the user's units, or that in standardised ones where these alone decide it.

    By Sylvester's law both have the same counts; standardised units are those in which rounding hides least.
    """
    same = own.decided and own.counts == standardised.counts
    return own if same or not standardised.decided else standardised


@eqx.filter_jit
def _value(risk: EmpiricalRisk, network: TwoLayer | MLP) -> Array:
    return risk.value(network)
