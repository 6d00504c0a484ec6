"""Gradient descent and its relatives against hand-written loops, closed forms, and their laws."""

import itertools
import signal

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from condenslab import networks
from condenslab.networks import MLP
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.training import (
    Adam,
    GradientDescent,
    Stop,
    Until,
    descend,
    record_gradient_norm,
    record_outputs,
    record_parameters,
    record_risk,
)
from learning import distance, flat, linear_problem, quadratic_form, same, small_network, small_risk

KEY = jax.random.key(3)


def gradient_by_hand(weights, biases, outer, x, y):
    """Returns the gradient of mean (Σ a tanh(wx + b) − y)² in (w, b, a), written out."""
    hidden = np.tanh(x * weights + biases)
    force = 2 * (hidden @ outer - y)[:, None] / len(x)
    inner = force * outer * (1 - hidden**2)
    return (inner * x).sum(0), inner.sum(0), (force * hidden).sum(0)


@pytest.mark.parametrize(
    ("momentum", "decay"),
    [(None, None), (0.9, None), (None, 0.1), (0.9, 0.1)],
    ids=["plain", "momentum", "decay", "both"],
)
def test_gradient_descent_by_hand(momentum, decay):
    """The conventions of PyTorch's SGD: v ← μv + g + λθ, θ ← θ − ηv."""
    risk, network = small_risk(), small_network()
    x, y = np.asarray(risk.inputs), np.asarray(risk.targets)[:, 0]
    params = [
        np.asarray(network.input_weights)[:, 0],
        np.asarray(network.biases),
        np.asarray(network.output_weights)[0],
    ]
    speeds = [np.zeros(3) for _ in params]
    for _ in range(40):
        slopes = gradient_by_hand(*params, x, y)
        for number, slope in enumerate(slopes):
            speeds[number] = (momentum or 0) * speeds[number] + slope + (decay or 0) * params[number]
        params = [value - 0.05 * speed for value, speed in zip(params, speeds, strict=True)]
    run = descend(risk, network, GradientDescent(0.05, momentum, decay), steps=40)
    assert run.stop is Stop.FINISHED
    np.testing.assert_allclose(flat(run.network), np.concatenate(params), rtol=1e-12)


def test_closed_form_of_linear_regression():
    """θ_k = θ* + (I − ηH)^k (θ₀ − θ*), and the recorded risks are those of it."""
    risk, start = linear_problem()
    matrix, vector, constant = quadratic_form(risk)
    best = np.linalg.solve(matrix, vector)
    run = descend(risk, start, GradientDescent(0.1), steps=500)
    for step, value in zip(run.times, run.records["risk"], strict=True):
        theta = best + np.linalg.matrix_power(np.eye(4) - 0.1 * matrix, step) @ (flat(start) - best)
        assert value == pytest.approx(theta @ matrix @ theta / 2 - vector @ theta + constant, rel=1e-10, abs=1e-13)
    np.testing.assert_allclose(flat(run.network), theta, rtol=1e-10)


def test_softmax_regression_by_hand():
    keys = jax.random.split(KEY, 3)
    inputs, targets = jax.random.normal(keys[0], (5, 2)), jax.nn.softmax(jax.random.normal(keys[1], (5, 3)))
    start = jax.random.normal(keys[2], (2, 3))
    risk = EmpiricalRisk(inputs, targets, loss=CrossEntropy(), predict=lambda params, x: x @ params)
    theta, x, p = np.asarray(start), np.asarray(inputs), np.asarray(targets)
    for _ in range(30):
        shares = np.exp(x @ theta)
        theta = theta - 0.5 * x.T @ (shares / shares.sum(1, keepdims=True) - p) / len(x)
    run = descend(risk, start, GradientDescent(0.5), steps=30)
    np.testing.assert_allclose(run.network, theta, rtol=1e-12)


METHODS = {
    "Adam": (Adam(0.02, decay=0.1), optax.adamw(0.02, weight_decay=0.1)),
    "any optax optimiser": (optax.rmsprop(optax.cosine_decay_schedule(0.02, 30), momentum=0.5),) * 2,
}


@pytest.mark.parametrize(("method", "oracle"), METHODS.values(), ids=METHODS)
def test_optimisers_against_a_python_loop(method, oracle):
    risk, params = small_risk(), small_network()
    state, gradient = oracle.init(params), jax.jit(jax.grad(risk.value))
    update = jax.jit(oracle.update)
    for _ in range(40):
        updates, state = update(gradient(params), state, params)
        params = optax.apply_updates(params, updates)
    run = descend(risk, small_network(), method, steps=40)
    assert distance(run.network, params) < 1e-12


@pytest.mark.parametrize("weights", [None, (1.0, 0.0, 2.0, 0.0, 0.0, 3.0)], ids=["equal", "weighted"])
def test_an_epoch_of_small_steps_is_the_full_gradient(weights):
    """Over an epoch every sample counts once, by its weight: to first order in the rate the steps add up to −η∇R."""
    risk, network = small_risk(), small_network()
    risk = EmpiricalRisk(risk.inputs, risk.targets, None if weights is None else jnp.asarray(weights))
    moves = []
    for rate in (1e-4, 1e-5):
        run = descend(risk, network, GradientDescent(rate), steps=3, batch=2, key=KEY)
        moves.append((flat(run.network) - flat(network)) / (3 * rate))
    limit = moves[1] + (moves[1] - moves[0]) / 9
    np.testing.assert_allclose(limit, -flat(risk.gradient(network)), rtol=1e-6, atol=1e-8)


def test_minibatches_are_drawn_anew_every_epoch_and_by_the_key():
    risk, network = small_risk(), small_network()
    run, again, other = (
        descend(risk, network, GradientDescent(0.05), steps=20, batch=2, key=key)
        for key in (KEY, KEY, jax.random.key(4))
    )
    assert same(run, again)
    assert distance(run.network, other.network) > 1e-4
    full = descend(risk, network, GradientDescent(0.05), steps=20)
    assert (
        distance(descend(risk, network, GradientDescent(0.05), steps=20, batch=6, key=KEY).network, full.network)
        < 1e-13
    )


def test_dropout_takes_the_gradient_of_the_thinned_network():
    """With two neurons and one sample the step is one of the four that the four masks give."""
    risk, network = small_risk(), small_network(width=2)
    rate, drop = 0.1, 0.25

    def thinned(mask):
        def value(params):
            hidden = params.activation(params.preactivations(risk.inputs)) * mask[None] / (1 - drop)
            return jnp.mean((hidden @ params.output_weights.T - risk.targets) ** 2)

        return flat(network) - rate * flat(jax.grad(value)(network))

    # Noise is drawn for every sample: with one sample there are four masks.
    risk = EmpiricalRisk(risk.inputs[:1], risk.targets[:1])
    outcomes = [thinned(jnp.asarray(mask)) for mask in itertools.product((0.0, 1.0), repeat=2)]
    seen = set()
    for seed in range(12):
        run = descend(risk, network, GradientDescent(rate), steps=1, dropout=drop, key=jax.random.key(seed))
        errors = [np.max(np.abs(flat(run.network) - outcome)) for outcome in outcomes]
        assert min(errors) < 1e-14
        seen.add(int(np.argmin(errors)))
    assert len(seen) > 1
    plain = descend(risk, network, GradientDescent(rate), steps=1)
    none = descend(risk, network, GradientDescent(rate), steps=1, dropout=jnp.asarray(0.0), key=KEY)
    assert distance(plain.network, none.network) < 1e-15


def test_records_are_what_they_say():
    record = {"risk": record_risk, "out": record_outputs, "theta": record_parameters, "slope": record_gradient_norm}
    risk, network = small_risk(), small_network()
    run = descend(risk, network, GradientDescent(0.05), steps=30, record=record, at=(3, 10, 10, 20))
    assert list(run.times) == [0, 3, 10, 20, 30]
    assert run.records["out"].shape == (5, 6, 1)
    for step, row in enumerate(run.records["theta"]):
        params = networks.unravel(jnp.asarray(row), network)
        assert run.records["risk"][step] == pytest.approx(float(risk.value(params)), rel=1e-12)
        assert run.records["slope"][step] == pytest.approx(np.linalg.norm(flat(risk.gradient(params))), rel=1e-9)
        np.testing.assert_allclose(
            run.records["out"][step], network.__class__.__call__(params, risk.inputs), rtol=1e-12
        )
    np.testing.assert_array_equal(run.records["theta"][0], flat(network))
    np.testing.assert_array_equal(run.records["theta"][-1], flat(run.network))
    assert run.steps == 30


def test_records_are_logarithmic_by_default():
    run = descend(small_risk(), small_network(), GradientDescent(0.01), steps=20_000)
    assert run.times[0] == 0
    assert run.times[-1] == 20_000
    assert 100 < len(run.times) <= 201
    late = run.times[run.times >= 100]
    assert np.ptp(np.diff(np.log(late))) < 0.02


def test_deep_networks_and_output_biases():
    keys = jax.random.split(KEY, 3)
    weights = tuple(jax.random.normal(k, s) for k, s in zip(keys, ((2, 1), (2, 2), (1, 2)), strict=True))
    network = MLP(weights, (None, jnp.zeros(2), jnp.zeros(1)), networks.activation("gelu"))
    run = descend(small_risk(), network, GradientDescent(0.01), steps=50)
    params = network
    gradient = jax.jit(jax.grad(small_risk().value))
    for _ in range(50):
        params = jax.tree.map(lambda value, slope: value - 0.01 * slope, params, gradient(params))
    assert distance(run.network, params) < 1e-13


def test_stops_at_levels():
    risk, network = small_risk(), small_network()
    level = 0.5 * float(risk.value(network))
    run = descend(risk, network, GradientDescent(0.01), steps=5000, until=Until(risk=level))
    assert run.stop is Stop.RISK_REACHED
    assert run.records["risk"][-1] <= level < run.records["risk"][-2]
    assert run.steps == run.times[-1] < 5000
    run = descend(risk, network, GradientDescent(0.05), steps=50_000, until=Until(gradient=1e-2))
    assert run.stop is Stop.GRADIENT_REACHED
    assert np.linalg.norm(flat(risk.gradient(run.network))) <= 1e-2
    run = descend(risk, network, GradientDescent(0.05), steps=100, until=Until(risk=1e9))
    assert (run.stop, run.steps, list(run.times)) == (Stop.RISK_REACHED, 0, [0])


def test_divergence_keeps_the_last_finite_network():
    risk, start = linear_problem()
    run = descend(risk, start, GradientDescent(1e3), steps=2000)
    assert run.stop is Stop.NOT_FINITE
    assert np.all(np.isfinite(flat(run.network)))
    assert np.all(np.isfinite(run.records["risk"]))
    assert run.times[-1] <= run.steps < 2000
    assert np.all(np.diff(run.times) > 0)
    spoilt = jax.tree.map(lambda leaf: leaf * np.nan, start)
    assert descend(risk, spoilt, GradientDescent(0.1), steps=10).stop is Stop.NOT_FINITE


def test_no_steps_and_no_time():
    risk, network = small_risk(), small_network()
    run = descend(risk, network, GradientDescent(0.1), steps=0)
    assert (run.stop, run.steps, list(run.times)) == (Stop.FINISHED, 0, [0])
    run = descend(risk, network, GradientDescent(0.1), steps=10**6, time_limit=0.0)
    assert (run.stop, run.steps, list(run.times)) == (Stop.TIME_LIMIT, 0, [0])
    run = descend(risk, network, GradientDescent(0.01), steps=10**9, time_limit=0.3)
    assert run.stop is Stop.TIME_LIMIT
    assert 0 < run.steps < 10**9


@pytest.mark.parametrize("noise", [{}, {"batch": 2, "dropout": 0.2, "key": KEY}], ids=["full batch", "noisy"])
def test_resumed_is_uninterrupted_bit_for_bit(noise):
    risk, network = small_risk(), small_network()
    whole = descend(risk, network, Adam(0.02), steps=250, at=range(0, 250, 10), **noise)
    part = descend(risk, network, Adam(0.02), steps=101, at=range(0, 101, 10), **noise)
    rest = descend(risk, network, Adam(0.02), steps=149, at=range(9, 149, 10), resume=part, **noise)
    assert np.array_equal(flat(whole.network), flat(rest.network))
    assert list(rest.times) == [101, *range(110, 250, 10), 250]
    assert np.array_equal(whole.records["risk"][-15:], rest.records["risk"][-15:])
    assert whole.steps == rest.steps == 250


def test_resumed_after_a_level_was_reached():
    risk, network = small_risk(), small_network()
    level = 0.5 * float(risk.value(network))
    part = descend(risk, network, GradientDescent(0.01), steps=5000, until=Until(risk=level))
    again = descend(risk, network, GradientDescent(0.01), steps=5000, until=Until(risk=level), resume=part)
    assert (again.stop, again.steps) == (Stop.RISK_REACHED, part.steps)
    rest = descend(risk, network, GradientDescent(0.01), steps=5000 - part.steps, resume=part)
    whole = descend(risk, network, GradientDescent(0.01), steps=5000)
    assert rest.stop is Stop.FINISHED
    assert np.array_equal(flat(whole.network), flat(rest.network))


@pytest.fixture
def heeds_sigint():
    """Python's own handler: a shell starts background jobs with SIGINT ignored, and pytest may be one."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_returns_what_is_finished(heeds_sigint):
    """A real signal, raised between two segments, where nothing of JAX's can swallow it."""
    risk, network = small_risk(), small_network()
    calls = []

    def interrupt(fraction, text):
        calls.append(fraction)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)

    run = descend(risk, network, GradientDescent(0.01), steps=10**9, progress=interrupt, time_limit=120.0)
    assert run.stop is Stop.INTERRUPTED
    assert 0 < run.steps < 10**9
    replayed = descend(risk, network, GradientDescent(0.01), steps=run.steps)
    assert run.steps >= int(run.times[-1])
    assert np.array_equal(flat(replayed.network), flat(run.network))


def test_an_error_of_the_callback_is_raised():
    def fail(fraction, text):
        raise RuntimeError("no paper in the printer")

    with pytest.raises(RuntimeError, match="no paper"):
        descend(small_risk(), small_network(), GradientDescent(0.01), steps=10**9, progress=fail)


def test_progress_rises_to_one():
    seen = []
    descend(
        small_risk(),
        small_network(),
        GradientDescent(0.01),
        steps=10**6,
        progress=lambda fraction, text: seen.append((fraction, text)),
        until=Until(gradient=1e-30),
    )
    fractions = [fraction for fraction, _ in seen]
    assert np.all(np.diff(fractions) >= 0)
    assert fractions[-1] == pytest.approx(1.0)
    assert seen[-1][1] == "1000000 steps"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch": 2}, "random key"),
        ({"dropout": 0.5}, "random key"),
        ({"dropout": 1.0, "key": KEY}, "DROP probability"),
        ({"dropout": -0.1, "key": KEY}, "DROP probability"),
        ({"batch": 7, "key": KEY}, "between 1 and the number of samples, 6"),
        ({"batch": 0, "key": KEY}, "between 1"),
        ({"steps": -1}, "a whole number of at least 0"),
        ({"at": (5, 11)}, "between step 0 and step 10"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        descend(small_risk(), small_network(), GradientDescent(0.1), **({"steps": 10} | options))


def test_a_method_is_needed():
    with pytest.raises(TypeError, match="method must be"):
        descend(small_risk(), small_network(), 0.1, steps=10)
