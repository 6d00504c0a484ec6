"""Checks bounds of a model rank: a minor that is not 0, and identities among the tangent functions."""

from fractions import Fraction
from typing import Any

from condenslab.checker.jets import Net, outputs, read_net
from condenslab.checker.point import FRAME
from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational, table

_GUARD = 40


def check_rank(certificate: Any) -> str:
    """Checks both bounds.

    Args:
        certificate: Of kind model_rank.

    Returns:
        What is proven, in words.

    Raises:
        Refused: It does not prove what it claims.
    """
    digits = need(certificate, "precision", int)
    if not 53 <= digits <= 4096:
        raise Refused(f"a precision of {digits} digits is out of range")
    flint.ctx.prec = digits + _GUARD
    only(certificate, "precision", "network", "theta", "inputs", "minor", "claim", *FRAME)
    net = read_net(need(certificate, "network", dict))
    theta = need(certificate, "theta", list)
    if len(theta) != net.size:
        raise Refused("there are not as many numbers as parameters")
    x = table(need(certificate, "inputs", list), net.widths[0])
    minor = only(need(certificate, "minor", dict), "rows", "columns")
    claim = only(need(certificate, "claim", dict), "at_least", "at_most", "evidence")
    rows, columns = need(minor, "rows", list), need(minor, "columns", list)
    low, high = need(claim, "at_least", int), need(claim, "at_most", int)
    if not len(rows) == len(set(rows)) == len(set(columns)) == len(columns) == low:
        raise Refused("the minor has another size than the claimed rank")
    jets = [outputs(net, [ball_of(text) for text in theta], row, order=1) for row in x]
    tangents = [jets[i][o][1] for o in range(net.widths[-1]) for i in range(len(x))]
    _nonsingular(tangents, rows, columns, net.size)
    exact = [rational(text) for text in theta]
    polynomial = net.activation.startswith("polynomial ")
    bound = _rational(net, exact, certificate["inputs"]) if polynomial else _identities(net, exact, tangents)
    bound = min(len(tangents), bound)
    if high < bound:
        raise Refused(f"the claimed upper bound {high} is not proven: the check proves {bound}")
    return f"the model rank on {len(x)} inputs is at least {low} and at most {high}"


def _nonsingular(tangents: list[Any], rows: list[int], columns: list[int], size: int) -> None:
    if any(type(k) is not int or not 0 <= k < len(tangents) for k in rows) or any(
        type(k) is not int or not 0 <= k < size for k in columns
    ):
        raise Refused("the minor's rows or columns do not exist")
    try:
        if rows:
            flint.arb_mat(
                [[tangents[i].get(j, 0) for j in columns] for i in rows]
            ).inv()  # exists for no singular member
    except ZeroDivisionError:
        raise Refused("the minor may be 0: its ball holds 0") from None


def _identities(net: Net, theta: list[Fraction], tangents: list[Any]) -> int:
    """Returns a bound of the rank: of two-layer networks by classes of equal neurons, else by zero columns."""
    if len(net.widths) != 3:
        return sum(any(row.get(k, 0) != 0 for row in tangents) for k in range(net.size))
    d, m, out = net.widths
    size = d + net.biases[0]
    groups: dict[tuple[Fraction, ...], list[list[Fraction]]] = {}
    constant, linear = net.biases[1], []
    for k in range(m):
        own = tuple(theta[k * d : (k + 1) * d]) + ((theta[m * d + k],) if net.biases[0] else ())
        a = [theta[m * size + o * m + k] for o in range(out)]
        if not any(own[:d]):
            at_zero = not any(own) and net.activation in ("tanh", "x_tanh", "x2_tanh", "gelu", "swish")
            constant = constant or not at_zero
            if not (at_zero and net.activation in ("x_tanh", "x2_tanh")):
                linear.append(a)
            continue
        sign = next((1 if value > 0 else -1 for value in own if value), 1)
        if net.activation in ("tanh", "x_tanh", "x2_tanh"):
            own = tuple(sign * value for value in own)
        groups.setdefault(own, []).append(a)
    moving = d if net.activation == "exp" and net.biases[0] else size
    total = sum(out + moving * _rank(rows) for rows in groups.values())
    return total + _affine_part(out, d, bool(net.biases[0]), constant, linear)


def _rational(net: Net, theta: list[Fraction], inputs: list[list[str]]) -> int:
    """Returns the exact rank where σ is a polynomial: f(θ + t·e_k) modulo t², for every k, in rational arithmetic."""
    coefficients = [_fmpq(rational(text)) for text in net.activation.split()[1:]]
    columns = []
    for k in range(net.size):
        moved = [flint.fmpq_poly([_fmpq(value), int(i == k)]) for i, value in enumerate(theta)]
        columns.append([f[1] for row in inputs for f in _series(net, moved, coefficients, list(map(rational, row)))])
    return flint.fmpq_mat(columns).rank()


def _series(net: Net, theta: list[Any], coefficients: list[Any], x: list[Fraction]) -> list[Any]:
    hidden, start, square = [flint.fmpq_poly([_fmpq(value)]) for value in x], 0, flint.fmpq_poly([0, 0, 1])
    for number, (outer, biased) in enumerate(zip(net.widths[1:], net.biases, strict=True)):
        inner, z = len(hidden), []
        for i in range(outer):
            row = theta[start + i * inner : start + (i + 1) * inner] + (
                [theta[start + outer * inner + i]] if biased else []
            )
            terms = zip(row, [*hidden, flint.fmpq_poly([1])], strict=False)
            z.append(sum((w * h for w, h in terms), flint.fmpq_poly([0])) % square)
        start += (inner + biased) * outer
        if number == len(net.biases) - 1:
            return z
        bent = [flint.fmpq_poly([0])] * outer
        for c in reversed(coefficients):
            bent = [(s * value + c) % square for s, value in zip(bent, z, strict=True)]
        hidden = [a + b for a, b in zip(bent, hidden, strict=True)] if net.residual and inner == outer else bent
    raise Refused("the network has no layer")


def _fmpq(value: Fraction) -> Any:
    return flint.fmpq(value.numerator, value.denominator)


def _affine_part(out: int, d: int, biased: bool, constant: bool, linear: list[list[Fraction]]) -> int:
    """Constant neurons span x_i·a for their output weights a, and constants: all of them, or along a with biases."""
    slopes = _rank(linear) if linear else 0
    return d * slopes + (out if constant else slopes * biased)


def _rank(rows: list[list[Fraction]]) -> int:
    return flint.fmpq_mat([[_fmpq(v) for v in row] for row in rows]).rank()
