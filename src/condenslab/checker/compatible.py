"""Checks critical points that are exact compatible embeddings, at any depth: the conditions, then three lower bounds.

With shares α whose sums over the copies of a neuron are 1 and whose sums Σ β_i·α_ij over copies i are equal, β = 1 for
the outputs, W′_ij = α_ij·W_{I(i)I(j)} is critical where W is (Zhang et al., J. Mach. Learn. 1(1), 2022, Theorem 5.1).
The pivots of LDLᵀ of the wide Hessian bound the positive and the negative eigenvalues from below, the families of
critical points and the symmetries through the point the zero ones; where the bounds add up, they are the inertia.
"""

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from typing import Any

from condenslab.checker.core import signs
from condenslab.checker.jets import Net, read_net, risk, skips
from condenslab.checker.point import COUNTS, Point, check_point, require_counts
from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational

Rows = list[list[Any]]
_VANISH = ("tanh", "x_tanh", "x2_tanh", "gelu", "swish")


def check_compatible(certificate: Any) -> Point:
    """Checks a point that is a compatible embedding of a narrower one.

    Args:
        certificate: Of kind compatible_point.

    Returns:
        The narrow point, with the inertia of the wide one.

    Raises:
        Refused: It does not prove what it claims.
    """
    point = check_point(need(certificate, "narrow", dict))
    net, parts, claim = point.data.net, need(certificate, "embedding", dict), need(certificate, "claim", dict)
    only(parts, "sources", "signs", "biases", "shares")
    only(claim, "inertia", "dimension", "widths")
    hidden = len(net.widths) - 2
    sources, signed, biases = (_rows(parts, name, hidden) for name in ("sources", "signs", "biases"))
    index = [list(range(net.widths[0])), *sources, list(range(net.widths[-1]))]
    values = {
        "widths": list(map(len, index)),
        "biases": net.biases,
        "activation": net.activation,
        "residual": net.residual,
    }
    wide = read_net(values)
    if skips(net) or skips(wide):
        raise Refused("layers that add their input have no such embeddings")
    _units(net, sources, signed, biases)
    shares = [
        [[rational(text) for text in row] for row in _grid(table)] for table in _rows(parts, "shares", hidden + 1)
    ]
    _conditions(net, index, shares)
    theta = _wide_theta(net, point.box, (index, signed, biases), shares)
    _, _, hessian = risk(replace(point.data, net=wide), theta, order=2)
    positive, negative, _ = signs(hessian)
    family, zero = _families(net, point, index, biases)
    zero += point.inertia[1]
    if positive + zero + negative > wide.size:
        raise Refused("more signs are proven than there are parameters: the zero modes cannot be right")
    stated = tuple(need(only(need(claim, "inertia", dict), *COUNTS), name, int) for name in COUNTS)
    require_counts(stated, (positive, zero, negative), wide.size)
    if need(claim, "widths", list) != wide.widths or need(claim, "dimension", int) != family:
        raise Refused("the claimed widths or dimension are not those of the embedding")
    return Point(point.data, point.box, (stated[0], stated[1], stated[2]), False)


def _units(net: Net, sources: Rows, signed: Rows, biases: Rows) -> None:
    for layer, (own, sign, bias) in enumerate(zip(sources, signed, biases, strict=True)):
        whole = all(type(value) is int for value in [*own, *sign])
        if not whole or not len(own) == len(sign) == len(bias) or {*own} - {-1} != set(range(net.widths[layer + 1])):
            raise Refused(f"hidden layer {layer} does not hold a copy of each narrow neuron, with a sign and a bias")
        mirrored = [s for s in sign if s != 1]
        if any(s != -1 for s in mirrored) or (mirrored and net.activation not in ("tanh", "x2_tanh", "x_tanh")):
            raise Refused("a mirrored copy needs an odd or even activation")
        for source, text in zip(own, bias, strict=True):
            moved, still = rational(text) != 0, net.activation in _VANISH
            if moved and (source != -1 or not net.biases[layer]):
                raise Refused("only a null neuron of a layer with biases has a bias of its own")
            if source == -1 and not net.biases[layer + 1] and (moved or not still):
                raise Refused("without a bias in the next layer a null neuron needs bias 0 and σ(0) = 0")


def _conditions(net: Net, index: list[list[int]], shares: list[list[list[Fraction]]]) -> None:
    beta = [Fraction(1)] * net.widths[-1]
    for layer in reversed(range(len(shares))):
        table, rows, columns = shares[layer], index[layer + 1], index[layer]
        if len(table) != len(rows) or any(len(row) != len(columns) for row in table):
            raise Refused(f"the shares of layer {layer} have another shape than its neurons")
        for row, k in zip(table, rows, strict=True):
            sums = {s: sum(v for v, c in zip(row, columns, strict=True) if c == s) for s in columns}
            if any(total != (min(k, s) >= 0) for s, total in sums.items()) or (k < 0 and any(row)):
                raise Refused(f"in layer {layer} the shares over the copies of a neuron do not have the sum 1")
        before = []
        for j, s in enumerate(columns):
            found = {
                sum(b * row[j] for b, row, r in zip(beta, table, rows, strict=True) if r == k) for k in rows if k >= 0
            }
            if len(found) > 1 or (s < 0 and any(row[j] for row in table)) or (layer and s >= 0 and found == {0}):
                raise Refused(f"in layer {layer} the sums of shares over the copies that read neuron {j} do not fit")
            before.append(found.pop() if found else Fraction(1))
        beta = before


def _wide_theta(net: Net, box: list[Any], units: tuple[list[list[int]], Rows, Rows], shares: list) -> list[Any]:
    (index, signed, biases), found, start = units, [], 0
    odd = net.activation in ("tanh", "x2_tanh")
    for layer, table in enumerate(shares):
        inner, outer = net.widths[layer : layer + 2]
        last = layer == len(shares) - 1
        for i, k in enumerate(index[layer + 1]):
            for j, s in enumerate(index[layer]):
                sign = (1 if last else signed[layer][i]) * (signed[layer - 1][j] if layer and odd else 1)
                found.append(
                    ball_of(str(sign * table[i][j])) * box[start + k * inner + s] if min(k, s) >= 0 else flint.arb(0)
                )
        for i, k in enumerate(index[layer + 1] if net.biases[layer] else []):
            null = ball_of(biases[layer][i]) if not last and k < 0 else None
            found.append(box[start + outer * inner + k] * (1 if last else signed[layer][i]) if null is None else null)
        start += (inner + net.biases[layer]) * outer
    return found


def _families(net: Net, point: Point, index: list[list[int]], biases: Rows) -> tuple[int, int]:
    """Returns the dimension of the family of embedded points, and how many zero modes the embedding adds for sure."""
    family = zero = 0
    for layer in range(1, len(index) - 1):
        copies, spare = Counter(index[layer]), len(index[layer - 1]) - net.widths[layer - 1]
        softmax = point.data.loss == "cross_entropy" and layer == len(index) - 2
        own, following = net.biases[layer - 1], net.biases[layer]
        for k, n in copies.items():
            if k >= 0:
                family += (n - 1) * (spare + _live(net, point.box, layer, k, softmax))
                gauge = (net.activation == "exp" and own) + softmax
                zero += (n - 1) * (spare + _live(net, point.box, layer, k, softmax) + gauge)
        rank = min(net.widths[layer + 1] - softmax, net.widths[layer - 1] + (own and not following))
        for source, text in zip(index[layer], biases[layer - 1], strict=True):
            if source < 0:
                flat = rational(text) == 0 and net.activation in ("x_tanh", "x2_tanh")
                family += spare + (own and following)
                zero += len(index[layer - 1]) + own + net.widths[layer + 1] - (0 if flat else 2 * rank)
    return family, zero


def _live(net: Net, box: list[Any], layer: int, neuron: int, softmax: bool) -> bool:
    """Returns whether a neuron's outgoing weights are proven not to vanish; under softmax, not to be all equal."""
    start = sum(
        (a + b) * c for a, b, c in zip(net.widths[:layer], net.biases[:layer], net.widths[1 : layer + 1], strict=True)
    )
    column = [box[start + k * net.widths[layer] + neuron] for k in range(net.widths[layer + 1])]
    return any(not (value - column[-1] if softmax else value).contains(0) for value in column)


def _rows(parts: Any, name: str, count: int) -> list[Any]:
    rows = need(parts, name, list)
    if len(rows) != count or any(not isinstance(row, list) for row in rows):
        raise Refused(f"the part {name!r} is not {count} lists")
    return rows


def _grid(table: list[Any]) -> list[list[Any]]:
    if any(not isinstance(row, list) for row in table):
        raise Refused("a table of shares is not rows of numbers")
    return table
