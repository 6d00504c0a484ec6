"""Large sums over samples as a few matrix products, a chunk of samples at a time, so that memory stays bounded."""

import itertools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

_SLAB = 64
_MOST_SLABS = 8


def sum_over_chunks(part: Callable[..., Any], arrays: tuple[Array, ...], size: int) -> Any:
    """Returns part(*arrays), for a function that sums over the first axis, added up over chunks of that axis.

    Args:
        part: Arrays of any number of samples → a pytree of sums over these samples.
        arrays: Each of shape (sample, …).
        size: Samples in a chunk, at most; everything is one chunk where there are not more.
    """
    samples = arrays[0].shape[0]
    if samples <= size:
        return part(*arrays)
    chunks = -(-samples // size)
    size = samples // chunks
    head = tuple(array[: chunks * size].reshape(chunks, size, *array.shape[1:]) for array in arrays)

    def add(total: Any, chunk: tuple[Array, ...]) -> tuple[Any, None]:
        return jax.tree.map(jnp.add, total, part(*chunk)), None

    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), jax.eval_shape(part, *(a[0] for a in head)))
    total = jax.lax.scan(add, zeros, head)[0]
    if samples == chunks * size:
        return total
    return jax.tree.map(jnp.add, total, part(*(array[chunks * size :] for array in arrays)))


def gram_slabs(columns: Float[Array, "param row"]) -> tuple[Float[Array, "_ _"], ...]:
    """Returns the upper block triangle of columns·columnsᵀ: slab by slab of parameters, each against all from it on.

    A matrix product does not know that its result is symmetric; with eight slabs it computes 56 % of it.

    Args:
        columns: The transpose of a Jacobian, or any matrix.
    """
    bounds = _bounds(columns.shape[0])
    return tuple(columns[a:b] @ columns[a:].T for a, b in itertools.pairwise(bounds))


def unfold_slabs(slabs: tuple[Float[Array, "_ _"], ...]) -> Float[Array, "param param"]:
    """Returns the symmetric matrix of which `gram_slabs` gave the upper block triangle."""
    bounds = _bounds(slabs[0].shape[1])
    upper = [slab[:, slab.shape[0] :] for slab in slabs]
    rows = []
    for number, slab in enumerate(slabs):
        left = [
            jnp.swapaxes(upper[other][:, bounds[number] - bounds[other + 1] :][:, : slab.shape[0]], 0, 1)
            for other in range(number)
        ]
        rows.append(jnp.concatenate([*left, slab], axis=1))
    return jnp.concatenate(rows, axis=0)


def _bounds(size: int) -> list[int]:
    slabs = min(max(1, size // _SLAB), _MOST_SLABS)
    return [size * k // slabs for k in range(slabs + 1)]
