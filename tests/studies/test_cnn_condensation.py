"""The study of convolution networks: claims on made-up records, and a small run on real digits."""

from dataclasses import replace

import numpy as np
import pytest

from condenslab import studies
from condenslab.errors import UserError
from condenslab.studies.cnn_condensation.cases import Case
from condenslab.training import Stop
from judging import check_damage, decided, ended, judged, made_up

STUDY = studies.get("cnn_condensation")
QUICK = STUDY.presets["quick"]


def condensed(case, accuracy=1.0):
    small = case.exponent == 1.5
    end = {"first_end": 0.3 if small else 1.0, "pairs_end": 0.2 if small else 0.9, "first_start": 1.0}
    return {"train_accuracy": accuracy, "test_accuracy": 0.88, **end}


def test_kernel_claims():
    claims = judged(STUDY, made_up(STUDY, QUICK, condensed), QUICK)
    assert [claim.verdict for claim in claims] == ["holds"] * 4
    wrong = made_up(STUDY, QUICK, lambda case: condensed(case, 0.99))
    assert decided(STUDY, wrong, QUICK) == ["fails", "holds", "holds", "holds"]
    tiny = STUDY.presets["tiny"]
    assert set(decided(STUDY, made_up(STUDY, tiny, condensed), tiny)) == {"undecided"}


def test_equal_ratios_are_judged_by_one_criterion():
    """A quotient of exactly 1: the number of seeds in the sentence and the verdict come from the same <."""
    same = made_up(STUDY, QUICK, lambda case: condensed(case) | {"first_end": 0.5, "first_start": 1.0})
    claim = judged(STUDY, same, QUICK)[2]
    assert claim.measured == [1.0] * 3 and claim.verdict == "fails" and "[holds for 0;" in claim.statement


def test_a_lost_run_decides_nothing_of_its_scale():
    lost = made_up(STUDY, QUICK, lambda c: "diverged" if (c.exponent, c.seed) == (0.5, 1) else condensed(c))
    assert decided(STUDY, lost, QUICK) == ["holds", "holds", "undecided", "undecided"]


def test_whatever_is_lost_no_statement_vanishes_and_none_rests_on_it():
    check_damage(STUDY, QUICK, STUDY.cases(QUICK, seed=0), made_up(STUDY, QUICK, condensed))


SMALL = Case(exponent=0.5, seed=0, data="digits", samples=60, heldout=40, kernels=4, steps=60, batch=20, rate=3e-3)


def test_a_small_network_learns_its_digits():
    large, small = STUDY.run_batch([SMALL, replace(SMALL, exponent=1.5)])
    assert large.status == small.status == "done"
    assert large.values["train_accuracy"] > 0.3, "ten classes: chance is 0.1"
    assert large.arrays["risk"][-1] < large.arrays["risk"][0]
    assert large.arrays["first_end"].shape == (4, 25) and large.arrays["pairs_end"].shape == (16, 9)
    assert np.std(small.arrays["first_start"]) < np.std(large.arrays["first_start"])
    assert 0 < large.values["first_end"] <= 1


def test_an_interruption_is_no_result_and_a_divergence_takes_no_other_with_it(monkeypatch):
    with monkeypatch.context() as patch:
        ended(patch, "ensemble", Stop.INTERRUPTED)
        with pytest.raises(KeyboardInterrupt):
            STUDY.run_batch([SMALL])
    ended(monkeypatch, "ensemble", Stop.NOT_FINITE)
    first, second = STUDY.run_batch([SMALL, replace(SMALL, exponent=1.5)])
    assert (first.status, first.message, second.status) == ("diverged", Stop.NOT_FINITE.value, "done")


def test_more_images_than_there_are_is_a_mistake_of_the_request():
    with pytest.raises(UserError, match="must not exceed"):
        STUDY.run_batch([replace(SMALL, samples=6000)])
