"""Condensation inside a decoder, and how runs are classified, on weights and answers that are known."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from condenslab import measures, networks
from condenslab.tasks import anchors

TASK = anchors.composite(
    (5, 1, -2, -8), designated={(3, 4): -6}, withheld=[(4, 3)], split=anchors.ModulusSplit.published("code")
)


def test_rows_in_two_directions_are_two_groups():
    directions = np.random.default_rng(0).normal(size=(2, 30))
    rows = np.concatenate([directions[[0]] * s for s in (1, 2, 5)] + [directions[[1]] * s for s in (1, 3)])
    found = measures.weight_condensation(np.concatenate([rows, np.zeros((1, 30))]))
    assert found.units.tolist() == [0, 1, 2, 3, 4]
    assert found.groups == pytest.approx(2 / 5) and found.aligned == pytest.approx((3 + 1) / 10)
    assert found.effective_rank <= 2 + 1e-9
    with pytest.raises(ValueError, match="at least two units"):
        measures.weight_condensation(np.eye(3)[:1])


def test_chance_is_what_independent_directions_show():
    rows = np.random.default_rng(0).normal(size=(600, 4))
    found = measures.weight_condensation(rows, threshold=0.7)
    assert found.aligned == pytest.approx(found.chance, rel=0.05)


@pytest.mark.parametrize("heads", [1, 4])
def test_rows_of_a_product_of_thin_factors_align_by_chance_as_often_as_drawn(heads):
    generator, shares, expected = np.random.default_rng(heads), [], set()
    for _ in range(100):
        left, right = generator.standard_normal((2, heads, 24, 4))
        found = measures.weight_condensation(
            np.concatenate(list(left @ np.swapaxes(right, 1, 2))), rank=4 * heads, dimension=4, heads=heads
        )
        shares.append(found.aligned)
        expected.add(found.chance)
    assert np.mean(shares) == pytest.approx(expected.pop(), rel=0.2)
    assert not expected
    confined = measures.weight_condensation(np.ones((2, 24)) + np.eye(2, 24)).chance
    assert confined < 1e-3 < min(shares), "without the subspace chance is far too small"


def test_effective_rank_of_known_spectra():
    assert measures.effective_rank(np.diag([1.0, 1.0, 0.0])) == pytest.approx(2)
    assert measures.effective_rank(np.diag([3.0, 1.0])) == pytest.approx(4 / 3**0.75)
    assert measures.effective_rank(np.zeros((2, 2))) == 0


def test_products_do_not_see_a_change_of_basis_and_rows_do():
    net = networks.decoder(0, vocabulary=9, length=4, d_model=6, heads=2, d_k=3, d_ff=7, depth=1, gamma=0.5)
    change = jnp.asarray(np.random.default_rng(0).normal(size=(3, 3)))
    turned = eqx.tree_at(
        lambda n: (n.queries, n.keys, n.values, n.outputs),
        net,
        (
            (net.queries[0] @ change,),
            (net.keys[0] @ jnp.linalg.inv(change).T,),
            (net.values[0] @ change,),
            (net.outputs[0] @ jnp.linalg.inv(change).T,),
        ),
    )
    tokens = np.random.default_rng(1).integers(9, size=(5, 4))
    np.testing.assert_allclose(net(tokens), turned(tokens), atol=1e-10)
    one, other = (measures.decoder_condensation(n, 0) for n in (net, turned))
    for name in ("query-key", "value-output", "forward", "tokens"):
        np.testing.assert_allclose(one[name].cosines, other[name].cosines, atol=1e-9)
        assert one[name].effective_rank == pytest.approx(other[name].effective_rank)
    for name in ("queries", "keys", "values"):
        assert np.abs(one[name].cosines - other[name].cosines).max() > 0.1
    assert one["query-key"].rank == 6 and one["queries"].cosines.shape == (6, 6)


def answering(offsets, known=lambda key: True):
    """Answers with an offset a rule, and nonsense for keys that are not known."""

    def predict(tokens):
        read = TASK.read(tokens)
        right = read.keys + np.array([offsets(tuple(rule)) for rule in TASK.rules.tolist()])[read.rules]
        return np.where([known(read, k) for k in range(len(tokens))], right, 0)[None]

    return predict


def taught(rule):
    return int(TASK.taught[TASK.rule(rule)])


@pytest.mark.parametrize(
    ("offsets", "known", "label"),
    [
        (lambda rule: -10 if rule == (4, 3) else taught(rule), None, "inferential"),
        (lambda rule: -6 if rule == (4, 3) else taught(rule), None, "symmetric"),
        (lambda rule: 10 if rule == (4, 3) else taught(rule), None, "memorised"),  # that of (1, 1)
        (lambda rule: 40 if rule == (4, 3) else taught(rule), None, "undecided"),
        (lambda rule: -10 if rule in ((4, 3), (3, 4)) else taught(rule), None, "not fitted"),
        (taught, lambda read, k: read.keys[k] % 9 != read.positions[k], "memorised"),
    ],
)
def test_runs_are_classified(offsets, known, label):
    predict = answering(offsets, known or (lambda read, k: True))
    (found,) = measures.mechanisms(TASK, predict, seed=0)
    assert found.label == label and found.reason
    assert len(found.trained) == len(found.heldout) == 15 and list(found.withheld) == [(4, 3)]
    assert found.share("inferential") == found.withheld[4, 3]["inferential"]


def test_explanations_that_agree_decide_nothing():
    plain = anchors.composite((5, 1, -2, -8), withheld=[(4, 3)])
    predict = lambda tokens: plain.read(tokens).targets[None]  # noqa: E731
    (found,) = measures.mechanisms(plain, predict, seed=0)
    assert (found.label, "same answers" in found.reason) == ("undecided", True)
    (found,) = measures.mechanisms(
        anchors.single((5, 1)), lambda t: anchors.single((5, 1)).read(t).targets[None], seed=0
    )
    assert (found.label, "no rule is withheld" in found.reason) == ("undecided", True)


def test_the_effective_rank_of_what_has_one():
    """Equal singular values count fully whatever their size; what is no finite matrix is refused in a sentence."""
    for size in (1e-300, 1.0, 1e308):
        assert measures.effective_rank(size * np.eye(3)) == pytest.approx(3.0)
    for wrong in (np.ones(3), np.array([[np.nan]]), np.eye(2) * 1j):
        with pytest.raises(ValueError, match=r"matrix must be"):
            measures.effective_rank(wrong)
    with pytest.raises(ValueError, match="threshold"):
        measures.weight_condensation(np.eye(3), threshold=-0.5)
    with pytest.raises(ValueError, match="heads"):
        measures.weight_condensation(np.eye(3), heads=0)
