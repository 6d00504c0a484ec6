"""What probes do not show of a network, so that a rank on them is not the model rank."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import PyTree

from condenslab.measures.cells import further_cells, is_piecewise
from condenslab.measures.probes import saturation
from condenslab.measures.rank_evidence import spectra
from condenslab.measures.tangent_array import tangent_array
from condenslab.networks import MLP, TwoLayer

QUIET_CELLS = 32
"""The rank must not have grown over so many new cells (or all that there are) to be called that of the model."""


def unseen(network: PyTree, probes: Array, rank: int, parameters: int) -> str:
    """Returns why the rank on the probes need not be the model rank, one sentence; empty where nothing speaks for it.

    Args:
        network: θ.
        probes: Inputs, shape (sample, input).
        rank: The rank on the probes.
        parameters: M, more than which no rank is.

    Raises:
        ValueError: The probes show of no neuron what it does.
    """
    reason = ""
    if isinstance(network, TwoLayer | MLP):
        seen = saturation(network, probes)
        if seen.complete:
            raise ValueError(f"probes must show what the neurons do. Got probes on which {seen.reason}.")
        reason = seen.reason
    if not is_piecewise(network):
        return reason
    if rank >= parameters:
        return ""
    return _missed_cells(network, np.asarray(probes, dtype=np.float64), rank)


def _missed_cells(network: PyTree, probes: np.ndarray, rank: int) -> str:
    cells = further_cells(network, probes)
    if not cells:
        return ""
    more = _rank_with(network, probes, cells)
    if more > rank:
        return (
            f"the probes miss cells of the piecewise model, and with {len(cells)} more cells the rank is {more} or "
            f"higher, not {rank}: use measures.covering_probes, or add measures.further_probes"
        )
    if len(cells) > QUIET_CELLS and _rank_with(network, probes, cells[:-QUIET_CELLS]) < more:
        return f"the rank still grows with every {QUIET_CELLS} cells of the piecewise model: take more probes"
    return ""


def _rank_with(network: PyTree, probes: np.ndarray, cells: list[np.ndarray]) -> int:
    jacobian = tangent_array(network, jnp.asarray(np.concatenate([probes, *cells])))
    _, cut, second = spectra(jacobian.reshape(-1, jacobian.shape[-1]), 0.0)
    return max(cut.count, second.count)
