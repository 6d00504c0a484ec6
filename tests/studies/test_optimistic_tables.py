"""The tables of optimistic sample sizes: closed forms by hand, claims on made-up records, and small cases."""

import pytest

from condenslab import studies
from condenslab.studies.optimistic_tables import runs
from condenslab.studies.optimistic_tables.cases import (
    CRITICAL,
    MERELY_EQUAL,
    DeepCase,
    DenseCase,
    KernelCase,
    MappingCase,
    MatrixCase,
    Settings,
)
from condenslab.studies.optimistic_tables.claims import matrix_rank, size
from judging import check_damage, decided, judged, made_up, verdicts

STUDY = studies.get("optimistic_tables")
SMALL = Settings(seeds=2, width=2, inputs=(1,), kernels=2, zeros=(0, 3), side=2)


def silent(fraction, text):
    """Takes progress."""


@pytest.mark.parametrize(
    ("sharing", "kernels", "zeros", "expected"),
    [("shared", 2, 3, 26), ("unshared", 1, 0, 45), ("unshared", 2, 3, 75), ("full", 1, 1, 136), ("full", 2, 0, 306)],
)
def test_rows_of_the_convolution_table(sharing, kernels, zeros, expected):
    """At 4 × 4 pixels and 2 × 2 entries: 2(4 + 9), (4 + 1)·9, (4 + 1)(18 − 3), (16 + 1)(9 − 1) and (16 + 1)·18."""
    assert size(sharing, kernels, zeros) == expected


def test_ranks_of_a_product_of_matrices():
    """OPT, table of d = 4: 0, 7, 12, 15 and 16 on the diagonal; a zero factor leaves the other's rank times d."""
    assert [matrix_rank(4, r, r) for r in range(5)] == [0, 7, 12, 15, 16]
    assert matrix_rank(4, 0, 3) == 12 and matrix_rank(4, 4, 0) == 16


def theory(case):
    """What the theory has of a case."""
    if isinstance(case, DenseCase):
        return {"rank": case.intrinsic * (case.inputs + 1), "parameters": case.width * (case.inputs + 1)}
    if isinstance(case, KernelCase):
        return {"rank": size(case.sharing, case.intrinsic, case.zeros)}
    if isinstance(case, MatrixCase):
        return {"rank": matrix_rank(case.side, case.left, case.right)}
    if isinstance(case, DeepCase):
        return {"narrow": 10, "embedded": 10, "elsewhere": 34, "narrow_parameters": 10, "embedded_decided": True}
    return {"rank": 9, "together": 9 if case.mapping in CRITICAL else 11, "output_difference": 1e-16}


def record_values(case, changed=lambda case: {}):
    found = theory(case) | changed(case)
    return found | {f"{name}_decided": True for name in ("rank", "narrow", "elsewhere", "together") if name in found}


def test_what_theory_says_holds_and_nothing_is_claimed_of_no_record():
    records = made_up(STUDY, SMALL, record_values)
    assert set(decided(STUDY, records, SMALL)) == {"holds"}
    assert set(decided(STUDY, [], SMALL)) == {"undecided"}
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)


@pytest.mark.parametrize(
    ("kind", "changed", "text"),
    [
        (DenseCase, {"rank": 99}, "Theorem 5"),
        (DenseCase, {"parameters": 13}, "the classic estimate of NN_A"),
        (DenseCase, {"rank": 24}, "the optimistic estimate is that of NN_A"),
        (KernelCase, {"rank": 1}, "a target of k kernels"),
        (MatrixCase, {"rank": 3}, "the model rank of A·B"),
        (DeepCase, {"embedded": 11}, "Theorem 4: a wide"),
        (DeepCase, {"narrow": 11, "embedded": 11}, "Theorem 4: and at most"),
        (DeepCase, {"elsewhere": 10}, "elsewhere"),
        (MappingCase, {"together": 10}, "Lemma 12"),
        (MappingCase, {"together": 9}, "a mapping that keeps the output alone"),
        (MappingCase, {"output_difference": 1e-3}, "all of them keep the output"),
    ],
)
def test_every_claim_can_fail(kind, changed, text):
    records = made_up(STUDY, SMALL, lambda case: record_values(case, lambda c: changed if isinstance(c, kind) else {}))
    assert set(verdicts(judged(STUDY, records, SMALL), text)) == {"fails"}


def test_small_rows_are_measured():
    """No neuron has rank 0, one of one input 2; k = 1 of 2 × 2 kernels with a dead position 5·8 without sharing."""
    assert [runs.dense(DenseCase(2, k, 1, 0), silent).values["rank"] for k in (0, 1)] == [0, 2]
    assert runs.kernels(KernelCase("unshared", 1, 1, 0), silent).values["rank"] == 40
    assert runs.matrices(MatrixCase(3, 2, 1, 0), silent).values["rank"] == 7
    deep = runs.deep(DeepCase((2, 2, 2, 1), (2, 3, 3, 1), 0), silent).values
    assert deep["embedded"] <= deep["narrow"] <= deep["narrow_parameters"] == 10 < deep["elsewhere"]


@pytest.mark.parametrize(("neurons", "seed"), [(4, 0), (1, 1)])
def test_a_spectrum_that_fades_into_its_noise_is_decided_with_more_digits(neurons, seed):
    """Theorem 5: 8 and 2. Rounding of the entries alone left both undecided: two input weights are 0.56 and −0.58."""
    values = runs.dense(DenseCase(4, neurons, 1, seed), silent).values
    assert (values["rank"], values["rank_decided"]) == (2 * neurons, True)


@pytest.mark.parametrize("mapping", [*CRITICAL, *MERELY_EQUAL])
def test_critical_mappings_add_no_direction(mapping):
    values = runs.mappings(MappingCase(mapping, 0), silent).values
    assert values["rank_decided"] and values["together_decided"] and values["output_difference"] <= 1e-13
    assert (values["together"] == values["rank"]) == (mapping in CRITICAL)
