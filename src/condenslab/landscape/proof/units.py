"""A tanh neuron over a box of (w², c): σ(w(x − c))/w and its derivatives, enclosed without loss at w = 0.

With v = x − c, q = w² and y = qv², σ(wv)/w = v·T(y) for T(y) = tanh(√y)/√y = Σ_k 2/(y + (k − ½)²π²). T is completely
monotone in y ≥ 0, so T, T′ and T″ are monotone and their range over an interval is that of its ends; at a small y they
lie between consecutive partial sums of their alternating Taylor series.
"""

from typing import Any

from condenslab.landscape.proof.exact import flint

Triple = tuple[Any, Any, Any]
_SMALL = 2.0**-20


def unit_rows(points: list[Any], q: Any, c: Any, *, second: bool) -> list[list[Any]]:
    """Returns enclosures of ŝ, ∂_qŝ, ∂_cŝ (and ∂_qq, ∂_qc, ∂_cc) at every input, ŝ = σ(w(x − c))/w.

    Args:
        points: x, balls, shape (sample,).
        q: w² ≥ 0, a ball.
        c: A ball.
        second: Whether second derivatives are needed.
    """
    rows: list[list[Any]] = [[] for _ in range(6 if second else 3)]
    q_low, q_high = q.lower(), q.upper()
    for x in points:
        v = x - c
        t0, t1, t2 = _hull(
            _curve(q_low.max(flint.arb(0)) * v.abs_lower() * v.abs_lower()),
            _curve(q_high * v.abs_upper() * v.abs_upper()),
        )
        square = flint.arb(0).max(v * v)
        y = q * square
        rows[0].append(_rising(v, q_low, q_high))
        rows[1].append(v * square * t1)
        rows[2].append(-(t0 + 2 * y * t1))
        if second:
            rows[3].append(v * square * square * t2)
            rows[4].append(-square * (3 * t1 + 2 * y * t2))
            rows[5].append(2 * q * v * (3 * t1 + 2 * y * t2))
    return rows


def _rising(v: Any, q_low: Any, q_high: Any) -> Any:
    """Returns v·T(qv²), which rises in v and whose size falls in q."""
    low, high = v.lower(), v.upper()
    ends = []
    for end, inner in ((low, low > 0), (high, high < 0)):
        q = q_high if inner else q_low
        ends.append(end * _curve(q.max(flint.arb(0)) * end * end)[0])
    return ends[0].union(ends[1])


def _curve(y: Any) -> Triple:
    """Returns T, T′ and T″ at one y ≥ 0."""
    if y.upper() < _SMALL:
        top = y.upper()
        one, third, fourth = flint.arb(1), flint.arb(-1) / 3, flint.arb(4) / 15
        return (
            (one - top / 3).union(one),
            third.union(third + 4 * top / 15),
            (fourth - 34 * top / 105).union(fourth),
        )
    root = y.sqrt()
    t = root.tanh()
    t0, bend = t / root, 1 - t * t
    t1 = (bend - t0) / (2 * y)
    return t0, t1, (-t0 * bend - 3 * t1) / (2 * y)


def _hull(low: Triple, high: Triple) -> Triple:
    return low[0].union(high[0]), low[1].union(high[1]), low[2].union(high[2])
