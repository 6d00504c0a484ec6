"""The algebra of axes, and units as rows of numbers, by hand and by brute force; nothing here needs torch."""

import itertools

import numpy as np
import pytest

from condenslab.interop.structure.expressions import (
    Atom,
    Chain,
    Product,
    atoms,
    freeze,
    positions,
    resolved,
    size_of,
    unit_positions,
)
from condenslab.interop.structure.unifying import cut_chain, cut_product, reshape, unify
from condenslab.interop.structure.units import Rows, Tree, distances, equal_units


def test_what_is_paired_becomes_one_and_reasons_go_along():
    left, right = Atom(6), Atom(6)
    right.tags.add("channel")
    unify(left, right, "add")
    assert resolved(left) is resolved(right)
    freeze(left, "an output")
    assert resolved(right).frozen == "an output"
    other, size = Atom(5), Atom(6)
    unify(other, size, "mul")
    assert "sizes 5 and 6" in other.frozen and "sizes 5 and 6" in size.frozen


def test_heads_are_found_by_cutting_a_flat_axis_and_pairing_its_parts():
    flat, heads = Atom(12), Atom(3)
    outer, inner = cut_product(flat, 4)
    unify(outer, heads, "attention")
    assert list(atoms(flat)) == [heads, inner] or list(atoms(flat)) == [resolved(outer), inner]
    again = Atom(12)
    unify(again, flat, "add")
    assert list(atoms(again)) == list(atoms(flat))


@pytest.mark.parametrize("sizes", [(2, 3, 4), (4, 3, 2), (6, 1, 5)])
def test_a_reshape_is_that_of_numpy(sizes):
    """Permuting one atom commutes with the reshape: the same entries move."""
    axes = [Atom(size) for size in sizes]
    total = int(np.prod(sizes))
    array = np.arange(total).reshape(sizes)
    for shape in [(total,), (sizes[0] * sizes[1], sizes[2]), (sizes[0], sizes[1] * sizes[2])]:
        after = reshape(axes, shape)
        for number, atom in enumerate(axes):
            order = np.random.default_rng(0).permutation(atom.size)
            moved = array.take(order, axis=number).reshape(shape)
            indexed = array.reshape(shape)
            for axis, expression in enumerate(after):
                indexed = indexed.take(positions(expression, atom, order, {}), axis=axis)
            assert np.array_equal(moved, indexed)


def test_a_reshape_that_cuts_a_concatenation_freezes_it():
    ends = [Atom(3), Atom(5)]
    flat = Chain(ends)
    found = reshape([flat], (2, 4))
    assert [axis.size for axis in found] == [2, 4]
    assert all("concatenation" in atom.frozen for atom in ends)


def test_chains_are_cut_where_both_sides_need_it():
    left, right = Atom(9), Chain([Atom(4), Atom(5)])
    pieces = cut_chain(left, [2, 7])
    unify(left, right, "cat")
    assert [part.size for part in atoms(left)] == [2, 2, 5]
    assert resolved(pieces[0]).size == 2
    unify(Product([Atom(2), Atom(3)]), Chain([Atom(2), Atom(4)]), "cat")


def test_positions_with_other_sizes_by_hand():
    head, inside, end = Atom(2), Atom(3), Atom(4)
    axis = Chain([Product([head, inside]), end])
    assert size_of(axis, {head: 5}) == 19
    assert positions(axis, head, [1, 0], {}).tolist() == [3, 4, 5, 0, 1, 2, 6, 7, 8, 9]
    assert positions(axis, inside, [2], {}).tolist() == [2, 5, 6, 7, 8, 9]
    assert unit_positions(axis, inside, {}).tolist() == [[0, 3], [1, 4], [2, 5]]
    assert unit_positions(axis, end, {end: 2}).tolist() == [[6], [7]]


def rows(raw, *, signed=False, scaled=False):
    return Rows(("w",), np.asarray(raw, float), (np.shape(raw)[1],), signed, scaled)


@pytest.mark.parametrize(("signed", "scaled"), list(itertools.product([False, True], repeat=2)))
def test_equal_units_are_those_of_brute_force(signed, scaled):
    rng = np.random.default_rng(1)
    base = rng.standard_normal((30, 5))
    copies = rng.integers(0, 30, 20)
    signs = rng.choice([-1.0, 1.0], 20)
    scales = rng.choice([1.0, 2.5], 20)
    raw = np.concatenate([base, base[copies] * (signs * scales)[:, None]])
    allowed = [(s > 0 or signed) and (c == 1 or scaled) for s, c in zip(signs, scales, strict=True)]
    leads = equal_units([rows(raw, signed=signed, scaled=scaled)], np.arange(50), 1e-15)
    expected = list(range(30))
    for number, (copy, fits) in enumerate(zip(copies, allowed, strict=True)):
        same = [30 + k for k in range(number) if copies[k] == copy and not allowed[k]]
        twins = [
            k
            for k in same
            if (signs[k - 30] == signs[number] or signed) and (scales[k - 30] == scales[number] or scaled)
        ]
        expected.append(copy if fits else (twins[0] if twins else 30 + number))
    assert leads.tolist() == expected


def test_a_coordinate_that_differs_by_more_than_rounding_tells_units_apart():
    raw = np.ones((2, 4))
    raw[:, 0] = 1.0, 1.0 + 1e-4
    assert equal_units([rows(raw)], np.arange(2), 1.2e-7).tolist() == [0, 1]


def test_distances_by_brute_force_and_the_tree_bounds_every_pair():
    rng = np.random.default_rng(2)
    raw = rng.standard_normal((12, 3))
    table = distances([rows(raw, signed=True)])
    size = np.sqrt(np.mean(np.sum(raw**2, axis=1)))
    for i, j in itertools.combinations(range(12), 2):
        u, v = raw[i] / size, raw[j] / size
        near = min(np.linalg.norm(u - v), np.linalg.norm(u + v)) / max(np.linalg.norm(u), np.linalg.norm(v))
        assert table[i, j] == pytest.approx(near)
    tree = Tree([rows(raw, signed=True)])
    labels = tree.at_threshold(0.8)
    for i, j in itertools.combinations(range(12), 2):
        assert labels[i] != labels[j] or table[i, j] <= 0.8
    assert tree.at_width(4).max() == 3


def test_a_sum_of_many_terms_keeps_that_each_kind_of_parameter_scales():
    from condenslab.interop.structure.analysis import Form, summed

    def alternatives(block):
        return Form(frozenset({f"norm {block}"})), Form(frozenset({f"convolution {block}"}))

    for blocks in (1, 2, 5, 40):
        found = [form.factors for form in summed(alternatives(block) for block in range(blocks))]
        for kind in ("norm", "convolution"):
            assert {f"{kind} {block}" for block in range(blocks)} in found
