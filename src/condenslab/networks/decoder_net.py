"""A decoder: the transformer of the sources, which reads a sequence of tokens and answers at the last one."""

from typing import Any, Literal

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.core import Tracer
from jaxtyping import Float

from condenslab.networks.activations import Activation
from condenslab.networks.checks import check_shapes, no_dropout
from condenslab.networks.conversion import parameter, parameters
from condenslab.networks.decoder_layers import attend, attention_pattern, feed_forward, layer_norm
from condenslab.networks.dense import Dropout

Normalisation = Literal["post", "pre"]
_LAYERED = {
    "queries": "head{} d_model d_k{}",
    "keys": "head{} d_model d_k{}",
    "values": "head{} d_model d_v{}",
    "outputs": "head{} d_model d_v{}",
    "attention_scales": "d_model",
    "attention_shifts": "d_model",
    "expand": "d_model d_ff{}",
    "contract": "d_ff{} d_model",
    "forward_scales": "d_model",
    "forward_shifts": "d_model",
}


class Decoder(eqx.Module):
    """A decoder with learned positions and causal attention: tokens (sample, token) → logits (sample, vocabulary).

    Each block is attention and a feed-forward layer, both with a skip connection. Post-norm: x ← N(x + A(x)), then
    x ← N(x + F(x)). Pre-norm: x ← x + A(N(x)), then x ← x + F(N(x)), and a last N before the readout. No matrix has a
    bias but the readout. The answer is read at the last token, for which alone the last block is computed.

    Attributes:
        tokens: Embedding, shape (vocabulary, d_model).
        positions: Learned positions, shape (position, d_model).
        queries: W_Q, one a block, shape (head, d_model, d_k).
        keys: W_K, as W_Q.
        values: W_V, one a block, shape (head, d_model, d_v).
        outputs: W_O, as W_V; W_Oᵀ maps the values of a head back to d_model.
        attention_scales: Of the normalisation at the attention, one a block, shape (d_model,).
        attention_shifts: The same.
        expand: W₁ of the feed-forward layer, one a block, shape (d_model, d_ff).
        contract: W₂, one a block, shape (d_ff, d_model).
        forward_scales: Of the normalisation at the feed-forward layer, one a block, shape (d_model,).
        forward_shifts: The same.
        final_scale: Of the last normalisation, shape (d_model,); None for post-norm.
        final_shift: The same.
        readout: Shape (d_model, vocabulary).
        readout_bias: Shape (vocabulary,).
        activation: σ of the feed-forward layers.
        normalisation: "post" or "pre".

    References:
        Vaswani et al., NeurIPS 2017; the settings of Zhang et al., arXiv 2405.05409.
    """

    tokens: Float[Array, "vocabulary d_model"] = eqx.field(converter=parameter)
    positions: Float[Array, "position d_model"] = eqx.field(converter=parameter)
    queries: tuple[Float[Array, "_ d_model _"], ...] = eqx.field(converter=parameters)
    keys: tuple[Float[Array, "_ d_model _"], ...] = eqx.field(converter=parameters)
    values: tuple[Float[Array, "_ d_model _"], ...] = eqx.field(converter=parameters)
    outputs: tuple[Float[Array, "_ d_model _"], ...] = eqx.field(converter=parameters)
    attention_scales: tuple[Float[Array, " d_model"], ...] = eqx.field(converter=parameters)
    attention_shifts: tuple[Float[Array, " d_model"], ...] = eqx.field(converter=parameters)
    expand: tuple[Float[Array, "d_model _"], ...] = eqx.field(converter=parameters)
    contract: tuple[Float[Array, "_ d_model"], ...] = eqx.field(converter=parameters)
    forward_scales: tuple[Float[Array, " d_model"], ...] = eqx.field(converter=parameters)
    forward_shifts: tuple[Float[Array, " d_model"], ...] = eqx.field(converter=parameters)
    final_scale: Float[Array, " d_model"] | None = eqx.field(converter=parameter)
    final_shift: Float[Array, " d_model"] | None = eqx.field(converter=parameter)
    readout: Float[Array, "d_model vocabulary"] = eqx.field(converter=parameter)
    readout_bias: Float[Array, " vocabulary"] = eqx.field(converter=parameter)
    activation: Activation = eqx.field(static=True)
    normalisation: Normalisation = eqx.field(static=True, default="post")

    def __check_init__(self) -> None:
        if self.normalisation not in ("post", "pre"):
            raise ValueError(f"normalisation must be 'post' or 'pre'. Got {self.normalisation!r}.")
        if (self.final_scale is None) != (self.final_shift is None) or (self.final_scale is None) != self.is_post:
            raise ValueError("a pre-norm decoder has a final scale and shift, and a post-norm one has neither.")
        depths = {len(getattr(self, name)) for name in _LAYERED}
        if len(depths) != 1 or 0 in depths:
            raise ValueError(f"a decoder must have at least one block, and its parts one entry each. Got {depths}.")
        blocks = {
            f"{name}[{k}]": (array, axes.replace("{}", str(k)))
            for name, axes in _LAYERED.items()
            for k, array in enumerate(getattr(self, name))
        }
        check_shapes(
            "a Decoder",
            tokens=(self.tokens, "vocabulary d_model"),
            positions=(self.positions, "position d_model"),
            final_scale=(self.final_scale, "d_model"),
            final_shift=(self.final_shift, "d_model"),
            readout=(self.readout, "d_model vocabulary"),
            readout_bias=(self.readout_bias, "vocabulary"),
            **blocks,
        )

    def __call__(self, inputs: Any, dropout: Dropout | None = None) -> Array:
        """Returns the logits at the last token, shape (sample, vocabulary).

        Args:
            inputs: Numbers of tokens, shape (sample, token); floating-point numbers are rounded.
            dropout: Must be None.

        Raises:
            ValueError: The tokens are no matrix, too many for the positions, or (where they are known) none of the
                vocabulary; or there is dropout.
        """
        no_dropout(dropout)
        return self._logits(self._last_hidden(inputs, every=False)[:, -1])

    def at_every_token(self, inputs: Any) -> Array:
        """Returns the logits at every token, shape (sample, token, vocabulary).

        Args:
            inputs: Numbers of tokens, shape (sample, token).
        """
        hidden = self._last_hidden(inputs, every=True)
        return self._logits(hidden.reshape(-1, self.d_model)).reshape(*hidden.shape[:2], -1)

    def patterns(self, inputs: Any) -> tuple[Array, ...]:
        """Returns what every head attends to, one array a block, shape (sample, head, query, token).

        Args:
            inputs: Numbers of tokens, shape (sample, token).
        """
        hidden, found = self._embedded(inputs), []
        for block in range(self.depth):
            read = hidden if self.is_post else self._normed(hidden, block, "attention")
            found.append(attention_pattern(self.queries[block], self.keys[block], read, read))
            hidden = self._block(hidden, block, hidden.shape[1])
        return tuple(found)

    @property
    def depth(self) -> int:
        """The number of blocks."""
        return len(self.queries)

    @property
    def d_model(self) -> int:
        """The dimension of the embedding."""
        return self.tokens.shape[-1]

    @property
    def vocabulary(self) -> int:
        """The number of tokens."""
        return self.tokens.shape[-2]

    @property
    def is_post(self) -> bool:
        """Whether normalisation follows the skip connections."""
        return self.normalisation == "post"

    def _last_hidden(self, inputs: Any, *, every: bool) -> Array:
        hidden = self._embedded(inputs)
        for block in range(self.depth):
            last = block == self.depth - 1 and not every
            hidden = self._block(hidden, block, 1 if last else hidden.shape[1])
        return hidden

    def _block(self, hidden: Array, block: int, count: int) -> Array:
        """Returns a block's output for the last `count` tokens."""
        weights = self.queries[block], self.keys[block], self.values[block], self.outputs[block]
        feed = self.expand[block], self.contract[block], self.activation
        own = hidden[:, hidden.shape[1] - count :]
        if self.is_post:
            own = self._normed(own + attend(*weights, own, hidden), block, "attention")
            return self._normed(own + feed_forward(*feed, own), block, "forward")
        read = self._normed(hidden, block, "attention")
        own = own + attend(*weights, read[:, hidden.shape[1] - count :], read)
        return own + feed_forward(*feed, self._normed(own, block, "forward"))

    def _normed(self, hidden: Array, block: int, which: str) -> Array:
        if which == "attention":
            return layer_norm(hidden, self.attention_scales[block], self.attention_shifts[block])
        return layer_norm(hidden, self.forward_scales[block], self.forward_shifts[block])

    def _logits(self, hidden: Array) -> Array:
        if self.final_scale is not None and self.final_shift is not None:
            hidden = layer_norm(hidden, self.final_scale, self.final_shift)
        return hidden @ self.readout + self.readout_bias[None]

    def _embedded(self, inputs: Any) -> Array:
        numbers = self._numbers(inputs)
        return self.tokens[numbers] + self.positions[None, : numbers.shape[1]]

    def _numbers(self, inputs: Any) -> Array:
        known = not isinstance(inputs, Tracer)
        array = np.asarray(inputs) if known else inputs
        most = self.positions.shape[0]
        if array.ndim != 2 or not 0 < array.shape[1] <= most:
            raise ValueError(f"tokens must have shape (sample, 1 to {most}). Got shape {array.shape}.")
        if jnp.issubdtype(array.dtype, jnp.floating):
            array = (np if known else jnp).round(array)
        if known and not (np.all(array >= 0) and np.all(array <= self.vocabulary - 1)):
            raise ValueError(f"tokens must be numbers from 0 to {self.vocabulary - 1}. Got others.")
        return jnp.asarray(array).astype(jnp.int32)
