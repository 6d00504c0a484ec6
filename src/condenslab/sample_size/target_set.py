"""The optimistic sample size as a number that is measured: the smallest model rank over points of the target set."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import equinox as eqx
import jax
import numpy as np
from jax import Array
from jaxtyping import PyTree

from condenslab.measures import Rank, model_rank
from condenslab.networks import apply, parameter_count
from condenslab.networks.conversion import floating, numbers

_SAME = 1e-9
"""Points of one target set agree to this fraction of the largest output …"""
_ROUNDING = 1e-13
"""… or to this fraction of the terms that make up their outputs."""


@dataclass(frozen=True, eq=False)
class TargetPoint:
    """A point of the target set with its model rank.

    Attributes:
        name: How it was made.
        rank: r(θ), with its spectrum.
        difference: Largest difference of its outputs from those of the first point, on the probes.
        parameters: M.
    """

    name: str
    rank: Rank
    difference: float
    parameters: int


@dataclass(frozen=True, eq=False)
class TargetSetMinimum:
    """The smallest model rank that was found on a target set: an upper bound of O(f*).

    It is O(f*) itself where a closed form says the same; the search cannot prove that no better point exists.

    Attributes:
        points: All points that were looked at, in order.
    """

    points: tuple[TargetPoint, ...]

    @property
    def value(self) -> int | None:
        """The smallest decided rank; None where no point is decided."""
        return None if self.best is None else self.best.rank.value

    @property
    def best(self) -> TargetPoint | None:
        """The first decided point of smallest rank, or None."""
        return min((p for p in self.points if p.rank.decided), key=lambda point: point.rank.value, default=None)

    @property
    def decided(self) -> bool:
        """Whether the rank of every point is decided."""
        return all(point.rank.decided for point in self.points)

    def __str__(self) -> str:
        """Returns the bound and where it is attained."""
        if self.best is None:
            return f"undecided at all {len(self.points)} points of the target set"
        return f"O ≤ {self.value}, at the {self.best.name} point, the smallest of {len(self.points)}"


def minimum_rank(
    points: Mapping[str, PyTree],
    probes: np.ndarray | Array,
    *,
    predict: Callable[[PyTree, Array], Array] = apply,
    complete: bool = False,
) -> TargetSetMinimum:
    """Measures the model rank at given points of a target set; the smallest bounds O(f*) from above.

    Points come from `dense_points` and its relatives, or from anywhere: all have to express one function.

    Args:
        points: Networks by the name of how they were made.
        probes: Inputs that show the whole tangent space, shape (sample, input). A rank as large as the number of rows
            only says that there are too few, and is not decided.
        predict: (params, inputs) → outputs (sample, output).
        complete: Whether the probes are all inputs that there are (the entries of a matrix), so that more cannot show
            more.

    Raises:
        TypeError: Parameters are not float64.
        ValueError: There are no points or no probes, or two points express different functions on the probes.
    """
    if not isinstance(points, Mapping):
        raise TypeError(f"points must be networks by their names, as of dense_points. Got {type(points).__name__}.")
    if not points:
        raise ValueError("points must hold at least one point of the target set. Got none.")
    inputs = floating("probes", probes) if predict is apply else numbers("probes", probes)
    found: list[TargetPoint] = []
    reference = None
    for name, network in points.items():
        outputs = np.asarray(_outputs(predict, network, inputs))
        reference = outputs if reference is None else reference
        difference = float(np.abs(outputs - reference).max(initial=0.0))
        measured = model_rank(network, inputs, predict=predict)
        # Outputs that cancel are correct to the rounding of their terms, which the tangents times θ bound.
        terms = float(measured.singular_values.max(initial=0.0)) * _length(network)
        if not difference <= _SAME * float(np.abs(reference).max(initial=0.0)) + _ROUNDING * terms:
            raise ValueError(
                f"points of a target set must express one function. Got {name!r}, whose outputs differ by "
                f"{difference:.1e} from those of {next(iter(points))!r}."
            )
        if not complete:
            measured = _against_rows(measured, outputs.size, network)
        found.append(TargetPoint(name, measured, difference, parameter_count(network)))
    return TargetSetMinimum(tuple(found))


def _length(network: PyTree) -> float:
    leaves = [np.asarray(leaf, np.float64) for leaf in jax.tree.leaves(network) if eqx.is_inexact_array(leaf)]
    return float(np.sqrt(sum(np.sum(leaf**2) for leaf in leaves)))


@eqx.filter_jit
def _outputs(predict: Callable[[PyTree, Array], Array], network: PyTree, inputs: Array) -> Array:
    return predict(network, inputs)


def _against_rows(rank: Rank, rows: int, network: PyTree) -> Rank:
    """A rank that uses up all rows says nothing, unless it uses up all parameters as well."""
    if rank.value < rows or rank.value == parameter_count(network):
        return rank
    reason = f"the rank uses up all {rows} rows of the Jacobian: take more probes"
    return replace(rank, decided=False, reason=reason)
