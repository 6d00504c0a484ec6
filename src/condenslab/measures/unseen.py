"""What probes do not show of a network, so that a rank on them is not the model rank."""

from jax import Array
from jaxtyping import PyTree

from condenslab.measures.probes import saturation
from condenslab.networks import MLP, TwoLayer


def unseen(network: PyTree, probes: Array, rank: int) -> str:
    """Returns why the rank on the probes need not be the model rank, one sentence; empty where nothing speaks for it.

    Args:
        network: θ.
        probes: Inputs, shape (sample, input).
        rank: The rank on the probes.

    Raises:
        ValueError: The probes show of no neuron what it does.
    """
    if not isinstance(network, TwoLayer | MLP):
        return ""
    seen = saturation(network, probes)
    if seen.complete:
        raise ValueError(f"probes must show what the neurons do. Got probes on which {seen.reason}.")
    return seen.reason
