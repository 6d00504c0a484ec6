"""Reading a certificate: every part is checked before it is used, exact numbers become balls."""

import re
from fractions import Fraction
from typing import Any

try:
    import flint
except ImportError as error:
    raise ImportError("checking needs python-flint, which is missing here: pip install 'condenslab[proof]'") from error

_DIGITS = 4000
_POWER = 20_000
_DYADIC = re.compile(r"(-?)0x([\da-f]+)p(-?\d{1,5})", re.ASCII)


class Refused(Exception):  # noqa: N818 - a verdict, not an error of the program
    """The certificate does not prove what it claims; the message is one sentence."""


def need(values: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    """Returns a part of a certificate.

    Args:
        values: The mapping that should hold it.
        name: Its key.
        kind: Its type.

    Raises:
        Refused: It is missing or of another type.
    """
    if not isinstance(values, dict) or name not in values:
        raise Refused(f"the part {name!r} is missing")
    value = values[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise Refused(f"the part {name!r} has a wrong type, {type(value).__name__}")
    return value


def only(values: Any, *names: str) -> Any:
    """Returns a part of a certificate that must have these keys and no other: what nothing checks proves nothing.

    Args:
        values: The mapping.
        names: Its keys.

    Raises:
        Refused: It has others.
    """
    more = sorted(set(values) - set(names))
    if more:
        raise Refused(f"the part {more[0][:40]!r} is not one that is checked")
    return values


def rational(text: Any) -> Fraction:
    """Returns the rational number that a text states.

    Args:
        text: An integer, decimal, quotient, or "0x…p…" (hexadecimal digits times a power of 2).

    Raises:
        Refused: It states none, or an absurdly long one.
    """
    if not isinstance(text, str) or len(text) > _DIGITS:
        raise Refused(f"{str(text)[:40]!r} is no exact number")
    parts = re.fullmatch(r"(-)?0x([\da-f]+)(\.[\da-f]*)?p([-+]?\d+)", text, re.ASCII)
    if parts:
        tail = (parts[3] or ".")[1:]
        power = int(parts[4]) - 4 * len(tail)
        if abs(power) > _POWER:
            raise Refused(f"{text[:40]!r} is out of range")
        return Fraction(int(parts[2] + tail, 16)) * Fraction(2) ** power * (-1 if parts[1] else 1)
    plain = re.fullmatch(r"-?\d+(\.\d*)?([eE]([-+]?\d+))?|-?\d+/0*[1-9]\d*", text, re.ASCII)
    if not plain or abs(int(plain[3] or 0)) > _POWER // 10:
        raise Refused(f"{text[:40]!r} is no exact number")
    return Fraction(text)


def ball_of(text: Any) -> Any:
    """Returns a ball around the number that a text states.

    Args:
        text: The text.
    """
    parts = _DYADIC.fullmatch(text) if isinstance(text, str) and len(text) <= _DIGITS else None
    if parts and abs(int(parts[3])) <= _POWER:  # most numbers of a certificate: quicker than through a fraction
        return flint.arb(flint.fmpz(int(parts[1] + parts[2], 16))) * flint.arb(2) ** int(parts[3])
    value = rational(text)
    return flint.arb(flint.fmpz(value.numerator)) / flint.arb(flint.fmpz(value.denominator))


def stated_ball(pair: Any) -> Any:
    """Returns the ball [midpoint, radius] that a claim states.

    Args:
        pair: Two exact numbers.

    Raises:
        Refused: It is no such pair, or the radius is negative.
    """
    width = ball_of(pair[1]) if isinstance(pair, list) and len(pair) == 2 else flint.arb(-1)
    if not width >= 0:
        raise Refused("a claimed ball is not [midpoint, radius]")
    return ball_of(pair[0]) + (-width).union(width)


def table(rows: Any, columns: int) -> list[list[Any]]:
    """Returns a table of exact numbers as balls.

    Args:
        rows: Lists of texts.
        columns: The length of each.

    Raises:
        Refused: A row has another length.
    """
    if not isinstance(rows, list) or any(not isinstance(row, list) or len(row) != columns for row in rows):
        raise Refused(f"the data are not rows of {columns} numbers")
    return [[ball_of(text) for text in row] for row in rows]
