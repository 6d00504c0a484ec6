"""Checks which critical functions of two tanh neurons lie in the decided part of a box, rectangle by rectangle.

With U the two neurons as in `complete`, a the best output weights and r = y − Uᵀa, a critical point of two independent
neurons with output weights solves V·r = 0, V the four derivatives of U in (w_1², c_1, w_2², c_2). In (a, θ) the
equations U·r = 0, V·r = 0 have the derivative [[−G, P], [Q, R]]; a is eliminated, so that V·r has R + Q·G⁻¹·P.
"""

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from condenslab.checker.complete import curve, exact_ball, neuron, require_form
from condenslab.checker.jets import Data, read_data
from condenslab.checker.point import FRAME
from condenslab.checker.reading import Refused, flint, need, only, rational

_CUT = Fraction(31, 64)
_LEAVES = 10_000_000
Sides = tuple[Fraction, ...]
"""Least and largest w_1², c_1, w_2², c_2."""
Rows = Callable[[Sides, bool], list[list[Any]]]


def check_pairs(certificate: Any) -> str:
    """Checks every decided rectangle of a tree of cuts, and the part of the volume that they fill.

    Args:
        certificate: Of kind critical_pairs.

    Returns:
        What is proven, in words.

    Raises:
        Refused: It does not prove what it claims.
    """
    flint.ctx.prec = 96
    only(certificate, "precision", "problem", "box", "tree", "claim", *FRAME)
    data = read_data(need(certificate, "problem", dict))
    require_form(data)
    box, tree = need(certificate, "box", list), need(certificate, "tree", str)
    whole: Sides = tuple(rational(text) for part in box for text in part)
    if len(box) != 2 or len(whole) != 8 or not all(a < b for a, b in zip(whole[::2], whole[1::2], strict=True)):
        raise Refused("the box is not two rectangles")
    if whole[0] < 0 or whole[4] < 0 or len(tree) > _LEAVES:
        raise Refused("the box holds negative squares, or the tree is too large")
    decided, roots = _walk(data, whole, tree)
    claim = only(need(certificate, "claim", dict), "count", "decided", "undecided")
    if need(claim, "count", int) != len(roots) or need(claim, "undecided", int) != tree.count("."):
        raise Refused("the claimed numbers are not those of the tree")
    if rational(need(claim, "decided", str)) != decided:
        raise Refused("the claimed part of the volume is not that of the decided rectangles")
    part = "in the whole box" if decided == 1 else f"in {100 * float(decided):.3g} % of the box's volume"
    ends = ", ".join(f"{name} from {float(a):.6g} to {float(b):.6g}" for name, a, b in _named(whole))
    return f"exactly {len(roots)} critical functions of two independent neurons with output weights {part}: {ends}"


def _named(whole: Sides) -> list[tuple[str, Fraction, Fraction]]:
    names = ("w_1²", "−b_1/w_1", "w_2²", "−b_2/w_2")
    return [(name, whole[2 * k], whole[2 * k + 1]) for k, name in enumerate(names)]


def _walk(data: Data, whole: Sides, tree: str) -> tuple[Fraction, list[Sides]]:
    """Returns the decided part of the volume and the rectangles with one function, after checking every leaf."""
    pending, roots, decided, total = [(whole, Fraction(1))], [], Fraction(0), Fraction(1)

    @lru_cache(maxsize=1024)
    def rows(part: Sides, point: bool) -> list[list[Any]]:
        ends = [exact_ball(end) for end in part]
        units = [neuron(x[0], ends, 1) if point else [_height(x[0], ends), *neuron(x[0], ends, 2)[1:]] for x in data.x]
        return [list(row) for row in zip(*units, strict=True)]

    for code in tree:
        if not pending:
            raise Refused("the tree of cuts goes on after its end")
        sides, volume = pending.pop()
        if code in "0123":
            low, high = sides[2 * int(code)], sides[2 * int(code) + 1]
            middle, place = low + _CUT * (high - low), 2 * int(code)
            pending.append(((*sides[: place + 0], middle, *sides[place + 1 :]), (1 - _CUT) * volume))
            pending.append(((*sides[: place + 1], middle, *sides[place + 2 :]), _CUT * volume))
        elif code == "s" and whole[:4] == whole[4:] and sides[2] >= sides[7]:
            total -= volume
        elif code in "xr" and _look(data, rows, sides) == code:
            decided += volume
            roots += [sides] if code == "r" else []
        elif code != ".":
            where = ", ".join(f"{name} = {float(a):.6g}" for name, a, _ in _named(sides))
            raise Refused(f"a rectangle is not what the certificate says: that at {where}")
    if pending:
        raise Refused("the tree of cuts ends too early")
    if any(_meet(a, (*b[4:], *b[:4])) for i, a in enumerate(roots) for b in roots[: i + 1]):
        raise Refused("two rectangles may hold the same function, its neurons exchanged")
    return (decided / total if total else Fraction(0)), roots


def _look(data: Data, rows: Rows, sides: Sides) -> str:
    """Returns "x" where no solution lies in a rectangle, "r" where exactly one does, else nothing."""
    y = flint.arb_mat(data.y)
    parts = sides[:4], sides[4:]
    points = [tuple((part[k - k % 2] + part[k - k % 2 + 1]) / 2 for k in range(4)) for part in parts]
    spans = [exact_ball((b - a) / 2) * flint.arb(0, 1) for a, b in zip(sides[::2], sides[1::2], strict=True)]
    try:
        a, at = _equations(rows(points[0], True), rows(points[1], True), y)
        slopes = _slopes([rows(part, False) for part in parts], y, _middle(a))
        reach = (slopes * flint.arb_mat([[span] for span in spans])).entries()
        if any(not (value + more).contains(0) for value, more in zip(at, reach, strict=True)):
            return "x"
        inverse = _middle(_middle(slopes).inv())
    except ZeroDivisionError:
        return ""
    one = flint.arb_mat(4, 4, [int(k % 5 == 0) for k in range(16)])
    image = ((one - inverse * slopes) * flint.arb_mat([[span] for span in spans])).entries()
    image = [
        value - step for value, step in zip(image, (inverse * flint.arb_mat([[v] for v in at])).entries(), strict=True)
    ]
    if any(not value.overlaps(span) for value, span in zip(image, spans, strict=True)):
        return "x"
    if not all(span.contains_interior(value) for value, span in zip(image, spans, strict=True)):
        return ""
    middles = [exact_ball(value) for point in points for value in point[::2]]
    return "r" if _has_weights(data, [m + value for m, value in zip(middles, image, strict=True)], y) else ""


def _equations(first: list[list[Any]], second: list[list[Any]], y: Any) -> tuple[Any, list[Any]]:
    """Returns a and V·r at a point."""
    u, v = flint.arb_mat([first[0], second[0]]), flint.arb_mat([*first[1:3], *second[1:3]])
    a = (u * u.transpose()).solve(u * y)
    return a, (v * (y - u.transpose() * a)).entries()


def _slopes(units: list[list[list[Any]]], y: Any, near: Any) -> Any:
    """Returns R + Q·G⁻¹·P over a rectangle, `near` being exact output weights next to a."""
    u, v = flint.arb_mat([rows[0] for rows in units]), flint.arb_mat([row for rows in units for row in rows[1:3]])
    gram, across, inner = u * u.transpose(), (u * v.transpose()), (v * v.transpose())
    r = y - u.transpose() * near
    move = gram.solve(u * r)
    a, r = (near + move).entries(), r - u.transpose() * move
    pull, bent = (v * r).entries(), [(flint.arb_mat(rows[3:]) * r).entries() for rows in units]
    p, rest = flint.arb_mat(2, 4), flint.arb_mat(4, 4)
    for t in range(4):
        own = t // 2
        for i in range(2):
            p[i, t] = (pull[t] if i == own else flint.arb(0)) - across[i, t] * a[own]
        for k in range(4):
            rest[k, t] = (bent[own][k % 2 + t % 2] if k // 2 == own else flint.arb(0)) - inner[k, t] * a[own]
    return rest - across.transpose() * gram.solve(p)


def _has_weights(data: Data, box: list[Any], y: Any) -> bool:
    """Returns whether the neurons are independent, not constant, and have output weights, for all of a box."""
    rows = []
    for q, c in (box[:2], box[2:]):
        v = [x[0] - c for x in data.x]
        rows.append([own * curve(q * own * own)[0] for own in v])
    u = flint.arb_mat(rows)
    try:
        a = (u * u.transpose()).solve(u * y).entries()
    except ZeroDivisionError:
        return False
    return bool(box[0] > 0 and box[2] > 0) and not any(value.contains(0) for value in a)


def _height(x: Any, ends: list[Any]) -> Any:
    """Returns u = v·T(q·v²) over a rectangle: it rises in v, and |u| falls in q."""
    v = x - ends[2].union(ends[3])
    low, high = v.lower(), v.upper()
    bottom = low * curve((ends[1] if low > 0 else ends[0]) * low * low)[0]
    top = high * curve((ends[1] if high < 0 else ends[0]) * high * high)[0]
    return bottom.union(top)


def _meet(a: Sides, b: Sides) -> bool:
    return all(a[k] <= b[k + 1] and b[k] <= a[k + 1] for k in range(0, 8, 2))


def _middle(matrix: Any) -> Any:
    return flint.arb_mat(matrix.nrows(), matrix.ncols(), [entry.mid() for entry in matrix.entries()])
