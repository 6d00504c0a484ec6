"""The dimension of critical sets: the published example in closed form, copies, silent neurons, the two counts."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.landscape import critical_set, embedded_dimension, split, split_to_width
from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import EmpiricalRisk
from golden import stationary, tanh_network, three_tanh


def exponential(rows):
    """g(x) = Σ a·e^{w·x} for rows (a, w_1, w_2)."""
    table = jnp.array(rows)
    return TwoLayer(table[:, 1:], None, table[:, :1].T, None, activation("exp"))


EXPONENTIAL = EmpiricalRisk(
    jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]]), jnp.array([[1.0], [1.0], [0.0], [0.0]])
)
"""CS, section 5: θ′ = (1, (ln 1/3, 0)) is critical and M_θ′ = ℝ × {0}."""


def test_the_published_example_of_a_silent_neuron():
    narrow = [1.0, float(np.log(1 / 3)), 0.0]
    assert float(4 * EXPONENTIAL.value(exponential([narrow]))) == pytest.approx(2 / 3, abs=1e-12)
    wide = exponential([narrow, [0.0, 0.7, 0.0]])  # (0.7, 0) lies in M
    gradient = EXPONENTIAL.gradient(wide)
    assert max(float(jnp.abs(part).max()) for part in (gradient.input_weights, gradient.output_weights)) < 1e-15
    found = critical_set(EXPONENTIAL, wide)
    assert (found.shares, found.null_features, found.narrow, found.regular) == (0, 1, 0, True)
    # E(w) = e^{w₁}·(2·cosh(w₂) − 2)/3 has a double zero at w₂ = 0: both directions of w are flat to second order.
    assert found.dimension == 1
    assert found.corank.zero >= 2
    assert not critical_set(EXPONENTIAL, exponential([narrow, [0.0, *narrow[1:]]])).regular


def test_copies_have_free_shares_and_a_zero_share_has_more_flat_directions():
    wide = split_to_width(stationary(2), 5)
    found = critical_set(three_tanh(), wide)
    assert (found.dimension, found.shares, found.null_features) == (3, 3, 0)
    assert (found.corank.zero, found.regular) == (3, True)
    edge = critical_set(three_tanh(), split(stationary(1), 0, share=0.0))
    assert (edge.dimension, edge.regular, edge.corank.zero) == (1, False, 3)  # digest: 3 zeros at shares 0 and 1


def test_two_outputs_leave_less_room():
    """With two outputs a copy may take any share of both, and more only where the force has rank one or less."""
    x = np.linspace(-2, 2, 9)[:, None]
    targets = np.concatenate([np.sin(x), np.cos(x)], axis=1)
    narrow = TwoLayer(jnp.array([[0.7]]), jnp.array([0.2]), jnp.array([[1.0], [0.5]]), None, activation("tanh"))
    found = critical_set(EmpiricalRisk(jnp.asarray(x), jnp.asarray(targets)), split(narrow, 0))
    assert found.shares == 0  # no critical point: the force on (w, b) has rank two


def test_the_two_counts():
    assert embedded_dimension((2,), (5,)) == embedded_dimension([2], [5])
    assert (embedded_dimension((2,), (5,)).proved, embedded_dimension((2,), (5,)).heuristic) == (3, 3)
    assert (embedded_dimension((2, 2), (4, 3)).proved, embedded_dimension((2, 2), (4, 3)).heuristic) == (3, 5)
    for narrow, wide in [((2, 2), (1, 3)), ((2,), (3, 3))]:
        with pytest.raises(ValueError, match="none narrower"):
            embedded_dimension(narrow, wide)


def test_what_is_refused():
    with pytest.raises(ValueError, match="cancel"):
        critical_set(three_tanh(), tanh_network([(1.0, 1.0, 0.0), (2.0, 0.5, 1.0), (-2.0, 0.5, 1.0)]))
    with pytest.raises(TypeError, match="TwoLayer"):
        critical_set(three_tanh(), MLP((jnp.ones((1, 1)),), (None,), activation("tanh")))
