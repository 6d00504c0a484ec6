"""Critical points and inertia as theorems: against known points, numpy's eigenvalues, and points that are none."""

import jax.numpy as jnp
import numpy as np
import pytest

import golden
from condenslab.checker import verify
from condenslab.errors import UserError
from condenslab.landscape import proof
from condenslab.landscape.proof.enclosure import enclose
from condenslab.landscape.proof.exact import ball, exact_text, floats, precision
from condenslab.landscape.proof.problem import problem_of
from condenslab.landscape.proof.shapes import canonical
from condenslab.networks import TwoLayer, activation, ravel, unravel
from condenslab.risk import CrossEntropy, EmpiricalRisk
from proofs import as_read, exercise, mlp, numeric_counts, soft_critical, two_layer
from sampling import sampled

SMOOTH = ["tanh", "sigmoid", "softplus", "gelu", "swish", "exp", "x_tanh", "x2_tanh"]


def places(network):
    """Returns where jax's ravelled parameters are in the order of certificates."""
    return canonical(unravel(jnp.arange(ravel(network).size, dtype=float), network)).astype(int)


def enclosed(risk, network):
    with precision(106):
        theta = [ball(exact_text(value)) for value in canonical(network)]
        found = enclose(problem_of(risk, network), theta, hessian=True)
        return float(found.value.mid()), np.array([float(v.mid()) for v in found.gradient]), floats(found.hessian)


def cases():
    rng = np.random.default_rng(0)
    for name in SMOOTH:
        yield pytest.param(mlp(rng, (2, 3, 2), name), "squared", id=name)
    yield pytest.param(mlp(rng, (2, 3, 3, 2), "tanh", residual=True), "cross_entropy", id="residual")
    yield pytest.param(mlp(rng, (3, 3, 3, 2), "swish", residual=True, biases=False), "squared", id="no biases")
    yield pytest.param(mlp(rng, (2, 3, 2, 3), "gelu"), "cross_entropy", id="deep")
    yield pytest.param(two_layer(rng, 2, 4, 1, "tanh", output_bias=True), "squared", id="output bias")
    yield pytest.param(two_layer(rng, 2, 0, 1, "tanh"), "squared", id="width 0")


@pytest.mark.parametrize(("network", "loss"), sampled(list(cases())[::-1], keep=2))
def test_enclosures_hold_what_automatic_differentiation_gives(network, loss):
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(6, canonical_widths(network)[0])), rng.normal(size=(6, canonical_widths(network)[-1]))
    if loss == "cross_entropy":
        y = np.abs(y) / np.abs(y).sum(axis=1, keepdims=True)
    kind = {"loss": CrossEntropy()} if loss == "cross_entropy" else {}
    risk = EmpiricalRisk(x, y, jnp.asarray(rng.uniform(0.5, 2.0, size=6)), **kind)
    value, gradient, hessian = enclosed(risk, network)
    order = places(network)
    scale = 1 + np.abs(np.asarray(risk.hessian(network))).max(initial=0.0)
    assert value == pytest.approx(float(risk.value(network)), rel=1e-12)
    np.testing.assert_allclose(gradient, np.asarray(ravel(risk.gradient(network)))[order], atol=1e-13 * scale)
    np.testing.assert_allclose(hessian, np.asarray(risk.hessian(network))[np.ix_(order, order)], atol=1e-12 * scale)


def canonical_widths(network):
    return problem_shape(network).widths


def problem_shape(network):
    from condenslab.landscape.proof.shapes import shape_of

    return shape_of(network)


@pytest.mark.parametrize(("width", "counts", "risk"), [(1, (3, 0, 0), golden.RISK_1), (2, (6, 0, 0), golden.RISK_2)])
def test_published_minima_of_the_exercise(width, counts, risk):
    found = proof.prove(golden.three_tanh(), golden.stationary(width))
    assert found.proven and found.isolated and found.inertia.decided
    assert found.inertia.counts == counts
    with precision(106):
        assert float(found.outputs()[0][0].rad()) < 1e-20
    assert found.existence < 1e-20 < 1e-8 < found.radius
    with precision(106):
        assert abs(float(ball(found.risk[0])) - risk) < 1e-9


def test_the_global_minimum_of_exact_data_is_the_teacher():
    """y = tanh(x − 7) + tanh(x) + tanh(x + 7) exactly: R = 0 there, and the enclosure of R holds 0."""
    found = proof.prove(exercise(3), golden.tanh_network(golden.WIDTH_3))
    assert found.proven and found.inertia.counts == (9, 0, 0)
    assert [float(ball(text)) for text in found.centre] == pytest.approx([1, 1, 1, -7, 0, 7, 1, 1, 1], abs=1e-25)
    with precision(106):
        assert abs(float(ball(found.risk[0]))) <= float(ball(found.risk[1])) < 1e-12


@pytest.mark.parametrize("name", sampled(SMOOTH, keep=3))
def test_every_activation(name):
    rng = np.random.default_rng(5)
    network = two_layer(rng, 2, 2, 1, name, output_bias=True)
    risk = golden.made_critical(network, rng.normal(size=(20, 2)) * 2)
    found = proof.prove(risk, network)
    assert found.proven and found.inertia.decided
    assert found.inertia.counts == numeric_counts(risk, network)
    assert verify(as_read(found.certificate())).verified
    assert (found.family != "") == (name == "exp"), "a·exp(b) is never isolated"


def test_deep_networks_and_several_outputs():
    rng = np.random.default_rng(6)
    network = mlp(rng, (2, 2, 2, 2), "tanh", residual=True)
    risk = golden.made_critical(network, rng.normal(size=(20, 2)) * 2)
    found = proof.prove(risk, network)
    assert found.isolated and found.inertia.counts == numeric_counts(risk, network)
    assert verify(as_read(found.certificate())).verified


@pytest.mark.parametrize("name", sampled(["tanh", "exp"], keep=1))
def test_cross_entropy(name):
    """Soft targets that make θ critical: softmax(f) moved across the Jacobian. Softmax has a zero mode a neuron."""
    rng = np.random.default_rng(7)
    network = two_layer(rng, 2, 2, 3, name, output_bias=True)
    risk = soft_critical(network, rng.normal(size=(14, 2)), rng)
    found = proof.prove(risk, network)
    assert found.proven and not found.isolated and "softmax" in found.family, found.reason
    assert found.inertia.zero == 3 + 2 * (name == "exp")
    assert found.inertia.counts == numeric_counts(risk, network)
    assert verify(as_read(found.certificate())).verified


@pytest.mark.parametrize(("apart", "ratio"), [(1e-2, 1e-9), (1e-4, 1e-15)])
def test_near_degenerate_points_are_decided_with_enough_digits(apart, ratio):
    """The exact outputs of two nearly equal neurons: R = 0 there, and ∇²R = 2E[JᵀJ] has full rank, if only just."""
    network = golden.tanh_network([(1.0, 0.5, 0.2), (-0.7, 0.5 + apart, 0.2), (0.4, -1.0, 1.0)])
    x = np.linspace(-6, 6, 25)[:, None]
    risk = EmpiricalRisk(x, network(jnp.asarray(x)))
    sizes = np.abs(np.linalg.eigvalsh(np.asarray(risk.hessian(network))))
    assert sizes.min() < ratio * sizes.max()
    found = proof.prove(problem_of(risk, network, teacher=network), network)
    assert found.proven and found.inertia.counts == (9, 0, 0)
    assert found.radius < apart
    assert verify(as_read(found.certificate())).verified


def test_too_few_digits_are_said():
    network = golden.tanh_network([(1.0, 0.5, 0.2), (-0.7, 0.5001, 0.2), (0.4, -1.0, 1.0)])
    x = np.linspace(-6, 6, 25)[:, None]
    problem = problem_of(EmpiricalRisk(x, network(jnp.asarray(x))), network, teacher=network)
    found = proof.prove(problem, network, digits=53, max_digits=53)
    assert not found.proven and "precision" in found.reason


@pytest.mark.parametrize("size", [1e-6, 1e-12, 1e-20])
def test_signs_of_tiny_eigenvalues(size):
    """A congruence of diag(1, size, −size) by a badly scaled triangular matrix: Sylvester says (1, 0, 1) and more."""
    with precision(212):
        flint = pytest.importorskip("flint")
        t = flint.arb_mat([[1, 100, 3], [0, 1, 7], [0, 0, 1]])
        tiny = flint.arb(size)
        h = t.transpose() * flint.arb_mat([[1, 0, 0], [0, tiny, 0], [0, 0, -tiny]]) * t
        found = proof.proven_inertia(h)
        assert found.counts == (2, 0, 1)
        blurred = flint.arb_mat(3, 3, [entry + flint.arb(0, 10 * size) for entry in h.entries()])
        assert not proof.proven_inertia(blurred).decided


def test_an_open_sign_is_never_claimed():
    with precision(106):
        flint = pytest.importorskip("flint")
        found = proof.proven_inertia(flint.arb_mat([[2, 0, 0], [0, flint.arb(0, 1e-3), 0], [0, 0, -3]]))
    assert (found.positive, found.negative, found.open) == (1, 1, 1)
    assert "open" in str(found)


def test_what_is_not_critical_is_not_proven():
    risk = golden.three_tanh()
    for neurons in ([(1.2, 0.5, 0.3)], [(3.7, 0.09, 0.0)], [(1.0, 1.0, -7.0), (1.0, 0.9, 0.0), (1.0, 1.0, 7.0)]):
        found = proof.prove(risk, golden.tanh_network(neurons))
        assert not found.proven and "not critical" in found.reason
        with pytest.raises(ValueError, match="only of what is proven"):
            found.certificate()


@pytest.mark.parametrize("steep", [30.0, 60.0])
def test_saturated_pseudo_critical_points(steep):
    """A step between two samples: the gradient underflows to 0 in floats, but the critical point is at infinity."""
    x = np.linspace(-15, 15, 50)
    middle = (x[30] + x[31]) / 2
    y = np.asarray(golden.three_tanh().targets)[:, 0]
    s = np.sign(x - middle)
    a = float(s @ y / 50)
    network = golden.tanh_network([(a, steep, -steep * middle)])
    assert np.abs(golden.gradient(golden.three_tanh(), network)).max() < 1e-7
    assert not proof.prove(golden.three_tanh(), network).proven


def test_a_saddle_is_no_minimum():
    """Split minima are saddles; an odd width-2 saddle of the exercise has one negative direction."""
    rng = np.random.default_rng(2)
    network = golden.tanh_network([(1.0, 0.6, 0.5), (-0.8, 1.1, -2.0)])
    seeds = [golden.made_critical(network, np.linspace(-5, 5, 30)[:, None], seed=k) for k in range(4)]
    seen = {proof.prove(risk, network).inertia.counts for risk in seeds}
    assert any(negative for _, _, negative in seen)
    for risk in seeds:
        assert proof.prove(risk, network).inertia.counts == numeric_counts(risk, network)
    assert rng is not None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda r, n: proof.prove(
                r, TwoLayer(n.input_weights, n.biases, n.output_weights, None, activation("relu"))
            ),
            "kink",
        ),
        (
            lambda r, n: proof.prove(
                r, TwoLayer(n.input_weights * jnp.nan, n.biases, n.output_weights, None, n.activation)
            ),
            "finite",
        ),
        (lambda r, n: proof.prove(r, n, digits=20), "53"),
        (lambda r, n: proof.prove(EmpiricalRisk(r.inputs, r.targets, scale=2.0), n), "no scale"),
        (lambda r, n: proof.problem_of(r, n, inputs=[["1/0"]] * 50), "zero denominator"),
        (lambda r, n: proof.problem_of(r, n, inputs=[["one"]] * 50), "exact number"),
        (lambda r, n: proof.problem_of(r, n, inputs=[["0.5"]] * 50), "risk's own"),
        (lambda r, n: proof.prove(proof.problem_of(r, n), golden.made_up(2)), "one shape"),
    ],
)
def test_bad_input(change, message, monkeypatch):
    two_inputs = two_layer(np.random.default_rng(0), 2, 1, 1, "tanh")
    monkeypatch.setattr(golden, "made_up", lambda inputs: two_inputs, raising=False)
    with pytest.raises(UserError, match=message):
        change(golden.three_tanh(), golden.stationary(1))


def test_decimals_are_taken_exactly():
    """0.1 as a decimal and as a float are different problems, and the certificates say which."""
    network = golden.tanh_network([(1.0, 0.5, 0.1)])
    x = np.array([[-2.0], [-0.9], [0.1], [0.7], [1.9]])
    risk = golden.made_critical(network, x)
    stated = proof.problem_of(risk, network, inputs=[["-2"], ["-0.9"], ["0.1"], ["7/10"], ["1.9"]])
    floats_ = proof.problem_of(risk, network)
    one, two = proof.prove(stated, network), proof.prove(floats_, network)
    assert one.proven and two.proven and one.centre != two.centre
    assert one.certificate()["problem"]["inputs"][2] == ["0.1"]
