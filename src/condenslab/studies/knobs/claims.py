"""Decides the claims of the study of knobs from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

KNOBS = {
    "exponent": "initial exponent γ, std m^(−γ/2)",
    "rate": "learning rate",
    "decay": "weight decay",
    "drop": "DROP probability",
}
_ENOUGH = 10_000

STATEMENTS = (
    "the smallest initial scale gives fewer groups than the baseline",
    "the largest learning rate gives fewer groups than the baseline",
    "the largest weight decay gives fewer groups than the baseline",
    "the largest dropout gives fewer groups than the baseline",
)
"""What the study claims, before anything is measured; a run adds values, seeds and intervals."""

_SOURCES = {
    "exponent": "deck 002, knobs; Luo et al., JMLR 22(71) 2021",
    "rate": "deck 002, knobs; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers",
    "decay": "deck 002, knobs; NeurIPS 2024 (2405.05409), Figs 14 to 16, for transformers",
    "drop": "deck 002, knobs; Zhang & Xu, TPAMI 2024, Fig. 4",
}


def baseline(records: Sequence[Record]) -> dict[str, float]:
    """Returns the values of the baseline: those of the first case.

    Args:
        records: All records of a run, in the order of its cases.
    """
    return {knob: records[0].case[knob] for knob in KNOBS}


def turned(records: Sequence[Record], knob: str) -> dict[float, list[Record]]:
    """Returns the finished runs in which at most one knob is turned, by its value and seed, the baseline first.

    Args:
        records: All records of a run, in the order of its cases.
        knob: A key of `KNOBS`.
    """
    base = baseline(records)
    alone = [r for r in records if all(r.case[other] == base[other] for other in KNOBS if other != knob)]
    values = dict.fromkeys(r.case[knob] for r in alone)
    return {
        value: sorted((r for r in alone if r.case[knob] == value and r.status == "done"), key=lambda r: r.case["seed"])
        for value in values
    }


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: All records of a run, in the order of its cases.
    """
    return [_claim(records, number, knob) for number, knob in enumerate(KNOBS)]


def _claim(records: Sequence[Record], number: int, knob: str) -> Claim:
    found = turned(records, knob)
    base, last = next(iter(found)), list(found)[-1]
    source = f"{_SOURCES[knob]}; fewer for each seed, the amount is not stated"
    if len(found) < 2 or records[0].case["steps"] < _ENOUGH:
        return Claim.undecided(STATEMENTS[number], source, expected="fewer")
    pairs = [(a, b) for a in found[base] for b in found[last] if a.case["seed"] == b.case["seed"]]
    fewer = [a.values["groups"] - b.values["groups"] for a, b in pairs]
    text = f"{STATEMENTS[number]} ({KNOBS[knob]} {last:g} against {base:g}; how many fewer)"
    return Claim.at_least(over_seeds(text, [d >= 1 for d in fewer]), source, bound=1, measured=fewer or None)
