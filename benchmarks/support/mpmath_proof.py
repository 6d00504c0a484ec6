"""The proof of one critical point of a tanh network of one input with mpmath's interval arithmetic, as a peer."""

import numpy as np
from mpmath import iv, mp


def prove(inputs: list[str], targets: list[float], theta: list[float], radius: float) -> bool:
    """Returns whether Krawczyk's operator maps the box of that radius around θ into itself.

    Args:
        inputs: x, quotients.
        targets: y.
        theta: (w, b, a) neuron after neuron within each, as the library orders them.
        radius: Of the box.
    """
    iv.prec = mp.prec = 106
    x = [iv.mpf(text.split("/")[0]) / iv.mpf([*text.split("/"), "1"][1]) for text in inputs]
    y = [iv.mpf(value) for value in targets]
    size = len(theta)
    point = [iv.mpf(value) for value in theta]
    for _ in range(3):
        gradient, hessian = _derivatives(x, y, point)
        middle = np.array([[float(entry.mid) for entry in row] for row in hessian])
        inverse = [[iv.mpf(float(v)) for v in row] for row in np.linalg.inv(middle)]
        step = [sum((inverse[i][j] * gradient[j] for j in range(size)), iv.mpf(0)) for i in range(size)]
        point = [iv.mpf((p - s).mid) for p, s in zip(point, step, strict=True)]
    gradient, _ = _derivatives(x, y, point)
    box = [p + iv.mpf([-radius, radius]) for p in point]
    _, wide = _derivatives(x, y, box)
    for i in range(size):
        newton = sum((inverse[i][j] * gradient[j] for j in range(size)), iv.mpf(0))
        rest = iv.mpf(0)
        for j in range(size):
            entry = iv.mpf(int(i == j)) - sum((inverse[i][k] * wide[k][j] for k in range(size)), iv.mpf(0))
            rest += abs(entry) * radius
        if not (abs(newton) + rest).b < radius:
            return False
    return True


def _derivatives(x: list, y: list, theta: list) -> tuple[list, list]:
    m = len(theta) // 3
    w, b, a = theta[:m], theta[m : 2 * m], theta[2 * m :]
    size, n = 3 * m, len(x)
    gradient = [iv.mpf(0)] * size
    hessian = [[iv.mpf(0)] * size for _ in range(size)]
    for xi, yi in zip(x, y, strict=True):
        t = []
        for j in range(m):
            e = iv.exp(2 * (w[j] * xi + b[j]))
            t.append(1 - 2 / (e + 1))
        d = [1 - v * v for v in t]
        r = sum((a[j] * t[j] for j in range(m)), -yi)
        tangent = [a[j] * d[j] * xi for j in range(m)] + [a[j] * d[j] for j in range(m)] + t
        for p in range(size):
            gradient[p] += 2 * r * tangent[p] / n
            for q in range(size):
                hessian[p][q] += 2 * tangent[p] * tangent[q] / n
        for j in range(m):
            c = -2 * t[j] * d[j] * a[j]
            pairs = {(j, j): c * xi * xi, (j, m + j): c * xi, (m + j, m + j): c}
            pairs |= {(j, 2 * m + j): d[j] * xi, (m + j, 2 * m + j): d[j]}
            for (p, q), v in pairs.items():
                hessian[p][q] += 2 * r * v / n
                if p != q:
                    hessian[q][p] += 2 * r * v / n
    return gradient, hessian
