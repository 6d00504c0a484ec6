"""Compute functions of the studies of sample sizes, on small cases whose outcome the theory knows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import networks
from condenslab.studies import attention_rank, kan_grid, llr_transition, scaling
from condenslab.studies.architectures import cases as architectures
from condenslab.studies.contract.evidence import of_records
from condenslab.studies.model_rank import cases as model_rank
from condenslab.studies.model_rank import runs as ranks
from condenslab.studies.shared import splines
from condenslab.studies.shared.exact_splines import PRIMES, exact_spline_rank
from condenslab.studies.simple_models import cases as simple_models
from condenslab.studies.simple_models import runs as simple_runs
from condenslab.studies.single_neuron import cases as neuron
from condenslab.studies.single_neuron import runs as neuron_runs
from condenslab.studies.single_neuron.claims import RECOVERED


def silent(fraction, text):
    """Takes progress."""


@pytest.mark.parametrize(("change", "rank"), [("none", 24), ("same QK, new VO", 40)])
def test_attention(change, rank):
    values = attention_rank.measure(attention_rank.Case((4, 2, 1, 2), change, 0, 3), silent).values
    assert (values["rank"], values["rank_decided"]) == (rank, True)


def test_a_piece_that_a_hidden_value_barely_meets_is_decided_by_exact_arithmetic():
    """Seed 14 of two neurons reaches 0.3 % of a cell: a singular value of 2e-9, where noise begins at 4e-12.

    Each neuron meets two cells, so that 5 of its 6 outer splines are seen; F′ and h·F′ are C¹ cubics on two cells, as
    are the 5 splines, in a space of 6; the splines of either input add up to 1, and so do both neurons' outer ones:
    36 − 2 − 2 − 2 − 1 = 29.
    """
    values = kan_grid.measure(kan_grid.Case("none", 0, 2, 3, 14), silent).values
    assert (values["rank"], values["rank_decided"]) == (29, True)
    assert (values["seen"], values["seen_decided"]) == (29, False)


def test_a_null_neuron_of_a_spline_network_adds_nothing_and_a_finer_grid_does():
    found = {}
    for growth, amount in (("none", 0), ("null", 1), ("grid", 1)):
        values = kan_grid.measure(kan_grid.Case(growth, amount, 1, 3, 0), silent).values
        assert values["output_difference"] < 1e-12
        found[growth] = values["rank"]
    assert found["null"] == found["none"] < found["grid"]


@pytest.mark.more
def test_exact_ranks_of_splines_are_those_that_float64_decides():
    target = splines.spline_target(2, 2, 3)
    for growth, amount, intervals in (("none", 0, 3), ("null", 1, 3), ("copy", 3, 3), ("grid", 1, 6)):
        larger = splines.grown(target, growth, amount)
        probes, found = splines.probed(larger, intervals, 2)
        units = splines.grown_from(2, growth, amount)
        exact = [exact_spline_rank(target, units, larger, probes, prime) for prime in PRIMES]
        assert found.decided and exact == [found.value] * 2, growth


def test_recovery_sets_in_at_the_rank_of_the_shared_kernel():
    outcome = llr_transition.measure(llr_transition.Case("shared", 1, 0, 9, 60), silent)
    assert (outcome.values["first"], outcome.values["rank"]) == (7, 7)
    assert outcome.arrays["sample_ranks"].tolist() == [1, 2, 3, 4, 5, 6, 7, 7, 7]


@pytest.mark.parametrize(("kind", "rank"), [("condensed", 2), ("opposite", 2), ("generic", 4), ("dead", 3)])
def test_pairs_of_neurons(kind, rank):
    values = ranks.fixed(model_rank.Case(kind, 1), silent).values
    assert (values["rank"], values["rank_decided"]) == (rank, True)


def test_a_flow_from_small_weights_merges_to_the_target_s_rank():
    case = model_rank.Case("run", 0, 6, 20, 1e10, 1e-4)
    (outcome,) = ranks.follow([case], silent)
    assert (outcome.status, outcome.values["merged"]) == ("done", 3)


def test_the_linear_model_finds_a_target_from_as_many_samples_as_coefficients():
    few, enough = (
        simple_models.Case("linear", (1.0, 1.0, 0.0), n, 3, 1e-4, 0.1, 1e-12, 20_000, 0) for n in (2, 3)
    )  # fmt: skip
    outcomes = simple_runs.descend([few, enough], silent)
    assert outcomes[0].values["error"] > 1e-3 and outcomes[1].values["error"] < 1e-6


def test_ranks_of_two_neurons():
    """DIS: model rank 3 at a merged pair, 4 with a dead neuron, 6 in general; codimensions 5 and 4."""
    values = neuron_runs.ranks(neuron.Case("rank", 7, 0.01, 1e9, 10, 0), silent).values
    assert (values["merged"], values["dead"], values["generic"], values["codimensions"]) == (3, 4, 6, [5, 4])


def test_a_flow_near_the_merged_branch_ends_on_the_target():
    (ended,) = neuron_runs.flows([neuron.Case("merged", 7, 0.01, 1e16, 4_000, 0)], silent)
    assert ended.status == "done" and ended.values["error"] <= RECOVERED


@pytest.mark.parametrize("samples", [3, 4, 7])
def test_a_flow_starts_so_near_to_a_dead_neuron_that_the_jacobian_keeps_its_rank(samples):
    """Within twice the distance every singular value that is not zero stays above half of the smallest at the point."""
    inputs, random = np.linspace(-2.0, 2.0, samples), np.random.default_rng(0)
    point = neuron_runs._point("dead", 1)
    (distance, least), rank = neuron_runs.basin(point, inputs), min(samples, 4)
    theta, outputs = np.asarray(networks.ravel(point)), lambda net: net(jnp.asarray(inputs[:, None]))[:, 0]

    def smallest(parameters):
        jacobian = jax.jacobian(lambda p: outputs(networks.unravel(p, point)))(jnp.asarray(parameters))
        return np.linalg.svd(np.asarray(jacobian) / np.sqrt(samples), compute_uv=False)[rank - 1]

    directions = random.standard_normal((30, 6))
    moved = theta + 2 * distance * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    assert smallest(theta) == pytest.approx(least) and min(map(smallest, moved)) >= least / 2
    (ended,) = neuron_runs.flows([neuron.Case("dead", samples, 0.01, 1e9, 4_000, 1, 1e-24)], silent)
    assert (ended.values["error"] <= 100 * 1e-24 / least**2) == (samples > 3)


def test_completion_of_a_rank_1_matrix():
    """OPT, eq. 20: seven entries of a 4 × 4 matrix of rank 1; LSH, Fig. 4: eight in the order 1."""
    from condenslab.studies.matrix_completion import runs
    from condenslab.studies.matrix_completion.cases import OrderCase, RankCase
    from condenslab.studies.shared.completion.cases import TrainCase
    from condenslab.studies.shared.completion.runs import descend

    values = runs.run_rank(RankCase("M1"), silent).values
    assert [values[name] for name in ("rank", "exact", "hooks", "minimal", "matrix_rank")] == [7, 7, 7, 7, 1]
    order = runs.run_order(OrderCase("1"), silent).values
    assert (order["first"], order["exact_first"]) == (8, 8)
    (whole,) = descend([TrainCase("hooks", "M1", tuple(range(16)), 1e-4, 0.05, 20_000, 0)], silent)
    assert whole.status == "done" and whole.values["test_error"] < 1e-8


def test_a_rate_beyond_stability_diverges_and_takes_no_other_run_with_it():
    from condenslab.studies.architectures.runs import descend

    stable, unstable = (
        architectures.TrainCase("shared", 1, 14, 14, rate, 1e-10, 4_000, 0) for rate in (0.3, 1e6)
    )  # fmt: skip
    outcomes = descend([stable, unstable], silent)
    assert [outcome.status for outcome in outcomes] == ["done", "diverged"]
    assert outcomes[0].values["train_error"] < 1.0


@pytest.mark.parametrize(("growth", "rank"), [("neurons", 6), ("connections", 10)])
def test_neurons_are_free_and_connections_are_not(growth, rank):
    """k(d + 1) with k = 2: d = 2, and d = 4 with twice the connections."""
    values = scaling.measure(scaling.Case(growth, 2, 0), silent).values
    assert (values["rank"], values["rank_decided"]) == (rank, True)


def test_from_mouse_to_human_neurons_cost_no_sample_and_connections_do():
    """Deck 001: 10⁸ to 10¹¹ neurons, 10³ to 10⁴ connections each; k(d + 1) samples and k more with a bias."""
    from condenslab.sample_size import optimistic

    def size(connections, neurons):
        return optimistic.two_layer(connections, neurons, 2, bias=True).value

    mouse = size(1_000, 10**8)
    assert size(1_000, 10**11) == mouse == 2 * 1_002 and size(10_000, 10**8) == 2 * 10_002


def test_the_inertia_of_a_split_minimum_is_proven(monkeypatch):
    """EP21, Fig. 3(a): (3, 0, 0), then one of each sign a neuron more."""
    pytest.importorskip("flint")
    from condenslab import studies
    from condenslab.studies.shared.proven import cases, compute
    from judging import judged, record_of

    case = cases.ProofCase(1, (2, 3))
    values = compute.prove_inertias(case, silent).values
    assert values["counts"] == [[3, 0, 0], [4, 1, 1], [5, 2, 2]]
    study, statement = studies.get("embedding_width"), cases.proven(case, "")
    for counts, verdict in ((values["counts"], "holds"), ([[3, 0, 0], [4, 1, 1], [4, 3, 2]], "fails")):
        evidence = of_records([record_of(study, case, values | {"counts": counts})])
        assert statement.decide(evidence).verdict == verdict
    monkeypatch.setattr(cases, "find_spec", lambda name: None)
    asked = study.cases(study.presets["quick"], seed=0)
    assert not any(isinstance(asked_for, cases.ProofCase) for asked_for in asked)
    proofs = [claim for claim in judged(study, [], cases=asked) if "is proven" in claim.statement]
    assert [claim.verdict for claim in proofs] == ["undecided"] * 2 and "pip install" in proofs[0].reason


def test_a_study_that_needs_an_extra_says_so_in_one_sentence(monkeypatch):
    from condenslab import studies
    from condenslab.errors import UserError
    from condenslab.studies.contract import parts

    def missing(name):
        raise ImportError("proofs need python-flint: pip install 'condenslab[proof]'")

    monkeypatch.setattr(parts, "import_module", missing)
    study = studies.get("exercise_proof")
    with pytest.raises(UserError, match="python-flint"):
        study.run_batch(study.cases(study.presets["tiny"], seed=0)[:1])
