"""Axes as expressions: an axis of a tensor is an atom, a product of axes (row-major), or several laid end to end.

Two axes that an operator pairs entry by entry are unified: their atoms become one. What remains distinct can be
permuted independently. `unifying` does that; here are the expressions themselves.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Union

import numpy as np

Sizes = Mapping["Atom", int]
_NUMBERS = count()


class Atom:
    """An axis that is not taken apart further.

    Attributes:
        size: Its number of units.
        bound: The expression that it was found to be, or None.
        frozen: Why its units are not interchangeable, or None.
        tags: What operators do along it: "normalised", "reduced", "contracted", "head", "key", "channel", "gated".
    """

    __slots__ = ("bound", "frozen", "number", "size", "tags")

    def __init__(self, size: int, frozen: str | None = None) -> None:
        self.size, self.frozen = size, frozen
        self.bound: Axis | None = None
        self.tags: set[str] = set()
        self.number = next(_NUMBERS)

    def __repr__(self) -> str:
        return f"a{self.number}[{self.size}]"


class Product(tuple["Axis", ...]):
    """Axes flattened into one in row-major order, the last one fastest."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Its number of entries."""
        return math.prod(part.size for part in self)


class Chain(tuple["Axis", ...]):
    """Axes laid end to end, as a concatenation lays them."""

    __slots__ = ()

    @property
    def size(self) -> int:
        """Its number of entries."""
        return sum(part.size for part in self)


Axis = Union[Atom, Product, Chain]  # noqa: UP007 - the names are bound later
Axes = list[Axis]


def one() -> Atom:
    """Returns an axis of size 1."""
    return Atom(1, "it has size 1")


def resolved(axis: Axis) -> Axis:
    """Returns an axis with everything known of its atoms put in, flattened."""
    while isinstance(axis, Atom):
        if axis.bound is None:
            return axis
        axis = axis.bound
    kind, parts = type(axis), []
    for part in map(resolved, axis):
        if type(part) is kind and not isinstance(part, Atom):
            parts.extend(part)
        elif kind is Chain or part.size != 1:
            parts.append(part)
    if not parts:
        return one()
    return parts[0] if len(parts) == 1 else kind(parts)


def product(*parts: Axis) -> Axis:
    """Returns axes flattened into one."""
    return resolved(Product(parts))


def chain(*parts: Axis) -> Axis:
    """Returns axes laid end to end."""
    return resolved(Chain(parts))


def atoms(axis: Axis) -> Iterator[Atom]:
    """Yields the atoms of an axis, repeated as they occur."""
    axis = resolved(axis)
    if isinstance(axis, Atom):
        yield axis
    else:
        for part in axis:
            yield from atoms(part)


def freeze(axis: Axis, reason: str) -> None:
    """Declares the units of an axis not interchangeable; the first reason stays."""
    for atom in atoms(axis):
        if atom.frozen is None:
            atom.frozen = reason


def tag(axis: Axis, word: str) -> None:
    """Notes what an operator does along an axis."""
    for atom in atoms(axis):
        atom.tags.add(word)


def bind(atom: Atom, axis: Axis) -> None:
    """Identifies an atom with an axis of the same size; reasons and tags go over to it."""
    axis = resolved(axis)
    if any(part is atom for part in atoms(axis)):
        return
    if atom.frozen is not None:
        freeze(axis, atom.frozen)
    for word in atom.tags:
        tag(axis, word)
    atom.bound = axis


def size_of(axis: Axis, sizes: Sizes) -> int:
    """Returns how many entries an axis has when some atoms have other sizes.

    Args:
        axis: The axis.
        sizes: The new sizes; an atom that is missing has its own.
    """
    axis = resolved(axis)
    if isinstance(axis, Atom):
        return sizes.get(axis, axis.size)
    parts = [size_of(part, sizes) for part in axis]
    return math.prod(parts) if isinstance(axis, Product) else sum(parts)


def positions(axis: Axis, atom: Atom, units: np.ndarray, sizes: Sizes) -> np.ndarray:
    """Returns where the entries of an axis come from when the units of an atom are selected or reordered.

    Args:
        axis: The axis.
        atom: Whose units.
        units: Their indices, in the new order; any length.
        sizes: The sizes before.
    """
    axis = resolved(axis)
    if axis is atom:
        return np.asarray(units, dtype=np.int64)
    if isinstance(axis, Atom):
        return np.arange(size_of(axis, sizes))
    found, offset = np.zeros(1 if isinstance(axis, Product) else 0, dtype=np.int64), 0
    for part in axis:
        inner, size = positions(part, atom, units, sizes), size_of(part, sizes)
        if isinstance(axis, Product):
            found = (found[:, None] * size + inner).reshape(-1)
        else:
            found = np.concatenate([found, inner + offset])
            offset += size
    return found


def unit_positions(axis: Axis, atom: Atom, sizes: Sizes) -> np.ndarray:
    """Returns which entries of an axis belong to each unit of an atom, shape (unit, entry).

    Where other axes are laid end to end with those of the atom, theirs belong to no unit.

    Args:
        axis: The axis.
        atom: Whose units.
        sizes: The sizes.
    """
    owner = _owner(resolved(axis), atom, sizes)
    order = np.argsort(owner, kind="stable")
    return order[np.count_nonzero(owner < 0) :].reshape(sizes.get(atom, atom.size), -1)


def _owner(axis: Axis, atom: Atom, sizes: Sizes) -> np.ndarray:
    if axis is atom:
        return np.arange(sizes.get(atom, atom.size))
    if isinstance(axis, Atom):
        return np.full(size_of(axis, sizes), -1)
    owners = [_owner(part, atom, sizes) for part in axis]
    if isinstance(axis, Chain):
        return np.concatenate(owners)
    found = np.full(1, -1)
    for owner in owners:
        found = np.maximum(found[:, None], owner[None, :]).reshape(-1)
    return found
