"""The study of embeddings in width: its cases, and its claims on made-up records."""

from dataclasses import asdict

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.embedding_width.cases import PRESETS, EscapeCase, IrisCase, SplitCase, make_cases
from condenslab.studies.embedding_width.claims import STATEMENTS, decide, rows
from condenslab.sweeps import Record, case_id

STUDY = studies.get("embedding_width")


def record(case, values, arrays=None):
    identity = case_id("embedding_width", 1, case, "float64")
    return Record("embedding_width", identity, asdict(case), "done", "", values, arrays or {})


def columns(table):
    return {f"row_{name}": [row[name] for row in table] for name in table[0]}


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


def escape_record(wide=0.05, narrow=0.1090227421):
    values = {"level": 0.1090227421, "narrow_end": narrow, "wide_end": wide}
    times = np.array([1.0, 100.0, 1e4])
    arrays = {"narrow_times": times, "wide_times": times, "narrow_risk": np.full(3, 0.109), "wide_risk": 1 / times}
    return record(EscapeCase(0, 1e4, 1e-3), values | {"narrow_stop": "FINISHED", "wide_stop": "FINISHED"}, arrays)


ALL = [split_record(1), split_record(2), iris_record(), escape_record()]


def test_everything_as_the_theory_says_holds():
    claims = decide(ALL)
    assert {claim.verdict for claim in claims} == {"holds"}
    for statement in STATEMENTS:
        assert any(claim.statement.startswith(statement) for claim in claims), statement


@pytest.mark.parametrize(
    ("changed", "number"),
    [
        (split_record(1, risk=0.11), 0),
        (split_record(1, narrow=[2, 0, 1]), 2),
        (split_record(1, row_counts=[[4, 1, 1], [5, 2, 2], [3, 3, 0], [3, 2, 1]]), 4),
        (split_record(1, row_output_difference=[0.0, 0.0, 0.0, 1e-13]), 5),
        (split_record(1, row_gradient=[1.0, 0.0, 0.0, 0.0]), 6),
        (split_record(1, wide_counts=[12, 9, 8]), 7),
        (split_record(1, wide_decided=False), 7),
        (iris_record(added=(5, 1, 2)), 12),
        (escape_record(wide=0.1), 13),
        (escape_record(narrow=0.10903), 14),
    ],
)
def test_what_is_not_so_does_not_hold(changed, number):
    claim = next(c for c in decide([changed]) if c.statement.startswith(STATEMENTS[number]))
    assert claim.verdict in (("undecided",) if changed.values.get("wide_decided") is False else ("fails", "undecided"))
    if number not in (2, 7):
        assert claim.verdict == "fails"


def test_an_undecided_inertia_leaves_the_claim_undecided():
    claims = decide([split_record(1, row_decided=[True, False, True, True])])
    verdicts = {STATEMENTS[k]: c.verdict for k in (2, 4) for c in claims if c.statement.startswith(STATEMENTS[k])}
    assert list(verdicts.values()) == ["undecided", "holds"]


def test_a_search_that_found_nothing_decides_nothing():
    claims = decide([record(SplitCase(1, 10, 0, 0), {"found": False})])
    assert claims and {claim.verdict for claim in claims} == {"undecided"}


def test_rows_are_read_by_column():
    assert [found["copies"] for found in rows(split_record(1), kind="equal")] == [2, 3]


def test_cases_are_distinct_and_only_the_first_is_embedded():
    cases = make_cases(PRESETS["full"], 5)
    assert len({case_id("embedding_width", 1, case, "float64") for case in cases}) == len(cases)
    assert [(c.width, c.seed) for c in cases if isinstance(c, SplitCase) and c.wide] == [(1, 5), (2, 5)]


def test_the_figures_are_drawn():
    drawings = STUDY.draw(ALL)
    assert len(drawings) == 4
    assert all(drawing.caption and drawing.figure.axes for drawing in drawings)
