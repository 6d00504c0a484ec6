"""The study of embeddings in depth: claims on made-up records, and every computation on a small case."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies, tasks
from condenslab.studies.embedding_depth.cases import (
    GAMMAS,
    PRESETS,
    LiftCase,
    MergeCase,
    NormCase,
    PlateauCase,
    Settings,
    make_cases,
)
from condenslab.sweeps import Record, described
from condenslab.training import Stop
from judging import decided, ended, judged, record_of
from staircases import staircase

STUDY = studies.get("embedding_depth")
ALL = Settings(seeds=1, steps=40_000, iris_starts=0, starts=10, merge_seeds=1, printed_seeds=0, norm_seeds=1)
ALL = replace(ALL, plateau_seeds=0)
NONE = replace(ALL, seeds=0, starts=0, merge_seeds=0, norm_seeds=0)


def plateau(depth, seed=0, level=0.1, linear=0.999, final=1e-4):
    times, risk = staircase((level, final), (10, 5000))
    linearity = np.full((times.size, depth), linear)
    linearity[-1, 1:] = 0.999
    linearity[-1, : min(2, depth)] = 0.5
    arrays = {"times": times, "risk": risk, "linearity": linearity}
    return record_of(STUDY, PlateauCase(depth, 50, seed, 0.01, 40_000), {"final_risk": float(risk[-1])}, arrays)


def lifted(counts=(5, 8, 0), difference=1e-15, gradient=1e-13, decided=True):
    row = {"point": 0, "carried": "activations", "count": 1, "counts": list(counts), "decided": decided}
    row |= {"output_difference": difference, "gradient": gradient}
    values = {"risks": [0.1], "narrow": [[5, 2, 0]]} | {f"row_{name}": [value] for name, value in row.items()}
    return record_of(STUDY, LiftCase("three_tanh", 0, 10), values)


def merged(agreement=0.99, gone=(3, 4, 5, 6, 7), seed=0, method="adam"):
    values = {"linearity": [0.9] * 10, "merged": list(gone), "accuracy": 0.95, "risk": 0.01}
    values |= {"retrained_agreement": agreement, "retrained_accuracy": 0.95} if gone else {}
    settings = (0.05**2, "adam", 6000) if method == "adam" else (0.05, "sgd", 3000)
    return record_of(STUDY, MergeCase(seed, 50, "small_digits", *settings, 200), values)


def normed(gamma, leaves, seed=0):
    """Returns a run that rests at 0.1 and leaves at a step or, with None, never; 1.5 with a step has no rest there."""
    if leaves is None:
        times, risk = staircase([0.1], [30.0])
    elif gamma == 1.5:
        times, risk = staircase([1e-3], [leaves])
    else:
        times, risk = staircase([0.1, 1e-3], [30.0, leaves])
    values, arrays = {"final_risk": float(risk[-1])}, {"times": times, "risk": risk}
    return record_of(STUDY, NormCase(gamma, 50, seed, 0.01, 30_000), values, arrays)


def diverged(record):
    return Record(record.study, record.id, record.case, "diverged", "The risk left the finite numbers.")


NORMS = [normed(0.1, None), normed(1.0, 5_000.0), normed(1.5, 2_000.0)]


def test_what_is_published_holds():
    claims = judged(STUDY, [plateau(1), plateau(3), lifted(), merged(), *NORMS], ALL)
    assert [claim.verdict for claim in claims] == ["holds"] * 10
    assert {claim.statement.split(" (start")[0] for claim in claims} >= {STUDY.claim_statements[0]}
    titles = {drawing.title for drawing in STUDY.draw([plateau(1), plateau(3), lifted(), merged(), *NORMS])}
    assert {claim.figure for claim in claims} == titles


def test_batch_normalisation_that_does_not_shorten_the_plateau_fails():
    norms = [normed(0.1, 1_000.0), normed(1.0, 5_000.0), normed(1.5, None)]
    claims = judged(STUDY, norms, replace(NONE, norm_seeds=1))
    assert [claim.verdict for claim in claims] == ["fails", "fails"] and claims[0].measured == [2]
    assert claims[1].measured[0] > 3, "it rests for more than three decades"


def test_an_inflection_at_the_shared_risk_is_no_plateau():
    """It slows down there, for a fifth of a decade."""
    times, risk = staircase([0.109, 1e-3], [30.0, 60.0])
    passing = normed(1.5, 2_000.0)
    passing.arrays.update(times=times, risk=risk)
    assert decided(STUDY, [*NORMS[:2], passing], replace(NONE, norm_seeds=1))[1] == "holds"


def test_what_does_not_come_out_fails():
    records = [plateau(1, level=0.2), plateau(3, linear=0.9), lifted((4, 9, 0), 1e-9, 1e-6), merged(0.9)]
    told = ["fails", "fails", "holds", "fails", "fails", "fails", "holds", "fails"]
    assert decided(STUDY, records, replace(ALL, norm_seeds=0)) == told
    printed = replace(NONE, printed_seeds=1)
    nothing = judged(STUDY, [merged(gone=(), method="sgd")], printed)
    assert [claim.verdict for claim in nothing] == ["fails", "undecided"]
    assert nothing[0].reason.endswith(
        "When merged: cross-entropy 0.01, correlations " + ", ".join(["0.900"] * 10) + "."
    )
    assert "as printed" in nothing[0].statement and nothing[1].reason == "none of 1 is merged"
    untrained = [plateau(1, final=0.05), plateau(3, final=0.05)]
    assert decided(STUDY, untrained, replace(NONE, seeds=1))[2] == "undecided"
    assert decided(STUDY, [lifted(decided=False)], replace(NONE, starts=10))[2] == "undecided"
    twice = {name: 2 * value for name, value in lifted().values.items() if name.startswith("row_")}
    both = replace(lifted(), values=lifted().values | twice | {"row_decided": [True, False]})
    assert decided(STUDY, [both], replace(NONE, starts=10))[2] == "undecided", "one that is not decided is not left out"


def test_without_records_every_statement_is_there_and_undecided():
    for settings in (ALL, Settings()):
        claims = judged(STUDY, [], settings)
        assert len(claims) == len(STUDY.statements(settings)) and {claim.verdict for claim in claims} == {"undecided"}
    assert len(judged(STUDY, [], ALL)) == 10 and len(judged(STUDY, [], Settings())) == 18


def test_a_diverged_run_is_not_replaced_by_those_that_are_left():
    """With γ = 1.5 diverged nothing is said of the largest γ; one plateau of two lost, nothing of the shared one."""
    norms = replace(NONE, norm_seeds=1)
    assert decided(STUDY, [*NORMS[:2], diverged(NORMS[2])], norms) == ["undecided", "undecided"]
    two = replace(NONE, seeds=2)
    records = [plateau(1), plateau(3), plateau(1, 1), diverged(plateau(3, 1))]
    assert decided(STUDY, records, two) == ["undecided"] * 3
    merges = replace(NONE, merge_seeds=2)
    assert decided(STUDY, [merged(), diverged(merged(seed=1))], merges) == ["undecided", "undecided"]
    assert decided(STUDY, [merged(), merged(gone=(), seed=1)], merges) == ["fails", "holds"]


def test_short_runs_say_that_they_are_short():
    claims = judged(STUDY, [], replace(NONE, seeds=1, steps=200))
    assert {claim.reason for claim in claims} == {"200 steps end before the plateau: allow 10,000 at least"}


@pytest.mark.more
def test_a_lift_of_three_tanh_keeps_outputs_and_critical_points():
    """EPD, Propositions 1 and 2, on the points that eight starts find; 7 parameters become 13 and 19."""
    (outcome,) = STUDY.run_batch([LiftCase("three_tanh", 0, 8)])
    assert outcome.status == "done" and outcome.values["narrow"]
    assert max(outcome.values["row_output_difference"]) <= 1e-13 and max(outcome.values["row_gradient"]) <= 1e-11
    assert set(outcome.values["row_parameters"]) == {13, 19}
    assert all(sum(counts) == 7 for counts in outcome.values["narrow"])


MERGE = MergeCase(0, 4, "small_digits", 1e-4, "sgd", 3, 5)
"""From weights so small every layer is linear, so that all that can be merged are."""


@pytest.fixture
def three_layers(monkeypatch):
    monkeypatch.setattr("condenslab.studies.embedding_depth.merges.HIDDEN", 3)


@pytest.mark.usefixtures("three_layers")
@pytest.mark.more
def test_linear_layers_are_merged_and_the_rest_is_trained(monkeypatch):
    (outcome,) = STUDY.run_batch([MERGE])
    assert outcome.status == "done" and min(outcome.values["linearity"]) > 0.99
    assert outcome.values["merged"] == [0, 1, 2]
    assert outcome.values["merged_agreement"] == 1.0 and 0 <= outcome.values["retrained_accuracy"] <= 1
    assert outcome.values["merged_risk"] == pytest.approx(outcome.values["risk"], rel=1e-6)
    with monkeypatch.context() as patch:
        ended(patch, "descend", Stop.NOT_FINITE)
        (lost,) = STUDY.run_batch([MERGE])
    assert (lost.status, lost.values["stop"]) == ("diverged", "NOT_FINITE") and lost.values["merged"] == [0, 1, 2]
    ended(monkeypatch, "descend", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch([MERGE])


@pytest.mark.usefixtures("three_layers")
@pytest.mark.parametrize(
    "case",
    [
        PlateauCase(2, 4, 0, 0.1, 20),
        NormCase(1.0, 4, 0, 0.1, 20),
        NormCase(None, 4, 0, 0.1, 20),
        pytest.param(MERGE, marks=pytest.mark.more),
    ],
)
def test_how_an_ensemble_ends_is_what_its_outcomes_say(monkeypatch, case):
    cases = [case, replace(case, seed=1)]
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        assert [outcome.status for outcome in STUDY.run_batch(cases)] == ["diverged", "done"]
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)


def test_a_normed_network_is_trained_with_its_gammas():
    """Without batch normalisation from tiny weights f = 0: R is the mean of y²; with it units have variance γ²."""
    (outcome,) = STUDY.run_batch([NormCase(None, 4, 0, 1e-9, 1)])
    assert outcome.arrays["risk"][0] == pytest.approx(np.mean(tasks.task("three_tanh").targets ** 2), rel=1e-6)
    small, large = STUDY.run_batch([NormCase(gamma, 4, 0, 0.5, 200) for gamma in (0.1, 1.5)])
    assert large.values["final_risk"] != small.values["final_risk"]
    assert outcome.arrays["times"][-1] == 1 and large.values["final_risk"] < large.arrays["risk"][0]


def test_linearity_of_a_plateau_is_recorded_for_every_layer():
    (outcome,) = STUDY.run_batch([PlateauCase(2, 4, 0, 1e-4, 20)])
    linearity = outcome.arrays["linearity"]
    assert linearity.shape == (len(outcome.arrays["times"]), 2) and linearity.min() > 0.999


def test_lifted_points_are_drawn_by_their_eigenvalues_where_these_were_kept():
    older = lifted()
    more = {"narrow_tolerances": [1e-9], "row_tolerance": [1e-9]}
    spectra = {"narrow_eigenvalues_0": np.array([0.0] * 2 + [1.0] * 5)}
    spectra["row_eigenvalues_0"] = np.array([0.0] * 8 + [1.0] * 5)
    newer = record_of(STUDY, LiftCase("three_tanh", 0, 10), older.values | more, spectra)
    for record, axis in ((older, "eigenvalues by sign"), (newer, "eigenvalue (shaded")):
        (ax,) = STUDY.draw([record])[0].figure.axes
        assert ax.get_xlabel().startswith(axis)
        assert [text.get_text() for text in ax.texts] == ["0", "2", "5", "0  (+0)", "8  (+6)", "5  (+0)"]


def test_figures_are_drawn_of_what_there_is():
    drawn = STUDY.draw([plateau(1), plateau(3), lifted(), merged(), merged(gone=(), method="sgd"), diverged(NORMS[0])])
    assert len(drawn) == 4 and all(one.caption.endswith(".") for one in drawn)


def test_presets_leave_out_what_they_say():
    kinds = {name: {case.kind for case in make_cases(settings, 0)} for name, settings in PRESETS.items()}
    assert kinds["tiny"] == {"plateau"}
    assert kinds["quick"] == kinds["full"] == {"plateau", "lift", "merge", "norm"}
    assert len({STUDY.compile_key(NormCase(gamma, 50, 0, 0.01, 10)) for gamma in GAMMAS}) == 2
    assert {described(case)["kind"] for case in make_cases(PRESETS["tiny"], 0)} == {"plateau"}
