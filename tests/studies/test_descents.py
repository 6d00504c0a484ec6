"""Dropout, knobs, generalization and convolution networks: claims on made-up records."""

from dataclasses import asdict

import pytest

from condenslab import studies
from condenslab.studies.knobs.claims import turned
from condenslab.studies.seeds import over_seeds
from condenslab.sweeps import Record, case_id


def records(name, values, preset="quick"):
    """One record a case, with the values that a function of the case returns."""
    study = studies.get(name)
    settings = study.presets[preset]
    cases = study.cases(settings, seed=0, data=None)
    assert len({case_id(name, 1, case, study.precision) for case in cases}) == len(cases)
    made = [Record(name, str(k), asdict(case), "done", "", values(case)) for k, case in enumerate(cases)]
    return study, made, study.claims(made, settings, known_target=True)


def verdicts(claims):
    return [claim.verdict for claim in claims]


def test_the_wording_names_seeds_that_did_not_finish():
    text = over_seeds("it holds", [True, False], asked=3)
    assert text.startswith("it holds, for each of 2 seeds (1 more did not finish) [holds for 1;")


def test_dropout_is_given_as_keep_and_run_as_drop():
    study = studies.get("dropout")
    settings = type(study.presets["quick"])(seeds=1, teacher_keep=0.5, curve_keep=0.9)
    drops = {case.drop for case in study.cases(settings, seed=0, data=None) if case.task == "two_tanh"}
    assert drops == {0.0, 0.1}


def test_dropout_claims():
    def published(case):
        return {"orientations": 2 if case.drop else 90, "strong": 100}

    assert set(verdicts(records("dropout", published)[2])) == {"holds"}
    nothing = records("dropout", lambda case: {"orientations": 90, "strong": 100})[2]
    assert verdicts(nothing) == ["fails", "fails", "holds", "fails", "fails", "fails", "fails"]
    condensed_anyway = records("dropout", lambda case: {"orientations": 3, "strong": 100})[2]
    assert verdicts(condensed_anyway)[2] == "fails"
    assert set(verdicts(records("dropout", published, "tiny")[2])) == {"undecided"}


def test_knobs_compare_the_last_value_with_the_baseline_seed_by_seed():
    def groups(case):
        return {"groups": 40 - 10 * (case.exponent > 0.2) - 5 * (case.rate > 1e-3) - (case.decay > 0) - (case.drop > 0)}

    _, made, claims = records("knobs", groups)
    assert verdicts(claims) == ["holds"] * 4
    assert [claim.measured for claim in claims] == [[10] * 3, [5] * 3, [1] * 3, [1] * 3]
    assert {value: len(runs) for value, runs in turned(made, "drop").items()} == {0.0: 3, 0.05: 3, 0.1: 3, 0.2: 3}
    same = records("knobs", lambda case: {"groups": 40})[2]
    assert verdicts(same) == ["fails"] * 4
    assert verdicts(records("knobs", groups, "tiny")[2]) == ["undecided"] * 4


def test_generalization_is_compared_at_equal_training_risk():
    def values(case, risk=1e-6):
        large = case.exponent == 0
        return {"test_error": 0.1 if large else 0.01, "groups": 90 if large else 5, "final_risk": risk}

    assert verdicts(records("generalization", values)[2]) == ["holds"] * 3
    unfitted = records("generalization", lambda case: values(case, risk=1e-3))[2]
    assert verdicts(unfitted) == ["undecided"] * 3
    turned_round = records("generalization", lambda case: values(case) | {"test_error": 1.0, "groups": 7})[2]
    assert verdicts(turned_round) == ["fails", "fails", "holds"]


def test_kernel_claims():
    def values(case, accuracy=1.0):
        small = case.exponent == 1.5
        end = {"first_end": 0.3 if small else 1.0, "pairs_end": 0.2 if small else 0.9, "first_start": 1.0}
        return {"train_accuracy": accuracy, "test_accuracy": 0.88, **end}

    claims = records("cnn_condensation", values)[2]
    assert verdicts(claims) == ["holds"] * 4 + ["undecided"]
    assert claims[-1].expected == pytest.approx(0.9762) and claims[-1].measured == [0.88] * 3
    assert verdicts(records("cnn_condensation", lambda case: values(case, 0.99))[2])[0] == "fails"
    assert set(verdicts(records("cnn_condensation", values, "tiny")[2])) == {"undecided"}
