"""R, its gradient and its Hessian by second-order jets: every quantity carries its derivatives in θ forwards."""

from dataclasses import dataclass
from typing import Any

from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational, table

_PARAMETERS = 2000
_SAMPLES = 100_000


Jet = tuple[Any, dict[int, Any], dict[tuple[int, int], Any]]
"""A value, its slopes by parameter, and its second derivatives by pair of parameters k ≤ j; what is not there is 0."""


@dataclass(frozen=True)
class Net:
    """A dense network's shape, read from a certificate."""

    widths: list[int]
    biases: list[bool]
    activation: str
    residual: bool

    @property
    def size(self) -> int:
        """The number of parameters."""
        return sum((a + c) * b for a, b, c in zip(self.widths, self.widths[1:], self.biases, strict=False))


def skips(net: "Net") -> bool:
    """Returns whether a hidden layer adds its input.

    Args:
        net: The shape.
    """
    return net.residual and any(a == b for a, b in zip(net.widths[:-2], net.widths[1:-1], strict=True))


@dataclass(frozen=True)
class Data:
    """The data of a certificate as balls, p the sample weights, and as they are stated."""

    x: list[list[Any]]
    y: list[list[Any]]
    p: list[Any]
    loss: str
    net: Net
    stated: dict[str, Any]


def series(name: str, z: Any) -> tuple[Any, Any, Any]:
    """Returns σ(z), σ′(z), σ″(z)/2: the first coefficients of the power series of σ(z + t).

    Args:
        name: The activation.
        z: A ball.

    Raises:
        Refused: The activation is none that proofs are made for.
    """
    u = flint.arb_series([z, 1])
    if name in ("tanh", "x_tanh", "x2_tanh"):
        t = 1 - 2 / (1 + (2 * u).exp())
        s = t if name == "tanh" else u * t if name == "x_tanh" else u * u * t
    elif name in ("sigmoid", "swish"):
        s = 1 / (1 + (-u).exp())
        s = s if name == "sigmoid" else u * s
    elif name == "softplus":
        s = (1 + u.exp()).log()
    elif name == "gelu":
        s = u * (1 + (u / flint.arb(2).sqrt()).erf()) / 2
    elif name == "exp":
        s = u.exp()
    elif name.startswith("polynomial "):
        s = sum((ball_of(c) * u**k for k, c in enumerate(name.split()[1:])), flint.arb_series([0]))
    else:
        raise Refused(f"{name[:40]!r} is no smooth activation that proofs are made for")
    return s[0], s[1], s[2]


def read_net(values: Any, *more: str) -> Net:
    """Reads a network's shape.

    Args:
        values: The mapping in the certificate.
        *more: What else it holds.

    Raises:
        Refused: It is none, or too large.
    """
    widths, biases = need(values, "widths", list), need(values, "biases", list)
    only(values, "widths", "biases", "activation", "residual", *more)
    good = len(widths) >= 2 and all(type(w) is int and 0 <= w <= _PARAMETERS for w in widths)
    if not good or len(biases) != len(widths) - 1 or any(type(b) is not bool for b in biases):
        raise Refused("the network's widths or biases are none")
    net = Net(widths, biases, need(values, "activation", str), need(values, "residual", bool))
    if net.size > _PARAMETERS:
        raise Refused(f"the network has more than {_PARAMETERS} parameters")
    return net


def read_data(problem: Any) -> Data:
    """Reads a problem.

    Args:
        problem: The mapping in the certificate.

    Raises:
        Refused: A part is missing or does not fit.
    """
    only(problem, "inputs", "targets", "teacher", "weights", "loss", "network")
    net, loss = read_net(need(problem, "network", dict)), need(problem, "loss", str)
    x = table(need(problem, "inputs", list), net.widths[0])
    if not 0 < len(x) <= _SAMPLES or loss not in ("squared", "cross_entropy"):
        raise Refused("there are no data, or the loss is unknown")
    teacher = need(problem, "teacher", (dict, type(None)))
    if teacher is not None and problem.get("targets") is not None:
        raise Refused("there are both a teacher and targets")
    if teacher is None:
        y = table(need(problem, "targets", list), net.widths[-1])
    else:
        other = read_net(teacher, "theta")
        theta = [ball_of(text) for text in need(teacher, "theta", list)]
        if len(theta) != other.size or (other.widths[0], other.widths[-1]) != (net.widths[0], net.widths[-1]):
            raise Refused("the teacher does not fit the network")
        y = [[jet[0] for jet in outputs(other, theta, row, order=0)] for row in x]
    weights = need(problem, "weights", (list, type(None)))
    weights = ["1"] * len(x) if weights is None else weights
    shares = [rational(weight) for weight in weights]
    if len(y) != len(x) or len(shares) != len(x) or min(shares) < 0 or sum(shares) == 0:
        raise Refused("inputs, targets and weights do not fit")
    if loss == "cross_entropy" and (teacher or any(sum(map(rational, row)) != 1 for row in problem["targets"])):
        raise Refused("the targets are no probabilities")
    return Data(x, y, [ball_of(str(share / sum(shares))) for share in shares], loss, net, problem)


def outputs(net: Net, theta: list[Any], x: list[Any], *, order: int) -> list[Jet]:
    """Returns the jets of the outputs at one input.

    Args:
        net: The shape.
        theta: θ, balls.
        x: The input, balls.
        order: 0, 1 or 2: how far the jets are followed.
    """
    hidden: list[Jet] = [(value, {}, {}) for value in x]
    start = 0
    for number, (outer, biased) in enumerate(zip(net.widths[1:], net.biases, strict=True)):
        inner = len(hidden)
        z = []
        for i in range(outer):
            bias = start + outer * inner + i if biased else None
            z.append(_affine(theta, (start + i * inner, bias), hidden, order))
        start += (inner + biased) * outer
        if number == len(net.biases) - 1:
            return z
        bent = [_activated(net.activation, jet, order) for jet in z]
        skip = net.residual and inner == outer
        hidden = [_sum(a, b) for a, b in zip(bent, hidden, strict=True)] if skip else bent
    raise Refused("the network has no layer")


def risk(data: Data, theta: list[Any], *, order: int) -> tuple[Any, list[Any], Any]:
    """Returns R and its gradient and Hessian (order 1 or 2) for all θ in a box.

    Args:
        data: The problem.
        theta: The box.
        order: 1 or 2.
    """
    size, out = data.net.size, data.net.widths[-1]
    value, gradient, bent = flint.arb(0), [flint.arb(0)] * size, {}
    rows: list[list[list[Any]]] = [[] for _ in range(out)]
    turned: list[list[list[Any]]] = [[] for _ in range(out)]
    for x, y, p in zip(data.x, data.y, data.p, strict=True):
        jets = outputs(data.net, theta, x, order=order)
        loss, slopes, bends = _loss(data.loss, [jet[0] for jet in jets], y)
        value += p * loss
        for (_, first, second), slope in zip(jets, slopes, strict=True):
            for k, d in first.items():
                gradient[k] += p * slope * d
            for pair, d in second.items():
                bent[pair] = bent.get(pair, 0) + p * slope * d
        if order == 2:
            dense = [[jet[1].get(k, flint.arb(0)) for k in range(size)] for jet in jets]
            for o, row in enumerate(dense):
                rows[o].append(row)
                weights = [(p * bends[o][k], other) for k, other in enumerate(dense) if bends[o][k] != 0]
                turned[o].append([sum((w * other[k] for w, other in weights), flint.arb(0)) for k in range(size)])
    if order < 2:
        return value, gradient, None
    hessian = flint.arb_mat(size, size)
    for left, right in zip(rows, turned, strict=True):
        hessian += flint.arb_mat(left).transpose() * flint.arb_mat(right)
    for (i, k), d in bent.items():
        hessian[i, k] += d
        if i != k:
            hessian[k, i] += d
    return value, gradient, hessian


def _loss(name: str, f: list[Any], y: list[Any]) -> tuple[Any, list[Any], list[list[Any]]]:
    if name == "squared":
        r = [a - b for a, b in zip(f, y, strict=True)]
        return (
            sum((a * a for a in r), flint.arb(0)),
            [2 * a for a in r],
            [[2 * (i == j) for j in range(len(r))] for i in range(len(r))],
        )
    top = max(f, key=lambda value: float(value.mid()))
    grown = [(value - top).exp() for value in f]
    whole = sum(grown, flint.arb(0))
    # Over a box the quotient grown / whole would be wider than this.
    q = [1 / sum(((other - f[o]).exp() for k, other in enumerate(f) if k != o), flint.arb(1)) for o in range(len(f))]
    loss = whole.log() + top - sum((a * b for a, b in zip(y, f, strict=True)), flint.arb(0))
    bends = [[a * (1 - a) if i == j else -a * b for j, b in enumerate(q)] for i, a in enumerate(q)]
    return loss, [a - b for a, b in zip(q, y, strict=True)], bends


def loss_slopes(name: str, f: list[Any], y: list[Any]) -> list[Any]:
    """Returns ∂ℓ/∂f.

    Args:
        name: The loss.
        f: Outputs.
        y: Targets.
    """
    return _loss(name, f, y)[1]


def _affine(theta: list[Any], place: tuple[int, int | None], hidden: list[Jet], order: int) -> Jet:
    start, bias = place
    value, first, second = flint.arb(0) if bias is None else theta[bias], {}, {}
    for j, (h, dh, ddh) in enumerate(hidden):
        w, own = theta[start + j], start + j
        value += w * h
        if order == 0:
            continue
        first[own] = h
        for k, d in dh.items():  # every k is of an earlier layer, so k < own
            first[k] = first.get(k, 0) + w * d
            second[k, own] = d
        for pair, d in ddh.items():
            second[pair] = second.get(pair, 0) + w * d
    if order and bias is not None:
        first[bias] = flint.arb(1)
    return value, first, second if order == 2 else {}


def _activated(name: str, jet: Jet, order: int) -> Jet:
    z, dz, ddz = jet
    s0, s1, s2 = series(name, z)
    second = {pair: s1 * d for pair, d in ddz.items()}
    for k, d in dz.items() if order == 2 else ():
        bend = 2 * s2 * d
        for j, other in dz.items():
            if k <= j:
                second[k, j] = second.get((k, j), 0) + bend * other
    return s0, {k: s1 * d for k, d in dz.items()}, second


def _sum(a: Jet, b: Jet) -> Jet:
    first = {k: a[1].get(k, 0) + b[1].get(k, 0) for k in {*a[1], *b[1]}}
    return a[0] + b[0], first, {k: a[2].get(k, 0) + b[2].get(k, 0) for k in {*a[2], *b[2]}}
