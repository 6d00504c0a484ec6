"""Narrow two-layer networks fitted to samples: many starts, Levenberg and Marquardt's method; NumPy and SciPy only.

Fits of some hundred milliseconds in all, thousands of them: compiled programs, one a shape, would cost more.
"""

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from scipy.optimize import least_squares, minimize
from scipy.special import log_softmax, softmax

from condenslab.studies.table.network import ACTIVATIONS, Narrow

_RIDGE = 1e-6
"""Of the squared parameters beside the mean squared error of standardised targets: no neuron grows for ever."""
_TRIES, _STEPS = 12, 100
_SLOPES = (0.5, 6.0)


def constant(targets: np.ndarray, inputs: int, activation: str, *, labels: bool) -> Narrow:
    """Returns the network without neurons: the mean, or the logarithms of the shares of classes.

    Args:
        targets: y, shape (sample, output).
        inputs: Input dimension.
        activation: Name of σ.
        labels: Whether targets are classes, one-hot.
    """
    mean = targets.mean(axis=0)
    outputs = targets.shape[1]
    level = np.log((targets.sum(axis=0) + 0.5) / (len(targets) + 0.5 * outputs)) if labels else mean
    return Narrow(np.zeros((0, inputs)), np.zeros(0), np.zeros((outputs, 0)), level, activation)


def losses(network: Narrow, inputs: np.ndarray, targets: np.ndarray, *, labels: bool) -> np.ndarray:
    """Returns the squared error summed over outputs, or the cross-entropy in nats, of each sample, shape (sample,).

    Args:
        network: The network.
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output).
        labels: Whether targets are classes, one-hot.
    """
    outputs = network(inputs)
    if labels:
        return -np.sum(targets * log_softmax(outputs, axis=1), axis=1)
    return np.sum((outputs - targets) ** 2, axis=1)


def fits(
    inputs: np.ndarray,
    targets: np.ndarray,
    *,
    most: int,
    starts: int,
    activation: str,
    labels: bool,
    random: np.random.Generator,
    progress: Callable[[float], None] = lambda _: None,
) -> list[Narrow]:
    """Returns the best fit of each width 0, 1, … `most`.

    Each is the best of `starts` random starts, and of one that adds to the network before the neuron that helps most.

    Args:
        inputs: x, standardised, shape (sample, input).
        targets: y, standardised or one-hot, shape (sample, output).
        most: Largest width.
        starts: Random starts of each width.
        activation: Name of σ.
        labels: Whether targets are classes, one-hot: then the cross-entropy is minimised.
        random: Draws the starts.
        progress: Called with the finished fraction.
    """
    found = [constant(targets, inputs.shape[1], activation, labels=labels)]
    solve = _classified if labels else _squares
    for width in range(1, most + 1):
        begun = [_grown(found[-1], inputs, targets, random, labels=labels)]
        begun += [_random(width, inputs, targets, activation, random, labels=labels) for _ in range(starts)]
        ended = [solve(start, inputs, targets) for start in begun]
        found.append(min(ended, key=lambda one: float(losses(one, inputs, targets, labels=labels).mean())))
        progress(width / most)
    return found


def _neurons(count: int, inputs: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns input weights and biases of random neurons that bend next to a sample."""
    weights = random.standard_normal((count, inputs.shape[1]))
    low, high = np.log(_SLOPES)
    slopes = np.exp(random.uniform(low, high, count))
    weights *= (slopes / np.linalg.norm(weights, axis=1))[:, None]
    centres = inputs[random.integers(len(inputs), size=count)] + 0.1 * random.standard_normal(weights.shape)
    return weights, -np.sum(weights * centres, axis=1)


def _random(
    width: int,
    inputs: np.ndarray,
    targets: np.ndarray,
    activation: str,
    random: np.random.Generator,
    *,
    labels: bool,
) -> Narrow:
    """Returns the best of some random networks with output weights by least squares."""
    drawn = [_neurons(width, inputs, random) for _ in range(_TRIES)]
    made = [_linear(weights, biases, inputs, targets, activation, labels=labels) for weights, biases in drawn]
    return min(made, key=lambda pair: pair[1])[0]


def _grown(
    network: Narrow, inputs: np.ndarray, targets: np.ndarray, random: np.random.Generator, *, labels: bool
) -> Narrow:
    """Returns the network with the one neuron more that lowers the error of a linear fit most."""
    weights, biases = _neurons(4 * _TRIES, inputs, random)
    made = [
        _linear(
            np.vstack([network.weights, w[None]]),
            np.append(network.biases, b),
            inputs,
            targets,
            network.activation,
            labels=labels,
        )
        for w, b in zip(weights, biases, strict=True)
    ]
    return min(made, key=lambda pair: pair[1])[0]


def _linear(
    weights: np.ndarray, biases: np.ndarray, inputs: np.ndarray, targets: np.ndarray, activation: str, *, labels: bool
) -> tuple[Narrow, float]:
    """Returns a network with output weights by ridge regression, and its mean squared error."""
    hidden = ACTIVATIONS[activation](inputs @ weights.T + biases)[0]
    aims = 4.0 * targets - 2.0 if labels else targets  # logits of ±2 for classes
    design = np.column_stack([hidden, np.ones(len(inputs))])
    normal = design.T @ design / len(inputs) + 1e-4 * np.eye(design.shape[1])
    found = np.linalg.solve(normal, design.T @ aims / len(inputs))
    error = float(np.mean((design @ found - aims) ** 2))
    return Narrow(weights, biases, found[:-1].T, found[-1], activation), error


def _squares(start: Narrow, inputs: np.ndarray, targets: np.ndarray) -> Narrow:
    """Minimises the mean squared error with a ridge term, and without it where next to nothing is left."""
    root = np.sqrt(len(inputs))

    def solved(network: Narrow, ridge: float) -> Narrow:
        decay = np.sqrt(ridge)

        def residuals(theta: np.ndarray) -> np.ndarray:
            return np.concatenate([(network.with_theta(theta)(inputs) - targets).ravel() / root, decay * theta])

        def jacobian(theta: np.ndarray) -> np.ndarray:
            rows = network.with_theta(theta).jacobian(inputs).reshape(-1, theta.size) / root
            return np.concatenate([rows, decay * np.eye(theta.size)])

        end = least_squares(residuals, network.theta(), jac=cast(Any, jacobian), method="lm", max_nfev=_STEPS)
        return network.with_theta(end.x)

    found = solved(start, _RIDGE)
    size = float(losses(found, inputs, targets, labels=False).mean())
    return solved(found, _RIDGE * 1e-8) if size < _CLEAN else found


_CLEAN = 1e-3


def _classified(start: Narrow, inputs: np.ndarray, targets: np.ndarray) -> Narrow:
    """Minimises the mean cross-entropy with a ridge term, which keeps the logits of separable classes finite."""

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        network = start.with_theta(theta)
        logits = network(inputs)
        value = -np.mean(np.sum(targets * log_softmax(logits, axis=1), axis=1))
        left = (softmax(logits, axis=1) - targets) / len(inputs)
        slope = np.einsum("no,nop->p", left, network.jacobian(inputs))
        return float(value + _DECAY / 2 * theta @ theta), slope + _DECAY * theta

    end = minimize(goal, start.theta(), jac=True, method="L-BFGS-B", options={"maxiter": 3 * _STEPS})
    return start.with_theta(end.x)


_DECAY = 1e-4
