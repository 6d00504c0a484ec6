"""Model rank from both sides: a minor that excludes 0, and the exact identities of the network."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from condenslab.errors import UserError
from condenslab.landscape.proof.activations import EVEN, ODD
from condenslab.landscape.proof.evidence import sealed
from condenslab.landscape.proof.exact import (
    Balls,
    ball,
    check_digits,
    exact_text,
    flint,
    fraction,
    matrix_of,
    midpoints,
    precision,
    sup,
)
from condenslab.landscape.proof.krawczyk import identity
from condenslab.landscape.proof.points import MAX_PRECISION, PRECISION
from condenslab.landscape.proof.polynomials import PREFIX, polynomial_name, rational_jacobian
from condenslab.landscape.proof.problem import Numbers, data_balls, exact_table
from condenslab.landscape.proof.shapes import Shape, canonical, shape_of, shape_values
from condenslab.landscape.proof.tangents import jacobian_rows
from condenslab.measures.rank import Rank
from condenslab.networks import MLP, TwoLayer

_ZERO_AT_ZERO = ("tanh", "x_tanh", "x2_tanh", "gelu", "swish")


@dataclass(frozen=True, eq=False)
class RankProof:
    """Proven bounds of the rank of ∂f_o(x_i)/∂θ at an exact θ on exact inputs.

    Attributes:
        at_least: Proven: the minor of `rows` and `columns` is not 0.
        at_most: Proven: by the reason `evidence`.
        evidence: What bounds the rank from above, in words.
        rows: Numbers of the minor's rows, output·samples + sample.
        columns: Numbers of its parameters, layer by layer.
        shape: The network's shape.
        theta: θ, exact numbers, layer by layer.
        inputs: x, exact numbers.
        precision: Binary digits that were used.
    """

    at_least: int
    at_most: int
    evidence: str
    rows: tuple[int, ...]
    columns: tuple[int, ...]
    shape: Shape
    theta: tuple[str, ...]
    inputs: tuple[tuple[str, ...], ...]
    precision: int

    @property
    def decided(self) -> bool:
        """Whether the bounds meet."""
        return self.at_least == self.at_most

    def certificate(self) -> dict[str, Any]:
        """Returns the certificate as plain values."""
        claim = {"at_least": self.at_least, "at_most": self.at_most, "evidence": self.evidence}
        body = {
            "precision": self.precision,
            "network": shape_values(self.shape),
            "theta": list(self.theta),
            "inputs": [list(row) for row in self.inputs],
            "minor": {"rows": list(self.rows), "columns": list(self.columns)},
            "claim": claim,
        }
        return sealed("model_rank", body)


def proven_rank(
    network: TwoLayer | MLP,
    probes: Any,
    *,
    polynomial: Sequence[Any] | None = None,
    digits: int = PRECISION,
    max_digits: int = MAX_PRECISION,
) -> RankProof:
    """Proves bounds of the empirical model rank at θ, the binary numbers that its floats are.

    From below by Gaussian elimination with full pivoting in ball arithmetic: every pivot that excludes 0 adds a row and
    a column to a minor that is not 0. From above by exact identities: with equal neurons (up to the symmetry of the
    activation), zero output weights, constant neurons, and σ′ = σ for exp, every ∂f/∂θ_j of a two-layer network is a
    rational combination of fewer functions, and the rank of the coefficients, computed exactly, bounds the model rank
    for any probes; for deeper networks by the parameters and by columns that are exactly 0. Where the activation is a
    polynomial, the Jacobian is a matrix of rational numbers, whose rank elimination over the rationals gives exactly.

    Args:
        network: θ, a dense network with a smooth activation.
        probes: Inputs, numbers or exact text, shape (sample, input).
        polynomial: The exact coefficients of a polynomial activation, which is always one's own, that of 1 first.
        digits: Binary digits to begin with.
        max_digits: At most so many.

    Raises:
        TypeError: The network is no dense one.
        UserError: A kinked activation or one's own, NaN, text that states no number, probes that are no rows of the
            network's inputs, or digits out of range.

    Example:
        >>> import jax.numpy as jnp
        >>> from condenslab.networks import activation
        >>> two = jnp.ones((2, 1), dtype="float64")
        >>> twins = TwoLayer(two, 0 * two[:, 0], two.T, None, activation("tanh"))
        >>> found = proven_rank(twins, [[-2], ["0.5"], [1], [3]])
        >>> found.at_least, found.at_most
        (3, 3)
    """
    shape = shape_of(network, None if polynomial is None else polynomial_name(network.activation, polynomial))
    theta = tuple(exact_text(value) for value in canonical(network))
    points = exact_table(probes)
    if not points or any(len(row) != shape.widths[0] for row in points):
        raise UserError(
            f"probes are rows of {shape.widths[0]} numbers, at least one. Got {len(points)} rows of another length."
        )
    check_digits(digits, max_digits)
    outputs = shape.widths[-1] * len(points)
    best: RankProof | None = None
    while digits <= max_digits:
        with precision(digits):
            rows = jacobian_rows(shape, [ball(text) for text in theta], data_balls(points))
            upper, evidence = _upper(shape, theta, points, rows)
            if outputs < upper:
                upper, evidence = outputs, f"there are {outputs} rows, samples times outputs"
            chosen = _minor(rows, shape.size, upper)
        best = RankProof(len(chosen[0]), upper, evidence, *chosen, shape, theta, points, digits)
        if best.decided:
            break
        digits *= 2
    assert best is not None
    return best


def with_proof(rank: Rank, proof: RankProof) -> Rank:
    """Returns a numerical rank that carries its proven lower bound.

    Args:
        rank: `measures.model_rank` of the same network on the same probes.
        proof: The proof.
    """
    return replace(rank, proven_at_least=proof.at_least)


def _minor(rows: Balls, size: int, upper: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns rows and columns of a minor that is proven not to be 0."""
    rest = matrix_of(rows, size)
    left, right = list(range(len(rows))), list(range(size))
    chosen: tuple[list[int], list[int]] = ([], [])
    while left and right and len(chosen[0]) < upper:
        sizes = np.array([float(entry.abs_lower().mid()) for entry in rest.entries()]).reshape(len(left), len(right))
        scale = sizes.max(axis=0)
        relative = sizes / np.where(scale > 0, np.sqrt(scale), 1.0)
        i, j = np.unravel_index(int(np.argmax(relative)), relative.shape)
        if not sizes[i, j] > 0:
            break
        chosen[0].append(left.pop(int(i)))
        chosen[1].append(right.pop(int(j)))
        entries = rest.tolist()
        lead = entries.pop(int(i))
        pivot = lead.pop(int(j))
        column = [row.pop(int(j)) / pivot for row in entries]
        update = matrix_of([[value] for value in column], 1) * matrix_of([lead], len(lead))
        rest = matrix_of(entries, len(lead)) - update
    return _sure(rows, (tuple(chosen[0]), tuple(chosen[1])))


def _sure(rows: Balls, chosen: tuple[tuple[int, ...], tuple[int, ...]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Returns the minor if ‖I − Y·M‖∞ < 1 for its matrix M and some Y as well, which is how it is checked."""
    size = len(chosen[0])
    matrix = matrix_of([[rows[i][j] for j in chosen[1]] for i in chosen[0]], size)
    try:
        inverse = midpoints(midpoints(matrix).inv()) if size else matrix
    except ZeroDivisionError:
        return (), ()
    return chosen if size == 0 or sup(identity(size) - inverse * matrix) < 1 else ((), ())


def _upper(shape: Shape, theta: Sequence[str], points: Numbers, rows: Balls) -> tuple[int, str]:
    if shape.activation.startswith(PREFIX):
        exact = rational_jacobian(shape, theta, points).rank()
        return exact, f"σ is a polynomial: elimination of the exact Jacobian over the rationals leaves rank {exact}"
    if len(shape.widths) != 3:
        zero = sum(all(row[k] == 0 for row in rows) for k in range(shape.size))
        return shape.size - zero, f"{shape.size} parameters, of which {zero} have derivatives that are exactly 0"
    table = coefficients(shape, [fraction(text) for text in theta])
    columns = sorted({key for row in table for key in row}, key=repr)
    entries = [
        flint.fmpq(v.numerator, v.denominator) for row in table for v in (row.get(c, Fraction(0)) for c in columns)
    ]
    found = flint.fmpq_mat(len(table), len(columns), entries).rank() if columns else 0
    return found, f"the {shape.size} tangent functions are rational combinations of {found} of them: exact identities"


def coefficients(shape: Shape, theta: Sequence[Fraction]) -> list[dict[tuple, Fraction]]:
    """Returns every ∂f/∂θ_j of a two-layer network as a combination of functions, up to factors that are not 0.

    The functions are σ_g·e_o ("s", g, o), σ′_g·x_i·e_o ("d", g, i, o) with i = −1 for the bias, e_o ("1", o) and
    x_i·e_o ("x", i, o), g a class of equal neurons.

    Args:
        shape: The network's shape.
        theta: θ, exact, layer by layer.
    """
    d, m, out = shape.widths
    biased, first = shape.biases[0], m * d + m * shape.biases[0]
    classes: list[tuple[Fraction, ...]] = []
    rows: list[dict[tuple, Fraction]] = [{} for _ in theta]
    for k in range(m):
        own = (*theta[k * d : (k + 1) * d], *([theta[m * d + k]] if biased else []))
        g, sign = _class_of(shape.activation, classes, own)
        still = not any(own[:d])
        dead = still and not any(own) and shape.activation in _ZERO_AT_ZERO
        flat = dead and shape.activation in ("x_tanh", "x2_tanh")
        slope = Fraction(sign if shape.activation in EVEN else 1)
        for o in range(out):
            a = theta[first + o * m + k]
            if not dead:
                rows[first + o * m + k] = {("1", o) if still else ("s", g, o): Fraction(1)}
            if flat or a == 0:
                continue
            for i in range(d):
                rows[k * d + i][("x", i, o) if still else ("d", g, i, o)] = a * slope
            if biased:
                exponential = ("s", g, o) if shape.activation == "exp" else ("d", g, -1, o)
                rows[m * d + k][("1", o) if still else exponential] = a * slope
    if shape.biases[1]:
        for o in range(out):
            rows[first + out * m + o] = {("1", o): Fraction(1)}
    return rows


def _class_of(activation: str, classes: list[tuple[Fraction, ...]], own: tuple[Fraction, ...]) -> tuple[int, int]:
    mirrored = tuple(-value for value in own)
    for number, other in enumerate(classes):
        if other == own:
            return number, 1
        if activation in ODD + EVEN and other == mirrored:
            return number, -1
    classes.append(own)
    return len(classes) - 1, 1
