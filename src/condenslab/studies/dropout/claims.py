"""Decides the claims of the dropout study from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.studies.shared.descents.cases import select
from condenslab.sweeps import Record

KINDS = {"none": "without dropout", "dropout": "with dropout", "penalty": "on R + R₁"}
TEACHERS = {"teacher_uniform": "inputs uniform on [−1, 1]^10", "teacher_normal": "standard normal inputs"}
_ENOUGH = {"teacher_uniform": 50_000, "teacher_normal": 50_000, "two_tanh": 10_000}
"""Steps below which nothing can have condensed: claims are then undecided."""

_SOURCE = "Zhang & Xu, TPAMI 2024"
_OURS = "the factor 1/2 is the study's own"

STATEMENTS = (
    "dropout leaves two orientations on the ten-dimensional teacher",
    "training on R + R₁ leaves two orientations as well",
    "without dropout the neurons do not condense: at least half of them have a direction of their own",
    "dropout at least halves the number of orientations on the ten-dimensional teacher",
    "R + R₁ at least halves the number of orientations on the ten-dimensional teacher",
    "dropout at least halves the number of orientations on the target of one input",
    "R + R₁ at least halves the number of orientations on the target of one input",
)
"""What the study claims, before anything is measured; a run adds seeds and intervals."""


def runs_of(records: Sequence[Record], task: str, kind: str) -> list[Record]:
    """Returns the finished runs of a task without dropout, with it, or on R + R₁, by seed.

    Args:
        records: Any records.
        task: Name of the task.
        kind: A key of `KINDS`.
    """
    found = select(records, task=task, penalty=kind == "penalty")
    return [r for r in found if (r.case["drop"] > 0) == (kind != "none")]


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, those on the teacher once for each law of its inputs.

    Args:
        records: The records.
    """
    claims = []
    asked = [task for task in TEACHERS if any(r.case["task"] == task for r in records)]
    for task in asked:
        claims += [*_teacher(records, task), *_halves(records, task, 3)]
    return [*claims, *_halves(records, "two_tanh", 5)]


def _long(runs: list[Record]) -> list[Record]:
    return [r for r in runs if r.case["steps"] >= _ENOUGH[r.case["task"]]]


def _teacher(records: Sequence[Record], task: str) -> list[Claim]:
    claims = []
    for number, kind, figure in ((0, "dropout", "Fig. 7a, b"), (1, "penalty", "Figs 2 and 5, section 4")):
        runs = _long(runs_of(records, task, kind))
        counts = [r.values["orientations"] for r in runs]
        where = f" ({TEACHERS[task]}" + (f", {runs[0].case['steps']:,} steps, cosine 0.95)" if runs else ")")
        text = over_seeds(STATEMENTS[number] + where, [count == 2 for count in counts])
        source = f"{_SOURCE}, {figure} (law of the inputs and number of steps not stated)"
        claims.append(Claim.count(text, source, expected=2, measured=counts or None))
    runs = _long(runs_of(records, task, "none"))
    share = [r.values["orientations"] / r.values["strong"] for r in runs]
    text = over_seeds(f"{STATEMENTS[2]} ({TEACHERS[task]})", [value >= 0.5 for value in share])
    return [*claims, Claim.at_least(text, f"{_SOURCE}, Fig. 7a; {_OURS}", bound=0.5, measured=share or None)]


def _halves(records: Sequence[Record], task: str, first: int) -> list[Claim]:
    claims = []
    for number, kind in ((first, "dropout"), (first + 1, "penalty")):
        pairs = [
            (after, before)
            for after in _long(runs_of(records, task, kind))
            for before in _long(runs_of(records, task, "none"))
            if after.case["seed"] == before.case["seed"]
        ]
        shares = [after.values["orientations"] / before.values["orientations"] for after, before in pairs]
        where = f" ({TEACHERS[task]})" if task in TEACHERS else ""
        text = over_seeds(STATEMENTS[number] + where, [share <= 0.5 for share in shares])
        figure = "Fig. 7a, b" if task in TEACHERS else "Figs 4 and 5"
        claims.append(Claim.at_most(text, f"{_SOURCE}, {figure}; {_OURS}", bound=0.5, measured=shares or None))
    return claims
