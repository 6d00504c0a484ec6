"""Decoders against loops over samples, heads and tokens, published sizes, and embeddings that keep the function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from condenslab import networks
from condenslab.interop import load_network, save_network
from condenslab.losses import CrossEntropy
from condenslab.networks import InitRates, widening
from condenslab.risk import EmpiricalRisk
from sampling import sampled

SIZES = {"vocabulary": 11, "length": 6, "d_model": 5, "heads": 2, "d_k": 3, "d_v": 4, "d_ff": 7, "depth": 2}
TOKENS = np.random.default_rng(0).integers(11, size=(8, 5))


def drawn(normalisation="post", activation="tanh", **sizes):
    network = networks.decoder(1, gamma=0.3, normalisation=normalisation, activation=activation, **{**SIZES, **sizes})
    theta, back = ravel_pytree(network)
    return back(theta + 0.1 * jax.random.normal(jax.random.key(2), theta.shape))  # no scale stays 1, no shift 0


def normed(x, scale, shift):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5) * scale + shift


def by_loops(net, sequence):
    """The logits at every token of one sequence, from the definition."""
    net = jax.tree.map(np.asarray, net)
    x = [net.tokens[t] + net.positions[k] for k, t in enumerate(sequence)]
    for b in range(net.depth):

        def n1(v, b=b):
            return normed(v, net.attention_scales[b], net.attention_shifts[b])

        def n2(v, b=b):
            return normed(v, net.forward_scales[b], net.forward_shifts[b])

        read = x if net.is_post else [n1(v) for v in x]
        mixed = []
        for t in range(len(x)):
            total = np.zeros_like(x[0])
            for q, k, v, o in zip(net.queries[b], net.keys[b], net.values[b], net.outputs[b], strict=True):
                scores = np.array([(read[t] @ q) @ (read[s] @ k) for s in range(t + 1)]) / np.sqrt(q.shape[1])
                share = np.exp(scores) / np.exp(scores).sum()
                total = total + sum(p * (read[s] @ v) for s, p in enumerate(share)) @ o.T
            mixed.append(total)

        def feed(v, b=b):
            return np.tanh(v @ net.expand[b]) @ net.contract[b]

        if net.is_post:
            x = [n1(v + m) for v, m in zip(x, mixed, strict=True)]
            x = [n2(v + feed(v)) for v in x]
        else:
            x = [v + m for v, m in zip(x, mixed, strict=True)]
            x = [v + feed(n2(v)) for v in x]
    last = x if net.is_post else [normed(v, net.final_scale, net.final_shift) for v in x]
    return np.array([v @ net.readout + net.readout_bias for v in last])


@pytest.mark.parametrize("normalisation", ["post", "pre"])
def test_against_loops(normalisation):
    network = drawn(normalisation)
    expected = np.array([by_loops(network, sequence) for sequence in TOKENS])
    np.testing.assert_allclose(network.at_every_token(TOKENS), expected, atol=1e-10)
    np.testing.assert_allclose(network(TOKENS), expected[:, -1], atol=1e-10)
    np.testing.assert_allclose(network(TOKENS.astype(float) + 0.2), expected[:, -1], atol=1e-10)
    for pattern in network.patterns(TOKENS):
        assert pattern.shape == (8, 2, 5, 5)
        np.testing.assert_allclose(pattern.sum(axis=-1), 1.0)
        assert np.all(np.triu(np.asarray(pattern), 1) == 0)


def test_the_published_number_of_parameters():
    """Zhang et al., arXiv 2405.05409, code: 2,732,201."""
    sizes = {"vocabulary": 201, "length": 20, "d_model": 400, "d_k": 200, "d_ff": 1200, "depth": 2}
    shapes = jax.eval_shape(lambda: networks.decoder(0, gamma=0.8, **sizes))
    assert sum(leaf.size for leaf in jax.tree.leaves(shapes)) == 2_732_201


def test_initial_scales_by_kind_of_block():
    sizes = {"vocabulary": 150, "length": 8, "d_model": 64, "heads": 2, "d_k": 24, "d_ff": 256, "depth": 2}
    net = networks.decoder(3, gamma=InitRates(0.1, 0.5, 0.8, 1.1), **sizes)
    expected = [
        (net.tokens, 64**-0.1), (net.queries[1], 64**-0.5), (net.keys[0], 64**-0.5), (net.values[0], 64**-0.5),
        (net.outputs[1], 48**-0.5), (net.expand[0], 64**-0.8), (net.contract[1], 256**-0.8), (net.readout, 64**-1.1),
    ]  # fmt: skip
    for array, std in expected:
        assert float(jnp.std(array)) == pytest.approx(std, rel=0.06)
    assert net.tokens.dtype == jnp.float64 and float(jnp.abs(net.readout_bias).max()) <= 1 / 8
    assert networks.decoder(3, gamma=0.5, dtype=jnp.float32, **sizes).readout.dtype == jnp.float32
    with pytest.raises(ValueError, match="divisible by the heads"):
        networks.decoder(0, gamma=0.5, vocabulary=9, length=4, d_model=10, heads=3)


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        ([[1, 11]], "from 0 to 10"),
        ([[-1, 0]], "from 0 to 10"),
        ([[np.nan, 0]], "from 0 to 10"),
        ([[0] * 7], "1 to 6"),
        ([1, 2], "1 to 6"),
        (np.zeros((3, 0)), "1 to 6"),
    ],
)
def test_what_is_no_token_is_refused(tokens, message):
    with pytest.raises(ValueError, match=message):
        drawn()(np.array(tokens))


EMBEDDINGS = {
    "split head": lambda n: widening.split_head(n, 0, 1, share=0.3),
    "split neuron": lambda n: widening.split_neuron(n, 1, 2, share=-0.4),
    "wider heads": lambda n: widening.widen_heads(n, 1, d_k=5, d_v=6),
    "repeated model": lambda n: widening.repeat_model(n, 3),
}


@pytest.mark.parametrize("normalisation", sampled(["post", "pre"], keep=1))
@pytest.mark.parametrize("name", sampled(list(EMBEDDINGS), keep=2))
def test_embeddings_keep_output_and_gradient(name, normalisation):
    """Every wide entry is c·θ_s. Then Σ c·∂R′ over the entries of a source is ∂R, and ∂R′ vanishes where ∂R does."""
    narrow = drawn(normalisation)
    theta, back = ravel_pytree(narrow)
    embedded = lambda values: np.asarray(ravel_pytree(EMBEDDINGS[name](back(jnp.asarray(values))))[0])  # noqa: E731
    wide = EMBEDDINGS[name](narrow)
    np.testing.assert_allclose(wide(TOKENS), narrow(TOKENS), atol=1e-11)
    risk = EmpiricalRisk(TOKENS, np.eye(11)[TOKENS[:, 0]], loss=CrossEntropy())
    small, big = (np.asarray(ravel_pytree(risk.gradient(n))[0]) for n in (narrow, wide))
    factor = embedded(np.ones(theta.size))
    source = np.rint(embedded(np.arange(float(theta.size))) / np.where(factor == 0, 1.0, factor)).astype(int)
    summed = np.zeros(theta.size)
    np.add.at(summed, source, factor * big)
    np.testing.assert_allclose(summed, small, atol=1e-11)
    assert np.all(np.abs(big) <= np.where(factor == 0, 0.0, 3.1 * np.abs(small[source])) + 1e-13)


def test_what_cannot_be_widened_is_said():
    with pytest.raises(IndexError, match="head must be one of 0 to 1"):
        widening.split_head(drawn(), 0, 2)
    with pytest.raises(IndexError, match="block must be one of 0 to 1"):
        widening.widen_heads(drawn(), 2, d_k=4)
    with pytest.raises(ValueError, match="at least 3"):
        widening.widen_heads(drawn(), 0, d_k=2)


@pytest.mark.parametrize("normalisation", ["post", "pre"])
def test_a_file_gives_back_every_bit(normalisation, tmp_path):
    network = widening.split_head(drawn(normalisation), 1)
    save_network(tmp_path / "decoder.safetensors", network)
    back = load_network(tmp_path / "decoder.safetensors")
    assert jax.tree.structure(back) == jax.tree.structure(network)
    assert all(np.array_equal(a, b) for a, b in zip(jax.tree.leaves(back), jax.tree.leaves(network), strict=True))
