"""Checks that tanh networks of width 1 have exactly the stated critical functions in a box.

With T(y) = tanh(√y)/√y, completely monotone in y ≥ 0 (T = Σ 2/(y + (k − ½)²π²)), a neuron divided by its weight is
u = v·T(q·v²), v = x − c, q = w². At the best output weight a = N/D, N = Σ y·u, D = Σ u², the equations of a critical
point are Σ (a·u − y)·∂u = 0 for ∂ = ∂_q, ∂_c; multiplied by D, they are followed over rectangles by bisection.
"""

from collections import Counter
from fractions import Fraction
from typing import Any

from condenslab.checker.jets import Data, read_data
from condenslab.checker.point import FRAME
from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational, stated_ball

_BOXES = 4_000_000
_TINY = 2.0**-18
_SMALLEST = Fraction(1, 2**45)
Sides = tuple[Fraction, Fraction, Fraction, Fraction]


def check_complete(certificate: Any) -> str:
    """Checks the stated functions and that there is no other.

    Args:
        certificate: Of kind complete_width_1.

    Returns:
        What is proven, in words.

    Raises:
        Refused: It does not prove what it claims.
    """
    flint.ctx.prec = 128
    data = read_data(need(certificate, "problem", dict))
    require_form(data)
    only(certificate, "precision", "problem", "box", "roots", "claim", *FRAME)
    box = only(need(certificate, "box", dict), "largest_weight", "centres")
    claim = only(need(certificate, "claim", dict), "count", "every_bias")
    weight = rational(need(box, "largest_weight", str))
    low, high = (rational(text) for text in need(box, "centres", list))
    roots = [_root(data, entry) for entry in need(certificate, "roots", list)]
    if weight <= 0 or low >= high or len(roots) != need(claim, "count", int):
        raise Refused("the box is empty, or the number of functions is not that of the roots")
    if any(_meet(a, b) for i, a in enumerate(roots) for b in roots[:i]):
        raise Refused("two roots may be the same")
    if any(r[0] <= 0 or r[1] > weight * weight or r[2] < low or r[3] > high for r in roots):
        raise Refused("a root lies outside the box")
    every = need(claim, "every_bias", bool)
    if every:
        _odd(data, certificate["problem"], (low, high))
    half = every and low == -high and all((r[0], r[1], -r[3], -r[2]) in roots for r in roots)
    # Odd data: f(x) → −f(−x) maps (q, c) to (q, −c), so half of the box and a margin decide.
    _cover(data, (Fraction(0), weight * weight, -high / 50 if half else low, high), roots)
    where = "with any bias" if every else f"with −b/w from {float(low):g} to {float(high):g}"
    return f"exactly {len(roots)} critical functions of width 1 besides 0 for 0 < |w| ≤ {float(weight):g}, {where}"


def require_form(data: Data) -> None:
    """Refuses problems of another form than completeness is for.

    Args:
        data: The problem.

    Raises:
        Refused: It is of another form.
    """
    net = data.net
    fits = len(net.widths) == 3 and net.widths[0] == net.widths[-1] == 1 and net.biases == [True, False]
    if not fits or net.activation != "tanh" or data.loss != "squared" or data.stated["weights"] is not None:
        raise Refused("completeness is for tanh networks with one input and one output and the squared loss")


def _cover(data: Data, whole: Sides, roots: list[Sides]) -> None:
    pending, seen = [whole], 0
    least = (whole[1] - whole[0]) * (whole[3] - whole[2]) * _SMALLEST
    while pending:
        part, seen = pending.pop(), seen + 1
        if seen > _BOXES or (part[1] - part[0]) * (part[3] - part[2]) < least:
            where = f"w² = {float(part[0]):.6g}, −b/w = {float(part[2]):.6g}"
            raise Refused(f"next to {where} there may be a critical function that is not stated")
        inside = any(r[0] <= part[0] and part[1] <= r[1] and r[2] <= part[2] and part[3] <= r[3] for r in roots)
        if not inside and not _free(data, part):
            a, b, c, d = part
            # Half the side that u feels more: relative in q away from 0, absolute in c.
            if 4 * (b - a) > (d - c) * (a + b + Fraction(1, 50)):
                pending += [(a, (a + b) / 2, c, d), ((a + b) / 2, b, c, d)]
            else:
                pending += [(a, b, c, (c + d) / 2), (a, b, (c + d) / 2, d)]


def _free(data: Data, part: Sides) -> bool:
    """Returns whether an equation has no solution in the rectangle, by the mean value theorem."""
    centre = ((part[0] + part[1]) / 2, (part[2] + part[3]) / 2)
    at, _ = _system(data, (centre[0], centre[0], centre[1], centre[1]), order=1)
    _, slopes = _system(data, part)
    dq, dc = (_span(-half, half) for half in ((part[1] - part[0]) / 2, (part[3] - part[2]) / 2))
    return any(not (at[k] + slopes[k][0] * dq + slopes[k][1] * dc).contains(0) for k in range(2))


def _root(data: Data, entry: Any) -> Sides:
    """Returns the rectangle of a root after proving that it holds exactly one, with the stated output weight."""
    ends = [rational(text) for text in need(only(entry, "rectangle", "a"), "rectangle", list)]
    if len(ends) != 4 or not ends[0] < ends[1] or not ends[2] < ends[3]:
        raise Refused("a root's rectangle is none")
    part = (ends[0], ends[1], ends[2], ends[3])
    centre = ((part[0] + part[1]) / 2, (part[2] + part[3]) / 2)
    at, point = _system(data, (centre[0], centre[0], centre[1], centre[1]))
    _, slopes = _system(data, part)
    middle = flint.arb_mat(2, 2, [value.mid() for row in point for value in row])
    try:
        y = flint.arb_mat(2, 2, [value.mid() for value in middle.inv().entries()])
    except ZeroDivisionError:
        raise Refused("a root's Jacobian is singular") from None
    spans = [_span(-half, half) for half in ((part[1] - part[0]) / 2, (part[3] - part[2]) / 2)]
    rest = flint.arb_mat(2, 2, [1, 0, 0, 1]) - y * flint.arb_mat(slopes)
    move = y * flint.arb_mat([[value] for value in at])
    image = [rest[k, 0] * spans[0] + rest[k, 1] * spans[1] - move[k, 0] for k in range(2)]
    if not all(spans[k].contains_interior(image[k]) for k in range(2)):
        raise Refused("a root's rectangle is not proven to hold exactly one critical function")
    q, c = (exact_ball(value) + part_image for value, part_image in zip(centre, image, strict=True))
    stated = stated_ball(need(entry, "a", list))
    if stated.contains(0) or not stated.overlaps(_weight(data, q, c)):
        raise Refused("a root's output weight is not the stated one, or may be 0")
    return part


def _weight(data: Data, q: Any, c: Any) -> Any:
    w = q.sqrt()
    s = [(w * (x[0] - c)).tanh() for x in data.x]
    return sum((a * y[0] for a, y in zip(s, data.y, strict=True)), flint.arb(0)) / sum((a * a for a in s), flint.arb(0))


def _system(data: Data, part: Sides, *, order: int = 2) -> tuple[list[Any], list[list[Any]]]:
    """Returns both equations: of order 1 at a point, of order 2 over a rectangle with their derivatives in q and c."""
    ends = [exact_ball(end) for end in part]
    units = [neuron(x[0], ends, order) for x in data.x]
    rows = flint.arb_mat(units)
    n = (rows.transpose() * flint.arb_mat(data.y)).entries()
    dd = (rows.transpose() * rows).tolist()
    equations = [dd[0][0] * n[k] - n[0] * dd[0][k] for k in (1, 2)]
    if order < 2:
        return equations, []
    second = {(1, 1): 3, (1, 2): 4, (2, 1): 4, (2, 2): 5}
    slopes = []
    for k in (1, 2):
        row = []
        for j in (1, 2):
            d_gram = 2 * dd[0][j] * n[k] + dd[0][0] * n[second[k, j]]
            row.append(d_gram - n[j] * dd[0][k] - n[0] * (dd[j][k] + dd[0][second[k, j]]))
        slopes.append(row)
    return equations, slopes


def neuron(x: Any, ends: list[Any], order: int) -> list[Any]:
    """Returns u, u_q, u_c at a point, and of order 2 over a rectangle, with u_qq, u_qc, u_cc.

    Args:
        x: An input, a ball.
        ends: Balls: least and largest q, least and largest c.
        order: 1 or 2.
    """
    q, v = ends[0].union(ends[1]), x - ends[2].union(ends[3])
    if order < 2:  # at a point
        vv = v * v
        t, t1, _ = curve(q * vv)
        return [v * t, v * vv * t1, -(t + 2 * q * vv * t1)]
    low, high = v.abs_lower() * v.abs_lower(), v.abs_upper() * v.abs_upper()
    curves = zip(curve(ends[0] * low), curve(ends[1] * high), strict=True)
    t, t1, t2 = (a.union(b) for a, b in curves)  # each is monotone
    vv = low.union(high)
    y = q * vv
    first, bend = [v * t, v * vv * t1, -(t + 2 * y * t1)], 3 * t1 + 2 * y * t2
    return [*first, v * vv * vv * t2, -vv * bend, 2 * q * v * bend]


def curve(y: Any) -> tuple[Any, Any, Any]:
    """Returns T, T′, T″ at y ≥ 0 by 2yT′ = 1 − T − yT² and its derivative; next to 0 between alternating sums.

    Args:
        y: A ball.
    """
    if y < _TINY:
        top = y.upper().max(flint.arb(0))
        near = flint.arb(0).union(top)
        return 1 - near / 3, flint.arb(-1) / 3 + near * 4 / 15, flint.arb(4) / 15 - near * 34 / 105
    root = y.sqrt()
    t = (1 - 2 / ((2 * root).exp() + 1)) / root
    t1 = (1 - t - y * t * t) / (2 * y)
    return t, t1, -(t * t + 2 * y * t * t1 + 3 * t1) / (2 * y)


def _odd(data: Data, problem: Any, centres: tuple[Fraction, Fraction]) -> None:
    """Checks the hypotheses under which no function is centred outside the data."""
    x = [rational(row[0]) for row in problem["inputs"]]
    reach = max(map(abs, x))
    if centres[0] > -reach or centres[1] < reach or len(set(x)) != len(x) or {-value for value in x} != set(x):
        raise Refused("not every bias is covered: the inputs are not symmetric, or the centres do not cover them")
    if problem["teacher"] is None:
        y = dict(zip(x, (rational(row[0]) for row in problem["targets"]), strict=True))
        odd = all(y[-value] == -y[value] for value in x)
    else:
        teacher = problem["teacher"]
        m, theta = teacher["widths"][1], [rational(text) for text in teacher["theta"]]
        units = Counter(zip(theta[:m], theta[m : 2 * m], theta[2 * m :], strict=True))
        mirrored = Counter((w, -b, a) for w, b, a in units.elements())
        odd = teacher["activation"] == "tanh" and teacher["biases"] == [True, False] and units == mirrored
        odd = odd and len(teacher["widths"]) == 3
    signs = all(own[0] * y[0] >= 0 for own, y in zip(data.x, data.y, strict=True) if own[0] != 0)
    if not odd or not signs or not any(y[0] != 0 for y in data.y):
        raise Refused("not every bias is covered: the targets are not odd with x·y ≥ 0")


def _meet(a: Sides, b: Sides) -> bool:
    return a[0] <= b[1] and b[0] <= a[1] and a[2] <= b[3] and b[2] <= a[3]


def exact_ball(value: Fraction) -> Any:
    """Returns a ball around a fraction.

    Args:
        value: The fraction.
    """
    return ball_of(str(value))


def _span(low: Fraction, high: Fraction) -> Any:
    return exact_ball(low).union(exact_ball(high))
