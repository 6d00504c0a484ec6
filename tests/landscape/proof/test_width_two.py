"""Width 2: what is excluded holds no critical point, and the known one is never excluded."""

import pytest

from condenslab.errors import UserError
from condenslab.landscape import proof
from proofs import exercise

CENTRES = (-0.417625 / 0.154989, 9.335645 / 1.302005)
"""c = −b/w of the two neurons of the exercise's width-2 minimum."""


def around(value, half):
    return (f"{value - half:.9f}", f"{value + half:.9f}")


def excluded(moved, half=1e-4):
    weights = (around(0.154989 + moved, half / 10), around(1.302005, half))
    centres = (around(CENTRES[0] + moved, half), around(CENTRES[1], half))
    return proof.exclude_width_two(exercise(1), weights=weights, centres=centres, max_boxes=3)


def test_a_box_next_to_the_minimum_is_excluded_and_the_one_around_it_is_not():
    next_to, around_it = excluded(0.02), excluded(0.0)
    assert (next_to.excluded, next_to.undecided, next_to.boxes) == (1.0, 0, 1)
    assert around_it.excluded < 1 and around_it.undecided and around_it.boxes == 3


def test_the_whole_box_is_not_decided_and_says_so():
    found = proof.exclude_width_two(exercise(1), max_boxes=8)
    assert 0 <= found.excluded < 1 and found.undecided and found.boxes == 8
    assert found.box[0] == found.box[1]


def test_boxes_that_are_none():
    with pytest.raises(UserError, match="least < largest"):
        proof.exclude_width_two(exercise(1), weights=(("1", "1/2"), ("0", "1")))
    with pytest.raises(UserError, match="max_boxes"):
        proof.exclude_width_two(exercise(1), max_boxes=0)
