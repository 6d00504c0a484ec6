"""Decides the claims of the study of convolution networks from stored records; numbers only, no JAX."""

from collections.abc import Sequence

from condenslab.studies.contract.claims import Claim
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record

_SLIDE = "deck 002, 'Condensation in CNN on MNIST' (architecture, scale, optimiser and number of images not stated)"
_OWN = "the factor 1/2 is the study's own"
_ENOUGH = 300
PUBLISHED_TEST_ACCURACY = 0.9762

STATEMENTS = (
    "from small weights all training images are classified correctly",
    "from small weights training at least halves the effective ratio of the first layer's kernels",
    "from small weights the effective ratio of the first layer's kernels ends below that from large weights",
    "from small weights the effective ratio of the second layer's kernels, one for each pair of channels, ends "
    "below that from large weights",
    "the slide's test accuracy of 97.62 % belongs to an unpublished setting; ours is measured beside it",
)
"""What the study claims, before anything is measured; a run adds scales, seeds and intervals."""


def at_exponent(records: Sequence[Record], exponent: float) -> list[Record]:
    """Returns the finished runs of a scale, by seed.

    Args:
        records: Any records.
        exponent: Of the scale.
    """
    found = [r for r in records if r.status == "done" and r.case["exponent"] == exponent]
    return sorted(found, key=lambda r: r.case["seed"])


def decide(records: Sequence[Record]) -> list[Claim]:
    """Returns the claims of a run, in the order of `STATEMENTS`.

    Args:
        records: The records.
    """
    exponents = sorted({r.case["exponent"] for r in records})
    large, small = at_exponent(records, exponents[0]), at_exponent(records, exponents[-1])
    ours = [round(r.values["test_accuracy"], 4) for r in small]
    context = Claim.undecided(STATEMENTS[4], _SLIDE, expected=PUBLISHED_TEST_ACCURACY, measured=ours or None)
    if not small or records[0].case["steps"] < _ENOUGH or len(exponents) < 2:
        return [*(Claim.undecided(text, _SLIDE, expected=None) for text in STATEMENTS[:4]), context]
    where = f" (std = fan-in^−{exponents[-1]:g}, {records[0].case['samples']} images)"
    right = [r.values["train_accuracy"] for r in small]
    shares = [r.values["first_end"] / r.values["first_start"] for r in small]
    claims = [
        Claim.at_least(over_seeds(STATEMENTS[0] + where, [v == 1 for v in right]), _SLIDE, bound=1, measured=right),
        Claim.at_most(
            over_seeds(f"{STATEMENTS[1]}{where}; cosine 0.95", [share <= 0.5 for share in shares]),
            f"{_SLIDE}; {_OWN}",
            bound=0.5,
            measured=shares,
        ),
    ]
    for number, name in ((2, "first"), (3, "pairs")):
        pairs = [(a, b) for a in small for b in large if a.case["seed"] == b.case["seed"]]
        quotients = [a.values[f"{name}_end"] / b.values[f"{name}_end"] for a, b in pairs]
        text = over_seeds(f"{STATEMENTS[number]} (quotient)", [q < 1 for q in quotients])
        claims.append(Claim.at_most(text, _SLIDE, bound=1, measured=quotients or None))
    return [*claims, context]
