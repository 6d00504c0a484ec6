"""Flows along kinks, against Filippov's closed form and explicit Euler steps so small that they need no theory."""

import dataclasses

import equinox as eqx
import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.optimize

from condenslab import networks
from condenslab.networks import unravel
from condenslab.risk import EmpiricalRisk
from condenslab.studies.contract.endings import CUT_OFF
from condenslab.studies.invariance import runs as study
from condenslab.studies.invariance.manifold_cases import Case
from condenslab.training import Stop, Until, ensemble, flow
from condenslab.training.field import negative_gradient
from condenslab.training.sliding import name_sliding, slides
from learning import distance, flat, small_network, small_risk

TIGHT = {"rtol": 1e-9, "atol": 1e-12}
X = jnp.zeros((1, 1))


def valley(params, inputs):
    """R = (|x| + 1)² + (y − x/2)²: the flow reaches x = 0 and slides along it while |y| < 2."""
    x, y = params
    return jnp.stack([jnp.abs(x) + 1.0, y - x / 2])[None] + 0.0 * inputs


def slope(params, inputs):
    """The output x + |x|/2 falls to its target −1 through the kink at 0, without stopping there."""
    return (params + jnp.abs(params) / 2)[None] + 0.0 * inputs


def valley_by_hand(time, start):
    """Returns y of the valley's flow: linear until x = 0, then Filippov's combination, dy/dt = −2y."""
    matrix, shift = np.array([[-2.5, 1.0], [1.0, -2.0]]), np.array([-2.0, 0.0])
    rest = np.linalg.solve(matrix, -shift)
    at = lambda t: rest + scipy.linalg.expm(matrix * t) @ (start - rest)  # noqa: E731
    reached = scipy.optimize.brentq(lambda t: at(t)[0], 0.0, 1.0, xtol=1e-14)
    return reached, at(reached)[1] * np.exp(-2.0 * (time - reached))


@eqx.filter_jit
def euler(risk, network, time, steps):
    """Follows the flow by explicit steps of one length.

    Returns:
        θ at the end, and how often each preactivation of the hidden layers has changed its sign, (sample, neuron).
    """
    theta, unravel = jax.flatten_util.ravel_pytree(network)

    def signs(point):
        dense, hidden, found = unravel(point), risk.inputs, []
        if isinstance(dense, networks.TwoLayer):
            return dense.preactivations(hidden) > 0
        for weight, bias in zip(dense.weights[:-1], dense.biases[:-1], strict=True):
            reached = hidden @ weight.T + bias[None, :]
            found.append(reached > 0)
            hidden = dense.activation(reached)
        return jnp.concatenate(found, axis=1)

    def step(_, carried):
        point, before, changes = carried
        after = point - time / steps * flat_gradient(risk, unravel(point))
        now = signs(after)
        return after, now, changes + (now != before)

    begin = signs(theta)
    end, _, changes = jax.lax.fori_loop(0, steps, step, (theta, begin, jnp.zeros(begin.shape, int)))
    return end, changes


def flat_gradient(risk, network):
    return jax.flatten_util.ravel_pytree(risk.gradient(network))[0]


def balanced(seed):
    case = Case("balanced", "flow", seed, 200, 6, 20)
    return study._risk(case), study._start(case)


def deep(seed, name):
    keys = jax.random.split(jax.random.key(seed), 5)
    shapes = ((4, 2), (4, 4), (1, 4))
    weights = tuple(0.8 * jax.random.normal(key, shape) for key, shape in zip(keys[:3], shapes, strict=True))
    network = networks.MLP(weights, (jnp.zeros(4), jnp.zeros(4), jnp.zeros(1)), networks.activation(name))
    risk = EmpiricalRisk(jax.random.normal(keys[3], (12, 2)), jax.random.normal(keys[4], (12, 1)))
    return risk, network


def test_the_sliding_mode_of_a_valley_ends_with_that_sentence_on_filippovs_solution():
    risk, start = EmpiricalRisk(X, jnp.zeros((1, 2)), predict=valley), jnp.asarray([0.5, 1.0])
    run = flow(risk, start, until=Until(time=2.0), max_steps=1000, **TIGHT)
    reached, y = valley_by_hand(run.times[-1], np.array([0.5, 1.0]))
    assert run.stop is Stop.SLIDING
    assert run.times[-1] >= reached - 1e-6 and abs(run.network[0]) < 1e-6
    assert run.network[1] == pytest.approx(y, abs=1e-6)


def test_looser_tolerances_slide_on_as_the_sentence_says():
    risk, start = EmpiricalRisk(X, jnp.zeros((1, 2)), predict=valley), jnp.asarray([0.5, 1.0])
    run = flow(risk, start, until=Until(time=1.0), rtol=1e-3, atol=1e-3)
    assert run.stop is Stop.FINISHED
    assert run.network[1] == pytest.approx(valley_by_hand(1.0, np.array([0.5, 1.0]))[1], abs=1e-2)


def test_stuck_members_share_one_program():
    """However long their last steps were: 8,000 members once compiled 8,000 programs, until the process died of it."""
    traced = []

    def field(time, params, args):
        traced.append(params)
        return -params

    runs = flow(EmpiricalRisk(X, jnp.zeros((1, 2)), predict=valley), jnp.asarray([0.5, 1.0]), until=Until(time=9.0))
    stuck = [
        dataclasses.replace(runs, stop=Stop.STEPS_EXHAUSTED, times=length * np.arange(3.0))
        for length in (0.1, 0.2, 0.3)
    ]
    name_sliding(stuck[0], field, None)
    once = len(traced)
    assert once and [name_sliding(run, field, None).stop for run in stuck] == [Stop.STEPS_EXHAUSTED] * 3
    assert len(traced) == once


@pytest.mark.parametrize("unit", [1e-6, 1e6])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_units_and_precision_do_not_matter(unit, dtype):
    """On the kink and off it: θ in other units, from steps that only rounding bounds to those of a loose tolerance."""

    def field(time, params, args):
        x, y = params / unit
        return unit * jnp.stack([-2 * (jnp.abs(x) + 1) * jnp.sign(x) + (y - x / 2), x - 2 * y])

    for length in (0.0, 1e-4):
        assert slides(field, None, unit * jnp.asarray([1e-9, 1.0], dtype), jnp.asarray(length))
        assert not slides(field, None, unit * jnp.asarray([0.3, 1.0], dtype), jnp.asarray(length))
        assert not slides(
            field, None, unit * jnp.asarray([1e-9, 3.0], dtype), jnp.asarray(length)
        )  # crossed from below


def test_a_kink_that_is_crossed_changes_nothing():
    """u = 3x/2 + 1 falls like exp(−9t/2) to 1, and u = x/2 + 1 like exp(−t/2) from there."""
    risk, start = EmpiricalRisk(X, -jnp.ones((1, 1)), predict=slope), jnp.asarray([1.0])
    through = np.log(2.5) / 4.5
    run = flow(risk, start, until=Until(time=1.0), **TIGHT)
    assert run.stop is Stop.FINISHED
    assert run.network[0] == pytest.approx(2 * (np.exp(-(1.0 - through) / 2) - 1), abs=1e-7)
    args = (risk, jnp.zeros(()))
    for x in (1e-3, 1e-6, 1e-9, 1e-12, 0.0, -1e-12):
        for length in (0.0, 1e-8, 1e-4):
            assert not slides(negative_gradient, args, jnp.asarray([1.0, x])[1:], jnp.asarray(length))


@pytest.mark.parametrize(("seed", "until"), [(0, 1.588), (4, 0.0806)])
def test_the_flow_up_to_the_stop_is_that_of_tiny_steps(seed, until):
    """The error of Euler's method is proportional to its step, so that two lengths bound it."""
    risk, start = balanced(seed)
    run = flow(risk, start, until=Until(time=4.0), rtol=1e-6, atol=1e-9, max_steps=1500)
    assert run.stop is Stop.SLIDING and run.times[-1] > until
    ends = [euler(risk, start, jnp.asarray(run.times[-1]), jnp.asarray(steps))[0] for steps in (20_000, 80_000)]
    errors = [distance(run.network, unravel(end, start)) for end in ends]
    assert errors[0] < 5e-4 and errors[1] < 0.5 * errors[0]


DRAWN = {
    "two layers": ([balanced(seed) for seed in range(5)], {200: Stop.STEPS_EXHAUSTED, 1500: Stop.SLIDING}),
    "deep, leaky": ([deep(seed, "leaky_relu") for seed in range(4)], {1500: Stop.SLIDING}),
}


@pytest.mark.parametrize(("drawn", "endings"), DRAWN.values(), ids=DRAWN)
def test_it_is_said_where_a_preactivation_changes_its_sign_for_ever_and_only_there(drawn, endings):
    """By tiny Euler steps from the stop on: what is crossed is crossed once, what is slid along without end."""
    risks, starts = [risk for risk, _ in drawn], [start for _, start in drawn]
    for most, expected in endings.items():
        runs = ensemble(flow, risks, starts, until=Until(time=4.0), max_steps=most, **TIGHT)
        for risk, run in zip(risks, runs, strict=True):
            changes = euler(risk, run.network, jnp.asarray(1e-5), jnp.asarray(2000))[1].max()
            assert changes >= 20 if run.stop is Stop.SLIDING else changes <= 1
        assert sum(run.stop is expected for run in runs) >= 3


def test_alone_and_resumed():
    risk, start = balanced(4)
    run = flow(risk, start, until=Until(time=4.0), max_steps=900, **TIGHT)
    whole = flow(risk, start, until=Until(time=4.0), max_steps=1000, **TIGHT)
    rest = flow(risk, start, until=Until(time=4.0), max_steps=100, resume=run, **TIGHT)
    assert {run.stop, rest.stop, whole.stop} == {Stop.SLIDING}
    assert np.array_equal(flat(rest.network), flat(whole.network)) and rest.steps == whole.steps


def test_a_smooth_flow_that_runs_out_of_steps_does_not_slide():
    """In the middle of its way, and at rest at a minimum, where its steps are long and its field is rounding."""
    args = (small_risk(), jnp.asarray(0.05))
    for time, most, stop in ((1e4, 100, Stop.STEPS_EXHAUSTED), (1e30, 2000, Stop.FINISHED)):
        run = flow(small_risk(), small_network(), until=Until(time=time), l2=0.05, max_steps=most, **TIGHT)
        assert run.stop is stop
        for length in (0.0, 1e-8, 1e-4, 1.0, 1e4, 1e30):
            assert not slides(negative_gradient, args, run.network, jnp.asarray(length))


def test_codes_of_stored_runs_stay_and_studies_know_the_ending():
    assert [Stop.STALLED.code, Stop.SLIDING.code] == [9, 10]
    assert Stop.SLIDING.name in CUT_OFF
