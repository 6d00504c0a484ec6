"""Decides the claims of the recovery study from stored records; numbers only, no JAX."""

from collections.abc import Callable, Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.sweeps import Record

_EP21 = "Zhang et al., NeurIPS 2021 (EP21)"
_EXERCISE = "deck 000, exercise on width-3 tanh nets, solved to ten decimals for this grid; EP21, Fig. 4: 0.11, 0.07, 0"
_DECK3 = "deck 003, 'Generalization puzzle explained'"

_OWN = "the study's own criterion for 'a small network in disguise'"

WIDTH_1_MINIMUM = 0.1090227421
WIDTH_2_MINIMUM = 0.0697915121
_LEVEL_TOLERANCE = 5e-11
"""The values are known to ten decimals."""

STATEMENTS = (
    "R stays within 10 % of the width-1 minimum 0.1090227421 for at least 3 decades of time",
    "the network's function passes within 1 % (relative rms on the samples) of the width-1 critical function",
    "the width-1 net has its minimum at R = 0.1090227421, with inertia (3, 0, 0)",
    "the width-2 net has a minimum at R = 0.0697915121, and its mirror image, with inertia (6, 0, 0)",
    "the width-3 net reaches the target exactly, with inertia (9, 0, 0)",
    "three groups of neurons up to sign are dominant (at least 5 % of the largest amplitude)",
    "the fourth amplitude is below 5 % of the first",
    "merging the groups gives 3 neurons",
    "merging alone changes the function by at most 1e-3 (relative rms)",
    "after polishing, the parameters equal the target's up to symmetry to 1e-6",
    "embedding the width-1 and width-2 minima keeps the output to rounding (1e-14 of the largest output)",
    "an embedded minimum is still critical (L1 gradient at most 1e-11)",
    "the embedded width-1 minimum is a strict saddle with the predicted inertia",
    "the embedded width-2 minimum is a strict saddle with the predicted inertia",
    "the model rank of the recovered network, embedded back into the wide one, is 9",
    "that rank is read off a gap of at least two decades",
    "from std-1 initialisation the same flow ends with at least 3 dominant groups more",
    "from std-1 initialisation the test error is at least 5 times that from small initialisation",
)
"""What the study claims, before anything is measured; a run adds seeds and intervals."""


class Results:
    """The records of a run, sorted by what they answer.

    Args:
        records: Records in any order; those that are not done are left out, so that what rests on them is undecided.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        done = [record for record in records if record.status == "done"]
        self.flows = [r for r in done if r.case["kind"] == "flow"]
        self.critical = {r.case["width"]: r for r in done if r.case["kind"] == "critical"}
        self.widths = {r.case["width"] for r in records if r.case["kind"] == "critical"}
        self.asked = [r.case for r in records if r.case["kind"] == "flow"]

    def flow(self, start: str, *, decayed: bool) -> list[Record]:
        """Returns the finished flows from a start, with or without the L2 term, by seed."""
        chosen = [r for r in self.flows if r.case["start"] == start and (r.case["l2"] > 0) == decayed]
        return sorted(chosen, key=lambda r: r.case["seed"])

    def expected(self, start: str, *, decayed: bool) -> int:
        """Returns how many such flows were asked for."""
        return sum(case["start"] == start and (case["l2"] > 0) == decayed for case in self.asked)


def decide(records: Sequence[Record], *, known_target: bool) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records.
        known_target: Whether the target is the built-in one, learnt by tanh neurons; else only claims that hold for any
            data are made.
    """
    results = Results(records)
    if not known_target:
        return _embedding(results, known_target=False)
    return [
        *_plateau(results),
        *_levels(results),
        *_reduction(results),
        *_embedding(results, known_target=True),
        *_samples(results),
    ]


def plateau(record: Record, level: float) -> tuple[float, float] | None:
    """Returns the longest uninterrupted interval of time, in decades, with R within 10 % of a level, or None.

    Args:
        record: A flow record.
        level: The risk of the plateau.
    """
    times, inside = record.arrays["times"], np.abs(record.arrays["risk"] / level - 1) <= 0.1
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside & (times > 0), [False]]).astype(int)))
    spans = [(float(times[first]), float(times[end - 1])) for first, end in edges.reshape(-1, 2)]
    return max(spans, key=lambda span: span[1] / span[0], default=None)


def plateau_decades(record: Record, level: float) -> float:
    """Returns the length of `plateau` in decades of time, 0 if there is none."""
    interval = plateau(record, level)
    return float(np.log10(interval[1] / interval[0])) if interval else 0.0


def distances(record: Record, outputs: np.ndarray) -> np.ndarray:
    """Returns the relative rms distance of the network's outputs to those of a function, shape (time,).

    Args:
        record: A flow record.
        outputs: The function on the training inputs, shape (sample,).
    """
    along = record.arrays["outputs"][:, :, 0]
    return np.sqrt(np.mean((along - outputs) ** 2, axis=1) / np.mean(outputs**2))


def _seeds(results: Results, statement: str, records: Sequence[Record], holds: Callable[[Record], bool]) -> str:
    """Returns the statement with the number of seeds it is made for, and a 95 % interval of the success rate."""
    asked = results.expected(records[0].case["start"], decayed=records[0].case["l2"] > 0) if records else 0
    low, high = wilson(sum(bool(holds(record)) for record in records), len(records))
    unfinished = f" ({asked - len(records)} more did not finish)" if asked > len(records) else ""
    return f"{statement}, for each of {len(records)} seeds{unfinished} [success rate {low:.2f} to {high:.2f} at 95 %]"


def _plateau(results: Results) -> list[Claim]:
    runs = results.flow("small", decayed=True)
    decades = [plateau_decades(r, WIDTH_1_MINIMUM) for r in runs]
    first = _seeds(results, STATEMENTS[0], runs, lambda r: plateau_decades(r, WIDTH_1_MINIMUM) >= 3)
    claims = [Claim.at_least(first, f"{_EP21}, Fig. 1; {_EXERCISE}", bound=3, measured=decades)]
    narrow = _lowest(results.critical.get(1))
    closest = [float(distances(r, narrow["outputs"]).min()) for r in runs] if narrow else []
    second = STATEMENTS[1]
    if narrow:
        second = _seeds(results, second, runs, lambda r: distances(r, narrow["outputs"]).min() <= 0.01)
    claims.append(Claim.at_most(second, f"{_EP21}, Fig. 1", bound=0.01, measured=closest))
    return claims


def _levels(results: Results) -> list[Claim]:
    claims = []
    for width, level, statement in ((1, WIDTH_1_MINIMUM, STATEMENTS[2]), (2, WIDTH_2_MINIMUM, STATEMENTS[3])):
        if width not in results.widths:
            continue
        found = _minima(results.critical.get(width), level)
        measured = found if len(found) >= width else None
        claims.append(Claim.within(statement, _EXERCISE, expected=level, measured=measured, tolerance=_LEVEL_TOLERANCE))
    if 3 in results.widths:
        lowest = _minima(results.critical.get(3), 0.0)
        claims.append(Claim.at_most(STATEMENTS[4], _EXERCISE, bound=1e-20, measured=lowest or None))
    return claims


def _minima(record: Record | None, level: float) -> list[float]:
    """Returns the risks of the strict minima of their own width nearest to a level: width 2 has a mirrored pair."""
    if record is None:
        return []
    width = record.case["width"]
    inertia = np.reshape(record.values["inertia"], (-1, 3))
    strict = (inertia[:, 0] == 3 * width) & np.array(record.values["inertia_decided"], dtype=bool)
    risks = np.array(record.values["risks"])[strict]
    return sorted(risks[np.argsort(np.abs(risks - level))[: min(width, 2) if level > 0 else 1]].tolist())


def _lowest(record: Record | None) -> dict[str, np.ndarray] | None:
    if record is None or not record.values["risks"]:
        return None
    best = int(np.argmin(record.values["risks"]))
    return {"outputs": record.arrays["outputs"][best], "risk": np.array(record.values["risks"][best])}


def _reduction(results: Results) -> list[Claim]:
    runs = results.flow("small", decayed=True)

    def claim(make: Callable[..., Claim], number: int, source: str, name: str, holds: Callable, **bound) -> Claim:
        values = [r.values.get(name) for r in runs]
        text = _seeds(
            results, STATEMENTS[number], runs, lambda r: r.values.get(name) is not None and holds(r.values[name])
        )
        return make(text, source, measured=values, **bound)

    return [
        claim(Claim.count, 5, f"{_EP21}, Fig. 1; {_DECK3}", "dominant_groups", lambda v: v == 3, expected=3),
        claim(Claim.at_most, 6, _OWN, "fourth_amplitude", lambda v: v <= 0.05, bound=0.05),
        claim(Claim.count, 7, f"{_EP21}, Fig. 1 (effective neurons)", "reduced_width", lambda v: v == 3, expected=3),
        claim(Claim.at_most, 8, _OWN, "merge_error", lambda v: v <= 1e-3, bound=1e-3),
        claim(
            Claim.at_most,
            9,
            "deck 000: f* is the only width-3 zero",
            "parameter_error",
            lambda v: v <= 1e-6,
            bound=1e-6,
        ),
    ]


def predicted_inertia(width: int, wide: int) -> list[int]:
    """Returns the inertia that a nondegenerate minimum gets when its neurons are split with positive shares.

    Each further copy adds one positive, one zero and one negative direction where the matrix A of its neuron is
    indefinite, as it is for the width-1 and width-2 minima of the three-tanh exercise (EP21, Fig. 3(a)).

    Args:
        width: Width of the minimum, which has 3·width parameters.
        wide: Width after the embedding.
    """
    return [3 * width + wide - width, wide - width, wide - width]


def _embedding(results: Results, *, known_target: bool) -> list[Claim]:
    done = [r for w, r in sorted(results.critical.items()) if r.case["wide"] and "embedded_inertia" in r.values]
    source = f"{_EP21}, Proposition 1 and Theorem 1 (exact statements, held to rounding)"
    output = [r.values["embedded_output_difference"] for r in done]
    gradient = [r.values["embedded_gradient"] for r in done]
    claims = [
        Claim.at_most(STATEMENTS[10], source, bound=1e-14, measured=output),
        Claim.at_most(STATEMENTS[11], source, bound=1e-11, measured=gradient),
    ]
    return claims + [_embedded_inertia(r, known_target=known_target) for r in done]


def _embedded_inertia(record: Record, *, known_target: bool) -> Claim:
    source = "Zhang et al., J. Mach. Learn. 1(1) 2022 (EP22), Theorem 6.2; EP21, Fig. 3(a)"
    width, found = record.case["width"], record.values["embedded_inertia"]
    decided = record.values["embedded_decided"] and record.values["embedded_from_decided"]
    if not known_target:
        text = f"no inertia count falls when the width-{width} critical point is embedded (smallest increase)"
        grown = min(np.subtract(found, record.values["embedded_from"]).tolist())
        return Claim.at_least(text, source, bound=0, measured=grown if decided else None)
    expected = predicted_inertia(width, record.case["wide"])
    text = f"{STATEMENTS[11 + width]}, {tuple(expected)}: largest deviation of a count (found {tuple(found)})"
    deviation = int(np.abs(np.subtract(found, expected)).max())
    return Claim.count(text, source, expected=0, measured=deviation if decided else None)


def _samples(results: Results) -> list[Claim]:
    runs = results.flow("small", decayed=True)
    ranks = [r.values.get("rank") if r.values.get("rank_decided") else None for r in runs]
    rank_text = _seeds(results, STATEMENTS[14], runs, lambda r: r.values.get("rank") == 9 and r.values["rank_decided"])
    claims = [
        Claim.count(rank_text, "Zhang et al., JML 2025 (OPT), two-layer tanh: k(d + 2) = 9", expected=9, measured=ranks)
    ]
    gaps = [r.values.get("rank_gap") for r in runs]
    gap_text = _seeds(results, STATEMENTS[15], runs, lambda r: (r.values.get("rank_gap") or 0) >= 2)
    claims.append(Claim.at_least(gap_text, _OWN, bound=2, measured=gaps))
    small, large = results.flow("small", decayed=False), results.flow("std 1", decayed=False)
    pairs = [(a, b) for a in small for b in large if a.case["seed"] == b.case["seed"]]
    more = [b.values["dominant_groups"] - a.values["dominant_groups"] for a, b in pairs]
    worse = [b.values["test_error"] / a.values["test_error"] for a, b in pairs]
    source = "deck 000 and 003: small initialisation condenses; Luo et al., JMLR 22(71) 2021"
    for number, bound, values in ((16, 3, more), (17, 5, worse)):
        low, high = wilson(sum(bool(v >= bound) for v in values), len(values))
        text = f"{STATEMENTS[number]}, for each of {len(values)} seeds [success rate {low:.2f} to {high:.2f} at 95 %]"
        claims.append(Claim.at_least(text, source, bound=bound, measured=values))
    return claims
