"""Inputs that are affine combinations of others at every sample, exactly, and units that are constant on the data."""

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np

from condenslab.landscape.proof.exact import flint, fraction
from condenslab.landscape.proof.passes import places
from condenslab.landscape.proof.problem import Problem

_NEAR = 1e-9


def redundant_inputs(problem: Problem) -> tuple[int, ...]:
    """Returns the inputs that are combinations of the earlier ones (and of 1, with hidden biases) at every sample.

    Args:
        problem: The problem.
    """
    return tuple(_redundant(problem.inputs, problem.shape.biases[0]))


@lru_cache(maxsize=8)
def _redundant(inputs: tuple[tuple[str, ...], ...], biased: bool) -> dict[int, tuple[Fraction, ...]]:
    """Returns, by redundant input, its coefficients: those of the other inputs, 0 for redundant ones."""
    width = len(inputs[0])
    exact = [[Fraction(1)] * biased + [fraction(text) for text in row] for row in inputs]
    if not width or _independent(exact):
        return {}
    reduced, rank = flint.fmpq_mat([[flint.fmpq(v.numerator, v.denominator) for v in row] for row in exact]).rref()
    pivots = [next(j for j in range(width + biased) if reduced[i, j] != 0) for i in range(rank)]
    found = {}
    for j in range(width):
        if j + biased not in pivots:
            own = dict(zip(pivots, (reduced[i, j + biased] for i in range(rank)), strict=True))
            terms = (own.get(k + biased, flint.fmpq(0)) for k in range(width))
            found[j] = tuple(Fraction(int(term.p), int(term.q)) for term in terms)
    return found


def _independent(exact: list[list[Fraction]]) -> bool:
    """Returns whether the columns are independent in floats: a proposal only, what it overlooks stays unproven."""
    sizes = [max((abs(value) for value in column), default=Fraction(0)) for column in zip(*exact, strict=True)]
    if not all(sizes):
        return False
    rows = np.array([[float(value / size) for value, size in zip(row, sizes, strict=True)] for row in exact])
    singular = np.linalg.svd(rows, compute_uv=False)
    return len(singular) == len(sizes) and bool(singular[-1] > _NEAR * singular[0])


def preactivation(problem: Problem, theta: Sequence[Fraction], unit: int) -> Fraction | None:
    """Returns the preactivation of a unit of the first layer, exact, where it is the same at every sample; else None.

    Args:
        problem: The problem.
        theta: θ, exact.
        unit: The unit.
    """
    first = places(problem.shape)[0]
    weights = [theta[first.weight(unit, j)] for j in range(first.inner)]
    moving = [j for j, weight in enumerate(weights) if weight]
    values = {sum((weights[j] * fraction(row[j]) for j in moving), Fraction(0)) for row in problem.inputs}
    bias = theta[first.bias(unit)] if first.biased else Fraction(0)
    return values.pop() + bias if len(values) == 1 else None


def levelled(problem: Problem, weights: Sequence[Fraction]) -> list[Fraction]:
    """Returns weights of a unit that make it constant on the data, those of redundant inputs being kept.

    Args:
        problem: The problem.
        weights: w of the unit.
    """
    spare = _redundant(problem.inputs, problem.shape.biases[0])
    moved = [-sum((weights[j] * terms[k] for j, terms in spare.items()), Fraction(0)) for k in range(len(weights))]
    return [weights[j] if j in spare else moved[j] for j in range(len(weights))]
