"""The self-test of the JAX build: this build passes it, and builds that are wrong do not."""

import json

import jax
import numpy as np
import pytest

from condenslab import doctor
from condenslab.networks.activations import ACTIVATIONS


@pytest.fixture(scope="module")
def diagnosis():
    with jax.numpy_rank_promotion("allow"):
        return doctor.check()


def test_this_build_is_right(diagnosis):
    assert diagnosis.problem == ""
    assert all(check.right for check in diagnosis.checks)
    assert {check.name.split(" (")[0] for check in diagnosis.checks} == {
        "sums of batched matrix products", "activations", "gradients of an ensemble", "gradients sample by sample",
    }  # fmt: skip
    assert 0 < diagnosis.microseconds < 1e5
    assert diagnosis.versions["jax"] == jax.__version__


def test_it_is_told_to_people_and_programs(diagnosis):
    told = diagnosis.as_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert (told["ok"], told["problem"], len(told["checks"])) == (True, None, 8)
    assert "float64" in diagnosis.text()
    assert ("sums of padded arrays: computed" in diagnosis.text()) == (not diagnosis.abort) == (told["warning"] is None)
    assert diagnosis.device in diagnosis.text()


def stale(rows, matrix):
    """What jax 0.10.2 does: rows past a multiple of the block repeat earlier ones."""
    right = np.sum((rows @ matrix.T) ** 2, axis=1)
    right[16_384:] = right[: len(right) - 16_384][: len(right[16_384:])]
    return right


def lost(rows, matrix):
    return np.full(len(rows), np.nan)


@pytest.mark.parametrize("wrong", [stale, lost])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_wrong_reduction_is_found(wrong, precision):
    assert doctor.check_reductions(precision).right
    assert not doctor.check_reductions(precision, wrong).right


def test_a_wrong_build_is_told_in_a_sentence(monkeypatch):
    monkeypatch.setattr(doctor, "step_microseconds", lambda: 1.0)
    monkeypatch.setattr(doctor, "check_gradients", lambda precision: [])
    problem = doctor.check(stale).problem
    assert problem.startswith(
        f"this build of jax {jax.__version__} computes wrong results on this machine: sums of batched"
    )
    assert problem.endswith("pip install 'jax>=0.10.1,!=0.10.2'")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_wrong_activation_is_found(monkeypatch, name):
    formula = doctor.FORMULAS[name]
    monkeypatch.setitem(doctor.FORMULAS, name, lambda z: formula(z) + 1e-3 * np.cos(z))
    assert not doctor.check_activations("float32").right


def test_a_wrong_gradient_is_found(monkeypatch):
    exact = doctor._exact
    monkeypatch.setattr(doctor, "_exact", lambda *arguments: tuple(1.001 * part for part in exact(*arguments)))
    assert not any(check.right for check in doctor.check_gradients("float32"))


def test_the_closed_form_is_the_slope_of_the_error():
    """The gradient that JAX is compared with, against central differences of the error itself."""
    random = np.random.default_rng(5)
    parameters = [random.normal(size=shape) for shape in ((3, 2), (3,), (1, 3))]
    inputs, targets = random.normal(size=(6, 2)), random.normal(size=(6, 1))

    def error():
        weights, biases, outer = parameters
        return np.mean((np.tanh(inputs @ weights.T + biases) @ outer.T - targets) ** 2)

    for part, slope in zip(parameters, doctor._exact(tuple(parameters), inputs, targets), strict=True):
        for index in np.ndindex(part.shape):
            middle = part[index]
            part[index] = middle + 1e-6
            above = error()
            part[index] = middle - 1e-6
            assert slope[index] == pytest.approx((above - error()) / 2e-6, abs=1e-8)
            part[index] = middle
