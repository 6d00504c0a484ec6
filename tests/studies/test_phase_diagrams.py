"""The claims of the phase diagrams on made-up records, whose slopes are known."""

import subprocess
import sys

import numpy as np
import pytest

from condenslab.studies import feature_map, phase_diagram, phase_diagram_three_layer
from condenslab.studies.phase_diagram import claims
from condenslab.studies.phase_diagram.cases import PRESETS, ChoiceCase, PointCase, make_cases
from condenslab.studies.phase_diagram.draw import derived_slope
from condenslab.sweeps import Record
from condenslab.sweeps.grid import described


def made_up(slope_of, *, missing: int | None = None) -> list[Record]:
    """Returns records of the full preset's diagram whose distances are exact powers of the width."""
    records = []
    for number, case in enumerate(make_cases(PRESETS["full"], 0)):
        if not isinstance(case, PointCase) or case.keep:
            continue
        values = {
            "converged": number != missing,
            "fate": "converged" if number != missing else "time_limit",
            "input_distance": float(case.width) ** slope_of(case.gamma, case.gamma_prime),
        }
        records.append(Record("phase_diagram", str(number), described(case), "done", values=values))
    return records


def verdicts(records: list[Record]) -> dict[str, str]:
    made = phase_diagram.STUDY.claims(records, PRESETS["full"], known_target=True)
    return {s: c.verdict for s in claims.STATEMENTS for c in made if c.statement.startswith(s)}


def test_the_derived_exponents_would_meet_the_claims():
    found = verdicts(made_up(derived_slope))
    assert found[claims.STATEMENTS[4]] == found[claims.STATEMENTS[6]] == found[claims.STATEMENTS[10]] == "holds"
    assert found[claims.STATEMENTS[7]] == "undecided"  # there are no features


def test_a_shifted_boundary_and_wrong_slopes_fail():
    found = verdicts(made_up(lambda gamma, prime: gamma - 1.1 - max(prime, 0)))
    assert found[claims.STATEMENTS[3]] == found[claims.STATEMENTS[6]] == "fails"


def test_a_width_that_did_not_converge_is_named_and_leaves_the_claim_undecided():
    records = made_up(
        derived_slope,
        missing=next(k for k, c in enumerate(make_cases(PRESETS["full"], 0)) if c.gamma == 0.5 and c.gamma_prime == 0),
    )
    point = next(p for p in claims.points(records, "square") if p.missing)
    assert (point.gamma, point.gamma_prime, point.missing) == (0.5, 0.0, (1000,))
    assert abs(point.slope.value - derived_slope(0.5, 0.0)) < 1e-12
    assert verdicts(records)[claims.STATEMENTS[0]] == "undecided"


def test_groups_of_orientation_across_the_cut():
    angle = np.array([3.13, -3.13, 0.5, 0.51, 1.5])
    record = Record("x", "0", {}, "done", arrays={"angle": angle, "amplitude": np.array([1.0, 1.0, 0.5, 0.5, 0.01])})
    found = claims.orientations(record)
    assert len(found) == 2
    assert abs(found[0] - 0.505) < 1e-3 and abs(abs(found[1]) - np.pi) < 1e-9


@pytest.mark.parametrize("count, expected", [(2, 0.0), (4, 0.5)])
def test_the_spread_of_equal_directions(count, expected):
    angle = np.repeat(np.linspace(-2.0, 2.0, count), 10)
    assert abs(feature_map.spread(angle, np.ones(angle.size)) - expected) < 1e-12


def test_an_even_circle_has_the_largest_spread():
    angle = np.linspace(-np.pi, np.pi, 36_000, endpoint=False)
    assert abs(feature_map.spread(angle, np.ones(angle.size)) - (1 - 2 / feature_map.BINS)) < 1e-3


def test_three_layer_slopes_of_exact_powers():
    study = phase_diagram_three_layer.STUDY
    settings = study.presets["quick"]
    records = [
        Record(
            study.name, str(k), described(case), "done",
            values={"converged": True, "distances": [case.width**e for e in (case.gamma3 - 1.4, 0.5, -0.5)]},
        )
        for k, case in enumerate(study.cases(settings, seed=0, data=None))
    ]  # fmt: skip
    assert [c.verdict for c in study.claims(records, settings, known_target=True)] == ["holds"] * 4


def test_equivalent_choices_are_one_descent():
    from condenslab.studies.phase_diagram.flows import run_choice

    outcomes = [run_choice(ChoiceCase(e, 1.0, 0.0, 10, 0, 50), None) for e in (0.0, 1.0)]
    first, second = (outcome.values["input_distance"] for outcome in outcomes)
    assert first > 0 and abs(first / second - 1) < 1e-12


def test_claims_and_figures_need_no_jax():
    program = (
        "import sys, condenslab.studies.phase_diagram.claims, condenslab.studies.phase_diagram.draw, "
        "condenslab.studies.phase_diagram_three_layer, condenslab.studies.feature_map; print('jax' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"
