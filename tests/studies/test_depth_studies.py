"""The studies of depth, embedding_depth and depth_similarity: claims on made-up records."""

from dataclasses import asdict

import numpy as np

from condenslab import studies
from condenslab.studies import depth_similarity
from condenslab.studies.depth_similarity import CONSTANT, LEVELS, SETOSA, DepthCase, nearest_rest
from condenslab.studies.embedding_depth import claims as embedding
from condenslab.studies.embedding_depth.cases import PRESETS, LiftCase, MergeCase, NormCase, PlateauCase, make_cases
from condenslab.sweeps import Record, case_id


def record(name, case, values, arrays=None, status="done"):
    return Record(name, case_id(name, 1, case, "float64"), asdict(case), status, "", values, arrays or {})


def staircase(levels, leaves, last=1e5):
    """A risk that falls steeply to each level at a step and rests there."""
    times = np.geomspace(1.0, last, 400)
    risk = np.full(times.size, 1.0)
    for level, start in zip(levels, leaves, strict=True):
        share = 1 / (1 + (times / start) ** -12)
        risk = risk * (1 - share) + level * share
    return times, risk


def similar(depth, seed=0, levels=LEVELS, delay=1.0, std=0.07, steps=20_000):
    times, risk = staircase(levels, [3, 300 * delay, 5000 * delay])
    accuracy = np.interp(-risk, [-1, -0.22, -0.11, -0.025], [0.33, 0.36, 0.67, 0.97])
    arrays = {"times": times, "risk": risk, "accuracy": accuracy}
    return record("depth_similarity", DepthCase(depth, 50, seed, std, steps, 1e-3), {}, arrays)


def verdicts(claims):
    return [claim.verdict for claim in claims]


def test_shared_plateaus_and_later_escapes_hold():
    claims = depth_similarity.decide([similar(3), similar(4, delay=2.0), similar(5, delay=4.0)])
    assert verdicts(claims) == ["holds"] * 7
    assert claims[-1].measured[0] > 1.8
    away, accuracy = nearest_rest(similar(3), 0.11)
    assert away < 0.01 and abs(accuracy - 0.67) < 0.01


def test_other_levels_or_an_early_escape_fail_and_missing_runs_leave_a_seed_out():
    early = depth_similarity.decide([similar(3, delay=2.0), similar(4)])
    assert verdicts(early)[-1] == "fails"
    other = depth_similarity.decide([similar(3), similar(4, levels=(0.22, 0.14, 0.025), delay=2.0)])
    assert verdicts(other)[2] == "fails" and verdicts(other)[0] == "holds"
    lost = record("depth_similarity", DepthCase(4, 50, 1, 0.07, 20_000, 1e-3), {}, status="diverged")
    kept = depth_similarity.decide([similar(3), similar(4, delay=2.0), similar(3, seed=1), lost])
    assert "for each of 1 seeds" in kept[0].statement
    assert set(verdicts(depth_similarity.decide([similar(3, steps=500), similar(4, steps=500)]))) == {"undecided"}


def test_the_levels_of_the_figure_are_those_of_simple_functions():
    """The best constant has R = 2/9; setosa told apart leaves 100 of 150 samples with (1/4 + 1/4)/3 each: 1/9."""
    targets = np.repeat(np.eye(3), 50, axis=0)
    assert np.isclose(np.mean((targets - targets.mean(axis=0)) ** 2), CONSTANT)
    apart = np.repeat([[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]], 50, axis=0)
    assert np.isclose(np.mean((targets - apart) ** 2), SETOSA)
    assert abs(CONSTANT / LEVELS[0] - 1) < 0.1 and abs(SETOSA / LEVELS[1] - 1) < 0.1


def plateau(depth, seed=0, level=0.1, linear=0.999, final=1e-4, std=0.01):
    times, risk = staircase((level, final), (10, 5000))
    linearity = np.full((times.size, depth), linear)
    linearity[-1, 1:] = 0.999
    linearity[-1, : min(2, depth)] = 0.5
    return record(
        "embedding_depth",
        PlateauCase(depth, 50, seed, std, 40_000),
        {"final_risk": float(risk[-1])},
        {"times": times, "risk": risk, "linearity": linearity},
    )


def lifted(counts=(5, 8, 0), difference=1e-15, gradient=1e-13, decided=True):
    row = {"point": 0, "carried": "activations", "count": 1, "counts": list(counts), "decided": decided}
    row |= {"output_difference": difference, "gradient": gradient}
    values = {"risks": [0.1], "narrow": [[5, 2, 0]]} | {f"row_{name}": [value] for name, value in row.items()}
    return record("embedding_depth", LiftCase("three_tanh", 0, 10), values)


def merged(agreement=0.99, gone=(3, 4), method="adam"):
    values = {"linearity": [0.9] * 10, "merged": list(gone), "accuracy": 0.95}
    values |= {"retrained_agreement": agreement, "retrained_accuracy": 0.95} if gone else {}
    return record("embedding_depth", MergeCase(0, 50, "small_digits", 0.0025, method, 1500, 200), values)


def normed(gamma, leaves):
    """Returns a run that rests at 0.1 and leaves at a step or, with None, never; 1.5 with a step has no rest there."""
    if leaves is None:
        times, risk = staircase([0.1], [30.0])
    elif gamma == 1.5:
        times, risk = staircase([1e-3], [leaves])
    else:
        times, risk = staircase([0.1, 1e-3], [30.0, leaves])
    case = NormCase(gamma, 50, 0, 0.01, 30_000)
    return record("embedding_depth", case, {"final_risk": float(risk[-1])}, {"times": times, "risk": risk})


def test_embedding_in_depth_as_published_holds():
    norms = [normed(0.1, None), normed(1.0, 5_000.0), normed(1.5, 2_000.0)]
    claims = embedding.decide([plateau(1), plateau(3), lifted(), merged(), *norms])
    assert verdicts(claims) == ["holds"] * 10
    for statement in embedding.STATEMENTS:
        assert any(claim.statement.startswith(statement) for claim in claims), statement


def test_batch_normalisation_that_does_not_shorten_the_plateau_fails():
    claims = embedding.decide([normed(0.1, 1_000.0), normed(1.0, 5_000.0), normed(1.5, None)])
    assert verdicts(claims) == ["fails", "fails"] and claims[0].measured == [2] and claims[1].measured == [1]


def test_what_does_not_come_out_fails():
    claims = embedding.decide(
        [plateau(1, level=0.2), plateau(3, linear=0.9), lifted((4, 9, 0), 1e-9, 1e-6), merged(0.9)]
    )
    assert verdicts(claims) == ["fails", "fails", "holds", "fails", "fails", "fails", "holds", "fails"]
    nothing = embedding.decide([merged(gone=(), method="sgd")])
    assert verdicts(nothing) == ["fails", "undecided"] and "as printed" in nothing[0].statement
    untrained = embedding.decide([plateau(1, final=0.05), plateau(3, final=0.05)])
    assert verdicts(untrained)[2] == "undecided"
    assert verdicts(embedding.decide([lifted(decided=False)]))[2] == "undecided"


def test_figures_are_drawn_of_what_there_is():
    drawn = studies.get("embedding_depth").draw([plateau(1), plateau(3), lifted(), merged(), merged((), (), "sgd")])
    assert len(drawn) == 4 and all(one.caption.endswith(".") for one in drawn)
    assert len(studies.get("depth_similarity").draw([similar(3), similar(4)])) == 1


def test_presets_leave_out_what_they_say():
    kinds = {name: {case.kind for case in make_cases(settings, 0)} for name, settings in PRESETS.items()}
    assert kinds["tiny"] == {"plateau"}
    assert kinds["quick"] == kinds["full"] == {"plateau", "lift", "merge", "norm"}
