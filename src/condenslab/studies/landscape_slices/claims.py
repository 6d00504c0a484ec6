"""Decides the claims of the landscape_slices study from stored records; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.sweeps import Record

_THEOREM = "EP21, Theorem 2 = EP22, Theorem 6.1: the K-dimensional critical subspace"
_SADDLE = "EP21, Fig. 3; EP22, Theorem 6.2: a split minimum of positive risk is a strict saddle"
_CLEAR = 1e-6

STATEMENTS = (
    "through an embedded minimum, the curvature of the slice along an eigenvector of the Hessian is its eigenvalue: "
    "largest relative difference",
    "in the critical subspace of an embedded minimum the slice is flat: largest change over the risk of "
    "the zero function",
    "through an embedded minimum of positive risk the slice falls to both sides of one direction and rises along "
    "another: lowest change on the falling one over the risk",
    "through an embedded minimum of zero risk no direction has negative curvature: lowest over highest eigenvalue",
    "on the line to a network with neurons swapped in pairs the risk is symmetric about the middle: largest difference "
    "over the largest risk",
    "the plane of the two principal directions explains at least 40 % of the trajectory's variance about its end",
)
"""What the study claims, before anything is measured; a run adds widths, seeds and intervals."""


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records; those that are not done are left out.
    """
    done = [record for record in records if record.status == "done"]
    critical = sorted((r for r in done if r.case["kind"] == "critical"), key=lambda r: r.case["width"])
    runs = [record for record in done if record.case["kind"] == "trajectory"]
    return [*_curvature(critical), *_shape(critical), *_trajectories(runs)]


def clear(record: Record) -> list[tuple[float, float]]:
    """Returns (eigenvalue, curvature of the slice) where the eigenvalue is not zero to 1e-6 of the highest.

    Args:
        record: A record of an embedded minimum.
    """
    pairs = zip(record.values["eigenvalues"], record.values["curvatures"], strict=True)
    return [(one, two) for one, two in pairs if abs(one) > _CLEAR * abs(record.values["eigenvalues"][-1])]


def _curvature(critical: list[Record]) -> list[Claim]:
    worst = [max(abs(two / one - 1) for one, two in clear(record)) for record in critical]
    flat = [record.values["flat_deviation"] / record.values["start_risk"] for record in critical]
    text = _widths(STATEMENTS[0], critical)
    return [
        Claim.at_most(text, "definition; five-point difference, step 1e-3", bound=1e-3, measured=worst or None),
        Claim.at_most(_widths(STATEMENTS[1], critical), _THEOREM, bound=1e-13, measured=flat or None),
    ]


def _shape(critical: list[Record]) -> list[Claim]:
    positive = [record for record in critical if record.values["risk"] > _CLEAR]
    zero = [record for record in critical if record.values["risk"] <= _CLEAR]
    changes = []
    for record in positive:
        plane, middle = record.arrays["plane"], len(record.arrays["axis"]) // 2
        falling, rising = plane[:, middle] - plane[middle, middle], plane[middle] - plane[middle, middle]
        both = max(falling[:middle].min(), falling[middle + 1 :].min()) / record.values["risk"]
        changes.append(float(both) if rising[0] > 0 and rising[-1] > 0 else abs(float(both)))
    claims = []
    if positive:
        claims.append(Claim.at_most(_widths(STATEMENTS[2], positive), _SADDLE, bound=-1e-6, measured=changes))
    if zero:
        lowest = [record.values["eigenvalues"][0] / record.values["eigenvalues"][-1] for record in zero]
        source = "EP22, section 6: at zero loss the second part of the Hessian vanishes"
        claims.append(Claim.at_least(_widths(STATEMENTS[3], zero), source, bound=-1e-10, measured=lowest))
    return claims


def _trajectories(runs: list[Record]) -> list[Claim]:
    asymmetry = [record.values["asymmetry"] for record in runs]
    explained = [record.values["explained"] for record in runs]
    low, high = wilson(sum(value >= 0.4 for value in explained), len(explained))
    seeds = f"for each of {len(runs)} seeds"
    source = "Li et al., NeurIPS 2018 (arXiv 1712.09913), section 7: between 40 % and 90 %"
    return [
        Claim.at_most(
            f"{STATEMENTS[4]}, {seeds}",
            "permutation symmetry: the swap maps θ_t to θ_{1−t}",
            bound=1e-10,
            measured=asymmetry or None,
        ),
        Claim.at_least(
            f"{STATEMENTS[5]}, {seeds} [success rate {low:.2f} to {high:.2f} at 95 %]",
            source,
            bound=0.4,
            measured=explained or None,
        ),
    ]


def _widths(statement: str, records: Sequence[Record]) -> str:
    pairs = [f"{r.case['width']} → {r.case['width'] + r.case['copies']}" for r in records]
    return f"{statement}, for widths {', '.join(pairs) or '(none)'}"


def quadratic(record: Record, direction: int) -> np.ndarray:
    """Returns R + ½λt² on the axis of the plane, along its first or its second direction.

    Args:
        record: A record of an embedded minimum.
        direction: 0 or 1.
    """
    eigenvalue = record.values["eigenvalues"][0 if direction == 0 else -1]
    steps = record.arrays["reach"][direction] * record.arrays["axis"]
    return record.values["risk"] + 0.5 * eigenvalue * steps**2
