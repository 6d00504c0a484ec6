"""Which inertia a section proves: the theorems about continuous families of critical points, checked on exact numbers.

A section leaves parameters out of the equations and the unknowns. Each left-out direction must belong to a family along
which the gradient stays 0 whatever the data: the symmetries of exp and of softmax, inputs that are combinations of
others, incoming weights of silent units (all outgoing weights exactly 0), and constant units (one preactivation at all
samples, exactly), for which an identity shows that E[∂ℓ·x] = 0.
"""

from typing import Any

from condenslab.checker.core import signs, sub
from condenslab.checker.identities import Exact, Special, Units, exact, level_units, require_identity, units_of
from condenslab.checker.jets import Data, series, skips
from condenslab.checker.reading import Refused, ball_of, flint, rational


def section_inertia(
    data: Data, about: tuple[list[str], Any], section: tuple[list[int], list[int]], hessian: Any
) -> tuple[int, int, int]:
    """Returns the proven inertia (positive, zero, negative), by the theorem that belongs to a section.

    Args:
        data: The problem.
        about: The centre as texts, and a ball: how far from it a solution must lie to be the unique one for sure.
        section: Numbers of the equations and of the unknowns.
        hessian: ∇²R over the box of existence.

    Raises:
        Refused: No theorem belongs to the section, or one of its hypotheses is not proven.
    """
    net, (rows, columns) = data.net, section
    if rows == columns == list(range(net.size)):
        positive, negative, _ = signs(hessian)
        return positive, 0, negative
    theta, known = [rational(text) for text in about[0]], exact(data.stated)
    layers = [units_of(net, k) for k in range(len(net.widths) - 2)]
    quiet = [[k for k, (_, out) in enumerate(own) if out and not any(theta[i] for i in out)] for own in layers]
    quiet = quiet if sum(map(bool, quiet)) == 1 and not skips(net) else [[] for _ in layers]
    level = {}
    if len(layers) == 1 and not skips(net):
        level = {k: z for k, z in level_units(known.x, theta, layers[0]).items() if k not in quiet[0]}
    none: list[list[int]] = [[] for _ in layers]
    for special in ((quiet, level), (none, level), (quiet, {}), (none, {})):
        found = _fits((data, _spare(known, net.biases[0])), layers, special, section)
        if found is not None:
            core, added = found
            if special[1]:
                require_identity((data, known), (theta, about[1], set(columns)), special)
            positive, negative, _ = signs(sub(hessian, core, core))
            return positive + added[0], added[1], negative + added[0]
    raise Refused("no theorem belongs to the stated equations and unknowns")


def _fits(
    about: tuple[Data, list[int]], layers: list[Units], special: Special, section: tuple[list[int], list[int]]
) -> tuple[list[int], tuple[int, int]] | None:
    """Returns the core and (positive, zero) that families add, where the section is the one that belongs to them."""
    (data, spare), (silent, constant), (rows, columns) = about, special, section
    net, held, flat = data.net, _symmetric(about, layers, special), set()
    lead = None
    for k, z in constant.items():
        into, out = layers[0][k]
        flat |= set(into[: net.widths[0]]) - {into[j] for j in spare}
        held |= set(into) - flat
        if lead is None and not net.biases[1] and not series(net.activation, ball_of(str(z)))[0].contains(0):
            lead = k
        else:
            held |= set(out)
    if constant and lead is None and not net.biases[1]:
        return None
    inner = [(n, k) for n, units in enumerate(silent) for k in units]
    incoming = {i for n, k in inner for i in layers[n][k][0]}
    outgoing = [{*layers[n][k][1]} - held for n, k in inner]
    taken = held | flat | incoming | {i for own in outgoing for i in own}
    rest, solved = set(range(net.size)) - taken, set(columns) & incoming
    fits = all(len(solved & {*layers[n][k][0]}) == len(own) for (n, k), own in zip(inner, outgoing, strict=True))
    count = sum(map(len, outgoing))
    if not fits or set(columns) != rest | solved or set(rows) != rest.union(*outgoing):
        return None
    return sorted(rest | flat), (count, len(held) + len(incoming) - count)


def _symmetric(about: tuple[Data, list[int]], layers: list[Units], special: Special) -> set[int]:
    """Returns one parameter for each exact symmetry of R, but of units that have their own family."""
    (data, spare), found = about, set()
    net = data.net
    for n, units in enumerate(layers):
        plain = [k for k in range(len(units)) if k not in special[0][n] and not (n == 0 and k in special[1])]
        if net.activation == "exp" and not skips(net) and net.biases[n]:
            found |= {units[k][0][-1] for k in plain}
    own = {*special[0][0], *special[1]} if layers else set()
    found |= {k * net.widths[0] + j for k in range(net.widths[1]) if k not in own for j in spare}
    if data.loss == "cross_entropy":
        inner, outer = net.widths[-2:]
        start = net.size - (inner + net.biases[-1]) * outer
        found |= set(range(start + (outer - 1) * inner, start + outer * inner))
        found |= {net.size - 1} if net.biases[-1] else set()
    return found


def _spare(known: Exact, biased: bool) -> list[int]:
    """Returns the inputs that are, exactly and at every sample, combinations of earlier ones and of 1."""
    rows = [[flint.fmpq(1)] * biased + [flint.fmpq(v.numerator, v.denominator) for v in row] for row in known.x]
    table = flint.fmpq_mat(rows)
    reduced, rank = table.rref() if table.ncols() else (table, 0)
    pivots = {next(j for j in range(table.ncols()) if reduced[i, j] != 0) for i in range(rank)}
    return [j for j in range(table.ncols() - biased) if j + biased not in pivots]
