"""The rank and recovery studies: claims on made-up records, and the published tables they rest on."""

from fractions import Fraction

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies import attention_rank, kan_grid, llr_transition
from condenslab.studies.matrix_completion import claims
from condenslab.studies.matrix_completion.cases import PRESETS, make_cases
from condenslab.studies.shared.completion import cases as completion
from condenslab.studies.shared.completion import targets
from condenslab.studies.shared.completion.cases import TrainCase
from condenslab.studies.simple_models import cases as simple_models
from condenslab.studies.simple_models.claims import success_rates
from condenslab.studies.single_neuron import cases as single_neuron
from condenslab.studies.single_neuron.claims import FEWEST, RECOVERED, recovers
from judging import judged, record_of, verdicts


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
    assert completion.components(observed) == expected


def test_matrix_claims_can_fail():
    study = studies.get("matrix_completion")
    cases = [c for c in make_cases(PRESETS["tiny"], 0) if isinstance(c, TrainCase)]
    made = [record_of(study, c, {"test_error": 0.5, "train_error": 0.0}) for c in cases]
    found = judged(study, made, PRESETS["tiny"], cases=cases)
    assert set(verdicts(found, "with hooks, gradient descent")) == {"fails"}
    assert set(verdicts(found, "with hooks, one entry before")) == {"holds"}


def test_a_mean_over_seeds_needs_all_of_them():
    """Four of five seeds diverged: the mean over the fifth is no mean error."""
    study = studies.get("matrix_completion")
    settings = PRESETS["quick"]
    cases = [c for c in make_cases(settings, 0) if isinstance(c, TrainCase)]
    made = [record_of(study, c, {"test_error": 1e-9}, status="diverged" if c.seed else "done") for c in cases]
    assert claims.mean_error(made, "hooks", "M1", 7) is None
    found = judged(study, made, settings, cases=cases)
    assert set(verdicts(found, "with hooks")) == {"undecided"}
    assert set(verdicts(found, "the error at n = 7")) == {"undecided"}


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
    found = judged(study, [record_of(study, case, values, arrays)], study.presets["tiny"], cases=[case])
    assert next(c for c in found if "(shared: 7)" in c.statement).verdict == verdict


def test_kan_claims_compare_with_the_target_itself():
    study = studies.get("kan_grid")

    def one(growth, amount, rank):
        values = {"rank": rank, "rank_decided": True, "output_difference": 0.0, "parameters": 9}
        return kan_grid.Case(growth, amount, 1, 3, 0), values

    pairs = [one("none", 0, 15), one("null", 1, 15), one("copy", 1, 16), one("grid", 1, 22)]
    made = [record_of(study, *pair) for pair in pairs]
    found = judged(study, made, study.presets["tiny"], cases=[case for case, _ in pairs])
    assert verdicts(found) == ["holds", "fails", "holds", "holds"]


def test_single_neuron_claims_count_shares():
    study = studies.get("single_neuron")
    cases = [single_neuron.Case("small", n, 1e-2, 1e9, 10, k) for n in range(2, 8) for k in range(3)]
    made = [record_of(study, c, {"error": 1.0 if c.samples < 4 or c.seed else 0.0, "risk": 0.0}) for c in cases]
    settings = single_neuron.Settings(seeds=3)
    found = [
        claim.verdict
        for claim in judged(study, made, settings, cases=cases)
        if "small initialisation" in claim.statement
    ]
    assert found == ["holds", "holds", "holds", "fails", "fails"]


@pytest.mark.parametrize(("lost", "expected"), [(0, ["holds", "holds"]), (1, ["fails", "holds"])])
def test_near_a_branch_one_flow_that_does_not_recover_is_one_too_many(lost, expected):
    """Theorem 5.4: almost every point; at one sample fewer it is enough that some flow fails."""
    study = studies.get("single_neuron")
    settings = single_neuron.Settings(near=FEWEST)
    cases = [single_neuron.Case("dead", n, 1e-2, 1e9, 10, k) for n in range(3, 8) for k in range(FEWEST)]
    made = [
        record_of(study, c, {"error": float(c.seed < (lost if c.samples > 3 else 1)), "risk": 0.0, "smallest": 1.0})
        for c in cases
    ]
    assert verdicts(judged(study, made, settings, cases=cases), "near the dead branch") == expected


def test_a_flow_that_was_cut_off_decides_neither_that_all_recover_nor_that_one_does_not():
    study = studies.get("single_neuron")
    settings = single_neuron.Settings(near=FEWEST)
    cases = [single_neuron.Case("dead", 3, 1e-2, 1e9, 10, k) for k in range(FEWEST)]
    made = [record_of(study, c, {"error": 0.0, "risk": 0.0, "smallest": 1.0}) for c in cases[1:]]
    cut = record_of(study, cases[0], {"stop": "STEPS_EXHAUSTED"}, status="diverged")
    blown = record_of(study, cases[0], {"stop": "NOT_FINITE"}, status="diverged")
    some = "near the dead branch some flow"
    assert verdicts(judged(study, [cut, *made], settings, cases=cases), some) == ["undecided"]
    assert verdicts(judged(study, [blown, *made], settings, cases=cases), some) == ["holds"]


def test_a_flow_whose_risk_still_falls_may_yet_recover_and_one_at_its_end_does_not():
    """R was 4e-19 where the error of a flow from three samples was 6e-14: it stays that, whatever R is."""
    study, case = studies.get("single_neuron"), single_neuron.Case("merged", 5, 1e-2, 1e9, 10, 0)
    for values, expected in (
        ({"error": 2e-13, "risk": 2e-14}, None),
        ({"error": 5.7e-14, "risk": 2e-30}, False),
        ({"error": 1e-23, "risk": 1e-24}, True),
    ):
        assert recovers(record_of(study, case, values)) is expected


def _largest_error(samples):
    """Largest ratio of error and R near a merged pair, at leading order: each α, m and each M of rank one."""

    def functions(x, angle):
        outputs = np.tanh(x + 1)
        slope, curvature = 1 - outputs**2, -2 * outputs * (1 - outputs**2)
        along = np.cos(angle) * x + np.sin(angle)
        return np.column_stack([outputs, slope * x, slope, curvature * along**2]) / np.sqrt(len(x))

    def ratio(angle):
        seen, every = (functions(np.linspace(-2.0, 2.0, count), angle) for count in (samples, 1000))
        return np.linalg.norm(every @ np.linalg.inv(np.linalg.qr(seen).R), 2) ** 2

    return max(ratio(angle) for angle in np.linspace(0.0, np.pi, 2001))


def test_near_a_merged_pair_the_risk_bounds_the_error_from_five_samples_on():
    """Its codimension: the level of recovery is well above what the theory lets a flow have that ends on the target."""
    found = {samples: _largest_error(samples) for samples in (4, 5, 6, 7)}
    assert [round(found[n], 1) for n in (5, 6, 7)] == [10.3, 1.6, 1.2] and found[4] > 1e4
    assert found[5] * single_neuron.RISK < RECOVERED / 50


def test_the_formula_of_the_random_networks_counts_distinct_neurons():
    """m_w + 3·m_a from the weights themselves, not from how they were drawn."""
    from condenslab.studies.model_rank.runs import random_network

    for seed in range(5):
        network, expected = random_network(seed)
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
    study = studies.get("simple_models")
    made = [
        record_of(study, simple_models.Case("deep", (1.0, 0.0), 5, 5, 1e-2, 0.1, 1e-12, 10, k), {"error": error})
        for k, error in enumerate((1e-5, 1e-2, 1e-9, 1.0))
    ]
    assert success_rates(made, "deep") == [(5, 0.5)]


@pytest.mark.parametrize(("bad", "expected"), [(0, ["holds", "holds"]), (2, ["holds", "fails"])])
def test_targets_are_lost_by_their_mean_and_recovered_by_their_median(bad, expected):
    """Of five trials from 3 samples two may be ill-conditioned; from 2 samples two that hit pull the mean below 0.1."""
    study, settings = studies.get("simple_models"), simple_models.Settings(trials=5)
    cases = [c for c in study.cases(settings, seed=0) if c.model == "linear"]
    errors = {1: 0.15, 2: 0.15, 3: 1e-9}

    def error(case):
        return {1: 0.15, 2: 1e-9, 3: 1e-3}[case.samples] if case.seed < bad else errors[case.samples]

    made = [record_of(study, c, {"error": error(c)}) for c in cases]
    assert verdicts(judged(study, made, settings, cases=cases), "the linear model recovers") == expected


@pytest.mark.parametrize(("status", "verdict"), [("done", "holds"), ("diverged", "undecided"), ("failed", "undecided")])
def test_half_of_the_seeds_is_half_of_all_of_them(status, verdict):
    """One seed recovers at n = 5; the claim holds where the others do too, not where they are lost."""
    study = studies.get("simple_models")
    settings = simple_models.Settings(samples=(5,))
    cases = [c for c in study.cases(settings, seed=0) if c.model == "deep"]
    made = [record_of(study, c, {"error": 1e-9}, status=status if c.seed else "done") for c in cases]
    assert verdicts(judged(study, made, settings, cases=cases), "the deep diagonal") == [verdict]
