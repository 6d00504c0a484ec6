"""One layer of multi-head attention as a function of matrices, and the embeddings that keep that function.

A(X) = Σ_{i≤h} softmax_row(X·W_Qi·W_Kiᵀ·Xᵀ/√d)·X·W_Vi·W_Oiᵀ for sequences X of shape (token, d_model), without mask,
bias, normalisation and skip connection. The number of heads h, the attention dimension d, the value dimension d_v and,
with an embedding and a readout around the layer, d_model are free: the same function exists at every larger size.
"""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from condenslab.networks.checks import check_shapes, count, no_dropout
from condenslab.networks.conversion import batch, parameter
from condenslab.networks.dense import Dropout


class MultiHeadAttention(eqx.Module):
    """Multi-head attention f(X) = A(X·E)·U, with E and U the identity where they are None.

    Attributes:
        queries: W_Q, shape (head, d_model, d).
        keys: W_K, shape (head, d_model, d).
        values: W_V, shape (head, d_model, d_v).
        outputs: W_O, shape (head, d_model, d_v); W_Oiᵀ maps the values of head i back to d_model.
        embedding: E, shape (token input, d_model), or None.
        readout: U, shape (d_model, token output), or None.
    """

    queries: Float[Array, "head d_model d"] = eqx.field(converter=parameter)
    keys: Float[Array, "head d_model d"] = eqx.field(converter=parameter)
    values: Float[Array, "head d_model d_v"] = eqx.field(converter=parameter)
    outputs: Float[Array, "head d_model d_v"] = eqx.field(converter=parameter)
    embedding: Float[Array, "token_input d_model"] | None = eqx.field(default=None, converter=parameter)
    readout: Float[Array, "d_model token_output"] | None = eqx.field(default=None, converter=parameter)

    def __check_init__(self) -> None:
        check_shapes(
            "a MultiHeadAttention",
            queries=(self.queries, "head d_model d"),
            keys=(self.keys, "head d_model d"),
            values=(self.values, "head d_model d_v"),
            outputs=(self.outputs, "head d_model d_v"),
            embedding=(self.embedding, "token_input d_model"),
            readout=(self.readout, "d_model token_output"),
        )

    def __call__(
        self, inputs: Float[Array, "sample ..."], dropout: Dropout | None = None
    ) -> Float[Array, "sample output"]:
        """Returns A on a batch of sequences, flattened to shape (sample, token · token output).

        Args:
            inputs: Shape (sample, token, token input), or flattened, (sample, token · token input).
            dropout: Must be None.

        Raises:
            ValueError: The inputs do not divide into tokens, or there is dropout.
        """
        no_dropout(dropout)
        hidden = self._sequences(inputs)
        if self.embedding is not None:
            hidden = hidden @ self.embedding
        q, k, v = (jnp.einsum("ntm,hmd->nhtd", hidden, w) for w in (self.queries, self.keys, self.values))
        scores = jnp.einsum("nhtd,nhud->nhtu", q, k) / jnp.sqrt(float(self.queries.shape[-1]))
        mixed = jnp.einsum("nhtu,nhud->nhtd", jax.nn.softmax(scores, axis=-1), v)
        outputs = jnp.einsum("nhtd,hmd->ntm", mixed, self.outputs)
        if self.readout is not None:
            outputs = outputs @ self.readout
        return outputs.reshape(outputs.shape[0], outputs.shape[1] * outputs.shape[2])

    @property
    def heads(self) -> int:
        """The number of heads h."""
        return self.queries.shape[-3]

    @property
    def d_model(self) -> int:
        """The dimension that the heads read from and write to."""
        return self.queries.shape[-2]

    def _sequences(self, inputs: Array) -> Array:
        inputs = batch(inputs)
        size = self.d_model if self.embedding is None else self.embedding.shape[0]
        if inputs.ndim == 2 and inputs.shape[1] % size == 0:
            return inputs.reshape(inputs.shape[0], inputs.shape[1] // size, size)
        if inputs.ndim != 3 or inputs.shape[2] != size:
            raise ValueError(
                f"sequences must have shape (sample, token, {size}), or (sample, token · {size}) flattened. "
                f"Got shape {inputs.shape}."
            )
        return inputs


def add_null_heads(network: MultiHeadAttention, heads: int) -> MultiHeadAttention:
    """Adds heads of which every weight is 0; output and model rank are kept.

    Args:
        network: Any attention layer.
        heads: How many, at least 0.

    Raises:
        ValueError: Not a whole number of at least 0.
    """
    more = count("heads", heads, least=0)
    return _replace(network, lambda w: jnp.pad(w, ((0, more), (0, 0), (0, 0))))


def duplicate_head(network: MultiHeadAttention, head: int = 0, *, share: float = 0.5) -> MultiHeadAttention:
    """Copies a head as a new last one, which takes `share` of its W_O and leaves 1 − share; the output is kept.

    Args:
        network: Any attention layer.
        head: Which head, counted from 0.
        share: The copy's part of W_O.

    Raises:
        IndexError: No such head.
    """
    if not 0 <= head < network.heads:
        raise IndexError(f"head must be one of 0 to {network.heads - 1}. Got {head}.")
    wide = _replace(network, lambda w: jnp.concatenate([w, w[head : head + 1]]))
    shares = jnp.ones(wide.heads, wide.outputs.dtype).at[head].set(1.0 - share).at[-1].set(share)
    return eqx.tree_at(lambda n: n.outputs, wide, wide.outputs * shares[:, None, None])


def widen_heads(network: MultiHeadAttention, *, d: int | None = None, d_v: int | None = None) -> MultiHeadAttention:
    """Widens the attention and value dimensions of all heads with zeros; the output is kept.

    Scores are divided by √d, so W_Q is multiplied by √(new d/old d); without that the softmax would flatten.

    Args:
        network: Any attention layer.
        d: The new attention dimension; None leaves it.
        d_v: The new value dimension; None leaves it.

    Raises:
        ValueError: A new dimension is smaller than the old one.
    """
    old = network.queries.shape[-1], network.values.shape[-1]
    new = (
        old[0] if d is None else count("d", d, least=old[0]),
        old[1] if d_v is None else count("d_v", d_v, least=old[1]),
    )
    scores, mixed = (((0, 0), (0, 0), (0, wide - narrow)) for wide, narrow in zip(new, old, strict=True))
    return eqx.tree_at(
        lambda n: (n.queries, n.keys, n.values, n.outputs),
        network,
        (
            jnp.pad(network.queries, scores) * jnp.sqrt(new[0] / old[0]),
            jnp.pad(network.keys, scores),
            jnp.pad(network.values, mixed),
            jnp.pad(network.outputs, mixed),
        ),
    )


def widen_model(network: MultiHeadAttention, d_model: int) -> MultiHeadAttention:
    """Widens d_model with zeros between an embedding and a readout; the output is kept.

    Args:
        network: A layer with embedding and readout: without them d_model is the dimension of the inputs.
        d_model: The new dimension.

    Raises:
        ValueError: It is smaller than the old one, or the layer has no embedding and readout.
    """
    if network.embedding is None or network.readout is None:
        raise ValueError("d_model can grow only between an embedding and a readout; this layer must have both.")
    more = count("d_model", d_model, least=network.d_model) - network.d_model
    wide = _replace(network, lambda w: jnp.pad(w, ((0, 0), (0, more), (0, 0))))
    ends = jnp.pad(network.embedding, ((0, 0), (0, more))), jnp.pad(network.readout, ((0, more), (0, 0)))
    return eqx.tree_at(lambda n: (n.embedding, n.readout), wide, ends)


def _replace(network: MultiHeadAttention, change: Callable[[Array], Array]) -> MultiHeadAttention:
    """Changes the four weights of the heads alike."""
    weights = network.queries, network.keys, network.values, network.outputs
    return eqx.tree_at(lambda n: (n.queries, n.keys, n.values, n.outputs), network, tuple(map(change, weights)))
