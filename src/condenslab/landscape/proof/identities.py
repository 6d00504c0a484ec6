"""Why E[∂ℓ·xᵀ] = 0 exactly at a proven point: no enclosure shows that a number is 0, an identity does.

A constant unit, and only such a one, needs it: its input weights move the outputs in proportion to x. Three identities
are known here. (1) Every unit is constant or silent: with E[∂ℓ] = 0 the constant outputs, or softmax of them, are the
mean target, and E[∂ℓ_o·x_i] is E[y_o]·E[x_i] − E[y_o·x_i] up to a factor: a rational number. (2) The data do not
change under x → −x, and the centre is nearly its own mirror image (w → −w, units exchanged): the mirror image of the
point solves the same equations in the same box, so it is the point, whose residuals are even. (3) The targets are a
teacher's exact outputs and the teacher's parameters lie in the box: by uniqueness the point has its outputs, ∂ℓ = 0.
"""

from collections import Counter
from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.activations import ball_activation
from condenslab.landscape.proof.exact import ball, flint, fraction, precision
from condenslab.landscape.proof.families import Family, silent_units
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.points import PointProof
from condenslab.landscape.proof.problem import Problem, Teacher
from condenslab.landscape.proof.redundant import preactivation

Theta = list[Fraction]


def vanishing(found: PointProof, family: Family) -> str:
    """Returns the identity by which E[∂ℓ·xᵀ] = 0 at a proven point with constant units, in words; or nothing.

    Args:
        found: The proof of the section.
        family: Its families.
    """
    theta = [fraction(text) for text in found.centre]
    with precision(found.precision):
        if _only_constants(found.problem, theta, family) and _uncorrelated(found.problem):
            return "exact means of the data"
        if _even_data(found.problem) and _mirrored(found, theta, family):
            return "the mirror symmetry of the data and of the point"
        if _teacher_inside(found, theta, family):
            return "the teacher's outputs"
    return ""


def _only_constants(problem: Problem, theta: Theta, family: Family) -> bool:
    silent = {k for _, units in silent_units(problem, theta) for k in units}
    return silent | set(family.constant) == set(range(problem.shape.widths[1]))


def _uncorrelated(problem: Problem) -> bool:
    """Returns whether E[y_o·x_i] = E[y_o]·E[x_i] exactly."""
    if isinstance(problem.targets, Teacher):
        return False
    p = problem.probabilities()
    x, y = ([[fraction(text) for text in row] for row in rows] for rows in (problem.inputs, problem.targets))

    def mean(values: Any) -> Fraction:
        return sum((weight * value for weight, value in zip(p, values, strict=True)), Fraction(0))

    inputs, outputs = list(zip(*x, strict=True)), list(zip(*y, strict=True))
    return all(
        mean(a * b for a, b in zip(own, other, strict=True)) == mean(own) * mean(other)
        for own in inputs
        for other in outputs
    )


def _even_data(problem: Problem) -> bool:
    """Returns whether the samples, with targets and weights, are the same after x → −x."""
    rows = [tuple(fraction(text) for text in row) for row in problem.inputs]
    known: Any = [()] * len(rows)
    if isinstance(problem.targets, Teacher):
        units = _units(problem.targets.shape, [fraction(text) for text in problem.targets.theta])
        if units is None or Counter(units) != Counter((tuple(-v for v in w), b, a) for w, b, a in units):
            return False
    else:
        known = [tuple(fraction(text) for text in row) for row in problem.targets]
    samples = list(zip(rows, known, problem.probabilities(), strict=True))
    return Counter(samples) == Counter((tuple(-v for v in x), y, p) for x, y, p in samples)


def _units(shape: Any, theta: Theta) -> list[tuple[tuple, Fraction, tuple]] | None:
    """Returns (w, b, a) of every unit of a two-layer network, else None."""
    if len(shape.widths) != 3 or not shape.plain:
        return None
    first, after = places(shape)
    return [
        (
            tuple(theta[first.weight(k, j)] for j in range(first.inner)),
            theta[first.bias(k)] if first.biased else Fraction(0),
            tuple(theta[after.weight(o, k)] for o in range(after.outer)),
        )
        for k in range(first.outer)
    ]


def _mirrored(found: PointProof, theta: Theta, family: Family) -> bool:
    """Returns whether the mirror image of every point within `existence` of the centre lies in the section's box."""
    shape = found.problem.shape
    first, after = places(shape)
    silent = {k for _, units in silent_units(found.problem, theta) for k in units}
    reach, free = Fraction(found.radius) - Fraction(found.existence), set(found.section.unknowns)
    left = set(range(first.outer)) - set(family.constant)

    def places_of(k: int) -> list[tuple[int, int]]:
        own = [(first.weight(k, j), -1) for j in range(first.inner)] + ([(first.bias(k), 1)] if first.biased else [])
        return own + [(after.weight(o, k), 1) for o in range(after.outer)]

    def image(k: int, other: int) -> bool:
        pairs = zip(places_of(k), places_of(other), strict=True)
        apart = [(abs(sign * theta[a] - theta[b]), a in free) for (a, sign), (b, _) in pairs]
        return (k in silent) == (other in silent) and all(d < reach if moves else d == 0 for d, moves in apart)

    for k in sorted(left):
        mate = next((other for other in sorted(left) if image(k, other)), None)
        if mate is None:
            return False
        left.remove(mate)
    return all(image(k, k) for k in family.constant)


def _teacher_inside(found: PointProof, theta: Theta, family: Family) -> bool:
    """Returns whether a network with the teacher's outputs lies in the section's box."""
    problem, teacher = found.problem, found.problem.targets
    if not isinstance(teacher, Teacher) or teacher.shape != problem.shape or problem.loss != "squared":
        return False
    first, after = places(problem.shape)
    own = [fraction(text) for text in teacher.theta]
    values = [_constant_value(problem, own, k) for k in family.constant]
    if any(value is None for value in values):
        return False
    total = [after.weight(o, family.lead) if family.lead is not None else after.bias(o) for o in range(after.outer)]
    skipped = {first.weight(k, j) for k in family.constant for j in range(first.inner)} | set(total)
    skipped |= {first.bias(k) for k in family.constant if first.biased}
    skipped |= {after.weight(o, k) for k in family.constant for o in range(after.outer)}
    reach, free = Fraction(found.radius), set(found.section.unknowns)
    for k in set(range(problem.shape.size)) - skipped:
        if not (abs(own[k] - theta[k]) < reach if k in free else own[k] == theta[k]):
            return False
    for o, place in enumerate(total):
        rest = ball(str(own[after.bias(o)])) if after.biased else flint.arb(0)
        for k, value in zip(family.constant, values, strict=True):
            rest += ball(str(own[after.weight(o, k)])) * value
            if k != family.lead:
                rest -= ball(str(theta[after.weight(o, k)])) * _constant_value(problem, theta, k)
        if family.lead is not None:
            rest /= _constant_value(problem, theta, family.lead)
        if not abs(rest - ball(str(theta[place]))) < flint.arb(found.radius):
            return False
    return True


def _constant_value(problem: Problem, theta: Theta, unit: int) -> Any:
    """Returns σ of a constant unit, a ball, or None where it is not constant."""
    z = preactivation(problem, theta, unit)
    return None if z is None else ball_activation(problem.shape.activation)(ball(str(z)))[0]
