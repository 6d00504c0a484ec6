"""A task holds finite read-only float64 matrices that fit each other, or says which one does not."""

import numpy as np
import pytest

from condenslab.tasks import Facts, Task, Teacher, from_teacher

FACTS = Facts(source="a test")
X, Y = np.arange(6.0).reshape(3, 2), np.arange(3.0)[:, None]


def build(**changes):
    arguments = {"inputs": X, "targets": Y, "heldout_inputs": X[:1], "heldout_targets": Y[:1]} | changes
    return Task("test", *arguments.values(), FACTS)


def test_arrays_are_read_only_float64_copies():
    x = np.arange(6).reshape(3, 2)
    task = build(inputs=x)
    x[0, 0] = 99
    assert task.inputs[0, 0] == 0 and task.inputs.dtype == np.float64
    for array in (task.inputs, task.targets, task.heldout_inputs, task.heldout_targets):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1.0
    with pytest.raises(AttributeError):
        task.inputs = x
    assert task.samples == 3


def test_one_sample_is_legal_and_so_is_a_task_without_heldout_samples():
    assert build(inputs=X[:1], targets=Y[:1]).samples == 1
    assert build(heldout_inputs=None, heldout_targets=None).heldout_inputs is None


@pytest.mark.parametrize("name", ["inputs", "targets", "heldout_inputs", "heldout_targets"])
def test_every_bad_array_is_named(name):
    good = {"inputs": X, "targets": Y, "heldout_inputs": X[:1], "heldout_targets": Y[:1]}[name]
    for bad in (np.nan, np.inf):
        spoilt = good.copy()
        spoilt[0, 0] = bad
        with pytest.raises(ValueError, match=rf"^{name} must be finite\. Got {bad} at index 0, 0"):
            build(**{name: spoilt})
    with pytest.raises(ValueError, match=rf"^{name} must have at least one row"):
        build(**{name: good[:0]})
    with pytest.raises(ValueError, match=rf"^{name} must have shape .*Write {name}\[:, None\]"):
        build(**{name: good[:, 0]})
    with pytest.raises(ValueError, match=rf"^{name} must be real numbers"):
        build(**{name: good.astype(str)})
    with pytest.raises(ValueError, match=rf"^{name} must be an array of numbers"):
        build(**{name: [[1.0], [2.0, 3.0]]})


def test_arrays_that_do_not_fit_each_other_are_named():
    with pytest.raises(ValueError, match="targets must have one row for each row of inputs, 3 here"):
        build(targets=Y[:2])
    with pytest.raises(ValueError, match="heldout_targets must have one row for each row of heldout_inputs, 1 here"):
        build(heldout_targets=Y[:2])
    with pytest.raises(ValueError, match="heldout_inputs must have as many columns as inputs, 2"):
        build(heldout_inputs=X[:1, :1])
    with pytest.raises(ValueError, match="heldout_targets must have as many columns as targets, 1"):
        build(heldout_targets=X[:1])
    with pytest.raises(ValueError, match="go together"):
        build(heldout_targets=None)


def test_a_task_from_a_teacher_has_its_values_and_facts():
    teacher = Teacher(np.array([[1.0, 2.0], [0.5, -1.0]]), np.array([0.1, 0.2]), np.array([[1.0, -3.0]]), "tanh")
    task = from_teacher("mine", teacher, X, X + 1, source="a test", notes=("a note",))
    for x, y in ((task.inputs, task.targets), (task.heldout_inputs, task.heldout_targets)):
        expected = np.tanh(x[:, 0] + 2 * x[:, 1] + 0.1) - 3 * np.tanh(0.5 * x[:, 0] - x[:, 1] + 0.2)
        np.testing.assert_allclose(y[:, 0], expected, rtol=1e-14)
    assert (task.facts.intrinsic_width, task.facts.activation, task.facts.teacher) == (2, "tanh", teacher)
    assert task.facts.optimistic_samples == 8  # k(d + 2)
    assert from_teacher("mine", teacher, X, source="a test").heldout_targets is None
