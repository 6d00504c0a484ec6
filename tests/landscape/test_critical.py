"""The critical-point search: the published critical functions, what is rejected, other dimensions and activations."""

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import (
    Fate,
    StartLaw,
    critical_atlas,
    critical_points,
    critical_points_from,
    make_critical,
    polish,
    split_to_width,
)
from condenslab.landscape.critical import lanes
from condenslab.landscape.critical.search import Ends, judge, zero_gradients
from condenslab.landscape.critical.starts import box_and_spacing
from condenslab.measures import align
from condenslab.networks import MLP, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk
from golden import (
    RISK_0,
    RISK_1,
    RISK_2,
    WIDTH_1,
    WIDTH_2,
    WIDTH_3,
    gradient,
    l1,
    stationary,
    tanh_network,
    three_tanh,
)
from sampling import sampled


@pytest.fixture(scope="module")
def searches():
    """The searches of widths 1, 2 and 3 on the three-tanh problem, from 300 starts each."""
    return {m: critical_points(three_tanh(), width=m, starts=300, key=jax.random.key(0)) for m in (1, 2, 3)}


def test_width_one_has_one_minimum_and_the_zero_function(searches):
    found = searches[1]
    assert [point.width for point in found.points] == [1, 0]
    minimum, zero = found.points
    assert minimum.risk == pytest.approx(RISK_1, abs=1e-10)
    assert align(minimum.network, tanh_network(WIDTH_1)).largest < 1e-6
    assert (minimum.inertia.counts, minimum.inertia.decided) == ((3, 0, 0), True)
    assert zero.risk == pytest.approx(RISK_0, abs=1e-10)
    assert zero.network.width == 0
    assert minimum.hits > 30


def test_width_two_has_the_published_pair_of_mirror_images(searches):
    pair = [point for point in searches[2].of_width(2) if abs(point.risk - RISK_2) < 1e-9]
    assert len(pair) == 2
    mirrored = [(a, -w, b) for a, w, b in WIDTH_2]
    for target in (WIDTH_2, [(-a, w, b) for a, w, b in mirrored]):
        assert min(align(point.network, tanh_network(target)).largest for point in pair) < 1e-5
    assert all((point.inertia.counts, point.inertia.decided) == ((6, 0, 0), True) for point in pair)
    lowest = searches[2].points[0]
    assert lowest.risk == pytest.approx(RISK_2, abs=1e-10)


def test_width_two_has_further_minima_with_mirror_images_and_a_symmetric_saddle(searches):
    further = [point for point in searches[2].of_width(2) if point.risk > RISK_2 + 1e-6]
    minima = [point for point in further if point.inertia.counts == (6, 0, 0)]
    saddles = [point for point in further if point.inertia.decided and point.inertia.negative > 0]
    assert len(minima) >= 2
    assert saddles
    grid = searches[2].grid
    symmetric = [p for p in saddles if np.allclose(p.network(jnp.asarray(-grid)), -p.network(jnp.asarray(grid)))]
    assert symmetric


def test_width_three_finds_the_target(searches):
    best = searches[3].points[0]
    assert best.risk < 1e-20
    assert align(best.network, tanh_network(WIDTH_3)).largest < 1e-7
    assert (best.inertia.counts, best.inertia.decided) == ((9, 0, 0), True)
    np.testing.assert_allclose(sorted(best.network.biases), [-7, 0, 7], atol=1e-6)


def test_narrow_functions_are_found_embedded_and_attributed(searches):
    """F_1 ⊂ F_2 ⊂ F_3: what a wide search finds of a narrower function has the narrow function's width and inertia."""
    for wide in (2, 3):
        found = [point for point in searches[wide].points if abs(point.risk - RISK_1) < 1e-9]
        assert [(point.width, point.inertia.counts) for point in found] == [(1, (3, 0, 0))]
        assert found[0].searched_width == wide
    assert any(point.width == 2 for point in searches[3].points)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_every_point_is_critical_in_its_own_space(searches, width):
    found = searches[width]
    risk = three_tanh()
    dx = 30 / 49
    assert [point.risk for point in found.points] == sorted(point.risk for point in found.points)
    assert sum(point.hits for point in found.points) == found.fate_counts[Fate.CRITICAL]
    assert len(found.fates) == 300
    for point in found.points:
        assert point.gradient_norm <= 1e-11
        assert point.gradient_norm == pytest.approx(l1(risk, point.network), abs=1e-13)
        assert float(risk.value(point.network)) == pytest.approx(point.risk, rel=1e-12)
        assert np.abs(point.network.input_weights).max(initial=0.0) * dx <= 3
        assert point.inertia.positive + point.inertia.zero + point.inertia.negative == 3 * point.width


@pytest.mark.parametrize("width", [1, 2, 3])
def test_functions_are_distinct(searches, width):
    functions = searches[width].functions[..., 0]
    assert functions.shape == (len(searches[width].points), len(searches[width].grid))
    for i in range(len(functions)):
        for j in range(i):
            assert np.abs(functions[i] - functions[j]).max() > 0.9 * searches[width].same
    assert searches[width].grid.min() == -20.0
    assert searches[width].grid.max() == 20.0


def test_fates_are_sentences(searches):
    met = {fate for found in searches.values() for fate in found.fate_counts}
    assert {Fate.CRITICAL, Fate.SATURATED, Fate.UNCONVERGED} <= met
    assert all(len(fate.value.split()) > 8 for fate in Fate)


def test_the_same_key_gives_the_same_points_from_the_same_program(searches, monkeypatch):
    """The solver is a Python function that runs only when a program is traced: here it must not run."""
    monkeypatch.setattr("condenslab.landscape.critical.rounds._trial", None)
    again = critical_points(three_tanh(), width=2, starts=300, key=jax.random.key(0))
    assert [point.risk for point in again.points] == [point.risk for point in searches[2].points]
    assert again.fates == searches[2].fates


def test_pseudo_critical_points_are_rejected():
    """Steps between two samples, neurons constant on the data: the gradient is gone, but no point is critical."""
    risk = three_tanh()
    networks = jax.tree.map(lambda *leaves: np.stack(leaves), *map(tanh_network, (WIDTH_1, WIDTH_1, WIDTH_1)))
    lengths, yes, no = np.array([0.0, 0.5, np.inf]), np.ones(3, dtype=bool), np.zeros(3, dtype=bool)
    ends = Ends(networks, np.full(3, 1e-13), yes, lengths, yes, no)
    assert judge(risk, ends, steepest=3.0) == [Fate.CRITICAL, Fate.FLAT, Fate.DIVERGED]
    assert set(judge(risk, replace(ends, zero=no), steepest=3.0)[:2]) == {Fate.UNCONVERGED}
    assert set(judge(risk, replace(ends, escaped=yes), steepest=3.0)) == {Fate.SATURATED}
    assert set(judge(risk, replace(ends, finished=no), steepest=3.0)) == {Fate.UNFINISHED}


STEP = [(2.0, 60.0, 0.0)]  # between the two middle samples
HIDDEN_STEP = [(0.3, 1.0, -7.0), (0.3, 1.0, 7.0), (2.0, 60.0, 0.0)]
AROUND_A_SAMPLE = [(1.073846, 0.82830355, -5.70518184), (1.031242, 0.92796512, 6.45965915), (0.901177, 33.735, 10.037)]
MERGING = [
    (2.3503725405055707, 0.1544642650081082, 0.4142809843267569),
    (191.09145577901734, 1.8316285383054394, -13.59713758223941),
    (-190.30708906506635, 1.8359547885060283, -13.630849288867502),
]


@pytest.mark.parametrize("neurons", [STEP, HIDDEN_STEP, AROUND_A_SAMPLE, MERGING], ids=str)
def test_channels_to_infinity_are_not_listed(neurons):
    """Steps, one around a sample, and two neurons that merge with output weights of ±200 at R = 0.0695802729.

    In exact arithmetic none has a critical point near: R falls, or stays at its limit, as the scale grows.
    """
    found = critical_points_from(three_tanh(), [tanh_network(neurons)])
    assert all(np.abs(ravel(point.network)).max() < 15 for point in found.points)
    assert found.fates[0] is not Fate.CRITICAL or found.points


@pytest.mark.parametrize(
    ("height", "unit", "shift"), [(1e3, 1.0, 0.0), (1e-9, 1e6, 0.0), (1.0, 1e-6, 3.0), (1.0, 1.0, 1e4)]
)
def test_units_do_not_change_what_is_found(height, unit, shift):
    """The published minimum and the zero function of width 1, in other units of inputs and targets."""
    plain = three_tanh()
    risk = EmpiricalRisk(plain.inputs * unit + shift, plain.targets * height)
    found = critical_points(risk, width=1, starts=32, key=0)
    assert [point.risk for point in found.points] == pytest.approx([RISK_1 * height**2, RISK_0 * height**2], rel=1e-6)
    minimum = found.points[0]
    assert (minimum.inertia.counts, minimum.inertia.decided) == ((3, 0, 0), True)
    assert abs(float(minimum.network.input_weights[0, 0])) * unit == pytest.approx(WIDTH_1[0][1], rel=1e-4)
    assert abs(float(minimum.network.output_weights[0, 0])) / height == pytest.approx(WIDTH_1[0][0], rel=1e-4)


@pytest.mark.more
def test_padding_sets_neither_the_grid_nor_the_units(searches):
    """Rows of weight 0 far outside, too large to be squared: the points, the grid and the atlas are those without."""
    plain, far = three_tanh(), 1e200 * jnp.ones((3, 1))
    ones = jnp.ones(len(plain.inputs))
    risk = EmpiricalRisk(
        jnp.concatenate([plain.inputs, far]), jnp.concatenate([plain.targets, far]), jnp.append(ones, jnp.zeros(3))
    )
    found = critical_points(risk, width=1, starts=32, key=0)
    assert np.array_equal(found.grid, searches[1].grid)
    assert [point.risk for point in found.points] == pytest.approx([RISK_1, RISK_0], abs=1e-10)
    assert found.points[0].inertia.counts == (3, 0, 0)
    start = [tanh_network(WIDTH_1)]
    assert critical_points_from(risk, start).points[0].risk == pytest.approx(RISK_1, abs=1e-10)
    polished, how = polish(risk, start[0])
    assert (how.fate, l1(plain, polished) < 1e-11) == (Fate.CRITICAL, True)
    assert critical_atlas(risk, [found]).symmetries == critical_atlas(plain, [searches[1]]).symmetries != ()


@pytest.mark.more
def test_a_continuous_family_is_one_entry():
    """Three samples and eight parameters: exact solutions fill a set of dimension five; they agree on the samples."""
    risk = EmpiricalRisk(jnp.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]), jnp.array([[0.0], [0.0], [1.0]]))
    found = critical_points(risk, width=2, starts=60, key=0)
    exact = [point for point in found.points if point.risk < 1e-20]
    assert len(exact) == 1
    assert exact[0].inertia.zero == 5
    assert exact[0].family > 1
    assert str(len(found.fates)) in found.advice and "critical" in found.advice


@pytest.mark.more
def test_the_advice_leads_to_the_certified_minimum_of_lanczos_3():
    """NIST StRD, Lanczos3: Σ_k b_k·exp(−c_k·x) to 24 values of 4 decimals; what is certified has 11 digits.

    The valley is so narrow that short descents end nowhere: the default search says what to change, and that finds it.
    """
    x = 0.05 * np.arange(24)
    y = np.round(0.0951 * np.exp(-x) + 0.8607 * np.exp(-3 * x) + 1.5576 * np.exp(-5 * x), 4)
    risk = EmpiricalRisk(x[:, None], y[:, None])
    request = {"width": 3, "starts": 100, "key": 0, "activation": activation("exp"), "biases": False}
    short = critical_points(risk, **request)
    assert not short.of_width(3) and "law=StartLaw(longest_descent=1000)" in short.advice
    lowest = critical_points(risk, **request, law=StartLaw(longest_descent=1000)).points[0]
    assert 24 * lowest.risk == pytest.approx(1.6117193594e-08, rel=1e-9)
    assert (lowest.inertia.counts, lowest.inertia.decided) == ((6, 0, 0), True)
    assert np.sort(-np.ravel(lowest.network.input_weights)) == pytest.approx(
        [9.5498101505e-01, 2.9515951832, 4.9863565084], rel=1e-8
    )


def teacher_risk(inputs=2, outputs=1, samples=40):
    random = np.random.default_rng(0)
    x = random.normal(size=(samples, inputs))
    y = np.tanh(x @ random.normal(size=(inputs, outputs)) + 0.3)
    return EmpiricalRisk(jnp.asarray(x), jnp.asarray(y))


@pytest.mark.parametrize(
    ("inputs", "outputs", "biases", "output_bias", "sigma"),
    sampled([(2, 1, True, False, "tanh"), (3, 2, False, True, "sigmoid"), (1, 1, True, False, "relu")], keep=1),
)
def test_other_dimensions_and_activations(inputs, outputs, biases, output_bias, sigma):
    risk = teacher_risk(inputs, outputs)
    found = critical_points(
        risk, width=1, starts=40, key=3, activation=activation(sigma), biases=biases, output_bias=output_bias
    )
    assert found.points
    for point in found.points:
        assert point.gradient_norm <= 1e-11
        assert l1(risk, point.network) <= 1e-10
        assert (point.network.biases is not None, point.network.output_bias is not None) == (biases, output_bias)
    if sigma == "tanh":
        assert found.points[0].risk < 1e-20
        assert found.points[0].inertia.counts == (4, 0, 0)
    if sigma == "relu":
        assert all(point.inertia.zero >= 1 for point in found.points if point.width == 1)  # the scale is free
    if output_bias:
        constant = [point for point in found.points if point.width == 0]
        assert constant
        np.testing.assert_allclose(constant[0].network.output_bias, np.mean(risk.targets, axis=0), atol=1e-12)
        assert constant[0].inertia.counts == (outputs, 0, 0)


def deep_network(seed=0, hidden=(2, 2)):
    """A tanh network of several hidden layers; all parameters of order 1."""
    random = np.random.default_rng(seed)
    shape = (1, *hidden, 1)
    weights = tuple(jnp.asarray(1 + random.random((out, into))) for into, out in itertools.pairwise(shape))
    return MLP(weights, tuple(jnp.asarray(random.normal(size=out)) for out in shape[1:]), activation("tanh"))


@pytest.mark.more
def test_a_deep_critical_point_made_to_order_is_found_from_nearby_and_from_random_starts():
    network = deep_network()
    risk = make_critical(network, np.linspace(-5.0, 5.0, 60)[:, None], jax.random.key(0))
    theta = ravel(network)
    near = [unravel(theta * (1 + 1e-5 * sign), network) for sign in (-1, 1)]
    found = critical_points_from(risk, near)
    assert [point.hits for point in found.points] == [2]
    np.testing.assert_allclose(ravel(found.points[0].network), theta, rtol=1e-6)
    assert found.points[0].risk == pytest.approx(1.0, rel=1e-9)  # the fixture's value
    others = critical_points(risk, width=(2, 2), starts=20, key=0, output_bias=True)
    assert others.width == 4
    assert all(l1(risk, point.network) <= 1e-11 for point in others.points)


@pytest.mark.more
def test_more_than_100_parameters_count_as_zero_by_rounding():
    """Width 40, 120 parameters, embedded by hand: the L1 norm is not asked for, the level of rounding is."""
    wide = split_to_width(stationary(1), 40)
    found = critical_points_from(three_tanh(), [wide])
    assert [(point.width, point.hits) for point in found.points] == [(1, 1)]
    assert found.points[0].risk == pytest.approx(RISK_1, abs=1e-10)
    off = unravel(ravel(wide) + 1e-6, wide)
    gradients = np.stack([gradient(three_tanh(), wide), gradient(three_tanh(), off)])
    theta = np.stack([ravel(wide), ravel(off)])
    assert zero_gradients(three_tanh(), wide, theta, gradients, None).tolist() == [True, False]


def test_an_interrupted_search_keeps_what_it_found(monkeypatch):
    """Ctrl-C arrives in the calling thread while it waits for the second lane."""
    risk = three_tanh()
    monkeypatch.setattr(lanes, "LANE", 64)
    submitted = itertools.count()

    class Pool(ThreadPoolExecutor):
        def submit(self, *work):
            if next(submitted) == 0:
                return super().submit(*work)
            future = Future()
            future.set_exception(KeyboardInterrupt())
            return future

    monkeypatch.setattr(lanes, "ThreadPoolExecutor", Pool)
    found = critical_points(risk, width=1, starts=200, key=0)
    assert found.interrupted
    assert found.fate_counts[Fate.UNFINISHED] == 136
    assert found.points[0].risk == pytest.approx(RISK_1, abs=1e-10)
    late = critical_points(risk, width=1, starts=20, key=0, time_limit=0.0)
    assert (late.interrupted, late.points, late.fate_counts) == (True, (), {Fate.UNFINISHED: 20})


def test_batches_do_not_change_the_points():
    risk = three_tanh()
    one, other = (critical_points(risk, width=1, starts=100, key=5, memory=memory) for memory in (2**28, 2**18))
    assert [point.risk for point in one.points] == pytest.approx([point.risk for point in other.points], rel=1e-12)


def test_one_sample_has_no_neighbours_to_step_between():
    risk = EmpiricalRisk(jnp.ones((1, 1)), jnp.zeros((1, 1)))
    networks = jax.tree.map(lambda leaf: np.asarray(leaf)[None], tanh_network([(1.0, 2.0, 0.0)]))
    yes = np.ones(1, dtype=bool)
    ends = Ends(networks, np.zeros(1), yes, np.zeros(1), yes, ~yes)
    assert judge(risk, ends, steepest=3.0) == [Fate.CRITICAL]
    assert box_and_spacing(np.ones((1, 1))) == (1.0, 1.0, 1.0)


def test_starts_lie_in_the_data():
    risk = three_tanh()
    networks, steps = StartLaw(longest_descent=20).draw(risk, jax.random.key(1), 500, 2, activation("tanh"))
    slope = np.abs(networks.input_weights[..., 0])
    centre = -np.asarray(networks.biases) / networks.input_weights[..., 0]
    assert slope.min() >= 1.5 / 30
    assert slope.max() <= 1.0 / (30 / 49) * (1 + 1e-12)
    assert np.abs(centre).max() <= 18
    assert (int(steps.min()), int(steps.max())) == (0, 20)
    low, size, spacing = box_and_spacing(np.asarray(risk.inputs))
    assert (low[0], size[0]) == (-15.0, 30.0)
    assert spacing == pytest.approx(1 / 49)
    assert box_and_spacing(np.ones((3, 2)))[2] == 1.0


def test_bad_requests():
    risk = three_tanh()
    for width, starts in [(0, 5), (1, 0)]:
        with pytest.raises(ValueError, match="at least 1"):
            critical_points(risk, width=width, starts=starts, key=0)
    for start, match in [([], "at least one start"), ([tanh_network(WIDTH_1), tanh_network(WIDTH_2)], "one shape")]:
        with pytest.raises(ValueError, match=match):
            critical_points_from(risk, start)
    with pytest.raises(ValueError, match="one for each of 1 starts"):
        critical_points_from(risk, [tanh_network(WIDTH_1)], descents=[1, 2])
    with pytest.raises(ValueError, match="default predict"):
        other = EmpiricalRisk(risk.inputs, risk.targets, predict=lambda params, x: x)
        critical_points(other, width=1, starts=1, key=0)
    single = EmpiricalRisk(risk.inputs.astype(jnp.float32), risk.targets.astype(jnp.float32))
    with pytest.raises(TypeError, match="float64"):
        critical_points(single, width=1, starts=1, key=0)
