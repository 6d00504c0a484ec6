"""The critical functions of narrow ReLU networks of one input, by enumeration; numpy alone, no training.

On sorted samples a ReLU neuron with bias is a ramp: it is active to the right or to the left of its kink. As long as
the kink stays between two samples, the ramp is a free multiple of (1, x) on the active samples, so a critical function
of m neurons is the least-squares solution for one choice of m active sets whose ramps vanish between the right samples.
A kink can also rest on a sample: then one-sided derivatives decide.
"""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

_CHUNK = 20_000
_ROUNDING = 1e-9


@dataclass(frozen=True, eq=False)
class Functions:
    """Critical functions of one width.

    Attributes:
        risks: R of each, mean of squared residuals, smallest first, shape (function,).
        outputs: f on the samples, shape (function, sample).
        smooth: Whether no kink rests on a sample, shape (function,).
    """

    risks: np.ndarray
    outputs: np.ndarray
    smooth: np.ndarray

    def distinct(self, apart: float = 1e-6) -> np.ndarray:
        """Returns the different risks, smallest first.

        Args:
            apart: Risks closer than this, relative to the larger, count as one.
        """
        kept: list[float] = []
        for risk in self.risks:
            if not kept or risk > kept[-1] * (1 + apart) + 1e-14:
                kept.append(float(risk))
        return np.array(kept)


@dataclass(frozen=True, eq=False)
class _Ramps:
    """All ramps on n samples, those with a kink between samples first.

    Attributes:
        columns: The (one or two) functions that a ramp may be a multiple of, padded by zero, shape (ramp, sample, 2).
        low: Where its kink must lie, shape (ramp,); for a ramp that is active everywhere, outside of (low, high).
        high: Its other end.
        full: Whether it is active everywhere.
        fixed: Whether its kink rests on a sample.
        free: Whether any multiples are allowed, because one sample alone is active.
        inner: Active samples, shape (ramp, sample).
        closed: Active samples and the one under the kink.
        right: +1 if it is active to the right, −1 to the left.
    """

    columns: np.ndarray
    low: np.ndarray
    high: np.ndarray
    full: np.ndarray
    fixed: np.ndarray
    free: np.ndarray
    inner: np.ndarray
    closed: np.ndarray
    right: np.ndarray


def critical_functions(x: np.ndarray, y: np.ndarray, width: int) -> Functions:
    """Returns the critical functions of f(x) = Σ_k a_k·ReLU(w_k·x + b_k), k ≤ width, of squared error.

    A function is critical when the residual is orthogonal to 1 and x on the active samples of every neuron with a ≠ 0.
    Where a kink rests on a sample, both one-sided derivatives in its position must not be negative. Functions of
    narrower networks are included, as ramps may coincide; two neurons with kinks in one gap need not vanish there.

    Args:
        x: Inputs, increasing, shape (sample,).
        y: Targets, shape (sample,).
        width: m, at least 1; the enumeration has about (4n)^m/m! members.

    Raises:
        ValueError: Inputs are not increasing, or the width is not positive.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if x.ndim != 1 or x.shape != y.shape or np.any(np.diff(x) <= 0):
        raise ValueError(f"x must be increasing, with one y each. Got shapes {x.shape} and {y.shape}.")
    if width < 1:
        raise ValueError(f"width must be at least 1. Got {width}.")
    ramps = _ramps(x)
    choices = np.array(list(combinations_with_replacement(range(len(ramps.low)), width)))
    solved = [_solve(ramps, x, y, choices[at : at + _CHUNK]) for at in range(0, len(choices), _CHUNK)]
    outputs = np.concatenate([part[0] for part in solved])
    smooth = np.concatenate([part[1] for part in solved])
    zero = np.zeros((1, len(x)))
    outputs, smooth = np.concatenate([outputs, zero]), np.append(smooth, True)
    risks = np.mean((outputs - y) ** 2, axis=1)
    order = np.argsort(risks, kind="stable")
    return Functions(risks[order], outputs[order], smooth[order])


def _ramps(x: np.ndarray) -> _Ramps:
    n = len(x)
    rows = [(np.ones(n, bool), np.ones(n, bool), x[0], x[-1], 1)]
    for k in range(1, n):
        rows.append((np.arange(n) >= k, np.arange(n) >= k, x[k - 1], x[k], 1))
        rows.append((np.arange(n) < k, np.arange(n) < k, x[k - 1], x[k], -1))
    for k in range(n):
        for right in (1, -1):
            inner = np.arange(n) > k if right > 0 else np.arange(n) < k
            if inner.any():
                rows.append((inner, inner | (np.arange(n) == k), x[k], x[k], right))
    inner, closed = (np.stack([row[column] for row in rows]) for column in (0, 1))
    low, high, right = (np.array([row[column] for row in rows], float) for column in (2, 3, 4))
    fixed = np.any(inner != closed, axis=1)
    ramp = np.where(fixed[:, None], x - low[:, None], x) * inner
    constant = np.where(fixed[:, None], 0.0, 1.0) * inner
    full = np.asarray(inner.all(axis=1))
    return _Ramps(
        np.stack([ramp, constant], axis=2),
        low,
        high,
        full,
        fixed,
        ~fixed & (inner.sum(axis=1) == 1),
        inner,
        closed,
        right,
    )


def _solve(ramps: _Ramps, x: np.ndarray, y: np.ndarray, choices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the outputs of those choices of ramps that are critical, and whether they are smooth."""
    width = choices.shape[1]
    design = np.moveaxis(ramps.columns[choices], 1, 2).reshape(len(choices), len(x), 2 * width)
    multiples = np.linalg.pinv(design, rcond=1e-10) @ y
    outputs = np.einsum("cnk,ck->cn", design, multiples)
    residuals = outputs - y
    slopes, constants = multiples.reshape(len(choices), width, 2).transpose(2, 0, 1)
    accepted = np.ones(len(choices), bool)
    for k in range(width):
        chosen = choices[:, k]
        alone = np.sum(choices == chosen[:, None], axis=1) == 1
        gap = _in_gap(ramps, chosen, slopes[:, k], constants[:, k]) | ~alone
        rest = alone & _at_rest(ramps, chosen, slopes[:, k], residuals)
        accepted &= np.where(ramps.fixed[chosen], rest, gap)
    return outputs[accepted], np.asarray(~ramps.fixed[choices[accepted]].any(axis=1))


def _in_gap(ramps: _Ramps, chosen: np.ndarray, slopes: np.ndarray, constants: np.ndarray) -> np.ndarray:
    """Returns whether the ramp slope·x + constant vanishes where it must (at slope 0: outside of everything)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        kink = np.where(slopes == 0, np.inf, -constants / slopes)
    inside = (kink > ramps.low[chosen]) & (kink < ramps.high[chosen])
    return np.where(ramps.full[chosen], ~inside, inside) | ramps.free[chosen]


def _at_rest(ramps: _Ramps, chosen: np.ndarray, slopes: np.ndarray, residuals: np.ndarray) -> np.ndarray:
    """Returns whether moving a kink off its sample does not lower the risk to either side, to first order.

    A ramp s·(x − c) on its active samples changes by −s·dc there. Moving towards the active side leaves the sample
    under the kink inactive; moving away makes it active.
    """
    towards, away = ramps.right[chosen], -ramps.right[chosen]
    inner = np.sum(residuals * ramps.inner[chosen], axis=1)
    closed = np.sum(residuals * ramps.closed[chosen], axis=1)
    return (-slopes * towards * inner >= -_ROUNDING) & (-slopes * away * closed >= -_ROUNDING)
