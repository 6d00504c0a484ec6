"""What would give a theorem about something else: own activations, losses and risks, foreign data, bad forms."""

from dataclasses import replace
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab.checker import verify
from condenslab.errors import UserError
from condenslab.landscape import proof
from condenslab.losses import CrossEntropy, SquaredLoss
from condenslab.networks import Activation, TwoLayer, activation
from condenslab.risk import EmpiricalRisk
from proofs import as_read, mlp, numeric_counts, resealed

HALF = Fraction(1, 2)


def with_sigma(sigma):
    one = golden.stationary(1)
    return TwoLayer(one.input_weights, one.biases, one.output_weights, None, sigma)


class Decayed(EmpiricalRisk):
    def value(self, params):
        return super().value(params) + 0.1 * sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))


class Quartic(SquaredLoss):
    def value(self, outputs, targets):
        return jnp.sum((outputs - targets) ** 4, axis=1)


class Smoothed(CrossEntropy):
    pass


class Negated(TwoLayer):
    def __call__(self, inputs):
        return -super().__call__(inputs)


def negated():
    one = golden.stationary(1)
    return Negated(one.input_weights, one.biases, one.output_weights, None, one.activation)


def risk_with(loss, targets=None):
    risk = golden.three_tanh()
    return EmpiricalRisk(risk.inputs, risk.targets if targets is None else targets, loss=loss)


FOREIGN = {
    "an activation of that name": (lambda: (golden.three_tanh(), with_sigma(Activation("tanh", jnp.sin))), UserError),
    "a subclass of the risk": (
        lambda: (Decayed(golden.three_tanh().inputs, golden.three_tanh().targets), golden.stationary(1)),
        TypeError,
    ),
    "a loss of one's own": (lambda: (risk_with(Quartic()), golden.stationary(1)), UserError),
    "a subclass of cross-entropy": (
        lambda: (risk_with(Smoothed(), jnp.ones((50, 1))), golden.stationary(1)),
        UserError,
    ),
    "a subclass of the network": (lambda: (golden.three_tanh(), negated()), TypeError),
    "no risk": (lambda: ((1, 2), golden.stationary(1)), TypeError),
}


@pytest.mark.parametrize("name", FOREIGN)
def test_formulas_that_are_not_the_packages_are_refused(name):
    make, error = FOREIGN[name]
    with pytest.raises(error, match="proof"):
        proof.prove(*make())
    if name == "an activation of that name":
        with pytest.raises(UserError):
            proof.proven_rank(make()[1], [[1.0], [2.0]])


def test_copies_of_a_silent_neuron_are_no_zeros():
    """a = 0: the shares of its copies mean nothing, and each adds [[0, B], [Bᵀ, 0]] with B ≠ 0."""
    silent = golden.tanh_network([(1.0, 0.8, 0.3), (0.0, -0.6, 1.2)])
    risk = golden.made_critical(silent, np.linspace(-4, 4, 20)[:, None])
    wide = golden.tanh_network([(1.0, 0.8, 0.3), (0.0, -0.6, 1.2), (0.0, -0.6, 1.2)])
    narrow, truth = proof.prove(risk, silent), numeric_counts(risk, wide)
    assert truth == (4, 2, 3)
    for share in (Fraction(1), HALF, Fraction(3, 2)):
        neurons = (proof.Neuron(0, Fraction(1)), proof.Neuron(1, share), proof.Neuron(1, 1 - share))
        found = proof.embedded(narrow.problem, narrow, neurons)
        assert found.inertia.counts == truth and found.dimension == 0
        assert verify(as_read(found.certificate())).verified
    assert proof.prove(risk, wide).inertia.counts == truth


def test_a_layer_that_adds_its_input_is_not_embedded():
    network = mlp(np.random.default_rng(0), (1, 1, 1), "tanh", residual=True)
    narrow = proof.prove(golden.made_critical(network, np.linspace(-3, 3, 20)[:, None]), network)
    assert narrow.proven
    pair = (proof.Neuron(0, HALF), proof.Neuron(0, HALF))
    with pytest.raises(ValueError, match="without skips"):
        proof.embedded(narrow.problem, narrow, pair)
    plain = as_read(proof.embedded(*plain_pair(), pair).certificate())
    forged = resealed({**plain, "narrow": as_read(narrow.certificate())})
    assert not verify(forged).verified


def plain_pair():
    one = proof.prove(golden.three_tanh(), golden.stationary(1))
    return one.problem, one


def test_a_narrow_proof_of_other_data_carries_nothing():
    risk, (problem, narrow) = golden.three_tanh(), plain_pair()
    other = proof.problem_of(EmpiricalRisk(risk.inputs, 2 * risk.targets), golden.stationary(1))
    with pytest.raises(ValueError, match="the data"):
        proof.embedded(other, narrow, (proof.Neuron(0, HALF), proof.Neuron(0, HALF)))
    doubled = TwoLayer(*(lambda n: (n.input_weights, n.biases, 2 * n.output_weights))(golden.stationary(1)), None,
                       activation("tanh"))  # fmt: skip
    with pytest.raises(ValueError, match="same data"):
        proof.distinct_functions([narrow, proof.prove(other, doubled)])
    assert problem.same_data(narrow.problem) and not other.same_data(problem)


@pytest.mark.parametrize(
    ("neurons", "reason"),
    [
        ((proof.Neuron(0, HALF, 5), proof.Neuron(0, HALF)), "sign"),
        ((proof.Neuron(3, Fraction(1)),), "sum 1"),
        ((proof.Neuron(0, Fraction(1)), proof.Neuron(None, Fraction(0), 1, HALF)), "null neuron"),
    ],
)
def test_neurons_that_state_no_embedding(neurons, reason):
    found = proof.embedded(*plain_pair(), neurons)
    assert not found.proven and reason in found.reason


@pytest.mark.parametrize(
    "how",
    [{"digits": 20}, {"digits": True}, {"digits": 10**12, "max_digits": 10**13}, {"max_digits": 60},
     {"reach": float("nan")}, {"reach": -1.0}],
)  # fmt: skip
def test_settings_out_of_range(how):
    with pytest.raises(UserError, match=r"digits|reach"):
        proof.prove(golden.three_tanh(), golden.stationary(1), **how)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"loss": "huber"}, "losses"),
        ({"weights": ("-1",) * 50}, "negative"),
        ({"weights": ("1",) * 49}, "one a sample"),
        ({"inputs": ()}, "inputs"),
        ({"targets": (("1", "2"),) * 50}, "targets"),
        ({"loss": "cross_entropy"}, "sum to 1"),
    ],
)
def test_a_problem_whose_parts_do_not_fit(change, message):
    with pytest.raises(UserError, match=message):
        replace(plain_pair()[0], **change)


@pytest.mark.parametrize("widths", [(1,), (1, -1, 1)])
def test_a_shape_that_is_none(widths):
    with pytest.raises(UserError, match="widths"):
        proof.Shape(widths, (True,) * (len(widths) - 1), "tanh")


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e150, 1e-150], ids=lambda s: f"{s:g}")
@pytest.mark.parametrize("part", ["input_weights", "output_weights"])
def test_huge_and_tiny_parameters_are_sentences(scale, part):
    one = golden.stationary(1)
    found = proof.prove(golden.three_tanh(), replace(one, **{part: getattr(one, part) * scale}))
    assert found.proven or found.reason
    assert not found.proven or scale < 1, "a point far from any critical one"


@pytest.mark.parametrize("text", ["1" * 5000, "0x1p999999", "\u0661", "1e99999"])
def test_texts_that_state_no_number(text):
    with pytest.raises(UserError, match="exact number"):
        proof.problem_of(golden.three_tanh(), golden.stationary(1), inputs=[[text]] * 50)


@pytest.mark.parametrize("probes", [[1, 2], [[1, 2]], [], [[None]]])
def test_probes_that_are_none(probes):
    with pytest.raises(UserError):
        proof.proven_rank(golden.stationary(1), probes)
