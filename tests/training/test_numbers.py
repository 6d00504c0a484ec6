"""Numbers that cannot be meant are refused before anything is compiled; optimisers of every kind run."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from condenslab import networks, training
from condenslab.networks import Scale, TwoLayer, ravel
from condenslab.risk import EmpiricalRisk
from condenslab.training import Adam, GradientDescent, Until, descend, ensemble, flow
from condenslab.training.linearise import dense_solver, two_layer_solver
from sampling import sampled

X = np.linspace(-1, 1, 12)[:, None]
RISK = EmpiricalRisk(X, np.sin(2 * X))
START = networks.two_layer(0, width=3, inputs=1, activation="tanh", scale=Scale(0.5, 0.5))
BAD = [math.nan, -1.0, math.inf, "0.1", 0.1j]


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize(
    "make",
    [
        lambda v: GradientDescent(v),
        lambda v: GradientDescent(0.1, momentum=v),
        lambda v: GradientDescent(0.1, decay=v),
        lambda v: Adam(v),
        lambda v: Adam(0.1, b1=v),
        lambda v: Adam(0.1, b2=v),
        lambda v: Adam(0.1, eps=v),
        lambda v: Adam(0.1, decay=v),
        lambda v: flow(RISK, START, until=Until(time=1.0), l2=v),
        lambda v: flow(RISK, START, until=Until(time=1.0), rtol=v),
        lambda v: flow(RISK, START, until=Until(time=1.0), atol=v),
        lambda v: flow(RISK, START, until=Until(time=1.0), start_time=v),
        lambda v: training.normalised_flow(X, X, [Scale(1.0, 1.0)], width=2, seeds=[0], tolerance=v),
    ],
)
def test_a_number_that_cannot_be_meant(make, bad):
    with pytest.raises((ValueError, TypeError)):
        make(bad)


@pytest.mark.parametrize("bad", [10 / 0.3, 3.0, "3", -1, True, None, math.nan, np.float64(2)])
@pytest.mark.parametrize(
    "run",
    [
        lambda v: descend(RISK, START, GradientDescent(0.1), steps=v),
        lambda v: descend(RISK, START, GradientDescent(0.1), steps=3, batch=v, key=0) if v is not None else steps(v),
        lambda v: flow(RISK, START, until=Until(time=1.0), max_steps=v),
        lambda v: ensemble(descend, [RISK], START, GradientDescent(0.1), steps=v),
    ],
)
def test_a_count_is_a_whole_number(run, bad):
    with pytest.raises((ValueError, TypeError)):
        run(bad)


def steps(value):
    return descend(RISK, START, GradientDescent(0.1), steps=value)


@pytest.mark.parametrize("level", ["risk", "gradient", "time"])
@pytest.mark.parametrize("bad", [math.nan, -1.0])
def test_a_level_that_is_never_reached(level, bad):
    for run in (
        lambda: flow(RISK, START, until=Until(**({"time": 1.0} | {level: bad}))),
        lambda: descend(RISK, START, GradientDescent(0.1), steps=2, until=Until(**{level: bad})),
    ):
        with pytest.raises(ValueError, match=r"until\.|needs an end"):
            run()


def test_further_numbers_of_a_run():
    with pytest.raises(ValueError, match="whole numbers"):
        descend(RISK, START, GradientDescent(0.1), steps=5, at=np.array([1.5]))
    with pytest.raises(ValueError, match="time_limit"):
        descend(RISK, START, GradientDescent(0.1), steps=5, time_limit=-1.0)
    with pytest.raises(TypeError, match="progress"):
        descend(RISK, START, GradientDescent(0.1), steps=5, progress="half")
    with pytest.raises(ValueError, match="end time"):
        flow(RISK, START, until=Until(time=1.0), start_time=2.0)
    with pytest.raises(ValueError, match="both be 0"):
        flow(RISK, START, until=Until(time=1.0), rtol=0.0, atol=0.0)
    with pytest.raises(ValueError, match="chunk"):
        ensemble(descend, [RISK], START, GradientDescent(0.1), steps=1, chunk=0)


OPTIMISERS = {
    "L-BFGS": lambda: optax.lbfgs(),
    "L-BFGS, backtracking": lambda: optax.lbfgs(linesearch=optax.scale_by_backtracking_linesearch(15)),
    "Polyak": lambda: optax.polyak_sgd(),
    "plateau": lambda: optax.chain(optax.sgd(0.1), optax.contrib.reduce_on_plateau(patience=2)),
    "sharpness-aware": lambda: optax.contrib.sam(optax.sgd(0.1), optax.sgd(0.02), opaque_mode=True),
    "noise": lambda: optax.chain(optax.add_noise(1e-4, 0.5, jax.random.key(0)), optax.sgd(0.1)),
    "several steps": lambda: optax.MultiSteps(optax.sgd(0.1), 2),
    "hyperparameters": lambda: optax.inject_hyperparams(optax.sgd)(learning_rate=optax.linear_schedule(0.1, 0.0, 20)),
}


@pytest.mark.parametrize("make", OPTIMISERS.values(), ids=OPTIMISERS)
def test_any_optimiser_is_what_its_own_loop_gives(make):
    """The reference is the loop of optax's documentation, with the value, gradient and function that it asks for."""
    method, params = make(), START
    if isinstance(method, optax.MultiSteps):
        loop = method.gradient_transformation()
    else:
        loop = method
    state = loop.init(params)

    @jax.jit
    def step(params, state):
        value, slope = jax.value_and_grad(RISK.value)(params)
        extras = {"value": value, "grad": slope, "value_fn": RISK.value}
        if make is OPTIMISERS["sharpness-aware"]:
            extras = {"grad_fn": lambda p, _: jax.grad(RISK.value)(p)}
        updates, state = optax.with_extra_args_support(loop).update(slope, state, params, **extras)
        return optax.apply_updates(params, updates), state

    for _ in range(6):
        params, state = step(params, state)
    run = descend(RISK, START, method, steps=6)
    np.testing.assert_allclose(ravel(run.network), ravel(params), rtol=1e-7, atol=1e-9)
    part = descend(RISK, START, method, steps=2)
    again = descend(RISK, START, method, steps=4, resume=part)
    assert np.array_equal(ravel(again.network), ravel(run.network))


@pytest.mark.parametrize("method", [optax.contrib.galore(0.1), optax.lookahead(optax.sgd(0.1), 3, 0.5)])
def test_an_optimiser_that_needs_more_is_told_in_one_sentence(method):
    with pytest.raises(TypeError, match="method must be an optax optimiser that works with the risk"):
        descend(RISK, START, method, steps=2)


@pytest.mark.parametrize("samples", sampled([2, 40, 5, 9], keep=2))
@pytest.mark.parametrize("bias", [False, True])
def test_the_solver_of_a_step_is_of_the_smaller_size_and_the_same(samples, bias):
    """(shift·I + H)x = b by either way; with more samples than parameters no matrix of samples × samples is formed."""
    random = np.random.default_rng(samples)
    risk = EmpiricalRisk(random.normal(size=(samples, 2)), random.normal(size=(samples, 1)))
    network = networks.two_layer(1, width=3, inputs=2, activation="tanh", scale=Scale(0.7, 0.7), output_bias=bias)
    b = jnp.asarray(random.normal(size=ravel(network).size))
    expected = np.linalg.solve(np.asarray(risk.hessian(network)) + 3.0 * np.eye(b.size), b)
    for solver in (two_layer_solver, dense_solver):
        np.testing.assert_allclose(solver(risk, network)(jnp.asarray(3.0))(b), expected, rtol=1e-10, atol=1e-12)
    largest = max(v.aval.size for eqn in jax.make_jaxpr(
        lambda net: two_layer_solver(risk, net)(jnp.asarray(3.0))(b))(network).eqns for v in eqn.outvars)  # fmt: skip
    assert largest < max(b.size * samples, b.size**2) * 6


def test_what_does_not_fit_into_memory_is_told_before_it_is_asked_for():
    wide = TwoLayer(jnp.ones((1_000_000, 1)), None, jnp.ones((1, 1_000_000)), None, networks.activation("tanh"))
    with pytest.raises(ValueError, match=r"dense Hessian must fit into memory: for 2000000 parameters .* TB"):
        RISK.hessian(wide)
    many = EmpiricalRisk(np.zeros((1_000_000, 1)), np.zeros((1_000_000, 1)))
    with pytest.raises(ValueError, match="step of the implicit solver must fit into memory"):
        flow(many, wide, until=Until(time=1.0))
