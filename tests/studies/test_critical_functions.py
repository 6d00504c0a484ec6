"""The critical_functions study on made-up records: joining functions, the claims of the exercise, the drawings."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.critical_functions.cases import SearchCase
from condenslab.studies.critical_functions.claims import KNOWN
from condenslab.studies.critical_functions.functions import collect
from condenslab.sweeps import Record
from condenslab.training import Stop
from judging import decided, ended, judged, record_of

STUDY = studies.get("critical_functions")
THREE = replace(STUDY.presets["quick"], seeds=3)
"""Searches of three seeds a width."""
X = np.linspace(-15.0, 15.0, 50)
SHAPES = {0: [0 * X], 1: [np.tanh(X / 10)], 2: [np.tanh(X - 1), np.tanh(X + 1)], 3: [2 * np.tanh(X)]}
"""Outputs of made-up functions that first appear at each width; the two of width 2 are mirror images."""


def record(case, *, risks=None, kicks=()):
    """A search of one width that found the known functions of that width (and the zero function at width 1)."""
    widths = [0, 1] if case.width == 1 else [case.width] * len(SHAPES[case.width])
    outputs = np.array([row for width in sorted(set(widths), reverse=False) for row in SHAPES[width]])
    risks = risks or [risk for m, risk in KNOWN if m in widths]
    values = {
        "risks": risks,
        "widths": widths,
        "hits": [5] * len(widths),
        "orbits": list(range(len(widths))),
        "symmetric": [True] * len(widths),
        "inertia": [[3 * m, 0, 0] for m in widths],
        "inertia_decided": [True] * len(widths),
        "gradients": [1e-14] * len(widths),
        "certified": [True if m else None for m in widths],
        "fates": {"critical": 10},
        "missed": 0.5,
        "missed_error": 1.0,
        "parameters": 3 * case.width,
        "midpoint_risk": 1.5,
    }
    arrays = {"grid": X, "inputs": X, "targets": 2 * np.tanh(X), "outputs": outputs, "functions": outputs}
    if kicks:
        names = (
            "from",
            "width",
            "eigenvalue",
            "negative",
            "gradient",
            "risk_before",
            "risk",
            "stop",
            "finite",
            "settled",
        )
        values |= {f"kick_{name}": [kick[0][name] for kick in kicks] for name in names}
        arrays["kick_outputs"] = np.array([outputs for _, outputs in kicks])
    return record_of(STUDY, case, values, arrays)


def kick(number, width, risk, outputs, finite=True):
    row = {"from": number, "width": width, "eigenvalue": -1.0, "negative": 1, "gradient": 0.0, "risk_before": 5.0}
    return row | {"risk": risk, "stop": "FINISHED", "finite": finite, "settled": True}, outputs


@pytest.fixture
def records():
    cases = STUDY.cases(THREE, seed=0)
    made = [record(case) for case in cases]
    kicks = [kick(0, 1, 0.109, SHAPES[1][0]), kick(1, 2, 0.0698, SHAPES[2][0]), kick(1, 2, 0.05, 9 * X, finite=False)]
    made[0] = record(cases[0], kicks=kicks)
    return made


def test_cases_are_three_widths_and_as_many_seeds():
    cases = STUDY.cases(THREE, seed=4)
    assert sorted({case.width for case in cases}) == [1, 2, 3]
    assert sorted({case.seed for case in cases}) == [4, 5, 6]
    assert {case.seed for case in cases if case.kicked} == {4}


def test_functions_of_several_records_are_joined(records):
    functions = collect(records)
    assert functions.widths.tolist() == [3, 2, 2, 1, 0]
    assert functions.hits == [15] * 5
    assert [functions.mirror(k) for k in range(5)] == [0, 2, 1, 3, 4]
    assert functions.nearest(9 * X) is None


def test_all_claims_hold_on_the_known_functions(records):
    claims = judged(STUDY, records, THREE)
    assert [claim.verdict for claim in claims] == ["holds"] * 9
    assert claims[3].measured == [5, 5, 5]
    assert {claim.figure for claim in claims} - {""} == {drawing.title for drawing in STUDY.draw(records)}


def test_claims_fail_where_they_should(records):
    cases = STUDY.cases(THREE, seed=0)
    spoiled = [record(cases[0], risks=[KNOWN[0][1], 0.116]), *records[1:]]
    assert decided(STUDY, spoiled, THREE)[4] == "fails"
    values = records[-1].values | {"inertia": [[8, 0, 1]], "midpoint_risk": -1.0, "certified": [False]}
    spoiled = [*records[:-1], replace(records[-1], values=values)]
    told = decided(STUDY, spoiled, THREE)
    assert [told[k] for k in (2, 5, 6)] == ["fails", "fails", "undecided"], "not to certify refutes nothing"
    uphill = [replace(records[0], values=records[0].values | {"kick_risk": [6.0, 1.0, 1.0]}), *records[1:]]
    assert decided(STUDY, uphill, THREE)[8] == "fails"
    level = [replace(records[0], values=records[0].values | {"kick_risk": [5.0, 1.0, 1.0]}), *records[1:]]
    assert decided(STUDY, level, THREE)[8] == "fails"  # as high as before is not lower


def test_an_undecided_inertia_is_no_failure(records):
    values = records[-1].values | {"inertia_decided": [False] * len(records[-1].values["inertia"])}
    claims = judged(STUDY, [*records[:-1], replace(records[-1], values=values)], THREE)
    assert claims[5].verdict == "undecided"


def test_a_lost_search_leaves_its_seed_unknown(records):
    """The search of width 3 and seed 2 failed: what rests on the kicks of the first seed still holds."""
    lost = records[-1]
    claims = judged(STUDY, [*records[:-1], Record(lost.study, lost.id, lost.case, "failed", "Lost.")], THREE)
    assert [claim.verdict for claim in claims] == ["undecided"] * 7 + ["holds"] * 2
    assert "for each of 3 seeds (1 of them unknown) [holds for 2" in claims[3].statement


def test_without_width_three_its_claims_are_undecided():
    narrow = replace(THREE, largest_width=1, seeds=1)
    claims = judged(STUDY, [record(case) for case in STUDY.cases(narrow, seed=0)], narrow)
    assert [claim.verdict for claim in claims] == ["undecided"] * 9
    assert claims[3].reason == "widths up to 1 are searched; the last of the known functions has 3"
    assert set(decided(STUDY, [], THREE)) == {"undecided"}


SEARCH = SearchCase(1, 24, 0, 1, 1e6, 1000)


@pytest.mark.more
def test_a_search_of_width_one_finds_the_published_function(monkeypatch):
    """R = 0.1090227421; kicked off the zero function the flow leads below it, and the split minimum is a saddle."""
    (outcome,) = STUDY.run_batch([SEARCH])
    values = outcome.values
    lowest = min((k for k, width in enumerate(values["widths"]) if width == 1), key=lambda k: values["risks"][k])
    assert outcome.status == "done" and values["certified"][lowest] and values["inertia"][lowest] == [3, 0, 0]
    assert values["risks"][lowest] == pytest.approx(0.1090227421, abs=5e-11)
    for risk, before, negative in zip(
        values["kick_risk"], values["kick_risk_before"], values["kick_negative"], strict=True
    ):
        assert risk <= before and negative >= 1
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.NOT_FINITE)
        assert STUDY.run_batch([SEARCH])[0].status == "diverged"
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch([SEARCH])


def test_drawings_say_what_was_left_out(records):
    gallery, hierarchy = STUDY.draw(records)
    assert "5 functions, 4 of them up to mirror images" in gallery.caption
    assert "1 flows had not come to rest" in hierarchy.caption
    assert STUDY.draw([]) == []
