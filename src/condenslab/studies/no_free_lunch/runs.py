"""Fits random functions on a finite set, and measures the rank where a network is such a function."""

import jax.numpy as jnp
import numpy as np

from condenslab import measures, networks, sample_size, tasks
from condenslab.networks import TwoLayer
from condenslab.networks.initial import from_variance_exponent
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract import train
from condenslab.studies.no_free_lunch.cases import PLANTED, RankCase
from condenslab.studies.shared.ranks import rank_values
from condenslab.sweeps import Outcome, Progress

_STARTS, _FITTED, _SPREAD = 40, 1e-20, 3.0
_ROUNDING = 1e-15
_FATES = ("CRITICAL", "SATURATED", "FLAT", "UNCONVERGED", "DIVERGED")
"""Whatever becomes of a start: the risk that is reached says whether the function is fitted."""


def measure(case: RankCase, progress: Progress) -> Outcome:
    """Returns the rank at a network that is a random function, and the least one of a planted function.

    Args:
        case: The case.
        progress: Called with (fraction, text).
    """
    random = np.random.default_rng([case.seed, case.points])
    points = tasks.designs.grid(-_SPREAD, _SPREAD, case.points)
    risk = EmpiricalRisk(points, random.standard_normal((case.points, 1)))
    values: dict[str, object] = {"fitted": False}
    for start in range(_STARTS):
        progress(start / _STARTS, f"start {start + 1}")
        network = _fit(risk, case, start)
        if network is not None:
            values = {"fitted": True, "starts": start + 1, "risk": float(risk.value(network))}
            values |= rank_values(_rank(network, points), "random")
            break
    planted = {name: _rank(point, points) for name, point in _planted(case, random).items()}
    least = min(planted, key=lambda name: planted[name].value)
    return Outcome(values | rank_values(planted[least], "planted") | {"where": least})


def _fit(risk: EmpiricalRisk, case: RankCase, start: int) -> TwoLayer | None:
    """Returns a network that has the values of a function to rounding, or None where a start leads elsewhere."""
    scale = from_variance_exponent(0.0, case.neurons)
    drawn = networks.two_layer(
        _STARTS * case.seed + start, width=case.neurons, inputs=1, activation="tanh", scale=scale
    )
    found, _ = train.polish(risk, drawn, asked=_FATES)
    return found if float(risk.value(found)) <= _FITTED else None


def _planted(case: RankCase, random: np.random.Generator) -> dict[str, TwoLayer]:
    """Returns points of the target set of a random function of few neurons."""
    weights = random.uniform(0.5, 1.5, (PLANTED, 1)) * random.choice([-1.0, 1.0], (PLANTED, 1))
    biases, outgoing = random.uniform(-2.0, 2.0, PLANTED), random.uniform(0.5, 2.0, (1, PLANTED))
    arrays = jnp.asarray(weights), jnp.asarray(biases), jnp.asarray(outgoing)
    target = TwoLayer(*arrays, None, networks.activation("tanh"))
    return sample_size.dense_points(target, case.neurons, case.seed)


def _rank(network: TwoLayer, points: np.ndarray) -> measures.Rank:
    """Returns the rank of ∂f/∂θ on the points, of entries that are known to rounding."""
    matrix = np.asarray(measures.output_jacobian(network, jnp.asarray(points)))[:, 0]
    return measures.rank(matrix, errors=_ROUNDING * float(np.abs(matrix).max()))
