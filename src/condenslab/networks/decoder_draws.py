"""Random decoders: every matrix of standard deviation (input dimension)^−γ, with a rate γ for each kind of block."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from condenslab.networks.activations import Activation
from condenslab.networks.checks import Real, check_finite, count
from condenslab.networks.conversion import Key, as_activation, as_key
from condenslab.networks.decoder_net import Decoder, Normalisation
from condenslab.networks.draws import unit_draws
from condenslab.networks.initial import input_exponent_stds


@dataclass(frozen=True)
class InitRates:
    """γ of each kind of block: a matrix with d_in inputs has standard deviation d_in^−γ.

    γ = 0.5 is the usual scale; larger ones are smaller weights.

    Attributes:
        embedding: Of tokens and positions, whose d_in is d_model.
        attention: Of W_Q, W_K, W_V and W_O.
        forward: Of the feed-forward layers.
        readout: Of the readout.
    """

    embedding: Real
    attention: Real
    forward: Real
    readout: Real

    @classmethod
    def of(cls, gamma: "Real | InitRates") -> "InitRates":
        """Returns the rates, all equal if one number is given."""
        if isinstance(gamma, InitRates):
            return gamma
        check_finite("gamma", gamma)
        return cls(gamma, gamma, gamma, gamma)


def decoder(
    key: Key,
    *,
    vocabulary: int,
    length: int,
    d_model: int,
    heads: int = 1,
    d_k: int | None = None,
    d_v: int | None = None,
    d_ff: int | None = None,
    depth: int = 2,
    gamma: Real | InitRates,
    normalisation: Normalisation = "post",
    activation: Activation | str = "relu",
    dtype: Any = None,
) -> Decoder:
    """Draws a decoder: normal matrices of std d_in^−γ, normalisations at 1 and 0, the readout's bias as PyTorch's.

    Args:
        key: A JAX key or an integer seed.
        vocabulary: Number of tokens.
        length: The largest number of tokens in a sequence.
        d_model: Dimension of the embedding.
        heads: Heads of every attention layer.
        d_k: Dimension of queries and keys; by default d_model/heads.
        d_v: Dimension of values; by default d_k.
        d_ff: Neurons of a feed-forward layer; by default 4·d_model.
        depth: Number of blocks.
        gamma: γ, one for all or one a kind of block; it may be traced.
        normalisation: "post" or "pre".
        activation: σ of the feed-forward layers, or its name.
        dtype: Of the parameters; by default JAX's precision. Training is usual in float32.

    Raises:
        ValueError: A size is no positive whole number, or d_model is not divisible by the heads and d_k is not given.
        UserError: No such activation.

    Example:
        >>> from condenslab import networks
        >>> sizes = dict(vocabulary=201, length=20, d_model=400, d_k=200, d_ff=1200, depth=2)
        >>> networks.parameter_count(networks.decoder(0, gamma=0.8, **sizes))
        2732201
    """
    m, h, b = count("d_model", d_model), count("heads", heads), count("depth", depth)
    if d_k is None and m % h:
        raise ValueError(f"d_model must be divisible by the heads where d_k is not given. Got {m} and {h} heads.")
    k = m // h if d_k is None else count("d_k", d_k)
    v = k if d_v is None else count("d_v", d_v)
    f = 4 * m if d_ff is None else count("d_ff", d_ff)
    tokens, places = count("vocabulary", vocabulary), count("length", length)
    rates = InitRates.of(gamma)
    block = [(h, m, k), (h, m, k), (h, m, v), (h, m, v), (m, f), (f, m)]
    fans = [(m, rates.attention)] * 3 + [(h * v, rates.attention), (m, rates.forward), (f, rates.forward)]
    normal, uniform = jax.random.split(as_key(key))
    shapes = [(tokens, m), (places, m), (m, tokens)] + block * b
    units = unit_draws(normal, "normal", *shapes)
    stds = [
        input_exponent_stds(rate, (fan, 1))[0]
        for fan, rate in [(m, rates.embedding)] * 2 + [(m, rates.readout)] + fans * b
    ]
    drawn = [jnp.asarray(std * unit, dtype) for std, unit in zip(stds, units, strict=True)]
    parts = [tuple(drawn[3 + kind :: 6]) for kind in range(6)]
    (bias,) = unit_draws(uniform, "uniform", (tokens,))
    one, zero = jnp.ones(m, drawn[0].dtype), jnp.zeros(m, drawn[0].dtype)
    post = normalisation == "post"
    return Decoder(
        tokens=drawn[0],
        positions=drawn[1],
        **dict(zip(("queries", "keys", "values", "outputs", "expand", "contract"), parts, strict=True)),
        attention_scales=(one,) * b,
        attention_shifts=(zero,) * b,
        forward_scales=(one,) * b,
        forward_shifts=(zero,) * b,
        final_scale=None if post else one,
        final_shift=None if post else zero,
        readout=drawn[2],
        readout_bias=jnp.asarray(bias / math.sqrt(3 * m), dtype),
        activation=as_activation(activation),
        normalisation=normalisation,
    )
