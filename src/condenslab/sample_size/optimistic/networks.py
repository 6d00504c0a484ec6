"""Optimistic sample sizes of dense, convolution, attention and spline networks."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from condenslab.networks.checks import count, counts
from condenslab.sample_size.optimistic.size import LLR, OE, OptimisticSize, intrinsic_width

Sharing = Literal["shared", "unshared", "full"]

_INDEPENDENT = "tanh, or another odd analytic activation with infinitely many non-zero derivatives at 0"
_ONE_OUTPUT = "one output"
_NOT_CONSTANT = "no neuron of the target is a constant (input weights 0), which would count d + 1"


def two_layer(inputs: int, width: int, intrinsic: int, *, bias: bool = False) -> OptimisticSize:
    """Returns O = k(d + 1) for a two-layer network of any width m ≥ k, and k(d + 2) with hidden biases.

    With biases a target may hold a constant a·σ(b), a neuron whose tangents span 1 and x_j alone: d + 1 directions, one
    fewer than the formula counts for it.

    Args:
        inputs: d.
        width: m of the model.
        intrinsic: k, the smallest width that expresses the target; 0 for the zero function.
        bias: Whether hidden neurons have biases, in model and count.

    Raises:
        ValueError: A count is not a whole number, or k > m: the target is not in the function space of the model.

    Example:
        >>> print(two_layer(5, 300, 3, bias=True))
        O = 21, k(d + 2), of 2100 parameters
    """
    d, m = count("inputs", inputs), count("width", width)
    k = intrinsic_width(intrinsic, m, "width")
    one = d + 1 + bias
    formula = "k(d + 2)" if bias else "k(d + 1)"
    assumptions = (_INDEPENDENT, _ONE_OUTPUT, *[_NOT_CONSTANT] * bias)
    return OptimisticSize(k * one, m * one, formula, "exact", assumptions, f"{LLR}, Theorem 4; {OE}, eq. 12")


def deep(widths: Sequence[int], intrinsic: Sequence[int], *, bias: bool = False) -> OptimisticSize:
    """Returns the bound O ≤ M of the narrow network, for deep dense networks.

    Without biases d·m′₁ + Σ m′_i m′_{i+1} + m′_{L−1}, for a target of hidden widths m′; the null embedding attains it.
    With biases every hidden neuron of the narrow network adds one.

    Args:
        widths: (d, m_1, …, m_{L−1}, outputs) of the model.
        intrinsic: (m′_1, …, m′_{L−1}), hidden widths of a network that expresses the target.
        bias: Whether hidden neurons have biases.

    Raises:
        ValueError: A count is not a whole number, depths differ, or a layer of the target is wider than the model's.

    Example:
        >>> deep((5, 50, 50, 1), (1, 1)).value
        7
    """
    sizes, given = counts("widths", widths), counts("intrinsic", intrinsic, least=0)
    if len(sizes) < 3 or len(given) != len(sizes) - 2:
        raise ValueError(
            f"intrinsic must have one width for each hidden layer of the model, of which there must be one or more. "
            f"Got {tuple(given)} for widths {tuple(sizes)}."
        )
    hidden = [intrinsic_width(k, m, "width") for k, m in zip(given, sizes[1:-1], strict=True)]
    narrow = [sizes[0], *hidden, sizes[-1]]
    value, parameters = (sum(a * b for a, b in pairwise(w)) + bias * sum(w[1:-1]) for w in (narrow, sizes))
    assumptions = ("an activation with σ(0) = 0", "the narrow network expresses the target")
    return OptimisticSize(
        value, parameters, "parameters of the narrow network", "upper bound", assumptions, f"{LLR}, Theorem 3"
    )


def convolution(
    inputs: int,
    size: int,
    kernels: int,
    intrinsic: int,
    *,
    axes: Literal[1, 2] = 1,
    sharing: Sharing = "shared",
    bias: bool = False,
    null_weights: int = 0,
) -> OptimisticSize:
    """Returns O for a target of k shared kernels, in a two-layer network with or without weight sharing.

    With L = d + 1 − s positions a side, D = d^axes, S = s^axes, P = L^axes and m_n zero output weights in the target:
    shared k(S + P), unshared (S + 1)(kP − m_n), fully connected (D + 1)(kP − m_n); a bias adds 1 to S + P, S + 1 and
    D + 1. An early version of the theory has k(S + 1)P − S·m_n instead: that is the rank where dead units keep their
    input weights, and not the minimum.

    Args:
        inputs: d, pixels a side.
        size: s, pixels a side of a kernel.
        kernels: m, kernels of the model; fully connected it has mP neurons.
        intrinsic: k, kernels of the target; 0 for the zero function.
        axes: 1 on a line, 2 in a plane.
        sharing: "shared", "unshared", or "full" for a fully connected network.
        bias: Whether kernels (neurons) have biases.
        null_weights: m_n. Where kernels are shared it does not matter.

    Raises:
        ValueError: A count is not a whole number, s > d, k > m, a kernel of the target has only zero output weights, or
            another number of axes or kind of sharing.

    Example:
        >>> [convolution(5, 3, 100, 1, sharing=s, bias=True).value for s in ("shared", "unshared", "full")]
        [7, 15, 21]
    """
    d, s, m = count("inputs", inputs), count("size", size), count("kernels", kernels)
    k = intrinsic_width(intrinsic, m, "number of kernels")
    if s > d or axes not in (1, 2) or sharing not in ("shared", "unshared", "full"):
        raise ValueError(
            f"kernels must fit into the inputs on 1 or 2 axes, and be shared, unshared or full. Got size {size} for "
            f"inputs {inputs}, {axes} axes and {sharing!r}."
        )
    D, S, P = d**axes, s**axes, (d + 1 - s) ** axes
    null = count("null_weights", null_weights, least=0)
    if null > k * (P - 1):
        raise ValueError(
            f"null_weights must leave each of the {k} kernels one output weight, so be at most {k * (P - 1)}. "
            f"Got {null_weights}."
        )
    power = "²" if axes == 2 else ""
    extra = 1 + bias
    assumptions = [_INDEPENDENT, _ONE_OUTPUT, "no kernel of the target is a shift of another, or of itself with a sign"]
    assumptions += ["no kernel of the target is 0 with a bias, a constant"] * bias
    if sharing == "shared":
        formula = f"k(s{power} + L{power}{' + 1' * bias})"
        values = k * (S + P + bias), m * (S + P + bias)
    else:
        one = (D if sharing == "full" else S) + extra
        formula = f"({'d' if sharing == 'full' else 's'}{power} + {extra})(kL{power} − m_null)"
        values = one * (k * P - null), one * m * P
        assumptions.append(f"m_null = {null} output weights of the target are 0")
    table = f"arXiv 2406.18035, Table 3; {LLR}, Table 3" + ("" if sharing == "shared" else " (for m_null = 0)")
    return OptimisticSize(*values, formula, "exact", tuple(assumptions), table)


def attention(
    d_model: int, d: int, heads: int, intrinsic: int | None = None, *, d_v: int | None = None
) -> OptimisticSize:
    """Returns the generic rank of a k-head attention layer, k[(2·d_model·d − d²) + (2·d_model·d_v − d_v²)].

    W_Q·W_Kᵀ and W_V·W_Oᵀ enter as products only, matrices of ranks d and d_v. As a layer of more heads or a wider
    attention dimension contains this one at a point of the same rank, O is at most that; no theorem says it is equal.

    Args:
        d_model: Dimension of a token.
        d: Attention dimension; beyond d_model it adds nothing.
        heads: h of the model.
        intrinsic: k heads that express the target; by default h.
        d_v: Value dimension; by default d.

    Raises:
        ValueError: A count is not a whole number, or k > h.

    Example:
        >>> attention(4, 2, 1).value
        24
    """
    size, h = count("d_model", d_model), count("heads", heads)
    q = count("d", d)
    v = q if d_v is None else count("d_v", d_v)
    k = h if intrinsic is None else intrinsic_width(intrinsic, h, "number of heads")
    value = k * sum(2 * size * r - r**2 for r in (min(q, size), min(v, size)))
    return OptimisticSize(
        value,
        2 * h * size * (q + v),
        "k[(2·d_model·d − d²) + (2·d_model·d_v − d_v²)]",
        "generic rank",
        ("no mask, bias, normalisation or skip", "enough tokens", "heads in general position"),
        "our count of dimensions, checked numerically; no source states one",
    )


def kan(inputs: int, width: int, intervals: int, *, degree: int = 3) -> OptimisticSize:
    """Returns that no closed form is known for a two-layer spline network; measure with `minimum_rank` instead.

    Args:
        inputs: d.
        width: Hidden neurons.
        intervals: G, grid intervals of every univariate function, which then has G + degree coefficients.
        degree: Of the splines.

    Raises:
        ValueError: A count is not a whole number.
    """
    d, m = count("inputs", inputs), count("width", width)
    basis = count("intervals", intervals) + count("degree", degree, least=0)
    why = "no source gives the rank of a spline network; it does not grow with the width and grows with the grid"
    return OptimisticSize(None, m * (d + 1) * basis, why, "none known", (), "none")
