"""What a person would use instead on a table of classes: NumPy and SciPy only.

Every rival takes standardised samples x, shape (sample, input), one-hot y, shape (sample, class), and fresh inputs, and
returns the number of the class that it predicts there.
"""

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax

from support import table_rivals

WIDE, STEPS = 100, 1000


def logistic(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns classes of multinomial logistic regression with the penalty ½·|W|² beside the sum of cross-entropies."""
    inputs, classes = x.shape[1], y.shape[1]

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        w, c = theta[:-classes].reshape(classes, inputs), theta[-classes:]
        logits = x @ w.T + c
        left = softmax(logits, axis=1) - y
        value = -np.sum(y * log_softmax(logits, axis=1)) + 0.5 * np.sum(w**2)
        return float(value), np.concatenate([(left.T @ x + w).ravel(), left.sum(axis=0)])

    end = minimize(goal, np.zeros(classes * (inputs + 1)), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return np.argmax(fresh @ end[:-classes].reshape(classes, inputs).T + end[-classes:], axis=1)


def default_network(x: np.ndarray, y: np.ndarray, fresh: np.ndarray, seed: int) -> np.ndarray:
    """Returns classes of 100 tanh neurons from PyTorch's default initialisation after 1,000 steps of L-BFGS."""
    random, inputs, classes = np.random.default_rng(seed), x.shape[1], y.shape[1]
    bounds = (1 / np.sqrt(inputs),) * 2 + (1 / np.sqrt(WIDE),) * 2
    sizes = (WIDE * inputs, WIDE, WIDE * classes, classes)
    start = np.concatenate([random.uniform(-b, b, n) for b, n in zip(bounds, sizes, strict=True)])

    def outputs(theta: np.ndarray, at: np.ndarray) -> tuple[np.ndarray, ...]:
        w, b, a, c = np.split(theta, np.cumsum(sizes)[:-1])
        hidden = np.tanh(at @ w.reshape(WIDE, inputs).T + b)
        return hidden @ a.reshape(classes, WIDE).T + c, hidden, a.reshape(classes, WIDE)

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        logits, hidden, a = outputs(theta, x)
        left = (softmax(logits, axis=1) - y) / len(x)
        back = (left @ a) * (1 - hidden**2)
        slope = np.concatenate([(back.T @ x).ravel(), back.sum(0), (left.T @ hidden).ravel(), left.sum(0)])
        return float(-np.sum(y * log_softmax(logits, axis=1)) / len(x)), slope

    end = minimize(goal, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return np.argmax(outputs(end.x, fresh)[0], axis=1)


def gaussian_process(x: np.ndarray, y: np.ndarray, fresh: np.ndarray) -> np.ndarray:
    """Returns classes of the largest mean of Gaussian processes, one a class, fitted to ±1 by least squares."""
    aims = 2.0 * y - 1.0
    scores = [
        table_rivals.gaussian_process(x, column - column.mean(), fresh) + column.mean() for column in _columns(aims)
    ]
    return np.argmax(np.hstack(scores), axis=1)


def _columns(values: np.ndarray) -> list[np.ndarray]:
    return [values[:, place : place + 1] for place in range(values.shape[1])]
