"""The studies of architectures and of tuning tolerance: claims on made-up records, and the pieces of theory in them."""

import dataclasses

import numpy as np

from condenslab import studies
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


def test_a_sharp_transition_at_the_optimistic_size_holds_and_one_below_it_fails():
    sharp = decide(trained(lambda c: 1e-6 if c.samples >= OPTIMISTIC[c.sharing] else 0.3))
    for statement in TEXTS[4:]:
        assert set(verdicts(sharp, statement)) == {"holds"}, statement
    early = decide(trained(lambda _: 1e-6))
    assert set(verdicts(early, TEXTS[4]) + verdicts(early, TEXTS[5])) == {"fails"}
    never = decide(trained(lambda _: 0.3))
    assert set(verdicts(never, TEXTS[5])) == {"fails"} and set(verdicts(never, TEXTS[6])) == {"undecided"}


def test_a_cell_keeps_the_best_rate_and_counts_runs_that_diverged():
    """Medians over three seeds: 0.2 at rate 0.1; at 0.3 two of three diverge, so the median there is infinite."""
    records = trained(
        lambda c: (0.1, 0.2, 0.9)[c.seed] if c.rate == 0.1 else 1e-9,
        lambda c: "diverged" if c.rate == 0.3 and c.seed else "done",
    )
    assert cell(records, "shared", 1, 5) == 0.2
    assert claims.first_below(of_records(records), "shared", 1, 0.3) == 5
    assert claims.first_below(of_records(records), "shared", 1, 0.1) is None
    broken = [dataclasses.replace(records[0], status="failed"), *records[1:]]
    assert cell(broken, "shared", 1, 5) is None


def test_published_counts_are_in_order_and_keep_the_margins_that_the_claims_use():
    for sharing in SHARINGS:
        for row in published.FIRST[sharing].values():
            assert list(row) == sorted(row)
            assert OPTIMISTIC[sharing] <= row[2] <= 2 * OPTIMISTIC[sharing], "between O and 2O at 1e-4"
    for factor in published.FIRST["full"]:
        shared, unshared, full = (published.first(s, factor, claims.FALLEN) for s in SHARINGS)
        assert shared is not None and unshared is not None and full is not None
        assert shared < unshared <= full
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
    assert TOLERANCE.draw(made(True))


def test_one_number_of_samples_says_nothing_of_more():
    settings = tolerance_cases.Settings(samples=(12,), seeds=1, orders=1)
    cases = tolerance_cases.make_cases(settings, 0)
    records = [record_of(TOLERANCE, case, {"test_error": 1e-9}) for case in cases]
    made = judged(TOLERANCE, records, settings, cases=cases)
    falls = [claim for claim in made if "never falls" in claim.statement]
    assert [claim.verdict for claim in falls] == ["undecided"] * 3
    assert {claim.reason for claim in falls} == {"with one number of samples nothing is added"}
