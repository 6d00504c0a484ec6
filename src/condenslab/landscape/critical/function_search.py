"""Critical points of a scalar risk of the user's own, in any parameters: the same rounds, judged without data."""

import time
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.landscape.critical import lanes
from condenslab.landscape.critical.certify import CriticalPoint
from condenslab.landscape.critical.distinct import canonical
from condenslab.landscape.critical.function_fate import judged
from condenslab.landscape.critical.helpers import Helpers
from condenslab.landscape.critical.search import L1_TOLERANCE, Limits
from condenslab.landscape.critical.stationary import Fate, derivatives
from condenslab.measures.point_inertia import inertia_at
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.checks import check_positive
from condenslab.risk import Function

_EQUAL = 1e-9
_ROUNDING = 1e-13
"""Relative and absolute difference of two risks that count as one; the latter is rounding of terms of order 1."""


def search_function(
    risk: Function, networks: PyTree, descents: np.ndarray, limits: Limits, same: float, width: int
) -> tuple[tuple[CriticalPoint, ...], tuple[Fate, ...], np.ndarray, bool]:
    """Searches critical points from many starts and lists the distinct ones.

    Downhill by steps with |∇²R| in the place of the Gauss–Newton part, then to the nearest root of ∇R as for any risk.

    Args:
        risk: R.
        networks: The starts, with a leading axis on every array.
        descents: Steps of descent of each start, shape (start,).
        limits: What bounds the search.
        same: Two points are one where R agrees and outputs on the risk's inputs do to this, relative to the largest
            output; without inputs, parameters, relative to 1 + |θ_j|.
        width: Width of the search, 0 where the parameters are no network.

    Returns:
        The points, smallest risk first; what became of each start; outputs on the risk's inputs, shape (function,
        point, output), empty without inputs; whether the search was interrupted.
    """
    check_positive("same", same)
    like = jax.tree.map(lambda leaf: leaf[0], networks)
    starts = np.asarray(jax.vmap(lambda network: ravel_pytree(network)[0])(networks))
    deadline = np.inf if limits.seconds is None else time.monotonic() + limits.seconds
    criteria = _Criteria(limits.tolerance or L1_TOLERANCE, limits.root_steps, deadline)
    with Helpers(limits.processes) as helpers:
        found = lanes.run(risk, like, starts, descents, criteria, memory=limits.memory, helpers=helpers)
    seen, fates, early = _Seen(risk, like, same, width), [], found.interrupted or not bool(found.finished.all())
    for k, theta in enumerate(found.theta):
        try:
            fates.append(seen.judge(theta, criteria.tolerance) if found.finished[k] else Fate.UNFINISHED)
        except KeyboardInterrupt:
            fates += [Fate.UNFINISHED] * (len(starts) - k)
            early = True
            break
    points = tuple(sorted(seen.points(), key=lambda point: point.risk))
    values = [_outputs(risk, point.network) for point in points]
    shown = [value for value in values if value is not None]
    functions = np.array(shown) if shown else np.zeros((len(points), 0, risk.outputs))
    return points, tuple(fates), functions, early


@dataclass(frozen=True, eq=False)
class _Criteria:
    """When a member has finished; what it is worth is judged afterwards."""

    tolerance: float
    root_steps: int
    deadline: float

    def reached(self, theta: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        return np.abs(gradient).sum(axis=1) <= self.tolerance

    def escaped(self, theta: np.ndarray) -> np.ndarray:
        return np.zeros(len(theta), dtype=bool)

    def halted(self) -> bool:
        return time.monotonic() > self.deadline


class _Seen:
    """The distinct critical points so far."""

    def __init__(self, risk: Function, like: PyTree, same: float, width: int) -> None:
        """Begins with none."""
        self.risk, self.like, self.same, self.width = risk, like, same, width
        self._found: list[dict[str, Any]] = []

    def judge(self, theta: np.ndarray, tolerance: float) -> Fate:
        """Says what an end point is, and takes it if it is critical."""
        end = judged(self.risk, self.like, theta, tolerance)
        if end.fate is not Fate.CRITICAL:
            return end.fate
        network = ravel_pytree(self.like)[1](jnp.asarray(end.theta))
        network = canonical(network) if isinstance(network, TwoLayer) else network
        place = np.asarray(ravel_pytree(network)[0])
        value, slope, _ = derivatives(self.risk, network, place)
        norm, shown = float(np.abs(slope).sum()), _outputs(self.risk, network)
        twin = next((own for own in self._found if self._same(own, value, place, shown)), None)
        if twin is not None:
            twin["hits"] += 1
            return end.fate
        own = {"network": network, "risk": value, "norm": norm, "place": place, "shown": shown, "hits": 1}
        self._found.append(own | {"inertia": inertia_at(self.risk, network), "family": 1})
        return end.fate

    def points(self) -> list[CriticalPoint]:
        """Returns the points; those with flat directions and equal risk and inertia are one family, listed once."""
        kept: list[dict[str, Any]] = []
        for own in sorted(self._found, key=lambda own: own["norm"]):
            twin = next((other for other in kept if own["inertia"].zero and self._family(own, other)), None)
            if twin is None:
                kept.append(own)
            else:
                twin["hits"], twin["family"] = twin["hits"] + own["hits"], twin["family"] + 1
        return [
            CriticalPoint(
                own["network"], own["risk"], own["norm"], own["inertia"], own["hits"], self.width, own["family"]
            )
            for own in kept
        ]

    def _same(self, own: dict[str, Any], value: float, place: np.ndarray, shown: np.ndarray | None) -> bool:
        if not _equal(own["risk"], value):
            return False
        if shown is not None and own["shown"] is not None:
            return float(np.abs(shown - own["shown"]).max()) <= self.same * float(np.abs(shown).max() or 1.0)
        return bool(np.all(np.abs(place - own["place"]) <= self.same * (1 + np.abs(place))))

    def _family(self, own: dict[str, Any], other: dict[str, Any]) -> bool:
        return other["inertia"].counts == own["inertia"].counts and _equal(own["risk"], other["risk"])


def _equal(one: float, other: float) -> bool:
    return abs(one - other) <= _EQUAL * max(abs(one), abs(other)) + _ROUNDING


def _outputs(risk: Function, network: PyTree) -> np.ndarray | None:
    """Returns the outputs of a network on the risk's inputs, or None where there are none."""
    if risk.inputs is None or not isinstance(network, TwoLayer | MLP):
        return None
    return np.asarray(network(risk.inputs))
