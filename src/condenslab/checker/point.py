"""Checks the certificate of a critical point: Krawczyk's theorem, then the signs of the Hessian."""

from dataclasses import dataclass
from typing import Any

from condenslab.checker.core import around, check_krawczyk
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
    near = around(centre, columns, existence)
    value, _, hessian = risk(data, near, order=2)
    section, radii = (rows, columns), (radius, existence)
    check_krawczyk(lambda box, order: risk(data, box, order=order)[1:], (centre, hessian), section, radii)
    claim = only(need(certificate, "claim", dict), "inertia", "risk", "hessian")
    _contained(claim, value, hessian)
    inertia = section_inertia(data, (need(point, "centre", list), radius - existence), section, hessian)
    claimed = only(need(claim, "inertia", dict), *COUNTS)
    stated = tuple(need(claimed, name, int) for name in COUNTS)
    require_counts(stated, inertia, data.net.size)
    return Point(data, near, (stated[0], stated[1], stated[2]), rows == columns == list(range(data.net.size)))


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


def _contained(claim: Any, value: Any, hessian: Any) -> None:
    if not stated_ball(need(claim, "risk", list)).contains(value):
        raise Refused("R at the point is not in the claimed ball")
    size = hessian.nrows()
    entries = [(hessian[i, j], hessian[j, i]) for i in range(size) for j in range(i, size)]
    claimed = need(claim, "hessian", list)
    if len(claimed) != len(entries):
        raise Refused("the claimed Hessian has a wrong number of entries")
    balls = map(stated_ball, claimed)
    if not all(ball.contains(a) and ball.contains(b) for ball, (a, b) in zip(balls, entries, strict=True)):
        raise Refused("the Hessian at the point is not in the claimed balls")


def _numbers(point: Any, name: str, size: int) -> list[int]:
    values = need(point, name, list)
    if any(type(k) is not int or not 0 <= k < size for k in values) or len(set(values)) != len(values):
        raise Refused(f"the {name} are no numbers of parameters")
    return values
