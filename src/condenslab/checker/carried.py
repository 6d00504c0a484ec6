"""Checks the certificates that build on points: exact embeddings, and functions that are distinct."""

from collections import defaultdict
from fractions import Fraction
from typing import Any

from condenslab.checker.compatible import check_compatible
from condenslab.checker.core import signs
from condenslab.checker.jets import Net, loss_slopes, outputs, series, skips
from condenslab.checker.point import COUNTS, FRAME, Point, check_point, require_counts
from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational

_WIDTH = 100_000


def check_embedded(certificate: Any) -> Point:
    """Checks a point that is an exact embedding of a narrower one.

    Args:
        certificate: Of kind embedded_point.

    Returns:
        The narrow point, with the inertia of the wide one.

    Raises:
        Refused: It does not prove what it claims.
    """
    point = check_point(need(certificate, "narrow", dict))
    net = point.data.net
    only(certificate, "precision", "narrow", "neurons", "claim", *FRAME)
    wide = Net(
        [net.widths[0], len(need(certificate, "neurons", list)), net.widths[-1]],
        net.biases,
        net.activation,
        net.residual,
    )
    if len(net.widths) != 3 or skips(net) or skips(wide):
        raise Refused("these embeddings are of two-layer networks without skips")
    shares, nulls = _neurons(need(certificate, "neurons", list), point)
    d, _, out = net.widths
    size = d + net.biases[0]
    total = list(point.inertia)
    for source, own in shares.items():
        total = [a + b for a, b in zip(total, _copies(point, source, own), strict=True)]
    for bias in nulls:
        total = [a + b for a, b in zip(total, _null(point, bias), strict=True)]
    claim = only(need(certificate, "claim", dict), "inertia", "dimension", "width")
    stated = tuple(need(only(need(claim, "inertia", dict), *COUNTS), name, int) for name in COUNTS)
    width = sum(map(len, shares.values())) + len(nulls)
    parameters = width * (size + out) + out * net.biases[1]
    require_counts(stated, (total[0], total[1], total[2]), parameters)
    live = [source for source in shares if any(not a.contains(0) for a in _weights(point, source))]
    family = sum(len(shares[source]) - 1 for source in live) + (len(nulls) if net.biases == [True, True] else 0)
    if need(claim, "dimension", int) != family or need(claim, "width", int) != width:
        raise Refused("the claimed dimension or width is not that of the embedding")
    return Point(point.data, point.box, (stated[0], stated[1], stated[2]), False)


def check_distinct(certificate: Any) -> str:
    """Checks that critical points have pairwise different functions: somewhere on the data their outputs are apart.

    Args:
        certificate: Of kind distinct_functions.

    Returns:
        What is proven, in words.

    Raises:
        Refused: A member is refused, or two may have the same function.
    """
    only(certificate, "members", "claim", *FRAME)
    seen: list[list[list[Any]]] = []
    inputs = None
    checks = {"critical_point": check_point, "embedded_point": check_embedded, "compatible_point": check_compatible}
    for number, member in enumerate(need(certificate, "members", list)):
        kind = need(member, "kind", str)
        if kind not in checks:
            raise Refused(f"member {number} is no critical point")
        point = checks[kind](member)
        problem = {**(member if kind == "critical_point" else member["narrow"])["problem"], "network": None}
        if inputs is not None and problem != inputs:
            raise Refused(f"member {number} is about other data")
        inputs = problem
        values = [[jet[0] for jet in outputs(point.data.net, point.box, x, order=0)] for x in point.data.x]
        for other, own in enumerate(seen):
            pairs = (p for rows in zip(own, values, strict=True) for p in zip(*rows, strict=True))
            if all(a.overlaps(b) for a, b in pairs):
                raise Refused(f"members {other} and {number} may have the same function")
        seen.append(values)
    if need(only(need(certificate, "claim", dict), "count"), "count", int) != len(seen):
        raise Refused("the claimed number is not that of the members")
    return f"{len(seen)} critical functions, no two of them equal"


def _neurons(entries: list[Any], point: Point) -> tuple[dict[int, list[Fraction]], list[str]]:
    net, shares, nulls = point.data.net, defaultdict(list), []
    if len(entries) > _WIDTH:
        raise Refused(f"there are more than {_WIDTH} neurons")
    for entry in entries:
        only(entry, "source", "share", "sign", "bias")
        source, sign = need(entry, "source", (int, type(None))), need(entry, "sign", int)
        if sign not in (1, -1) or (sign == -1 and net.activation not in ("tanh", "x2_tanh", "x_tanh")):
            raise Refused("a mirrored copy needs an odd or even activation")
        if source is None:
            nulls.append(need(entry, "bias", str))
            still = net.activation in ("tanh", "x_tanh", "x2_tanh", "gelu", "swish") and rational(nulls[-1]) == 0
            if not net.biases[1] and not still:
                raise Refused("without an output bias a null neuron needs bias 0 and σ(0) = 0")
            if not net.biases[0] and rational(nulls[-1]) != 0:
                raise Refused("a null neuron has a bias in a network without biases")
        else:
            shares[source].append(rational(need(entry, "share", str)))
    if sorted(shares) != list(range(net.widths[1])) or any(sum(own) != 1 for own in shares.values()):
        raise Refused("the shares of a narrow neuron do not have the sum 1")
    return shares, nulls


def _copies(point: Point, neuron: int, shares: list[Fraction]) -> tuple[int, int, int]:
    """Returns what copies of a neuron add, from the signs of [[0, G], [Gᵀ, A]] times those of the shares.

    A copy with share 0 adds [[0, G], [Gᵀ, 0]], which are zeros only with one output; where the neuron has no output
    weights at all, so does every copy, and G need not vanish.
    """
    net = point.data.net
    d, _, out = net.widths
    size = d + net.biases[0]
    live = [share for share in shares if share != 0]
    idle, most = len(shares) - len(live), min(out - 1, size)
    zero = len(live) - 1 + idle * (size + out - 2 * most)
    up, down = sum(share > 0 for share in live) - 1, sum(share < 0 for share in live)
    a = _weights(point, neuron)
    lead = next((o for o in range(out) if not a[o].contains(0)), None)
    if lead is None:
        return _silent(point, neuron, len(shares) - 1)
    if up + down == 0 and idle * most == 0:
        return 0, zero, 0
    others = [o for o in range(out) if o != lead]
    form = flint.arb_mat(out - 1 + size, out - 1 + size)
    for slopes, x, (_, s1, s2) in _samples(point, neuron):
        pull = sum((w * e for w, e in zip(a, slopes, strict=True)), flint.arb(0))
        for i, left in enumerate(x):
            for j, right in enumerate(x):
                form[out - 1 + i, out - 1 + j] += 2 * s2 * pull * left * right
            for k, o in enumerate(others):
                form[k, out - 1 + i] += slopes[o] * s1 * left
                form[out - 1 + i, k] += slopes[o] * s1 * left
    positive, negative, _ = signs(form) if up + down else (0, 0, 0)
    sure = idle * most if idle * most and _has_full_rank([row[out - 1 :] for row in form.tolist()[: out - 1]]) else 0
    return up * positive + down * negative + sure, zero, up * negative + down * positive + sure


def _weights(point: Point, neuron: int) -> list[Any]:
    d, m, out = point.data.net.widths
    return [point.box[m * (d + point.data.net.biases[0]) + o * m + neuron] for o in range(out)]


def _silent(point: Point, neuron: int, count: int) -> tuple[int, int, int]:
    """Returns what copies of a neuron add whose output weights are exactly 0; else only the zeros that are sure."""
    d, _, out = point.data.net.widths
    size = d + point.data.net.biases[0]
    form = [[flint.arb(0)] * size for _ in range(out)]
    for slopes, x, (_, s1, _) in _samples(point, neuron):
        form = [[g + slopes[o] * s1 * v for g, v in zip(form[o], x, strict=True)] for o in range(out)]
    rank = min(out, size)
    sure = rank if all(a == 0 for a in _weights(point, neuron)) and _has_full_rank(form) else 0
    return count * sure, count * (out + size - 2 * rank), count * sure


def _has_full_rank(rows: list[list[Any]]) -> bool:
    """Returns whether all of the Gram matrix's signs, the smaller one's, are proven positive."""
    matrix = flint.arb_mat(rows)
    matrix = matrix if matrix.nrows() >= matrix.ncols() else matrix.transpose()
    positive, _, _ = signs(matrix.transpose() * matrix)
    return positive == matrix.ncols()


def _null(point: Point, bias: str) -> tuple[int, int, int]:
    net = point.data.net
    d, _, out = net.widths
    size, wide = d + net.biases[0], d + (net.biases[0] and not net.biases[1])
    slope = series(net.activation, ball_of(bias))[1]
    if net.activation in ("x_tanh", "x2_tanh") and rational(bias) == 0:
        return 0, size + out, 0
    form = [[flint.arb(0)] * wide for _ in range(out)]
    for slopes, x, _ in _samples(point, None):
        for o in range(out):
            for i in range(wide):
                form[o][i] += slopes[o] * x[i] * slope
    rank = min(out, wide)
    sure = rank if _has_full_rank(form) else 0
    return sure, size + out - 2 * rank, sure


def _samples(point: Point, neuron: int | None) -> list[tuple[list[Any], list[Any], tuple[Any, Any, Any]]]:
    """Returns p·∂ℓ/∂f, (x, 1) and σ, σ′, σ″/2 of a neuron at every sample."""
    data, found = point.data, []
    d, m, _ = data.net.widths
    for x, y, p in zip(data.x, data.y, data.p, strict=True):
        f = [jet[0] for jet in outputs(data.net, point.box, x, order=0)]
        augmented = [*x, *([flint.arb(1)] if data.net.biases[0] else [])]
        bent = (flint.arb(0), flint.arb(0), flint.arb(0))
        if neuron is not None:
            own = [point.box[neuron * d + j] for j in range(d)] + (
                [point.box[m * d + neuron]] if data.net.biases[0] else []
            )
            bent = series(data.net.activation, sum((a * b for a, b in zip(own, augmented, strict=True)), flint.arb(0)))
        found.append(([p * slope for slope in loss_slopes(data.loss, f, y)], augmented, bent))
    return found
