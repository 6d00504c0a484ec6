"""Dense softplus networks with biases on random data, and what takes gradient and Hessian of their mean risk."""

import os
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from condenslab.networks import MLP, TwoLayer, activation
from condenslab.risk import EmpiricalRisk

_FLAG = "--xla_cpu_multi_thread_eigen=false"
_SHORTEST = 5e-3
"""Seconds that a timed call takes at least, by repetition."""


@dataclass(frozen=True)
class Cell:
    """One network on one data set, in float64.

    Attributes:
        widths: Of all layers, inputs and output included.
        samples: N.
        weights: Of every layer, shape (out, in).
        biases: Of every layer.
        inputs: x, shape (sample, input).
        targets: y, shape (sample, output).
    """

    widths: tuple[int, ...]
    samples: int
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    inputs: np.ndarray
    targets: np.ndarray

    @property
    def name(self) -> str:
        """For tables."""
        return f"{'-'.join(map(str, self.widths))}, N = {self.samples}"

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return sum(part.size for part in (*self.weights, *self.biases))


@dataclass(frozen=True)
class Contestant:
    """A way to compute a derivative.

    Attributes:
        name: What tables call it.
        call: Computes it, or a part of it, and waits for the result.
        parts: How many such parts make the whole: more than 1 where the whole would take too long, so that its time is
            extrapolated.
        note: How it was run, where not as a whole.
    """

    name: str
    call: Callable[[], Any]
    parts: float = 1.0
    note: str = ""


def on_one_thread() -> None:
    """Starts the program anew with XLA's thread pool off, unless it is."""
    if _FLAG not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {_FLAG}"
        os.environ["OMP_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.argv])


def make_cell(widths: tuple[int, ...], samples: int) -> Cell:
    """Returns a cell with normal data and weights of variance 1/fan-in.

    Args:
        widths: Of all layers.
        samples: N.
    """
    random = np.random.default_rng(samples + sum(widths))
    weights = tuple(random.normal(size=(b, a)) / np.sqrt(a) for a, b in pairwise(widths))
    biases = tuple(random.normal(size=b) for b in widths[1:])
    inputs, targets = random.normal(size=(samples, widths[0])), random.normal(size=(samples, widths[-1]))
    return Cell(widths, samples, weights, biases, inputs, targets)


def ours(cell: Cell) -> tuple[Contestant, Contestant, Callable[[np.ndarray], np.ndarray]]:
    """Returns the gradient (with the value) and the Hessian of condenslab, and how the Hessian is read.

    Reading puts the parameters in the order of the cell: W_1, b_1, W_2, b_2, …

    Args:
        cell: The cell.
    """
    weights, biases = tuple(map(jnp.asarray, cell.weights)), tuple(map(jnp.asarray, cell.biases))
    sigma = activation("softplus")
    if len(weights) == 2:
        network: Any = TwoLayer(weights[0], biases[0], weights[1], biases[1], sigma)
    else:
        network = MLP(weights, biases, sigma)
    theta, unravel = ravel_pytree(network)
    risk = EmpiricalRisk(cell.inputs, cell.targets)
    places = unravel(jnp.arange(theta.size, dtype=theta.dtype))
    if isinstance(places, TwoLayer):
        parts = [places.input_weights, places.biases, places.output_weights, places.output_bias]
    else:
        parts = [part for pair in zip(places.weights, places.biases, strict=True) for part in pair]
    order = np.concatenate([np.asarray(part).ravel() for part in parts]).astype(int)
    gradient = jax.jit(lambda t: risk.value_and_gradient(unravel(t)))
    hessian = jax.jit(lambda t: risk.hessian(unravel(t)))
    return (
        Contestant("condenslab", lambda: jax.block_until_ready(gradient(theta))),
        Contestant("condenslab", lambda: np.asarray(hessian(theta))),
        lambda matrix: matrix[np.ix_(order, order)],
    )


def compete(contestants: list[Contestant], *, rounds: int, budget: float) -> list[list[float]]:
    """Returns seconds for the whole of each contestant's work, one entry a round; they take turns, in changing order.

    Args:
        contestants: Who takes part.
        rounds: How many rounds; fewer, but at least two, where they take longer than the budget.
        budget: Seconds.
    """
    repeats = []
    for one in contestants:
        one.call()
        repeats.append(max(1, round(_SHORTEST / _clock(one.call, 1))))
    found: list[list[float]] = [[] for _ in contestants]
    begun = time.perf_counter()
    for turn in range(rounds):
        if turn >= 2 and time.perf_counter() - begun > budget:
            break
        for number in range(len(contestants))[:: 1 if turn % 2 == 0 else -1]:
            one = contestants[number]
            found[number].append(one.parts * _clock(one.call, repeats[number]))
    return found


def compare(own: list[float], others: list[list[float]]) -> dict[str, float]:
    """Returns how many times as long the faster of the others takes: by medians, and by the shortest times.

    The shortest times are those on which other jobs of the machine have the least influence.

    Args:
        own: Our seconds, one entry a round.
        others: Theirs.
    """
    by_round = [min(other[k] for other in others) / own[k] for k in range(len(own))]
    return {
        "median": statistics.median(by_round),
        "min": min(by_round),
        "max": max(by_round),
        "best": min(min(other) for other in others) / min(own),
    }


def _clock(call: Callable[[], Any], repeats: int) -> float:
    begun = time.perf_counter()
    for _ in range(repeats):
        call()
    return (time.perf_counter() - begun) / repeats
