"""The rank and recovery studies: claims on made-up records, and the published tables they rest on."""

from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies import attention_rank, kan_grid, llr_transition, model_rank, simple_models, single_neuron
from condenslab.studies.matrix_completion import claims, targets
from condenslab.studies.matrix_completion.cases import PRESETS, TrainCase, make_cases
from condenslab.sweeps import Record, case_id

NAMES = (
    "model_rank", "llr_transition", "matrix_completion", "attention_rank", "kan_grid", "single_neuron", "simple_models",
)  # fmt: skip


def record(name, case, values=None, arrays=None, status="done") -> Record:
    return Record(name, case_id(name, 1, case, "float64"), asdict(case), status, "", values or {}, arrays or {})


@pytest.mark.parametrize("name", NAMES)
def test_cases_are_distinct(name):
    study = studies.get(name)
    cases = study.cases(study.presets["quick"], seed=3, data=None)
    assert len({case_id(name, 1, case, "float64") for case in cases}) == len(cases)


@pytest.mark.parametrize("name", NAMES)
def test_what_rests_on_failed_records_is_undecided(name):
    study = studies.get(name)
    settings = study.presets["tiny"]
    records = [record(name, case, status="failed") for case in study.cases(settings, seed=0, data=None)]
    decided = study.claims(records, settings, known_target=True)
    assert decided and {claim.verdict for claim in decided} == {"undecided"}
    for claim in decided:
        assert any(statement in claim.statement for statement in study.claim_statements), claim.statement
    study.draw([])


def test_printed_targets_have_their_ranks_and_exact_factors():
    for name, rank in targets.RANKS.items():
        left, right = targets.exact_factors(targets.exact(name))
        assert np.all(left @ right == targets.exact(name))
        assert np.linalg.matrix_rank(targets.numbers(name)) == rank
        assert int(np.count_nonzero(np.any(left != 0, axis=0))) == rank
    assert targets.exact("M1")[0, 1] == Fraction(3, 10)


def test_printed_orders():
    """Order 3 is printed with entry (3, 3) twice; the others visit every entry once."""
    for name in targets.ORDERS:
        order = targets.printed_order(name)
        assert len(order) == 16 and len(set(order)) == (15 if name == "3" else 16)
    assert targets.printed_order("1")[:2] == (8, 14), "entries (3, 1) and (4, 3), counted from 1"


def test_hooks_begin_with_the_largest_row_and_column():
    order = targets.hook_order(targets.numbers("M1"))
    assert sorted(order) == list(range(16))
    assert {k // 4 for k in order[:4]} == {3} and {k % 4 for k in order[4:7]} == {0}
    assert sorted(targets.cross_order(3, 2)[:7]) == [2, 6, 10, 12, 13, 14, 15]


@pytest.mark.parametrize(("observed", "expected"), [((0, 1, 2, 3, 4, 8, 12), 1), ((0, 5, 10, 15), 4), ((0,), 7)])
def test_components(observed, expected):
    assert claims.components(observed) == expected


def test_matrix_claims_can_fail():
    cases = [c for c in make_cases(PRESETS["tiny"], 0) if isinstance(c, TrainCase)]
    made = [record("matrix_completion", c, {"test_error": 0.5, "train_error": 0.0}) for c in cases]
    verdicts = {c.statement: c.verdict for c in claims.decide(made)}
    fallen = [v for s, v in verdicts.items() if s.startswith(claims.STATEMENTS[5])]
    high = [v for s, v in verdicts.items() if s.startswith(claims.STATEMENTS[6])]
    assert set(fallen) == {"fails"} and set(high) == {"holds"}
    diverged = [record("matrix_completion", c, status="diverged") for c in cases]
    assert claims.mean_error(diverged, "hooks", "M1", 7) is None


@pytest.mark.parametrize(("shape", "rank"), [((4, 2, 1, 2), 24), ((4, 4, 1, 4), 32), ((3, 1, 2, 1), 20)])
def test_generic_rank_of_attention(shape, rank):
    """(4, 2, 1): 24 of 32; with d = d_model both products are arbitrary 4 × 4 matrices: 32."""
    assert attention_rank.generic_rank(shape) == rank


@pytest.mark.parametrize(("shift", "verdict"), [(0, "holds"), (1, "fails")])
def test_llr_claims_follow_the_first_recovering_number(shift, verdict):
    study = studies.get("llr_transition")
    case = llr_transition.Case("shared", 1, 0, 9, 50)
    ranks = np.minimum(np.arange(1, 10), 7)
    deviations = np.where(ranks < 7, 0.1, 1e-14)
    values = {"rank": 7, "rank_decided": True, "first": 7 + shift, "all_decided": True, "parameters": 7}
    arrays = {"samples": np.arange(1, 10), "sample_ranks": ranks, "deviations": deviations}
    found = study.claims([record("llr_transition", case, values, arrays)], study.presets["tiny"], known_target=True)
    assert next(c for c in found if "(shared: 7)" in c.statement).verdict == verdict


def test_kan_claims_compare_with_the_target_itself():
    study = studies.get("kan_grid")

    def one(growth, amount, rank):
        values = {"rank": rank, "rank_decided": True, "output_difference": 0.0, "parameters": 9}
        return record("kan_grid", kan_grid.Case(growth, amount, 1, 3, 0), values)

    made = [one("none", 0, 15), one("null", 1, 15), one("copy", 1, 16), one("grid", 1, 22)]
    assert [c.verdict for c in study.claims(made, study.presets["tiny"], known_target=True)] == [
        "holds", "fails", "holds", "holds",
    ]  # fmt: skip


def test_single_neuron_claims_count_shares():
    study = studies.get("single_neuron")
    made = [
        record("single_neuron", single_neuron.Case("small", n, 1e-2, 1e9, 10, k), {"error": 1.0 if n < 4 or k else 0.0})
        for n in range(2, 8)
        for k in range(3)
    ]
    verdicts = {
        c.statement.split(" (")[0]: c.verdict for c in study.claims(made, study.presets["tiny"], known_target=True)
    }
    expected = {3: "holds", 4: "holds", 5: "holds", 6: "fails", 7: "fails"}
    assert {k: verdicts[single_neuron.STATEMENTS[k]] for k in expected} == expected


@pytest.mark.parametrize(("lost", "verdicts"), [(0, ["holds", "holds"]), (1, ["fails", "holds"])])
def test_near_a_branch_one_flow_that_does_not_recover_is_one_too_many(lost, verdicts):
    """Theorem 5.4: almost every point; at one sample fewer it is enough that some flow fails."""
    study = studies.get("single_neuron")
    made = [
        record(
            "single_neuron",
            single_neuron.Case("dead", n, 1e-2, 1e9, 10, k),
            {"error": float(k < (lost if n > 3 else 1))},
        )
        for n in range(3, 8)
        for k in range(single_neuron.FEWEST)
    ]
    claims = study.claims(made, study.presets["quick"], known_target=True)
    found = [next(c for c in claims if c.statement.startswith(single_neuron.STATEMENTS[k])) for k in (8, 9)]
    assert [claim.verdict for claim in found] == verdicts


def test_the_formula_of_the_random_networks_counts_distinct_neurons():
    """m_w + 3·m_a from the weights themselves, not from how they were drawn."""
    for seed in range(5):
        network, expected = model_rank._random_network(seed)
        weights, outgoing = np.asarray(network.input_weights), np.asarray(network.output_weights)[0]
        classes: list[tuple[np.ndarray, bool]] = []
        for w, a in zip(weights, outgoing, strict=True):
            known = next((k for k, (u, _) in enumerate(classes) if np.allclose(u, w) or np.allclose(u, -w)), None)
            if known is None:
                classes.append((w, a != 0))
            else:
                classes[known] = (w, classes[known][1] or a != 0)
        alive = [kept for w, kept in classes if np.any(w != 0)]
        assert expected == len(alive) + 3 * sum(alive)


def test_success_rates_are_shares_of_seeds():
    made = [
        record("simple_models", simple_models.Case("deep", (1.0, 0.0), 5, 5, 1e-2, 0.1, 10, k), {"error": error})
        for k, error in enumerate((1e-5, 1e-2, 1e-9, 1.0))
    ]
    assert simple_models.success_rates(made, "deep") == [(5, 0.5)]
