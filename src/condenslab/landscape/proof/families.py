"""Exact continuous families of critical points through a point, and the section on which it is proven across them.

Along each direction that is held, R does not change, or the gradient does not, whatever the data:

- a·exp(w·x + b) is the same along (a, b) → (a·e⁻ᵗ, b + t); softmax is when all outputs grow alike;
- an input that is an affine combination of others, exactly and at every sample, moves no unit along the direction that
  combination leaves;
- a silent unit, all of whose outgoing weights are 0, may have any incoming ones u with E[e_o·σ(u·h)] = 0 for the units
  o that it would feed, which are solved for as many entries of u. In (rest, outgoing, u) the Hessian is
  [[H, h, 0], [hᵀ, c, G], [0, Gᵀ, 0]], G of full rank where Krawczyk's operator contracts: the inertia of H plus
  (r, dim u − r, r), r outgoing weights;
- a constant unit, whose preactivation z is the same at every sample, is an output bias a·σ(z). Where E[∂ℓ] = 0 and
  E[∂ℓ·xᵀ] = 0 (see `identities`) every change of (a, z) that keeps the sum of these biases is in the kernel.

The held parameters are coordinates of these directions, so the Hessian on the others has the rest of the inertia.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import ball
from condenslab.landscape.proof.krawczyk import Section, restricted
from condenslab.landscape.proof.passes import Layer, places
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.redundant import preactivation, redundant_inputs
from condenslab.landscape.proof.signs import ProvenInertia, proven_inertia


@dataclass(frozen=True)
class Family:
    """A section across families, and how inertia follows on it.

    Attributes:
        section: What is solved for what.
        core: The Hessian on these parameters has the inertia that the families do not give.
        added: What they give.
        words: The families, in words.
        constant: Constant units: the point is critical only if an identity of `identities` holds there.
        lead: The constant unit whose output weights are solved for, or None where there is an output bias.
    """

    section: Section
    core: tuple[int, ...]
    added: ProvenInertia
    words: str
    constant: tuple[int, ...] = ()
    lead: int | None = None

    def inertia(self, hessian: Any) -> ProvenInertia:
        """Returns the whole inertia.

        Args:
            hessian: The enclosed Hessian, an `arb_mat`.
        """
        rest, own = proven_inertia(restricted(hessian, self.core, self.core)), self.added
        return ProvenInertia(
            rest.positive + own.positive, rest.zero + own.zero, rest.negative + own.negative, rest.open
        )


@dataclass
class _Parts:
    """Sets of parameters while a section is put together."""

    held: set[int]
    outgoing: list[int]
    incoming: list[int]
    moved: list[int]
    flat: set[int]
    words: list[str]


def family_of(problem: Problem, theta: Sequence[Fraction], *, special: bool = True) -> Family | None:
    """Returns the families through a point, by what is exactly 0 or constant in it; None where there is none.

    Args:
        problem: The problem.
        theta: θ, exact.
        special: Whether silent and constant units count, or only the symmetries that every point has.
    """
    shape, layers = problem.shape, places(problem.shape)
    silent = silent_units(problem, theta) if special else []
    constant = constant_units(problem, theta) if special else ()
    parts = _Parts(set(), [], [], [], set(), [])
    lead = _hold_constant(problem, theta, constant, parts)
    if lead is None and constant and not shape.biases[-1]:
        return None
    _hold_symmetric(problem, (silent, constant), parts)
    for number, units in silent:
        if not _cross_silent(problem, layers, (number, units), parts):
            return None
    if not (parts.held or parts.incoming):
        return None
    taken = parts.held | parts.flat | set(parts.outgoing) | set(parts.incoming)
    rest = tuple(k for k in range(shape.size) if k not in taken)
    section = Section((*rest, *parts.outgoing), (*rest, *parts.moved))
    outgoing = len(parts.outgoing)
    added = ProvenInertia(outgoing, len(parts.held) + len(parts.incoming) - outgoing, outgoing)
    return Family(section, tuple(sorted({*rest, *parts.flat})), added, "; ".join(parts.words), constant, lead)


def symmetric(problem: Problem) -> bool:
    """Returns whether every R of this form has an exact continuous symmetry, that of exp or of softmax.

    Args:
        problem: The problem.
    """
    return _exponential(problem) or problem.loss == "cross_entropy"


def _exponential(problem: Problem) -> bool:
    return problem.shape.activation == "exp" and any(problem.shape.biases[:-1]) and problem.shape.plain


def silent_units(problem: Problem, theta: Sequence[Fraction]) -> list[tuple[int, tuple[int, ...]]]:
    """Returns the hidden layer, from 0, with units whose outgoing weights are all 0, and these; at most one layer.

    Args:
        problem: The problem.
        theta: θ, exact.
    """
    found = []
    for number, (layer, after) in enumerate(zip(places(problem.shape), places(problem.shape)[1:], strict=False)):
        units = (k for k in range(layer.outer) if not any(theta[after.weight(o, k)] for o in range(after.outer)))
        own = tuple(units) if after.outer and problem.shape.plain else ()
        found += [(number, own)] if own else []
    return found if len(found) == 1 else []


def constant_units(problem: Problem, theta: Sequence[Fraction]) -> tuple[int, ...]:
    """Returns the units of a two-layer network that have output weights and one preactivation at all samples, exactly.

    Args:
        problem: The problem.
        theta: θ, exact.
    """
    shape = problem.shape
    if len(shape.widths) != 3 or not shape.plain:
        return ()
    _, after = places(shape)
    live = (k for k in range(after.inner) if any(theta[after.weight(o, k)] for o in range(after.outer)))
    return tuple(k for k in live if preactivation(problem, theta, k) is not None)


def _hold_constant(problem: Problem, theta: Sequence[Fraction], constant: tuple[int, ...], parts: _Parts) -> int | None:
    """Holds constant units but for the output weights of one, where there is no output bias; returns that one."""
    if not constant:
        return None
    first, after = places(problem.shape)
    sigma = ball_activation(problem.shape.activation)
    values = {k: sigma(ball(str(preactivation(problem, theta, k))))[0] for k in constant}
    lead = None if after.biased else next((k for k in constant if not values[k].contains(0)), None)
    for k in constant:
        parts.flat |= {first.weight(k, j) for j in range(first.inner) if j not in redundant_inputs(problem)}
        parts.held |= {first.weight(k, j) for j in redundant_inputs(problem)}
        parts.held |= {first.bias(k)} if first.biased else set()
        parts.held |= set() if k == lead else {after.weight(o, k) for o in range(after.outer)}
    parts.words.append(f"constant units {list(constant)}: an output bias, whatever share of it each has")
    return lead


def _hold_symmetric(
    problem: Problem, special: tuple[list[tuple[int, tuple[int, ...]]], tuple[int, ...]], parts: _Parts
) -> None:
    """Holds one parameter for each exact symmetry of R, but of units that have their own family."""
    layers = places(problem.shape)
    own = {(number, k) for number, units in special[0] for k in units} | {(0, k) for k in special[1]}
    if _exponential(problem):
        hidden = [(n, layer, k) for n, layer in enumerate(layers[:-1]) if layer.biased for k in range(layer.outer)]
        parts.held |= {layer.bias(k) for n, layer, k in hidden if (n, k) not in own}
        parts.words.append("the exact symmetry a·exp(b) of every hidden neuron; the hidden biases are held")
    if problem.loss == "cross_entropy":
        last = layers[-1]
        parts.held |= {last.weight(last.outer - 1, k) for k in range(last.inner)}
        parts.held |= {last.bias(last.outer - 1)} if last.biased else set()
        parts.words.append("the exact symmetry of softmax; the weights of the last output are held")
    spare = redundant_inputs(problem)
    if spare:
        units = [k for k in range(layers[0].outer) if (0, k) not in own]
        parts.held |= {layers[0].weight(k, j) for k in units for j in spare}
        parts.words.append(f"inputs {list(spare)} that are combinations of others at every sample; their weights held")


def _cross_silent(problem: Problem, layers: list[Layer], silent: tuple[int, tuple[int, ...]], parts: _Parts) -> bool:
    """Solves for incoming weights of silent units; returns whether they have enough."""
    number, units = silent
    layer, after = layers[number], layers[number + 1]
    spare = redundant_inputs(problem) if number == 0 else ()
    for k in units:
        weights = [layer.weight(k, j) for j in range(layer.inner)]
        own = [after.weight(o, k) for o in range(after.outer)]
        own = [place for place in own if place not in parts.held]
        free = [place for j, place in enumerate(weights) if j not in spare]
        free += [layer.bias(k)] if layer.biased and problem.shape.activation != "exp" else []
        if len(free) < len(own):
            return False
        parts.outgoing += own
        parts.incoming += weights + ([layer.bias(k)] if layer.biased else [])
        parts.moved += free[::-1][: len(own)]
    each = (len(parts.incoming) - len(parts.outgoing)) // len(units)
    parts.words.append(
        f"neurons {list(units)} of hidden layer {number} without output weights, free in {each} directions each"
    )
    return True
