"""Decides the claims of the study of initial condensation from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim
from condenslab.studies.initial_condensation.cases import MULTIPLICITY
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

_IC = "Zhou et al., NeurIPS 2022 (IC)"
_LEAST_COSINE = 0.99

STATEMENTS = (
    "with one input a layer has at most 2p orientations at epoch 200",
    "with one input 2p orientations are seen at epoch 200",
    "at these epochs training is in its initial stage (the risk is above 70 % of the initial one)",
    "under gradient flow from small weights tanh neurons point along ±Σ y x",
    "under gradient flow from small weights tanh neurons with five inputs have two orientations",
)
"""What the study claims, before anything is measured; a run adds activations, seeds and intervals."""


def chosen(records: Sequence[Record], **fields: object) -> list[Record]:
    """Returns the finished records with these fields of the case, by seed.

    Args:
        records: Any records.
        **fields: Fields and their values.
    """
    done = [r for r in records if r.status == "done" and all(r.case[name] == value for name, value in fields.items())]
    return sorted(done, key=lambda r: r.case["seed"])


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run. Counts with five inputs, in deep networks and for ReLU are drawn, not claimed.

    Args:
        records: The records.
    """
    return [*_plane(records), *_stage(records), *_direction(records)]


def _plane(records: Sequence[Record]) -> list[Claim]:
    claims = []
    asked = [r.case for r in records if r.case["kind"] == "plane" and r.case["design"] == "grid"]
    for name in dict.fromkeys(case["activation"] for case in asked if case["activation"] in MULTIPLICITY):
        runs, bound = chosen(records, kind="plane", design="grid", activation=name), 2 * MULTIPLICITY[name]
        counts = [r.values["orientations"] for r in runs]
        settings = f"{name}, p = {bound // 2}, evenly spaced samples, cosine 0.95, strays at most 3 %"
        most = over_seeds(f"{STATEMENTS[0]} ({settings})", [count <= bound for count in counts])
        seen = over_seeds(f"{STATEMENTS[1]} ({settings})", [count == bound for count in counts])
        source = f"{_IC}, section 3 and Figs 5 and 6 (a conjecture for Adam; proved at leading order under flow)"
        claims.append(Claim.at_most(most, source, bound=bound, measured=counts))
        claims.append(Claim.count(seen, f"{_IC}, Figs 5 and 6, one run", expected=bound, measured=counts))
    return claims


def _stage(records: Sequence[Record]) -> list[Claim]:
    runs = [*chosen(records, kind="plane", design="grid"), *chosen(records, kind="five")]
    ratios = [r.values["ratio"] for r in runs]
    if not runs:
        return [Claim.undecided(STATEMENTS[2], f"{_IC}, section 3", expected=0.7)]
    text = f"{STATEMENTS[2]}, in {len(runs)} runs"
    return [Claim.at_least(text, f"{_IC}, section 3", bound=0.7, measured=min(ratios))]


def _direction(records: Sequence[Record]) -> list[Claim]:
    stds = sorted({r.case["std"] for r in records if r.case["kind"] == "direction"})
    if not stds:
        return []
    runs = chosen(records, kind="direction", method="flow", std=stds[0])
    cosines = [r.values["mean_cosine"] for r in runs]
    counts = [r.values["orientations"] for r in runs]
    where = f"std {stds[0]:g}, when the risk has fallen by 0.1 %"
    along = f"{STATEMENTS[3]} (|cosine| averaged by amplitude, {where})"
    two = f"{STATEMENTS[4]} ({where})"
    source = f"deck 002; {_IC}, Proposition 1: exact at leading order, hence"
    return [
        Claim.at_least(
            over_seeds(along, [value >= _LEAST_COSINE for value in cosines]),
            f"{source} a cosine near 1; the bound 0.99 is ours",
            bound=_LEAST_COSINE,
            measured=cosines,
        ),
        Claim.count(over_seeds(two, [count == 2 for count in counts]), f"{source} 2p = 2", expected=2, measured=counts),
    ]
