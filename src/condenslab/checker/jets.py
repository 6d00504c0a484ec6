"""R, its gradient and its Hessian by second-order jets: every quantity carries value, gradient and Hessian in θ."""

from dataclasses import dataclass
from typing import Any

from condenslab.checker.reading import Refused, ball_of, flint, need, only, rational, table

_PARAMETERS = 2000
_SAMPLES = 100_000


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
    """The data of a certificate as balls, p the sample weights."""

    x: list[list[Any]]
    y: list[list[Any]]
    p: list[Any]
    loss: str
    net: Net


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
    return Data(x, y, [ball_of(str(share / sum(shares))) for share in shares], loss, net)


def outputs(net: Net, theta: list[Any], x: list[Any], *, order: int) -> list[tuple[Any, Any, Any]]:
    """Returns the jets of the outputs at one input; gradient and Hessian are None where they vanish or are not asked.

    Args:
        net: The shape.
        theta: θ, balls.
        x: The input, balls.
        order: 0, 1 or 2.
    """
    hidden: list[tuple[Any, Any, Any]] = [(value, None, None) for value in x]
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


def risk(data: Data, theta: list[Any], *, order: int) -> tuple[Any, Any, Any]:
    """Returns R and its gradient and Hessian (order 1 or 2) for all θ in a box.

    Args:
        data: The problem.
        theta: The box.
        order: 1 or 2.
    """
    size = data.net.size
    value, gradient, hessian = flint.arb(0), flint.arb_mat(size, 1), flint.arb_mat(size, size)
    for x, y, p in zip(data.x, data.y, data.p, strict=True):
        jets: list[Any] = outputs(data.net, theta, x, order=order)
        loss, slopes, bends = _loss(data.loss, [jet[0] for jet in jets], y)
        value += p * loss
        for (_, g, h), slope in zip(jets, slopes, strict=True):
            gradient += _or_zero(g, size, 1) * (p * slope)
            hessian = hessian if h is None else hessian + h * (p * slope)
        for o, row in enumerate(bends):
            for k, bend in enumerate(row):
                if order == 2 and bend != 0 and jets[o][1] is not None and jets[k][1] is not None:
                    hessian += (jets[o][1] * jets[k][1].transpose()) * (p * bend)
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


def _affine(theta: list[Any], place: tuple[int, int | None], hidden: list[Any], order: int) -> tuple[Any, Any, Any]:
    start, bias = place
    size = len(theta)
    value = flint.arb(0) if bias is None else theta[bias]
    gradient: Any = flint.arb_mat(size, 1) if order else None
    hessian: Any = None
    crossed: Any = flint.arb_mat(size, size) if order == 2 else None
    if gradient is not None and bias is not None:
        gradient[bias, 0] = 1
    for j, (h, dh, ddh) in enumerate(hidden):
        w = theta[start + j]
        value += w * h
        if gradient is None:
            continue
        if dh is not None:
            gradient += dh * w
        gradient[start + j, 0] += h
        if order == 2 and dh is not None:
            hessian = _or_zero(hessian, size, size)
            hessian = hessian if ddh is None else hessian + ddh * w
            for k, entry in enumerate(dh.entries()):
                crossed[start + j, k] = entry
    return value, gradient, hessian if hessian is None else hessian + crossed + crossed.transpose()


def _activated(name: str, jet: tuple[Any, Any, Any], order: int) -> tuple[Any, Any, Any]:
    z, g, h = jet
    s0, s1, s2 = series(name, z)
    if order == 0:
        return s0, None, None
    bent = None if order == 1 else (g * g.transpose()) * (2 * s2) + _or_zero(h, g.nrows(), g.nrows()) * s1
    return s0, g * s1, bent


def _sum(a: tuple[Any, Any, Any], b: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    parts = [p if q is None else q if p is None else p + q for p, q in zip(a, b, strict=True)]
    return parts[0], parts[1], parts[2]


def _or_zero(matrix: Any, rows: int, columns: int) -> Any:
    return flint.arb_mat(rows, columns) if matrix is None else matrix
