"""What people have as data, parameters and keys: every number type gives the float64 answer, in every consumer."""

import importlib.util

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import condenslab.networks.dense
from condenslab import landscape, measures, networks, sample_size, training
from condenslab.networks import MLP, Activation, Scale, TwoLayer, ravel, unravel
from condenslab.networks.conversion import as_key, as_seed
from condenslab.risk import CrossEntropy, EmpiricalRisk

RANDOM = np.random.default_rng(0)
WHOLE = RANDOM.integers(0, 2, (9, 3))  # 0 and 1 are exact in every type, bool included
TARGETS = RANDOM.integers(0, 2, (9, 1))
KINDS = ["?", "u1", ">i2", "i8", "f2", "<f4", ">f4", ">f8"]
COMPILED = ["u1", "f2", "<f4"]  # enough where every call compiles


def two_layer(**changes):
    return networks.two_layer(0, width=4, inputs=3, activation="tanh", scale=Scale(0.7, 0.6), **changes)


def deep():
    return networks.mlp(1, widths=(3, 4, 4, 1), activation="tanh", std=0.6)


CONSUMERS = {
    "value": lambda risk: risk.value(two_layer()),
    "gradient": lambda risk: ravel(risk.gradient(deep())),
    "hessian": lambda risk: risk.hessian(two_layer()),
    "deep hessian": lambda risk: risk.hessian(deep()),
    "jacobian": lambda risk: risk.jacobian(two_layer()),
    "inertia": lambda risk: measures.inertia_at(risk, two_layer()).eigenvalues,
    "rank": lambda risk: measures.model_rank(two_layer(), risk.inputs).singular_values,
    "penalty": lambda risk: training.dropout_penalty(risk, two_layer(), 0.3),
    "dropout risk": lambda risk: training.dropout_risk(risk, 4, 0.3).value(two_layer()),
    "descent": lambda risk: ravel(
        training.descend(risk, two_layer(), training.GradientDescent(0.1), steps=3).network
    ),
    "flow": lambda risk: ravel(training.flow(risk, two_layer(), until=training.Until(time=0.1)).network),
    "receipt": lambda risk: landscape.risk_receipt(risk, deep(), two_layer()).output_difference_random,
    "test matrix": lambda risk: landscape.local_test_matrix(risk, two_layer(), 0),
}  # fmt: skip


@pytest.mark.parametrize("consumer", CONSUMERS)
def test_every_number_type_gives_the_answer_of_float64(consumer):
    """The same numbers, so the same answer to rounding: 0 and 1 are exact in all of these types."""
    ask = CONSUMERS[consumer]
    expected = np.asarray(ask(EmpiricalRisk(WHOLE.astype(float), TARGETS.astype(float))))
    for kind in COMPILED if consumer in ("descent", "flow") else KINDS:
        got = np.asarray(ask(EmpiricalRisk(WHOLE.astype(kind), TARGETS.astype(kind), np.ones(9).astype(kind))))
        assert got.dtype == np.float64, kind
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-13, err_msg=kind)


ON_INPUTS = {
    "jacobian": lambda x: measures.output_jacobian(deep(), x),
    "model rank": lambda x: measures.model_rank(two_layer(), x).singular_values,
    "rank bounds": lambda x: measures.rank_bounds(0, two_layer(), x, sketch=8).sketch.singular_values,
    "tangents": lambda x: sample_size.tangent_features(two_layer(), x),
    "receipt": lambda x: landscape.make_receipt(deep(), two_layer(), inputs=x).output_difference_random,
    "made critical": lambda x: landscape.make_critical(two_layer(), x, 0, value=0.5).value(two_layer()),
}


@pytest.mark.parametrize("ask", ON_INPUTS.values(), ids=ON_INPUTS)
def test_inputs_without_a_risk_are_converted_too(ask):
    x = np.random.default_rng(5).integers(0, 2, (40, 3))
    expected = np.asarray(ask(x.astype(float)))
    for kind in KINDS:
        np.testing.assert_allclose(np.asarray(ask(x.astype(kind))), expected, rtol=1e-9, atol=1e-11, err_msg=kind)


@pytest.mark.parametrize("single", ["inputs", "targets", "weights", "all"])
def test_jax_data_in_single_precision_cost_a_double_network_nothing(single):
    """The reference is automatic differentiation of the risk written down in float64 on the same numbers."""
    rounded = {name: np.float32(RANDOM.normal(size=shape)) for name, shape in (("inputs", (7, 3)), ("targets", (7, 1)))}
    rounded["weights"] = np.float32(RANDOM.uniform(0.5, 1.0, 7))
    chosen = rounded if single == "all" else [single]
    data = {name: jnp.asarray(v, jnp.float32 if name in chosen else float) for name, v in rounded.items()}
    network, p = two_layer(), rounded["weights"].astype(float) / rounded["weights"].astype(float).sum()

    def value(theta):
        residuals = unravel(theta, network)(jnp.asarray(rounded["inputs"], float)) - rounded["targets"].astype(float)
        return jnp.sum(p * jnp.sum(residuals**2, axis=1))

    ours = EmpiricalRisk(**data).hessian(network)
    np.testing.assert_allclose(ours, jax.hessian(value)(ravel(network)), rtol=1e-11, atol=1e-13)


def test_a_network_in_single_precision_runs_on_data_in_double_precision():
    """The risk is that of the rounded network, in float64; the network keeps its type, without a warning."""
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), two_layer())
    risk = EmpiricalRisk(WHOLE, TARGETS)
    wide = jax.tree.map(lambda leaf: leaf.astype(float), single)
    np.testing.assert_allclose(risk.hessian(single), risk.hessian(wide), rtol=1e-14, atol=1e-15)
    for run in (
        training.descend(risk, single, training.GradientDescent(0.1), steps=3),
        training.flow(risk, single, until=training.Until(time=0.1)),
    ):
        assert ravel(run.network).dtype == jnp.float32 and run.records["risk"].dtype == np.float64


def test_tokens_stay_whole_numbers_for_a_function_of_the_users_own():
    table = jnp.asarray([[1.0], [10.0], [100.0]])
    risk = EmpiricalRisk(np.array([2, 0, 1], np.uint8), np.zeros((3, 1)), predict=lambda t, tokens: t[tokens])
    assert float(risk.value(table)) == (1 + 100 + 10_000) / 3
    assert landscape.risk_receipt(risk, table, 2 * table).output_difference_random == 100.0


def test_bytes_do_not_wrap_in_a_function_of_the_users_own():
    risk = EmpiricalRisk(np.array([[200], [100]], np.uint8), np.zeros((2, 1)), predict=lambda s, x: s * x**2)
    assert float(risk.value(jnp.asarray(1.0))) == (200.0**4 + 100.0**4) / 2


@pytest.mark.parametrize("bad", [np.ones((3, 1)) * 1j, np.array([["a"], ["b"], ["c"]]), [[1], [1, 2], [3]]])
def test_what_are_no_real_numbers_is_refused(bad):
    with pytest.raises(ValueError, match="inputs must be"):
        EmpiricalRisk(bad, np.zeros((3, 1)))


@pytest.mark.parametrize("loss", ["mse", CrossEntropy, None, lambda f, y: f - y])
def test_a_loss_is_a_module(loss):
    with pytest.raises(TypeError):
        EmpiricalRisk(np.ones((2, 1)), np.ones((2, 1)), loss=loss)


@pytest.mark.parametrize("padding", [1, 5])
def test_padding_changes_nothing_that_is_said_of_a_network(padding):
    """Two neurons of which one is dead on the data; the padded sample would wake it and widen the box."""
    x, y = np.array([[0.0], [1.0], [2.0]]), np.array([[0.0], [1.0], [2.0]])
    far = np.full((padding, 1), 100.0)
    plain = EmpiricalRisk(x, y, np.ones(3))
    padded = EmpiricalRisk(np.vstack([x, far]), np.vstack([y, 0 * far]), np.r_[np.ones(3), np.zeros(padding)])
    net, other = (
        TwoLayer(jnp.ones((2, 1)), jnp.asarray([b, 0.5]), jnp.ones((1, 2)), None, networks.activation("relu"))
        for b in (-5.0, 0.0)
    )
    for ask in (
        lambda risk: landscape.dead_neurons(risk, net).tolist(),
        lambda risk: landscape.risk_receipt(risk, net, other),
        lambda risk: landscape.reduce(net, risk=risk).receipt,
        lambda risk: landscape.directional_stationarity(risk, net).lowest.tolist(),
        lambda risk: landscape.perturbed_changes(risk, net, key=0, count=4, amplitude=0.1).tolist(),
    ):
        assert ask(padded) == ask(plain)


def test_a_class_that_is_masked_out_counts_nothing():
    """Value, gradient and Hessian are those of the risk on the other classes alone."""
    x, labels, p = RANDOM.normal(size=(6, 2)), [0, 1, 0, 1, 1, 0], jnp.asarray(RANDOM.normal(size=(2, 3)))
    masked = EmpiricalRisk(
        x, np.eye(3)[labels], loss=CrossEntropy(), predict=lambda w, v: (v @ w).at[:, 2].set(-jnp.inf)
    )
    plain = EmpiricalRisk(x, np.eye(2)[labels], loss=CrossEntropy(), predict=lambda w, v: (v @ w)[:, :2])
    assert float(masked.value(p)) == pytest.approx(float(plain.value(p)), rel=1e-14)
    np.testing.assert_allclose(masked.gradient(p), plain.gradient(p), atol=1e-15)
    np.testing.assert_allclose(masked.hessian(p), plain.hessian(p), atol=1e-15)
    assert landscape.risk_receipt(masked, p, p).output_difference == 0.0


@pytest.fixture(scope="module")
def as_users_have_it():
    """The dense networks without the shape checks that only the tests install."""
    spec = importlib.util.spec_from_file_location("dense_without_shape_checks", condenslab.networks.dense.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ONES = np.ones


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        (
            (ONES((3, 2)), ONES(4), ONES((1, 3)), None),
            r"biases.*axis 'neuron'.*Got 3 in input_weights and .*4,",
        ),
        ((ONES((3, 2)), ONES(3), ONES((3, 1)), None), "output_weights"),
        ((ONES((3, 2)), ONES(3), ONES((1, 3)), ONES(2)), "output_bias"),
        ((ONES(3), None, ONES((1, 3)), None), r"input_weights of a TwoLayer must have shape \(neuron, input\)"),
        ((ONES((3, 2)) * 1j, None, ONES((1, 3)), None), "real numbers"),
    ],
)
def test_parameters_that_do_not_fit_are_named(as_users_have_it, parts, message):
    with pytest.raises(ValueError, match=message):
        as_users_have_it.TwoLayer(*parts, "tanh")


def test_layers_that_do_not_fit_are_named(as_users_have_it):
    with pytest.raises(ValueError, match=r"weights\[0\] and weights\[1\] of an MLP"):
        as_users_have_it.MLP([ONES((4, 2)), ONES((1, 3))], [None, None], "tanh")


def test_parameters_are_taken_as_people_write_them(as_users_have_it):
    """Whole numbers and lists become floating point, an activation may be named: the function is the one meant."""
    made = as_users_have_it.TwoLayer([[1], [2]], np.array([0, 1]), np.array([[3, -1]], ">i4"), None, "tanh")
    assert {leaf.dtype for leaf in jax.tree.leaves(made)} == {jnp.dtype(float)}
    assert float(made(np.array([[1]], np.uint8))[0, 0]) == pytest.approx(3 * np.tanh(1.0) - np.tanh(3.0), rel=1e-15)


@pytest.mark.parametrize("make", [
    lambda sigma: networks.two_layer(0, width=2, inputs=1, activation=sigma, scale=Scale(1.0, 1.0)),
    lambda sigma: networks.mlp(0, widths=(1, 2, 1), activation=sigma, std=1.0),
    lambda sigma: MLP((jnp.ones((1, 1)),), (None,), sigma),
])  # fmt: skip
def test_a_plain_function_is_no_activation(make):
    with pytest.raises(TypeError):
        make(jnp.sin)
    make(Activation("sin", jnp.sin))


KEYED = {
    "two_layer": lambda key: two_layer().__class__ and ravel(networks.two_layer(
        key, width=2, inputs=1, activation="tanh", scale=Scale(1.0, 1.0))),
    "rank_bounds": lambda key: measures.rank_bounds(key, two_layer(), WHOLE, sketch=8).sketch.singular_values,
    "covering_probes": lambda key: measures.covering_probes(key, two_layer(), 5),
    "inertia_bounds": lambda key: measures.inertia_bounds(
        lambda v: jnp.arange(1.0, 7.0) * v, 6, key, steps=2, starts=1).eigenvalues,
    "make_critical": lambda key: landscape.make_critical(two_layer(), np.arange(90.0).reshape(30, 3) % 7, key).targets,
    "random_directions": lambda key: landscape.random_directions(key, two_layer()),
    "descend": lambda key: ravel(training.descend(
        EmpiricalRisk(WHOLE, TARGETS), two_layer(), training.Adam(0.1), steps=4, batch=3, key=key).network),
}  # fmt: skip


@pytest.mark.parametrize("ask", KEYED.values(), ids=KEYED)
def test_every_key_may_be_a_seed_and_every_seed_a_key(ask):
    first = np.asarray(ask(jax.random.key(7)))
    for same in (jax.random.key(7), jax.random.PRNGKey(7)):
        np.testing.assert_array_equal(np.asarray(ask(same)), first)
    assert np.array_equal(np.asarray(ask(7)), first) or ask is KEYED["covering_probes"]
    assert not np.array_equal(np.asarray(ask(8)), first)
    for bad in ("7", 7.0, None, jax.random.split(jax.random.key(0), 2)):
        with pytest.raises((TypeError, ValueError)):
            ask(bad)


def test_seeds_of_numpy():
    assert as_seed(5) == 5 and as_seed(jax.random.key(5)) == 5
    assert jax.random.key_data(as_key(np.int64(3))).tolist() == jax.random.key_data(jax.random.key(3)).tolist()
    with pytest.raises(ValueError, match="at least 0"):
        as_seed(-1)
    with pytest.raises(ValueError, match="64 bits"):
        as_key(2**64)


def test_optax_keys_count_as_leaves():
    """The words of a typed key stand in the stored state, so that a run with noise of its own can be continued."""
    line = EmpiricalRisk(np.ones((1, 1)), np.zeros((1, 1)), predict=lambda s, v: s * v)
    method = optax.chain(optax.add_noise(0.01, 0.55, jax.random.key(3)), optax.sgd(0.1))
    whole = training.descend(line, jnp.asarray(1.0), method, steps=20)
    part = training.descend(line, jnp.asarray(1.0), method, steps=8)
    again = training.descend(line, jnp.asarray(1.0), method, steps=12, resume=part)
    assert float(again.network) == float(whole.network)
    both = training.ensemble(training.descend, line, [jnp.asarray(1.0), jnp.asarray(2.0)], method, steps=20)
    assert float(both[0].network) == pytest.approx(float(whole.network), abs=1e-14)
