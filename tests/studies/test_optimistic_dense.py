"""The study of 21 samples: its claims on made-up records, and one real point of each kind."""

from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.optimistic_dense import RANKS, STATEMENTS, Case, Settings
from condenslab.sweeps import Record

STUDY = studies.get("optimistic_dense")


def records(changes=None, **settings):
    made = []
    for case in STUDY.cases(Settings(**settings), seed=0, data=None):
        values = {"rank": RANKS[case.point], "rank_decided": True, "rank_tolerance": 1e-6, "rank_floor": 1e-13}
        if case.point == "null":
            values |= {"sample_ranks": [20, 21, 21], "samples_decided": True}
        spectrum = np.r_[np.geomspace(10, 1e-2, RANKS[case.point]), 1e-15]
        made.append(Record("optimistic_dense", "id", asdict(case), "done", "", values, {"spectrum": spectrum}))
    for number, values in (changes or {}).items():
        made[number].values.update(values)
    return made


def verdicts(made):
    return [claim.verdict for claim in STUDY.claims(made, None, known_target=True)]


def test_claims():
    made = records()
    claims = STUDY.claims(made, None, known_target=True)
    assert verdicts(made) == ["holds"] * 5
    assert all(claim.statement.startswith(text) for claim, text in zip(claims, STATEMENTS, strict=True))
    assert claims[0].measured == [21, 21, 21] and "for each of 3 seeds" in claims[0].statement
    assert "2100 parameters" in claims[0].statement
    assert verdicts(records({0: {"rank": 22}}))[0] == "fails"
    assert verdicts(records({0: {"rank_decided": False}}))[0] == "undecided"
    assert verdicts(records({0: {"sample_ranks": [20, 20, 21]}}))[4] == "fails"
    assert verdicts([]) == ["undecided"] * 5
    assert len(STUDY.draw(made)) == 1 and STUDY.draw([]) == []


@pytest.mark.parametrize("point", RANKS)
def test_points_express_the_target_with_the_ranks_of_the_theory(point):
    (outcome,) = STUDY.run_batch([Case(point, 2, 0)])
    assert outcome.values["rank_decided"] and outcome.values["rank"] == RANKS[point]
    assert outcome.values["output_difference"] < 1e-13
