"""Rectangles of (w², c) with exact sides."""

from fractions import Fraction
from typing import Any

from condenslab.landscape.proof.exact import ball

Rectangle = tuple[Fraction, Fraction, Fraction, Fraction]
"""(least w², largest w², least c, largest c)."""


def halves(part: Rectangle) -> list[Rectangle]:
    """Returns both halves of a rectangle, cut across the side along which a neuron changes more.

    Args:
        part: The rectangle.
    """
    q0, q1, c0, c1 = part
    # ŝ moves by about |x|³ per unit of q and by 1 per unit of c: the wide side in w itself is halved.
    if (q1 - q0) / max(q1 + q0, Fraction(1, 100)) > (c1 - c0) / 4:
        middle = (q0 + q1) / 2
        return [(q0, middle, c0, c1), (middle, q1, c0, c1)]
    middle = (c0 + c1) / 2
    return [(q0, q1, c0, middle), (q0, q1, middle, c1)]


def area(part: Rectangle) -> Fraction:
    """Returns the exact area in (w², c).

    Args:
        part: The rectangle.
    """
    return (part[1] - part[0]) * (part[3] - part[2])


def inside(part: Rectangle, other: Rectangle) -> bool:
    """Returns whether a rectangle lies inside another.

    Args:
        part: The one.
        other: The other.
    """
    return other[0] <= part[0] and part[1] <= other[1] and other[2] <= part[2] and part[3] <= other[3]


def meet(part: Rectangle, other: Rectangle) -> bool:
    """Returns whether two closed rectangles meet.

    Args:
        part: The one.
        other: The other.
    """
    return other[0] <= part[1] and part[0] <= other[1] and other[2] <= part[3] and part[2] <= other[3]


def balls(part: Rectangle) -> list[Any]:
    """Returns balls that hold the sides.

    Args:
        part: The rectangle.
    """
    return [ball(str(low)).union(ball(str(high))) for low, high in ((part[0], part[1]), (part[2], part[3]))]


def middles(part: Rectangle) -> list[Any]:
    """Returns the midpoints of the sides, exact balls.

    Args:
        part: The rectangle.
    """
    return [value.mid() for value in balls(part)]


def fraction_of(value: Any) -> Fraction:
    """Returns an exact ball as the rational number that it is.

    Args:
        value: The ball.
    """
    mantissa, exponent = value.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)
