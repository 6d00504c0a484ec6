"""Width 2: what is decided agrees with least squares in floats and with the known minimum; certificates are checked."""

import copy

import numpy as np
import pytest

from condenslab.checker import verify
from condenslab.errors import UserError
from condenslab.landscape import proof
from condenslab.landscape.proof.exact import flint, matrix_of, precision
from condenslab.landscape.proof.pairs import Pairs
from condenslab.landscape.proof.passes import input_balls, target_balls
from proofs import as_read, exercise, resealed

CENTRES = (-0.417625 / 0.154989, 9.335645 / 1.302005)
"""c = −b/w of the two neurons of the exercise's width-2 minimum."""
WEIGHTS = (0.154989, 1.302005)


def around(value, half):
    return (f"{value - half:.9f}", f"{value + half:.9f}")


def decided(moved, half=1e-4, max_boxes=3, swapped=False):
    weights = (around(0.154989 + moved, half / 10), around(1.302005, half))
    centres = (around(CENTRES[0] + moved, half), around(CENTRES[1], half))
    order = slice(None, None, -1 if swapped else 1)
    return proof.exclude_width_two(exercise(1), weights=weights[order], centres=centres[order], max_boxes=max_boxes)


def g_in_floats(theta):
    """Returns ⟨∂_tŝ_j, y − S·a⟩ for (w_1², c_1, w_2², c_2), a by least squares, ∂ŝ by differences of 1e-6."""
    x = np.linspace(-15, 15, 50)
    y = np.tanh(x - 7) + np.tanh(x) + np.tanh(x + 7)

    def units(p):
        return np.array([np.tanh(np.sqrt(q) * (x - c)) / np.sqrt(q) for q, c in (p[:2], p[2:])]).T

    residual = y - units(theta) @ np.linalg.lstsq(units(theta), y, rcond=None)[0]
    moved = [(units(theta + d) - units(theta - d)).sum(axis=1) / 2e-6 for d in np.eye(4) * 1e-6]
    return np.array([step @ residual for step in moved])


@pytest.mark.parametrize("theta", [(0.3, -4.0, 1.5, 6.0), (0.05, 1.0, 0.4, -3.0)])
def test_the_equations_and_their_derivatives(theta):
    """At a point: g by least squares in floats, ∂g by central differences of that."""
    theta = np.array(theta)
    with precision(128):
        problem = exercise(1)
        pairs = Pairs([row[0] for row in input_balls(problem)], matrix_of(target_balls(problem), 1))
        balls = [flint.arb(float(v)) for v in theta]
        sides = [pairs._side(*balls[k : k + 2], second=True) for k in (0, 2)]
        weights, g = pairs._values(*sides)
        slopes = [[float(v.mid()) for v in row] for row in pairs._slopes(*sides, weights).tolist()]
    scale = np.abs(slopes).max()
    np.testing.assert_allclose([float(v.mid()) for v in g], g_in_floats(theta), atol=1e-6 * scale)
    steps = [(g_in_floats(theta + d) - g_in_floats(theta - d)) / 2e-4 for d in np.eye(4) * 1e-4]
    np.testing.assert_allclose(slopes, np.array(steps).T, atol=1e-4 * scale)


def test_a_box_next_to_the_minimum_holds_none_and_the_one_around_it_one():
    next_to, around_it = decided(0.02), decided(0.0, max_boxes=2000)
    assert (next_to.excluded, next_to.undecided, next_to.boxes, next_to.roots) == (1.0, 0, 1, ())
    assert (around_it.excluded, around_it.undecided, len(around_it.roots)) == (1.0, 0, 1)
    (first, second) = around_it.roots[0]
    for part, weight, centre in ((first, WEIGHTS[0], CENTRES[0]), (second, WEIGHTS[1], CENTRES[1])):
        assert abs(float(part[0]) - weight**2) < 1e-4 and abs(float(part[2]) - centre) < 1e-4


def test_certificates_and_their_forgeries():
    found = decided(0.0, max_boxes=2000)
    sound = as_read(found.certificate())
    verdict = verify(sound)
    assert verdict.verified and "exactly 1 critical functions" in verdict.sentence, verdict.sentence
    root = found.tree.index("r")
    trees = {
        "no function": found.tree[:root] + "x" + found.tree[root + 1 :],
        "too short": found.tree[:-1],
        "too long": found.tree + "x",
        "one cut less": "r" if len(found.tree) > 1 else "x",
        "other order": found.tree[:root] + "s" + found.tree[root + 1 :],
        "no code": found.tree[:root] + "?" + found.tree[root + 1 :],
        "decided by nothing": "",
    }
    for tree in trees.values():
        assert not verify(resealed({**sound, "tree": tree})).verified, tree
    for key, value in (("count", 0), ("decided", "1/2"), ("undecided", 1)):
        assert not verify(resealed({**sound, "claim": {**sound["claim"], key: value}})).verified, key
    moved = copy.deepcopy(sound)
    moved["box"][0][1] = str(2 * proof.number(moved["box"][0][1]))
    assert not verify(resealed(moved)).verified
    none = as_read(decided(0.02).certificate())
    assert verify(none).verified and not verify(resealed({**none, "box": sound["box"]})).verified


def test_the_order_of_the_neurons_plays_no_role():
    assert len(decided(0.0, max_boxes=2000, swapped=True).roots) == 1


def test_the_whole_box_is_not_decided_and_says_so():
    found = proof.exclude_width_two(exercise(1), max_boxes=8)
    assert 0 <= found.excluded < 1 and found.undecided and found.boxes == 8
    assert found.box[0] == found.box[1]
    verdict = verify(as_read(found.certificate()))
    assert verdict.verified and "%" in verdict.sentence and found.tree.count(".") == found.undecided


@pytest.mark.more
def test_a_wider_box_around_the_minimum():
    """3 % around both weights and 0.05 around both centres: one function."""
    weights = tuple((f"{0.97 * w:.6f}", f"{1.03 * w:.6f}") for w in WEIGHTS)
    centres = tuple((f"{c - 0.05:.6f}", f"{c + 0.05:.6f}") for c in CENTRES)
    found = proof.exclude_width_two(exercise(1), weights=weights, centres=centres, max_boxes=100_000)
    assert found.excluded == 1 and len(found.roots) == 1
    assert verify(as_read(found.certificate())).verified


def test_boxes_that_are_none():
    with pytest.raises(UserError, match="least < largest"):
        proof.exclude_width_two(exercise(1), weights=(("1", "1/2"), ("0", "1")))
    with pytest.raises(UserError, match="max_boxes"):
        proof.exclude_width_two(exercise(1), max_boxes=0)
