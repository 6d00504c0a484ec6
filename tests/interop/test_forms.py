"""Every class of networks in a file: it comes back to the last bit, and what no class could have written is refused."""

import dataclasses
import inspect

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.errors import UserError
from condenslab.interop import load_network, load_trajectory, save_network, save_trajectory
from condenslab.networks import KAN, Activation, ConvTwoLayer, Linear, Scale, activation
from condenslab.training import Stop, Trajectory
from handmade import written

CNN = networks.cnn(
    0, inputs=(2, 6, 5), channels=(2, 3), size=2, hidden=(4,), outputs=2, activation="relu", std=0.5, pools=(2, 1)
)
PLANE = networks.conv_two_layer(0, kernels=2, size=(2, 1), inputs=(3, 3), activation="tanh", scale=Scale(1.0, 1.0))
SPLINES = networks.kan(0, widths=(2, 3, 1), intervals=(2, 3), degree=2, low=0.1, high=0.7, std=1.0)
HEADS = networks.multi_head_attention(0, heads=2, d_model=3, d=2, d_v=1, std=1.0, inputs=4)
DECODER = {"gamma": 0.5, "vocabulary": 7, "length": 4, "d_model": 4, "heads": 2, "depth": 2}
NETWORKS = {
    "dense": networks.mlp(0, widths=(1, 2, 1), activation="tanh", std=1.0),
    "two layers": networks.two_layer(0, width=2, inputs=1, activation="tanh", scale=Scale(1.0, 1.0)),
    "CNN": CNN,
    "CNN of another kind": eqx.tree_at(
        lambda n: n.kernel_biases,
        dataclasses.replace(CNN, strides=(1, 2), pooling="mean", padding="same"),
        (None, CNN.kernel_biases[1]),
        is_leaf=lambda leaf: leaf is None,
    ),
    "kernels on a line": networks.conv_two_layer(
        0, kernels=2, size=2, inputs=5, outputs=2, activation="x_tanh", scale=Scale(1.0, 1.0), biases=False
    ),
    "kernels in a plane": PLANE,
    "kernels of each position": networks.conv_two_layer(
        0, kernels=1, size=2, inputs=3, activation="relu", scale=Scale(1.0, 1.0), shared=False
    ),
    "splines": SPLINES,
    "attention": HEADS,
    "attention without ends": dataclasses.replace(HEADS, embedding=None),
    "decoder": networks.decoder(0, **DECODER),
    "decoder, normalised before": networks.decoder(0, normalisation="pre", **DECODER),
    "linear": networks.linear(0, inputs=3, std=1.0, offset=True),
    "linear without offset": networks.linear(0, inputs=3, std=1.0),
    "diagonal": networks.diagonal(0, inputs=3, std=1.0),
    "deep diagonal": networks.deep_diagonal(0, inputs=3, depth=4, std=1.0),
    "product": networks.product_model(0, std=1.0),
    "factors": networks.matrix_factorisation(0, rows=3, columns=2, inner=1, std=1.0),
}
every = pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)


def assert_same(old, new):
    assert type(new) is type(old) and jax.tree.structure(new) == jax.tree.structure(old)
    for a, b in zip(jax.tree.leaves(old), jax.tree.leaves(new), strict=True):
        assert isinstance(b, jax.Array) and b.dtype == a.dtype
        np.testing.assert_array_equal(np.asarray(a).view(np.uint8), np.asarray(b).view(np.uint8))


def test_every_class_of_networks_is_here():
    """Whoever adds a class of networks registers it, or the sentence of `save_network` would exclude it in silence."""
    public = [getattr(networks, name) for name in networks.__all__]
    classes = {thing for thing in public if inspect.isclass(thing) and issubclass(thing, eqx.Module)}
    assert {type(network) for network in NETWORKS.values()} == classes - {networks.Dropout, networks.Scale}


@every
def test_it_comes_back(tmp_path, network):
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), network)
    for kept in (network, single):
        save_network(tmp_path / "a", kept)
        assert_same(kept, load_network(tmp_path / "a"))
    before = (tmp_path / "a").read_bytes()
    save_network(tmp_path / "a", load_network(tmp_path / "a"))
    assert (tmp_path / "a").read_bytes() == before


def test_a_run_of_any_class_comes_back(tmp_path):
    run = Trajectory(np.arange(2), {"risk": np.ones(2)}, HEADS, Stop.TIME_LIMIT, 1, 0.5, (np.ones(1),))
    save_trajectory(tmp_path / "run", run)
    assert_same(HEADS, load_trajectory(tmp_path / "run").network)


KAN_PARTS = {"coefficients": [True, True]}
KAN_TENSORS = {"network/coefficients/0": np.ones((2, 1, 1)), "network/coefficients/1": np.ones((1, 2, 2))}
KNOTS = [[0.0, 0.1, 1.0], [0, 1, 2, 3]]


def header(kind="KAN", name=None, parts=KAN_PARTS, settings=None, **changes):
    settings = {"knots": KNOTS, "degree": 1} if settings is None else settings
    network = {"kind": kind, "activation": name, "parts": parts, "settings": settings}
    return {"network": network | changes, "run": None}


def test_the_second_version_of_the_format_is_as_documented(tmp_path):
    """A file made by hand."""
    found = load_network(written(tmp_path / "hand", header(), KAN_TENSORS, version=2))
    assert_same(
        KAN((jnp.ones((2, 1, 1)), jnp.ones((1, 2, 2))), ((0.0, 0.1, 1.0), (0.0, 1.0, 2.0, 3.0)), 1),
        found,
    )


CONV_PARTS = {"kernels": [True], "biases": [True], "output_weights": [True]}
ONE = {"network/factors": np.ones((2, 3))}
LINEAR = {"network/coefficients": np.ones(3), "network/offset": np.ones(2)}


@pytest.mark.parametrize(
    ("content", "tensors", "sentence"),
    [
        (header("Transformer"), KAN_TENSORS, "unknown class 'Transformer', none of TwoLayer, MLP"),
        (header("__init__"), {}, "unknown class '__init__'"),
        (header(name="tanh"), KAN_TENSORS, "gives a KAN the activation 'tanh'"),
        (header(name=3), KAN_TENSORS, "its header cannot be read"),
        (header(extra=1), KAN_TENSORS, "its header cannot be read"),
        (header(parts={}), {}, r"gives a KAN the arrays \[\], and it has \['coefficients'\]"),
        (header(parts={"coefficients": []}), {}, "needs one knot vector for each of its layers"),
        (header(parts={"coefficients": [True, False]}), KAN_TENSORS, "gives a KAN no coefficients"),
        (header(parts={"coefficients": "yes"}), KAN_TENSORS, "its header cannot be read"),
        (header(settings={"knots": KNOTS}), KAN_TENSORS, "gives a KAN the settings .'knots'., and it has"),
        (header(settings={"knots": KNOTS, "degree": "1"}), KAN_TENSORS, "the setting degree cannot be '1'"),
        (header(settings={"knots": KNOTS, "degree": True}), KAN_TENSORS, "the setting degree cannot be True"),
        (header(settings={"knots": KNOTS, "degree": 10**12}), KAN_TENSORS, "must be at least 1000000000002 increasing"),
        (header(settings={"knots": [[1, 0, 2], KNOTS[1]], "degree": 1}), KAN_TENSORS, "knots must be at least 3"),
        (header(settings={"knots": KNOTS[:1], "degree": 1}), KAN_TENSORS, "Got 2 layers and 1 knot vectors"),
        (header(settings={"knots": [None, KNOTS[1]], "degree": 1}), KAN_TENSORS, "the setting knots cannot be"),
        (header(), KAN_TENSORS | {"network/coefficients/1": np.ones((1, 3, 2))}, "on axis 1: 2 width1, as in"),
        (header(), KAN_TENSORS | {"network/coefficients/1": np.ones((1, 2, 3))}, "layer 1 with 3 splines of degree 1"),
        (header(), KAN_TENSORS | {"network/coefficients/1": np.ones((1, 2))}, "must have three axes"),
        (header(), KAN_TENSORS | {"network/x": np.ones(1)}, "has the unknown tensor network/x"),
        (header("DeepDiagonal", parts={"factors": [True, True]}, settings={}), ONE, "gives a DeepDiagonal 2 arrays"),
        (
            header("Linear", parts={"coefficients": [True], "offset": [True]}, settings={}),
            LINEAR,
            r"network/offset has shape \(2,\) and must have on axis 0: 1",
        ),
        (
            header("ProductModel", parts={"parameters": [True]}, settings={}),
            {"network/parameters": np.ones(5)},
            r"network/parameters has shape \(5,\) and must have on axis 0: 4",
        ),
        (
            header("ConvTwoLayer", "tanh", CONV_PARTS, {}),
            {f"network/{n}": np.ones((2,) * k) for n, k in (("kernels", 3), ("biases", 1), ("output_weights", 4))}
            | {"network/biases": np.ones(2), "network/kernels": np.ones((2, 2, 1, 1))},
            "output weights have shape",
        ),
        (
            header("ConvTwoLayer", "tahn", CONV_PARTS, {}),
            {
                "network/kernels": np.ones((1, 2)),
                "network/biases": np.ones(1),
                "network/output_weights": np.ones((1,) * 3),
            },
            "unknown activation 'tahn'; did you mean 'tanh'",
        ),
        (
            header("Diagonal", parts={"plus": [True], "minus": [True]}, settings={}),
            {"network/plus": np.ones(2), "network/minus": np.array([1.0, np.nan])},
            "not loaded because network/minus has NaN",
        ),
    ],
)
def test_a_file_that_does_not_fit_together(tmp_path, content, tensors, sentence):
    with pytest.raises(UserError, match=rf"odd\.safetensors .*{sentence}") as caught:
        load_network(written(tmp_path / "odd.safetensors", content, tensors, version=2))
    assert "\n" not in str(caught.value)


def bypassed(network, where, value):
    """Returns the network with a field that its class would have refused, as surgery on a pytree can leave it."""
    return eqx.tree_at(where, network, value, is_leaf=lambda leaf: leaf is None)


def with_numpy_strides():
    network = dataclasses.replace(CNN)
    object.__setattr__(network, "strides", (np.int64(1), 1))
    return network


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (bypassed(PLANE, lambda n: n.kernels, jnp.ones((2, 2))), "output weights have shape"),
        (bypassed(SPLINES, lambda n: n.coefficients, SPLINES.coefficients[:1]), "needs one knot vector for each"),
        (bypassed(SPLINES, lambda n: n.coefficients, ()), "needs one knot vector for each"),
        (bypassed(HEADS, lambda n: n.keys, None), "network/keys is no array but None: give a whole network"),
        (jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), HEADS), "must have three axes: save one sound network"),
        (
            dataclasses.replace(PLANE, activation=Activation("cube", lambda z: z**3)),
            "the activation 'cube' is not the one",
        ),
        (with_numpy_strides(), "not written because .*int64"),
        (KAN((jnp.ones((1, 1, 1)),), ((0.0, 1.0, float("inf")),), 1), "the setting knots cannot be"),
        (Linear(jnp.ones(2), jnp.ones(2)), r"network/offset has shape \(2,\) and must have on axis 0: 1"),
    ],
)
def test_a_network_that_could_not_be_read_again_is_not_written(tmp_path, network, sentence):
    with pytest.raises(UserError, match=rf"bad\.safetensors .*{sentence}"):
        save_network(tmp_path / "bad.safetensors", network)
    assert not list(tmp_path.iterdir())


def test_every_truncation_and_every_altered_byte_is_seen(tmp_path):
    """Of a file of the second version; some bits of the JSON of the outer header are covered by no checksum."""
    path, harmed = tmp_path / "a.safetensors", tmp_path / "harmed.safetensors"
    save_network(path, ConvTwoLayer(jnp.ones((1, 2)), None, jnp.ones((1, 1, 2)), activation("tanh")))
    content = path.read_bytes()
    for place, byte in enumerate(content):
        for harm in (content[:place], content[:place] + bytes([byte ^ 1]) + content[place + 1 :]):
            harmed.write_bytes(harm)
            with pytest.raises(UserError, match=r"harmed\.safetensors"):
                load_network(harmed)
