"""Gradient flow against closed forms, SciPy, and its laws."""

import diffrax
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from condenslab import networks
from condenslab.networks import MLP
from condenslab.risk import CrossEntropy, EmpiricalRisk
from condenslab.training import (
    RODAS3,
    GradientDescent,
    Rosenbrock,
    Stop,
    Until,
    descend,
    flow,
    record_gradient_norm,
    record_outputs,
    record_parameters,
    record_risk,
)
from condenslab.training.field import dense_linearised
from learning import distance, flat, flow_by_scipy, linear_problem, quadratic_form, same, small_network, small_risk

TIGHT = {"rtol": 1e-8, "atol": 1e-11}


@pytest.mark.parametrize("l2", [0.0, 0.05])
@pytest.mark.parametrize("oracle", ["LSODA", "Radau"])
def test_against_scipy(l2, oracle):
    risk, network = small_risk(), small_network()
    times = np.array([0.3, 3.0, 30.0])
    exact = flow_by_scipy(risk, network, times, l2=l2, method=oracle)
    for time, theta in zip(times, exact, strict=True):
        run = flow(risk, network, until=Until(time=time), l2=l2, **TIGHT)
        assert run.stop is Stop.FINISHED
        assert run.times[-1] == time
        assert np.max(np.abs(flat(run.network) - theta)) < 1e-6


def test_two_outputs_with_all_biases_and_cross_entropy():
    risk = small_risk(3, inputs=2, outputs=2, loss=CrossEntropy())
    network = small_network(3, width=2, inputs=2, outputs=2, output_bias=True)
    exact = flow_by_scipy(risk, network, [5.0], l2=0.01)[0]
    run = flow(risk, network, until=Until(time=5.0), l2=0.01, **TIGHT)
    assert np.max(np.abs(flat(run.network) - exact)) < 1e-6


SOLVERS = {
    "Rodas3": Rosenbrock(dense_linearised, RODAS3),
    "Tsit5": diffrax.Tsit5(),
    "Dopri8": diffrax.Dopri8(),
    "Kvaerno5": diffrax.Kvaerno5(),
}


@pytest.mark.parametrize("solver", SOLVERS.values(), ids=SOLVERS)
def test_closed_form_of_a_quadratic_risk(solver):
    """θ(t) = θ* + exp(−(H + 2·l2)t)(θ₀ − θ*), and any pytree with any prediction will do."""
    risk, start = linear_problem()
    matrix, vector, _ = quadratic_form(risk)
    l2, time = 0.1, 2.0
    decayed = matrix + 2 * l2 * np.eye(4)
    best = np.linalg.solve(decayed, vector)
    exact = best + scipy.linalg.expm(-decayed * time) @ (flat(start) - best)
    run = flow(risk, start, until=Until(time=time), l2=l2, solver=solver, rtol=1e-7, atol=1e-9)
    assert run.stop is Stop.FINISHED
    assert np.max(np.abs(flat(run.network) - exact)) < 1e-6


def test_deep_network_by_the_dense_solver():
    keys = jax.random.split(jax.random.key(5), 3)
    shapes = ((3, 1), (3, 3), (1, 3))
    weights = tuple(jax.random.normal(key, shape) for key, shape in zip(keys, shapes, strict=True))
    network = MLP(weights, (jnp.zeros(3), None, jnp.zeros(1)), networks.activation("tanh"), residual=True)
    exact = flow_by_scipy(small_risk(), network, [2.0])[0]
    run = flow(small_risk(), network, until=Until(time=2.0), **TIGHT)
    assert np.max(np.abs(flat(run.network) - exact)) < 1e-6


def test_single_precision():
    to_single = lambda tree: jax.tree.map(lambda leaf: leaf.astype(jnp.float32), tree)  # noqa: E731
    risk, network = small_risk(), small_network()
    run = flow(to_single(risk), to_single(network), until=Until(time=3.0), l2=0.05)
    exact = flow_by_scipy(risk, network, [3.0], l2=0.05)[0]
    assert flat(run.network).dtype == jnp.float32
    assert run.times.dtype == run.records["risk"].dtype == np.float32
    assert run.stop is Stop.FINISHED
    assert np.max(np.abs(flat(run.network) - exact)) < 1e-2


def test_what_is_minimised_never_rises():
    """R + l2·‖θ‖² falls along the flow, at every accepted step."""
    record = {
        "risk": record_risk,
        "parameters": record_parameters,
        "slope": record_gradient_norm,
        "out": record_outputs,
    }
    run = flow(small_risk(), small_network(), until=Until(time=1e3), l2=0.01, record=record)
    total = run.records["risk"] + 0.01 * np.sum(run.records["parameters"] ** 2, axis=1)
    assert np.all(np.diff(total) <= 1e-12)
    assert np.all(np.diff(run.times) > 0)
    assert run.records["out"].shape == (len(run.times), 6, 1)
    np.testing.assert_array_equal(run.records["parameters"][-1], flat(run.network))
    first = networks.unravel(jnp.asarray(run.records["parameters"][0]), run.network)
    assert run.records["risk"][0] == pytest.approx(float(small_risk().value(first)), rel=1e-12)
    assert run.records["slope"][0] == pytest.approx(float(jnp.linalg.norm(flat(small_risk().gradient(first)))))


def test_descent_with_small_steps_is_the_flow_to_first_order():
    """The difference at a fixed time is proportional to the rate."""
    risk, network = small_risk(), small_network()
    exact = flow(risk, network, until=Until(time=3.0), **TIGHT).network
    errors = [
        distance(descend(risk, network, GradientDescent(3.0 / steps), steps=steps).network, exact)
        for steps in (4000, 8000)
    ]
    assert errors[0] < 1e-2
    assert errors[0] / errors[1] == pytest.approx(2.0, rel=0.05)


def test_stops_at_a_level_of_the_risk():
    risk, network = small_risk(), small_network()
    level = 0.5 * float(risk.value(network))
    run = flow(risk, network, until=Until(risk=level), **TIGHT)
    assert run.stop is Stop.RISK_REACHED
    assert run.records["risk"][-1] <= level < run.records["risk"][-2]
    assert float(risk.value(run.network)) == pytest.approx(run.records["risk"][-1], rel=1e-12)


def test_stops_at_a_level_of_the_gradient_with_the_l2_term():
    risk, network = small_risk(), small_network()
    run = flow(risk, network, until=Until(gradient=1e-3), l2=0.05, **TIGHT)
    assert run.stop is Stop.GRADIENT_REACHED
    slope = flat(risk.gradient(run.network)) + 0.1 * flat(run.network)
    assert float(jnp.linalg.norm(slope)) <= 1e-3


def test_a_level_reached_at_the_start_takes_no_step_and_leaves_one_record():
    risk, network = small_risk(), small_network()
    run = flow(risk, network, until=Until(risk=float(risk.value(network)) + 1.0))
    assert (run.stop, run.steps, list(run.times)) == (Stop.RISK_REACHED, 0, [0.0])
    assert run.records["risk"][0] == pytest.approx(float(risk.value(network)), rel=1e-12)
    assert flow(risk, network, until=Until(time=0.0)).stop is Stop.FINISHED


def test_start_time_shifts_the_clock():
    risk, network = small_risk(), small_network()
    run = flow(risk, network, until=Until(time=3.0))
    late = flow(risk, network, until=Until(time=103.0), start_time=100.0)
    np.testing.assert_allclose(late.times - 100.0, run.times, rtol=1e-9)
    assert distance(run.network, late.network) < 1e-9


def test_resumed_is_uninterrupted_bit_for_bit():
    """Whatever cut it: the number of steps, a level of the risk, or the clock."""
    risk, network = small_risk(), small_network()
    whole = flow(risk, network, until=Until(time=1e4), **TIGHT)
    assert whole.steps > 300
    level = 0.5 * (whole.records["risk"][0] + whole.records["risk"][-1])
    parts = [flow(risk, network, until=Until(time=1e4, risk=level), **TIGHT)]
    parts.append(flow(risk, network, until=Until(time=1e4), max_steps=100, resume=parts[-1], **TIGHT))
    parts.append(flow(risk, network, until=Until(time=1e4), time_limit=0.0, resume=parts[-1], **TIGHT))
    parts.append(flow(risk, network, until=Until(time=1e4), resume=parts[-1], **TIGHT))
    stops = [Stop.RISK_REACHED, Stop.STEPS_EXHAUSTED, Stop.TIME_LIMIT, Stop.FINISHED]
    assert [part.stop for part in parts] == stops
    assert np.array_equal(np.concatenate([part.times for part in parts]), whole.times)
    assert np.array_equal(np.concatenate([part.records["risk"] for part in parts]), whole.records["risk"])
    assert same(parts[-1], whole) or np.array_equal(flat(parts[-1].network), flat(whole.network))
    assert parts[-1].steps == whole.steps


def test_interrupt_keeps_what_is_finished():
    def press(fraction, text):
        raise KeyboardInterrupt

    risk, network = small_risk(), small_network()
    whole = flow(risk, network, until=Until(time=1e4), **TIGHT)
    run = flow(risk, network, until=Until(time=1e4), progress=press, **TIGHT)
    assert run.stop is Stop.INTERRUPTED
    assert 0 < len(run.times) < len(whole.times)
    assert np.array_equal(run.times, whole.times[: len(run.times)])
    rest = flow(risk, network, until=Until(time=1e4), resume=run, **TIGHT)
    assert np.array_equal(flat(rest.network), flat(whole.network))


def test_progress_rises_to_one():
    seen = []
    flow(small_risk(), small_network(), until=Until(time=1e4), progress=lambda f, text: seen.append(f), **TIGHT)
    assert np.all(np.diff(seen) >= 0)
    assert seen[0] > 0
    assert seen[-1] == 1.0


def root(params, inputs):
    return jnp.sqrt(params) * inputs


def test_a_field_that_ends_stops_without_progress_at_a_finite_network():
    """R = (√θ)² = θ, so θ(t) = 1 − t until t = 1, where the field ends: it is NaN beyond."""
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=root)
    run = flow(risk, jnp.asarray(1.0), until=Until(time=2.0))
    assert run.stop is Stop.NO_PROGRESS
    assert 0 <= run.network < 1e-2
    assert run.times[-1] == pytest.approx(1.0, abs=1e-2)


def test_not_finite_at_the_start():
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)), predict=root)
    run = flow(risk, jnp.asarray(-1.0), until=Until(time=2.0))
    assert (run.stop, run.steps) == (Stop.NOT_FINITE, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"until": Until()}, "needs an end"),
        ({"until": Until(time=np.nan)}, "needs an end"),
        ({"until": Until(time=1.0), "rtol": -1e-3}, "must not be negative"),
    ],
)
def test_errors(options, message):
    with pytest.raises(ValueError, match=message):
        flow(small_risk(), small_network(), **options)


def test_the_trajectory_of_another_kind_of_run_is_not_resumed():
    risk, network = small_risk(), small_network()
    other = descend(risk, network, GradientDescent(0.1), steps=1)
    with pytest.raises(ValueError, match="resume must be a trajectory of the same"):
        flow(risk, network, until=Until(time=1.0), resume=other)
