"""Convolution networks against scipy and loops in numpy, against the dense networks they are, and their draws."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.signal import correlate

from condenslab.networks import (
    CNN,
    ConvTwoLayer,
    Dropout,
    Scale,
    activation,
    apply,
    as_two_layer,
    as_unshared,
    cnn,
    conv_two_layer,
    parameter_count,
    ravel,
    unravel,
)
from condenslab.risk import EmpiricalRisk

RANDOM = np.random.default_rng(5)
IMAGES = jnp.asarray(RANDOM.normal(size=(4, 2, 9, 8)))
LINE = jnp.asarray(RANDOM.normal(size=(6, 5)))
PLANE = jnp.asarray(RANDOM.normal(size=(6, 5, 4)))


def small_cnn(**other):
    settings = {"channels": (3, 2), "size": (3, 2), "hidden": (4,), "outputs": 2, "activation": "tanh", "std": 0.5}
    return cnn(0, inputs=(2, 9, 8), **(settings | other))


outputs_of = eqx.filter_jit(apply)


def by_hand(network, image):
    """One image, layer by layer, in scipy and loops."""
    hidden = np.asarray(image)
    for kernel, bias, stride, pool in zip(
        network.kernels, network.kernel_biases, network.strides, network.pools, strict=True
    ):
        mode = network.padding
        planes = []
        for out in range(kernel.shape[0]):
            total = sum(correlate(hidden[c], np.asarray(kernel[out, c]), mode="full") for c in range(len(hidden)))
            rows, columns = kernel.shape[2:]
            if mode == "valid":
                total = total[rows - 1 : hidden.shape[1], columns - 1 : hidden.shape[2]]
            else:  # XLA pads (k − 1) // 2 zeros before
                up, left = rows - 1 - (rows - 1) // 2, columns - 1 - (columns - 1) // 2
                total = total[up : up + hidden.shape[1], left : left + hidden.shape[2]]
            plane = np.tanh(total[::stride, ::stride] + (0.0 if bias is None else float(bias[out])))
            h, w = plane.shape[0] // pool, plane.shape[1] // pool
            fold = {"max": np.max, "mean": np.mean}[network.pooling]
            windows = [
                [plane[i * pool : (i + 1) * pool, j * pool : (j + 1) * pool] for j in range(w)] for i in range(h)
            ]
            planes.append([[fold(window) for window in row] for row in windows])
        hidden = np.array(planes)
    features = hidden.ravel()
    for k, (weight, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
        features = np.asarray(weight) @ features + (0.0 if bias is None else np.asarray(bias))
        features = np.tanh(features) if k < len(network.weights) - 1 else features
    return features


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"biases": False, "output_bias": False, "hidden": ()},
        {"pools": (2, 1), "pooling": "max"},
        {"pools": (2, 2), "pooling": "mean"},
        {"padding": "same"},
        {"strides": (2, 1), "size": (3, 3)},
    ],
    ids=str,
)
def test_a_cnn_layer_by_layer(other):
    network = small_cnn(**other)
    outputs = outputs_of(network, IMAGES)
    for image, output in zip(IMAGES, outputs, strict=True):
        np.testing.assert_allclose(output, by_hand(network, image), rtol=1e-12, atol=1e-14)
    assert unravel(ravel(network), network).channels == (2, 3, 2)
    assert network.positions * 2 == network.weights[0].shape[1]


def test_a_cnn_in_the_risk():
    """Image batches pass the seam; gradient by central differences, Hessian product against the dense Hessian."""
    network = small_cnn(channels=(2,), size=3, hidden=(), pools=3)
    risk = EmpiricalRisk(IMAGES, jnp.asarray(RANDOM.normal(size=(4, 2))))
    theta, gradient = ravel(network), ravel(eqx.filter_jit(risk.gradient)(network))
    v = jnp.asarray(RANDOM.normal(size=theta.size))
    value = jax.jit(lambda step: risk.value(unravel(theta + step * v, network)))
    ends = value(1e-5), value(-1e-5)
    assert float(gradient @ v) == pytest.approx(float(ends[0] - ends[1]) / 2e-5, rel=1e-6)
    product = ravel(eqx.filter_jit(risk.hessian_product)(network, unravel(v, network)))
    np.testing.assert_allclose(eqx.filter_jit(risk.hessian)(network) @ v, product, rtol=1e-10, atol=1e-12)
    assert jax.eval_shape(risk.jacobian, network).shape == (4, 2, parameter_count(network))


def test_members_of_an_ensemble_are_those_alone():
    stacked = jax.vmap(
        lambda key: cnn(key, inputs=(1, 5, 5), channels=(2,), size=3, outputs=1, activation="relu", std=1.0)
    )(jax.random.split(jax.random.key(0), 3))
    alone = cnn(
        jax.random.split(jax.random.key(0), 3)[1],
        inputs=(1, 5, 5),
        channels=(2,),
        size=3,
        outputs=1,
        activation="relu",
        std=1.0,
    )
    member = jax.tree.map(lambda leaf: leaf[1], stacked)
    np.testing.assert_array_equal(ravel(member), ravel(alone))
    images = IMAGES[:, :1, :5, :5]
    together = eqx.filter_jit(jax.vmap(lambda network: network(images)))(stacked)
    np.testing.assert_allclose(together[1], outputs_of(alone, images), rtol=1e-13)


def test_laws_of_the_draw():
    """Fans of a convolution layer are channels × kernel entries; biases follow their layer."""
    shape = {"inputs": (3, 12, 12), "channels": (40, 30), "size": 5, "hidden": (50,), "outputs": 10}
    shape["activation"] = "relu"
    he, power = cnn(1, scheme="he", **shape), cnn(1, exponent=0.8, **shape)
    fans = (75, 1000, 30 * 16, 50)
    for network, stds in [(he, [(2 / fan) ** 0.5 for fan in fans]), (power, [fan**-0.8 for fan in fans])]:
        for array, std in zip((*network.kernels, *network.weights), stds, strict=True):
            assert float(array.std()) == pytest.approx(std, rel=5 / array.size**0.5)
    each = cnn(1, std=(0.1, 0.2, 0.3, 0.4), **shape)
    np.testing.assert_allclose(np.asarray(each.kernels[1]), 0.2 * 1000**0.8 * np.asarray(power.kernels[1]), rtol=1e-12)


def test_dropout_falls_on_every_hidden_activation():
    network = small_cnn()
    plain, (noisy, silent) = (
        outputs_of(network, IMAGES),
        (outputs_of(network, IMAGES, Dropout(jax.random.key(0), jnp.asarray(rate))) for rate in (0.5, 0.0)),
    )
    assert not np.allclose(noisy, plain)
    np.testing.assert_allclose(silent, plain, rtol=1e-14)  # two programs, which may round a sum differently


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(("x", "size"), [(LINE, (3,)), (PLANE, (3, 2))])
def test_two_layer_convolutions_are_dense_networks_with_padded_kernels(x, size, shared):
    network = conv_two_layer(
        0, kernels=2, size=size, inputs=x.shape[1:], outputs=2, activation="tanh", scale=Scale(1.0, 1.0), shared=shared
    )
    expected = np.zeros((len(x), 2))
    k, b, a, z = (np.asarray(v) for v in (network.kernels, network.biases, network.output_weights, x))
    for sample in range(len(z)):
        for kernel, *place in np.ndindex(*a.shape[1:]):
            patch = z[sample][tuple(slice(p, p + s) for p, s in zip(place, size, strict=True))]
            own = (kernel,) if shared else (kernel, *place)
            expected[sample] += a[(slice(None), kernel, *place)] * np.tanh((k[own] * patch).sum() + b[own])
    np.testing.assert_allclose(outputs_of(network, x), expected, rtol=1e-12)
    np.testing.assert_allclose(outputs_of(as_unshared(network), x), expected, rtol=1e-12)
    dense = as_two_layer(network)
    np.testing.assert_allclose(outputs_of(dense, x.reshape(len(x), -1)), expected, rtol=1e-12)
    assert dense.width == 2 * np.prod(network.positions)
    assert np.count_nonzero(dense.input_weights) == dense.width * np.prod(size)
    assert network.input_shape == x.shape[1:]


@pytest.mark.parametrize("kernels", [1, 3, 100])
def test_published_parameter_counts(kernels):
    """7N, 15N and 21N for d = 5, s = 3 with biases (the captions of the recovery experiment); 6N, 12N, 18N without."""
    for biases, counts in ((True, (7, 15, 21)), (False, (6, 12, 18))):
        draws = [
            conv_two_layer(
                0,
                kernels=kernels,
                size=3,
                inputs=5,
                activation="tanh",
                scale=Scale(1.0, 1.0),
                biases=biases,
                shared=shared,
            )
            for shared in (True, False)
        ]
        found = (*draws, as_two_layer(draws[0]))
        assert tuple(parameter_count(network) for network in found) == tuple(c * kernels for c in counts)


def test_the_risk_takes_lines_and_planes():
    for x, size in ((LINE, 3), (PLANE, (3, 2))):
        network = conv_two_layer(0, kernels=2, size=size, inputs=x.shape[1:], activation="tanh", scale=Scale(1.0, 1.0))
        risk = EmpiricalRisk(x, jnp.zeros((len(x), 1)))
        found = float(eqx.filter_jit(risk.value)(network))
        assert found == pytest.approx(float(np.mean(np.asarray(outputs_of(network, x)) ** 2)))
        assert jax.eval_shape(risk.jacobian, network).shape == (len(x), 1, parameter_count(network))


def test_bad_requests():
    tanh = activation("tanh")
    fine = small_cnn()
    for call, message in [
        (lambda: fine(IMAGES[:, :1]), r"shape \(sample, 2, height, width\)"),
        (lambda: fine(IMAGES[:, :, :2]), "as large as the kernels"),
        (lambda: fine(IMAGES[:, :, :, :7]), "the head was made for"),
        (lambda: cnn(0, inputs=(1, 4, 4), channels=(1, 1), size=3, outputs=1, activation="tanh", std=1.0), "too small"),
        (lambda: small_cnn(size=(3, 2, 1)), "one for each of the 2 layers"),
        (lambda: small_cnn(scheme="he"), "exactly one of std, scheme and exponent"),
        (lambda: small_cnn(std=(1.0, 1.0)), "one for each of the 4 layers"),
        (lambda: cnn(0, inputs=(4, 4), channels=(1,), size=3, outputs=1, activation="tanh", std=1.0), "height, width"),
        (lambda: CNN((), (), (jnp.ones((1, 1)),), (None,), tanh, (), ()), "at least one"),
        (lambda: ConvTwoLayer(jnp.ones((2, 3)), jnp.ones((2, 1)), jnp.ones((1, 2, 3)), tanh), "begin with"),
        (lambda: ConvTwoLayer(jnp.ones((2, 3)), None, jnp.ones((1, 2)), tanh), "on a line or in a plane"),
        (lambda: conv(3, 5)(LINE[:, :4]), "batch of shape"),
        (lambda: conv(6, 5), "must fit into the inputs"),
        (lambda: conv((2, 2), 5), "both on a line"),
    ]:
        with pytest.raises(ValueError, match=message):
            call()


def conv(size, inputs):
    return conv_two_layer(0, kernels=1, size=size, inputs=inputs, activation="tanh", scale=Scale(1.0, 1.0))
