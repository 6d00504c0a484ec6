"""The theory's tools on a decoder: its symmetries are found, and reduction undoes its embeddings."""

import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

from condenslab import networks
from condenslab.landscape import discover_symmetries, make_receipt, reduce
from condenslab.losses import CrossEntropy
from condenslab.networks import widening
from condenslab.risk import EmpiricalRisk
from sampling import sampled

TOKENS = np.random.default_rng(0).integers(11, size=(12, 5))


def drawn(**sizes):
    given = {"vocabulary": 11, "length": 6, "d_model": 5, "heads": 2, "d_k": 3, "d_v": 4, "d_ff": 7, "depth": 2}
    network = networks.decoder(1, gamma=0.3, activation="relu", **{**given, **sizes})
    theta, back = ravel_pytree(network)
    return back(theta + 0.1 * jax.random.normal(jax.random.key(2), theta.shape))


@pytest.mark.more
def test_permutations_of_heads_head_dimensions_neurons_and_d_model_are_found():
    network = drawn(depth=1, d_ff=8)
    found = discover_symmetries(network, TOKENS, 0, kinds=("permutation",), tolerance=1e-8)
    axes = {s.size: {f"{a.leaf}[{a.axis}]" for a in s.axes} for s in found}
    block = ("queries", "keys", "values", "outputs")
    assert axes == {
        2: {f".{name}[0][0]" for name in block},
        3: {".queries[0][2]", ".keys[0][2]"},
        4: {".values[0][2]", ".outputs[0][2]"},
        5: {".tokens[1]", ".positions[1]", ".expand[0][0]", ".contract[0][1]", ".readout[0]"}
        | {f".{name}[0][1]" for name in block}
        | {f".{kind}_{part}[0][0]" for kind in ("attention", "forward") for part in ("scales", "shifts")},
        8: {".expand[0][1]", ".contract[0][0]"},
    }


@pytest.mark.more
@pytest.mark.parametrize("normalisation", sampled(["post", "pre"], keep=1))
def test_reduction_undoes_embedding(normalisation):
    narrow = drawn(normalisation=normalisation)
    wide = widening.split_head(narrow, 0, 1, share=0.3)
    wide = widening.split_neuron(widening.split_neuron(wide, 1, 2, share=-0.4), 0, 0)
    wide = widening.repeat_model(widening.widen_heads(wide, 1, d_k=5, d_v=6), 2)
    risk = EmpiricalRisk(TOKENS, np.eye(11)[TOKENS[:, 0]], loss=CrossEntropy())
    found = reduce(wide, risk=risk, threshold=1e-9)
    assert found.receipt.output_difference < 1e-11 * found.receipt.output_scale
    assert found.receipt.parameters_after == networks.parameter_count(narrow) < found.receipt.parameters_before
    assert [leaf.shape for leaf in jax.tree.leaves(found.network)] == [leaf.shape for leaf in jax.tree.leaves(narrow)]
    for net in ("tokens", "positions", "queries", "keys", "values", "outputs", "forward_scales", "readout"):
        for one, other in zip(*(jax.tree.leaves(getattr(n, net)) for n in (found.network, narrow)), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-9)
    for block in range(2):  # a positive factor is free between a ReLU neuron's input and output
        neurons = [np.einsum("mf,fn->fmn", n.expand[block], n.contract[block]) for n in (found.network, narrow)]
        np.testing.assert_allclose(*neurons, atol=1e-9)
    heads, model = found.layers[0], found.layers[-1]
    assert [g.tolist() for g in heads.groups] == [[0], [1, 2]]
    assert [g.tolist() for g in model.groups] == [[k, k + 5] for k in range(5)]


def test_coordinates_with_unequal_numbers_of_copies_stay():
    """Merging two of five equal coordinates would change mean and variance."""
    network = drawn()

    def copied(path, leaf):
        name = jax.tree_util.keystr(path)
        axis = {".tokens": 1, ".positions": 1}.get(name)
        axis = 1 if name.startswith((".outputs", ".contract")) else 0 if "scales" in name or "shifts" in name else axis
        return leaf if axis is None else np.take(leaf, [0, 1, 2, 3, 3], axis=axis)

    same = jax.tree.map(jax.numpy.asarray, jax.tree_util.tree_map_with_path(copied, network))
    found = reduce(same, inputs=TOKENS)
    assert found.network.d_model == 5 and found.receipt.output_difference < 1e-12


def test_a_receipt_of_an_embedding():
    narrow = drawn()
    receipt = make_receipt(narrow, widening.repeat_model(narrow, 2), inputs=TOKENS)
    assert receipt.output_difference < 1e-12 and receipt.output_difference_random < 1e-12


def test_weights_that_are_not_finite_are_refused():
    network = jax.tree.map(lambda leaf: leaf * np.nan, drawn())
    with pytest.raises(ValueError, match="must be finite"):
        reduce(network)
