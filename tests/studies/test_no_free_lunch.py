"""No free lunch: claims on made-up records, searches against brute force, labels, and the rank of a random function."""

import math
from itertools import permutations, product

import numpy as np
import pytest

from condenslab import studies
from condenslab.studies.no_free_lunch import searches
from condenslab.studies.no_free_lunch.cases import SCHEMES, SEARCHES, RankCase, SearchCase, Settings, descent
from condenslab.studies.no_free_lunch.claims import LEVEL, band
from condenslab.studies.no_free_lunch.draw import scheme_of
from condenslab.studies.shared.descents.cases import DescentCase
from condenslab.studies.shared.descents.runs import make_task
from condenslab.sweeps import described
from judging import check_damage, decided, judged, made_up

STUDY = studies.get("no_free_lunch")
SMALL = Settings(seeds=3)


def silent(fraction, text):
    """Takes progress."""


def theory(case, **change):
    """Values as they should be, with changes."""
    if type(case) is SearchCase:
        values = {"otherwise": 0, "peaked": 2.0, "blind_peaked": 2.5}
    elif type(case) is RankCase:
        values = {"random": 12, "random_decided": True, "planted": 6, "planted_decided": True}
    else:
        values = {"right": 1.0, "test_right": 0.9 if case.task == "planted_labels" else 0.5}
    return values | {name: value for name, value in change.items() if name in values}


def verdict(values):
    return decided(STUDY, made_up(STUDY, SMALL, values), SMALL)


def test_what_should_be_holds_and_each_claim_can_fail():
    records = made_up(STUDY, SMALL, theory)
    assert decided(STUDY, records, SMALL) == ["holds"] * 6
    assert decided(STUDY, [], SMALL) == ["undecided"] * 6
    check_damage(STUDY, SMALL, STUDY.cases(SMALL, seed=0), records, seeds=5)

    def one(task, share):
        return lambda case: theory(
            case, **({"test_right": share} if getattr(case, "task", "") == task and case.drop else {})
        )

    wrong = [
        lambda case: theory(case, otherwise=2) if getattr(case, "search", "") == "network" else theory(case),
        lambda case: theory(case, peaked=2.5) if getattr(case, "search", "") == "network" else theory(case),
        one("random_labels", 0.7),
        one("planted_labels", 0.5),
        lambda case: theory(case, random=11) if getattr(case, "seed", 0) == 1 else theory(case),
        lambda case: theory(case, planted=7) if getattr(case, "seed", 0) == 1 else theory(case),
    ]
    for number, values in enumerate(wrong):
        found = verdict(values)
        assert [k for k, said in enumerate(found) if said == "fails"] == [number]
    assert verdict(one("random_labels", 0.3))[2] == "fails", "worse than chance would be knowledge too"
    assert verdict(lambda case: theory(case, random_decided=False))[4] == "undecided"


def test_the_band_is_left_by_chance_as_rarely_as_is_said():
    """Against the exact tails of the binomial law, which Hoeffding's bound is above."""
    allowed, number = band(SMALL), SMALL.seeds * 180
    tail = sum(math.comb(number, k) for k in range(number + 1) if abs(k / number - 0.5) > allowed) / 2**number
    assert len(SCHEMES) * tail <= LEVEL
    claim = judged(STUDY, made_up(STUDY, SMALL, theory), SMALL)[2]
    assert (claim.expected, claim.tolerance) == (0.5, allowed) and len(claim.measured) == len(SCHEMES)


def test_every_run_is_of_one_setting():
    cases = [case for case in STUDY.cases(SMALL, seed=0) if type(case) is DescentCase]
    assert len({STUDY.id(case) for case in cases}) == len(cases) == 2 * 3 * len(SCHEMES)
    for scheme in SCHEMES:
        case = described(descent(SMALL, "random_labels", scheme, 0))
        assert scheme_of(case, SMALL.width) == scheme


@pytest.mark.parametrize("search", SEARCHES)
def test_every_search_of_all_functions_is_blind_search(search):
    """The counts of all random orders, by brute force; and no search looks at a value before it asks for it."""
    outcome = searches.enumerate_functions(SearchCase(search, 4, 3), silent)
    assert outcome.values["otherwise"] == 0 and outcome.values["functions"] == 81
    assert outcome.values["all"] == pytest.approx(outcome.values["blind_all"], rel=1e-12)
    features = searches._features(4)
    for function in product(range(3), repeat=4):
        order = searches.visited(search, np.array(function), features)
        assert sorted(order) == [0, 1, 2, 3]
        for asked in range(1, 4):
            changed = np.array(function)
            changed[order[asked:]] = (changed[order[asked:]] + 1) % 3
            assert searches.visited(search, changed, features)[: asked + 1] == order[: asked + 1]


def test_blind_search_by_brute_force():
    functions = np.array([[0, 2, 1, 2], [0, 0, 0, 1], [2, 2, 2, 2]])
    orders = list(permutations(range(4)))
    first = [np.mean([1 + np.argmax(f[list(o)] == f.max()) for o in orders]) for f in functions]
    assert searches.blind_queries(functions) == pytest.approx(np.mean(first))
    best = np.mean([[np.maximum.accumulate(f[list(o)]) for o in orders] for f in functions], axis=(0, 1))
    np.testing.assert_allclose(searches.blind_course(functions), best, rtol=1e-12)
    every = np.array(list(product(range(3), repeat=4)))
    counts = [[np.sum(every[:, :q].max(axis=1) <= v) for v in range(3)] for q in range(1, 5)]
    np.testing.assert_array_equal(searches.blind_counts(4, 3), counts)


def test_a_search_that_cheats_is_told(monkeypatch):
    monkeypatch.setattr(searches, "visited", lambda search, function, features: list(np.argsort(-function)))
    assert searches.enumerate_functions(SearchCase("network", 4, 3), silent).values["otherwise"] > 0


def test_labels_are_given_once_and_random_ones_are_even():
    tasks = [make_task(descent(SMALL, "random_labels", "γ = 1", seed)) for seed in range(30)]
    for task in tasks[:3]:
        assert len(task.inputs) == 20 and len(task.heldout_inputs) == 180
        assert not set(task.inputs[:, 0]) & set(task.heldout_inputs[:, 0])
        assert set(task.targets[:, 0]) | set(task.heldout_targets[:, 0]) == {-1.0, 1.0}
    mean = np.mean([task.heldout_targets for task in tasks])
    assert abs(mean) <= 4 / math.sqrt(30 * 180)
    planted = make_task(descent(SMALL, "planted_labels", "γ = 1", 0))
    x = planted.heldout_inputs[:, 0]
    np.testing.assert_array_equal(planted.heldout_targets[:, 0], np.where((x < -7) | ((x > 0) & (x < 7)), -1.0, 1.0))


@pytest.mark.more
def test_a_random_function_needs_all_its_values():
    from condenslab.studies.no_free_lunch.runs import measure

    values = measure(RankCase(3, 9, 5), silent).values
    assert values["fitted"] and values["risk"] <= 1e-20
    assert (values["random"], values["random_decided"]) == (9, True)
    assert (values["planted"], values["planted_decided"]) == (6, True)
