"""Embedded points at any depth: the carried inertia against numpy's eigenvalues, the conditions against forgeries."""

import itertools
from fractions import Fraction

import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab import landscape
from condenslab.checker import verify
from condenslab.landscape import proof
from condenslab.networks import MLP
from condenslab.risk import CrossEntropy, EmpiricalRisk
from proofs import as_read, mlp, numeric_counts, resealed, soft_critical, two_layer


def agrees(risk, wide, found=None):
    found = found or proof.prove(risk, wide)
    assert found.proven and found.inertia.decided, found.reason
    assert isinstance(found, proof.CompatibleProof) and not found.isolated
    assert found.inertia.counts == numeric_counts(risk, wide)
    verdict = verify(as_read(found.certificate()))
    assert verdict.verified and f"dimension {found.dimension}" in verdict.sentence, verdict.sentence
    return found


def deep(name, widths, seed=1, **form):
    rng = np.random.default_rng(seed)
    network = mlp(rng, widths, name, **form)
    return network, golden.made_critical(network, rng.normal(size=(40, widths[0])) * 2)


def twice(network, shares=(0.25, -0.5)):
    once = landscape.split(network, 0, layer=0, share=shares[0])
    return landscape.split(once, 1, layer=1, share=shares[1])


def plan(*null):
    """Returns a compatible embedding that is no composition of splittings: the copies read each other unequally."""
    shares = (np.ones((3, 1)), np.array([[1.0, 0, 1], [0, 1, 1], [0.25, 0.75, 1]]), np.array([[0.25, 0.75, 1]] * 2))
    return landscape.CompatibleEmbedding(((0, 0, 1), (0, 0, 1)), shares, (np.zeros(3), np.zeros(3), np.zeros(2)))


def nulls(biases=(0.5, -0.3)):
    """Returns the embedding that adds a null neuron to both hidden layers of widths (1, 2, 2, 2)."""
    kept = np.diag([1.0, 1, 0])
    full = np.outer([1.0, 1, 0], [1, 1, 0])
    shares = (kept @ np.ones((3, 1)), full, full[:2])
    terms = (np.array([0, 0, biases[0]]), np.array([0, 0, biases[1]]), np.zeros(2))
    return landscape.CompatibleEmbedding(((0, 1, -1), (0, 1, -1)), shares, terms)


@pytest.mark.more
def test_every_kind_of_embedding_of_a_deep_network():
    """Splittings in both layers, mirror images, copies that read each other unequally, null neurons, and all of it.

    All of width (3, 3), so that one compiled Hessian serves the comparison. Splitting a neuron in each layer adds three
    zero modes: one share each, and the way in which the two copies read each other.
    """
    network, risk = deep("tanh", (1, 2, 2, 2))
    wide = twice(network)
    assert agrees(risk, wide).dimension == 3
    weights, biases = list(wide.weights), list(wide.biases)
    weights[0], biases[0] = weights[0].at[2].multiply(-1), biases[0].at[2].multiply(-1)
    weights[1] = weights[1].at[:, 2].multiply(-1)
    mirrored = agrees(risk, MLP(tuple(weights), tuple(biases), wide.activation))
    assert mirrored.embedding.signs == ((1, 1, -1), (1, 1, 1))
    assert agrees(risk, plan()(network)).dimension == 3
    narrow = proof.prove(risk, network)
    assert agrees(risk, plan()(network), proof.compatible(narrow, plan())).embedding.shares[1][0] == (1, 0, 1)
    assert agrees(risk, nulls()(network)).dimension == 3, "two free biases, and how one null neuron reads the other"


@pytest.mark.more
@pytest.mark.parametrize("name", ["sigmoid", "softplus", "gelu", "swish", "x_tanh", "x2_tanh"])
@pytest.mark.parametrize("biases", [True, False])
def test_every_activation_in_a_deep_network(name, biases):
    network, risk = deep(name, (2, 2, 2, 2), biases=biases)
    agrees(risk, twice(network))
    agrees(risk, landscape.split(network, 1, layer=1, share=1.5))


@pytest.mark.more
@pytest.mark.parametrize("changes", list(itertools.product(["split", ""], ["split", ""], ["null", ""]))[:-1])
def test_splittings_of_null_embeddings(changes):
    network, risk = deep("tanh", (1, 2, 2, 2))
    wide = nulls()(network) if changes[2] else network
    for layer, change in enumerate(changes[:2]):
        wide = landscape.split(wide, 0, layer=layer, share=0.4) if change else wide
    agrees(risk, wide)


@pytest.mark.more
def test_exp_and_its_symmetry_in_a_deep_network():
    """Too badly scaled for float64's eigenvalues: the zero modes are counted by hand."""
    rng = np.random.default_rng(3)
    network = mlp(rng, (1, 2, 2, 1), "exp")
    network = MLP(tuple(w / 2 for w in network.weights), tuple(b / 2 for b in network.biases), network.activation)
    risk = golden.made_critical(network, np.linspace(-1, 1, 20)[:, None])
    found = proof.prove(risk, twice(network))
    assert found.inertia.decided and found.inertia.zero == 4 + 2 + 3, "a symmetry each, and the families of the copies"
    assert verify(as_read(found.certificate())).verified


@pytest.mark.more
@pytest.mark.parametrize("widths", [(2, 2, 3), (2, 2, 2, 3)])
def test_cross_entropy(widths):
    """Every further column of the last layer has softmax's own zero mode."""
    rng = np.random.default_rng(7)
    network = mlp(rng, widths, "tanh")
    risk = soft_critical(network, rng.normal(size=(20, 2)), rng)
    wide = landscape.split(network, 0, layer=0, share=0.3)
    found = agrees(risk, wide)
    assert found.inertia.zero == 3 + 1 + (len(widths) == 3)


@pytest.mark.more
def test_exp_of_two_layers():
    rng = np.random.default_rng(1)
    network = two_layer(rng, 1, 2, 1, "exp")
    risk = golden.made_critical(network, np.linspace(-2, 2, 20)[:, None])
    assert agrees(risk, landscape.split(network, 0, share=0.3)).inertia.zero == 4


def test_what_no_theorem_here_covers_is_left_with_a_sentence():
    network, risk = deep("tanh", (1, 2, 2, 2))
    narrow = proof.prove(risk, network)
    thirds = landscape.CompatibleEmbedding(
        ((0, 0, 0, 1), (0, 1)),
        (np.ones((4, 1)), np.array([[1 / 3, 1 / 3, 1 / 3, 1]] * 2), np.ones((2, 2))),
        (np.zeros(4), np.zeros(2), np.zeros(2)),
    )
    assert "sum 1" in proof.compatible(narrow, thirds).reason, "1/3 is no binary number"
    idle = landscape.split(network, 0, layer=0, share=0.0)
    assert not proof.prove(risk, idle).proven
    skipping, skipped = deep("tanh", (2, 2, 2), residual=True)
    zero, half, one = Fraction(0), Fraction(1, 2), Fraction(1)
    how = proof.Embedding(((0, 0, 1),), ((1, 1, 1),), ((zero,) * 3,), (((one, one),) * 3, ((half, half, one),) * 2))
    assert "add their input" in proof.compatible(proof.prove(skipped, skipping), how).reason


def test_forged_embeddings():
    network, risk = deep("tanh", (1, 2, 2, 2))
    good = as_read(proof.prove(risk, plan()(network)).certificate())
    assert verify(good).verified
    inertia = good["claim"]["inertia"]
    changes = [
        ("claim", "dimension", 4),
        ("claim", "widths", [1, 3, 4, 2]),
        ("claim", "inertia", inertia | {"zero": inertia["zero"] + 1, "positive": inertia["positive"] - 1}),
        ("claim", "inertia", inertia | {"negative": inertia["negative"] + 1, "positive": inertia["positive"] - 1}),
        ("embedding", "signs", [[1, 1, 0], [1, 1, 1]]),
        ("embedding", "sources", [[0, 0, 1], [0, 1, 1]]),
        ("embedding", "sources", [[0, 0, 1], [0, 0, 0]]),
        ("embedding", "biases", [["1", "0", "0"], ["0", "0", "0"]]),
        (
            "embedding",
            "shares",
            [good["embedding"]["shares"][0], [["1", "0", "1"]] * 3, good["embedding"]["shares"][2]],
        ),
        ("embedding", "shares", good["embedding"]["shares"][:2]),
        ("embedding", "note", "nothing checks this"),
    ]
    for part, key, value in changes:
        assert not verify(resealed({**good, part: {**good[part], key: value}})).verified, (part, key)
    narrow = good["narrow"]
    shape = {**narrow["problem"]["network"], "residual": True}
    skipping = resealed({**narrow, "problem": {**narrow["problem"], "network": shape}})
    assert not verify(resealed({**good, "narrow": skipping})).verified


def test_a_wrong_carried_hessian_is_caught(monkeypatch):
    """A wide θ that is not the image of the narrow one: what must vanish there does not, and no inertia is decided."""
    network, risk = deep("tanh", (1, 2, 2, 2))
    right = proof.Embedding.wide_theta
    monkeypatch.setattr(proof.Embedding, "wide_theta", lambda *a: [v * (1 + 2.0**-20) for v in right(*a)])
    found = proof.prove(risk, plan()(network))
    assert not found.inertia.decided


def test_soft_targets_are_critical():
    rng = np.random.default_rng(7)
    network = mlp(rng, (2, 2, 3), "tanh")
    risk = soft_critical(network, rng.normal(size=(20, 2)), rng)
    assert isinstance(risk, EmpiricalRisk) and isinstance(risk.loss, CrossEntropy)
    assert np.abs(golden.gradient(risk, network)).max() < 1e-12
    assert float(jnp.abs(risk.targets.sum(axis=1) - 1).max()) < 1e-12
