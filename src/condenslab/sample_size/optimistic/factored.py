"""Optimistic sample sizes of the models that are products in their parameters."""

import numpy as np

from condenslab.networks.checks import count
from condenslab.sample_size.optimistic.size import LLR, OE, OptimisticSize


def linear(inputs: int, *, offset: bool = False) -> OptimisticSize:
    """Returns O = M for a linear model: d, or d + 1 with a constant term, whatever the target.

    Raises:
        ValueError: `inputs` is not a positive whole number.
    """
    d = count("inputs", inputs)
    formula = "d + 1" if offset else "d"
    return OptimisticSize(
        d + offset, d + offset, formula, "exact", ("independent features", "any target"), f"{LLR}, Corollary 3"
    )


def diagonal(inputs: int, nonzero: int) -> OptimisticSize:
    """Returns O = k for Σ (a_j² − b_j²) x_j and a target of k non-zero coefficients.

    At points with a_j = ±b_j ≠ 0 the coefficient is 0 and costs a rank all the same. Training from a small start acts
    as ℓ₁ minimisation and needs of the order of k log d samples, not k.

    Raises:
        ValueError: A count is not a whole number, or k > d.
    """
    d = count("inputs", inputs)
    k = _sparsity(nonzero, d)
    return OptimisticSize(k, 2 * d, "k, the non-zero coefficients", "exact", ("any k-sparse target",), f"{OE}, eq. 7-8")


def deep_diagonal(inputs: int, depth: int, nonzero: int) -> OptimisticSize:
    """Returns O = k for Σ_j (Π_{l≤L} a_j^[l]) x_j with L ≥ 2 factors, whatever L; with L = 1 the model is linear.

    A coefficient that is 0 through exactly one factor costs a rank; through two or more it costs none.

    Raises:
        ValueError: A count is not a whole number, or k > d.
    """
    d, depth = count("inputs", inputs), count("depth", depth)
    k = _sparsity(nonzero, d)
    if depth == 1:
        return linear(d)
    return OptimisticSize(
        k,
        depth * d,
        "k, the non-zero coefficients",
        "exact",
        ("any k-sparse target", "depth ≥ 2"),
        f"{OE}, appendix A.1",
    )


def product_model(*, second: bool) -> OptimisticSize:
    """Returns O for t₀ + t₁ x₁ + t₂ t₃ x₂: 2 for targets a₀ + a₁ x₁, 3 where x₂ occurs.

    Args:
        second: Whether the target's coefficient of x₂ is not 0.

    Raises:
        ValueError: It is no truth value.
    """
    if not isinstance(second, bool | np.bool_):
        raise ValueError(f"second must be True or False, whether x₂ occurs in the target. Got {second!r}.")
    formula = "3, x₂ occurring" if second else "2, x₂ not occurring"
    return OptimisticSize(2 + second, 4, formula, "exact", (), f"{OE}, eq. 5-6")


def matrix(rows: int, columns: int, rank: int, *, inner: int | None = None) -> OptimisticSize:
    """Returns O = r(m + n − r) for f = A·B and an m × n target of rank r, which is 2rd − r² for d × d.

    It is the smallest `factorisation_rank`, at r_A = r_B = r. Entries are no continuous inputs: not every set of O
    entries recovers, only suitable ones (their tangents must have rank O).

    Args:
        rows: m.
        columns: n.
        rank: r of the target.
        inner: Inner dimension of the factors; by default the larger of m and n.

    Raises:
        ValueError: A count is not a whole number, or the rank is larger than the model can express.
    """
    m, n = count("rows", rows), count("columns", columns)
    p = max(m, n) if inner is None else count("inner", inner)
    r = count("rank", rank, least=0)
    if r > min(m, n, p):
        raise ValueError(
            f"the rank of the target must be at most {min(m, n, p)}: a {m} × {n} matrix that is a product of inner "
            f"dimension {p} has no larger one. Got {rank}."
        )
    formula = "2rd − r²" if m == n else "r(m + n − r)"
    return OptimisticSize(
        r * (m + n - r), p * (m + n), formula, "exact", ("suitable entries are observed",), f"{OE}, eq. 19-20"
    )


def factorisation_rank(rows: int, columns: int, left: int, right: int) -> int:
    """Returns the model rank of f = A·B at factors of ranks r_A and r_B: mn − (m − r_A)(n − r_B).

    Args:
        rows: m.
        columns: n.
        left: r_A, at most m.
        right: r_B, at most n.

    Raises:
        ValueError: A rank is larger than its matrix allows, or a count is not a whole number.

    Example:
        >>> [factorisation_rank(4, 4, r, r) for r in range(5)]
        [0, 7, 12, 15, 16]
    """
    m, n = count("rows", rows), count("columns", columns)
    a, b = count("left", left, least=0), count("right", right, least=0)
    if a > m or b > n:
        raise ValueError(f"the factors of a {m} × {n} matrix have ranks of at most {m} and {n}. Got {a} and {b}.")
    return m * n - (m - a) * (n - b)


def _sparsity(nonzero: int, inputs: int) -> int:
    k = count("nonzero", nonzero, least=0)
    if k > inputs:
        raise ValueError(f"nonzero must be at most the number of inputs, {inputs}. Got {nonzero}.")
    return k
