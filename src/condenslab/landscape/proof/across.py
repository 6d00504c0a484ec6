"""Proofs of critical points across the exact families that go through them: the one entry for a network as it is."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.exact import fraction
from condenslab.landscape.proof.families import Family, family_of
from condenslab.landscape.proof.identities import vanishing
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.points import PointProof, prove_point, unproven
from condenslab.landscape.proof.problem import Problem
from condenslab.landscape.proof.redundant import levelled

_NONE, _LEVEL = Fraction(1, 10**9), Fraction(1, 10**6)


def prove_across(problem: Problem, theta: Sequence[str], **how: Any) -> PointProof:
    """Proves the critical point next to θ, on a section across the families that go through it where there are some.

    Outgoing weights that are nearly 0 and units that are nearly constant on the data are taken to be so exactly; if
    that is not proven, θ is tried without these families.

    Args:
        problem: The exact problem.
        theta: θ, exact numbers.
        **how: `reach`, `digits` and `max_digits` of `prove_point`.
    """
    exact = [fraction(text) for text in theta]
    snapped = _snapped(problem, exact)
    family, plain = family_of(problem, snapped), family_of(problem, exact, special=False)
    first = _prove(problem, snapped, family, **how)
    if first.proven or (snapped == exact and family == plain):
        return first
    second = _prove(problem, exact, plain, **how)
    return second if second.proven else first


def _prove(problem: Problem, theta: list[Fraction], family: Family | None, **how: Any) -> PointProof:
    texts = [str(value) for value in theta]
    if family is None:
        return prove_point(problem, texts, **how)
    found = prove_point(problem, texts, section=family.section, family=family.words, inertia=family.inertia, **how)
    if not found.proven or not family.constant:
        return found
    evidence = vanishing(found, family)
    if evidence:
        return replace(found, family=f"{family.words}, critical by {evidence}")
    reason = (
        f"units {list(family.constant)} are constant on the data: such a point is critical only if E[∂ℓ·x] is exactly "
        "0, which neither means of the data, nor a mirror symmetry of data and point, nor a teacher's outputs show"
    )
    return unproven(problem, texts, found.section, reason, found.precision)


def _snapped(problem: Problem, theta: list[Fraction]) -> list[Fraction]:
    """Returns θ with outgoing weights that are nearly 0, and units that are nearly constant, exactly so."""
    found, layers = list(theta), places(problem.shape)
    for after in layers[1:]:
        size = max([Fraction(1), *(abs(value) for value in theta[after.start : after.end])])
        for k in range(after.inner):
            column = [after.weight(o, k) for o in range(after.outer)]
            if all(abs(theta[place]) <= _NONE * size for place in column):
                found = [Fraction(0) if place in column else value for place, value in enumerate(found)]
    if len(layers) == 2:
        live = (k for k in range(layers[0].outer) if any(found[layers[1].weight(o, k)] for o in range(layers[1].outer)))
        for k in live:
            row = slice(layers[0].weight(k, 0), layers[0].weight(k, layers[0].inner))
            level = levelled(problem, theta[row])
            if all(abs(a - b) <= _LEVEL for a, b in zip(level, theta[row], strict=True)):
                found[row] = level
    return found
