"""The normalised flow against SciPy's integration of the original parameters, and against plain gradient descent."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from condenslab import training
from condenslab.networks import initial, two_layer
from condenslab.networks.initial import Scale
from condenslab.training import Fate, exponentials

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


@pytest.mark.parametrize("gamma, gamma_prime", [(0.5, 0.0), (1.0, 0.4), (1.4, -0.3), (1.75, 0.0)])
def test_against_scipy_in_the_original_parameters(gamma, gamma_prime):
    scale = initial.from_gamma(gamma, gamma_prime, WIDTH)
    (run,) = training.normalised_flow(X, Y, [scale], width=WIDTH, seeds=[3], risk=1e-5, tolerance=0.003)
    assert run.fate is Fate.CONVERGED
    time = run.times[-1] / scale.kappa * scale.output_std * scale.input_std  # t = β₁β₂·t̄
    risk, inner, outer = by_scipy(scale, 3, time)
    assert abs(run.risk / risk - 1) < 0.05
    assert abs(run.input_distance / inner - 1) < 0.01
    assert abs(run.output_distance / outer - 1) < 0.01
