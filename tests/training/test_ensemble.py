"""Ensembles: every member is what it is alone, however the members are cut and mapped."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from condenslab.risk import EmpiricalRisk
from condenslab.training import Adam, GradientDescent, Stack, Stop, Until, descend, ensemble, flow
from learning import distance, flat, same, small_network, small_risk

NETWORKS = [small_network(seed) for seed in range(5)]
KEYS = [jax.random.key(seed) for seed in range(5)]


@pytest.mark.parametrize("vectorise", [1, 2])
def test_alone_and_inside_agree_over_200_steps(vectorise):
    """The promise of the design: 1e-10 over 200 steps in float64, minibatches and dropout included."""
    rates = [0.1, 0.2, 0.3, 0.2, 0.1]
    options = {"steps": 200, "batch": 2}
    how = {"key": KEYS, "dropout": rates, "vectorise": vectorise, "chunk": 2}
    runs = ensemble(descend, small_risk(), NETWORKS, Adam(0.01), **how, **options)
    assert len(runs) == 5
    for network, key, rate, run in zip(NETWORKS, KEYS, rates, runs, strict=True):
        alone = descend(small_risk(), network, Adam(0.01), key=key, dropout=rate, **options)
        assert distance(run.network, alone.network) < 1e-10
        assert np.array_equal(run.times, alone.times)
        np.testing.assert_allclose(run.records["risk"], alone.records["risk"], atol=1e-10)
        assert (run.stop, run.steps) == (alone.stop, alone.steps)


def test_the_same_cut_in_any_way_bit_for_bit():
    """Chunks of any size, by memory or by number, on one thread or two; what fills up the last one is not returned."""
    runs = [
        ensemble(descend, small_risk(), NETWORKS, GradientDescent(0.05), steps=150, vectorise=1, **cut)
        for cut in ({"chunk": 3, "threads": 1}, {"chunk": 3, "threads": 2}, {"memory": 1})
    ]
    for others in runs[1:]:
        assert len(others) == 5
        assert all(same(first, second) for first, second in zip(runs[0], others, strict=True))


def test_over_everything_at_once():
    """Risks (of one shape, by padding), networks, methods, levels: each member has its own."""
    base = small_risk()
    risks = [
        EmpiricalRisk(base.inputs, shift + base.targets, weights=(jnp.arange(6) < count).astype(float))
        for shift, count in ((0.0, 6), (0.5, 4), (1.0, 2))
    ]
    methods = [GradientDescent(rate) for rate in (0.01, 0.02, 0.03)]
    levels = [Until(), Until(risk=0.2), Until(gradient=0.1)]
    runs = ensemble(descend, risks, NETWORKS[:3], methods, steps=400, until=levels)
    for risk, network, method, level, run in zip(risks, NETWORKS, methods, levels, runs, strict=False):
        alone = descend(risk, network, method, steps=400, until=level)
        assert distance(run.network, alone.network) < 1e-10
        assert (run.stop, run.steps) == (alone.stop, alone.steps)
    samples = descend(
        EmpiricalRisk(base.inputs[:4], 0.5 + base.targets[:4]), NETWORKS[1], methods[1], steps=runs[1].steps
    )
    assert distance(runs[1].network, samples.network) < 1e-10


def test_a_stack_is_a_list():
    stack = Stack(jax.tree.map(lambda *leaves: jnp.stack(leaves), *NETWORKS))
    keys, options = jax.random.split(jax.random.key(0), 5), {"steps": 20, "batch": 2, "chunk": 2}
    dropout = Stack(jnp.asarray([0.1, 0.2, 0.3, 0.2, 0.1]))
    runs = ensemble(descend, small_risk(), stack, Adam(0.01), key=Stack(keys), dropout=dropout, **options)
    lists = ensemble(descend, small_risk(), NETWORKS, Adam(0.01), key=list(keys), dropout=list(dropout.tree), **options)
    assert all(same(first, second) for first, second in zip(runs, lists, strict=True))
    assert runs[0].network.biases.shape == (3,)


def test_flows():
    """End times, levels, L2 coefficients and tolerances of their own; one stops early, one runs out of steps."""
    levels = [Until(time=3.0), Until(time=50.0), Until(risk=1.0), Until(time=1e6)]
    l2, rtol = [0.0, 0.05, 0.0, 0.0], [1e-4, 1e-6, 1e-4, 1e-9]
    options = {"max_steps": 300}
    runs = ensemble(flow, small_risk(), NETWORKS[:4], until=levels, l2=l2, rtol=rtol, chunk=3, **options)
    for number, run in enumerate(runs):
        alone = flow(small_risk(), NETWORKS[number], until=levels[number], l2=l2[number], rtol=rtol[number], **options)
        assert (run.stop, run.steps) == (alone.stop, alone.steps)
        # An error estimate is a small difference: its rounding enters the step at 1e-16 over the tolerance.
        np.testing.assert_allclose(run.times, alone.times, rtol=1e-6)
        assert distance(run.network, alone.network) < 1e-8
    assert [run.stop for run in runs[:2]] == [Stop.FINISHED] * 2
    assert runs[3].stop is Stop.STEPS_EXHAUSTED


def test_one_that_diverges_does_not_spoil_the_others():
    methods = [GradientDescent(rate) for rate in (0.05, 1e6)]
    runs = ensemble(descend, small_risk(), NETWORKS[0], methods, steps=300, vectorise=2, chunk=2)
    assert [run.stop for run in runs] == [Stop.FINISHED, Stop.NOT_FINITE]
    assert distance(runs[0].network, descend(small_risk(), NETWORKS[0], methods[0], steps=300).network) < 1e-10
    assert np.all(np.isfinite(flat(runs[1].network)))


@pytest.mark.parametrize("cut", ["interrupt", "time"])
def test_cut_short_all_members_come_back_and_go_on(cut):
    """Members that were not even begun are returned as they stand, and the whole can be resumed."""

    def press(fraction, text):
        assert text.endswith("of 5 members have stopped")
        raise KeyboardInterrupt

    how = {"time_limit": 0.0} if cut == "time" else {"progress": press}
    options = {"chunk": 2, "threads": 1}
    parts = ensemble(descend, small_risk(), NETWORKS, Adam(0.01), steps=10**6, **how, **options)
    assert {part.stop for part in parts} == {Stop.TIME_LIMIT if cut == "time" else Stop.INTERRUPTED}
    assert len(parts) == 5
    assert parts[-1].steps == 0
    rest = ensemble(descend, small_risk(), NETWORKS, Adam(0.01), steps=100, resume=parts, **options)
    for network, part, run in zip(NETWORKS, parts, rest, strict=True):
        assert run.steps == part.steps + 100
        alone = descend(small_risk(), network, Adam(0.01), steps=run.steps)
        assert distance(run.network, alone.network) < 1e-6


def test_errors():
    risk, method = small_risk(), GradientDescent(0.1)
    with pytest.raises(TypeError, match="an ensemble needs"):
        ensemble(len, risk, NETWORKS, method, steps=1)
    with pytest.raises(ValueError, match="empty list for network"):
        ensemble(descend, risk, [], method, steps=1)
    with pytest.raises(TypeError, match="needs one method and flow none"):
        ensemble(descend, risk, NETWORKS, steps=1)
    with pytest.raises(ValueError, match="at least one list"):
        ensemble(descend, risk, NETWORKS[0], method, steps=1)
    with pytest.raises(ValueError, match=r"one entry a member each. Got lengths .*5.*2"):
        ensemble(descend, risk, NETWORKS, [method] * 2, steps=1)
    with pytest.raises(ValueError, match="method with different parts"):
        ensemble(descend, risk, NETWORKS[0], [optax.sgd(0.1), optax.sgd(0.2)], steps=1)
    with pytest.raises(ValueError, match="network number 1 with the structure"):
        ensemble(descend, risk, [NETWORKS[0], small_network(activation="relu")], method, steps=1)
    with pytest.raises(ValueError, match="network number 1 with shape"):
        ensemble(descend, risk, [NETWORKS[0], small_network(width=2)], method, steps=1)
    with pytest.raises(ValueError, match="steps must be one for all"):
        ensemble(descend, risk, NETWORKS, method, steps=[1, 2, 3, 4, 5])
    with pytest.raises(ValueError, match="needs an end"):
        ensemble(flow, risk, NETWORKS[:2], until=[Until(time=1.0), Until()])
