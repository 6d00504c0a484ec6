"""Decides the claims of the matrix completion study from stored records; numbers only, no JAX."""

from collections.abc import Sequence

import numpy as np

from condenslab.studies.contract.claims import Claim, wilson
from condenslab.studies.matrix_completion import targets
from condenslab.sweeps import Record

_RANK = "LSH, Lemma 2 = OPT, eqs 19 and 20: O = 2rd − r²"
_FIG2 = "OPT, Fig. 2: at most 10^-7.6 there, at least 10^-0.5 one entry before (order of entries not stated)"
_FIG3 = "OPT, Fig. 3b (numbers read off the colours; design not stated, here row 4 and column 3)"
_FIG4 = "LSH, Fig. 4"
_FALLEN, _HIGH = 1e-7, 1e-2
"""Mean test errors that count as recovered and as not: a factor of 4 and of 30 beyond what Fig. 2 shows."""
SUCCESS = 1e-6
"""Test error below which one run counts as recovered."""
PUBLISHED_SCALES = {1e-1: -1.1, 1e-2: -3.7, 1e-3: -6.7}
"""log₁₀ of the mean test error of M1 at n = 7 against the initial standard deviation; at 1e-4 it is at most −8."""

STATEMENTS = (
    "the model rank of the balanced factors is 7, 12, 15, 16 for rank 1, 2, 3, 4",
    "so it is exactly, over a finite field, at other factors",
    "observing entries by hooks recovers after exactly O of them",
    "a design of exactly O entries exists and is found",
    "the published order recovers the rank-1 target after n_t entries",
    "with hooks, gradient descent from std 1e-4 has recovered the target at n = O",
    "with hooks, one entry before, it has not",
    "the error at n = 7 follows the initial scale",
    "with the published order, gradient descent has recovered the target at n_t",
    "with the published order, one entry before, it has not",
    "no design of seven entries that leaves the rank below 7 is recovered from",
)


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims.

    Args:
        records: In any order; what is missing or not done makes claims undecided.
    """
    done = [r for r in records if r.status == "done"]
    return [*_ranks(done), *_orders(done), *_hooks(records), *_scales(done), *_published(records), *_random(done)]


def mean_error(
    records: Sequence[Record], part: str, target: str, observed: int, std: float | None = None
) -> float | None:
    """Returns the mean test error over seeds, as the sources average; None where a run diverged or none is there.

    Args:
        records: All records.
        part: Which experiment.
        target: Name of the matrix.
        observed: Number of observed entries.
        std: Initial standard deviation, where the experiment has several.
    """
    own = [
        r
        for r in records
        if r.case["kind"] == "train"
        and (r.case["part"], r.case["target"], len(r.case["observed"])) == (part, target, observed)
        and std in (None, r.case["std"])
    ]
    if not own or any(r.status != "done" for r in own):
        return None
    return float(np.mean([r.values["test_error"] for r in own]))


def _ranks(done: Sequence[Record]) -> list[Claim]:
    own = [r for r in done if r.case["kind"] == "rank"]
    expected = [targets.OPTIMISTIC[targets.RANKS[r.case["target"]]] for r in own]
    claims = []
    for number, name in enumerate(("rank", "exact", "hooks", "minimal")):
        values = [
            None if r.values[name] is None or not r.values["rank_decided"] else abs(r.values[name] - value)
            for r, value in zip(own, expected, strict=True)
        ]
        text = f"{STATEMENTS[number]} (M1 … M8, largest deviation)"
        claims.append(Claim.count(text, _RANK, expected=0, measured=values or None))
    return claims


def _orders(done: Sequence[Record]) -> list[Claim]:
    claims = []
    for name, needed in targets.NEEDED.items():
        own = [r for r in done if r.case["kind"] == "order" and r.case["order"] == name]
        found = [value for r in own for value in (r.values["first"], r.values["exact_first"])]
        text = f"{STATEMENTS[4]} (order {name}: {needed}; numerically, exactly)"
        claims.append(Claim.count(text, _FIG4, expected=needed, measured=found or None))
    return claims


def _hooks(records: Sequence[Record]) -> list[Claim]:
    names = sorted({r.case["target"] for r in records if r.case["kind"] == "train" and r.case["part"] == "hooks"})
    claims = []
    for name in names:
        size = targets.OPTIMISTIC[targets.RANKS[name]]
        at, before = (mean_error(records, "hooks", name, n) for n in (size, size - 1))
        claims += [
            Claim.at_most(f"{STATEMENTS[5]} ({name}, O = {size}; mean error)", _FIG2, bound=_FALLEN, measured=at),
            Claim.at_least(
                f"{STATEMENTS[6]} ({name}, n = {size - 1}; mean error)", _FIG2, bound=_HIGH, measured=before
            ),
        ]
    return claims


def _scales(done: Sequence[Record]) -> list[Claim]:
    claims = []
    stds = {r.case["std"] for r in done if r.case["kind"] == "train" and r.case["part"] == "scale"}
    for std in sorted(stds, reverse=True):
        error = mean_error(done, "scale", "M1", 7, std)
        log = None if error is None else float(np.log10(max(error, 1e-30)))
        text = f"{STATEMENTS[7]} (M1, std {std:g}; log₁₀ of the mean error, to one decade)"
        if std in PUBLISHED_SCALES:
            claims.append(Claim.within(text, _FIG3, expected=PUBLISHED_SCALES[std], measured=log, tolerance=1.0))
        elif std <= 1e-4:
            claims.append(Claim.at_most(text, _FIG3, bound=-8.0, measured=log))
    return claims


def _published(records: Sequence[Record]) -> list[Claim]:
    claims = []
    for name in ("1", "2", "4", "5", "6"):
        needed = targets.NEEDED[name]
        at, before = (mean_error(records, f"order {name}", "M2", n) for n in (needed, needed - 1))
        note = f"order {name}, M2; mean error"
        claims += [
            Claim.at_most(f"{STATEMENTS[8]} ({note}, n = {needed})", _FIG4, bound=_FALLEN, measured=at),
            Claim.at_least(f"{STATEMENTS[9]} ({note}, n = {needed - 1})", _FIG4, bound=_HIGH, measured=before),
        ]
    return claims


def _random(done: Sequence[Record]) -> list[Claim]:
    own = [r for r in done if r.case["kind"] == "train" and r.case["part"] == "random"]
    deficient = [r for r in own if components(r.case["observed"]) > 1]
    hits = sum(r.values["test_error"] < SUCCESS for r in deficient)
    low, high = wilson(hits, len(deficient))
    text = f"{STATEMENTS[10]} ({len(deficient)} runs on M1; rate {low:.2f} to {high:.2f} at 95 %)"
    return [Claim.count(text, "LLR, Lemma 1", expected=0, measured=hits if deficient else None)]


def components(observed: Sequence[int]) -> int:
    """Returns the components of the bipartite graph of observed entries of a 4 × 4 matrix: 1 for rank 7.

    Args:
        observed: Row-major numbers.
    """
    label = np.arange(8)
    for number in observed:
        i, j = divmod(number, 4)
        label[label == label[4 + j]] = label[i]
    return len(set(label.tolist()))
