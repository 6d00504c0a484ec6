"""The study of scaling: claims on made-up records, and the numbers of brains by hand."""

import pytest

from condenslab import studies
from condenslab.studies.scaling import BrainCase, Settings, plan_brain
from judging import check_damage, decided, made_up

STUDY = studies.get("scaling")
SMALL = Settings(seeds=2, factors=(1, 4))


def silent(fraction, text):
    """Takes progress."""


def theory(case):
    """k(d + 1): 2·3 whatever the neurons, 2(2·factor + 1) with the connections; 1,000(d + 1) of a brain's target."""
    if isinstance(case, BrainCase):
        return {"samples": 1000 * (case.connections + 1), "parameters": 1}
    rank = 6 if case.growth == "neurons" else 2 * (2 * case.factor + 1)
    return {"rank": rank, "rank_decided": True, "parameters": 6 * case.factor}


def test_what_theory_says_holds():
    records = made_up(STUDY, SMALL, theory)
    assert decided(STUDY, records, SMALL) == ["holds"] * 4
    assert decided(STUDY, [], SMALL) == ["undecided"] * 4
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (lambda case: getattr(case, "growth", "") == "neurons", ["fails", "holds", "holds", "holds"]),
        (lambda case: getattr(case, "growth", "") == "connections", ["holds", "fails", "holds", "holds"]),
        (lambda case: getattr(case, "brain", "") == "human", ["holds", "holds", "fails", "holds"]),
        (lambda case: getattr(case, "connections", 0) == 1000, ["holds", "holds", "holds", "fails"]),
    ],
)
def test_every_claim_can_fail(wrong, expected):
    def values(case):
        found = theory(case)
        name = "samples" if "samples" in found else "rank"
        return found | ({name: 2 * found[name]} if wrong(case) else {})

    assert decided(STUDY, made_up(STUDY, SMALL, values), SMALL) == expected


def test_a_brain_is_planned():
    """k(d + 1) = 1,000 · 1,001 of m(d + 1) = 10¹¹ · 1,001."""
    values = plan_brain(BrainCase("human", 1000), silent).values
    assert values == {"samples": 1_001_000, "parameters": 100_100_000_000_000}
