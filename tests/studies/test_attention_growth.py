"""The study of growing attention layers: claims on made-up records, and one growth of each kind."""

import pytest

from condenslab import studies
from condenslab.studies.attention_growth import GROWTHS, START, Case, Settings, measure
from judging import check_damage, decided, judged, made_up, verdicts

STUDY = studies.get("attention_growth")
SMALL = Settings(seeds=2, steps=2)


def silent(fraction, text):
    """Takes progress."""


def free(case):
    """Ranks as the deck has them: the target's stays, a random layer's grows."""
    more = case.size - START[case.growth]
    known = {"rank_decided": True, "random_decided": True, "output_difference": 1e-16, "parameters": 30 + 9 * more}
    return known | {"rank": 20, "random": 20 + 4 * more}


def test_what_is_free_holds_and_each_growth_is_judged_by_itself():
    records = made_up(STUDY, SMALL, free)
    assert decided(STUDY, records, SMALL) == ["holds"] * 6
    assert decided(STUDY, [], SMALL) == ["undecided"] * 6
    for number, growth in enumerate(GROWTHS):
        costly = made_up(STUDY, SMALL, lambda c, g=growth: free(c) | ({"rank": 20 + c.size} if c.growth == g else {}))
        assert [v == "fails" for v in decided(STUDY, costly, SMALL)[:3]] == [k == number for k in range(3)]
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)


def test_a_random_layer_without_more_rank_and_another_function_fail():
    same = judged(STUDY, made_up(STUDY, SMALL, lambda case: free(case) | {"random": 20}), SMALL)
    assert verdicts(same, "of a random layer") == ["fails", "fails"]
    other = judged(STUDY, made_up(STUDY, SMALL, lambda case: free(case) | {"output_difference": 1e-6}), SMALL)
    assert verdicts(other, "every larger layer") == ["fails"]


@pytest.mark.parametrize("growth", GROWTHS)
def test_a_larger_layer_has_the_function_and_the_rank_of_the_target(growth):
    target, grown = (measure(Case(growth, START[growth] + more, 0, 2), silent).values for more in (0, 1))
    assert grown["output_difference"] <= 1e-14 and grown["parameters"] > target["parameters"]
    assert target["rank_decided"] and grown["rank_decided"] and grown["rank"] == target["rank"]
