"""What a person would use instead on a table of numbers: NumPy and SciPy only.

Every rival takes standardised samples x, shape (sample, input), and y, shape (sample, 1), and fresh inputs, and
returns what it predicts there.
"""

from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

WIDE, STEPS = 100, 1000


def default_network(x: np.ndarray, y: np.ndarray, fresh: np.ndarray, seed: int) -> np.ndarray:
    """Returns the outputs of 100 tanh neurons from PyTorch's default initialisation after 1,000 steps of L-BFGS."""
    random, inputs = np.random.default_rng(seed), x.shape[1]
    bounds = (1 / np.sqrt(inputs),) * 2 + (1 / np.sqrt(WIDE),) * 2
    sizes = (WIDE * inputs, WIDE, WIDE, 1)
    start = np.concatenate([random.uniform(-b, b, n) for b, n in zip(bounds, sizes, strict=True)])

    def outputs(theta: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
        w, b, a, c = np.split(theta, np.cumsum(sizes)[:-1])
        hidden = np.tanh(at @ w.reshape(WIDE, inputs).T + b)
        return hidden @ a[:, None] + c, hidden, a

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        f, hidden, a = outputs(theta, x)
        left = 2 * (f - y) / len(x)
        back = left * a * (1 - hidden**2)
        slope = np.concatenate([(back.T @ x).ravel(), back.sum(axis=0), (hidden.T @ left).ravel(), left.sum(axis=0)])
        return float(np.mean((f - y) ** 2)), slope

    end = minimize(goal, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return outputs(end.x, fresh)[0]


def ridge(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns predictions of ridge regression, the penalty by leave-one-out cross-validation in closed form."""
    design, at = (np.column_stack([part, np.ones(len(part))]) for part in (x, fresh))

    def solved(penalty: float) -> tuple[np.ndarray, float]:
        inverse = np.linalg.inv(design.T @ design + penalty * np.eye(design.shape[1]))
        hat = design @ inverse @ design.T
        return inverse @ design.T @ y, float(np.mean(((y - hat @ y)[:, 0] / (1 - np.diag(hat))) ** 2))

    return at @ min((solved(penalty) for penalty in np.geomspace(1e-6, 1e3, 19)), key=lambda pair: pair[1])[0]


def gaussian_process(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns the mean of a Gaussian process, squared-exponential, with height, length and noise by likelihood."""
    apart = np.sum((x[:, None] - x[None]) ** 2, axis=2)

    def kernel(distance: np.ndarray, logs: np.ndarray) -> np.ndarray:
        return np.exp(2 * logs[0] - distance / (2 * np.exp(2 * logs[1])))

    def factor(covariance: np.ndarray, logs: np.ndarray) -> Any:
        return cho_factor(covariance + (np.exp(2 * logs[2]) + 1e-9) * np.eye(len(x)), lower=True)

    def goal(logs: np.ndarray) -> tuple[float, np.ndarray]:
        covariance = kernel(apart, logs)
        lower = factor(covariance, logs)
        solved = cho_solve(lower, y)
        inner = cho_solve(lower, np.eye(len(x))) - solved @ solved.T
        slope = [
            np.sum(inner * covariance),
            0.5 * np.sum(inner * covariance * apart) * np.exp(-2 * logs[1]),
            np.trace(inner) * np.exp(2 * logs[2]),
        ]
        return float(0.5 * (y * solved).sum() + np.log(np.diag(lower[0])).sum()), np.array(slope)

    limits = [(-3, 3), (-4, 3), (-9, 1)]
    begun = [np.array([0.0, length, np.log(0.1)]) for length in (-1.5, 0.0)]
    ends = [minimize(goal, start, jac=True, method="L-BFGS-B", bounds=limits) for start in begun]
    best = min(ends, key=lambda end: end.fun).x
    between = np.sum((fresh[:, None] - x[None]) ** 2, axis=2)
    return kernel(between, best) @ cho_solve(factor(kernel(apart, best), best), y)
