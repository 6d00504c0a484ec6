"""The self-test of the JAX build: this build passes it, and builds that are wrong do not."""

import contextlib
import json

import jax
import numpy as np
import pytest

from condenslab import doctor
from condenslab.cli import machine
from condenslab.networks.activations import ACTIVATIONS
from condenslab.studies.work import JaxSettings


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


def coarse(rows, matrix):
    """What a GPU does by default in float32: ten bits of each factor are kept."""
    kept = lambda part: np.round(part * 2**10 / (scale := 2.0 ** np.floor(np.log2(np.abs(part))))) * scale / 2**10  # noqa: E731
    return np.sum((kept(rows) @ kept(matrix).T) ** 2, axis=1)


def test_coarse_products_of_an_accelerator_are_told_apart_from_a_wrong_build():
    check = doctor.check_reductions("float32", coarse)
    assert not check.right
    exact = doctor.Check("activations (float64)", 1e-16, 1e-11)
    diagnosis = doctor.Diagnosis({"jax": "0.11.2"}, "NVIDIA H200", 16, (check, exact), 20.0)
    assert "JAX_DEFAULT_MATMUL_PRECISION=highest" in diagnosis.problem and "wrong results" not in diagnosis.problem
    diagnosis = doctor.Diagnosis({"jax": "0.11.2"}, "cpu", 16, (check, exact), 20.0)
    assert "computes wrong results" in diagnosis.problem


@pytest.mark.parametrize(
    ("backend", "given", "used"), [("gpu", None, "highest"), ("gpu", "high", "high"), ("cpu", None, None)]
)
def test_the_command_line_lets_accelerators_multiply_with_all_digits(monkeypatch, backend, given, used):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    with jax.default_matmul_precision(given) if given else contextlib.nullcontext():
        try:
            machine.require_device()
            assert jax.config.jax_default_matmul_precision == used
            assert dict(JaxSettings.here().values)["jax_default_matmul_precision"] == used
        finally:
            if not given:
                jax.config.update("jax_default_matmul_precision", None)


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
