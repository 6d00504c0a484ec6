"""Which narrower network a two-layer network nearly embeds: copies, null neurons, neurons with zero output weights."""

from dataclasses import dataclass
from fractions import Fraction

import jax.numpy as jnp
import numpy as np

from condenslab.landscape.proof.activations import EVEN, ODD
from condenslab.networks import MLP, TwoLayer
from condenslab.networks.layered import layers

_SAME = 1e-6
_NONE = 1e-9


@dataclass(frozen=True)
class Neuron:
    """How a wide neuron comes from the narrow network.

    Attributes:
        source: The narrow neuron that it copies, or None for a null neuron.
        share: α, its share of that neuron's output weights; 0 for a null neuron.
        sign: −1 where it is the mirror image (−w, −b) of the neuron that it copies, else 1.
        bias: The bias of a null neuron, else 0.
    """

    source: int | None
    share: Fraction
    sign: int = 1
    bias: Fraction = Fraction(0)


@dataclass(frozen=True, eq=False)
class Decomposition:
    """A narrow network and what the wide neurons are in it.

    Attributes:
        incoming: (w, b) of the narrow neurons, shape (neuron, augmented input).
        outgoing: Their output weights, shape (output, neuron).
        neurons: One entry a wide neuron.
        reason: Why the network has no such form, a sentence, or empty.
    """

    incoming: np.ndarray
    outgoing: np.ndarray
    neurons: tuple[Neuron, ...]
    reason: str = ""

    @property
    def trivial(self) -> bool:
        """Whether the narrow network is the wide one."""
        return len(self.neurons) == len(self.incoming)


def decompose(network: TwoLayer | MLP) -> Decomposition:
    """Finds copies (w and b equal to 1e-6, up to the symmetry of the activation) and neurons without output weights.

    What is found is only a proposal: the proof is about the exact embedding of the exact narrow point.

    Args:
        network: θ, with one hidden layer.
    """
    (first, second), (biases, output_bias) = layers(network)
    weights, outgoing = np.asarray(first, float), np.asarray(second, float)
    incoming = weights if biases is None else np.column_stack([weights, np.asarray(biases, float)])
    size = max(1.0, float(np.abs(outgoing).max(initial=0.0)))
    groups: list[list[tuple[int, int]]] = []
    null: dict[int, Fraction] = {}
    for k, point in enumerate(incoming):
        dead = np.abs(outgoing[:, k]).max() <= _NONE * size
        if (
            dead
            and np.abs(weights[k]).max(initial=0.0) <= _NONE
            and (output_bias is not None or _vanishes(network, point))
        ):
            null[k] = Fraction(float(point[-1])) if output_bias is not None and biases is not None else Fraction(0)
            continue
        for group in groups:
            sign = _same(network.activation.name, incoming[group[0][0]], point)
            if sign:
                group.append((k, sign))
                break
        else:
            groups.append([(k, 1)])
    return _assembled(network.activation.name, (incoming, outgoing), groups, null)


def _vanishes(network: TwoLayer | MLP, point: np.ndarray) -> bool:
    """Returns whether σ(0) = 0 and the neuron is at 0."""
    still = np.abs(point).max(initial=0.0) <= _NONE
    return bool(still) and float(network.activation(jnp.zeros(()))) == 0.0


def _same(activation: str, first: np.ndarray, second: np.ndarray) -> int:
    bound = _SAME * max(1.0, float(np.abs(first).max(initial=0.0)))
    if np.abs(first - second).max(initial=0.0) <= bound:
        return 1
    mirrored = activation in ODD + EVEN and np.abs(first + second).max(initial=0.0) <= bound
    return -1 if mirrored else 0


def _assembled(
    activation: str, pair: tuple[np.ndarray, np.ndarray], groups: list[list[tuple[int, int]]], null: dict[int, Fraction]
) -> Decomposition:
    incoming, outgoing = pair
    size = max(1.0, float(np.abs(outgoing).max(initial=0.0)))
    found: dict[int, Neuron] = {k: Neuron(None, Fraction(0), 1, bias) for k, bias in null.items()}
    points, columns, silent = [], [], []
    for number, group in enumerate(groups):
        signs = np.array([sign if activation in ODD else 1 for _, sign in group])
        members = [k for k, _ in group]
        parts = outgoing[:, members] * signs / size
        total = parts.sum(axis=1)
        points.append(incoming[members[0]])
        columns.append(total * size)
        if np.abs(total).max() <= _NONE:
            if np.abs(parts).max() > _NONE:
                reason = "copies whose output weights cancel: no theorem here covers them; merge them first"
                return Decomposition(incoming, outgoing, (), reason)
            silent.append(number)
            columns[-1] = np.zeros_like(total)
        shares = parts.T @ total / (total @ total) if number not in silent else np.zeros(len(group))
        if np.abs(parts - np.outer(total, shares)).max() > _SAME:
            reason = "copies whose output weights are not parallel: the point is not an embedded one by shares"
            return Decomposition(incoming, outgoing, (), reason)
        exact = [Fraction(0) if abs(share) < _NONE else Fraction(float(share)) for share in shares]
        exact[int(np.argmax(np.abs(shares)))] += 1 - sum(exact, Fraction(0))
        for (k, sign), share in zip(group, exact, strict=True):
            found[k] = Neuron(number, share, sign)
    rows = np.array(points).reshape(len(points), incoming.shape[1])
    matrix = np.array(columns).T.reshape(outgoing.shape[0], len(columns))
    return Decomposition(rows, matrix, tuple(found[k] for k in sorted(found)))
