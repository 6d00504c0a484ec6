"""Structural invariant manifolds: what is fixed, Theorem 4.1, and gradients that do not leave."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.landscape import discover_symmetries, escaping_gradient, invariant_manifold, tangent_check
from learning import small_network, small_risk


@functools.cache
def symmetries():
    network = small_network(width=4, inputs=2)
    inputs = jax.random.normal(jax.random.key(0), (20, 2))
    return network, {s.kind: s for s in discover_symmetries(network, inputs, jax.random.key(1))}


def test_equal_neurons_are_a_manifold_that_gradients_do_not_leave():
    network, found = symmetries()
    swap = lambda params: found["permutation"].swapped(params, 0, 2)  # noqa: E731
    manifold = invariant_manifold([swap], network)
    assert manifold.dimension == 16 - 4 and manifold.rank.decided
    risk = small_risk(inputs=2, samples=9)
    assert escaping_gradient(risk, manifold, network) > 0.01 and manifold.distance(network) > 0.1
    on = manifold.project(network)
    np.testing.assert_allclose(on.input_weights[0], on.input_weights[2], atol=1e-14)
    assert escaping_gradient(risk, manifold, on) < 1e-14 and manifold.distance(on) < 1e-14
    assert tangent_check([swap], on).holds


def test_equal_input_weights_alone_are_no_invariant_manifold():
    network, _ = symmetries()

    def copied(params):  # idempotent, keeps no function: fixed points have w₂ = w₀, b₂ = b₀, output weights free
        weights, biases = params.input_weights, params.biases
        return networks.TwoLayer(
            weights.at[2].set(weights[0]), biases.at[2].set(biases[0]), params.output_weights, None, params.activation
        )

    manifold = invariant_manifold([copied], network)
    on = manifold.project(network)
    assert escaping_gradient(small_risk(inputs=2, samples=9), manifold, on) > 0.01
    assert not tangent_check([copied], on).holds


def test_sign_and_permutation_together_make_opposite_neurons():
    network, found = symmetries()
    swapped_and_flipped = lambda p: found["sign"].scaled(  # noqa: E731
        found["sign"].scaled(found["permutation"].swapped(p, 0, 1), 0, -1.0), 1, -1.0
    )
    dead = lambda p: found["sign"].scaled(p, 3, -1.0)  # noqa: E731
    manifold = invariant_manifold([swapped_and_flipped, dead], network)
    assert manifold.dimension == 16 - 8
    on = manifold.project(network)
    np.testing.assert_allclose(on.input_weights[0], -on.input_weights[1], atol=1e-14)
    np.testing.assert_allclose(on.output_weights[0, 3], 0.0, atol=1e-14)
    assert escaping_gradient(small_risk(inputs=2, samples=9), manifold, on) < 1e-14


def test_refusals():
    network, found = symmetries()
    with pytest.raises(ValueError, match="at least one"):
        invariant_manifold([], network)
    with pytest.raises(ValueError, match="must be linear"):
        invariant_manifold([lambda p: jax.tree.map(jnp.square, p)], network)
    with pytest.raises(ValueError, match="must be fixed"):
        tangent_check([lambda p: found["permutation"].swapped(p, 0, 1)], network)
