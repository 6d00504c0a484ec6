"""Ranks that float64 alone reads: whether a model has the same rank at all parameters with the same coincidences."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree
from jaxtyping import PyTree

from condenslab.measures.fixed_point import looks_rounded
from condenslab.measures.rank_evidence import fades, spectra
from condenslab.measures.tangent_array import tangent_array

_WAY = 0.05
"""How far parameters are moved, relative to their size: neurons that nearly agree then visibly do not."""
_SMALL, _RAISED = 1e-3, 0.3
"""Smaller parameters are raised to about this size in every second draw, so that what they do is above the noise."""
_FREE_DIGITS = 40
"""Parameters that leave so many of float64's binary digits unused (1, 0.5, 3) stay: relations among them are meant."""
_DRAWS = 2


def is_common(network: PyTree, probes: Array, predict: Callable, rank: int) -> bool:
    """Whether parameters drawn anew next to θ, with the same coincidences, have this rank, clearly, and no other.

    Coincidences: parameters that are equal, up to sign, are moved alike; zeros and numbers of few digits stay. Of an
    analytic model the rank at θ exceeds that at almost all such parameters nowhere. So what float64 sees at θ and at
    them is the rank at θ; where they have more, neurons may nearly agree, or a weight is tiny, and float64 cannot tell.

    Args:
        network: θ.
        probes: Inputs.
        predict: (params, inputs) → outputs.
        rank: The rank that float64 shows at θ.
    """
    theta, unravel = ravel_pytree(network)
    shown = False
    for moved in _draws(np.asarray(theta)):
        most, clear = _read(tangent_array(unravel(jnp.asarray(moved)), probes, predict=predict))
        if most > rank:
            return False
        shown = shown or (clear and most == rank)
    return shown


def _read(jacobian: np.ndarray) -> tuple[int, bool]:
    """Returns the rank above the noise, and whether nothing fades into it."""
    matrix = jacobian.reshape(-1, jacobian.shape[-1])
    if not np.all(np.isfinite(matrix)):
        return 0, False
    values, cut, second = spectra(matrix, 0.0)
    clear = cut.decided and second.decided and cut.count == second.count
    return max(cut.count, second.count), clear and not fades(values[: cut.count], cut.gap)


def _draws(theta: np.ndarray) -> list[np.ndarray]:
    sizes, place = np.unique(np.abs(theta), return_inverse=True)
    fixed = ~looks_rounded(sizes, _FREE_DIGITS)
    draws = []
    for seed in range(_DRAWS):
        factors = np.random.default_rng(seed).uniform(1 - _WAY, 1 + _WAY, (2, sizes.size))
        moved = np.where(fixed, sizes, sizes * factors[0])
        tiny = (sizes > 0) & (sizes < _SMALL)
        raised = np.where(tiny, _RAISED * factors[1], moved) if seed % 2 else moved
        draws.append(np.sign(theta) * raised[place.reshape(-1)])
    return draws
