"""The relu_stationary study: plateaus of a made-up curve, claims on made-up records."""

from dataclasses import asdict, replace

import numpy as np

from condenslab.studies.relu_stationary.cases import EXPERIMENTS, PRESETS, make_cases
from condenslab.studies.relu_stationary.claims import STATEMENTS, decide, plateaus
from condenslab.sweeps import Record, case_id

NAME = "relu_stationary"
STEPS = np.concatenate([np.full(300, 1.0), np.geomspace(1.0, 0.5, 50), np.full(300, 0.5), np.full(300, 0.2)])


def record(case, **changes):
    values = {
        "final_risk": 0.2,
        "start_risk": 1.0,
        "lowest_change": 1e-9,
        "output_slope": 1e-6,
        "lowest_slope": -1e-6,
        "slope_scale": 1.0,
        "escape": 0.0,
    }
    return Record(NAME, case_id(NAME, 1, case, "float64"), asdict(case), "done", "", values | changes, {"risk": STEPS})


def test_plateaus():
    assert plateaus(STEPS) == [1.0, 0.5, 0.2]
    assert plateaus(np.geomspace(1.0, 1e-6, 1000)) == []
    assert plateaus(np.ones(100)) == [1.0]


def test_claims_hold_fail_and_wait():
    cases = make_cases(PRESETS["quick"], 0)
    zero = {2: {"final_risk": 1e-5}}
    good = decide([record(case, **zero.get(case.experiment, {})) for case in cases])
    assert [claim.verdict for claim in good] == ["holds"] * len(STATEMENTS)
    bad = decide([record(case, lowest_change=-1e-9, lowest_slope=-1.0, escape=1.0) for case in cases])
    assert [claim.verdict for claim in bad] == ["holds", "holds", "fails", "fails", "fails", "fails"]
    short = decide([record(replace(case, steps=10)) for case in cases])
    assert {claim.verdict for claim in short} == {"undecided"}


def test_the_data_of_the_source():
    shapes = {number: (own.inputs.shape, own.targets.shape) for number, own in EXPERIMENTS.items()}
    assert shapes == {1: ((5, 2), (5, 1)), 2: ((7, 3), (7, 1)), 3: ((4, 2), (4, 2))}
