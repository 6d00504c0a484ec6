"""Many narrow networks fitted to the same samples at once, in NumPy: lanes of one variable-projection iteration.

A fit of a narrow network takes microseconds of arithmetic and, alone, milliseconds of calls. So all starts of all folds
are lanes of the same arrays; a compiled program, one a shape, would cost more than it saves.
"""

from dataclasses import dataclass

import numpy as np

from condenslab.studies.table.network import ACTIVATIONS, Narrow

STEPS, _DONE, _STIFF = 100, 1e-7, 1e10
_BYTES = 2**22
"""Of the largest array of a part of the lanes: it stays in the processor's cache, however many samples there are."""


@dataclass(frozen=True, eq=False)
class Samples:
    """What the lanes are fitted to.

    Attributes:
        inputs: x and a column of ones, shape (sample, input + 1).
        targets: y, shape (sample, output).
        kept: Which samples each set holds, 1 or 0, shape (set, sample).
        activation: Name of σ.
    """

    inputs: np.ndarray
    targets: np.ndarray
    kept: np.ndarray
    activation: str


@dataclass(frozen=True, eq=False)
class _Place:
    """Where lanes are: their neurons, the best outputs for them, and the quadratic model of the risk there.

    Attributes:
        neurons: W and b, shape (lane, neuron, input + 1).
        outer: A and c of least ridge-penalised error, shape (lane, neuron + 1, output).
        value: Mean squared error and the ridge term, shape (lane,).
        error: Mean squared error alone, shape (lane,).
        slope, curvature: Of half the value in the neurons, shapes (lane, p) and (lane, p, p).
    """

    neurons: np.ndarray
    outer: np.ndarray
    value: np.ndarray
    error: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray

    def at(self, lanes: np.ndarray) -> "_Place":
        """Returns some of the lanes."""
        return _Place(*(getattr(self, name)[lanes] for name in _FIELDS))


_ENDS = ("neurons", "outer", "error")
_FIELDS = ("neurons", "outer", "value", "error", "slope", "curvature")


def outer_fits(samples: Samples, own: np.ndarray, neurons: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the best output weights of given neurons by ridge regression, and the mean squared error of each lane.

    Args:
        samples: The samples.
        own: The set of each lane, shape (lane,).
        neurons: W and b, shape (lane, neuron, input + 1).
        ridge: Factor of the squared output weights.
    """
    parts = [_outer(samples, own[part], neurons[part], ridge) for part in _parts(samples, neurons)]
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def descended(
    samples: Samples, own: np.ndarray, neurons: np.ndarray, ridge: float, steps: int = STEPS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns neurons and output weights at local minima of mean squared error + ridge·|θ|², and the errors there.

    Output weights are eliminated (variable projection); Levenberg and Marquardt's steps for the rest, every lane with
    its own damping, until it gains nothing more.

    Args:
        samples: The samples.
        own: The set of each lane, shape (lane,).
        neurons: Starts, shape (lane, neuron, input + 1).
        ridge: Factor of the squared parameters.
        steps: Largest number of steps.

    Returns:
        W and b, shape (lane, neuron, input + 1); A and c, shape (lane, neuron + 1, output); errors, shape (lane,).

    References:
        Golub and Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares problems whose variables
        separate", SIAM J. Numer. Anal. 10, 1973; Kaufman, BIT 15, 1975; damping of Nielsen, IMM-REP-1999-05.
    """
    ended = [_descended(samples, own[part], neurons[part], ridge, steps) for part in _parts(samples, neurons)]
    neurons, outer, error = (np.concatenate([getattr(end, name) for end in ended]) for name in _ENDS)
    return neurons, outer, error


def network(neurons: np.ndarray, outer: np.ndarray, activation: str) -> Narrow:
    """Returns one lane as a network.

    Args:
        neurons: W and b, shape (neuron, input + 1).
        outer: A and c, shape (neuron + 1, output).
        activation: Name of σ.
    """
    return Narrow(neurons[:, :-1], neurons[:, -1], outer[:-1].T, outer[-1], activation)


def _parts(samples: Samples, neurons: np.ndarray) -> list[slice]:
    """Returns slices of lanes whose arrays stay small."""
    lanes, width, inputs = neurons.shape
    size = max(1, _BYTES // (8 * len(samples.inputs) * (width * (inputs + 1) + 1)))
    return [slice(begin, begin + size) for begin in range(0, lanes, size)]


def _hidden(samples: Samples, neurons: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns σ and σ′, shape (lane, sample, neuron)."""
    return ACTIVATIONS[samples.activation](samples.inputs @ neurons.transpose(0, 2, 1))


def _outer(samples: Samples, own: np.ndarray, neurons: np.ndarray, ridge: float) -> tuple[np.ndarray, np.ndarray]:
    roots = _roots(samples, own)
    outer, error, *_ = _eliminated(_design(_hidden(samples, neurons)[0], roots), roots, samples, ridge)
    return outer, error


def _roots(samples: Samples, own: np.ndarray) -> np.ndarray:
    """Returns square roots of the samples' weights, whose sum is 1, shape (lane, sample, 1)."""
    return np.sqrt(samples.kept / samples.kept.sum(axis=1)[:, None])[own][:, :, None]


def _design(hidden: np.ndarray, roots: np.ndarray) -> np.ndarray:
    return np.concatenate([hidden * roots, roots], axis=2)


def _eliminated(
    design: np.ndarray, roots: np.ndarray, samples: Samples, ridge: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Returns output weights, mean squared error, normal matrix, and residuals; rows times roots of their weights."""
    aims = roots * samples.targets
    back = design.transpose(0, 2, 1)
    normal = back @ design + ridge * np.eye(design.shape[2])
    outer = np.linalg.solve(normal, back @ aims)
    left = design @ outer - aims
    return outer, np.sum(left**2, axis=(1, 2)), normal, left


def _place(samples: Samples, own: np.ndarray, neurons: np.ndarray, ridge: float) -> _Place:
    """Returns the value and its Gauss–Newton model at some neurons, output weights eliminated (Kaufman).

    Flat parameters are ordered by input, then neuron: whole rows are multiplied.
    """
    hidden, slopes = _hidden(samples, neurons)
    roots = _roots(samples, own)
    design = _design(hidden, roots)
    outer, error, normal, left = _eliminated(design, roots, samples, ridge)
    slopes *= roots
    moved = np.concatenate([slopes * column[:, None] for column in samples.inputs.T], axis=2)  # lane, sample, p
    back = moved.transpose(0, 2, 1)
    mixed = design.transpose(0, 2, 1) @ moved
    free = back @ moved - mixed.transpose(0, 2, 1) @ np.linalg.solve(normal, mixed)
    spread = np.tile(outer[:, :-1], (1, samples.inputs.shape[1], 1))  # lane, p, output
    curvature = free * (spread @ spread.transpose(0, 2, 1)) + ridge * np.eye(spread.shape[1])
    flat = neurons.transpose(0, 2, 1).reshape(len(own), -1)
    slope = np.sum(spread * (back @ left), axis=2) + ridge * flat
    penalty = ridge * (np.sum(outer**2, axis=(1, 2)) + np.sum(flat**2, axis=1))
    return _Place(neurons, outer, error + penalty, error, slope, curvature)


def _descended(samples: Samples, own: np.ndarray, neurons: np.ndarray, ridge: float, steps: int) -> _Place:
    place = _place(samples, own, neurons, ridge)
    damping, growth = np.full(len(own), 1e-2), np.full(len(own), 2.0)
    still = np.zeros(len(own), int)  # steps in succession that gained next to nothing
    active = np.arange(len(own))
    for _ in range(steps):
        here = place.at(active)
        step, promised = _step(here, damping[active])
        there = _place(samples, own[active], here.neurons + step, ridge)
        gained = here.value - there.value
        better = gained > 0  # False where the value is no number
        moved = active[better]
        for name in _FIELDS:
            getattr(place, name)[moved] = getattr(there, name)[better]
        ratio = np.clip(gained[better] / promised[better], -10.0, 10.0)
        damping[moved] *= np.maximum(1 / 3, 1 - (2 * ratio - 1) ** 3)
        growth[moved] = 2.0
        stuck = active[~better]
        damping[stuck] *= growth[stuck]
        growth[stuck] *= 2.0
        small = gained[better] <= _DONE * here.value[better]
        still[moved] = np.where(small, still[moved] + 1, 0)
        active = active[(still[active] < 2) & (damping[active] < _STIFF)]
        if not active.size:
            break
    return place


def _step(here: _Place, damping: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns Marquardt's step of every lane, like its neurons, and by how much the model says that it lowers."""
    diagonal = np.einsum("lpp->lp", here.curvature)
    added = damping[:, None] * np.maximum(diagonal, 1e-12 * diagonal.max(axis=1, keepdims=True))
    damped = here.curvature + added[:, :, None] * np.eye(added.shape[1])
    step = -np.linalg.solve(damped, here.slope[:, :, None])[:, :, 0]
    promised = np.sum(step * (added * step - here.slope), axis=1)
    lanes, width, inputs = here.neurons.shape
    return step.reshape(lanes, inputs, width).transpose(0, 2, 1), np.maximum(promised, np.finfo(float).tiny)
