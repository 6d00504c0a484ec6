"""Random networks of each architecture, and the symmetries that are found from their functions."""

from itertools import pairwise

import jax
import jax.numpy as jnp
from jax import Array

from condenslab import landscape, networks
from condenslab.networks import CNN, MLP, MultiHeadAttention
from condenslab.networks.spline import KAN, uniform_knots
from condenslab.studies.invariance.discovery import Case
from condenslab.sweeps import Outcome, Progress


def symmetries_of(case: Case, progress: Progress) -> Outcome:
    """Returns the sets of axes whose units can be permuted.

    Args:
        case: The architecture, the number of inputs and the seed.
        progress: Called with (fraction, text).
    """
    keys = jax.random.split(jax.random.key(case.seed), 3)
    network = _MAKERS[case.architecture]()
    inputs = jax.random.normal(keys[1], (case.samples, *_INPUTS[case.architecture]))
    if case.architecture == "KAN":
        inputs = jnp.tanh(inputs)  # splines live on [−1, 1]
    symmetries = landscape.discover_symmetries(network, inputs, keys[2], kinds=("permutation",))
    progress(1.0, f"symmetries of {case.architecture}")
    leaves = jax.tree_util.tree_leaves_with_path(network)
    axes = [f"{jax.tree_util.keystr(path)[1:]}[{k}]" for path, leaf in leaves for k in range(leaf.ndim)]
    return Outcome(
        {
            "sets": [[f"{axis.leaf[1:]}[{axis.axis}]" for axis in symmetry.axes] for symmetry in symmetries],
            "sizes": [symmetry.size for symmetry in symmetries],
            "axes": axes,
            "largest_change": max((symmetry.deviation for symmetry in symmetries), default=0.0),
        }
    )


def _dense() -> MLP:
    sizes = (2, 5, 4, 3)
    weights = tuple(jnp.zeros((o, i)) for i, o in pairwise(sizes))
    return MLP(weights, tuple(jnp.zeros(o) for o in sizes[1:]), networks.activation("tanh"))


def _convolution() -> CNN:
    kernels: tuple[Array, ...] = (jnp.zeros((3, 1, 2, 2)), jnp.zeros((5, 3, 2, 2)))
    head = {"weights": (jnp.zeros((7, 5 * 4)),), "biases": (None,)}
    biases = (jnp.zeros(3), jnp.zeros(5))
    return CNN(kernels, biases, **head, activation=networks.activation("tanh"), strides=(1, 1), pools=(1, 1))


def _attention() -> MultiHeadAttention:
    shapes = [(3, 7, 2), (3, 7, 2), (3, 7, 5), (3, 7, 5), (4, 7), (7, 6)]
    return MultiHeadAttention(*map(jnp.zeros, shapes))


def _kan() -> KAN:
    knots = uniform_knots(-1.0, 1.0, 3, 2)
    bases = len(knots) - 3
    return KAN((jnp.zeros((4, 2, bases)), jnp.zeros((3, 4, bases))), (knots, knots), 2)


_MAKERS = {"dense": _dense, "convolution": _convolution, "attention": _attention, "KAN": _kan}
_INPUTS = {"dense": (2,), "convolution": (1, 4, 4), "attention": (5, 4), "KAN": (2,)}
