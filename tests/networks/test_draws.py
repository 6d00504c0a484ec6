"""Random networks: their shapes, laws, and that a seed means the same alone and in an ensemble."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab.errors import UserError
from condenslab.networks import MLP, Scale, anti_symmetric, initial, mlp, two_layer
from condenslab.risk import EmpiricalRisk


def leaves(network):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(network)]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(leaves(one), leaves(other), strict=True))


def draw(key, **options):
    defaults = {"width": 7, "inputs": 3, "activation": "tanh", "scale": Scale(0.5, 2.0)}
    return two_layer(key, **(defaults | options))


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("output_bias", [True, False])
def test_shapes(biases, output_bias):
    network = draw(0, outputs=2, biases=biases, output_bias=output_bias)
    assert network.input_weights.shape == (7, 3)
    assert network.output_weights.shape == (2, 7)
    assert (network.biases is not None) == biases and (network.output_bias is not None) == output_bias
    assert all(leaf.dtype == np.float64 for leaf in leaves(network))
    assert network.activation.name == "tanh"


@pytest.mark.parametrize("law", ["normal", "uniform"])
def test_moments_of_every_parameter(law):
    """Mean 0, the stated std, and the kurtosis of the law (3 and 9/5), each within 5 standard errors."""
    count = 40_000
    network = draw(3, width=count // 4, inputs=4, outputs=4, biases=False, scale=Scale(0.5, 2.0, law=law))
    kurtosis, eighth = {"normal": (3.0, 105.0), "uniform": (9 / 5, 9.0)}[law]
    for values, std in ((network.input_weights, 0.5), (network.output_weights, 2.0)):
        z = np.asarray(values).ravel() / std
        assert abs(z.mean()) < 5 / np.sqrt(count)
        assert abs((z**2).mean() - 1) < 5 * np.sqrt((kurtosis - 1) / count)
        assert abs((z**4).mean() - kurtosis) < 5 * np.sqrt((eighth - kurtosis**2) / count)
    if law == "uniform":
        assert np.abs(network.input_weights).max() <= 0.5 * np.sqrt(3)


def test_biases_have_the_std_of_their_side():
    many = {"inputs": 1, "output_bias": True, "scale": Scale(0.5, 2.0)}
    assert np.std(draw(1, width=20_000, **many).biases) == pytest.approx(0.5, rel=0.03)
    assert np.std(draw(1, width=1, outputs=20_000, **many).output_bias) == pytest.approx(2.0, rel=0.03)


def test_parameters_are_independent():
    network = draw(2, width=20_000, inputs=1, scale=Scale(1.0, 1.0))
    triples = np.stack([network.input_weights[:, 0], network.biases, network.output_weights[0]])
    assert np.abs(np.corrcoef(triples) - np.eye(3)).max() < 5 / np.sqrt(20_000)


def test_a_seed_is_a_key_and_zero_is_ordinary():
    assert same(draw(0), draw(jax.random.key(0)))
    assert same(draw(5), draw(jnp.asarray(5)))
    assert not same(draw(0), draw(1))


def test_an_output_bias_leaves_the_other_parameters_alone():
    with_bias, without = draw(0, output_bias=True), draw(0)
    assert np.array_equal(with_bias.input_weights, without.input_weights)
    assert np.array_equal(with_bias.output_weights, without.output_weights)


def test_a_member_of_an_ensemble_is_the_network_drawn_alone():
    scales = initial.from_gamma(np.array([0.5, 1.0, 1.75]), np.array([0.0, 0.3, -0.2]), 7)
    keys = jax.random.split(jax.random.key(0), 3)
    ensemble = jax.vmap(lambda key, scale: draw(key, scale=scale))(keys, scales)
    for member in range(3):
        alone = draw(keys[member], scale=jax.tree.map(lambda values, i=member: float(values[i]), scales))
        assert same(jax.tree.map(lambda leaf, i=member: leaf[i], ensemble), alone)


def test_an_ensemble_over_integer_seeds():
    ensemble = jax.vmap(draw)(jnp.arange(3))
    assert same(jax.tree.map(lambda leaf: leaf[2], ensemble), draw(2))


def test_a_std_of_zero_is_legal():
    assert np.all(np.asarray(draw(0, scale=Scale(1.0, 0.0)).output_weights) == 0)


def test_two_scales_of_one_phase_point_are_the_same_flow_for_relu():
    """GD in t = tbar beta1 beta2 moves (a/beta1, w/beta2) alike for all scales of one (gamma, gamma'), exactly."""
    width, x = 20, jnp.linspace(-0.5, 0.5, 4)[:, None]

    @jax.jit
    def normalised(scale):
        network = two_layer(0, width=width, inputs=1, activation="relu", scale=scale.unscaled)
        risk = EmpiricalRisk(x, x**2, predict=lambda net, inputs: scale.output_scale * net(inputs))
        rate = 0.2 * scale.input_std * scale.output_std

        def step(_, net):
            return jax.tree.map(lambda p, g: p - rate * g, net, risk.gradient(net))

        network = jax.lax.fori_loop(0, 50, step, network)
        return network.input_weights / scale.input_std, network.output_weights / scale.output_std

    points = [initial.from_gamma(0.5, 0.1, width, input_std=std) for std in (None, 1.0, 0.03)]
    w, a = normalised(points[0])
    start = two_layer(0, width=width, inputs=1, activation="relu", scale=Scale(1.0, 1.0))
    assert np.abs(w - start.input_weights).max() > 1e-2
    for point in points[1:]:
        other_w, other_a = normalised(point)
        np.testing.assert_allclose(other_w, w, rtol=1e-9)
        np.testing.assert_allclose(other_a, a, rtol=1e-9)


@pytest.mark.parametrize("output_bias", [True, False])
def test_anti_symmetric_networks_start_at_zero(output_bias):
    network = draw(0, output_bias=output_bias)
    doubled = anti_symmetric(network)
    x = jnp.linspace(-3.0, 3.0, 33).reshape(11, 3)
    assert doubled.width == 14
    np.testing.assert_allclose(doubled(x), 0.0, atol=1e-14)
    assert np.array_equal(doubled.input_weights[:7], network.input_weights)
    assert np.array_equal(doubled.output_weights[:, :7], network.output_weights)


@pytest.mark.parametrize("output_bias", [True, False])
@pytest.mark.parametrize("biases", [True, False])
def test_deep_shapes(biases, output_bias):
    network = mlp(0, widths=(2, 5, 5, 3), activation="relu", std=0.1, biases=biases, output_bias=output_bias)
    assert isinstance(network, MLP)
    assert network.widths == (2, 5, 5, 3)
    assert [b is not None for b in network.biases] == [biases, biases, output_bias]


def test_deep_stds_by_layer_and_by_scheme():
    widths = (100, 300, 200, 50)
    given_stds = jax.jit(partial(mlp, widths=widths, activation="tanh", std=(0.1, 0.2, 0.4)))(jax.random.key(0))
    for weight, std in zip(given_stds.weights, (0.1, 0.2, 0.4), strict=True):
        assert np.std(weight) == pytest.approx(std, rel=0.03)
    assert np.std(given_stds.biases[1]) == pytest.approx(0.2, rel=0.2)
    by_scheme = jax.jit(partial(mlp, widths=widths, activation="tanh", scheme="pytorch"))(jax.random.key(0))
    for weight, fan_in in zip(by_scheme.weights, widths, strict=False):
        assert np.abs(weight).max() <= 1 / np.sqrt(fan_in)
        assert np.std(weight) == pytest.approx(1 / np.sqrt(3 * fan_in), rel=0.03)
    assert mlp(0, widths=(2, 3, 3, 1), activation="tanh", std=1.0, residual=True).residual


def test_bad_draws():
    for bad in ({"width": 0}, {"inputs": -1}, {"outputs": 0}):
        with pytest.raises(ValueError, match="whole number"):
            draw(0, **bad)
    with pytest.raises(UserError, match="did you mean 'tanh'"):
        draw(0, activation="tan")
    with pytest.raises(ValueError, match=r"scale\.unscaled"):
        draw(0, scale=initial.scheme("ntk", 7, 3))
    with pytest.raises(ValueError, match=r"jax\.vmap"):
        draw(0, scale=initial.from_std_exponent(np.array([0.5, 1.0]), 7))


def test_bad_deep_draws():
    with pytest.raises(ValueError, match="exactly one of std and scheme"):
        mlp(0, widths=(1, 2, 1), activation="tanh")
    with pytest.raises(ValueError, match="exactly one of std and scheme"):
        mlp(0, widths=(1, 2, 1), activation="tanh", std=1.0, scheme="he")
    with pytest.raises(ValueError, match="each of the 2 layers"):
        mlp(0, widths=(1, 2, 1), activation="tanh", std=(1.0,))
    with pytest.raises(ValueError, match="at least the input and the output"):
        mlp(0, widths=(1,), activation="tanh", std=1.0)
    with pytest.raises(ValueError, match="must be at least 0"):
        mlp(0, widths=(1, 2, 1), activation="tanh", std=-1.0)


def test_a_std_that_single_precision_cannot_hold_is_refused():
    with jax.enable_x64(False), pytest.raises(ValueError, match="vanishes in float32"):
        draw(0, scale=Scale(1e-40, 1.0))
    assert np.all(np.asarray(draw(0, scale=Scale(1e-40, 1.0)).input_weights) != 0)
