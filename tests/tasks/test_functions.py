"""The named targets against their formulas and the numbers that the digests state."""

import numpy as np
import pytest

from condenslab import tasks
from condenslab.errors import UserError
from condenslab.tasks import functions

OPTIONS = {"sine_5d": {"seed": 0}}


def relu(z):
    return np.maximum(z, 0)


FORMULAS = {
    "three_tanh": lambda x: np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7),
    "two_tanh": lambda x: np.tanh(x - 6) + np.tanh(x + 6),
    "single_tanh": lambda x: np.tanh(x + 1),
    "four_relu": lambda x: -relu(x) + relu(2 * (x + 0.3)) - relu(1.5 * (x - 0.4)) + relu(0.5 * (x - 0.8)),
    "relu_pair": lambda x: 0.2 * relu(x - 1 / 3) + 0.2 * relu(-x - 1 / 3),
    "square_on_four_points": lambda x: x**2,
    "sine_5d": lambda x: 3.5 * np.sum(np.sin(5 * x + 1), axis=1, keepdims=True),
}
FACTS = {  # intrinsic width, activation, optimistic sample size
    "three_tanh": (3, "tanh", 9),
    "two_tanh": (2, "tanh", 6),
    "single_tanh": (1, "tanh", 3),
    "four_relu": (4, "relu", None),
    "relu_pair": (2, "relu", None),
    "square_on_four_points": (None, None, None),
    "sine_5d": (None, None, None),
}


def get(name, **options):
    return tasks.task(name, **(OPTIONS.get(name, {}) | options))


@pytest.mark.parametrize("name", FORMULAS)
def test_values_facts_and_sources(name):
    task = get(name)
    for x, y in ((task.inputs, task.targets), (task.heldout_inputs, task.heldout_targets)):
        np.testing.assert_allclose(y, FORMULAS[name](x), rtol=1e-13, atol=1e-14)
    assert len(task.heldout_inputs) == 1000
    facts = task.facts
    assert (facts.intrinsic_width, facts.activation, facts.optimistic_samples) == FACTS[name]
    assert (facts.teacher is None) == (facts.intrinsic_width is None)
    assert facts.source


def test_the_names_are_all_tested_here():
    assert set(tasks.names()) == set(FORMULAS)


def test_grids_of_the_papers():
    np.testing.assert_array_equal(get("three_tanh").inputs[:, 0], np.linspace(-15, 15, 50))
    np.testing.assert_array_equal(get("three_tanh", grid="shifted").inputs[:, 0], np.linspace(-15, 14, 50))
    np.testing.assert_allclose(get("relu_pair").inputs[:, 0], [-1, -1 / 3, 1 / 3, 1], rtol=1e-15)
    np.testing.assert_allclose(get("square_on_four_points").inputs[:, 0], [-1 / 2, -1 / 6, 1 / 6, 1 / 2], rtol=1e-15)
    np.testing.assert_array_equal(get("four_relu").inputs[:, 0], np.linspace(-1, 1, 20))


def test_risks_of_the_zero_function_that_the_digests_state():
    """mean f*² is 5.1453300991 for three tanh; the first plateau of four ReLU starts at 0.372."""
    assert np.mean(get("three_tanh").targets ** 2) == pytest.approx(5.1453300991, abs=5e-11)
    assert np.mean(get("four_relu").targets ** 2) == pytest.approx(0.372, abs=5e-4)
    np.testing.assert_allclose(get("square_on_four_points").targets[:, 0], [0.25, 0.0278, 0.0278, 0.25], atol=5e-5)


def test_risk_of_the_width_1_minimum_of_three_tanh():
    """theta = (a, w) = (3.746951, 0.089537) has risk 0.1090227421."""
    task = get("three_tanh")
    error = 3.746951 * np.tanh(0.089537 * task.inputs) - task.targets
    assert np.mean(error**2) == pytest.approx(0.1090227421, abs=1e-9)


@pytest.mark.parametrize("name", ["three_tanh", "two_tanh", "single_tanh", "four_relu", "relu_pair", "sine_5d"])
def test_other_sample_counts(name):
    assert get(name, samples=1).samples == 1
    assert get(name, samples=33).samples == 33
    with pytest.raises(ValueError, match="samples must be a whole number of at least 1"):
        get(name, samples=0)


def test_random_points_are_those_of_the_paper():
    task = get("sine_5d")
    assert task.inputs.shape == (80, 5)
    assert task.inputs.min() >= -4 and task.inputs.max() <= 2
    smaller = get("sine_5d", samples=20)
    np.testing.assert_array_equal(smaller.inputs, task.inputs[:20])
    np.testing.assert_array_equal(smaller.heldout_inputs, task.heldout_inputs)
    assert not np.array_equal(get("sine_5d", seed=1).inputs, task.inputs)


def test_requests_that_cannot_be_met():
    with pytest.raises(UserError, match=r"unknown task 'three_tan'.*did you mean 'three_tanh'"):
        tasks.task("three_tan")
    with pytest.raises(UserError, match="did you mean 'samples'"):
        tasks.task("three_tanh", sample=3)
    with pytest.raises(UserError, match=r"unknown grid 'shift'.*did you mean 'shifted'"):
        functions.three_tanh("shift")
    with pytest.raises(UserError, match="needs seed=…"):
        tasks.task("sine_5d")
