"""Degenerate critical points by theorem: a proven narrower point, carried through an exact embedding."""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.landscape.proof.across import prove_across
from condenslab.landscape.proof.activations import EVEN, ODD, ball_activation
from condenslab.landscape.proof.carried import CarriedProof
from condenslab.landscape.proof.decompose import Decomposition, Neuron
from condenslab.landscape.proof.exact import ball, exact_text, flint, precision
from condenslab.landscape.proof.forms import has_output, null_inertia, split_inertia
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.signs import ProvenInertia


@dataclass(frozen=True, eq=False)
class EmbeddedProof(CarriedProof):
    """A degenerate critical point: an exact embedding of a proven one, with the inertia that theorems give it.

    Attributes:
        problem: The problem of the wide network.
        narrow: The proof of the narrow point.
        neurons: What each wide neuron is in the narrow network.
        inertia: Of ∇²R at the wide point.
        dimension: The point lies in an affine space of critical points of this dimension with the same function (the
            shares of the copies, and the biases of null neurons where they are free).
        reason: Why nothing was proven, a sentence, or empty.
    """

    problem: Problem
    narrow: PointProof
    neurons: tuple[Neuron, ...]
    inertia: ProvenInertia
    dimension: int
    reason: str

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values; that of the narrow point is a part of it.

        Raises:
            ValueError: Nothing was proven.
        """
        neurons = [
            {"source": n.source, "share": str(n.share), "sign": n.sign, "bias": str(n.bias)} for n in self.neurons
        ]
        return self._sealed("embedded_point", {"neurons": neurons}, {"width": len(self.neurons)})


def prove_embedded(problem: Problem, parts: Decomposition, output_bias: np.ndarray | None, **how: Any) -> EmbeddedProof:
    """Proves a point that a decomposition says is an embedded narrower one.

    Args:
        problem: The problem of the wide network, two-layer.
        parts: Its decomposition.
        output_bias: c, shape (output,), or None.
        **how: `reach`, `digits` and `max_digits` of `prove_point`.
    """
    narrow = prove_narrow(problem.of_width(len(parts.incoming)), parts, output_bias, **how)
    return embedded(problem, narrow, parts.neurons)


def embedded(problem: Problem, narrow: PointProof, neurons: tuple[Neuron, ...]) -> EmbeddedProof:
    """Carries a proven narrow point through the exact embedding that the neurons state.

    Args:
        problem: The problem of the narrow or wide network, two-layer without skips.
        narrow: The proof.
        neurons: One entry a wide neuron; the exact shares of every narrow neuron have the sum 1.

    Returns:
        The proof. Criticality: Zhang et al., J. Mach. Learn. 1(1), 2022, Theorems 4.1 to 4.3. Inertia: the forms of
        `landscape.proof.forms`, their signs proven in balls.

    Raises:
        ValueError: The proof is about other data or another network, or a layer adds its input.
    """
    wide = problem.of_width(len(neurons))
    own = narrow.problem.shape
    if len(own.widths) != 3 or not (own.plain and wide.shape.plain):
        raise ValueError(f"this embedding is of two-layer networks without skips. Got {own} and {wide.shape}.")
    if problem.of_width(own.widths[1]) != narrow.problem:
        raise ValueError("the narrow proof must be about the data, loss and activation of the problem. Got others.")
    nothing = ProvenInertia(0, 0, 0, wide.shape.size)
    shares: dict[int, list[Fraction]] = defaultdict(list)
    for neuron in neurons:
        if neuron.source is not None:
            shares[neuron.source].append(neuron.share)
    reason = narrow.reason or _defect(narrow.problem, neurons, shares)
    if reason:
        return EmbeddedProof(wide, narrow, neurons, nothing, 0, reason)
    total = narrow.inertia
    with precision(narrow.precision):
        box = narrow.box()
        for source, parts in shares.items():
            if len(parts) > 1:
                total = _sum(total, split_inertia(narrow.problem, box, source, parts))
        nulls = [neuron for neuron in neurons if neuron.source is None]
        for neuron in nulls:
            total = _sum(total, null_inertia(narrow.problem, box, ball(str(neuron.bias))))
        live = [source for source in shares if has_output(narrow.problem, box, source)]
    free = len(nulls) if own.biases == (True, True) else 0
    return EmbeddedProof(wide, narrow, neurons, total, sum(len(shares[source]) - 1 for source in live) + free, "")


def prove_narrow(problem: Problem, parts: Decomposition, output_bias: np.ndarray | None, **how: Any) -> PointProof:
    """Proves the narrow point, on a section where families of critical points go through it.

    Args:
        problem: The narrow problem.
        parts: The decomposition.
        output_bias: c, shape (output,), or None.
        **how: As in `prove_embedded`.
    """
    incoming, inputs = parts.incoming, problem.shape.widths[0]
    pieces = [incoming[:, :inputs].ravel(), incoming[:, inputs:].ravel(), parts.outgoing.ravel()]
    pieces += [] if output_bias is None else [np.asarray(output_bias, float)]
    return prove_across(problem, [exact_text(value) for value in np.concatenate(pieces)], **how)


def _defect(problem: Problem, neurons: tuple[Neuron, ...], shares: dict[int, list[Fraction]]) -> str:
    """Returns why the neurons state no embedding of the problem's network, or nothing."""
    width, name = problem.shape.widths[1], problem.shape.activation
    if any(not isinstance(part, Fraction | int) for neuron in neurons for part in (neuron.share, neuron.bias)):
        return "shares and biases must be exact: fractions.Fraction or int"
    if any(neuron.sign != 1 and (neuron.sign != -1 or name not in ODD + EVEN) for neuron in neurons):
        return "a copy has the sign 1, or −1 as the mirror image that an odd or even activation allows"
    if sorted(shares) != list(range(width)) or any(sum(own) != 1 for own in shares.values()):
        return "the shares of every narrow neuron must have the sum 1 for an embedding"
    if any(neuron.bias != 0 for neuron in neurons) and not problem.shape.biases[0]:
        return "a null neuron has a bias only in a network with hidden biases"
    if any(neuron.source is None for neuron in neurons) and not problem.shape.biases[-1]:
        value = ball_activation(problem.shape.activation)(flint.arb(0))[0]
        if value != 0 or any(neuron.bias != 0 for neuron in neurons):
            return "without an output bias a null neuron needs σ(b) = 0: bias 0 and an activation with σ(0) = 0"
    return ""


def _sum(first: ProvenInertia, second: ProvenInertia) -> ProvenInertia:
    return ProvenInertia(
        first.positive + second.positive,
        first.zero + second.zero,
        first.negative + second.negative,
        first.open + second.open,
    )
