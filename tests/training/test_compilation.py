"""A second run of the same shapes compiles nothing: data, starts, rates, seeds, levels and lengths are data."""

from contextlib import contextmanager

import jax
import jax.numpy as jnp

from condenslab.training import Adam, GradientDescent, Until, descend, ensemble, flow
from learning import small_network, small_risk


@contextmanager
def counting():
    """Collects the names of all traces, lowerings and compilations, those of single operations included."""
    seen = []

    def listen(event, seconds, **_):
        if event.startswith("/jax/core/compile/"):
            seen.append(event.rpartition("/")[2])

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        yield seen
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)


def test_the_count_sees_a_compilation():
    with counting() as seen:
        jax.jit(lambda x: x + 1)(jnp.ones(3))
    assert "backend_compile_duration" in seen


def assert_second_compiles_nothing(train, first, second):
    """Runs `train(*first)`, then `train(*second)` under the count; arguments are made before."""
    train(*first)
    with counting() as seen:
        train(*second)
    assert seen == []


def test_descend():
    def train(risk, network, method, steps, level, seed):
        noisy = {"batch": 2, "dropout": 0.1 + 0.1 * seed, "key": jax.random.key(seed)}
        return descend(risk, network, method, steps=steps, until=Until(risk=level, gradient=level), **noisy)

    assert_second_compiles_nothing(
        train,
        (small_risk(0), small_network(0), GradientDescent(0.1, 0.9), 150, 1e-3, 0),
        (small_risk(1), small_network(1), GradientDescent(0.2, 0.5), 2500, 1e-2, 1),
    )


def test_flow():
    def train(risk, network, l2, rtol, until):
        return flow(risk, network, l2=l2, rtol=rtol, until=until)

    assert_second_compiles_nothing(
        train,
        (small_risk(0), small_network(0), 0.0, 1e-4, Until(time=1.0)),
        (small_risk(1), small_network(1), 0.1, 1e-6, Until(time=9.0, risk=1e-3, gradient=1e-3)),
    )


def test_ensemble():
    def train(risks, networks, methods, steps):
        return ensemble(descend, risks, networks, methods, steps=steps)

    def arguments(first, rate, steps):
        seeds = range(first, first + 3)
        risks, networks = [small_risk(seed) for seed in seeds], [small_network(seed) for seed in seeds]
        return risks, networks, [Adam(rate + seed) for seed in seeds], steps

    assert_second_compiles_nothing(train, arguments(0, 0.01, 120), arguments(3, 0.02, 2600))


def test_ensemble_of_flows():
    def train(networks, levels, l2):
        return ensemble(flow, small_risk(), networks, until=levels, l2=l2)

    def arguments(first, time):
        networks = [small_network(seed) for seed in range(first, first + 3)]
        return networks, [Until(time=time + seed) for seed in range(3)], [0.01 * seed for seed in range(3)]

    assert_second_compiles_nothing(train, arguments(0, 1.0), arguments(3, 2.0))
