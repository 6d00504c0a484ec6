"""How many affine subspaces the critical points and the global minima of a wide two-layer network fill.

The neurons carry labels, so every subspace is counted once for each arrangement of the neurons that gives another one.
Both counts assume an activation without sign symmetry and a teacher whose neurons are all different.
"""

from math import comb, factorial

from condenslab.networks.checks import count


def critical_subspaces(narrow: int, wide: int) -> int:
    """Returns G(r, m), the number of critical affine subspaces that one irreducible critical point of width r spans.

    Each of the m neurons copies one of the r, every one of which is copied at least once: G is the number of maps of m
    things onto r, Σ_{i=1}^r (−1)^{r−i} C(r, i) i^m. (The r! orders of the narrow neurons are thus counted too.)

    Args:
        narrow: r, at least 1.
        wide: m, at least 1; G is 0 for m < r.

    Raises:
        ValueError: A width is not a whole number of at least 1.

    References:
        Şimşek et al., ICML 2021 (arXiv 2105.12221), recalled from the paper; tested by enumeration.

    Example:
        >>> critical_subspaces(2, 4)
        14
    """
    r, m = count("narrow", narrow), count("wide", wide)
    return sum((-1) ** (r - i) * comb(r, i) * i**m for i in range(1, r + 1))


def minimal_subspaces(teacher: int, wide: int) -> int:
    """Returns T(r*, m), the number of affine subspaces that make up the global minima at width m.

    Some neurons copy the r* teacher neurons, all of which are copied; the other u fall into groups with equal input
    weights and output weights that sum to zero: T = G(r*, m) + Σ_{u=1}^{m−r*} C(m, u) G(r*, m − u) B(u), where
    B(u) = Σ_{j=1}^u G(j, u)/j!, a Bell number, counts the ways of grouping.

    Args:
        teacher: r*, at least 1.
        wide: m, at least 1; T is 0 for m < r*.

    Raises:
        ValueError: A width is not a whole number of at least 1.

    References:
        Şimşek et al., ICML 2021 (arXiv 2105.12221), recalled from the paper; tested by enumeration.

    Example:
        >>> minimal_subspaces(1, 2)
        3
    """
    r, m = count("teacher", teacher), count("wide", wide)
    grouped = (comb(m, u) * critical_subspaces(r, m - u) * _bell(u) for u in range(1, m - r + 1))
    return critical_subspaces(r, m) + sum(grouped)


def _bell(size: int) -> int:
    """Returns the number of ways to divide a set into groups."""
    return sum(critical_subspaces(groups, size) // factorial(groups) for groups in range(1, size + 1))
