"""Why E[∂ℓ·x] = 0 at a point with constant units: checked on the exact numbers of a certificate.

A constant unit has one preactivation at all samples. Its input weights move the outputs in proportion to x, so that the
mean must vanish for the point to be critical: by exact means of the data where the outputs are constant, by a mirror
symmetry x → −x of data and point, or because the box holds parameters with a teacher's outputs.
"""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Any

from condenslab.checker.jets import Data, Net, read_net, series, skips
from condenslab.checker.reading import Refused, ball_of, flint, rational

Units = list[tuple[list[int], list[int]]]
"""Of every unit of a hidden layer: where its incoming parameters are, the bias last, and its outgoing weights."""
Special = tuple[list[list[int]], dict[int, Fraction]]
"""Silent units of each hidden layer, and the constant ones of the first with their preactivations."""


@dataclass(frozen=True)
class Exact:
    """The numbers of a problem as fractions: inputs, targets or a teacher, and sample weights with the sum 1."""

    x: list[list[Fraction]]
    y: list[list[Fraction]] | None
    teacher: tuple[Net, list[Fraction]] | None
    p: list[Fraction]


def exact(problem: dict[str, Any]) -> Exact:
    """Returns the exact numbers of a problem that `read_data` has taken.

    Args:
        problem: The mapping in the certificate.
    """
    x, y = ([[rational(text) for text in row] for row in problem[name] or []] for name in ("inputs", "targets"))
    own = problem["teacher"]
    teacher = None if own is None else (read_net(own, "theta"), [rational(text) for text in own["theta"]])
    weights = [rational(text) for text in problem["weights"] or ["1"] * len(x)]
    return Exact(x, None if own else y, teacher, [weight / sum(weights) for weight in weights])


def units_of(net: Net, layer: int) -> Units:
    """Returns where the parameters of a hidden layer's units are.

    Args:
        net: The shape.
        layer: Its number, from 0.
    """
    inner, outer, after = net.widths[layer : layer + 3]
    starts = [0, *accumulate((a + c) * b for a, b, c in zip(net.widths, net.widths[1:], net.biases, strict=False))]
    own, following = starts[layer], starts[layer + 1]
    return [
        (
            [own + k * inner + j for j in range(inner)] + [own + outer * inner + k] * net.biases[layer],
            [following + o * outer + k for o in range(after)],
        )
        for k in range(outer)
    ]


def level_units(x: list[list[Fraction]], theta: list[Fraction], units: Units) -> dict[int, Fraction]:
    """Returns the units that have one preactivation at all samples, with it.

    Args:
        x: The inputs.
        theta: θ.
        units: The units of the first layer.
    """
    found = {}
    for k, (into, _) in enumerate(units):
        w, bias = [theta[i] for i in into[: len(x[0])]], [theta[i] for i in into[len(x[0]) :]]
        z = {sum((a * v for a, v in zip(w, row, strict=True)), sum(bias, Fraction(0))) for row in x}
        if len(z) == 1:
            found[k] = z.pop()
    return found


def require_identity(about: tuple[Data, Exact], point: tuple[list[Fraction], Any, set[int]], special: Special) -> None:
    """Refuses constant units for which no identity shows that E[∂ℓ·x] = 0.

    Args:
        about: The problem, as balls and exact.
        point: The centre, how far from it a solution is the unique one for sure, and the unknowns.
        special: Silent and constant units.

    Raises:
        Refused: There is none.
    """
    (data, known), (silent, constant) = about, special
    units = units_of(data.net, 0)
    if {*silent[0], *constant} == set(range(len(units))) and known.y is not None and _uncorrelated(known, known.y):
        return
    if _even(known) and _mirrored(point, units, (silent[0], constant), data.net.widths[0]):
        return
    if known.teacher is None or not _is_teacher(data, known, point, constant):
        raise Refused("constant units: it is not proven that E[∂ℓ·x] = 0, without which the point is not critical")


def _uncorrelated(known: Exact, targets: list[list[Fraction]]) -> bool:
    def mean(values: Any) -> Fraction:
        return sum((p * v for p, v in zip(known.p, values, strict=True)), Fraction(0))

    x, y = ([list(column) for column in zip(*rows, strict=True)] for rows in (known.x, targets))
    return all(mean(a * b for a, b in zip(s, t, strict=True)) == mean(s) * mean(t) for s in x for t in y)


def _even(known: Exact) -> bool:
    if known.teacher is not None:
        net, theta = known.teacher
        if len(net.widths) != 3 or skips(net):
            return False
        own, image = (Counter(_described(net, theta, unit, sign) for unit in units_of(net, 0)) for sign in (1, -1))
        if own != image:
            return False
    y = [None] * len(known.x) if known.y is None else [tuple(row) for row in known.y]
    samples = [(tuple(x), t, p) for x, t, p in zip(known.x, y, known.p, strict=True)]
    return Counter(samples) == Counter((tuple(-v for v in x), t, p) for x, t, p in samples)


def _described(net: Net, theta: list[Fraction], unit: tuple[list[int], list[int]], sign: int) -> tuple:
    into = tuple(theta[i] * (sign if n < net.widths[0] else 1) for n, i in enumerate(unit[0]))
    return into, tuple(theta[i] for i in unit[1])


def _mirrored(
    point: tuple[list[Fraction], Any, set[int]], units: Units, special: tuple[list[int], dict], inputs: int
) -> bool:
    """Returns whether the mirror image of the point, w → −w and units exchanged, solves the section in its box."""
    theta, room, free = point

    def near(k: int, other: int) -> bool:
        pairs = zip([*units[k][0], *units[k][1]], [*units[other][0], *units[other][1]], strict=True)
        for n, (a, b) in enumerate(pairs):
            gap = abs(theta[b] - theta[a] * (-1 if n < inputs else 1))
            if (a in free) != (b in free) or (gap != 0 and not (a in free and ball_of(str(gap)) < room)):
                return False
        return (k in special[0]) == (other in special[0])

    left = [k for k in range(len(units)) if k not in special[1]]
    for k in list(left):
        mates = [other for other in left if near(k, other)]
        if not mates:
            return False
        left.remove(mates[0])
    return all(near(k, k) for k in special[1])


def _is_teacher(
    data: Data, known: Exact, point: tuple[list[Fraction], Any, set[int]], constant: dict[int, Fraction]
) -> bool:
    """Returns whether some parameters of the section's box have the teacher's outputs."""
    (theta, room, free), net = point, data.net
    if known.teacher is None or known.teacher[0] != net or data.loss != "squared":
        return False
    own, units = known.teacher[1], units_of(net, 0)
    its = level_units(known.x, own, units)
    if not set(constant) <= set(its):
        return False
    lead = next((k for k in constant if set(units[k][1]) <= free), -1)
    last = list(range(net.size - net.widths[2], net.size)) if net.biases[1] else units[lead][1]
    skipped = {i for k in constant for i in (*units[k][0], *units[k][1])} | set(last)
    for i in set(range(net.size)) - skipped:
        gap = abs(own[i] - theta[i])
        if gap != 0 and not (i in free and ball_of(str(gap)) < room):
            return False

    def at(z: Fraction) -> Any:
        return series(net.activation, ball_of(str(z)))[0]

    for o, place in enumerate(last):
        total = ball_of(str(own[place])) if net.biases[1] else flint.arb(0)
        for k, z in constant.items():
            total += ball_of(str(own[units[k][1][o]])) * at(its[k])
            total -= 0 if place == units[k][1][o] else ball_of(str(theta[units[k][1][o]])) * at(z)
        total = total if net.biases[1] else total / at(constant[lead])
        if not abs(total - ball_of(str(theta[place]))) < room:
            return False
    return True
