"""The normalised flow against SciPy's integration of the original parameters, and against plain gradient descent."""

import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from condenslab import training
from condenslab.networks import initial, two_layer
from condenslab.networks.initial import Scale
from condenslab.training import Stop, exponentials

X = np.linspace(-0.5, 0.5, 4)[:, None]
Y = X**2
WIDTH = 20


def start(seed: int, scale: Scale, *, inputs: int = 1, width: int = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """Returns (a, w) of the anti-symmetric network of 2m neurons in its original parameters."""
    unit = two_layer(seed, width=width, inputs=inputs, activation="relu", scale=Scale(1.0, 1.0, law=scale.law))
    w = np.concatenate([np.asarray(unit.input_weights), np.asarray(unit.biases)[:, None]], axis=1) * scale.input_std
    a = np.asarray(unit.output_weights)[0] * scale.output_std
    return np.concatenate([a, -a]), np.concatenate([w, w])


def field(a: np.ndarray, w: np.ndarray, scale: Scale, x: np.ndarray, y: np.ndarray) -> tuple:
    """Returns R and minus its gradient, f = (1/α)·Σ a σ(w·x), by the plain formula."""
    tilde = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    before = w @ tilde.T
    hidden = np.maximum(before, 0)
    e = scale.output_scale * (a @ hidden) - y.reshape(-1)
    push = -scale.output_scale * e / len(x)
    return float(np.mean(e**2) / 2), hidden @ push, ((before > 0) * a[:, None] * push) @ tilde


def by_scipy(scale: Scale, seed: int, time: float, x: np.ndarray = X, y: np.ndarray = Y, width: int = WIDTH) -> tuple:
    """Returns R and RD of both layers after a time of the flow of the original parameters."""
    a, w = start(seed, scale, inputs=x.shape[1], width=width)

    def rate(_, theta):
        _, da, dw = field(theta[: a.size], theta[a.size :].reshape(w.shape), scale, x, y)
        return np.concatenate([da, dw.ravel()])

    end = solve_ivp(rate, (0, time), np.concatenate([a, w.ravel()]), method="RK45", rtol=1e-6, atol=1e-9).y[:, -1]
    a_end, w_end = end[: a.size], end[a.size :].reshape(w.shape)
    return field(a_end, w_end, scale, x, y)[0], distance(w_end[:width], w[:width]), distance(a_end[:width], a[:width])


def distance(now: np.ndarray, then: np.ndarray) -> float:
    return float(np.linalg.norm(now - then) / np.linalg.norm(then))


@pytest.mark.parametrize("gamma, gamma_prime", [(1.0, 0.4), (1.4, -0.3), (1.75, 0.0)])
def test_against_scipy_in_the_original_parameters(gamma, gamma_prime):
    scale = initial.from_gamma(gamma, gamma_prime, WIDTH)
    (run,) = training.normalised_flow(X, Y, [scale], width=WIDTH, seeds=[3], risk=1e-4, tolerance=0.003)
    assert run.stop is Stop.RISK_REACHED
    time = run.times[-1] / scale.kappa * scale.output_std * scale.input_std  # t = β₁β₂·t̄
    risk, inner, outer = by_scipy(scale, 3, time)
    assert abs(run.risk / risk - 1) < 0.01
    assert abs(run.input_distance / inner - 1) < 2e-3
    assert abs(run.output_distance / outer - 1) < 2e-3


def test_fewer_samples_than_inputs_are_the_same_flow():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 6)), rng.normal(size=3)
    scale = initial.from_gamma(1.0, 0.0, WIDTH)
    (run,) = training.normalised_flow(
        x, y, [scale], width=WIDTH, seeds=[1], risk=1e-3, tolerance=0.003, features=range(WIDTH)
    )
    risk, inner, outer = by_scipy(scale, 1, run.times[-1] / scale.kappa * scale.output_std * scale.input_std, x, y)
    assert abs(run.risk / risk - 1) < 0.01
    assert abs(run.input_distance / inner - 1) < 2e-3
    assert abs(run.output_distance / outer - 1) < 2e-3
    own = run.features
    assert own is not None
    assert abs(distance(own.inner, own.initial_inner) / run.input_distance - 1) < 1e-9
    assert abs(distance(own.outer, own.initial_outer) / run.output_distance - 1) < 1e-9


@pytest.fixture(scope="module")
def wide() -> list[training.NormalisedRun]:
    scales = [initial.from_gamma(gamma, 0.0, 1000) for gamma in (0.5, 1.0, 1.75)]
    grid = np.linspace(-0.5, 0.5, 4)[:, None]
    return training.normalised_flow(
        X, Y, scales, width=1000, seeds=[0, 0, 0], risk=1e-7, features=range(1000), outputs_at=grid
    )


def test_published_distances_at_width_1000(wide):
    # Read off Fig. 3 of Luo et al. (log axes; one random start): 0.009, 0.26 and 8.
    for run, published in zip(wide, (0.009, 0.26, 8.0), strict=True):
        assert run.stop is Stop.RISK_REACHED
        assert abs(np.log(run.input_distance / published)) < np.log(1.25)


def test_the_risk_never_rises_and_the_records_fit_together(wide):
    for run in wide:
        assert len(run.times) == run.steps + 1 <= run.tried + 1
        assert np.all(np.diff(run.times) > 0)
        assert np.all(np.diff(run.risks) <= 1e-9 * run.risks[:-1])
        assert abs(run.risks[0] - np.mean(Y**2) / 2) < 1e-12  # f = 0 at the start
        assert abs(np.mean((run.outputs - Y[:, 0]) ** 2) / 2 / run.risk - 1) < 1e-6
        assert run.input_distances[0] == 0 and run.input_distances[-1] == run.input_distance


def test_the_two_kinks_of_the_quadratic_target(wide):
    own = wide[-1].features
    amplitude = np.abs(own.outer) * np.linalg.norm(own.inner, axis=1)
    angle = np.arctan2(own.inner[:, 1], own.inner[:, 0])[amplitude > 0.05 * amplitude.max()]
    kinks = np.arctan2(-1 / 6, [1.0, -1.0])
    nearest = np.abs(angle[:, None] - kinks)
    assert nearest.min(axis=1).max() < 0.02
    assert set(nearest.argmin(axis=1)) == {0, 1}


def test_choices_of_the_stds_of_one_point_are_one_run_and_a_member_is_the_same_alone():
    stds = [Scale(b2, b1, output_scale=0.05 / (b1 * b2)) for b1, b2 in ((1.0, 1.0), (0.25, 0.25), (8.0, 8.0))]
    runs = training.normalised_flow(X, Y, stds, width=WIDTH, seeds=[0, 0, 0], risk=1e-3)
    (alone,) = training.normalised_flow(X, Y, stds[1:2], width=WIDTH, seeds=[0], risk=1e-3)
    assert {run.input_distance for run in runs} == {alone.input_distance}


def test_blocks_do_not_change_the_run(monkeypatch):
    from condenslab.training.normalised import members

    scale = [initial.from_gamma(1.2, 0.1, 600)]
    (whole,) = training.normalised_flow(X, Y, scale, width=600, seeds=[0], risk=1e-4, features=[0, 599])
    monkeypatch.setattr(members, "BLOCK_NUMBERS", 8)
    (cut,) = training.normalised_flow(X, Y, scale, width=600, seeds=[0], risk=1e-4, features=[0, 599])
    assert abs(whole.input_distance / cut.input_distance - 1) < 1e-9
    np.testing.assert_allclose(cut.features.inner, whole.features.inner, rtol=1e-6)


def test_what_does_not_converge_says_why():
    scale = [initial.from_gamma(1.0, 0.0, WIDTH)]

    def stop(**options) -> Stop:
        return training.normalised_flow(X, Y, scale, **({"width": WIDTH, "seeds": [0]} | options))[0].stop

    assert stop(max_steps=3) is Stop.STEPS_EXHAUSTED
    assert stop(time_limit=0.0) is Stop.TIME_LIMIT
    # One neuron pair cannot fit four points of a parabola.
    (stuck,) = training.normalised_flow(X, Y, [Scale(1.0, 1.0)], width=1, seeds=[0], max_steps=2000)
    assert stuck.stop in (Stop.STALLED, Stop.STEPS_EXHAUSTED) and stuck.risk > 1e-6
    (large,) = training.normalised_flow(
        X, Y, [Scale(1e100, 1e100, output_scale=1e100)], width=WIDTH, seeds=[0], anti_symmetric=False
    )
    assert large.stop is Stop.NOT_FINITE


def test_an_interrupt_loses_no_member():
    """Ctrl-C after the first segment: every member is there, as far as it has come, on the way of the whole run."""
    scales = [initial.from_gamma(gamma, 0.0, WIDTH) for gamma in (1.0, 1.75, 1.75)]
    options: dict = {"width": WIDTH, "seeds": [0, 1, 2], "risk": 1e-12, "tolerance": 0.001, "threads": 1}

    def strike(fraction: float, text: str) -> None:
        raise KeyboardInterrupt

    cut = training.normalised_flow(X, Y, scales, progress=strike, features=[0], **options)
    whole = training.normalised_flow(X, Y, scales, features=[0], **options)
    assert len(cut) == 3 and cut[-1].stop is Stop.INTERRUPTED
    assert cut[-1].tried < whole[-1].tried and cut[-1].times[0] == 0.0
    for part, run in zip(cut, whole, strict=True):
        assert part.stop in (Stop.INTERRUPTED, run.stop)
        assert part.features is not None and len(part.times) == part.steps + 1
        np.testing.assert_array_equal(part.times, run.times[: len(part.times)])
        np.testing.assert_array_equal(part.risks, run.risks[: len(part.risks)])


def test_what_fails_in_one_member_is_raised_and_not_returned(monkeypatch):
    from condenslab.training.normalised.members import Follower

    def fails(*_) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(Follower, "conclude", fails)
    with pytest.raises(RuntimeError, match="no memory"):
        training.normalised_flow(X, Y, [initial.from_gamma(1.0, 0.0, WIDTH)], width=WIDTH, seeds=[0], max_steps=2)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"seeds": [0, 1]}, "one entry a member"),
        ({"inputs": X[:, 0]}, "inputs must have shape"),
        ({"inputs": X * np.nan}, "must be finite"),
        ({"width": 10**13}, "width must be one that fits into memory"),
        ({"width": 0}, "width must be a whole number"),
        ({"features": [20]}, "below width 20"),
        ({"outputs_at": np.zeros((2, 2))}, "outputs_at must have shape"),
        ({"scales": [Scale(1.0, 0.0)]}, "kappa must be positive"),
        ({"inputs": np.zeros((1001, 1)), "targets": np.zeros(1001)}, "at most 1000 samples"),
    ],
)
def test_bad_requests_are_refused_in_a_sentence(change, message):
    given = {"inputs": X, "targets": Y, "scales": [Scale(1.0, 1.0)], "width": WIDTH, "seeds": [0]} | change
    with pytest.raises(ValueError, match=message):
        training.normalised_flow(given.pop("inputs"), given.pop("targets"), given.pop("scales"), **given)


def test_exponents_that_overflow_are_refused():
    with pytest.raises(ValueError, match="leaves the range of float64"):
        initial.from_gamma(120.0, 0.0, 1000)


def test_functions_of_exponential_steps():
    # Against the closed forms and the power series in extended precision.
    r = np.array([1e-8, 1e-3, 0.4999, 0.5001, 3.0, 25.0], np.longdouble)
    sine, cosine = exponentials.hyperbolic(jnp.asarray(np.float64(r**2)), jnp.asarray(np.float64(r)))
    np.testing.assert_allclose(sine, np.float64(np.sinh(r) / r), rtol=1e-12)
    np.testing.assert_allclose(cosine, np.float64(2 * np.sinh(r / 2) ** 2 / r**2), rtol=1e-12)
    z = np.array([1e-9, 9e-3, 1.1e-2, 0.5, 1e3], np.longdouble)
    terms = [
        sum((-z) ** k / np.prod(np.arange(1, k + order + 1, dtype=np.longdouble)) for k in range(40))
        for order in (1, 3)
    ]
    first, third = exponentials.phi(jnp.asarray(np.float64(z)))
    np.testing.assert_allclose(first[:-1], np.float64(terms[0][:-1]), rtol=1e-9)
    np.testing.assert_allclose(third[:-1], np.float64(2 * terms[1][:-1]), rtol=1e-6)
    np.testing.assert_allclose([first[-1], third[-1]], [1e-3, 1e-3], rtol=2e-3)


_GROWTH = """
import re
import jax
jax.config.update("jax_enable_x64", True)
from condenslab import tasks, training
from condenslab.networks import initial

def resident(field):
    return 1024 * int(re.search(field + r":\\s+(\\d+)", open("/proc/self/status").read())[1])

def follow(width):
    task, scale = tasks.task("square_on_four_points"), initial.from_gamma(1.4, 0.0, width)
    training.normalised_flow(
        task.inputs, task.targets, [scale], width=width, seeds=[0], max_steps=4, threads=1, features=range(width)
    )

follow(64)
open("/proc/self/clear_refs", "w").write("5")  # the peak counts from here
before = resident("VmRSS")
follow(200_000)
print(resident("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="reads the peak of memory from Linux")
def test_the_memory_estimate_holds_for_a_process_of_its_own():
    printed = subprocess.run([sys.executable, "-c", _GROWTH], capture_output=True, text=True, check=True).stdout
    estimate = training.normalised_bytes(200_000, 4, 1)
    assert estimate / 3 < int(printed) < estimate


def test_width_one_million_is_promised_two_gibibytes():
    assert training.normalised_bytes(1_000_000, 4, 1) < 2 * 2**30
