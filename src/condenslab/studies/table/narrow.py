"""Narrow two-layer networks fitted to sets of samples, from many starts; NumPy and SciPy only."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax

from condenslab.studies.table.lanes import STEPS, Samples, descended, network, outer_fits
from condenslab.studies.table.network import Narrow

_RIDGE = 1e-6
"""Of the squared parameters beside the mean squared error of standardised targets: no neuron grows for ever."""
_CLEAN, _FAINT = 1e-3, 1e-12
"""Below this mean squared error the ridge term would be what is left, and a fainter one takes its place."""
_TRIAL, _KEPT = 15, 3
"""Steps after which only so many starts of a set go on."""
_ROUGH = 1e-4
"""Of the squared output weights where starts are compared."""
_TRIES = 12
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
    kept: np.ndarray,
    *,
    most: int,
    starts: int,
    activation: str,
    labels: bool,
    random: np.random.Generator,
    progress: Callable[[float], None] = lambda _: None,
) -> list[list[Narrow]]:
    """Returns the best fit of each width 0, 1, … `most` to each set of samples, by set and width.

    Each is the best of `starts` random starts, of one that adds to the next narrower network the neuron that helps
    most, and of the next wider network without a neuron that it misses least: a fold that ends in a poor local minimum
    would speak for more neurons than the function has.

    Args:
        inputs: x, standardised, shape (sample, input).
        targets: y, standardised or one-hot, shape (sample, output).
        kept: Which samples each set holds, shape (set, sample).
        most: Largest width.
        starts: Random starts of each width.
        activation: Name of σ.
        labels: Whether targets are classes, one-hot: then the cross-entropy is minimised.
        random: Draws the starts.
        progress: Called with the finished fraction.
    """
    aims = 4.0 * targets - 2.0 if labels else targets  # logits of ±2 for classes
    ones = np.ones((len(inputs), 1))
    samples = Samples(np.hstack([inputs, ones]), aims, kept.astype(float), activation)
    found = [[constant(targets[own], inputs.shape[1], activation, labels=labels)] for own in kept]
    solve = _classified if labels else _squares
    for width in range(1, most + 1):
        begun = np.concatenate(
            [_grown(samples, [own[-1] for own in found], random), _random(samples, width, starts, random)],
            axis=1,
        )  # set, start, neuron, input + 1
        for own, one in zip(found, solve(samples, begun, targets), strict=True):
            own.append(one)
        progress(0.7 * width / most)
    for width in range(most - 1, 0, -1):
        begun = _shrunk(samples, [own[width + 1] for own in found])
        for own, kept_samples, one in zip(found, kept, solve(samples, begun, targets), strict=True):
            errors = [
                losses(n, inputs[kept_samples], targets[kept_samples], labels=labels).mean() for n in (own[width], one)
            ]
            own[width] = own[width] if errors[0] <= errors[1] else one
        progress(1 - 0.3 * width / most)
    return found


def _neurons(samples: Samples, count: int, random: np.random.Generator) -> np.ndarray:
    """Returns W and b of random neurons that bend next to a sample of each set, shape (set, count, input + 1)."""
    inputs = samples.inputs[:, :-1]
    weights = random.standard_normal((len(samples.kept), count, inputs.shape[1]))
    low, high = np.log(_SLOPES)
    slopes = np.exp(random.uniform(low, high, weights.shape[:2]))
    weights *= (slopes / np.linalg.norm(weights, axis=2))[..., None]
    places = [np.flatnonzero(own)[random.integers(int(own.sum()), size=count)] for own in samples.kept]
    centres = inputs[np.stack(places)] + 0.1 * random.standard_normal(weights.shape)
    return np.concatenate([weights, -np.sum(weights * centres, axis=2, keepdims=True)], axis=2)


def _random(samples: Samples, width: int, starts: int, random: np.random.Generator) -> np.ndarray:
    """Returns starts of each set, each the best of some random ones, shape (set, start, neuron, input + 1)."""
    drawn = _neurons(samples, starts * _TRIES * width, random)
    tries = drawn.reshape(-1, _TRIES, width, drawn.shape[2])  # set and start, try, neuron, input + 1
    own = np.repeat(np.arange(len(samples.kept)), starts * _TRIES)
    return _best(samples, own, tries).reshape(len(samples.kept), starts, width, -1)


def _grown(samples: Samples, before: list[Narrow], random: np.random.Generator) -> np.ndarray:
    """Returns each set's network with one neuron more, shape (set, 1, neuron, input + 1)."""
    added = _neurons(samples, 4 * _TRIES, random)[:, :, None]  # set, try, 1, input + 1
    old = np.stack([np.column_stack([one.weights, one.biases]) for one in before])
    tries = np.concatenate([np.repeat(old[:, None], 4 * _TRIES, axis=1), added], axis=2)
    return _best(samples, np.repeat(np.arange(len(before)), 4 * _TRIES), tries)


def _shrunk(samples: Samples, after: list[Narrow]) -> np.ndarray:
    """Returns each set's network without one of the neurons it misses least, shape (set, start, neuron, input + 1)."""
    old = np.stack([np.column_stack([one.weights, one.biases]) for one in after])
    left = np.array([np.delete(np.arange(old.shape[1]), lost) for lost in range(old.shape[1])])
    tries = old[:, left]  # set, lost neuron, neuron, input + 1
    own = np.repeat(np.arange(len(after)), len(left))
    return _best(samples, own, tries, min(_KEPT, len(left)))


def _best(samples: Samples, own: np.ndarray, tries: np.ndarray, count: int = 1) -> np.ndarray:
    """Returns the tries of least error of a linear fit, shape (group, count, neuron, input + 1).

    Args:
        samples: The samples.
        own: The set of each try, shape (group·try,).
        tries: Shape (group, try, neuron, input + 1).
        count: How many to return of each group.
    """
    errors = outer_fits(samples, own, tries.reshape(-1, *tries.shape[2:]), _ROUGH)[1]
    order = np.argsort(errors.reshape(tries.shape[:2]), axis=1)[:, :count]
    return tries[np.arange(len(tries))[:, None], order]


def _squares(samples: Samples, begun: np.ndarray, _targets: np.ndarray) -> list[Narrow]:
    """Minimises the mean squared error with a ridge term, and next to without it where next to nothing is left.

    After some steps only the best starts of each set go on.
    """
    sets = np.arange(len(begun))
    if begun.shape[1] > _KEPT:
        begun = _ended(samples, begun, _RIDGE, _TRIAL)[0]
        begun = begun[:, :_KEPT]
    neurons, outer, errors = (part[:, 0] for part in _ended(samples, begun, _RIDGE))
    clean = sets[errors < _CLEAN]
    if clean.size:
        neurons[clean], outer[clean], _ = descended(samples, clean, neurons[clean], _FAINT)
    return [network(*one, samples.activation) for one in zip(neurons, outer, strict=True)]


def _ended(samples: Samples, begun: np.ndarray, ridge: float, steps: int = STEPS) -> tuple[np.ndarray, ...]:
    """Returns neurons, output weights and errors after a descent, the best start of each set first."""
    sets, starts = begun.shape[:2]
    own = np.repeat(np.arange(sets), starts)
    ended = descended(samples, own, begun.reshape(-1, *begun.shape[2:]), ridge, steps)
    parts = [part.reshape(sets, starts, *part.shape[1:]) for part in ended]
    order = np.argsort(parts[2], axis=1)
    return tuple(part[np.arange(sets)[:, None], order] for part in parts)


def _classified(samples: Samples, begun: np.ndarray, targets: np.ndarray) -> list[Narrow]:
    """Minimises the mean cross-entropy with a ridge term, which keeps the logits of separable classes finite.

    After some steps only the best starts of each set go on.
    """
    inputs, found = samples.inputs[:, :-1], []
    for number, (kept, starts) in enumerate(zip(samples.kept > 0, begun, strict=True)):
        x, y = inputs[kept], targets[kept]
        outer, _ = outer_fits(samples, np.full(len(starts), number), starts, _ROUGH)
        ended = [network(*one, samples.activation) for one in zip(starts, outer, strict=True)]
        for steps, count in ((_BRIEF, _LEFT), (3 * STEPS, 1)):
            ends = [_least_entropy(one, x, y, steps) for one in ended]
            order = np.argsort([value for value, _ in ends], kind="stable")
            ended = [ends[place][1] for place in order[:count]]
        found.append(ended[0])
    return found


def _least_entropy(start: Narrow, inputs: np.ndarray, targets: np.ndarray, steps: int) -> tuple[float, Narrow]:
    """Returns the penalised cross-entropy at the end of a descent by L-BFGS, and the network there."""

    def goal(theta: np.ndarray) -> tuple[float, np.ndarray]:
        moved = start.with_theta(theta)
        logits = moved(inputs)
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits)
        sums = shares.sum(axis=1, keepdims=True)
        value = (np.log(sums).sum() - (targets * logits).sum()) / len(inputs)
        slope = moved.pulled_back(inputs, (shares / sums - targets) / len(inputs))
        return float(value + _DECAY / 2 * theta @ theta), slope + _DECAY * theta

    end = minimize(goal, start.theta(), jac=True, method="L-BFGS-B", options={"maxiter": steps})
    return float(end.fun), start.with_theta(end.x)


_DECAY = 1e-4
_BRIEF, _LEFT = 40, 2
"""Steps after which only so many starts go on towards the least cross-entropy."""
