"""Anchor functions: the slides' examples, exact counts, disjoint parts, explanations, complexities, bad input."""

import itertools

import numpy as np
import pytest

from condenslab.tasks import anchors
from condenslab.tasks.anchors import Layout, ModulusSplit, RandomSplit

PLAIN = (5, 1, -2, -8)


@pytest.mark.parametrize(
    ("sequence", "answer"),
    [
        ("55 46 32 52 28 1 1 34 33", 38),
        ("20 95 43 3 1 44 34 76 32", 46),
        ("28 53 44 78 32 62 3 4 44", 52),
        ("77 43 23 63 89 33 52 4 3", 42),  # by composition
    ],
)
def test_the_slides_examples(sequence, answer):
    task = anchors.composite(PLAIN)
    assert task.read(np.array(sequence.split(), int)).targets.tolist() == [answer]


def test_values_of_the_published_task():
    task = anchors.published()
    assert task.value(23, (1, 2)) == 29
    assert (task.value(50, (3, 4)), task.value(50, (4, 3))) == (44, 40)  # designated; withheld, as composed
    table = {(1, 1): 10, (1, 2): 6, (4, 4): -16, (2, 1): 6}
    assert {pair: task.value(50, pair) - 50 for pair in table} == table
    assert task.vocabulary == 201


@pytest.mark.parametrize("name", ["text", "code", "earlier"])
def test_the_published_splits_count_by_count(name):
    task, modulus = anchors.published(name), {"text": 7, "code": 9, "earlier": 8}[name]
    held = sum(x % modulus == p for x in range(20, 100) for p in range(7))
    assert len(task.triples("test")) == 15 * held
    assert len(task.triples("train")) == 15 * (560 - held)
    assert len(task.triples("withheld")) == 560
    assert len(task.triples("train")) + len(task.triples("test")) + len(task.triples("withheld")) == 8960


@pytest.mark.parametrize("key_first", [True, False])
@pytest.mark.parametrize("split", [ModulusSplit(9), RandomSplit(0.2, 0), None])
def test_parts_are_disjoint_and_sequences_read_back(split, key_first):
    task = anchors.composite(PLAIN, withheld=[(4, 3)], layout=Layout(key_first=key_first), split=split)
    parts = [set(map(tuple, task.triples(part).tolist())) for part in ("train", "test", "withheld")]
    assert not any(a & b for a, b in itertools.combinations(parts, 2))
    assert sum(map(len, parts)) == 80 * 16 * 7
    sample = task.sample(3000, 1)
    assert len({(k, r, p) for k, r, p in zip(sample.keys, sample.rules, sample.positions, strict=True)}) == 3000
    again = task.read(sample.tokens)
    for name in ("targets", "keys", "rules", "positions"):
        assert (getattr(again, name) == getattr(sample, name)).all(), name
    brute = sample.keys + np.array(PLAIN)[task.rules[sample.rules] - 1].sum(axis=1)
    assert (sample.targets == brute).all()
    assert (task.sample(10, 1).tokens == sample.tokens[:10]).all()
    assert not (task.sample(10, 0).tokens == sample.tokens[:10]).all()


def test_generic_offsets_have_different_sums():
    for m in range(1, 13):
        offsets = anchors.generic_offsets(m)
        sums = [a + b for a, b in itertools.combinations_with_replacement(offsets, 2)]
        assert len(offsets) == m and len(set(sums)) == len(sums)
    with pytest.warns(UserWarning, match=r"pairs \(1, 3\) and \(2, 2\) the same sum"):
        anchors.composite((1, 2, 3, 4))


@pytest.mark.parametrize("m", [2, 3, 4, 5])
@pytest.mark.parametrize(
    ("kind", "rules"),
    [
        ("composite", lambda m: m),
        ("left_right", lambda m: 2 * m - 1),
        ("symmetric", lambda m: m * (m + 1) // 2),
        ("random", lambda m: m * m),
    ],
)
def test_complexities_of_the_families(kind, m, rules):
    task = anchors.family(kind, m, 0, layout=Layout(items=(60, 99)))
    found = anchors.complexities(task)
    assert (found.memorisation, found.inference) == (m * m, rules(m))
    assert task.name == f"{m}V{m} {kind}"


def test_complexities_count_only_what_is_trained():
    found = anchors.complexities(anchors.published())
    assert (found.memorisation, found.inference, found.exceptions) == (15, 5, ((3, 4),))
    assert found.ranks["symmetric"] == 10  # ten unordered pairs, of which (3, 4) is seen one way round
    one = anchors.complexities(anchors.single((5, 1, -2)))
    assert (one.memorisation, one.inference) == (3, 3)
    table = {(1, 1): 4, (1, 2): 7, (2, 1): 7}  # 2 + 2, 2 + 5: the fourth follows
    assert anchors.complexities(anchors.from_table(table)).inference == 2
    assert anchors.complexities(anchors.from_table({**table, (2, 2): 10})).inference == 2
    assert anchors.complexities(anchors.from_table({**table, (2, 2): 11})).inference == 3
    assert anchors.complexities(anchors.from_table({**table, (2, 2): 11})).explanation == "symmetric"


def test_answers_are_labelled():
    task = anchors.published()
    rows = task.triples("withheld")[:4]
    sequences = task.sequences(rows, 0)
    given = sequences.keys + np.array([-10, -6, 10, 50])
    found = anchors.labelled(task, sequences, given)
    assert found == {"inferential": 0.25, "symmetric": 0.25, "memorised": 0.25, "other": 0.25}
    assert {k: v.shape for k, v in anchors.labelled(task, sequences, np.tile(given, (3, 1))).items()} == dict.fromkeys(
        anchors.ANSWERS, (3,)
    )


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: anchors.published().sample(7471, 0), "at most 7470 distinct triples"),
        (lambda: anchors.single((5,)).sample(1, 0, "test"), "at most 0 distinct"),
        (lambda: anchors.composite((5, 1), layout=Layout(items=(2, 9))), "the anchor 2 among the items"),
        (lambda: anchors.composite((5, -30)), "begin the items at 60"),
        (lambda: anchors.composite((5, 1), withheld=[(1, 1), (1, 2), (2, 1)]), "nothing to infer"),
        (lambda: anchors.composite((5, 1), withheld=[(1, 3)]), "one of the pairs"),
        (lambda: anchors.composite((5, 1), designated={(1, 2): 3}, withheld=[(1, 2)]), "never taught"),
        (lambda: anchors.random(3, 0, withheld=[(1, 2)]), "nothing to infer"),
        (lambda: anchors.symmetric(3, 0, withheld=[(1, 1)]), "nothing to infer"),
        (lambda: anchors.composite((5, 1), layout=Layout(length=3), split=ModulusSplit(9)), "out of training"),
        (lambda: anchors.composite((5, 1), layout=Layout(length=2)), "3 tokens"),
        (lambda: anchors.composite((5, 1), layout=Layout(positions=(7,))), "from 0 to 6"),
        (lambda: anchors.composite((5, 1), layout=Layout(vocabulary=50)), "vocabulary must hold 110"),
        (lambda: anchors.composite(()), "at least one anchor"),
        (lambda: ModulusSplit(1), "at least 2"),
        (lambda: RandomSplit(1.0, 0), "between 0 and 1"),
        (lambda: ModulusSplit.published("book"), "one of text"),
        (lambda: anchors.family("sum", 3, 0), "one of composite"),
        (lambda: anchors.published().read([[20, 1, 1, 20, 1, 2, 30, 30, 30]]), "one block"),
        (lambda: anchors.published().read([[1, 1, 20, 20, 30, 30, 30, 30, 30]]), "one block"),
        (lambda: anchors.published().value(30, (1, 9)), "no rule"),
    ],
)
def test_bad_input_is_one_sentence(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_keys_may_be_left_out_if_that_is_meant():
    task = anchors.composite(PLAIN, layout=Layout(length=3), split=ModulusSplit(9, unseen_keys=True))
    assert set(task.keys) - set(task.triples("train")[:, 0]) == {x for x in range(20, 100) if x % 9 == 0}


def test_further_anchor_tokens():
    """The synonym of the earlier code: anchor 9 does what 3 does."""
    task = anchors.single({1: 5, 2: 1, 3: -2, 4: -8, 9: -2}, layout=Layout(key_first=False))
    assert task.anchors == (1, 2, 3, 4, 9)
    assert task.value(50, (9,)) == task.value(50, (3,)) == 48


def test_what_is_no_whole_number_is_refused_and_not_cut_off():
    """x + 3/2 is no token; a cast to integers would teach x + 1."""
    for build in (lambda: anchors.composite((1.5, 2)), lambda: anchors.left_right((1, 2), (0.5, 3))):  # pyright: ignore[reportArgumentType]
        with pytest.raises(ValueError, match="offsets must be whole"):
            build()
    with pytest.raises(ValueError, match="taught of an anchor task"):
        anchors.single((0.5, 2))  # pyright: ignore[reportArgumentType]
    task = anchors.composite((5, 1, -2, -8))
    for triple, words in (
        ([19, 0, 0], "key"),
        ([20, 16, 0], "rule"),
        ([20, 0, 7], "position"),
        ([20.5, 0, 0], "whole"),
    ):
        with pytest.raises(ValueError, match=words):
            task.sequences(np.array([triple]), 0)
    with pytest.raises(ValueError, match="seed"):
        task.sequences(task.triples("train")[:1], -1)
