"""The exercise_proof study: a small search is proven, claims on made-up records, the drawing."""

import numpy as np
import pytest

from condenslab import studies
from condenslab.cli.prove import prove_store
from condenslab.landscape.proof import points_of
from condenslab.studies.exercise_proof import compute
from condenslab.studies.exercise_proof.cases import BoxCase, PointsCase, Settings, make_cases
from condenslab.studies.exercise_proof.draw import drawings
from condenslab.sweeps import Store
from judging import judged, record_of, verdicts

STUDY = studies.get("exercise_proof")
SETTINGS = Settings()
POINTS, BOX = make_cases(SETTINGS, 0)


def silent(fraction, text):
    """Takes progress."""


def values(**changes):
    known = {
        "parameters": 9,
        "teacher_defect": 0,
        "most_negative": 2,
        "line": {"dimension": 2, "inertia": [5, 2, 2]},
        "distinct": 2,
        "open": 0,
        "inertia": [[3, 0, 0], [5, 0, 1]],
        "risks": [0.109, 0.0896],
    }
    return known | changes


def boxed(**changes):
    return {"functions": 1, "complete": True, "every_bias": True} | changes


def claims(points, box):
    arrays = {"inputs": np.linspace(-15, 15, 50), "outputs": np.zeros((2, 50))}
    return judged(
        STUDY, [record_of(STUDY, POINTS, points, arrays), record_of(STUDY, BOX, box)], SETTINGS, cases=[POINTS, BOX]
    )


def test_claims_on_made_up_records():
    assert verdicts(claims(values(distinct=7), boxed())) == ["holds"] * 7
    assert verdicts(claims(values(distinct=4), boxed()), "there are at least five") == ["fails"]
    assert verdicts(claims(values(teacher_defect=1), boxed()), "R has a minimum") == ["fails"]
    assert verdicts(claims(values(most_negative=0), boxed()), "R is not convex") == ["fails"]
    assert verdicts(claims(values(open=3), boxed()), "the inertia") == ["fails"]
    assert verdicts(claims(values(), boxed(functions=2)), "width 1") == ["fails"]
    nothing = claims(values(most_negative=None, open=None, line={"dimension": None, "inertia": [0, 0, 0]}), boxed())
    for text in ("R is not convex", "the inertia", "there are infinitely many"):  # none is proven: an answer to nothing
        assert verdicts(nothing, text) == ["undecided"]
    for undecided in (boxed(complete=False), boxed(every_bias=False)):
        assert verdicts(claims(values(), undecided), "width 1") == ["undecided"]


@pytest.fixture(scope="module")
def outcome():
    return compute.prove_points(PointsCase(starts=3, seed=0), silent)


@pytest.mark.more
def test_a_small_search_is_proven(outcome):
    """The zero function, the teacher, and the minimum of width 1: at least these are found and proven."""
    found = outcome.values
    assert found["parameters"] == 9 and found["teacher_defect"] == 0 and found["open"] == 0
    assert found["line"] == {"dimension": 2, "inertia": [5, 2, 2]}
    assert found["distinct"] >= 3 and [1, 1, 1] in found["inertia"] and [9, 0, 0] in found["inertia"]
    assert np.min(np.abs(np.array(found["risks"]) - 0.1090227421)) < 1e-9
    problem, networks = points_of(found["critical_points"])
    assert problem.samples == 50 and len(networks) == found["points"]


@pytest.mark.more
def test_prove_reads_what_the_study_stores(outcome, tmp_path):
    kept = outcome.values["critical_points"]
    few = {"critical_points": {**kept, "points": kept["points"][:2]}}
    with_points = record_of(STUDY, POINTS, few)
    store = Store(tmp_path / "runs", create=True)
    store.add([with_points])
    rows = prove_store(str(tmp_path / "runs"), None, str(tmp_path / "out"))
    assert [row["proven"] for row in rows] == [True, True]
    assert all((tmp_path / "out").joinpath(row["certificate"].rsplit("/", 1)[1]).exists() for row in rows)


def test_a_small_box_is_left_open_honestly():
    found = compute.complete(BoxCase(step=0.6, boxes=10), silent).values
    assert not found["complete"] and found["undecided_share"] > 0.5 and found["every_bias"]


def test_the_drawing():
    arrays = {"inputs": np.linspace(-15, 15, 50), "outputs": np.zeros((2, 50))}
    (drawn,) = drawings([record_of(STUDY, POINTS, values(), arrays)])
    assert "2 of them proven" in drawn.caption
    assert drawings([]) == []
