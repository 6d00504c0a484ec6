"""The second computation against JAX's own numbers and mpmath's, and what is said of operations that it lacks."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from condenslab.measures import model_rank, movement
from condenslab.measures.coincidences import is_common
from condenslab.measures.fixed_point import BeyondPrecisionError, FixedPoint
from condenslab.measures.jacobian import output_jacobian
from condenslab.measures.rank_evidence import require_agreement
from condenslab.measures.reevaluation import evaluate, trace
from condenslab.networks import ACTIVATIONS

X = np.random.default_rng(0).normal(size=(3, 3))
PROBES = np.linspace(-2, 2, 40)[:, None]

FUNCTIONS = {
    **{name: one.function for name, one in ACTIVATIONS.items()},
    "erf": jax.scipy.special.erf,
    "erfc": jax.scipy.special.erfc,
    "log2": lambda z: jnp.log2(1.5 + z * z),
    "exp2": jnp.exp2,
    "polyval": lambda z: jnp.polyval(jnp.array([1.0, 2.0, -1.0, 0.5]), z),
    "prod": lambda z: z * jnp.prod(z, axis=1, keepdims=True),
    "scan": lambda z: jax.lax.scan(lambda c, t: (jnp.tanh(c * t + z), c.sum()), z, jnp.arange(1.0, 4.0))[0],
    "fori_loop": lambda z: jax.lax.fori_loop(0, 3, lambda _, c: jnp.tanh(2.0 * c), z),
    "map": lambda z: jax.lax.map(jnp.tanh, z),
    "cond": lambda z: jax.lax.cond(z.sum() > 0, jnp.tanh, jnp.sin, z),
    "switch": lambda z: jax.lax.switch(5, [jnp.tanh, jnp.sin], z),
    "stack": lambda z: jnp.stack([z[:, 2], jnp.sin(z[:, 1]), z[:, 0]], axis=1),
    "unstack": lambda z: z * sum(jnp.unstack(z, axis=1))[:, None],
    "tile": lambda z: jnp.tile(jnp.tanh(z), (1, 2))[:, 2:5],
    "pad": lambda z: jax.lax.pad(jnp.tanh(z), 0.0, ((0, 0, 0), (1, 1, 0)))[:, :3],
    "crop": lambda z: jax.lax.pad(jnp.tanh(jnp.tile(z, (1, 2))), 0.0, ((0, 0, 0), (-2, -1, 0))),
    "at": lambda z: z.at[:, 1].set(z[:, 0] ** 2),
    "clip": lambda z: jnp.clip(z, -0.5, 0.5) * z,
    "order": lambda z: jax.lax.reshape(z, (3, 3), (1, 0)) @ z @ jnp.ones((3, 3)),
    "checkpoint": jax.checkpoint(lambda z: jnp.tanh(jnp.sin(z))),
}


def again(function, *arguments, bits=192):
    numbers = FixedPoint(bits)
    found = evaluate(*trace(function, *arguments), numbers)
    return [numbers.floats(part) for part in found]


@pytest.mark.parametrize("differentiate", [jax.jacrev, jax.hessian])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_operations_and_their_derivatives(name, differentiate):
    """Names and parameters of JAX's operations change with its releases."""
    function = differentiate(lambda z: jnp.sum(FUNCTIONS[name](z) @ jnp.arange(1.0, 4.0)))
    found, expected = again(function, jnp.asarray(X))[0], np.asarray(function(jnp.asarray(X)))
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("function", [jax.lax.erf, jax.lax.erfc])
def test_the_derivative_of_erf_has_all_digits(function):
    """±2/√π·exp(−x²): JAX 0.12 computes it from two parts of x and a polynomial, right to some 1e-26 at most."""
    numbers = FixedPoint(640)
    (found,) = evaluate(*trace(jax.grad(function), 0.3), numbers)
    with mpmath.workprec(700):
        factor = mpmath.mpf(int(found)) / mpmath.mpf(2) ** 640 / mpmath.exp(-(mpmath.mpf(0.3) ** 2))
        assert abs(factor - mpmath.mpf(float(factor))) < 1e-180  # 2/√π is a number of float64 in JAX's program
    assert abs(float(factor)) == pytest.approx(2 / np.sqrt(np.pi), rel=1e-15)


def test_a_reduction_with_a_program_of_its_own_is_none_that_is_called_once():
    with pytest.raises(BeyondPrecisionError, match="operation reduce"):
        again(lambda z: jax.lax.reduce(z, 0.0, lambda a, b: a + b + a * b, (1,)), jnp.asarray(X))


def bent(z):
    """tanh z, by way of an operation of which there is no second computation."""
    return jnp.tanh(z) + 0.0 * jnp.arctan(z)


def own(p, x):
    return (bent(x @ p["weights"].T + p["biases"][None]) @ p["outgoing"])[:, None]


def neurons(weights, outgoing, biases=0.0):
    weights = np.asarray(weights, dtype=float)[:, None]
    shifts = np.broadcast_to(np.asarray(biases, dtype=float), len(weights))
    return {"weights": jnp.asarray(weights), "biases": jnp.asarray(shifts), "outgoing": jnp.asarray(outgoing)}


@pytest.mark.parametrize("apart", [1e-5, 1e-7, 1e-9, 1e-12, 2**-53])
def test_neurons_that_nearly_agree_in_a_function_with_an_unknown_operation(apart):
    """k distinct neurons of (w, b, a), b = 0 but a parameter: rank 3k. Float64 sees less, and claims nothing."""
    found = model_rank(neurons([0.7, 0.7 + apart], [1.0, 0.5]), PROBES, predict=own)
    assert found.value == 6 or not found.decided
    assert found.effective < 6 and not found.evidence


@pytest.mark.parametrize("weight", [1e-7, 1e-9, 1e-12])
def test_a_tiny_weight_in_a_function_with_an_unknown_operation(weight):
    """σ, σ′x and σ′ are independent: the rank is 3, of which float64 sees 2."""
    found = model_rank(neurons([weight], [1.0], 0.1), PROBES, predict=own)
    assert found.effective == 2 and not found.decided


@pytest.mark.parametrize(
    ("weights", "outgoing", "biases", "expected"),
    [
        ([0.7, 0.7], [1.0, 0.5], 0.3, 3),  # copies
        ([0.7, -0.7], [1.0, 0.5], [0.3, -0.3], 3),  # equal up to the sign of an odd activation
        ([0.7, 1.1], [1.0, 0.0], 0.3, 4),  # σ₁, σ₁′x, σ₁′ and σ₂
        ([0.7, 0.7, 1.2], [1.0, 0.5, 0.2], 0.3, 6),
        ([0.7, 1.3], [1.0, 0.5], 0.3, 6),
    ],
)
def test_ranks_of_functions_with_an_unknown_operation_stay_known(weights, outgoing, biases, expected):
    """Zeros that parameters with the same coincidences share are decided."""
    found = model_rank(neurons(weights, outgoing, biases), PROBES, predict=own)
    assert (found.value, found.decided) == (expected, True)
    assert "float64 alone" in found.evidence or expected == len(found.singular_values)


def test_relations_among_parameters_of_few_digits_are_kept():
    """ReLUs with w₂ = 2w₁, b₂ = 2b₁ bend at one place: of a·max(0, wx + b) the tangents span 2 functions, not 4."""

    def predict(p, x):
        return (jnp.maximum(bent(0.0) + x @ p[0][None] + p[1][None], 0.0) @ p[2])[:, None]

    found = model_rank([jnp.array([1.0, 2.0]), jnp.array([0.5, 1.0]), jnp.array([0.3, 0.8])], PROBES, predict=predict)
    assert (found.value, found.decided) == (2, True)


def test_parameters_nearby_that_have_more_or_nothing_finite():
    probes = jnp.asarray(PROBES)
    twins, near = neurons([0.7, 0.7], [1.0, 0.5]), neurons([0.7, 0.7 + 1e-12], [1.0, 0.5])
    assert is_common(twins, probes, own, 3) and not is_common(near, probes, own, 3)
    assert not is_common(twins, probes, own, 4)
    assert not is_common(twins, probes, lambda p, x: own(p, x) / 0.0, 3)


def test_a_second_computation_of_something_else_is_none(monkeypatch):
    """As of operations that a new release of JAX means otherwise: here reshapes turn the order of the numbers."""
    near, twins = ({"weights": jnp.array([0.7, 0.7 + apart]), "outgoing": jnp.array([1.0, 0.5])} for apart in (1e-9, 0))

    def predict(p, x):
        return jnp.tanh(x @ p["weights"].reshape(1, 2)).reshape(-1, 1, 2)[:, 0] @ p["outgoing"].reshape(2, 1)

    assert model_rank(near, PROBES, predict=predict).value == 4
    turned = dict(movement.MOVES, reshape=lambda params, value: [value.reshape(-1)[::-1].reshape(params["new_sizes"])])
    monkeypatch.setattr(movement, "MOVES", turned)
    assert not model_rank(near, PROBES, predict=predict).decided
    assert "other derivatives" in model_rank(twins, PROBES, predict=predict).evidence


def test_single_rows_may_lie_on_another_side_of_a_kink():
    first = np.asarray(output_jacobian(jnp.ones(2), X, predict=lambda p, x: (x[:, :2] @ p)[:, None]))[:, 0]
    other = first.copy()
    other[0] += 1.0
    require_agreement(other, first)
    with pytest.raises(BeyondPrecisionError):
        require_agreement(first[::-1], first)
