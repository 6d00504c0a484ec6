"""What the transformer studies claim, on made-up records: published numbers hold, their edges do not."""

import dataclasses
import math

import pytest

from condenslab import studies
from condenslab.studies import anchor_data_size
from condenslab.studies.contract import train
from condenslab.studies.inference_or_memorisation.claims import rank_correlation
from condenslab.studies.shared.aligned import CONDENSED
from condenslab.studies.shared.decoders import train_decoders
from judging import judged, made_up, verdicts


def values(study, value, settings=None):
    study = studies.get(study)
    settings = settings or study.presets["quick"]
    return judged(study, made_up(study, settings, value), settings)


def test_the_published_curve_holds_and_passes_one_half_where_it_does():
    curve = dict(anchor_data_size.PUBLISHED)
    assert anchor_data_size.HALF == (300, 350)
    made = lambda case: {"train_accuracy": 1.0, "test_accuracy": curve[case.size], "loss": 0.0}  # noqa: E731
    found = values("anchor_data_size", made)
    assert verdicts(found) == ["holds"] * 4
    assert found[3].measured == pytest.approx(300 + 50 * (0.5 - 0.251) / (0.566 - 0.251))
    late = values("anchor_data_size", lambda case: made(case) | {"test_accuracy": curve[case.size] * 0.8})
    assert verdicts(late, "the accuracy passes one half") == ["fails"], "at 363 samples"
    missed = values("anchor_data_size", lambda case: made(case) | {"train_accuracy": 0.995})
    assert verdicts(missed, "every training sequence") == ["fails"]


@pytest.mark.parametrize("preset", ["quick", "panel", "full"])
def test_the_start_is_that_of_pytorch(preset):
    """Embeddings are N(0, 1) there, linear layers uniform on ±1/√d_in, of std 1/√(3 d_in); γ is one for all widths."""
    settings = studies.get("anchor_data_size").presets[preset]
    model = settings.model
    assert model.d_model**-settings.embedding == 1
    for inputs in (model.d_model, model.heads * model.d_k, model.d_ff):
        assert inputs**-settings.gamma == pytest.approx(1 / math.sqrt(3 * inputs), rel=0.1)


def test_embeddings_are_drawn_with_a_scale_of_their_own(monkeypatch):
    drawn = []
    monkeypatch.setattr(train, "sequences", lambda networks, *_, **__: drawn.append(networks.tree))
    case = studies.get("anchor_data_size").cases(studies.get("anchor_data_size").presets["quick"], seed=0)[0]
    options = {"steps": 1, "batch": 1, "records": 1, "measure": None, "progress": None}
    for embeddings in (None, [0.0, 0.5]):
        train_decoders([case] * 2, anchor_data_size.make_task(), case.model, None, embeddings=embeddings, **options)
    one, own = drawn
    scale = case.model.d_model**-case.gamma
    for network, stds in ((one, [scale, scale]), (own, [1.0, case.model.d_model**-0.5])):
        for part in (network.tokens, network.positions):
            assert part.std(axis=(1, 2)) == pytest.approx(stds, rel=0.1)
        assert network.queries[0].std(axis=(1, 2, 3)) == pytest.approx([scale] * 2, rel=0.1)


def answers(small, large, aligned=(0.3, 0.1)):
    def made(case):
        share = {1.1: small, 0.3: large}.get(case.gamma, 0.5)
        pairs = {1.1: aligned[0], 0.3: aligned[1]}.get(case.gamma, 0.0)
        return {"trained_worst": 1.0, "withheld_inferential": share, "aligned": pairs}

    return verdicts(values("anchor_transformer", made, studies.get("anchor_transformer").presets["panel"]))


def test_half_of_the_answers_is_no_majority():
    assert answers(0.6, 0.4) == ["holds"] * 6
    assert answers(0.6, 0.6) == ["holds", "fails", "holds"] * 2


def test_where_no_scale_infers_the_large_one_is_no_contrast():
    assert answers(0.5, 0.5) == ["fails", "undecided", "holds"] * 2
    assert answers(0.0, 0.0) == ["fails", "undecided", "holds"] * 2


def test_twice_as_many_of_hardly_any_aligned_pairs_is_no_condensation():
    assert answers(0.6, 0.4, (0.01, 0.001)) == ["holds", "holds", "fails"] * 2
    assert answers(0.6, 0.4, (CONDENSED, 0.0)) == ["holds"] * 6
    assert answers(0.6, 0.4, (0.9, 0.5)) == ["holds", "holds", "fails"] * 2
    made = lambda case: {  # noqa: E731
        **{f"{part}_aligned": 0.01 * (case.gamma > 1) for part in ("queries", "values", "forward", "tokens")},
        "query-key_rank": 1.0,
        "query-key_first_rank": 2.0,
    }
    assert verdicts(values("attention_condensation", made)) == ["fails"] * 3 + ["holds"] * 2 + ["fails"] * 2 + ["holds"]


def test_one_block_and_two_are_judged_apart():
    def made(case):
        condensed = case.gamma > 1 and case.model.depth == 1
        shares = {f"{part}_aligned": 0.5 * condensed for part in ("queries", "values", "forward", "tokens")}
        return {**shares, "query-key_rank": 1.0, "query-key_first_rank": 2.0 if condensed else 1.0}

    found = values("attention_condensation", made)
    assert verdicts(found, "in one block") == ["holds"] * 3
    assert verdicts(found) == ["fails"] * 4 + ["holds"] * 4


def test_a_rate_that_changes_nothing_raises_nothing():
    found = values("anchor_tuning", lambda case: {"test_accuracy": 0.95})
    assert verdicts(found, "a larger") == ["fails", "fails"]


@pytest.mark.parametrize(("gain", "verdict"), [(0.2, "holds"), (0.001, "undecided"), (-0.2, "fails")])
def test_an_effect_that_may_be_chance_is_undecided(gain, verdict):
    """Paired differences of `gain` and noise of ±0.1: the interval of 12 to 36 pairs is about ±0.03 to ±0.06."""

    def made(case):
        noise = 0.1 * math.sin(7 * case.gamma + 3 * case.size + 100 * case.decay + 1000 * case.rate)
        return {"test_accuracy": 0.5 + gain * ((case.rate > 1e-3) + (case.decay > 0.1)) / 2 + noise}

    found = values("anchor_tuning", made)
    assert verdicts(found, "a larger") == [verdict] * 2
    assert "chance" in found[1].reason or verdict != "undecided"


def sizes(kind, m):
    inference = {"composite": m, "symmetric": m * (m + 1) // 2, "random": m * m}[kind]
    return {"inference": inference, "memorisation": m * m}


def brackets(end, anchors=(2, 4)):
    """Claims on searches that end as `end` of a task's complexities says, or of its kind."""

    def made(case):
        known = sizes(case.kind, case.anchors)
        return known | end(known | {"kind": case.kind})

    kinds = ("composite", "symmetric", "random")
    quick = studies.get("inference_or_memorisation").presets["quick"]
    return values("inference_or_memorisation", made, dataclasses.replace(quick, kinds=kinds, anchors=anchors))


def test_samples_that_follow_one_complexity_or_the_other():
    inferred, stored = (
        brackets(lambda c, name=name: {"lower": 10 * c[name], "upper": 11 * c[name]})
        for name in ("inference", "memorisation")
    )
    assert verdicts(inferred) == ["holds"] * 3
    assert inferred[1].measured == pytest.approx(1.0)
    assert verdicts(stored)[0] == "fails" and verdicts(stored)[2] == "fails"


@pytest.mark.parametrize(
    ("composite", "random", "verdict"),
    [
        ((100, 150), (300, 400), "holds"),
        ((340, 510), (510, None), "undecided"),
        ((None, 150), (160, 200), "undecided"),
        ((100, 150), (160, 200), "undecided"),
        ((150, 160), (160, 200), "fails"),
    ],
)
def test_brackets_decide_a_ratio_only_where_all_that_they_allow_is_on_one_side(composite, random, verdict):
    ends = {"composite": composite, "random": random, "symmetric": (100, 150)}
    found = brackets(lambda task: dict(zip(("lower", "upper"), ends[task["kind"]], strict=True)), anchors=(4,))
    assert verdicts(found) == ["undecided", "undecided", verdict]


def test_three_tasks_are_too_few_for_ranks():
    found = brackets(lambda _: {"lower": 20, "upper": 22}, anchors=(4,))
    assert verdicts(found) == ["undecided", "undecided", "fails"]
    assert "ranks of 3 tasks say too little" in found[0].reason


def test_an_open_bracket_is_no_number_and_equal_numbers_have_no_correlation():
    for end in ({"lower": None, "upper": 20}, {"lower": 20, "upper": None}):
        assert verdicts(brackets(lambda _, end=end: end)) == ["undecided"] * 3
    said = brackets(lambda c: {"lower": 20, "upper": None, "reason": f"{c['memorisation']} are too few"})
    assert "of 6 searches 6 are open (3 times: 4 are too few, 3 times: 16 are too few" in said[0].reason
    assert "of 1 searches 1 are open" in said[2].reason
    alike = brackets(lambda _: {"lower": 20, "upper": 22})
    assert verdicts(alike) == ["undecided", "undecided", "fails"]
    assert "same for every task" in alike[0].reason


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_correlation_is_that_of_scipy(seed):
    numpy, stats = pytest.importorskip("numpy"), pytest.importorskip("scipy.stats")
    one, other = numpy.random.default_rng(seed).integers(0, 5, (2, 12))
    expected = stats.spearmanr(one, other).statistic
    assert math.isclose(rank_correlation(one, other), expected, abs_tol=1e-12)
