"""Decides the claims of the study of generalization from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.studies.shared.descents.cases import select
from condenslab.sweeps import Record

_RATIO = 5.0
STATEMENTS = (
    "from the largest scale the test error is at least 5 times that from the smallest",
    "from the smallest scale fewer groups remain than from the largest",
    "both fit the samples to the same risk",
)
"""What the study claims, before anything is measured; a run adds scales, seeds and intervals."""

_SOURCE = "decks 000 and 003: small initialisation condenses and generalises"


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    A seed counts where both of its runs reached the risk that was asked for.

    Args:
        records: The records.
    """
    exponents = sorted({r.case["exponent"] for r in records})
    large, small = (select(records, exponent=exponent) for exponent in (exponents[0], exponents[-1]))
    pairs = [(a, b) for a in large for b in small if a.case["seed"] == b.case["seed"]]
    fitted = [(a, b) for a, b in pairs if _fits(a) and _fits(b)]
    where = f" (exponent γ = {exponents[0]:g} against {exponents[-1]:g} of N(0, m^−γ)"
    ratios = [a.values["test_error"] / b.values["test_error"] for a, b in fitted]
    fewer = [a.values["groups"] - b.values["groups"] for a, b in fitted]
    worst = [max(a.values["final_risk"], b.values["final_risk"]) for a, b in pairs]
    level = records[0].case["risk"]
    if not fitted:
        return [Claim.undecided(text, _SOURCE, expected=None) for text in STATEMENTS]
    return [
        Claim.at_least(
            over_seeds(f"{STATEMENTS[0]}{where}, at equal training risk)", [r >= _RATIO for r in ratios], len(pairs)),
            f"{_SOURCE}; the factor is the study's own",
            bound=_RATIO,
            measured=ratios,
        ),
        Claim.at_least(
            over_seeds(f"{STATEMENTS[1]}{where}; how many fewer)", [d >= 1 for d in fewer], len(pairs)),
            _SOURCE,
            bound=1,
            measured=fewer,
        ),
        Claim.at_most(
            over_seeds(f"{STATEMENTS[2]}, {level:g}", [risk <= 1.01 * level for risk in worst]),
            "the study's own, so that only what lies between the samples differs",
            bound=1.01 * level,
            measured=worst,
        ),
    ]


def _fits(record: Record) -> bool:
    return record.values["final_risk"] <= 1.01 * record.case["risk"]
