"""What is claimed of a single neuron, and how it is read from the records; numbers only, no JAX."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from condenslab.studies.contract.claims import wilson
from condenslab.studies.contract.criteria import at_least, at_most, exactly, within
from condenslab.studies.contract.evidence import Evidence
from condenslab.studies.contract.statements import Measured, Statement
from condenslab.studies.single_neuron.cases import RISK, Settings
from condenslab.sweeps import Record

RECOVERED = 1000 * RISK
"""A flow has recovered the target where its mean squared error on 1,000 points of [−2, 2] vanishes with R: is at most a
thousand times the risk at which flows end. Near a merged pair the error is at most C·R to leading order, C = 10.3 for
n = 5, 1.6 for n = 6 and 1.2 for n = 7: the largest ratio over (α, m, M), M of rank one, of the mean square of
α·tanh + (m·z)·tanh′ + M[z, z]·tanh″ on [−2, 2] to that on the samples. With fewer samples there are points of R = 0 as
near to the target as one likes, with an error of fourth order in the distance: of 1,000 flows with n = 3 the smallest
errors are 6e-14 and 3e-13, however small R is."""
CONDITION = 100.0
"""Near a dead neuron it is at most this times R/σ² at the end, σ as in `runs.basin`. At the distance d from the target
set R ≥ (σd/2)², and the error is at most ‖J‖²d² with ‖J‖² < 25 on [−2, 2]."""
FEWEST = 20
"""Fewer flows near a branch say too little of almost every point: claims on them are undecided."""
FIGURE = "Optimistic, and stable"
_DIS = "DIS (arXiv 2405.13787): thresholds 3, 4, 5, 6 for two tanh neurons with bias and target tanh(x + 1)"
_THEOREM = "arXiv 2309.00508, Theorem 5.4: all of the target set for n > (d + 1)m = 6; deck 000"


def statements(settings: Settings) -> list[Statement]:
    """Returns what is claimed.

    Args:
        settings: The settings.
    """
    return [*_rank_statements(), *_small_statements(settings), *_near_statements(settings)]


def _rank_statements() -> list[Statement]:
    return [
        Statement(
            "the optimistic sample size, the model rank at a merged pair, is 3",
            _DIS,
            lambda evidence: evidence.where(start="rank").all(lambda records: records[0].values["merged"]),
            exactly(3),
        ),
        Statement(
            "the model rank with a dead neuron is 4, and that of all parameters 6",
            _DIS,
            lambda evidence: _deviations(evidence, lambda values: [values["dead"], values["generic"]], (4, 6)),
            exactly(0),
            note="deviations",
        ),
        Statement(
            "the branches of the target set have codimension 5 (merged pair) and 4 (dead neuron)",
            _DIS,
            lambda evidence: _deviations(evidence, lambda values: values["codimensions"], (5, 4)),
            exactly(0),
            note="deviations",
        ),
    ]


def _deviations(
    evidence: Evidence, chosen: Callable[[Mapping[str, Any]], Sequence[int | None]], expected: Sequence[int]
) -> list[int | None] | None:
    def of(records: list[Record]) -> list[int | None]:
        pairs = zip(chosen(records[0].values), expected, strict=True)
        return [None if rank is None else abs(rank - right) for rank, right in pairs]

    return evidence.where(start="rank").all(of)


def _small_statements(settings: Settings) -> list[Statement]:
    some = at_least(1 / settings.seeds)
    return [
        Statement(
            f"from small initialisation {text}",
            source,
            _shares("small", (samples,)),
            criterion,
            note=f"share of {settings.seeds} flows",
            label=f"small start, {label}",
            figure=FIGURE,
        )
        for samples, text, label, criterion, source in (
            (2, "2 samples never recover the target", "2 samples never recover", within(0.0, 1e-9), _DIS),
            (
                3,
                "3 samples, the optimistic number, do not: they do on a null set of starts",
                "3 samples do not recover",
                within(0.0, 1e-9),
                _DIS,
            ),
            (4, "4 samples recover the target with positive probability", "4 samples sometimes recover", some, _DIS),
            (6, "6 samples recover the target always", "6 samples always recover", within(1.0, 1e-9), _DIS),
            (7, "7 samples recover the target always", "7 samples always recover", within(1.0, 1e-9), _THEOREM),
        )
    ]


def _near_statements(settings: Settings) -> list[Statement]:
    few = f"fewer than {FEWEST} flows say too little of almost every point" if settings.near < FEWEST else ""
    every, not_every = within(1.0, 1e-9), at_most(1 - 1 / settings.near)
    return [
        Statement(
            f"near the {start} branch {text}",
            f"{_DIS}; arXiv 2309.00508, Theorem 5.4",
            _shares(start, counts, few),
            criterion,
            note=f"shares of {settings.near} flows each",
            label=f"near the {start} branch, n = {', '.join(map(str, counts))}: {text.partition(' on the target')[0]}",
            figure=FIGURE,
        )
        for start, text, counts, criterion in (
            ("dead", "every flow ends on the target from n = 4 on, its codimension", (4, 5, 6, 7), every),
            ("dead", "some flow does not end on the target at n = 3", (3,), not_every),
            ("merged", "every flow ends on the target from n = 5 on, its codimension", (5, 6, 7), every),
            ("merged", "some flow does not end on the target at n = 4", (4,), not_every),
        )
    ]


def _shares(start: str, counts: Sequence[int], unsettled: str = "") -> Callable[[Evidence], Measured]:
    """Returns a reader of the share of flows that recover, for every number of samples."""

    def read(evidence: Evidence) -> Measured:
        shares = [evidence.where(start=start, samples=n).share(recovers) for n in counts]
        known = [share for share in shares if share is not None]
        low, high = wilson(sum(s.successes for s in known), sum(s.total - s.unknown for s in known))
        return Measured(shares, f"95 % interval of all {low:.2f} to {high:.2f}", unsettled)

    return read


def recovers(record: Record) -> bool | None:
    """Returns whether a flow has recovered the target; None where it is not at its end: R is still on its way to 0.

    Args:
        record: Of a finished flow.
    """
    risk = record.case["risk"]
    level = CONDITION * risk / record.values["smallest"] ** 2 if record.case["start"] == "dead" else RECOVERED
    if record.values["error"] <= level:
        return True
    return False if record.values["risk"] <= risk else None
