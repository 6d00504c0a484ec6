"""A scalar risk of the user's own: search, polish, inertia, certificates, embeddings; against closed forms and NIST."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import nist
import population
from condenslab import landscape, measures, networks
from condenslab.landscape import Fate
from condenslab.networks import Scale, activation, ravel, unravel
from condenslab.risk import EmpiricalRisk, Function
from condenslab.training import GradientDescent, Until, descend, flow

WELL = Function(lambda t: (t[0] ** 2 - 1) ** 2 / 4 + t[1] ** 2 / 2)
"""Minima at (±1, 0), a saddle of risk 1/4 at 0."""


def student(size):
    return Function(lambda rows: population.student_risk(rows, jnp.eye(size)))


def regression(name):
    problem, model = nist.read(name), nist.MODELS[name]
    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)
    return problem, Function(lambda b: jnp.sum((model(b, x) - y) ** 2))


def as_function(risk):
    """The same risk, as a user would write it who has only its values."""
    return Function(lambda network: jnp.mean(jnp.sum((network(risk.inputs) - risk.targets) ** 2, axis=1)))


def test_all_points_of_a_double_well():
    starts = [jnp.array([a, b]) for a in (-1.3, -0.2, 0.3, 0.9) for b in (0.0, 0.7)]
    found = landscape.critical_points_from(WELL, starts, descents=[0, 30] * 4)
    assert [point.inertia.counts for point in found.points] == [(2, 0, 0), (2, 0, 0), (1, 0, 1)]
    assert sorted(float(point.network[0]) for point in found.points[:2]) == pytest.approx([-1, 1], abs=1e-12)
    assert [point.risk for point in found.points] == pytest.approx([0, 0, 0.25], abs=1e-15)
    assert sum(point.hits for point in found.points) == found.fate_counts[Fate.CRITICAL] == 8
    for point, least in zip(found.points, (2, 2, -1), strict=True):
        proof = landscape.certificate(WELL, point.network)
        assert proof.holds and proof.same_inertia
        assert proof.lipschitz >= 6 or least == -1  # D³R = 6θ₀ there; at the saddle it vanishes


def test_a_population_risk_by_hand():
    """Value against a mean over directions of the plane; Hessian at the teacher against the formula by hand."""
    rows, teacher = np.array([[0.7, -0.4], [0.1, 1.3]]), np.eye(2)
    turns = np.linspace(0, 2 * np.pi, 200_001)[:-1]
    x = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    miss = np.maximum(x @ rows.T, 0).sum(axis=1) - np.maximum(x @ teacher, 0).sum(axis=1)
    value = float(student(2).value(jnp.asarray(rows)))
    assert value == pytest.approx(np.mean(miss**2), rel=1e-8)  # ½·E r²·mean over directions, E r² = 2
    np.testing.assert_allclose(student(3).hessian(jnp.eye(3)), population.hessian_at_teacher(3), atol=1e-9)


@pytest.mark.more
def test_global_minima_of_a_population_risk_are_found_and_certified():
    """All w = permuted v; from small random starts, with the eigenvalues of the matrix by hand."""
    size = 3
    draws = np.random.default_rng(1).normal(0, 0.5, (6, size, size))
    found = landscape.critical_points_from(student(size), [jnp.asarray(one) for one in draws], descents=60)
    best = found.points[0]
    assert abs(best.risk) < 1e-14 and best.inertia.counts == (9, 0, 0)
    np.testing.assert_allclose(np.sort(best.network.ravel()), [0] * 6 + [1] * 3, atol=1e-7)
    by_hand = np.linalg.eigvalsh(population.hessian_at_teacher(size))
    np.testing.assert_allclose(np.sort(best.inertia.eigenvalues), by_hand, atol=1e-6)


@pytest.mark.more
def test_the_local_minimum_of_six_neurons_that_is_not_global():
    """Safran & Shamir (2018): k = m ≥ 6 has minima of positive risk; near w_k = −v_k (Arjevani & Field, 2019)."""
    start = np.eye(6)
    start[5, 5] = -1.0
    risk = student(6)
    point, report = landscape.polish(risk, jnp.asarray(start + 0.01))
    assert report.fate is Fate.CRITICAL
    assert float(risk.value(point)) > 1e-2
    assert measures.inertia_at(risk, point).counts == (36, 0, 0)
    proof = landscape.certificate(risk, point)
    assert proof.holds and proof.same_inertia


QUICK = ("Misra1a",)


@pytest.mark.parametrize("name", QUICK)
def test_nonlinear_regression_to_all_certified_digits(name):
    _regression(name)


SLOPES = {("MGH10", 0), ("Eckerle4", 0)}
"""Steps end in a valley, or on a plateau far from the data, where the model is nearly constant: not called critical."""

OTHER_MINIMA = {("Hahn1", 1), ("MGH09", 0)}
"""Another, local minimum of the sum of squares."""

TWO_DECAYS = {("Lanczos1", 1), ("Lanczos2", 1), ("Lanczos3", 1)}
"""Two of three decays have become one: the fit of two decays, embedded, is critical for three, with a flat direction
that shares the amplitude."""


@pytest.mark.more
@pytest.mark.parametrize("name", [name for name in nist.MODELS if name not in QUICK])
def test_all_nonlinear_regressions_to_all_certified_digits(name):
    _regression(name)


def _regression(name):
    problem, risk = regression(name)
    for number, start in enumerate(problem.starts):
        found, report = landscape.polish(risk, jnp.asarray(start), steps=3000)
        if (name, number) in SLOPES:
            assert report.fate is not Fate.CRITICAL
            continue
        assert report.fate is Fate.CRITICAL, (name, number)
        if (name, number) in OTHER_MINIMA:
            assert measures.inertia_at(risk, found).counts == (len(found), 0, 0)
            assert float(risk.value(found)) > 2 * problem.residual
        elif (name, number) in TWO_DECAYS:
            assert float(found[1]) == pytest.approx(float(found[3]), rel=1e-6)
            assert measures.inertia_at(risk, found).counts == (5, 1, 0)
        else:
            by_rounding = nist.rounding(name, problem)
            allowed = np.maximum(1e-10 * np.abs(problem.certified), by_rounding)
            assert np.all(np.abs(np.asarray(found) - problem.certified) <= allowed), (name, number)
            assert float(risk.value(found)) == pytest.approx(problem.residual, rel=1e-10, abs=nist.level(problem))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        pytest.param(*start, marks=[] if start == ("Eckerle4", 0) else [pytest.mark.more])
        for start in sorted((SLOPES | OTHER_MINIMA | TWO_DECAYS) - {("MGH10", 0)})
    ],
)
def test_the_same_regressions_by_their_residuals(name, number):
    """Where a scalar risk leads elsewhere, least squares of the same model leads to the certified digits."""
    problem, model = nist.read(name), nist.MODELS[name]
    risk = EmpiricalRisk(problem.x[:, None], problem.y[:, None], predict=lambda b, x: model(b, x[:, 0])[:, None])
    found, _ = landscape.polish(risk, jnp.asarray(problem.starts[number]), steps=3000)
    assert nist.digits(np.asarray(found), problem.certified) > 10


def teacher(width=2):
    """tanh neurons of distinct centres: as targets, R = 0 at their parameters, where the Hessian is 2·E JᵀJ > 0."""
    incoming, centres, outgoing = np.array([[1.5], [-0.8]]), np.array([-0.4, 0.9]), np.array([[0.9, 1.3]])
    parts = (incoming[:width], centres[:width], outgoing[:, :width], None)
    return networks.TwoLayer(*(None if part is None else jnp.asarray(part) for part in parts), activation("tanh"))


def problem(width=2):
    """Samples of a teacher, and another network of its width."""
    x = np.linspace(-2, 2, 9)[:, None]
    network = networks.two_layer(3, width=width, inputs=1, activation="tanh", scale=Scale(1.0, 1.0))
    return EmpiricalRisk(x, teacher(width)(jnp.asarray(x))), network


def test_a_function_is_the_risk_that_it_writes_down():
    risk, network = problem()
    own = as_function(risk)
    assert float(own.value(network)) == pytest.approx(float(risk.value(network)), rel=1e-14)
    np.testing.assert_allclose(ravel(own.gradient(network)), ravel(risk.gradient(network)), atol=1e-13)
    np.testing.assert_allclose(own.hessian(network), risk.hessian(network), atol=1e-12)
    np.testing.assert_allclose(
        ravel(own.hessian_product(network, network)), risk.hessian(network) @ ravel(network), atol=1e-12
    )


@pytest.mark.more
def test_local_test_matrices_are_those_of_the_samples():
    risk, network = problem()
    own = as_function(risk)
    for neuron in range(2):
        np.testing.assert_allclose(
            landscape.local_test_matrix(own, network, neuron),
            landscape.local_test_matrix(risk, network, neuron),
            atol=1e-12,
        )


@pytest.mark.more
def test_a_function_is_polished_to_the_teacher():
    risk, _ = problem()
    start = unravel(ravel(teacher()) + 0.02, teacher())
    for one in (risk, as_function(risk)):
        end, report = landscape.polish(one, start)
        assert report.fate is Fate.CRITICAL
        np.testing.assert_allclose(ravel(end), ravel(teacher()), atol=1e-7)
        assert measures.inertia_at(one, end).counts == (6, 0, 0)


@pytest.mark.more
def test_embeddings_keep_a_risk_of_the_function_alone():
    risk, network = problem()
    _, receipt = landscape.embed(as_function(risk), network, landscape.splitting(2, 1, share=0.3))
    assert receipt.risk_after == pytest.approx(receipt.risk_before, rel=1e-14)
    assert receipt.output_difference < 1e-14 and receipt.gradient_norm_after > 0
    penalised = Function(lambda net: risk.value(net) + 0.1 * jnp.sum(ravel(net) ** 2))
    receipt = landscape.embed(penalised, network, landscape.splitting(2, 1, share=0.3))[1]
    assert abs(receipt.risk_after - receipt.risk_before) > 1e-3
    with pytest.raises(ValueError, match="penalties on parameters"):
        landscape.local_test_matrix(penalised, network, 0)


@pytest.mark.more
def test_networks_are_drawn_on_the_inputs_of_a_function():
    """Width 1: the teacher is found; −a·tanh(−w·x − b) is the same function."""
    risk, _ = problem(width=1)
    own = Function(as_function(risk).value, inputs=risk.inputs)
    found = landscape.critical_points(own, width=1, starts=16, key=0)
    best = found.points[0]
    assert best.risk < 1e-20 and best.inertia.counts == (3, 0, 0)
    np.testing.assert_allclose(np.abs(ravel(best.network)), np.abs(ravel(teacher(1))), atol=1e-8)
    assert found.functions.shape == (len(found.points), 9, 1)
    with pytest.raises(ValueError, match="inputs=x"):
        landscape.critical_points(as_function(risk), width=1, starts=4, key=0)


@pytest.mark.more
@pytest.mark.parametrize("inputs", ["inputs", "none"])
def test_a_neuron_that_turns_into_a_step_is_at_infinity(inputs):
    """sin 2x on nine points: R falls for ever as the neuron steepens, and a search of the samples says so as well."""
    x = np.linspace(-2, 2, 9)[:, None]
    risk = EmpiricalRisk(x, np.sin(2 * x))
    own = Function(as_function(risk).value, inputs=risk.inputs if inputs == "inputs" else None)
    level = np.abs(np.sin(2 * x)).sum() / 9
    steep = [
        networks.TwoLayer(jnp.array([[w]]), jnp.array([w * shift]), jnp.array([[level]]), None, activation("tanh"))
        for w, shift in ((6.0, 0.1), (9.0, -0.2), (30.0, 0.0))
    ]
    for one in (risk, own):
        found = landscape.critical_points_from(one, steep, descents=20)
        jumps = [0.5 * abs(float(point.network.input_weights[0, 0])) for point in found.points if point.width]
        assert all(jump < 3 for jump in jumps), (one, found.fates)


def test_training_takes_it():
    start = jnp.array([0.5, 1.0])
    run = descend(WELL, start, GradientDescent(rate=0.1), steps=3)
    theta = np.array([0.5, 1.0])
    for _ in range(3):
        theta = theta - 0.1 * np.array([theta[0] ** 3 - theta[0], theta[1]])
    np.testing.assert_allclose(run.network, theta, atol=1e-14)
    end = flow(WELL, start, until=Until(gradient=1e-8))
    np.testing.assert_allclose(end.network, [1, 0], atol=1e-7)
    with pytest.raises(TypeError, match="samples"):
        descend(WELL, start, GradientDescent(rate=0.1), steps=3, batch=1, key=jax.random.key(0))


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (lambda t: t, ValueError, "one real number"),
        (lambda t: 1, ValueError, "one real number"),
        (lambda t: jnp.sum(t) * 1j, ValueError, "one real number"),
        (lambda t: np.sin(t).sum(), TypeError, "jax.numpy"),
        (lambda t: jnp.sum(t) if t[0] > 0 else 0.0, TypeError, "jax.numpy"),
        (lambda t: t @ jnp.ones(3), ValueError, r"fails at parameters of the shapes \(2,\)"),
        (lambda t: t["a"], ValueError, "fails at parameters"),
        (lambda t: jax.pure_callback(np.sum, jax.ShapeDtypeStruct((), float), t), ValueError, "fails at parameters"),
    ],
)
def test_functions_that_are_no_risk(value, error, words):
    risk, start = Function(value), jnp.ones(2)
    uses = (
        lambda: landscape.polish(risk, start),
        lambda: landscape.critical_points_from(risk, [start]),
        lambda: landscape.certificate(risk, start),
        lambda: measures.inertia_at(risk, start),
        lambda: descend(risk, start, GradientDescent(rate=0.1), steps=1),
    )
    for use in uses:
        with pytest.raises(error, match=words):
            use()


def supplied(gradient):
    """Σ θ² whose gradient is supplied."""
    square = jax.custom_vjp(lambda t: jnp.sum(t**2))
    square.defvjp(lambda t: (jnp.sum(t**2), t), lambda t, g: (g * gradient(t),))
    return Function(lambda t: square(t) + 0.5 * t[0])


def tangent(slope):
    """The same by a forward rule."""
    square = jax.custom_jvp(lambda t: jnp.sum(t**2))
    square.defjvp(lambda ts, vs: (jnp.sum(ts[0] ** 2), slope(ts[0]) @ vs[0]))
    return Function(lambda t: jnp.where(t[0] > 9, 0.0, jax.jit(square)(t)))


WRONG = {
    "twice": supplied(lambda t: 4 * t),
    "a sign": supplied(lambda t: 2 * t * jnp.array([1.0, -1.0])),
    "forward": tangent(lambda t: 3 * t),
    "stopped": Function(lambda t: jnp.sum(jax.lax.stop_gradient(t) * t)),
    "a second derivative": supplied(lambda t: 2 * jax.lax.stop_gradient(t)),
}


def some(table, first):
    """All entries, those after the first ones in make test-more."""
    return [pytest.param(what, marks=[pytest.mark.more] if k >= first else []) for k, what in enumerate(table)]


@pytest.mark.parametrize("what", some(WRONG, 1))
def test_wrong_derivatives_are_refused(what):
    for start in (jnp.array([0.3, -0.7]), jnp.zeros(2)):
        with pytest.raises(ValueError, match="is not the derivative of its values") as caught:
            WRONG[what].require_defined(start)
        assert "finite differences give" in str(caught.value) and "\n" not in str(caught.value)


def test_entries_refuse_wrong_derivatives():
    start = jnp.array([0.3, -0.7])
    for use in (landscape.polish, landscape.certificate, measures.inertia_at):
        with pytest.raises(ValueError, match="is not the derivative"):
            use(WRONG["twice"], start)


RIGHT = {
    "supplied": supplied(lambda t: 2 * t),
    "forward": tangent(lambda t: 2 * t),
    "relu": Function(lambda t: jax.nn.relu(t[0]) ** 2 + t[1] ** 2),
    "logsumexp": Function(lambda t: jax.nn.logsumexp(30 * t) + jnp.sum(t**2)),
    "large and flat": Function(lambda t: 1e12 + jnp.sum(jax.nn.softplus(t))),
    "oscillating": Function(lambda t: jnp.sum(jnp.sin(1e3 * jax.nn.softplus(t)))),
    "a pole": Function(lambda t: jnp.sum(jnp.log(jax.nn.softplus(t) - 0.69314718))),
}


@pytest.mark.parametrize("what", some(RIGHT, 1))
def test_right_derivatives_are_believed(what):
    for start in (jnp.array([0.3, -0.7]), jnp.zeros(2), jnp.array([1e3, 1e-3])):
        RIGHT[what].require_defined(start)


NO_PARAMETERS = {
    "whole": jnp.arange(2),
    "complex": jnp.ones(2) + 1j,
    "truth": np.array([True, False]),
    "text": "abc",
    "objects": np.array([0.5, None], dtype=object),
    "none": None,
    "a module with functions": {"w": jnp.ones(2), "activation": jnp.tanh},
}


@pytest.mark.parametrize("what", NO_PARAMETERS)
def test_parameters_that_are_no_real_arrays(what):
    params = NO_PARAMETERS[what]
    uses = (
        lambda: landscape.polish(WELL, params),
        lambda: landscape.critical_points_from(WELL, [params]),
        lambda: landscape.certificate(WELL, params),
        lambda: measures.inertia_at(WELL, params),
        lambda: descend(WELL, params, GradientDescent(rate=0.1), steps=1),
        lambda: WELL.value(params),
        lambda: WELL.gradient(params),
        lambda: WELL.hessian(params),
        lambda: WELL.hessian_product(params, params),
    )
    for use in uses:
        with pytest.raises(TypeError, match="must be real arrays") as caught:
            use()
        assert "\n" not in str(caught.value)


def test_arguments_that_are_none():
    for bad in (3, "risk", Function):
        with pytest.raises(TypeError, match="value must be a function"):
            Function(bad)
    for bad in (np.ones(3), np.full((2, 2), np.nan), np.zeros((0, 2))):
        with pytest.raises(ValueError, match="inputs must"):
            Function(jnp.sum, inputs=bad)
    with pytest.raises(TypeError, match="real arrays"):
        landscape.polish(WELL, jnp.arange(2))
    with pytest.raises(TypeError, match="EmpiricalRisk here"):
        landscape.directional_stationarity(WELL, problem()[1])


KINKS = {
    "gradient": lambda t: jnp.abs(t[0]) + t[1] ** 2,
    "curvature": lambda t: jnp.where(t[0] > 0, 3.0, 1.0) * t[0] ** 2 + t[1] ** 2,
}


@pytest.mark.parametrize("what", KINKS)
def test_kinks_are_named(what):
    """Automatic differentiation gives a gradient of 0 at both, and a Hessian that means nothing."""
    risk, kink = Function(KINKS[what]), jnp.zeros(2)
    found = landscape.critical_points_from(risk, [kink])
    assert found.fates == (Fate.KINKED,) and not found.points
    for use in (measures.inertia_at, landscape.certificate):
        with pytest.raises(ValueError, match=f"its {what} jumps"):
            use(risk, kink)


def test_values_that_are_not_finite():
    found = landscape.critical_points_from(Function(lambda t: jnp.log(t[0]) + t[1] ** 2), [jnp.array([-1.0, 0.0])])
    assert found.fates == (Fate.DIVERGED,)
    with pytest.raises(ValueError, match="finite"):
        measures.inertia_at(Function(lambda t: jnp.sqrt(t[0])), jnp.zeros(1))


@pytest.mark.more
def test_what_falls_towards_infinity_has_no_critical_point():
    for value in (lambda t: jnp.exp(-t[0]) + t[1] ** 2, lambda t: 1 / (1 + t[0] ** 2) + t[1] ** 2):
        found = landscape.critical_points_from(Function(value), [jnp.array([0.3, 0.2])], descents=40)
        assert not found.points


def test_a_circle_of_minima_is_one_family():
    ring = Function(lambda t: (jnp.sum(t**2) - 1) ** 2)
    starts = [jnp.asarray(one) for one in np.random.default_rng(0).normal(size=(5, 2))]
    starts += [jnp.array(one) for one in ([1.3, 0.0], [0.0, -0.8])]
    found = landscape.critical_points_from(ring, starts, descents=40)
    assert [(point.inertia.counts, point.family, point.hits) for point in found.points] == [((1, 1, 0), 7, 7)]


def test_a_small_curvature_beside_a_large_one_is_kept():
    """diag(2e8, 2e-4): what θ determines is no rounding; a curvature that vanishes along the bowl's axis is zero."""
    bowl = Function(lambda t: 1e8 * (t[0] - 0.3) ** 2 + 1e-4 * (t[1] - 7.0) ** 2)
    point, _ = landscape.polish(bowl, jnp.array([0.4, 6.0]))
    assert measures.inertia_at(bowl, point).counts == (2, 0, 0)
    saddle = Function(lambda t: 1e3 * (t[0] - 0.3) ** 2 - 1e-4 * (t[1] - 7.0) ** 2)
    assert measures.inertia_at(saddle, jnp.array([0.3, 7.0])).counts == (1, 0, 1)


@pytest.mark.parametrize(
    ("value", "start"),
    [(lambda t: t[0] ** 4, [0.7]), (lambda t: t[0] ** 3 - 3 * t[0] * t[1] ** 2, [0.1, 0.2])],
    ids=["fourth power", "monkey saddle"],
)
def test_a_hessian_that_vanishes_at_the_point_is_zero_next_to_it(value, start):
    """The only critical point is 0, where the Hessian is 0; a search ends beside it, where H is tiny, not 0."""
    found = landscape.critical_points_from(Function(value), [jnp.array(start)])
    (point,) = found.points
    assert 0 < np.abs(point.network).max() < 1e-6
    assert point.inertia.counts == (0, len(start), 0)


def test_arrays_of_a_function_are_data():
    """Two functions of one class with other arrays share their compiled programs, and say other things."""
    scaled = [Function(jax.tree_util.Partial(lambda a, t: jnp.sum(a * t**2), jnp.array([1.0, s]))) for s in (2.0, -3.0)]
    assert [measures.inertia_at(one, jnp.zeros(2)).counts for one in scaled] == [(2, 0, 0), (1, 0, 1)]
