"""From how many samples training finds the target: what published experiments saw, read off their heat maps.

The theory's experiment has f* = Σ_s tanh(0.6x_s + 0.8x_{s+1} + x_{s+2}) on 5 inputs, N = 1 … 100 times the width of the
target, normal inputs and full-batch gradient descent from a start of std 1e-10. Colours of the printed maps were
matched to their colour bars; the number of trials and the stopping rule are not stated.
"""

import math
from dataclasses import dataclass

from condenslab.sample_size.planning.request import PlanRequest

_MAPS = "Zhang et al., JMLR 26(69), 2025, Fig. 3, read off the printed heat maps"
# Width factor → first n from which the mean test error stays below 1e-2 and below 1e-5.
_DENSE = {1: (20, 28), 3: (23, 36), 10: (24, 35), 34: (26, 35), 100: (26, 35)}
_UNSHARED = {1: (15, 18), 3: (19, 26), 10: (22, 32), 34: (26, 30), 100: (25, 33)}
_SHARED = {1: (6, 10), 3: (8, 18), 10: (11, 16), 34: (12, 15), 100: (12, 15)}
_SEEN = {
    "two-layer": (21, _DENSE),
    "fully-connected": (21, _DENSE),
    "conv-unshared": (15, _UNSHARED),
    "conv": (7, _SHARED),
}
_FAR = 10
"""Beyond so many times the O of the experiment its counts are not scaled."""


@dataclass(frozen=True)
class Practical:
    """The range of sample counts in which experiments saw the target being found.

    Attributes:
        low: Where the test error falls below 1e-2, scaled to the O of the request; None where nobody published it.
        high: Where it stays below 1e-5, scaled likewise.
        note: What was done, and what to be careful with.
        source: Where it was seen.
    """

    low: int | None
    high: int | None
    note: str
    source: str


def practical(request: PlanRequest, optimistic_samples: int | None) -> Practical:
    """Returns what experiments say about a checked request.

    Args:
        request: Its kind, width and intrinsic width choose the row of the table.
        optimistic_samples: O of the request; the published counts are scaled in proportion to it.
    """
    value = optimistic_samples
    if request.kind in _SEEN and value and request.intrinsic and request.width:
        known, table = _SEEN[request.kind]
        wanted = request.width / request.intrinsic
        factor = min(table, key=lambda row: abs(math.log(row / wanted)))
        if value > _FAR * known:
            return Practical(None, None, f"measured at O = {known} only, too far from {value} to be scaled", _MAPS)
        low, high = (max(value, math.ceil(seen * value / known)) for seen in table[factor])
        note = (
            f"seen at O = {known} and {factor} times the width of the target: {table[factor][0]} to {table[factor][1]} "
            "samples; here in proportion to O, a rule of thumb from one target"
        )
        return Practical(low, high, note, _MAPS)
    if request.kind == "matrix" and value:
        rows = request.size("inputs")
        high = min(rows * request.size("columns", rows), math.ceil(13 * value / 7))
        note = (
            "entries decide: O of them suffice in hooks (a row and a column each time), printed orders for a 4 × 4 "
            "matrix of rank 1 needed 8 to 13 where O = 7; here in proportion to O"
        )
        return Practical(value, high, note, "Zhang et al., J. Mach. Learn. 4(3), 2025, Figs 2 and 4")
    if request.kind in ("diagonal", "deep-diagonal"):
        note = "small starts act as ℓ₁ minimisation and need of the order of k·log d samples; no constant is published"
        return Practical(
            None, None, note, "Zhang et al., J. Mach. Learn. 4(3), 2025, section 3, after Woodworth et al."
        )
    if request.kind == "linear":
        return Practical(
            value, value, "a linear model needs its O samples, and from any start no more", "linear algebra"
        )
    return Practical(None, None, "no experiment that measures it is published", "none")
