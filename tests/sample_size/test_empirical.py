"""The search for the smallest sample size, on functions whose answer is known, and on decoders."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from scipy.stats import beta

from condenslab.sample_size import DecoderAccuracy, OptunaSearch, Request, empirical
from condenslab.tasks import anchors


def needs(threshold, best=0.1):
    """Accuracy 1 from `threshold` samples on at the best rate; ten times the samples a decade away."""

    def evaluate(setting, n, seed):
        return min(1.0, n / (threshold * 10 ** abs(math.log10(setting["rate"] / best))))

    return evaluate


@pytest.mark.parametrize("threshold", [1, 7, 64, 333, 1800])
def test_the_smallest_size_is_found(threshold):
    found = empirical(needs(threshold), {"rate": [0.01, 0.1, 1.0]}, sizes=(1, 5000), cutoff=1.0, resolution=1.0)
    assert found.decided and found.value == threshold
    assert found.lower == (threshold - 1 or None)
    assert all(dict(one.best)["rate"] == 0.1 for one in found.sizes)
    assert {one.size: one.succeeded for one in found.sizes} == {o.size: o.size >= threshold for o in found.sizes}


def test_the_bracket_is_as_narrow_as_asked():
    found = empirical(needs(1000), {"rate": [0.1]}, sizes=(10, 10_000), cutoff=1.0, resolution=1.2)
    assert found.lower < 1000 <= found.upper <= 1.2 * found.lower


def test_a_smallest_size_that_suffices_already_is_only_an_upper_end():
    found = empirical(needs(7), {"rate": [0.1]}, sizes=(10, 100), cutoff=1.0)
    assert (found.lower, found.upper, found.decided, found.value) == (None, 10, False, None)
    assert "the smallest size, 10," in found.reason
    one = empirical(needs(1), {"rate": [0.1]}, sizes=(1, 100), cutoff=1.0)
    assert (one.upper, one.decided) == (1, True), "there is none smaller"


def test_a_best_at_the_edge_widens_the_grid():
    found = empirical(needs(50, best=1e-4), {"rate": [0.01, 0.1]}, sizes=(50, 60), cutoff=1.0)
    assert found.upper == 50 and dict(found.sizes[0].best)["rate"] == pytest.approx(1e-4)
    kept = empirical(needs(50, best=1e-4), {"rate": [0.01, 0.1]}, sizes=(50, 60), cutoff=1.0, widenings=0)
    assert kept.upper is None and kept.sizes[0].edge == ("rate",) and not kept.decided
    assert "largest size, 60" in kept.reason


def test_the_budget_ends_with_an_honest_bracket_and_goes_on_from_it():
    calls = []

    def counted(setting, n, seed):
        calls.append((setting["rate"], n, seed))
        return needs(333)(setting, n, seed)

    options = {"sizes": (10, 5000), "cutoff": 1.0}
    short = empirical(counted, {"rate": [0.1, 1.0]}, budget_runs=40, **options)
    assert not short.decided and short.value is None and "budget of 40 runs" in short.reason
    assert len(calls) == len(short.trials) <= 40
    assert short.lower < 333 and (short.upper is None or short.upper >= 333)
    stored = []
    on = empirical(counted, {"rate": [0.1, 1.0]}, known=short.trials, on_trial=stored.append, **options)
    whole = empirical(needs(333), {"rate": [0.1, 1.0]}, **options)
    assert (on.lower, on.upper, on.sizes) == (whole.lower, whole.upper, whole.sizes)
    assert len(calls) == len(set(calls)) == len(whole.trials) == len(short.trials) + len(stored)
    none = empirical(counted, {"rate": [0.1]}, budget_minutes=0.0, **options)
    assert (none.lower, none.upper, none.decided) == (None, None, False)


def test_success_is_judged_on_fresh_seeds_with_an_exact_interval():
    """Seeds 0 and 1 tune, 2 to 11 confirm: luck in tuning proves nothing."""
    lucky = lambda setting, n, seed: 1.0 if seed < 2 or seed in (4, 7, 8) else 0.2  # noqa: E731
    found = empirical(lucky, {"rate": [0.1]}, sizes=(5, 5), seeds=10)
    one = found.sizes[0]
    assert (one.successes, len(one.accuracies), one.succeeded) == (3, 10, False)
    assert one.interval == pytest.approx((beta.ppf(0.025, 3, 8), beta.ppf(0.975, 4, 7)))
    easy = empirical(lucky, {"rate": [0.1]}, sizes=(5, 5), seeds=10, share=0.3)
    assert easy.sizes[0].succeeded and easy.upper == 5


def test_any_executor_or_all_requests_at_once():
    plain = empirical(needs(40), {"rate": [0.1, 1.0]}, sizes=(5, 100), cutoff=1.0)
    with ThreadPoolExecutor(2) as pool:
        mapped = empirical(needs(40), {"rate": [0.1, 1.0]}, sizes=(5, 100), cutoff=1.0, apply=pool.map)
    at_once = lambda requests: [needs(40)(r.setting, r.size, r.seed) for r in requests]  # noqa: E731
    together = empirical(at_once, {"rate": [0.1, 1.0]}, sizes=(5, 100), cutoff=1.0, together=True)
    assert plain == mapped == together


def test_runs_that_come_to_nothing_do_not_win():
    worse = lambda setting, n, seed: math.nan if setting["rate"] > 0.5 else needs(9)(setting, n, seed)  # noqa: E731
    found = empirical(worse, {"rate": [0.1, 1.0]}, sizes=(9, 9), cutoff=1.0)
    assert found.upper == 9 and dict(found.sizes[0].best) == {"rate": 0.1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sizes": (0, 5)}, "smallest size"),
        ({"sizes": (9, 5)}, "smallest and the largest"),
        ({"cutoff": 1.5}, "cutoff"),
        ({"share": 0.0}, "share"),
        ({"resolution": 0.9}, "resolution"),
        ({"seeds": 0}, "seeds"),
        ({"search": {}}, "grid"),
        ({"search": {"rate": []}}, "grid"),
        ({"evaluate": lambda *_: 2.0}, "from 0 to 1"),
        ({"evaluate": lambda *_: None}, "from 0 to 1"),
        ({"evaluate": lambda requests: [], "together": True}, "one accuracy each"),
    ],
)
def test_what_cannot_be_is_refused(change, message):
    given = {"evaluate": needs(4), "search": {"rate": [0.1]}, "sizes": (1, 9)} | change
    with pytest.raises(ValueError, match=message):
        empirical(given.pop("evaluate"), given.pop("search"), **given)


@pytest.mark.more
def test_optuna_searches_ranges():
    pytest.importorskip("optuna", reason="Optuna is not installed")
    found = empirical(needs(20), OptunaSearch({"rate": (1e-3, 10.0)}, settings=30), sizes=(24, 24), cutoff=1.0)
    assert found.upper == 24 and 0.05 < dict(found.sizes[0].best)["rate"] < 0.2


@pytest.mark.more
def test_decoders_answer_as_one_ensemble_whatever_their_sizes():
    layout = anchors.Layout(items=(10, 19), length=3)
    task = anchors.composite((5, 1), layout=layout, split=anchors.RandomSplit(0.25, 0))
    sizes = {"d_model": 8, "d_k": 4, "d_ff": 8, "depth": 1}
    accuracy = DecoderAccuracy(task, sizes, steps=30, batch=8, room=20, tests=100, members=3)
    setting = {"gamma": 0.5, "rate": 1e-2, "decay": 0.0}
    requests = [Request(setting, n, seed) for n, seed in ((20, 0), (5, 0), (20, 1), (12, 2))]
    found = accuracy(requests)
    assert len(found) == 4 and all(0 <= one <= 1 for one in found)
    assert found[3] == accuracy(requests[3:])[0]
    with pytest.raises(ValueError, match="size from 1 to 20"):
        accuracy([Request(setting, 21, 0)])
    with pytest.raises(ValueError, match="holds nothing out"):
        DecoderAccuracy(anchors.composite((5, 1)), sizes, steps=1, batch=1, room=9)
