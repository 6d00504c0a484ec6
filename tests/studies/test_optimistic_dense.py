"""The study of 21 samples: its claims on made-up records, and one real point of each kind."""

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.optimistic_dense import RANKS, Case, Settings, measure
from judging import judged, record_of, verdicts

STUDY = studies.get("optimistic_dense")
CASES = STUDY.cases(Settings(), seed=0)


def records(changes=None):
    made = []
    for case in CASES:
        values = {"rank": RANKS[case.point], "rank_decided": True, "rank_tolerance": 1e-6, "rank_floor": 1e-13}
        if case.point == "null":
            values |= {"sample_ranks": [20, 21, 21], "samples_decided": True}
        spectrum = np.r_[np.geomspace(10, 1e-2, RANKS[case.point]), 1e-15]
        made.append(record_of(STUDY, case, values, {"spectrum": spectrum}))
    for number, values in (changes or {}).items():
        made[number].values.update(values)
    return made


def decided(made):
    return verdicts(judged(STUDY, made, cases=CASES))


def test_claims():
    made = records()
    claims = judged(STUDY, made, cases=CASES)
    assert verdicts(claims) == ["holds"] * 5
    assert [claim.statement.startswith(text) for claim, text in zip(claims, STUDY.claim_statements, strict=True)]
    assert claims[0].measured == [21, 21, 21] and "for each of 3 seeds" in claims[0].statement
    assert "2100 parameters" in claims[0].statement
    assert decided(records({0: {"rank": 22}}))[0] == "fails"
    assert decided(records({0: {"rank_decided": False}}))[0] == "undecided"
    assert decided(records({0: {"sample_ranks": [20, 20, 21]}}))[4] == "fails"
    assert decided(made[1:])[0] == "undecided", "one width of one seed is missing"
    assert decided([]) == ["undecided"] * 5
    assert len(STUDY.draw(made)) == 1 and STUDY.draw([]) == []


@pytest.mark.parametrize("point", RANKS)
def test_points_express_the_target_with_the_ranks_of_the_theory(point):
    outcome = measure(Case(point, 2, 0), lambda *_: None)
    assert outcome.values["rank_decided"] and outcome.values["rank"] == RANKS[point]
    assert outcome.values["output_difference"] < 1e-13
