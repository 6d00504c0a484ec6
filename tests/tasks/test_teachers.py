"""Teachers: their values, and the width that a network needs to express them."""

import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.errors import UserError
from condenslab.tasks import Teacher, random_teacher
from condenslab.tasks.teachers import ACTIVATIONS


def teacher(neurons, activation="tanh", amplitudes=None):
    """A teacher of one input from rows (w, b)."""
    rows = np.array(neurons, dtype=float)
    outer = np.ones((1, len(rows))) if amplitudes is None else np.array([amplitudes], dtype=float)
    return Teacher(rows[:, :1], rows[:, 1], outer, activation)


def test_activations_are_those_of_the_networks():
    z = np.linspace(-8, 8, 321)
    assert set(ACTIVATIONS) == set(networks.ACTIVATIONS)
    for name, function in ACTIVATIONS.items():
        theirs = np.asarray(networks.activation(name)(jnp.asarray(z)))
        np.testing.assert_allclose(function(z), theirs, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize("biases", [True, False])
def test_values_neuron_by_neuron(biases):
    random = random_teacher(0, width=4, inputs=3, outputs=2, biases=biases, activation="swish")
    x = np.random.default_rng(1).normal(size=(5, 3))
    expected = np.zeros((5, 2))
    for i, k in np.ndindex(5, 4):
        z = random.input_weights[k] @ x[i] + (random.biases[k] if biases else 0.0)
        expected[i] += random.output_weights[:, k] * z / (1 + np.exp(-z))
    np.testing.assert_allclose(random(x), expected, rtol=1e-12)


def test_a_function_of_ones_own_is_an_activation():
    own = Teacher(np.ones((1, 1)), None, np.ones((1, 1)), lambda z: z**3)
    assert own(np.array([[2.0]])).tolist() == [[8.0]]
    assert own.activation_name is None and own.intrinsic_width is None and own.optimistic_samples is None


@pytest.mark.parametrize(
    ("neurons", "activation", "amplitudes", "width"),
    [
        ([[1, -7], [1, 0], [1, 7]], "tanh", None, 3),
        ([[1, 0], [2, 0]], "tanh", None, 2),  # equal direction is not enough: the norm counts
        ([[1, 2], [-1, -2]], "tanh", None, None),  # equal up to sign
        ([[1, 2], [1, 2]], "softplus", None, None),
        ([[1, 2], [3, 1]], "tanh", [1, 0], 1),  # a neuron without output weight does nothing
        ([[1, 2], [0, 1]], "tanh", None, None),  # w = 0 is a constant
        ([[1, 2], [2, 4]], "relu", None, None),  # one kink
        ([[1, 2], [-1, -2]], "relu", None, None),  # the same kink from the other side
        ([[1, 2], [-1, 2]], "leaky_relu", None, 2),
        ([[1, 2], [1, 3]], "exp", None, None),  # exp(b) is an amplitude
        ([[1, 2], [-1, -2]], "exp", None, 2),
    ],
)
def test_intrinsic_width(neurons, activation, amplitudes, width):
    assert teacher(neurons, activation, amplitudes).intrinsic_width == width


def test_what_is_not_declared_minimal_has_a_narrower_twin():
    """Each merge behind a None above, checked on values."""
    x = np.linspace(-3, 3, 41)[:, None]
    twins = [
        (teacher([[1, 2], [-1, -2]], "tanh", [3, 1]), teacher([[1, 2]], "tanh", [2])),
        (teacher([[1, 2], [2, 4]], "relu", [3, 1]), teacher([[1, 2]], "relu", [5])),
        (teacher([[1, 2], [1, 3]], "exp", [3, 1]), teacher([[1, 2]], "exp", [3 + np.e])),
    ]
    for wide, narrow in twins:
        np.testing.assert_allclose(wide(x), narrow(x), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("inputs", "biases", "expected"), [(1, True, 9), (5, True, 21), (1, False, 6), (5, False, 18)])
def test_optimistic_sample_size_of_three_neurons(inputs, biases, expected):
    """k(d + 1) without and k(d + 2) with biases, k = 3; the worked numbers of the papers are 9 and 21."""
    assert random_teacher(0, width=3, inputs=inputs, biases=biases).optimistic_samples == expected


def test_random_teachers():
    one = random_teacher(0, width=500, inputs=40, input_std=0.5, output_std=2.0)
    assert np.std(one.input_weights) == pytest.approx(0.5, rel=0.02)
    assert np.std(one.biases) == pytest.approx(0.5, rel=0.15)
    assert np.std(one.output_weights) == pytest.approx(2.0, rel=0.15)
    assert one.intrinsic_width == 500
    np.testing.assert_array_equal(one.biases, random_teacher(0, width=500, inputs=40, input_std=0.5).biases)
    assert not np.array_equal(one.biases, random_teacher(1, width=500, inputs=40, input_std=0.5).biases)


def test_bad_teachers_are_named():
    one = np.ones((1, 1))
    with pytest.raises(UserError, match="did you mean 'tanh'"):
        Teacher(one, None, one, "tan")
    with pytest.raises(ValueError, match=r"biases must have shape \(1,\)"):
        Teacher(one, np.ones(2), one, "tanh")
    with pytest.raises(ValueError, match="biases must be finite"):
        Teacher(one, np.array([np.nan]), one, "tanh")
    with pytest.raises(ValueError, match="output_weights must have one column a neuron, 1 here"):
        Teacher(one, None, np.ones((1, 2)), "tanh")
    with pytest.raises(ValueError, match=r"inputs must have 1 column\(s\)"):
        Teacher(one, None, one, "tanh")(np.ones((3, 2)))
    with pytest.raises(ValueError, match="input_std must be positive"):
        random_teacher(0, width=1, inputs=1, input_std=0.0)
    with pytest.raises(ValueError, match="width must be a whole number"):
        random_teacher(0, width=0, inputs=1)
