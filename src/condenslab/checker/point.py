"""Checks the certificate of a critical point: Krawczyk's theorem, then the signs of the Hessian."""

from dataclasses import dataclass
from typing import Any

from condenslab.checker.families import section_inertia
from condenslab.checker.jets import Data, read_data, risk
from condenslab.checker.reading import Refused, ball_of, flint, need, only, stated_ball

_PRECISION = (53, 4096)
_GUARD = 40  # power series lose some digits to cancellation that closed forms do not
FRAME = ("format", "version", "kind", "versions", "sha256")
COUNTS = ("positive", "zero", "negative", "open")


@dataclass(frozen=True)
class Point:
    """A checked point: its data, the box in which it lies, and its inertia (positive, zero, negative)."""

    data: Data
    box: list[Any]
    inertia: tuple[int, int, int]
    isolated: bool


def check_point(certificate: Any) -> Point:
    """Proves again that exactly one critical point lies in the stated box, its inertia, R and ∇²R.

    Args:
        certificate: Of kind critical_point.

    Raises:
        Refused: It does not prove what it claims.
    """
    digits = need(certificate, "precision", int)
    if not _PRECISION[0] <= digits <= _PRECISION[1]:
        raise Refused(f"a precision of {digits} digits is out of range")
    flint.ctx.prec = digits + _GUARD
    only(certificate, "precision", "problem", "point", "claim", *FRAME)
    data, point = read_data(need(certificate, "problem", dict)), need(certificate, "point", dict)
    only(point, "centre", "radius", "existence", "equations", "unknowns")
    centre = [ball_of(text) for text in need(point, "centre", list)]
    if len(centre) != data.net.size or any(value.rad() != 0 for value in centre):
        raise Refused("the centre is not a list of exact numbers, one a parameter")
    rows, columns = (_numbers(point, name, data.net.size) for name in ("equations", "unknowns"))
    if len(rows) != len(columns):
        raise Refused("there are not as many equations as unknowns")
    radius, existence = ball_of(need(point, "radius", str)), ball_of(need(point, "existence", str))
    if not existence >= 0 or not radius > 0:
        raise Refused("the radii are not positive")
    box = _box(centre, columns, existence)
    value, _, hessian = risk(data, box, order=2)
    _krawczyk(data, (centre, hessian), (rows, columns), (radius, existence))
    claim = only(need(certificate, "claim", dict), "inertia", "risk", "hessian")
    _contained(claim, value, hessian)
    inertia = section_inertia(data, (need(point, "centre", list), radius - existence), (rows, columns), hessian)
    claimed = only(need(claim, "inertia", dict), *COUNTS)
    stated = tuple(need(claimed, name, int) for name in COUNTS)
    require_counts(stated, inertia, data.net.size)
    return Point(data, box, (stated[0], stated[1], stated[2]), rows == columns == list(range(data.net.size)))


def require_counts(stated: tuple[int, ...], proven: tuple[int, int, int], size: int) -> None:
    """Refuses counts that are not proven, or that do not add up to the number of parameters.

    Args:
        stated: (positive, zero, negative, open), claimed.
        proven: (positive, zero, negative), proven here.
        size: The number of parameters.
    """
    if sum(stated) != size or min(stated) < 0:
        raise Refused(f"the claimed inertia {stated} does not add up to {size} parameters")
    if any(claimed > own for claimed, own in zip(stated, proven, strict=False)):
        raise Refused(f"the claimed inertia {stated[:3]} is not proven: the check proves {proven}")


def _krawczyk(
    data: Data, about: tuple[list[Any], Any], section: tuple[list[int], list[int]], radii: tuple[Any, Any]
) -> None:
    """Checks that x − Yg(x) + (I − YH(X))(X − x) lies inside X for X of the stated radius."""
    (centre, hessian), (rows, columns), (radius, existence) = about, section, radii
    _, gradient, _ = risk(data, centre, order=1)
    y = _middle(_sub(hessian, rows, columns))
    try:
        y = _middle(y.inv()) if rows else y
    except ZeroDivisionError:
        raise Refused("the Hessian at the centre cannot be inverted: nothing is proven") from None
    newton = _norm(y * flint.arb_mat([[gradient[k]] for k in rows])) if rows else flint.arb(0)
    _, _, wide = risk(data, _box(centre, columns, radius), order=2)
    contraction = _norm(
        flint.arb_mat(len(rows), len(rows), [int(i == j) for i in range(len(rows)) for j in range(len(rows))])
        - y * _sub(wide, rows, columns)
    )
    if not newton + contraction * radius < radius:
        raise Refused("Krawczyk's operator does not map the stated box into itself: no critical point is proven there")
    if not newton <= existence * (1 - contraction):
        raise Refused("the point is not proven to lie as near to the centre as the certificate says")


def _contained(claim: Any, value: Any, hessian: Any) -> None:
    if not stated_ball(need(claim, "risk", list)).contains(value):
        raise Refused("R at the point is not in the claimed ball")
    size = hessian.nrows()
    entries = [hessian[i, j] for i in range(size) for j in range(i, size)]
    claimed = need(claim, "hessian", list)
    if len(claimed) != len(entries):
        raise Refused("the claimed Hessian has a wrong number of entries")
    if not all(stated_ball(pair).contains(entry) for pair, entry in zip(claimed, entries, strict=True)):
        raise Refused("the Hessian at the point is not in the claimed balls")


def _numbers(point: Any, name: str, size: int) -> list[int]:
    values = need(point, name, list)
    if any(type(k) is not int or not 0 <= k < size for k in values) or len(set(values)) != len(values):
        raise Refused(f"the {name} are no numbers of parameters")
    return values


def _box(centre: list[Any], columns: list[int], radius: Any) -> list[Any]:
    moving, width = set(columns), (-radius).union(radius)
    return [value + width if k in moving else value for k, value in enumerate(centre)]


def _sub(matrix: Any, rows: list[int], columns: list[int]) -> Any:
    return flint.arb_mat(len(rows), len(columns), [matrix[i, j] for i in rows for j in columns])


def _middle(matrix: Any) -> Any:
    return flint.arb_mat(matrix.nrows(), matrix.ncols(), [entry.mid() for entry in matrix.entries()])


def _norm(matrix: Any) -> Any:
    """Returns a ball above the largest absolute row sum."""
    sums = [sum((abs(entry) for entry in row), flint.arb(0)) for row in matrix.tolist()]
    largest = flint.arb(0)
    for value in sums:
        largest = largest.max(value)
    return largest.upper()
