"""The studies of architectures and of tuning tolerance: claims on made-up records, and the pieces of theory in them."""

import dataclasses

import numpy as np

from condenslab import figures, studies
from condenslab.studies.architectures import cases as architecture_cases
from condenslab.studies.architectures import claims, published
from condenslab.studies.architectures.cases import OPTIMISTIC, SHARINGS, RankCase, TableCase, TrainCase
from condenslab.studies.contract.evidence import of_records
from condenslab.studies.tuning_tolerance import cases as tolerance_cases
from condenslab.studies.tuning_tolerance import claims as tolerance
from judging import judged, record_of, verdicts

SMALL = architecture_cases.Settings(
    shared=(5, 7, 14), unshared=(14, 15, 30), full=(20, 21, 42), rates=(0.1, 0.3), seeds=3
)


PUBLISHED_SCALES = "the largest of the published initial scales that succeeds is the published one"


def silent(fraction, text):
    """Takes progress."""


STUDY, TOLERANCE = studies.get("architectures"), studies.get("tuning_tolerance")
TEXTS, TOLERANCE_TEXTS = STUDY.claim_statements, TOLERANCE.claim_statements


def trained(error, status=lambda case: "done"):
    """Records of all runs, with test errors from a function of the case."""
    cases = [c for c in architecture_cases.make_cases(SMALL, 0) if isinstance(c, TrainCase)]
    return [record_of(STUDY, c, {"test_error": error(c)}, status=status(c)) for c in cases]


def decide(records):
    """Claims on the runs; the other cases were not asked for."""
    cases = [c for c in architecture_cases.make_cases(SMALL, 0) if isinstance(c, TrainCase)]
    return judged(STUDY, records, SMALL, cases=cases)


def cell(records, sharing, factor, samples):
    return claims.cell_error(of_records(records).where(sharing=sharing, factor=factor, samples=samples))


def test_a_sharp_transition_at_the_optimistic_size_holds():
    sharp = decide(trained(lambda c: 1e-7 if c.samples >= OPTIMISTIC[c.sharing] else 0.3))
    for statement in TEXTS[4:]:
        assert set(verdicts(sharp, statement)) == {"holds"}, statement
    never = decide(trained(lambda _: 0.3))
    for statement in TEXTS[4:]:
        assert set(verdicts(never, statement)) == {"holds" if statement == TEXTS[4] else "undecided"}, statement


def test_one_run_that_recovers_below_the_optimistic_size_is_enough():
    """No median hides it: one seed at the worse rate, where all other runs of the cell are far off."""
    lucky = {("shared", 1, 5, 0.1, 2)}
    hit = trained(lambda c: 1e-7 if (c.sharing, c.factor, c.samples, c.rate, c.seed) in lucky else 0.3)
    below = [claim for claim in decide(hit) if claim.statement.startswith(TEXTS[4])]
    assert [claim.verdict for claim in below] == ["fails", "holds", "holds"]
    assert below[0].measured == 1 and "1 at 1e-05" in below[0].statement


def test_what_needs_as_many_samples_as_parameters_or_comes_in_another_order_fails():
    """All first n are those of the grids: at 3 times the width 21 of 21 parameters, 16 of 45, 15 of 63."""
    settings = dataclasses.replace(SMALL, shared=(21,), unshared=(16,), full=(15, 20))
    cases = [c for c in architecture_cases.make_cases(settings, 0) if isinstance(c, TrainCase)]
    records = [record_of(STUDY, c, {"test_error": 1e-9}) for c in cases]
    claims = judged(STUDY, records, settings, cases=cases)
    assert verdicts(claims, "a network wider than the target") == ["fails", "holds", "holds"]
    assert verdicts(claims, "the number of samples grows less") == ["holds"] * 3
    assert set(verdicts(claims, "the first n is")) == {"fails"}


def test_as_many_more_samples_as_parameters_are_no_smaller_growth():
    settings = dataclasses.replace(SMALL, shared=(7, 21), unshared=(15, 45), full=(21, 63))
    cases = [c for c in architecture_cases.make_cases(settings, 0) if isinstance(c, TrainCase)]
    late = {c: c.samples < c.factor * OPTIMISTIC[c.sharing] for c in cases}
    records = [record_of(STUDY, c, {"test_error": 0.5 if late[c] else 1e-9}) for c in cases]
    claims = judged(STUDY, records, settings, cases=cases)
    assert verdicts(claims, "the number of samples grows less") == ["fails"] * 3


def test_the_rate_of_a_seed_is_chosen_by_the_others():
    """Seeds 0 and 1 see medians of 0.5 at rate 0.1 and 0.25 at 0.3, and have 0.5 there; seed 2 chooses 0.1: 0.9."""
    errors = {0.1: (0.1, 0.1, 0.9), 0.3: (0.5, 0.5, 1e-9)}
    records = trained(lambda c: errors[c.rate][c.seed])
    assert cell(records, "shared", 1, 5) == 0.5
    assert cell([record for record in records if record.case["rate"] == 0.1], "shared", 1, 5) == 0.1
    single = [record for record in records if record.case["seed"] == 0]
    assert cell(single, "shared", 1, 5) is None, "with one seed nothing can be chosen in advance"


def test_a_cell_counts_runs_that_diverged():
    """Medians over three seeds: 0.2 at rate 0.1; at 0.3 two of three diverge, so that every seed chooses 0.1."""
    records = trained(
        lambda c: (0.1, 0.2, 0.9)[c.seed] if c.rate == 0.1 else 1e-9,
        lambda c: "diverged" if c.rate == 0.3 and c.seed else "done",
    )
    assert cell(records, "shared", 1, 5) == 0.2
    assert claims.first_below(of_records(records), "shared", 1, 0.3) == 5
    assert claims.first_below(of_records(records), "shared", 1, 0.1) is None
    broken = [dataclasses.replace(records[0], status="failed"), *records[1:]]
    assert cell(broken, "shared", 1, 5) is None


def test_published_counts_grow_with_the_demand_and_stay_below_the_number_of_parameters():
    for sharing in SHARINGS:
        for factor, row in published.FIRST[sharing].items():
            assert list(row) == sorted(row)
            assert factor == 1 or max(row) < factor * OPTIMISTIC[sharing]
    assert published.first("full", 2, 1e-2) is None


def test_closed_forms_and_ranks():
    """LLR, Table 3, and its formulas by hand: at 4 × 4 pixels and 2 × 2 entries 4 + 9, (4 + 1)9 and (16 + 1)9."""
    from condenslab.studies.architectures import runs

    table = runs.run_table(TableCase(2), silent).values
    assert table["experiment"] == {"shared": 7, "unshared": 15, "full": 21}
    assert table["plane"] == {"shared": 13, "unshared": 45, "full": 153}
    assert table["mnist"] == {"shared": [685, 1370], "unshared": [6760, 13520], "full": [530660, 1061320]}
    found = runs.run_rank(RankCase("unshared", 1, 1, 0), silent).values
    assert (found["rank"], found["rank_decided"], found["parameters"]) == (15, True, 15)


def test_the_target_is_that_of_the_formula():
    from condenslab.studies.architectures import runs

    x = np.random.default_rng(0).standard_normal((4, 5))
    by_hand = [sum(np.tanh(0.6 * r[s] + 0.8 * r[s + 1] + r[s + 2]) for s in range(3)) for r in x]
    np.testing.assert_allclose(runs.target_values(x)[:, 0], by_hand, rtol=1e-14)


def test_random_orders_begin_with_a_spanning_tree():
    for seed in range(5):
        order = tolerance_cases.random_order(seed)
        assert sorted(order) == list(range(16))
        rows, columns = {k // 4 for k in order[:7]}, {k % 4 for k in order[:7]}
        assert len(rows) == len(columns) == 4, "seven edges of a tree on eight vertices meet every row and column"


def test_tolerance_claims_follow_a_made_up_law():
    """Success up to std 10^(n − 16)/3 and rate n/20 grows with n; turned round it falls."""
    settings = tolerance_cases.Settings(samples=(7, 12, 16), seeds=2, orders=6)
    cases = tolerance_cases.make_cases(settings, 0)

    def made(grow: bool):
        def error(case):
            n = len(case.observed) if grow else 23 - len(case.observed)
            wide = case.rate <= n / 20 if case.part == "rates" else case.std <= {7: 1e-3, 11: 1e-2, 12: 1e-2, 16: 1}[n]
            return 1e-9 if wide else 0.1

        return [record_of(TOLERANCE, case, {"test_error": error(case)}) for case in cases]

    right, wrong = (judged(TOLERANCE, made(grow), settings, cases=cases) for grow in (True, False))
    for number in (0, 1, 2, 3, 4, 5):
        statement = [text for text in TOLERANCE_TEXTS if text != PUBLISHED_SCALES][number]
        assert verdicts(right, statement) == ["holds"] and verdicts(wrong, statement) == ["fails"], statement
    assert set(verdicts(right, PUBLISHED_SCALES)) == {"holds", "fails"}, "published at n = 12 is 1e-3, here 1e-2"
    assert tolerance.largest(of_records(made(True)), "cross", 12, "std") == 1e-2
    shares, _, sizes = TOLERANCE.draw(made(True))
    assert "O = 7, 7 in practice, M = 32." in figures.description(sizes.figure), shares.title


def test_one_number_of_samples_says_nothing_of_more():
    settings = tolerance_cases.Settings(samples=(12,), seeds=1, orders=1)
    cases = tolerance_cases.make_cases(settings, 0)
    records = [record_of(TOLERANCE, case, {"test_error": 1e-9}) for case in cases]
    made = judged(TOLERANCE, records, settings, cases=cases)
    falls = [claim for claim in made if "never falls" in claim.statement]
    assert [claim.verdict for claim in falls] == ["undecided"] * 3
    assert {claim.reason for claim in falls} == {"with one number of samples nothing is added"}
