"""Claims with margins, settings that are changed strictly, and studies that run through the store."""

import math
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

import toy
from condenslab import studies
from condenslab.errors import UserError
from condenslab.studies import at_least, at_most, exactly, wilson, within
from condenslab.studies.settings import assignments, changed
from condenslab.sweeps import Store
from condenslab.tasks import Table

KEYS = [
    "study",
    "preset",
    "seed",
    "claim",
    "source",
    "expected",
    "measured",
    "tolerance",
    "margin",
    "verdict",
    "relation",
    "label",
    "figure",
    "records",
    "deck",
    "part",
    "reason",
]


@pytest.mark.parametrize(
    ("criterion", "measured", "margin", "verdict"),
    [
        (within(1.0, 0.5), 1.0, 1.0, "holds"),
        (within(1.0, 0.5), 1.25, 0.5, "holds"),
        (within(1.0, 0.5), 1.5, 0.0, "holds"),
        (within(1.0, 0.5), 0.5, 0.0, "holds"),
        (within(1.0, 0.5), 2.0, -1.0, "fails"),
        (within(1.0, 0.5), [1.0, 1.25, 1.5], 0.0, "holds"),
        (within(1.0, 0.5), np.array([1.0, 3.0]), -3.0, "fails"),
        (within(1.0, 0.5), np.float64(1.25), 0.5, "holds"),
        (at_most(2.0), 1.5, 0.25, "holds"),
        (at_most(2.0), [1.5, 3.0], -0.5, "fails"),
        (at_most(-2.0), -3.0, 0.5, "holds"),
        (at_most(0.0), 0.25, -0.25, "fails"),
        (at_least(2.0), 3.0, 0.5, "holds"),
        (at_least(0), 0, 0.0, "holds"),
        (exactly(3), 3, 1.0, "holds"),
        (exactly(3), 4, -1.0, "fails"),
        (exactly(3), [3, 3, 1], -3.0, "fails"),
        (exactly(1), [np.True_, True], 1.0, "holds"),
    ],
)
def test_margin_is_slack_over_tolerance(criterion, measured, margin, verdict):
    judged = criterion.judge(measured)
    assert (judged.margin, judged.verdict) == (pytest.approx(margin, abs=1e-15), verdict)


@pytest.mark.parametrize("measured", [None, math.nan, math.inf, [1.0, None], [1.0, np.nan], [], np.array([])])
def test_what_was_not_measured_is_undecided(measured):
    for criterion in (within(1.0, 0.5), at_most(1), at_least(1), exactly(1)):
        judged = criterion.judge(measured)
        assert (judged.margin, judged.verdict) == (None, "undecided")
        assert b"NaN" not in msgspec.json.encode(judged)


FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(FINITE, min_size=1), FINITE, st.floats(min_value=0, exclude_min=True, allow_infinity=False))
def test_a_claim_holds_exactly_where_every_value_does(measured, expected, tolerance):
    holds = all(abs(value - expected) <= tolerance for value in measured)
    judged = within(expected, tolerance).judge(measured)
    assert judged.verdict == ("holds" if holds else "fails")
    assert (judged.margin >= 0) == holds
    assert math.isfinite(judged.margin)
    for make, compare in ((at_most, float.__le__), (at_least, float.__ge__)):
        one_sided = make(expected).judge(measured)
        assert (one_sided.margin >= 0) == all(compare(value, expected) for value in measured)


@pytest.mark.parametrize(("expected", "tolerance"), [(1.0, 0.0), (1.0, -1.0), (1.0, math.nan), (math.inf, 1.0)])
def test_a_criterion_needs_a_finite_expectation_and_a_positive_tolerance(expected, tolerance):
    with pytest.raises(ValueError, match="positive tolerance"):
        within(expected, tolerance)


@given(st.integers(1, 200), st.data())
def test_wilson_agrees_with_scipy(trials, data):
    successes = data.draw(st.integers(0, trials))
    confidence = data.draw(st.sampled_from([0.5, 0.9, 0.95, 0.999]))
    expected = binomtest(successes, trials).proportion_ci(confidence, method="wilson")
    assert wilson(successes, trials, confidence) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_without_trials_knows_nothing():
    assert wilson(0, 0) == (0.0, 1.0)
    for bad in ((2, 1, 0.95), (-1, 3, 0.95), (1, 3, 1.0), (1, 3, 0.0)):
        with pytest.raises(ValueError, match="wilson needs"):
            wilson(*bad)


@dataclass(frozen=True)
class Settings:
    width: Annotated[int, msgspec.Meta(ge=1)] = 500
    rate: float = 0.1
    widths: tuple[int, ...] = (1, 2)
    name: str = "x"
    method: Literal["flow", "descent"] = "flow"
    limit: float | None = None
    strict: bool = False
    low: float = 0.0

    def __post_init__(self):
        if self.low > self.rate:
            raise ValueError("low must be at most rate")


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("width", "40", 40), ("rate", "1", 1.0), ("rate", "1e-3", 1e-3), ("rate", "-2.5", -2.5),
        ("widths", "[3]", (3,)), ("widths", "3,4", (3, 4)), ("widths", "3", (3,)),
        ("name", "a=b", "a=b"), ("name", "12", "12"), ("name", "", ""), ("name", "TRUE", "TRUE"),
        ("method", "descent", "descent"), ("limit", "null", None), ("limit", "3", 3.0),
        ("strict", "true", True), ("strict", "False", False),
    ],
)  # fmt: skip
def test_texts_become_the_field_s_type(key, text, value):
    settings = Settings(low=-9.0)
    found = getattr(changed(settings, {key: text}), key)
    assert found == value
    assert type(found) is type(value)


def test_values_are_taken_as_they_are():
    assert changed(Settings(), {"width": 3, "widths": [1, 5], "limit": None}) == Settings(3, widths=(1, 5))
    assert changed(Settings(), {}) == Settings()


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("widht", "3", r"unknown setting 'widht'; did you mean 'width'\?"),
        ("width", "0", "'width' cannot be '0': expected int >= 1"),
        ("width", "1.5", "expected int, got float"),
        ("width", "many", "expected int, got str"),
        ("width", 2.5, "expected int, got float"),
        ("rate", "nan", "cannot be 'nan'"),
        ("rate", "1,5", "cannot be '1,5'"),
        ("widths", "a", "expected array, got str"),
        ("method", "flo", r"'flo'; did you mean 'flow'\? Valid: flow, descent"),
        ("strict", "maybe", "expected bool"),
        ("low", "5", "do not fit together: low must be at most rate"),
        ("width", np.float64(3), "cannot be"),
    ],
)
def test_what_does_not_fit_is_said(key, value, message):
    with pytest.raises(UserError, match=message):
        changed(Settings(), {key: value})


def test_assignments_are_key_value_pairs():
    assert assignments(["a=1", "b=x=y", "c="]) == {"a": "1", "b": "x=y", "c": ""}
    for bad in (["a"], ["=1"], ["a=1", "a=2"]):
        with pytest.raises(UserError, match="--set"):
            assignments(bad)


def test_every_registered_study_keeps_the_contract():
    for name in studies.names():
        study = studies.get(name)
        assert study.name == name
        assert study.question.endswith("?")
        assert study.source
        assert list(study.presets)[:3] == ["tiny", "quick", "full"], "and then those of its own"
        assert len({type(settings) for settings in study.presets.values()}) == 1
        assert study.claim_statements
        assert len(set(study.claim_statements)) == len(study.claim_statements)
        for preset in study.presets:
            plan = studies.plan(name, preset=preset)
            assert len({plan.schedule.id(case) for case in plan.cases}) == len(plan.cases)
            assert all(study.seconds_per_member(case) >= 0 for case in plan.cases)
            assert all(study.bytes_per_member(case) > 0 for case in plan.cases)


def test_a_run_is_stored_with_its_claims(tmp_path):
    lines = []
    run = studies.run(toy.STUDY, preset="tiny", seed=3, out=tmp_path, progress=lambda *line: lines.append(line))
    assert [list(row) for row in run.claims] == [KEYS, KEYS]
    assert {(row["study"], row["preset"], row["seed"]) for row in run.claims} == {("toy", "tiny", 3)}
    assert [row["verdict"] for row in run.claims] == ["holds", "undecided"]
    assert run.claims[0]["margin"] == pytest.approx(1 - max(map(abs, run.claims[0]["measured"])) / 3)
    assert Store(tmp_path).runs() == [run]
    assert set(run.records) == set(Store(tmp_path).records("toy"))
    assert run.counts == {"done": 6, "diverged": 0, "failed": 0}
    assert (run.overrides, run.data, run.failures) == ({}, None, [])
    assert {"condenslab", "jax", "numpy", "device", "threads", "seconds", "utc"} <= set(run.provenance)
    assert lines[-1][0] == 1.0


def test_presets_share_what_they_have_in_common(tmp_path):
    studies.run(toy.STUDY, preset="tiny", out=tmp_path)
    studies.run(toy.STUDY, preset="quick", out=tmp_path)
    assert len(Store(tmp_path).records()) == 12


def test_changed_settings_are_kept_beside_the_preset(tmp_path):
    run = studies.run(toy.STUDY, preset="tiny", out=tmp_path, overrides={"members": 1, "pause": "0"})
    assert run.overrides == {"members": 1}
    assert run.settings["members"] == 1
    assert len(run.records) == 3


def test_on_the_user_s_own_data_claims_of_a_known_target_are_left_out(tmp_path):
    table = Table(np.arange(2.0)[:, None], np.arange(2.0)[:, None], "own.csv")
    run = studies.run(toy.STUDY, preset="tiny", out=tmp_path, data=table)
    assert len(run.claims) == 1
    assert run.data == {"name": "own.csv", "digest": table.digest}


def test_diverged_and_failed_records_leave_claims_undecided(tmp_path):
    diverged = studies.run(toy.STUDY, out=tmp_path, overrides={"trouble": "diverge"})
    assert (diverged.counts["diverged"], diverged.failures) == (12, [])
    failed = studies.run(toy.STUDY, out=tmp_path, overrides={"trouble": "raise"})
    assert failed.counts == {"done": 8, "diverged": 0, "failed": 4}
    assert failed.failures == ["RuntimeError: the toy broke"]
    for run in (diverged, failed):
        assert [row["verdict"] for row in run.claims] == ["undecided", "undecided"]


def samples(x, y):
    return Table(np.array(x), np.array(y), "own")


def test_a_seed_of_numpy_is_a_seed():
    plan = studies.plan(toy.STUDY, seed=np.int64(3))
    assert plan.cases == studies.plan(toy.STUDY, seed=3).cases and type(plan.seed) is int


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({"study": "toi"}, "unknown study 'toi'"),
        ({"preset": "quik"}, r"unknown preset 'quik'; did you mean 'quick'\?"),
        ({"seed": -1}, "the seed must be a whole number from 0 to 4294967295. Got -1"),
        ({"seed": 2**32}, "the seed must be"),
        ({"overrides": {"member": 1}}, "did you mean 'members'"),
        ({"seed": True}, "the seed must be a whole number from 0 to 4294967295. Got True"),
        ({"preset": None}, "unknown preset None"),
        ({"executor": "local:x"}, "local:N needs a whole number of processes"),
        ({"executor": "local", "study": replace(toy.STUDY, name="other")}, "cannot import the study 'other'"),
        ({"data": "own.csv"}, "data must be a Table.*Got str"),
        ({"data": (np.zeros((2, 1)), np.zeros((2, 1)))}, "data must be a Table.*Got tuple"),
        ({"data": samples([[1.0]], [[2.0]])}, "own has 1 sample, 1 input, but there is nothing to compare"),
        ({"data": samples([[1.0], [1.0]], [[2.0], [3.0]])}, "own has 2 samples, 1 input, but all.*same x"),
        ({"data": samples([[1.0], [2.0]], [[3.0], [3.0]])}, "y is 3 in all of them"),
        ({"data": samples([[0.0], [1e-300]], [[3.0], [4.0]])}, "x spreads over 1e-300"),
        ({"study": replace(toy.STUDY, make_cases=lambda *_: [])}, "settings leave 'toy' nothing to compute"),
    ],
)
def test_a_mistake_is_said_before_anything_is_written(tmp_path, request_, message):
    with pytest.raises(UserError, match=message):
        studies.run(**({"study": toy.STUDY, "out": tmp_path / "runs"} | request_))
    assert list(tmp_path.iterdir()) == []


def test_data_is_refused_by_a_study_that_takes_none():
    alone = replace(toy.STUDY, accepts_data=False)
    with pytest.raises(UserError, match="takes no data"):
        studies.plan(alone, data=Table(np.zeros((2, 1)), np.zeros((2, 1)), "own.csv"))
