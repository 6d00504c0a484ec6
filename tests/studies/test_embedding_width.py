"""The study of embeddings in width: its cases, and its claims on made-up records."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.embedding_width.cases import (
    PRESETS,
    EscapeCase,
    IrisCase,
    PublishedIrisCase,
    Settings,
    SplitCase,
    make_cases,
    proof_cases,
)
from condenslab.studies.embedding_width.claims import DIAGRAM
from condenslab.studies.shared.columns import columns, rows
from condenslab.studies.shared.proven.cases import expected
from condenslab.sweeps import case_id
from condenslab.training import Stop
from judging import ended, judged, record_of

STUDY = studies.get("embedding_width")
SETTINGS = Settings(seeds=1, starts=10, wide=10, iris_starts=10)


def record(case, values, arrays=None):
    return record_of(STUDY, case, values, arrays)


def row(kind, neuron, copies, counts, **changes):
    exact = {"decided": True, "gap": 5.0, "tolerance": 1e-8, "floor": 1e-13, "output_difference": 1e-16}
    return {
        "kind": kind,
        "neuron": neuron,
        "copies": copies,
        "counts": counts,
        "risk_difference": 0.0,
        "gradient": 1e-14,
    } | (exact | changes)


def split_record(width=1, wide=10, **changes):
    narrow, table = [3 * width, 0, 0], []
    for neuron in range(width):
        table += [row("equal", neuron, k, [3 * width + k - 1, k - 1, k - 1]) for k in (2, 3)]
        table += [row(f"share {share}", neuron, 2, [3 * width, 3, 0]) for share in (0, 1)]
    values = {"found": True, "risk": (0.1090227421, 0.0697915121)[width - 1], "gradient": 1e-15}
    values |= {"narrow": narrow, "narrow_decided": True, "narrow_tolerance": 1e-8, "narrow_floor": 1e-13}
    more = wide - width
    values |= {f"wide_{name}": value for name, value in row("", 0, 0, [3 * width + more, more, more]).items()}
    arrays = {f"spectrum_{k}": np.geomspace(100.0, 1e-4, 3 * (width + k - 1)) for k in (1, 2, 3)}
    return record(SplitCase(width, 10, 0, wide), values | columns(table) | changes, arrays)


def iris_record(added=(4, 2, 2)):
    table = [
        {
            **row(
                "equal", neuron, copies, [13 + (copies - 1) * added[0], (copies - 1) * added[1], 3 + (copies - 1) * 2]
            ),
            "point": 0,
            "local": [4, 2, 2],
            "local_decided": True,
        }
        for neuron in range(2)
        for copies in (2, 3)
    ]
    return record(IrisCase(0, 10), {"narrow": [[13, 0, 3]], "risks": [0.2]} | columns(table))


def published_iris(negative=(3, 5, 7)):
    """EP21, Fig. 3(b): 3, 5 and 7 negative and 1, 2 and 3 zero eigenvalues of 16, 24 and 32."""
    shown = zip((2, 3, 4), negative, strict=True)
    table = [row("equal", 0, k, [8 * k - (k - 1) - below, k - 1, below]) for k, below in shown]
    values = {"risk": 0.22438345, "narrow": [7, 0, 1], "narrow_decided": True}
    return record(PublishedIrisCase(), values | columns(table))


def escape_record(wide=0.05, narrow=0.1090227421):
    values = {"level": 0.1090227421, "narrow_end": narrow, "wide_end": wide}
    times = np.array([1.0, 100.0, 1e4])
    arrays = {"narrow_times": times, "wide_times": times, "narrow_risk": np.full(3, 0.109), "wide_risk": 1 / times}
    return record(EscapeCase(0, 1e4, 1e-3), values | {"narrow_stop": "FINISHED", "wide_stop": "FINISHED"}, arrays)


def proof_record(case):
    widths = [case.width, *case.wide]
    return record(case, {"widths": widths, "counts": [expected(case.width, w) for w in widths]})


ALL = [split_record(1), split_record(2), iris_record(), published_iris(), escape_record()]
ALL += map(proof_record, proof_cases(SETTINGS))


def claim_of(records, text):
    return next(claim for claim in judged(STUDY, records, SETTINGS) if claim.statement.startswith(text))


def test_everything_as_the_theory_says_holds():
    claims = judged(STUDY, ALL, SETTINGS)
    assert [claim.verdict for claim in claims] == ["holds"] * 22
    assert {claim.figure for claim in claims} - {""} <= {drawing.title for drawing in STUDY.draw(ALL)}
    assert {claim.verdict for claim in judged(STUDY, [], SETTINGS)} == {"undecided"}


@pytest.mark.parametrize("text", ["on Iris (4-2-3, sigmoid) no count", "on Iris each further equal copy"])
def test_one_split_that_is_not_decided_is_not_left_out(text):
    """None of the others loses a count, and yet that one may; one that loses fails whatever the other does."""
    open_one, losing = iris_record(), iris_record()
    for changed in (open_one, losing):
        changed.values["row_decided"] = [True, True, True, False]
    losing.values["row_counts"] = [[1, 0, 0], *losing.values["row_counts"][1:]]
    for changed, verdict in ((iris_record(), "holds"), (open_one, "undecided"), (losing, "fails")):
        assert claim_of([changed if r.id == changed.id else r for r in ALL], text).verdict == verdict


WIDE_COUNTS = "in the wide network each of K"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (split_record(1, risk=0.12), "the lowest minimum of width 1"),
        (
            split_record(1, row_counts=[[4, 1, 1], [5, 2, 2], [3, 3, 0], [3, 2, 1]]),
            "with a share of 0 or 1",
        ),
        (split_record(1, row_output_difference=[0.0, 0.0, 0.0, 1e-13]), "a split keeps the output"),
        (split_record(1, row_gradient=[1.0, 0.0, 0.0, 0.0]), "a split keeps the point critical"),
        (split_record(1, wide_counts=[12, 9, 8]), WIDE_COUNTS),
        (iris_record(added=(5, 1, 2)), "on Iris each further equal copy"),
        (published_iris(negative=(3, 5, 6)), "on Iris a critical point of width 1"),
        (escape_record(wide=0.1), "the split minimum, perturbed, leaves"),
        (escape_record(narrow=0.10903), "the narrow minimum, perturbed as much, stays"),
    ],
)
def test_what_is_not_so_fails(changed, text):
    assert claim_of([changed if r.id == changed.id else r for r in ALL], text).verdict == "fails"


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        (split_record(1, narrow=[2, 0, 1]), "its inertia (3, 0, 0)"),
        (split_record(1, wide_decided=False), WIDE_COUNTS),
        (split_record(1, row_decided=[True, False, True, True]), "its inertia (3, 0, 0)"),
        (record(EscapeCase(0, 1e4, 1e-3), escape_record().values | {"wide_stop": "INTERRUPTED"}), "the split minimum"),
    ],
)
def test_what_was_not_decided_is_undecided(changed, text):
    """The last is a record as it was once stored after Ctrl-C."""
    assert claim_of([changed if r.id == changed.id else r for r in ALL], text).verdict == "undecided"


def test_a_search_that_found_nothing_decides_nothing():
    claims = judged(STUDY, [record(SplitCase(1, 10, 0, 10), {"found": False})], SETTINGS)
    assert len(claims) == 22 and {claim.verdict for claim in claims} == {"undecided"}


def test_a_search_on_iris_without_a_point_says_from_how_many_starts():
    nothing = record(IrisCase(0, 10), {"narrow": [], "risks": []})
    found = [claim_of([nothing], text) for text in ("on Iris (4-2-3", "on Iris each further")]
    assert [claim.verdict for claim in found] == ["undecided"] * 2
    assert all("from 10 starts came to no critical point" in claim.reason for claim in found)


def test_rows_are_read_by_column():
    assert [row["copies"] for row in rows(split_record(1), kind="equal")] == [2, 3]


def test_cases_are_distinct_and_only_the_first_is_embedded():
    cases = make_cases(PRESETS["full"], 5)
    assert len({case_id("embedding_width", 1, case, "float64") for case in cases}) == len(cases)
    assert [(c.width, c.seed) for c in cases if isinstance(c, SplitCase) and c.wide] == [(1, 5), (2, 5)]


def test_the_figures_are_drawn():
    drawings = STUDY.draw(ALL)
    assert len(drawings) == 4
    assert all(drawing.caption and drawing.figure.axes for drawing in drawings)


def test_a_split_is_drawn_with_the_weights_of_the_minimum_and_left_out_where_there_are_none():
    narrow = split_record(2)
    weights = {"incoming": np.array([[0.5, 1.0], [2.0, -1.0]]), "outgoing": np.array([3.0, -1.0])}
    newer = record(SplitCase(2, 10, 0, 10), narrow.values, narrow.arrays | weights)
    diagram, *others = STUDY.draw([newer])
    assert diagram.title == DIAGRAM and DIAGRAM not in {drawing.title for drawing in others + STUDY.draw([narrow])}
    minimum, equal, apart = diagram.figure.axes
    written = [{text.get_text() for text in ax.texts} for ax in (minimum, equal, apart)]
    assert {"3", "−1"} <= written[0] and {"1.5", "−1", "1′"} <= written[1] and {"3", "0", "−1"} <= written[2]
    assert [ax.get_title("left") for ax in diagram.figure.axes] == [
        "minimum: (6, 0, 0)",
        "α = ½: (7, 1, 1)",
        "α = 0: (6, 3, 0)",
    ]


@pytest.mark.more
def test_splits_on_iris_lose_no_eigenvalue_of_any_sign():
    """EP22, Theorem 6.2; and the extra counts are those of the neuron's own block, which has 4 + 1 + 3 directions."""
    (outcome,) = STUDY.run_batch([IrisCase(0, 24)])
    found = record(IrisCase(0, 24), outcome.values)
    assert outcome.status == "done" and len(rows(found)) == 4 * len(outcome.values["narrow"]) > 0
    for row in rows(found):
        before = outcome.values["narrow"][row["point"]]
        assert sum(before) == 2 * 8 and sum(row["local"]) == 8
        assert row["output_difference"] <= 1e-13
        if row["decided"] and row["local_decided"]:
            assert [b + (row["copies"] - 1) * more for b, more in zip(before, row["local"], strict=True)] == row[
                "counts"
            ]


ESCAPE = EscapeCase(0, 10.0, 1e-3)


@pytest.mark.more
def test_a_flow_that_did_not_end_as_asked_is_no_result(monkeypatch):
    cases = [ESCAPE, replace(ESCAPE, seed=1)]
    for call, network in enumerate(("narrow", "wide")):
        with monkeypatch.context() as patch:
            ended(patch, "ensemble", Stop.NO_PROGRESS, call)
            lost, kept = STUDY.run_batch(cases)
        assert (lost.status, lost.values[f"{network}_stop"]) == ("diverged", "NO_PROGRESS")
        assert kept.status == "done" and kept.values["narrow_end"] == pytest.approx(0.1090227421, rel=1e-3)
    ended(monkeypatch, "ensemble", Stop.INTERRUPTED, call=1)
    with pytest.raises(KeyboardInterrupt):
        STUDY.run_batch(cases)
